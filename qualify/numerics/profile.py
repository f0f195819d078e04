"""Ends of profile-likelihood intervals, found together with the other coefficients."""

from __future__ import annotations

import numpy as np

from qualify.numerics.blocks import Blocks
from qualify.numerics.compiled import compiled_entry
from qualify.numerics.firth import look
from qualify.numerics.penalized_newton import Maximum
from qualify.numerics.small_cholesky import dot, lower_root, solve_root

STEPS = 30
# From this near in the root of twice the drop, and with no more than this for the other coefficients to gain
# in twice the log-likelihood, the next step is the last: it leaves about 1e-11.
NEAR, SETTLED = 1e-6, 1e-11


@compiled_entry
def profile_end(blocks: Blocks, firth: bool, peak: Maximum, column: int, target: float) -> float:
    """Value of a coefficient at which the root of twice the drop of its profile reaches `target`.

    The sign of `target` says on which side of the maximum. NaN where the steps do not settle, as on the way
    to infinity. Each step moves the other coefficients towards their best, by Newton's method, and this one
    along the root of the drop, which is nearly straight (after Venzon & Moolgavkar 1988).
    """
    beta, unit = peak.beta.copy(), np.zeros(peak.beta.size)
    unit[column] = 1.0
    factored, root = lower_root(peak.information + peak.bent)
    if not factored:
        return np.nan
    along = solve_root(root, unit)
    # Where the likelihood is a parabola, this is the end.
    beta += target / np.sqrt(along[column]) * along
    for _ in range(STEPS):
        here = look(blocks, beta, firth)
        factored, root = lower_root(here.information + peak.bent)
        if not factored:
            return np.nan
        along, step = solve_root(root, unit), solve_root(root, here.gradient)
        slope = step[column] / along[column]
        rest = dot(step, here.gradient) - slope * step[column]
        height = np.sqrt(max(2.0 * (peak.value - here.value) - rest, 0.0))
        off = abs(target) - height
        move = -off * height / slope
        if not (slope * target < 0.0 and abs(move) <= abs(beta[column] - peak.beta[column])):
            return np.nan
        beta += step + (move - step[column]) / along[column] * along
        if abs(off) < NEAR and rest < SETTLED:
            return float(beta[column])
    return np.nan
