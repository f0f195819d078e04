"""Measures of performance: scikit-learn, statsmodels, R's rms, plain formulas; weights, ties, dead ends."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score
from statsmodels.nonparametric.smoothers_lowess import lowess

from qualify.numerics.calibration import BINS, SPAN, calibration_curve
from qualify.numerics.performance import MEASURES, REFIT_INTERCEPT, SLOPE_ERROR, measure, measure_each

Golden = Callable[[str], dict[str, Any]]
Vector = NDArray[np.float64]
CLOSE = 1e-9
# What putting neighbours together into 100 bins may move the ICI by, in probability.
BINNED = 1e-3


def drawn(n: int, seed: int, *, distinct: int | None = None) -> tuple[Vector, Vector]:
    """Log-odds that are somewhat off, and outcomes; few distinct log-odds where asked for."""
    rng = np.random.default_rng(seed)
    eta = rng.normal(rng.normal(), rng.uniform(0.3, 3.0), n)
    if distinct is not None:
        eta = np.linspace(-2, 3, distinct)[rng.integers(distinct, size=n)]
    chance = expit(rng.uniform(0.4, 1.4) * eta + rng.normal(0, 0.5))
    outcome = (rng.random(n) < chance).astype(float)
    outcome[:4] = [0, 1, 0, 1]
    return eta, outcome


def refitted(eta: Vector, outcome: Vector, weights: Vector) -> tuple[float, float, float]:
    """Calibration intercept, refit intercept and slope by statsmodels."""
    family = sm.families.Binomial()
    one = np.ones(eta.size)
    offset = sm.GLM(outcome, one, family, offset=eta, freq_weights=weights).fit(tol=1e-14)
    line = sm.GLM(outcome, sm.add_constant(eta), family, freq_weights=weights).fit(tol=1e-14)
    return offset.params[0], line.params[0], line.params[1]


def by_others(eta: Vector, outcome: Vector, weights: Vector) -> dict[str, float]:
    chance, rate = expit(eta), np.average(outcome, weights=weights)
    intercept, refit, slope = refitted(eta, outcome, weights)
    brier = brier_score_loss(outcome, chance, sample_weight=weights)
    return {
        "auc": roc_auc_score(outcome, eta, sample_weight=weights),
        "brier": brier,
        "scaled_brier": 1 - brier / (rate * (1 - rate)),
        "log_loss": log_loss(outcome, chance, sample_weight=weights),
        "calibration_intercept": intercept,
        "calibration_slope": slope,
        "refit": refit,
    }


def smoothed(eta: Vector, outcome: Vector) -> Vector:
    """The calibration curve at each deal by statsmodels: Cleveland's lowess without robustness rounds."""
    needed = np.ceil(SPAN * eta.size)
    frac = (needed + 0.01) / eta.size
    return lowess(outcome, expit(eta), frac=frac, it=0, delta=0.0, return_sorted=False)


def local_linear(eta: Vector, outcome: Vector, weights: Vector, at: float) -> float:
    """The same at one place with weights, written out."""
    chance = expit(eta)
    away = np.abs(chance - at)
    order = np.argsort(away)
    enough = np.cumsum(weights[order]) >= SPAN * weights.sum() - 1e-9
    reach = away[order][np.argmax(enough)]
    near = np.where(away < reach, (1 - (away / reach) ** 3) ** 3, 0.0) * weights
    design = np.column_stack([np.ones(eta.size), chance - at])
    return float(np.linalg.solve(design.T @ (design * near[:, None]), design.T @ (near * outcome))[0])


@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
@pytest.mark.parametrize(("n", "distinct"), [(40, None), (300, None), (300, 7), (3000, None)])
@pytest.mark.parametrize("seed", range(3))
def test_every_measure_equals_an_independent_one(
    n: int, distinct: int | None, weighted: bool, seed: int
) -> None:
    eta, outcome = drawn(n, seed, distinct=distinct)
    weights = np.random.default_rng(seed).exponential(size=n) if weighted else np.ones(n)
    found = measure(eta, outcome, weights)
    expected = by_others(eta, outcome, weights)
    assert found[REFIT_INTERCEPT] == pytest.approx(expected.pop("refit"), abs=CLOSE)
    for name, value in expected.items():
        assert found[MEASURES.index(name)] == pytest.approx(value, abs=CLOSE), name


@pytest.mark.parametrize("seed", range(5))
def test_ici_and_curve_equal_lowess_where_every_deal_is_its_own_bin(seed: int) -> None:
    eta, outcome = drawn(BINS, seed)
    curve, chance = smoothed(eta, outcome), expit(eta)
    assert measure(eta, outcome, np.ones(BINS))[6] == pytest.approx(np.abs(curve - chance).mean(), abs=1e-12)
    mine = calibration_curve(eta, outcome, np.ones(BINS), chance)
    np.testing.assert_allclose(mine, np.clip(curve, 0, 1), atol=1e-12)


