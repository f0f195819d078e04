"""Whole-number points: loss by a plain formula, every allowed step, all points there are on a tiny case."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product

import numpy as np
import pytest
from kernels import coded, from_python
from scipy.special import expit

from qualify.numerics.coding import NOMINAL, NUMERIC, RANKED, Items, count_answers
from qualify.numerics.coordinate_descent import LEEWAY
from qualify.numerics.points import AFFORDABLE, SPANS, Budget, find_points
from qualify.numerics.procedures import answer_effects
from qualify.numerics.resampling import Sample
from qualify.numerics.ridge import Training, choose_ridge, prepare_training
from qualify.numerics.score_histogram import Scorecard

(find_points,) = from_python(find_points)

# Newton on the line stops where a step gains less than 1e-6 of deviance.
LINE = 1e-5
# The search takes a step for more than 1e-6 of deviance, and each candidate is good to the line's own stop.
STEP = 1e-4
# Single steps on a handful of scales may stop this much deviance short of the best points there are.
LOCAL = 0.5


def plain_line(
    score: np.ndarray, y: np.ndarray, w: np.ndarray, stiffness: float
) -> tuple[float, float, float]:
    """Intercept, slope and least penalised deviance by Newton's method in NumPy."""
    values, where = np.unique(score, return_inverse=True)
    won, all_of = np.bincount(where, weights=w * y), np.bincount(where, weights=w)
    middle = np.average(score, weights=w)
    X, P = np.column_stack([np.ones(len(values)), values - middle]), np.diag([0.0, stiffness])

    def deviance(b: np.ndarray) -> float:
        eta = X @ b
        return float(-2 * np.sum(won * eta - all_of * np.logaddexp(0, eta)) + stiffness * b[1] ** 2)

    b = np.zeros(2)
    for _ in range(100):
        p = expit(X @ b)
        gradient = X.T @ (won - all_of * p) - P @ b
        step = np.linalg.pinv(X.T @ (X * (all_of * p * (1 - p))[:, None]) + P) @ gradient
        while deviance(b + step) > deviance(b) and np.abs(step).max() > 1e-12:
            step = step / 2
        b = b + step
        if gradient @ step < 1e-12:
            break
    return b[0] - b[1] * middle, b[1], deviance(b)


def plain_loss(points: np.ndarray, training: Training, strength: float) -> tuple[float, float, float]:
    """The same for the score that points give; the slope is penalised by their variances."""
    earned = points[np.arange(points.shape[0]), training.items.codes]
    w = training.weights
    spread = sum(float(np.cov(earned[:, c], aweights=w, ddof=0)) for c in range(earned.shape[1]))
    return plain_line(earned.sum(axis=1), training.outcome, w, strength * spread)


@pytest.fixture(scope="module", params=range(4))
def case(
    request: pytest.FixtureRequest, mixed_sample: Callable[[int, int], Sample]
) -> tuple[Training, np.ndarray, float]:
    """Deals with rare unknowns and answers nobody gave, the effects of a ridge fit, its strength."""
    sample = mixed_sample(160, request.param)
    codes = sample.items.codes.copy()
    codes[codes[:, 3] == 0, 3] = 1  # nobody gave the lowest ranked answer
    codes[codes[:, 5] == 2, 5] = 3  # nor one of the numbers
    unknown = np.flatnonzero(codes[:, 5] == 6)
    codes[unknown[3:], 5] = 4  # three unknowns are too few to stand alone
    training = prepare_training(sample.items._replace(codes=codes), sample.outcome, sample.weights, 5.0)
    fit = choose_ridge(training, np.ones(6, dtype=np.bool_), np.inf)
    return training, answer_effects(training.coding, fit.beta), fit.strength


def rounded(training: Training, effects: np.ndarray, use: np.ndarray, span: int) -> np.ndarray:
    """Effects of the answers in use, the least at 0, the widest characteristic over `span` points."""
    counts = count_answers(training.items, training.weights)
    widest = max(np.ptp(effects[c][counts[c] > 0]) for c in np.flatnonzero(use))
    points = np.zeros(effects.shape, dtype=np.int64)
    for c in np.flatnonzero(use):
        known = int(training.items.levels[c])
        low = effects[c][counts[c] > 0].min()
        points[c, : known + 1] = np.rint(np.maximum(effects[c, : known + 1] - low, 0) * span / widest)
        asked = np.flatnonzero(counts[c, :known] > 0)
        if training.items.kind[c] == NUMERIC:
            # Numbers nobody gave earn what the nearest does.
            for a in set(range(known)) - set(asked.tolist()):
                points[c, a] = points[c, asked[np.argmin(np.abs(asked - a))]]
    return points


def ordered(points: np.ndarray, items: Items, counts: np.ndarray) -> bool:
    ranked = [c for c in range(items.kind.size) if items.kind[c] != NOMINAL]
    steps = [np.diff(points[c, : items.levels[c]][counts[c, : items.levels[c]] > 0]) for c in ranked]
    return all(np.all(step >= 0) or np.all(step <= 0) for step in steps)


