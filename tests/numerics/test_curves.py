"""Curves of the win rate: statsmodels, R, scipy from many starts; scores that decide or say nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from kernels import from_python
from scipy.optimize import minimize
from scipy.special import expit

from qualify.numerics.curves import (
    FLAT,
    LEAST_CLIMB,
    LN9,
    LOGISTIC,
    PLATEAU,
    SEPARATED,
    Curve,
    choose_curve,
    count_zones,
    fit_logistic_curve,
    fit_plateau_curve,
    line_up,
    moments,
    plateau_at,
    plateau_curve,
    probability,
    signed_root,
    summarised,
)

(plateau_at,) = from_python(plateau_at)

# Newton's method to working precision on both sides.
NEWTON = 1e-8
# A climb that gains less than 1e-10 of log-likelihood is over; near a flat top that is this much.
LOGLIK = 1e-6
# Where the slope stands at its bound the climb is slow: this much log-likelihood short decides nothing.
NEARLY = 0.15
# R's optim (BFGS, relative 1e-14) on plogis-transformed floor and ceiling, each parameter on its own scale.
OPTIM = 2e-4


def drawn(seed: int, n: int, floor: float, ceiling: float, slope: float) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    score = np.round(rng.normal(5.0, 2.0, n), 1)
    chance = floor + (ceiling - floor) * expit(slope * (score - 5.0))
    return score, (rng.random(n) < chance).astype(float)


def plain_loglik(score: np.ndarray, y: np.ndarray, w: np.ndarray, theta: np.ndarray) -> float:
    """Floor, ceiling, intercept, slope."""
    p = np.clip(theta[0] + (theta[1] - theta[0]) * expit(theta[2] + theta[3] * score), 1e-12, 1 - 1e-12)
    return float(np.sum(w * (y * np.log(p) + (1 - y) * np.log(1 - p))))


def plain_plateau(score: np.ndarray, y: np.ndarray, w: np.ndarray) -> tuple[float, np.ndarray]:
    """Best of 12 starts of L-BFGS-B within the same bounds; the score standardised."""
    mean, spread = np.average(score, weights=w), np.sqrt(np.cov(score, aweights=w, ddof=0))
    x = (score - mean) / spread
    best, where = -np.inf, np.zeros(4)
    for floor in (0.02, 0.25):
        for ceiling in (0.98, 0.75, 0.5):
            for slope in (1.0, 4.0):
                found = minimize(
                    lambda t: -plain_loglik(x, y, w, t),
                    [floor, ceiling, 0.0, slope],
                    method="L-BFGS-B",
                    bounds=[(0, 0.95), (0.05, 1), (None, None), (1e-3, 200)],
                    options={"ftol": 1e-14, "gtol": 1e-8, "maxiter": 500},
                )
                if -found.fun > best and found.x[1] - found.x[0] >= LEAST_CLIMB:
                    best, where = -found.fun, found.x
    return best, np.array([where[0], where[1], where[2] - where[3] * mean / spread, where[3] / spread])


# Logistic ------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_logistic_curve_equals_statsmodels(seed: int) -> None:
    score, y = drawn(seed, 200, 0.0, 1.0, 0.8)
    w = np.random.default_rng(seed).integers(0, 4, 200).astype(float)
    curve = fit_logistic_curve(score, y, w)
    peer = sm.GLM(y, sm.add_constant(score), family=sm.families.Binomial(), freq_weights=w).fit(tol=1e-13)
    assert curve.kind == LOGISTIC and (curve.floor, curve.ceiling) == (0.0, 1.0)
    np.testing.assert_allclose([curve.intercept, curve.slope], peer.params, rtol=NEWTON)
    assert curve.loglik == pytest.approx(peer.llf, abs=NEWTON)
    np.testing.assert_allclose(probability(curve, score), peer.fittedvalues, rtol=NEWTON)


@given(seed=st.integers(0, 10_000), tail=st.sampled_from([1.0, 3.0, 10.0]), n=st.integers(5, 60))
@settings(max_examples=200, deadline=None)
def test_logistic_curve_has_no_slope_left(seed: int, tail: float, n: int) -> None:
    """Heavy tails, few deals, nearly decided scores: the score equations hold."""
    rng = np.random.default_rng(seed)
    score = np.sign(rng.standard_normal(n)) * rng.random(n) ** tail * 10**tail
    y = (rng.random(n) < expit(score / score.std())).astype(float)
    curve = fit_logistic_curve(score, y, np.ones(n))
    assert np.isfinite(curve).all()
    if curve.kind == LOGISTIC and 0 < y.mean() < 1 and abs(curve.slope) * score.std() < 50:
        p = expit(curve.intercept + curve.slope * score)
        X = np.column_stack([np.ones(n), score])
        gradient, information = X.T @ (y - p), X.T @ (X * (p * (1 - p))[:, None])
        assert gradient @ np.linalg.pinv(information) @ gradient < 1e-10


def test_a_constant_score_is_flat_at_the_win_rate() -> None:
    y, w = np.array([1.0, 0, 0, 1, 0]), np.array([1.0, 2, 3, 1, 1])
    curve = fit_logistic_curve(np.full(5, 3.7), y, w)
    assert curve.kind == FLAT and curve.slope == 0
    assert probability(curve, np.array([0.0]))[0] == pytest.approx(2 / 8, rel=NEWTON)
    assert curve.loglik == pytest.approx(2 * np.log(2 / 8) + 6 * np.log(6 / 8), rel=NEWTON)
    assert signed_root(np.full(5, 3.7), y, w) == 0


def test_a_deciding_score_has_the_gap_for_its_band() -> None:
    score = np.array([1.0, 2.0, 3.0, 7.0, 8.0, 100.0])
    curve = fit_logistic_curve(score, np.array([0.0, 0, 0, 1, 1, 1]), np.ones(6))
    assert curve.kind == SEPARATED and curve.loglik == 0
    np.testing.assert_allclose(np.array([-LN9, LN9]) / curve.slope - curve.intercept / curve.slope, [3, 7])
    np.testing.assert_allclose(probability(curve, np.array([3.0, 5.0, 7.0])), [0.1, 0.5, 0.9])
    # A deal without weight in the gap does not fill it, one with weight does.
    more, y = np.r_[score, 5.0, 4.0], np.array([0.0, 0, 0, 1, 1, 1, 0, 1])
    assert fit_logistic_curve(more, y, np.r_[np.ones(6), 0, 0]).slope == pytest.approx(curve.slope)
    assert fit_logistic_curve(more, y, np.ones(8)).kind == LOGISTIC
    assert choose_curve(score, y[:6], np.ones(6), 0.0).kind == SEPARATED


def test_a_reversed_score_has_a_negative_slope() -> None:
    score, y = drawn(1, 200, 0.0, 1.0, 0.8)
    up, down = (fit_logistic_curve(s, y, np.ones(200)) for s in (score, -score))
    assert down.slope == pytest.approx(-up.slope, rel=NEWTON)
    assert signed_root(-score, y, np.ones(200)) == pytest.approx(
        -signed_root(score, y, np.ones(200)), rel=NEWTON
    )
    assert choose_curve(-score, y, np.ones(200), -1.0).kind == LOGISTIC  # no plateau downhill
    # Decided the wrong way round: no band, and no overflow on the way.
    wrong = fit_logistic_curve(np.arange(10.0), (np.arange(10) < 5).astype(float), np.ones(10))
    assert wrong.kind == LOGISTIC and wrong.slope < 0 and wrong.loglik > -1e-3


def test_signed_root_is_the_likelihood_ratio() -> None:
    score, y = drawn(3, 150, 0.0, 1.0, 0.4)
    w = np.random.default_rng(0).integers(1, 3, 150).astype(float)
    glm = sm.GLM(y, sm.add_constant(score), family=sm.families.Binomial(), freq_weights=w).fit(tol=1e-13)
    assert signed_root(score, y, w) ** 2 == pytest.approx(glm.null_deviance - glm.deviance, abs=1e-7)


# Plateau -------------------------------------------------------------------------------------

SHAPES = [
    (0.0, 1.0, 0.8),
    (0.15, 0.9, 1.5),
    (0.3, 0.6, 1.0),
    (0.02, 0.5, 3.0),
    (0.4, 1.0, 0.6),
    (0.2, 0.8, 8.0),
]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("seed", range(2))
def test_plateau_is_as_likely_as_the_best_of_many_starts(
    shape: tuple[float, float, float], seed: int
) -> None:
    score, y = drawn(seed, 400, *shape)
    w = np.random.default_rng(seed).integers(0, 3, 400).astype(float)
    logistic = fit_logistic_curve(score, y, w)
    curve = fit_plateau_curve(score, y, w, logistic)
    best, _ = plain_plateau(score, y, w)
    assert curve.kind == PLATEAU
    assert curve.loglik >= best - NEARLY
    assert curve.loglik >= logistic.loglik
    assert 0 <= curve.floor <= curve.ceiling - LEAST_CLIMB + 1e-12 and curve.ceiling <= 1 and curve.slope > 0
    there = np.array([curve.floor, curve.ceiling, curve.intercept, curve.slope])
    assert curve.loglik == pytest.approx(plain_loglik(score, y, w, there), abs=LOGLIK)


@pytest.mark.parametrize("seed", range(4))
def test_plateau_stands_on_a_top(seed: int) -> None:
    """A simplex search from where it stands, with floor and ceiling between their bounds, gains nothing."""
    score, y = drawn(seed, 600, 0.15, 0.85, 1.5)
    curve = fit_plateau_curve(score, y, np.ones(600), fit_logistic_curve(score, y, np.ones(600)))
    assert 0.01 < curve.floor < curve.ceiling < 0.99 and curve.slope * score.std() < 50
    found = minimize(
        lambda t: -plain_loglik(score, y, np.ones(600), t),
        [curve.floor, curve.ceiling, curve.intercept, curve.slope],
        method="Nelder-Mead",
        options={"xatol": 1e-8, "fatol": 1e-10, "maxiter": 4000, "maxfev": 4000},
    )
    assert -found.fun <= curve.loglik + LOGLIK


@pytest.fixture(params=[500, 5000])
def five_questions(
    request: pytest.FixtureRequest,
    simulated_deals: Callable[[int], pd.DataFrame],
    golden: Callable[[str], dict[str, Any]],
) -> tuple[Curve, dict[str, float]]:
    """The sum of the first five answers, and R's four-parameter fit."""
    frame = simulated_deals(request.param)
    score = frame[[f"q{q:02d}" for q in range(1, 6)]].sum(axis=1).to_numpy(float)
    y, w = frame["won"].to_numpy(float), np.ones(len(frame))
    curve = fit_plateau_curve(score, y, w, fit_logistic_curve(score, y, w))
    return curve, golden("thresholds")[f"deals{request.param}_4PL_tot5"]


