"""Scales: how the numbers of a score become the few whole answers that earn points."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from qualify._support.words import number_text
from qualify.deals import Deals
from qualify.deals.design import items_of
from qualify.deals.resampling_units import sample_of
from qualify.numerics.coding import Items
from qualify.numerics.resampling import Sample
from qualify.survey import UNKNOWN, Survey

# A score with more whole numbers than this is cut into ranges.
MOST_WHOLE = 11
RANGES = 5
# Beyond this, halves between whole numbers are lost to rounding.
LARGEST_WHOLE = 1e15


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Scale:
    """The answers a score is read as: answer k covers ``edges[k]`` and up, to below ``edges[k + 1]``.

    Attributes
    ----------
    labels : tuple of str
        ``"3"``, or ``"2.5 to under 4"``.
    edges : ndarray, shape (k + 1,)
        Ascending; the first and last may be infinite.
    values : ndarray, shape (k,)
        The number that stands for each answer.
    """

    labels: tuple[str, ...]
    edges: NDArray[np.float64]
    values: NDArray[np.float64]

    def read(self, answers: pd.Series[str]) -> NDArray[np.int32]:
        """Return the position of each answer, `unknown` being the last position."""
        positions = {UNKNOWN: len(self.labels)}
        for category in answers.cat.categories:
            if category != UNKNOWN:
                place = int(np.searchsorted(self.edges, float(category), side="right")) - 1
                positions[category] = int(np.clip(place, 0, len(self.labels) - 1))
        return np.asarray(answers.astype(str).map(positions), dtype=np.int32)


def scales_of(deals: Deals) -> dict[str, Scale]:
    """Work out the scale of every score from the survey's range and the numbers observed.

    Parameters
    ----------
    deals : Deals
        Closed deals read against their survey.

    Returns
    -------
    dict
        A scale by name of characteristic; outcomes play no part in it. Whole numbers stand for themselves
        where there are at most 11 from lowest to highest; anything finer is cut into at most five ranges
        with about equal numbers of deals.
    """
    scales = {}
    for asked in deals.survey.characteristics:
        if asked.kind != "score":
            continue
        answers = deals.answers[asked.name]
        numbers = np.array([float(number) for number in answers[answers != UNKNOWN]])
        ends = [end for end in (asked.low, asked.high) if end is not None]
        span = np.array([*numbers, *ends]) if numbers.size or ends else np.zeros(1)
        whole = bool(np.all(span == np.round(span))) and np.ptp(span) < MOST_WHOLE
        exact = float(np.abs(span).max()) < LARGEST_WHOLE
        scales[asked.name] = _whole(span) if whole and exact else _ranges(numbers)
    return scales


def _whole(span: NDArray[np.float64]) -> Scale:
    values = np.arange(span.min(), span.max() + 1)
    edges = np.array([-np.inf, *(values[1:] - 0.5), np.inf])
    return Scale(labels=tuple(number_text(value) for value in values), edges=edges, values=values)


def _ranges(numbers: NDArray[np.float64]) -> Scale:
    cuts = _cuts(numbers)
    edges = np.array([-np.inf, *cuts, np.inf])
    place = np.searchsorted(edges, numbers, side="right") - 1
    values = np.array([numbers[place == k].mean() if numbers.size else 0.0 for k in range(len(edges) - 1)])
    texts = [number_text(float(cut)) for cut in cuts]
    labels = [f"{low} to under {high}" for low, high in pairwise(texts)]
    labels = [f"under {texts[0]}", *labels, f"{texts[-1]} and over"] if texts else ["any number"]
    return Scale(labels=tuple(labels), edges=edges, values=values)


def _cuts(numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    """Where ranges with about equal numbers of deals divide; at least one number lies in each."""
    if not numbers.size:
        return numbers
    shares = np.arange(1, RANGES) / RANGES
    exact: NDArray[np.float64] = np.unique(np.quantile(numbers, shares, method="nearest"))
    exact = exact[exact > numbers.min()]
    # Three figures are as much as a person wants to compare a number with, unless they blur the ranges.
    for figures in range(3, 17):
        cuts = np.unique([float(f"{cut:.{figures}g}") for cut in exact])
        filled = np.unique(np.searchsorted(cuts, numbers, side="right")).size == cuts.size + 1
        if cuts.size == exact.size and filled:
            return cuts
    return exact


def whole_items(answers: pd.DataFrame, survey: Survey, scales: dict[str, Scale]) -> Items:
    """Hold answers as integers with every score read on its scale.

    Parameters
    ----------
    answers : DataFrame
        As in `Deals.answers`.
    survey : Survey
        The survey they belong to.
    scales : dict
        From `scales_of`.

    Returns
    -------
    Items
        Ready for `qualify.numerics`.
    """
    items = items_of(answers, survey)
    levels = np.array(items.levels)
    for c, name in enumerate(survey.names):
        if name in scales:
            items.codes[:, c] = scales[name].read(answers[name])
            levels[c] = len(scales[name].labels)
    value = np.zeros((len(survey.names), int(levels.max(initial=0)) + 1))
    for c, name in enumerate(survey.names):
        value[c, : levels[c]] = scales[name].values if name in scales else np.arange(levels[c])
    return items._replace(levels=levels, value=value)


def whole_sample(deals: Deals, scales: dict[str, Scale]) -> tuple[Sample, str]:
    """Take deals as a sample to resample, every score read on its scale.

    Parameters
    ----------
    deals : Deals
        Closed deals.
    scales : dict
        From `scales_of`.

    Returns
    -------
    Sample
        Ready for `qualify.numerics`.
    str
        What is kept together in folds, as `sample_of` says.
    """
    sample, grouping = sample_of(deals)
    return sample._replace(items=whole_items(deals.answers, deals.survey, scales)), grouping
