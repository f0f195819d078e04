"""A first draft of a survey from a table nobody wrote one for."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qualify._support.words import fold
from qualify.errors import InvalidArgument, InvalidDeals
from qualify.reading.dates import read_dates
from qualify.reading.joining import join_tables
from qualify.reading.layout import TableLayout
from qualify.reading.source import RawTable, open_table
from qualify.survey.check import RESERVED
from qualify.survey.column_clues import clues_of
from qualify.survey.column_roles import Column, dates_in, ids_beside, roles_of, technical_headings
from qualify.survey.draft_question import characteristic_of, doubts, why_left_out
from qualify.survey.mirrors import IS_OUTCOME, mirror_by_data, mirror_by_name
from qualify.survey.model import Characteristic, Columns, Note, Survey
from qualify.survey.multiple_choice import (
    Spread,
    characteristics_of,
    collected_in,
    over_columns,
    within_cells,
)
from qualify.survey.outcome_mapping import Asked, Mapped, Syntax, map_outcomes, told_words

MACHINE_NAME = re.compile(
    r"(?:q|qid|question|var|v|item|field)?[ _-]*\d+(?:[_.-]\d+)*(?:_text)?", re.IGNORECASE
)
LONGEST_NAME = 70
ALIKE = 2  # other ratings from 1 that make a 0 doubtful
KNOWN_BEFORE = (
    "Columns that say the outcome were left out; one that is known before it can be asked, with "
    "known_before: true."
)
OUTCOMES = ("won", "lost", "open")

Word = str | int | float | bool
Words = Word | Sequence[Word] | None


def infer_survey(  # noqa: PLR0913 - every one but two has its default
    source: object,
    *,
    outcome: str | Sequence[str],
    won: Words = None,
    lost: Words = None,
    open: Words = None,
    no_decision: Words = None,
    leave_out: Words = None,
    unknown: Words = None,
    outcomes: object = None,
    sheet: str | None = None,
) -> Survey:
    """Draft a survey from a table: outcome words, kinds of question, answers, unknown words, other columns.

    Whole numbers in a small range (0/1 and half points too) become `score`, yes and no `yes_no`, words,
    numbered words and ranges with a known order `ordered`, several choices in one cell or spread over columns
    a yes_no for each, other text with at most 12 answers `choice`. Columns that never change, that say the
    outcome in other words, or that hold ids, dates, amounts or too many answers are left out. Deal id, dates,
    value, rep, account and segment are recognised by their headings and cells. `Survey.notes` says what was
    taken as what, left out and why, and asks what is unsure. Edit the draft: `write_survey` it to YAML.

    Parameters
    ----------
    source : path or frame
        As for `read_deals`. It is never changed.
    outcome : str or sequence of two str
        The column that says what became of the deal; or one that says whether it was won and one that says
        whether it is closed (or whether it was lost).
    won, lost, open, no_decision, leave_out : word or sequence of words, optional
        Outcome words that mean each. Usual ones are understood in English, German, French, Spanish, Italian,
        Portuguese and Dutch; a word that is neither told nor understood is an error, never a lost deal.
        `leave_out` is for rows that are no deals to learn from, such as duplicates.
    unknown : word or sequence of words, optional
        Further words that mean not known, in any column.
    outcomes : path or frame, optional
        A second table with what became of the deals, joined by the deal's id, as for `read_deals`.
    sheet : str, optional
        The sheet of a workbook; otherwise the first that holds a table.

    Returns
    -------
    Survey
        The draft.

    Raises
    ------
    InvalidDeals
        Where the table cannot be read or no column can be asked.
    InvalidArgument
        Where there is no such outcome column, or words of it are not understood; the message names each with
        its number of rows, and what to write.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"Status": ["Won", "Lost"], "Budget": ["Yes", "No"], "Fit": [5, 3]})
    >>> survey = infer_survey(frame, outcome="Status")
    >>> [(asked.name, asked.kind) for asked in survey.characteristics]
    [('Budget', 'yes_no'), ('Fit', 'score')]
    """
    told = {"won": won, "lost": lost, "open": open, "no decision": no_decision, "leave out": leave_out}
    given = {meaning: told_words(words) for meaning, words in told.items() if words is not None}
    headings = [outcome] if isinstance(outcome, str) else list(outcome)
    more = () if unknown is None else told_words(unknown)
    return draft_survey(source, headings, given, unknown=more, outcomes=outcomes, sheet=sheet)


def draft_survey(  # noqa: PLR0913 - as infer_survey
    source: object,
    outcome: Sequence[str],
    given: dict[str, list[str]],
    *,
    unknown: Sequence[str] = (),
    outcomes: object = None,
    sheet: str | None = None,
    syntax: Syntax = "python",
) -> Survey:
    """Draft a survey, as `infer_survey`, with messages in the syntax of the place where it is asked.

    Parameters
    ----------
    source, unknown, outcomes, sheet
        As for `infer_survey`.
    outcome : sequence of str
        One heading or two.
    given : dict
        Outcome words by meaning.
    syntax : {"python", "command line"}
        How messages say what to write.

    Returns
    -------
    Survey
        The draft.
    """
    table = _opened(source, outcomes, sheet)
    for heading in outcome:
        if not isinstance(heading, str) or heading not in table:
            problem = table.missing(str(heading))
            where = "`outcome` of `infer_survey`" if syntax == "python" else "--outcome"
            raise InvalidArgument(f"{where}: {problem.reason} as {heading!r}; {problem.mend}")
    columns = _columns(table, frozenset(map(fold, unknown)))
    asked = Asked(syntax=syntax, given=given, undated=lambda: _undated(columns, table))
    mapped = map_outcomes(table, [heading.strip() for heading in outcome], asked)
    draft = _Draft(table=table, mapped=mapped, columns=columns)
    draft.notes += [Note(text, decision="table") for text in (*table.notes, *table.error_notes())]
    draft.notes += mapped.notes
    _fill(draft)
    _ask_about_noughts(draft)
    draft.notes = _loudest_first(draft.notes)
    if not draft.characteristics:
        reason = f"{table.name} has no column that can be asked as a characteristic"
        raise InvalidDeals("\n  - ".join([reason + ":", *draft.notes]))
    name = Path(source).name if isinstance(source, str | os.PathLike) else "a table"
    return Survey(
        title=f"Draft from {name}",
        columns=Columns(**mapped.columns, **draft.roles),
        outcomes=mapped.outcomes,
        characteristics=tuple(draft.characteristics),
        notes=tuple(draft.notes),
        table=_layout(draft),
    )


def _opened(source: object, outcomes: object, sheet: str | None) -> RawTable:
    table = open_table(source, sheet=sheet)
    if outcomes is not None:
        joined = join_tables(table, open_table(outcomes), None)
        table = replace(joined.table, notes=(*joined.table.notes, *joined.notes))
    if table.problems or not len(table):
        raise InvalidDeals(table.problems or f"{table.name} has no rows", "")
    return table


@dataclass(slots=True, kw_only=True)
class _Draft:
    table: RawTable
    mapped: Mapped
    columns: list[Column]
    roles: dict[str, str] = field(default_factory=dict)
    characteristics: list[Characteristic] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)

    def note(self, heading: str, decision: str, text: str) -> None:
        """Add a note on a column."""
        self.notes.append(Note(text, column=heading, decision=decision))

    def name(self, wished: str) -> str:
        """Return a name nobody has yet."""
        taken = {fold(asked.name) for asked in self.characteristics}
        name, number = wished if wished not in RESERVED else f"{wished} (answer)", 2
        while fold(name) in taken:
            name, number = f"{wished} ({number})", number + 1
        return name


def _columns(table: RawTable, unknown: frozenset[str]) -> list[Column]:
    made = []
    for heading in dict.fromkeys(table.headings):
        if heading:
            coded = table.coded(heading)
            text = table.questions.get(heading, "")
            made.append(Column(heading=heading, text=text, coded=coded, clues=clues_of(coded, unknown)))
    return made


def _undated(columns: Sequence[Column], table: RawTable) -> NDArray[np.bool_] | None:
    """Return which rows have no close date; None where there is no such column."""
    heading = roles_of(columns).get("close_date")
    return None if heading is None else table.coded(heading).blank()


def _fill(draft: _Draft) -> None:
    """Place every column: a role, a question, or left out, with a note where it is no question."""
    used = set(draft.mapped.columns.values())
    free = [column for column in draft.columns if column.heading not in used]
    technical = technical_headings(free)
    mirrors = {column.heading: reason for column in free if (reason := _mirror(column))}
    honest = [column for column in free if column.heading not in mirrors]
    draft.roles |= roles_of(honest)
    if draft.roles.get("deal") in technical:  # a response's number, unless nothing else names the deal
        draft.roles |= roles_of([column for column in honest if column.heading not in technical])
    taken = {heading: role for role, heading in draft.roles.items()}
    rest = [one for one in honest if one.heading not in taken and one.heading not in technical]
    spread = {one.heading: group for group in over_columns(rest, draft.table.options) for one in group}
    collected, ids = collected_in(rest), ids_beside(draft.columns)
    for column in free:
        heading = column.heading
        if heading in mirrors:
            draft.note(heading, "mirror", f"left out, {mirrors[heading]}.")
        elif heading in taken:
            _note_role(draft, column, taken[heading])
        elif heading in ids:
            draft.note(heading, "left out", f"left out, the ids of {ids[heading]}.")
        elif heading in technical:
            draft.note(heading, "left out", "left out, a form adds it to every response.")
        elif heading in collected:
            draft.note(heading, "left out", "left out, its choices stand in columns of their own.")
        elif heading in spread:
            _place_spread(draft, column, spread[heading])
        else:
            _place(draft, column)


def _ask_about_noughts(draft: _Draft) -> None:
    """Ask about a 0 where the other ratings of the table begin at 1: it may mean not applicable."""
    scores = [asked for asked in draft.characteristics if asked.kind == "score"]
    for asked in scores:
        alike = [one for one in scores if one.low == 1 and one.high == asked.high]
        if asked.low == 0 and len(alike) >= ALIKE and (asked.high or 0) > 1:
            text = "0 is below the scale of other questions, which begins at 1; "
            draft.note(
                asked.column,
                "asked about",
                text + 'if it means not applicable, write low: 1 and unknown: ["0"].',
            )


def _loudest_first(notes: list[Note]) -> list[Note]:
    """Return notes on the table and the outcome, then columns that say the outcome, then the others."""
    mirrors = [note for note in notes if note.decision == "mirror"]
    hint = [Note(KNOWN_BEFORE, decision="mirror")] if mirrors else []
    start = [note for note in notes if note.decision in ("table", "outcome")]
    rest = [note for note in notes if note.decision not in ("table", "outcome", "mirror")]
    return [*start, *mirrors, *hint, *rest]


def _mirror(column: Column) -> str | None:
    reason = mirror_by_name(column.heading) or (mirror_by_name(column.text) if column.text else None)
    # A column of dates that is called Closed says when, not how.
    return None if reason == IS_OUTCOME and dates_in(column.coded) is not None else reason


def _note_role(draft: _Draft, column: Column, role: str) -> None:
    what = "deal's id" if role == "deal" else role.replace("_", " ")
    text = f"holds the {what}; not drafted as a characteristic."
    clues = column.clues
    if role == "deal" and len(clues.known) < clues.filled:
        again = clues.filled - len(clues.known)
        text += (
            f" {again:,} of {clues.rows:,} rows repeat an id met before: rows seem to be answers of several "
            "people to one deal; combine them to one row per deal first."
        )
    draft.note(column.heading, "role", text)


def _place_spread(draft: _Draft, column: Column, group: Sequence[Spread]) -> None:
    if column.heading != group[0].heading:
        return
    options = [(one.word, one.heading) for one in group]
    name = draft.name(group[0].question)
    draft.characteristics += characteristics_of(name, options, "")
    said = ", ".join(one.word for one in group)
    text = (
        f"several choices, a column each ({said}); drafted as a yes or no for each, unknown if all are blank."
    )
    draft.note(group[0].question, "question", text)


def _place(draft: _Draft, column: Column) -> None:
    heading, clues = column.heading, column.clues
    choices = within_cells(column.coded) if clues.numbers is None and not clues.ordered else None
    if choices is not None:
        separator, options = choices
        name = draft.name(_readable(heading, column.text))
        parts = characteristics_of(name, [(word, heading) for word in options], separator, column.text)
        draft.characteristics += parts
        text = f"several choices in a cell, parted by {separator!r}; drafted as a yes or no for each."
        draft.note(heading, "question", text)
        return
    reason, mirror = why_left_out(column), _mirror_by_data(draft, column)
    if reason or mirror:
        draft.note(heading, "mirror" if mirror else "left out", f"left out, {mirror or reason}.")
        return
    asked = characteristic_of(draft.name(_readable(heading, column.text)), column)
    draft.characteristics.append(asked)
    for doubt in doubts(column, asked):
        draft.note(heading, "asked about", doubt)


def _readable(heading: str, text: str) -> str:
    """Return a name for people: the question's text where the heading is a code such as Q2."""
    return text if text and len(text) <= LONGEST_NAME and MACHINE_NAME.fullmatch(heading) else heading


