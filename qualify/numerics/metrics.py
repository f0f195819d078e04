"""How well probabilities and scores tell won deals from lost ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit
from scipy.stats import norm

from qualify.numerics.blocks import Vector

Units = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A figure with its interval."""

    value: float
    low: float
    high: float


def auc(score: Vector, outcome: Vector, weights: Vector | None = None) -> float:
    """Share of pairs of a won and a lost deal in which the won one scores higher, ties counting half.

    With weights a pair counts as often as those of its two deals multiply to.
    """
    weights, won = _or_ones(weights, score), outcome > 0.5
    placed = _placed_right(score, won, weights)
    return float((weights * placed)[won].sum() / (weights[won].sum() * weights[~won].sum()))


def auc_variance(
    score: Vector, outcome: Vector, weights: Vector | None = None, unit: Units | None = None
) -> float:
    """Variance of the AUC: DeLong's, with weights, and with deals of one unit taken together.

    Parameters
    ----------
    score, outcome : ndarray, shape (n,)
        Of the deals.
    weights : ndarray, shape (n,), optional
        How often each counts; once unless told.
    unit : ndarray of int, shape (n,), optional
        Each deal is a unit of its own unless told.

    Returns
    -------
    float
        NaN where all deals of one outcome are of one unit.

    Notes
    -----
    With ``v`` the weighted share of the deals of the other outcome that a deal is on the right side of,
    ``A`` the sum over a unit's won deals of ``w (v − AUC) / Σw``, ``B`` that over its lost ones:
    ``I₁/(I₁ − 1) ΣA² + I₀/(I₀ − 1) ΣB² + 2 I/(I − 1) ΣAB``, where I₁, I₀ and I count units with won deals,
    with lost ones, and all.

    References
    ----------
    DeLong, E. R., DeLong, D. M. & Clarke-Pearson, D. L. (1988). Comparing the areas under two or more
    correlated receiver operating characteristic curves. Biometrics 44, 837-845.

    Obuchowski, N. A. (1997). Nonparametric analysis of clustered ROC curve data. Biometrics 53, 567-578.
    """
    weights, unit, won = _or_ones(weights, score), _or_single(unit, score), outcome > 0.5
    own = np.where(won, weights[won].sum(), weights[~won].sum())
    share = _placed_right(score, won, weights) / (weights.sum() - own)
    away = weights * (share - auc(score, outcome, weights)) / own
    a, b = (np.bincount(unit, weights=np.where(side, away, 0.0)) for side in (won, ~won))
    spread = _few(unit[won]) * (a @ a) + _few(unit[~won]) * (b @ b) + 2.0 * _few(unit) * (a @ b)
    return float(spread)


def _or_ones(weights: Vector | None, values: Vector) -> Vector:
    return np.ones(values.size) if weights is None else weights


def _or_single(unit: Units | None, values: Vector) -> Units:
    return np.arange(values.size, dtype=np.int64) if unit is None else unit


def _few(unit: Units) -> float:
    """Return the factor by which a variance from so many units is too small; NaN for a single unit."""
    size = np.unique(unit).size
    return size / (size - 1) if size > 1 else float("nan")


def _placed_right(score: Vector, won: NDArray[np.bool_], weights: Vector) -> Vector:
    """Weight of the lost deals below each won one, and of the won deals above each lost one; half of ties."""
    place = np.unique(score, return_inverse=True)[1]
    won_there, lost_there = (np.bincount(place, weights=np.where(side, weights, 0.0)) for side in (won, ~won))
    lost_below = np.cumsum(lost_there) - lost_there / 2
    won_above = won_there.sum() - np.cumsum(won_there) + won_there / 2
    return np.asarray(np.where(won, lost_below[place], won_above[place]), dtype=np.float64)


