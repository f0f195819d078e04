"""The answers that criteria tell apart: what each earns, which gate it trips, how many past deals gave it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from qualify.criteria.model import Criteria
from qualify.criteria.points import as_numbers
from qualify.survey import UNKNOWN, Characteristic

NO_LIMIT = 1.0


def answers_apart(criteria: Criteria, asked: Characteristic, limits: NDArray[np.float64]) -> pd.DataFrame:
    """Return every answer that the criteria tell apart.

    Parameters
    ----------
    criteria : Criteria
        The criteria.
    asked : Characteristic
        One that earns points or trips gates.
    limits : ndarray
        Upper limits of win probabilities that gates set, ascending; the last, 1, is of no gate.

    Returns
    -------
    DataFrame
        answer, points, limit (position in `limits`), low, high, n (past deals that gave it; NaN where the
        criteria do not say), `unknown` last.
    """
    gates = criteria.gates[criteria.gates["characteristic"] == asked.name]
    table = criteria.points.loc[
        criteria.points["characteristic"] == asked.name, ["answer", "points", "low", "high"]
    ]
    if table.empty:
        rows = [*spans_of(asked, gates), (UNKNOWN, np.nan, np.nan)]
        table = pd.DataFrame(rows, columns=["answer", "low", "high"]).assign(points=0)
    table = table.sort_values(
        "answer", key=lambda answer: answer == UNKNOWN, kind="stable", ignore_index=True
    )
    limit = dict(zip(gates["answer"].astype(str), gates["win_rate_high"].astype(float), strict=True))
    reached = table["answer"].map(limit).fillna(NO_LIMIT).to_numpy(np.float64)
    past = criteria.answers[criteria.answers["characteristic"] == asked.name]
    n = [_given_by(past, row) for row in table.to_dict("records")]
    return table.assign(limit=np.searchsorted(limits, reached), n=np.array(n, dtype=np.float64))


def _given_by(past: pd.DataFrame, row: dict[Any, Any]) -> float:
    """How many past deals gave an answer, of a range all numbers within it; NaN if not told."""
    if past.empty:
        return np.nan
    within = past["low"].ge(row["low"]) & past["high"].le(row["high"])
    mine = past.loc[past["answer"].eq(row["answer"]) if np.isnan(row["low"]) else within, "n"]
    return float(mine.sum()) if len(mine) else np.nan


def gives(answers: pd.Series[str], answer: str, low: float, high: float) -> NDArray[np.bool_]:
    """Which deals give an answer.

    Parameters
    ----------
    answers : Series of categorical
        Of one characteristic, as in `Deals.answers`.
    answer : str
        The answer; of a score the name of the numbers from `low` to below `high`.
    low, high : float
        NaN where words are meant.

    Returns
    -------
    ndarray of bool, shape (n,)
        Never a deal whose answer is unknown, unless that is the answer asked for.
    """
    given = list(answers.cat.categories.astype(str))
    return matches(given, answer, low, high)[answers.cat.codes.to_numpy()]


def matches(answers: Sequence[str], answer: str, low: float, high: float) -> NDArray[np.bool_]:
    """Which of distinct answers are one, or lie in one range of numbers; as `gives`."""
    if np.isnan(low):
        return np.array([one == answer for one in answers], dtype=np.bool_)
    numbers = as_numbers(answers)
    return (low <= numbers) & (numbers < high)


def spans_of(asked: Characteristic, gates: pd.DataFrame) -> list[tuple[str, float, float]]:
    """Tell apart the known answers of a characteristic that trips gates and earns nothing.

    Parameters
    ----------
    asked : Characteristic
        The question.
    gates : DataFrame
        Its rows of `Criteria.gates`.

    Returns
    -------
    list of (answer, low, high)
        NaN for words; of a score the numbers that trip a gate and those in between.
    """
    if asked.kind != "score":
        return [(value, np.nan, np.nan) for value in asked.values]
    named = {(float(row["low"]), float(row["high"])): str(row["answer"]) for row in gates.to_dict("records")}
    edges = sorted({-np.inf, np.inf, *(edge for ends in named for edge in ends)})
    return [(named.get(ends, "any other number"), *ends) for ends in pairwise(edges)]
