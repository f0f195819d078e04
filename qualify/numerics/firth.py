"""The log-likelihood of a logistic regression on blocks, plain or with Firth's penalty, and its slopes.

Firth's penalty is half the log determinant of the information ``I(β) = X'VX``. It adds ``h(½ − p)x`` to the
score of a deal, with the hat value ``h = v·x'I⁻¹x``.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from qualify.numerics.blocks import Blocks, Matrix, Vector, add_products, block_log_odds
from qualify.numerics.compiled import compiled, compiled_sums
from qualify.numerics.lanes import FARTHEST, LANES, chances, logarithms
from qualify.numerics.positive import inverse_root, lower_root


class Outlook(NamedTuple):
    """What is seen from one point.

    value : the log-likelihood, with its penalty where that was asked for; −inf without information.
    gradient, information : (p,) slopes of `value`, and (p, p) Fisher information of the plain likelihood.
    spread, chance : (B, 64), ``w·p(1 − p)`` and p of every deal.
    """

    value: float
    gradient: Vector
    information: Matrix
    spread: Matrix
    chance: Matrix


@compiled
def look(blocks: Blocks, beta: Vector, firth: bool) -> Outlook:
    """Work out the log-likelihood, its gradient and the information at `beta`."""
    p = beta.size
    gradient, information = np.zeros(p), np.zeros((p, p))
    spread, chance = np.empty(blocks.weights.shape), np.empty(blocks.weights.shape)
    log_odds, lost, residual = np.empty(LANES), np.empty(LANES), np.empty(LANES)
    value = 0.0
    for b in range(blocks.weights.shape[0]):
        block_log_odds(blocks, b, beta, log_odds)
        won, v = chance[b], spread[b]
        chances(log_odds, won, lost)
        for i in range(LANES):
            w, y = blocks.weights[b, i], blocks.outcome[b, i]
            residual[i] = w * (y * lost[i] - (1.0 - y) * won[i])
            v[i] = w * won[i] * lost[i]
        add_products(blocks.columns[b], residual, v, gradient, information)
        logarithms(lost)
        value += _block_value(blocks.outcome[b], blocks.weights[b], log_odds, lost)
    for a in range(p):
        for c in range(a):
            information[c, a] = information[a, c]
    if firth:
        value += _penalise(blocks, information, spread, chance, gradient)
    return Outlook(value, gradient, information, spread, chance)


@compiled_sums
def _block_value(outcome: Vector, weights: Vector, log_odds: Vector, log_lost: Vector) -> float:
    """Sum ``w(y·log p + (1 − y)·log(1 − p))``, where ``log p = η + log(1 − p)``."""
    total = 0.0
    for i in range(LANES):
        near = min(max(log_odds[i], -FARTHEST), FARTHEST)
        total += weights[i] * (outcome[i] * near + log_lost[i])
    return total


@compiled
def _penalise(blocks: Blocks, information: Matrix, spread: Matrix, chance: Matrix, gradient: Vector) -> float:
    """Add Firth's part to the gradient, and return the penalty; −inf without information."""
    factored, root = lower_root(information)
    if not factored:
        return -np.inf
    whitening = inverse_root(root)
    white, pull = np.empty((gradient.size, LANES)), np.empty(LANES)
    for b in range(spread.shape[0]):
        whiten(blocks.columns[b], whitening, white)
        squared_lengths(white, pull)
        for i in range(LANES):
            pull[i] *= spread[b, i] * (0.5 - chance[b, i])
        _add_pull(blocks.columns[b], pull, gradient)
    return float(np.log(np.diag(root)).sum())


