"""What must hold of every set of criteria, its file, and the deals it scores."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import qualify as ql
from qualify.criteria.file import criteria_from_dict, criteria_to_json
from qualify.survey import UNKNOWN


@pytest.fixture(scope="module")
def team() -> ql.SimulatedDeals:
    return ql.simulate_deals(400, rng=2)


@pytest.fixture(scope="module")
def deals(team: ql.SimulatedDeals) -> ql.Deals:
    return ql.read_deals(team.frame, team.survey)


@pytest.fixture(scope="module")
def criteria(deals: ql.Deals) -> ql.Criteria:
    return ql.refine_criteria(deals, replicates=40)


def test_points_are_whole_start_at_zero_and_keep_the_order_of_answers(criteria: ql.Criteria) -> None:
    points = criteria.points
    assert points["points"].dtype == np.int64
    assert (points.groupby("characteristic")["points"].min() == 0).all()
    assert points["points"].max() <= 10
    assert 1 <= len(criteria.kept) <= 8
    for name in criteria.kept:
        known = points[(points["characteristic"] == name) & (points["answer"] != UNKNOWN)]
        if criteria.survey.characteristic(name).kind in ("score", "ordered"):
            steps = np.diff(known["points"])
            assert (steps >= 0).all() or (steps <= 0).all()


def test_probability_never_falls_with_the_score_and_zones_cover_every_score(criteria: ql.Criteria) -> None:
    chance = criteria.probabilities
    assert chance["score"].tolist() == list(range(criteria.score_range[1] + 1))
    assert (chance["probability"].diff().dropna() >= 0).all()
    assert ((chance["low"] <= chance["probability"]) & (chance["probability"] <= chance["high"])).all()
    covered: list[float] = []
    for row in criteria.bands.dropna(subset=["score_low"]).itertuples():
        covered += list(np.arange(row.score_low, row.score_high + 1))
    assert covered == chance["score"].tolist()
    assert criteria.bands["n"].sum() == criteria.tipping.n


def test_scores_are_sums_of_points(criteria: ql.Criteria, deals: ql.Deals) -> None:
    by_answer = {(row.characteristic, row.answer): row.points for row in criteria.points.itertuples()}
    by_hand = sum(
        deals.answers[name].astype(str).map(lambda answer, name=name: by_answer[name, answer])
        for name in criteria.kept
    )
    assert criteria.score(deals.answers).tolist() == by_hand.tolist()


def test_the_file_gives_back_the_same_criteria(
    criteria: ql.Criteria, deals: ql.Deals, tmp_path: Path
) -> None:
    again = ql.read_criteria(ql.write_criteria(criteria, tmp_path / "criteria.json"))
    assert criteria_to_json(again) == criteria_to_json(criteria)
    for field in fields(criteria):
        before, after = getattr(criteria, field.name), getattr(again, field.name)
        if isinstance(before, pd.DataFrame):
            pd.testing.assert_frame_equal(before, after)
    assert again.survey == criteria.survey
    pd.testing.assert_frame_equal(again.tipping.scores, criteria.tipping.scores, check_names=False)
    assert again.score(deals.answers).equals(criteria.score(deals.answers))


def test_noise_gets_no_points() -> None:
    team = ql.simulate_deals(300, curve="none", rng=4)
    criteria = ql.refine_criteria(ql.read_deals(team.frame, team.survey), replicates=20)
    assert criteria.points.empty and criteria.score_range == (0, 0)
    assert criteria.tipping.verdict == "none"
    assert criteria.bands.set_index("zone").loc["inside", "n"] == criteria.tipping.n
    scored = ql.score_deals(criteria, team.frame).table
    assert scored["probability"].nunique() == 1 and set(scored["zone"]) == {"inside"}


def test_every_row_is_scored_whatever_its_outcome(criteria: ql.Criteria, team: ql.SimulatedDeals) -> None:
    from_frame = ql.score_deals(criteria, team.frame)
    assert isinstance(from_frame, ql.ScoredDeals)
    assert len(from_frame.table) == len(team.frame)
    odd = team.frame.assign(Outcome="Stage 3")
    pd.testing.assert_frame_equal(ql.score_deals(criteria, odd).table, from_frame.table)
    assert from_frame.table["score"].is_monotonic_decreasing
    from_deals = ql.score_deals(criteria, ql.read_deals(team.frame, team.survey)).table
    by_deal = from_frame.table.set_index("deal")["score"]
    assert (from_deals.set_index("deal")["score"] == by_deal.loc[from_deals["deal"]]).all()


def test_levers_lead_to_known_answers_and_unknowns_are_asked(
    criteria: ql.Criteria, team: ql.SimulatedDeals
) -> None:
    table = ql.score_deals(criteria, team.frame).table
    assert table["levers"].str.len().max() > 0 and table["ask_next"].str.len().max() > 0
    assert not table["levers"].str.contains(f"→ {UNKNOWN}").any()
    deals = ql.read_deals(team.frame, team.survey)
    unknown = (deals.closed[list(criteria.kept)] == UNKNOWN).sum(axis=1)
    asked = table.set_index("deal")["ask_next"].loc[unknown.index]
    assert (asked.map(lambda text: len(text.split("; ")) if text else 0) == unknown).all()


def test_an_answer_the_survey_does_not_know_is_refused(
    criteria: ql.Criteria, team: ql.SimulatedDeals
) -> None:
    name = criteria.kept[0]
    with pytest.raises(ql.InvalidDeals, match="Surely not"):
        ql.score_deals(criteria, team.frame.assign(**{name: "Surely not"}))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_a_spoilt_file_ends_in_an_error_that_says_so(criteria: ql.Criteria, data: st.DataObject) -> None:
    content = json.loads(criteria_to_json(criteria))
    key = data.draw(st.sampled_from(sorted(content)))
    if data.draw(st.booleans()):
        del content[key]
    else:
        content[key] = data.draw(json_values)
    try:
        criteria_from_dict(content, "criteria.json")
    except ql.InvalidCriteria as error:
        assert error.problems


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"schema": "qualify criteria", "schema_version": 99}']
)
def test_what_is_no_criteria_file_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "criteria.json"
    path.write_text(text)
    with pytest.raises(ql.InvalidCriteria):
        ql.read_criteria(path)
