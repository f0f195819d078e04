"""Questions that allow several choices: in one cell, parted by a sign, or spread over columns."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from qualify._support.words import fold
from qualify.reading.cells import Coded
from qualify.survey.choices import YES_NO, option_name
from qualify.survey.column_roles import Column
from qualify.survey.model import Answer, Characteristic, Option
from qualify.survey.unknown_words import MORE_UNKNOWN, UNKNOWN_WORDS

SEPARATORS = (";", "|", ",")
MOST_OPTIONS = 15
FEWEST_CELLS = 2  # different cells that hold several choices
MOST_CELLS = 5_000  # different cells of choices; more of them are free text
LONGEST = 60  # signs of an option
TICKS = {"x", "yes", "true", "1", "checked", "selected", "ja", "oui", "si", "sim", "y", "✓", "✔"}
# Headings of one question's options: "Q3: team [IT]", "team/it", "Team - Selected Choice - IT", "Q3_1".
BRACKETED = re.compile(r"(.+?)\s*\[([^\[\]]+)\]")
CHOSEN = re.compile(r"(.+?)\s*(?:\(.*\))?\s*-\s*Selected Choice\s*-\s*(.+)", re.IGNORECASE)
SLASHED = re.compile(r"([^/]+)/([^/]+)")
NUMBERED = re.compile(r"(.*\D)?[_.](\d{1,2})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """One option with a column of its own.

    Attributes
    ----------
    heading : str
        Its column.
    question, word : str
        Name of the question, and the option.
    """

    heading: str
    question: str
    word: str


def within_cells(coded: Coded) -> tuple[str, list[str]] | None:
    """Return what parts several choices in one cell, and the options; None where a cell holds one answer.

    A part must stand in at least two different cells, so that "Yes, in writing" stays one answer.

    Parameters
    ----------
    coded : Coded
        The column.

    Returns
    -------
    tuple of str and list of str, or None
        The options in the order of the alphabet, each in its most frequent spelling.
    """
    counts = np.bincount(coded.codes[coded.codes >= 0], minlength=len(coded.values)).tolist()
    cells = {text: n for text, n in zip(coded.texts(), counts, strict=True) if text and n}
    for separator in SEPARATORS if len(cells) <= MOST_CELLS else ():
        options = _options(cells, separator)
        if options is not None:
            return separator, options
    return None


def _options(cells: Mapping[str, int], separator: str) -> list[str] | None:
    parts = {cell: [part.strip() for part in cell.split(separator) if part.strip()] for cell in cells}
    several = [cell for cell, some in parts.items() if len(some) > 1]
    if len(several) < FEWEST_CELLS:
        return None
    spellings: dict[str, dict[str, int]] = {}
    stands_in: dict[str, int] = {}
    for cell, some in parts.items():
        for part in some:
            spelt = spellings.setdefault(fold(part), {})
            spelt[part] = spelt.get(part, 0) + cells[cell]
        for key in {fold(part) for part in some}:
            stands_in[key] = stands_in.get(key, 0) + 1
    if not 2 <= len(spellings) <= MOST_OPTIONS or min(stands_in.values()) < 2:
        return None
    if any(len(key) > LONGEST for key in spellings) or all(re.fullmatch(r"[\d.]+", key) for key in spellings):
        return None
    unknown = {key for key in spellings if key in MORE_UNKNOWN or key in UNKNOWN_WORDS}
    return sorted(
        max(sorted(some), key=some.__getitem__) for key, some in spellings.items() if key not in unknown
    )


def over_columns(columns: Sequence[Column], told: Mapping[str, tuple[str, str]]) -> list[list[Spread]]:
    """Return the questions whose options have a column each, filled where the option was chosen.

    Parameters
    ----------
    columns : sequence of Column
        Those that may be asked.
    told : mapping
        Question and option by heading, where two heading rows say so.

    Returns
    -------
    list of list of Spread
        At least two options each; a column belongs to one question.
    """
    groups: dict[str, list[Spread]] = {}
    for column in columns:
        if not _is_ticked(column):
            continue
        spread = _spread(column, told)
        if spread is not None:
            groups.setdefault(spread.question, []).append(spread)
    return [group for group in groups.values() if len(group) > 1]


def collected_in(columns: Sequence[Column]) -> set[str]:
    """Return headings of columns that only collect the choices of columns "heading/option" beside them."""
    parents = {match[1] for column in columns if (match := SLASHED.fullmatch(column.heading))}
    return {column.heading for column in columns if column.heading in parents}


def characteristics_of(
    name: str, options: Sequence[tuple[str, str]], separator: str, question: str = ""
) -> list[Characteristic]:
    """Return a yes_no characteristic for each option.

    Parameters
    ----------
    name : str
        Of the question.
    options : sequence of (word, heading)
        The options and the columns that hold them.
    separator : str
        What parts choices within a cell; empty where each has its own column.
    question : str
        What is asked.

    Returns
    -------
    list of Characteristic
        In the order of the options.
    """
    siblings = () if separator else tuple(heading for _, heading in options)
    return [
        Characteristic(
            name=option_name(name, word),
            column=heading,
            kind="yes_no",
            question=option_name(question, word) if question else "",
            answers=tuple(Answer(value=value) for value in YES_NO),
            option=Option(question=name, word=word, separator=separator, columns=siblings),
        )
        for word, heading in options
    ]


def _is_ticked(column: Column) -> bool:
    """Return whether a column holds one answer, or nothing."""
    return len(column.clues.known) == 1 and column.clues.filled < column.clues.rows


def _spread(column: Column, told: Mapping[str, tuple[str, str]]) -> Spread | None:
    heading, word = column.heading, column.clues.known[0]
    if heading in told:
        question, option = told[heading]
        return Spread(heading=heading, question=question, word=option)
    for text in (column.text, heading):
        for pattern in (CHOSEN, BRACKETED, SLASHED):
            if match := pattern.fullmatch(text):
                return Spread(heading=heading, question=match[1].strip(), word=match[2].strip())
    match = NUMBERED.fullmatch(heading)
    if match and fold(word) not in TICKS:
        text = column.text.removesuffix(word).rstrip(" -:–") if column.text else ""
        return Spread(heading=heading, question=text or match[1] or heading, word=word)
    return None
