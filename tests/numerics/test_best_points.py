"""Nothing beats the points that a thorough search finds: brute force over all there are."""

from __future__ import annotations

import numpy as np
import pytest
from kernels import coded, from_python
from scipy.special import expit

from qualify.numerics.coding import NOMINAL, RANKED, Items, count_answers
from qualify.numerics.points import AFFORDABLE, SPANS, Budget, find_points, merge_answers
from qualify.numerics.procedures import answer_effects
from qualify.numerics.ridge import Training, choose_ridge, prepare_training
from qualify.numerics.score_histogram import Scorecard

find_points, merge_answers = from_python(find_points, merge_answers)

# Newton on the line stops where a step gains less than 1e-6 of deviance.
LINE = 1e-5
# The search takes a step for more than 1e-6 of deviance, and each candidate is good to the line's own stop.
STEP = 1e-4


def least_losses(
    training: Training, allowed: list[list[tuple[int, ...]]], strength: float
) -> tuple[np.ndarray, float]:
    """Penalised deviance of every combination of points, all by Newton's method at once, and the least."""
    cells, where = np.unique(training.items.codes, axis=0, return_inverse=True)
    all_of = np.bincount(where.ravel(), weights=training.weights)
    won = np.bincount(where.ravel(), weights=training.weights * training.outcome)
    counts = count_answers(training.items, training.weights)
    score, spread = np.zeros((1, len(cells))), np.zeros(1)
    for c, choices in enumerate(allowed):
        given = np.array(choices, dtype=float)
        part = counts[c, : given.shape[1]] / counts[c].sum()
        variance = given**2 @ part - (given @ part) ** 2
        score = (score[:, None, :] + given[:, cells[:, c]][None, :, :]).reshape(-1, len(cells))
        spread = (spread[:, None] + variance[None, :]).ravel()
    x = score - (score @ all_of / all_of.sum())[:, None]
    a, b = np.full(len(x), np.log(won.sum() / (all_of - won).sum())), np.zeros(len(x))
    for _ in range(30):
        p = expit(a[:, None] + b[:, None] * x)
        residual, v = won - all_of * p, all_of * p * (1 - p)
        ga, gb = residual.sum(axis=1), (residual * x).sum(axis=1) - strength * spread * b
        haa, hab, hbb = v.sum(axis=1), (v * x).sum(axis=1), (v * x * x).sum(axis=1) + strength * spread
        determinant = np.where(spread > 0, haa * hbb - hab**2, 1.0)
        a = a + np.where(spread > 0, (hbb * ga - hab * gb) / determinant, ga / haa)
        b = b + np.where(spread > 0, (haa * gb - hab * ga) / determinant, 0.0)
    eta = a[:, None] + b[:, None] * x
    loss = 2 * (all_of * np.logaddexp(0, eta) - won * eta).sum(axis=1) + strength * spread * b**2
    return loss, float(loss.min())


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("largest", SPANS[:2])
def test_a_thorough_search_finds_the_best_points_there_are(seed: int, largest: int) -> None:
    """Brute force over all points of up to five questions finds nothing better."""
    rng = np.random.default_rng([seed, largest])
    questions, n = (3 + seed % 3) if largest == SPANS[0] else (2 + seed % 3), 60 + 40 * (seed % 4)
    codes = rng.integers(0, 2, size=(n, questions))
    codes[:, -1] = rng.integers(0, 3, size=n) if seed % 2 else codes[:, -1]
    items = Items(
        codes=codes.astype(np.int32),
        kind=np.array([NOMINAL] * (questions - 1) + [RANKED if seed % 2 else NOMINAL], dtype=np.int8),
        levels=np.array([2] * (questions - 1) + [3 if seed % 2 else 2], dtype=np.int32),
        value=np.zeros((questions, 4)),
        reference=np.full(questions, -1, dtype=np.int32),
    )
    truth = (codes - codes.mean(axis=0)) @ rng.normal(0, 1, questions) - 0.3
    outcome = (rng.random(n) < expit(truth)).astype(float)
    training = prepare_training(items, outcome, np.ones(n), 5.0)
    use = np.ones(questions, dtype=np.bool_)
    fit = choose_ridge(training, use, np.inf)
    card = find_points(
        training, answer_effects(training.coding, fit.beta), use, fit.strength, Budget(largest, 0, True)
    )
    pairs = [(0, d) for d in range(largest + 1)] + [(d, 0) for d in range(1, largest + 1)]
    rising = [(0, d, e) for e in range(largest + 1) for d in range(e + 1)]
    ranked = rising + [tuple(reversed(one)) for one in rising]
    allowed = [pairs] * (questions - 1) + [ranked if seed % 2 else pairs]
    _, least = least_losses(training, allowed, fit.strength)
    coarse = card.points.max() < largest
    assert card.loss <= least + (AFFORDABLE if coarse else 0.0) + STEP
    assert card.loss >= least - LINE


@pytest.mark.parametrize(("apart", "different"), [(0.0, 3), (0.8, 4)])
def test_answers_to_a_choice_are_merged_where_that_costs_nothing(apart: float, different: int) -> None:
    """Two of four answers lie a point apart; they win as often, or they do not."""
    rng = np.random.default_rng(3)
    codes = np.column_stack([rng.integers(0, 4, 900), rng.integers(0, 2, 900)])
    chance = expit(np.array([-1.2, 0.0, apart, 1.6])[codes[:, 0]] + 1.0 * codes[:, 1] - 0.5)
    outcome = np.zeros(900)
    for one in np.unique(chance):  # exactly so many of each kind
        alike = np.flatnonzero(chance == one)
        outcome[alike[: round(alike.size * one)]] = 1.0
    items = Items(
        codes=codes.astype(np.int32),
        kind=np.array([NOMINAL, NOMINAL], dtype=np.int8),
        levels=np.array([4, 2], dtype=np.int32),
        value=np.zeros((2, 5)),
        reference=np.full(2, -1, dtype=np.int32),
    )
    training = prepare_training(items, outcome, np.ones(900), 5.0)
    points = np.array([[0, 4, 5 if apart == 0 else 7, 9, 0], [0, 3, 0, 0, 0]])
    card = Scorecard(points, 0.0, 0.3, np.inf)
    use, strength = np.ones(2, dtype=np.bool_), 1.0
    merged = merge_answers(coded(training), card, use, strength, Budget(10, 0, True))
    assert np.unique(merged.points[0, :4]).size == different
    choices = [[tuple(one[0, :4])] for one in (points, merged.points)]
    before, after = (least_losses(training, [one, [(0, 3)]], strength)[1] for one in choices)
    assert merged.loss == pytest.approx(after, abs=LINE) and after <= before + AFFORDABLE
    # Pairs at either side of a point's difference: no answer could go to and fro for ever.
    pairs = merge_answers(
        coded(training),
        Scorecard(np.array([[1, 1, 2, 2, 0], [0, 3, 0, 0, 0]]), 0.0, 0.3, np.inf),
        use,
        strength,
        Budget(10, 0, True),
    )
    assert np.unique(pairs.points[0, :4]).size == 2
    as_it_was = merge_answers(coded(training), card, use, strength, Budget(10, 12, True))
    assert as_it_was.points.max(axis=1).sum() == 12  # a total is kept
