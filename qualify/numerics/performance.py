"""How good win probabilities are on given deals: all measures in one compiled pass over one sorting."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from qualify.numerics.blocks import Matrix, Vector
from qualify.numerics.calibration import Runs, bin_ends, binned, mean_error, put_together
from qualify.numerics.compiled import compiled, compiled_entry, compiled_inline
from qualify.numerics.lanes import LANES, chances, logarithms
from qualify.numerics.registers import SIZE, alike, eight, larger, plus_product, smaller, sum_of

MEASURES = ("auc", "brier", "scaled_brier", "log_loss", "calibration_intercept", "calibration_slope", "ici")
# Kept beside the measures: the intercept of the joint refit ``y ~ a + b · log-odds``, as R's rms reports it,
# and the standard error that the slope would have if the log-odds were right.
REFIT_INTERCEPT, SLOPE_ERROR = 7, 8
WIDTH = 9
# Newton's error squares at each step: one that moves an intercept so little, or promises so little of twice
# the log-likelihood, is the last.
SMALL_MOVE, SMALL_PROMISE = 1e-6, 1e-10
# Log-odds that spread less than this, as a share of their squares, are all the same.
ALIKE = 1e-14


class Foreseen(NamedTuple):
    """By log-odds: probability of winning, of losing, and the log of the larger of the two."""

    won: Vector
    lost: Vector
    log_likelier: Vector


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


@compiled_entry
def measure_sorted(log_odds: Vector, outcome: Vector, weights: Matrix, order: NDArray[np.int64]) -> Matrix:
    """Do the same for deals that come in the order of their log-odds."""
    found = np.full((weights.shape[0], WIDTH), np.nan)
    # Sorted, infinities stand at the ends, and what is not a number at the last.
    if not (np.isfinite(log_odds[order[0]]) and np.isfinite(log_odds[order[-1]])):
        return found
    eta, weight, won = put_together(log_odds, outcome, weights, order)
    seen = _foresee(eta)
    for k in range(weights.shape[0]):
        runs = Runs(eta, weight[k][: eta.size], won[k][: eta.size])
        _measure_runs(runs, seen, found[k])
    return found


@compiled_entry
def measure_pairs(
    log_odds: Matrix, outcome: Vector, weights: Matrix, others: Vector, order: NDArray[np.int64]
) -> Matrix:
    """Return the measures of each row of log-odds under that row of weights and under others, (k, 2, 9)."""
    rows, n = weights.shape
    found, pair = np.empty((rows, 2, WIDTH)), np.empty((2, n))
    for k in range(rows):
        for i in range(n):
            pair[0, i], pair[1, i] = weights[k, i], others[i]
        measures = measure_sorted(log_odds[k], outcome, pair, order[k])
        for m in range(WIDTH):
            found[k, 0, m], found[k, 1, m] = measures[0, m], measures[1, m]
    return found


@compiled_inline
def _foresee(eta: Vector) -> Foreseen:
    """Work out what does not hang on weights and outcomes."""
    won, lost, log_likelier = np.empty(eta.size), np.empty(eta.size), np.empty(eta.size)
    far = np.empty(LANES)
    for b in range(0, eta.size, LANES):
        for i in range(LANES):
            far[i] = abs(eta[b + i])
        likelier = log_likelier[b : b + LANES]
        chances(far, likelier, lost[b : b + LANES])
        for i in range(b, b + LANES):
            near, away = log_likelier[i], lost[i]
            won[i] = near if eta[i] > 0 else away
            lost[i] = away if eta[i] > 0 else near
        logarithms(likelier)
    return Foreseen(won, lost, log_likelier)


@compiled
def _measure_runs(runs: Runs, seen: Foreseen, found: Vector) -> None:
    wins, losses, pairs = _pairs(runs)
    total = wins + losses
    if not total > 0:
        return
    # Neighbours taken together lead next to the top, from where one or two steps over all deals are left.
    ends = bin_ends(runs, total)
    coarse = binned(runs, runs.eta, ends)
    middle = (coarse.weight * coarse.eta).sum() / total
    slopes = np.zeros(5)
    _add_slopes(runs, seen.won, seen.lost, middle, slopes)
    squares, loss = _losses(runs, seen)
    found[1] = squares / total
    found[3] = loss / total
    found[6] = mean_error(binned(runs, seen.won, ends), total)
    spread = slopes[4] - slopes[3] * slopes[3] / slopes[2]
    found[8] = 1.0 / np.sqrt(spread) if spread > ALIKE * slopes[4] else np.inf
    if wins > 0 and losses > 0:
        found[0] = pairs / (wins * losses)
        found[2] = 1.0 - found[1] / (wins / total * losses / total)
        move = slopes[0] / slopes[2] if slopes[2] > 0 else np.inf
        if not abs(move) <= SMALL_MOVE:
            move = _offset_intercept(runs, total, _offset_intercept(coarse, total, 0.0))
        found[4] = move
        if not _parted(runs):
            found[7], found[5] = _line(runs, coarse, middle, slopes)


@compiled_inline
def _pairs(runs: Runs) -> tuple[float, float, float]:
    """Weight won, weight lost, and pairs in which the won deal has the higher log-odds."""
    wins, below, pairs = 0.0, 0.0, 0.0
    for j in range(runs.eta.size):
        won = runs.won[j]
        lost = runs.weight[j] - won
        pairs += won * (below + 0.5 * lost)
        below += lost
        wins += won
    return wins, below, pairs


@compiled_inline
def _losses(runs: Runs, seen: Foreseen) -> tuple[float, float]:
    """Sum of squared errors and of minus the log-likelihood."""
    squares, loss, none = alike(0.0), alike(0.0), alike(0.0)
    for k in range(0, runs.eta.size, SIZE):
        eta, weight, won = eight(runs.eta, k), eight(runs.weight, k), eight(runs.won, k)
        lost, p, q = weight - won, eight(seen.won, k), eight(seen.lost, k)
        squares = plus_product(plus_product(squares, won * q, q), lost * p, p)
        wrong = lost * larger(eta, none) - won * smaller(eta, none)
        loss = loss + (wrong - weight * eight(seen.log_likelier, k))
    return sum_of(squares), sum_of(loss)


@compiled_inline
def _parted(runs: Runs) -> bool:
    """Whether no lost deal lies above a won one, or no won one above a lost one; there are both."""
    first_won, first_lost = 0, 0
    last_won = last_lost = runs.eta.size - 1
    while not runs.won[first_won] > 0:
        first_won += 1
    while not runs.won[last_won] > 0:
        last_won -= 1
    while not runs.weight[first_lost] > runs.won[first_lost]:
        first_lost += 1
    while not runs.weight[last_lost] > runs.won[last_lost]:
        last_lost -= 1
    return last_lost <= first_won or last_won <= first_lost


@compiled_inline
def _add_slopes(runs: Runs, chance: Vector, against: Vector, middle: float, slopes: Vector) -> None:
    """Add gradient (2) and information (3) of a line in ``η − middle`` where it gives these chances."""
    ga, gb, haa, hab, hbb = alike(0.0), alike(0.0), alike(0.0), alike(0.0), alike(0.0)
    centre = alike(middle)
    for k in range(0, runs.eta.size, SIZE):
        x, p, q = eight(runs.eta, k) - centre, eight(chance, k), eight(against, k)
        weight, won = eight(runs.weight, k), eight(runs.won, k)
        residual, v = won * q - (weight - won) * p, weight * p * q
        ga, gb = ga + residual, plus_product(gb, residual, x)
        haa, hab, hbb = haa + v, plus_product(hab, v, x), plus_product(hbb, v * x, x)
    slopes[0] += sum_of(ga)
    slopes[1] += sum_of(gb)
    slopes[2] += sum_of(haa)
    slopes[3] += sum_of(hab)
    slopes[4] += sum_of(hbb)


@compiled
def _slopes(runs: Runs, middle: float, a: float, b: float) -> Vector:
    """Gradient and information of ``logit P = a + b (η − middle)``."""
    slopes, log_odds, chance, against = np.zeros(5), np.empty(LANES), np.empty(LANES), np.empty(LANES)
    for start in range(0, runs.eta.size, LANES):
        end = start + LANES
        block = Runs(runs.eta[start:end], runs.weight[start:end], runs.won[start:end])
        for i in range(LANES):
            log_odds[i] = a + b * (block.eta[i] - middle)
        chances(log_odds, chance, against)
        _add_slopes(block, chance, against, middle, slopes)
    return slopes


@compiled
def _offset_intercept(runs: Runs, total: float, a: float) -> float:
    """Solve ``Σ w (y − expit(a + η)) = 0``, by Newton's method kept between ends that close in."""
    low, high = -np.inf, np.inf
    for _ in range(200):
        slopes = _slopes(runs, 0.0, a, 1.0)
        gradient, information = slopes[0], slopes[2]
        if abs(gradient) <= 1e-13 * total:
            break
        if gradient > 0:
            low = a
        else:
            high = a
        move = gradient / information if information > 0 else np.inf * gradient
        a = _between(a, move, low, high)
        if abs(move) <= SMALL_MOVE:
            break
    return a


