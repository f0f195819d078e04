"""Crossings against MASS dose.p, R's Fieller and profile limits, and membership by brute force."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.special import expit, logit
from scipy.stats import chi2, norm

from qualify.numerics.crossing import CrossingInterval, fieller_crossing, find_crossing, profile_crossing
from qualify.numerics.logistic import LogisticFit, fit_logistic

Golden = Callable[[str], dict[str, Any]]

# R's glm ran to 1e-14 in the deviance; its covariance takes the weights of the last step but one (1.3e-8).
GLM = 3e-8
# uniroot of R stopped at 1e-10 in the score, on deviances good to about 1e-9.
UNIROOT = 1e-8
# A deviance that scipy minimised to 1e-9 in the slope is flat to well below this.
MINIMISED = 1e-7
# Membership is read off a grid; a point this near to an end may fall to either side.
GRID = 1e-6


def share_fit(dose: np.ndarray, died: np.ndarray, trials: np.ndarray) -> LogisticFit:
    return fit_logistic(
        np.column_stack([np.ones(dose.size), dose]), died / trials, weights=trials.astype(float)
    )


@pytest.fixture(scope="module")
def budworm(real_data: Path) -> pd.DataFrame:
    return pd.read_csv(real_data / "budworm" / "budworm.csv")


@pytest.fixture(
    scope="module",
    params=["budworm_male", "menarche", *(f"deals{n}_{t}" for n in (500, 5000) for t in ("tot12", "tot5"))],
)
def example(
    request: pytest.FixtureRequest, golden: Golden, simulated_deals: Callable[[int], pd.DataFrame]
) -> tuple[LogisticFit, dict[str, Any]]:
    """A fit, and what R found for it."""
    name = request.param
    if name == "budworm_male":
        frame = request.getfixturevalue("budworm")
        frame = frame[frame["sex"] == "M"]
        fit = share_fit(*(frame[column].to_numpy() for column in ("ldose", "numdead", "n")))
    elif name == "menarche":
        frame = pd.read_csv(request.getfixturevalue("r_inputs") / "menarche.csv")
        fit = share_fit(*(frame[column].to_numpy() for column in ("Age", "Menarche", "Total")))
    else:
        deals, questions = name.removeprefix("deals").split("_tot")
        frame = simulated_deals(int(deals))
        total = frame[[f"q{q:02d}" for q in range(1, int(questions) + 1)]].sum(axis=1)
        fit = fit_logistic(np.column_stack([np.ones(len(frame)), total]), frame["won"].to_numpy())
    return fit, golden("thresholds")[name]


def test_estimates_equal_dose_p(example: tuple[LogisticFit, dict[str, Any]]) -> None:
    fit, r = example
    found = [find_crossing(fit.beta, fit.covariance, p) for p in r["p"]]
    np.testing.assert_allclose([one.estimate for one in found], r["est"], rtol=GLM, atol=GLM)
    np.testing.assert_allclose([one.std_error for one in found], r["se_delta"], rtol=GLM)


def test_fieller_limits_equal_r(example: tuple[LogisticFit, dict[str, Any]]) -> None:
    fit, r = example
    found = [fieller_crossing(fit.beta, fit.covariance, p) for p in r["p"]]
    np.testing.assert_allclose([one.low for one in found], r["fieller_lo"], rtol=GLM, atol=GLM)
    np.testing.assert_allclose([one.high for one in found], r["fieller_hi"], rtol=GLM, atol=GLM)
    assert found[0].g == pytest.approx(r["g_fieller"], rel=2 * GLM)
    assert all(one.bounded and np.isnan(one.gap).all() for one in found)


def test_profile_limits_equal_r(example: tuple[LogisticFit, dict[str, Any]]) -> None:
    fit, r = example
    found = [profile_crossing(fit, p) for p in r["p"]]
    np.testing.assert_allclose([one.low for one in found], r["profile_lo"], rtol=UNIROOT, atol=UNIROOT)
    np.testing.assert_allclose([one.high for one in found], r["profile_hi"], rtol=UNIROOT, atol=UNIROOT)
    assert all(one.bounded and np.isnan(one.gap).all() for one in found)


def test_published_doses_of_budworm(budworm: pd.DataFrame, golden: Golden) -> None:
    """Venables & Ripley, section 7.2: females, to all printed digits; the other columns stand at zero."""
    design = np.column_stack([budworm["sex"] == "F", budworm["sex"] == "M", budworm["ldose"]]).astype(float)
    fit = fit_logistic(design, (budworm["numdead"] / 20).to_numpy(), weights=np.full(12, 20.0))
    found = [find_crossing(fit.beta, fit.covariance, p, columns=(0, 2)) for p in (0.25, 0.5, 0.75)]
    assert [round(one.estimate, 6) for one in found] == [2.231265, 3.263587, 4.295910]
    assert [round(one.std_error, 7) for one in found] == [0.2499089 + 1e-7, 0.2297539, 0.2746875]
    r = golden("thresholds")["budworm_VR"]
    for cell, columns in (("cf23", (0, 2)), ("cf13", (1, 2))):
        found = [find_crossing(fit.beta, fit.covariance, p, columns=columns) for p in (0.25, 0.5, 0.75)]
        np.testing.assert_allclose([one.estimate for one in found], r[cell]["est"], rtol=GLM)
        np.testing.assert_allclose([one.std_error for one in found], r[cell]["se"], rtol=GLM)


def test_published_dose_of_beetles(real_data: Path) -> None:
    frame = pd.read_csv(real_data / "beetle" / "beetle.csv")
    fit = share_fit(*(frame[column].to_numpy() for column in ("ldose", "y", "n")))
    half = find_crossing(fit.beta, fit.covariance, 0.5)
    assert round(half.estimate, 6) == 1.771721
    assert half.std_error == pytest.approx(
        0.003858052, abs=5e-9
    )  # R's glm stopped at its loose default there
    limits = fieller_crossing(fit.beta, fit.covariance, 0.5)
    for end in (limits.low, limits.high):
        (b0, b1), v = fit.beta, fit.covariance
        assert abs(b0 + b1 * end) / np.sqrt(v[0, 0] + end**2 * v[1, 1] + 2 * end * v[0, 1]) == pytest.approx(
            norm.ppf(0.975)
        )
    assert 1.76 < limits.low < 1.77 < limits.high < 1.79


def test_profile_with_another_column_by_offset(budworm: pd.DataFrame) -> None:
    """statsmodels: the line as b (x − x0), an offset of logit p, and a free difference of the sexes."""
    male, dose = (budworm["sex"] == "M").to_numpy(float), budworm["ldose"].to_numpy(float)
    design = np.column_stack([np.ones(12), dose, male])
    fit = fit_logistic(design, (budworm["numdead"] / 20).to_numpy(), weights=np.full(12, 20.0))
    found = profile_crossing(fit, 0.75, level=0.9)
    counts = np.column_stack([budworm["numdead"], 20 - budworm["numdead"]])
    family = sm.families.Binomial()
    free = sm.GLM(counts, design, family=family).fit(tol=1e-13).deviance
    for end in (found.low, found.high):
        held = sm.GLM(
            counts, np.column_stack([dose - end, male]), family=family, offset=np.full(12, logit(0.75))
        )
        assert held.fit(tol=1e-13).deviance - free == pytest.approx(
            chi2.ppf(0.9, 1), abs=1e-8
        )  # both deviances to 1e-9


def contains(found: CrossingInterval, x: float) -> bool:
    """What the record says about a score."""
    if np.isnan(found.gap[0]):
        return found.low <= x <= found.high
    return not found.gap[0] < x < found.gap[1]


def ends(found: CrossingInterval) -> np.ndarray:
    return np.array([found.low, found.high, *found.gap])


coefficients = st.tuples(
    st.floats(-4, 4),
    st.floats(0.05, 2),
    st.sampled_from([-1, 1]),
    st.floats(0.1, 2),
    st.floats(0.1, 3),
    st.floats(-0.95, 0.95),
)


@given(coefficients=coefficients, chance=st.floats(0.02, 0.98), level=st.sampled_from([0.5, 0.8, 0.95]))
@settings(max_examples=200, deadline=None)
def test_fieller_set_is_what_walds_test_does_not_reject(
    coefficients: tuple[float, ...], chance: float, level: float
) -> None:
    """Bounded, all but a gap, or everything: the record agrees with the test at every score."""
    b0, size, sign, s0, s1, r = coefficients
    beta, v = np.array([b0, sign * size]), np.array([[s0**2, r * s0 * s1], [r * s0 * s1, s1**2]])
    found = fieller_crossing(beta, v, chance, level=level)
    estimate = find_crossing(beta, v, chance).estimate
    assert found.low <= estimate <= found.high
    assert found.bounded == bool(np.isfinite(found.low) and np.isfinite(found.high))
    scores = estimate + np.concatenate([-np.geomspace(1e3, 1e-3, 60), np.geomspace(1e-3, 1e3, 60)])
    away = beta[0] + beta[1] * scores - logit(chance)
    spread = v[0, 0] + 2 * scores * v[0, 1] + scores**2 * v[1, 1]
    kept = away**2 / spread <= chi2.ppf(level, 1)
    for x, expected in zip(scores, kept, strict=True):
        if not np.any(np.abs(ends(found) - x) < GRID * (1 + abs(x))):
            assert contains(found, x) == expected


SETS = {  # seed, slope, chance, level → what the profile set looks like
    "interval": (1, 1.0, 0.5, 0.95),
    "all but a gap": (3, 0.25, 0.9, 0.95),
    "all but a gap below": (3, 0.25, 0.1, 0.95),
    "everything": (7, 0.0, 0.5, 0.95),
}


@pytest.mark.parametrize("kind", SETS)
@pytest.mark.parametrize("penalty", ["none", "firth"])
def test_profile_set_is_what_the_ratio_test_does_not_reject(kind: str, penalty: str) -> None:
    """The drop by a formula and an optimiser that know nothing of this code, at scores far and near."""
    seed, slope, chance, level = SETS[kind]
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(60)
    y = (rng.random(60) < 1 / (1 + np.exp(-slope * x))).astype(float)
    fit = fit_logistic(np.column_stack([np.ones(60), x]), y, penalty=penalty)  # type: ignore[arg-type]
    found = profile_crossing(fit, chance, level=level)
    estimate = find_crossing(fit.beta, fit.covariance, chance).estimate
    assert found.bounded == (kind == "interval")
    assert np.isfinite(found.gap).all() == kind.startswith("all but a gap")

    X = np.column_stack([np.ones(60), x])

    def drop(score: float) -> float:
        def loss(t: float) -> float:
            # Points of the line through (logit p, 0) on which the score holds, by their distance from it.
            b1 = t / np.hypot(1, score)
            eta = logit(chance) + b1 * (x - score)
            v = expit(eta) * expit(-eta)
            bonus = 0.5 * np.linalg.slogdet(X.T @ (X * v[:, None]))[1] if penalty == "firth" else 0.0
            return float(-np.sum(y * eta - np.logaddexp(0, eta)) - bonus)

        return 2 * (fit.loglik + minimize_scalar(loss, bounds=(-8, 8), options={"xatol": 1e-9}).fun)

    for score in estimate + np.array([-200, -20, -5, -2, -0.7, -0.2, 0.2, 0.7, 2, 5, 20, 200]):
        assert contains(found, score) == (drop(score) <= chi2.ppf(level, 1)), score
    for end in ends(found):
        if np.isfinite(end):
            assert drop(end) == pytest.approx(chi2.ppf(level, 1), abs=MINIMISED)


def test_a_slope_of_no_size_says_nothing() -> None:
    flat = find_crossing(np.zeros(2), np.eye(2), 0.5)
    assert np.isnan([flat.estimate, flat.std_error]).all()
    assert np.isnan([find_crossing(np.ones(2), np.eye(2), p).estimate for p in (0.0, 1.0, 1.5)]).all()
    nothing = fieller_crossing(np.zeros(2), np.eye(2), 0.5)
    assert np.isnan([nothing.low, nothing.high, nothing.g]).all() and not nothing.bounded


def test_separated_scores_have_no_profile() -> None:
    x = np.arange(10.0)
    fit = fit_logistic(np.column_stack([np.ones(10), x]), x > 4)
    assert fit.failure == "separated"
    assert np.isnan(profile_crossing(fit, 0.5).low)
    firth = fit_logistic(np.column_stack([np.ones(10), x]), x > 4, penalty="firth")
    found = profile_crossing(firth, 0.5)
    assert found.low < 4.5 < found.high and found.bounded


def test_units_of_the_score_change_nothing_but_the_unit(
    simulated_deals: Callable[[int], pd.DataFrame],
) -> None:
    frame = simulated_deals(500)
    x, y = frame["q01"].to_numpy(float), frame["won"].to_numpy()
    plain = profile_crossing(fit_logistic(np.column_stack([np.ones(500), x]), y), 0.6)
    for factor in (1e-5, -3.0, 1e5):
        other = profile_crossing(fit_logistic(np.column_stack([np.ones(500), factor * (x - 2)]), y), 0.6)
        limits = sorted([factor * (plain.low - 2), factor * (plain.high - 2)])
        np.testing.assert_allclose(
            [other.low, other.high], limits, rtol=1e-9
        )  # root finding stops at 1e-13 in angle
