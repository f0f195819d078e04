"""Choosing few characteristics, by the quadratic shape of the penalised likelihood around its maximum."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qualify.numerics.coding import Coding
from qualify.numerics.compiled import compiled
from qualify.numerics.ridge import Matrix, RidgeFit, Vector, solve_positive

# Perturbed fits behind a choice, the same everywhere, and how many of them must agree on a characteristic.
DRAWS = 20
MAJORITY = 0.5
_NOISE: NDArray[np.float64] = np.random.default_rng(20_260_101).standard_normal((DRAWS, 512))


def choose_characteristics(fit: RidgeFit, coding: Coding, total: float, most: int) -> NDArray[np.bool_]:
    """Keep the characteristics that earn their place, and would have earned it on another sample too.

    The choice by least corrected AIC is repeated on gradients perturbed as a new sample would perturb them,
    ``g + I^½ z``; those chosen in at least half of the repetitions are kept. Where they are more than `most`,
    those that explain most together are.

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

    References
    ----------
    Meinshausen, N. & Bühlmann, P. (2010). Stability selection. Journal of the Royal Statistical Society B 72,
    417–473. The repetitions here are parametric, so that they cost no refit.
    """
    size = fit.beta.size - 1
    noise = np.ascontiguousarray(_NOISE[:, np.arange(size) % _NOISE.shape[1]])
    stable = inclusion(fit, coding, total, coding.first.size - 1, noise) >= MAJORITY
    return stable if stable.sum() <= most else _strongest(fit, coding, total, most, stable)


def _strongest(
    fit: RidgeFit, coding: Coding, total: float, most: int, among: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Of some characteristics, the ones that explain most, added one at a time."""
    candidates = np.flatnonzero(among)
    spans = [np.arange(coding.first[c], coding.first[c + 1]) for c in candidates]
    columns = np.concatenate(spans)
    first = np.cumsum([0, *(span.size for span in spans)]).astype(np.int32)
    curvature, information = _beyond_intercept(fit.curvature), _beyond_intercept(fit.information)
    block = np.ix_(columns, columns)
    picked = choose_by_aic(
        np.ascontiguousarray(curvature[block]),
        np.ascontiguousarray(information[block]),
        (curvature @ fit.beta[1:])[columns],
        coding._replace(first=first),
        total,
        most,
    )
    chosen = np.zeros(among.size, dtype=np.bool_)
    chosen[candidates[picked]] = True
    return chosen


@compiled
def inclusion(fit: RidgeFit, coding: Coding, total: float, most: int, noise: Matrix) -> Vector:
    """Share of perturbed fits in which each characteristic is chosen, (C,)."""
    curvature, information = _beyond_intercept(fit.curvature), _beyond_intercept(fit.information)
    gradient = curvature @ fit.beta[1:]
    root = _root(information)
    share = np.zeros(coding.first.size - 1)
    for d in range(noise.shape[0]):
        share += choose_by_aic(curvature, information, gradient + root @ noise[d], coding, total, most)
    share /= noise.shape[0]
    return share


@compiled
def _root(matrix: Matrix) -> Matrix:
    """Lower Cholesky factor, columns without information left at zero."""
    p = matrix.shape[0]
    root = np.zeros((p, p))
    for j in range(p):
        total = matrix[j, j] - (root[j, :j] ** 2).sum()
        if total > 1e-12 * matrix[j, j]:
            root[j, j] = np.sqrt(total)
            for i in range(j + 1, p):
                root[i, j] = (matrix[i, j] - (root[i, :j] * root[j, :j]).sum()) / root[j, j]
    return root


@compiled
def choose_by_aic(
    curvature: Matrix, information: Matrix, gradient: Vector, coding: Coding, total: float, most: int
) -> NDArray[np.bool_]:
    """Add characteristics one at a time, best first, and stop at the size with the least corrected AIC.

    With the gradient ``g = Aβ`` and curvature ``A`` of the full penalised fit, a set S of columns explains
    ``g_S' A_SS⁻¹ g_S`` of twice the log-likelihood, and spends ``tr(I_SS A_SS⁻¹)`` parameters: no refit is
    needed along the way. Sweeping the chosen columns (Goodnight 1979, The American Statistician 33, 149–158)
    leaves what the others explain beyond them, and A_SS⁻¹ in place.
    """
    characteristics = coding.first.size - 1
    swept, rest = curvature.copy(), gradient.copy()
    chosen = np.zeros(characteristics, dtype=np.bool_)
    best = chosen.copy()
    least, explained = 0.0, 0.0
    for _ in range(min(most, characteristics)):
        leader, gain = -1, -1.0
        for c in range(characteristics):
            if not chosen[c] and coding.first[c + 1] > coding.first[c]:
                more = _adds(swept, rest, coding.first[c], coding.first[c + 1])
                if more > gain:
                    leader, gain = c, more
        if leader < 0:
            break
        chosen[leader] = True
        explained += gain
        for j in range(coding.first[leader], coding.first[leader + 1]):
            _sweep(swept, rest, j)
        freedom = 1.0 + _freedom(curvature, information, swept, coding, chosen)
        spare = max(total - freedom - 1.0, 1e-9)
        # Against the intercept alone, whose own criterion is 2.
        criterion = -explained + 2.0 * freedom * (1.0 + (freedom + 1.0) / spare) - 2.0
        if criterion < least:
            least = criterion
            best = chosen.copy()
    return best


@compiled
def _adds(swept: Matrix, rest: Vector, start: int, stop: int) -> float:
    """Twice the log-likelihood that the columns from `start` to before `stop` explain beyond those swept."""
    if stop == start + 1:
        return float(rest[start] ** 2 / swept[start, start]) if swept[start, start] > 0 else -1.0
    part = rest[start:stop].copy()
    solved, solution = solve_positive(swept[start:stop, start:stop].copy(), part.reshape(-1, 1))
    return float(part @ solution.ravel()) if solved else -1.0


@compiled
def _sweep(swept: Matrix, rest: Vector, k: int) -> None:
    pivot = swept[k, k]
    for i in range(rest.size):
        if i != k:
            share = swept[i, k] / pivot
            for j in range(rest.size):
                if j != k:
                    swept[i, j] -= share * swept[k, j]
            rest[i] -= share * rest[k]
            swept[i, k] = -share
    for j in range(rest.size):
        if j != k:
            swept[k, j] /= pivot
    rest[k] /= pivot
    swept[k, k] = 1.0 / pivot


@compiled
def _freedom(
    curvature: Matrix, information: Matrix, swept: Matrix, coding: Coding, chosen: NDArray[np.bool_]
) -> float:
    """``tr(I_SS A_SS⁻¹) = |S| − tr((A − I)_SS A_SS⁻¹)``: the penalty ties no two characteristics together."""
    freedom = 0.0
    for c in range(chosen.size):
        if chosen[c]:
            for j in range(coding.first[c], coding.first[c + 1]):
                freedom += 1.0
                for k in range(coding.first[c], coding.first[c + 1]):
                    freedom -= (curvature[j, k] - information[j, k]) * swept[k, j]
    return freedom


@compiled
def _beyond_intercept(matrix: Matrix) -> Matrix:
    """Return the matrix over the slopes, with the intercept left free to follow them."""
    slopes: Matrix = matrix[1:, 1:] - np.outer(matrix[1:, 0], matrix[0, 1:]) / matrix[0, 0]
    return slopes
