"""`qualify score`: money, notes beside the table, questions and levers shown."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

import qualify as ql
from qualify.cli.main import app


def run(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, [str(one) for one in arguments])
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("score")
    team = ql.simulate_deals(250, rng=2)
    criteria = ql.refine_criteria(ql.read_deals(team.frame, team.survey), replicates=5)
    ql.write_criteria(criteria, place / "criteria.json")
    team.frame[team.frame["Outcome"] == "Open"].to_csv(place / "open.csv", index=False)
    return place


def test_money_is_taken_and_levers_are_shown(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "scored.csv"
    money = ("--value", 50000, "--cost", 15000)
    code, shown, told = run("score", folder / "criteria.json", folder / "open.csv", *money, "--out", out)
    assert code == 0 and "Levers" in shown and "→" in shown and "25 deals scored" in told
    criteria = ql.read_criteria(folder / "criteria.json")
    expected = ql.score_deals(
        criteria, folder / "open.csv", economics=ql.Economics(value=50000, cost=15000)
    ).table
    found = pd.read_csv(out, keep_default_na=False)
    said = ["deal", "ask_next", "levers"]
    pd.testing.assert_frame_equal(found[said], expected[said], check_dtype=False)


def test_notes_stand_beside_the_table_and_within_json(folder: Path, tmp_path: Path) -> None:
    frame = pd.read_csv(folder / "open.csv", dtype=str)
    criteria = ql.read_criteria(folder / "criteria.json")
    name = criteria.kept[0]
    frame[criteria.survey.characteristic(name).column] = "unknown"
    frame.to_csv(tmp_path / "odd.csv", index=False)
    _, shown, told = run("score", folder / "criteria.json", tmp_path / "odd.csv")
    assert f"{name}: unknown far more often (25 deals): 100% (25 of 25)" in told
    assert "far more often" not in shown
    code, shown, told = run("score", folder / "criteria.json", tmp_path / "odd.csv", "--json")
    content = json.loads(shown)
    assert code == 0 and told == ""
    assert [note["what"] for note in content["notes"]] == ["unknown far more often"]
    assert list(content["deals"][0]) == list(ql.score_deals(criteria, tmp_path / "odd.csv").table.columns)


@pytest.mark.parametrize("money", [("--value", 5), ("--cost", -1), ("--value", 0, "--cost", 1)])
def test_money_that_cannot_decide_ends_with_a_plain_message(folder: Path, money: tuple[object, ...]) -> None:
    code, shown, told = run("score", folder / "criteria.json", folder / "open.csv", *money)
    assert code == 2 and shown == "" and "Economics" in told and "Traceback" not in told
