"""The file of criteria: the same to the byte and the bit; a spoilt one ends in InvalidCriteria alone."""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pandas as pd
import pytest

import qualify as ql
from qualify.criteria.file import criteria_from_dict, criteria_to_json
from qualify.criteria.model import Criteria
from qualify.criteria.schema import SCHEMA_VERSION, criteria_schema
from qualify.survey import Answer, Characteristic, Columns, Outcomes, Survey
from qualify.tipping.tipping import TippingPoint

HOSTILE = ('"; DROP', "<script>\n", "=1+1", "Größe – 漢字", "\\\t'")


def hostile_deals() -> ql.Deals:
    """A fine score, words meant to hurt, and a question nobody answered."""
    rng = np.random.default_rng(1)
    won = np.arange(160) % 2
    frame = pd.DataFrame(
        {
            "won": won,
            "Price": (won * 1.4 + rng.normal(size=160)).round(3),
            "Odd; name": rng.choice(HOSTILE, 160, p=[0.4, 0.3, 0.1, 0.1, 0.1]),
            "Blank": None,
        }
    )
    survey = Survey(
        columns=Columns(outcome="won"),
        outcomes=Outcomes(won=("1",), lost=("0",)),
        characteristics=(
            Characteristic(name="Price", column="Price", kind="score"),
            Characteristic(
                name="Odd; name",
                column="Odd; name",
                kind="choice",
                answers=tuple(Answer(value=word, label=word, anchor=word) for word in HOSTILE),
            ),
            Characteristic(name="Blank", column="Blank", kind="score", low=0, high=100),
        ),
    )
    return ql.read_deals(frame, survey)


def made(world: str) -> tuple[Criteria, ql.Deals]:
    if world == "hostile":
        deals = hostile_deals()
    else:
        team = ql.simulate_deals(250, curve=world, rng=4)  # type: ignore[arg-type]
        deals = ql.read_deals(team.frame, team.survey)
    points = "-5 to 5" if world == "sharp" else "0 to 10"
    return ql.refine_criteria(deals, max_characteristics=8, points=points, replicates=20), deals


@pytest.fixture(scope="module", params=["plateau", "sharp", "none", "hostile"])
def any_made(request: pytest.FixtureRequest) -> tuple[Criteria, ql.Deals]:
    return made(request.param)


@pytest.fixture(scope="module")
def content() -> dict[str, Any]:
    return json.loads(criteria_to_json(made("plateau")[0]))


def same(before: Any, after: Any) -> None:
    """Every field of two results, to the bit and the type."""
    for field in fields(before):
        one, other = getattr(before, field.name), getattr(after, field.name)
        if isinstance(one, pd.DataFrame):
            pd.testing.assert_frame_equal(one, other, check_exact=True)
        elif isinstance(one, TippingPoint):
            same(one, other)
        elif isinstance(one, float) or field.name.endswith("_ci"):
            np.testing.assert_array_equal(one, other)
        else:
            assert one == other


class TestRoundTrip:
    def test_the_same_criteria_come_back(self, any_made: tuple[Criteria, ql.Deals], tmp_path: Path) -> None:
        criteria, deals = any_made
        path = Path(ql.write_criteria(criteria, tmp_path / "criteria.json"))
        again = ql.read_criteria(path)
        same(criteria, again)
        assert Path(ql.write_criteria(again, tmp_path / "again.json")).read_bytes() == path.read_bytes()
        assert again.score(deals.answers).equals(criteria.score(deals.answers))
        pd.testing.assert_frame_equal(
            ql.score_deals(again, deals).table, ql.score_deals(criteria, deals).table
        )

    def test_it_is_plain_json_that_others_can_read(
        self, any_made: tuple[Criteria, ql.Deals], tmp_path: Path
    ) -> None:
        path = Path(ql.write_criteria(any_made[0], tmp_path / "criteria.json"))

        def refuse(constant: str) -> float:
            raise AssertionError(f"{constant} is no JSON")

        plain = json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse)
        assert plain["schema"] == "qualify criteria" and plain["schema_version"] == SCHEMA_VERSION
        assert [row["zone"] for row in plain["bands"]] == ["below", "inside", "above"]

    def test_intervals_open_at_one_end_come_back(self, content: dict[str, Any]) -> None:
        criteria = criteria_from_dict(content, "here")
        tipping = replace(criteria.tipping, low_ci=(-math.inf, 1.5), high_ci=(2.0, math.inf))
        again = criteria_from_dict(json.loads(criteria_to_json(replace(criteria, tipping=tipping))), "here")
        assert again.tipping.low_ci == (-math.inf, 1.5) and again.tipping.high_ci == (2.0, math.inf)

    def test_a_byte_order_mark_does_no_harm(self, content: dict[str, Any], tmp_path: Path) -> None:
        path = tmp_path / "criteria.json"
        path.write_bytes(b"\xef\xbb\xbf" + json.dumps(content).encode())
        assert ql.read_criteria(path).version == "1"


