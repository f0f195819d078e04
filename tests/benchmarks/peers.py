"""What the peers do, each as its own documentation would have it; coefficients with the intercept first."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmarks.data import Answered

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Rows = NDArray[np.integer]

# The largest gradient (statsmodels: the largest step) that is left at the end; qualify ends no earlier.
TOLERANCE = 1e-8


def statsmodels_fit(design: Matrix, outcome: Vector) -> Vector:
    from statsmodels.api import Logit

    return np.asarray(Logit(outcome, design).fit(disp=False, tol=TOLERANCE).params)


def sklearn_fit(by_row: Matrix, outcome: Vector, weights: Vector | None = None) -> Vector:
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=TOLERANCE, max_iter=100)
    model.fit(by_row, outcome, sample_weight=weights)
    return np.append(model.intercept_, model.coef_[0])


def glum_fit(by_column: Matrix, outcome: Vector) -> Vector:
    from glum import GeneralizedLinearRegressor

    model = GeneralizedLinearRegressor(family="binomial", alpha=0.0, gradient_tol=TOLERANCE)
    model.fit(by_column, outcome)
    return np.append(model.intercept_, model.coef_)


def firthmodels_fit(by_row: Matrix, outcome: Vector) -> Vector:
    from firthmodels import FirthLogisticRegression

    # Firth's scoring closes in step by step: left at its own 1e-4 it would stop short of our figures.
    model = FirthLogisticRegression(gtol=1e-6, xtol=1e-6, max_iter=200)
    model.fit(by_row, outcome)
    return np.append(model.intercept_, model.coef_)


def statsmodels_refits(deals: Answered, rows: Rows) -> Matrix:
    return np.array([statsmodels_fit(deals.design[drawn], deals.outcome[drawn]) for drawn in rows])


def sklearn_refits(deals: Answered, rows: Rows) -> Matrix:
    """Rows that were drawn, each once, with weights: less work than repeating them."""
    fits = []
    for drawn in rows:
        times = np.bincount(drawn, minlength=deals.n)
        kept = np.flatnonzero(times)
        fits.append(sklearn_fit(deals.by_row[kept], deals.outcome[kept], times[kept].astype(np.float64)))
    return np.array(fits)


def firthmodels_refits(deals: Answered, rows: Rows) -> Matrix:
    return np.array([firthmodels_fit(deals.by_row[drawn], deals.outcome[drawn]) for drawn in rows])


def measures(design: Matrix, outcome: Vector, beta: Vector) -> Vector:
    """AUC, Brier score, calibration slope and intercept (of one refit) of given coefficients."""
    from sklearn.metrics import brier_score_loss, roc_auc_score

    log_odds = design @ beta
    chance = 1 / (1 + np.exp(-log_odds))
    intercept, slope = statsmodels_fit(np.column_stack([np.ones(outcome.size), log_odds]), outcome)
    return np.array([roc_auc_score(outcome, chance), brier_score_loss(outcome, chance), slope, intercept])


def validated(deals: Answered, rows: Rows) -> Matrix:
    """Measures of the model of each draw, on the draw and on all deals, (draws, 8)."""
    found = []
    for drawn in rows:
        design, outcome = deals.design[drawn], deals.outcome[drawn]
        beta = statsmodels_fit(design, outcome)
        there = measures(design, outcome, beta)
        found.append(np.concatenate([there, measures(deals.design, deals.outcome, beta)]))
    return np.array(found)
