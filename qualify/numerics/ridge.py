"""Ridge logistic regression on coded answers, with its strength chosen from the same deals.

Each characteristic is penalised by the weighted variance of its own contribution to the log-odds, so that
neither the reference answer nor the unit of a rating matters. `beta[0]` is the intercept, never penalised.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from qualify.numerics.blocks import Blocks, Matrix, Vector, block_answers, log_likelihood, with_columns
from qualify.numerics.coding import Coding, Items, code_counted, count_answers
from qualify.numerics.compiled import compiled, compiled_entry
from qualify.numerics.newton import Climb, begin, climb, climb_on
from qualify.numerics.small_cholesky import inverse_from_root, lower_root

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
    """A penalised fit: coefficients, penalised curvature, information, strength, effective parameters.

    Coefficients of characteristics that were not in use are zero, as is their information. `how` says how
    Newton's method stopped (`qualify.numerics.newton`).
    """

    beta: Vector
    curvature: Matrix
    information: Matrix
    strength: float
    freedom: float
    how: int


@compiled_entry
def prepare_training(items: Items, outcome: Vector, weights: Vector, fewest: float) -> Training:
    """Pool and code the answers of the deals with weight, and set up their penalty."""
    counts = count_answers(items, weights)
    coding = code_counted(items, counts, fewest)
    blocks = block_answers(items, coding, outcome, weights)
    return Training(items, outcome, weights, coding, penalty_matrix(counts, coding), blocks)


@compiled
def penalty_matrix(counts: Matrix, coding: Coding) -> Matrix:
    """Covariance of the columns of each characteristic, zero between characteristics, (p + 1, p + 1)."""
    size = coding.first[-1] + 1
    mean = np.zeros(size)
    penalty = np.zeros((size, size))
    for c in range(coding.first.size - 1):
        total = counts[c].sum()
        # A deal gives one answer, so two columns of a characteristic are never both nonzero.
        for a in range(counts.shape[1]):
            j, value = coding.column[c, a] + 1, coding.value[c, a]
            if j > 0:
                mean[j] += counts[c, a] * value / total
                penalty[j, j] += counts[c, a] * value * value / total
        for j in range(coding.first[c] + 1, coding.first[c + 1] + 1):
            for k in range(coding.first[c] + 1, coding.first[c + 1] + 1):
                penalty[j, k] -= mean[j] * mean[k]
    return penalty


def choose_ridge(training: Training, use: NDArray[np.bool_], strongest: float) -> RidgeFit:
    """Fit at the strength, up to `strongest`, that has the least corrected AIC on these deals."""
    return fit_ridge(training, use, np.nan, strongest, flat_start(training))


def ridge_at(training: Training, use: NDArray[np.bool_], near: RidgeFit, strength: float) -> RidgeFit:
    """Fit at a given strength, starting from another fit."""
    return fit_ridge(training, use, strength, np.inf, near.beta)


@compiled_entry
def flat_start(training: Training) -> Vector:
    """Coefficients that give every deal the win rate."""
    rate = (training.outcome * training.weights).sum() / training.weights.sum()
    beta = np.zeros(training.penalty.shape[0])
    beta[0] = np.log((rate + 1e-9) / (1.0 - rate + 1e-9))
    return beta


@compiled_entry
def fit_ridge(
    training: Training, use: NDArray[np.bool_], strength: float, strongest: float, start: Vector
) -> RidgeFit:
    """Fit the characteristics in use from `start`, at a given strength or, where it is NaN, a chosen one."""
    busy = busy_columns(training.coding, use)
    blocks = with_columns(training.blocks, busy)
    penalty = _among(training.penalty, busy)
    begun = start[busy]
    if np.isnan(strength):
        strength, begun = _choose_strength(blocks, penalty, strongest, begun)
    fit = climb(blocks, strength * penalty, begun, FINE)
    size = start.size
    beta, information = np.zeros(size), np.zeros((size, size))
    for a in range(busy.size):
        beta[busy[a]] = fit.beta[a]
        for b in range(busy.size):
            information[busy[a], busy[b]] = fit.information[a, b]
    freedom = effective_parameters(fit.information + strength * penalty, fit.information)
    curvature = information + strength * training.penalty
    return RidgeFit(beta, curvature, information, strength, freedom, fit.how)


@compiled
def _choose_strength(
    blocks: Blocks, penalty: Matrix, strongest: float, begun: Vector
) -> tuple[float, Vector]:
    """Find the strength with the least corrected AIC, and where its fit is.

    The criterion is ``−2ℓ + 2d(1 + (d + 1)/(n − d − 1))`` with ``d = tr(I(I + λP)⁻¹)`` effective parameters
    (Hurvich & Tsai 1989; the penalty trace of Harrell 2015, section 9.10).
    """
    total = blocks.weights.sum()
    start = MIDDLE
    while start < STRENGTHS.size - 1 and STRENGTHS[start] > strongest:
        start += 1
    near = begin(blocks, begun)
    middle, chosen, best, least = near, start, begun, np.inf
    # From the middle to weaker ones, then from there to stronger ones.
    k, step = start, 1
    while step != 0:
        near = climb_on(blocks, STRENGTHS[k] * penalty, near, ROUGH)
        criterion = _criterion(blocks, penalty, near, STRENGTHS[k], total)
        if k == start:
            middle = near
        if criterion < least:
            best, chosen, least = near.beta, k, criterion
        k += step
        # On either side of its minimum the criterion only climbs.
        over = k < 0 or k >= STRENGTHS.size or STRENGTHS[k] > strongest or criterion > least + CLIMBING
        if over and step > 0:
            near, k, step = middle, start - 1, -1
            over = k < 0 or STRENGTHS[k] > strongest
        if over:
            step = 0
    return STRENGTHS[chosen], best


@compiled
def _criterion(blocks: Blocks, penalty: Matrix, fit: Climb, strength: float, total: float) -> float:
    """Corrected AIC of a penalised fit."""
    freedom = effective_parameters(fit.information + strength * penalty, fit.information)
    spare = max(total - freedom - 1.0, 1e-9)
    penalised = 2.0 * freedom * (1.0 + (freedom + 1.0) / spare)
    return penalised - 2.0 * log_likelihood(blocks, fit.beta)


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