def spoilt(content: dict[str, Any], change: Callable[[dict[str, Any]], object]) -> ql.InvalidCriteria:
    """What reading says of the content after a change."""
    changed = copy.deepcopy(content)
    change(changed)
    with pytest.raises(ql.InvalidCriteria) as caught:
        criteria_from_dict(changed, "criteria.json")
    assert caught.value.problems
    return caught.value


def first_of(content: dict[str, Any], name: str) -> list[dict[str, Any]]:
    return [row for row in content["points"] if row["characteristic"] == name]


class TestSchema:
    def test_what_is_written_keeps_to_the_schema(self, any_made: tuple[Criteria, ql.Deals]) -> None:
        content = json.loads(criteria_to_json(any_made[0]))
        jsonschema.Draft202012Validator(criteria_schema()).validate(content)

    @pytest.mark.parametrize("part", ["version", "points", "tipping", "parsimony"])
    def test_what_lacks_a_part_does_not(self, content: dict[str, Any], part: str) -> None:
        lacking = {name: value for name, value in content.items() if name != part}
        assert not jsonschema.Draft202012Validator(criteria_schema()).is_valid(lacking)

    def test_the_published_one_is_that_of_today(self) -> None:
        """How to write it anew stands in docs/contributing.md."""
        published = Path(__file__).parents[2] / "docs" / "reference" / "criteria.schema.json"
        assert json.loads(published.read_text(encoding="utf-8")) == criteria_schema()


class TestEditedByHand:
    """What a hand may do to a file, and the place that the message names."""

    def test_points_twice(self, content: dict[str, Any]) -> None:
        error = spoilt(content, lambda file: file["points"].append(dict(file["points"][0])))
        assert any("twice" in problem.reason for problem in error.problems)

    def test_an_answer_without_points(self, content: dict[str, Any]) -> None:
        row = next(row for row in content["points"] if row["answer"] == "No")
        error = spoilt(content, lambda file: file["points"].remove(row))
        assert any(problem.value == "No" for problem in error.problems)

    def test_unknown_without_points(self, content: dict[str, Any]) -> None:
        def drop(file: dict[str, Any]) -> None:
            file["points"] = [row for row in file["points"] if row["answer"] != "unknown"]

        assert any(problem.value == "unknown" for problem in spoilt(content, drop).problems)

    def test_a_gap_in_a_score(self, content: dict[str, Any]) -> None:
        row = next(row for row in content["points"] if row["low"] is not None)
        error = spoilt(content, lambda file: file["points"].remove(row))
        assert any("cover every number" in problem.reason for problem in error.problems)

    @pytest.mark.parametrize("by", [1, -11])
    def test_no_points_around_zero(self, content: dict[str, Any], by: int) -> None:
        def move(file: dict[str, Any]) -> None:
            for row in first_of(file, file["points"][0]["characteristic"]):
                row["points"] += by

        (found,) = spoilt(content, move).problems
        assert "0 points" in found.reason and found.column == content["points"][0]["characteristic"]

    def test_more_points_than_the_probabilities_reach(self, content: dict[str, Any]) -> None:
        def raise_points(file: dict[str, Any]) -> None:
            most = max(first_of(file, file["points"][0]["characteristic"]), key=lambda row: row["points"])
            most["points"] += 1

        def lower(file: dict[str, Any]) -> None:
            file["points"][0]["points"] = -3

        for change in (raise_points, lower):
            columns = {problem.column for problem in spoilt(content, change).problems}
            assert columns == {"probabilities", "bands"}

    def test_a_probability_that_falls(self, content: dict[str, Any]) -> None:
        def fall(file: dict[str, Any]) -> None:
            file["probabilities"][-1]["probability"] = 0.0

        assert [problem.column for problem in spoilt(content, fall).problems] == ["probabilities"]

    def test_zones_that_overlap(self, content: dict[str, Any]) -> None:
        def overlap(file: dict[str, Any]) -> None:
            file["bands"][0]["score_high"] += 1

        assert [problem.column for problem in spoilt(content, overlap).problems] == ["bands"]

    def test_a_characteristic_that_is_not_asked(self, content: dict[str, Any]) -> None:
        def rename(file: dict[str, Any]) -> None:
            for row in first_of(file, "Champion"):
                row["characteristic"] = "Chimpion"

        assert any(problem.column == "Chimpion" for problem in spoilt(content, rename).problems)

    def test_a_survey_that_cannot_be_used(self, content: dict[str, Any]) -> None:
        def spoil(file: dict[str, Any]) -> None:
            file["survey"]["characteristics"][0]["kind"] = "rating"

        assert "rating" in str(spoilt(content, spoil))

    @pytest.mark.parametrize(
        ("table", "column", "value"),
        [
            ("points", "points", 1.5),
            ("points", "points", True),
            ("points", "answer", 3),
            ("points", "low", "0"),
            ("bands", "n", None),
            ("bands", "won", -1),
            ("answers", "n", -2),
            ("probabilities", "probability", "high"),
            ("stability", "kept", 1),
        ],
    )
    def test_a_cell_of_the_wrong_kind(
        self, content: dict[str, Any], table: str, column: str, value: object
    ) -> None:
        def put(file: dict[str, Any]) -> None:
            file[table][0][column] = value

        assert spoilt(content, put).problems[0].column == table

    def test_everything_wrong_is_said_at_once(self, content: dict[str, Any]) -> None:
        def spoil(file: dict[str, Any]) -> None:
            del file["points"]
            file["bands"] = "wide"
            file["provenance"] = []
            file["tipping"]["verdict"] = "maybe"
            file["tipping"]["curve"]["score"].pop()

        columns = {problem.column for problem in spoilt(content, spoil).problems}
        assert columns == {"points", "bands", "provenance", "tipping"}


