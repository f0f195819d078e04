"""How words and numbers are compared: case, outer space and the spelling of a number do not matter."""

from __future__ import annotations

import math
import re
import unicodedata

NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")


def fold(text: str) -> str:
    """Return the form in which two answers are compared.

    Parameters
    ----------
    text : str
        An answer as written.

    Returns
    -------
    str
        Without outer space, in one case, composed, the curly apostrophe straight.

    Examples
    --------
    >>> fold("  Don’t KNOW ")
    "don't know"
    """
    if text.isascii():
        return text.strip().lower()
    return unicodedata.normalize("NFC", text).strip().replace("\u2019", "'").casefold()


def squeeze(text: str) -> str:
    """Return the form in which two outcome words are compared: `fold`, without any space.

    Parameters
    ----------
    text : str
        An outcome word as written.

    Returns
    -------
    str
        The comparable form.

    Examples
    --------
    >>> squeeze(" Closed  Won")
    'closedwon'
    """
    return "".join(fold(text).split())


def as_number(text: str) -> float | None:
    """Return the number a text writes in plain digits, or None.

    Parameters
    ----------
    text : str
        A cell as written. Decimal commas, thousands separators, "nan" and "1_000" are not numbers here.

    Returns
    -------
    float or None
        Possibly infinite where the digits overflow.

    Examples
    --------
    >>> as_number(" 4.50 "), as_number("4,5")
    (4.5, None)
    """
    text = text.strip()
    return float(text) if NUMBER.fullmatch(text) else None


def number_text(number: float) -> str:
    """Return the shortest text of a number: whole numbers carry no decimals.

    Parameters
    ----------
    number : float
        Any real number.

    Returns
    -------
    str
        The text that reads back as the same number.

    Examples
    --------
    >>> number_text(4.0), number_text(4.5)
    ('4', '4.5')
    """
    if math.isfinite(number) and number == int(number) and abs(number) < 1e15:
        return str(int(number))
    return repr(float(number))
