"""Numbers as people write them, where the column as a whole says which mark is which."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from qualify._support.words import as_number, fold, number_text, plain_punctuation
from qualify.reading.cells import Fault, filled_text
from qualify.reading.number_parts import Written, take_apart

NO_NUMBER = ("not a number", "write plain digits, or leave the cell blank")
NOT_FINITE = ("not a finite number", "correct it, or leave the cell blank")
UNIT = re.compile(
    r"[^0-9]*[0-9][0-9.,' ]*(?:k|mm?|mn|mio|mill?|millions?|millionen|millones|milioni|milh[oõ]es"
    r"|mrd|milliarden?|bn?|billions?|tsd|thousand|lakhs?|lacs?|crores?|cr)\b[^0-9]*"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """Which marks stand within the numbers of a column.

    Attributes
    ----------
    decimal : str, optional
        ``"."`` or ``","``; None where the column does not say.
    thousands : str, optional
        ``","``, ``"."``, ``" "`` or ``"'"``, which stand for their typographic kin too; None where the column
        has none, or, in marks that are given, for any that is not the decimal mark.
    """

    decimal: str | None = None
    thousands: str | None = None

    def __str__(self) -> str:
        named = (("decimal", self.decimal), ("thousands", self.thousands))
        return ", ".join(f'{name}: "{mark}"' for name, mark in named if mark)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Numbers:
    """Distinct cells read as numbers.

    Attributes
    ----------
    values : list of float
        NaN for a blank or faulty cell. A percentage stays as written: 80 % is 80.
    faults : dict
        By position, what is wrong with the cell and what to do about it.
    marks : Marks, optional
        As given, or what the column settled; None where it holds plain digits only.
    percent : bool
        Whether the numbers bear a percent sign.
    currency : str, optional
        The currency of the column: its ISO code, or a sign that several currencies share.
    ambiguous : bool
        Whether some cells can be read in two ways that both fit every cell of the column.
    """

    values: list[float]
    faults: dict[int, Fault]
    marks: Marks | None = None
    percent: bool = False
    currency: str | None = None
    ambiguous: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Settled:
    """The marks that read each shape (two for two numbers, none for a contradiction), and the column's."""

    readings: dict[str, list[Marks]]
    marks: Marks | None


def _pattern(marks: Marks) -> re.Pattern[str]:
    decimal, thousands = re.escape(marks.decimal or ""), re.escape(marks.thousands or "")
    fraction = rf"(?:{decimal}[09]+)?"
    groups = rf"9[09]{{0,2}}(?:{thousands}9{{3}})+" if thousands else "(?!)"
    if marks.thousands == ",":  # as in India, too: 1,23,456
        groups += r"|99?(?:,99)+,999"
    whole = rf"(?P<plain>[09]+)(?:{decimal}9+{'|[.]' if marks.decimal == '.' else ''})?"
    return re.compile(rf"(?P<grouped>{groups}){fraction}|{whole}e?|{decimal}9+e?")


CANDIDATES = [Marks(decimal=mark) for mark in ".,"]
CANDIDATES += [Marks(decimal=one, thousands=two) for one in ".," for two in ",. '" if one != two]
PATTERNS = {marks: _pattern(marks) for marks in CANDIDATES}


def read_numbers(cells: Sequence[object], *, marks: Marks | None = None) -> Numbers:
    """Read the distinct cells of one column as numbers.

    Real numbers are taken as they are. In text, `13,679` alone could be 13679 or 13.679; a column that also
    holds `1,200.50` says which mark is which. Currencies, percent signs and accounting negatives are
    understood.

    Parameters
    ----------
    cells : sequence
        Numbers, or text.
    marks : Marks, optional
        The marks, where they are known: cells are read by them only.

    Returns
    -------
    Numbers
        One value or one fault per cell; a blank cell, or an error of the spreadsheet, has neither.

    Examples
    --------
    >>> read_numbers(["USD 23,159.11", "USD 13,679"]).values
    [23159.11, 13679.0]
    >>> read_numbers(["13,679", "(1,200)"]).faults[0][0]
    'may be 13679 or 13.679'
    """
    values, written, faults = _taken_apart(cells)
    settled = _settle(Counter(parts.shape for parts in written.values()), marks)
    ambiguous = False
    for place, parts in written.items():
        readings = settled.readings.get(parts.shape)
        found = [_value(parts, reading) for reading in readings or ()]
        ambiguous |= len(found) > 1
        if len(found) == 1 and math.isfinite(found[0]):
            values[place] = found[0]
        else:
            faults[place] = NO_NUMBER if readings is None else _fault(found, marks, settled.marks)
    real = [place for place, value in enumerate(values) if value == value and place not in written]
    percent = _odd_percents(real, written, faults)
    currency = _odd_currencies(written, faults)
    values = [math.nan if place in faults else value for place, value in enumerate(values)]
    return Numbers(
        values=values,
        faults=faults,
        marks=marks or settled.marks,
        percent=percent,
        currency=currency,
        ambiguous=ambiguous,
    )


def _taken_apart(cells: Sequence[object]) -> tuple[list[float], dict[int, Written], dict[int, Fault]]:
    """Return the real numbers, the numbers in text taken apart, and what is no number."""
    values = [math.nan] * len(cells)
    written: dict[int, Written] = {}
    faults: dict[int, Fault] = {}
    for place, cell in enumerate(cells):
        if isinstance(cell, float) and math.isfinite(cell):
            values[place] = float(cell)
            continue
        text = filled_text(cell)
        parts = take_apart(text) if isinstance(cell, str | bytes) else None
        number = as_number(text) if parts is None else None
        if parts is not None:
            written[place] = parts
        elif number is not None and math.isfinite(number):
            values[place] = number
        elif text:
            faults[place] = _no_number(text, number)
    return values, written, faults


