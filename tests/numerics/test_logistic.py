"""Logistic regression against R (glm, logistf, brglm2), published tables, statsmodels and firthmodels."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from firthmodels import FirthLogisticRegression
from scipy.optimize import brentq, minimize
from scipy.stats import chi2

from qualify.numerics.firth import look
from qualify.numerics.logistic import LogisticFit, fit_logistic, flic_intercept, profile_interval, ratio_test
from qualify.numerics.profile import profile_end

Golden = Callable[[str], dict[str, Any]]

# R's glm ran to a relative change of 1e-14 in the deviance: coefficients have about half as many digits.
GLM = 1e-9
# Its standard errors take the weights of the last step but one.
GLM_ERRORS = 1e-8
# logistf 1.26.1 stopped at its tight settings; coefficients, limits and p-values carry about this much.
LOGISTF = 1e-7
# brglm2 ran to an adjusted score below 1e-12.
BRGLM2 = 1e-9
# R's confint reads the limits off a spline through the profile: that is what its third digit is good to.
SPLINE = 2e-3
# MATLAB's fit agreed with statsmodels to 8e-15; asked for here is what the paper could need.
PUBLISHED_FIT = 1e-6
# Both fits run to working precision; what differs is the order of sums.
WORKING = 1e-8
# firthmodels is asked to stop when score and step are below 1e-7; it does not always get further.
FIRTHMODELS = 1e-6
# Independent optimiser with numerical slopes: the drop of the likelihood is flat to 1e-8 around its maximum.
BRUTE_FORCE = 1e-5


def with_intercept(frame: pd.DataFrame) -> np.ndarray:
    return np.column_stack([np.ones(len(frame)), frame.to_numpy(np.float64)])


def low_birth_weight(frame: pd.DataFrame) -> pd.DataFrame:
    """age, lwt, black, other, smoke, ptd, ht, ui as in the golden fit."""
    return pd.DataFrame(
        {
            "age": frame["age"],
            "lwt": frame["lwt"],
            "black": frame["race"] == 2,
            "other": frame["race"] == 3,
            "smoke": frame["smoke"],
            "ptd": frame["ptl"] > 0,
            "ht": frame["ht"],
            "ui": frame["ui"],
        }
    ).astype(float)


@pytest.fixture(scope="module")
def birthwt(real_data: Path) -> pd.DataFrame:
    return pd.read_csv(real_data / "birthwt" / "birthwt.csv")


@pytest.fixture(scope="module")
def birthwt_fit(birthwt: pd.DataFrame) -> LogisticFit:
    return fit_logistic(with_intercept(low_birth_weight(birthwt)), birthwt["low"].to_numpy())


@pytest.fixture(scope="module", params=["endometrial", "sex2"])
def firth(request: pytest.FixtureRequest, real_data: Path) -> tuple[str, LogisticFit]:
    """The two data sets that logistf's authors use."""
    name = request.param
    frame = pd.read_csv(real_data / name / f"{name}.csv")
    outcome, columns = (
        ("HG", ["NV", "PI", "EH"]) if name == "endometrial" else ("case", list(frame.columns[1:]))
    )
    return name, fit_logistic(with_intercept(frame[columns]), frame[outcome].to_numpy(), penalty="firth")


# Maximum likelihood ------------------------------------------------------------


def test_maximum_likelihood_equals_glm(birthwt_fit: LogisticFit, golden: Golden) -> None:
    r = golden("lrm_birthwt")
    assert birthwt_fit.converged
    np.testing.assert_allclose(birthwt_fit.beta, list(r["glm_coef"].values()), rtol=GLM)
    np.testing.assert_allclose(
        np.sqrt(np.diag(birthwt_fit.covariance)), list(r["glm_se"].values()), rtol=GLM_ERRORS
    )
    assert birthwt_fit.loglik == pytest.approx(r["logLik"], abs=GLM)


def test_whole_covariance_equals_lrm(birthwt_fit: LogisticFit, golden: Golden) -> None:
    # lrm 6.5 stops early: its numbers are good to about 1e-7 of the largest.
    np.testing.assert_allclose(
        birthwt_fit.covariance, golden("lrm_birthwt")["vcov"]["values"], rtol=1e-6, atol=1e-8
    )


