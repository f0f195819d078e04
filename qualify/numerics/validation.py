"""How a procedure fares on deals it has not seen: the optimism bootstrap and repeated cross-validation."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from qualify.numerics.blocks import Matrix, Vector
from qualify.numerics.calibration import calibration_curve
from qualify.numerics.metrics import auc_limits
from qualify.numerics.parallel import replicate, replicate_together, together
from qualify.numerics.performance import MEASURES, SLOPE_ERROR, measure_each, measure_pairs
from qualify.numerics.procedures import Near, Recipe, fit_of_all, predict, predict_each, train
from qualify.numerics.resampling import Sample, both_outcomes, draw_units

AUC, BRIER, SCALED_BRIER, LOG_LOSS, INTERCEPT, SLOPE, ICI = range(7)
# A slope of log-odds so alike that its standard error would be above this says nothing.
VAGUE = 1.0


class Judged(NamedTuple):
    """What is known of a procedure, a column per measure of `MEASURES`.

    apparent : on the deals it learned from.
    optimism : mean of what a bootstrap draw's model does on its draw, less on all deals.
    failed : draws in which a measure did not exist.
    crossed : mean over divisions into folds, each deal scored by models that never saw its group.
    error, corrected_error : standard errors of `crossed`, and of `apparent` less `optimism`.
    """

    apparent: Vector
    optimism: Vector
    failed: NDArray[np.int64]
    crossed: Vector
    error: Vector
    corrected_error: Vector

    @property
    def corrected(self) -> Vector:
        """What the deals it learned from show, less the optimism."""
        return self.apparent - self.optimism


def fit_and_measure(sample: Sample, recipe: Recipe, weights: Matrix) -> Matrix:
    """Train on the first row of weights and measure that model under each row, (k, 9)."""
    trained = train(sample.items, sample.outcome, weights[0], recipe)
    return measure_each(predict(sample.items.codes, trained), sample.outcome, weights)


def bootstrap_optimism(sample: Sample, recipe: Recipe, times: int, rng: np.random.Generator) -> Matrix:
    """Measures of models trained on bootstrap draws, under the draw and under all deals, (B, 2, 9).

    The whole procedure is repeated in every draw. The mean of the first less the second is the optimism
    (Efron 1983; Harrell, Lee & Mark 1996).
    """
    near = fit_of_all(sample.items, sample.outcome, sample.weights, recipe)
    # The search for whole-number points takes long.
    size = 1 if recipe.integer else together(times, sample.outcome.size)

    def some(generators: list[np.random.Generator]) -> Matrix:
        weights = np.stack([draw_units(sample, generator) for generator in generators])
        return measure_draws(sample, recipe, near, weights)

    return np.concatenate(replicate_together(some, times, rng, size=size, what="validating"))


def measure_draws(sample: Sample, recipe: Recipe, near: Near, weights: Matrix) -> Matrix:
    """Train on each row of weights, and measure each model under that and under those of all deals."""
    items, outcome = sample.items, sample.outcome
    if recipe.integer:
        log_odds = np.stack([predict(items.codes, train(items, outcome, row, recipe)) for row in weights])
    else:
        log_odds = predict_each(items, outcome, weights, recipe.fewest, float(recipe.strength), near)
    return measure_pairs(log_odds, sample.outcome, weights, sample.weights, np.argsort(log_odds, axis=1))


def measure_splits(splits: Matrix, sample: Sample) -> Matrix:
    """Measures of each row of scores on the deals as they are, (R, 9)."""
    return np.stack([measure_each(score, sample.outcome, sample.weights[None])[0] for score in splits])


def move_scores(
    splits: Matrix, sample: Sample, grid: Vector, times: int, rng: np.random.Generator
) -> tuple[Matrix, Matrix]:
    """How far measures and calibration curve of given scores move when deals are drawn anew, (B, 7), (B, G).

    Each draw takes one row of scores, and counts from what that row gives on the deals as they are.
    """

    def both(score: Vector, weights: Vector) -> Vector:
        curve = calibration_curve(score, sample.outcome, weights, grid)
        found = measure_each(score, sample.outcome, weights[None])[0, : len(MEASURES)]
        return np.concatenate([found, curve])

    still = [both(score, sample.weights) for score in splits]

    def one(generator: np.random.Generator) -> Vector:
        row = int(generator.integers(len(still)))
        return both(splits[row], draw_units(sample, generator)) - still[row]

    moved = np.stack(replicate(one, times, rng, what="drawing deals"))
    return moved[:, : len(MEASURES)], moved[:, len(MEASURES) :]


def forward_scores(sample: Sample, recipe: Recipe, period: NDArray[np.int64]) -> Vector:
    """Log-odds of the deals of each period above 0 from all deals of earlier ones; NaN for all others, (n,).

    Deals of a period below 0 play no part.
    """
    score = np.full(period.size, np.nan)
    for later in range(1, int(period.max(initial=0)) + 1):
        weights = np.where((period >= 0) & (period < later), sample.weights, 0.0)
        if both_outcomes(sample.outcome, weights):
            trained = train(sample.items, sample.outcome, weights, recipe)
            score[period == later] = predict(sample.items.codes[period == later], trained)
    return score


def judge(apparent: Vector, draws: Matrix, splits: Matrix, moved: Matrix) -> Judged:
    """Put the measures of the model, of bootstrap draws, and of cross-fitted scores together.

    Parameters
    ----------
    apparent : ndarray, shape (9,)
        Of the model on its own deals.
    draws : ndarray, shape (B, 2, 9)
        From `bootstrap_optimism`.
    splits : ndarray, shape (R, 9)
        From `measure_splits` of cross-fitted scores.
    moved : ndarray, shape (B, 7)
        From `move_scores` of them.

    Notes
    -----
    Into the error go how far a measure moves when deals are drawn anew, and how much it differs between
    models: those of the bootstrap draws, but those of the divisions for intercept and slope, whose own
    variation the estimate follows. Two estimates of one figure that lie apart tell of bias: their distance
    goes into the error of the corrected one.
    """
    apparent, draws, splits = (_without_vague_slopes(found) for found in (apparent, draws, splits))
    gain = draws[:, 0] - draws[:, 1]
    between = spread(draws[:, 1])
    between[[INTERCEPT, SLOPE]] = spread(splits)[[INTERCEPT, SLOPE]]
    error = np.hypot(spread(moved), between)
    optimism, crossed = finite_mean(gain), finite_mean(splits)
    return Judged(
        apparent=apparent,
        optimism=optimism,
        failed=np.sum(~np.isfinite(gain), axis=0),
        crossed=crossed,
        error=error,
        corrected_error=np.hypot(error, apparent - optimism - crossed),
    )


def limits(
    value: Vector, error: Vector, rarer: float, level: float, *, around: Vector | None = None
) -> Matrix:
    """Interval of each measure, ``value ± z · error`` within what the measure can be, (2, 7).

    The AUC's is taken on the log-odds scale; `rarer`, the deals of the rarer outcome, bounds that of a
    perfect one. `around` holds the values that the errors belong to, where those are others than `value`.
    """
    half = float(norm.ppf(0.5 + level / 2)) * error
    ends = np.stack([value - half, value + half])
    ends[:, [BRIER, LOG_LOSS, ICI]] = np.maximum(ends[:, [BRIER, LOG_LOSS, ICI]], 0.0)
    ends[1, SCALED_BRIER] = min(ends[1, SCALED_BRIER], 1.0)
    there = value if around is None else around
    ends[:, AUC] = _auc_ends(float(value[AUC]), float(error[AUC]), float(there[AUC]), rarer, level)
    return ends


def _auc_ends(value: float, error: float, around: float, rarer: float, level: float) -> tuple[float, float]:
    if error == 0.0 and 0.0 < value < 1.0:
        # Scores all alike: one half whatever the deals, which says nothing.
        return np.nan, np.nan
    if not (0.0 < around < 1.0 and error > value * (1.0 - value)):
        found = auc_limits(value, error, rarer, level=level)
        return found.low, found.high
    # Next to 1 the log-odds stretch such an error over nearly everything: the interval of a share of as many
    # deals as would give it (Wilson 1927).
    share, z2 = min(max(value, 0.0), 1.0), float(norm.ppf(0.5 + level / 2)) ** 2
    deals = around * (1.0 - around) / error**2
    middle = (share + z2 / (2 * deals)) / (1 + z2 / deals)
    half = np.sqrt(z2 * (share * (1 - share) / deals + z2 / (4 * deals**2))) / (1 + z2 / deals)
    return max(0.0, middle - half), min(1.0, middle + half)


def finite_mean(values: Matrix) -> Vector:
    """Mean over rows of what is finite; NaN where nothing is."""
    there = np.isfinite(values)
    count = there.sum(axis=0)
    return np.where(count > 0, np.where(there, values, 0.0).sum(axis=0) / np.maximum(count, 1), np.nan)


def spread(values: Matrix) -> Vector:
    """Return the standard deviation over rows of what is finite; NaN for fewer than two."""
    there = np.isfinite(values)
    away = np.where(there, values - finite_mean(values), 0.0)
    count = there.sum(axis=0)
    return np.where(count > 1, np.sqrt((away**2).sum(axis=0) / np.maximum(count - 1, 1)), np.nan)


def _without_vague_slopes(found: Matrix) -> Matrix:
    """Keep the measures proper, slopes NaN where the log-odds are too much alike to have one."""
    kept = found[..., : len(MEASURES)].copy()
    kept[..., SLOPE] = np.where(found[..., SLOPE_ERROR] <= VAGUE, kept[..., SLOPE], np.nan)
    return kept
