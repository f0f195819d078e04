"""The backtest: shares and net benefit by hand, intervals that cover, money that makes sense."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

import qualify as ql
from qualify.numerics.benefit import Past, effects, net_benefit
from qualify.scoring.backtesting import SHARES
from qualify.survey import Columns

MONEY = ql.Economics(value=50_000, cost=10_000)


@pytest.fixture(scope="module")
def team() -> ql.SimulatedDeals:
    return ql.simulate_deals(400, rng=1)


@pytest.fixture(scope="module")
def deals(team: ql.SimulatedDeals) -> ql.Deals:
    return ql.read_deals(team.frame, team.survey)


@pytest.fixture(scope="module")
def found(deals: ql.Deals) -> ql.Backtest:
    return ql.backtest(deals, economics=MONEY, replicates=200)


@pytest.fixture(scope="module")
def refined(deals: ql.Deals) -> ql.Criteria:
    return ql.refine_criteria(deals, replicates=2)


# By hand ---------------------------------------------------------------------


def test_net_benefit_by_its_definition() -> None:
    rng = np.random.default_rng(0)
    chance, times = np.round(rng.random(200), 2), rng.integers(0, 3, 200).astype(float)
    won = (rng.random(200) < chance).astype(float)
    at = np.array([0.05, 0.25, 0.5, 0.9])
    for threshold, benefit in zip(at, net_benefit(chance, won, times, at), strict=True):
        pursued = chance >= threshold
        wins, losses = (times * won)[pursued].sum(), (times * (1 - won))[pursued].sum()
        assert benefit == pytest.approx((wins - losses * threshold / (1 - threshold)) / times.sum())


def test_shares_by_hand() -> None:
    past = Past(np.array([1.0, 0.0, 1.0]), np.array([10.0, 99.0, 30.0]), np.array([1.0, 2.0, 5.0]))
    pursued = np.array([False, True, True])
    np.testing.assert_allclose(effects(past, pursued, np.ones(3)), [2 / 3, 1 / 2, 3 / 4, 7 / 8])
    np.testing.assert_allclose(effects(past, pursued, np.array([0.0, 1, 2])), [1, 1, 1, 1])
    assert np.isnan(effects(past._replace(outcome=np.zeros(3)), pursued, np.ones(3))[1:3]).all()


def test_the_table_is_that_of_the_predictions_it_shows(deals: ql.Deals, found: ql.Backtest) -> None:
    """Pursuing from a threshold on, averaged over divisions, is near what the mean predictions say."""
    table = found.table.set_index("threshold")
    assert table["break_even"].tolist() == [threshold == 0.2 for threshold in table.index]
    for threshold, row in table.iterrows():
        pursued = found.predictions["probability"] >= float(str(threshold))
        assert row["share_pursued"] == pytest.approx(pursued.mean(), abs=0.03)
        assert row["pursued"] == pytest.approx(row["share_pursued"] * deals.n, abs=1)
        assert row["wins_kept"] == pytest.approx(row["won_pursued"] / deals.won.sum(), abs=0.005)
    for name in SHARES:
        assert (table[f"{name}_low"] <= table[name]).all() and (table[name] <= table[f"{name}_high"]).all()
    # Without a column of effort every deal counts alike, and a win is worth the same.
    np.testing.assert_allclose(table["effort_freed"], 1 - table["share_pursued"])
    np.testing.assert_allclose(table["value_kept"], table["wins_kept"])


def test_the_curve_meets_the_table(found: ql.Backtest) -> None:
    curve, table = found.curve.set_index("threshold"), found.table.set_index("threshold")
    for threshold in table.index:
        assert curve.at[threshold, "criteria"] == pytest.approx(table.at[threshold, "net_benefit"])
        more = table.at[threshold, "net_benefit"] - curve.at[threshold, "everything"]
        assert table.at[threshold, "more_than_all"] == pytest.approx(more)
    assert (curve["nothing"] == 0).all()


# Money -----------------------------------------------------------------------


def with_columns(team: ql.SimulatedDeals, frame: pd.DataFrame, **columns: str | None) -> ql.Deals:
    survey = replace(team.survey, columns=replace(team.survey.columns, **columns))
    return ql.read_deals(frame, survey)


def test_break_even_is_cost_over_value(found: ql.Backtest) -> None:
    assert found.break_even == 0.2
    assert "pursuing pays from 20%" in repr(found)


def test_each_deals_own_value_and_effort_count(team: ql.SimulatedDeals) -> None:
    rng = np.random.default_rng(4)
    frame = team.frame.assign(Hours=rng.integers(5, 200, len(team.frame)).astype(float))
    frame.loc[frame.index[::7], "Hours"] = np.nan
    deals = with_columns(team, frame, effort="Hours", value="Value")
    found = ql.backtest(deals, economics=ql.Economics(cost=20), replicates=20)
    hours = deals.closed["effort"].mean()
    worth = deals.closed.loc[deals.won, "value"].mean()
    assert found.break_even == pytest.approx(20 * hours / worth)
    assert found.predictions["effort"].isna().sum() == 0
    assert not np.allclose(found.table["effort_freed"], 1 - found.table["share_pursued"])
    assert not np.allclose(found.table["value_kept"], found.table["wins_kept"])


def test_without_values_nothing_breaks_even(team: ql.SimulatedDeals) -> None:
    deals = with_columns(team, team.frame, value=None)
    found = ql.backtest(deals, economics=ql.Economics(cost=20), replicates=2)
    assert np.isnan(found.break_even) and not found.table["break_even"].any()


def test_the_score_to_walk_away_at(deals: ql.Deals, refined: ql.Criteria) -> None:
    table = ql.backtest(deals, criteria=refined, economics=MONEY, replicates=2).table
    chance = refined.probabilities.set_index("score")["probability"]
    for row in table.itertuples():
        assert chance[row.score] >= row.threshold
        assert row.score == 0 or chance[row.score - 1] < row.threshold


def test_wins_of_unknown_value_are_worth_what_known_wins_are(team: ql.SimulatedDeals) -> None:
    frame = team.frame.copy()
    won = frame["Outcome"] == "Won"
    frame["Value"] = np.where(won, 100.0, 1000.0)
    frame.loc[frame.index[won][::2], "Value"] = np.nan
    found = ql.backtest(with_columns(team, frame), economics=ql.Economics(cost=20), replicates=2)
    assert found.break_even == pytest.approx(0.2)
    blank = with_columns(team, frame.assign(Value=frame["Value"].mask(won)))
    assert np.isnan(ql.backtest(blank, economics=ql.Economics(cost=20), replicates=2).break_even)
    money = ql.Economics(value=100, cost=20)
    assert ql.backtest(blank, economics=money, replicates=2).break_even == pytest.approx(0.2)


def test_break_even_counts_deals_by_their_weights(team: ql.SimulatedDeals) -> None:
    won = team.frame["Outcome"] == "Won"
    frame = team.frame.assign(Hours=np.where(won, 10.0, 1.0), Times=np.where(won, 1.0, 10.0))
    deals = with_columns(team, frame, effort="Hours", weight="Times")
    found = ql.backtest(deals, economics=ql.Economics(value=100, cost=2), replicates=2)
    hours = np.average(deals.closed["effort"], weights=deals.weights)
    assert found.break_even == pytest.approx(2 * hours / 100)


@pytest.mark.parametrize("role", ["value", "effort"])
def test_money_and_effort_below_zero_are_refused_deal_by_deal(team: ql.SimulatedDeals, role: str) -> None:
    numbers = np.ones(len(team.frame))
    numbers[[3, 8]] = -5
    deals = with_columns(team, team.frame.assign(Number=numbers), **{role: "Number"})
    with pytest.raises(ql.InvalidArgument, match="below 0") as refusal:
        ql.backtest(deals)
    assert len(refusal.value.problems) == 2


def test_thresholds_and_scores_are_one_rule(deals: ql.Deals) -> None:
    """Pursuing from a score on is pursuing from its probability on, by honest scores of past deals."""
    criteria = ql.refine_criteria(deals, replicates=20)
    found = ql.backtest(deals, criteria=criteria, replicates=2)
    honest = criteria.tipping.scores["score"]
    for row in found.table.itertuples():
        assert row.pursued == pytest.approx((honest > row.score - 1).sum(), abs=0.08 * deals.n)
        assert row.pursued >= (honest >= row.score).sum() - 0.04 * deals.n


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"criteria": "criteria.json"}, "`criteria` of `backtest` must be Criteria"),
        ({"economics": {"cost": 1}}, "`economics` of `backtest` must be Economics"),
    ],
)
def test_other_things_are_refused(deals: ql.Deals, wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(ql.InvalidArgument, match=said):
        ql.backtest(deals, **wrong)


@pytest.mark.parametrize(
    "change", [{"settings": None}, {"settings": {"points": []}}, {"log_odds": {}}, {"log_odds": None}]
)
def test_criteria_that_do_not_say_how_they_were_refined_are_refused(
    deals: ql.Deals, refined: ql.Criteria, change: dict[str, Any]
) -> None:
    provenance = refined.provenance | change
    for one in (provenance, {name: part for name, part in provenance.items() if name not in change}):
        with pytest.raises(ql.InvalidArgument, match="do not say how they were refined"):
            ql.backtest(deals, criteria=replace(refined, provenance=one))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"value": -1}, "`value` of `Economics` must be a number above 0"),
        ({"cost": "much"}, "`cost` of `Economics`"),
        ({"thresholds": (0.2, 1.0)}, "within 0 and 1"),
        ({"thresholds": ()}, "within 0 and 1"),
        ({"thresholds": 0.3}, "within 0 and 1"),
    ],
)
def test_money_that_makes_no_sense_is_refused(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(ql.InvalidArgument, match=said):
        ql.Economics(**wrong)  # type: ignore[arg-type]


def test_pursuing_that_never_pays_is_refused(deals: ql.Deals) -> None:
    with pytest.raises(ql.InvalidArgument, match="no chance from which pursuing pays"):
        ql.backtest(deals, economics=ql.Economics(value=10, cost=10))


# Honesty ---------------------------------------------------------------------


def test_noise_gains_nothing() -> None:
    noise = ql.simulate_deals(300, curve="none", rng=8)
    found = ql.backtest(ql.read_deals(noise.frame, noise.survey), replicates=200)
    assert (found.curve["more_low"] > 0).mean() < 0.05


def test_row_order_and_names_change_nothing(team: ql.SimulatedDeals, found: ql.Backtest) -> None:
    mixed = team.frame.sample(frac=1, random_state=3)
    again = ql.backtest(ql.read_deals(mixed, team.survey), economics=MONEY, replicates=200)
    pd.testing.assert_frame_equal(again.table, found.table)
    pd.testing.assert_frame_equal(again.predictions.loc[found.predictions.index], found.predictions)


@pytest.mark.slow
def test_intervals_of_shares_cover() -> None:
    """Against a fixed score's shares among very many deals: the draws behind the intervals do their work."""
    rng = np.random.default_rng(5)
    runs, covered, n, at = 400, 0, 300, np.array([0.3])
    score = rng.standard_normal(400_000)
    truth = float(((score > np.log(0.3 / 0.7)) * expit(score)).sum() / expit(score).sum())
    for _ in range(runs):
        eta = rng.standard_normal(n)
        won = (rng.random(n) < expit(eta)).astype(float)
        past = Past(won, np.ones(n), np.ones(n))
        pursued = expit(eta) >= at
        drawn = [
            effects(past, pursued, np.bincount(rng.integers(n, size=n), minlength=n).astype(float))[1]
            for _ in range(300)
        ]
        low, high = np.quantile(drawn, [0.025, 0.975])
        covered += low <= truth <= high
    assert 0.91 < covered / runs < 0.98


def test_it_shows_itself(found: ql.Backtest) -> None:
    html = found._repr_html_()
    assert "Pursuing pays from a chance of 20%" in html and "<table" in html


def test_columns_of_effort_are_found_by_their_names() -> None:
    frame = pd.DataFrame(
        {"Status": ["Won", "Lost"] * 20, "Hours": np.arange(40) * 1.5, "Fit": [1, 2, 2, 1] * 10}
    )
    survey = ql.infer_survey(frame, outcome="Status")
    assert survey.columns == Columns(outcome="Status", effort="Hours")
