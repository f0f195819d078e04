"""What answers earn: the table of points, and how often each answer was given."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from qualify.criteria.refine import Refined
from qualify.deals import Deals
from qualify.numerics.coding import count_answers
from qualify.survey import UNKNOWN, Characteristic, Survey

Numbers = NDArray[np.float64]


def points_table(answers: pd.DataFrame, refined: Refined, most: int | None = None) -> pd.DataFrame:
    """Points of every answer, of those in `answers_table`, whose characteristic earns any.

    The least of a characteristic is 0; with `most`, what its deals got on average is, as far as no answer
    adds or takes more than that.
    """
    items = refined.sample.items
    earned = [refined.trained.points[c, : count + 1] for c, count in enumerate(items.levels)]
    if most is not None:
        counts = count_answers(items, refined.sample.weights)
        earned = [mine - _middle(mine, counts[c, : mine.size], most) for c, mine in enumerate(earned)]
    table = answers.assign(points=np.concatenate(earned, dtype=np.int64))
    earns = table.groupby("characteristic", sort=False)["points"].transform("any").astype(bool)
    columns = ["characteristic", "answer", "points", "low", "high"]
    return table.loc[earns, columns].reset_index(drop=True)


def _middle(points: NDArray[np.int64], counts: Numbers, most: int) -> int:
    """Return what to take from all points so that the average is about 0 and none is beyond `most`."""
    span = int(points.max())
    average = int(np.floor(np.average(points, weights=counts) + 0.5))
    return min(max(average, span - most), most, span)


def start_of(points: pd.DataFrame) -> int:
    """Return what every score begins with, so that the least that can occur is 0."""
    return -int(points.groupby("characteristic", sort=False)["points"].min().sum())


def highest_of(points: pd.DataFrame) -> int:
    """Return the highest score that can occur, the lowest being 0."""
    return int(points.groupby("characteristic", sort=False)["points"].agg(np.ptp).sum())


def points_of_answers(points: pd.DataFrame, asked: Characteristic, answers: Sequence[str]) -> Numbers:
    """Points of distinct answers of one characteristic, as they stand in `Deals.answers`; NaN where none."""
    rows = points[points["characteristic"] == asked.name]
    if asked.kind != "score":
        earned = dict(zip(rows["answer"].astype(str), rows["points"].astype(float), strict=True))
        return np.array([earned.get(answer, np.nan) for answer in answers], dtype=np.float64)
    numbers, found = as_numbers(answers), np.full(len(answers), np.nan)
    for row in rows.to_dict("records"):
        if row["answer"] == UNKNOWN:
            found[[answer == UNKNOWN for answer in answers]] = row["points"]
        else:
            found[(row["low"] <= numbers) & (numbers < row["high"])] = row["points"]
    return found


def as_numbers(answers: Sequence[str]) -> Numbers:
    """Return the numbers that answers of a score are, NaN for `unknown` and for what is no number."""
    found = pd.to_numeric(pd.Series(list(answers), dtype=object), errors="coerce")
    return found.to_numpy(dtype=np.float64)


def answers_table(deals: Deals, refined: Refined) -> pd.DataFrame:
    """How often each answer was given, and to how many deals that were won; scores on their scales."""
    codes, levels, won = refined.sample.items.codes, refined.sample.items.levels, refined.sample.outcome
    parts = []
    for c, name in enumerate(deals.survey.names):
        size = int(levels[c]) + 1
        low, high = np.full(size, np.nan), np.full(size, np.nan)
        if name in refined.scales:
            scale = refined.scales[name]
            words = [*scale.labels, UNKNOWN]
            low[:-1], high[:-1] = scale.edges[:-1], scale.edges[1:]
        else:
            words = [str(answer) for answer in deals.answers[name].cat.categories]
        n = np.bincount(codes[:, c], minlength=size)
        wins = np.bincount(codes[:, c], weights=won, minlength=size).astype(np.int64)
        columns = {"characteristic": name, "answer": words, "low": low, "high": high, "n": n, "won": wins}
        parts.append(pd.DataFrame(columns).astype({"characteristic": "str", "answer": "str", "n": "int64"}))
    return pd.concat(parts, ignore_index=True)


def points_against(points: pd.DataFrame, survey: Survey) -> list[str]:
    """Say where points go against the direction that the survey declares for a question.

    Parameters
    ----------
    points : DataFrame
        As in `Criteria`.
    survey : Survey
        Its survey.

    Returns
    -------
    list of str
        A sentence for each question whose points fall where they should rise, or rise where they should fall.
    """
    said = []
    for name, mine in points.groupby("characteristic", sort=False):
        asked = survey.characteristic(str(name))
        known = mine[mine["answer"] != UNKNOWN]
        steps = known["points"].diff().to_numpy()[1:] * (-1 if asked.direction == "against" else 1)
        if asked.direction == "either" or asked.kind == "choice" or not (steps < 0).any():
            continue
        place = int(np.argmax(steps < 0))
        answers = known["answer"].tolist()
        moves, goes = ("fall", "with") if asked.direction == "with" else ("rise", "against")
        said.append(
            f"{name}: points {moves} from {answers[place]} to {answers[place + 1]}, and the survey expects "
            f"higher answers to go {goes} winning."
        )
    return said
