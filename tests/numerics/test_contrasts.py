"""Average differences in probability: statsmodels, numerical slopes, simulation, Tukey's range."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.special import expit
from scipy.stats import norm, studentized_range

from qualify.numerics.contrasts import Average, average_probability, contrast, largest_contrast
from qualify.numerics.logistic import LogisticFit, fit_logistic

# Both fits run to working precision; statsmodels differentiates by formula too.
WORKING = 1e-7
# 20,000 draws put a 95 % quantile of about 3 within half a percent; two standard errors are asked for.
DRAWN = 0.015


@pytest.fixture(scope="module")
def data() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    X = np.column_stack([np.ones(300), rng.normal(size=300), rng.random(300) < 0.4, rng.random(300) < 0.3])
    y = (rng.random(300) < expit(X @ [-0.5, 0.8, 0.9, -0.6])).astype(float)
    return X, y


@pytest.fixture(scope="module")
def fit(data: tuple[np.ndarray, np.ndarray]) -> LogisticFit:
    return fit_logistic(*data)


@pytest.mark.parametrize("column", [2, 3])
def test_contrast_is_statsmodels_average_effect(
    data: tuple[np.ndarray, np.ndarray], fit: LogisticFit, column: int
) -> None:
    """The discrete change of a 0/1 column averaged over these deals, with its delta-method interval."""
    X, y = data
    effect = sm.Logit(y, X).fit(disp=False, tol=1e-12).get_margeff(at="overall", dummy=True)
    ends = [average_probability(X, fit.beta, np.ones(300), [column], [value]) for value in (0.0, 1.0)]
    found = contrast(*(fixed(end) for end in ends), fit.covariance, level=0.9)
    assert found.difference == pytest.approx(effect.margeff[column - 1], abs=WORKING)
    np.testing.assert_allclose([found.low, found.high], effect.conf_int(0.1)[column - 1], atol=WORKING)


def fixed(average: Average) -> Average:
    """The same over these rows alone, which are then no sample."""
    return replace(average, each=np.zeros_like(average.each))


def test_rows_are_a_sample_too(data: tuple[np.ndarray, np.ndarray], fit: LogisticFit) -> None:
    """With known coefficients the average differs between samples of rows by its standard error, no more."""
    X, rng = data[0], np.random.default_rng(4)
    ends = [expit(np.where(np.arange(4) == 2, value, X) @ fit.beta) for value in (0.0, 1.0)]
    drawn = (ends[1] - ends[0])[rng.integers(300, size=(20_000, 300))].mean(axis=1)
    averages = [average_probability(X, fit.beta, np.ones(300), [2], [value]) for value in (0.0, 1.0)]
    found = contrast(*averages, np.zeros((4, 4)), level=0.95)
    # 20,000 draws know a standard deviation to half a per cent.
    assert (found.high - found.low) / 2 == pytest.approx(norm.ppf(0.975) * drawn.std(), rel=0.02)
    pair = largest_contrast(averages, np.zeros((4, 4)), level=0.95, rng=np.random.default_rng(0))
    assert pair.high - pair.low == pytest.approx(found.high - found.low, rel=DRAWN)


def test_gradient_is_the_slope_of_the_average(data: tuple[np.ndarray, np.ndarray], fit: LogisticFit) -> None:
    X, weights = data[0], np.random.default_rng(1).random(300)
    found = average_probability(X, fit.beta, weights, [1, 3], [0.7, 1.0])
    held = X.copy()
    held[:, 1], held[:, 3] = 0.7, 1.0
    assert found.probability == pytest.approx(np.average(expit(held @ fit.beta), weights=weights), abs=1e-14)
    for j in range(4):
        step = np.zeros(4)
        step[j] = 1e-5
        up, down = (np.average(expit(held @ (fit.beta + s)), weights=weights) for s in (step, -step))
        assert found.gradient[j] == pytest.approx((up - down) / 2e-5, abs=1e-9)  # central differences


def test_interval_covers_what_estimates_do(data: tuple[np.ndarray, np.ndarray], fit: LogisticFit) -> None:
    """The contrast's spread over draws of coefficients from their normal distribution."""
    X = data[0]
    draws = np.random.default_rng(2).multivariate_normal(fit.beta, fit.covariance, 4000)
    ends = [np.where(np.arange(4) == 2, value, X) for value in (0.0, 1.0)]
    drawn = expit(ends[1] @ draws.T).mean(axis=0) - expit(ends[0] @ draws.T).mean(axis=0)
    averages = [average_probability(X, fit.beta, np.ones(300), [2], [value]) for value in (0.0, 1.0)]
    found = contrast(*(fixed(one) for one in averages), fit.covariance, level=0.95)
    half = norm.ppf(0.975) * drawn.std()
    assert (found.high - found.low) / 2 == pytest.approx(
        half, rel=0.04
    )  # 4,000 draws, and a curve not a line