@pytest.mark.parametrize("n", [101, 500, 3000])
@pytest.mark.parametrize("seed", range(4))
def test_bins_move_the_ici_by_less_than_a_thousandth(n: int, seed: int) -> None:
    eta, outcome = drawn(n, seed)
    exact = np.abs(smoothed(eta, outcome) - expit(eta)).mean()
    assert measure(eta, outcome, np.ones(n))[6] == pytest.approx(exact, abs=BINNED)


@pytest.mark.parametrize("distinct", [None, 12])
def test_the_weighted_curve_written_out(distinct: int | None) -> None:
    eta, outcome = drawn(90, 4, distinct=distinct)
    weights = np.random.default_rng(1).exponential(size=90)
    grid = np.linspace(0.2, 0.8, 7)
    expected = [local_linear(eta, outcome, weights, at) for at in grid]
    np.testing.assert_allclose(calibration_curve(eta, outcome, weights, grid), expected, atol=1e-9)


@pytest.mark.parametrize("n", [60, 400])
def test_weight_two_is_a_doubled_row_and_weight_zero_none(n: int) -> None:
    eta, outcome = drawn(n, 3)
    times = np.random.default_rng(5).integers(0, 4, n)
    rows = np.repeat(np.arange(n), times)
    whole = measure(eta, outcome, times.astype(float))
    np.testing.assert_allclose(whole, measure(eta[rows], outcome[rows], np.ones(rows.size)), atol=1e-9)
    in_other_units = measure(eta, outcome, 7.5 * times)
    in_other_units[SLOPE_ERROR] *= np.sqrt(7.5)
    np.testing.assert_allclose(whole, in_other_units, atol=1e-9)


def test_deals_without_weight_in_one_row_do_not_matter_to_it() -> None:
    """Each row of weights leaves out other deals, some of them most: only sums take another order."""
    eta, outcome = drawn(900, 7)
    rng = np.random.default_rng(2)
    weights = np.stack([rng.integers(0, 3, 900), np.ones(900), rng.random(900) < 0.08]).astype(float)
    for row, together in zip(weights, measure_each(eta, outcome, weights), strict=True):
        np.testing.assert_allclose(together, measure(eta, outcome, row), rtol=1e-11, atol=1e-12)


def test_error_of_a_slope_of_one() -> None:
    """That of the fit to outcomes which the log-odds foretell rightly: the fit to the probabilities."""
    eta, outcome = drawn(200, 2)
    weights = np.random.default_rng(5).integers(1, 4, 200).astype(float)
    # Fitted to each deal's probability, a won and a lost row weighted by it, the slope is 1.
    rows, won = np.r_[eta, eta], np.r_[np.ones(200), np.zeros(200)]
    share = np.r_[weights * expit(eta), weights * expit(-eta)]
    fit = sm.GLM(won, sm.add_constant(rows), sm.families.Binomial(), freq_weights=share).fit(tol=1e-14)
    assert fit.params == pytest.approx([0, 1], abs=1e-9)
    assert measure(eta, outcome, weights)[SLOPE_ERROR] == pytest.approx(fit.bse[1], rel=1e-6)


def test_row_order_and_rows_of_weights_change_nothing() -> None:
    eta, outcome = drawn(250, 6, distinct=30)
    weights = np.random.default_rng(0).integers(0, 3, (3, 250)).astype(float)
    order = np.random.default_rng(1).permutation(250)
    found = measure_each(eta, outcome, weights)
    np.testing.assert_array_equal(found, measure_each(eta[order], outcome[order], weights[:, order]))
    for row, alone in zip(weights, found, strict=True):
        # Deals without weight in this row are left out, so that others stand in other places of the sums.
        np.testing.assert_allclose(measure(eta, outcome, row), alone, rtol=1e-12)


def test_turned_about_the_measures_are_the_same() -> None:
    """Log-odds of losing against lost deals: only the intercepts change their sign."""
    eta, outcome = drawn(300, 8)
    found, turned = measure(eta, outcome, np.ones(300)), measure(-eta, 1 - outcome, np.ones(300))
    signs = np.array([1, 1, 1, 1, -1, 1, 1, -1, 1])
    apart = np.abs(turned - signs * found)
    assert apart[6] < BINNED and np.delete(apart, 6).max() < 1e-9  # the bins begin at the other end


def test_sums_of_the_same_points_in_another_order_are_ties() -> None:
    one, other = 0.1 + 0.2 + 0.3, 0.3 + 0.2 + 0.1
    assert one != other
    eta, outcome = np.array([one, other, 2.0, 3.0]), np.array([0.0, 1.0, 0.0, 1.0])
    assert measure(eta, outcome, np.ones(4))[0] == (0.5 + 1 + 0 + 1) / 4


# R --------------------------------------------------------------------------------------------


