"""Ridge logistic regression against a plain NumPy version, scipy, scikit-learn, and R's rms and glmnet."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from kernels import from_python
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression

from qualify.numerics.blocks import log_likelihood
from qualify.numerics.coding import NUMERIC, Coding, Items, dense_design
from qualify.numerics.resampling import Sample
from qualify.numerics.ridge import STRENGTHS, Training, choose_ridge, prepare_training, ridge_at

(log_likelihood,) = from_python(log_likelihood)

# The last Newton step is taken where it still gains 1e-8 of log-likelihood; its error squares.
NEWTON = 1e-7
# The information belongs to the step before: a ten-thousandth of a standard error away.
INFORMATION = 1e-5
# scipy's BFGS on an objective that is flat to 1e-8 around its maximum.
BFGS = 2e-5
# lrm 6.5 stops early: its coefficients are good to about 1e-7 of the largest.
LRM = 1e-6
# glmnet ran to a threshold of 1e-14 on coefficients it standardises itself.
GLMNET = 1e-6
# scikit-learn was asked for a gradient below 1e-10.
SKLEARN = 1e-7


def plain_loglik(design: np.ndarray, y: np.ndarray, w: np.ndarray, beta: np.ndarray) -> float:
    eta = design @ beta
    return float(np.sum(w * (y * eta - np.logaddexp(0, eta))))


def plain_penalty(design: np.ndarray, w: np.ndarray, coding: Coding) -> np.ndarray:
    """Weighted covariance of the columns, those of different characteristics set to zero."""
    covariance = np.cov(design.T, aweights=w, ddof=0)
    of = np.searchsorted(coding.first, np.arange(int(coding.first[-1])), side="right")
    of = np.r_[-1, of]
    return np.where((of[:, None] == of) & (of[:, None] >= 0), covariance, 0.0)


class Plain:
    """Ridge logistic regression in NumPy: Newton's method on the dense design."""

    def __init__(self, training: Training, use: np.ndarray, strength: float) -> None:
        coding = training.coding
        columns = [0] + [
            int(j) + 1 for c in np.flatnonzero(use) for j in range(coding.first[c], coding.first[c + 1])
        ]
        design = dense_design(training.items, coding)
        y, w = training.outcome, training.weights
        full = plain_penalty(design, w, coding)
        X, P = design[:, columns], full[np.ix_(columns, columns)]
        b = np.zeros(len(columns))
        for _ in range(60):
            p = 1 / (1 + np.exp(-X @ b))
            information = X.T @ (X * (w * p * (1 - p))[:, None])
            b += np.linalg.solve(information + strength * P, X.T @ (w * (y - p)) - strength * P @ b)
        p = 1 / (1 + np.exp(-X @ b))
        information = X.T @ (X * (w * p * (1 - p))[:, None])
        self.beta = np.zeros(design.shape[1])
        self.beta[columns] = b
        self.freedom = float(np.trace(np.linalg.solve(information + strength * P, information)))
        self.loglik = plain_loglik(design, y, w, self.beta)

    def criterion(self, n: float) -> float:
        d = self.freedom
        return -2 * self.loglik + 2 * d + 2 * d * (d + 1) / (n - d - 1)


@pytest.fixture(scope="module", params=range(4))
def training(request: pytest.FixtureRequest, mixed_sample: Callable[[int, int], Sample]) -> Training:
    sample = mixed_sample(150, request.param)
    weights = np.random.default_rng(request.param).integers(0, 3, 150).astype(float)
    return prepare_training(sample.items, sample.outcome, weights, 5.0)


def everything(training: Training) -> np.ndarray:
    return np.ones(training.items.kind.size, dtype=np.bool_)


def coefficients(training: Training, strength: float) -> np.ndarray:
    near = choose_ridge(training, everything(training), np.inf)
    return ridge_at(training, everything(training), near, strength).beta


def test_penalty_is_the_covariance_within_each_characteristic(training: Training) -> None:
    design = dense_design(training.items, training.coding)
    expected = plain_penalty(design, training.weights, training.coding)
    np.testing.assert_allclose(training.penalty, expected, atol=1e-12)  # sums in another order


