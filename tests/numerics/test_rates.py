"""Win rates of weighted deals and of accounts: statsmodels, SciPy, pairs one by one, a known truth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta, binomtest
from statsmodels.stats.proportion import proportion_confint

from qualify.numerics.coding import Items
from qualify.numerics.metrics import effective_number
from qualify.numerics.rates import (
    alike_within_units,
    behind_wilson,
    highest_rate,
    lowest_rate,
    rates_of,
    weighted_rate,
    wilson,
)
from qualify.numerics.resampling import Sample


def deals_of(won: np.ndarray, weights: np.ndarray | None = None, unit: np.ndarray | None = None) -> Sample:
    alone = np.arange(won.size) if unit is None else unit
    counted = np.ones(won.size) if weights is None else weights
    return Sample(Items(*[None] * 5), won.astype(float), counted, alone, alone)  # type: ignore[arg-type]


def test_rates_of_single_deals_of_equal_weight_are_plain_with_wilsons_interval() -> None:
    rng = np.random.default_rng(0)
    won, part = rng.random(200) < 0.3, rng.integers(0, 4, 200)
    for level in (0.8, 0.95):
        groups = [part == k for k in range(4)]
        for group, found in zip(
            groups, rates_of(deals_of(won, np.full(200, 3.0)), groups, level), strict=True
        ):
            wins, n = int(won[group].sum()), int(group.sum())
            assert (found.n, found.won) == (n, wins)
            limits = proportion_confint(wins, n, alpha=1 - level, method="wilson")
            assert found[2:] == pytest.approx((wins / n, *limits), abs=1e-12)


def test_weights_move_the_rate_and_widen_its_interval() -> None:
    won, weights = np.array([1, 1, 0, 0, 0, 0]), np.array([3.0, 1, 1, 1, 2, 2])
    (found,) = rates_of(deals_of(won, weights), [np.ones(6, dtype=bool)], 0.95)
    assert (found.n, found.won, found.rate) == (6, 2, pytest.approx(0.4))
    # Six deals of these weights tell as much as a hundred twentieths, which is five.
    limits = proportion_confint(0.4 * 5, 5, method="wilson")
    assert found[3:] == pytest.approx(limits)
    assert effective_number(weights, np.arange(6), 0.0) == pytest.approx(5)


def test_accounts_that_end_alike_count_once() -> None:
    unit = np.arange(60) // 4
    won = (unit % 3 == 0).astype(float)
    (found,) = rates_of(deals_of(won, unit=unit), [np.ones(60, dtype=bool)], 0.95)
    assert (found.n, found.won) == (60, 20)
    assert found[3:] == pytest.approx(proportion_confint(5, 15, method="wilson"))


@given(seed=st.integers(0, 10_000))
@settings(max_examples=40, deadline=None)
def test_likeness_is_that_of_pairs_of_one_account_in_one_group(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 40))
    won, weights = (rng.random(n) < 0.5).astype(float), rng.lognormal(0, 1, n)
    unit, part = rng.integers(0, 8, n), rng.integers(0, 3, n)
    sample = deals_of(won, weights, unit)
    together, possible = 0.0, 0.0
    for i in range(n):
        for j in range(i):
            if unit[i] == unit[j] and part[i] == part[j]:
                here = part == part[i]
                rate = np.average(won[here], weights=weights[here])
                together += weights[i] * weights[j] * (won[i] - rate) * (won[j] - rate)
                possible += weights[i] * weights[j] * rate * (1 - rate)
    expected = np.clip(together / possible, 0, 1) if possible > 1e-9 else 0.0
    found = alike_within_units(sample, [part == k for k in range(3)])
    if possible > 1e-9:
        assert found == pytest.approx(expected, abs=1e-9)


def test_a_group_that_was_lost_throughout_learns_from_the_others_how_alike_accounts_are() -> None:
    unit, part = np.arange(120) // 3, np.repeat([0, 1], 60)
    won = np.where(part == 0, 0.0, (unit % 2 == 0).astype(float))
    lost, _ = rates_of(deals_of(won, unit=unit), [part == 0, part == 1], 0.95)
    assert lost.n == 60 and lost.rate == 0
    assert lost.high == pytest.approx(proportion_confint(0, 20, method="wilson")[1])


def test_a_group_of_no_deals_has_no_rate() -> None:
    (found,) = rates_of(deals_of(np.ones(3)), [np.zeros(3, dtype=bool)], 0.95)
    assert (found.n, found.won) == (0, 0) and np.isnan(found[2:]).all()


def test_rounding_makes_no_rate_above_one() -> None:
    for seed in range(200):
        weights = np.random.default_rng(seed).random(50)
        sample = deals_of(np.ones(50), weights)
        assert weighted_rate(sample, np.ones(50, dtype=bool)) == pytest.approx(1)
        (found,) = rates_of(sample, [np.ones(50, dtype=bool)], 0.95)
        assert found.low < found.rate <= found.high <= 1


@pytest.mark.parametrize(("won", "n"), [(0, 30), (3, 47), (2.5, 18.25), (29, 30)])
def test_the_highest_rate_is_the_quantile_of_a_beta_distribution(won: float, n: float) -> None:
    found = highest_rate(won / n, n, 0.01)
    assert found == pytest.approx(beta.ppf(0.99, won + 1, n - won), rel=1e-9)
    # A two-sided interval of twice the error has the same upper end.
    assert found == pytest.approx(proportion_confint(won, n, alpha=0.02, method="beta")[1], rel=1e-9)


@pytest.mark.parametrize("n", [1, 7, 40])
def test_the_lowest_rate_is_where_the_exact_test_turns(n: int) -> None:
    for won in range(n + 1):
        lowest = lowest_rate(won / n, n, 0.05)
        if won == 0:
            assert lowest == 0.0
            continue
        for limit, refuted in ((lowest - 1e-6, True), (lowest + 1e-6, False)):
            exact = binomtest(won, n, limit, alternative="greater").pvalue
            assert (exact <= 0.05) == refuted
    assert lowest_rate(np.nan, 0.0, 0.05) == 0.0


def test_nothing_limits_the_rate_of_none_or_of_all() -> None:
    assert highest_rate(np.nan, 0.0, 0.05) == highest_rate(1.0, 40.0, 0.05) == 1.0


@given(share=st.floats(0, 1), n=st.floats(1, 1e5), level=st.sampled_from([0.8, 0.95, 0.99]))
@settings(max_examples=200, deadline=None)
def test_limits_tell_how_many_deals_are_behind_them(share: float, n: float, level: float) -> None:
    assert behind_wilson(share, *wilson(share, n, level), level) == pytest.approx(n, rel=1e-6)


def test_limits_that_say_nothing_have_no_deals_behind_them() -> None:
    assert behind_wilson(np.nan, np.nan, np.nan, 0.95) == behind_wilson(0.5, 0.0, 1.0, 0.95) == 0


def covered(runs: int, seed: int) -> tuple[float, float]:
    """How often the interval covers 0.25, and how often it would without weights and accounts in it."""
    rng, hits = np.random.default_rng(seed), np.zeros(2)
    for _ in range(runs):
        unit = np.repeat(np.arange(60), rng.integers(1, 7, 60))
        alike = rng.random(60)[unit] < 0.5
        won = np.where(alike, rng.random(60)[unit], rng.random(unit.size)) < 0.25
        sample = deals_of(won, rng.lognormal(0, 0.5, unit.size), unit)
        whole = [np.ones(unit.size, dtype=bool)]
        (found,) = rates_of(sample, whole, 0.95)
        plain = wilson(found.rate, found.n, 0.95)
        hits += [found.low <= 0.25 <= found.high, plain[0] <= 0.25 <= plain[1]]
    honest, taken_plainly = hits / runs
    return honest, taken_plainly


def test_intervals_of_weighted_accounts_cover() -> None:
    """About as often as promised: how alike outcomes of sixty accounts are is itself estimated."""
    honest, plain = covered(1_000, 1)
    assert 0.9 < honest < 0.975
    assert plain < 0.8