def test_the_input_is_left_alone_and_limits_stay_within_one(data: tuple[np.ndarray, np.ndarray]) -> None:
    X = data[0].copy()
    averages = [average_probability(X, np.array([0.0, 3, 0, 0]), np.ones(300), [1], [v]) for v in (-9.0, 9.0)]
    np.testing.assert_array_equal(X, data[0])
    wide = contrast(*averages, 1e4 * np.eye(4), level=0.95)
    assert wide.difference == pytest.approx(1, abs=1e-9) and wide.high == 1 and wide.low >= -1
    turned = contrast(*averages[::-1], 1e4 * np.eye(4), level=0.95)
    assert turned.difference == -wide.difference and turned.low == -1


def balanced(k: int) -> list[Average]:
    """Averages of k independent groups of equal variance."""
    return [Average(probability=0.3 + 0.02 * i, gradient=np.eye(k)[i], each=np.zeros(1)) for i in range(k)]


@pytest.mark.parametrize("k", [2, 3, 6])
@pytest.mark.parametrize("level", [0.8, 0.95])
def test_largest_contrast_has_tukeys_width(k: int, level: float) -> None:
    """For equal and independent averages the largest studentised difference is the range over √2."""
    found = largest_contrast(balanced(k), 1e-4 * np.eye(k), level=level, rng=np.random.default_rng(1))
    assert found.difference == pytest.approx(0.02 * (k - 1), abs=1e-12)
    width = (found.high - found.low) / 2 / (np.sqrt(2) * 1e-2)
    assert width == pytest.approx(studentized_range.ppf(level, k, np.inf) / np.sqrt(2), rel=DRAWN)


def test_picking_is_paid_for_only_where_there_is_a_choice() -> None:
    pair = largest_contrast(balanced(2), 1e-4 * np.eye(2), level=0.95, rng=np.random.default_rng(0))
    plain = contrast(*balanced(2), 1e-4 * np.eye(2), level=0.95)
    assert pair.high - pair.low == pytest.approx(plain.high - plain.low, rel=DRAWN)
    # Three averages that move as one have one difference of any size: no more is paid than for two.
    tied = [
        Average(probability=p, gradient=np.array(g), each=np.zeros(1))
        for p, g in ((0.2, [1.0, 0.0]), (0.3, [0.0, 1.0]), (0.3, [0.0, 1.0]))
    ]
    alike = largest_contrast(tied, 1e-4 * np.eye(2), level=0.95, rng=np.random.default_rng(0))
    assert alike.high - alike.low == pytest.approx(plain.high - plain.low, rel=DRAWN)


def test_simultaneous_limits_hold_for_all_pairs_at_once() -> None:
    """Coverage by simulation: correlated estimates of five equal averages, largest minus smallest."""
    rng = np.random.default_rng(7)
    A = rng.normal(size=(5, 5))
    covariance = 1e-4 * (A @ A.T + np.eye(5))
    covered = 0
    for estimate in rng.multivariate_normal(np.full(5, 0.4), covariance, 200):
        averages = [
            Average(probability=float(p), gradient=g, each=np.zeros(1))
            for p, g in zip(estimate, np.eye(5), strict=True)
        ]
        found = largest_contrast(averages, covariance, level=0.9, rng=np.random.default_rng(0))
        covered += found.low <= 0
    assert covered / 200 >= 0.86  # 0.90 less two standard errors of 200 trials
