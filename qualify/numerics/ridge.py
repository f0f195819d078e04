"""Ridge logistic regression on coded answers, with its strength chosen from the same deals.

Each characteristic is penalised by the weighted variance of its own contribution to the log-odds, so that
neither the reference answer nor the unit of a rating matters. `beta[0]` is the intercept, never penalised.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from qualify.numerics.coding import Coding, Items, code_answers
from qualify.numerics.compiled import compiled

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

# Strengths tried, strongest first; 1 / strength is the variance expected of a contribution to the log-odds.
STRENGTHS = 4.0 ** np.arange(6, -3, -1)
# Fits that are only compared may stop this far from their maximum, in deviance; the one kept may not.
ROUGH, FINE = 1e-2, 1e-10


class Training(NamedTuple):
    """What a model learns from: outcomes (n,), weights (n,; 0 leaves a deal out) and their coding."""

    items: Items
    outcome: Vector
    weights: Vector
    coding: Coding
    penalty: Matrix


class RidgeFit(NamedTuple):
    """A penalised fit: coefficients, penalised curvature, information, strength, freedom, log-likelihood."""

    beta: Vector
    curvature: Matrix
    information: Matrix
    strength: float
    freedom: float
    loglik: float


@compiled
def solve_positive(matrix: Matrix, right: Matrix) -> tuple[bool, Matrix]:
    """Solve `matrix @ x = right` by Cholesky; the flag is False where the matrix is not positive definite."""
    p = matrix.shape[0]
    solution = right.copy()
    factored, root = _lower_root(matrix)
    if not factored:
        return False, solution
    for column in range(right.shape[1]):
        for i in range(p):
            total = solution[i, column]
            for k in range(i):
                total -= root[i, k] * solution[k, column]
            solution[i, column] = total / root[i, i]
        for i in range(p - 1, -1, -1):
            total = solution[i, column]
            for k in range(i + 1, p):
                total -= root[k, i] * solution[k, column]
            solution[i, column] = total / root[i, i]
    return True, solution


@compiled
def prepare_training(items: Items, outcome: Vector, weights: Vector, fewest: float) -> Training:
    """Pool and code the answers of the deals with weight, and set up their penalty."""
    coding = code_answers(items, weights, fewest)
    return Training(items, outcome, weights, coding, penalty_matrix(items, weights, coding))


@compiled
def _lower_root(matrix: Matrix) -> tuple[bool, Matrix]:
    p = matrix.shape[0]
    root = np.zeros((p, p))
    for j in range(p):
        total = matrix[j, j]
        for k in range(j):
            total -= root[j, k] * root[j, k]
        if not total > 1e-13 * matrix[j, j]:
            return False, root
        root[j, j] = np.sqrt(total)
        for i in range(j + 1, p):
            total = matrix[i, j]
            for k in range(j):
                total -= root[i, k] * root[j, k]
            root[i, j] = total / root[j, j]
    return True, root


@compiled
def penalty_matrix(items: Items, weights: Vector, coding: Coding) -> Matrix:
    """Covariance of the columns of each characteristic, zero between characteristics, (p + 1, p + 1)."""
    n, characteristics = items.codes.shape
    size = coding.first[-1] + 1
    mean = np.zeros(size)
    penalty = np.zeros((size, size))
    total = 0.0
    for i in range(n):
        w = weights[i]
        if w > 0:
            total += w
            for c in range(characteristics):
                j = coding.column[c, items.codes[i, c]] + 1
                if j > 0:
                    v = coding.value[c, items.codes[i, c]]
                    mean[j] += w * v
                    penalty[j, j] += w * v * v
    mean /= total
    for c in range(characteristics):
        for j in range(coding.first[c] + 1, coding.first[c + 1] + 1):
            penalty[j, j] /= total
            for k in range(coding.first[c] + 1, coding.first[c + 1] + 1):
                # A deal gives one answer, so two columns of a characteristic are never both nonzero.
                penalty[j, k] -= mean[j] * mean[k]
    return penalty


@compiled
def log_odds(items: Items, coding: Coding, beta: Vector, i: int) -> float:
    """Log-odds of deal i."""
    eta = beta[0]
    for c in range(items.codes.shape[1]):
        j = coding.column[c, items.codes[i, c]] + 1
        if j > 0:
            eta += coding.value[c, items.codes[i, c]] * beta[j]
    return float(eta)


@compiled
def log_likelihood(training: Training, beta: Vector) -> float:
    """Weighted log-likelihood at `beta`."""
    items, outcome, weights, coding, _ = training
    total = 0.0
    for i in range(outcome.size):
        if weights[i] > 0:
            eta = log_odds(items, coding, beta, i)
            total += weights[i] * (outcome[i] * eta - max(eta, 0.0) - np.log1p(np.exp(-abs(eta))))
    return total


@compiled
def score_and_information(training: Training, beta: Vector, use: NDArray[np.bool_]) -> tuple[Vector, Matrix]:
    """Gradient and information of the log-likelihood over the characteristics in `use`."""
    items, outcome, weights, coding, _ = training
    n, characteristics = items.codes.shape
    gradient = np.zeros(beta.size)
    information = np.zeros((beta.size, beta.size))
    where = np.zeros(characteristics + 1, dtype=np.int64)
    what = np.ones(characteristics + 1)
    for i in range(n):
        if weights[i] <= 0:
            continue
        entries = 1
        for c in range(characteristics):
            j = coding.column[c, items.codes[i, c]] + 1
            if j > 0 and use[c]:
                where[entries] = j
                what[entries] = coding.value[c, items.codes[i, c]]
                entries += 1
        eta = log_odds(items, coding, beta, i)
        p = 1.0 / (1.0 + np.exp(-eta))
        residual = weights[i] * (outcome[i] - p)
        v = weights[i] * p * (1.0 - p)
        for a in range(entries):
            gradient[where[a]] += residual * what[a]
            va = v * what[a]
            for b in range(a + 1):
                information[where[a], where[b]] += va * what[b]
    for a in range(beta.size):
        for b in range(a):
            information[b, a] = information[a, b]
    return gradient, information


@compiled
def fit_ridge(
    training: Training, strength: float, use: NDArray[np.bool_], start: Vector, tolerance: float
) -> tuple[Vector, Matrix]:
    """Newton's method on the penalised log-likelihood, steps halved until they gain; last information too.

    A step that promises less than `tolerance` of twice the log-likelihood is taken and is the last.
    """
    idle = _idle_columns(training.coding, use, start.size)
    beta = start.copy()
    beta[idle] = 0.0
    value = _penalised(training, strength, beta)
    information = np.zeros(training.penalty.shape)
    for _ in range(50):
        gradient, information = score_and_information(training, beta, use)
        gradient -= strength * (training.penalty @ beta)
        curvature = information + strength * training.penalty
        _rest(curvature, gradient, idle)
        solved, solution = solve_positive(curvature, gradient.reshape(-1, 1))
        step = solution.ravel()
        if not solved:
            break
        if step @ gradient < tolerance:
            # Newton's error squares at each step.
            beta += step
            break
        before = value
        for halving in range(12):
            trial = beta + step * 0.5**halving
            there = _penalised(training, strength, trial)
            if there > value:
                beta, value = trial, there
                break
        if value == before:
            break
    return beta, information


@compiled
def _penalised(training: Training, strength: float, beta: Vector) -> float:
    return log_likelihood(training, beta) - 0.5 * strength * float(beta @ (training.penalty @ beta))


@compiled
def _idle_columns(coding: Coding, use: NDArray[np.bool_], size: int) -> NDArray[np.bool_]:
    idle = np.ones(size, dtype=np.bool_)
    idle[0] = False
    for c in range(use.size):
        if use[c]:
            idle[coding.first[c] + 1 : coding.first[c + 1] + 1] = False
    return idle


@compiled
def _rest(curvature: Matrix, gradient: Vector, idle: NDArray[np.bool_]) -> None:
    """Take idle columns out of a Newton step in place."""
    for j in range(idle.size):
        if idle[j]:
            curvature[j, :] = 0.0
            curvature[:, j] = 0.0
            curvature[j, j] = 1.0
            gradient[j] = 0.0


@compiled
def choose_ridge(training: Training, use: NDArray[np.bool_], strongest: float) -> RidgeFit:
    """Fit at each strength up to `strongest` and keep the one with the least corrected AIC on these deals.

    The criterion is ``−2ℓ + 2d(1 + (d + 1)/(n − d − 1))`` with ``d = tr(I(I + λP)⁻¹)`` effective parameters
    (Hurvich & Tsai 1989; the penalty trace of Harrell 2015, section 9.10).
    """
    penalty = training.penalty
    total = training.weights.sum()
    rate = (training.outcome * training.weights).sum() / total
    beta = np.zeros(penalty.shape[0])
    beta[0] = np.log((rate + 1e-9) / (1.0 - rate + 1e-9))
    best = RidgeFit(beta, penalty, penalty, np.inf, 0.0, 0.0)
    least = np.inf
    for strength in STRENGTHS:
        if strength > strongest:
            continue
        beta, information = fit_ridge(training, strength, use, beta, ROUGH)
        curvature = information + strength * penalty
        freedom = effective_parameters(curvature, information)
        loglik = log_likelihood(training, beta)
        spare = max(total - freedom - 1.0, 1e-9)
        criterion = -2.0 * loglik + 2.0 * freedom * (1.0 + (freedom + 1.0) / spare)
        if criterion < least:
            least = criterion
            best = RidgeFit(beta, curvature, information, strength, freedom, loglik)
        # Past its minimum the criterion only climbs.
        elif criterion > least + 4.0:
            break
    return ridge_at(training, use, best, best.strength)


@compiled
def ridge_at(training: Training, use: NDArray[np.bool_], near: RidgeFit, strength: float) -> RidgeFit:
    """Fit at a given strength, starting from another fit."""
    beta, information = fit_ridge(training, strength, use, near.beta, FINE)
    curvature = information + strength * training.penalty
    freedom = effective_parameters(curvature, information)
    return RidgeFit(beta, curvature, information, strength, freedom, log_likelihood(training, beta))


@compiled
def effective_parameters(curvature: Matrix, information: Matrix) -> float:
    """Trace of curvature⁻¹ · information over the columns that carry information."""
    busy = np.flatnonzero(np.diag(information) > 0)
    size = busy.size
    left = np.empty((size, size))
    right = np.empty((size, size))
    for a in range(size):
        for b in range(size):
            left[a, b] = curvature[busy[a], busy[b]]
            right[a, b] = information[busy[a], busy[b]]
    solved, product = solve_positive(left, right)
    return float(np.trace(product)) if solved else float(size)
