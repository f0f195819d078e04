"""Whether criteria read from a file, perhaps edited by hand, fit together: points, zones, probabilities."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from qualify.criteria.points import highest_of
from qualify.errors import Problem
from qualify.survey import UNKNOWN, Survey
from qualify.tipping.verdict import ZONES

WRITE_ANEW = "write the file anew with write_criteria"


def contradictions(
    points: pd.DataFrame,
    gates: pd.DataFrame,
    bands: pd.DataFrame,
    probabilities: pd.DataFrame,
    survey: Survey,
) -> list[Problem]:
    """Say what does not fit together.

    Parameters
    ----------
    points, gates, bands, probabilities : DataFrame
        As in `Criteria`.
    survey : Survey
        The survey that travels with them.

    Returns
    -------
    list of Problem
        Empty where the criteria can be used.
    """
    found: list[Problem] = []
    highest = highest_of(points)
    for name, rows in points.groupby("characteristic", sort=False):
        if str(name) not in survey.names:
            found.append(_problem("has points but is not in the survey", str(name)))
        else:
            found += _of_one(str(name), rows, survey)
    if probabilities["score"].tolist() != list(range(highest + 1)):
        found.append(_problem(f"must hold every score from 0 to {highest} once", "probabilities"))
    if not bool(probabilities["probability"].between(0, 1).all()):
        found.append(_problem("must lie within 0 and 1", "probabilities"))
    elif not probabilities["probability"].is_monotonic_increasing:
        found.append(_problem("must not fall as the score rises", "probabilities"))
    if not _partition(bands, highest):
        found.append(_problem(f"must divide the scores from 0 to {highest} among them", "bands"))
    return [*found, *_of_gates(gates, points, survey)]


def _of_gates(gates: pd.DataFrame, points: pd.DataFrame, survey: Survey) -> Iterator[Problem]:
    """Find what is wrong with the gates."""
    answers = points.groupby("characteristic")["answer"].agg(set).to_dict()
    for gate in gates.to_dict("records"):
        name, answer = str(gate["characteristic"]), str(gate["answer"])
        if name not in survey.names:
            yield _problem("has a gate but is not in the survey", name)
        elif survey.characteristic(name).kind != "score" and answer not in survey.characteristic(name).values:
            yield Problem(
                reason="is a gate but no answer of the survey", mend=WRITE_ANEW, column=name, value=answer
            )
        elif answer not in answers.get(name, {answer}):
            yield Problem(reason="is a gate but has no points", mend=WRITE_ANEW, column=name, value=answer)
        if not 0 <= float(gate["win_rate_high"]) <= 1:
            yield _problem("must have a win_rate_high within 0 and 1", f"gate {name}")


def _of_one(name: str, rows: pd.DataFrame, survey: Survey) -> Iterator[Problem]:
    """Find what is wrong with the points of one characteristic."""
    twice = rows.loc[rows.duplicated("answer"), "answer"]
    for answer in twice:
        yield Problem(reason="has points twice", mend="keep one", column=name, value=answer)
    if not int(rows["points"].min()) <= 0 <= int(rows["points"].max()):
        yield _problem("must give 0 points to its least answer, or to one in between", name)
    asked = survey.characteristic(name)
    if asked.kind == "score":
        yield from _ranges(name, rows)
    else:
        wanted = {*asked.values, UNKNOWN}
        for answer in sorted(wanted.symmetric_difference(rows["answer"])):
            reason = "has no points" if answer in wanted else "has points but is no answer of the survey"
            yield Problem(reason=reason, mend=WRITE_ANEW, column=name, value=answer)


def _ranges(name: str, rows: pd.DataFrame) -> Iterator[Problem]:
    """Check that the ranges of a score follow on each other from end to end, and that unknown has points."""
    if UNKNOWN not in set(rows["answer"]):
        yield Problem(reason="has no points", mend=WRITE_ANEW, column=name, value=UNKNOWN)
    known = rows[rows["answer"] != UNKNOWN]
    ends, starts = [-np.inf, *known["high"]], [*known["low"], np.inf]
    if ends != starts or not all(low < high for low, high in zip(known["low"], known["high"], strict=True)):
        yield _problem("must cover every number once, in order", name)


def _partition(bands: pd.DataFrame, highest: int) -> bool:
    if tuple(bands["zone"]) != ZONES:
        return False
    covered: list[float] = []
    for low, high in zip(bands["score_low"], bands["score_high"], strict=True):
        if np.isfinite(low) and np.isfinite(high) and 0 <= low <= high <= highest:
            covered += range(int(low), int(high) + 1)
        elif not (np.isnan(low) and np.isnan(high)):
            return False
    return covered == list(range(highest + 1))


def _problem(reason: str, where: str) -> Problem:
    return Problem(reason=reason, mend=WRITE_ANEW, column=where)
