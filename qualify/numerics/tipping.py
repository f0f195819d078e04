"""Where the win rate tips along a score: estimate, test against chance, and whole-procedure intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from qualify.numerics.blocks import Vector
from qualify.numerics.curves import (
    LOGISTIC,
    PLATEAU,
    Curve,
    choose_curve,
    fit_logistic_curve,
    probability,
    signed_root,
)
from qualify.numerics.parallel import replicate
from qualify.numerics.procedures import Recipe
from qualify.numerics.resampling import (
    Replicate,
    Sample,
    band,
    bootstrap_given,
    bootstrap_procedure,
    cross_fits,
    permuted_root,
    relearned_ratio,
    simulated_ratios,
    some_of,
)

# Divisions into folds whose scores are put side by side, so that the answer hangs less on one division.
REPEATS = 10
# Permutations, per unit of 1 / alpha: 199 at 5 %.
PERMUTATIONS_PER_ALPHA = 10
# None of a first batch of permutations reaching the slope settles it; that adds under 0.001 to a 5 % level.
FIRST_LOOK_PER_ALPHA = 3
# Simulations of a plateau's ratio that go with the usual replicates: of a given score, of one learned anew.
SIMULATIONS, RELEARNED, USUAL = 399, 99, 200
# Deals in each simulation of the plateau's likelihood ratio, at most.
SIMULATED = 2_000
# Share of the deals that are in a draw of as many, 1 − 1/e.
DISTINCT = 0.632
# A correction beyond these factors would come from too few deals to be believed.
CORRECTION = (0.5, 2.0)


class Plan(NamedTuple):
    """How a tipping point is to be found: the recipe (None for a given score), folds, replicates, levels."""

    recipe: Recipe | None
    folds: int
    replicates: int
    level: float
    alpha: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TippingEstimate:
    """What was found, on the scale of the score.

    scores : (n,), the honest score of every deal.
    splits : (R, n), the scores of each division into folds (one row for a given score).
    curve : the corrected curve; `correction` is the factor applied to its slope.
    p_value : of the one-sided test that the win rate rises with the score.
    draws : the bootstrap replicates, their curves corrected alike.
    """

    scores: Vector
    splits: NDArray[np.float64]
    curve: Curve
    correction: float
    p_value: float
    draws: list[Replicate]


def estimate_tipping(
    sample: Sample, plan: Plan, rng: np.random.Generator, given: Vector | None = None
) -> TippingEstimate:
    """Estimate the curve of the win rate against a learned score (cross-fitted) or a given one."""
    splits = _splits(sample, plan, rng, given)
    p_value = _permutation_test(sample, plan, rng, splits[0], given)
    scores = splits.mean(axis=0)
    if p_value > plan.alpha:
        flat = fit_logistic_curve(np.zeros_like(scores), sample.outcome, sample.weights)
        return TippingEstimate(
            scores=scores, splits=splits, curve=flat, correction=1.0, p_value=p_value, draws=[]
        )
    critical, critical_drawn = _critical_ratios(sample, plan, splits[0], rng, given)
    stacked = np.tile(sample.outcome, len(splits)), np.tile(sample.weights / len(splits), len(splits))
    curve = choose_curve(splits.ravel(), *stacked, critical)
    draws = _draws(sample, plan, critical_drawn, rng, given)
    factor = 1.0 if given is not None else _correction(draws)
    rate = float(sample.weights @ sample.outcome / sample.weights.sum())
    return TippingEstimate(
        scores=scores,
        splits=splits,
        curve=steepen(curve, factor, rate),
        correction=factor,
        p_value=p_value,
        draws=[draw._replace(curve=steepen(draw.curve, factor, draw.win_rate)) for draw in draws],
    )


def _splits(
    sample: Sample, plan: Plan, rng: np.random.Generator, given: Vector | None
) -> NDArray[np.float64]:
    recipe = plan.recipe
    if given is not None or recipe is None:
        return np.atleast_2d(np.asarray(given, dtype=np.float64))
    return cross_fits(sample, recipe, plan.folds, REPEATS, rng)


def _permutation_test(
    sample: Sample, plan: Plan, rng: np.random.Generator, score: Vector, given: Vector | None
) -> float:
    """One-sided p-value of the slope against outcomes dealt out at random, everything repeated.

    Cross-fitted slopes lean negative under chance, so their own permutations are the reference. The test
    stops as soon as `alpha` is out of reach, or where the first permutations leave no doubt.
    """
    observed = signed_root(score, sample.outcome, sample.weights)
    if observed <= 0.0:
        return 1.0
    recipe = None if given is not None else plan.recipe
    most = math.ceil(PERMUTATIONS_PER_ALPHA / plan.alpha) - 1
    reached, made = 0, 0
    while made < most and reached + 1 <= plan.alpha * (most + 1):
        batch = min(math.ceil(FIRST_LOOK_PER_ALPHA / plan.alpha), most - made)
        roots = replicate(
            lambda g: permuted_root(sample, recipe, plan.folds, g, score),
            batch,
            rng,
            what="testing against chance",
        )
        reached += int(np.sum(np.array(roots) >= observed - 1e-12))
        made += batch
        if reached == 0:
            break
    return (reached + 1) / (made + 1)


def _critical_ratios(
    sample: Sample, plan: Plan, score: Vector, rng: np.random.Generator, given: Vector | None
) -> tuple[float, float]:
    """Find the likelihood ratios a plateau must exceed, by parametric bootstrap under the logistic curve.

    One for the deals themselves, one for draws of them. A learned score is learned anew from simulated
    outcomes: pooling the scores of several models bends the curve, and twice the ratio is common then.
    """
    logistic = fit_logistic_curve(score, sample.outcome, sample.weights)
    if logistic.kind != LOGISTIC:
        return np.inf, np.inf
    if score.size > SIMULATED:
        # The reference hardly changes with the number of deals: some, spread evenly over the scores, will do.
        # Where scores are learned anew from these, they bend a little more than those of all deals.
        some = np.argsort(score, kind="stable")[:: math.ceil(score.size / SIMULATED)]
        score, sample = score[some], some_of(sample, some)
    chance = probability(logistic, score)
    ratios = replicate(
        lambda g: simulated_ratios(score, sample, chance, g),
        _in_proportion(SIMULATIONS, plan),
        rng,
        what="choosing the curve",
    )
    critical, critical_drawn = np.quantile(ratios, 1.0 - plan.alpha, axis=0)
    recipe = plan.recipe
    if given is not None or recipe is None:
        return float(critical), float(critical_drawn)

    def learned(g: np.random.Generator) -> float:
        return relearned_ratio(sample, recipe, plan.folds, chance, g)

    learned_ratios = replicate(learned, _in_proportion(RELEARNED, plan), rng, what="choosing the curve")
    learned_critical = float(np.quantile(learned_ratios, 1.0 - plan.alpha))
    # Draws repeat deals as well, which raises the ratio by as much again.
    repeated = max(1.0, float(critical_drawn) / max(float(critical), 0.1))
    learned_critical = max(float(critical), learned_critical)
    return learned_critical, learned_critical * repeated


def _in_proportion(times: int, plan: Plan) -> int:
    """Return how often to simulate: less with fewer replicates, yet as often as a level of alpha needs."""
    return min(times, max(times * plan.replicates // USUAL, math.ceil(1 / plan.alpha) - 1))


def _draws(
    sample: Sample, plan: Plan, critical: float, rng: np.random.Generator, given: Vector | None
) -> list[Replicate]:
    recipe = plan.recipe

    def one(g: np.random.Generator) -> Replicate:
        if given is None and recipe is not None:
            return bootstrap_procedure(sample, recipe, plan.folds, critical, g)
        return bootstrap_given(np.asarray(given), sample, critical, g)

    return replicate(one, plan.replicates, rng, what="resampling deals")


def _correction(draws: list[Replicate]) -> float:
    """How much steeper the final model's score is on unseen deals than cross-fitting shows.

    Each fold's model learned from fewer deals than the final one, and scores of several models are pooled. A
    draw shows by how much, on the deals outside it; what overfitting does is taken to be in proportion to
    one over the number of distinct deals.
    """
    pairs = np.array([(draw.fresh_slope, draw.cross_slope) for draw in draws])
    usable = np.all(np.isfinite(pairs) & (pairs > 1e-6), axis=1)
    if usable.sum() < 10:
        return 1.0
    steeper = np.median(pairs[usable, 0] / pairs[usable, 1])
    return float(np.clip(1.0 + DISTINCT * (steeper - 1.0), *CORRECTION))


def steepen(curve: Curve, factor: float, win_rate: float) -> Curve:
    """Multiply the slope, turning the curve about the score at which it gives the win rate."""
    if curve.slope <= 0 or factor == 1.0 or curve.kind not in (LOGISTIC, PLATEAU):
        return curve
    share = np.clip((win_rate - curve.floor) / (curve.ceiling - curve.floor), 1e-3, 1 - 1e-3)
    pivot = (float(logit(share)) - curve.intercept) / curve.slope
    slope = curve.slope * factor
    return curve._replace(slope=slope, intercept=curve.intercept + (curve.slope - slope) * pivot)


class Landmarks(NamedTuple):
    """What a curve says: midpoint, band edges, band width, slope, floor and ceiling."""

    midpoint: float
    low: float
    high: float
    width: float
    slope: float
    floor: float
    ceiling: float


PLACES = ("midpoint", "low", "high")


def landmarks(curve: Curve) -> Landmarks:
    """Midpoint and band of a curve; endless where it does not climb."""
    if curve.slope <= 0:
        return Landmarks(np.nan, -np.inf, np.inf, np.inf, curve.slope, curve.floor, curve.ceiling)
    low, high = band(curve)
    return Landmarks(
        -curve.intercept / curve.slope, low, high, high - low, curve.slope, curve.floor, curve.ceiling
    )


def intervals(estimate: TippingEstimate, level: float) -> dict[str, tuple[float, float]]:
    """Percentile intervals of the landmarks, centred on the estimate.

    Replicates hold fewer distinct deals, so their slopes lie lower; subtracting (for a width or slope:
    dividing by) the median of those with the same kind of curve takes that out and keeps the spread of all.
    Cross-fitted scores give the win rate of their own deals wherever those lie, so that places on the score
    hardly differ between replicates; how far off the final model of a replicate lies is added to them.
    """
    found = landmarks(estimate.curve)
    drawn = [landmarks(draw.curve) for draw in estimate.draws]
    same_kind = np.array([draw.curve.kind == estimate.curve.kind for draw in estimate.draws], dtype=np.bool_)
    limits = {}
    for name in Landmarks._fields:
        values = np.array([getattr(one, name) for one in drawn])
        if name in PLACES:
            values = values + np.array([draw.shift for draw in estimate.draws])
        alike = values[same_kind & ~np.isnan(values)]
        values = values[~np.isnan(values)]
        here = getattr(found, name)
        if alike.size == 0 or not np.isfinite(here):
            limits[name] = (np.nan, np.nan)
            continue
        middle = float(np.quantile(alike, 0.5, method="nearest"))
        low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2], method="nearest")
        if not np.isfinite(middle) or (name in ("width", "slope") and middle <= 0):
            # Most draws do not climb at all: nothing is known of where they would.
            limits[name] = (np.nan, np.nan)
        elif name in ("width", "slope"):
            limits[name] = (float(here * low / middle), float(here * high / middle))
        else:
            limits[name] = (float(here + low - middle), float(here + high - middle))
    for name in ("floor", "ceiling"):
        low, high = np.clip(limits[name], 0.0, 1.0)
        limits[name] = (float(low), float(high)) if estimate.curve.kind == PLATEAU else (np.nan, np.nan)
    return limits


def curve_interval(
    estimate: TippingEstimate, grid: Vector, level: float
) -> tuple[Vector, NDArray[np.float64]]:
    """Win probability along a grid of scores and its percentile interval, centred on the log-odds scale."""
    chance = probability(estimate.curve, grid)
    if not estimate.draws:
        return chance, np.full((2, grid.size), np.nan)
    drawn = _log_odds(np.array([probability(draw.curve, grid) for draw in estimate.draws]))
    low, middle, high = np.quantile(drawn, [(1 - level) / 2, 0.5, (1 + level) / 2], axis=0)
    here = _log_odds(chance)
    return chance, expit(np.array([here + low - middle, here + high - middle]))


def _log_odds(chance: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(logit(np.clip(chance, 1e-6, 1 - 1e-6)), dtype=np.float64)
