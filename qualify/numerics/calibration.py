"""Observed win rate against predicted probability: a local linear curve, and how far it lies off.

Deals with the same log-odds are put together first, so that few distinct scores cost next to nothing.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from qualify.numerics.blocks import Vector
from qualify.numerics.compiled import compiled

# Share of the deals that each local fit of the calibration curve looks at.
SPAN = 0.75
# The curve is fitted to at most this many groups of neighbouring deals.
BINS = 100
# Log-odds closer than this are the same: sums of the same points in another order.
TIE = 1e-10


class Runs(NamedTuple):
    """Deals put together by their log-odds (or what else they have), ascending: weight, and weight won."""

    eta: Vector
    weight: Vector
    won: Vector


def calibration_curve(log_odds: Vector, outcome: Vector, weights: Vector, grid: Vector) -> Vector:
    """Observed win rate at given probabilities: local linear regression of outcome on probability, (G,).

    Parameters
    ----------
    log_odds, outcome, weights : ndarray, shape (n,)
        The deals.
    grid : ndarray, shape (G,)
        Probabilities.

    Returns
    -------
    ndarray, shape (G,)
        Within 0 and 1.
    """
    return curve_of_sorted(log_odds, outcome, weights, np.argsort(log_odds), grid)


@compiled
def curve_of_sorted(
    log_odds: Vector, outcome: Vector, weights: Vector, order: NDArray[np.int64], grid: Vector
) -> Vector:
    """Do the same for deals that come in the order of their log-odds."""
    runs = put_together(log_odds, outcome, weights, order)
    bins = binned(runs, 1.0 / (1.0 + np.exp(-runs.eta)), runs.weight.sum())
    curve = np.empty(grid.size)
    for g in range(grid.size):
        curve[g] = min(max(_local_fit(bins, grid[g]), 0.0), 1.0)
    return curve


@compiled
def put_together(log_odds: Vector, outcome: Vector, weights: Vector, order: NDArray[np.int64]) -> Runs:
    """Put deals of the same log-odds together; `order` sorts them, and those without weight are left out."""
    eta, count, won = np.empty(order.size), np.empty(order.size), np.empty(order.size)
    last = -1
    for i in order:
        w = weights[i]
        if w > 0:
            if last < 0 or log_odds[i] - eta[last] > TIE * (1.0 + abs(log_odds[i])):
                last += 1
                eta[last], count[last], won[last] = log_odds[i], 0.0, 0.0
            count[last] += w
            won[last] += w * outcome[i]
    return Runs(eta[: last + 1], count[: last + 1], won[: last + 1])


@compiled
def mean_error(runs: Runs, chance: Vector, total: float) -> float:
    """Mean distance of the curve from the probabilities themselves, the ICI."""
    bins = binned(runs, chance, total)
    error = 0.0
    for b in range(bins.eta.size):
        error += bins.weight[b] * abs(_local_fit(bins, bins.eta[b]) - bins.eta[b])
    return error / total


@compiled
def binned(runs: Runs, value: Vector, total: float) -> Runs:
    """Put neighbours together into bins of about equal weight: mean value, weight, weight won."""
    _, count, won = runs
    if value.size <= BINS:
        return Runs(value, count, won)
    x, held, wins = np.zeros(BINS), np.zeros(BINS), np.zeros(BINS)
    last, place, before = -1, -1, 0.0
    for j in range(value.size):
        there = int((before + 0.5 * count[j]) / total * BINS)
        if there > place:
            last, place = last + 1, there
        x[last] += count[j] * value[j]
        held[last] += count[j]
        wins[last] += won[j]
        before += count[j]
    return Runs(x[: last + 1] / held[: last + 1], held[: last + 1], wins[: last + 1])


@compiled
def _local_fit(bins: Runs, at: float) -> float:
    """Local linear fit at one place, tricube weights over the nearest `SPAN` of all (Cleveland 1979)."""
    x, count, won = bins
    need = SPAN * count.sum() * (1.0 - 1e-12)
    right = np.searchsorted(x, at)
    left = right - 1
    reach, held = 0.0, 0.0
    while held < need:
        if right >= x.size or (left >= 0 and at - x[left] <= x[right] - at):
            reach, held = at - x[left], held + count[left]
            left -= 1
        else:
            reach, held = x[right] - at, held + count[right]
            right += 1
    if reach <= 0:
        return float(won[left + 1 : right].sum() / held)
    s0, s1, s2, t0, t1 = 0.0, 0.0, 0.0, 0.0, 0.0
    for j in range(left + 1, right):
        d = (x[j] - at) / reach
        near = (1.0 - abs(d) ** 3) ** 3
        w, wy = near * count[j], near * won[j]
        s0 += w
        s1 += w * d
        s2 += w * d * d
        t0 += wy
        t1 += wy * d
    spread = s0 * s2 - s1 * s1
    if spread <= 1e-9 * s0 * s0:
        return float(t0 / s0 if s0 > 0 else won[left + 1 : right].sum() / held)
    return (s2 * t0 - s1 * t1) / spread
