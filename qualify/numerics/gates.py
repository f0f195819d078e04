"""Answers that all but decide on their own: found on some deals, and judged on others."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv, expit

from qualify.numerics.blocks import Matrix, Vector
from qualify.numerics.procedures import Recipe, predict, train
from qualify.numerics.resampling import Sample, replicate, without_each_fold

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
        A deal without weight is left out, and others count once each.
    candidates : Candidates
        Those looked at: only these with at least `FEWEST` deals of `UNITS` accounts (where accounts are
        known), which does not hang on outcomes.
    level : float
        Of all limits together: each has an error of ``(1 − level) / m`` (Bonferroni), m those looked at.

    Returns
    -------
    ndarray, shape (K,)
        The one-sided exact limit ``B⁻¹(1 − α/m; won + 1, n − won)`` (Clopper & Pearson 1934), deals taken as
        independent, where it is below `SHARE` times the win rate of all deals.

    References
    ----------
    Clopper, C. J. & Pearson, E. S. (1934). The use of confidence or fiducial limits illustrated in the case
    of the binomial. Biometrika 26, 404-413.
    """
    used = weights > 0
    codes, won, unit = sample.items.codes[used], sample.outcome[used] > 0.5, sample.unit[used]
    size = int(candidates.number.max(initial=-1)) + 1
    tripped = [trips(codes, candidates, k) for k in range(size)]
    n = np.array([one.sum() for one in tripped], dtype=np.float64)
    wins = np.array([(one & won).sum() for one in tripped], dtype=np.float64)
    units = np.array([np.count_nonzero(np.bincount(unit[one])) for one in tripped])
    looked_at = (n >= FEWEST) & (units >= UNITS)
    upper = np.ones(size)
    some = looked_at & (wins < n)
    alpha = (1.0 - level) / max(int(looked_at.sum()), 1)
    upper[some] = betaincinv(wins[some] + 1.0, n[some] - wins[some], 1.0 - alpha)
    return np.where(upper < SHARE * won.mean(), upper, 1.0) if won.size else upper


def limit_each(codes: NDArray[np.int32], candidates: Candidates, limits: Vector) -> Vector:
    """Return the least limit of the gates that each deal trips, 1 where it trips none, (n,)."""
    least = np.ones(len(codes))
    for k in np.flatnonzero(limits < 1.0):
        tripped = trips(codes, candidates, int(k))
        least[tripped] = np.minimum(least[tripped], limits[k])
    return least


class HeldOut(NamedTuple):
    """What is foretold of deals by rules learned without them, points alone first.

    chance : (1 + R, n), win probabilities. stopped : (1 + R, n), whether the deal trips a gate.
    """

    chance: Matrix
    stopped: NDArray[np.bool_]


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
    shape = (1 + len(rules), sample.outcome.size)
    found = HeldOut(np.full(shape, rate), np.zeros(shape, dtype=np.bool_))
    for held, weights in without_each_fold(sample, folds, rng):
        codes = sample.items.codes[held]
        chance = expit(predict(codes, train(sample.items, sample.outcome, weights, recipe)))
        found.chance[:, held] = chance
        for r, candidates in enumerate(rules, start=1):
            limits = find_limits(sample, weights, candidates, level)
            limit = limit_each(codes, candidates, limits)
            found.chance[r, held] = np.minimum(chance, limit)
            found.stopped[r, held] = limit < 1.0
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
