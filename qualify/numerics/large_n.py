"""Maximum likelihood of very many rows: near the top from a fit of some of them, then all, on every core."""

from __future__ import annotations

import numpy as np

from qualify.numerics.blocks import SLICE, Blocks, Vector, score_and_information, some_of
from qualify.numerics.firth import Outlook, look
from qualify.numerics.lanes import LANES
from qualify.numerics.newton import CONVERGED, DRIFT, FALLS
from qualify.numerics.parallel import in_slices
from qualify.numerics.penalized_newton import FINEST, ROUNDED, Maximum, maximise, newton_step

# So many blocks of rows, far fewer than there are, give coefficients to set out from.
SAMPLE = 300


def fit_some(blocks: Blocks, firth: bool) -> Vector | None:
    """Coefficients of every so-manyth block of rows; None where there are few, or these have no maximum."""
    every, p = len(blocks.weights) // SAMPLE, blocks.columns.shape[1]
    if every < 5:
        return None
    few = some_of(blocks, slice(None, None, every))
    found = maximise(few, firth, np.zeros(p), np.eye(p), np.zeros((p, p)), ROUNDED)
    if found.how != CONVERGED:
        return None
    # Under separation the last step still moves log-odds.
    last = np.linalg.solve(found.information, found.gradient)
    return found.beta if np.abs(last @ few.columns).max() <= DRIFT else None


def maximise_from(blocks: Blocks, start: Vector) -> Maximum | None:
    """Maximise the likelihood by whole Newton steps from close to its top; None where they do not settle.

    Where some of the rows have a maximum, so have all.
    """
    p = start.size
    beta, last, flat, close = start, np.inf, np.zeros((p, p)), False
    for taken in range(1, 10):
        # The value is wanted at the last point alone.
        here = look_at_all(blocks, beta) if close else slopes_at_all(blocks, beta)
        found, step, promise = newton_step(here, np.eye(p), flat)
        if not (found and promise <= FALLS * last):
            return None
        if close and promise <= FINEST:
            end = (beta + step, here.value, here.gradient, here.information)
            return Maximum(*end, bent=flat, steps=taken, how=CONVERGED)
        # Newton's error squares at each step, so that the last two promises foretell the next.
        close = promise**3 <= FINEST * last**2
        beta, last = beta + step, promise
    return None


def look_at_all(blocks: Blocks, beta: Vector) -> Outlook:
    """Look from one point at slice after slice, on every core, and add up what is seen in their order."""
    seen = in_slices(lambda part: look(some_of(blocks, part), beta, False), len(blocks.weights), SLICE)
    value, gradient, information = (sum(parts[1:], parts[0]) for parts in list(zip(*seen, strict=True))[:3])
    return seen[0]._replace(value=value, gradient=gradient, information=information)


def slopes_at_all(blocks: Blocks, beta: Vector) -> Outlook:
    """Do the same without the value, and without what is seen of each deal."""
    seen = in_slices(
        lambda part: score_and_information(some_of(blocks, part), beta), len(blocks.weights), SLICE
    )
    gradient, information = (sum(parts[1:], parts[0]) for parts in zip(*seen, strict=True))
    unseen = np.zeros((0, LANES))
    return Outlook(np.nan, gradient, information, unseen, unseen)
