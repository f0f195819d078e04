"""How time grows with deals, columns and replicates: no targets, so that surprises show."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from benchmarks.data import answered
from benchmarks.race import Board, Line
from qualify.numerics.logistic import fit_logistic
from qualify.numerics.refits import Draws, refit_many


def note(benchmark: Any, board: Board, case: str, size: str, work: Callable[[], object]) -> None:
    """Time something and put down the median."""
    benchmark.pedantic(work, rounds=3, warmup_rounds=1)
    times = list(benchmark.stats.stats.data)
    board.add(Line(case=case, size=size, value=float(np.median(times)), rounds=times))


@pytest.mark.parametrize("n", [500, 5_000, 50_000, 500_000, 1_000_000])
def test_deals(n: int, benchmark: Any, board: Board) -> None:
    deals = answered(n)
    note(
        benchmark,
        board,
        "Growth with deals: one fit of 12 answers",
        f"{n:,} deals",
        lambda: fit_logistic(deals.design, deals.outcome),
    )


@pytest.mark.parametrize("columns", [5, 10, 20, 40, 60])
def test_columns(columns: int, benchmark: Any, board: Board) -> None:
    deals = answered(5_000, columns)
    note(
        benchmark,
        board,
        "Growth with columns: 200 refits of 5,000 deals",
        f"{columns} columns",
        lambda: refit_many(deals.design, deals.outcome, Draws(200, np.random.default_rng(1))),
    )


@pytest.mark.parametrize("replicates", [200, 1_000, 5_000, 20_000])
def test_replicates(replicates: int, benchmark: Any, board: Board) -> None:
    deals = answered(500)
    note(
        benchmark,
        board,
        "Growth with replicates: refits of 500 deals × 13 columns",
        f"{replicates:,} replicates",
        lambda: refit_many(deals.design, deals.outcome, Draws(replicates, np.random.default_rng(1))),
    )
