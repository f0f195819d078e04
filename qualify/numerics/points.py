"""Whole-number points: found by lowering the deviance over integers, starting from rounded coefficients."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from qualify.numerics.blocks import Matrix, Vector
from qualify.numerics.coding import NOMINAL, Items, count_answers
from qualify.numerics.compiled import compiled
from qualify.numerics.ridge import Training

# A scorecard is as coarse as it can be: rounding may cost this much deviance against the finest scale tried.
AFFORDABLE = 1.0
# Points that the widest characteristic may span, coarsest first.
SPANS = (2, 5, 10)
# The search stays this close to the rounded effects: few deals with a rare answer prove little.
LEEWAY = 1
# Fits that are only compared may stop where a step promises less deviance than this; the one kept may not.
ROUGH, FINE = 1e-3, 1e-10
# Log-odds without points beyond this are as good as endless.
FARTHEST = 300.0


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
    board = _sorted_by_answer(training, counts)
    widest = 0.0
    for c in range(use.size):
        if use[c]:
            widest = max(widest, _spread(effects[c], counts[c]))
    nothing = np.zeros(effects.shape, dtype=np.int64)
    best = _descend(training, board, nothing, np.zeros(use.size, dtype=np.bool_), 0, strength)
    if widest <= 1e-9:
        return best
    tried = [best]
    for span in SPANS:
        if span > largest:
            break
        points = _rounded(training.items, effects, counts, use, span / widest)
        tried.append(_descend(training, board, points, use, span, strength))
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


class Board(NamedTuple):
    """The deals by score, kept up as points move.

    counts : (C, L), deals per answer.
    rows, first : deals sorted by their answer to each characteristic, (C, n), and where each answer begins.
    score : (n,), of each deal.
    tally : (2, S), won and lost deals per score.
    spread : (C,), variance of the points that each characteristic gives.
    """

    counts: Matrix
    rows: NDArray[np.int32]
    first: NDArray[np.int32]
    score: NDArray[np.int64]
    tally: Matrix
    spread: Vector


@compiled
def _descend(
    training: Training,
    board: Board,
    rounded: NDArray[np.int64],
    use: NDArray[np.bool_],
    span: int,
    strength: float,
) -> Scorecard:
    """Move the points of one group of answers at a time by one, as long as the loss falls."""
    points = rounded.copy()
    board = _dealt(training, board, points)
    best = _fit(board, points, strength, Scorecard(points, 0.0, 0.0, np.inf), FINE)
    for _ in range(20):
        before = best.loss
        for c in range(use.size):
            for a in range(training.items.levels[c] + 1):
                if not use[c] or not _stands_alone(training, board.counts, c, a):
                    continue
                for step in (-1, 1):
                    there = points[c, a] + step
                    near = abs(there - rounded[c, a]) <= LEEWAY and 0 <= there <= span
                    if near and _may_move(training, points, c, a, step):
                        _move(training, points, board, c, a, step)
                        card = _fit(board, points, strength, best, ROUGH)
                        if card.loss < best.loss - 1e-6:
                            best = card
                            break
                        _move(training, points, board, c, a, -step)
        if best.loss == before:
            break
    return _fit(board, points, strength, best, FINE)


@compiled
def _sorted_by_answer(training: Training, counts: Matrix) -> Board:
    """Sort the deals in use by their answers, so that a group of answers is moved without a search."""
    n, characteristics = training.items.codes.shape
    rows = np.empty((characteristics, n), dtype=np.int32)
    first = np.zeros((characteristics, counts.shape[1] + 1), dtype=np.int32)
    for c in range(characteristics):
        for i in range(n):
            if training.weights[i] > 0:
                first[c, training.items.codes[i, c] + 1] += 1
        for a in range(counts.shape[1]):
            first[c, a + 1] += first[c, a]
        end = first[c].copy()
        for i in range(n):
            if training.weights[i] > 0:
                answer = training.items.codes[i, c]
                rows[c, end[answer]] = i
                end[answer] += 1
    return Board(counts, rows, first, np.zeros(n, dtype=np.int64), np.zeros((2, 1)), np.zeros(characteristics))


@compiled
def _dealt(training: Training, board: Board, points: NDArray[np.int64]) -> Board:
    """Put the deals on a board by these points."""
    n, characteristics = training.items.codes.shape
    spread, scores = np.zeros(characteristics), 1
    for c in range(characteristics):
        spread[c] = _variance(board.counts[c], points[c])
        scores += points[c].max() + LEEWAY
    dealt = Board(
        board.counts, board.rows, board.first, np.zeros(n, dtype=np.int64), np.zeros((2, scores)), spread
    )
    for i in range(n):
        if training.weights[i] > 0:
            for c in range(characteristics):
                dealt.score[i] += points[c, training.items.codes[i, c]]
            _tally(training, dealt, i, 1.0)
    return dealt


@compiled
def _tally(training: Training, board: Board, i: int, sign: float) -> None:
    """Put a deal on the board at its score, or take it off."""
    w, y = sign * training.weights[i], training.outcome[i]
    board.tally[0, board.score[i]] += w * y
    board.tally[1, board.score[i]] += w * (1.0 - y)


@compiled
def _variance(counts: Vector, points: NDArray[np.int64]) -> float:
    total, mean, square = 0.0, 0.0, 0.0
    for a in range(counts.size):
        total += counts[a]
        mean += counts[a] * points[a]
        square += counts[a] * points[a] * points[a]
    return square / total - (mean / total) ** 2


@compiled
def _stands_alone(training: Training, counts: Matrix, c: int, answer: int) -> bool:
    """Whether deals gave this answer or one pooled into it, and it is not a rare one held at the average."""
    if counts[c][training.coding.group[c] == answer].sum() == 0:
        return False
    return bool(training.items.kind[c] == NOMINAL or training.coding.column[c, answer] >= 0)


@compiled
def _may_move(training: Training, points: NDArray[np.int64], c: int, answer: int, step: int) -> bool:
    """Whether a group of answers may move without breaking the order of a ranked or rated question."""
    known = training.items.levels[c]
    group = training.coding.group[c]
    if training.items.kind[c] == NOMINAL or answer == known:
        return True
    rising = points[c, known - 1] - points[c, 0]
    if rising == 0:
        return False
    for a in range(1, known):
        up = points[c, a] + step * (group[a] == answer)
        down = points[c, a - 1] + step * (group[a - 1] == answer)
        if (up - down) * rising < 0:
            return False
    return True


@compiled
def _move(
    training: Training, points: NDArray[np.int64], board: Board, c: int, answer: int, step: int
) -> None:
    """Change points and scores of a group of answers in place."""
    for a in range(training.items.levels[c] + 1):
        if training.coding.group[c, a] == answer:
            points[c, a] += step
            for i in board.rows[c, board.first[c, a] : board.first[c, a + 1]]:
                _tally(training, board, i, -1.0)
                board.score[i] += step
                _tally(training, board, i, 1.0)
    board.spread[c] = _variance(board.counts[c], points[c])


@compiled
def _fit(
    board: Board, points: NDArray[np.int64], strength: float, near: Scorecard, tolerance: float
) -> Scorecard:
    """Fit intercept and slope to the scores, starting nearby; the slope is penalised like the ridge fit.

    Stops where a step would lower the deviance by less than `tolerance`.
    """
    won, lost = board.tally
    count = won + lost
    stiffness = strength * board.spread.sum()
    middle = (count * np.arange(count.size)).sum() / count.sum()
    b = near.slope
    a = near.intercept + b * middle
    if not np.isfinite(near.loss):
        a = np.log((won.sum() + 1e-9) / (lost.sum() + 1e-9))
    for _ in range(40):
        ga, gb, haa, hab, hbb = _slopes(won, count, a - b * middle, b, middle)
        gb -= stiffness * b
        hbb += stiffness
        determinant = haa * hbb - hab * hab
        if not determinant > 1e-12 * haa * (hbb + 1e-300):
            break
        da = (hbb * ga - hab * gb) / determinant
        db = (haa * gb - hab * ga) / determinant
        shrink = min(1.0, 4.0 / max(abs(da), abs(db) * (1.0 + middle), 1e-300))
        a += shrink * da
        b += shrink * db
        if da * ga + db * gb < tolerance:
            break
    intercept = a - b * middle
    return Scorecard(points, intercept, b, _line_deviance(won, count, intercept, b) + stiffness * b * b)


@compiled
def _slopes(
    won: Vector, count: Vector, intercept: float, b: float, middle: float
) -> tuple[float, float, float, float, float]:
    """First and second derivatives of the log-likelihood; the odds change by the same factor at each score."""
    ga, gb, haa, hab, hbb = 0.0, 0.0, 0.0, 0.0, 0.0
    against, factor = np.exp(min(max(-intercept, -FARTHEST), FARTHEST)), np.exp(-b)
    for s in range(count.size):
        if count[s] > 0:
            x = s - middle
            p = 1.0 / (1.0 + against)
            residual, v = won[s] - count[s] * p, count[s] * p * (1.0 - p)
            ga += residual
            gb += residual * x
            haa += v
            hab += v * x
            hbb += v * x * x
        against *= factor
    return ga, gb, haa, hab, hbb


@compiled
def _line_deviance(won: Vector, count: Vector, intercept: float, slope: float) -> float:
    deviance = 0.0
    for s in range(won.size):
        if count[s] > 0:
            eta = intercept + slope * s
            deviance += 2.0 * (count[s] * (max(eta, 0.0) + np.log1p(np.exp(-abs(eta)))) - won[s] * eta)
    return deviance
