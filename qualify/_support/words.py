"""How words and numbers are compared: case, space, typography and a number's spelling do not matter."""

from __future__ import annotations

import math
import re
import unicodedata

NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")

# Soft hyphen, zero-width characters, joiners, byte order mark, and marks of the direction of writing.
INVISIBLE = (
    "\u00ad\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"
)
NOTHING = dict.fromkeys(map(ord, INVISIBLE))
PUNCTUATION = str.maketrans(
    dict.fromkeys("‘’‚‛′´ʼ‹›", "'") | dict.fromkeys("“”„‟″«»", '"') | dict.fromkeys("‐‑‒–—―−", "-")
)


def clean_text(text: str) -> str:
    """Return a text without what cannot be seen: invisible characters, outer and repeated space.

    Parameters
    ----------
    text : str
        A cell or heading as written.

    Returns
    -------
    str
        Every kind of space is a plain one, and so is a line break.

    Examples
    --------
    >>> clean_text("\u200bVery\u00a0  high ")
    'Very high'
    """
    return " ".join(text.split() if text.isascii() else text.translate(NOTHING).split())


def plain_punctuation(text: str) -> str:
    """Return a text with straight quotes, plain apostrophes and plain dashes.

    Parameters
    ----------
    text : str
        Any text.

    Returns
    -------
    str
        Of the same length.

    Examples
    --------
    >>> plain_punctuation("“Go” – 11‑50")
    '"Go" - 11-50'
    """
    return text if text.isascii() else text.translate(PUNCTUATION)


def fold(text: str) -> str:
    """Return the form in which two answers are compared.

    Parameters
    ----------
    text : str
        An answer as written.

    Returns
    -------
    str
        Clean (see `clean_text`), in one case, composed, quotes and dashes plain.

    Examples
    --------
    >>> fold("  Don’t  KNOW ")
    "don't know"
    """
    clean = clean_text(text)
    if clean.isascii():
        return clean.lower()
    return plain_punctuation(unicodedata.normalize("NFC", clean).casefold())


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
