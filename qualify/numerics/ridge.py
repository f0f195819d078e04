"""Ridge logistic regression on coded answers, with its strength chosen from the same deals.

Each characteristic is penalised by the weighted variance of its own contribution to the log-odds, so that
neither the reference answer nor the unit of a rating matters. `beta[0]` is the intercept, never penalised.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from qualify.numerics.blocks import Blocks, Matrix, Vector, block_answers, log_likelihood, with_columns
from qualify.numerics.climb import Climb, begin, climb, climb_on
from qualify.numerics.coding import Coding, Items, code_answers
from qualify.numerics.compiled import compiled
from qualify.numerics.positive import inverse_from_root, lower_root

# Strengths tried, strongest first; 1 / strength is the variance expected of a contribution to the log-odds.
STRENGTHS = 4.0 ** np.arange(6, -3, -1)
# The search goes from the middle both ways, until the criterion has climbed this far from its least.
MIDDLE, CLIMBING = 4, 2.0
# Fits that are only compared may stop this far from their maximum, in deviance; the one kept may not.
ROUGH, FINE = 1e-2, 1e-10


class Training(NamedTuple):
    """What a model learns from: outcomes (n,), weights (n,; 0 leaves a deal out), their coding and blocks."""

    items: Items
    outcome: Vector
    weights: Vector
    coding: Coding
    penalty: Matrix
    blocks: Blocks


class RidgeFit(NamedTuple):
    """A penalised fit: coefficients, penalised curvature, information, strength, freedom, log-likelihood.

    Coefficients of characteristics that were not in use are zero, as is their information. `how` says how
    Newton's method stopped (`qualify.numerics.climb`).
    """

    beta: Vector
    curvature: Matrix
    information: Matrix
    strength: float
    freedom: float
    loglik: float
    how: int


@compiled
def prepare_training(items: Items, outcome: Vector, weights: Vector, fewest: float) -> Training:
    """Pool and code the answers of the deals with weight, and set up their penalty."""
    coding = code_answers(items, weights, fewest)
    blocks = block_answers(items, coding, outcome, weights)
    return Training(items, outcome, weights, coding, penalty_matrix(blocks, coding), blocks)


@compiled
def penalty_matrix(blocks: Blocks, coding: Coding) -> Matrix:
    """Covariance of the columns of each characteristic, zero between characteristics, (p + 1, p + 1)."""
    size = coding.first[-1] + 1
    mean = np.zeros(size)
    penalty = np.zeros((size, size))
    for b in range(blocks.weights.shape[0]):
        for j in range(1, size):
            weighted = blocks.weights[b] * blocks.columns[b, j]
            mean[j] += weighted.sum()
            # A deal gives one answer, so two columns of a characteristic are never both nonzero.
            penalty[j, j] += (weighted * blocks.columns[b, j]).sum()
    total = blocks.weights.sum()
    mean /= total
    for c in range(coding.first.size - 1):
        for j in range(coding.first[c] + 1, coding.first[c + 1] + 1):
            penalty[j, j] /= total
            for k in range(coding.first[c] + 1, coding.first[c + 1] + 1):
                penalty[j, k] -= mean[j] * mean[k]
    return penalty


@compiled
def choose_ridge(training: Training, use: NDArray[np.bool_], strongest: float) -> RidgeFit:
    """Fit at each strength up to `strongest` and keep the one with the least corrected AIC on these deals.

    The criterion is ``−2ℓ + 2d(1 + (d + 1)/(n − d − 1))`` with ``d = tr(I(I + λP)⁻¹)`` effective parameters
    (Hurvich & Tsai 1989; the penalty trace of Harrell 2015, section 9.10).
    """
    busy = busy_columns(training.coding, use)
    blocks = with_columns(training.blocks, busy)
    penalty = _among(training.penalty, busy)
    total = training.weights.sum()
    start = MIDDLE
    while STRENGTHS[start] > strongest:
        start += 1
    middle = climb_on(blocks, STRENGTHS[start] * penalty, begin(blocks, _flat(training, busy)), ROUGH)
    best, chosen = middle.beta, start
    least = _criterion(blocks, penalty, middle, STRENGTHS[start], total)
    for step in (1, -1):
        near, k = middle, start + step
        while 0 <= k < STRENGTHS.size and STRENGTHS[k] <= strongest:
            near = climb_on(blocks, STRENGTHS[k] * penalty, near, ROUGH)
            criterion = _criterion(blocks, penalty, near, STRENGTHS[k], total)
            # On either side of its minimum the criterion only climbs.
            if criterion > least + CLIMBING:
                break
            if criterion < least:
                best, chosen, least = near.beta, k, criterion
            k += step
    return _finished(training, blocks, busy, best, STRENGTHS[chosen])


@compiled
def _criterion(blocks: Blocks, penalty: Matrix, fit: Climb, strength: float, total: float) -> float:
    """Corrected AIC of a penalised fit."""
    freedom = effective_parameters(fit.information + strength * penalty, fit.information)
    spare = max(total - freedom - 1.0, 1e-9)
    penalised = 2.0 * freedom * (1.0 + (freedom + 1.0) / spare)
    return penalised - 2.0 * log_likelihood(blocks, fit.beta)


@compiled
def ridge_at(training: Training, use: NDArray[np.bool_], near: RidgeFit, strength: float) -> RidgeFit:
    """Fit at a given strength, starting from another fit."""
    busy = busy_columns(training.coding, use)
    return _finished(training, with_columns(training.blocks, busy), busy, near.beta[busy], strength)


@compiled
def fit_at(training: Training, use: NDArray[np.bool_], strength: float) -> RidgeFit:
    """Fit at a given strength; 0 is maximum likelihood."""
    busy = busy_columns(training.coding, use)
    blocks = with_columns(training.blocks, busy)
    return _finished(training, blocks, busy, _flat(training, busy), strength)


@compiled
def _flat(training: Training, busy: NDArray[np.int64]) -> Vector:
    """Coefficients that give every deal the win rate."""
    rate = (training.outcome * training.weights).sum() / training.weights.sum()
    beta = np.zeros(busy.size)
    beta[0] = np.log((rate + 1e-9) / (1.0 - rate + 1e-9))
    return beta


@compiled
def _finished(
    training: Training, blocks: Blocks, busy: NDArray[np.int64], start: Vector, strength: float
) -> RidgeFit:
    """Fit to the end, and put the columns in use back among all."""
    penalty = strength * _among(training.penalty, busy)
    fit = climb(blocks, penalty, start, FINE)
    size = training.penalty.shape[0]
    beta, information, curvature = np.zeros(size), np.zeros((size, size)), strength * training.penalty
    for a in range(busy.size):
        beta[busy[a]] = fit.beta[a]
        for b in range(busy.size):
            information[busy[a], busy[b]] = fit.information[a, b]
    curvature += information
    freedom = effective_parameters(fit.information + penalty, fit.information)
    loglik = log_likelihood(blocks, fit.beta)
    return RidgeFit(beta, curvature, information, strength, freedom, loglik, fit.how)


@compiled
def busy_columns(coding: Coding, use: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Columns of the characteristics in use, the intercept first."""
    busy = np.zeros(coding.first[-1] + 1, dtype=np.int64)
    size = 1
    for c in range(use.size):
        if use[c]:
            for j in range(coding.first[c], coding.first[c + 1]):
                busy[size] = j + 1
                size += 1
    return busy[:size]


@compiled
def _among(matrix: Matrix, columns: NDArray[np.int64]) -> Matrix:
    part = np.empty((columns.size, columns.size))
    for a in range(columns.size):
        for b in range(columns.size):
            part[a, b] = matrix[columns[a], columns[b]]
    return part


@compiled
def effective_parameters(curvature: Matrix, information: Matrix) -> float:
    """Trace of curvature⁻¹ · information; all columns where the curvature is not positive definite."""
    factored, root = lower_root(curvature)
    return float((inverse_from_root(root) * information).sum()) if factored else float(curvature.shape[0])
