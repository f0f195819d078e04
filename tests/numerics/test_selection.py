"""Choosing few characteristics: against a plain greedy search, refits, and deals whose truth is known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from kernels import from_python

from qualify.numerics.coding import Coding, dense_design
from qualify.numerics.resampling import Sample
from qualify.numerics.ridge import RidgeFit, Training, choose_ridge, prepare_training, ridge_at
from qualify.numerics.selection import (
    DRAWS,
    ENOUGH,
    NOISE,
    Shape,
    choose_by_aic,
    choose_characteristics,
    inclusion,
)

inclusion, choose_characteristics, choose_by_aic = from_python(
    inclusion, choose_characteristics, choose_by_aic
)

# Sums in another order, on curvatures of some tens.
ROUNDING = 1e-9


@pytest.fixture(scope="module", params=range(4))
def fitted(
    request: pytest.FixtureRequest, mixed_sample: Callable[[int, int], Sample]
) -> tuple[Training, RidgeFit]:
    sample = mixed_sample(200, request.param)
    training = prepare_training(sample.items, sample.outcome, sample.weights, 5.0)
    return training, ridge_at(
        training, everything(training), choose_ridge(training, everything(training), np.inf), 4.0
    )


def everything(training: Training) -> np.ndarray:
    return np.ones(training.items.kind.size, dtype=np.bool_)


def columns_of(coding: Coding, chosen: list[int]) -> list[int]:
    """Positions in β, the intercept in front."""
    return [0] + [int(j) + 1 for c in chosen for j in range(coding.first[c], coding.first[c + 1])]


def explained(fit: RidgeFit, coding: Coding, chosen: list[int]) -> float:
    """Twice the rise of the fit's quadratic shape from the intercept alone to these characteristics."""
    gradient = fit.curvature @ fit.beta

    def top(columns: list[int]) -> float:
        block = fit.curvature[np.ix_(columns, columns)]
        return float(gradient[columns] @ np.linalg.solve(block, gradient[columns]))

    return top(columns_of(coding, chosen)) - top([0])


def spent(fit: RidgeFit, coding: Coding, chosen: list[int]) -> float:
    """Effective parameters, the intercept's included."""
    block = np.ix_(*[columns_of(coding, chosen)] * 2)
    return float(np.trace(np.linalg.solve(fit.curvature[block], fit.information[block])))


def greedy(fit: RidgeFit, coding: Coding, total: float, most: int) -> list[int]:
    """The same search in words: add the best, remember the size with the least corrected AIC."""
    chosen: list[int] = []
    best, least = [], 0.0
    for _ in range(most):
        rest = [
            c
            for c in range(coding.first.size - 1)
            if c not in chosen and coding.first[c + 1] > coding.first[c]
        ]
        if not rest:
            break
        chosen = [*chosen, max(rest, key=lambda c: explained(fit, coding, [*chosen, c]))]
        d = spent(fit, coding, chosen)
        criterion = -explained(fit, coding, chosen) + 2 * d * (1 + (d + 1) / (total - d - 1)) - 2
        if criterion < least:
            best, least = chosen, criterion
    return sorted(best)


def beyond_intercept(matrix: np.ndarray) -> np.ndarray:
    """Schur complement of the intercept."""
    return matrix[1:, 1:] - np.outer(matrix[1:, 0], matrix[0, 1:]) / matrix[0, 0]


def choose(
    training: Training,
    fit: RidgeFit,
    most: int,
    *,
    gradient: np.ndarray | None = None,
    among: np.ndarray | None = None,
) -> list[int]:
    curvature, information = beyond_intercept(fit.curvature), beyond_intercept(fit.information)
    slopes = curvature @ fit.beta[1:] if gradient is None else gradient
    total = float(training.weights.sum())
    return np.flatnonzero(
        choose_by_aic(
            Shape(curvature, information, slopes),
            training.coding,
            total,
            most,
            np.ones(6, dtype=np.bool_) if among is None else among,
        )
    ).tolist()


@pytest.mark.parametrize("most", [1, 2, 4, 6])
def test_choice_equals_a_plain_greedy_search(fitted: tuple[Training, RidgeFit], most: int) -> None:
    """The plain one keeps the intercept among the columns; here a Schur complement took it out."""
    training, fit = fitted
    assert choose(training, fit, most) == greedy(fit, training.coding, float(training.weights.sum()), most)


def test_all_characteristics_explain_the_whole_rise(fitted: tuple[Training, RidgeFit]) -> None:
    training, fit = fitted
    curvature = beyond_intercept(fit.curvature)
    whole = float(fit.beta[1:] @ curvature @ fit.beta[1:])
    assert explained(fit, training.coding, list(range(6))) == pytest.approx(whole, rel=ROUNDING)
    assert spent(fit, training.coding, list(range(6))) == pytest.approx(fit.freedom, rel=ROUNDING)


