"""A number in text taken apart: sign, digits with their marks, percent sign, currency."""

from __future__ import annotations

import re
from typing import NamedTuple

from qualify._support.words import plain_punctuation

# What stands before the number, its digits and marks, an exponent, and what stands behind.
PARTS = re.compile(
    r"([^0-9]*?)((?:(?<![^\W\d_])[.,])?[0-9](?:[0-9.,' ]*[0-9])?\.?)([eE][+-]?[0-9]{1,3})?([^0-9]*)"
)
TOKENS = re.compile(r"[-+()%]|[^-+()%\s]+")
NINES = str.maketrans("012345678", "999999999")

# Signs with one meaning have a code; those of several currencies stay what they are.
SIGNS = {
    "$": "$", "¥": "¥", "kr": "kr", "rs": "Rs", "€": "EUR", "euro": "EUR", "euros": "EUR", "£": "GBP",
    "us$": "USD", "ca$": "CAD", "c$": "CAD", "a$": "AUD", "au$": "AUD", "nz$": "NZD", "hk$": "HKD",
    "s$": "SGD", "mx$": "MXN", "r$": "BRL", "fr": "CHF", "sfr": "CHF", "zł": "PLN", "zl": "PLN",
    "kč": "CZK", "ft": "HUF", "lei": "RON", "лв": "BGN", "₽": "RUB", "руб": "RUB", "₴": "UAH",
    "₺": "TRY", "tl": "TRY", "₪": "ILS", "₹": "INR", "₩": "KRW", "元": "CNY", "cn¥": "CNY", "円": "JPY",
    "jp¥": "JPY", "₫": "VND", "฿": "THB", "₱": "PHP", "₦": "NGN", "s/": "PEN", "eur": "EUR",
    "usd": "USD", "gbp": "GBP", "chf": "CHF",
}  # fmt: skip
# ISO 4217 without ALL and TOP, which are words ("TOP 5").
CODES_TEXT = """
AED AFN AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF
CHF CLF CLP CNH CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD
GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT
LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR
NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP
STN SVC SYP SZL THB TJS TMT TND TRY TTD TWD TZS UAH UGX USD UYU UZS VES VND VUV WST XAF XCD XOF XPF
YER ZAR ZMW ZWG
"""
CODES = frozenset(CODES_TEXT.split())
DOLLARS = {"USD", "CAD", "AUD", "NZD", "HKD", "SGD", "TWD", "MXN", "ARS", "CLP", "COP", "UYU", "DOP"}


class Written(NamedTuple):
    """A number as text, taken apart.

    Attributes
    ----------
    digits : str
        With their marks.
    shape : str
        The same with every digit a 9, a leading 0 apart; e behind it where there is an exponent.
    exponent : str
        Such as e5, or nothing.
    negative, percent : bool
        What its signs say.
    currency : str, optional
        Its code, or a sign that several currencies share.
    """

    digits: str
    shape: str
    exponent: str = ""
    negative: bool = False
    percent: bool = False
    currency: str | None = None


def take_apart(text: str) -> Written | None:
    """Return the parts of a number in text, or None where there is more or less than one number.

    Parameters
    ----------
    text : str
        A clean text. Its marks may still be wrong.

    Returns
    -------
    Written or None
        The parts.

    Examples
    --------
    >>> take_apart("-$1,200.50")
    Written(digits='1,200.50', shape='9,999.99', exponent='', negative=True, percent=False, currency='$')
    """
    found = PARTS.fullmatch(plain_punctuation(text))
    if found is None:
        return None
    before, digits, exponent, after = found.groups(default="")
    shape = (
        ("0" if digits[0] == "0" else "") + digits.translate(NINES)[digits[0] == "0" :] + exponent[:1].lower()
    )
    if not before and not after:
        return Written(digits, shape, exponent)
    front, back = TOKENS.findall(before), TOKENS.findall(after)
    sign = _sign(front, back)
    currency = _currency(_words(front), _words(back))
    percent = (front + back).count("%")
    sound = sign is not None and currency is not None and percent + bool(currency) <= 1
    if not sound or ("-" in back and not digits[-1].isdigit()):  # "5.-" is a price without cents
        return None
    return Written(digits, shape, exponent, sign == "-", percent == 1, currency or None)


def _sign(front: list[str], back: list[str]) -> str | None:
    """Return + or -; None where the signs make no sense together."""
    signs = [token for token in front if token in "+-("] + [token for token in back if token in "-)"]
    senseless = ")" in front or "(" in back or "+" in back
    if senseless or "".join(signs) not in ("", "+", "-", "()"):
        return None
    return "-" if signs and signs[0] in "-(" else "+"


def _words(tokens: list[str]) -> list[str]:
    return [token for token in tokens if token not in "+-()%"]


def _currency(front: list[str], back: list[str]) -> str | None:
    """Return the currency, "" where there is none; None for anything else that is no number."""
    if len(front) > 1 or len(back) > 1:
        return None
    found = [_known(word) for word in (*front, *back)]
    if None in found:
        return None
    different = {word for word in found if word}
    if found[:1] == ["$"] and different & DOLLARS:  # $1,200 CAD
        different.discard("$")
    return None if len(different) > 1 else "".join(different)


def _known(word: str) -> str | None:
    if word in CODES:
        return word
    return SIGNS.get(word.casefold()) or SIGNS.get(word.rstrip(".").casefold())
