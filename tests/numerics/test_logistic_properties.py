"""What must hold of any logistic regression: weights, order, units, offsets; and how it stops on bad data."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import expit

from qualify.numerics.logistic import (
    LogisticFit,
    Problem,
    fit_logistic,
    flic_intercept,
    profile_interval,
    ratio_test,
    separating_direction,
)

# Two fits of one likelihood run to 1e-9 standard errors; the order of sums differs.
SAME = 1e-8
# A limit where twice the drop is right to 1e-10.
SAME_LIMIT = 1e-7

Penalty = Literal["none", "firth"]
penalties = pytest.mark.parametrize("penalty", ["none", "firth"])


@pytest.fixture(scope="module")
def columns() -> np.ndarray:
    rng = np.random.default_rng(5)
    return np.column_stack(
        [np.ones(70), rng.standard_normal(70), rng.random(70) < 0.3, rng.integers(0, 5, 70)]
    )


@pytest.fixture(scope="module")
def outcome(columns: np.ndarray) -> np.ndarray:
    rng = np.random.default_rng(6)
    return (rng.random(70) < expit(columns @ [-1.0, 0.8, 0.5, 0.2])).astype(float)


def assert_same(first: LogisticFit, second: LogisticFit) -> None:
    """Coefficients, covariance, test and limits of two fits that must agree."""
    assert first.converged and second.converged
    np.testing.assert_allclose(first.beta, second.beta, rtol=SAME, atol=SAME)
    np.testing.assert_allclose(first.covariance, second.covariance, rtol=SAME, atol=SAME)
    assert first.loglik == pytest.approx(second.loglik, rel=SAME)
    assert ratio_test(first, [1, 2]).chi2 == pytest.approx(ratio_test(second, [1, 2]).chi2, rel=SAME)
    np.testing.assert_allclose(profile_interval(first, 2), profile_interval(second, 2), rtol=SAME_LIMIT)


@penalties
def test_doubled_rows_are_rows_of_weight_two(
    columns: np.ndarray, outcome: np.ndarray, penalty: Penalty
) -> None:
    weights = np.random.default_rng(1).integers(0, 4, 70)
    repeated = fit_logistic(columns.repeat(weights, axis=0), outcome.repeat(weights), penalty=penalty)
    assert_same(fit_logistic(columns, outcome, penalty=penalty, weights=weights.astype(float)), repeated)


@penalties
def test_grouped_rows_with_shares_are_single_rows(outcome: np.ndarray, penalty: Penalty) -> None:
    rng = np.random.default_rng(2)
    cells = np.column_stack([np.ones(12), np.arange(12) % 4, np.arange(12) // 4])
    cell = rng.integers(0, 12, 70)
    trials = np.bincount(cell, minlength=12).astype(float)
    share = np.bincount(cell, weights=outcome, minlength=12) / np.maximum(trials, 1)
    grouped = fit_logistic(cells, share, penalty=penalty, weights=trials)
    assert_same(grouped, fit_logistic(cells[cell], outcome, penalty=penalty))


@penalties
def test_order_of_rows_and_columns_changes_nothing(
    columns: np.ndarray, outcome: np.ndarray, penalty: Penalty
) -> None:
    plain = fit_logistic(columns, outcome, penalty=penalty)
    rows = np.random.default_rng(3).permutation(70)
    assert_same(fit_logistic(columns[rows], outcome[rows], penalty=penalty), plain)
    order = np.array([0, 3, 1, 2])
    turned = fit_logistic(columns[:, order], outcome, penalty=penalty)
    np.testing.assert_allclose(turned.beta, plain.beta[order], rtol=SAME, atol=SAME)
    np.testing.assert_allclose(
        turned.covariance, plain.covariance[np.ix_(order, order)], rtol=SAME, atol=SAME
    )


@penalties
def test_lost_for_won_turns_the_signs(columns: np.ndarray, outcome: np.ndarray, penalty: Penalty) -> None:
    plain, turned = (fit_logistic(columns, y, penalty=penalty) for y in (outcome, 1 - outcome))
    np.testing.assert_allclose(turned.beta, -plain.beta, rtol=SAME, atol=SAME)
    np.testing.assert_allclose(
        profile_interval(turned, 1), -np.array(profile_interval(plain, 1))[::-1], rtol=SAME_LIMIT
    )


@penalties
@pytest.mark.parametrize(
    ("factor", "shift"), [(1e-6, 0.0), (1e-3, 2.0), (-4.0, 7.0), (1e4, 0.0), (1.0, 2025.0)]
)
def test_units_of_a_column_change_only_its_coefficient(
    columns: np.ndarray, outcome: np.ndarray, penalty: Penalty, factor: float, shift: float
) -> None:
    """A column told in millions or in millionths, or as a year, is the same column."""
    plain = fit_logistic(columns, outcome, penalty=penalty)
    told = columns.copy()
    told[:, 1] = factor * (columns[:, 1] + shift)
    other = fit_logistic(told, outcome, penalty=penalty)
    assert other.converged
    # A column 2025 from zero with a spread of 1 leaves half the digits to Firth's determinant.
    tolerance = 1e-5 if shift > 100 else SAME
    assert other.beta[1] * factor == pytest.approx(plain.beta[1], rel=tolerance)
    np.testing.assert_allclose(other.beta[2:], plain.beta[2:], rtol=tolerance)
    limits = sorted(factor * end for end in profile_interval(other, 1))
    np.testing.assert_allclose(limits, profile_interval(plain, 1), rtol=tolerance)
    # Firth's log determinant shifts by a constant, which a ratio test does not see.
    assert ratio_test(other, [1]).chi2 == pytest.approx(ratio_test(plain, [1]).chi2, rel=tolerance)


def test_what_is_in_the_offset_need_not_be_fitted(columns: np.ndarray, outcome: np.ndarray) -> None:
    plain = fit_logistic(columns, outcome)
    part = columns[:, [1, 3]] @ plain.beta[[1, 3]]
    rest = fit_logistic(columns[:, [0, 2]], outcome, offset=part)
    np.testing.assert_allclose(rest.beta, plain.beta[[0, 2]], rtol=SAME)
    shifted = fit_logistic(columns, outcome, offset=columns @ np.array([0.3, -1.0, 0.2, 0.1]))
    np.testing.assert_allclose(shifted.beta, plain.beta - [0.3, -1.0, 0.2, 0.1], rtol=SAME, atol=SAME)
    assert shifted.loglik == pytest.approx(plain.loglik, abs=SAME)


def test_firth_of_two_groups_adds_half_a_deal_to_each_cell() -> None:
    """The saturated 2 × 2 table has a closed form."""
    won, lost = np.array([0.0, 9.0]), np.array([5.0, 2.0])
    X = np.array([[1.0, 0.0], [1.0, 1.0]])
    fit = fit_logistic(X, won / (won + lost), weights=won + lost, penalty="firth")
    log_odds = np.log((won + 0.5) / (lost + 0.5))
    np.testing.assert_allclose(X @ fit.beta, log_odds, rtol=SAME)


def test_flic_makes_the_mean_prediction_the_win_rate(columns: np.ndarray, outcome: np.ndarray) -> None:
    weights = np.random.default_rng(1).integers(1, 4, 70).astype(float)
    fit = fit_logistic(columns, outcome, penalty="firth", weights=weights)
    chance = expit(flic_intercept(fit) + columns[:, 1:] @ fit.beta[1:])
    assert weights @ chance == pytest.approx(weights @ outcome, rel=SAME)
    assert abs(weights @ expit(columns @ fit.beta) - weights @ outcome) > 0.1  # which plain Firth does not


# Data that cannot be fitted ------------------------------------------------------------------


def test_separation_is_named_with_its_direction(real_data: Path) -> None:
    """R's detectseparation: the estimate of NV is infinite, the others are not."""
    frame = pd.read_csv(real_data / "endometrial" / "endometrial.csv")
    X = np.column_stack([np.ones(79), frame[["NV", "PI", "EH"]]])
    fit = fit_logistic(X, frame["HG"].to_numpy())
    assert fit.failure == "separated" and not fit.converged
    direction = separating_direction(fit.problem)
    assert direction is not None
    np.testing.assert_allclose(direction, [0, 1, 0, 0], atol=1e-9)  # a vertex of the linear program
    np.testing.assert_allclose(fit.beta[[0, 2, 3]], [4.30452, -0.04218, -2.90261], atol=0.5e-5)


