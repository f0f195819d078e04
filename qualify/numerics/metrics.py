"""How well probabilities and scores tell won deals from lost ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit
from scipy.stats import norm, rankdata


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A figure with its interval."""

    value: float
    low: float
    high: float


def auc(score: NDArray[np.float64], outcome: NDArray[np.float64]) -> float:
    """Share of pairs of a won and a lost deal in which the won one scores higher, ties counting half."""
    won = outcome > 0.5
    wins = int(won.sum())
    ranks = rankdata(score)
    return float((ranks[won].sum() - wins * (wins + 1) / 2) / (wins * (len(score) - wins)))


def auc_variance(score: NDArray[np.float64], outcome: NDArray[np.float64]) -> float:
    """Variance of the AUC (DeLong, DeLong & Clarke-Pearson 1988), by midranks (Sun & Xu 2014)."""
    won = outcome > 0.5
    m, n = int(won.sum()), int((~won).sum())
    ranks = rankdata(score)
    placed_won = (ranks[won] - rankdata(score[won])) / n
    placed_lost = 1.0 - (ranks[~won] - rankdata(score[~won])) / m
    return float(np.var(placed_won, ddof=1) / m + np.var(placed_lost, ddof=1) / n)


def auc_interval(
    score: NDArray[np.float64], outcome: NDArray[np.float64], *, level: float = 0.95
) -> Estimate:
    """AUC with DeLong's interval on the log-odds scale."""
    error = float(np.sqrt(auc_variance(score, outcome)))
    rarer = float(min(outcome.sum(), (1 - outcome).sum()))
    return auc_limits(auc(score, outcome), error, rarer, level=level)


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
    chance: NDArray[np.float64], outcome: NDArray[np.float64], *, level: float = 0.95
) -> Estimate:
    """Mean squared distance of probability and outcome (Brier 1950), with the interval of a mean."""
    squares = (chance - outcome) ** 2
    half = float(norm.ppf(0.5 + level / 2) * squares.std(ddof=1) / np.sqrt(squares.size))
    value = float(squares.mean())
    return Estimate(value=value, low=max(0.0, value - half), high=value + half)


def log_losses(chance: NDArray[np.float64], outcome: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean over divisions of every deal's ``−y ln p − (1 − y) ln(1 − p)``, from (R, M, n) to (M, n)."""
    right = np.clip(np.where(outcome > 0.5, chance, 1.0 - chance), 1e-12, 1.0)
    return np.asarray(-np.log(right).mean(axis=0), dtype=np.float64)


def mean_with_error(values: NDArray[np.float64], unit: NDArray[np.int64]) -> tuple[float, float]:
    """Mean over deals and its standard error, deals of one unit taken together."""
    away = np.bincount(unit, weights=values - values.mean())
    return float(values.mean()), float(np.sqrt((away**2).sum()) / values.size)


def paired_difference(
    values: NDArray[np.float64], others: NDArray[np.float64], unit: NDArray[np.int64], level: float
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

    Returns
    -------
    tuple of float
        Mean difference, lower and upper limit.
    """
    mean, error = mean_with_error(values - others, unit)
    half = float(norm.ppf(0.5 + level / 2)) * error
    return mean, mean - half, mean + half
