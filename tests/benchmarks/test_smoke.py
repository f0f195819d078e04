"""Every benchmark on a few deals: figures are held to the peers' as in a real run, times to nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import qualify as ql
from benchmarks import cases
from benchmarks.child import run_child
from benchmarks.one_verb import NAMES, main, verbs
from benchmarks.race import Board, Line, Race, check_figures
from benchmarks.table import markdown, plain

FEW = 200
RACES: dict[str, Callable[[], Race]] = {
    "one fit": lambda: cases.single_fit(FEW),
    "refits": lambda: cases.refits(FEW, replicates=20, first=3),
    "Firth refits": lambda: cases.firth_refits(FEW, replicates=20, first=3),
    "fixed model": lambda: cases.fixed_model(FEW, replicates=20, first=3),
}
PEERS = [(name, place) for name, race in RACES.items() for place in range(len(race().peers))]


@pytest.mark.parametrize(("name", "place"), PEERS)
def test_figures_are_those_of_the_peer(name: str, place: int) -> None:
    race = RACES[name]()
    check_figures(race.peers[place], race.ours())


def test_a_wrong_figure_stops_a_race() -> None:
    race = cases.single_fit(FEW)
    with pytest.raises(AssertionError):
        check_figures(race.peers[-1], race.ours() + 1e-5)


def test_every_verb_is_among_those_whose_memory_is_taken(tmp_path: Path) -> None:
    few = ql.simulate_deals(400, rng=3)
    assert set(NAMES) == {"simulate_deals", *verbs(few)}
    assert main("simulate_deals", 300, tmp_path)["peak"] > 0
    assert {file.name for file in tmp_path.iterdir()} == {"deals.csv", "deals.pickle"}


def test_a_child_tells_its_seconds_and_its_peak(tmp_path: Path) -> None:
    run_child("one_verb", "simulate_deals", "300", str(tmp_path))
    answer = run_child("one_verb", "read_deals", "300", str(tmp_path))
    assert 0 < answer["seconds"] < 60 and answer["before"] <= answer["peak"] < 2048


def test_a_child_that_takes_too_long_is_stopped(tmp_path: Path) -> None:
    answer = run_child("one_verb", "simulate_deals", "100000", str(tmp_path), limit=0.2)
    assert answer["stopped"]


def test_importing_costs_little() -> None:
    assert run_child("imports")["seconds"] < 5


def test_the_table_says_whether_targets_are_met() -> None:
    board = Board()
    board.add(Line(case="a", size="1", value=0.05, peer="them", peer_value=3.0, ratio=60.0, target=50.0))
    board.add(Line(case="a", size="2", value=5000.0, unit="MiB", target=2048.0, note="4 s"))
    board.add(Line(case="b", size="3", value=1.0))
    assert [line.met for line in board.lines] == [True, False, None]
    text = plain(board.lines)
    assert "50 ms" in text and "60 ×" in text and "≥ 50 ×" in text and "≤ 2,048 MiB" in text
    assert text.splitlines()[3].split()[-3:] == ["NO", "4", "s"]
    assert markdown(board.lines).count("**") == 4
