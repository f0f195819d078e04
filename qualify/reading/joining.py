"""Answers in one table, outcomes in another: joined by the deal's id."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from qualify._support.words import fold
from qualify.errors import InvalidDeals, Problem
from qualify.reading.source import RawTable

SALESFORCE = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?")
SIGNS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"  # the three signs that end a Salesforce id of 18
LEAST_SHARED = 0.2  # of the ids of answers that the other table must have for its column to be the ids
SHOWN = 5


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Joined:
    """Answers with their outcomes.

    Attributes
    ----------
    table : RawTable
        A row per row of answers whose deal the other table has.
    deal : str
        The heading of the ids.
    notes : tuple of str
        What was not matched, with numbers.
    """

    table: RawTable
    deal: str
    notes: tuple[str, ...]


def join_tables(answers: RawTable, outcomes: RawTable, deal: str | None) -> Joined:
    """Join answers and outcomes by the deal's id, whatever its case, spaces and the heading above it.

    Salesforce ids of 15 signs and of 18, which name the same record, are matched too. Where both tables have
    a heading, the one of the outcomes is read.

    Parameters
    ----------
    answers : RawTable
        A row per deal.
    outcomes : RawTable
        A row per deal.
    deal : str, optional
        Heading of the ids among the answers; without it the two columns that share most ids are taken.

    Returns
    -------
    Joined
        The table and what was not matched.

    Raises
    ------
    InvalidDeals
        Where no column of the outcomes holds the ids, or an id stands twice there.
    """
    mine, theirs = _id_columns(answers, outcomes, deal)
    left, right = _keys(answers, mine), _keys(outcomes, theirs)
    _refuse_twice(outcomes, theirs, right)
    places = _match(left, right)
    notes = _notes(answers, outcomes, mine, theirs, places)
    return Joined(table=_side_by_side(answers, outcomes, mine, theirs, places), deal=mine, notes=notes)


def record_key(text: str) -> str:
    """Return the form in which two ids are compared.

    Parameters
    ----------
    text : str
        An id as written.

    Returns
    -------
    str
        Without outer space and in one case; a Salesforce id of 18 signs as that of 15, whose case counts.

    Examples
    --------
    >>> record_key("006D000000abcDEIAY") == record_key("006D000000abcDE")
    True
    >>> record_key(" d-17")
    'd-17'
    """
    text = "".join(text.split())
    if len(text) == 18 and SALESFORCE.fullmatch(text) and _ending(text[:15]) == text[15:].upper():
        return text[:15]
    return text if len(text) == 15 and SALESFORCE.fullmatch(text) else fold(text)


def _ending(text: str) -> str:
    """Return the three signs that say which letters of a Salesforce id are capitals."""
    thirds = (text[start : start + 5] for start in (0, 5, 10))
    return "".join(
        SIGNS[sum(1 << place for place, sign in enumerate(part) if sign.isupper())] for part in thirds
    )


def _keys(table: RawTable, heading: str) -> list[str]:
    coded = table.coded(heading)
    keys = [*(record_key(text) for text in coded.texts()), ""]
    return [keys[code] for code in coded.codes.tolist()]


def _id_columns(answers: RawTable, outcomes: RawTable, deal: str | None) -> tuple[str, str]:
    """Return the two headings whose columns share most ids."""
    headings = [deal.strip()] if deal is not None else [name for name in answers.headings if name]
    if deal is not None and deal not in answers:
        raise InvalidDeals(answers.missing(deal))
    best = (0.0, "", "")
    theirs = {name: set(_keys(outcomes, name)) - {""} for name in outcomes.headings if name}
    for mine in headings:
        keys = set(_keys(answers, mine)) - {""}
        if len(keys) < len(answers) / 2:
            continue  # ids are many; a column of few words is none
        for name, there in theirs.items():
            shared = len(keys & there) / max(len(keys), 1)
            best = max(best, (shared, mine, name), key=lambda one: one[0])
    if best[0] < LEAST_SHARED:
        reason = f"no column of {outcomes.name} has the deal ids of {answers.name}"
        fix = "give both tables a column of the same ids, and name it as `deal` of the survey's columns"
        raise InvalidDeals(Problem(reason=reason, mend=fix, column=deal))
    return best[1], best[2]


def _match(left: Sequence[str], right: Sequence[str]) -> NDArray[np.int64]:
    """Return the row of the same id, exactly or but for case where that leaves one; -1 for none."""
    exact = {key: place for place, key in enumerate(right) if key}
    folded = Counter(fold(key) for key in exact)
    loose = {fold(key): place for key, place in exact.items() if folded[fold(key)] == 1}
    return np.array([exact.get(key, loose.get(fold(key), -1)) if key else -1 for key in left], dtype=np.int64)


def _refuse_twice(outcomes: RawTable, heading: str, keys: Sequence[str]) -> None:
    first: dict[str, int] = {}
    problems = []
    for place, key in enumerate(keys):
        if key and first.setdefault(key, place) != place:
            reason = f"this deal id stands in row {int(outcomes.rows[first[key]])} of {outcomes.name} already"
            row = int(outcomes.rows[place])
            problems.append(
                Problem(reason=reason, mend="keep one row per deal", column=heading, row=row, value=key)
            )
    if problems:
        raise InvalidDeals(problems, f"{outcomes.name} cannot be joined:")


def _side_by_side(
    answers: RawTable, outcomes: RawTable, mine: str, theirs: str, places: NDArray[np.int64]
) -> RawTable:
    found = places >= 0
    columns: dict[str, Any] = {}
    for heading in dict.fromkeys(answers.headings):
        if heading:
            columns[heading] = _cells(answers, heading)[found]
    for heading in dict.fromkeys(outcomes.headings):
        if heading and heading not in (mine, theirs):
            columns[heading] = _cells(outcomes, heading)[places[found]]
    return replace(
        answers,
        name=f"{answers.name} with the outcomes of {outcomes.name}",
        headings=tuple(columns),
        columns=[pd.Series(cells, dtype=object) for cells in columns.values()],
        rows=answers.rows[found],
        problems=(*answers.problems, *outcomes.problems),
        kept=None,
        seen={},
    )


def _cells(table: RawTable, heading: str) -> NDArray[np.object_]:
    coded = table.coded(heading)
    cells = np.empty(len(coded.values) + 1, dtype=object)
    cells[:-1] = coded.values
    cells[-1] = None
    return cells[coded.codes]


def _notes(
    answers: RawTable, outcomes: RawTable, mine: str, theirs: str, places: NDArray[np.int64]
) -> tuple[str, ...]:
    lonely = np.flatnonzero(places < 0)
    without = np.setdiff1d(np.arange(len(outcomes)), places)
    notes = []
    if lonely.size:
        said = _some(answers, mine, lonely)
        notes.append(
            f"{lonely.size:,} of {len(answers):,} answered deals are not in {outcomes.name}: {said}."
        )
    if without.size:
        said = _some(outcomes, theirs, without)
        notes.append(
            f"{without.size:,} of {len(outcomes):,} deals of {outcomes.name} have no answers: {said}."
        )
    return tuple(notes)


def _some(table: RawTable, heading: str, places: NDArray[np.intp]) -> str:
    texts = [*table.coded(heading).texts(), "(blank)"]
    codes = table.coded(heading).codes
    named = ", ".join(texts[codes[place]] or "(blank)" for place in places[:SHOWN].tolist())
    return named + (" ..." if places.size > SHOWN else "")
