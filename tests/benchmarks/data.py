"""Data of the races: answers 0 to 5, the same for everybody, as small integers and as matrices of floats."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qualify.numerics.coding import NUMERIC, Items
from qualify.numerics.parallel import together
from qualify.numerics.resampling import Sample

ANSWERS = 6
SEED = 21


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """Deals of a race.

    items : the answers as qualify holds them.
    design : (n, p + 1), the same as floats, intercept first.
    by_row, by_column : (n, p), the same without the intercept, in the order in memory that a peer asks for.
    outcome : (n,), 1 won, 0 lost.
    """

    items: Items
    design: NDArray[np.float64]
    by_row: NDArray[np.float64]
    by_column: NDArray[np.float64]
    outcome: NDArray[np.float64]

    @property
    def n(self) -> int:
        return self.outcome.size


def answered(n: int, columns: int = 12, seed: int = 20) -> Answered:
    """Ratings from 0 to 5, most of which go with winning; about 4 of 10 deals won."""
    rng = np.random.default_rng([seed, n, columns])
    codes = rng.integers(ANSWERS, size=(n, columns)).astype(np.int32)
    slopes = np.linspace(-0.15, 0.45, columns) * np.sqrt(12 / columns)
    eta = -0.4 + (codes - 2.5) @ slopes
    items = Items(
        codes=codes,
        kind=np.full(columns, NUMERIC, dtype=np.int8),
        levels=np.full(columns, ANSWERS, dtype=np.int32),
        value=np.tile(np.arange(ANSWERS + 1.0), (columns, 1)),
        reference=np.full(columns, -1, dtype=np.int32),
    )
    return Answered(
        items=items,
        design=np.column_stack([np.ones(n), codes]).astype(np.float64),
        by_row=np.ascontiguousarray(codes, dtype=np.float64),
        by_column=np.asfortranarray(codes, dtype=np.float64),
        outcome=(rng.random(n) < 1 / (1 + np.exp(-eta))).astype(np.float64),
    )


def sample_of(deals: Answered) -> Sample:
    """Return the same deals as validation takes them, each standing for itself."""
    alone = np.arange(deals.n)
    return Sample(deals.items, deals.outcome, np.ones(deals.n), alone, alone)


def rows_validated(n: int, first: int, seed: int = SEED) -> NDArray[np.int64]:
    """Rows of the first bootstrap draws, (first, n), as validation draws them from this seed."""
    return np.array([rng.integers(n, size=n) for rng in np.random.default_rng(seed).spawn(first)])


def drawn_rows(n: int, replicates: int, first: int, seed: int = SEED) -> NDArray[np.uint32]:
    """Rows of the first bootstrap draws, (first, n), as `refit_many` draws them from this seed."""
    size = together(replicates, n)
    sources = np.random.default_rng(seed).spawn(-(-first // size))
    return np.concatenate([rng.integers(n, size=(size, n), dtype=np.uint32) for rng in sources])[:first]
