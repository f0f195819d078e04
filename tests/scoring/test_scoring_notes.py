"""Notes name what scores rest on that past deals do not carry, and stay silent about tables like the past."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from mixed_deals import MIXED, asked, deals_of, mixed

import qualify as ql
from qualify.scoring.notes import ALPHA, COLUMNS, FEWEST

PRICE, NEED, SIZE = "Price", "Need", "Size"


@pytest.fixture(scope="module")
def deals() -> ql.Deals:
    """Needs from 0 to 5 where the survey sets no limit, prices in about 20 to 80, and no deal of size XS."""
    return deals_of(mixed(), asked("Need", "score"), *MIXED[1:])


@pytest.fixture(scope="module")
def criteria(deals: ql.Deals) -> ql.Criteria:
    found = ql.refine_criteria(deals, replicates=2)
    assert {PRICE, NEED, SIZE} <= set(found.kept)
    return found


def new(n: int = 60, seed: int = 5) -> pd.DataFrame:
    return mixed(n, seed).drop(columns="won")


def notes(criteria: ql.Criteria, frame: pd.DataFrame) -> pd.DataFrame:
    return ql.score_deals(criteria, frame).notes


def kinds(found: pd.DataFrame) -> set[tuple[str, str]]:
    return set(zip(found["characteristic"], found["what"], strict=True))


def of_kind(found: pd.DataFrame, what: str) -> set[str]:
    return set(found.loc[found["what"] == what, "characteristic"])


def test_a_table_like_the_past_ones_has_no_notes(criteria: ql.Criteria, deals: ql.Deals) -> None:
    past = ql.score_deals(criteria, deals)
    assert past.notes.empty and past.notes.columns.tolist() == list(COLUMNS)
    assert "note" not in repr(past) and "To bear in mind" not in past._repr_html_()


def test_answers_that_no_past_deal_gave_are_named_with_their_deals(criteria: ql.Criteria) -> None:
    frame = new(8)
    frame.loc[[2, 5], SIZE] = "XS"
    found = notes(criteria, frame)
    (row,) = found[found["what"] == "answer that no past deal gave"].to_dict("records")
    points = criteria.points_of(SIZE, "XS")
    assert (row["characteristic"], row["deals"]) == (SIZE, 2)
    assert f"“XS” earns {points} point" in row["detail"]
    assert {"4", "7"} <= set(row["detail"].replace(",", " ").split())


def test_numbers_outside_and_between_those_of_past_deals_are_named(
    criteria: ql.Criteria, deals: ql.Deals
) -> None:
    frame = new(10)
    frame.loc[1, PRICE], frame.loc[2, NEED], frame.loc[3, NEED] = "1e6", "2.5", "-1"
    found = notes(criteria, frame).set_index(["characteristic", "what"])
    outside, between = "numbers outside those of past deals", "numbers that no past deal gave"
    prices = pd.to_numeric(deals.answers[PRICE].astype(str), errors="coerce")
    detail = found.loc[(PRICE, outside), "detail"]
    assert detail == f"1000000, in the past {prices.min()} to {prices.max()}: deals 3"
    assert found.loc[(NEED, outside), "detail"] == "-1, in the past 0 to 5: deals 5"
    assert found.loc[(NEED, between), "detail"] == "2.5, in the past 0 to 5: deals 4"
    assert found["deals"].eq(1).all()


@pytest.mark.parametrize(
    ("name", "change"),
    [
        (NEED, lambda numbers: numbers * 20),
        (NEED, lambda numbers: numbers / 5),
        (PRICE, lambda numbers: numbers / 100),
        (PRICE, lambda numbers: numbers * 1000),
    ],
)
def test_another_scale_is_suspected(criteria: ql.Criteria, name: str, change: object) -> None:
    frame = new()
    numbers = pd.to_numeric(frame[name], errors="coerce")
    frame[name] = change(numbers).round(6).astype(object).where(numbers.notna(), "unknown")  # type: ignore[operator]
    assert of_kind(notes(criteria, frame), "another scale?") == {name}


def test_shares_where_percentages_were_seen_though_zero_was_among_them() -> None:
    rng = np.random.default_rng(1)
    percent = np.append(rng.integers(0, 101, 399), 0)
    won = rng.random(400) < 0.05 + 0.9 * (percent > 50)
    survey_deals = deals_of(
        pd.DataFrame({"Done": percent.astype(str), "won": won.astype(int)}), asked("Done", "score")
    )
    criteria = ql.refine_criteria(survey_deals, replicates=2)
    share = pd.DataFrame({"Done": (rng.integers(0, 101, 40) / 100).astype(str)})
    (note,) = notes(criteria, share).to_dict("records")
    assert note["what"] == "another scale?" and note["deals"] == 40
    assert "100% (40 of 40) are under " in note["detail"]


def test_unknown_far_more_often_needs_deals_enough_and_a_difference(criteria: ql.Criteria) -> None:
    few, half, some = new(FEWEST - 1), new(), new(400)
    few[SIZE], half.loc[half.index % 2 == 0, SIZE] = "unknown", "unknown"
    some.loc[some.index % 12 == 0, SIZE] = "unknown"  # about twice as many as there were
    often = "unknown far more often"
    assert of_kind(notes(criteria, few), often) == set()
    assert of_kind(notes(criteria, half), often) == {SIZE}
    assert of_kind(notes(criteria, some), often) == set()
    (note,) = notes(criteria, half).to_dict("records")
    assert note["detail"].startswith("5") and "of past deals" in note["detail"]


@pytest.mark.slow
def test_tables_like_the_past_raise_few_false_alarms(criteria: ql.Criteria) -> None:
    tables = 400
    tested = {"another scale?", "unknown far more often"}
    alarms = sum(
        bool(tested & set(notes(criteria, new(int(n), 100 + k))["what"]))
        for k, n in enumerate(np.random.default_rng(0).integers(20, 500, tables))
    )
    # Exact limits are cautious: a rate above twice the stated one would be no chance.
    assert alarms / tables <= 2 * ALPHA


def test_hours_of_some_questions_only_are_told(criteria: ql.Criteria) -> None:
    def with_hours(*names: str) -> ql.Criteria:
        characteristics = tuple(
            replace(one, hours=2.0 if one.name in names else None) for one in criteria.survey.characteristics
        )
        return replace(criteria, survey=replace(criteria.survey, characteristics=characteristics))

    told = of_kind(notes(with_hours(SIZE), new()), "hours not given for all")
    assert told == {""}
    assert notes(with_hours(*criteria.kept), new()).empty


def test_notes_show_in_a_notebook_escaped(criteria: ql.Criteria) -> None:
    frame = new(8)
    frame.loc[2, SIZE] = "XS"
    scored = ql.score_deals(criteria, frame)
    assert repr(scored).endswith(f"; {len(scored.notes)} note>")
    assert "To bear in mind" in scored._repr_html_() and "XS" in scored._repr_html_()


def test_criteria_that_do_not_tell_of_the_past_name_nothing_of_it(criteria: ql.Criteria) -> None:
    silent = replace(criteria, answers=criteria.answers.iloc[:0], provenance={"past": "spoilt"})
    frame = new()
    frame[NEED] = "77"
    assert of_kind(notes(silent, frame), "past answers not told")
    assert kinds(notes(silent, frame)) == {
        (name, what) for name, what in kinds(notes(silent, frame)) if what == "past answers not told"
    }
