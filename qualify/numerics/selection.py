"""Choosing few characteristics, by the quadratic shape of the penalised likelihood around its maximum."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from qualify.numerics.blocks import Matrix, Vector
from qualify.numerics.coding import Coding
from qualify.numerics.compiled import compiled, compiled_inline
from qualify.numerics.ridge import RidgeFit
from qualify.numerics.small_cholesky import times

# Perturbed fits behind a choice, the same everywhere, and what share of them must choose a characteristic.
DRAWS = 40
ENOUGH = 1 / 3
NOISE: NDArray[np.float64] = np.random.default_rng(20_260_101).standard_normal((DRAWS, 512))


class Shape(NamedTuple):
    """The penalised likelihood as a parabola over the slopes: curvature, information, gradient at zero."""

    curvature: Matrix
    information: Matrix
    gradient: Vector


@compiled
def shape_of(fit: RidgeFit) -> Shape:
    """Return the parabola around a fit, with the intercept left free to follow the slopes."""
    curvature = _beyond_intercept(fit.curvature)
    return Shape(curvature, _beyond_intercept(fit.information), times(curvature, fit.beta[1:]))


@compiled
def choose_characteristics(
    fit: RidgeFit, coding: Coding, total: float, most: int, noise: Matrix
) -> NDArray[np.bool_]:
    """Keep the characteristics that earn their place, and would have earned it on another sample too.

    The choice by least corrected AIC is repeated on gradients perturbed as a new sample would perturb them,
    ``g + I^½ z``; those chosen in at least a third of the repetitions are kept (with half, few deals leave
    out much that would have helped). Where they are more than `most`, the choice is repeated among them, at
    most so many at a time and perturbed as one sample differs from another, ``g + (2I)^½ z``, and those
    chosen most often are kept: of several that say the same, the one that explains most in this sample is
    not always the one to trust.

    Parameters
    ----------
    fit : RidgeFit
        The fit on all characteristics.
    coding : Coding
        Which columns belong to which characteristic.
    total : float
        Number of deals.
    most : int
        Keep at most this many characteristics.
    noise : ndarray
        Standard normal numbers, a row for each repetition: `NOISE`.

    References
    ----------
    Meinshausen, N. & Bühlmann, P. (2010). Stability selection. Journal of the Royal Statistical Society B 72,
    417–473. The repetitions here are parametric, so that they cost no refit.
    """
    everything = np.ones(coding.first.size - 1, dtype=np.bool_)
    stable = inclusion(fit, coding, total, everything.size, everything, noise) >= ENOUGH
    if stable.sum() <= most:
        return stable
    share = inclusion(fit, coding, total, most, stable, np.sqrt(2.0) * noise)
    chosen = np.zeros(everything.size, dtype=np.bool_)
    for _ in range(most):
        leader = -1
        for c in range(share.size):
            if stable[c] and not chosen[c] and (leader < 0 or share[c] > share[leader]):
                leader = c
        chosen[leader] = True
    return chosen


@compiled
def inclusion(
    fit: RidgeFit, coding: Coding, total: float, most: int, among: NDArray[np.bool_], noise: Matrix
) -> Vector:
    """Share of perturbed fits in which each characteristic is chosen, (C,)."""
    shape = shape_of(fit)
    root = _root(shape.information)
    size = shape.gradient.size
    share, drawn = np.zeros(among.size), np.empty(size)
    for d in range(noise.shape[0]):
        for j in range(size):
            drawn[j] = noise[d, j % noise.shape[1]]
        perturbed = Shape(shape.curvature, shape.information, shape.gradient + times(root, drawn))
        share += choose_by_aic(perturbed, coding, total, most, among)
    share /= noise.shape[0]
    return share


@compiled_inline
def _root(matrix: Matrix) -> Matrix:
    """Lower Cholesky factor, columns without information left at zero."""
    p = matrix.shape[0]
    root = np.zeros((p, p))
    for j in range(p):
        for i in range(j, p):
            total = matrix[i, j]
            for k in range(j):
                total -= root[i, k] * root[j, k]
            if i > j and root[j, j] > 0.0:
                root[i, j] = total / root[j, j]
            elif i == j and total > 1e-12 * matrix[j, j]:
                root[j, j] = np.sqrt(total)
    return root


@compiled
def choose_by_aic(
    shape: Shape, coding: Coding, total: float, most: int, among: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Add characteristics one at a time, best first, and stop at the size with the least corrected AIC.

    With the gradient ``g = Aβ`` and curvature ``A`` of the full penalised fit, a set S of columns explains
    ``g_S' A_SS⁻¹ g_S`` of twice the log-likelihood, and spends ``tr(I_SS A_SS⁻¹)`` parameters: no refit is
    needed along the way. Sweeping the chosen columns (Goodnight 1979, The American Statistician 33, 149–158)
    leaves what the others explain beyond them, and A_SS⁻¹ in place.
    """
    swept, rest = shape.curvature.copy(), shape.gradient.copy()
    scratch = np.empty((rest.size + 1, rest.size + 1))
    left = among.copy()
    chosen = np.zeros(among.size, dtype=np.bool_)
    best = chosen.copy()
    least, explained = 0.0, 0.0
    for _ in range(min(most, among.size)):
        leader, gain = _leader(swept, rest, coding, left, scratch)
        if leader < 0:
            break
        chosen[leader], left[leader] = True, False
        explained += gain
        for j in range(coding.first[leader], coding.first[leader + 1]):
            _sweep(swept, rest, j, scratch[0])
        freedom = 1.0 + _freedom(shape, swept, coding, chosen)
        spare = max(total - freedom - 1.0, 1e-9)
        # Against the intercept alone, whose own criterion is 2.
        criterion = -explained + 2.0 * freedom * (1.0 + (freedom + 1.0) / spare) - 2.0
        if criterion < least:
            least = criterion
            best = chosen.copy()
    return best