def _mirror_by_data(draft: _Draft, column: Column) -> str | None:
    """Return why a column says the outcome by itself, from how its answers go with it."""
    last = len(column.clues.known)
    answer = np.array([*column.clues.places, last])[column.coded.codes]
    counts = np.zeros((last + 1, len(OUTCOMES)), dtype=np.int64)
    for place, meaning in enumerate(OUTCOMES):
        counts[:, place] = np.bincount(answer[draft.mapped.ended == meaning], minlength=last + 1)
    found = mirror_by_data(counts, ordered=column.clues.numbers is not None)
    if found is None:
        return None
    return found.in_words("it", column.clues.known).rstrip(".")


def _layout(draft: _Draft) -> TableLayout | None:
    """Return how the file was read, with marks in numbers and the order of dates; None where all is plain."""
    found = draft.table.layout
    marks = [column.clues.marks for column in draft.columns if column.clues.marks is not None]
    decimals, thousands = {mark.decimal for mark in marks}, {mark.thousands for mark in marks} - {None}
    roles = {
        role: draft.table.coded(heading) for role, heading in draft.roles.items() if role.endswith("_date")
    }
    orders = {order for coded in roles.values() if (order := read_dates(coded.values).order) is not None}
    if len(decimals) == 1 and len(thousands) <= 1:
        found = replace(found, decimal=decimals.pop(), thousands=thousands.pop() if thousands else None)
    if len(orders) == 1:
        found = replace(found, dates=orders.pop())
    return None if found.plain else found
