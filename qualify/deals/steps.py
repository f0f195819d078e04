"""The step of a rating or number: what its odds ratio and coefficient are given for."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from qualify._support.words import number_text
from qualify.deals.design import PER_STEP
from qualify.survey import UNKNOWN, Characteristic

# A rating has no more steps from its lowest to its highest number than this.
MOST_STEPS = 20
ROUND = (1.0, 2.0, 2.5, 5.0, 10.0)
# Beyond this, an odds ratio is no number that says anything, and soon none at all.
MOST_LOG_ODDS = 700.0


class Step(NamedTuple):
    """So many units of a number, and the words for them: "per step", or "per 25,000"."""

    size: float
    label: str


ONE = Step(1.0, PER_STEP)


def step_of(asked: Characteristic, answers: pd.Series[str]) -> Step:
    """Return the step of one characteristic.

    Parameters
    ----------
    asked : Characteristic
        The question.
    answers : Series of categorical
        The answers observed, `unknown` last among the categories.

    Returns
    -------
    Step
        One for whole numbers at most 20 apart, and for what is no score; else the step that the survey
        declares, or a round number near the interquartile range of the known numbers.

    Examples
    --------
    >>> asked = Characteristic(name="Budget", column="Budget", kind="score")
    >>> step_of(asked, pd.Series(["12000", "30000", "36500", "61000", "unknown"], dtype="category"))
    Step(size=20000.0, label='per 20,000')
    """
    if asked.kind != "score":
        return ONE
    categories = answers.cat.categories
    number_of = np.array([math.nan if text == UNKNOWN else float(text) for text in categories])
    numbers = number_of[answers.cat.codes.to_numpy()]
    known = numbers[~np.isnan(numbers)]
    ends = [end for end in (asked.low, asked.high) if end is not None]
    span = np.array([*known, *ends])
    whole = bool(np.all(span == np.round(span)))
    if asked.step is not None:
        size = asked.step
    elif not known.size or np.ptp(known) == 0 or (whole and np.ptp(span) <= MOST_STEPS):
        return ONE
    else:
        size = _round(_middle_half(known), whole)
    return ONE if size == 1.0 and whole else Step(size, f"per {_shown(size)}")


def odds_ratio(log_odds: float) -> float:
    """Return the ratio of odds behind a difference of log-odds.

    Parameters
    ----------
    log_odds : float
        The difference.

    Returns
    -------
    float
        NaN where no number can hold the ratio.

    Examples
    --------
    >>> odds_ratio(0.0), odds_ratio(1e6)
    (1.0, nan)
    """
    return float(np.exp(log_odds)) if abs(log_odds) <= MOST_LOG_ODDS else math.nan


def _middle_half(numbers: NDArray[np.float64]) -> float:
    """Return the interquartile range; of numbers that are nearly all one and the same, a wider range."""
    for tail in (0.25, 0.1, 0.0):
        low, high = np.quantile(numbers, [tail, 1.0 - tail])
        if low < high:
            break
    return float(high - low)


def _round(width: float, whole: bool) -> float:
    """Return the round number nearest in proportion."""
    power = math.floor(math.log10(width))
    # From its text, so that it is the very number that people would write.
    sizes = [float(f"{digits}e{power}") for digits in ROUND]
    sizes = [size for size in sizes if not whole or size == round(size)] or [1.0]
    return min(sizes, key=lambda size: abs(math.log(size / width)))


def _shown(size: float) -> str:
    return f"{int(size):,}" if size == round(size) and size < 1e15 else number_text(size)