def test_dropping_terms_equals_drop1(birthwt_fit: LogisticFit, golden: Golden) -> None:
    rows = golden("lrm_birthwt")["drop1_LRT"]["values"][1:]
    for (df, *_, statistic, p), columns in zip(rows, [[1], [2], [3, 4], [5], [6], [7], [8]], strict=True):
        test = ratio_test(birthwt_fit, columns)
        assert test.df == df
        assert test.chi2 == pytest.approx(statistic, abs=1e-8)  # a difference of deviances good to 1e-9 each
        assert test.p_value == pytest.approx(p, rel=1e-8)


def test_profile_intervals_equal_confint(birthwt_fit: LogisticFit, golden: Golden) -> None:
    limits = [profile_interval(birthwt_fit, j) for j in range(birthwt_fit.beta.size)]
    spread = np.sqrt(np.diag(birthwt_fit.covariance))[:, None]
    expected = np.array(golden("lrm_birthwt")["profile_ci"]["values"])
    np.testing.assert_array_less(np.abs(limits - expected) / spread, SPLINE)


def test_published_table_of_low_birth_weight(birthwt: pd.DataFrame) -> None:
    """Venables & Ripley's example: race, ptd, ftv 0 / 1 / 2+, printed with five decimals."""
    columns = (
        low_birth_weight(birthwt).assign(ftv1=birthwt["ftv"] == 1, ftv2=birthwt["ftv"] >= 2).astype(float)
    )
    fit = fit_logistic(with_intercept(columns), birthwt["low"].to_numpy())
    printed = [
        0.82302,
        -0.03723,
        -0.01565,
        1.19241,
        0.74068,
        0.75553,
        1.34376,
        1.91317,
        0.68020,
        -0.43638,
        0.17901,
    ]
    np.testing.assert_allclose(fit.beta, printed, atol=0.5e-5)
    assert -2 * fit.loglik == pytest.approx(195.47551827780205, abs=1e-9)
    assert round(-2 * fit_logistic(np.ones((189, 1)), birthwt["low"].to_numpy()).loglik, 1) == 234.7


def test_published_odds_ratios_of_stata(real_data: Path) -> None:
    frame = pd.read_csv(real_data / "birthwt" / "lbw_stata_equiv.csv")
    columns = low_birth_weight(frame).assign(ptd=frame["ptl"])
    fit = fit_logistic(with_intercept(columns), frame["low"].to_numpy())
    printed = [1.586014, 0.9732636, 0.9849634, 3.534767, 2.368079, 2.517698, 1.719161, 6.249602, 2.1351]
    np.testing.assert_allclose(np.exp(fit.beta), printed, rtol=3e-7)  # seven figures
    overall = ratio_test(fit, list(range(1, 9)))
    assert round(overall.chi2, 2) == 33.22
    assert round(fit.loglik, 3) == -100.724


def test_published_table_of_coronary_disease(real_data: Path) -> None:
    frame = pd.read_csv(real_data / "chdage" / "chdage.csv")
    disease = (frame["chd"] == "Yes").to_numpy()
    by_half = fit_logistic(with_intercept(frame[["age"]] >= 55), disease)
    np.testing.assert_allclose(by_half.beta, [-0.8407832, 2.093546], rtol=3e-7)
    np.testing.assert_allclose(
        np.sqrt(np.diag(by_half.covariance)), [0.2550733, 0.5285335], rtol=1e-6
    )  # stopped early
    assert round(ratio_test(by_half, [1]).chi2, 2) == 18.70
    assert round(fit_logistic(with_intercept(frame[["age"]]), disease).loglik, 6) == -53.676546


@pytest.mark.parametrize("outcome", ["success", "nomination"])
def test_published_table_of_start_up_teams(real_data: Path, outcome: str) -> None:
    teams = pd.read_csv(real_data / "mit100k" / "teamData.csv")
    table = pd.read_csv(real_data / "mit100k" / f"{outcome}Model_coeff.csv")
    fit = fit_logistic(with_intercept(teams[table["Row"].iloc[1:]]), teams[outcome].to_numpy())
    np.testing.assert_allclose(fit.beta, table["Estimate"], rtol=PUBLISHED_FIT)
    np.testing.assert_allclose(np.sqrt(np.diag(fit.covariance)), table["SE"], rtol=PUBLISHED_FIT)