def _no_number(text: str, number: float | None) -> Fault:
    word = fold(text)
    if number is not None or word.lstrip("+-") in ("inf", "infinity"):
        return NOT_FINITE
    if len(word) < 40 and UNIT.fullmatch(word):
        return ("a number with a unit", "write all of its digits, such as 1200000")
    return NO_NUMBER


def _settle(shapes: Counter[str], given: Marks | None) -> _Settled:
    allowed = [marks for marks in CANDIDATES if given is None or _agree(marks, given)]
    sensible = [shape for shape in shapes if any(PATTERNS[marks].fullmatch(shape) for marks in CANDIDATES)]
    fitting = _fitting(sensible, allowed) or _most_fitting(shapes, allowed)
    readings = {shape: _readings(shape, fitting) for shape in sensible}
    return _Settled(readings=readings, marks=_common(fitting, all(readings.values())))


def _common(fitting: Sequence[Marks], sound: bool) -> Marks | None:
    """Return what is known of the marks of a column; None for plain digits, or where nothing is."""
    decimals = {marks.decimal for marks in fitting}
    if not fitting or (not sound and len(decimals) > 1):
        return None
    decimal = decimals.pop() if len(decimals) == 1 else None
    found = Marks(decimal=decimal, thousands=fitting[0].thousands)
    return None if found in (Marks(), Marks(decimal=".")) else found


def _agree(marks: Marks, given: Marks) -> bool:
    """Return whether marks are those given; unless thousands marks are named, any may stand."""
    if given.decimal not in (None, marks.decimal):
        return False
    if not given.thousands:
        return True
    thousands = " " if given.thousands.isspace() else plain_punctuation(given.thousands)
    return marks.thousands in (None, thousands) and marks.decimal != thousands


def _fitting(shapes: Sequence[str], allowed: Sequence[Marks]) -> list[Marks]:
    """Return the marks that fit every shape; those that would be used throughout, where there are such."""
    fitting = [marks for marks in allowed if all(PATTERNS[marks].fullmatch(shape) for shape in shapes)]
    return [marks for marks in fitting if _used_throughout(shapes, PATTERNS[marks])] or fitting


def _used_throughout(shapes: Sequence[str], pattern: re.Pattern[str]) -> bool:
    """Return whether the thousands of all long numbers are marked; some languages leave 1200 without."""
    found = [match for match in map(pattern.fullmatch, shapes) if match]
    marked = [sum(sign in "09" for sign in match["grouped"]) for match in found if match["grouped"]]
    longest = max((len(match["plain"]) for match in found if match["plain"]), default=0)
    return not marked or longest < 4 or longest == 4 < min(marked)


def _most_fitting(shapes: Counter[str], allowed: Sequence[Marks]) -> list[Marks]:
    """Return the marks that fit the most cells, where none fit all."""
    counts = {
        marks: sum(count for shape, count in shapes.items() if PATTERNS[marks].fullmatch(shape))
        for marks in allowed
    }
    return [marks for marks, count in counts.items() if count == max(counts.values())]


def _readings(shape: str, fitting: Sequence[Marks]) -> list[Marks]:
    """Return marks under which a shape is different numbers; none where some do not fit it."""
    if not all(PATTERNS[marks].fullmatch(shape) for marks in fitting):
        return []
    return list({_plain(shape, marks): marks for marks in fitting}.values())


def _plain(digits: str, marks: Marks) -> str:
    plain = digits.replace(marks.thousands, "") if marks.thousands else digits
    return plain.replace(marks.decimal or ".", ".")


def _value(parts: Written, marks: Marks) -> float:
    value = float(_plain(parts.digits, marks) + parts.exponent)
    return -value if parts.negative else value


def _fault(found: Sequence[float], given: Marks | None, settled: Marks | None) -> Fault:
    if len(found) == 2:
        large, small = (number_text(value) for value in sorted(found, key=abs, reverse=True))
        which = 'say in the survey which mark is which: `table: {decimal: "."}` or `table: {decimal: ","}`'
        return (f"may be {large} or {small}", f"write {large} if that is meant, or {which}")
    if found:
        return NOT_FINITE
    if given is not None:
        return (f"its marks are not those of the table, {given}", "correct it, or `table` in the survey")
    others = f", {settled}" if settled else ""
    return (
        f"its marks contradict other cells of the column{others}",
        "write all numbers with the same marks",
    )


def _odd_percents(real: Sequence[int], written: dict[int, Written], faults: dict[int, Fault]) -> bool:
    """Return whether the numbers are percentages; the fewer of with and without a sign are faults."""
    signed = [place for place, parts in written.items() if parts.percent]
    plain = [*real, *(place for place, parts in written.items() if not parts.percent)]
    percent = len(signed) > len(plain)
    here, there = ("no percent sign", "have one") if percent else ("a percent sign", "have none")
    if signed and plain:
        fault = (f"{here} where other cells of the column {there}", "write all with the sign, or none")
        for place in plain if percent else signed:
            faults.setdefault(place, fault)
    return percent


def _odd_currencies(written: dict[int, Written], faults: dict[int, Fault]) -> str | None:
    """Return the currency of the column; the cells in any other are faults."""
    counts = Counter(parts.currency for parts in written.values() if parts.currency)
    main = max(counts, key=counts.__getitem__, default=None)
    fault = (
        f"two currencies in one column: {' and '.join(sorted(counts))}",
        "give all amounts in one currency",
    )
    for place, parts in written.items():
        if parts.currency not in (None, main):
            faults.setdefault(place, fault)
    return main