def test_limits_beside_a_separated_column(real_data: Path) -> None:
    """With NV at infinity its deals say nothing: the others are as in a fit without them."""
    frame = pd.read_csv(real_data / "endometrial" / "endometrial.csv")
    X, y = np.column_stack([np.ones(79), frame[["NV", "PI", "EH"]]]), frame["HG"].to_numpy()
    fit, without = fit_logistic(X, y), fit_logistic(X[X[:, 1] == 0][:, [0, 2, 3]], y[X[:, 1] == 0])
    for j, k in ((0, 0), (2, 1), (3, 2)):
        np.testing.assert_allclose(profile_interval(fit, j), profile_interval(without, k), rtol=SAME_LIMIT)
    low, high = profile_interval(fit, 1)
    assert high == np.inf
    held = fit_logistic(X[:, [0, 2, 3]], y, offset=low * X[:, 1])
    assert 2 * (without.loglik - held.loglik) == pytest.approx(3.841458820694124, abs=1e-8)


def test_every_kind_of_separation_is_named() -> None:
    x = np.arange(12.0)
    X = np.column_stack([np.ones(12), x])
    quasi = np.column_stack([np.ones(12), np.minimum(x, 6)])
    assert fit_logistic(X, x > 5).failure == "separated"
    assert fit_logistic(quasi, (x > 6) | (x == 11)).failure == "separated"
    assert fit_logistic(X, np.ones(12)).failure == "separated"
    assert fit_logistic(X, np.zeros(12)).failure == "separated"
    assert fit_logistic(X, x > 5, weights=np.linspace(0.1, 3, 12)).failure == "separated"
    for y in (x > 5, np.ones(12)):
        firth = fit_logistic(X, y, penalty="firth")
        assert firth.converged and np.isfinite([firth.beta, *firth.covariance]).all()


