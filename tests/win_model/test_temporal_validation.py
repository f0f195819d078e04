"""Later quarters: foretold from all before and nothing else, by hand; where there are none, it is said."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

import qualify as ql
from qualify.deals.resampling_units import sample_of
from qualify.numerics.performance import MEASURES
from qualify.numerics.procedures import Recipe
from qualify.win_model.temporal_validation import (
    ALL_LATER,
    COLUMNS,
    Forecast,
    later_periods,
    temporal_table,
    within_periods,
)
from qualify.win_model.validation import Validation, validate

QUICK = 40


@pytest.fixture(scope="module")
def simulated() -> ql.SimulatedDeals:
    return ql.simulate_deals(300, rng=2)


@pytest.fixture(scope="module")
def deals(simulated: ql.SimulatedDeals) -> ql.Deals:
    return ql.read_deals(simulated.frame, simulated.survey)


@pytest.fixture(scope="module")
def check(deals: ql.Deals) -> Validation:
    return validate(deals, replicates=QUICK)


def without(deals: ql.Deals, *columns: str) -> ql.Deals:
    return dataclasses.replace(deals, closed=deals.closed.drop(columns=list(columns)))


def test_later_quarters_are_foretold_from_all_before(deals: ql.Deals, check: Validation) -> None:
    table = check.temporal
    assert list(table.columns) == COLUMNS
    assert all(tuple(rows["metric"]) == MEASURES for _, rows in table.groupby("period"))
    quarter = deals.closed["close_date"].dt.to_period("Q")
    *later, last = table["period"].unique()
    assert last == ALL_LATER
    for period in later:
        rows = table[table["period"] == period].set_index("metric")
        first, *_, end = period.split(" to ") * 2
        before, inside = (
            quarter < pd.Period(first),
            (quarter >= pd.Period(first)) & (quarter <= pd.Period(end)),
        )
        model = ql.fit_win_model(deals.subset(before))
        chance = model.predict(deals.subset(inside))
        won = deals.won[inside]
        auc = rows.loc["auc"]
        assert (auc["learned_from"], auc["n"], auc["won"]) == (before.sum(), inside.sum(), won.sum())
        assert auc["estimate"] == pytest.approx(roc_auc_score(won, chance), abs=0.02)
        assert auc["ci_low"] < auc["estimate"] < auc["ci_high"]
        assert min(won.sum(), (~won).sum()) >= 10 and before.sum() >= 150
    together = table[table["period"] == last].iloc[0]
    each = table[(table["period"] != last) & (table["metric"] == "auc")]
    pairs = each["won"] * (each["n"] - each["won"])
    assert together["estimate"] == pytest.approx((pairs * each["estimate"]).sum() / pairs.sum())
    assert together["ci_low"] < together["estimate"] < together["ci_high"]
    assert together["n"] == sum(table[table["period"] == period]["n"].iloc[0] for period in later)


def test_without_dates_the_table_is_empty_and_a_note_says_why(deals: ql.Deals, check: Validation) -> None:
    blank = deals.closed.assign(close_date=pd.NaT)
    for undated in (without(deals, "close_date"), dataclasses.replace(deals, closed=blank)):
        found = validate(undated, replicates=2)
        assert found.temporal.empty and "No close dates" in found.notes[0]
        assert list(found.temporal.dtypes) == list(check.temporal.dtypes)


def test_pairs_of_different_periods_are_not_compared() -> None:
    score = np.array([0.0, 1.0, 5.0, 4.0, 7.0])
    won, period = np.array([0.0, 1.0, 0.0, 1.0, 1.0]), np.array([1, 1, 2, 2, 2])
    assert within_periods(score, won, np.ones(5), period) == pytest.approx(2 / 3)
    assert within_periods(score, won, np.array([2.0, 2, 1, 1, 1]), period) == pytest.approx(5 / 6)
    assert np.isnan(within_periods(score[:1], won[:1], np.ones(1), period[:1]))


def test_a_model_that_tells_nothing_has_no_interval_of_its_auc() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": ["x", "y"] * 100, "outcome": np.repeat(["won", "lost"], 100)})
    frame["Closed"] = pd.Timestamp("2023-02-01")
    frame.loc[rng.permutation(200)[:90], "Closed"] = pd.Timestamp("2023-05-01")
    survey = ql.infer_survey(frame.drop(columns="Closed"), outcome="outcome")
    deals = ql.read_deals(frame, survey)
    dated = dataclasses.replace(deals, closed=deals.closed.assign(close_date=frame["Closed"].to_numpy()))
    period, _, _ = later_periods(dated)
    sample, _ = sample_of(dated)
    # No answer is given often enough to be told from the others.
    how = Forecast(sample, Recipe(1000.0, False, 0, 0), 20, 0.95, rng)
    auc = temporal_table(dated, how)[0].query("metric == 'auc'").iloc[0]
    assert (period > 0).sum() == 90 and auc["estimate"] == 0.5
    assert np.isnan(auc["ci_low"]) and np.isnan(auc["ci_high"])


def test_deals_of_one_quarter_have_no_later_one(deals: ql.Deals) -> None:
    together = deals.closed.assign(close_date=pd.Timestamp("2024-05-01"))
    period, labels, why = later_periods(dataclasses.replace(deals, closed=together))
    assert (period == -1).all() and not labels and "Too few quarters" in why


def test_a_last_quarter_with_few_deals_joins_the_one_before(deals: ql.Deals) -> None:
    dates = pd.Series(pd.Timestamp("2023-02-01"), index=deals.closed.index)
    dates.iloc[200:292], dates.iloc[292:] = pd.Timestamp("2023-05-01"), pd.Timestamp("2023-11-01")
    dates.iloc[:3] = pd.NaT
    period, labels, _ = later_periods(
        dataclasses.replace(deals, closed=deals.closed.assign(close_date=dates))
    )
    assert labels == ["2023Q2 to 2023Q4"]
    assert period.tolist() == [-1] * 3 + [0] * 197 + [1] * 100
