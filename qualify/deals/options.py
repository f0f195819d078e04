"""Questions that allow several choices, read as one yes or no for each option."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from qualify._support.words import as_number, fold
from qualify.deals.faults import Faults
from qualify.reading.cells import Coded
from qualify.reading.source import RawTable
from qualify.survey.model import UNKNOWN, Characteristic, Option, Survey

NOT_CHOSEN = {
    "no",
    "n",
    "false",
    "f",
    "0",
    "nein",
    "non",
    "nee",
    "não",
    "unchecked",
    "not selected",
    "not chosen",
}


def read_option_column(
    asked: Characteristic, survey: Survey, table: RawTable, faults: Faults
) -> pd.Categorical[str]:
    """Return for each deal whether one option was chosen.

    Parameters
    ----------
    asked : Characteristic
        The option's characteristic, of kind yes_no.
    survey : Survey
        Its survey, for the words that mean unknown.
    table : RawTable
        The table; it has the option's column.
    faults : Faults
        Takes blank cells where the survey says they are an error, and missing columns of other options.

    Returns
    -------
    Categorical
        The two answers, then `unknown`: where nothing was chosen at all.
    """
    option = asked.option or Option(question=asked.name, word=asked.name)
    unknown = {"", fold(UNKNOWN), *map(fold, (*survey.unknown, *asked.unknown))}
    coded = table.coded(asked.column)
    if option.separator:
        chosen, silent = _within(coded, option, unknown)
    else:
        chosen, silent = _apart(table, asked.column, option, unknown, faults)
    if asked.blank == "error" and silent.any():
        blank = ("nothing chosen, and the survey says that is an error", "choose an option, or write unknown")
        faults.cells(asked.column, coded, {}, blank)
    codes = np.where(chosen, 1, np.where(silent, 2, 0))
    return pd.Categorical.from_codes(codes, categories=pd.Index([*asked.values, UNKNOWN]))


def parts_of(text: str, separator: str) -> list[str]:
    """Return the choices written in one cell, without outer space; empty ones do not count.

    Parameters
    ----------
    text : str
        The cell.
    separator : str
        What parts them.

    Returns
    -------
    list of str
        In their order.

    Examples
    --------
    >>> parts_of("Finance; IT;", ";")
    ['Finance', 'IT']
    """
    return [part.strip() for part in text.split(separator.strip() or separator) if part.strip()]


def _within(coded: Coded, option: Option, unknown: set[str]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    word = fold(option.word)
    parts = [{fold(part) for part in parts_of(text, option.separator)} for text in coded.texts()]
    chosen = np.array([*(word in some for some in parts), False])
    silent = np.array([*(some <= unknown for some in parts), True])
    return chosen[coded.codes], silent[coded.codes]


def _apart(
    table: RawTable, column: str, option: Option, unknown: set[str], faults: Faults
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Read an option with a column of its own; where all the columns are blank, nothing was chosen."""
    silent = np.ones(len(table), dtype=np.bool_)
    chosen = np.zeros(len(table), dtype=np.bool_)
    for heading in dict.fromkeys((column, *option.columns)):
        if heading not in table:
            faults.general.append(table.missing(heading))
            continue
        coded = table.coded(heading)
        words = [fold(text) for text in coded.texts()]
        silent &= np.array([*(word in unknown for word in words), True])[coded.codes]
        if heading == column:
            yes = [word not in unknown and word not in NOT_CHOSEN and as_number(word) != 0 for word in words]
            chosen = np.array([*yes, False])[coded.codes]
    return chosen, silent
