"""Headings in one row or several: names, question texts, codes, and the options of one question."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from qualify._support.words import clean_text, fold
from qualify.reading.cells import cell_text

Row = Sequence[Any]

# What SurveyMonkey writes into its second heading row where a question has one column.
GENERIC = {"response", "open-ended response", "open-ended comment", "other (please specify)"}
IMPORT_ID = re.compile(r'\{\s*"ImportId"')  # Qualtrics' third row
UNNAMED = re.compile(r"Unnamed: \d+(?:_level_\d+)?")  # what pandas calls a blank heading
NUMBER_LIKE = re.compile(r"(?:[A-Za-z]{2,3}\.?\s)?[^\w]{0,2}\d")
FEWEST_ROWS = 6  # below the headings, for a second row of them to be told from a deal
FEWEST_TYPED = 2  # columns in which such a row must be foreign
RECURRING = 0.5  # of the filled cells that may be different in a column of few answers
MOSTLY = 0.9


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Headings:
    """What stands above the columns.

    Attributes
    ----------
    names : tuple of str
        A heading per column; blank where there is none.
    rows : int
        How many rows of headings there are.
    questions : dict
        Text of the question by heading, from a further row.
    options : dict
        Question and option by heading, where a question is spread over columns.
    notes : tuple of str
        What was done with further rows.
    """

    names: tuple[str, ...]
    rows: int = 1
    questions: dict[str, str] = field(default_factory=dict)
    options: dict[str, tuple[str, str]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Kinds:
    """What the columns of a table hold, as far as a sample of rows shows.

    Attributes
    ----------
    numeric : tuple of bool
        Whether nearly all filled cells are numbers or dates.
    answers : tuple of Counter or None
        Cells with how often each occurs, where they recur.
    """

    numeric: tuple[bool, ...]
    answers: tuple[Counter[str] | None, ...]

    def fits(self, cells: Row, *, own: int = 0) -> tuple[int, int]:
        """Return in how many columns with a kind a row fits, and in how many it does not.

        Parameters
        ----------
        cells : sequence
            The row.
        own : int
            How often the row itself is in the sample.

        Returns
        -------
        tuple of int
            Blank cells do not count.
        """
        right = wrong = 0
        for cell, numeric, answers in zip(cells, self.numeric, self.answers, strict=False):
            text = cell_words(cell)
            if not text or (not numeric and answers is None):
                continue
            good = is_number_like(cell) if numeric else answers is not None and answers[fold(text)] > own
            right, wrong = right + good, wrong + (not good)
        return right, wrong


def kinds_of(rows: Sequence[Row]) -> Kinds:
    """Return what columns hold.

    Parameters
    ----------
    rows : sequence of sequence
        Some rows of the table.

    Returns
    -------
    Kinds
        Of as many columns as the widest row has.
    """
    width = max(map(len, rows), default=0)
    numeric: list[bool] = []
    answers: list[Counter[str] | None] = []
    for place in range(min(width, 2000)):
        cells = [row[place] for row in rows if place < len(row) and cell_words(row[place])]
        numbers = sum(map(is_number_like, cells))
        counts = Counter(fold(cell_words(cell)) for cell in cells)
        numeric.append(bool(cells) and numbers >= MOSTLY * len(cells))
        recur = len(cells) >= FEWEST_ROWS and len(counts) <= RECURRING * len(cells)
        answers.append(counts if recur and not numeric[-1] else None)
    return Kinds(numeric=tuple(numeric), answers=tuple(answers))


def read_headings(
    first: Row, below: Sequence[Row], sample: Sequence[Row], *, rows: int | None = None
) -> Headings:
    """Return the headings of a table, from one row or several.

    Parameters
    ----------
    first : sequence
        The first row of headings.
    below : sequence of sequence
        The rows below it, of which some may be headings too.
    sample : sequence of sequence
        Rows of the table, those below included.
    rows : int, optional
        How many rows of headings there are, where that is known.

    Returns
    -------
    Headings
        A second row counts only where it can be no deal.
    """
    names = ["" if UNNAMED.fullmatch(text := cell_words(cell)) else text for cell in first]
    while names and not names[-1] and not _mostly_filled(len(names) - 1, sample):
        names.pop()
    count = _heading_rows(below, sample) if rows is None else rows
    if count == 1 or not below:
        return Headings(names=tuple(names), rows=min(count, 1 + len(below)))
    second = [cell_words(cell) for cell in below[0]]
    if any(map(IMPORT_ID.match, second)):
        second = []
    return _composed(names, second, min(count, 1 + len(below)))


def _mostly_filled(place: int, sample: Sequence[Row]) -> bool:
    """Return whether a column without a heading has cells in half of the rows, unlike a stray comma's."""
    filled = sum(place < len(row) and bool(cell_words(row[place])) for row in sample)
    return 2 * filled >= max(len(sample), 2)


def cell_words(cell: object) -> str:
    """Return a cell as clean text."""
    return clean_text(cell_text(cell))


def is_number_like(cell: object) -> bool:
    """Return whether a cell is a number or a date, or begins like one."""
    if isinstance(cell, bool):
        return False
    if isinstance(cell, int | float | Decimal | dt.date | dt.time | dt.timedelta):
        return True
    return NUMBER_LIKE.match(cell_words(cell)) is not None


def _heading_rows(below: Sequence[Row], sample: Sequence[Row]) -> int:
    """Return how many rows of headings there are: one more only where the row can be no deal."""
    codes = [place for place, row in enumerate(below[:2]) if _is_import_id(row)]
    if codes:
        return codes[-1] + 2
    if not below:
        return 1
    if _is_generic(below[0]):
        return 2
    rest = sample[1:]
    if len(rest) < FEWEST_ROWS:
        return 1
    right, wrong = kinds_of(rest).fits(below[0])
    filled = sum(bool(cell_words(cell)) for cell in below[0])
    return 2 if right == 0 and wrong >= max(FEWEST_TYPED, filled / 2) else 1


def _is_import_id(row: Row) -> bool:
    texts = [text for cell in row if (text := cell_words(cell))]
    return bool(texts) and all(map(IMPORT_ID.match, texts))


def _is_generic(row: Row) -> bool:
    """Return whether a row has SurveyMonkey's words: some columns say Response, the first say nothing."""
    texts = [cell_words(cell) for cell in row]
    said = [fold(text) for text in texts if text]
    return bool(said) and not texts[0] and any(text in GENERIC for text in said)


def _composed(names: list[str], second: list[str], rows: int) -> Headings:
    """Join two rows: a blank heading belongs to the one on its left, and the second row has its option."""
    width = max(len(names), len(second))
    names, second = [*names, *[""] * (width - len(names))], [*second, *[""] * (width - len(second))]
    parents: list[str] = []
    for name, text in zip(names, second, strict=True):
        parents.append(name or (parents[-1] if parents and text else ""))
    shared = Counter(parent for parent, text in zip(parents, second, strict=True) if parent and text)
    made: list[str] = []
    questions: dict[str, str] = {}
    options: dict[str, tuple[str, str]] = {}
    for name, parent, text in zip(names, parents, second, strict=True):
        plain = not text or fold(text) in GENERIC
        if parent and not plain and shared[parent] > 1:
            heading = f"{parent}: {text}"
            options[heading] = (parent, text)
        else:
            heading = parent if parent and (name or plain) else text
            if heading != text and not plain:
                questions[heading] = text
        made.append(heading)
    what = "question texts and options" if options else "question texts" if questions else "codes"
    said = f"Read {rows} rows of headings; the further ones hold {what}."
    return Headings(names=tuple(made), rows=rows, questions=questions, options=options, notes=(said,))