@compiled_inline
def _leader(
    swept: Matrix, rest: Vector, coding: Coding, left: NDArray[np.bool_], scratch: Matrix
) -> tuple[int, float]:
    """Find the characteristic among those `left` that explains most, and how much; −1 for none."""
    leader, gain = -1, -1.0
    for c in range(left.size):
        if left[c] and coding.first[c + 1] > coding.first[c]:
            more = _adds(swept, rest, coding.first[c], coding.first[c + 1], scratch)
            if more > gain:
                leader, gain = c, more
    return leader, gain


@compiled_inline
def _adds(swept: Matrix, rest: Vector, start: int, stop: int, scratch: Matrix) -> float:
    """Twice the log-likelihood that the columns from `start` to before `stop` explain beyond those swept.

    ``r' A⁻¹ r`` as the squared length of ``L⁻¹ r``, with the Cholesky factor L in `scratch`.
    """
    explained = 0.0
    size = stop - start
    for i in range(size + 1):
        for j in range(min(i + 1, size)):
            total = swept[start + i, start + j] if i < size else rest[start + j]
            for k in range(j):
                total -= scratch[i, k] * scratch[j, k]
            if i > j:
                scratch[i, j] = total / scratch[j, j]
            elif total > 1e-13 * swept[start + i, start + i]:
                scratch[i, i] = np.sqrt(total)
            else:
                return -1.0
            if i == size:
                explained += scratch[i, j] ** 2
    return explained


@compiled_inline
def _sweep(swept: Matrix, rest: Vector, k: int, row: Vector) -> None:
    """Sweep column k in place; `row` is room to work in."""
    size = rest.size
    pivot = swept[k, k]
    for j in range(size):
        row[j] = swept[k, j] / pivot
    part = rest[k] / pivot
    for i in range(size):
        share = swept[i, k]
        if i != k and share != 0.0:
            for j in range(size):
                swept[i, j] -= share * row[j]
            rest[i] -= share * part
            swept[i, k] = -share / pivot
    for j in range(size):
        swept[k, j] = row[j]
    rest[k] = part
    swept[k, k] = 1.0 / pivot


@compiled_inline
def _freedom(shape: Shape, swept: Matrix, coding: Coding, chosen: NDArray[np.bool_]) -> float:
    """``tr(I_SS A_SS⁻¹) = |S| − tr((A − I)_SS A_SS⁻¹)``: the penalty ties no two characteristics together."""
    freedom = 0.0
    for c in range(chosen.size):
        if chosen[c]:
            for j in range(coding.first[c], coding.first[c + 1]):
                freedom += 1.0
                for k in range(coding.first[c], coding.first[c + 1]):
                    freedom -= (shape.curvature[j, k] - shape.information[j, k]) * swept[k, j]
    return freedom


@compiled_inline
def _beyond_intercept(matrix: Matrix) -> Matrix:
    """Return the matrix over the slopes, with the intercept left free to follow them."""
    size = matrix.shape[0] - 1
    slopes = np.empty((size, size))
    for i in range(size):
        for j in range(size):
            slopes[i, j] = matrix[i + 1, j + 1] - matrix[i + 1, 0] * matrix[0, j + 1] / matrix[0, 0]
    return slopes
