"""The same test worked out a second time, from its definition, with nothing of `qualify` but the criteria.

Own penalised fit, own draws of the truth, own Newton's method for every simulated set of outcomes.
"""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def posterior(design: Array, outcome: Array, strength: float) -> tuple[Array, Array]:
    """Mean and covariance of the coefficients under a normal prior, for columns that each are a question."""
    penalty = np.diag(np.r_[0.0, strength * design[:, 1:].var(axis=0)])
    beta = np.zeros(design.shape[1])
    for _ in range(50):
        chance = 1 / (1 + np.exp(-design @ beta))
        curvature = (design.T * (chance * (1 - chance))) @ design + penalty
        step = np.linalg.solve(curvature, design.T @ (outcome - chance) - penalty @ beta)
        beta += step
        if np.abs(step).max() < 1e-12:
            break
    return beta, np.linalg.inv(curvature)


@numba.njit(cache=True)
def loglik(log_odds: Array, outcome: Array) -> float:
    total = 0.0
    for i in range(log_odds.size):
        x = log_odds[i]
        total += outcome[i] * x - (max(x, 0.0) + np.log(1 + np.exp(-abs(x))))
    return total


@numba.njit(cache=True)
def best(design: Array, outcome: Array, offset: Array) -> float:
    """Largest log-likelihood, by Newton's method with halved steps."""
    n, q = design.shape
    beta = np.zeros(q)
    value = loglik(offset, outcome)
    for _ in range(60):
        log_odds = offset + design @ beta
        chance = 1 / (1 + np.exp(-log_odds))
        weighted = design * (chance * (1 - chance)).reshape(n, 1)
        step = np.linalg.solve(design.T @ weighted + 1e-10 * np.eye(q), design.T @ (outcome - chance))
        length = 1.0
        there = loglik(offset + design @ (beta + step), outcome)
        while there < value and length > 1e-6:
            length /= 2
            there = loglik(offset + design @ (beta + length * step), outcome)
        beta = beta + length * step
        if there - value < 1e-9:
            return max(there, value)
        value = there
    return value


@numba.njit(cache=True)
def statistics(design: Array, log_odds: Array, outcome: Array) -> tuple[float, float]:
    """Revision against the criteria in use, and new intercept against the same."""
    ones = np.ones((log_odds.size, 1))
    original = loglik(log_odds, outcome)
    shifted = best(ones, outcome, log_odds)
    revised = best(design, outcome, np.zeros(log_odds.size))
    return 2 * (revised - original), 2 * (shifted - original)


@numba.njit(cache=True)
def null(design: Array, log_odds: Array, chances: Array, uniform: Array) -> Array:
    found = np.empty((chances.shape[0], 2))
    for t in range(chances.shape[0]):
        outcome = (uniform[t] < chances[t]).astype(np.float64)
        found[t, 0], found[t, 1] = statistics(design, log_odds, outcome)
    return found


def p_values(
    design: Array, log_odds: Array, outcomes: Array, belief: tuple[Array, Array], times: int, seed: int
) -> Array:
    """p-values of both tests for each row of outcomes, (S, 2). `design`: a constant and the questions."""
    rng = np.random.default_rng(seed)
    truths = rng.multivariate_normal(*belief, size=times) @ design.T
    chances, uniform = 1 / (1 + np.exp(-truths)), rng.random((times, len(log_odds)))
    # Points of yes-or-no questions add up: the log-odds in use are a sum of the columns already.
    varied = [j for j in range(design.shape[1]) if j == 0 or np.ptp(design[:, j]) > 0]
    used = np.ascontiguousarray(design[:, varied])
    drawn = null(used, log_odds, chances, uniform)
    seen = np.array([statistics(used, log_odds, one) for one in outcomes])
    return (1 + (drawn[None] >= seen[:, None] - 1e-6).sum(axis=1)) / (1 + times)
