"""Dates as people write them: ISO first, then other forms as long as they can be read in one way only."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass

from qualify.reading.cells import cell_text, is_missing
from qualify.reading.layout import DateOrder

ISO = re.compile(r"\d{8}|\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?\s?(Z|[+-]\d{2}:?\d{2})?)?")
SLASHED = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})([T ,]+\d{1,2}:\d{2}(:\d{2})?)?")
# The month in words, or the year first: only one reading.
PLAIN_FORMS = (
    "%Y/%m/%d", "%Y.%m.%d", "%Y/%m/%d %H:%M", "%Y/%m/%d %H:%M:%S", "%d %b %Y", "%d %B %Y", "%b %d, %Y",
    "%B %d, %Y", "%b %d %Y", "%B %d %Y", "%d-%b-%Y", "%d-%B-%Y", "%d-%b-%y", "%d %b %y", "%d. %B %Y",
)  # fmt: skip
MEND = "write it as 2024-05-31"
EARLIEST, LATEST = 1900, 2200


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Dates:
    """Distinct cells read as dates.

    Attributes
    ----------
    values : list of datetime or None
        None for a blank or unreadable cell. A time zone is dropped, the clock kept.
    faults : dict
        By position, what is wrong with the cell and how to mend it.
    """

    values: list[dt.datetime | None]
    faults: dict[int, tuple[str, str]]
    ambiguous: bool = False
    serial: bool = False
    order: DateOrder | None = None


def read_dates(cells: Sequence[object]) -> Dates:
    """Read the distinct cells of one column as dates.

    `3/4/2024` alone could be March or April; a column that also holds `25/4/2024` says which comes first.

    Parameters
    ----------
    cells : sequence
        Real dates, or text.

    Returns
    -------
    Dates
        One value or one fault per cell; a blank cell has neither.

    Examples
    --------
    >>> read_dates(["2024-05-03", "25/4/2024", "3/4/2024"]).values[2]
    datetime.datetime(2024, 4, 3, 0, 0)
    >>> read_dates(["3/4/2024"]).faults[0][0]
    'may be 3 April or 4 March'
    """
    values = [_read(cell) for cell in cells]
    faults = _settle_slashed(cells, values)
    for place, cell in enumerate(cells):
        value = values[place]
        if value is None and place not in faults and cell_text(cell).strip():
            faults[place] = ("not a date", MEND)
        elif value is not None and not EARLIEST <= value.year <= LATEST:
            faults[place] = (f"the year is not between {EARLIEST} and {LATEST}", "correct the year")
    return Dates(values=values, faults=faults)


def _read(cell: object) -> dt.datetime | None:
    if is_missing(cell):
        return None
    if isinstance(cell, dt.datetime):
        return dt.datetime(*cell.timetuple()[:6], cell.microsecond)
    if isinstance(cell, dt.date):
        return dt.datetime(cell.year, cell.month, cell.day)
    text = " ".join(cell_text(cell).split())
    if ISO.fullmatch(text):
        return _iso(text)
    for form in PLAIN_FORMS:
        try:
            return dt.datetime.strptime(text, form)
        except ValueError:
            continue
    return None


def _iso(text: str) -> dt.datetime | None:
    try:
        return dt.datetime.fromisoformat(text.replace(" Z", "Z")).replace(tzinfo=None)
    except ValueError:  # 2024-02-30
        return None


def _slashed(cell: object) -> tuple[dt.datetime | None, dt.datetime | None] | None:
    """Return the two readings of a date such as 3/4/2024: day first, month first."""
    match = SLASHED.fullmatch(" ".join(cell.split())) if isinstance(cell, str) else None
    if match is None:
        return None
    first, second, year = (int(part) for part in match.groups()[:3])
    return _date(year, second, first), _date(year, first, second)


def _date(year: int, month: int, day: int) -> dt.datetime | None:
    try:
        return dt.datetime(year, month, day)
    except ValueError:
        return None


def _settle_slashed(cells: Sequence[object], values: list[dt.datetime | None]) -> dict[int, tuple[str, str]]:
    """Fill in the dates such as 3/4/2024 that the column as a whole settles; return what it does not."""
    slashed = {place: _slashed(cell) for place, cell in enumerate(cells) if values[place] is None}
    found = {place: pair for place, pair in slashed.items() if pair is not None and (pair[0] or pair[1])}
    day_first = any(month_day is None for _, month_day in found.values())
    month_first = any(day_month is None for day_month, _ in found.values())
    faults: dict[int, tuple[str, str]] = {}
    for place, (day_month, month_day) in found.items():
        if day_month == month_day or (day_first and not month_first):
            values[place] = day_month
        elif month_first and not day_first:
            values[place] = month_day
        elif day_month and month_day:
            both = f"{day_month.day} {day_month:%B} or {month_day.day} {month_day:%B}"
            faults[place] = (f"may be {both}", MEND)
        else:
            faults[place] = ("day and month stand in another order than elsewhere in the column", MEND)
    return faults
