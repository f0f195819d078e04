"""Where the numbers of R lie, and small deals to try the compiled code on."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from qualify.numerics.coding import NOMINAL, NUMERIC, RANKED, Items
from qualify.numerics.resampling import Sample

GOLDEN = Path(__file__).resolve().parent.parent / "golden"


@pytest.fixture(scope="session")
def golden() -> Callable[[str], dict[str, Any]]:
    """Numbers written by R, by the name of their file."""

    def read(name: str) -> dict[str, Any]:
        return json.loads((GOLDEN / "out" / f"{name}.json").read_text(encoding="utf-8"))

    return read


@pytest.fixture(scope="session")
def r_inputs(real_data: Path) -> Path:
    """Folder of the data sets of R packages: they stand beside the published ones, not in here."""
    folder = real_data.parent / "golden" / "data"
    if not folder.is_dir():
        pytest.skip(f"no data sets of R packages in {folder}")
    return folder


@pytest.fixture(scope="session")
def simulated_deals() -> Callable[[int], pd.DataFrame]:
    """The simulated deals that R was given: q01 to q12 rated 0 to 5, won, rep."""

    def read(n: int) -> pd.DataFrame:
        return pd.read_csv(GOLDEN / "data" / f"deals_{n}.csv")

    return read


@pytest.fixture(scope="session")
def mixed_items() -> Callable[[int, int], Items]:
    """Answers to two choices, two ranked and two rated questions, by number of deals and seed."""

    def draw(n: int, seed: int) -> Items:
        rng = np.random.default_rng(seed)
        levels = np.array([2, 4, 3, 5, 4, 6], dtype=np.int32)
        codes = np.empty((n, levels.size), dtype=np.int32)
        lean = rng.standard_normal(n)
        for c, size in enumerate(levels):
            codes[:, c] = np.clip(np.rint(size / 2 + lean + rng.standard_normal(n)), 0, size - 1)
        # An eighth of the answers to the second, third and last question are unknown.
        for c in (1, 2, 5):
            codes[rng.random(n) < 0.125, c] = levels[c]
        value = np.zeros((levels.size, int(levels.max()) + 1))
        value[4, :4] = [0.0, 1.0, 2.5, 10.0]
        value[5, :6] = np.arange(6)
        return Items(
            codes=codes,
            kind=np.array([NOMINAL, NOMINAL, RANKED, RANKED, NUMERIC, NUMERIC], dtype=np.int8),
            levels=levels,
            value=value,
            reference=np.array([-1, 1, -1, -1, -1, -1], dtype=np.int32),
        )

    return draw


@pytest.fixture(scope="session")
def mixed_sample(mixed_items: Callable[[int, int], Items]) -> Callable[[int, int], Sample]:
    """The same with outcomes that hang on four of the questions, and weights of 1."""

    def draw(n: int, seed: int) -> Sample:
        items = mixed_items(n, seed)
        rng = np.random.default_rng(seed + 1)
        codes = items.codes
        eta = (
            1.2 * (codes[:, 0] == 1)
            - 1.0 * (codes[:, 1] == 3)
            + 0.8 * (codes[:, 3] - 2.0)
            + 0.5 * (codes[:, 5] - 3.0)
        )
        outcome = (rng.random(n) < 1 / (1 + np.exp(-eta + 0.3))).astype(np.float64)
        alone = np.arange(n, dtype=np.int64)
        return Sample(items=items, outcome=outcome, weights=np.ones(n), group=alone, unit=alone)

    return draw
