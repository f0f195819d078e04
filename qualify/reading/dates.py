"""Dates as people and programs write them, as long as the column can be read in one way only."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from qualify.reading.cells import cell_text, is_missing
from qualify.reading.layout import DateOrder
from qualify.words import as_number, clean_text, fold

MEND = "write it as 2024-05-31"
EARLIEST, LATEST = 1900, 2200
PIVOT = 69  # two-digit years from here on are of the last century, as POSIX has it
FIRST_SERIAL, LAST_SERIAL = 20_000, 80_000  # Excel's numbers of days from 1954 to 2119
# Without accents, a line a month.
MONTHS = """
    january jan januar janner jan janvier janv enero ene gennaio gen janeiro januari
    february feb februar fevrier fevr febrero febbraio fevereiro fev februari
    march mar marz mrz mars marzo marco maart mrt
    april apr avril avr abril abr aprile
    may mai mayo maggio mag maio mei
    june jun juni juin junio giugno giu junho
    july jul juli juillet juil julio luglio lug julho
    august aug aout agosto ago augustus
    september sep sept septembre septiembre settembre set setembro
    october oct oktober okt octobre octubre ottobre ott outubro out
    november nov novembre noviembre novembro
    december dec dezember dez decembre diciembre dic dicembre dezembro
"""
MONTH_OF = {
    word: number
    for number, words in enumerate(MONTHS.strip().splitlines(), start=1)
    for word in words.split()
}
WEEKDAY = re.compile(
    r"(?:mon|tue|wed|thu|fri|sat|sun|mo|di|mi|do|fr|sa|so|lun|mar|mer|mié|jeu|jue|gio|ven|vie|sam|sab|sáb|dim|dom|"
    r"seg|ter|qua|qui|sex|ma|wo|vr|za|zo)[^\W\d_]*(?:-feira)?\.?,?\s+(?=\S*\d|[^\W\d_]+\.?\s+\d|\d)",
    re.IGNORECASE,
)
CLOCK = re.compile(
    r"(?:[T ,]+|\s+(?:at|um|à|a las|alle|às|om)\s+)(\d{1,2})[:.h](\d{2})(?:[:.](\d{2})(?:[.,]\d+)?)?"
    r"\s*((?:[ap]\.?\s?m\.?)?)(?:\s*(?:uhr|h|hrs?))?"
    r"(?:\s*\(?(?:Z|(?:GMT|UTC)?\s*[+\-−]\d{1,2}(?::?\d{2})?|[A-Z]{2,5})\)?)*$",
    re.IGNORECASE,
)
ISO = re.compile(r"\d{8}|\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?\s?(Z|[+-]\d{2}:?\d{2})?)?")
YEAR_FIRST = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})\.?")
COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
DIGITS = re.compile(r"(\d{1,2})\s?([-/.])\s?(\d{1,2})\s?\2\s?(\d{4}|\d{2})\.?")
DAY_MONTH = re.compile(
    r"(\d{1,2})(?:st|nd|rd|th|er|º|\.)?[\s\-/]*(?:de\s+)?([^\W\d_]+)\.?,?[\s\-/]*(?:de\s+|del\s+)?'?(\d{4}|\d{2})"
)
MONTH_DAY = re.compile(r"([^\W\d_]+)\.?[\s\-/]*(\d{1,2})(?:st|nd|rd|th)?,?[\s\-/]+(\d{4}|\d{2})")
YEAR_MONTH_DAY = re.compile(r"(\d{4})[\s\-/]*([^\W\d_]+)\.?[\s\-/]*(\d{1,2})")
PERIOD = re.compile(
    r"(?:[qthw]|kw|cw|quarter|quartal|trimestre|kwartaal)\s*-?\d{1,2}\b.*|"
    r"(?:fy\s*)?\d{4}\s*[-/ ]?\s*(?:[qthw]|kw|cw)\s*-?\d{1,2}",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Dates:
    """Distinct cells read as dates.

    Attributes
    ----------
    values : list of datetime or None
        None for a blank or unreadable cell. A time zone is dropped, the clock kept.
    faults : dict
        By position, what is wrong with the cell and what to do about it.
    order : {"day first", "month first", "day numbers"} or None
        How 3/4/2024 was read, as the column settled it or the caller said; None where there is no such date.
    ambiguous : bool
        Whether the column leaves open how 3/4/2024 is to be read.
    serial : bool
        Whether the cells look like Excel's numbers of days and nobody said so.
    """

    values: list[dt.datetime | None]
    faults: dict[int, tuple[str, str]]
    order: DateOrder | None = None
    ambiguous: bool = False
    serial: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pair:
    """The two readings of a date such as 3/4/2024; None where a reading is no date."""

    day_first: dt.datetime | None
    month_first: dt.datetime | None


def read_dates(cells: Sequence[object], *, order: DateOrder | None = None) -> Dates:
    """Read the distinct cells of one column as dates.

    `3/4/2024` alone could be March or April; a column that also holds `25/4/2024` says which comes first.
    Two-digit years are of 1969 to 2068. Quarters and weeks are no dates.

    Parameters
    ----------
    cells : sequence
        Real dates, or text.
    order : {"day first", "month first", "day numbers"}, optional
        How dates are written, where that is known beforehand. Excel's numbers of days are read only if told.

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
    values: list[dt.datetime | None] = [None] * len(cells)
    pairs: dict[int, _Pair] = {}
    serials = {place: day for place, cell in enumerate(cells) if (day := _serial(cell)) is not None}
    filled = [place for place, cell in enumerate(cells) if not is_missing(cell) and cell_text(cell).strip()]
    serial = bool(filled) and len(serials) == len(filled)
    faults: dict[int, tuple[str, str]] = {}
    for place in filled:
        found = _read(cells[place])
        if place in serials and (serial or order == "day numbers"):
            found = serials[place]
        if isinstance(found, _Pair):
            pairs[place] = found
        else:
            values[place] = found
            if found is None:
                faults[place] = _no_date(cell_text(cells[place]))
    if serial and order != "day numbers":
        return Dates(values=[None] * len(cells), faults=_unsaid(serials), serial=True)
    settled, doubts = _settle(pairs, values, order)
    faults |= doubts
    for place, value in enumerate(values):
        if value is not None and not EARLIEST <= value.year <= LATEST:
            faults[place] = (f"the year is not between {EARLIEST} and {LATEST}", "correct the year")
    ambiguous = any(reason.startswith("may be") for reason, _ in doubts.values())
    told: DateOrder | None = "day numbers" if serial else settled
    return Dates(values=values, faults=faults, order=told, ambiguous=ambiguous)


