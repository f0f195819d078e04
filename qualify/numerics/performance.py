"""How good win probabilities are on given deals: all measures in one compiled pass over one sorting.

Deals with the same log-odds are put together first, so that few distinct scores cost next to nothing.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from qualify.numerics.compiled import compiled

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

MEASURES = ("auc", "brier", "scaled_brier", "log_loss", "calibration_intercept", "calibration_slope", "ici")
# Kept beside the measures: the intercept of the joint refit ``y ~ a + b · log-odds``, as R's rms reports it.
REFIT_INTERCEPT = len(MEASURES)

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


def measure(log_odds: Vector, outcome: Vector, weights: Vector) -> Vector:
    """Return the measures of `MEASURES` and the refit intercept, (8,), for deals under one set of weights."""
    found: Vector = measure_each(log_odds, outcome, weights.reshape(1, -1))[0]
    return found


def measure_each(log_odds: Vector, outcome: Vector, weights: Matrix) -> Matrix:
    """Return the measures under each row of weights, (k, 8); the deals are sorted once.

    Parameters
    ----------
    log_odds : ndarray, shape (n,)
        Of winning.
    outcome : ndarray, shape (n,)
        1 won, 0 lost.
    weights : ndarray, shape (k, n)
        0 leaves a deal out; a deal of weight 2 counts as two.

    Returns
    -------
    ndarray, shape (k, 8)
        ``auc``: share of pairs of a won and a lost deal in which the won one has the higher log-odds, ties
        one half. ``brier``: mean of (p − y)². ``scaled_brier``: 1 − brier / (ȳ(1 − ȳ)). ``log_loss``: mean of
        −y ln p − (1 − y) ln(1 − p). ``calibration_intercept``: a in logit P = a + log-odds.
        ``calibration_slope``: b in logit P = a + b · log-odds; NaN where there is none, the log-odds being
        all alike or parting won from lost without overlap. ``ici``: mean of the distance of c(p) from p, c
        the local linear regression of outcome on p. Last, the a beside that slope. All NaN for log-odds that
        are not finite; what needs both outcomes is NaN without.

    References
    ----------
    Austin, P. & Steyerberg, E. (2019). The Integrated Calibration Index and related metrics. Statistics in
    Medicine 38, 4051-4065. Cox, D. R. (1958). Two further applications of a model for binary regression.
    Biometrika 45, 562-565.
    """
    # NumPy's own sorting is several times as quick as a compiled one, and holds no lock either.
    return _measure_sorted(log_odds, outcome, weights, np.argsort(log_odds))


@compiled
def _measure_sorted(log_odds: Vector, outcome: Vector, weights: Matrix, order: NDArray[np.int64]) -> Matrix:
    found = np.full((weights.shape[0], len(MEASURES) + 1), np.nan)
    # Sorted, infinities stand at the ends, and what is not a number at the last.
    if not (np.isfinite(log_odds[order[0]]) and np.isfinite(log_odds[order[-1]])):
        return found
    for k in range(weights.shape[0]):
        runs = _put_together(log_odds, outcome, weights[k], order)
        if runs.eta.size:
            _measure_runs(runs, found[k])
    return found


@compiled
def _put_together(log_odds: Vector, outcome: Vector, weights: Vector, order: NDArray[np.int64]) -> Runs:
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
def _measure_runs(runs: Runs, found: Vector) -> None:
    eta, count, won = runs
    chance = np.empty(eta.size)
    total, wins, below, pairs, squares, loss = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for j in range(eta.size):
        tail = np.exp(-abs(eta[j]))
        p = 1.0 / (1.0 + tail) if eta[j] > 0 else tail / (1.0 + tail)
        chance[j] = p
        lost = count[j] - won[j]
        pairs += won[j] * (below + 0.5 * lost)
        below += lost
        total += count[j]
        wins += won[j]
        squares += won[j] * (1.0 - p) ** 2 + lost * p * p
        loss += count[j] * (max(eta[j], 0.0) + np.log1p(tail)) - won[j] * eta[j]
    found[1] = squares / total
    found[3] = loss / total
    found[6] = _mean_error(runs, chance, total)
    if wins > 0 and below > 0:
        found[0] = pairs / (wins * below)
        found[2] = 1.0 - found[1] / (wins / total * below / total)
        # Neighbours taken together lead next to the top, from where one or two steps over all deals are left.
        coarse = _binned(runs, eta, total)
        found[4] = _offset_intercept(runs, _offset_intercept(coarse, 0.0))
        if eta.size > 1 and not _parted(runs):
            a, b = _refit(coarse, 0.0, 1.0)
            found[7], found[5] = _refit(runs, a, b) if np.isfinite(b) else _refit(runs, 0.0, 1.0)


@compiled
def _parted(runs: Runs) -> bool:
    """Whether no lost deal lies above a won one, or no won one above a lost one."""
    first_won, last_won, first_lost, last_lost = -1, -1, -1, -1
    for j in range(runs.eta.size):
        if runs.won[j] > 0:
            first_won = j if first_won < 0 else first_won
            last_won = j
        if runs.weight[j] > runs.won[j]:
            first_lost = j if first_lost < 0 else first_lost
            last_lost = j
    return last_lost <= first_won or last_won <= first_lost


@compiled
def _offset_intercept(runs: Runs, a: float) -> float:
    """Solve ``Σ w (y − expit(a + η)) = 0``, by Newton's method kept between ends that close in."""
    eta, count, won = runs
    total = count.sum()
    low, high = -np.inf, np.inf
    for _ in range(200):
        gradient, information = 0.0, 0.0
        for j in range(eta.size):
            p = 1.0 / (1.0 + np.exp(-(a + eta[j])))
            gradient += won[j] - count[j] * p
            information += count[j] * p * (1.0 - p)
        if abs(gradient) <= 1e-13 * total:
            break
        if gradient > 0:
            low = a
        else:
            high = a
        move = gradient / information if information > 0 else np.inf * gradient
        a = _between(a, move, low, high)
        # Newton's error squares at each step.
        if abs(move) <= 1e-6:
            break
    return a


