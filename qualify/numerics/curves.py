"""The win rate as a curve of one score: logistic, or between a floor and a ceiling.

``P(s) = floor + (ceiling − floor) · expit(intercept + slope · s)``; the logistic one has floor 0, ceiling 1.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from qualify.numerics.blocks import (
    LINES,
    Blocks,
    Matrix,
    Vector,
    add_products,
    empty_blocks,
    log_likelihood,
)
from qualify.numerics.compiled import compiled, compiled_entry, compiled_inline
from qualify.numerics.lanes import LANES, chances, logarithms
from qualify.numerics.newton import CONVERGED, climb
from qualify.numerics.penalized_newton import maximise
from qualify.numerics.registers import aligned
from qualify.numerics.small_cholesky import mirror, solve_positive

FLAT, LOGISTIC, PLATEAU, SEPARATED = 0, 1, 2, 3
# A band runs from 10 % to 90 % of the climb: s50 ± ln 9 / slope.
LN9 = float(np.log(9.0))
# The climb of a plateau curve is at least this much of the way from 0 to 1.
LEAST_CLIMB = 0.05
# Slopes between these, per standard deviation of the score: a step, and nothing to see.
STEEPEST, FLATTEST = 200.0, 1e-3
# Where the search for a plateau starts. A low climb has several tops, hence steps at several places as well.
STARTS = ((0.02, 0.02, 1.2), (0.1, 0.1, 2.0), (0.2, 0.2, 4.0))  # lost at floor and ceiling, times as steep
STEPS = (-1.0, -0.4, 0.2, 0.8)  # standard deviations from the mean
# A start is left, and the best of them, where a step gains less than this of log-likelihood.
ROUGH, FINE = 1e-3, 1e-10
# Beyond this many deals, curves are fitted to so many bins of the score.
MANY, BINS = 20_000, 4_096


class Curve(NamedTuple):
    """A fitted curve and its log-likelihood."""

    kind: int
    floor: float
    ceiling: float
    intercept: float
    slope: float
    loglik: float


@compiled_entry
def moments(score: Vector, weights: Vector) -> tuple[float, float]:
    """Weighted mean and standard deviation."""
    total = weights.sum()
    mean = (weights * score).sum() / total
    return mean, np.sqrt((weights * (score - mean) ** 2).sum() / total)


def fit_logistic_curve(score: Vector, outcome: Vector, weights: Vector) -> Curve:
    """Fit the logistic curve by maximum likelihood; FLAT for a constant score, SEPARATED where it decides.

    For SEPARATED the band is the gap between the highest loss and the lowest win.
    """
    return logistic_curve(*summarised(score, outcome, weights))


@compiled_entry
def logistic_curve(score: Vector, outcome: Vector, weights: Vector) -> Curve:
    """Do the same without putting deals together first."""
    mean, deviation = moments(score, weights)
    rate = (weights * outcome).sum() / weights.sum()
    base = np.log(max(rate, 1e-12) / max(1.0 - rate, 1e-12))
    if not deviation > 1e-9 * (1.0 + abs(mean)):
        return Curve(FLAT, 0.0, 1.0, base, 0.0, flat_loglik(outcome, weights))
    highest_loss, lowest_win = -np.inf, np.inf
    for i in range(score.size):
        if weights[i] > 0:
            if outcome[i] > 0.0:
                lowest_win = min(lowest_win, score[i])
            if outcome[i] < 1.0:
                highest_loss = max(highest_loss, score[i])
    if lowest_win > highest_loss and np.isfinite(lowest_win) and np.isfinite(highest_loss):
        slope = 2.0 * LN9 / (lowest_win - highest_loss)
        return Curve(SEPARATED, 0.0, 1.0, -slope * (lowest_win + highest_loss) / 2.0, slope, 0.0)
    blocks = line_up((score - mean) / deviation, outcome, weights)
    beta = climb(blocks, np.zeros((2, 2)), np.array([base, 0.0]), 1e-14).beta
    slope = beta[1] / deviation
    return Curve(LOGISTIC, 0.0, 1.0, beta[0] - slope * mean, slope, log_likelihood(blocks, beta))


def firth_slope(score: Vector, outcome: Vector, weights: Vector) -> float:
    """Slope of the logistic curve with Firth's penalty, which takes out the bias of few deals."""
    mean, deviation = moments(score, weights)
    if not deviation > 1e-9 * (1.0 + abs(mean)):
        return float("nan")
    x, y, w = summarised((score - mean) / deviation, outcome, weights)
    blocks = line_up(x, y, w)
    top = maximise(blocks, True, np.zeros(2), np.eye(2), np.zeros((2, 2)), 1e-10)
    return float(top.beta[1] / deviation) if top.how == CONVERGED else float("nan")


