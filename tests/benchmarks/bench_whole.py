"""What a user waits for and what a machine must hold: verbs, memory, compiling, imports."""

from __future__ import annotations

import statistics
import time
from pathlib import Path
from typing import Literal

import pytest

import qualify as ql
from benchmarks.child import run_child
from benchmarks.one_verb import NAMES
from benchmarks.race import Board, Line

DEALS = 1_000_000
SURVEY = Path(__file__).resolve().parents[2] / "examples" / "b2b_sales" / "survey.yaml"
WAITING = 60.0  # seconds
MEMORY = 2048.0  # MiB
COMPILING = 30.0  # seconds
IMPORTING = 0.3
PATIENCE = 900.0  # seconds that one verb may take on a million deals before it is stopped


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("deals")


@pytest.mark.parametrize("procedure", ["criteria", "win_model"])
def test_real_deals(procedure: Literal["criteria", "win_model"], real_data: Path, board: Board) -> None:
    """The whole procedure is repeated in every replicate and fold."""
    deals = ql.read_deals(ql.fetch_b2b_sales(folder=real_data), ql.read_survey(SURVEY))
    ql.validate(deals, procedure=procedure, replicates=2)
    start = time.perf_counter()
    ql.validate(deals, procedure=procedure, replicates=1000)
    board.add(
        Line(
            case="`validate` of 448 published deals, 1,000 replicates, the procedure repeated in each",
            size={"criteria": "all the way to criteria", "win_model": "the win model"}[procedure],
            value=time.perf_counter() - start,
            target=WAITING if procedure == "criteria" else None,
        )
    )


@pytest.mark.parametrize("verb", NAMES)
def test_peak_memory(verb: str, folder: Path, board: Board) -> None:
    """The first verb draws the deals of all the others."""
    answer = run_child("one_verb", verb, str(DEALS), str(folder), limit=PATIENCE)
    stopped = "stopped unfinished, peak so far; " if answer.get("stopped") else ""
    board.add(
        Line(
            case=f"Peak memory at {DEALS:,} deals, 12 characteristics",
            size=verb,
            value=answer["peak"],
            unit="MiB",
            target=MEMORY,
            note=f"{stopped}{answer['seconds']:.1f} s",
            finished=not stopped,
        )
    )


def test_compiling(tmp_path: Path, board: Board) -> None:
    answer = run_child("all_kernels", NUMBA_CACHE_DIR=str(tmp_path))
    assert not answer["not_called"], answer["not_called"]
    slowest = ", ".join(
        f"{name.removeprefix('qualify.numerics.')} {seconds:.1f} s"
        for name, seconds, _ in answer["kernels"][:8]
    )
    board.add(
        Line(
            case="Compiling every kernel, once per installation",
            size=f"{len(answer['kernels'])} functions",
            value=answer["compiling"],
            target=COMPILING,
            note=f"slowest: {slowest}",
        )
    )
    again = run_child("all_kernels", NUMBA_CACHE_DIR=str(tmp_path))
    assert again["digest"] == answer["digest"], (
        "the process that compiles finds other last bits than the next"
    )
    board.add(
        Line(
            case="Compiling every kernel, once per installation",
            size="a later process",
            value=again["compiling"],
            note=f"the verbs take {again['seconds']:.1f} s there, and find the same criteria to the bit",
        )
    )


def test_importing(board: Board) -> None:
    times = [run_child("imports")["seconds"] for _ in range(9)]
    board.add(
        Line(
            case="import qualify",
            size="a fresh process",
            value=statistics.median(times),
            target=IMPORTING,
            rounds=times,
        )
    )
