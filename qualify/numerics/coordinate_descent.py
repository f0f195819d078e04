"""Whole-number points on their way down: one group of answers is moved at a time, then two."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from qualify.numerics.blocks import Matrix
from qualify.numerics.coding import NOMINAL, NUMERIC, Coded, Items
from qualify.numerics.compiled import compiled, compiled_inline
from qualify.numerics.score_histogram import FINE, ROUGH, Board, Scorecard, deal, fit_line, move

# The search stays this close to the rounded effects: few deals with a rare answer prove little.
LEEWAY = 1
# A step must lower the deviance by this much; so many rounds of steps are made at most.
WORTH, SWEEPS = 1e-6, 40


class Search(NamedTuple):
    """Points on their way: the deals on their board, where the points began, and the points' largest span."""

    deals: Coded
    board: Board
    points: NDArray[np.int64]
    rounded: NDArray[np.int64]
    span: int
    strength: float


@compiled
def begin_search(
    deals: Coded, board: Board, rounded: NDArray[np.int64], span: int, strength: float
) -> Search:
    """Lay out rounded points for a search."""
    points = rounded.copy()
    return Search(deals, deal(deals, board, points, LEEWAY), points, rounded, span, strength)


@compiled
def descend(search: Search, use: NDArray[np.bool_], thorough: bool) -> Scorecard:
    """Move the points of one group of answers at a time by one, as long as the loss falls; then of two."""
    board, points = search.board, search.points
    best = fit_line(board, points, search.strength, Scorecard(points, 0.0, 0.0, np.inf), FINE)
    movable = movable_groups(search.deals, board.counts, use)
    for _ in range(SWEEPS):
        before = best.loss
        for g in range(movable.shape[0]):
            best = _one_step(search, movable[g], best)
        if thorough and best.loss == before:
            for g in range(movable.shape[0]):
                best = _two_steps(search, movable, g, best)
        if best.loss == before:
            break
    fill_in(search.deals.items, board.counts, points)
    return fit_line(board, points, search.strength, best, FINE)


@compiled
def movable_groups(deals: Coded, counts: Matrix, use: NDArray[np.bool_]) -> NDArray[np.int64]:
    """List the groups of answers that can be moved: characteristic and answer, (G, 2)."""
    groups = np.empty((counts.size, 2), dtype=np.int64)
    size = 0
    for c in range(use.size):
        for a in range(deals.items.levels[c] + 1):
            if use[c] and _stands_alone(deals, counts, c, a):
                groups[size, 0], groups[size, 1] = c, a
                size += 1
    return groups[:size]


@compiled
def _one_step(search: Search, group: NDArray[np.int64], best: Scorecard) -> Scorecard:
    """Move a group by one, down or up, where that lowers the loss; return the better card."""
    for step in (-1, 1):
        if may_move(search, group[0], group[1], step):
            move(search.deals, search.points, search.board, group[0], group[1], step)
            card = fit_line(search.board, search.points, search.strength, best, ROUGH)
            if card.loss < best.loss - WORTH:
                return card
            move(search.deals, search.points, search.board, group[0], group[1], -step)
    return best


@compiled
def _two_steps(search: Search, movable: NDArray[np.int64], g: int, best: Scorecard) -> Scorecard:
    """Move a group by one and then any by one, where both together lower the loss; return the better card."""
    c, a = movable[g, 0], movable[g, 1]
    for step in (-1, 1):
        if may_move(search, c, a, step):
            move(search.deals, search.points, search.board, c, a, step)
            for other in range(movable.shape[0]):
                card = _one_step(search, movable[other], best)
                if card.loss < best.loss:
                    return card
            move(search.deals, search.points, search.board, c, a, -step)
    return best


@compiled_inline
def _stands_alone(deals: Coded, counts: Matrix, c: int, answer: int) -> bool:
    """Whether deals gave this answer or one pooled into it, and it is not a rare one held at the average."""
    if counts[c][deals.coding.group[c] == answer].sum() == 0:
        return False
    return bool(deals.items.kind[c] == NOMINAL or deals.coding.column[c, answer] >= 0)


@compiled
def may_move(search: Search, c: int, answer: int, step: int) -> bool:
    """Whether a group may move: near to where it was, and the order of a ranked or rated question kept."""
    deals, board, points = search.deals, search.board, search.points
    there = points[c, answer] + step
    if abs(there - search.rounded[c, answer]) > LEEWAY or not 0 <= there <= search.span:
        return False
    known = deals.items.levels[c]
    group = deals.coding.group[c]
    if deals.items.kind[c] == NOMINAL or answer == known:
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


@compiled
def fill_in(items: Items, counts: Matrix, points: NDArray[np.int64]) -> None:
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
