"""Cross-fitting, permutation and bootstrap of the whole procedure.

One replicate is a handful of compiled calls that hold no lock, so replicates run on every core. Each has a
generator of its own: results do not depend on the number of threads.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from qualify.numerics.blocks import Matrix, Vector
from qualify.numerics.coding import Items
from qualify.numerics.compiled import compiled_entry
from qualify.numerics.curves import (
    LN9,
    LOGISTIC,
    PLATEAU,
    Curve,
    choose_curve,
    count_zones,
    firth_slope,
    fit_logistic_curve,
    probability,
    signed_root,
)
from qualify.numerics.folds import assign_folds
from qualify.numerics.parallel import replicate
from qualify.numerics.procedures import Recipe, predict, train


class Sample(NamedTuple):
    """Deals to resample.

    items, outcome (1 won, 0 lost), weights : what is known of each deal.
    group : deals that stay in one fold (of one account, or with identical answers).
    unit : what is drawn with replacement, and what outcomes are dealt out to: an account, or a single deal.
    """

    items: Items
    outcome: Vector
    weights: Vector
    group: NDArray[np.int64]
    unit: NDArray[np.int64]


def some_of(sample: Sample, rows: NDArray[np.intp]) -> Sample:
    """Take some of the deals, groups and units numbered anew."""
    group, unit = (np.unique(part[rows], return_inverse=True)[1] for part in (sample.group, sample.unit))
    return Sample(
        items=sample.items._replace(codes=np.ascontiguousarray(sample.items.codes[rows])),
        outcome=sample.outcome[rows],
        weights=sample.weights[rows],
        group=group.astype(np.int64),
        unit=unit.astype(np.int64),
    )


class Replicate(NamedTuple):
    """What one bootstrap draw found.

    curve : the curve on its cross-fitted scores; `cross_slope` the slope of a logistic curve on them, and
    `fresh_slope`, with Firth's penalty, that on the deals outside the draw under the model trained on all of
    it (NaN for a given score).
    shift : how far that model's scores lie to the right of where the curve expects them, on all deals: the
    curve moved so far foretells as many wins as there were; 0 for a given score.
    zones : (3, 2), deals and won deals below, inside and above its own band.
    points : (C, L), the whole-number points of that model.
    """

    curve: Curve
    win_rate: float
    cross_slope: float
    fresh_slope: float
    shift: float
    zones: NDArray[np.float64]
    points: NDArray[np.int64]


def divide(sample: Sample, folds: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Deal groups out to folds at random, (n,)."""
    order = rng.permutation(int(sample.group.max()) + 1)
    return assign_folds(sample.group, sample.outcome, sample.weights, folds, order)


def without_each_fold(
    sample: Sample, folds: int, rng: np.random.Generator
) -> Iterator[tuple[NDArray[np.bool_], Vector]]:
    """Divide deals into folds; for each, yield which deals are in it and weights that leave them out.

    A fold is passed over where the others hold no won or no lost deals: there is nothing to learn from.
    """
    fold = divide(sample, folds, rng)
    for k in range(folds):
        held = fold == k
        weights = np.where(held, 0.0, sample.weights)
        if held.any() and both_outcomes(sample.outcome, weights):
            yield held, weights


def cross_fit(sample: Sample, recipe: Recipe, folds: int, rng: np.random.Generator) -> Vector:
    """Log-odds of every deal with weight from models that never saw its group, else of the win rate."""
    rate = float(sample.weights @ sample.outcome / sample.weights.sum())
    score = np.full(sample.outcome.size, np.log(rate / (1.0 - rate)))
    for held, weights in without_each_fold(sample, folds, rng):
        trained = train(sample.items, sample.outcome, weights, recipe)
        score[held] = predict(sample.items.codes[held], trained)
    return score


def cross_fits(sample: Sample, recipe: Recipe, folds: int, repeats: int, rng: np.random.Generator) -> Matrix:
    """Do so for several divisions into folds, a row each, (R, n)."""

    def one(generator: np.random.Generator) -> Vector:
        return cross_fit(sample, recipe, folds, generator)

    return np.stack(replicate(one, repeats, rng, what="scoring unseen deals"))


@compiled_entry
def both_outcomes(outcome: Vector, weights: Vector) -> bool:
    """Whether deals with weight were both won and lost."""
    won = lost = False
    for i in range(outcome.size):
        won |= weights[i] > 0 and outcome[i] > 0
        lost |= weights[i] > 0 and outcome[i] < 1
        if won and lost:
            return True
    return False


def draw_units(sample: Sample, rng: np.random.Generator) -> Vector:
    """Weights of one bootstrap draw of units, drawn anew until it holds won and lost deals."""
    units = int(sample.unit.max()) + 1
    while True:
        weights: Vector = weights_of_draw(rng.integers(units, size=units), sample.unit, sample.weights)
        if both_outcomes(sample.outcome, weights):
            return weights


@compiled_entry
def weights_of_draw(drawn: NDArray[np.int64], unit: NDArray[np.int64], weights: Vector) -> Vector:
    """Weights of deals, each times how often its unit was drawn."""
    times, found = np.zeros(drawn.size), np.empty(unit.size)
    for i in range(drawn.size):
        times[np.uint64(drawn[i])] += 1.0
    for i in range(unit.size):
        found[i] = weights[i] * times[np.uint64(unit[i])]
    return found