@pytest.mark.parametrize("strength", [0.0625, 1.0, 64.0])
def test_fit_maximises_the_stated_objective(training: Training, strength: float) -> None:
    """ℓ(β) − ½ λ Σ Var(contribution of each characteristic), from the contributions themselves."""
    design = dense_design(training.items, training.coding)
    y, w, first = training.outcome, training.weights, training.coding.first

    def loss(beta: np.ndarray) -> float:
        spread = 0.0
        for c in range(first.size - 1):
            part = design[:, first[c] + 1 : first[c + 1] + 1] @ beta[first[c] + 1 : first[c + 1] + 1]
            mean = w @ part / w.sum()
            spread += w @ (part - mean) ** 2 / w.sum()
        return -plain_loglik(design, y, w, beta) + 0.5 * strength * spread

    best = minimize(loss, np.zeros(design.shape[1]), method="BFGS", options={"gtol": 1e-6})
    beta = coefficients(training, strength)
    np.testing.assert_allclose(beta, best.x, atol=BFGS)
    assert loss(beta) <= best.fun + 1e-10


@pytest.mark.parametrize("strength", [0.0625, 4.0, 16384.0])
def test_fit_equals_plain_numpy(training: Training, strength: float) -> None:
    use = everything(training)
    for left_out in (None, 1, 3):
        if left_out is not None:
            use[left_out] = False
        plain = Plain(training, use, strength)
        near = choose_ridge(training, use, np.inf)
        fit = ridge_at(training, use, near, strength)
        np.testing.assert_allclose(fit.beta, plain.beta, atol=NEWTON)
        assert log_likelihood(training.blocks, fit.beta) == pytest.approx(plain.loglik, abs=NEWTON)
        assert fit.freedom == pytest.approx(plain.freedom, rel=INFORMATION)
        np.testing.assert_allclose(fit.curvature - fit.information, strength * training.penalty, atol=1e-9)


def test_chosen_strength_has_the_least_corrected_aic(training: Training) -> None:
    for use in (everything(training), np.array([True, False, True, True, False, False])):
        n = float(training.weights.sum())
        criteria = np.array([Plain(training, use, strength).criterion(n) for strength in STRENGTHS])
        chosen = choose_ridge(training, use, np.inf)
        assert criteria[chosen.strength == STRENGTHS] <= criteria.min() + INFORMATION
        # A ceiling on the strength is kept.
        ceiling = 4.0 * STRENGTHS[-1]
        assert choose_ridge(training, use, ceiling).strength <= ceiling


def test_without_signal_the_strongest_shrinkage_is_chosen(mixed_sample: Callable[[int, int], Sample]) -> None:
    sample = mixed_sample(300, 0)
    outcome = np.random.default_rng(11).permutation(sample.outcome)
    training = prepare_training(sample.items, outcome, sample.weights, 5.0)
    fit = choose_ridge(training, everything(training), np.inf)
    assert fit.strength >= 256 and fit.freedom < 4
    rate = outcome.mean()
    assert fit.beta[0] == pytest.approx(np.log(rate / (1 - rate)), abs=0.3)


def predictions(items: Items, training: Training) -> np.ndarray:
    trained = training._replace(items=items)
    trained = prepare_training(items, trained.outcome, trained.weights, 5.0)
    fit = choose_ridge(trained, everything(trained), np.inf)
    return dense_design(items, trained.coding) @ fit.beta


def test_neither_reference_nor_unit_matters(training: Training) -> None:
    """Log-odds of every deal are the same whatever the reference answer or the unit of a rating."""
    items = training.items
    plain = predictions(items, training)
    for reference in (0, 2):
        asked = items.reference.copy()
        asked[1] = reference
        np.testing.assert_allclose(predictions(items._replace(reference=asked), training), plain, atol=NEWTON)
    for factor, shift in ((1000.0, 0.0), (-0.01, 5.0), (1.0, 2025.0)):
        told = items.value.copy()
        told[5, :6] = factor * told[5, :6] + shift
        np.testing.assert_allclose(predictions(items._replace(value=told), training), plain, atol=NEWTON)