@pytest.mark.parametrize("seed", range(5))
def test_weights_and_offsets_equal_statsmodels(seed: int) -> None:
    rng = np.random.default_rng(seed)
    design = np.column_stack([np.ones(80), rng.standard_normal((80, 3))])
    weights, offset = rng.integers(0, 5, 80).astype(float), 0.7 * rng.standard_normal(80)
    outcome = (rng.random(80) < 0.4).astype(float)
    fit = fit_logistic(design, outcome, weights=weights, offset=offset)
    peer = sm.GLM(outcome, design, family=sm.families.Binomial(), freq_weights=weights, offset=offset).fit(
        tol=1e-13
    )
    np.testing.assert_allclose(fit.beta, peer.params, rtol=WORKING, atol=WORKING)
    np.testing.assert_allclose(fit.covariance, peer.cov_params(), rtol=WORKING, atol=WORKING)
    assert fit.loglik == pytest.approx(peer.llf, abs=WORKING)


# Firth's penalty ------------------------------------------------------------


def test_firth_equals_logistf(firth: tuple[str, LogisticFit], golden: Golden) -> None:
    name, fit = firth
    r = golden("cran_source_peers")[f"logistf_{name}"]
    np.testing.assert_allclose(fit.beta, list(r["coef"].values()), rtol=LOGISTF)
    limits = np.array([profile_interval(fit, j) for j in range(fit.beta.size)])
    np.testing.assert_allclose(limits[:, 0], list(r["ci_lower"].values()), rtol=LOGISTF)
    np.testing.assert_allclose(limits[:, 1], list(r["ci_upper"].values()), rtol=LOGISTF)
    p_values = [ratio_test(fit, [j]).p_value for j in range(fit.beta.size)]
    np.testing.assert_allclose(p_values, list(r["prob"].values()), rtol=LOGISTF)


# Likelihood-ratio statistics run to convergence, the coefficient at 0 and the full design's penalty kept.
CONVERGED = {
    "endometrial": {1: 6.798457, 2: 0.746829, 3: 17.759317},
    "sex2": {0: 0.062863, 1: 7.507731, 2: 0.024670, 3: 22.931390, 4: 19.104073, 5: 3.697410, 6: 7.896931},
}


def test_penalised_ratio_tests_keep_the_full_penalty(firth: tuple[str, LogisticFit]) -> None:
    name, fit = firth
    for column, statistic in CONVERGED[name].items():
        assert ratio_test(fit, [column]).chi2 == pytest.approx(statistic, abs=0.6e-6)  # six decimals printed


def test_firth_loglikelihood_and_flic(firth: tuple[str, LogisticFit], golden: Golden) -> None:
    name, fit = firth
    if name == "sex2":
        assert fit.loglik == pytest.approx(-132.53937953, abs=1e-8)
        return
    r = golden("cran_source_peers")["logistf_endometrial"]
    assert fit.loglik == pytest.approx(r["loglik"][0], abs=LOGISTF)
    assert flic_intercept(fit) == pytest.approx(r["flic_coef"]["(Intercept)"], rel=LOGISTF)


def test_overall_test_of_sex2(firth: tuple[str, LogisticFit]) -> None:
    name, fit = firth
    if name == "sex2":
        test = ratio_test(fit, list(range(1, 7)))
        assert test.chi2 == pytest.approx(49.09064279, abs=0.5e-8)
        assert test.df == 6
        assert test.p_value == pytest.approx(chi2.sf(49.09064279, 6), rel=1e-7)


def test_firth_equals_brglm2(birthwt: pd.DataFrame, real_data: Path, golden: Golden) -> None:
    """Its standard errors are those of the inverse Fisher information, as here."""
    frame = pd.read_csv(real_data / "endometrial" / "endometrial.csv")
    fits = {
        "firth_endometrial": (frame[["NV", "PI", "EH"]], frame["HG"], "firth_coef", "firth_se"),
        "firth_birthwt": (birthwt[["age", "lwt", "smoke", "ht", "ui"]], birthwt["low"], "coef", "se"),
    }
    for name, (columns, outcome, coefficients, errors) in fits.items():
        fit = fit_logistic(with_intercept(columns), outcome.to_numpy(), penalty="firth")
        r = golden("misc")[name]
        np.testing.assert_allclose(fit.beta, list(r[coefficients].values()), rtol=BRGLM2)
        np.testing.assert_allclose(np.sqrt(np.diag(fit.covariance)), list(r[errors].values()), rtol=BRGLM2)


