"""Average differences in probability between two ways of answering, other answers as they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from scipy.stats import norm

from qualify.numerics.blocks import Matrix, Vector


@dataclass(frozen=True, slots=True, kw_only=True)
class Average:
    """An average probability and its gradient with respect to the coefficients.

    `each` holds how far the probability of each row lies from the average, times the row's share of it.
    """

    probability: float
    gradient: Vector
    each: Vector


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast:
    """A difference of two averages with its interval."""

    difference: float
    low: float
    high: float


def average_probability(
    design: Matrix,
    beta: Vector,
    weights: Vector,
    columns: list[int],
    entries: list[float],
    *,
    log_odds: Vector | None = None,
) -> Average:
    """Mean probability when every row's `columns` are set to `entries` (Lane & Nelder 1982).

    `log_odds` are those of the rows as they are, where they are at hand.
    """
    as_is = design @ beta if log_odds is None else log_odds
    change = float(np.dot(entries, beta[columns])) - design[:, columns] @ beta[columns]
    probability = expit(as_is + change)
    share = weights / weights.sum()
    slope = share * probability * (1.0 - probability)
    gradient = slope @ design
    gradient[columns] = slope.sum() * np.asarray(entries)
    average = float(share @ probability)
    return Average(probability=average, gradient=gradient, each=share * (probability - average))


def contrast(first: Average, second: Average, covariance: Matrix, *, level: float) -> Contrast:
    """Second minus first, with a delta-method interval inside [−1, 1].

    The rows are a sample too: the variance of their own differences adds to that of the coefficients, for the
    average over all deals to come is meant, not that over these alone.
    """
    return _interval(first, second, covariance, float(norm.ppf(0.5 + level / 2)))


def largest_contrast(
    averages: list[Average], covariance: Matrix, *, level: float, rng: np.random.Generator
) -> Contrast:
    """Largest average minus smallest, with an interval that allows for having picked them.

    The interval is simultaneous over all pairs: its half-width is the quantile of the largest studentised
    difference, simulated from the normal approximation (Hothorn, Bretz & Westfall 2008).
    """
    ordered = sorted(averages, key=lambda average: average.probability)
    gradients = np.array([average.gradient for average in averages])
    a, b = np.triu_indices(len(averages), 1)
    differences = gradients[a] - gradients[b]
    each = np.array([average.each for average in averages])
    rows = each[a] - each[b]
    spread: NDArray[np.float64] = differences @ covariance @ differences.T + rows @ rows.T
    error = np.sqrt(np.maximum(np.diag(spread), 1e-300))
    correlation = spread / np.outer(error, error)
    values, vectors = np.linalg.eigh(correlation)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    drawn: NDArray[np.float64] = root @ rng.standard_normal((len(values), 20_000))
    largest = np.abs(drawn).max(axis=0)
    return _interval(ordered[0], ordered[-1], covariance, float(np.quantile(largest, level)))


def _interval(first: Average, second: Average, covariance: Matrix, width: float) -> Contrast:
    gradient = second.gradient - first.gradient
    rows = second.each - first.each
    half = width * float(np.sqrt(max(float(gradient @ covariance @ gradient), 0.0) + float(rows @ rows)))
    difference = second.probability - first.probability
    return Contrast(difference=difference, low=max(-1.0, difference - half), high=min(1.0, difference + half))
