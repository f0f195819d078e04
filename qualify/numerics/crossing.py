"""The score at which a fitted log-odds line reaches a probability, and how surely.

``logit p = b0 + b1 x`` is reached at ``x_p = (logit p − b0) / b1``. A ratio of two estimates is only nearly
normal, and not even bounded where the slope may be zero: three ways of saying so, from quick to careful.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import logit
from scipy.stats import chi2

from qualify.numerics.blocks import Matrix, Vector
from qualify.numerics.logistic import LogisticFit, maximise_near
from qualify.numerics.penalized_newton import Maximum


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Crossing:
    """Where a line reaches a probability.

    chance : the probability.
    estimate : the score there; NaN for a slope of exactly zero, or a chance that does not lie in (0, 1).
    std_error : its delta-method standard error.
    """

    chance: float
    estimate: float
    std_error: float


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class CrossingInterval:
    """A confidence set for a crossing.

    low, high : the ends of the piece that holds the estimate.
    gap : what is ruled out where the set is unbounded and yet not everything; NaN otherwise.
    g : how nearly the slope could be zero at this level; the set is unbounded where ``g >= 1``.

    With ``g < 1`` the set is ``[low, high]``. With ``g >= 1`` a slope of either sign goes with the data: the
    set is all but `gap` (one end infinite, and what lies beyond the gap belongs to the set too), or
    everything (``−inf, inf``). All NaN where there is nothing to go by: a failed fit, a slope of zero.
    """

    low: float
    high: float
    gap: tuple[float, float]
    g: float
    level: float

    @property
    def bounded(self) -> bool:
        """Whether the set is an interval with two finite ends."""
        return self.g < 1


def find_crossing(
    beta: Vector, covariance: Matrix, chance: float, *, columns: tuple[int, int] = (0, 1)
) -> Crossing:
    """Estimate the score at which the probability is `chance`, with its delta-method standard error.

    Parameters
    ----------
    beta, covariance : ndarray, shapes (p,) and (p, p)
        Coefficients and their covariance.
    chance : float
        A probability in (0, 1).
    columns : tuple of int
        Which coefficients are intercept and slope; all other columns stand at zero.

    Returns
    -------
    Crossing
        Estimate and standard error, in the unit of the score.

    Notes
    -----
    ``SE = √(v00 + 2x·v01 + x²·v11) / |b1|`` at the estimate x.

    References
    ----------
    Venables, W. N. & Ripley, B. D. (2002). Modern Applied Statistics with S, 4th ed., section 7.2.

    Examples
    --------
    >>> crossing = find_crossing(np.array([-2.0, 0.5]), np.diag([0.09, 0.01]), 0.5)
    >>> crossing.estimate, round(crossing.std_error, 6)
    (4.0, 1.0)
    """
    (b0, b1), v = _part(beta, covariance, columns)
    if b1 == 0 or not 0 < chance < 1:
        return Crossing(chance=chance, estimate=np.nan, std_error=np.nan)
    x = float((logit(chance) - b0) / b1)
    spread = np.sqrt(max(v[0, 0] + 2 * x * v[0, 1] + x * x * v[1, 1], 0.0))
    return Crossing(chance=chance, estimate=x, std_error=float(spread / abs(b1)))


def fieller_crossing(
    beta: Vector, covariance: Matrix, chance: float, *, columns: tuple[int, int] = (0, 1), level: float = 0.95
) -> CrossingInterval:
    """Fieller's set: every score x at which ``b0 + b1 x = logit p`` is not rejected by Wald's test.

    Parameters
    ----------
    beta, covariance, chance, columns
        As in `find_crossing`.
    level : float
        Confidence level in (0, 1).

    Returns
    -------
    CrossingInterval
        Unbounded where the slope itself is not significant at this level.

    Notes
    -----
    With ``g = z² v11 / b1²`` and ``h = z² (v01 + x_p v11) / b1²`` the distances u from the estimate solve
    ``(1 − g) u² − 2h u − z² SE² = 0``.

    References
    ----------
    Fieller, E. C. (1954). Some problems in interval estimation. Journal of the Royal Statistical Society B
    16, 175–185.

    Examples
    --------
    >>> found = fieller_crossing(np.array([-2.0, 0.5]), np.diag([0.09, 0.01]), 0.5)
    >>> round(found.low, 3), round(found.high, 3), found.bounded
    (2.475, 6.977, True)
    >>> fieller_crossing(np.array([-2.0, 0.5]), np.diag([0.09, 0.09]), 0.5).high  # slope not significant
    inf
    """
    crossing = find_crossing(beta, covariance, chance, columns=columns)
    (_, b1), v = _part(beta, covariance, columns)
    if not np.isfinite(crossing.std_error):
        return _nothing(level)
    z2 = float(chi2.ppf(level, 1))
    g = float(z2 * v[1, 1] / b1**2)
    h = float(z2 * (v[0, 1] + crossing.estimate * v[1, 1]) / b1**2)
    area = z2 * crossing.std_error**2
    inside = h * h + (1 - g) * area
    if g >= 1 and inside <= 0:
        return _set(crossing, None, g, level)
    # The root that adds numbers of one sign, and the other from their product.
    q = h + float(np.copysign(np.sqrt(max(inside, 0.0)), h))
    far = q / (1 - g) if g != 1 else -float(np.copysign(np.inf, q))
    return _set(crossing, (far, -area / q if q else 0.0), g, level)


def profile_crossing(
    fit: LogisticFit, chance: float, *, columns: tuple[int, int] = (0, 1), level: float = 0.95
) -> CrossingInterval:
    """Profile-likelihood set: every score x at which ``b0 + b1 x = logit p`` costs less deviance than z².

    Parameters
    ----------
    fit : LogisticFit
        The fit; Firth's penalty is kept, that of the full design.
    chance, columns, level
        As in `fieller_crossing`; the offset stands at zero, as other columns do.

    Returns
    -------
    CrossingInterval
        ``g`` is z² over the likelihood ratio of the slope.

    Notes
    -----
    Holding x leaves ``b (X − x)`` without an intercept, with the offset logit p: in the plane of (b0, b1) a
    line through the point Q, ``(logit p, 0)``. Lines turn about Q by an angle θ, ``x = x_p + z SE tan θ``, so
    that a line of no slope (x infinite) is as ordinary as others. The log-likelihood is concave: to either
    side the drop climbs from 0 at the estimate to its largest, along the contour through Q; each end lies in
    between.

    References
    ----------
    Venzon, D. J. & Moolgavkar, S. H. (1988). A method for computing profile-likelihood-based confidence
    intervals. Applied Statistics 37, 87–94.
    """
    crossing = find_crossing(fit.beta, fit.covariance, chance, columns=columns)
    if not fit.converged or not crossing.std_error > 0:
        return _nothing(level)
    z2 = float(chi2.ppf(level, 1))
    i, j = columns
    unit = float(np.sqrt(z2)) * crossing.std_error

    def drop(angle: float) -> float:
        x = crossing.estimate * np.cos(angle) + unit * np.sin(angle)
        return _drop(fit, _held(fit, chance, columns, (-x, float(np.cos(angle))))) - z2

    ratio = _drop(fit, _held(fit, chance, columns, (1.0, 0.0)))
    g = z2 / ratio if ratio > 0 else np.inf
    at_q = _held(fit, chance, columns, None)
    if _drop(fit, at_q) <= z2:
        return _set(crossing, None, max(g, 1.0), level)
    across = at_q.gradient[j] - crossing.estimate * at_q.gradient[i]
    largest = float(np.arctan2(across, unit * at_q.gradient[i])) % np.pi
    ends = brentq(drop, 0.0, largest, xtol=1e-13), brentq(drop, largest - np.pi, 0.0, xtol=1e-13)
    return _set(crossing, (unit * float(np.tan(ends[0])), unit * float(np.tan(ends[1]))), g, level)


def _part(beta: Vector, covariance: Matrix, columns: tuple[int, int]) -> tuple[Vector, Matrix]:
    return beta[list(columns)], covariance[np.ix_(columns, columns)]


def _set(crossing: Crossing, ends: tuple[float, float] | None, g: float, level: float) -> CrossingInterval:
    """Put the set together from the distances of its ends; None where nothing is ruled out."""
    low, high, gap = -np.inf, np.inf, (np.nan, np.nan)
    if ends is not None:
        first, second = sorted(crossing.estimate + end for end in ends)
        if g < 1:
            low, high = first, second
        else:
            gap = (first, second)
            low, high = (second, high) if second <= crossing.estimate else (low, first)
    return CrossingInterval(low=low, high=high, gap=gap, g=g, level=level)


def _nothing(level: float) -> CrossingInterval:
    return CrossingInterval(low=np.nan, high=np.nan, gap=(np.nan, np.nan), g=np.nan, level=level)


def _held(
    fit: LogisticFit, chance: float, columns: tuple[int, int], line: tuple[float, float] | None
) -> Maximum:
    """Best fit with (b0, b1) on a line through Q, or at Q itself."""
    span = np.delete(np.eye(fit.beta.size), columns, axis=1)
    if line is not None:
        along = np.zeros((fit.beta.size, 1))
        along[list(columns), 0] = line
        span = np.hstack([along, span])
    fixed = np.zeros(fit.beta.size)
    fixed[columns[0]] = logit(chance)
    return maximise_near(fit.problem, fit.peak, fixed, span)


def _drop(fit: LogisticFit, held: Maximum) -> float:
    return 2.0 * (fit.loglik - held.value)
