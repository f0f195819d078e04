"""Scales: how the numbers of a score become the few whole answers that earn points."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from qualify.deals import Deals
from qualify.design import items_of
from qualify.numerics.coding import Items
from qualify.survey import UNKNOWN, Survey

# A score with more whole numbers than this is cut into ranges.
MOST_WHOLE = 11
RANGES = 5


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Scale:
    """The answers a score is read as: answer k covers numbers from ``edges[k]`` up to below ``edges[k + 1]``.

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
        return answers.astype(str).map(positions).to_numpy(np.int32)


def scales_of(deals: Deals) -> dict[str, Scale]:
    """Work out the scale of every score from the survey's range and the numbers observed, never from outcomes.

    Parameters
    ----------
    deals : Deals
        Closed deals read against their survey.

    Returns
    -------
    dict
        A scale by name of characteristic. Whole numbers spanning at most 11 stand for themselves; anything
        finer is cut into at most five ranges with about equal numbers of deals.
    """
    scales = {}
    for asked in deals.survey.characteristics:
        if asked.kind != "score":
            continue
        answers = deals.answers[asked.name]
        numbers = answers[answers != UNKNOWN].astype(str).astype(float).to_numpy()
        ends = [end for end in (asked.low, asked.high) if end is not None]
        span = np.array([*numbers, *ends]) if numbers.size or ends else np.zeros(1)
        whole = bool(np.all(span == np.round(span))) and np.ptp(span) < MOST_WHOLE
        scales[asked.name] = _whole(span) if whole else _ranges(numbers)
    return scales


def _whole(span: NDArray[np.float64]) -> Scale:
    values = np.arange(span.min(), span.max() + 1)
    edges = np.array([-np.inf, *(values[1:] - 0.5), np.inf])
    return Scale(labels=tuple(f"{value:g}" for value in values), edges=edges, values=values)


def _ranges(numbers: NDArray[np.float64]) -> Scale:
    cuts = np.quantile(numbers, np.arange(1, RANGES) / RANGES, method="nearest")
    # Three figures are as much as a person wants to compare a number with.
    cuts = np.unique([float(f"{cut:.3g}") for cut in cuts])
    cuts = cuts[(cuts > numbers.min()) & (cuts <= numbers.max())]
    edges = np.array([-np.inf, *cuts, np.inf])
    place = np.searchsorted(edges, numbers, side="right") - 1
    values = np.array([numbers[place == k].mean() for k in range(len(edges) - 1)])
    labels = [f"{low:g} to under {high:g}" for low, high in zip(cuts[:-1], cuts[1:], strict=True)]
    labels = [f"under {cuts[0]:g}", *labels, f"{cuts[-1]:g} and over"] if cuts.size else ["any number"]
    return Scale(labels=tuple(labels), edges=edges, values=values)


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
