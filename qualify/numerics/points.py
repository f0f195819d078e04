"""Whole-number points: found by lowering the deviance over integers, starting from rounded coefficients."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from qualify.numerics.blocks import Matrix, Vector
from qualify.numerics.coding import NOMINAL, Coded, Items, count_answers
from qualify.numerics.compiled import compiled
from qualify.numerics.coordinate_descent import (
    Search,
    begin_search,
    descend,
    fill_in,
    may_move,
    movable_groups,
)
from qualify.numerics.score_histogram import FINE, ROUGH, Board, Scorecard, fit_line, move, sort_by_answer

# A scorecard is as coarse as it can be: rounding may cost this much deviance against the finest scale tried.
AFFORDABLE = 1.0
# Points that the widest characteristic may span, coarsest first.
SPANS = (2, 5, 10)
# A thorough search begins with the widest characteristic over this share of its span, too.
SHARES = (1.0, 0.85, 0.7, 0.55)


class Budget(NamedTuple):
    """Limits of points.

    largest : the widest characteristic spans at most this many points.
    total : the highest score instead; 0 where it is free.
    thorough : whether points are sought from several sides, two moves at a time.
    """

    largest: int
    total: int
    thorough: bool


@compiled
def find_points(
    deals: Coded,
    effects: Matrix,
    use: NDArray[np.bool_],
    strength: float,
    budget: Budget,
) -> Scorecard:
    """Integer points for the log-odds `effects` (C, L) of the characteristics in `use`.

    For each scale (the widest characteristic spans one of `SPANS`, at most `largest`), effects are rounded
    and then moved by one, answer by answer, while the deviance falls (penalised as the ridge fit is); the
    coarsest scale within `AFFORDABLE` of the least deviance is kept. Ranked and rated answers stay in order.
    Where the budget is a `total`, that is the highest score. A `thorough` search also begins from narrower
    scales and goes on until no two moves at once help.
    """
    counts = count_answers(deals.items, deals.weights)
    board = sort_by_answer(deals, counts)
    widest = 0.0
    for c in range(use.size):
        if use[c]:
            widest = max(widest, _spread(effects[c], counts[c]))
    nothing = np.zeros(effects.shape, dtype=np.int64)
    best = descend(begin_search(deals, board, nothing, 0, strength), np.zeros_like(use), False)
    if widest <= 1e-9:
        return best
    if budget.total > 0:
        return _to_total(deals, board, effects, use, strength, budget.total)
    tried = [best]
    for span in SPANS:
        if span > budget.largest:
            break
        points = _rounded(deals.items, effects, counts, use, span / widest)
        card = descend(begin_search(deals, board, points, span, strength), use, budget.thorough)
        for k in range(1, len(SHARES) if budget.thorough else 1):
            points = _rounded(deals.items, effects, counts, use, SHARES[k] * span / widest)
            other = descend(begin_search(deals, board, points, span, strength), use, True)
            card = other if other.loss < card.loss else card
        tried.append(card)
    return _simplest(tried)


@compiled
def _simplest(tried: list[Scorecard]) -> Scorecard:
    """First of the cards that is about as good as the best."""
    least = np.inf
    for card in tried:
        least = min(least, card.loss)
    first = 0
    while tried[first].loss > least + AFFORDABLE:
        first += 1
    return tried[first]


@compiled
def merge_answers(
    deals: Coded, card: Scorecard, use: NDArray[np.bool_], strength: float, budget: Budget
) -> Scorecard:
    """Give answers to a choice that lie a point apart the same points, cheapest first.

    It goes on while all of it together costs no more than `AFFORDABLE`; a total stays as it is.
    """
    board = sort_by_answer(deals, count_answers(deals.items, deals.weights))
    top = _highest(deals.items, card.points)
    search = begin_search(deals, board, card.points, top, strength)
    movable = movable_groups(deals, board.counts, use)
    best = fit_line(search.board, search.points, strength, card, FINE)
    limit = best.loss + AFFORDABLE
    while True:
        merged, least = search.points, limit
        for g in range(movable.shape[0]):
            c, a = movable[g, 0], movable[g, 1]
            for step in (-1, 1):
                if not _meets_another(search, movable, c, a, step):
                    continue
                move(deals, search.points, search.board, c, a, step)
                loss = fit_line(search.board, search.points, strength, best, ROUGH).loss
                same = budget.total == 0 or _highest(deals.items, search.points) == top
                if loss < least and same:
                    merged, least = search.points.copy(), loss
                move(deals, search.points, search.board, c, a, -step)
        if least == limit:
            return best
        search = begin_search(deals, board, merged, top, strength)
        best = fit_line(search.board, search.points, strength, best, FINE)


@compiled
def _meets_another(search: Search, movable: NDArray[np.int64], c: int, answer: int, step: int) -> bool:
    """Whether a step brings an answer to a choice, alone where it is, to the points of another one."""
    if search.deals.items.kind[c] != NOMINAL:
        return False
    here, alone, meets = search.points[c, answer], True, False
    for g in range(movable.shape[0]):
        if movable[g, 0] == c and movable[g, 1] != answer:
            other = search.points[c, movable[g, 1]]
            alone = alone and other != here
            meets = meets or other == here + step
    return bool(alone and meets)


@compiled
def _to_total(
    deals: Coded,
    board: Board,
    effects: Matrix,
    use: NDArray[np.bool_],
    strength: float,
    total: int,
) -> Scorecard:
    """Find points of which the highest score is `total`: what is missing goes where it costs least."""
    spread = 0.0
    for c in range(use.size):
        spread += _spread(effects[c], board.counts[c]) if use[c] else 0.0
    share = 1.0
    points: NDArray[np.int64] = np.zeros(effects.shape, dtype=np.int64)
    while share > 0.0:
        points = _rounded(deals.items, effects, board.counts, use, share * total / spread)
        points = descend(begin_search(deals, board, points, total, strength), use, False).points
        if _highest(deals.items, points) <= total:
            break
        share -= 0.02
    for c in range(points.shape[0]):
        lowest = _ends(points[c], deals.items.levels[c])[0]
        for a in range(points.shape[1]):
            points[c, a] -= lowest
    while _highest(deals.items, points) < total:
        raised = _raised(begin_search(deals, board, points, total, strength), use)
        if _highest(deals.items, raised) == _highest(deals.items, points):
            break
        points = raised
    last = begin_search(deals, board, points, total, strength)
    return fit_line(last.board, last.points, strength, Scorecard(last.points, 0.0, 0.0, np.inf), FINE)


@compiled
def _raised(search: Search, use: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Raise the one group of answers by which the highest score grows at the least cost."""
    board, points = search.board, search.points
    start = fit_line(board, points, search.strength, Scorecard(points, 0.0, 0.0, np.inf), FINE)
    before, least, best = _highest(search.deals.items, points), np.inf, points.copy()
    movable = movable_groups(search.deals, board.counts, use)
    for g in range(movable.shape[0]):
        c, a = movable[g, 0], movable[g, 1]
        if may_move(search, c, a, 1):
            move(search.deals, points, board, c, a, 1)
            filled = points.copy()
            fill_in(search.deals.items, board.counts, filled)
            loss = fit_line(board, points, search.strength, start, ROUGH).loss
            if loss < least and _highest(search.deals.items, filled) == before + 1:
                least, best = loss, filled
            move(search.deals, points, board, c, a, -1)
    return best


@compiled
def _highest(items: Items, points: NDArray[np.int64]) -> int:
    """Highest score less the lowest."""
    total = 0
    for c in range(points.shape[0]):
        lowest, highest = _ends(points[c], items.levels[c])
        total += highest - lowest
    return total


@compiled
def _ends(points: NDArray[np.int64], unknown: int) -> tuple[int, int]:
    """Fewest and most points of one characteristic, those of unknown included."""
    low = high = points[0]
    for a in range(unknown + 1):
        low, high = min(low, points[a]), max(high, points[a])
    return low, high


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
            # Halves, as ranks in equal steps make them, go up whatever the last bit says.
            points[c, a] = int(np.floor(max(effects[c, a] - low, 0.0) * scale + 0.5 + 1e-9))
    fill_in(items, counts, points)
    return points