@compiled_sums
def whiten(columns: Matrix, whitening: Matrix, white: Matrix) -> None:
    """Fill in the rows of one block in coordinates in which the information is the identity."""
    for a in range(white.shape[0]):
        across = white[a]
        for i in range(LANES):
            across[i] = whitening[a, a] * columns[a, i]
        # Four at a time, so that each sum is stored once for four products.
        whole = a - a % 4
        for k in range(0, whole, 4):
            w0, w1 = whitening[a, k], whitening[a, k + 1]
            w2, w3 = whitening[a, k + 2], whitening[a, k + 3]
            for i in range(LANES):
                near = w0 * columns[k, i] + w1 * columns[k + 1, i]
                across[i] += near + w2 * columns[k + 2, i] + w3 * columns[k + 3, i]
        for k in range(whole, a):
            for i in range(LANES):
                across[i] += whitening[a, k] * columns[k, i]


@compiled_sums
def squared_lengths(white: Matrix, lengths: Vector) -> None:
    """Fill in ``x'I⁻¹x`` of every row of one block."""
    lengths[:] = 0.0
    for a in range(white.shape[0]):
        for i in range(LANES):
            lengths[i] += white[a, i] * white[a, i]


@compiled_sums
def _add_pull(columns: Matrix, pull: Vector, gradient: Vector) -> None:
    for a in range(gradient.size):
        total = 0.0
        for i in range(LANES):
            total += pull[i] * columns[a, i]
        gradient[a] += total


@compiled
def bend(blocks: Blocks, here: Outlook) -> Matrix:
    """Curvature of the penalty: what Fisher information lacks of minus the second derivative.

    ``−½ Σ h(1 − 6p(1 − p)) xx' + ½ M`` with ``M_rs = tr(I⁻¹ ∂ᵣI · I⁻¹ ∂ₛI)``, ``∂ᵣI = Σ v(1 − 2p) xᵣ xx'``.
    In coordinates where the information is the identity M is a sum of squares of third moments. Zero where
    the information is not positive definite.
    """
    p = here.gradient.size
    factored, root = lower_root(here.information)
    if not factored:
        return np.zeros((p, p))
    whitening = inverse_root(root)
    moments, bent = np.zeros((p, p, p)), np.zeros((p, p))
    white, pull = np.empty((p, LANES)), np.empty(LANES)
    for b in range(here.spread.shape[0]):
        whiten(blocks.columns[b], whitening, white)
        squared_lengths(white, pull)
        for i in range(LANES):
            chance = here.chance[b, i]
            pull[i] *= -0.5 * here.spread[b, i] * (1.0 - 6.0 * chance * (1.0 - chance))
        add_products(white, pull, pull, np.zeros(p), bent)
        for i in range(LANES):
            pull[i] = here.spread[b, i] * (1.0 - 2.0 * here.chance[b, i])
        _add_moments(white, pull, moments)
    _add_squares(moments, bent)
    for a in range(p):
        for c in range(a):
            bent[c, a] = bent[a, c]
    return root @ bent @ root.T.copy()


@compiled
def _add_moments(white: Matrix, pull: Vector, moments: Matrix) -> None:
    """Add one block to the weighted third moments, those with falling positions only."""
    weighted, unused = np.empty(LANES), np.zeros(white.shape[0])
    for a in range(white.shape[0]):
        for i in range(LANES):
            weighted[i] = pull[i] * white[a, i]
        add_products(white[: a + 1], weighted, weighted, unused[: a + 1], moments[a])


@compiled_sums
def _add_squares(moments: Matrix, bent: Matrix) -> None:
    """Add half the sums of products of third moments to the lower half of `bent`."""
    p = bent.shape[0]
    whole = np.empty((p, p, p))
    for a in range(p):
        for b in range(a + 1):
            for c in range(b + 1):
                moment = moments[a, b, c]
                whole[a, b, c] = whole[a, c, b] = whole[b, a, c] = moment
                whole[b, c, a] = whole[c, a, b] = whole[c, b, a] = moment
    flat = whole.reshape(p, p * p)
    for a in range(p):
        for c in range(a + 1):
            total = 0.0
            for k in range(p * p):
                total += flat[a, k] * flat[c, k]
            bent[a, c] += 0.5 * total
