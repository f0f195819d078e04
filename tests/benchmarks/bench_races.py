"""Races against peers; each is held to the peer's figures before anything is timed."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.cases import (
    FIRTH,
    FIXED,
    MAXIMUM_LIKELIHOOD,
    SINGLE,
    firth_refits,
    fixed_model,
    refits,
    single_fit,
)
from benchmarks.race import Board, run_race

# Replicates that a peer makes, by the number of deals: about half a second's worth.
FIRST = {500: 100, 5_000: 40, 50_000: 10}


@pytest.mark.parametrize("n", MAXIMUM_LIKELIHOOD)
def test_refits(n: int, benchmark: Any, board: Board) -> None:
    run_race(refits(n, first=FIRST[n]), benchmark, board)


@pytest.mark.parametrize("n", FIRTH)
def test_firth_refits(n: int, benchmark: Any, board: Board) -> None:
    run_race(firth_refits(n, first=FIRST[n]), benchmark, board)


@pytest.mark.parametrize("n", FIXED)
def test_fixed_model(n: int, benchmark: Any, board: Board) -> None:
    run_race(fixed_model(n, first=FIRST[n] // 4), benchmark, board)


@pytest.mark.parametrize("n", SINGLE)
def test_single_fit(n: int, benchmark: Any, board: Board) -> None:
    run_race(single_fit(n), benchmark, board)
