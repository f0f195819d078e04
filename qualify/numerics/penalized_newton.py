"""Newton's method for the (penalised) likelihood of a logistic regression, all or part of it free."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from qualify.numerics.blocks import Blocks, Matrix, Vector, block_log_odds
from qualify.numerics.compiled import compiled, compiled_entry, compiled_inline
from qualify.numerics.firth import Outlook, bend, look, slopes
from qualify.numerics.lanes import LANES
from qualify.numerics.newton import CONVERGED, FALLS, LOOKS, SINGULAR, UNFINISHED
from qualify.numerics.small_cholesky import around, dot, identity, lower_root, solve_root, times

STEPS = 60
# A step that promises less of twice the log-likelihood is the last: 1e-18 is a billionth of a standard error.
FINEST = 1e-18
# Below this, rounding may keep steps from shrinking; where it does, they have converged.
ROUNDED = 1e-10
# How much of the penalty's curvature a step is tried with; Fisher's step is the last resort.
SHARES = (1.0, 0.8, 0.6, 0.4, 0.2, 0.0)
# No step moves the log-odds further than this, root mean square.
FARTHEST_STEP = 5.0


class Maximum(NamedTuple):
    """Where a maximisation stopped, and how (`qualify.numerics.newton`).

    value : the (penalised) log-likelihood at `beta`, −inf without information.
    gradient, information : over all coefficients, at most the last step away; no penalty in the information.
    bent : (p, p), curvature of the penalty as last worked out; zero where that was not needed.
    """

    beta: Vector
    value: float
    gradient: Vector
    information: Matrix
    bent: Matrix
    steps: int
    how: int


@compiled_entry
def maximise(
    blocks: Blocks, firth: bool, start: Vector, span: Matrix, bent: Matrix, tolerance: float
) -> Maximum:
    """Maximise over ``β = start + span·part``; a square span stands for all coefficients.

    Firth's penalty is always that of all columns. Steps are Newton's where `bent` is the penalty's curvature,
    and Fisher's where it is zero; it is worked out on the way where Fisher's are too slow.
    """
    beta, last = start.copy(), np.inf
    here = look(blocks, beta, firth)
    for taken in range(STEPS):
        found, step, promise = newton_step(here, span, bent)
        if found and firth and _slow(promise, last, tolerance, beta.size):
            bent = bend(blocks, here)
            found, step, promise = newton_step(here, span, bent)
        if not found:
            return _stopped(beta, here, bent, taken, SINGULAR)
        if promise <= tolerance:
            return _stopped(beta + step, here, bent, taken + 1, CONVERGED)
        if promise < ROUNDED and promise > 0.5 * last:
            return _stopped(beta, here, bent, taken, CONVERGED)
        length, there = _advance(blocks, firth, beta, step, here, promise)
        if length == 0.0:
            how = CONVERGED if promise < ROUNDED else UNFINISHED
            return _stopped(beta, here, bent, taken, how)
        beta, here, last = beta + length * step, there, promise
    return _stopped(beta, here, bent, STEPS, UNFINISHED)


@compiled
def maximise_from_near(
    blocks: Blocks, start: Vector, gradient: Vector, root: Matrix, bent: Matrix, tolerance: float
) -> tuple[bool, Vector, int]:
    """Maximise with Firth's penalty from next to the top; the flag is False where `start` is not there.

    The first step is content with a `gradient` and a `root` that are about right; `bent` is the penalty's
    curvature at a top nearby. With it steps shrink by a constant factor in the end, which says how much of
    twice the value is left: about `tolerance` as a rule after the last.
    """
    beta, span = start, identity(start.size)
    step = solve_root(root, gradient)
    promise, last = dot(step, gradient), np.inf
    for taken in range(STEPS):
        if not promise <= (FALLS if taken > LOOKS else 1.0) * last:
            break
        beta = beta + step
        if taken > LOOKS and promise * promise / last <= tolerance:
            return True, beta, taken + 1
        here, last = slopes(blocks, beta, True), promise
        found, step, promise = newton_step(here, span, bent)
        # The curvature of the penalty may hide that there is no information.
        if here.value == -np.inf or not found:
            break
    return False, start, 0


@compiled_inline
def _stopped(beta: Vector, here: Outlook, bent: Matrix, steps: int, how: int) -> Maximum:
    stopped = SINGULAR if here.value == -np.inf else how
    return Maximum(beta, here.value, here.gradient, here.information, bent, steps, stopped)


@compiled_inline
def _slow(promise: float, last: float, tolerance: float, p: int) -> bool:
    """Whether the steps to come cost more than the penalty's curvature, which costs about p/8 of them."""
    if promise <= ROUNDED or last > 1.0:
        return False
    return promise >= last or np.log(tolerance / promise) < (2.0 + 0.125 * p) * np.log(promise / last)


@compiled_entry
def newton_step(here: Outlook, span: Matrix, bent: Matrix) -> tuple[bool, Vector, float]:
    """Step within the span, and twice the gain it promises.

    Where Newton's would not lead upward, as much of the penalty's curvature is taken as lets it. The flag is
    False where the information itself is not positive definite.
    """
    for share in SHARES:
        found, step, promise = _solved(here.information + share * bent, here.gradient, span)
        if found:
            break
    return found, step, promise


@compiled
def _solved(curvature: Matrix, gradient: Vector, span: Matrix) -> tuple[bool, Vector, float]:
    p, free = span.shape
    if free == 0:
        return True, np.zeros(p), 0.0
    if free < p:
        across = span.T.copy()
        factored, root = lower_root(around(across, curvature))
        pull = times(across, gradient)
    else:
        factored, root = lower_root(curvature)
        pull = gradient
    if not factored:
        return False, gradient, 0.0
    part = solve_root(root, pull)
    promise = dot(part, pull)
    return bool(np.isfinite(promise)), times(span, part) if free < p else part, promise


@compiled
def _advance(
    blocks: Blocks, firth: bool, beta: Vector, step: Vector, here: Outlook, promise: float
) -> tuple[float, Outlook]:
    """Length of step at which the value gains a tenth of what its slope promises, and what is seen there."""
    length = FARTHEST_STEP / max(FARTHEST_STEP, _mean_change(blocks, step)) if promise > 1.0 else 1.0
    slack = 1e-13 * (1.0 + abs(here.value))
    for _ in range(30):
        there = look(blocks, beta + length * step, firth)
        enough = here.value + 0.1 * length * promise - slack
        if there.value > -np.inf and (here.value == -np.inf or there.value >= enough):
            return length, there
        length *= 0.5
    return 0.0, here


@compiled
def _mean_change(blocks: Blocks, step: Vector) -> float:
    """Root mean square change that a step makes to the log-odds of the deals."""
    change = np.empty(LANES)
    total, deals = 0.0, 0.0
    largest = 1e-300
    for j in range(step.size):
        largest = max(largest, abs(step[j]))
    for b in range(blocks.weights.shape[0]):
        block_log_odds(blocks, b, step / largest, change)
        for i in range(LANES):
            if blocks.weights[b, i] > 0:
                total += (change[i] - blocks.offset[b, i]) ** 2
                deals += 1.0
    return float(largest * np.sqrt(total / max(deals, 1.0)))
