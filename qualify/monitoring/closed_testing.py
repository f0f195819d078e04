"""The closed test of criteria in use on new deals, and how updates fare on deals they have not seen."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.special import chdtrc, expit
from scipy.stats import norm

from qualify.deals.resampling_units import FOLDS
from qualify.monitoring.held_deals import HeldDeals
from qualify.monitoring.rebuilding import Rebuild
from qualify.numerics.blocks import Matrix, Vector
from qualify.numerics.metrics import log_losses, paired_difference
from qualify.numerics.parallel import replicate
from qualify.numerics.resampling import Sample, without_each_fold
from qualify.numerics.updating import (
    VERDICTS,
    Line,
    Moves,
    Units,
    closed_test,
    exceeded,
    ladder,
    likeness_within,
    moves,
    ratios,
    recalibrate_line,
    reference,
)

STEP_NAMES = (
    "revision against the criteria in use",
    "revision against a new intercept",
    "revision against a new intercept and slope",
    "new intercept against the criteria in use",
)
TEST_COLUMNS = ["test", "chi2", "df", "p_value", "p_plain", "decides"]
COMPARISON_COLUMNS = [
    "update",
    "log_loss",
    "worse_by",
    "worse_low",
    "worse_high",
    "deals_to_be_sure",
    "chosen",
]
# Divisions into folds over which updates are compared.
DIVISIONS = 10
# The chance of being sure that "deals to be sure" is for.
POWER = 0.8


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ClosedTest:
    """What the closed test says.

    Attributes
    ----------
    verdict : str
        keep, shift, rescale or rebuild.
    table : DataFrame
        `Recalibration.tests`.
    asked : Moves
        The new intercept, and the new intercept and slope, that the new deals ask for.
    unchanged : ndarray, shape (B, n)
        Simulated outcomes of the deals with nothing changed.
    likeness : float
        How alike outcomes of one account are.
    falling : bool
        Whether neither the criteria nor a shift of them will do, and higher scores go with fewer wins: no
        intercept and slope can mend that, so the verdict is rebuild whatever the third step says.
    """

    verdict: str
    table: pd.DataFrame
    asked: Moves
    unchanged: Matrix
    likeness: float
    falling: bool


class Compared(NamedTuple):
    """How updates fare on deals they have not seen.

    table : `Recalibration.comparison`, nothing chosen yet.
    chance, losses : (4, n), win probabilities by each update, from deals without the deal's fold, and their
        log losses; means over ten divisions.
    """

    table: pd.DataFrame
    chance: Matrix
    losses: Matrix


def run_closed_test(held: HeldDeals, replicates: int, alpha: float, rng: np.random.Generator) -> ClosedTest:
    """Test whether the deals ask for anything but the criteria in use.

    Parameters
    ----------
    held : HeldDeals
        New deals that no gate stops.
    replicates : int
        Simulated sets of outcomes.
    alpha : float
        Level of the tests.
    rng : numpy.random.Generator
        Source of chance.

    Returns
    -------
    ClosedTest
        Verdict and p-values.
    """
    outcome, weights = held.sample.outcome, held.sample.weights
    # Of criteria whose fit is not known, only intercept and slope can be tested.
    columns = held.columns[:, 1:] if held.whole else np.zeros((outcome.size, 0))
    steps = ladder(held.log_odds, columns, weights)
    asked = moves(steps, outcome)
    expected = expit(asked.shift.intercept + held.log_odds)
    units = Units(held.sample.unit, likeness_within(outcome, expected, held.sample.unit))
    truths = held.belief.draw(replicates, rng) @ held.columns.T
    drawn, unchanged = reference(steps, truths, asked, units, rng)
    observed = ratios(steps, outcome[None])[0]
    p_values = exceeded(observed, drawn)
    verdict = closed_test(p_values[:3], alpha)
    falling = verdict in ("rescale", "rebuild") and asked.line.slope <= 0.0
    return ClosedTest(
        verdict="rebuild" if falling else verdict,
        table=_test_table(observed, steps.df, p_values),
        asked=asked,
        unchanged=unchanged,
        likeness=units.likeness,
        falling=falling,
    )


def _test_table(observed: Vector, df: tuple[int, ...], p_values: Vector) -> pd.DataFrame:
    rows = []
    for k, name in enumerate(STEP_NAMES):
        tested = df[k] > 0
        plain = float(chdtrc(df[k], observed[k])) if tested else 1.0
        rows.append((name, float(observed[k]), df[k], float(p_values[k]) if tested else 1.0, plain, k < 3))
    return pd.DataFrame(rows, columns=TEST_COLUMNS)


def chosen_line(asked: Moves, verdict: str, sample: Sample) -> Line:
    """Return the recalibration of a verdict; a slope below 0 would turn the order of scores round.

    Parameters
    ----------
    asked : Moves
        From `run_closed_test`.
    verdict : {"shift", "rescale"}
        What is to be done.
    sample : Sample
        The deals, for the win rate where the best slope that does not fall is 0.

    Returns
    -------
    Line
        With a slope of at least 0.
    """
    return asked.shift if verdict == "shift" else _rising(asked.line, sample.outcome, sample.weights)


def _rising(line: Line, outcome: Vector, weights: Vector) -> Line:
    if line.slope >= 0.0:
        return line
    level = recalibrate_line(np.zeros(outcome.size), outcome, weights, slope=False)
    return level._replace(slope=0.0)


def compare_updates(
    held: HeldDeals, rebuild: Rebuild | None, level: float, rng: np.random.Generator
) -> Compared:
    """Hold each update against the criteria in use, on deals it has not seen.

    Parameters
    ----------
    held : HeldDeals
        New deals that no gate stops.
    rebuild : Rebuild, optional
        None where a rebuild is not to be compared.
    level : float
        Of the intervals.
    rng : numpy.random.Generator
        Source of chance.

    Returns
    -------
    Compared
        Table, win probabilities and losses.
    """
    one = partial(_unseen, held, rebuild)
    log_odds = np.stack(replicate(one, DIVISIONS, rng, what="comparing updates"))
    chance = expit(log_odds)
    losses = log_losses(chance, held.sample.outcome)
    sample, z = held.sample, float(norm.ppf(0.5 + level / 2))
    rows: list[tuple[Any, ...]] = []
    for k, name in enumerate(VERDICTS):
        if name == "rebuild" and rebuild is None:
            rows.append((name, *[np.nan] * 5, False))
            continue
        worse, low, high = paired_difference(losses[k], losses[0], sample.unit, level, sample.weights)
        error = (high - low) / (2.0 * z)
        sure = sample.outcome.size * ((z + float(norm.ppf(POWER))) * error / worse) ** 2 if worse else np.nan
        loss = float(np.average(losses[k], weights=sample.weights))
        rows.append((name, loss, worse, low, high, np.ceil(sure), False))
    return Compared(pd.DataFrame(rows, columns=COMPARISON_COLUMNS), chance.mean(axis=0), losses)


def _unseen(held: HeldDeals, rebuild: Rebuild | None, rng: np.random.Generator) -> Matrix:
    """Log-odds of every deal by each update learned without the deal's fold, (4, n)."""
    sample, fixed = held.sample, held.log_odds
    found = np.tile(fixed, (len(VERDICTS), 1))
    for out, _ in without_each_fold(sample, FOLDS, rng):
        kept = ~out
        weights = sample.weights[kept]
        for row, slope in ((1, False), (2, True)):
            line = recalibrate_line(fixed[kept], sample.outcome[kept], weights, slope=slope)
            line = _rising(line, sample.outcome[kept], weights)
            found[row, out] = line.intercept + line.slope * fixed[out]
        if rebuild is not None:
            found[3, out] = rebuild.without(out)[out]
    return found