@compiled_entry
def flat_loglik(outcome: Vector, weights: Vector) -> float:
    """Log-likelihood where every deal has the win rate for its chance."""
    won, lost = (weights * outcome).sum(), (weights * (1.0 - outcome)).sum()
    total = 0.0
    if won > 0:
        total += won * np.log(won / (won + lost))
    if lost > 0:
        total += lost * np.log(lost / (won + lost))
    return total


def summarised(score: Vector, outcome: Vector, weights: Vector) -> tuple[Vector, Vector, Vector]:
    """Put very many deals together in bins of like score and of about equal weight; few stay as they are.

    A bin is one deal with the mean score, the share of wins and the weight of those in it. Scores that decide
    outright are left alone, for their curve hangs on single deals.
    """
    used = weights > 0
    if int(used.sum()) <= MANY:
        return score, outcome, weights
    score, outcome, weights = score[used], outcome[used], weights[used]
    won = outcome > 0
    if not won.any() or won.all() or score[won].min() > score[~won].max():
        return score, outcome, weights
    order = np.argsort(score, kind="stable")
    score, outcome, weights = score[order], outcome[order], weights[order]
    middle = np.cumsum(weights) - weights / 2.0
    first = np.flatnonzero(np.diff(np.floor(middle / weights.sum() * BINS), prepend=-1.0))
    total = np.add.reduceat(weights, first)
    return (
        np.add.reduceat(weights * score, first) / total,
        np.add.reduceat(weights * outcome, first) / total,
        total,
    )


@compiled_entry
def line_up(x: Vector, outcome: Vector, weights: Vector) -> Blocks:
    """Put a score beside an intercept, in blocks."""
    blocks = empty_blocks(int((weights > 0).sum()), 2)
    row = 0
    for i in range(x.size):
        if weights[i] > 0:
            b, lane = row // LANES, row % LANES
            blocks.columns[b, 0, lane] = 1.0
            blocks.columns[b, 1, lane] = x[i]
            blocks.outcome[b, lane] = outcome[i]
            blocks.weights[b, lane] = weights[i]
            row += 1
    return blocks


def fit_plateau_curve(score: Vector, outcome: Vector, weights: Vector, logistic: Curve) -> Curve:
    """Maximum likelihood for floor, ceiling, intercept and slope (slope > 0), from several starts."""
    return plateau_curve(*summarised(score, outcome, weights), logistic)


@compiled_entry
def plateau_curve(score: Vector, outcome: Vector, weights: Vector, logistic: Curve) -> Curve:
    """Do the same without putting deals together first."""
    mean, deviation = moments(score, weights)
    if logistic.kind != LOGISTIC:
        return logistic
    x = (score - mean) / deviation
    blocks = line_up(x, outcome, weights)
    b = max(logistic.slope * deviation, 0.1)
    a = logistic.intercept + logistic.slope * mean
    best = Curve(PLATEAU, 0.0, 1.0, a, b, logistic.loglik if logistic.slope > 0 else -np.inf)
    for low, high, steep in STARTS:
        start = Curve(PLATEAU, low, 1.0 - high, a * steep, b * steep, 0.0)
        best = _likelier(best, _climb_plateau(blocks, start, ROUGH))
    for place in STEPS:
        low, high = _rates_beside(x, outcome, weights, place)
        start = Curve(PLATEAU, low, max(high, low + LEAST_CLIMB), -5.0 * place, 5.0, 0.0)
        best = _likelier(best, _climb_plateau(blocks, start, ROUGH))
    best = _climb_plateau(blocks, best, FINE)
    slope = best.slope / deviation
    return Curve(PLATEAU, best.floor, best.ceiling, best.intercept - slope * mean, slope, best.loglik)


@compiled_inline
def _likelier(first: Curve, second: Curve) -> Curve:
    return second if second.loglik > first.loglik else first


@compiled
def _rates_beside(x: Vector, outcome: Vector, weights: Vector, place: float) -> tuple[float, float]:
    """Win rates below and above a place, each with one average deal added."""
    rate = (weights * outcome).sum() / weights.sum()
    below = weights * (x < place)
    above = weights - below
    low = ((below * outcome).sum() + rate) / (below.sum() + 1.0)
    high = ((above * outcome).sum() + rate) / (above.sum() + 1.0)
    return min(low, 1.0 - LEAST_CLIMB), high


@compiled
def _climb_plateau(blocks: Blocks, start: Curve, tolerance: float) -> Curve:
    """Fisher scoring with damping, projected into 0 ≤ floor, ceiling ≤ 1 and slope > 0.

    It ends where a step gains less than `tolerance` of log-likelihood.
    """
    here, gradient, information = plateau_at(blocks, start)
    damping = 1e-3
    for _ in range(80):
        if here.slope >= STEEPEST and gradient[1] > 0:
            _hold(gradient, information, 1)
        if here.floor <= 0.0 and gradient[2] < 0:
            _hold(gradient, information, 2)
        if here.ceiling >= 1.0 and gradient[3] > 0:
            _hold(gradient, information, 3)
        gained = 0.0
        for _ in range(10):
            damped = information.copy()
            for j in range(4):
                damped[j, j] += damping * (information[j, j] + 1e-8)
            solved, step = solve_positive(damped, gradient)
            if solved:
                trial, new_gradient, new_information = plateau_at(blocks, _step(here, step))
                gained = trial.loglik - here.loglik
                if gained > 0:
                    here, gradient, information = trial, new_gradient, new_information
                    damping = max(damping * 0.2, 1e-9)
                    break
            damping = min(damping * 6.0, 1e9)
        if gained < tolerance:
            break
    return here


