"""Dates as people write them: ISO first, then other forms as long as they can be read in one way only."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from qualify._support.words import as_number
from qualify.reading.cells import Fault, filled_text, is_missing
from qualify.reading.date_parts import Days, read_day, undated
from qualify.reading.layout import DateOrder

ISO = re.compile(r"\d{8}|\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?\s?(Z|[+-]\d{2}:?\d{2})?)?")
MEND = "write it as 2024-05-31"
EARLIEST, LATEST = 1900, 2200
# Days as Excel counts them, from its 0 January 1900: 1954 to 2119.
EXCEL_START = dt.datetime(1899, 12, 30)
EXCEL_FIRST, EXCEL_LAST = 20_000, 80_000
# Whatever the language of the machine.
MONTH_NAMES = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Dates:
    """Distinct cells read as dates.

    Attributes
    ----------
    values : list of datetime or None
        None for a blank or unreadable cell. A time zone is dropped, the clock kept.
    faults : dict
        By position, what is wrong with the cell and what to do about it.
    order : {"day first", "month first"}, optional
        As given, or what the column settled; None where no cell says.
    ambiguous : bool
        Whether no cell says whether day or month comes first, and some could be two dates.
    serial : bool
        Whether every filled cell looks like Excel's number of a day.
    """

    values: list[dt.datetime | None]
    faults: dict[int, Fault]
    order: DateOrder | None = None
    ambiguous: bool = False
    serial: bool = False


def read_dates(cells: Sequence[object], *, order: DateOrder | None = None, serial: bool = False) -> Dates:
    """Read the distinct cells of one column as dates.

    `3/4/2024` alone could be March or April; a column that also holds `25/4/2024` says which comes first.

    Parameters
    ----------
    cells : sequence
        Real dates, or text.
    order : {"day first", "month first"}, optional
        How 3/4/2024 is read, where that is known.
    serial : bool
        Whether numbers from 20000 to 80000 are days as Excel counts them.

    Returns
    -------
    Dates
        One value or one fault per cell; a blank cell, or an error of the spreadsheet, has neither.

    Examples
    --------
    >>> read_dates(["2024-05-03", "25/4/2024", "3/4/2024"]).values[2]
    datetime.datetime(2024, 4, 3, 0, 0)
    >>> read_dates(["3/4/2024"]).faults[0][0]
    'may be 3 April or 4 March'
    """
    readings: list[Days | None] = [_read(cell, serial) for cell in cells]
    settled = order or _order(readings)
    values: list[dt.datetime | None] = []
    faults: dict[int, Fault] = {}
    for place, (cell, days) in enumerate(zip(cells, readings, strict=True)):
        value, fault = _settle(days, settled, order) if days else (None, _no_date(cell))
        values.append(value)
        if value is not None and not EARLIEST <= value.year <= LATEST:
            fault = (f"the year is not between {EARLIEST} and {LATEST}", "correct the year")
        if fault is not None:
            faults[place] = fault
    return Dates(
        values=values,
        faults=faults,
        order=settled if settled != "both" else None,
        ambiguous=settled is None and any(_is_two(days) for days in readings),
        serial=_all_serial(cells),
    )


def _read(cell: object, serial: bool) -> Days | None:
    """Return the dates that a cell may be."""
    if is_missing(cell):
        return None
    if isinstance(cell, dt.datetime):
        return _one(dt.datetime(*cell.timetuple()[:6], cell.microsecond))
    if isinstance(cell, dt.date):
        return _one(dt.datetime(cell.year, cell.month, cell.day))
    text = filled_text(cell)
    if ISO.fullmatch(text):
        return _one(_iso(text))
    number = _day_number(text) if serial else None
    return read_day(text) if number is None else _one(_excel_day(number))


def _one(date: dt.datetime | None) -> Days | None:
    return None if date is None else Days(date, date)


def _iso(text: str) -> dt.datetime | None:
    try:
        return dt.datetime.fromisoformat(text.replace(" Z", "Z")).replace(tzinfo=None)
    except ValueError:  # 2024-02-30
        return None


def _is_two(days: Days | None) -> bool:
    return bool(days and days.day_first and days.month_first and days.day_first != days.month_first)


def _order(readings: Sequence[Days | None]) -> DateOrder | Literal["both"] | None:
    """Return which comes first in the dates that can be read in one way only."""
    day_first = any(days and days.month_first is None for days in readings)
    month_first = any(days and days.day_first is None for days in readings)
    if day_first and month_first:
        return "both"
    return "day first" if day_first else "month first" if month_first else None


def _settle(
    days: Days, settled: DateOrder | Literal["both"] | None, given: DateOrder | None
) -> tuple[dt.datetime | None, Fault | None]:
    """Return the one date that is meant, or why there is none."""
    if days.day_first == days.month_first:
        return days.day_first, None
    if settled in ("day first", "month first"):
        value = days.day_first if settled == "day first" else days.month_first
        return value, None if value else (
            f"not a date with the {given}",
            f"{MEND}, or correct `table` in the survey",
        )
    if days.day_first and days.month_first:
        both = f"{_named(days.day_first)} or {_named(days.month_first)}"
        which = "say in the survey which comes first: `table: {dates: day first}` or `{dates: month first}`"
        return None, (f"may be {both}", f"{MEND}, or {which}")
    return None, ("day and month stand in another order than elsewhere in the column", MEND)


def _named(day: dt.datetime) -> str:
    return f"{day.day} {MONTH_NAMES[day.month - 1]}"


def _no_date(cell: object) -> Fault | None:
    """Return why a cell is no date; nothing for a blank one."""
    text = filled_text(cell)
    if not text:
        return None
    number = _day_number(text)
    if number is not None and number * 2 == int(number * 2):
        day = _excel_day(number).date().isoformat()
        return (f"looks like Excel's number of a day ({day})", "format the column as a date and export again")
    less = undated(text)
    return ("not a date" if less is None else f"{less}, not a date", MEND)


def _day_number(text: str) -> float | None:
    """Return a number that Excel may mean as a day."""
    number = as_number(text)
    return number if number is not None and EXCEL_FIRST <= number < EXCEL_LAST else None


def _excel_day(number: float) -> dt.datetime:
    return EXCEL_START + dt.timedelta(seconds=round(number * 86_400))


def _all_serial(cells: Sequence[object]) -> bool:
    texts = [text for text in map(filled_text, cells) if text]
    numbers = [_day_number(text) for text in texts]
    return bool(texts) and all(number is not None and number * 2 == int(number * 2) for number in numbers)
