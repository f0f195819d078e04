"""The two ways from deals to a prediction, whole: to be repeated inside every fold and replicate.

`train` pools rare answers, codes, shrinks and, for criteria, selects characteristics and rounds to points.
Nothing in it sees a deal of weight zero.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from qualify.numerics.coding import Coding, Items
from qualify.numerics.points import find_points
from qualify.numerics.ridge import Matrix, Vector, choose_ridge, prepare_training, ridge_at
from qualify.numerics.selection import choose_characteristics

PILOT_STRENGTH = 16.0


class Recipe(NamedTuple):
    """What is decided before seeing outcomes.

    fewest : answers with fewer deals are pooled.
    integer : whether to go on to whole-number points.
    most : at most this many characteristics keep points.
    largest : the widest characteristic spans at most this many points.
    """

    fewest: float
    integer: bool
    most: int
    largest: int


class Trained(NamedTuple):
    """A trained prediction: log-odds ``intercept + Σ effects[c, answer]``.

    With `integer`, ``effects = slope · points``; without, points are zero and the slope is 1.
    """

    intercept: float
    effects: Matrix
    points: NDArray[np.int64]
    slope: float
    strength: float
    freedom: float


def train(items: Items, outcome: Vector, weights: Vector, recipe: Recipe) -> Trained:
    """Run the whole procedure on the deals with weight."""
    training = prepare_training(items, outcome, weights, recipe.fewest)
    use = np.ones(items.kind.size, dtype=np.bool_)
    fit = choose_ridge(training, use, np.inf)
    points = np.zeros(items.value.shape, dtype=np.int64)
    if not recipe.integer:
        effects = answer_effects(training.coding, fit.beta)
        return Trained(float(fit.beta[0]), effects, points, 1.0, fit.strength, fit.freedom)
    # Where answers nearly separate won from lost, the likelihood is flat at its maximum and says nothing
    # about single characteristics: they are compared on a fit that is shrunken at least this much.
    pilot = ridge_at(training, use, fit, PILOT_STRENGTH) if fit.strength < PILOT_STRENGTH else fit
    use = choose_characteristics(pilot, training.coding, float(weights.sum()), recipe.most)
    # Fewer characteristics need no stronger shrinkage, but for the step of the grid.
    fit = choose_ridge(training, use, 4.0 * fit.strength)
    card = find_points(training, answer_effects(training.coding, fit.beta), use, fit.strength, recipe.largest)
    effects = np.asarray(card.slope * card.points, dtype=np.float64)
    return Trained(card.intercept, effects, card.points, card.slope, fit.strength, fit.freedom)


def answer_effects(coding: Coding, beta: Vector) -> Matrix:
    """Log-odds that each answer adds, (C, L)."""
    touched = coding.column >= 0
    return np.where(touched, coding.value * beta[np.where(touched, coding.column + 1, 0)], 0.0)


def predict(codes: NDArray[np.int32], trained: Trained) -> Vector:
    """Log-odds of deals from their answers, (n,)."""
    effects: Vector = trained.effects[np.arange(codes.shape[1]), codes].sum(axis=1)
    return trained.intercept + effects