def test_leaving_one_out_costs_about_what_a_refit_says(fitted: tuple[Training, RidgeFit]) -> None:
    """Near the full fit, where it decides, the quadratic shape stands in for a refit."""
    training, fit = fitted
    design, y = dense_design(training.items, training.coding), training.outcome

    def objective(use: np.ndarray) -> float:
        refit = ridge_at(training, use, fit, fit.strength)
        eta = design @ refit.beta
        shrunken = fit.strength * refit.beta @ training.penalty @ refit.beta
        return float(2 * np.sum(y * eta - np.logaddexp(0, eta)) - shrunken)

    for c in range(6):
        others = [k for k in range(6) if k != c]
        cost = objective(everything(training)) - objective(np.arange(6) != c)
        shape = explained(fit, training.coding, [*others, c]) - explained(fit, training.coding, others)
        # Its error is of third order in the effect left out: a fifth of a cost of ten, little of a small one.
        assert shape == pytest.approx(cost, rel=0.02 + 0.02 * cost)


def test_inclusion_is_the_share_of_perturbed_choices(fitted: tuple[Training, RidgeFit]) -> None:
    training, fit = fitted
    noise = np.random.default_rng(0).standard_normal((7, fit.beta.size - 1))
    shares = inclusion(fit, training.coding, 200.0, 4, np.arange(6) != 2, noise)
    gradient = beyond_intercept(fit.curvature) @ fit.beta[1:]
    # The information is the covariance of a sample's score.
    root = np.linalg.cholesky(beyond_intercept(fit.information))
    times = np.zeros(6)
    for draw in noise:
        times[choose(training, fit, 4, gradient=gradient + root @ draw, among=np.arange(6) != 2)] += 1
    np.testing.assert_allclose(shares, times / 7, atol=ROUNDING)


def test_few_places_go_to_those_chosen_most_often_among_what_is_stable(
    mixed_sample: Callable[[int, int], Sample],
) -> None:
    sample = mixed_sample(1500, 1)
    training = prepare_training(sample.items, sample.outcome, sample.weights, 5.0)
    fit = choose_ridge(training, everything(training), np.inf)
    all_of_them = everything(training)
    stable = inclusion(fit, training.coding, 1500.0, 6, all_of_them, NOISE) >= ENOUGH
    assert stable.sum() > 2
    # Two samples differ by twice the variance of one.
    share = inclusion(fit, training.coding, 1500.0, 2, stable, np.sqrt(2) * NOISE)
    often = np.where(stable, share, -1.0)
    chosen = choose_characteristics(fit, training.coding, 1500.0, 2, NOISE)
    assert set(np.flatnonzero(chosen)) == set(np.argsort(-often, kind="stable")[:2])


@pytest.mark.parametrize("seed", range(3))
def test_what_matters_is_kept_and_what_does_not_is_not(
    mixed_sample: Callable[[int, int], Sample], seed: int
) -> None:
    """Outcomes hang on 0, 1, 3 and 5; 2 and 4 only go with them."""
    sample = mixed_sample(1500, seed)
    training = prepare_training(sample.items, sample.outcome, sample.weights, 5.0)
    fit = choose_ridge(training, everything(training), np.inf)
    chosen = np.flatnonzero(choose_characteristics(fit, training.coding, 1500.0, 6, NOISE)).tolist()
    assert set(chosen) >= {0, 3, 5} and len(chosen) <= 5
    for most in (1, 2):
        assert choose_characteristics(fit, training.coding, 1500.0, most, NOISE).sum() <= most


def test_noise_is_left_out(mixed_sample: Callable[[int, int], Sample]) -> None:
    """With outcomes dealt out at random, room for all and no test before: little is kept."""
    sample = mixed_sample(300, 0)
    kept = []
    for seed in range(20):
        outcome = np.random.default_rng(seed).permutation(sample.outcome)
        training = prepare_training(sample.items, outcome, sample.weights, 5.0)
        fit = ridge_at(
            training, everything(training), choose_ridge(training, everything(training), np.inf), 16.0
        )
        kept.append(choose_characteristics(fit, training.coding, 300.0, 6, NOISE).sum())
    # AIC lets one in six through; those it lets through in a third of perturbed fits are one in three.
    assert np.mean(kept) < 3


def test_the_same_deals_give_the_same_choice(fitted: tuple[Training, RidgeFit]) -> None:
    training, fit = fitted
    twice = [choose_characteristics(fit, training.coding, 200.0, 6, NOISE) for _ in range(2)]
    np.testing.assert_array_equal(*twice)
    assert DRAWS * ENOUGH > 10  # a choice rests on ten perturbed fits at the least
