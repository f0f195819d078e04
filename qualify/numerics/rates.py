"""Win rates of groups of deals with their limits: deals weighted, those of one account not independent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv
from scipy.stats import norm

from qualify.numerics.blocks import Vector
from qualify.numerics.metrics import effective_number
from qualify.numerics.resampling import Sample

Group = NDArray[np.bool_]


class Rate(NamedTuple):
    """Win rate of a group of deals.

    n, won : how many deals, each counted once. rate, low, high : weighted, with its interval; NaN of none.
    """

    n: int
    won: int
    rate: float
    low: float
    high: float


def rates_of(sample: Sample, groups: Sequence[Group], level: float) -> list[Rate]:
    """Work out the win rate of each group with Wilson's interval at its effective number of deals.

    Parameters
    ----------
    sample : Sample
        All deals; those of one unit are taken to end alike as often as they do within the groups.
    groups : sequence of ndarray of bool, shape (n,)
        Which deals are in each.
    level : float
        Of the intervals.

    Returns
    -------
    list of Rate
        One for each group.

    Notes
    -----
    Effective numbers in intervals of a proportion: Korn & Graubard (1998), Franco, Little, Louis & Slud
    (2019). With equal weights and single deals, the interval is Wilson's (1927).

    References
    ----------
    Franco, C., Little, R. J. A., Louis, T. A. & Slud, E. V. (2019). Comparative study of confidence intervals
    for proportions in complex sample surveys. Journal of Survey Statistics and Methodology 7, 334-364.

    Korn, E. L. & Graubard, B. I. (1998). Confidence intervals for proportions with small expected number of
    positive counts estimated from survey data. Survey Methodology 24, 193-201.

    Wilson, E. B. (1927). Probable inference, the law of succession, and statistical inference. Journal of the
    American Statistical Association 22, 209-212.
    """
    found = []
    for group, effective in zip(groups, effective_numbers(sample, groups), strict=True):
        rate = weighted_rate(sample, group)
        n, won = int(group.sum()), int((sample.outcome[group] > 0.5).sum())
        found.append(Rate(n, won, rate, *wilson(rate, effective, level)))
    return found


def effective_numbers(sample: Sample, groups: Sequence[Group]) -> list[float]:
    """Count how many independent deals of equal weight tell as much as those of each group."""
    alike = alike_within_units(sample, groups)
    return [effective_number(sample.weights[group], sample.unit[group], alike) for group in groups]


def weighted_rate(sample: Sample, group: Group) -> float:
    """Return the weighted share of a group's deals that were won; NaN of none."""
    weights = sample.weights[group]
    # Rounding must not make more than all of them won.
    return min(1.0, float(weights @ sample.outcome[group] / weights.sum())) if weights.size else float("nan")


def alike_within_units(sample: Sample, groups: Sequence[Group]) -> float:
    """Correlation of the outcomes of two deals of one unit in the same group, in [0, 1]; 0 without such.

    ``Σ wᵢwⱼ(yᵢ − p)(yⱼ − p) / Σ wᵢwⱼ p(1 − p)`` over all such pairs of all groups, p being the win rate of
    the pair's group. All groups together settle it: one in which every deal was lost does not tell.
    """
    if np.bincount(sample.unit, minlength=1).max() <= 1:
        return 0.0
    together, possible = 0.0, 0.0
    for group in (one for one in groups if one.any()):
        weights, unit, rate = sample.weights[group], sample.unit[group], weighted_rate(sample, group)
        together += _over_pairs(weights * (sample.outcome[group] - rate), unit)
        possible += _over_pairs(weights, unit) * rate * (1.0 - rate)
    return float(np.clip(together / possible, 0.0, 1.0)) if possible > 0 else 0.0


def _over_pairs(values: Vector, unit: NDArray[np.int64]) -> float:
    """Sum of the products of every two values of one unit."""
    return float((np.bincount(unit, weights=values) ** 2).sum() - values @ values) / 2


def wilson(rate: float, n: float, level: float) -> tuple[float, float]:
    """Return Wilson's (1927) limits of a share of n deals, n not needing to be whole; NaN of none."""
    if not n > 0:
        return float("nan"), float("nan")
    share = float(norm.ppf(0.5 + level / 2)) ** 2 / n
    middle = (rate + share / 2) / (1 + share)
    half = np.sqrt(share * rate * (1 - rate) + share**2 / 4) / (1 + share)
    # Rounding must not leave the share outside of its limits.
    return float(max(0.0, min(rate, middle - half))), float(min(1.0, max(rate, middle + half)))


def behind_wilson(rate: float, low: float, high: float, level: float) -> float:
    """Return the number of deals by which Wilson's limits of a share are these; 0 where they say nothing."""
    apart = (high - low) ** 2
    if not 0 < apart < 1:
        return 0.0
    # With s = z²/n the limits lie 2 √(s·p(1 − p) + s²/4) / (1 + s) apart: a quadratic equation in s.
    linear = 2 * rate * (1 - rate) - apart
    share = (np.sqrt(linear**2 + (1 - apart) * apart) - linear) / (1 - apart)
    return float(norm.ppf(0.5 + level / 2)) ** 2 / float(share)


def highest_rate(rate: float, n: float, error: float) -> float:
    """Upper limit of a share of n deals, with such an error at most, n not needing to be whole.

    ``B⁻¹(1 − α; np + 1, n − np)``: exact for whole numbers (Clopper & Pearson 1934), and with the effective
    number of deals that of Korn & Graubard (1998).

    References
    ----------
    Clopper, C. J. & Pearson, E. S. (1934). The use of confidence or fiducial limits illustrated in the case
    of the binomial. Biometrika 26, 404-413.
    """
    return float(betaincinv(n * rate + 1.0, n - n * rate, 1.0 - error)) if n > 0 and rate < 1 else 1.0


def lowest_rate(rate: float, n: float, error: float) -> float:
    """Lower limit of a share of n deals, the counterpart of `highest_rate`: ``B⁻¹(α; np, n − np + 1)``."""
    return float(betaincinv(n * rate, n - n * rate + 1.0, error)) if n > 0 and rate > 0 else 0.0
