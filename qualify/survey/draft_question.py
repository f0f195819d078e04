"""One column drafted as a question: its kind and answers, or why it is none, and what is not sure."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from qualify._support.words import fold, number_text
from qualify.survey.column_clues import FEW, YES_NO, Clues, are_codes, range_in
from qualify.survey.column_roles import Column, dates_in, heading_words, holds_emails, holds_periods
from qualify.survey.model import Answer, Characteristic, Kind

FEWEST_UNKNOWN = 5  # rows that say unknown in words, for a lone yes or no to be a question
AS_ID = "different in every row; name it as deal under columns: if it is the deal's id"
AS_DATE = "dates; name it as close_date, survey_date or created_date under columns: if it is one"


def why_left_out(column: Column) -> str:
    """Return why a column cannot be asked; empty where it can.

    Parameters
    ----------
    column : Column
        One that holds no role.

    Returns
    -------
    str
        What it holds, and what to write if it is wanted.
    """
    clues = column.clues
    beside = " beside unknown or blank" if clues.filled < clues.rows else ""
    if not clues.known:
        return "nothing but blank or unknown"
    if len(clues.known) == 1 and not _one_sided(column):
        return f"always {clues.known[0]!r}{beside}"
    if holds_emails(clues):
        return "e-mail addresses"
    if holds_periods(clues):
        return "quarters or other periods of time, not answers"
    if clues.scale:
        return ""
    return _dates(column) or _numbers(column) or _too_many(clues)


def characteristic_of(name: str, column: Column) -> Characteristic:
    """Return the question that a column seems to answer.

    Parameters
    ----------
    name : str
        Its name.
    column : Column
        One that can be asked.

    Returns
    -------
    Characteristic
        Of kind score, yes_no, ordered or choice.
    """
    clues, heading = column.clues, column.heading
    question = "" if name == column.text else column.text
    unknown = [*clues.unknown, *map(number_text, clues.apart)]
    numbers = list(clues.rating or [])
    if clues.scale and not _are_codes(column):
        if _nought_below(column):
            unknown, numbers = [*unknown, "0"], numbers[1:]
        return Characteristic(
            name=name,
            column=heading,
            kind="score",
            question=question,
            low=numbers[0],
            high=numbers[-1],
            unknown=tuple(unknown),
        )
    kind, values = _words(column)
    answers = tuple(Answer(value=value) for value in values)
    return Characteristic(
        name=name, column=heading, kind=kind, question=question, answers=answers, unknown=tuple(unknown)
    )


def doubts(column: Column, asked: Characteristic) -> Iterator[str]:
    """Yield what a draft is not sure of, each with what to write.

    Parameters
    ----------
    column : Column
        The column.
    asked : Characteristic
        What was made of it.

    Yields
    ------
    str
        A sentence.
    """
    clues = column.clues
    if clues.apart and asked.kind == "score":
        codes = ", ".join(map(number_text, clues.apart))
        ends = f"{number_text(asked.low or 0)} to {number_text(asked.high or 0)}"
        verb = "stand" if len(clues.apart) > 1 else "stands"
        yield f"{codes} {verb} apart from {ends}, drafted as unknown; delete it from `unknown` if it rates."
    if asked.kind == "score" and _nought_below(column):
        yield "0 is below the scale in the heading, drafted as unknown; write low: 0 if it is a rating."
    if asked.kind == "choice" and clues.numbers is not None:
        yield "few whole numbers that look like codes, drafted as a choice; make it a score if they rate."
    if asked.kind == "yes_no" and len(clues.known) == 1:
        yield f"only {clues.known[0]!r} and words for unknown occur; the other side is drafted beside it."
    if any(fold(answer) == "na" for answer in clues.known):
        yield "NA is drafted as an answer; move it to `unknown` if it is none."


def _words(column: Column) -> tuple[Kind, list[str]]:
    clues = column.clues
    if both := clues.yes_no or _one_sided(column) or _with_a_remark(clues.known):
        return "yes_no", both
    return ("ordered", clues.ordered) if clues.ordered else ("choice", clues.known)


def _one_sided(column: Column) -> list[str] | None:
    """Return no and yes where only one of them occurs, beside words for unknown that tell as much."""
    clues, counts = column.clues, np.bincount(column.coded.codes + 1)[1:]
    unknown = [n for text, place, n in zip(column.coded.texts(), clues.places, counts, strict=False)
               if text.strip() and place == len(clues.known)]  # fmt: skip
    if len(clues.known) != 1 or sum(unknown) < FEWEST_UNKNOWN:
        return None
    only = clues.known[0]
    pair = next((pair for pair in YES_NO if fold(only) in pair and len(only) > 1), None)
    if pair is None:
        return None
    style = str.upper if only.isupper() else str.capitalize if only[0].isupper() else str.lower
    return [only if fold(only) == word else style(word) for word in pair]


def _with_a_remark(known: list[str]) -> list[str] | None:
    """Return no and yes where one of two answers says more, as in "Yes, in writing" beside "No"."""
    starts = [re.match(r"[^\W\d_]+(?=[,;:(]| [-–—(]|$)", fold(answer)) for answer in known]
    words = [start[0] for start in starts if start]
    if len(known) != 2 or len(words) != 2:
        return None
    for pair in YES_NO:
        if set(words) == set(pair):
            return known if words == list(pair) else known[::-1]
    return None


def _are_codes(column: Column) -> bool:
    numbers = column.clues.numbers
    return numbers is not None and are_codes(heading_words(column.heading), numbers)


def _nought_below(column: Column) -> bool:
    """Return whether 0 occurs although the heading names a scale from 1, as in "Need (1-5)"."""
    ends, numbers = range_in(f"{column.heading} {column.text}"), column.clues.rating
    return bool(
        ends and numbers and ends[0] == 1 and numbers[0] == 0 and numbers[-1] <= ends[1] and numbers[2:]
    )


def _dates(column: Column) -> str:
    dates = dates_in(column.coded)
    if dates is None:
        return ""
    if dates.serial:
        write = "write dates: day numbers under table: and name it under columns: if it is a date"
        return f"looks like Excel's numbers of days; {write}"
    if dates.ambiguous:
        write = "write dates: day first or month first under table: and name it under columns:"
        return f"dates that can be read in two ways; {write}"
    if dates.faults:
        return f"dates, of which {len(dates.faults)} cannot be read; write them as 2024-05-31"
    return AS_DATE


def _numbers(column: Column) -> str:
    clues = column.clues
    if clues.ambiguous:
        write = "write decimal: and thousands: under table:, and name it as value under columns: if it is one"
        return f"numbers that can be read in two ways (a mark before three digits); {write}"
    if clues.numbers is None or (clues.percent and clues.ordered) or _are_codes(column):
        return ""
    if clues.all_different and all(number == int(number) for number in clues.numbers):
        return AS_ID
    low, high = number_text(clues.numbers[0]), number_text(clues.numbers[-1])
    return (
        f"numbers from {low} to {high} ({len(clues.numbers)} different), no small scale; "
        "if it is one, add it as a score with low and high"
    )


def _too_many(clues: Clues) -> str:
    if clues.all_different and not clues.ordered:
        return AS_ID
    if len(clues.known) > FEW:
        return f"{len(clues.known)} different answers, more than {FEW}; it can be added as a choice"
    return ""