@pytest.mark.parametrize("seed", range(4))
def test_firth_equals_firthmodels(seed: int) -> None:
    rng = np.random.default_rng(seed)
    columns = np.column_stack([rng.standard_normal((40, 2)), rng.random(40) < 0.15])
    outcome = (rng.random(40) < 0.3).astype(int)
    peer = FirthLogisticRegression(max_iter=200, gtol=1e-7, xtol=1e-7, backend="numpy").fit(columns, outcome)
    fit = fit_logistic(np.column_stack([np.ones(40), columns]), outcome, penalty="firth")
    np.testing.assert_allclose(
        fit.beta, np.r_[peer.intercept_, np.ravel(peer.coef_)], rtol=FIRTHMODELS, atol=FIRTHMODELS
    )
    assert fit.loglik == pytest.approx(peer.loglik_, abs=FIRTHMODELS)
    peer.lrt(warm_start=False)
    ours = [ratio_test(fit, [j]).p_value for j in (1, 2, 3)]
    np.testing.assert_allclose(ours, np.ravel(peer.lrt_pvalues_)[:3], rtol=1e-5)  # its held fits stop sooner


# Brute force ------------------------------------------------------------


@pytest.mark.parametrize("penalty", ["none", "firth"])
def test_profile_interval_by_brute_force(penalty: str) -> None:
    """The drop of the likelihood by an optimiser and a formula that know nothing of this code."""
    rng = np.random.default_rng(8)
    X = np.column_stack([np.ones(30), rng.standard_normal((30, 2))])
    y = (rng.random(30) < 1 / (1 + np.exp(-X[:, 1]))).astype(float)

    def loss(beta: np.ndarray) -> float:
        eta = X @ beta
        value = np.sum(y * eta - np.log1p(np.exp(eta)))
        if penalty == "firth":
            p = 1 / (1 + np.exp(-eta))
            value += 0.5 * np.linalg.slogdet(X.T @ (X * (p * (1 - p))[:, None]))[1]
        return -value

    best = minimize(loss, np.zeros(3), method="BFGS", options={"gtol": 1e-9})

    def drop(at: float) -> float:
        held = minimize(
            lambda z: loss(np.array([z[0], at, z[1]])), best.x[[0, 2]], method="BFGS", options={"gtol": 1e-7}
        )
        return 2 * (held.fun - best.fun) - chi2.ppf(0.9, 1)

    low, high = brentq(drop, best.x[1] - 4, best.x[1]), brentq(drop, best.x[1], best.x[1] + 4)
    fit = fit_logistic(X, y, penalty=penalty)  # type: ignore[arg-type]
    np.testing.assert_allclose(fit.beta, best.x, atol=BRUTE_FORCE)
    np.testing.assert_allclose(profile_interval(fit, 1, level=0.9), [low, high], atol=BRUTE_FORCE)


def test_profile_intervals_of_many_columns_and_few_wins() -> None:
    """Newton's method alone does not reach these ends: the penalised likelihood has ridges."""
    rng = np.random.default_rng(7)
    X = np.column_stack([np.ones(100), rng.random((100, 34)) < 0.25]).astype(float)
    fit = fit_logistic(X, (rng.random(100) < 0.18).astype(float), penalty="firth")

    def loss(part: np.ndarray, column: int, at: float) -> tuple[float, np.ndarray]:
        here = look(fit.problem.blocks, np.insert(part, column, at), True)
        return -here.value, -np.delete(here.gradient, column)

    alone, drops = [], []
    for column in range(1, 12):
        for target, end in zip((-1.96, 1.96), profile_interval(fit, column), strict=True):
            alone.append(profile_end(fit.problem.blocks, True, fit.peak, column, target))
            starts = np.delete(fit.beta, column), np.zeros(34)
            held = [minimize(loss, s, (column, end), jac=True, method="BFGS").fun for s in starts]
            drops.append(2 * (min(held) + fit.loglik))
    assert np.isnan(alone).sum() > 10
    np.testing.assert_allclose(drops, chi2.ppf(0.95, 1), atol=BRUTE_FORCE)