@pytest.mark.parametrize("gap", [1e-1, 1e-3, 1e-5])
def test_nearly_separated_is_not_separated(gap: float) -> None:
    """One win among the losses, closer and closer to the border: a finite maximum exists."""
    x = np.concatenate([np.linspace(-3, -1, 20), [0.0, -gap], np.linspace(1, 3, 20)])
    y = np.concatenate([np.zeros(21), np.ones(21)])
    fit = fit_logistic(np.column_stack([np.ones(42), x]), y)
    assert fit.failure != "separated"
    assert (
        fit_logistic(np.column_stack([np.ones(42), x]), np.arange(42) > 20.5, weights=np.ones(42)).beta[1] > 0
    )


def test_rows_that_hold_both_outcomes_do_not_separate() -> None:
    """Steep counts of successes, none of them 0 or all: log-odds over 12 and yet a maximum."""
    X = np.column_stack([np.ones(3), [0.0, 1.0, 2.0]])
    fit = fit_logistic(X, np.array([1e-6, 0.5, 1 - 1e-6]), weights=np.full(3, 1e6))
    assert fit.converged
    assert fit.beta[1] == pytest.approx(np.log(1e6 - 1), rel=SAME)


@penalties
def test_columns_that_make_up_another_are_singular(
    columns: np.ndarray, outcome: np.ndarray, penalty: Penalty
) -> None:
    for extra in (columns[:, 1] + 2 * columns[:, 3], np.zeros(70), np.full(70, 3.0), columns[:, 2]):
        fit = fit_logistic(np.column_stack([columns, extra]), outcome, penalty=penalty)
        assert fit.failure == "singular"
        assert np.isnan(profile_interval(fit, 1)).all() or not fit.converged
    # Both singular and separated: no direction would help.
    twins = columns[:, [0, 1, 1]]
    assert fit_logistic(twins, columns[:, 1] > 0, penalty=penalty).failure == "singular"
    # A level that weights of zero emptied.
    weights = (columns[:, 2] == 0).astype(float)
    assert fit_logistic(columns, outcome, penalty=penalty, weights=weights).failure == "singular"


