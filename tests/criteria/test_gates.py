"""Gates stop deals: zone below, probability at most the gate's, whatever the score."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import qualify as ql
from qualify.criteria.file import criteria_from_dict, criteria_to_json
from qualify.criteria.model import Criteria
from qualify.deals import read_answers

GATES = ["characteristic", "answer", "low", "high", "n", "won", "win_rate_high"]


@pytest.fixture(scope="module")
def team() -> ql.SimulatedDeals:
    return ql.simulate_deals(300, curve="sharp", rng=1)


@pytest.fixture(scope="module")
def criteria(team: ql.SimulatedDeals) -> Criteria:
    found = ql.refine_criteria(ql.read_deals(team.frame, team.survey), replicates=5)
    asked = next(one for one in team.survey.characteristics if one.kind == "yes_no")
    rated = found.points[found.points["high"] < np.inf].iloc[0]
    rows = [
        (asked.name, asked.values[0], np.nan, np.nan, 60, 2, 0.15),
        (rated["characteristic"], rated["answer"], rated["low"], rated["high"], 40, 1, 0.10),
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
    second = numbers.lt(number["high"]).to_numpy(bool)
    assert first.any() and second.any() and not (first | second).all()
    most = np.minimum(np.where(first, 0.15, 1.0), np.where(second, 0.10, 1.0))
    np.testing.assert_array_equal(stopped["score"], free["score"])
    np.testing.assert_array_equal(stopped["probability"], np.minimum(free["probability"], most))
    assert stopped["probability"].between(stopped["low"], stopped["high"]).all()
    # A gate says at most; it says nothing of at least.
    assert (stopped["low"] == np.where(most < free["probability"], 0.0, free["low"])).all()
    assert (stopped["zone"] == np.where(first | second, "below", free["zone"])).all()
    named = stopped["gates"].str.contains(f"{number['characteristic']}: {number['answer']}")
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
        ({"characteristic": "Champion", "answer": "under 2"}, "has no points"),
        ({"win_rate_high": 1.5}, "within 0 and 1"),
    ],
)
def test_gates_that_do_not_fit_are_refused(criteria: Criteria, change: dict[str, object], said: str) -> None:
    content = json.loads(criteria_to_json(criteria))
    content["gates"][0] |= change
    with pytest.raises(ql.QualifyError, match=said):
        criteria_from_dict(content, "criteria.json")


# The search ---------------------------------------------------------------


def team_with_a_gate(heading: str = "") -> ql.Deals:
    """Ratings that count, and two yes-or-no questions of which one No all but decides."""
    rng = np.random.default_rng(7)
    n = 2500
    frame = pd.DataFrame({f"R{k}": rng.integers(0, 6, n) for k in range(6)})
    for name in ("Budget", "Sponsor"):
        frame[name] = np.where(rng.random(n) < 0.15, "No", "Yes")
    log_odds = 2 * (frame[[f"R{k}" for k in range(6)]].sum(axis=1) - 15)
    stopped = frame[["Budget", "Sponsor"]].eq("No").any(axis=1)
    frame["Status"] = np.where(
        rng.random(n) < np.where(stopped, 0.01, 1 / (1 + np.exp(-log_odds))), "Won", "Lost"
    )
    survey = ql.infer_survey(frame, outcome="Status")
    asked = [replace(one, group=heading if one.kind == "yes_no" else "") for one in survey.characteristics]
    return ql.read_deals(frame, replace(survey, characteristics=tuple(asked)))


@pytest.fixture(scope="module")
def gated() -> tuple[ql.Deals, Criteria]:
    deals = team_with_a_gate()
    return deals, ql.refine_criteria(deals, replicates=2)


def test_a_decisive_answer_becomes_a_gate(gated: tuple[ql.Deals, Criteria]) -> None:
    deals, found = gated
    assert found.rules["rule"].tolist() == ["points alone", "points and gates"]
    used = found.rules.set_index("rule")
    assert used["in_use"].tolist() == [False, True]
    assert used.at["points and gates", "worse_high"] < 0
    gates = found.gates.set_index("characteristic")
    assert sorted(gates.index) == ["Budget", "Sponsor"] and gates["answer"].eq("No").all()
    for name in gates.index:
        deals_with = deals.answers[name].eq("No")
        assert gates.at[name, "n"] == deals_with.sum()
        assert gates.at[name, "won"] == deals.won[deals_with].sum()
        assert gates.at[name, "won"] / gates.at[name, "n"] < gates.at[name, "win_rate_high"]
        assert gates.at[name, "win_rate_high"] < deals.win_rate / 2
    table = ql.score_deals(found, deals).table.set_index("deal")
    stopped = table["gates"].loc[deals.closed.index].ne("")
    assert (table["zone"].loc[deals.closed.index][stopped] == "below").all()
    # So do the deals behind the criteria count, whatever they scored when they were not seen.
    bands, honest = found.bands.set_index("zone"), found.tipping.scores["score"]
    below = stopped | (honest < bands.at["inside", "score_low"] - 0.5)
    assert bands.loc["below", ["n", "won"]].tolist() == [below.sum(), deals.won[below].sum()]
    assert bands["n"].sum() == deals.n and (honest[stopped] > bands.at["inside", "score_low"]).any()


def test_a_backtest_stops_deals_by_gates_found_without_them(gated: tuple[ql.Deals, Criteria]) -> None:
    deals, criteria = gated
    stopped = deals.answers[["Budget", "Sponsor"]].eq("No").any(axis=1).to_numpy()
    found = ql.backtest(deals, replicates=2)
    told = ql.backtest(deals, criteria=criteria, replicates=2)
    rules = criteria.rules.assign(in_use=criteria.rules["rule"].eq("points alone"))
    free = ql.backtest(deals, criteria=replace(criteria, rules=rules), replicates=2)
    chance, alone = told.predictions["probability"], free.predictions["probability"]
    assert chance[~stopped].equals(alone[~stopped])
    assert (chance[stopped] <= alone[stopped]).all() and (chance[stopped] < alone[stopped] - 0.1).any()
    # Limits found on nine tenths of the deals are near those of all.
    highest = criteria.gates["win_rate_high"].max()
    assert (
        chance[stopped].max() < 1.3 * highest
        and not chance[stopped].isin(criteria.gates["win_rate_high"]).any()
    )
    assert found.predictions["probability"][stopped].max() < 1.3 * highest
    above = told.table["threshold"] > 1.3 * highest
    assert (told.table["pursued"] < free.table["pursued"])[above].any()


def test_questions_under_one_heading_are_tried_as_weakest_links() -> None:
    found = ql.refine_criteria(team_with_a_gate("Must have"), replicates=2)
    assert found.rules["rule"].tolist()[2] == "points and weakest links"
    losses = found.rules.set_index("rule")["log_loss"]
    assert losses["points and weakest links"] < losses["points alone"]
    assert found.rules.set_index("rule")["stopped"].iloc[1:].gt(100).all()
    if found.rules.set_index("rule").at["points and weakest links", "in_use"]:
        assert found.gates["n"].nunique() == 1 and len(found.gates) == 2


def test_without_a_decisive_answer_points_stand_alone() -> None:
    noise = ql.simulate_deals(500, curve="gradual", rng=3)
    found = ql.refine_criteria(ql.read_deals(noise.frame, noise.survey), replicates=2)
    assert found.gates.empty
    assert found.rules.set_index("rule").at["points alone", "in_use"]


def test_criteria_without_points_have_no_rules_either() -> None:
    noise = ql.simulate_deals(200, curve="none", rng=4)
    found = ql.refine_criteria(ql.read_deals(noise.frame, noise.survey), replicates=2)
    assert found.rules.empty and found.gates.empty


def test_files_of_schema_2_have_no_rules_and_gates_of_words(criteria: Criteria) -> None:
    content = json.loads(criteria_to_json(criteria))
    content["gates"] = [{k: v for k, v in content["gates"][0].items() if k not in ("low", "high")}]
    del content["rules"]
    again = criteria_from_dict(content | {"schema_version": 2}, "criteria.json")
    assert again.rules.empty
    assert again.gates[["low", "high"]].isna().all(axis=None)
