"""What differs between two versions of criteria, in plain words."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from qualify.criteria.model import Criteria
from qualify.formatting.formats import format_value, signed

COLUMNS = ["what", "characteristic", "answer", "before", "after", "change"]

Row = tuple[str, str, str, str, str, str]


def changes_between(before: Criteria, after: Criteria) -> pd.DataFrame:
    """List what differs between two versions of criteria.

    Parameters
    ----------
    before, after : Criteria
        Two versions.

    Returns
    -------
    DataFrame
        what (question, points, gate, zone or probability), characteristic, answer, before, after (texts) and
        change (plain words), in this order of `what`. Points are told against the characteristic's best
        answer, so that a scale that begins elsewhere is no change. Of probabilities, those of the ends and of
        the middle of the scores are told. No rows where nothing differs.

    Examples
    --------
    >>> import qualify as ql
    >>> simulated = ql.simulate_deals(300, rng=1)
    >>> criteria = ql.refine_criteria(ql.read_deals(simulated.frame, simulated.survey), replicates=20)
    >>> changes_between(criteria, criteria).empty
    True
    """
    rows = [
        *_questions(before, after),
        *_points(before, after),
        *_gates(before, after),
        *_zones(before, after),
        *_probabilities(before, after),
    ]
    return pd.DataFrame(rows, columns=COLUMNS).astype("str")


def _questions(before: Criteria, after: Criteria) -> Iterator[Row]:
    for name in before.kept:
        if name not in after.kept:
            yield ("question", name, "", "asked", "not asked", f"stop asking {name}")
    for name in after.kept:
        if name not in before.kept:
            yield ("question", name, "", "not asked", "asked", f"start asking {name}")


def _points(before: Criteria, after: Criteria) -> Iterator[Row]:
    for name in after.kept:
        if name not in before.kept:
            for answer, points in _against_best(after, name).items():
                yield ("points", name, answer, "", signed(points), f"{name}, {answer}: {signed(points)}")
            continue
        old, new = _against_best(before, name), _against_best(after, name)
        for answer in [*new, *(answer for answer in old if answer not in new)]:
            then, now = (signed(table[answer]) if answer in table else "" for table in (old, new))
            if then != now:
                words = (
                    f"from {then} to {now}" if then and now else f"new: {now}" if now else "no longer told"
                )
                yield ("points", name, answer, then, now, f"{name}, {answer}: {words}")


def _against_best(criteria: Criteria, name: str) -> dict[str, int]:
    """Points of each answer less those of the best."""
    mine = criteria.points[criteria.points["characteristic"] == name]
    most = int(mine["points"].max())
    return {
        str(answer): int(points) - most for answer, points in zip(mine["answer"], mine["points"], strict=True)
    }


def _gates(before: Criteria, after: Criteria) -> Iterator[Row]:
    def limits(criteria: Criteria) -> dict[tuple[str, str], str]:
        rows = criteria.gates.to_dict("records")
        return {
            (str(row["characteristic"]), str(row["answer"])): format_value(row["win_rate_high"], "percent")
            for row in rows
        }

    old, new = limits(before), limits(after)
    for name, answer in [*old, *(gate for gate in new if gate not in old)]:
        then, now = old.get((name, answer), ""), new.get((name, answer), "")
        if then and not now:
            yield ("gate", name, answer, then, now, f"{name}, {answer}: no longer stops a deal")
        elif now and not then:
            yield ("gate", name, answer, then, now, f"{name}, {answer}: stops a deal (at most {now} won)")
        elif then != now:
            yield ("gate", name, answer, then, now, f"{name}, {answer}: at most {now} won, was {then}")


def _zones(before: Criteria, after: Criteria) -> Iterator[Row]:
    def spans(criteria: Criteria) -> dict[str, str]:
        rows = criteria.bands.to_dict("records")
        return {str(row["zone"]): _span(row["score_low"], row["score_high"]) for row in rows}

    old, new = spans(before), spans(after)
    for zone, then in old.items():
        now = new.get(zone, "no score")
        if then != now:
            yield ("zone", "", zone, then, now, f"zone {zone}: from {then} to {now}")


def _span(low: float, high: float) -> str:
    if np.isnan(low) or np.isnan(high):
        return "no score"
    return f"{low:.0f} points" if low == high else f"{low:.0f}–{high:.0f} points"


def _probabilities(before: Criteria, after: Criteria) -> Iterator[Row]:
    if before.kept != after.kept or before.score_range != after.score_range:
        return
    old, new = (one.probabilities.set_index("score")["probability"] for one in (before, after))
    last = before.score_range[1]
    for score in sorted({0, last // 2, last}):
        then, now = (format_value(table[score], "percent") for table in (old, new))
        if old[score] != new[score] and then != now:
            words = f"win probability at {score} points: from {then} to {now}"
            yield ("probability", "", f"{score} points", then, now, words)


__all__ = ["COLUMNS", "changes_between"]
