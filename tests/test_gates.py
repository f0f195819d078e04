"""Gates stop deals: zone below, probability at most the gate's, whatever the score."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import qualify as ql
from qualify.criteria import Criteria
from qualify.criteria_file import criteria_from_dict, criteria_to_json
from qualify.deals import read_answers

GATES = ["characteristic", "answer", "low", "high", "n", "won", "win_rate_high"]


@pytest.fixture(scope="module")
def team() -> ql.SimulatedDeals:
    return ql.simulate_deals(300, curve="sharp", rng=1)


@pytest.fixture(scope="module")
def criteria(team: ql.SimulatedDeals) -> Criteria:
    found = ql.refine_criteria(ql.read_deals(team.frame, team.survey), replicates=5)
    asked = next(one for one in team.survey.characteristics if one.kind == "yes_no")
    rated = next(one for one in team.survey.characteristics if one.kind == "score")
    rows = [
        (asked.name, asked.values[0], np.nan, np.nan, 60, 2, 0.15),
        (rated.name, "under 2", -np.inf, 2.0, 40, 1, 0.10),
    ]
    return replace(found, gates=pd.DataFrame(rows, columns=GATES))


def test_deals_that_trip_a_gate(criteria: Criteria, team: ql.SimulatedDeals) -> None:
    without = replace(criteria, gates=criteria.gates.iloc[:0])
    free = ql.score_deals(without, team.frame).table.set_index("deal")
    stopped = ql.score_deals(criteria, team.frame).table.set_index("deal").loc[free.index]
    answers = read_answers(team.frame, team.survey).loc[free.index]
    word, number = criteria.gates.to_dict("records")
    first = answers[word["characteristic"]].eq(word["answer"]).to_numpy(bool)
    numbers = pd.to_numeric(answers[number["characteristic"]].astype(str), errors="coerce")
    second = numbers.lt(2).to_numpy(bool)
    assert first.any() and second.any() and not (first | second).all()
    most = np.minimum(np.where(first, 0.15, 1.0), np.where(second, 0.10, 1.0))
    np.testing.assert_array_equal(stopped["score"], free["score"])
    np.testing.assert_array_equal(stopped["probability"], np.minimum(free["probability"], most))
    assert stopped["probability"].between(stopped["low"], stopped["high"]).all()
    assert (stopped["zone"] == np.where(first | second, "below", free["zone"])).all()
    named = stopped["gates"].str.contains(f"{number['characteristic']}: under 2")
    assert named.tolist() == list(second)


def test_among_deals_that_no_gate_stops_score_order_is_probability_order(
    criteria: Criteria, team: ql.SimulatedDeals
) -> None:
    table = ql.score_deals(criteria, team.frame).table
    passing = table[table["gates"] == ""].sort_values("score")
    assert passing["probability"].is_monotonic_increasing
    assert table["probability"].is_monotonic_decreasing


def test_gates_survive_the_file_to_the_bit(criteria: Criteria, team: ql.SimulatedDeals) -> None:
    again = criteria_from_dict(json.loads(criteria_to_json(criteria)), "criteria.json")
    pd.testing.assert_frame_equal(again.gates, criteria.gates, check_dtype=False)
    before, after = (ql.score_deals(one, team.frame).table for one in (criteria, again))
    pd.testing.assert_frame_equal(before, after)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"characteristic": "Nobody asked"}, "not in the survey"),
        ({"answer": "perhaps"}, "no answer of the survey"),
        ({"win_rate_high": 1.5}, "within 0 and 1"),
    ],
)
def test_gates_that_do_not_fit_are_refused(criteria: Criteria, change: dict[str, object], said: str) -> None:
    content = json.loads(criteria_to_json(criteria))
    content["gates"][0] |= change
    with pytest.raises(ql.QualifyError, match=said):
        criteria_from_dict(content, "criteria.json")
