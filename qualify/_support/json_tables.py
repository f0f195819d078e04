"""Tables as JSON holds them: records of plain values, and back, each value checked."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from qualify.errors import short

Columns = dict[str, type]

# Columns that hold numbers of deals, in every table.
COUNTS = ("n", "won")
KINDS: dict[type, str] = {str: "text", int: "a whole number", bool: "true or false"}
DTYPES: dict[type, Any] = {str: "str", int: "int64", bool: "bool", float: "float64"}


def records(frame: pd.DataFrame, columns: Columns) -> list[dict[str, Any]]:
    """Return the rows of a table as JSON would hold them.

    Parameters
    ----------
    frame : DataFrame
        The table.
    columns : dict
        Those wanted, in order.

    Returns
    -------
    list of dict
        A record per row; missing numbers are None.
    """
    return [
        {column: plain(cell) for column, cell in zip(columns, row, strict=True)}
        for row in frame[list(columns)].itertuples(index=False, name=None)
    ]


def typed(data: dict[str, list[Any]], columns: Columns) -> pd.DataFrame:
    """Build a table from its columns, every cell of the type its column has.

    Parameters
    ----------
    data : dict
        Lists of plain values by column.
    columns : dict
        Type of each column; a float may be None, which is missing.

    Returns
    -------
    DataFrame
        With exactly these columns.

    Raises
    ------
    ValueError
        Where a column is no list, or a cell of another type or a number of deals below 0.
    """
    series: dict[str, Any] = {}
    for column, kind in columns.items():
        cells = data[column]
        if not isinstance(cells, list) or len(cells) != len(next(iter(data.values()))):
            raise ValueError(f"{column} is no list as long as the others")
        for cell in cells:
            if kind is not float and type(cell) is not kind:
                raise ValueError(f"{column} holds {short(cell)}, not {KINDS[kind]}")
            if column in COUNTS and cell < 0:
                raise ValueError(f"{column} holds {short(cell)}, which is below 0")
        numbers = [number(cell) for cell in cells] if kind is float else cells
        series[column] = pd.Series(numbers, dtype=DTYPES[kind])
    return pd.DataFrame(series)


def table_of(rows: Sequence[tuple[object, ...]], columns: Columns) -> pd.DataFrame:
    """Build a table from its rows; one without rows has the same columns and types.

    Parameters
    ----------
    rows : sequence of tuple
        In the order of the columns.
    columns : dict
        Type of each column.

    Returns
    -------
    DataFrame
        With exactly these columns.
    """
    kinds = {column: DTYPES[kind] for column, kind in columns.items()}
    return pd.DataFrame(list(rows), columns=list(columns)).astype(kinds)


def word(value: object, allowed: tuple[str, ...] | None) -> str:
    """Return a text, checked.

    Parameters
    ----------
    value : object
        What the JSON held.
    allowed : tuple of str or None
        The words allowed; None for any text.

    Returns
    -------
    str
        The text.

    Raises
    ------
    ValueError
        For anything else.
    """
    if not isinstance(value, str) or (allowed is not None and value not in allowed):
        raise ValueError(f"{short(value)} is not {' or '.join(allowed) if allowed else 'text'}")
    return value


def whole(value: object) -> int:
    """Return a number of deals, checked.

    Parameters
    ----------
    value : object
        What the JSON held.

    Returns
    -------
    int
        0 or more.

    Raises
    ------
    ValueError
        For anything else.
    """
    if type(value) is not int or value < 0:
        raise ValueError(f"{short(value)} is not a number of deals")
    return value


def number(value: object) -> float:
    """Return a number, checked.

    Parameters
    ----------
    value : object
        What the JSON held.

    Returns
    -------
    float
        NaN for null.

    Raises
    ------
    ValueError
        For anything else.
    """
    if value is None:
        return math.nan
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"{short(value)} is not a number")
    return float(value)


def plain(value: Any) -> Any:
    """Give the same in JSON's types: missing and infinite numbers become null.

    Parameters
    ----------
    value : object
        A value, or lists and dicts of them.

    Returns
    -------
    object
        What `json` can write.
    """
    if isinstance(value, dict):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [plain(entry) for entry in value]
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
