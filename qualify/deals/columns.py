"""Columns of a table understood by the survey: answers, outcomes, ids, dates, numbers, and what is wrong."""

from __future__ import annotations

import math
from collections.abc import Collection

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from qualify._support.words import as_number, fold, number_text
from qualify.deals.faults import MOST_ROWS, Fault, Faults
from qualify.deals.outcomes import by_number, numbered
from qualify.errors import Problem, did_you_mean
from qualify.reading.cells import Coded
from qualify.reading.dates import read_dates
from qualify.reading.layout import DateOrder
from qualify.reading.numbers import Marks, Numbers, read_numbers
from qualify.survey.model import UNKNOWN, Characteristic, Survey

MOST_HINTS = 200  # distinct wrong answers for which a near one is looked for
SEVERAL = 0.2  # share of rows with an id met before, from which rows are answers and not deals
MOST_NEW, FEWEST_NEW = 0.5, 20  # share and number of new words from which a column is not what it was
MOST_WHOLE = 21  # whole numbers of a score's range that are categories though nobody gave them

# The answer of each distinct cell (None is unknown), the faults of numbers, and those of words that fit none.
Matches = tuple[list[str | None], dict[int, Fault], dict[int, Fault]]


def read_answer_column(
    asked: Characteristic, survey: Survey, coded: Coded, faults: Faults
) -> pd.Categorical[str]:
    """Return one characteristic's answers.

    Parameters
    ----------
    asked : Characteristic
        The question.
    survey : Survey
        Its survey, for the words that mean unknown.
    coded : Coded
        The column.
    faults : Faults
        Takes what does not fit.

    Returns
    -------
    Categorical
        Text categories, `unknown` last; never missing.
    """
    match = _match_score if asked.kind == "score" else _match_words
    matched, wrong, words = match(asked, survey, coded)
    blank = ("blank, and the survey says that is an error", "fill it in, or write unknown")
    if faults.aside is None or _mostly_new(coded, words):
        wrong |= words
    else:
        faults.put_aside(asked.name, coded, words)
    faults.cells(asked.column, coded, wrong, blank if asked.blank == "error" else None)
    categories = [*_categories(asked, matched), UNKNOWN]
    places = {answer: place for place, answer in enumerate(categories)}
    known = [len(categories) - 1 if answer is None else places[answer] for answer in matched]
    codes = np.array([*known, len(categories) - 1])[coded.codes]  # the last is what a missing cell finds
    return pd.Categorical.from_codes(codes, categories=pd.Index(categories))


def read_ids(column: str, coded: Coded, faults: Faults, *, respondent: str | None = None) -> list[str]:
    """Return the deal ids as text, without outer space; case counts.

    Parameters
    ----------
    column : str
        Its heading.
    coded : Coded
        The column.
    faults : Faults
        Takes blank and repeated ids.
    respondent : str, optional
        Heading of who answered, where the table has it.

    Returns
    -------
    list of str
        One per row.
    """
    texts = [*coded.texts(), ""]
    faults.cells(column, coded, {}, ("a deal without an id", "give it one of its own"))
    ids = [texts[code] for code in coded.codes.tolist()]
    first: dict[str, int] = {}
    again = [place for place, text in enumerate(ids) if text and first.setdefault(text, place) != place]
    if len(again) > MOST_ROWS or (again and (respondent or len(again) > SEVERAL * len(ids) > 2)):
        faults.general.append(_several_answers(column, ids, again, respondent))
        return ids
    for place in again:
        row, earlier = int(faults.rows[place]), int(faults.rows[first[ids[place]]])
        reason, mend = f"this deal id stands in row {earlier} already", "keep one row per deal"
        faults.first.append(Problem(reason=reason, mend=mend, column=column, row=row, value=ids[place]))
    return ids


def _several_answers(column: str, ids: list[str], again: list[int], respondent: str | None) -> Problem:
    """Say that rows are answers and not deals, and how to combine them."""
    of_whom = f" of several respondents ({respondent})" if respondent else ""
    reason = f"{len(ids):,} rows are answers{of_whom} to {len(ids) - len(again):,} deals"
    most = "lambda answers: answers.mode().iat[0] if answers.notna().any() else None"
    how = f"frame.groupby({column!r}, as_index=False).agg({most})"
    fix = f"combine them to one row per deal first, for example by the most frequent answer of each: {how}"
    return Problem(reason=reason, mend=fix, column=column)


def without_unknown(coded: Coded, survey: Survey) -> Coded:
    """Return a column with the survey's words for unknown taken as blank: for all that is no characteristic.

    Parameters
    ----------
    coded : Coded
        The column.
    survey : Survey
        Its survey.

    Returns
    -------
    Coded
        The column, those cells missing.
    """
    words = {fold(word) for word in (UNKNOWN, *survey.unknown)}
    texts = coded.texts()
    values = [None if fold(text) in words else value for text, value in zip(texts, coded.values, strict=True)]
    return Coded(codes=coded.codes, values=values)


def read_date_column(
    column: str, coded: Coded, faults: Faults, *, order: DateOrder | None = None
) -> NDArray[np.datetime64]:
    """Return dates, NaT where blank.

    Parameters
    ----------
    column : str
        Its heading.
    coded : Coded
        The column.
    faults : Faults
        Takes what is no date, or could be two.
    order : {"day first", "month first", "day numbers"}, optional
        How dates are written, where the survey knows it.

    Returns
    -------
    ndarray of datetime64[us]
        One per row.
    """
    if order == "day numbers":
        dates = read_dates(coded.values, serial=True)
    else:
        dates = read_dates(coded.values, order=order)
    faults.cells(column, coded, dates.faults)
    return np.array([*dates.values, None], dtype="datetime64[us]")[coded.codes]