def test_plateau_equals_the_four_parameters_of_r(five_questions: tuple[Curve, dict[str, float]]) -> None:
    """R's floor and ceiling cannot reach 0 and 1, so its likelihood is at best as good; here they can."""
    curve, r = five_questions
    assert curve.loglik >= r["logLik"] - 1e-9
    assert curve.loglik == pytest.approx(r["logLik"], abs=1e-4)
    assert curve.floor == pytest.approx(r["lo"], abs=OPTIM)
    assert curve.ceiling == pytest.approx(r["hi"], abs=OPTIM)
    assert -curve.intercept / curve.slope == pytest.approx(r["ed50mid"], rel=OPTIM)
    assert curve.slope == pytest.approx(r["slope"], rel=OPTIM)
    assert curve.loglik >= r["logLik_2PL"] - 1e-9


def test_plateau_is_chosen_by_its_likelihood_ratio() -> None:
    score, y = drawn(2, 600, 0.1, 0.6, 3.0)
    w = np.ones(600)
    logistic = fit_logistic_curve(score, y, w)
    ratio = 2 * (fit_plateau_curve(score, y, w, logistic).loglik - logistic.loglik)
    assert ratio > 10
    assert choose_curve(score, y, w, ratio - 1e-6).kind == PLATEAU
    assert choose_curve(score, y, w, ratio + 1e-6).kind == LOGISTIC


