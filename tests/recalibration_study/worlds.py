"""Worlds whose truth is known, criteria learned in them, and new deals from them."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import expit

import qualify as ql
from qualify.criteria.refine import from_zero
from qualify.deals.score_bins import scales_of, whole_items
from qualify.numerics.coding import Items, dense_design
from qualify.numerics.curves import fit_logistic_curve
from qualify.numerics.procedures import points_recipe, predict, train
from qualify.numerics.resampling import Sample, bootstrap_procedure, cross_fit
from qualify.numerics.ridge import choose_ridge, prepare_training, ridge_at
from qualify.numerics.tipping import _correction, steepen

# Log-odds that a yes adds in worlds of yes-or-no questions, each of which is one column.
EFFECTS = {
    8: (1.2, 1.0, 0.8, 0.6, 0.4, 0.2, 0.0, 0.0),
    12: (1.2, 1.0, 0.8, 0.8, 0.6, 0.5, 0.4, 0.3, 0.0, 0.0, 0.0, 0.0),
}
WORLDS = ("yes-no 8", "yes-no 12", "team 8", "team 12")
LEARNED_FROM, FEWEST, MOST = 450, 5.0, 8
# Divisions into folds, and draws behind the slope: fewer than `refine_criteria` makes, of the same procedure.
SPLITS, DRAWS = 3, 10


class Population(NamedTuple):
    """Deals to draw from, with replacement, and their true win probabilities."""

    items: Items
    chance: NDArray[np.float64]

    def answers(self, rows: NDArray[np.int64]) -> Items:
        return self.items._replace(codes=np.ascontiguousarray(self.items.codes[rows]))


@cache
def population(world: str) -> Population:
    """Return the deals of a world: yes-or-no questions, or the simulated team of `simulate_deals`."""
    kind, count = world.split()
    return _yes_no(int(count)) if kind == "yes-no" else _team(int(count))


def _yes_no(questions: int, size: int = 200_000) -> Population:
    rng = np.random.default_rng(20_260_801 + questions)
    quality = rng.standard_normal((size, 1))
    seen = 0.4 * quality + np.sqrt(1 - 0.4**2) * rng.standard_normal((size, questions))
    codes = (seen > np.linspace(-0.6, 0.6, questions)).astype(np.int32)
    log_odds = codes @ np.array(EFFECTS[questions])
    start = brentq(lambda a: expit(a + log_odds).mean() - 0.4, -10, 10)
    value = np.zeros((questions, 3))
    value[:, 1] = 1.0
    items = Items(
        codes=codes,
        kind=np.zeros(questions, np.int8),
        levels=np.full(questions, 2, np.int32),
        value=value,
        reference=np.full(questions, -1, np.int32),
    )
    return Population(items, expit(start + log_odds))


def _team(questions: int, size: int = 60_000) -> Population:
    simulated = ql.simulate_deals(size, curve="gradual", characteristics=questions, rng=99)
    survey = replace(simulated.survey, columns=replace(simulated.survey.columns, account=None))
    deals = ql.read_deals(simulated.frame, survey)
    items = whole_items(deals.answers, survey, scales_of(deals))
    return Population(items, simulated.truth.win_probability.loc[deals.closed.index].to_numpy())


class Learned(NamedTuple):
    """Criteria as far as the closed test needs them, and what a brute-force reference starts from.

    mean, covariance : of the coefficients of the kept columns, a constant first (`provenance["fit"]`).
    design, outcome, strength : the deals learned from, and the strength of the penalty.
    """

    codes_to_log_odds: object
    intercept: float
    slope: float
    columns: list[int]
    training: object
    mean: NDArray[np.float64]
    covariance: NDArray[np.float64]
    design: NDArray[np.float64]
    outcome: NDArray[np.float64]
    strength: float

    def log_odds(self, items: Items) -> NDArray[np.float64]:
        return self.intercept + self.slope * predict(items.codes, self.codes_to_log_odds)

    def of(self, items: Items) -> NDArray[np.float64]:
        """Columns of deals, a constant first."""
        return dense_design(items, self.training.coding)[:, self.columns]


def learn(world: str, rng: np.random.Generator) -> Learned:
    """Learn criteria from 450 deals as `refine_criteria` does: selection, points, cross-fitted curve, slope.

    Left out are what costs most and seldom matters here: the test for any rise at all, the choice of a
    plateau, and gates. Drawn anew where nothing is kept.
    """
    people = population(world)
    while True:
        rows = rng.integers(people.chance.size, size=LEARNED_FROM)
        outcome = (rng.random(rows.size) < people.chance[rows]).astype(np.float64)
        single, ones = np.arange(rows.size), np.ones(rows.size)
        sample = Sample(people.answers(rows), outcome, ones, single, single)
        recipe = points_recipe(FEWEST, MOST)
        trained = from_zero(train(sample.items, outcome, ones, recipe), sample.items.levels)
        if trained.points.any():
            break
    splits = np.concatenate([cross_fit(sample, recipe, 10, rng) for _ in range(SPLITS)])
    curve = fit_logistic_curve(splits, np.tile(outcome, SPLITS), np.tile(ones / SPLITS, SPLITS))
    drawn = [bootstrap_procedure(sample, recipe, 10, np.inf, rng) for _ in range(DRAWS)]
    curve = steepen(curve, _correction(drawn), float(outcome.mean()))
    training = prepare_training(sample.items, outcome, ones, FEWEST)
    use = np.asarray(trained.points.any(axis=1))
    fit = ridge_at(training, use, choose_ridge(training, use, np.inf), trained.strength)
    first = training.coding.first
    columns = [0, *(j + 1 for c in np.flatnonzero(use) for j in range(first[c], first[c + 1]))]
    return Learned(
        codes_to_log_odds=trained,
        intercept=curve.intercept,
        slope=curve.slope,
        columns=columns,
        training=training,
        mean=fit.beta[columns],
        covariance=np.linalg.inv(fit.curvature[np.ix_(columns, columns)]),
        design=dense_design(sample.items, training.coding)[:, columns],
        outcome=outcome,
        strength=float(fit.strength),
    )
