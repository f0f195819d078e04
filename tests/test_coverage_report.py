"""Machinery of the coverage study: interruptions, rates with their error, the report."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from coverage_study import run
from coverage_study.one_data_set import CHEAP, STUDIES, facts
from coverage_study.rates import covered, rate, stands
from coverage_study.report import DOCS, NOT_RUN, fill, write_report
from coverage_study.results_file import OtherSettings, ResultsFile
from coverage_study.worlds import WORLDS, World
from statsmodels.stats.proportion import proportion_confint

SMALL = World(number=101, curve="gradual", n=200, characteristics=6, win_rate=0.4)


def test_an_interrupted_run_goes_on_and_workers_change_nothing(tmp_path: Path) -> None:
    def study(folder: str, data_sets: int, workers: int) -> bytes:
        run.run_world("cheap", SMALL, data_sets, 0, workers, tmp_path / folder)
        return (tmp_path / folder / f"cheap-{SMALL.name}.csv").read_bytes()

    straight = study("straight", 4, 1)
    cut = study("cut", 2, 1)
    assert straight.startswith(cut)
    # Power fails in the middle of a line.
    (tmp_path / "cut" / f"cheap-{SMALL.name}.csv").write_bytes(cut[:-7])
    assert study("cut", 4, 2) == straight
    assert study("cut", 4, 1) == straight


def test_results_of_other_settings_are_not_mixed(tmp_path: Path) -> None:
    ResultsFile(tmp_path, "whole", SMALL, 200).append([{"data_set": 1, "failed": ""}])
    assert ResultsFile(tmp_path, "whole", SMALL, 200).done == {1}
    with pytest.raises(OtherSettings, match="replicates=200"):
        ResultsFile(tmp_path, "whole", SMALL, 100)


def test_data_sets_that_broke_are_tried_again_and_refusals_stay(tmp_path: Path) -> None:
    rows = [
        {"data_set": 1, "failed": "refused: NotEnoughDeals"},
        {"data_set": 2, "failed": "error: ValueError: a"},
        {"data_set": 3, "failed": "", "adds": 2},
    ]
    ResultsFile(tmp_path, "cheap", SMALL, 0).append(rows)
    file = ResultsFile(tmp_path, "cheap", SMALL, 0)
    assert file.done == {1, 3}
    assert "ValueError" not in file.path.read_text()
    file.path.write_text("# half a li")
    assert ResultsFile(tmp_path, "cheap", SMALL, 0).done == set()


def test_a_refusal_and_a_broken_verb_are_facts(monkeypatch: pytest.MonkeyPatch) -> None:
    def break_down(*_: object) -> dict[str, int]:
        raise ZeroDivisionError('a, "b"\nc')

    monkeypatch.setitem(STUDIES, "cheap", (break_down, CHEAP))
    assert facts("cheap", SMALL, 1, 0)["failed"] == "error: ZeroDivisionError: a b c"
    few = World(number=103, curve="none", n=40, characteristics=6, win_rate=0.15)
    refused = next(row for k in range(1, 9) if (row := facts("whole", few, k, 5))["failed"])
    assert refused["failed"] == "refused: NotEnoughDeals"


def test_a_run_stops_where_everything_breaks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(STUDIES, "cheap", (lambda *_: {}["no such thing"], CHEAP))
    with pytest.raises(run.Broken):
        run.run_world("cheap", SMALL, 50, 0, 1, tmp_path)
    assert len((tmp_path / f"cheap-{SMALL.name}.csv").read_text().splitlines()) == 2 + run.BROKEN_MOST


def test_one_case_a_data_set_gives_wilson() -> None:
    found = covered(pd.Series([0] * 93 + [1] * 4 + [-1] * 3 + [np.nan] * 10))
    assert (found.low, found.high) == pytest.approx(proportion_confint(93, 100, alpha=0.01, method="wilson"))
    assert (found.cases, found.data_sets) == (100, 100)


def test_intervals_that_go_together_count_as_one() -> None:
    """Ten intervals a data set that all miss or all hold say no more than one."""
    ones = pd.Series([1.0] * 90 + [0.0] * 10)
    alone, tenfold = rate(ones, pd.Series(1.0, index=ones.index)), rate(10 * ones, 10 + 0 * ones)
    assert (tenfold.low, tenfold.high) == pytest.approx((alone.low, alone.high))
    assert tenfold.cases == 1000
    apart = rate(
        pd.Series(9.0, index=range(100)) + pd.Series([0.5, -0.5] * 50), pd.Series(10.0, index=range(100))
    )
    assert apart.high - apart.low < alone.high - alone.low


def test_what_falls_short() -> None:
    def of(hits: int) -> str:
        return stands(
            rate(pd.Series([1.0] * hits + [0.0] * (1000 - hits)), pd.Series([1.0] * 1000)), 0.93, 0.97
        )

    assert [of(hits) for hits in (890, 920, 950, 975, 990)] == ["low", "open", "good", "open", "high"]


def made_up(folder: Path) -> None:
    """100 data sets of world 1: intervals of not knowing cover 80 %, all others 95 %; and six verdicts."""
    rows = []
    for k in range(1, 101):
        row: dict[str, int | float | str] = dict.fromkeys(CHEAP, 0)
        row |= {"data_set": k, "failed": "", "won": 60, "odds_null_n": 1, "odds_unknown_n": 1}
        row |= {"odds_null_below": int(k <= 5), "odds_unknown_above": int(k <= 20)}
        row |= {"alone_null_n": 2, "alone_null_rejected": int(k % 10 == 0)}
        rows.append(row)
    ResultsFile(folder, "cheap", WORLDS[0], 0).append(rows)
    verdicts = ["none"] * 4 + ["sharp", "gradual"]
    ResultsFile(folder, "whole", WORLDS[0], 200).append(
        {"data_set": k, "failed": "", "verdict": verdict, "auc_corrected": 0}
        for k, verdict in enumerate(verdicts, 1)
    )


def test_the_report_says_what_the_files_say(tmp_path: Path) -> None:
    made_up(tmp_path / "results")
    page = tmp_path / "coverage.md"
    page.write_text((DOCS / "explanation" / "coverage.md").read_text("utf-8"), "utf-8")
    write_report(tmp_path / "results", page, tmp_path / "images")
    text = page.read_text("utf-8")
    low, high = (f"{100 * end:.1f}" for end in proportion_confint(80, 100, alpha=0.01, method="wilson"))
    line = f"odds ratios, not knowing: covered 80.0 ({low}–{high}) %, 100 cases in 100 data sets"
    assert line in text
    assert "the truth lay below 0.0% and above 20.0% of the intervals." in text
    assert f"80.0 ({low}–{high}) ▼" in text
    assert "odds ratios, questions without an effect" not in text
    assert "| 1 none, 200 deals, 12 questions, 30% won | 6 | 66.7" in text
    assert {path.name for path in (tmp_path / "images").iterdir()} == {
        *("coverage_factors.png", "coverage_tests.png", "coverage_curves.png", "coverage_verdicts.png")
    }
    # A second time, nothing is left of the first.
    before = text
    write_report(tmp_path / "results", page, tmp_path / "images")
    assert page.read_text("utf-8") == before


def test_a_page_without_its_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="no place for 'odds'"):
        fill("text", "odds", NOT_RUN)
