"""New deals with weights, which are so many deals, and with accounts, whose deals may end alike."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from recalibration_quarters import in_use, past, quarter_frame
from scipy.special import expit
from scipy.stats import norm

import qualify as ql
from qualify.deals.resampling_units import in_order
from qualify.monitoring.closed_testing import compare_updates
from qualify.monitoring.held_deals import HeldDeals, hold
from qualify.monitoring.tables import gates_now, new_performance
from qualify.numerics.rates import lowest_rate

LEVEL = 0.95


def held(frame: pd.DataFrame, **roles: str | None) -> HeldDeals:
    survey = past().survey
    columns = replace(survey.columns, **{"account": None, **roles})
    return hold(in_use(), in_order(ql.read_deals(frame, replace(survey, columns=columns)))[0])


def twice(frame: pd.DataFrame) -> pd.DataFrame:
    """Every deal once more, as another one of the same account."""
    accounts = frame.assign(Account=frame["Deal"])
    again = accounts.assign(Deal="again " + frame["Deal"])
    return pd.concat([accounts, again], ignore_index=True)


def estimates(of: HeldDeals) -> np.ndarray:
    return new_performance(of, expit(of.log_odds), LEVEL)["estimate"].to_numpy()


def test_performance_counts_a_deal_as_often_as_its_weight() -> None:
    frame = quarter_frame(120)
    weight = np.random.default_rng(0).integers(1, 4, len(frame))
    copies = frame.loc[frame.index.repeat(weight)].reset_index(drop=True)
    copies["Deal"] = [f"copy {k}" for k in range(len(copies))]
    weighted = estimates(held(frame.assign(Weight=weight), weight="Weight"))
    np.testing.assert_allclose(weighted, estimates(held(copies)), rtol=1e-12)
    assert (np.abs(weighted - estimates(held(frame))) > 1e-4).all()


def test_performance_of_accounts_that_end_alike_is_no_surer() -> None:
    """Only few accounts are allowed for besides, by I / (I - 1) of both sides."""
    frame = quarter_frame(120)
    single = held(frame)
    double = held(twice(frame), account="Account")
    one = new_performance(single, expit(single.log_odds), LEVEL).set_index("metric")
    two = new_performance(double, expit(double.log_odds), LEVEL).set_index("metric")
    np.testing.assert_allclose(two, one, rtol=1e-9)


def test_updates_are_compared_on_weighted_losses_by_account() -> None:
    frame = twice(quarter_frame(80))
    frame["Weight"] = np.random.default_rng(1).integers(1, 4, len(frame))
    deals = held(frame, weight="Weight", account="Account")
    compared = compare_updates(deals, None, LEVEL, np.random.default_rng(0))
    weights, losses = deals.sample.weights, compared.losses
    accounts = pd.Series(deals.sample.unit)
    for k in range(3):
        row: Any = compared.table.iloc[k]
        assert row["log_loss"] == pytest.approx((weights * losses[k]).sum() / weights.sum())
        away = losses[k] - losses[0]
        mean = (weights * away).sum() / weights.sum()
        by_account = pd.Series(weights * (away - mean)).groupby(accounts).sum()
        half = norm.ppf(0.975) * np.sqrt((by_account**2).sum()) / weights.sum()
        np.testing.assert_allclose(
            [row["worse_by"], row["worse_low"], row["worse_high"]],
            [mean, mean - half, mean + half],
            atol=1e-12,
        )


def test_a_gate_is_not_refuted_by_deals_of_the_same_account() -> None:
    frame = quarter_frame(200)
    single, double = held(frame), held(twice(frame), account="Account")
    won, n = _given_and_won(single)
    limit = (lowest_rate(won / n, n, 0.05) + lowest_rate(won / n, 2 * n, 0.05)) / 2
    gate = {"characteristic": "Competitor present", "answer": "Yes", "low": np.nan, "high": np.nan}
    criteria: Any = SimpleNamespace(gates=pd.DataFrame([gate | {"win_rate_high": limit}]))
    independent = held(twice(frame))
    assert [gates_now(criteria, deals, LEVEL)["holds"].item() for deals in (single, double, independent)] == [
        True,
        True,
        False,
    ]
    assert gates_now(criteria, double, LEVEL)["n"].item() == 2 * n  # deals shown stay deals


def _given_and_won(deals: HeldDeals) -> tuple[int, int]:
    given = deals.deals.answers["Competitor present"].eq("Yes").to_numpy()
    return int(deals.sample.outcome[given].sum()), int(given.sum())
