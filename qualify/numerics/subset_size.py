"""How many characteristics are worth keeping, and what each one that is left out would have added.

Both are judged on deals that the models have not seen.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from qualify.numerics.blocks import Matrix, Vector
from qualify.numerics.metrics import log_losses, mean_with_error
from qualify.numerics.parallel import replicate
from qualify.numerics.procedures import Recipe, answer_effects, train
from qualify.numerics.resampling import (
    Sample,
    both_outcomes,
    cross_fits,
    some_of,
    without_each_fold,
)
from qualify.numerics.ridge import fit_ridge, flat_start, prepare_training

# Divisions, their folds, and deals that settle how many characteristics to keep.
DIVISIONS, FOLDS, ENOUGH = 5, 5, 20_000


class Sizes(NamedTuple):
    """What becomes of keeping at most one characteristic, two, and so on.

    chance : (K, R, n), win probabilities of deals by points that never saw them, R divisions into folds.
    kept : (K, C), the characteristics that all deals would keep.
    sample : the deals; at most about `ENOUGH`.
    """

    chance: NDArray[np.float64]
    kept: NDArray[np.bool_]
    sample: Sample

    @property
    def losses(self) -> Matrix:
        """Mean over divisions of every deal's log loss, (K, n)."""
        return log_losses(self.chance.swapaxes(0, 1), self.sample.outcome)


def try_sizes(sample: Sample, recipe: Recipe, rng: np.random.Generator) -> Sizes:
    """Repeat the way to points for every number of characteristics up to the recipe's, on the same folds.

    Parameters
    ----------
    sample : Sample
        The deals; of more than `ENOUGH`, that many are drawn.
    recipe : Recipe
        The way to points.
    rng : numpy.random.Generator
        Source of chance.

    Returns
    -------
    Sizes
        What became of each.
    """
    sample = thinned(sample, ENOUGH, rng)
    seed = int(rng.integers(2**32))
    chance, kept = [], []
    for most in range(1, min(recipe.most, sample.items.levels.size) + 1):
        one = recipe._replace(most=most)
        # The same seed deals out the same folds, so that sizes differ in nothing else.
        chance.append(expit(cross_fits(sample, one, FOLDS, DIVISIONS, np.random.default_rng(seed))))
        points = train(sample.items, sample.outcome, sample.weights, one).points
        kept.append(points.any(axis=1))
    return Sizes(np.array(chance), np.array(kept), sample)


def thinned(sample: Sample, enough: int, rng: np.random.Generator) -> Sample:
    """Return about so many of the deals, in their order, units kept whole; all where there are no more."""
    n = sample.outcome.size
    if n <= enough:
        return sample
    units = int(sample.unit.max()) + 1
    drawn = rng.random(units) < enough / n
    some = some_of(sample, np.flatnonzero(drawn[sample.unit]))
    return some if both_outcomes(some.outcome, some.weights) else sample


def smallest_size(losses: Matrix, unit: NDArray[np.int64], weights: Vector) -> int:
    """Row of the first size whose log loss is within one standard error of the best.

    The error is that of the difference to the best on the same deals, deals of one unit taken together (the
    rule of Breiman, Friedman, Olshen & Stone 1984, section 3.4.3, with a paired error).
    """
    best = int(np.average(losses, axis=1, weights=weights).argmin())
    for k in range(best):
        worse, error = mean_with_error(losses[k] - losses[best], unit, weights)
        if worse <= error:
            return k
    return best


def losses_added(sample: Sample, use: NDArray[np.bool_], fewest: float, rng: np.random.Generator) -> Matrix:
    """Log loss of unseen deals with the characteristics in use, and with each other one added, (1 + C, n).

    Parameters
    ----------
    sample : Sample
        The deals.
    use : ndarray of bool, shape (C,)
        The characteristics that are kept.
    fewest : float
        Answers with fewer deals are pooled.
    rng : numpy.random.Generator
        Source of chance.

    Returns
    -------
    ndarray
        Row 0 is that of the characteristics in use, as is the row of each of them: nothing is added.
    """
    log_odds = replicate(
        lambda generator: _added(sample, use, fewest, generator),
        DIVISIONS,
        rng,
        what="weighing what is left out",
    )
    return log_losses(expit(np.array(log_odds)), sample.outcome)


def _added(sample: Sample, use: NDArray[np.bool_], fewest: float, rng: np.random.Generator) -> Matrix:
    """Do so for one division, in log-odds."""
    rate = float(sample.weights @ sample.outcome / sample.weights.sum())
    log_odds = np.full((1 + use.size, sample.outcome.size), np.log(rate / (1.0 - rate)))
    for held, weights in without_each_fold(sample, FOLDS, rng):
        log_odds[:, held] = _with_each(sample, use, fewest, weights, sample.items.codes[held])
    return log_odds


def _with_each(
    sample: Sample, use: NDArray[np.bool_], fewest: float, weights: Vector, codes: NDArray[np.int32]
) -> Matrix:
    """Log-odds of deals with these answers, by ridge fits to the deals with weight, (1 + C, held)."""
    training = prepare_training(sample.items, sample.outcome, weights, fewest)
    fit = fit_ridge(training, use, np.nan, np.inf, flat_start(training))
    found = np.empty((1 + use.size, len(codes)))
    for row in range(1 + use.size):
        one = fit
        if row and not use[row - 1]:
            more = use | (np.arange(use.size) == row - 1)
            one = fit_ridge(training, more, fit.strength, np.inf, fit.beta)
        effects = answer_effects(training.coding, one.beta)
        found[row] = one.beta[0] + effects[np.arange(use.size), codes].sum(axis=1)
    return found
