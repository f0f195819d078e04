"""Lines of a run are gathered here, printed at its end and written to build/bench."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks.race import Board
from benchmarks.table import markdown, plain

BOARD = pytest.StashKey[Board]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[BOARD] = Board()


@pytest.fixture(scope="session")
def board(request: pytest.FixtureRequest) -> Board:
    """Where a benchmark puts what it measured."""
    return request.config.stash[BOARD]


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    lines = config.stash[BOARD].lines
    if not lines:
        return
    folder = Path(config.rootpath) / "build" / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    config.stash[BOARD].write_json(folder / "lines.json")
    (folder / "speed-measured.txt").write_text(markdown(lines), encoding="utf-8")
    terminalreporter.section("what was measured")
    terminalreporter.write_line(plain(lines))
    terminalreporter.write_line("")
    terminalreporter.write_line(f"written to {folder.relative_to(config.rootpath)}")