def read_number_column(
    column: str, coded: Coded, faults: Faults, *, weight: bool, marks: Marks | None = None
) -> NDArray[np.float64]:
    """Return numbers, NaN where blank.

    Parameters
    ----------
    column : str
        Its heading.
    coded : Coded
        The column.
    faults : Faults
        Takes what is no finite number.
    weight : bool
        Whether every number must be there and above 0.
    marks : Marks, optional
        Marks within the numbers, where the survey knows them.

    Returns
    -------
    ndarray of float
        One per row.
    """
    numbers = read_numbers(coded.values, marks=marks)
    wrong: dict[int, Fault] = dict(numbers.faults)
    for place, number in enumerate(numbers.values):
        if weight and number <= 0:
            wrong[place] = ("a weight must be above 0", "leave the row out, or correct the weight")
    blank = ("a deal without a weight", "write 1 for one deal")
    faults.cells(column, coded, wrong, blank if weight else None)
    return np.array([*numbers.values, math.nan])[coded.codes]


def read_text_column(coded: Coded) -> NDArray[np.object_]:
    """Return texts without outer space, None where blank.

    Parameters
    ----------
    coded : Coded
        The column.

    Returns
    -------
    ndarray of object
        One per row.
    """
    return np.array([*(text or None for text in coded.texts()), None], dtype=object)[coded.codes]


def _mostly_new(coded: Coded, words: Collection[int]) -> bool:
    """Return whether most answers of a column are none of the survey's: then the column is another one."""
    new = int(np.isin(coded.codes, list(words)).sum())
    return new >= FEWEST_NEW and new > MOST_NEW * int((~coded.blank()).sum())


def _match_words(asked: Characteristic, survey: Survey, coded: Coded) -> Matches:
    answers = {fold(value): value for value in asked.values}
    numbers = by_number({fold(value): value for value in asked.values})
    unknown = _unknown_words(asked, survey)
    listed = ", ".join(asked.values[:12]) + (", ..." if len(asked.values) > 12 else "")
    matched: list[str | None] = []
    wrong: dict[int, Fault] = {}
    for place, text in enumerate(coded.texts()):
        word = fold(text)
        answer = answers.get(word) or (None if word in unknown else numbered(word, numbers))
        matched.append(answer)
        if answer is None and word and word not in unknown:
            hint = did_you_mean(text, asked.values) if len(wrong) < MOST_HINTS else ""
            mend = f"write one of {listed}, or add it to the survey.{hint}"
            wrong[place] = ("not an answer of the survey", mend)
    return matched, {}, wrong


def _match_score(asked: Characteristic, survey: Survey, coded: Coded) -> Matches:
    unknown = _unknown_words(asked, survey)
    codes = {number for word in unknown if (number := as_number(word)) is not None}
    low = -math.inf if asked.low is None else asked.low
    high = math.inf if asked.high is None else asked.high
    texts = coded.texts()
    known = [None if fold(text) in unknown else cell for text, cell in zip(texts, coded.values, strict=True)]
    numbers = _read_within(known, low, high, marks_of(survey))
    wrong = dict(numbers.faults)
    matched: list[str | None] = []
    for place, number in enumerate(numbers.values):
        if not math.isnan(number) and number not in codes and not low <= number <= high:
            limit = f"below low ({number_text(low)})" if number < low else f"above high ({number_text(high)})"
            wrong[place] = (limit, "correct it, or move the limit in the survey")
        unread = math.isnan(number) or place in wrong or number in codes
        matched.append(None if unread else number_text(number))
    words = {place: fault for place, fault in wrong.items() if fault[0] == "not a number"}
    return matched, {place: fault for place, fault in wrong.items() if place not in words}, words


def _read_within(cells: list[object], low: float, high: float, marks: Marks | None) -> Numbers:
    """Read numbers; where both readings of their marks fit the column, the range may leave only one."""
    found = read_numbers(cells, marks=marks)
    if not found.ambiguous:
        return found
    readings = [read_numbers(cells, marks=Marks(decimal=mark)) for mark in (".", ",")]
    within = [numbers for numbers in readings if not numbers.faults and _all_within(numbers, low, high)]
    return within[0] if len(within) == 1 else found


def _all_within(numbers: Numbers, low: float, high: float) -> bool:
    return all(low <= value <= high for value in numbers.values if not math.isnan(value))


def marks_of(survey: Survey) -> Marks | None:
    """Return the marks within numbers that the survey knows; None where it knows none.

    Parameters
    ----------
    survey : Survey
        The survey.

    Returns
    -------
    Marks or None
        From its `table`.
    """
    table = survey.table
    if table is None or (table.decimal is None and table.thousands is None):
        return None
    return Marks(decimal=table.decimal, thousands=table.thousands)


def _categories(asked: Characteristic, matched: list[str | None]) -> list[str]:
    if asked.kind != "score":
        return list(asked.values)
    numbers = {float(text) for text in matched if text is not None}
    if asked.low is not None and asked.high is not None and asked.high - asked.low < MOST_WHOLE:
        whole = range(math.ceil(asked.low), math.floor(asked.high) + 1)
        numbers |= {float(number) for number in whole} if len(whole) <= MOST_WHOLE else set()
    return [number_text(number) for number in sorted(numbers)]


def _unknown_words(asked: Characteristic, survey: Survey) -> set[str]:
    return {fold(word) for word in (UNKNOWN, *survey.unknown, *asked.unknown)}