def effective_number(weights: Vector, unit: Units, alike: float) -> float:
    """Count how many deals of equal weight, independent of each other, tell as much as these.

    Parameters
    ----------
    weights : ndarray, shape (n,)
        Of the deals.
    unit : ndarray of int, shape (n,)
        Deals of one unit may end alike.
    alike : float
        Correlation of two outcomes of one unit, in [0, 1].

    Returns
    -------
    float
        ``(Σw)² / ((1 − ρ) Σw² + ρ ΣW²)``, W being the sums by unit: the number of deals where weights are
        equal and outcomes independent, that of units where deals of one unit all end alike; 0 of none.

    References
    ----------
    Gabler, S., Häder, S. & Lahiri, P. (1999). A model based justification of Kish's formula for design
    effects for weighting and clustering. Survey Methodology 25, 105-106.
    """
    spread = (1.0 - alike) * float(weights @ weights)
    if alike > 0:
        whole = np.bincount(unit, weights=weights)
        spread += alike * float(whole @ whole)
    return float(weights.sum()) ** 2 / spread if spread > 0 else 0.0


def auc_interval(
    score: Vector,
    outcome: Vector,
    *,
    level: float = 0.95,
    weights: Vector | None = None,
    unit: Units | None = None,
) -> Estimate:
    """AUC with the interval of `auc_variance` on the log-odds scale."""
    weights, unit = _or_ones(weights, score), _or_single(unit, score)
    error = float(np.sqrt(auc_variance(score, outcome, weights, unit)))
    # A perfect AUC does not tell how alike deals of a unit are: each unit counts as one deal.
    rarer = min(effective_number(weights[side], unit[side], 1.0) for side in (outcome > 0.5, outcome < 0.5))
    return auc_limits(auc(score, outcome, weights), error, rarer, level=level)


def auc_limits(value: float, error: float, rarer: float, *, level: float = 0.95) -> Estimate:
    """AUC with the interval of its standard error on the log-odds scale, so that it stays within 0 and 1.

    `rarer` is the number of deals of the rarer outcome, on which the interval of a perfect AUC rests.
    """
    z = float(norm.ppf(0.5 + level / 2))
    if value <= 0 or value >= 1:
        # No pair out of order: as uncertain as a share of all or none of the rarer outcome (Wilson 1927).
        slack = z**2 / (rarer + z**2)
        return Estimate(value=value, low=max(0.0, value - slack), high=min(1.0, value + slack))
    low, high = expit(logit(value) + z * error / (value * (1 - value)) * np.array([-1.0, 1.0]))
    return Estimate(value=value, low=float(low), high=float(high))


def brier_interval(
    chance: Vector,
    outcome: Vector,
    *,
    level: float = 0.95,
    weights: Vector | None = None,
    unit: Units | None = None,
) -> Estimate:
    """Mean squared distance of probability and outcome (Brier 1950), with the interval of a mean."""
    unit = _or_single(unit, chance)
    value, error = mean_with_error((chance - outcome) ** 2, unit, weights)
    half = float(norm.ppf(0.5 + level / 2) * error * np.sqrt(_few(unit)))
    return Estimate(value=value, low=max(0.0, value - half), high=value + half)


def log_losses(chance: NDArray[np.float64], outcome: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean over divisions of every deal's ``−y ln p − (1 − y) ln(1 − p)``, from (R, M, n) to (M, n)."""
    right = np.clip(np.where(outcome > 0.5, chance, 1.0 - chance), 1e-12, 1.0)
    return np.asarray(-np.log(right).mean(axis=0), dtype=np.float64)


def mean_with_error(values: Vector, unit: Units, weights: Vector | None = None) -> tuple[float, float]:
    """Mean over deals and its standard error, deals of one unit taken together."""
    weights = _or_ones(weights, values)
    mean = float(np.average(values, weights=weights))
    away = np.bincount(unit, weights=weights * (values - mean))
    return mean, float(np.sqrt((away**2).sum()) / weights.sum())


def paired_difference(
    values: Vector, others: Vector, unit: Units, level: float, weights: Vector | None = None
) -> tuple[float, float, float]:
    """Return by how much values lie above others of the same deals on average, with its interval.

    Parameters
    ----------
    values, others : ndarray, shape (n,)
        Of every deal, such as its log loss by two models.
    unit : ndarray of int, shape (n,)
        Deals of one unit are taken together.
    level : float
        Of the interval.
    weights : ndarray, shape (n,), optional
        How often each deal counts; once unless told.

    Returns
    -------
    tuple of float
        Mean difference, lower and upper limit.
    """
    mean, error = mean_with_error(values - others, unit, weights)
    half = float(norm.ppf(0.5 + level / 2)) * error
    return mean, mean - half, mean + half
