"""Whole tables are scored as every deal would be alone, each answer tried out by hand."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from made_criteria import criteria_of, deals_for
from scored_by_hand import UNKNOWN, Worth, counted, levers, per_hour, questions, stand

import qualify as ql
from qualify.deals import read_answers

# Sums of up to ten products in another order.
ROUNDING = 1e-9
MONEY = [(None, None), (None, 30.0), (1000.0, 250.0), (1.0, 0.9)]
# Shrinking takes minutes here, and the first example already names the deal.
ODD = {
    "deadline": None,
    "phases": [Phase.explicit, Phase.reuse, Phase.generate],
    "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large],
}


@pytest.fixture(scope="module")
def learned() -> ql.Criteria:
    team = ql.simulate_deals(200, rng=3)
    return ql.refine_criteria(ql.read_deals(team.frame, team.survey), replicates=2)


def given_of(criteria: ql.Criteria, frame: pd.DataFrame) -> dict[str, dict[str, str]]:
    table = read_answers(frame, criteria.survey)[list(counted(criteria))].astype(str)
    return {str(deal): row.to_dict() for deal, row in table.iterrows()}


def assert_listed(said: str, expected: list[Worth], noise: float = 0.0, text: str = "name") -> None:
    """The same remarks, in an order in which none is worth more than the one before."""
    names = said.split("; ") if said else []
    by_text = {getattr(one, text): one for one in expected}
    # By hand, what is worth nothing comes out as the difference of two sums.
    sure = {key for key, one in by_text.items() if not noise or one.first > noise}
    assert sure <= set(names) <= set(by_text)
    slack = max(noise, ROUNDING)
    for before, after in pairwise(by_text[name] for name in names):
        assert after.first <= before.first + slack
        if abs(before.first - after.first) < slack:
            assert after.second <= before.second + slack


def check_a_table(learned: ql.Criteria, data: st.DataObject) -> None:
    criteria = data.draw(criteria_of(learned))
    frame = data.draw(deals_for(criteria))
    value, cost = data.draw(st.sampled_from(MONEY))
    economics = None if cost is None else ql.Economics(value=value, cost=cost)
    scored = ql.score_deals(criteria, frame, economics=economics).table.set_index("deal")
    assert sorted(scored.index) == sorted(frame["id"])
    worth = frame.set_index("id")["worth"]
    for deal, answers in given_of(criteria, frame).items():
        row, by_hand = scored.loc[deal], stand(criteria, answers)
        assert tuple(row[["score", "probability", "low", "high", "zone"]]) == by_hand[:5]
        assert sorted(row["gates"].split("; ")) == sorted(by_hand.gates or [""])
        money = None
        if cost is not None and (value is not None or worth[deal]):
            money = (value or float(worth[deal]), cost)
        asked, moved = questions(criteria, answers, money), levers(criteria, answers, money)
        noise = ROUNDING * max(money) if money else 0.0
        assert_listed(row["ask_next"], per_hour(criteria, asked), noise)
        assert_listed(row["levers"], per_hour(criteria, moved), text="text")


@given(data=st.data())
@settings(max_examples=50, **ODD)
def test_every_column_is_what_brute_force_gives(learned: ql.Criteria, data: st.DataObject) -> None:
    check_a_table(learned, data)


@pytest.mark.slow
@given(data=st.data())
@settings(max_examples=2000, **ODD)
def test_every_column_is_what_brute_force_gives_at_length(learned: ql.Criteria, data: st.DataObject) -> None:
    check_a_table(learned, data)


@given(data=st.data())
@settings(max_examples=25, **ODD)
def test_deals_are_scored_alike_together_and_alone_in_any_order(
    learned: ql.Criteria, data: st.DataObject
) -> None:
    criteria = data.draw(criteria_of(learned))
    frame = data.draw(deals_for(criteria))
    economics = data.draw(st.sampled_from([None, ql.Economics(cost=30.0)]))

    def scored(table: pd.DataFrame) -> pd.DataFrame:
        return ql.score_deals(criteria, table, economics=economics).table.set_index("deal")

    together = scored(frame).sort_index()
    pd.testing.assert_frame_equal(scored(frame.iloc[::-1].reset_index(drop=True)).sort_index(), together)
    alone = pd.concat([scored(frame.iloc[[k]]) for k in range(len(frame))])
    pd.testing.assert_frame_equal(alone.sort_index(), together)


@given(data=st.data())
@settings(max_examples=25, **ODD)
def test_a_lever_followed_leads_where_it_says(learned: ql.Criteria, data: st.DataObject) -> None:
    criteria = data.draw(criteria_of(learned))
    frame = data.draw(deals_for(criteria)).iloc[[0]]
    before = ql.score_deals(criteria, frame).table.iloc[0]
    for lever in before["levers"].split("; ") if before["levers"] else []:
        name, change = lever.split(": ", 1)
        target, led = change.split(" → ")[1].split(" (")
        asked = criteria.survey.characteristic(name)
        if asked.kind != "score" and "together" not in led:
            after = ql.score_deals(criteria, frame.assign(**{asked.column: target})).table.iloc[0]
            assert led.endswith(f"to {after['zone']})") and after["zone"] != before["zone"]
            assert after["probability"] >= before["probability"]


@pytest.mark.parametrize("told", ["nothing", "that all were unknown"])
def test_without_past_shares_questions_go_by_the_points_they_could_move(
    learned: ql.Criteria, told: str
) -> None:
    answers = learned.answers.iloc[:0]
    if told != "nothing":
        known = learned.answers["answer"] != UNKNOWN
        answers = learned.answers.assign(n=learned.answers["n"].mask(known, 0))
    blank = ql.simulate_deals(20, rng=3).frame.iloc[:1].copy()
    blank[list(learned.survey.names)] = None
    scored = ql.score_deals(replace(learned, answers=answers), blank)
    spread = learned.points.groupby("characteristic")["points"].agg(np.ptp)
    named = scored.table.loc[0, "ask_next"].split("; ")
    assert set(named) == set(learned.kept)
    assert spread[named].is_monotonic_decreasing
    assert (scored.notes["what"] == "past answers not told").sum() == len(learned.kept)
