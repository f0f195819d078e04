"""What `refine_criteria` hands out, learned anew in each fold: points, and win probabilities along them."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

import qualify as ql
from benchmarks.scorecards.data import Case
from qualify.criteria.refine import Refined, refine
from qualify.deals.resampling_units import sample_of
from qualify.deals.score_bins import scales_of, whole_items, whole_sample
from qualify.numerics.curves import Curve, fit_logistic_curve, probability
from qualify.numerics.procedures import Recipe, Trained, points_recipe, predict, train
from qualify.numerics.resampling import Sample

# Draws behind the correction of the probabilities' slope; `refine_criteria` makes 200 for its intervals.
REPLICATES = 50
SEED = 1

Vector = NDArray[np.float64]


def work_off(case: Case, division: int, method: str, most: int) -> dict[str, Any]:
    """Score every deal by points (or the win model) that never saw it, as `held_out.work_off` does.

    Besides what that returns: chance, the win probability; and of each fold whether points would have been
    handed out at all, and the seconds of the whole way to criteria, intervals and tests included.
    """
    learn = {"points": points, "points alone": points_alone, "win model": win_model}[method]
    fold = case.folds[division]
    log_odds, chance, rows = np.zeros(fold.size), np.zeros(fold.size), []
    for k in range(fold.max() + 1):
        held = fold == k
        log_odds[held], chance[held], row = learn(case.deals, held, most)
        rows.append(row)
    each = {name: [row[name] for row in rows] for name in rows[0]}
    return {"log_odds": log_odds.tolist(), "chance": chance.tolist(), **each}


def points(deals: ql.Deals, held: NDArray[np.bool_], most: int) -> tuple[Vector, Vector, dict[str, Any]]:
    """Log-odds along the score and win probabilities of the deals held back, and what there is to tell."""
    known, unseen = deals.subset(~held), deals.subset(held)
    start = time.process_time()
    refined = refine(
        known,
        points_recipe(known.survey.min_answers, most),
        fewer=False,
        replicates=REPLICATES,
        level=0.95,
        rng=np.random.default_rng(SEED),
    )
    whole = time.process_time() - start
    sample = refined.sample
    start = time.process_time()
    trained = train(sample.items, sample.outcome, sample.weights, refined.recipe)
    row = {
        "questions": _asked(trained),
        "seconds": time.process_time() - start,
        "whole_seconds": whole,
        "handed_out": bool(refined.trained.points.any()),
    }
    codes = np.ascontiguousarray(whole_items(unseen.answers, unseen.survey, refined.scales).codes)
    log_odds = predict(codes, trained)
    return log_odds, probability(_curve(refined), log_odds), row


def _curve(refined: Refined) -> Curve:
    """The curve that gives win probabilities, or where points are withheld, the one that would have."""
    if refined.trained.points.any():
        return refined.estimate.curve
    sample, splits = refined.sample, refined.estimate.splits
    times = len(splits)
    curve = fit_logistic_curve(splits.ravel(), np.tile(sample.outcome, times), np.tile(sample.weights, times))
    # A score that does worse than chance on unseen deals tells nothing.
    flat = fit_logistic_curve(np.zeros_like(sample.outcome), sample.outcome, sample.weights)
    return curve if curve.slope > 0 else flat


def points_alone(
    deals: ql.Deals, held: NDArray[np.bool_], most: int
) -> tuple[Vector, Vector, dict[str, Any]]:
    """The points without what `refine_criteria` finds out about them; probabilities by their own line."""
    sample, _ = whole_sample(deals, scales_of(deals))
    return _trained(sample, held, points_recipe(float(deals.survey.min_answers), most))


def win_model(deals: ql.Deals, held: NDArray[np.bool_], most: int) -> tuple[Vector, Vector, dict[str, Any]]:
    """The same of all questions, without whole numbers: what a card is measured against."""
    sample, _ = sample_of(deals)
    return _trained(sample, held, Recipe(float(deals.survey.min_answers), False, 0, 0))


def _trained(
    sample: Sample, held: NDArray[np.bool_], recipe: Recipe
) -> tuple[Vector, Vector, dict[str, Any]]:
    start = time.process_time()
    trained = train(sample.items, sample.outcome, np.where(held, 0.0, sample.weights), recipe)
    seconds = time.process_time() - start
    log_odds = predict(sample.items.codes, trained)[held]
    row = {"questions": _asked(trained), "seconds": seconds, "whole_seconds": seconds, "handed_out": True}
    return log_odds, expit(log_odds), row


def _asked(trained: Trained) -> int:
    return int(np.any(np.abs(trained.effects - trained.effects[:, :1]) > 1e-12, axis=1).sum())
