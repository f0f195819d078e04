"""AUC and Brier score of weighted deals and of accounts: scikit-learn, statsmodels, jackknife, truth."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm
from sklearn.metrics import brier_score_loss, roc_auc_score

from qualify.numerics.metrics import (
    auc,
    auc_interval,
    auc_variance,
    brier_interval,
    effective_number,
    mean_with_error,
    paired_difference,
)

# Sums of a few hundred products in another order.
ROUNDING = 1e-12


def drawn(seed: int, accounts: int, largest: int = 4) -> tuple[np.ndarray, ...]:
    """Scores with ties, outcomes, weights and accounts of deals; those of one account score and end alike."""
    rng = np.random.default_rng(seed)
    unit = np.repeat(np.arange(accounts), rng.integers(1, largest + 1, accounts))
    outcome = np.where(rng.random(unit.size) < 0.5, rng.random(accounts)[unit], rng.random(unit.size)) < 0.4
    outcome[:2] = True, False
    score = np.round(rng.normal(size=accounts)[unit] + rng.normal(size=unit.size) + outcome, 1)
    return score, outcome.astype(float), rng.lognormal(0, 0.7, unit.size), unit


@given(seed=st.integers(0, 10_000), accounts=st.integers(4, 40))
@settings(max_examples=60, deadline=None)
def test_a_weighted_auc_is_scikit_learns_and_the_share_of_weighted_pairs(seed: int, accounts: int) -> None:
    score, outcome, weights, _ = drawn(seed, accounts)
    found = auc(score, outcome, weights)
    assert found == pytest.approx(roc_auc_score(outcome, score, sample_weight=weights), abs=ROUNDING)
    won, lost = outcome == 1, outcome == 0
    pairs = (score[won][:, None] > score[lost]) + 0.5 * (score[won][:, None] == score[lost])
    assert found == pytest.approx(
        np.average(pairs, weights=np.outer(weights[won], weights[lost])), abs=ROUNDING
    )


def test_a_deal_of_weight_two_is_two_deals() -> None:
    score, outcome, _, _ = drawn(1, 80)
    times = 1 + np.arange(score.size) % 3
    again = np.repeat(np.arange(score.size), times)
    chance = norm.cdf(score)
    assert auc(score, outcome, times.astype(float)) == pytest.approx(
        auc(score[again], outcome[again]), abs=ROUNDING
    )
    weighted = brier_interval(chance, outcome, weights=times.astype(float)).value
    assert weighted == pytest.approx(brier_score_loss(outcome[again], chance[again]), abs=ROUNDING)
    # Two deals of weight one in one account are as sure as one deal of weight two.
    twice = auc_variance(score[again], outcome[again], unit=again)
    assert twice == pytest.approx(auc_variance(score, outcome, times.astype(float)), rel=1e-9)


def test_equal_weights_and_accounts_of_one_deal_change_nothing() -> None:
    score, outcome, _, _ = drawn(2, 60)
    alone, seven = np.arange(score.size), np.full(score.size, 7.0)
    for measure in (auc_interval, brier_interval):
        given_score = norm.cdf(score)
        plain = measure(given_score, outcome)
        for found in (
            measure(given_score, outcome, weights=seven),
            measure(given_score, outcome, weights=seven, unit=alone[::-1].copy()),
        ):
            for part in ("value", "low", "high"):
                assert getattr(found, part) == pytest.approx(getattr(plain, part), abs=ROUNDING)


@given(seed=st.integers(0, 10_000), accounts=st.integers(6, 30))
@settings(max_examples=40, deadline=None)
def test_the_variance_of_accounts_is_obuchowskis_account_by_account(seed: int, accounts: int) -> None:
    score, outcome, weights, unit = drawn(seed, accounts)
    won, lost, value = outcome == 1, outcome == 0, auc(score, outcome, weights)
    first, second = np.zeros(accounts), np.zeros(accounts)
    for i in range(score.size):
        other = lost if won[i] else won
        sign = 1 if won[i] else -1
        right = (sign * score[i] > sign * score[other]) + 0.5 * (score[i] == score[other])
        away = weights[i] * (np.average(right, weights=weights[other]) - value)
        (first if won[i] else second)[unit[i]] += away / weights[won if won[i] else lost].sum()
    with_won, with_lost = np.unique(unit[won]).size, np.unique(unit[lost]).size
    found = auc_variance(score, outcome, weights, unit)
    if min(with_won, with_lost) == 1:
        assert np.isnan(found)
        return
    by_hand = with_won / (with_won - 1) * (first**2).sum() + with_lost / (with_lost - 1) * (second**2).sum()
    by_hand += 2 * accounts / (accounts - 1) * (first * second).sum()
    assert found == pytest.approx(by_hand, abs=ROUNDING)


def test_errors_are_near_those_of_the_jackknife_by_account() -> None:
    """Leaving out one account after the other knows nothing of components."""
    score, outcome, weights, unit = drawn(3, 250)
    chance = norm.cdf(score)
    values = []
    for account in range(250):
        rest = unit != account
        squares = (chance[rest] - outcome[rest]) ** 2
        values.append(
            (auc(score[rest], outcome[rest], weights[rest]), np.average(squares, weights=weights[rest]))
        )
    errors = np.sqrt(249 / 250 * ((np.array(values) - np.mean(values, axis=0)) ** 2).sum(axis=0))
    assert np.sqrt(auc_variance(score, outcome, weights, unit)) == pytest.approx(errors[0], rel=0.03)
    found = brier_interval(chance, outcome, weights=weights, unit=unit)
    assert (found.high - found.value) / norm.ppf(0.975) == pytest.approx(errors[1], rel=0.03)
    # Taken as single deals they would seem surer than they are.
    assert np.sqrt(auc_variance(score, outcome, weights)) < 0.95 * errors[0]


def test_means_of_accounts_have_the_errors_of_a_clustered_regression() -> None:
    score, outcome, weights, unit = drawn(4, 40)
    chance = norm.cdf(score)
    squares = (chance - outcome) ** 2
    fit = sm.WLS(squares, np.ones(squares.size), weights=weights).fit(
        cov_type="cluster", cov_kwds={"groups": unit}
    )
    found = brier_interval(chance, outcome, level=0.9, weights=weights, unit=unit)
    assert found.value == pytest.approx(fit.params[0], abs=ROUNDING)
    assert (found.high - found.value) / norm.ppf(0.95) == pytest.approx(fit.bse[0], rel=1e-9)
    mean, error = mean_with_error(squares, unit, weights)
    assert error * np.sqrt(40 / 39) == pytest.approx(fit.bse[0], rel=1e-9)
    low, high = mean - norm.ppf(0.975) * error, mean + norm.ppf(0.975) * error
    assert paired_difference(squares, 0 * squares, unit, 0.95, weights) == pytest.approx((mean, low, high))


def test_a_perfect_auc_of_few_accounts_is_less_sure() -> None:
    outcome = np.r_[np.ones(30), np.zeros(60)]
    unit = np.r_[np.arange(30) // 5, 100 + np.arange(60)]
    z2 = norm.ppf(0.975) ** 2
    assert auc_interval(outcome, outcome).low == pytest.approx(30 / (30 + z2))
    assert auc_interval(outcome, outcome, unit=unit).low == pytest.approx(6 / (6 + z2))


def test_effective_numbers_of_special_cases() -> None:
    weights, unit = np.array([1.0, 1, 2, 4]), np.array([0, 0, 1, 2])
    assert effective_number(np.full(4, 3.0), np.arange(4), 0.0) == 4
    assert effective_number(weights, unit, 0.0) == pytest.approx(64 / 22)  # Kish
    assert effective_number(np.ones(6), np.array([0, 0, 0, 1, 1, 1]), 1.0) == 2
    # One plus (m − 1) times the correlation, for accounts of one size.
    assert effective_number(np.ones(6), np.array([0, 0, 0, 1, 1, 1]), 0.3) == pytest.approx(6 / (1 + 2 * 0.3))
    assert effective_number(np.zeros(0), np.zeros(0, dtype=np.int64), 0.0) == 0


def coverage(runs: int, seed: int) -> tuple[float, float]:
    """How often intervals of the AUC cover: with accounts, and with deals taken as independent."""
    rng = np.random.default_rng(seed)
    # Apart by 1.2; the account's part and the deal's own have variance 1 each.
    truth, covered = norm.cdf(1.2 / np.sqrt(2 * 2)), np.zeros(2)
    for _ in range(runs):
        unit = np.repeat(np.arange(80), rng.integers(1, 8, 80))
        whole = rng.random(80)[unit]
        outcome = (np.where(rng.random(80)[unit] < 0.7, whole, rng.random(unit.size)) < 0.4).astype(float)
        score = 1.2 * outcome + rng.normal(size=80)[unit] + rng.normal(size=unit.size)
        weights = rng.lognormal(0, 0.5, unit.size)
        for k, units in enumerate((unit, np.arange(unit.size))):
            found = auc_interval(score, outcome, weights=weights, unit=units)
            covered[k] += found.low <= truth <= found.high
    by_account, alone = covered / runs
    return by_account, alone


def test_intervals_of_accounts_cover_and_those_of_single_deals_do_not() -> None:
    by_account, alone = coverage(400, 5)
    assert by_account > 0.95 - 3 * np.sqrt(0.95 * 0.05 / 400) - 0.01
    assert alone < 0.88


@pytest.mark.slow
def test_intervals_of_accounts_cover_closely() -> None:
    by_account, _ = coverage(8_000, 6)
    assert 0.93 < by_account < 0.965
