"""Newton's method for logistic regression on blocks of deals, free or with a quadratic penalty."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from qualify.numerics.blocks import Blocks, Matrix, Vector, block_log_odds, score, score_and_information
from qualify.numerics.compiled import compiled
from qualify.numerics.lanes import LANES
from qualify.numerics.registers import SIZE, aligned, alike, eight, larger, magnitude, put
from qualify.numerics.small_cholesky import dot, lower_root, solve_root

# How a climb may stop.
CONVERGED, SINGULAR, UNFINISHED, DRIFTING = 0, 1, 2, 3
STEPS = 40
# A last step that still moves a deal's log-odds this far has not settled: the outcomes are separated.
DRIFT = 0.1
# Close to the top information hardly changes: after so many steps it is not worked out anew.
LOOKS = 1
# Each step after those must promise at most this share of what the one before did ...
FALLS = 0.1
# ... until about so much is left of twice the log-likelihood (some twenty times it as a rule), ...
LEFT = 1e-12
# ... and the last must not move a deal's log-odds further than this: where outcomes are separated, deals that
# are nearly certain promise next to nothing and still move.
STILL = 0.01


class Climb(NamedTuple):
    """Where Newton's method stopped: coefficients, steps taken, and how.

    `base` is the last point at which `gradient` and Fisher `information` (without penalty) were worked out;
    `beta` is a step beyond it whose size is within the tolerance.
    """

    beta: Vector
    base: Vector
    gradient: Vector
    information: Matrix
    steps: int
    how: int


@compiled
def climb(blocks: Blocks, penalty: Matrix, start: Vector, tolerance: float) -> Climb:
    """Maximise ``ℓ(β) − ½ β'Pβ`` from `start`."""
    end = climb_on(blocks, penalty, begin(blocks, start), tolerance)
    if end.how == CONVERGED and _farthest(blocks, end.beta - end.base) > DRIFT:
        return Climb(end.beta, end.base, end.gradient, end.information, end.steps, DRIFTING)
    return end


@compiled
def begin(blocks: Blocks, start: Vector) -> Climb:
    """Stand at `start`, looking round."""
    gradient, information = score_and_information(blocks, start)
    return Climb(start, start, gradient, information, 0, UNFINISHED)


@compiled
def climb_on(blocks: Blocks, penalty: Matrix, begun: Climb, tolerance: float) -> Climb:
    """Go on from the base of another climb, perhaps under another penalty.

    A step is halved while the gain along it would turn into as steep a loss: for a concave function that
    leads to the top without its value ever being worked out. A step that promises less than `tolerance` of
    twice the log-likelihood is taken and is the last, since Newton's error squares at each step.
    """
    base, gradient, information = begun.base, begun.gradient, begun.information
    for taken in range(STEPS):
        pull = _pull(gradient, penalty, base)
        factored, root = lower_root(information + penalty)
        if not factored:
            return Climb(base, base, gradient, information, taken, SINGULAR)
        step = solve_root(root, pull)
        promise = dot(step, pull)
        if promise < tolerance:
            return Climb(base + step, base, gradient, information, taken + 1, CONVERGED)
        length = 1.0
        for _ in range(12):
            trial = base + length * step
            gradient, information = score_and_information(blocks, trial)
            if dot(step, _pull(gradient, penalty, trial)) >= -0.5 * promise:
                break
            length *= 0.5
        base = trial
    return Climb(base, base, gradient, information, STEPS, UNFINISHED)


@compiled
def climb_from_near(
    blocks: Blocks, start: Vector, gradient: Vector, root: Matrix
) -> tuple[bool, Vector, int]:
    """Maximise the likelihood from next to its top; the flag is False where that is not where it stands.

    The first step is content with the `root` of information that is about right. In the end steps shrink by a
    constant factor or faster, which says about how much is left after the last.
    """
    beta, last = start, np.inf
    step = solve_root(root, gradient)
    for taken in range(STEPS):
        promise = dot(step, gradient)
        if not 0.0 <= promise <= (FALLS if taken > LOOKS else 1.0) * last:
            break
        beta = beta + step
        if taken > LOOKS and promise * promise / last < LEFT:
            return _farthest(blocks, step) <= STILL, beta, taken + 1
        last = promise
        if taken < LOOKS:
            gradient, information = score_and_information(blocks, beta)
            factored, root = lower_root(information)
            if not factored:
                break
            step = solve_root(root, gradient)
        else:
            here = score(blocks, beta)
            gradient, step = here, _step_with(root, here, step, gradient - here)
    return False, start, 0


@compiled
def _step_with(root: Matrix, gradient: Vector, before: Vector, fall: Vector) -> Vector:
    """Step with old information, put right along the step before, over which the gradient fell by so much.

    One pair of Nocedal's (1980) updates of a quasi-Newton matrix.
    """
    along = dot(before, fall)
    share = dot(before, gradient) / along
    step = solve_root(root, gradient - share * fall)
    step += before * (share - dot(fall, step) / along)
    return step


@compiled
def _pull(gradient: Vector, penalty: Matrix, at: Vector) -> Vector:
    """Gradient with that of the penalty."""
    pull = gradient.copy()
    for i in range(at.size):
        for j in range(at.size):
            pull[j] -= at[i] * penalty[i, j]
    return pull


@compiled
def _farthest(blocks: Blocks, step: Vector) -> float:
    """Largest change that a step makes to the log-odds of a deal."""
    change, farthest = aligned(LANES), alike(0.0)
    for b in range(blocks.weights.shape[0]):
        block_log_odds(blocks, b, step, change)
        for k in range(0, LANES, SIZE):
            moved = eight(change, k) - eight(blocks.offset, b * LANES + k)
            farthest = larger(magnitude(moved), farthest)
    put(change, 0, farthest)
    return float(change[:SIZE].max())
