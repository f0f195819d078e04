"""`qualify backtest`, and what `qualify analyze` can be told besides: zones and level."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

import qualify as ql
from qualify.cli.main import app

QUICK = ("--replicates", 10)


def run(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, [str(one) for one in arguments])
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("backtest")
    team = ql.simulate_deals(150, characteristics=3, rng=1)
    team.frame.to_csv(place / "closed.csv", index=False)
    ql.write_survey(team.survey, place / "survey.yaml")
    return place


@pytest.fixture(scope="module")
def deals(folder: Path) -> ql.Deals:
    return ql.read_deals(folder / "closed.csv", ql.read_survey(folder / "survey.yaml"))


def test_the_table_is_that_of_the_verb(folder: Path, deals: ql.Deals, tmp_path: Path) -> None:
    given = ("backtest", folder / "closed.csv", "--survey", folder / "survey.yaml", *QUICK)
    more = ("--value", 50_000, "--cost", 16_000, "--threshold", 0.3, "--threshold", 0.6, "--level", 0.8)
    out = tmp_path / "table.csv"
    code, shown, told = run(*given, *more, "--seed", 3, "--out", out)
    assert code == 0 and told == f"Written: {out}\n"
    money = ql.Economics(value=50_000, cost=16_000, thresholds=(0.3, 0.6))
    expected = ql.backtest(deals, economics=money, replicates=10, level=0.8, rng=3)
    pd.testing.assert_frame_equal(pd.read_csv(out), expected.table, check_dtype=False)
    assert shown.startswith(f"150 closed deals, {expected.won} won, each judged by points that never saw it.")
    assert "Pursuing pays from a chance of 32%." in shown
    assert expected.table["threshold"].tolist() == [0.3, 0.32, 0.6]
    assert len([line for line in shown.splitlines() if line.strip().startswith("0.")]) == 3


def test_json_alone_where_asked_for_and_scores_where_criteria_are_given(
    folder: Path, deals: ql.Deals, tmp_path: Path
) -> None:
    ql.write_criteria(ql.refine_criteria(deals, replicates=5), tmp_path / "criteria.json")
    given = ("backtest", folder / "closed.csv", "--survey", folder / "survey.yaml", *QUICK, "--json")
    code, shown, told = run(*given)
    content = json.loads(shown)
    assert code == 0 and told == "" and shown.isascii()
    assert content["n"] == 150 and content["level"] == 0.95 and content["break_even"] is None
    assert [row["threshold"] for row in content["thresholds"]] == [0.1, 0.2, 0.3, 0.4, 0.5]
    assert {row["score"] for row in content["thresholds"]} == {None}
    _, shown, _ = run(*given, "--criteria", tmp_path / "criteria.json")
    assert json.loads(shown)["thresholds"][0]["score"] is not None


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (("--threshold", 30), "`thresholds` of `Economics`"),
        (("--level", 95), "Did you mean 0.95?"),
        (("--cost", -1), "`cost` of `Economics`"),
        (("--out", "table.xlsx"), "use .csv"),
        (("--criteria", "nowhere.json"), "nowhere.json"),
    ],
)
def test_mistakes_are_told(folder: Path, more: tuple[object, ...], says: str) -> None:
    given = ("backtest", folder / "closed.csv", "--survey", folder / "survey.yaml")
    code, shown, told = run(*given, *QUICK, *more)
    assert (code, shown) == (2, "") and says in told


def test_analyze_takes_zones_and_level(folder: Path, deals: ql.Deals, tmp_path: Path) -> None:
    given = ("analyze", folder / "closed.csv", "--survey", folder / "survey.yaml", *QUICK)
    code, shown, _ = run(*given, "--out", tmp_path / "a", "--zones", 0.2, 0.6, "--level", 0.8)
    assert code == 0 and "80% interval" in shown
    criteria = ql.read_criteria(tmp_path / "a" / "criteria.json")
    assert criteria.provenance["settings"]["zones"] == [0.2, 0.6] and criteria.provenance["level"] == 0.8
    expected = ql.refine_criteria(deals, zones=(0.2, 0.6), level=0.8, replicates=10)
    pd.testing.assert_frame_equal(criteria.bands, expected.bands)
    study = ql.analyze(deals, zones=(0.2, 0.6), level=0.8, replicates=10)
    pd.testing.assert_frame_equal(study.criteria.bands, expected.bands)
    code, _, told = run(*given, "--out", tmp_path / "b", "--zones", 0.6, 0.2)
    assert code == 2 and "`zones` of `analyze`" in told