def allowed_moves(
    training: Training, card: Scorecard, start: np.ndarray, use: np.ndarray, span: int
) -> Iterator[np.ndarray]:
    """All points one step away: a group of answers up or down, near its rounded effect, in order."""
    items, group = training.items, training.coding.group
    counts = count_answers(items, training.weights)
    for c in np.flatnonzero(use):
        known = int(items.levels[c])
        for name in np.unique(group[c, : known + 1]):
            members = np.flatnonzero(group[c, : known + 1] == name)
            held = name < 0 or (name == known and training.coding.column[c, known] < 0)
            if held or counts[c, members].sum() == 0:
                continue
            for step in (-1, 1):
                points = card.points.copy()
                points[c, members] += step
                there = points[c, name]
                asked = card.points[c, :known][counts[c, :known] > 0]
                flat = items.kind[c] != NOMINAL and name != known and asked[-1] == asked[0]
                near = abs(there - start[c, name]) <= LEEWAY and 0 <= there <= span
                if near and not flat and ordered(points, items, counts):
                    yield points


def card_and_span(
    training: Training, effects: np.ndarray, use: np.ndarray, strength: float
) -> tuple[Scorecard, int]:
    """The card found, and the scale on which it is near to the rounded effects."""
    card = find_points(coded(training), effects, use, strength, Budget(SPANS[-1], 0, False))
    for span in SPANS:
        if (
            np.abs(card.points - rounded(training, effects, use, span)).max() <= LEEWAY
            and card.points.max() <= span
        ):
            return card, span
    raise AssertionError("the points are near to the effects on no scale")


USES = [np.ones(6, dtype=np.bool_), np.array([True, False, False, True, False, True])]


@pytest.mark.parametrize("use", USES, ids=["all", "three"])
def test_loss_and_line_are_those_of_the_points(
    case: tuple[Training, np.ndarray, float], use: np.ndarray
) -> None:
    training, effects, strength = case
    card = find_points(coded(training), effects, use, strength, Budget(10, 0, False))
    intercept, slope, loss = plain_loss(card.points, training, strength)
    assert card.loss == pytest.approx(loss, abs=LINE)
    assert card.slope == pytest.approx(slope, rel=1e-3) and card.intercept == pytest.approx(
        intercept, abs=1e-2
    )
    assert not card.points[~use].any()


@pytest.mark.parametrize("use", USES, ids=["all", "three"])
def test_no_single_step_improves(case: tuple[Training, np.ndarray, float], use: np.ndarray) -> None:
    training, effects, strength = case
    card, span = card_and_span(training, effects, use, strength)
    start = rounded(training, effects, use, span)
    tried = [
        plain_loss(points, training, strength)[2]
        for points in allowed_moves(training, card, start, use, span)
    ]
    assert len(tried) > 3
    assert min(tried) > card.loss - STEP


@pytest.mark.parametrize("use", USES, ids=["all", "three"])
def test_points_are_whole_ordered_and_pooled_alike(
    case: tuple[Training, np.ndarray, float], use: np.ndarray
) -> None:
    training, effects, strength = case
    card, span = card_and_span(training, effects, use, strength)
    group = training.coding.group
    assert card.points.dtype == np.int64 and card.points.min() >= 0 and card.points.max() <= span
    counts = count_answers(training.items, training.weights)
    assert ordered(card.points, training.items, counts)
    for c, known in enumerate(training.items.levels):
        for a in range(known):
            assert card.points[c, a] == card.points[c, group[c, a]]
    # Three unknown answers say nothing: they get what an average answer gets.
    assert card.points[5, 6] == rounded(training, effects, use, span)[5, 6]


def test_coarsest_affordable_scale_is_kept(case: tuple[Training, np.ndarray, float]) -> None:
    training, effects, strength = case
    cards = {
        largest: find_points(coded(training), effects, USES[0], strength, Budget(largest, 0, False))
        for largest in SPANS
    }
    for largest, card in cards.items():
        finest = min(other.loss for size, other in cards.items() if size <= largest)
        assert card.loss <= finest + AFFORDABLE
        coarser = [
            other for size, other in cards.items() if size < largest and other.loss <= finest + AFFORDABLE
        ]
        if coarser:
            assert card.points.max() <= coarser[0].points.max()


def test_nothing_to_say_gives_no_points(case: tuple[Training, np.ndarray, float]) -> None:
    training, effects, strength = case
    rate = training.outcome.mean()
    flat = -320 * (rate * np.log(rate) + (1 - rate) * np.log(1 - rate))
    for said, use in ((np.zeros_like(effects), USES[0]), (effects, ~USES[0])):
        nothing = find_points(coded(training), said, use, strength, Budget(10, 0, False))
        assert not nothing.points.any()
        assert nothing.loss == pytest.approx(flat, abs=LINE)