def test_val_prob_of_the_birth_weight_model(real_data: Path, golden: Golden) -> None:
    r = golden("lrm_birthwt")
    outcome = pd.read_csv(real_data / "birthwt" / "birthwt.csv")["low"].to_numpy(float)
    found = measure(np.array(r["lp"]), outcome, np.ones(outcome.size))
    apparent = r["val_prob_apparent"]
    assert found[0] == pytest.approx(r["somers2_exact"]["C"], abs=1e-13)
    assert found[1] == pytest.approx(apparent["Brier"], abs=1e-13)
    assert found[2] == pytest.approx(r["scaled_brier"], abs=1e-7)  # of glm; the log-odds are lrm's
    assert found[3] == pytest.approx(-r["logLik"] / outcome.size, abs=1e-12)
    assert found[5] == pytest.approx(apparent["Slope"], abs=1e-6)  # lrm stops early
    assert found[REFIT_INTERCEPT] == pytest.approx(apparent["Intercept"], abs=1e-6)


def test_val_prob_and_recalibration_on_new_deals(golden: Golden) -> None:
    """Coefficients from 500 deals on 1,500 new ones: with the old log-odds as offset, and refitted."""
    r = golden("misc")
    new = pd.read_csv(Path(__file__).resolve().parent.parent / "golden" / "data" / "deals_new_1500.csv")
    intercept, *slopes = r["closed_testing"]["orig"].values()
    eta = intercept + new[[f"q{q:02d}" for q in range(1, 6)]].to_numpy(float) @ np.array(slopes)
    found = measure(eta, new["won"].to_numpy(float), np.ones(len(new)))
    external = r["val_prob_external"]
    assert found[0] == pytest.approx(external["C (ROC)"], abs=1e-5)  # lrm takes scores in bins
    assert found[1] == pytest.approx(external["Brier"], abs=1e-9)
    assert found[4] == pytest.approx(r["closed_testing"]["int"], abs=1e-8)
    assert found[5] == pytest.approx(external["Slope"], abs=1e-6)  # lrm stops early
    assert [found[7], found[5]] == pytest.approx(r["closed_testing"]["recal"], abs=1e-8)


# Dead ends ------------------------------------------------------------------------------------


@pytest.mark.parametrize("far", [1.0, 30.0, 800.0, 1e12])
def test_separated_deals_have_no_slope_and_all_else(far: float) -> None:
    outcome = np.r_[np.zeros(20), np.ones(15)]
    eta = np.where(outcome == 1, far, -far) + np.linspace(-0.1, 0.1, 35) * far
    found = measure(eta, outcome, np.ones(35))
    assert found[0] == 1.0 and np.isnan(found[[5, 7]]).all()
    assert np.isfinite(found[[1, 2, 3, 4, 6]]).all()
    wrong = measure(-eta, outcome, np.ones(35))
    assert wrong[0] == 0.0 and np.isnan(wrong[5]) and np.isfinite(wrong[[1, 2, 3, 4, 6]]).all()
    assert wrong[3] == pytest.approx(far, rel=0.4)


def test_overlap_in_a_single_score_is_separation_too() -> None:
    eta, outcome = np.array([-1.0, 0.0, 0.0, 1.0, 2.0]), np.array([0.0, 0.0, 1.0, 1.0, 1.0])
    found = measure(eta, outcome, np.ones(5))
    assert np.isnan(found[5]) and found[0] == pytest.approx(5.5 / 6)


def test_nearly_separated_deals_have_a_steep_slope() -> None:
    rng = np.random.default_rng(0)
    eta = rng.normal(0, 0.02, 2000)
    outcome = (rng.random(2000) < expit(200 * eta)).astype(float)
    found = measure(eta, outcome, np.ones(2000))
    assert found[5] == pytest.approx(refitted(eta, outcome, np.ones(2000))[2], rel=1e-8)


def test_a_constant_prediction_has_no_slope_and_ties_throughout() -> None:
    outcome = np.r_[np.zeros(30), np.ones(10)]
    found = measure(np.full(40, -1.0), outcome, np.ones(40))
    assert found[0] == 0.5 and np.isnan(found[5]) and found[SLOPE_ERROR] == np.inf
    assert found[4] == pytest.approx(np.log(1 / 3) + 1, abs=1e-9)
    assert found[6] == pytest.approx(abs(0.25 - expit(-1.0)), abs=1e-12)


@pytest.mark.parametrize("won", [0.0, 1.0])
def test_one_outcome_leaves_what_needs_no_other(won: float) -> None:
    eta, outcome = np.linspace(-1, 1, 10), np.full(10, won)
    found = measure(eta, outcome, np.ones(10))
    assert np.isnan(found[[0, 2, 4, 5, 7]]).all()
    assert found[1] == pytest.approx(np.mean((expit(eta) - won) ** 2))
    assert found[3] == pytest.approx(np.mean(np.logaddexp(0, eta) - won * eta))


@pytest.mark.parametrize("broken", [np.nan, np.inf, -np.inf])
def test_log_odds_that_are_no_numbers_have_no_measures(broken: float) -> None:
    eta = np.linspace(-1, 1, 10)
    eta[3] = broken
    assert np.isnan(measure(eta, np.arange(10) % 2.0, np.ones(10))).all()
    assert np.isnan(measure(np.zeros(2), np.arange(2.0), np.zeros(2))).all()
