"""What became of every deal: the outcome column by the survey's words, and a second column beside it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qualify._support.words import as_number, number_text, squeeze
from qualify.deals.faults import Fault, Faults
from qualify.errors import Problem
from qualify.reading.cells import Coded, cell_text
from qualify.reading.source import RawTable
from qualify.survey.model import Outcomes, Survey

MOST_ROWS = 50  # of rows whose two columns contradict each other

Found = NDArray[np.object_]


def read_outcomes(table: RawTable, survey: Survey, faults: Faults) -> Found:
    """Return each row's outcome: won, lost, no decision, open or leave out; None for an unknown word.

    Parameters
    ----------
    table : RawTable
        The table; it has the outcome column.
    survey : Survey
        What the words mean. A blank cell is an open deal.
    faults : Faults
        Takes unknown words, missing columns, and rows that say two things.

    Returns
    -------
    ndarray of object
        One per row.
    """
    columns = survey.columns
    outcome = outcome_words(survey.outcomes, columns.outcome, table.coded(columns.outcome), faults)
    if columns.closed is not None:
        says = _says_yes(table, columns.closed, survey.outcomes, faults)
        outcome = _only_closed(outcome, says, columns.closed, faults)
    if columns.lost is not None:
        says = _says_yes(table, columns.lost, survey.outcomes, faults)
        outcome = _only_lost(outcome, says, columns.lost, faults)
    return outcome


def outcome_words(outcomes: Outcomes, column: str, coded: Coded, faults: Faults) -> Found:
    """Return what the words of one column mean; None for a word the survey does not know.

    Parameters
    ----------
    outcomes : Outcomes
        What the words mean. A blank cell is an open deal.
    column : str
        Its heading.
    coded : Coded
        The column.
    faults : Faults
        Takes the unknown words.

    Returns
    -------
    ndarray of object
        One per row.
    """
    meanings = {"won": outcomes.won, "lost": outcomes.lost, "no decision": outcomes.no_decision}
    meanings |= {"open": outcomes.open, "leave out": outcomes.leave_out}
    known = {squeeze(word): meaning for meaning, words in meanings.items() for word in words}
    numbers = by_number({word: word for word in known})
    found: list[str | None] = []
    wrong: dict[int, Fault] = {}
    listed = "; ".join(f"{meaning}: {', '.join(words)}" for meaning, words in meanings.items() if words)
    for place, cell in enumerate(coded.values):
        word = squeeze(cell_text(cell))  # an error such as #N/A is no open deal
        meaning = "open" if not word else known.get(word) or known.get(numbered(word, numbers) or "")
        found.append(meaning)
        if meaning is None:
            fix = "add the word to won, lost, no_decision, open or leave_out of `outcomes`"
            wrong[place] = ("not an outcome word of the survey", f"the survey knows {listed}; {fix}")
    faults.cells(column, coded, wrong)
    return np.array([*found, "open"], dtype=object)[coded.codes]


def by_number(words: dict[str, str]) -> dict[str, str]:
    """Return the words that are numbers by their shortest text, where only one word is that number."""
    numbers: dict[str, list[str]] = {}
    for word, value in words.items():
        number = as_number(word)
        if number is not None:
            numbers.setdefault(number_text(number), []).append(value)
    return {text: values[0] for text, values in numbers.items() if len(values) == 1}


def numbered(word: str, numbers: dict[str, str]) -> str | None:
    """Return the answer that is the same number: 4.0 is the answer 4."""
    number = as_number(word) if numbers else None
    return None if number is None else numbers.get(number_text(number))


def _says_yes(table: RawTable, column: str, outcomes: Outcomes, faults: Faults) -> NDArray[np.bool_] | None:
    if column not in table:
        faults.general.append(table.missing(column))
        return None
    coded = table.coded(column)
    known = {squeeze(word) for word in outcomes.closed}
    numbers = by_number({word: word for word in known})
    words = [squeeze(text) for text in coded.texts()]
    yes = [word in known or numbered(word, numbers) is not None for word in words]
    return np.array([*yes, False])[coded.codes]


def _only_closed(outcome: Found, says: NDArray[np.bool_] | None, column: str, faults: Faults) -> Found:
    """Take lost deals that are not closed as open; one that is won and not closed is an error."""
    if says is None:
        return outcome
    both = (outcome == "won") & ~says
    _contradictions(both, "won, and not closed", column, faults)
    return np.where((outcome == "lost") & ~says, "open", outcome)


def _only_lost(outcome: Found, says: NDArray[np.bool_] | None, column: str, faults: Faults) -> Found:
    """Take deals that are neither won nor lost as open; one that is both is an error."""
    if says is None:
        return outcome
    _contradictions((outcome == "won") & says, "both won and lost", column, faults)
    return np.where((outcome == "lost") & ~says, "open", outcome)


def _contradictions(rows: NDArray[np.bool_], reason: str, column: str, faults: Faults) -> None:
    for place in np.flatnonzero(rows)[:MOST_ROWS].tolist():
        fix = "correct one of the two columns"
        faults.first.append(Problem(reason=reason, mend=fix, column=column, row=int(faults.rows[place])))
