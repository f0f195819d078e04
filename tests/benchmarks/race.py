"""One case against its peers: first the same figures, then times taken in turn."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

Figures = NDArray[np.float64]
# Of a peer's linear algebra. Two is how it comes on two cores.
THREADS = (1, 2)
# Before anything is timed: threads of linear algebra keep their cores busy for some time after their work.
REST = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """Another package doing the same.

    package : what has to be installed.
    run : does the work, or the first part of it, and returns its figures, a row per replicate.
    share : how much of the whole work that part is; the time is divided by it.
    tolerance : how far its figures may lie from ours.
    target : how many times as fast we mean to be; None where nothing was promised.
    """

    name: str
    package: str
    run: Callable[[], Figures]
    share: float = 1.0
    tolerance: float = 1e-6
    target: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Race:
    """A case at one size: our figures, a row per replicate, and the peers."""

    case: str
    size: str
    ours: Callable[[], Figures]
    peers: tuple[Peer, ...]
    rounds: int = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of the table: what was measured, against whom, and whether it is what was meant.

    `value` and `peer_value` are seconds unless `unit` says else. `target` is a least ratio where there is a
    peer, else a largest value. What was not `finished` meets nothing.
    """

    case: str
    size: str
    value: float
    unit: str = "s"
    peer: str = ""
    peer_value: float | None = None
    ratio: float | None = None
    target: float | None = None
    note: str = ""
    finished: bool = True
    rounds: list[float] = field(default_factory=list)

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None where there is none."""
        if self.target is None:
            return None
        within = self.value <= self.target if self.ratio is None else self.ratio >= self.target
        return within and self.finished


class Board:
    """All lines of one run."""

    def __init__(self) -> None:
        self.lines: list[Line] = []

    def add(self, line: Line) -> None:
        self.lines.append(line)

    def write_json(self, file: Path) -> None:
        held = [{**asdict(line), "met": line.met} for line in self.lines]
        file.write_text(json.dumps(held, indent=1), encoding="utf-8")


def installed(peer: Peer) -> bool:
    return find_spec(peer.package) is not None


def check_figures(peer: Peer, ours: Figures) -> None:
    """Hold our figures to the peer's."""
    if not installed(peer):
        pytest.skip(f"{peer.package} is not installed (pip install '.[bench]')")
    theirs = np.atleast_2d(peer.run())
    np.testing.assert_allclose(np.atleast_2d(ours)[: len(theirs)], theirs, rtol=0, atol=peer.tolerance)


def run_race(race: Race, benchmark: Any, board: Board) -> None:
    """Time a case and its peers in turn, round by round; the ratio is the median over the rounds.

    Each peer runs with one and with two threads of linear algebra; the quicker way counts.
    """
    figures = race.ours()
    for peer in race.peers:
        check_figures(peer, figures)
    taken: dict[tuple[str, int], list[float]] = {(peer.name, k): [] for peer in race.peers for k in THREADS}

    def peers_first() -> None:
        for peer in race.peers:
            for threads in THREADS:
                taken[peer.name, threads].append(_seconds(peer, threads) / peer.share)
        time.sleep(REST)

    benchmark.pedantic(race.ours, setup=peers_first, rounds=race.rounds)
    ours = list(benchmark.stats.stats.data)
    for peer in race.peers:
        board.add(_line(race, peer, ours, {k: taken[peer.name, k] for k in THREADS}))


def _line(race: Race, peer: Peer, ours: list[float], taken: dict[int, list[float]]) -> Line:
    best = min(THREADS, key=lambda threads: statistics.median(taken[threads]))
    ratios = {k: [theirs / mine for theirs, mine in zip(taken[k], ours, strict=True)] for k in THREADS}
    other = max(set(THREADS) - {best})
    share = f"{peer.share:.2%} of it timed, " if peer.share < 1 else ""
    return Line(
        case=race.case,
        size=race.size,
        value=statistics.median(ours),
        peer=peer.name,
        peer_value=statistics.median(taken[best]),
        ratio=statistics.median(ratios[best]),
        target=peer.target,
        note=f"{share}threads {best}; with {other} {statistics.median(ratios[other]):.3g} ×",
        rounds=ratios[best],
    )


def _seconds(peer: Peer, threads: int) -> float:
    time.sleep(REST)
    with threadpool_limits(threads):
        start = time.perf_counter()
        peer.run()
        return time.perf_counter() - start
