"""Numbers as people write them: marks settled by the whole column, currencies, percent."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from qualify.errors import short
from qualify.reading.cells import cell_text
from qualify.words import as_number, clean_text, number_text

SIGNS = "€$£¥₹₽₺₩₪฿¢"
CODES = (
    "usd|eur|gbp|chf|jpy|cny|inr|aud|cad|nzd|sek|nok|dkk|pln|czk|huf|ron|bgn|try|rub|brl|mxn|ars|clp|cop|zar|aed|"
    "sar|sgd|hkd|krw|thb|ils|us\\$|r\\$|a\\$|c\\$|kr|zł|kč|ft|lei|euro|euros|dollars?"
)
CURRENCY = rf"(?:[{SIGNS}]|(?:{CODES})(?![a-z]))\.?"
# A number with its company: sign, currency, digits with marks, currency, percent, a sign behind.
WRITTEN = re.compile(
    rf"(?P<open>\()?\s*(?P<first>[+-])?\s*(?P<before>{CURRENCY})?\s*(?P<second>[+-])?\s*(?P<share>%)?\s*"
    rf"(?P<digits>\d[\d.,' ]*|[.,]\d+)\s*(?P<percent>%)?\s*(?P<after>{CURRENCY})?\s*(?P<behind>-)?\s*"
    r"(?P<close>\))?",
    re.IGNORECASE,
)
SHORTENED = re.compile(r".*\d\s*(?:k|m|mio|mln|mrd|bn|b|tsd|million|billion)\.?\s*\W?", re.IGNORECASE)
GROUPS = re.compile(
    r"\d{1,3}(?:(?P<mark>[.,' ])\d{3})(?:(?P=mark)\d{3})*|\d{1,2}(?:,\d{2})+,\d{3}"
)  # 1,23,456
LONG = 4  # digits from which a whole number without marks says that no thousands are marked
Faults = dict[int, tuple[str, str]]  # by position: what is wrong, and what to do about it
PLAIN = "write plain digits, or leave the cell blank"
POINT_OR_COMMA = (".", ",")


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """The marks within numbers: of decimals, and of thousands where there are any."""

    decimal: str
    thousands: str | None = None


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Numbers:
    """Distinct cells read as numbers.

    Attributes
    ----------
    values : list of float
        NaN for a blank cell, or one with a fault.
    faults : dict
        By position, what is wrong with the cell and what to do about it.
    marks : Marks or None
        What the column settled, or was given; None where plain digits leave nothing to settle.
    percent : bool
        Whether the numbers carry a percent sign; 80 % is 80.
    currency : str or None
        The sign or code of the currency.
    ambiguous : bool
        Whether every cell can be read in two ways, as 13,679.
    """

    values: list[float]
    faults: dict[int, tuple[str, str]] = field(default_factory=dict)
    marks: Marks | None = None
    percent: bool = False
    currency: str | None = None
    ambiguous: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cell:
    """One cell taken apart."""

    digits: str
    negative: bool
    percent: bool
    currency: str


def read_numbers(cells: Sequence[object], *, marks: Marks | None = None) -> Numbers:
    """Read the distinct cells of one column as numbers.

    `13,679` alone could be 13679 or 13.679; a column that also holds `1,250.50` or `7,5` says which mark is
    which. A column that leaves it open is ambiguous, and each such cell has a fault.

    Parameters
    ----------
    cells : sequence
        Real numbers, or text.
    marks : Marks, optional
        The marks, where they are known beforehand; a cell written otherwise is a fault.

    Returns
    -------
    Numbers
        One value or one fault per cell; a blank cell has neither.

    Examples
    --------
    >>> read_numbers(["USD 23,159.11", "USD 900"]).values
    [23159.11, 900.0]
    >>> read_numbers(["13,679"]).faults[0][0]
    'may be 13679 or 13.679'
    """
    values, parts, faults = _take_apart(cells)
    percent, currency = _company(parts, faults)
    settled = marks or _settled(list(parts.values()))
    ambiguous = settled is None and any(_is_ambiguous(part.digits) for part in parts.values())
    for place, part in parts.items():
        if place in faults:
            continue
        number, fault = _by_marks(part.digits, settled)
        if fault is None:
            values[place] = -number if part.negative else number
        else:
            faults[place] = fault
    told = settled if any(_has_mark(part.digits) for part in parts.values()) else marks
    return Numbers(
        values=values, faults=faults, marks=told, percent=percent, currency=currency, ambiguous=ambiguous
    )


def _take_apart(cells: Sequence[object]) -> tuple[list[float], dict[int, _Cell], Faults]:
    """Return real numbers as they are, texts that write one taken apart, and what is wrong with the rest."""
    values = [math.nan] * len(cells)
    parts: dict[int, _Cell] = {}
    faults: Faults = {}
    for place, cell in enumerate(cells):
        text = cell_text(cell).strip()
        if not text:
            continue
        plain = as_number(text)
        power = plain is not None and "e" in text.lower()
        part = _taken_apart(text) if isinstance(cell, str) and not power else None
        if part is not None:
            parts[place] = part
        elif plain is not None and math.isfinite(plain):
            values[place] = plain
        else:
            faults[place] = _no_number(text, plain)
    return values, parts, faults


def _no_number(text: str, plain: float | None) -> tuple[str, str]:
    if plain is not None or text.strip().lower().lstrip("+-") in ("inf", "infinity"):
        return "not a finite number", "correct it, or leave the cell blank"
    if SHORTENED.fullmatch(text):
        return "a shortened number", f"write all its digits instead of {short(text.strip())}"
    return "not a number", PLAIN


def _taken_apart(text: str) -> _Cell | None:
    """Return a number with its company; None where the text is none."""
    match = WRITTEN.fullmatch(clean_text(text).replace("−", "-").replace("’", "'").replace("‘", "'"))
    if match is None or bool(match["open"]) != bool(match["close"]):
        return None
    signs = [match[name] for name in ("first", "second", "behind") if match[name]]
    if len(signs) > 1 or (match["open"] and signs) or (match["before"] and match["after"]):
        return None
    return _Cell(
        digits=match["digits"].strip(),
        negative=bool(match["open"]) or signs == ["-"],
        percent=bool(match["share"] or match["percent"]),
        currency=(match["before"] or match["after"] or "").lower().rstrip("."),
    )


def _company(parts: dict[int, _Cell], faults: Faults) -> tuple[bool, str | None]:
    """Return whether all numbers are shares, and their currency; note the cells that differ."""
    shares = [place for place, part in parts.items() if part.percent]
    currencies = Counter(part.currency for part in parts.values() if part.currency)
    percent = 2 * len(shares) > len(parts) > 0
    for place, part in parts.items():
        if shares and part.percent != percent:
            faults[place] = ("some numbers of the column have a percent sign, and some have none", PLAIN)
    if len(currencies) > 1:
        listed = ", ".join(currencies)
        usual = currencies.most_common(1)[0][0]
        for place, part in parts.items():
            if part.currency not in ("", usual):
                faults[place] = (
                    f"several currencies in one column: {listed}",
                    "convert them to one currency",
                )
    return percent, currencies.most_common(1)[0][0] if currencies else None


def _has_mark(digits: str) -> bool:
    return any(mark in digits for mark in ".,' ")


def _is_ambiguous(digits: str) -> bool:
    """Return whether one mark before three digits may be of decimals or of thousands."""
    match = re.fullmatch(r"(\d{1,3})([.,])(\d{3})", digits)
    return match is not None and not (match[1].startswith("0"))


def _settled(parts: Sequence[_Cell]) -> Marks | None:
    """Return which mark is which, where some number of the column leaves no doubt."""
    evidence = [_evidence(part) for part in parts]
    decimals = {decimal for decimal, _ in evidence if decimal}
    thousands = {group for _, group in evidence if group}
    doubtful = {part.digits[-4] for part in parts if _is_ambiguous(part.digits) and not part.currency}
    if len(decimals) > 1 or len(thousands & set(POINT_OR_COMMA)) > 1 or decimals & thousands:
        return _most_frequent(evidence)
    thousand = min(thousands, default=None, key=lambda mark: mark not in POINT_OR_COMMA)
    if decimals:
        return Marks(decimal=decimals.pop(), thousands=thousand)
    if thousand in POINT_OR_COMMA:
        return Marks(decimal="," if thousand == "." else ".", thousands=thousand)
    unmarked = any(part.digits.isdigit() and len(part.digits) >= LONG for part in parts)
    if doubtful == {"."} and (unmarked or thousand is not None):  # thousands are not marked, or otherwise
        return Marks(decimal=".", thousands=thousand)
    return None if doubtful else Marks(decimal=".", thousands=thousand)


def _evidence(part: _Cell) -> tuple[str | None, str | None]:
    """Return the decimal mark and the thousands mark that a number shows beyond doubt."""
    text = part.digits
    spaced = next((mark for mark in "' " if mark in text), None)
    points, commas = text.count("."), text.count(",")
    if points and commas:
        last = max(POINT_OR_COMMA, key=text.rindex)
        other = "." if last == "," else ","
        return (last, other) if text.count(last) == 1 else (None, None)
    mark = "." if points else "," if commas else None
    if mark is None:
        return None, spaced
    if points + commas > 1:
        return None, mark
    if _is_ambiguous(text):  # amounts of money have no three decimals
        return None, mark if part.currency else None
    return mark, spaced


def _most_frequent(evidence: Sequence[tuple[str | None, str | None]]) -> Marks:
    """Return the marks of most numbers, where some are written otherwise; those are faults then."""
    found = Counter(decimal for decimal, _ in evidence if decimal is not None)
    decimal = found.most_common(1)[0][0] if found else "."
    return Marks(decimal=decimal, thousands="." if decimal == "," else ",")


def _by_marks(digits: str, marks: Marks | None) -> tuple[float, tuple[str, str] | None]:
    if marks is None:
        if _is_ambiguous(digits):
            whole, decimal = digits.replace(".", "").replace(",", ""), digits.replace(",", ".")
            fix = f"write {whole} or {number_text(float(decimal))}, or decimal: and thousands: under table:"
            return math.nan, (f"may be {whole} or {decimal}", f"{fix} in the survey")
        marks = Marks(decimal=".")
    whole, _, decimals = digits.partition(marks.decimal)
    marked = any(mark in whole for mark in ".,' ")
    allowed = {marks.thousands} if marks.thousands else {"'", " "}
    match = GROUPS.fullmatch(whole)
    grouped = match is not None and {mark for mark in ".,' " if mark in whole} <= allowed
    if (marked and not grouped) or any(mark in decimals for mark in ".,' "):
        other = f", and {marks.thousands} parts thousands" if marks.thousands else ""
        reason = f"not a number where {marks.decimal} is the decimal mark{other}"
        return math.nan, (reason, "write it as the others of the column")
    plain = re.sub(r"[.,' ]", "", whole)
    return float(f"{plain or 0}.{decimals or 0}"), None