@compiled
def plateau_at(blocks: Blocks, curve: Curve) -> tuple[Curve, Vector, Matrix]:
    """Give the curve its log-likelihood, with gradient and information over its four parameters."""
    gradient, information = np.zeros(4), np.zeros((4, 4))
    across, lines = aligned(4 * LANES).reshape((4, LANES)), aligned(LINES * LANES)
    p, q = aligned(LANES), aligned(LANES)
    climb_height = curve.ceiling - curve.floor
    total = 0.0
    for b in range(blocks.weights.shape[0]):
        x, y, w = blocks.columns[b, 1], blocks.outcome[b], blocks.weights[b]
        for i in range(LANES):
            p[i] = curve.intercept + curve.slope * x[i]
        chances(p, across[3], across[2])
        for i in range(LANES):
            across[0, i] = climb_height * across[3, i] * across[2, i]
            across[1, i] = across[0, i] * x[i]
            p[i] = max(curve.floor + climb_height * across[3, i], 1e-12)
            q[i] = max(1.0 - curve.ceiling + climb_height * across[2, i], 1e-12)
            spread = w[i] / (p[i] * q[i])
            lines[i] = spread * (y[i] * q[i] - (1.0 - y[i]) * p[i])
            lines[LANES + i] = spread
        add_products(across, 0, lines, gradient, information)
        logarithms(p)
        logarithms(q)
        for i in range(LANES):
            total += w[i] * (y[i] * p[i] + (1.0 - y[i]) * q[i])
    mirror(information)
    fitted = Curve(PLATEAU, curve.floor, curve.ceiling, curve.intercept, curve.slope, total)
    return fitted, gradient, information


@compiled_inline
def _hold(gradient: Vector, information: Matrix, j: int) -> None:
    gradient[j] = 0.0
    information[j, :] = 0.0
    information[:, j] = 0.0
    information[j, j] = 1.0


@compiled_inline
def _step(curve: Curve, step: Vector) -> Curve:
    longest = max(abs(step[0]), abs(step[1]))
    shrink = min(1.0, 3.0 / max(longest, 1e-300))
    floor = min(max(curve.floor + shrink * step[2], 0.0), 1.0 - LEAST_CLIMB)
    ceiling = min(max(curve.ceiling + shrink * step[3], floor + LEAST_CLIMB), 1.0)
    slope = min(max(curve.slope + shrink * step[1], FLATTEST), STEEPEST)
    return Curve(PLATEAU, floor, ceiling, curve.intercept + shrink * step[0], slope, 0.0)


def choose_curve(score: Vector, outcome: Vector, weights: Vector, critical: float) -> Curve:
    """Take the plateau curve where its likelihood ratio against the logistic curve exceeds `critical`."""
    logistic = fit_logistic_curve(score, outcome, weights)
    if logistic.kind != LOGISTIC or logistic.slope <= 0.0:
        return logistic
    plateau = fit_plateau_curve(score, outcome, weights, logistic)
    return plateau if 2.0 * (plateau.loglik - logistic.loglik) > critical else logistic


def signed_root(score: Vector, outcome: Vector, weights: Vector) -> float:
    """Signed root of the likelihood ratio of a slope: large and positive where wins go with high scores."""
    curve = fit_logistic_curve(score, outcome, weights)
    if curve.kind == FLAT:
        return 0.0
    ratio = 2.0 * (curve.loglik - flat_loglik(outcome, weights))
    return float(np.sign(curve.slope) * np.sqrt(max(ratio, 0.0)))


@compiled_entry
def count_zones(score: Vector, outcome: Vector, weights: Vector, low: float, high: float) -> Matrix:
    """Deals and won deals below, inside and above a band, (3, 2)."""
    zones = np.zeros((3, 2))
    for i in range(score.size):
        zone = 0 if score[i] < low else 2 if score[i] > high else 1
        zones[zone, 0] += weights[i]
        zones[zone, 1] += weights[i] * outcome[i]
    return zones


def probability(curve: Curve, score: NDArray[np.float64]) -> NDArray[np.float64]:
    """Win probability of each score."""
    climb: NDArray[np.float64] = expit(curve.intercept + curve.slope * np.asarray(score, dtype=np.float64))
    return curve.floor + (curve.ceiling - curve.floor) * climb
