"""The log-likelihood of a logistic regression on blocks, plain or with Firth's penalty, and its slopes.

Firth's penalty is half the log determinant of the information ``I(β) = X'VX``. It adds ``h(½ − p)x`` to the
score of a deal, with the hat value ``h = v·x'I⁻¹x``.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from qualify.numerics.blocks import (
    LINES,
    Blocks,
    Matrix,
    Vector,
    add_products,
    add_weighted,
    block_log_odds,
    residual_and_spread,
)
from qualify.numerics.compiled import compiled, compiled_entry, compiled_inline
from qualify.numerics.lanes import FARTHEST, LANES, chances, logarithms
from qualify.numerics.registers import (
    SIZE,
    aligned,
    alike,
    eight,
    larger,
    plus_product,
    put,
    smaller,
    sum_of,
    whole_registers,
)
from qualify.numerics.small_cholesky import around, inverse_root, lower_root, mirror


class Outlook(NamedTuple):
    """What is seen from one point.

    value : the log-likelihood, with its penalty where that was asked for; −inf without information. Of no
        meaning otherwise where only slopes were asked for.
    gradient, information : (p,) slopes of `value`, and (p, p) Fisher information of the plain likelihood.
    spread, chance : (B, 64), ``w·p(1 − p)`` and p of every deal.
    """

    value: float
    gradient: Vector
    information: Matrix
    spread: Matrix
    chance: Matrix


@compiled_entry
def look(blocks: Blocks, beta: Vector, firth: bool) -> Outlook:
    """Work out the log-likelihood, its gradient and the information at `beta`."""
    return _seen(blocks, beta, firth, True)


@compiled_entry
def slopes(blocks: Blocks, beta: Vector, firth: bool) -> Outlook:
    """Do the same without the log-likelihood, whose logarithms take a seventh of the time."""
    return _seen(blocks, beta, firth, False)


@compiled
def _seen(blocks: Blocks, beta: Vector, firth: bool, valued: bool) -> Outlook:
    p = beta.size
    gradient, information = np.zeros(p), np.zeros((p, p))
    size, shape = blocks.weights.size, blocks.weights.shape
    spread, chance = aligned(size).reshape(shape), aligned(size).reshape(shape)
    log_odds, won, lost, lines = aligned(LANES), aligned(LANES), aligned(LANES), aligned(LINES * LANES)
    value = 0.0
    for b in range(shape[0]):
        block_log_odds(blocks, b, beta, log_odds)
        chances(log_odds, won, lost)
        residual_and_spread(blocks, b, won, lost, lines)
        for k in range(0, LANES, SIZE):
            put(chance, b * LANES + k, eight(won, k))
            put(spread, b * LANES + k, eight(lines, LANES + k))
        add_products(blocks.columns, b * p * LANES, lines, gradient, information)
        if valued:
            logarithms(lost)
            value += _block_value(blocks, b, log_odds, lost)
    mirror(information)
    if firth:
        value += _penalise(blocks, information, spread, chance, gradient)
    return Outlook(value, gradient, information, spread, chance)


@compiled_inline
def _block_value(blocks: Blocks, b: int, log_odds: Vector, log_lost: Vector) -> float:
    """Sum ``w(y·log p + (1 − y)·log(1 − p))``, where ``log p = η + log(1 − p)``."""
    total, farthest = alike(0.0), alike(FARTHEST)
    for k in range(0, LANES, SIZE):
        near = smaller(larger(eight(log_odds, k), alike(-FARTHEST)), farthest)
        each = plus_product(eight(log_lost, k), eight(blocks.outcome, b * LANES + k), near)
        total = plus_product(total, eight(blocks.weights, b * LANES + k), each)
    return float(sum_of(total))


@compiled
def _penalise(blocks: Blocks, information: Matrix, spread: Matrix, chance: Matrix, gradient: Vector) -> float:
    """Add Firth's part to the gradient, and return the penalty; −inf without information."""
    factored, root = lower_root(information)
    if not factored:
        return -np.inf
    whitening, p = inverse_root(root), gradient.size
    white, pull = aligned(p * LANES).reshape((p, LANES)), aligned(LANES)
    for b in range(spread.shape[0]):
        whiten(blocks.columns, b * p * LANES, whitening, white)
        squared_lengths(white, pull)
        for i in range(LANES):
            pull[i] *= spread[b, i] * (0.5 - chance[b, i])
        add_weighted(blocks.columns, b * p * LANES, pull, gradient)
    penalty = 0.0
    for j in range(p):
        penalty += np.log(root[j, j])
    return penalty