def deal_out(sample: Sample, rng: np.random.Generator) -> Sample:
    """Deal outcomes out at random: single deals freely, those of an account one after the other.

    The accounts' outcomes are joined in random order and dealt to the accounts in sequence, so that outcomes
    that stood together mostly stay together, whatever the sizes of the accounts.
    """
    order = np.argsort(sample.unit, kind="stable")
    blocks = np.split(sample.outcome[order], np.cumsum(np.bincount(sample.unit))[:-1])
    outcome = np.empty_like(sample.outcome)
    outcome[order] = np.concatenate([blocks[unit] for unit in rng.permutation(len(blocks))])
    return sample._replace(outcome=outcome)


def permuted_root(
    sample: Sample, recipe: Recipe | None, folds: int, rng: np.random.Generator, score: Vector
) -> float:
    """Signed root of the slope with outcomes dealt out at random, on scores learned anew or on `score`."""
    shuffled = deal_out(sample, rng)
    if recipe is not None:
        score = cross_fit(shuffled, recipe, folds, rng)
    return signed_root(score, shuffled.outcome, sample.weights)


def bootstrap_procedure(
    sample: Sample, recipe: Recipe, folds: int, critical: float, rng: np.random.Generator
) -> Replicate:
    """Draw units with replacement and repeat everything: cross-fit, choice of curve, zones, final points."""
    drawn = sample._replace(weights=draw_units(sample, rng))
    score = cross_fit(drawn, recipe, folds, rng)
    trained = train(*drawn[:3], recipe)
    # As in cross-fitting, a deal is fresh where nothing of its group was learned from.
    seen = np.bincount(sample.group, weights=drawn.weights) > 0
    fresh = np.where(seen[sample.group], 0.0, sample.weights)
    final, fresh_slope = predict(sample.items.codes, trained), np.nan
    if both_outcomes(sample.outcome, fresh):
        # Few deals are fresh, and maximum likelihood would make too steep a curve of them.
        fresh_slope = firth_slope(final, sample.outcome, fresh)
    found = describe(score, drawn, critical)
    shift = curve_shift(found.curve, final, sample)
    return found._replace(fresh_slope=fresh_slope, shift=shift, points=trained.points)


def curve_shift(curve: Curve, score: Vector, sample: Sample) -> float:
    """How far to move a curve for it to foretell as many wins as there were; 0 where it does not climb."""
    wins = float(sample.weights @ sample.outcome)
    if curve.slope <= 0 or curve.kind not in (LOGISTIC, PLATEAU):
        return 0.0

    def excess(by: float) -> float:
        return float(sample.weights @ probability(curve, score - by)) - wins

    # So far out the curve is at its floor and its ceiling.
    far = float(np.abs(score).max()) + abs(curve.intercept / curve.slope) + 40.0 / curve.slope
    return float(brentq(excess, -far, far, xtol=1e-6)) if excess(-far) > 0 > excess(far) else 0.0


def bootstrap_given(score: Vector, sample: Sample, critical: float, rng: np.random.Generator) -> Replicate:
    """Do the same for a score that was given: nothing is trained."""
    return describe(score, sample._replace(weights=draw_units(sample, rng)), critical)


def describe(score: Vector, sample: Sample, critical: float) -> Replicate:
    """Curve and zones of a score."""
    curve = choose_curve(score, sample.outcome, sample.weights, critical)
    low, high = band(curve)
    return Replicate(
        curve=curve,
        win_rate=float(sample.weights @ sample.outcome / sample.weights.sum()),
        cross_slope=fit_logistic_curve(score, sample.outcome, sample.weights).slope,
        fresh_slope=np.nan,
        shift=0.0,
        zones=count_zones(score, sample.outcome, sample.weights, low, high),
        points=np.zeros((0, 0), dtype=np.int64),
    )


def band(curve: Curve) -> tuple[float, float]:
    """Scores at 10 % and 90 % of the climb, ``s50 ± ln 9 / slope``; endless where nothing climbs."""
    if curve.slope <= 0:
        return -np.inf, np.inf
    return (-LN9 - curve.intercept) / curve.slope, (LN9 - curve.intercept) / curve.slope


def simulated_ratios(
    score: Vector, sample: Sample, chance: Vector, rng: np.random.Generator
) -> tuple[float, float]:
    """Likelihood ratios of plateau against logistic when `chance` (a logistic curve) is the truth.

    The first is that of the simulated deals, the second that of a bootstrap draw of them: drawing with
    replacement repeats deals and raises the ratio.
    """
    outcome = (rng.random(score.size) < chance).astype(np.float64)
    simulated = sample._replace(outcome=outcome)
    if not both_outcomes(outcome, sample.weights):
        return 0.0, 0.0
    drawn = draw_units(simulated, rng)
    return _ratio(score, outcome, sample.weights), _ratio(score, outcome, drawn)


def relearned_ratio(
    sample: Sample, recipe: Recipe, folds: int, chance: Vector, rng: np.random.Generator
) -> float:
    """Likelihood ratio of plateau against logistic on scores learned from outcomes drawn with `chance`."""
    outcome = (rng.random(chance.size) < chance).astype(np.float64)
    if not both_outcomes(outcome, sample.weights):
        return 0.0
    score = cross_fit(sample._replace(outcome=outcome), recipe, folds, rng)
    return _ratio(score, outcome, sample.weights)


def _ratio(score: Vector, outcome: Vector, weights: Vector) -> float:
    logistic = fit_logistic_curve(score, outcome, weights)
    return 2.0 * (choose_curve(score, outcome, weights, 0.0).loglik - logistic.loglik)
