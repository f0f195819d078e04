"""How good win probabilities are on given deals: all measures in one compiled pass over one sorting."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qualify.numerics.blocks import Matrix, Vector
from qualify.numerics.calibration import Runs, binned, mean_error, put_together
from qualify.numerics.compiled import compiled

MEASURES = ("auc", "brier", "scaled_brier", "log_loss", "calibration_intercept", "calibration_slope", "ici")
# Kept beside the measures: the intercept of the joint refit ``y ~ a + b · log-odds``, as R's rms reports it,
# and the standard error that the slope would have if the log-odds were right.
REFIT_INTERCEPT, SLOPE_ERROR = 7, 8
WIDTH = 9


def measure(log_odds: Vector, outcome: Vector, weights: Vector) -> Vector:
    """Return the measures and what is kept beside them, (9,), for deals under one set of weights."""
    found: Vector = measure_each(log_odds, outcome, weights.reshape(1, -1))[0]
    return found


def measure_each(log_odds: Vector, outcome: Vector, weights: Matrix) -> Matrix:
    """Return the measures under each row of weights, (k, 9); the deals are sorted once.

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
    ndarray, shape (k, 9)
        In the order of `MEASURES`. ``auc``: share of pairs of a won and a lost deal in which the won one has
        the higher log-odds, ties one half. ``brier``: mean of (p − y)². ``scaled_brier``: 1 − brier /
        (ȳ(1 − ȳ)). ``log_loss``: mean of −y ln p − (1 − y) ln(1 − p). ``calibration_intercept``: a in logit P
        = a + log-odds. ``calibration_slope``: b in logit P = a + b · log-odds; NaN where there is none, the
        log-odds being all alike or parting won from lost without overlap. ``ici``: mean distance of c(p) from
        p, c the local linear regression of outcome on p. Then the a beside that slope, and the standard error
        ``(Σ w p(1 − p)(η − η̄)²)^-½`` of a slope of 1, infinite for log-odds all alike. All NaN for log-odds
        that are not finite; what needs both outcomes is NaN without.

    References
    ----------
    Austin, P. & Steyerberg, E. (2019). The Integrated Calibration Index and related metrics. Statistics in
    Medicine 38, 4051-4065. Cox, D. R. (1958). Two further applications of a model for binary regression.
    Biometrika 45, 562-565.
    """
    # NumPy's own sorting is several times as quick as a compiled one, and holds no lock either.
    return measure_sorted(log_odds, outcome, weights, np.argsort(log_odds))


@compiled
def measure_sorted(log_odds: Vector, outcome: Vector, weights: Matrix, order: NDArray[np.int64]) -> Matrix:
    """Do the same for deals that come in the order of their log-odds."""
    found = np.full((weights.shape[0], WIDTH), np.nan)
    # Sorted, infinities stand at the ends, and what is not a number at the last.
    if not (np.isfinite(log_odds[order[0]]) and np.isfinite(log_odds[order[-1]])):
        return found
    for k in range(weights.shape[0]):
        runs = put_together(log_odds, outcome, weights[k], order)
        if runs.eta.size:
            _measure_runs(runs, found[k])
    return found


@compiled
def _measure_runs(runs: Runs, found: Vector) -> None:
    eta, count, won = runs
    chance = np.empty(eta.size)
    total, wins, below, pairs, squares, loss = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    v0, v1, v2 = 0.0, 0.0, 0.0
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
        v, x = count[j] * p * (1.0 - p), eta[j] - eta[0]
        v0, v1, v2 = v0 + v, v1 + v * x, v2 + v * x * x
    found[1] = squares / total
    found[3] = loss / total
    found[6] = mean_error(runs, chance, total)
    found[8] = 1.0 / np.sqrt(max(v2 - v1 * v1 / v0, 0.0)) if v0 > 0 else np.inf
    if wins > 0 and below > 0:
        found[0] = pairs / (wins * below)
        found[2] = 1.0 - found[1] / (wins / total * below / total)
        # Neighbours taken together lead next to the top, from where one or two steps over all deals are left.
        coarse = binned(runs, eta, total)
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
