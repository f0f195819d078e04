"""Later quarters foretold from earlier ones, as a model is used."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from qualify.deals import Deals
from qualify.deals.resampling_units import FOLDS
from qualify.numerics.blocks import Vector
from qualify.numerics.parallel import replicate
from qualify.numerics.performance import MEASURES, measure
from qualify.numerics.procedures import Recipe
from qualify.numerics.resampling import Sample, draw_units
from qualify.numerics.validation import AUC, forward_scores, limits, measure_splits, move_scores, spread

ALL_LATER = "all later quarters"
COLUMNS = ["period", "learned_from", "n", "won", "metric", "estimate", "ci_low", "ci_high"]


class Forecast(NamedTuple):
    """How later deals are foretold: deals as a sample, the procedure, draws, level and source of chance."""

    sample: Sample
    recipe: Recipe
    replicates: int
    level: float
    rng: np.random.Generator


def temporal_table(deals: Deals, how: Forecast) -> tuple[pd.DataFrame, str]:
    """Measure the predictions of later quarters, each from all deals closed before.

    Parameters
    ----------
    deals : Deals
        Closed deals, in the order of the sample.
    how : Forecast
        The sample and what is done with it.

    Returns
    -------
    DataFrame
        period, learned_from, n, won, metric, estimate, ci_low, ci_high: a row per period and measure; where
        there are several periods, all of them together come last. Their AUC compares deals of the same period
        only, since each period has a model of its own: the mean of the AUCs of periods, weighted by pairs of
        a won and a lost deal. Their `learned_from` is that of the first period.
    str
        Why there are none, in words; empty where there are some.
    """
    period, labels, why = later_periods(deals)
    score = forward_scores(how.sample, how.recipe, period)
    tests = [(label, period == number, period < number) for number, label in enumerate(labels, start=1)]
    if len(tests) > 1:
        tests.append((ALL_LATER, period > 0, period < 1))
    rows = []
    for label, tested, before in tests:
        size = (label, int(((period >= 0) & before).sum()), int(tested.sum()))
        rows += [(*size, *found) for found in _measured(how, np.where(tested, period, 0), score)]
    texts = ("period", "metric")
    kinds = {name: "str" if name in texts else "float64" for name in COLUMNS}
    kinds |= dict.fromkeys(("learned_from", "n", "won"), "int64")
    return pd.DataFrame(rows, columns=COLUMNS).astype(kinds), why


def _measured(how: Forecast, period: NDArray[np.int64], score: Vector) -> list[tuple[object, ...]]:
    """Won deals, measure, estimate and limits of the deals of periods above 0 under given scores."""
    items, outcome, weights, group, unit = how.sample
    tested = period > 0
    sample = Sample(
        items=items._replace(codes=items.codes[tested]),
        outcome=outcome[tested],
        weights=weights[tested],
        group=group[tested],
        unit=np.unique(unit[tested], return_inverse=True)[1].astype(np.int64),
    )
    period, score = period[tested], score[tested]
    moved, _ = move_scores(score[None], sample, np.empty(0), how.replicates, how.rng)
    won = int(sample.outcome.sum())
    found = measure_splits(score[None], sample)[0, : len(MEASURES)]
    if np.unique(period).size > 1:
        found[AUC] = within_periods(score, sample.outcome, sample.weights, period)

        def one(generator: np.random.Generator) -> float:
            return within_periods(score, sample.outcome, draw_units(sample, generator), period)

        moved[:, AUC] = replicate(one, how.replicates, how.rng, what="drawing deals")
    low, high = limits(found, spread(moved), min(won, int(tested.sum()) - won), how.level)
    return [(won, *row) for row in zip(MEASURES, found, low, high, strict=True)]


def within_periods(score: Vector, outcome: Vector, weights: Vector, period: NDArray[np.int64]) -> float:
    """AUC of pairs of deals of the same period, each pair with the product of its weights.

    Parameters
    ----------
    score, outcome, weights : ndarray, shape (n,)
        Log-odds, 1 for won, and how often each deal counts.
    period : ndarray of int, shape (n,)
        Period of each deal.

    Returns
    -------
    float
        In [0, 1]; NaN where no period holds won and lost deals.
    """
    total, pairs = 0.0, 0.0
    for number in np.unique(period):
        inside = period == number
        won = float(weights[inside] @ outcome[inside])
        both = won * (float(weights[inside].sum()) - won)
        if both > 0:
            total += both * measure(score[inside], outcome[inside], weights[inside])[AUC]
            pairs += both
    return total / pairs if pairs else np.nan


def later_periods(deals: Deals) -> tuple[NDArray[np.int64], list[str], str]:
    """Part deals by quarter of closing: what is learned from first, then the periods to be foretold.

    Parameters
    ----------
    deals : Deals
        Closed deals.

    Returns
    -------
    ndarray
        Period of each deal: 0 the quarters with the first half of the deals, then 1, 2, … later quarters,
        joined until each holds ten won and ten lost deals; −1 without a date, or where there is no later one.
    list of str
        Names of the periods from 1 on.
    str
        Why there are none, in words; empty where there are some.
    """
    nobody = np.full(deals.n, -1, dtype=np.int64)
    if "close_date" not in deals.closed or deals.closed["close_date"].isna().all():
        return nobody, [], "No close dates are known, so nothing can be said of later quarters."
    quarter = deals.closed["close_date"].dt.to_period("Q")
    counts = pd.crosstab(quarter, deals.won.to_numpy()).reindex(columns=[False, True], fill_value=0)
    blocks = _blocks(counts)
    if len(blocks) < 2:
        few = f"Too few quarters hold {FOLDS} won and {FOLDS} lost deals for later ones to be foretold."
        return nobody, [], few
    for number, names in enumerate(blocks):
        nobody[quarter.isin(names).to_numpy()] = number
    labels = [str(names[0]) if len(names) == 1 else f"{names[0]} to {names[-1]}" for names in blocks[1:]]
    return nobody, labels, ""


def _blocks(counts: pd.DataFrame) -> list[list[pd.Period]]:
    """Join quarters in sequence: first half of the deals, then blocks of ten won and ten lost at least."""
    blocks: list[list[pd.Period]] = [[]]
    held, needed = np.zeros(2), counts.to_numpy().sum() / 2
    for quarter, lost_won in zip(counts.index, counts.to_numpy(), strict=True):
        if held.min() >= FOLDS and held.sum() >= needed:
            blocks.append([])
            held, needed = np.zeros(2), 0
        blocks[-1].append(quarter)
        held = held + lost_won
    if len(blocks) > 1 and held.min() < FOLDS:
        last = blocks.pop()
        blocks[-1] += last
    return blocks