def _no_date(text: str) -> tuple[str, str]:
    if PERIOD.fullmatch(clean_text(text)):
        return "a quarter or week, not a date", MEND
    return "not a date", MEND


def _serial(cell: object) -> dt.datetime | None:
    """Return the day of an Excel number of days, in the system that counts from 1900."""
    if isinstance(cell, bool | dt.date) or is_missing(cell):
        return None
    number = as_number(cell_text(cell))
    if number is None or not FIRST_SERIAL <= number <= LAST_SERIAL:
        return None
    return dt.datetime(1899, 12, 30) + dt.timedelta(days=int(number), seconds=round((number % 1) * 86_400))


def _unsaid(serials: dict[int, dt.datetime]) -> dict[int, tuple[str, str]]:
    fix = "format the column as a date and save again, or write dates: day numbers under table: in the survey"
    return {
        place: (f"looks like Excel's number of a day ({day:%Y-%m-%d})", fix) for place, day in serials.items()
    }


def _read(cell: object) -> dt.datetime | _Pair | None:
    if isinstance(cell, dt.datetime):
        return dt.datetime(*cell.timetuple()[:6], cell.microsecond)
    if isinstance(cell, dt.date):
        return dt.datetime(cell.year, cell.month, cell.day)
    text = clean_text(cell_text(cell))
    if ISO.fullmatch(text):  # nearly all dates, and by far the quickest
        return _iso(text)
    found = _day_and_clock(text)
    return found if found is not None else _day_and_clock(WEEKDAY.sub("", text, count=1))


