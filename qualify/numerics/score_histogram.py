"""Deals laid out by score: points are moved there, and a curve of one score is fitted at little cost."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from qualify.numerics.blocks import Matrix, Vector
from qualify.numerics.coding import Coded
from qualify.numerics.compiled import compiled, compiled_inline

# Fits that are only compared may stop where a step promises less deviance than this; the one kept may not.
ROUGH, FINE = 1e-2, 1e-10
# Odds beyond this are as good as endless.
ENDLESS = 1e130


class Scorecard(NamedTuple):
    """Points (C, L) per answer, and the log-odds ``intercept + slope · score``."""

    points: NDArray[np.int64]
    intercept: float
    slope: float
    loss: float


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
def sort_by_answer(deals: Coded, counts: Matrix) -> Board:
    """Sort the deals in use by their answers, so that a group of answers is moved without a search."""
    n, characteristics = deals.items.codes.shape
    rows = np.empty((characteristics, n), dtype=np.int32)
    first = np.zeros((characteristics, counts.shape[1] + 1), dtype=np.int32)
    for c in range(characteristics):
        for i in range(n):
            if deals.weights[i] > 0:
                first[c, deals.items.codes[i, c] + 1] += 1
        for a in range(counts.shape[1]):
            first[c, a + 1] += first[c, a]
        end = first[c].copy()
        for i in range(n):
            if deals.weights[i] > 0:
                answer = deals.items.codes[i, c]
                rows[c, end[answer]] = i
                end[answer] += 1
    return Board(
        counts, rows, first, np.zeros(n, dtype=np.int64), np.zeros((2, 1)), np.zeros(characteristics)
    )


@compiled
def deal(deals: Coded, board: Board, points: NDArray[np.int64], room: int) -> Board:
    """Put the deals on a board by these points, with room for so many more of each characteristic."""
    n, characteristics = deals.items.codes.shape
    spread, scores = np.zeros(characteristics), 1
    for c in range(characteristics):
        spread[c] = _variance(board.counts[c], points[c])
        scores += room + _most(points[c])
    dealt = Board(
        board.counts, board.rows, board.first, np.zeros(n, dtype=np.int64), np.zeros((2, scores)), spread
    )
    for i in range(n):
        if deals.weights[i] > 0:
            for c in range(characteristics):
                dealt.score[i] += points[c, deals.items.codes[i, c]]
            _tally(deals, dealt, i, 1.0)
    return dealt


@compiled_inline
def _most(points: NDArray[np.int64]) -> int:
    most = 0
    for a in range(points.size):
        most = max(most, int(points[a]))
    return most


@compiled_inline
def _tally(deals: Coded, board: Board, i: int, sign: float) -> None:
    """Put a deal on the board at its score, or take it off."""
    w, y = sign * deals.weights[i], deals.outcome[i]
    board.tally[0, board.score[i]] += w * y
    board.tally[1, board.score[i]] += w * (1.0 - y)


@compiled_inline
def _variance(counts: Vector, points: NDArray[np.int64]) -> float:
    total, mean, square = 0.0, 0.0, 0.0
    for a in range(counts.size):
        total += counts[a]
        mean += counts[a] * points[a]
        square += counts[a] * points[a] * points[a]
    return square / total - (mean / total) ** 2


@compiled
def move(deals: Coded, points: NDArray[np.int64], board: Board, c: int, answer: int, step: int) -> None:
    """Change points and scores of a group of answers in place."""
    for a in range(deals.items.levels[c] + 1):
        if deals.coding.group[c, a] == answer:
            points[c, a] += step
            for i in board.rows[c, board.first[c, a] : board.first[c, a + 1]]:
                _tally(deals, board, i, -1.0)
                board.score[i] += step
                _tally(deals, board, i, 1.0)
    board.spread[c] = _variance(board.counts[c], points[c])


@compiled
def fit_line(
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
        ga, gb, haa, hab, hbb = _derivatives(won, count, a - b * middle, b, middle)
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
    return Scorecard(points, intercept, b, _deviance(won, count, intercept, b) + stiffness * b * b)


@compiled_inline
def _derivatives(
    won: Vector, count: Vector, intercept: float, b: float, middle: float
) -> tuple[float, float, float, float, float]:
    """First and second derivatives of the log-likelihood.

    From one score to the next the odds change by the same factor, so that no exponential is needed.
    """
    ga, gb, haa, hab, hbb = 0.0, 0.0, 0.0, 0.0, 0.0
    against, factor = min(max(np.exp(-intercept), 1.0 / ENDLESS), ENDLESS), np.exp(-b)
    for s in range(count.size):
        if count[s] > 0:
            x = s - middle
            p = 1.0 / (1.0 + against)
            residual, v = won[s] - count[s] * p, count[s] * p * p * against
            ga += residual
            gb += residual * x
            haa += v
            hab += v * x
            hbb += v * x * x
        against = min(max(against * factor, 1.0 / ENDLESS), ENDLESS)
    return ga, gb, haa, hab, hbb


@compiled_inline
def _deviance(won: Vector, count: Vector, intercept: float, slope: float) -> float:
    deviance = 0.0
    for s in range(won.size):
        if count[s] > 0:
            eta = intercept + slope * s
            deviance += 2.0 * (count[s] * (max(eta, 0.0) + np.log1p(np.exp(-abs(eta)))) - won[s] * eta)
    return deviance