def test_doubled_deals_are_deals_of_weight_two() -> None:
    score, y = drawn(5, 150, 0.1, 0.8, 2.0)
    w = np.random.default_rng(5).integers(0, 3, 150)
    long, heavy = (score.repeat(w), y.repeat(w), np.ones(w.sum())), (score, y, w.astype(float))
    for critical in (-1.0, 1e9):
        np.testing.assert_allclose(choose_curve(*heavy, critical), choose_curve(*long, critical), rtol=1e-5)


def test_unit_and_place_of_the_score_do_not_matter() -> None:
    score, y = drawn(6, 300, 0.15, 0.9, 2.0)
    w = np.ones(300)
    plain = choose_curve(score, y, w, -1.0)
    for factor, shift in ((1e6, 0.0), (1e-6, 0.0), (1.0, 1e4)):
        other = choose_curve(factor * score + shift, y, w, -1.0)
        assert other.loglik == pytest.approx(plain.loglik, abs=LOGLIK)
        np.testing.assert_allclose(
            probability(other, factor * score + shift), probability(plain, score), atol=1e-4
        )


@given(
    seed=st.integers(0, 10_000),
    n=st.integers(2, 40),
    distinct=st.integers(1, 6),
    scale=st.sampled_from([1e-3, 1.0, 1e5]),
)
@settings(max_examples=200, deadline=None)
def test_no_scores_overflow(seed: int, n: int, distinct: int, scale: float) -> None:
    """Ties, few deals, outcomes all alike: every curve is finite and every probability lies in [0, 1]."""
    rng = np.random.default_rng(seed)
    score = scale * rng.integers(0, distinct, n).astype(float)
    y, w = (rng.random(n) < rng.random()).astype(float), rng.integers(0, 3, n).astype(float)
    w[0] = 1.0
    curve = choose_curve(score, y, w, 0.0)
    assert np.isfinite(curve).all() and curve.loglik <= 1e-9
    chance = probability(curve, np.r_[score, -1e9, 1e9])
    assert np.all((chance >= 0) & (chance <= 1))


