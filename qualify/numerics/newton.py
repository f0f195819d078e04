"""Newton's method for concave objectives, with its way of stopping as part of the answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cho_factor, cho_solve

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

# A squared step length in standard errors: 1e-18 is a billionth of a standard error.
DECREMENT = 1e-18
# Where rounding stops further gains, this much is still accepted as converged.
LOOSE_DECREMENT = 1e-10


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """An objective at one point: its value, its gradient and a positive definite curvature."""

    value: float
    gradient: Vector
    curvature: Matrix


@dataclass(frozen=True, slots=True, kw_only=True)
class Optimum:
    """Where a maximisation stopped, and why.

    `failure` is empty when it converged, else ``"singular"`` (a direction without information) or
    ``"iterations"`` (still moving when the iterations ran out, as under separation).
    """

    beta: Vector
    value: float
    gradient: Vector
    curvature: Matrix
    iterations: int
    failure: str

    @property
    def converged(self) -> bool:
        """Whether the gradient vanished to working precision."""
        return not self.failure


def maximise(
    evaluate: Callable[[Vector], Evaluation],
    start: Vector,
    *,
    size: Callable[[Vector], float],
    largest_step: float = 5.0,
    iterations: int = 60,
) -> Optimum:
    """Maximise a concave function by Newton steps, halved until they no longer lose.

    Parameters
    ----------
    evaluate : callable
        Gives value, gradient and curvature (minus the second derivative, or its expectation) at a point.
    start : ndarray, shape (p,)
        Where to begin.
    size : callable
        How large a step is, in units that do not hang on those of the columns.
    largest_step : float
        No step is larger than this.
    iterations : int
        The most Newton steps to take.
    """
    beta = np.array(start, dtype=np.float64)
    here = evaluate(beta)
    for iteration in range(iterations):
        step = newton_step(here)
        if step is None:
            return _stopped(beta, here, iteration, "singular")
        decrement = float(here.gradient @ step)
        if decrement <= DECREMENT:
            return _stopped(beta, here, iteration, "")
        step *= largest_step / max(size(step), largest_step)
        moved = _improve(evaluate, beta, step, here)
        if moved is None:
            return _stopped(beta, here, iteration, "" if decrement < LOOSE_DECREMENT else "iterations")
        beta, here = moved
    return _stopped(beta, here, iterations, "iterations")


def newton_step(here: Evaluation) -> Vector | None:
    """Curvature⁻¹ · gradient, or None where the curvature is not positive definite."""
    if here.gradient.size == 0:
        return here.gradient
    try:
        factor = cho_factor(here.curvature)
    except (LinAlgError, ValueError):
        return None
    # A pivot this small against its own diagonal means that the column is a sum of the others.
    pivots = np.diag(factor[0]) ** 2 / np.maximum(np.diag(here.curvature), np.finfo(float).tiny)
    if float(pivots.min()) < 1e-12:
        return None
    step: Vector = cho_solve(factor, here.gradient)
    return step if np.all(np.isfinite(step)) else None


def _improve(
    evaluate: Callable[[Vector], Evaluation], beta: Vector, step: Vector, here: Evaluation
) -> tuple[Vector, Evaluation] | None:
    slack = 1e-13 * (1.0 + abs(here.value))
    for halving in range(25):
        trial = beta + step * 0.5**halving
        there = evaluate(trial)
        if np.isfinite(there.value) and there.value >= here.value - slack:
            # Equal to rounding and no nearer to a zero gradient: there is nothing left to gain.
            if there.value <= here.value + slack and _size(there) >= _size(here):
                return None
            return trial, there
    return None


def _size(here: Evaluation) -> float:
    step = newton_step(here)
    return np.inf if step is None else float(here.gradient @ step)


def _stopped(beta: Vector, here: Evaluation, iterations: int, failure: str) -> Optimum:
    return Optimum(
        beta=beta,
        value=here.value,
        gradient=here.gradient,
        curvature=here.curvature,
        iterations=iterations,
        failure=failure,
    )
