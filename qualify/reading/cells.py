"""What one cell of a table says, whatever kind of table it came from."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from qualify._support.words import clean_text, fold, number_text

# What spreadsheets show for a formula that failed, in English, German, French, Spanish, Italian, Portuguese
# and Dutch; folded.
ERRORS_TEXT = """
#ref! #value! #div/0! #n/a #name? #num! #null! #spill! #calc! #getting_data #field! #blocked! #unknown!
#connect! #busy! #error! #external! #python!
#bezug! #wert! #nv #zahl! #überlauf! #kalk! #daten_abrufen #feld! #blockiert! #unbekannt! #verbinden!
#valeur! #nom? #nombre! #nul! #propagation! #epars! #chargement_données #champ! #bloqué!
#¡ref! #¡valor! #¡div/0! #n/d #¿nombre? #¡num! #¡nulo! #¡desbordamiento! #¡calc! #obteniendo_datos
#rif! #valore! #nome? #nullo! #espansione!
#valor! #núm! #nulo! #despejar! #excedente! #obtendo_dados
#verw! #waarde! #deel/0! #n/b #naam? #getal! #leeg! #overloop! #berek!
"""
ERRORS = frozenset(ERRORS_TEXT.split())
LIBRE_OFFICE_ERROR = re.compile(r"err:\d{3}")

Fault = tuple[str, str]  # what is wrong with a cell, and what to do about it
ONE_TYPE = {"string", "empty", "boolean", "integer", "floating", "datetime", "datetime64", "date"}


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
        """Return the distinct cells as clean text; "" for an error of the spreadsheet, such as #REF!."""
        return [filled_text(value) for value in self.values]

    def blank(self) -> NDArray[np.bool_]:
        """Return which rows are blank: missing, empty, only space, or an error of the spreadsheet."""
        empty = np.array([*(not text for text in self.texts()), True])  # the last is what code -1 finds
        return empty[self.codes]

    def errors(self) -> NDArray[np.bool_]:
        """Return which rows hold an error of the spreadsheet, such as #REF!."""
        found = [isinstance(value, str) and is_error_cell(value) for value in self.values]
        return np.array([*found, False])[self.codes]

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


def filled_text(value: object) -> str:
    """Return what a cell says as clean text.

    Parameters
    ----------
    value : object
        The cell.

    Returns
    -------
    str
        "" for a missing cell, and for an error of the spreadsheet: what it would have said is unknown.

    Examples
    --------
    >>> filled_text(" Very\u00a0high "), filled_text("#REF!")
    ('Very high', '')
    """
    text = clean_text(cell_text(value))
    return "" if is_error_cell(text) else text


def is_error_cell(text: str) -> bool:
    """Return whether a text is what a spreadsheet shows for a formula that failed.

    Parameters
    ----------
    text : str
        A cell.

    Returns
    -------
    bool
        Whatever the language of the spreadsheet.

    Examples
    --------
    >>> is_error_cell("#DIV/0!"), is_error_cell("#BEZUG!"), is_error_cell("#1 choice")
    (True, True, False)
    """
    if "#" not in text and ":" not in text:
        return False
    word = fold(text)
    return word in ERRORS or LIBRE_OFFICE_ERROR.fullmatch(word) is not None


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
