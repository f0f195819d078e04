"""The whole way from deals to points: what is trained, what it predicts, what it must not see."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from qualify.numerics.coding import dense_design
from qualify.numerics.newton import CONVERGED
from qualify.numerics.procedures import (
    NOWHERE,
    Recipe,
    answer_effects,
    fit_of_all,
    predict,
    predict_each,
    train,
)
from qualify.numerics.resampling import Sample, draw_units
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


@pytest.mark.parametrize("n", [45, 400])
@pytest.mark.parametrize("strength", [0.0, 4.0])
def test_a_near_start_ends_where_a_flat_one_does(
    mixed_sample: Callable[[int, int], Sample], n: int, strength: float
) -> None:
    """With few deals many draws are coded otherwise or separated: those set out flat, byte for byte."""
    sample = mixed_sample(n, 3)
    recipe = SHRUNKEN._replace(fewest=1.0, strength=strength)
    near = fit_of_all(*sample[:3], recipe)
    rng = np.random.default_rng(0)
    weights = np.stack([draw_units(sample, rng) for _ in range(60)])
    starts = (near, NOWHERE)
    one, other = (predict_each(*sample[:2], weights, 1.0, strength, start) for start in starts)
    settled = np.array([train(*sample[:2], row, recipe).how == CONVERGED for row in weights])
    np.testing.assert_allclose(one[settled], other[settled], atol=1e-8)  # of Newton's last step
    np.testing.assert_array_equal(one[~settled], other[~settled])
    assert near.beta.size and settled.sum() >= 20
    assert settled.all() == (n > 45 or strength > 0)


def test_draws_that_choose_their_strength_have_no_near_start(
    mixed_sample: Callable[[int, int], Sample],
) -> None:
    sample = mixed_sample(100, 1)
    for recipe in (SHRUNKEN, POINTS._replace(strength=1.0)):
        assert fit_of_all(*sample[:3], recipe) is NOWHERE


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
