"""From closed deals to whole-number points, and the tipping estimate on the scale of those points."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qualify.deals import Deals
from qualify.deals.resampling_units import FOLDS
from qualify.deals.score_bins import Scale, scales_of, whole_sample
from qualify.numerics.coding import count_answers, settle_unseen
from qualify.numerics.curves import FLAT, Curve
from qualify.numerics.procedures import Recipe, Trained, train
from qualify.numerics.resampling import Sample
from qualify.numerics.subset_size import Sizes, smallest_size, try_sizes
from qualify.numerics.tipping import Plan, TippingEstimate, estimate_tipping
from qualify.tipping.verdict import Limits

# With more deals, one move of points at a time comes as near to the best as any decision needs.
SEARCHED = 20_000


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Refined:
    """Points learned from deals.

    Attributes
    ----------
    trained : Trained
        The points; all zero where they do no better than chance on deals they have not seen.
    estimate : TippingEstimate
        In log-odds, from points that never saw the deal.
    in_points : TippingEstimate
        The same on the scale of the points.
    sample : Sample
        The deals, every score read on its scale.
    recipe : Recipe
        The way from them to points.
    sizes : Sizes
        What became of keeping fewer characteristics, and more.
    scales : dict
        The scale of each score.
    grouping : str
        What was kept together in folds.
    """

    trained: Trained
    estimate: TippingEstimate
    in_points: TippingEstimate
    sample: Sample
    recipe: Recipe
    sizes: Sizes
    scales: dict[str, Scale]
    grouping: str


def refine(
    deals: Deals, recipe: Recipe, *, fewer: bool, replicates: int, level: float, rng: np.random.Generator
) -> Refined:
    """Learn points from all deals, and judge them on deals they have not seen.

    Parameters
    ----------
    deals : Deals
        Closed deals read against their survey.
    recipe : Recipe
        The way to points.
    fewer : bool
        Whether to keep as few characteristics as come within one standard error of the best number.
    replicates : int
        Bootstrap draws of the whole procedure.
    level : float
        Of the intervals.
    rng : numpy.random.Generator
        Source of chance.

    Returns
    -------
    Refined
        Points and estimate.
    """
    scales = scales_of(deals)
    sample, grouping = whole_sample(deals, scales)
    alpha = Limits().alpha
    sizes = try_sizes(sample, recipe, rng)
    if fewer:
        tried = sizes.sample
        recipe = recipe._replace(most=1 + smallest_size(sizes.losses, tried.unit, tried.weights))
    # What is handed out is worth a longer search; resamples make do with a shorter one.
    thorough = recipe._replace(thorough=deals.n <= SEARCHED)
    trained = train(sample.items, sample.outcome, sample.weights, thorough)
    trained = from_zero(_with_unseen(trained, sample, recipe.fewest), sample.items.levels)
    estimate = estimate_tipping(sample, Plan(recipe, FOLDS, replicates, level, alpha), rng)
    rises = estimate.p_value <= alpha and min(estimate.curve.slope, trained.slope) > 0
    if not rises or not trained.points.any():
        # Points that do no better than chance on unseen deals are not handed out.
        trained = trained._replace(points=np.zeros_like(trained.points), slope=0.0)
        in_points = _no_points(estimate, alpha)
    else:
        in_points = _in_points(estimate, trained)
    return Refined(
        trained=trained,
        estimate=estimate,
        in_points=in_points,
        sample=sample,
        recipe=recipe,
        sizes=sizes,
        scales=scales,
        grouping=grouping,
    )


def _with_unseen(trained: Trained, sample: Sample, fewest: float) -> Trained:
    """Give answers that (nearly) no deal gave the points of an average known answer, as whole numbers."""
    counts = count_answers(sample.items, sample.weights)
    points = settle_unseen(trained.points.astype(np.float64), sample.items, counts, fewest)
    return trained._replace(points=np.floor(points + 0.5).astype(trained.points.dtype))


def from_zero(trained: Trained, levels: NDArray[np.int32]) -> Trained:
    """Shift points so that the least of each characteristic is 0; the intercept takes the difference.

    Parameters
    ----------
    trained : Trained
        With whole-number points.
    levels : ndarray
        How many known answers each characteristic has.

    Returns
    -------
    Trained
        Of the same log-odds.
    """
    answers = np.arange(trained.points.shape[1]) <= levels[:, None]
    # Characteristics with fewer answers leave the rest of their row empty.
    least = np.where(answers, trained.points, trained.points.max(initial=0)).min(axis=1, keepdims=True)
    points = np.where(answers, trained.points - least, 0)
    intercept = trained.intercept + trained.slope * float(least.sum())
    return trained._replace(points=points, effects=trained.slope * points, intercept=intercept)


def _no_points(estimate: TippingEstimate, alpha: float) -> TippingEstimate:
    """Every deal at 0 points, its chance the win rate."""
    chance = estimate.curve._replace(kind=FLAT, slope=0.0)
    found_something = estimate.p_value <= alpha
    return TippingEstimate(
        scores=np.zeros_like(estimate.scores),
        # The reason given is chance, unless it is that no characteristic earned its place.
        splits=np.zeros_like(estimate.splits) if found_something else estimate.splits,
        curve=chance,
        correction=1.0,
        p_value=estimate.p_value,
        draws=[],
    )


def _in_points(estimate: TippingEstimate, trained: Trained) -> TippingEstimate:
    """Express an estimate on the log-odds scale in points of the final criteria."""

    def points(log_odds: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray((log_odds - trained.intercept) / trained.slope, dtype=np.float64)

    def turned(curve: Curve) -> Curve:
        return curve._replace(
            intercept=curve.intercept + curve.slope * trained.intercept, slope=curve.slope * trained.slope
        )

    return TippingEstimate(
        scores=points(estimate.scores),
        splits=points(estimate.splits),
        curve=turned(estimate.curve),
        correction=estimate.correction,
        p_value=estimate.p_value,
        draws=[
            draw._replace(curve=turned(draw.curve), shift=draw.shift / trained.slope)
            for draw in estimate.draws
        ],
    )
