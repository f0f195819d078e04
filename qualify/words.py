"""How words and numbers are compared: case, outer space and the spelling of a number do not matter."""

from __future__ import annotations

import math
import re
import unicodedata

INVISIBLE_SIGNS = "\u200b\u200c\u200d\u2060\ufeff\u00ad"  # of no width
INVISIBLE = re.compile(f"[{INVISIBLE_SIGNS}]")
QUOTES, DOUBLE_QUOTES = "\u2018\u2019\u201a\u201b\u2032\u00b4`", "\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb"
DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212"
# Signs that are typed as another one.
ALIKE = {
    ord(sign): plain
    for signs, plain in ((QUOTES, "'"), (DOUBLE_QUOTES, '"'), (DASHES, "-"))
    for sign in signs
}
NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")


def clean_text(text: str) -> str:
    """Return a text without what cannot be seen: signs of no width, outer and doubled spaces.

    Parameters
    ----------
    text : str
        As written.

    Returns
    -------
    str
        Every kind of space, such as a no-break space, is a plain one.

    Examples
    --------
    >>> clean_text("  Closed   Won ")
    'Closed Won'
    """
    if not text.isascii():
        text = INVISIBLE.sub("", text)
    return " ".join(text.split())


def fold(text: str) -> str:
    """Return the form in which two answers are compared.

    Parameters
    ----------
    text : str
        An answer as written.

    Returns
    -------
    str
        Clean, in one case, composed; typographic quotes and dashes are plain ones.

    Examples
    --------
    >>> fold("  Don’t KNOW ")
    "don't know"
    """
    text = clean_text(text)
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFC", text).translate(ALIKE).casefold()


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
