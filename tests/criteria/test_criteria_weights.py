"""Criteria of weighted deals and accounts: every table of theirs, worked out again from what they rest on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score
from statsmodels.stats.proportion import proportion_confint

import qualify as ql
from qualify.criteria.parsimony import parsimony_table
from qualify.criteria.refine import Refined, refine
from qualify.criteria.settings import POINTS
from qualify.criteria.tables import performance_table
from qualify.deals.resampling_units import in_order
from qualify.exports.markdown import criteria_to_markdown
from qualify.numerics.procedures import points_recipe

# Sums of a few hundred products in another order.
ROUNDING = 1e-9


def team(curve: str = "gradual", *, accounts: bool = False) -> ql.Deals:
    """Three hundred deals whose won ones weigh less on average, as where lost ones were sampled."""
    found = ql.simulate_deals(300, curve=curve, rng=11)
    rng, rows = np.random.default_rng(12), len(found.frame)
    times = np.where(found.frame["Outcome"].eq("Won"), 1.0, rng.lognormal(1, 0.6, rows))
    frame = found.frame.assign(Times=times)
    columns = replace(found.survey.columns, weight="Times", account=None)
    if accounts:
        frame = frame.assign(Account=[f"Account {k}" for k in rng.integers(0, 90, rows)])
        columns = replace(columns, account="Account")
    return ql.read_deals(frame, replace(found.survey, columns=columns))


def refined(deals: ql.Deals) -> tuple[ql.Deals, Refined]:
    deals, _ = in_order(deals)
    recipe = points_recipe(deals.survey.min_answers, 3, **POINTS["0 to 10"])
    found = refine(deals, recipe, fewer=False, replicates=2, level=0.95, rng=np.random.default_rng(0))
    return deals, found


@pytest.fixture(scope="module")
def weighted() -> tuple[ql.Deals, Refined]:
    return refined(team(accounts=True))


def test_performance_is_that_of_weighted_deals(weighted: tuple[ql.Deals, Refined]) -> None:
    deals, found = weighted
    won, weights, splits = deals.won.to_numpy(), deals.weights.to_numpy(), found.estimate.splits
    table = performance_table(found, 0.95).set_index("metric")
    aucs = [roc_auc_score(won, split, sample_weight=weights) for split in splits]
    briers = [brier_score_loss(won, expit(split), sample_weight=weights) for split in splits]
    assert table.at["auc", "estimate"] == pytest.approx(np.mean(aucs), abs=ROUNDING)
    assert table.at["brier", "estimate"] == pytest.approx(np.mean(briers), abs=ROUNDING)
    assert (table["ci_low"] < table["estimate"]).all() and (table["estimate"] < table["ci_high"]).all()


def test_sizes_are_compared_on_weighted_deals(weighted: tuple[ql.Deals, Refined]) -> None:
    deals, found = weighted
    won, weights = deals.won.to_numpy(), deals.weights.to_numpy()
    table = parsimony_table(deals, found, 0.95)
    for k in (1, 2, 3):
        chance, row = found.sizes.chance[k - 1], table.iloc[k]
        for name, measure in (("auc", roc_auc_score), ("brier", brier_score_loss), ("log_loss", log_loss)):
            figures = [measure(won, one, sample_weight=weights) for one in chance]
            assert row[name] == pytest.approx(np.mean(figures), abs=ROUNDING)
    # Without questions, the weighted win rate of the other deals.
    rest = (weights @ won - weights * won) / (weights.sum() - weights)
    assert table.at[0, "log_loss"] == pytest.approx(log_loss(won, rest, sample_weight=weights), abs=ROUNDING)
    best = table.loc[table["log_loss"].idxmin()]
    assert best["worse_by"] == 0
    np.testing.assert_allclose(table["worse_by"], table["log_loss"] - best["log_loss"], atol=ROUNDING)


def zone_by_hand(criteria: ql.Criteria) -> pd.Series:
    """Zone of each deal by the score it got from points that never saw it."""
    bands = criteria.bands.set_index("zone")
    score = criteria.tipping.scores["score"].clip(*criteria.score_range)
    below = score < bands.at["inside", "score_low"] - 0.5
    above = score > bands.at["inside", "score_high"] + 0.5
    return pd.Series(np.where(below, "below", np.where(above, "above", "inside")), index=score.index)


def test_zones_have_weighted_win_rates_and_plain_counts() -> None:
    deals = team()
    criteria = ql.refine_criteria(deals, replicates=2, zones=(0.08, 0.2))
    zone, bands = zone_by_hand(criteria), criteria.bands.set_index("zone")
    assert bands["n"].sum() == deals.n and bands["n"].gt(10).all()
    for name, mine in deals.weights.groupby(zone):
        won = deals.won[mine.index]
        assert bands.loc[name, ["n", "won"]].tolist() == [len(mine), won.sum()]
        share, n = np.average(won, weights=mine), mine.sum() ** 2 / (mine**2).sum()
        limits = proportion_confint(share * n, n, method="wilson")
        rated = bands.loc[name, ["win_rate", "win_rate_low", "win_rate_high"]].tolist()
        assert rated == pytest.approx([share, *limits], abs=ROUNDING)
        assert share < won.mean() - 0.02
    assert "by weight (" in criteria_to_markdown(criteria)


def test_where_nothing_tips_the_probability_is_the_weighted_win_rate() -> None:
    deals = team("none")
    criteria = ql.refine_criteria(deals, replicates=2)
    assert criteria.tipping.verdict == "none"
    rate = np.average(deals.won, weights=deals.weights)
    for table in (criteria.probabilities, criteria.tipping.curve):
        assert table["probability"].to_numpy() == pytest.approx(rate)
        assert (table["low"] < rate).all() and (rate < table["high"]).all()


def test_accounts_widen_the_intervals_of_zones() -> None:
    """Every deal twice is as many deals again and tells nothing more, once accounts say so."""
    found = ql.simulate_deals(150, rng=11)
    frame = pd.concat([found.frame, found.frame], ignore_index=True)
    frame["Account"] = [f"Account {k}" for k in np.tile(np.arange(len(found.frame)), 2)]
    frame[found.survey.columns.deal] = [f"D{k}" for k in range(len(frame))]
    columns = replace(found.survey.columns, account="Account")
    deals = ql.read_deals(frame, replace(found.survey, columns=columns))
    bands = ql.refine_criteria(deals, replicates=2).bands
    for row in bands[bands["n"] > 0].itertuples():
        limits = proportion_confint(row.won / 2, row.n / 2, method="wilson")
        assert (row.win_rate_low, row.win_rate_high) == pytest.approx(limits, abs=ROUNDING)
