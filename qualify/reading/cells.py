"""What one cell of a table says, whatever kind of table it came from."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from qualify.words import clean_text, number_text

ONE_TYPE = {"string", "empty", "boolean", "integer", "floating", "datetime", "datetime64", "date"}
# What spreadsheets show for a formula that fails, in seven languages.
ERRORS_SHOWN = """
    #REF! #VALUE! #DIV/0! #N/A #NAME? #NUM! #NULL! #SPILL! #CALC! #GETTING_DATA #BEZUG! #WERT! #NV
    #ZAHL! #VALEUR! #NOM? #NOMBRE! #NUL! #¡REF! #¡VALOR! #¡DIV/0! #¿NOMBRE? #¡NUM! #VALOR! #NOME?
    #NOME! #N/D #RIF! #VALORE! #VERW! #WAARDE! #NAAM? #N/B #DEEL/0! #GETAL! #LEEG!
"""
ERRORS = frozenset(ERRORS_SHOWN.split())


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Coded:
    """A column as codes into its distinct cells, so that each is looked at once and not row by row.

    Attributes
    ----------
    codes : ndarray of int64, one per row
        Position in `values`; -1 for a missing cell.
    values : list
        The distinct cells.
    """

    codes: NDArray[np.int64]
    values: list[Any]

    def texts(self) -> list[str]:
        """Return the distinct cells as clean text; "" for an error of a spreadsheet, such as #REF!."""
        texts = [clean_text(cell_text(value)) for value in self.values]
        return ["" if is_error_cell(text) else text for text in texts]

    def errors(self) -> NDArray[np.bool_]:
        """Return which rows hold an error of a spreadsheet."""
        hit = np.array([*(is_error_cell(clean_text(cell_text(value))) for value in self.values), False])
        return hit[self.codes]

    def blank(self) -> NDArray[np.bool_]:
        """Return which rows are blank: missing, empty or only space."""
        empty = np.array([*(not text for text in self.texts()), True])  # the last is what code -1 finds
        return empty[self.codes]

    def rows(self, kept: NDArray[np.bool_]) -> Coded:
        """Return the same for some of the rows."""
        return Coded(codes=self.codes[kept], values=self.values)


def code_cells(cells: pd.Series[Any] | Sequence[Any]) -> Coded:
    """Return a column as codes into its distinct cells.

    Parameters
    ----------
    cells : Series or sequence
        The column; it is only read.

    Returns
    -------
    Coded
        Cells of different types are never taken for one another, so that True is not 1.

    Examples
    --------
    >>> coded = code_cells(["Yes", None, "No", "Yes"])
    >>> coded.codes.tolist(), coded.values
    ([0, -1, 1, 0], ['Yes', 'No'])
    """
    if not isinstance(cells, pd.Series):
        cells = pd.Series(np.fromiter(cells, dtype=object, count=len(cells)), dtype=object)
    if cells.dtype == object and _inferred(cells) not in ONE_TYPE:
        return _code_mixed(cells.tolist())
    codes, values = pd.factorize(cells)
    return Coded(codes=codes.astype(np.int64), values=list(values))


def cell_text(value: object) -> str:
    """Return a cell as text: text as written, a whole number without decimals, a date in ISO form.

    Parameters
    ----------
    value : object
        The cell.

    Returns
    -------
    str
        "" for a missing cell.

    Examples
    --------
    >>> cell_text(4.0), cell_text("4.0"), cell_text(True), cell_text(None)
    ('4', '4.0', 'True', '')
    """
    if isinstance(value, str):
        return str(value)
    if is_missing(value):
        return ""
    if isinstance(value, float | np.floating):
        return _float_text(value)
    if isinstance(value, Decimal):
        return f"{value.normalize():f}" if value.is_finite() else str(value)
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time(0) else value.isoformat(" ")
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="replace")
    return str(value)


def is_error_cell(text: str) -> bool:
    """Return whether a cell shows an error of a spreadsheet and no answer.

    Parameters
    ----------
    text : str
        The cell.

    Returns
    -------
    bool
        True for #REF!, #DIV/0!, #N/A and the like, in several languages.

    Examples
    --------
    >>> is_error_cell("#REF!"), is_error_cell("#1")
    (True, False)
    """
    return text.startswith("#") and text.upper() in ERRORS


def is_missing(value: object) -> bool:
    """Return whether a cell holds nothing: None, NaN, NaT, NA.

    Parameters
    ----------
    value : object
        The cell.

    Returns
    -------
    bool
        False for an empty text.
    """
    if value is None or value is pd.NA or value is pd.NaT:
        return True
    if isinstance(value, float | np.floating):
        return bool(np.isnan(value))
    if isinstance(value, np.datetime64 | np.timedelta64):
        return bool(np.isnat(value))
    return isinstance(value, Decimal) and value.is_nan()


def _float_text(value: float | np.floating[Any]) -> str:
    if isinstance(value, float) or not math.isfinite(value):
        return number_text(float(value))
    # the shortest text in the number's own precision: 0.1 in 32 bits is not 0.10000000149
    return number_text(float(str(value)))


def _inferred(cells: pd.Series[Any]) -> str:
    try:
        return str(pd.api.types.infer_dtype(cells, skipna=True))
    except InvalidOperation:  # a signalling NaN among decimals
        return "mixed"


def _code_mixed(cells: list[Any]) -> Coded:
    places: dict[tuple[type, object], int] = {}
    codes = np.empty(len(cells), dtype=np.int64)
    for row, cell in enumerate(cells):
        if is_missing(cell):
            codes[row] = -1
            continue
        known = cell if _hashable(cell) else cell_text(cell)
        codes[row] = places.setdefault((type(known), known), len(places))
    return Coded(codes=codes, values=[value for _, value in places])


def _hashable(cell: object) -> bool:
    try:
        hash(cell)
    except TypeError:  # a list, or a tuple with a list in it
        return False
    return True
