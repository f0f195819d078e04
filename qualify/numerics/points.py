"""Whole-number points: found by lowering the deviance over integers, starting from rounded coefficients."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from qualify.numerics.coding import NOMINAL, Items, count_answers
from qualify.numerics.compiled import compiled
from qualify.numerics.ridge import Matrix, Training, Vector

# A scorecard is as coarse as it can be: rounding may cost this much deviance against the finest scale tried.
AFFORDABLE = 1.0
# Points that the widest characteristic may span, coarsest first.
SPANS = (2, 5, 10)
# The search stays this close to the rounded effects: few deals with a rare answer prove little.
LEEWAY = 1


class Scorecard(NamedTuple):
    """Points (C, L) per answer, and the log-odds ``intercept + slope · score``."""

    points: NDArray[np.int64]
    intercept: float
    slope: float
    loss: float


@compiled
def find_points(
    training: Training, effects: Matrix, use: NDArray[np.bool_], strength: float, largest: int
) -> Scorecard:
    """Integer points for the log-odds `effects` (C, L) of the characteristics in `use`.

    For each scale (the widest characteristic spans one of `SPANS`, at most `largest`), effects are rounded
    and then moved by one, answer by answer, while the deviance falls (penalised as the ridge fit is); the
    coarsest scale within `AFFORDABLE` of the least deviance is kept. Ranked and rated answers stay in order.
    """
    counts = count_answers(training.items, training.weights)
    widest = 0.0
    for c in range(use.size):
        if use[c]:
            widest = max(widest, _spread(effects[c], counts[c]))
    nothing = np.zeros(effects.shape, dtype=np.int64)
    best = _descend(training, counts, nothing, np.zeros(use.size, dtype=np.bool_), 0, strength)
    if widest <= 1e-9:
        return best
    tried = [best]
    for span in SPANS:
        if span > largest:
            break
        points = _rounded(training.items, effects, counts, use, span / widest)
        tried.append(_descend(training, counts, points, use, span, strength))
    least = min([card.loss for card in tried])
    for card in tried:
        if card.loss <= least + AFFORDABLE:
            return card
    return best


@compiled
def _spread(effects: Vector, counts: Vector) -> float:
    low, high = np.inf, -np.inf
    for a in range(effects.size):
        if counts[a] > 0:
            low, high = min(low, effects[a]), max(high, effects[a])
    return max(high - low, 0.0)


@compiled
def _rounded(
    items: Items, effects: Matrix, counts: Matrix, use: NDArray[np.bool_], scale: float
) -> NDArray[np.int64]:
    points = np.zeros(effects.shape, dtype=np.int64)
    for c in range(use.size):
        if not use[c]:
            continue
        known = items.levels[c]
        low = np.inf
        for a in range(known + 1):
            if a < known or counts[c, a] > 0:
                low = min(low, effects[c, a])
        for a in range(known + 1):
            points[c, a] = int(np.rint(max(effects[c, a] - low, 0.0) * scale))
    return points


@compiled
def _descend(
    training: Training,
    counts: Matrix,
    rounded: NDArray[np.int64],
    use: NDArray[np.bool_],
    span: int,
    strength: float,
) -> Scorecard:
    """Move the points of one group of answers at a time by one, as long as the loss falls."""
    points = rounded.copy()
    score = _score(training, points)
    start = _fit(training, counts, points, score, strength, Scorecard(points, 0.0, 0.0, np.inf))
    best = start
    for _ in range(20):
        before = best.loss
        for c in range(use.size):
            for a in range(training.items.levels[c] + 1):
                if not use[c] or not _stands_alone(training, counts, c, a):
                    continue
                for step in (-1, 1):
                    there = points[c, a] + step
                    near = abs(there - rounded[c, a]) <= LEEWAY and 0 <= there <= span
                    if near and _move(training, points, score, c, a, step):
                        card = _fit(training, counts, points, score, strength, best)
                        if card.loss < best.loss - 1e-6:
                            best = card
                            break
                        _move(training, points, score, c, a, -step)
        if best.loss == before:
            break
    return Scorecard(points, best.intercept, best.slope, best.loss)


@compiled
def _stands_alone(training: Training, counts: Matrix, c: int, answer: int) -> bool:
    """Whether deals gave this answer or one pooled into it, and it is not a rare one held at the average."""
    if counts[c][training.coding.group[c] == answer].sum() == 0:
        return False
    return bool(training.items.kind[c] == NOMINAL or training.coding.column[c, answer] >= 0)


@compiled
def _move(
    training: Training,
    points: NDArray[np.int64],
    score: NDArray[np.int64],
    c: int,
    answer: int,
    step: int,
) -> bool:
    """Change points and scores of a group of answers in place; False, and nothing, if out of order."""
    known = training.items.levels[c]
    group = training.coding.group[c]
    rising = points[c, known - 1] - points[c, 0]
    ordered = training.items.kind[c] != NOMINAL and answer != known
    for a in range(known + 1):
        if group[a] == answer:
            points[c, a] += step
    if ordered:
        kept = rising != 0
        for a in range(1, known):
            kept = kept and (points[c, a] - points[c, a - 1]) * rising >= 0
        if not kept:
            for a in range(known + 1):
                if group[a] == answer:
                    points[c, a] -= step
            return False
    for i in range(score.size):
        if group[training.items.codes[i, c]] == answer:
            score[i] += step
    return True


@compiled
def _score(training: Training, points: NDArray[np.int64]) -> NDArray[np.int64]:
    n, characteristics = training.items.codes.shape
    score = np.zeros(n, dtype=np.int64)
    for i in range(n):
        for c in range(characteristics):
            score[i] += points[c, training.items.codes[i, c]]
    return score


@compiled
def _fit(
    training: Training,
    counts: Matrix,
    points: NDArray[np.int64],
    score: NDArray[np.int64],
    strength: float,
    near: Scorecard,
) -> Scorecard:
    """Fit intercept and slope to a score; the slope is penalised like the ridge fit."""
    most = 0
    spread = 0.0
    total = training.weights.sum()
    for c in range(points.shape[0]):
        top, mean, square = 0, 0.0, 0.0
        for a in range(points.shape[1]):
            top = max(top, points[c, a])
            mean += counts[c, a] * points[c, a]
            square += counts[c, a] * points[c, a] * points[c, a]
        most += top
        spread += square / total - (mean / total) ** 2
    won = np.zeros(most + 1)
    lost = np.zeros(most + 1)
    for i in range(score.size):
        if training.weights[i] > 0:
            won[score[i]] += training.weights[i] * training.outcome[i]
            lost[score[i]] += training.weights[i] * (1.0 - training.outcome[i])
    intercept, slope, loss = _fit_line(won, lost, strength * spread, near.slope)
    return Scorecard(points, intercept, slope, loss)


@compiled
def _fit_line(won: Vector, lost: Vector, stiffness: float, b: float) -> tuple[float, float, float]:
    """Fit a tabulated score, the slope penalised and started at `b`: intercept, slope, deviance."""
    count = won + lost
    total = count.sum()
    middle = (count * np.arange(count.size)).sum() / total
    a = np.log((won.sum() + 1e-9) / (lost.sum() + 1e-9))
    for _ in range(40):
        ga, gb, haa, hab, hbb = 0.0, -stiffness * b, 0.0, 0.0, stiffness
        for s in range(count.size):
            if count[s] > 0:
                x = s - middle
                p = 1.0 / (1.0 + np.exp(-(a + b * x)))
                residual, v = won[s] - count[s] * p, count[s] * p * (1.0 - p)
                ga += residual
                gb += residual * x
                haa += v
                hab += v * x
                hbb += v * x * x
        determinant = haa * hbb - hab * hab
        if not determinant > 1e-12 * haa * (hbb + 1e-300):
            break
        da = (hbb * ga - hab * gb) / determinant
        db = (haa * gb - hab * ga) / determinant
        shrink = min(1.0, 4.0 / max(abs(da), abs(db) * (1.0 + middle), 1e-300))
        a += shrink * da
        b += shrink * db
        if da * ga + db * gb < 1e-6:
            break
    return a - b * middle, b, _line_deviance(won, lost, a - b * middle, b) + stiffness * b * b


@compiled
def _line_deviance(won: Vector, lost: Vector, intercept: float, slope: float) -> float:
    deviance = 0.0
    for s in range(won.size):
        n = won[s] + lost[s]
        if n > 0:
            eta = intercept + slope * s
            deviance += 2.0 * (n * (max(eta, 0.0) + np.log1p(np.exp(-abs(eta)))) - won[s] * eta)
    return deviance