def test_doubled_deals_are_deals_of_weight_two(mixed_sample: Callable[[int, int], Sample]) -> None:
    sample = mixed_sample(120, 3)
    weights = np.random.default_rng(1).integers(0, 3, 120)
    rows = np.repeat(np.arange(120), weights)
    heavy = prepare_training(sample.items, sample.outcome, weights.astype(float), 5.0)
    long = prepare_training(
        sample.items._replace(codes=sample.items.codes[rows]), sample.outcome[rows], np.ones(rows.size), 5.0
    )
    fits = [choose_ridge(one, everything(one), np.inf) for one in (heavy, long)]
    assert fits[0].strength == fits[1].strength
    np.testing.assert_allclose(fits[0].beta, fits[1].beta, atol=NEWTON)


# Other software on ratings alone -------------------------------------------------------------


@pytest.fixture(scope="module")
def rated(simulated_deals: Callable[[int], pd.DataFrame]) -> tuple[pd.DataFrame, Training]:
    frame = simulated_deals(500)
    questions = frame[[f"q{q:02d}" for q in range(1, 13)]]
    items = Items(
        codes=np.ascontiguousarray(questions.to_numpy(np.int32)),
        kind=np.full(12, NUMERIC, dtype=np.int8),
        levels=np.full(12, 6, dtype=np.int32),
        value=np.tile(np.r_[np.arange(6.0), 0.0], (12, 1)),
        reference=np.full(12, -1, dtype=np.int32),
    )
    return questions, prepare_training(items, frame["won"].to_numpy(float), np.ones(500), 1.0)


@pytest.mark.parametrize("strength", [0.25, 4.0, 64.0])
def test_ratings_are_scikit_learns_ridge(rated: tuple[pd.DataFrame, Training], strength: float) -> None:
    """With standardised columns the penalty is half λ times the squared coefficients: C = 1/λ."""
    questions, training = rated
    spread = questions.std(ddof=0).to_numpy()
    peer = LogisticRegression(C=1 / strength, solver="newton-cholesky", tol=1e-10)
    peer.fit(((questions - questions.mean()) / spread).to_numpy(), training.outcome)
    beta = coefficients(training, strength)
    np.testing.assert_allclose(beta[1:] * spread, peer.coef_[0], atol=SKLEARN)
    assert beta[0] == pytest.approx(peer.intercept_[0], abs=SKLEARN)


def test_ratings_are_the_ridge_of_rms(
    rated: tuple[pd.DataFrame, Training], golden: Callable[[str], dict[str, Any]]
) -> None:
    """R's rms penalises by the sample variance (n − 1); its df leave out the intercept."""
    questions, training = rated
    r = golden("pentrace_deals500")
    near = choose_ridge(training, everything(training), np.inf)
    fit = ridge_at(training, everything(training), near, r["best_penalty"] * 500 / 499)
    expected = np.array(list(r["coef_pen"].values()))
    np.testing.assert_allclose(fit.beta[1:], expected[1:], atol=LRM)
    assert fit.beta[0] - questions.mean() @ fit.beta[1:] == pytest.approx(expected[0], abs=10 * LRM)
    assert fit.freedom - 1 == pytest.approx(r["eff_df"], abs=1e-4)  # of the information a step before
    flat = 500 * np.sum(
        [rate * np.log(rate) for rate in (training.outcome.mean(), 1 - training.outcome.mean())]
    )
    for penalty, df, aic, *_ in r["results"]["values"][1:12:3]:
        fit = ridge_at(training, everything(training), near, penalty * 500 / 499)
        assert fit.freedom - 1 == pytest.approx(df, abs=1e-4)
        gain = log_likelihood(training.blocks, fit.beta) - flat
        assert 2 * gain - 2 * df == pytest.approx(aic, abs=1e-6)  # deviances of lrm's own stop


def test_ratings_are_the_ridge_of_glmnet(
    rated: tuple[pd.DataFrame, Training], golden: Callable[[str], dict[str, Any]]
) -> None:
    """Glmnet divides the log-likelihood by n and standardises by the variance over n: ours is λ times n."""
    questions, training = rated
    r = golden("misc")["glmnet"]
    for strength, expected in zip(r["lambda"], np.array(r["ridge"]["values"]).T, strict=True):
        beta = coefficients(training, 500 * strength)
        np.testing.assert_allclose(beta[1:], expected[1:], atol=GLMNET)
        assert beta[0] - questions.mean() @ beta[1:] == pytest.approx(expected[0], abs=10 * GLMNET)
