"""Answers that all but decide on their own: found on some deals, and judged on others."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from qualify.numerics.blocks import Matrix, Vector
from qualify.numerics.parallel import replicate
from qualify.numerics.procedures import Recipe, predict, train
from qualify.numerics.rates import effective_numbers, highest_rate, weighted_rate
from qualify.numerics.resampling import Sample, without_each_fold

# A gate has at least so many deals, and a win rate surely below this share of that of all deals.
FEWEST, SHARE = 30, 0.5
# Deals of fewer accounts than this might all be lost for one reason.
UNITS = 5
# Divisions into folds by which rules are compared.
REPEATS = 10


class Candidates(NamedTuple):
    """What may turn out to be a gate.

    characteristic, answer : (P,), positions of an answer.
    number : (P,), from 0 and ascending, which candidate the answer belongs to; a deal trips a candidate that
        gives any of its answers.
    """

    characteristic: NDArray[np.int64]
    answer: NDArray[np.int64]
    number: NDArray[np.int64]


def trips(codes: NDArray[np.int32], candidates: Candidates, number: int) -> NDArray[np.bool_]:
    """Whether each deal trips one candidate, (n,)."""
    found = np.zeros(len(codes), dtype=np.bool_)
    for at in np.flatnonzero(candidates.number == number):
        found |= codes[:, candidates.characteristic[at]] == candidates.answer[at]
    return found


def find_limits(sample: Sample, weights: Vector, candidates: Candidates, level: float) -> Vector:
    """Upper limit of the win rate behind each candidate that is a gate; 1 for one that is none.

    Parameters
    ----------
    sample : Sample
        The deals.
    weights : ndarray, shape (n,)
        How often each deal counts; one without weight is left out.
    candidates : Candidates
        Those looked at: only these with at least `FEWEST` deals of `UNITS` accounts (where accounts are
        known), which does not hang on outcomes.
    level : float
        Of all limits together: each has an error of ``(1 − level) / m`` (Bonferroni), m those looked at.

    Returns
    -------
    ndarray, shape (K,)
        The one-sided limit of the weighted win rate at the effective number of deals (Korn & Graubard 1998;
        exact for deals of equal weight from accounts of their own), where it is below `SHARE` times the
        weighted win rate of all deals.
    """
    used = weights > 0
    codes = sample.items.codes[used]
    left = sample._replace(outcome=sample.outcome[used], weights=weights[used], unit=sample.unit[used])
    size = int(candidates.number.max(initial=-1)) + 1
    tripped = [trips(codes, candidates, k) for k in range(size)]
    looked_at = [k for k in range(size) if _enough(tripped[k], left.unit)]
    numbers = effective_numbers(left, [tripped[k] for k in looked_at])
    upper, base = np.ones(size), weighted_rate(left, np.ones(len(codes), dtype=np.bool_))
    for k, n in zip(looked_at, numbers, strict=True):
        most = highest_rate(weighted_rate(left, tripped[k]), n, (1.0 - level) / len(looked_at))
        upper[k] = most if most < SHARE * base else 1.0
    return upper


def _enough(tripped: NDArray[np.bool_], unit: NDArray[np.int64]) -> bool:
    """Whether there are deals and units enough to look at."""
    units = int(np.count_nonzero(np.bincount(unit[tripped])))
    return int(tripped.sum()) >= FEWEST and units >= UNITS


def limit_each(codes: NDArray[np.int32], candidates: Candidates, limits: Vector) -> Vector:
    """Return the least limit of the gates that each deal trips, 1 where it trips none, (n,)."""
    least = np.ones(len(codes))
    for k in np.flatnonzero(limits < 1.0):
        tripped = trips(codes, candidates, int(k))
        least[tripped] = np.minimum(least[tripped], limits[k])
    return least


class HeldOut(NamedTuple):
    """What is foretold of deals by points and rules learned without them.

    log_odds : (n,), by points alone. limit : (R, n), least limit of the gates of each rule that the deal
        trips; 1 where it trips none.
    """

    log_odds: Vector
    limit: Matrix

    @property
    def chance(self) -> Matrix:
        """Win probabilities by points alone, then under each rule, (1 + R, n)."""
        alone = expit(self.log_odds)
        return np.vstack([alone, np.minimum(alone, self.limit)])

    @property
    def stopped(self) -> NDArray[np.bool_]:
        """Whether each deal trips a gate: of points alone never, then of each rule, (1 + R, n)."""
        return np.vstack([np.zeros_like(self.log_odds, dtype=np.bool_), self.limit < 1.0])


def held_out(
    sample: Sample,
    recipe: Recipe,
    rules: list[Candidates],
    folds: int,
    rng: np.random.Generator,
    level: float,
) -> HeldOut:
    """Foretell every deal by points, and by points under each rule, all learned without its fold."""
    rate = float(sample.weights @ sample.outcome / sample.weights.sum())
    n = sample.outcome.size
    found = HeldOut(np.full(n, np.log(rate / (1.0 - rate))), np.ones((len(rules), n)))
    for held, weights in without_each_fold(sample, folds, rng):
        codes = sample.items.codes[held]
        found.log_odds[held] = predict(codes, train(sample.items, sample.outcome, weights, recipe))
        for r, candidates in enumerate(rules):
            limits = find_limits(sample, weights, candidates, level)
            found.limit[r, held] = limit_each(codes, candidates, limits)
    return found


def compare(
    sample: Sample,
    recipe: Recipe,
    rules: list[Candidates],
    folds: int,
    rng: np.random.Generator,
    level: float,
) -> list[HeldOut]:
    """Do so over ten divisions into folds."""

    def one(generator: np.random.Generator) -> HeldOut:
        return held_out(sample, recipe, rules, folds, generator, level)

    return replicate(one, REPEATS, rng, what="comparing rules")
