"""One value → the text people read: rounding, thousands separators, the dash for what is missing."""

from __future__ import annotations

import datetime as dt
import math
import unicodedata
from collections.abc import Callable
from numbers import Real

import numpy as np
import pandas as pd

from qualify.formatting.labels import Format

MISSING = "–"
_BIDI_CONTROLS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")


def clean(text: object) -> str:
    r"""Return text as one harmless line.

    Line breaks, tabs and terminal control codes become a space, controls of the writing direction are
    dropped, and lone surrogates (which no file can hold) become the replacement character.

    Parameters
    ----------
    text : object
        Anything; its `str` is used.

    Returns
    -------
    str
        One line without control characters.

    Examples
    --------
    >>> clean("Acme\n\x1b[31mGmbH")
    'Acme [31mGmbH'
    """
    kept: list[str] = []
    for char in str(text):
        if char in _BIDI_CONTROLS:
            continue
        category = unicodedata.category(char)
        if category in ("Cc", "Zl", "Zp"):
            kept.append(" ")
        else:
            kept.append("\ufffd" if category == "Cs" else char)
    return " ".join(part for part in "".join(kept).split(" ") if part)


def format_value(value: object, kind: Format | None = None) -> str:
    """Return a value as people read it.

    Parameters
    ----------
    value : object
        A number, text, truth value, date, or something missing (None, NaN, NaT).
    kind : str, optional
        How it is written (see `qualify.formatting.labels.format_of`); None decides by the value itself.
        Shares and win rates are in [0, 1], swings in [-1, 1]. Text in a numeric column is left as text.

    Returns
    -------
    str
        The text; "–" for what is missing.

    Examples
    --------
    >>> format_value(0.234, "percent"), format_value(0.234, "swing"), format_value(0.00004, "p")
    ('23%', '+23 pp', '<0.001')
    >>> format_value(2.31, "odds"), format_value(1240, "count"), format_value(float("nan"), "percent")
    ('2.3', '1,240', '–')
    """
    if is_missing(value):
        return MISSING
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, dt.date):  # a pandas Timestamp and a datetime are dates too
        return _date(value)
    if not isinstance(value, Real):
        return clean(value)
    number = float(value)
    if kind is None:
        kind = "count" if number.is_integer() else "number"
    if math.isinf(number) and kind != "text":
        return "∞" if number > 0 else "-∞"
    return _WRITERS[kind](number)


def is_missing(value: object) -> bool:
    """Tell whether a cell holds nothing: None, NaN, NaT or NA.

    Parameters
    ----------
    value : object
        A cell of a frame.

    Returns
    -------
    bool
        True when there is nothing to show.

    Examples
    --------
    >>> is_missing(float("nan")), is_missing("")
    (True, False)
    """
    if value is None or value is pd.NA or value is pd.NaT:
        return True
    return isinstance(value, Real) and math.isnan(value)


def signed(number: int, *, plus: bool = False) -> str:
    """Write a whole number with a true minus, and with a plus where asked for; zero has neither.

    Parameters
    ----------
    number : int
        Such as points.
    plus : bool, optional
        Whether numbers above zero show theirs.

    Returns
    -------
    str
        The number.

    Examples
    --------
    >>> signed(-3), signed(2), signed(2, plus=True), signed(0, plus=True)
    ('−3', '2', '+2', '0')
    """
    return f"{number:+d}".replace("-", "−") if number < 0 or (plus and number) else str(number)


def _date(value: dt.date) -> str:
    if isinstance(value, dt.datetime) and (value.hour or value.minute):
        return value.strftime("%Y-%m-%d %H:%M")
    return value.strftime("%Y-%m-%d")


def _text(value: float) -> str:
    return str(int(value)) if value.is_integer() else f"{value:.6g}"


def _rounded(value: float, decimals: int) -> str:
    text = f"{value:,.{decimals}f}"
    return text.removeprefix("-") if float(text.replace(",", "")) == 0 else text


def _count(value: float) -> str:
    # Weighted deals need not be whole.
    return _rounded(value, 0 if value.is_integer() else 1)


def _percent(value: float) -> str:
    percent = round(100 * value, 9)  # a limit of 1e-17 is none at all
    # Nearly none and nearly all are never shown as 0% and 100%.
    if 0 < percent < 0.1:
        return "<0.1%"
    if 99.9 < percent < 100:
        return ">99.9%"
    near_an_end = 0 < percent < 0.95 or 99.05 < percent < 100
    return _rounded(percent, 1 if near_an_end else 0) + "%"


def _swing(value: float) -> str:
    points = round(100 * value)
    return f"{points:+d} pp" if points else "0 pp"


def _p(value: float) -> str:
    if value < 0.001:
        return "<0.001"
    if value > 0.995:
        return ">0.99"
    return f"{value:.3f}" if value < 0.0995 else f"{value:.2f}"


def _odds(value: float) -> str:
    if 0 < value < 0.001:
        return "<0.001"
    if value >= 9999.5:
        return ">10,000"
    # Around 1, where a step of a long score lies, one decimal would hide the effect.
    for below, decimals in ((0.0995, 3), (1.095, 2), (9.95, 1)):
        if value < below:
            return f"{value:.{decimals}f}"
    return f"{value:,.0f}"


def _number(value: float) -> str:
    return _rounded(value, 2 if abs(value) < 999.995 else 0)


_WRITERS: dict[Format, Callable[[float], str]] = {
    "text": _text,
    "count": _count,
    "percent": _percent,
    "swing": _swing,
    "p": _p,
    "odds": _odds,
    "number": _number,
    "metric": lambda value: _rounded(value, 3),
    "statistic": lambda value: _rounded(value, 1),
}