def test_an_older_file_is_read(content: dict[str, Any], tmp_path: Path) -> None:
    """Version 1 did not say which question resamples keep instead of another."""
    older = {**content, "schema_version": 1}
    older["stability"] = [
        {name: value for name, value in record.items() if name != "instead"}
        for record in content["stability"]
    ]
    path = tmp_path / "older.json"
    path.write_text(json.dumps(older), encoding="utf-8")
    assert ql.read_criteria(path).stability["instead"].eq("").all()


def test_a_file_that_does_not_say_how_often_answers_were_given_is_read(content: dict[str, Any]) -> None:
    older = {name: part for name, part in content.items() if name != "answers"}
    again = criteria_from_dict(older | {"schema_version": 3}, "criteria.json")
    assert again.answers.empty and again.answers.dtypes["n"] == "int64"


@pytest.mark.parametrize("version", [1, 2, 3, SCHEMA_VERSION])
def test_numbers_of_deals_below_zero_are_refused_whatever_the_version(
    content: dict[str, Any], version: int
) -> None:
    def spoil(file: dict[str, Any]) -> None:
        file["schema_version"] = version
        file["answers"][0]["n"] = -1

    (problem,) = spoilt(content, spoil).problems
    assert problem.column == "answers" and "n holds -1, which is below 0" in problem.reason
    below = copy.deepcopy(content)
    below["answers"][0]["n"] = -1
    assert not jsonschema.Draft202012Validator(criteria_schema()).is_valid(below)


@pytest.mark.parametrize("version", [0, SCHEMA_VERSION + 1, "1", None, True, 1.0])
def test_another_version_is_refused(content: dict[str, Any], version: object) -> None:
    error = spoilt(content, lambda file: file.update(schema_version=version))
    assert "version" in str(error) and "criteria.json" in str(error)


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"null", b"[]", b"3", b'"x"', b"\xff\xfe", b"[" * 100_000, b'{"schema": "another"}', b"\x00"],
    ids=lambda data: repr(data[:12]),
)
def test_what_is_no_criteria_file(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "criteria.json"
    path.write_bytes(data)
    with pytest.raises(ql.InvalidCriteria):
        ql.read_criteria(path)


def test_a_missing_file_or_another_kind_of_file(tmp_path: Path) -> None:
    with pytest.raises(ql.InvalidCriteria):
        ql.read_criteria(tmp_path / "nowhere.json")
    with pytest.raises(ql.InvalidCriteria):
        ql.read_criteria(tmp_path)
    (tmp_path / "criteria.txt").write_text("{}")
    with pytest.raises(ql.InvalidCriteria):
        ql.read_criteria(tmp_path / "criteria.txt")


def test_a_truncated_file(content: dict[str, Any], tmp_path: Path) -> None:
    whole = json.dumps(content, indent=1).encode()
    path = tmp_path / "criteria.json"
    for share in np.linspace(0, 0.999, 25):
        path.write_bytes(whole[: int(share * len(whole))])
        with pytest.raises(ql.InvalidCriteria):
            ql.read_criteria(path)