def _iso(text: str) -> dt.datetime | None:
    try:
        return dt.datetime.fromisoformat(text.replace(" Z", "Z")).replace(tzinfo=None)
    except ValueError:  # 2024-02-30
        return None


def _day_and_clock(text: str) -> dt.datetime | _Pair | None:
    clock = CLOCK.search(text)
    found = _day(text[: clock.start()].rstrip(", ") if clock else text)
    if clock is None or found is None:
        return found
    time = _time(clock)
    if time is None:
        return None
    if isinstance(found, _Pair):
        return _Pair(day_first=_at(found.day_first, time), month_first=_at(found.month_first, time))
    return _at(found, time)


def _at(day: dt.datetime | None, time: dt.time) -> dt.datetime | None:
    return None if day is None else dt.datetime.combine(day.date(), time)


def _time(clock: re.Match[str]) -> dt.time | None:
    hour, minute, second = (int(part or 0) for part in clock.groups()[:3])
    half = clock[4].lower()[:1]
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half == "p" else 0)
    try:
        return dt.time(hour, minute, second)
    except ValueError:
        return None


def _day(text: str) -> dt.datetime | _Pair | None:
    text = text.strip()
    if match := YEAR_FIRST.fullmatch(text):
        return _date(match[1], match[3], match[4])
    if match := COMPACT.fullmatch(text):
        return _date(*match.groups())
    if match := DIGITS.fullmatch(text):
        first, _, second, year = match.groups()
        pair = _Pair(day_first=_date(year, second, first), month_first=_date(year, first, second))
        return pair if pair.day_first or pair.month_first else None
    if match := DAY_MONTH.fullmatch(text):
        return _in_words(match[3], match[2], match[1])
    if match := MONTH_DAY.fullmatch(text):
        return _in_words(match[3], match[1], match[2])
    if match := YEAR_MONTH_DAY.fullmatch(text):
        return _in_words(match[1], match[2], match[3])
    return None


def _in_words(year: str, month: str, day: str) -> dt.datetime | None:
    number = MONTH_OF.get(_plain(month))
    return None if number is None else _date(year, str(number), day)


def _plain(word: str) -> str:
    """Return a word in one case without accents."""
    return "".join(
        sign for sign in unicodedata.normalize("NFKD", fold(word)) if not unicodedata.combining(sign)
    )


def _date(year: str, month: str, day: str) -> dt.datetime | None:
    number = int(year)
    if len(year) == 2:
        number += 1900 if number >= PIVOT else 2000
    try:
        return dt.datetime(number, int(month), int(day))
    except ValueError:
        return None


def _settle(
    pairs: dict[int, _Pair], values: list[dt.datetime | None], order: DateOrder | None
) -> tuple[DateOrder | None, dict[int, tuple[str, str]]]:
    """Fill in dates such as 3/4/2024 by the order that the whole column settles; return it and the faults."""
    day_first = any(pair.month_first is None for pair in pairs.values())
    month_first = any(pair.day_first is None for pair in pairs.values())
    settled: DateOrder | None = order if order != "day numbers" else None
    if settled is None and day_first != month_first:
        settled = "day first" if day_first else "month first"
    faults: dict[int, tuple[str, str]] = {}
    for place, pair in pairs.items():
        chosen = pair.month_first if settled == "month first" else pair.day_first
        if pair.day_first == pair.month_first or (settled is not None and chosen is not None):
            values[place] = chosen
        elif pair.day_first and pair.month_first:
            both = f"{pair.day_first.day} {pair.day_first:%B} or {pair.month_first.day} {pair.month_first:%B}"
            fix = f"{MEND}, or dates: day first (or month first) under table: in the survey"
            faults[place] = (f"may be {both}", fix)
        else:
            faults[place] = ("day and month stand in another order than elsewhere in the column", MEND)
    return settled, faults