@compiled_inline
def _between(a: float, move: float, low: float, high: float) -> float:
    """Take the step, or half the way where it leaves the ends, at most 4 at a time."""
    there = a + min(max(move, -4.0), 4.0)
    return there if low < there < high else 0.5 * (low + high)


@compiled_inline
def _line(runs: Runs, coarse: Runs, middle: float, slopes: Vector) -> tuple[float, float]:
    """Intercept and slope of ``logit P = a + b · η``; `slopes` are those of the log-odds as they are."""
    da, db, promise = _newton(slopes)
    if promise <= SMALL_PROMISE:
        a, b = middle + da, 1.0 + db
    else:
        a, b = _refit(coarse, middle, middle, 1.0)
        a, b = _refit(runs, middle, a, b) if np.isfinite(b) else _refit(runs, middle, middle, 1.0)
    return a - b * middle, b


@compiled
def _newton(slopes: Vector) -> tuple[float, float, float]:
    """Newton's step, and twice the gain it promises; NaN where there is no line."""
    ga, gb, haa, hab, hbb = slopes
    determinant = haa * hbb - hab * hab
    if not determinant > ALIKE * haa * hbb:
        return np.nan, np.nan, np.nan
    da, db = (hbb * ga - hab * gb) / determinant, (haa * gb - hab * ga) / determinant
    return da, db, da * ga + db * gb


@compiled
def _refit(runs: Runs, middle: float, a: float, b: float) -> tuple[float, float]:
    """Fit ``logit P = a + b (η − middle)`` by maximum likelihood, by Newton's method from a given line."""
    da, db, promised, length = 0.0, 0.0, np.inf, 1.0
    for step in range(100):
        slopes = _slopes(runs, middle, a, b)
        # On a concave way up, a slope that falls more than it promised has passed the top: go half the way.
        if step and abs(da * slopes[0] + db * slopes[1]) > promised:
            length *= 0.5
            a, b = a - length * da, b - length * db
            continue
        da, db, promised = _newton(slopes)
        if np.isnan(promised):
            return np.nan, np.nan
        length = 1.0
        a, b = a + da, b + db
        if promised <= SMALL_PROMISE:
            return a, b
    return np.nan, np.nan
