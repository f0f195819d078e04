"""How many to keep by the rule of one standard error; what is left out, judged on deals not seen."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from sklearn.metrics import log_loss
from statsmodels.stats.weightstats import DescrStatsW

from qualify.numerics.coding import dense_design
from qualify.numerics.metrics import log_losses, mean_with_error
from qualify.numerics.procedures import points_recipe
from qualify.numerics.resampling import Sample, cross_fits, divide
from qualify.numerics.ridge import choose_ridge, prepare_training, ridge_at
from qualify.numerics.subset_size import (
    DIVISIONS,
    ENOUGH,
    FOLDS,
    losses_added,
    smallest_size,
    thinned,
    try_sizes,
)

ROUNDING = 1e-9
MixedSample = Callable[[int, int], Sample]


def test_losses_are_those_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    chance, outcome = rng.random((3, 2, 50)), (rng.random(50) < 0.5).astype(float)
    found = log_losses(chance, outcome).mean(axis=1)
    for m in range(2):
        wanted = np.mean([log_loss(outcome, chance[r, m]) for r in range(3)])
        assert found[m] == pytest.approx(wanted, rel=ROUNDING)


def test_the_error_of_a_mean_takes_units_together() -> None:
    """Of single deals it is the usual one; deals that come twice tell no more than once."""
    values = np.random.default_rng(1).normal(size=40)
    mean, error = mean_with_error(values, np.arange(40))
    usual = DescrStatsW(values).std_mean * np.sqrt(39 / 40)  # here divided by n, there by n − 1
    assert (mean, error) == (pytest.approx(values.mean()), pytest.approx(usual))
    twice = mean_with_error(np.repeat(values, 2), np.repeat(np.arange(40), 2))
    assert twice == (pytest.approx(mean), pytest.approx(error))


def test_the_smallest_within_one_standard_error_is_taken() -> None:
    rng = np.random.default_rng(2)
    noise = rng.normal(size=400)
    noise -= noise.mean()
    error = mean_with_error(noise, np.arange(400))[1]
    # Worse than the best by 3, 1.5, 0.9 standard errors and by nothing.
    losses = 1.0 + np.array([3.0, 1.5, 0.9])[:, None] * error + noise
    losses = np.vstack([losses, np.ones(400), np.full(400, 1.01)])
    assert smallest_size(losses, np.arange(400), np.ones(400)) == 2
    assert smallest_size(losses[[0, 1, 3]], np.arange(400), np.ones(400)) == 2
    assert smallest_size(losses[3:], np.arange(400), np.ones(400)) == 0
    # With deals in pairs the same losses are less sure, and fewer do.
    assert smallest_size(np.repeat(losses, 4, axis=1), np.repeat(np.arange(400), 4), np.ones(1600)) == 2


def test_sizes_are_cross_fits_on_the_same_folds(mixed_sample: MixedSample) -> None:
    sample = mixed_sample(300, 3)
    sizes = try_sizes(sample, points_recipe(5, 4), np.random.default_rng(4))
    assert sizes.chance.shape == (4, DIVISIONS, 300) and sizes.kept.shape == (4, 6)
    seed = int(np.random.default_rng(4).integers(2**32))
    for k in range(4):
        log_odds = cross_fits(sample, points_recipe(5, k + 1), FOLDS, DIVISIONS, np.random.default_rng(seed))
        np.testing.assert_allclose(sizes.chance[k], 1 / (1 + np.exp(-log_odds)), rtol=ROUNDING)
    assert np.all(sizes.kept.sum(axis=1) <= np.arange(1, 5))


def test_noise_is_not_worth_a_second_question(mixed_sample: MixedSample) -> None:
    """Where only one question matters, the rule seldom takes more."""
    rng, chosen = np.random.default_rng(5), []
    for seed in range(8):
        sample = mixed_sample(400, seed)
        outcome = (rng.random(400) < np.where(sample.items.codes[:, 0] == 1, 0.7, 0.3)).astype(float)
        sizes = try_sizes(sample._replace(outcome=outcome), points_recipe(5, 5), rng)
        chosen.append(1 + smallest_size(sizes.losses, sizes.sample.unit, sizes.sample.weights))
    assert np.median(chosen) == 1


def test_many_deals_are_thinned_by_whole_units(mixed_sample: MixedSample) -> None:
    sample = mixed_sample(600, 0)
    sample = sample._replace(unit=np.repeat(np.arange(200), 3))
    assert thinned(sample, 600, np.random.default_rng(0)) is sample
    some = thinned(sample, 300, np.random.default_rng(0))
    assert 200 < some.outcome.size < 400 and np.all(np.bincount(some.unit) == 3)
    assert ENOUGH >= 10_000  # fewer would make one standard error a large one


def test_what_is_left_out_is_added_to_the_fit_of_what_is_kept(mixed_sample: MixedSample) -> None:
    """Each loss equals that of a plain loop over folds, with the design as a matrix."""
    sample, use = mixed_sample(250, 6), np.array([True, False, False, True, False, False])
    found = losses_added(sample, use, 5.0, np.random.default_rng(7))
    assert found.shape == (7, 250)
    np.testing.assert_array_equal(found[1], found[0])  # it is kept already
    chance = np.zeros((DIVISIONS, 250))
    with_fifth = use | (np.arange(6) == 4)
    for r, rng in enumerate(np.random.default_rng(7).spawn(DIVISIONS)):
        fold = divide(sample, FOLDS, rng)
        for k in range(FOLDS):
            weights = np.where(fold == k, 0.0, 1.0)
            training = prepare_training(sample.items, sample.outcome, weights, 5.0)
            fit = choose_ridge(training, use, np.inf)
            more = ridge_at(training, with_fifth, fit, fit.strength)
            eta = dense_design(sample.items, training.coding) @ more.beta
            chance[r, fold == k] = 1 / (1 + np.exp(-eta[fold == k]))
    wanted = log_losses(chance[:, None], sample.outcome)[0]
    np.testing.assert_allclose(found[5], wanted, atol=1e-7)  # both fits stop at 1e-10 of deviance