@compiled_inline
def whiten(columns: NDArray[np.float64], first: int, whitening: Matrix, white: Matrix) -> None:
    """Put one block, whose columns begin at `first`, into terms in which the information is the identity."""
    p = white.shape[0]
    for a in range(0, p, 2):
        b = min(a + 1, p - 1)
        for k in range(0, LANES, 2 * SIZE):
            # Two rows of two registers at a time: what is fetched serves twice. `whitening[a, b]` is zero.
            near, far, near_b, far_b = alike(0.0), alike(0.0), alike(0.0), alike(0.0)
            for j in range(b + 1):
                here = first + j * LANES + k
                x, y = eight(columns, here), eight(columns, here + SIZE)
                share, share_b = alike(whitening[a, j]), alike(whitening[b, j])
                near, far = plus_product(near, share, x), plus_product(far, share, y)
                near_b, far_b = plus_product(near_b, share_b, x), plus_product(far_b, share_b, y)
            put(white, a * LANES + k, near)
            put(white, a * LANES + k + SIZE, far)
            put(white, b * LANES + k, near_b)
            put(white, b * LANES + k + SIZE, far_b)


@compiled_inline
def squared_lengths(white: Matrix, lengths: Vector) -> None:
    """Fill in ``x'I⁻¹x`` of every row of one block."""
    for k in range(0, LANES, SIZE):
        total = alike(0.0)
        for a in range(k, white.size, LANES):
            total = plus_product(total, eight(white, a), eight(white, a))
        put(lengths, k, total)


@compiled_entry
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
    white, pull = aligned(p * LANES).reshape((p, LANES)), aligned(LANES)
    lines, unused = aligned(LINES * LANES), np.zeros(p)
    lines[:] = 0.0
    for b in range(here.spread.shape[0]):
        whiten(blocks.columns, b * p * LANES, whitening, white)
        squared_lengths(white, pull)
        for i in range(LANES):
            chance = here.chance[b, i]
            lines[LANES + i] = -0.5 * pull[i] * here.spread[b, i] * (1.0 - 6.0 * chance * (1.0 - chance))
        add_products(white, 0, lines, unused, bent)
        for i in range(LANES):
            pull[i] = here.spread[b, i] * (1.0 - 2.0 * here.chance[b, i])
        _add_moments(white, pull, lines, moments)
    _add_squares(moments, bent)
    mirror(bent)
    return around(root, bent)


@compiled_inline
def _add_moments(white: Matrix, pull: Vector, lines: Vector, moments: Matrix) -> None:
    """Add one block to the weighted third moments, those with falling positions only."""
    unused = np.zeros(white.shape[0])
    for a in range(white.shape[0]):
        for k in range(0, LANES, SIZE):
            put(lines, LANES + k, eight(pull, k) * eight(white, a * LANES + k))
        add_products(white, 0, lines, unused[: a + 1], moments[a])


@compiled
def _add_squares(moments: Matrix, bent: Matrix) -> None:
    """Add half the sums of products of third moments to the lower half of `bent`."""
    p = bent.shape[0]
    line = whole_registers(p * p)
    flat = np.zeros(p * line)  # a line for each first position; nothing stands at its end
    for a in range(p):
        for b in range(a + 1):
            for c in range(b + 1):
                moment = moments[a, b, c]
                flat[a * line + b * p + c] = flat[a * line + c * p + b] = moment
                flat[b * line + a * p + c] = flat[b * line + c * p + a] = moment
                flat[c * line + a * p + b] = flat[c * line + b * p + a] = moment
    for a in range(p):
        for c in range(a + 1):
            total = alike(0.0)
            for k in range(0, line, SIZE):
                total = plus_product(total, eight(flat, a * line + k), eight(flat, c * line + k))
            bent[a, c] += 0.5 * sum_of(total)