def test_loglik_and_moments_and_zones() -> None:
    rng = np.random.default_rng(0)
    score, y, w = rng.normal(size=50), (rng.random(50) < 0.5).astype(float), rng.random(50)
    curve = Curve(PLATEAU, 0.1, 0.8, 0.3, 1.7, 0.0)
    fitted, gradient, _ = plateau_at(line_up(score, y, w), curve)
    assert fitted.loglik == pytest.approx(plain_loglik(score, y, w, np.array(curve[1:5])))
    for j, at in enumerate((3, 4, 1, 2)):  # intercept, slope, floor, ceiling
        step = np.zeros(4)
        step[at - 1] = 1e-6
        up, down = (plain_loglik(score, y, w, np.array(curve[1:5]) + sign * step) for sign in (1, -1))
        assert gradient[j] == pytest.approx((up - down) / 2e-6, rel=1e-6)
    mean, spread = moments(score, w)
    assert mean == pytest.approx(np.average(score, weights=w))
    assert spread**2 == pytest.approx(np.cov(score, aweights=w, ddof=0))
    zones = count_zones(score, y, w, -0.5, 0.5)
    inside = (score >= -0.5) & (score <= 0.5)
    for row, part in zip(zones, (score < -0.5, inside, score > 0.5), strict=True):
        np.testing.assert_allclose(row, [w[part].sum(), (w * y)[part].sum()])


@pytest.mark.parametrize("slope", [1.3, 40.0])
def test_very_many_deals_are_put_together_without_a_trace(slope: float) -> None:
    """Against the fit to every single deal."""
    rng = np.random.default_rng(3)
    score = rng.normal(size=60_000)
    y = (rng.random(score.size) < 0.1 + 0.7 * expit(slope * (score - 0.4))).astype(float)
    w = rng.integers(0, 3, score.size).astype(float)
    logistic = fit_logistic_curve(score, y, w)
    binned, single = fit_plateau_curve(score, y, w, logistic), plateau_curve(score, y, w, logistic)
    # 4,096 bins are no wider than a hundredth of what 60,000 deals can tell apart.
    np.testing.assert_allclose(binned[1:5], single[1:5], rtol=0.02, atol=0.002)
    assert summarised(score, y, w)[2].sum() == pytest.approx(w.sum())


@pytest.mark.parametrize("n", [20_000, 20_001])
def test_one_odd_score_among_very_many_changes_little(n: int) -> None:
    rng = np.random.default_rng(1)
    score = rng.normal(50, 10, n)
    y = (rng.random(n) < expit(0.2 * (score - 50))).astype(float)
    score[0], y[0] = 1e4, 1.0
    assert fit_logistic_curve(score, y, np.ones(n)).slope == pytest.approx(0.2, abs=0.01)


def test_scores_that_decide_are_not_put_together() -> None:
    score = np.linspace(-1, 1, 30_001)
    curve = fit_logistic_curve(score, (score > 0.5).astype(float), np.ones(score.size))
    assert curve.kind == SEPARATED and -curve.intercept / curve.slope == pytest.approx(0.5, abs=1e-4)