small = st.integers(1, 9).flatmap(
    lambda n: st.integers(0, 3).flatmap(
        lambda p: st.tuples(
            arrays(np.float64, (n, p), elements=st.sampled_from([-2.0, 0.0, 0.5, 1.0, 3.0, 200.0])),
            arrays(np.float64, n, elements=st.sampled_from([0.0, 0.25, 1.0])),
            arrays(np.float64, n, elements=st.sampled_from([0.0, 1.0, 2.0, 50.0])),
        )
    )
)


@given(data=small, penalty=st.sampled_from(["none", "firth"]))
@settings(max_examples=200, deadline=None)
def test_no_data_make_it_raise(data: tuple[np.ndarray, np.ndarray, np.ndarray], penalty: Penalty) -> None:
    """Any small design ends in a fit, with no slope left, or a named failure (warnings are errors)."""
    X, y, weights = np.column_stack([np.ones(len(data[0])), data[0]]), data[1], data[2]
    fit = fit_logistic(X, y, penalty=penalty, weights=weights)
    assert fit.failure in {"", "separated", "singular", "iterations"}
    assert np.isfinite(fit.beta).all() and fit.beta.shape == (X.shape[1],)
    if fit.converged:
        assert np.isfinite(fit.covariance).all()
        better = fit_logistic(X, y, penalty=penalty, weights=weights, offset=X @ fit.beta)
        step = better.beta / np.sqrt(np.diag(fit.covariance))
        assert np.abs(step).max() < 1e-4  # in standard errors: it was the maximum
        if fit.iterations < 20:  # profiles of slow fits are slow
            low, high = profile_interval(fit, X.shape[1] - 1)
            assert not low > fit.beta[-1] and not high < fit.beta[-1]
        test = ratio_test(fit, [X.shape[1] - 1])
        assert np.isnan(test.p_value) or 0 <= test.p_value <= 1
    if fit.failure == "separated":
        assert penalty == "none"
        assert rises_along(fit.problem, separating_direction(fit.problem))


def rises_along(problem: Problem, direction: np.ndarray | None) -> bool:
    """Whether each won deal's log-odds rise and each lost deal's fall along a direction, or stay."""
    assert direction is not None
    change = problem.design @ direction
    scale = 1e-6 * np.abs(problem.design).max()  # the linear program's own feasibility
    used = problem.weights > 0
    won, lost = change[used & (problem.outcome > 0)], change[used & (problem.outcome < 1)]
    return bool(np.all(won >= -scale) and np.all(lost <= scale) and np.abs(change[used]).max() > 0)


@penalties
@pytest.mark.parametrize("rare", [0, 40])
def test_many_rows_start_from_a_few_and_end_where_all_would(penalty: Penalty, rare: int) -> None:
    """With a rare column the few rows may say nothing of it."""
    rng = np.random.default_rng(4)
    X = np.column_stack([np.ones(120_000), rng.standard_normal(120_000), np.arange(120_000) < rare])
    X = X if rare else X[:, :2]
    y = rng.random(120_000) < expit(X @ [-1.0, 0.7, 0.5][: X.shape[1]])
    near = fit_logistic(X, y, penalty=penalty)
    zero = fit_logistic(X, y, penalty=penalty, start=np.zeros(X.shape[1]))
    assert near.converged and (rare or near.iterations < zero.iterations)
    np.testing.assert_allclose(near.beta, zero.beta, rtol=SAME, atol=SAME)
    assert near.loglik == pytest.approx(zero.loglik, rel=1e-12)
