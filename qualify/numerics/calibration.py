"""Observed win rate against predicted probability: a local linear curve, and how far it lies off.

Deals with the same log-odds are put together first, so that few distinct scores cost next to nothing.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from qualify.numerics.blocks import Matrix, Vector
from qualify.numerics.compiled import compiled, compiled_entry, compiled_inline
from qualify.numerics.lanes import LANES
from qualify.numerics.registers import SIZE, alike, eight, larger, magnitude, plus_product, smaller, sum_of

# Share of the deals that each local fit of the calibration curve looks at.
SPAN = 0.75
# The curve is fitted to at most this many groups of neighbouring deals.
BINS = 100
# Log-odds closer than this are the same: sums of the same points in another order.
TIE = 1e-10


class Runs(NamedTuple):
    """Deals put together by their log-odds (or what else they have), ascending: weight, and weight won.

    Filled up to whole blocks of 64 with weight 0; runs in between may have none either.
    """

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


@compiled_entry
def curve_of_sorted(
    log_odds: Vector, outcome: Vector, weights: Vector, order: NDArray[np.int64], grid: Vector
) -> Vector:
    """Do the same for deals that come in the order of their log-odds."""
    eta, weight, won = put_together(log_odds, outcome, weights.reshape(1, -1), order)
    runs = Runs(eta, weight[0][: eta.size], won[0][: eta.size])
    bins = binned(runs, 1.0 / (1.0 + np.exp(-eta)), bin_ends(runs, runs.weight.sum()))
    last = _span_ends(bins)
    curve = np.full(grid.size, np.nan)
    for g in range(grid.size if last.size else 0):
        reach = _reach(bins, last, _nearest(bins, last, 0, grid[g]), grid[g])
        curve[g] = min(max(_local_fit(bins, grid[g], reach), 0.0), 1.0)
    return curve


@compiled
def put_together(
    log_odds: Vector, outcome: Vector, weights: Matrix, order: NDArray[np.int64]
) -> tuple[Vector, Matrix, Matrix]:
    """Put deals of the same log-odds together: log-odds (m,), and by row of weights weight and weight won.

    `order` sorts the deals; those without weight in any row are left out. What is beyond m columns is zero.
    """
    rows, n = weights.shape
    room = whole_blocks(n)
    eta, count, won = np.zeros(room), np.zeros((rows, room)), np.zeros((rows, room))
    last, here = -1, 0.0
    for place in order:
        i = np.uint64(place)  # see `count_answers`
        heaviest = 0.0
        for k in range(rows):
            heaviest = max(heaviest, weights[k, i])
        if heaviest > 0:
            if last < 0 or log_odds[i] - here > TIE * (1.0 + abs(log_odds[i])):
                last += 1
                here = log_odds[i]
                eta[last] = here
            for k in range(rows):
                count[k, last] += weights[k, i]
                won[k, last] += weights[k, i] * outcome[i]
    return eta[: whole_blocks(last + 1)], count, won


@compiled_inline
def whole_blocks(size: int) -> int:
    """Round up to whole blocks of 64."""
    return (size + LANES - 1) // LANES * LANES


@compiled
def bin_ends(runs: Runs, total: float) -> NDArray[np.int64]:
    """Divide runs into bins of neighbours, of about equal weight: where each bin ends."""
    used = 0
    for j in range(runs.weight.size):
        used += runs.weight[j] > 0
    ends = np.empty(min(used, BINS), dtype=np.int64)
    last, place, before = -1, -1, 0.0
    for j in range(runs.weight.size):
        count = runs.weight[j]
        if count > 0:
            there = int((before + 0.5 * count) / total * BINS) if used > BINS else place + 1
            if there > place:
                last, place = last + 1, there
            ends[last] = j + 1
            before += count
    return ends[: last + 1]


@compiled
def binned(runs: Runs, value: Vector, ends: NDArray[np.int64]) -> Runs:
    """Put the runs of each bin together: mean value, weight, weight won."""
    room = whole_blocks(ends.size)
    x, held, wins = np.zeros(room), np.zeros(room), np.zeros(room)
    first = 0
    for b in range(ends.size):
        values, weight, won = 0.0, 0.0, 0.0
        for j in range(first, ends[b]):
            values += runs.weight[j] * value[j]
            weight += runs.weight[j]
            won += runs.won[j]
        x[b], held[b], wins[b] = values / weight, weight, won
        first = ends[b]
    return Runs(x, held, wins)


@compiled
def mean_error(bins: Runs, total: float) -> float:
    """Mean distance of the curve from the probabilities themselves, the ICI."""
    last = _span_ends(bins)
    error, first = 0.0, 0
    for b in range(bins.eta.size):
        if bins.weight[b] > 0:
            at = bins.eta[b]
            first = _nearest(bins, last, first, at)
            error += bins.weight[b] * abs(_local_fit(bins, at, _reach(bins, last, first, at)) - at)
    return error / total


@compiled
def _span_ends(bins: Runs) -> NDArray[np.int64]:
    """For each bin from which on there is enough, the last of the fewest that hold `SPAN` of all."""
    size = bins.weight.size
    need = SPAN * bins.weight.sum() * (1.0 - 1e-12)
    last = np.empty(size, dtype=np.int64)
    held, right = 0.0, 0
    for left in range(size):
        while right < size and held < need:
            held += bins.weight[right]
            right += 1
        if held < need:
            return last[:left]
        last[left] = right - 1
        held -= bins.weight[left]
    return last


@compiled_inline
def _reach(bins: Runs, last: NDArray[np.int64], first: int, at: float) -> float:
    """How far from a place the bins lie that begin with `first` and hold `SPAN` of all."""
    return float(max(at - bins.eta[first], bins.eta[last[first]] - at))


@compiled_inline
def _nearest(bins: Runs, last: NDArray[np.int64], first: int, at: float) -> int:
    """First of the bins nearest to a place; `first` is that of a place to the left of it, or 0."""
    while first + 1 < last.size and _reach(bins, last, first + 1, at) <= _reach(bins, last, first, at):
        first += 1
    return first


@compiled_inline
def _local_fit(bins: Runs, at: float, reach: float) -> float:
    """Local linear fit at one place, tricube weights over the nearest `SPAN` of all (Cleveland 1979)."""
    # Closer together than this, bins are one.
    if reach > 1e-300:
        s0, s1, s2, t0, t1 = _near_sums(bins.eta, bins.weight, bins.won, at, 1.0 / reach)
        spread = s0 * s2 - s1 * s1
        if spread > 1e-9 * s0 * s0:
            return (s2 * t0 - s1 * t1) / spread
        if s0 > 0:
            return t0 / s0
    held, wins = 0.0, 0.0
    for b in range(bins.eta.size):
        if abs(bins.eta[b] - at) <= reach:
            held += bins.weight[b]
            wins += bins.won[b]
    return wins / held


@compiled_inline
def _near_sums(
    x: Vector, count: Vector, won: Vector, at: float, scale: float
) -> tuple[float, float, float, float, float]:
    """Sum of weights, of weights times distance and its square; the same of what was won, but the last."""
    here, shrink, one = alike(at), alike(scale), alike(1.0)
    s0, s1, s2, t0, t1 = alike(0.0), alike(0.0), alike(0.0), alike(0.0), alike(0.0)
    for k in range(0, x.size, SIZE):
        d = larger(smaller((eight(x, k) - here) * shrink, one), alike(-1.0))
        away = magnitude(d)
        near = one - away * away * away
        near = near * near * near
        w, wy = near * eight(count, k), near * eight(won, k)
        s0, s1, s2 = s0 + w, plus_product(s1, w, d), plus_product(s2, w * d, d)
        t0, t1 = t0 + wy, plus_product(t1, wy, d)
    return sum_of(s0), sum_of(s1), sum_of(s2), sum_of(t0), sum_of(t1)
