"""A ledger whose writers are killed or meet each other holds the old or the new state, and loses nothing.

The work is done by ledger_crash.py, in processes of its own; this file says what must come of it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import qualify as ql

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked")
DRIVER = Path(__file__).with_name("ledger_crash.py")
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


@pytest.fixture(scope="module")
def criteria_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    simulated = ql.simulate_deals(100, characteristics=2, rng=1)
    criteria = ql.refine_criteria(ql.read_deals(simulated.frame, simulated.survey), replicates=3)
    return ql.write_criteria(criteria, tmp_path_factory.mktemp("criteria") / "criteria.json")


def seen(way: str, criteria_file: Path, folder: Path, number: int) -> dict[str, int]:
    command = [sys.executable, str(DRIVER), way, str(criteria_file), str(folder), str(number)]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | ONE_THREAD, timeout=3000)
    assert done.returncode == 0, done.stderr
    result: dict[str, int] = json.loads(done.stdout)
    return result


@pytest.mark.parametrize(
    ("way", "every"),
    [
        ("lines", 10),
        ("noting", 20),
        pytest.param("noting", 1, marks=pytest.mark.slow),
        pytest.param("lines", 1, marks=pytest.mark.slow),
        pytest.param("opcodes", 1, marks=pytest.mark.slow),
    ],
)
def test_killed_at_a_step_it_is_as_before_or_has_the_whole_version(
    way: str, every: int, criteria_file: Path, tmp_path: Path
) -> None:
    found = seen(way, criteria_file, tmp_path, every)
    assert found["steps"] > 100
    assert found["old"] + found["new"] == -(-found["steps"] // every)
    assert found["old"] and found["new"], "killed before the commit, and after"


def test_killed_at_random_no_version_that_was_told_is_lost(criteria_file: Path, tmp_path: Path) -> None:
    assert seen("random", criteria_file, tmp_path, 12)["versions"] > 1


@pytest.mark.slow
def test_killed_at_random_two_hundred_times(criteria_file: Path, tmp_path: Path) -> None:
    assert seen("random", criteria_file, tmp_path, 200)["versions"] > 20


def test_of_jobs_that_read_the_same_version_one_adds_and_the_others_are_told(
    criteria_file: Path, tmp_path: Path
) -> None:
    assert seen("at-once", criteria_file, tmp_path, 4) == {"added": 1, "refused": 3}


@pytest.mark.parametrize("workers", [2, pytest.param(6, marks=pytest.mark.slow)])
def test_jobs_that_add_together_lose_and_mix_nothing(
    workers: int, criteria_file: Path, tmp_path: Path
) -> None:
    assert seen("together", criteria_file, tmp_path, workers)["versions"] >= 3 * workers


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("strace") is None, reason="strace kills at system calls")
def test_killed_at_every_system_call_or_failing_there(criteria_file: Path, tmp_path: Path) -> None:
    found = seen("calls", criteria_file, tmp_path, 1)
    assert found["old"] + found["new"] == found["calls"] > 50
    assert found["old"] and found["new"] and found["failed"]