def test_a_ranked_question_without_slope_is_not_bent() -> None:
    """The middle answer does best, the ends alike: points that rise and fall are not for a ranked one."""
    items = Items(
        codes=np.column_stack([np.repeat([0, 1, 2], 40), np.tile([0, 1], 60)]).astype(np.int32),
        kind=np.array([RANKED, NOMINAL], dtype=np.int8),
        levels=np.array([3, 2], dtype=np.int32),
        value=np.array([[0.0, 1, 2, 0], [0.0, 0, 0, 0]]),
        reference=np.array([-1, -1], dtype=np.int32),
    )
    share = np.repeat([0.2, 0.8, 0.2], 40)
    outcome = (np.tile(np.arange(40) / 40, 3) < share).astype(float)
    training = prepare_training(items, outcome, np.ones(120), 5.0)
    effects = np.array([[0.0, 0, 0, 0], [0.0, 1, 0, 0]])
    card = find_points(coded(training), effects, np.ones(2, dtype=np.bool_), 0.1, Budget(10, 0, False))
    assert not card.points[0].any()


@pytest.mark.parametrize("seed", range(6))
def test_nothing_much_better_exists_on_a_tiny_case(seed: int) -> None:
    """All points from 0 to 3 for three answers to one question and two to another, one by one."""
    rng = np.random.default_rng(seed)
    items = Items(
        codes=np.column_stack([rng.integers(0, 3, 90), rng.integers(0, 2, 90)]).astype(np.int32),
        kind=np.array([NOMINAL, NUMERIC], dtype=np.int8),
        levels=np.array([3, 2], dtype=np.int32),
        value=np.array([[0.0, 0, 0, 0], [0.0, 1, 0, 0]]),
        reference=np.array([-1, -1], dtype=np.int32),
    )
    truth = rng.normal(0, 1, 3)[items.codes[:, 0]] + 0.8 * items.codes[:, 1]
    outcome = (rng.random(90) < 1 / (1 + np.exp(-truth))).astype(float)
    training = prepare_training(items, outcome, np.ones(90), 5.0)
    fit = choose_ridge(training, np.ones(2, dtype=np.bool_), np.inf)
    card = find_points(
        coded(training),
        answer_effects(training.coding, fit.beta),
        np.ones(2, dtype=np.bool_),
        fit.strength,
        Budget(3, 0, False),
    )
    best = np.inf
    for first, second in product(product(range(4), repeat=3), product(range(4), repeat=2)):
        if min(first) == 0 == min(second):
            points = np.zeros((2, 4), dtype=np.int64)
            points[0, :3], points[1, :2] = first, second
            best = min(best, plain_loss(points, training, fit.strength)[2])
    assert card.loss <= best + AFFORDABLE + LOCAL


@pytest.mark.parametrize(("lowest", "sign"), [(0, 1), (8, 1), (0, -1)])
def test_points_do_not_hang_on_numbers_that_nobody_gave(lowest: int, sign: int) -> None:
    """Three groups with win rates of 20, 25 and 80 %, answered by three of eleven numbers."""
    answers = np.repeat([0, 1, 2], 60)[::sign].copy()
    outcome = np.concatenate([np.arange(60) < wins for wins in (12, 15, 48)]).astype(float)
    items = Items(
        codes=(answers + lowest)[:, None].astype(np.int32),
        kind=np.array([NUMERIC], dtype=np.int8),
        levels=np.array([11], dtype=np.int32),
        value=np.arange(12.0)[None, :],
        reference=np.array([-1], dtype=np.int32),
    )
    training = prepare_training(items, outcome, np.ones(180), 5.0)
    use = np.ones(1, dtype=np.bool_)
    fit = choose_ridge(training, use, np.inf)
    card = find_points(
        training, answer_effects(training.coding, fit.beta), use, fit.strength, Budget(10, 0, False)
    )
    points = card.points[0, :11].tolist()
    given = points[lowest : lowest + 3][::sign]
    assert given[0] == given[1] < given[2]
    ends = (points[lowest], points[lowest + 2])
    assert points == [ends[0]] * lowest + points[lowest : lowest + 3] + [ends[1]] * (8 - lowest)


def test_a_total_is_the_highest_score(case: tuple[Training, np.ndarray, float]) -> None:
    """Points out of a hundred: hardly worse than the effects that they round, and in order all the same."""
    training, effects, strength = case
    counts = count_answers(training.items, training.weights)
    unrounded = plain_loss(effects, training, strength)[2]
    for total in (30, 100):
        card = find_points(coded(training), effects, USES[0], strength, Budget(10, total, False))
        given = [card.points[c, : training.items.levels[c] + 1] for c in range(6)]
        assert sum(int(np.ptp(one)) for one in given) == total
        assert card.loss == pytest.approx(plain_loss(card.points, training, strength)[2], abs=LINE)
        assert card.loss <= unrounded + AFFORDABLE
        assert ordered(card.points, training.items, counts)
