"""Frames as plain files and plain values: CSV that a spreadsheet cannot take for formulas, and JSON."""

from __future__ import annotations

import csv
import json
import math
from typing import Any

import numpy as np
import pandas as pd

from qualify._support.words import as_number
from qualify.formatting.formats import is_missing

# The full-width forms are taken for the plain ones where such a keyboard is in use.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def to_csv(frame: pd.DataFrame) -> str:
    """Return a frame as CSV text in which no cell acts.

    Text that a spreadsheet would read as a formula gets a leading apostrophe; numbers, and text that is one,
    stay.

    Parameters
    ----------
    frame : DataFrame
        The table, without its index. It is not altered.

    Returns
    -------
    str
        Commas, a heading, the mark by which spreadsheets know UTF-8 (BOM), numbers in full, blank where
        missing.

    Examples
    --------
    >>> print(to_csv(pd.DataFrame({"deal": ["=1+1", "-4"], "score": [-4, 2.5]})).lstrip(chr(0xFEFF)))
    deal,score
    '=1+1,-4.0
    -4,2.5
    <BLANKLINE>
    """
    safe = pd.DataFrame({at: _guarded(frame.iloc[:, at]) for at in range(frame.shape[1])}, index=frame.index)
    safe = safe.set_axis([guard(str(name)) for name in frame.columns], axis=1)
    text: str = safe.to_csv(index=False, lineterminator="\n")
    if "\r" in text:  # a lone carriage return would end the row unless all text is quoted
        text = safe.to_csv(index=False, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
    # Half a character, as broken exports hold, fits into no file.
    return "\ufeff" + text.encode("utf-8", "replace").decode("utf-8")


def guard(text: str) -> str:
    """Return text with a leading apostrophe where a spreadsheet would read it as a formula.

    Parameters
    ----------
    text : str
        The content of a cell.

    Returns
    -------
    str
        The same text, or with an apostrophe before it.

    Examples
    --------
    >>> guard("=HYPERLINK(1)"), guard("-2.5"), guard("a=b")
    ("'=HYPERLINK(1)", '-2.5', 'a=b')
    """
    return f"'{text}" if text.startswith(FORMULA_STARTS) and as_number(text) is None else text


def to_records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a frame as values that JSON can hold.

    Parameters
    ----------
    frame : DataFrame
        The table, without its index.

    Returns
    -------
    list of dict
        A dict per row; missing and infinite numbers become None.

    Examples
    --------
    >>> to_records(pd.DataFrame({"n": [3], "rate": [float("nan")]}))
    [{'n': 3, 'rate': None}]
    """
    names = [str(name) for name in frame.columns]
    columns = [[plain_value(value) for value in frame.iloc[:, at].tolist()] for at in range(len(names))]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def plain_value(value: Any) -> Any:
    """Return a cell as a value that JSON can hold.

    Parameters
    ----------
    value : object
        A number, text, truth value, date, or something missing.

    Returns
    -------
    object
        A number, text, truth value or None.
    """
    if is_missing(value):
        return None
    if isinstance(value, np.generic):
        return plain_value(value.item())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if isinstance(value, str | int | bool) else str(value)


def to_json(content: dict[str, Any]) -> str:
    """Return plain values as one JSON object.

    Parameters
    ----------
    content : dict
        Of values that JSON can hold.

    Returns
    -------
    str
        ASCII, so that every terminal and pipe can carry it.
    """
    return json.dumps(content, indent=2, allow_nan=False)


def _guarded(column: pd.Series[Any]) -> pd.Series[Any]:
    if column.dtype.kind == "f" and column.isna().any() and (column.dropna() % 1 == 0).all():
        return column.astype("Int64")  # counts that only became decimal because one is missing
    if column.dtype.kind in "biufcM":
        return column
    return pd.Series(
        [guard(cell) if isinstance(cell, str) else cell for cell in column], dtype=object, index=column.index
    )
