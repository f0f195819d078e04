"""The whole way from deals to points: what is trained, what it predicts, what it must not see."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from qualify.numerics.coding import dense_design
from qualify.numerics.procedures import Recipe, answer_effects, predict, train
from qualify.numerics.resampling import Sample
from qualify.numerics.ridge import choose_ridge, prepare_training

SHRUNKEN = Recipe(fewest=5.0, integer=False, most=8, largest=10)
POINTS = Recipe(fewest=5.0, integer=True, most=3, largest=10)


def test_shrunken_predictions_are_the_ridge_fit(mixed_sample: Callable[[int, int], Sample]) -> None:
    sample = mixed_sample(200, 0)
    trained = train(*sample[:3], SHRUNKEN)
    training = prepare_training(*sample[:3], 5.0)
    fit = choose_ridge(training, np.ones(6, dtype=np.bool_), np.inf)
    expected = dense_design(sample.items, training.coding) @ fit.beta
    np.testing.assert_allclose(predict(sample.items.codes, trained), expected, atol=1e-12)  # order of sums
    assert (trained.slope, trained.strength) == (1.0, fit.strength) and not trained.points.any()


def test_effects_of_answers_are_their_columns_times_coefficients(
    mixed_sample: Callable[[int, int], Sample],
) -> None:
    sample = mixed_sample(200, 1)
    coding = prepare_training(*sample[:3], 5.0).coding
    beta = np.random.default_rng(0).normal(size=int(coding.first[-1]) + 1)
    effects = answer_effects(coding, beta)
    rows = effects[np.arange(6), sample.items.codes].sum(axis=1) + beta[0]
    np.testing.assert_allclose(rows, dense_design(sample.items, coding) @ beta, atol=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_points_times_slope_are_the_effects(mixed_sample: Callable[[int, int], Sample], seed: int) -> None:
    sample = mixed_sample(300, seed)
    trained = train(*sample[:3], POINTS)
    np.testing.assert_allclose(trained.effects, trained.slope * trained.points)
    kept = np.flatnonzero(trained.points.any(axis=1))
    assert 1 <= kept.size <= 3 and trained.slope > 0
    assert trained.points.min() == 0 and trained.points.max() <= 10
    # The mean prediction is the win rate: the intercept is not penalised.
    chance = 1 / (1 + np.exp(-predict(sample.items.codes, trained)))
    assert chance.mean() == pytest.approx(
        sample.outcome.mean(), abs=1e-4
    )  # the line stops at 1e-6 of deviance


@pytest.mark.parametrize("recipe", [SHRUNKEN, POINTS])
def test_rows_of_weight_zero_are_not_seen(mixed_sample: Callable[[int, int], Sample], recipe: Recipe) -> None:
    sample, weights = mixed_sample(200, 2), np.r_[np.ones(150), np.zeros(50)]
    outcome = sample.outcome.copy()
    outcome[150:] = 1 - outcome[150:]
    items = sample.items._replace(codes=np.vstack([sample.items.codes[:150], sample.items.codes[50:100]]))
    seen, other = train(sample.items, sample.outcome, weights, recipe), train(items, outcome, weights, recipe)
    for field in ("effects", "points"):
        np.testing.assert_array_equal(getattr(seen, field), getattr(other, field))
    assert seen.intercept == other.intercept


def test_outcomes_by_chance_earn_few_points(mixed_sample: Callable[[int, int], Sample]) -> None:
    sample = mixed_sample(200, 0)
    spans = [
        np.ptp(
            train(sample.items, g.permutation(sample.outcome), sample.weights, SHRUNKEN).effects, axis=1
        ).sum()
        for g in np.random.default_rng(0).spawn(10)
    ]
    assert np.mean(spans) < 1.0 < np.ptp(train(*sample[:3], SHRUNKEN).effects, axis=1).sum() / 3
