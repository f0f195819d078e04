"""Whole-number points: found by lowering the deviance over integers, starting from rounded coefficients."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qualify.numerics.blocks import Matrix, Vector
from qualify.numerics.board import FINE, ROUGH, Board, Scorecard, deal, fit_line, move, sort_by_answer
from qualify.numerics.coding import NOMINAL, NUMERIC, Items, count_answers
from qualify.numerics.compiled import compiled
from qualify.numerics.ridge import Training

# A scorecard is as coarse as it can be: rounding may cost this much deviance against the finest scale tried.
AFFORDABLE = 1.0
# Points that the widest characteristic may span, coarsest first.
SPANS = (2, 5, 10)
# The search stays this close to the rounded effects: few deals with a rare answer prove little.
LEEWAY = 1


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
    board = sort_by_answer(training, counts)
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
            if counts[c, a] > 0:
                low = min(low, effects[c, a])
        for a in range(known + 1):
            points[c, a] = int(np.rint(max(effects[c, a] - low, 0.0) * scale))
    _fill_in(items, counts, points)
    return points


@compiled
def _fill_in(items: Items, counts: Matrix, points: NDArray[np.int64]) -> None:
    """Give numbers that no deal had the points of the nearest that one had, the lower of two as near."""
    for c in range(points.shape[0]):
        if items.kind[c] == NUMERIC:
            known = items.levels[c]
            for a in range(known):
                for away in range(1, known):
                    if counts[c, a] == 0 and a - away >= 0 and counts[c, a - away] > 0:
                        points[c, a] = points[c, a - away]
                        break
                    if counts[c, a] == 0 and a + away < known and counts[c, a + away] > 0:
                        points[c, a] = points[c, a + away]
                        break


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
    board = deal(training, board, points, LEEWAY)
    best = fit_line(board, points, strength, Scorecard(points, 0.0, 0.0, np.inf), FINE)
    for _ in range(20):
        before = best.loss
        for c in range(use.size):
            for a in range(training.items.levels[c] + 1):
                if not use[c] or not _stands_alone(training, board.counts, c, a):
                    continue
                for step in (-1, 1):
                    there = points[c, a] + step
                    near = abs(there - rounded[c, a]) <= LEEWAY and 0 <= there <= span
                    if near and _may_move(training, board, points, c, a, step):
                        move(training, points, board, c, a, step)
                        card = fit_line(board, points, strength, best, ROUGH)
                        if card.loss < best.loss - 1e-6:
                            best = card
                            break
                        move(training, points, board, c, a, -step)
        if best.loss == before:
            break
    _fill_in(training.items, board.counts, points)
    return fit_line(board, points, strength, best, FINE)


@compiled
def _stands_alone(training: Training, counts: Matrix, c: int, answer: int) -> bool:
    """Whether deals gave this answer or one pooled into it, and it is not a rare one held at the average."""
    if counts[c][training.coding.group[c] == answer].sum() == 0:
        return False
    return bool(training.items.kind[c] == NOMINAL or training.coding.column[c, answer] >= 0)


@compiled
def _may_move(
    training: Training, board: Board, points: NDArray[np.int64], c: int, answer: int, step: int
) -> bool:
    """Whether a group of answers may move without breaking the order of a ranked or rated question."""
    known = training.items.levels[c]
    group = training.coding.group[c]
    if training.items.kind[c] == NOMINAL or answer == known:
        return True
    asked = np.flatnonzero(board.counts[c, :known] > 0)
    rising = points[c, asked[-1]] - points[c, asked[0]]
    if rising == 0:
        return False
    for k in range(1, asked.size):
        up = points[c, asked[k]] + step * (group[asked[k]] == answer)
        down = points[c, asked[k - 1]] + step * (group[asked[k - 1]] == answer)
        if (up - down) * rising < 0:
            return False
    return True
