"""The same logistic regression for many sets of outcomes of the same deals, for simulated references."""

from __future__ import annotations

from functools import partial

import numpy as np

from qualify.numerics.blocks import Matrix, Vector, empty_blocks, log_likelihood
from qualify.numerics.compiled import compiled_entry
from qualify.numerics.lanes import LANES
from qualify.numerics.newton import climb
from qualify.numerics.parallel import on_every_core
from qualify.numerics.small_cholesky import identity

# A step that promises less of twice the log-likelihood is the last; Newton's error squares at each step.
FINE = 1e-7
# So little curvature that only columns without information left feel it.
SLIGHT = 1e-9
# Sets of outcomes that one compiled call works on.
CHUNK = 32


def least_deviances(
    design: Matrix, outcomes: Matrix, weights: Vector, offset: Vector, start: Vector
) -> Vector:
    """Least deviance (twice minus the log-likelihood) of a logistic regression for each set of outcomes.

    Parameters
    ----------
    design : ndarray, shape (n, q)
        The columns, the same for every set.
    outcomes : ndarray, shape (B, n)
        1 won, 0 lost.
    weights, offset : ndarray, shape (n,)
        How much each deal counts, and fixed parts of the log-odds.
    start : ndarray, shape (q,)
        Coefficients to set out from.

    Returns
    -------
    ndarray, shape (B,)
        Where won and lost are told apart outright, the limit, to within 1e-4.
    """
    parts = [outcomes[at : at + CHUNK] for at in range(0, len(outcomes), CHUNK)]
    one = partial(_of_some, design, weights, offset, start)
    if len(parts) < 2:
        return np.concatenate([one(part) for part in parts]) if parts else np.zeros(0)
    return np.concatenate(on_every_core(one, parts, total=len(parts), what="simulating deals"))


def _of_some(design: Matrix, weights: Vector, offset: Vector, start: Vector, outcomes: Matrix) -> Vector:
    arrays = (
        np.ascontiguousarray(one, dtype=np.float64) for one in (design, outcomes, weights, offset, start)
    )
    return least_compiled(*arrays)


@compiled_entry
def least_compiled(
    design: Matrix, outcomes: Matrix, weights: Vector, offset: Vector, start: Vector
) -> Vector:
    """Do the same on one core."""
    n, q = design.shape
    blocks = empty_blocks(n, q)
    for i in range(n):
        b, lane = i // LANES, i % LANES
        for j in range(q):
            blocks.columns[b, j, lane] = design[i, j]
        blocks.weights[b, lane] = weights[i]
        blocks.offset[b, lane] = offset[i]
    slight = SLIGHT * identity(q)
    least = np.empty(outcomes.shape[0])
    for t in range(outcomes.shape[0]):
        for i in range(n):
            blocks.outcome[i // LANES, i % LANES] = outcomes[t, i]
        fit = climb(blocks, slight, start, FINE)
        least[t] = -2.0 * log_likelihood(blocks, fit.beta)
    return least