@compiled
def _between(a: float, move: float, low: float, high: float) -> float:
    """Take the step, or half the way where it leaves the ends, at most 4 at a time."""
    there = a + min(max(move, -4.0), 4.0)
    return there if low < there < high else 0.5 * (low + high)


@compiled
def _refit(runs: Runs, intercept: float, slope: float) -> tuple[float, float]:
    """Fit ``logit P = a + b · η`` by maximum likelihood, by Newton's method from a given line."""
    eta, count, won = runs
    middle = (count * eta).sum() / count.sum()
    a, b = intercept + slope * middle, slope
    da, db, promised, length = 0.0, 0.0, np.inf, 1.0
    for step in range(100):
        ga, gb, haa, hab, hbb = 0.0, 0.0, 0.0, 0.0, 0.0
        for j in range(eta.size):
            x = eta[j] - middle
            p = 1.0 / (1.0 + np.exp(-(a + b * x)))
            residual, v = won[j] - count[j] * p, count[j] * p * (1.0 - p)
            ga += residual
            gb += residual * x
            haa += v
            hab += v * x
            hbb += v * x * x
        # On a concave way up, a slope that falls more than it promised has passed the top: go half the way.
        if step and abs(da * ga + db * gb) > promised:
            length *= 0.5
            a, b = a - length * da, b - length * db
            continue
        determinant = haa * hbb - hab * hab
        if not determinant > 1e-14 * haa * hbb:
            return np.nan, np.nan
        da, db, length = (hbb * ga - hab * gb) / determinant, (haa * gb - hab * ga) / determinant, 1.0
        promised = da * ga + db * gb
        a, b = a + da, b + db
        if promised <= 1e-8:
            return a - b * middle, b
    return np.nan, np.nan


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
    return _curve_sorted(log_odds, outcome, weights, np.argsort(log_odds), grid)


@compiled
def _curve_sorted(
    log_odds: Vector, outcome: Vector, weights: Vector, order: NDArray[np.int64], grid: Vector
) -> Vector:
    runs = _put_together(log_odds, outcome, weights, order)
    bins = _binned(runs, 1.0 / (1.0 + np.exp(-runs.eta)), runs.weight.sum())
    curve = np.empty(grid.size)
    for g in range(grid.size):
        curve[g] = min(max(_local_fit(bins, grid[g]), 0.0), 1.0)
    return curve


@compiled
def _mean_error(runs: Runs, chance: Vector, total: float) -> float:
    bins = _binned(runs, chance, total)
    error = 0.0
    for b in range(bins.eta.size):
        error += bins.weight[b] * abs(_local_fit(bins, bins.eta[b]) - bins.eta[b])
    return error / total


@compiled
def _binned(runs: Runs, value: Vector, total: float) -> Runs:
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
