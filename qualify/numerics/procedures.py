"""The two ways from deals to a prediction, whole: to be repeated inside every fold and replicate.

`train` pools rare answers, codes, shrinks and, for criteria, selects characteristics and rounds to points.
Nothing in it sees a deal of weight zero.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from qualify.numerics.blocks import Matrix, Vector, fill_row
from qualify.numerics.coding import Coded, Coding, Items
from qualify.numerics.compiled import compiled, compiled_entry
from qualify.numerics.newton import CONVERGED
from qualify.numerics.points import Budget, find_points, merge_answers
from qualify.numerics.ridge import RidgeFit, Training, fit_ridge, flat_start, prepare_training
from qualify.numerics.selection import NOISE, choose_characteristics

PILOT_STRENGTH = 16.0
# Unless told otherwise: characteristics that may keep points, and points that the widest may span.
MOST, LARGEST = 8, 10


class Recipe(NamedTuple):
    """What is decided before seeing outcomes.

    fewest : answers with fewer deals are pooled.
    integer : whether to go on to whole-number points.
    most : at most this many characteristics keep points.
    largest : the widest characteristic spans at most this many points.
    strength : of the ridge penalty; NaN to choose it by corrected AIC, 0 for maximum likelihood.
    thorough : whether whole-number points are sought from several sides, two moves at a time.
    total : the highest score that there shall be; 0 where `largest` is the limit.
    """

    fewest: float
    integer: bool
    most: int
    largest: int
    strength: float = np.nan
    thorough: bool = False
    total: int = 0


def points_recipe(fewest: float, most: int = MOST, *, largest: int = LARGEST, total: int = 0) -> Recipe:
    """Recipe of the way to whole-number points."""
    return Recipe(float(fewest), True, most, largest, total=total)


class Near(NamedTuple):
    """Coefficients to set out from, and the columns of the coding that they belong to, none for no start."""

    column: NDArray[np.int32]
    beta: Vector


NOWHERE = Near(np.zeros((0, 0), dtype=np.int32), np.zeros(0))


class Trained(NamedTuple):
    """A trained prediction: log-odds ``intercept + Σ effects[c, answer]``.

    With `integer`, ``effects = slope · points``; without, points are zero and the slope is 1. `how` says how
    Newton's method stopped (`qualify.numerics.newton`).
    """

    intercept: float
    effects: Matrix
    points: NDArray[np.int64]
    slope: float
    strength: float
    freedom: float
    how: int


def fit_of_all(items: Items, outcome: Vector, weights: Vector, recipe: Recipe) -> Near:
    """Fit all deals, for draws from them to set out from; nothing where draws choose their own strength."""
    if recipe.integer or np.isnan(recipe.strength):
        return NOWHERE
    training = prepare_training(items, outcome, weights, recipe.fewest)
    use = np.ones(items.kind.size, dtype=np.bool_)
    fit = fit_ridge(training, use, float(recipe.strength), np.inf, flat_start(training))
    return Near(training.coding.column, fit.beta) if fit.how == CONVERGED else NOWHERE


def train(items: Items, outcome: Vector, weights: Vector, recipe: Recipe) -> Trained:
    """Run the whole procedure on the deals with weight."""
    return train_compiled(items, outcome, weights, recipe._replace(strength=float(recipe.strength)), NOISE)


@compiled_entry
def train_compiled(items: Items, outcome: Vector, weights: Vector, recipe: Recipe, noise: Matrix) -> Trained:
    """Do the same, with the noise by which selections are perturbed."""
    training = prepare_training(items, outcome, weights, recipe.fewest)
    use = np.ones(items.kind.size, dtype=np.bool_)
    start = flat_start(training)
    fit = fit_ridge(training, use, recipe.strength, np.inf, start)
    if not recipe.integer:
        points = np.zeros(items.value.shape, dtype=np.int64)
        effects = answer_effects(training.coding, fit.beta)
        return Trained(fit.beta[0], effects, points, 1.0, fit.strength, fit.freedom, fit.how)
    # Where answers nearly separate won from lost, the likelihood is flat at its maximum and says nothing
    # about single characteristics: they are compared on a fit that is shrunken at least this much.
    pilot = fit_ridge(training, use, max(fit.strength, PILOT_STRENGTH), np.inf, fit.beta)
    use = choose_characteristics(pilot, training.coding, weights.sum(), recipe.most, noise)
    # Fewer characteristics need no stronger shrinkage, but for the step of the grid.
    fit = fit_ridge(training, use, recipe.strength, 4.0 * fit.strength, start)
    effects = answer_effects(training.coding, fit.beta)
    budget = Budget(recipe.largest, recipe.total, recipe.thorough)
    deals = Coded(items, training.coding, outcome, weights)
    card = find_points(deals, effects, use, fit.strength, budget)
    if recipe.thorough:
        card = merge_answers(deals, card, use, fit.strength, budget)
    by_answer: Matrix = card.slope * card.points.astype(np.float64)
    return Trained(card.intercept, by_answer, card.points, card.slope, fit.strength, fit.freedom, fit.how)


@compiled_entry
def answer_effects(coding: Coding, beta: Vector) -> Matrix:
    """Log-odds that each answer adds, (C, L)."""
    effects: Matrix = np.zeros(coding.value.shape)
    for c in range(effects.shape[0]):
        for a in range(effects.shape[1]):
            if coding.column[c, a] >= 0:
                effects[c, a] = coding.value[c, a] * beta[coding.column[c, a] + 1]
    return effects


def predict(codes: NDArray[np.int32], trained: Trained) -> Vector:
    """Log-odds of deals from their answers, (n,)."""
    return add_effects(codes, trained.intercept, trained.effects)


@compiled_entry
def add_effects(codes: NDArray[np.int32], intercept: float, effects: Matrix) -> Vector:
    """Add up the effects of each deal's answers, (n,)."""
    n, characteristics = codes.shape
    log_odds = np.empty(n)
    for i in range(n):
        total = intercept
        for c in range(characteristics):
            total += effects[c, np.uint64(codes[i, c])]
        log_odds[i] = total
    return log_odds


@compiled_entry
def predict_each(
    items: Items, outcome: Vector, weights: Matrix, fewest: float, strength: float, near: Near
) -> Matrix:
    """Log-odds of all deals from a fit, without points, to each row of weights, (k, n)."""
    log_odds: Matrix = np.empty(weights.shape)
    for k in range(weights.shape[0]):
        training = prepare_training(items, outcome, weights[k], fewest)
        fit = _fit_near(training, strength, near)
        effects = answer_effects(training.coding, fit.beta)
        fill_row(log_odds, k, add_effects(items.codes, fit.beta[0], effects))
    return log_odds


@compiled
def _same(left: NDArray[np.int32], right: NDArray[np.int32]) -> bool:
    if left.shape != right.shape:
        return False
    for c in range(left.shape[0]):
        for a in range(left.shape[1]):
            if left[c, a] != right[c, a]:
                return False
    return True


@compiled
def _fit_near(training: Training, strength: float, near: Near) -> RidgeFit:
    """Fit every characteristic; the maximum does not hang on the start, and what has none starts flat."""
    column, use = training.coding.column, np.ones(training.items.kind.size, dtype=np.bool_)
    if _same(near.column, column):
        fit = fit_ridge(training, use, strength, np.inf, near.beta)
        if fit.how == CONVERGED:
            return fit
    return fit_ridge(training, use, strength, np.inf, flat_start(training))
