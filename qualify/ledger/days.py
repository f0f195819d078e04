"""Days and quarters of a ledger: read from what callers give, kept in order, and made into names."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Collection, Sequence
from itertools import count

from qualify.errors import InvalidArgument, short
from qualify.ledger.versions import Entry


def day_of(date: object, *, name: str, where: str) -> dt.date:
    """Return a calendar day given as such, as a moment of it, or as text.

    Parameters
    ----------
    date : object
        What the caller gave.
    name, where : str
        The parameter and the public function, for the message.

    Returns
    -------
    date
        The day.

    Raises
    ------
    InvalidArgument
        Where it is none.
    """
    with contextlib.suppress(ValueError, TypeError):  # text that is no date, a moment that is missing
        if isinstance(date, dt.date):  # a moment is a date too
            return dt.date(date.year, date.month, date.day)
        if isinstance(date, str):
            return dt.date.fromisoformat(date)
    raise InvalidArgument(f"`{name}` of `{where}` must be a date as 2026-09-30; got {short(date)}.")


def day_after(dated: object, entries: Sequence[Entry], *, where: str) -> dt.date:
    """Return a calendar day that does not come before the newest version's.

    Parameters
    ----------
    dated : object
        What the caller gave as `dated`.
    entries : sequence of Entry
        The versions, in order.
    where : str
        The public function, for the message.

    Returns
    -------
    date
        The day.

    Raises
    ------
    InvalidArgument
        Where it is none, or earlier.
    """
    day = day_of(dated, name="dated", where=where)
    if entries and day < (last := entries[-1]).dated:
        raise InvalidArgument(
            f"`dated` of `{where}` must not go back: version {last.version} is dated {last.dated}; got {day}."
        )
    return day


def in_quarter(day: dt.date, taken: Collection[str], mark: str = "") -> str:
    """Name something after the quarter of a day.

    Parameters
    ----------
    day : date
        The day.
    taken : collection of str
        Names that are given already.
    mark : str
        What follows the quarter.

    Returns
    -------
    str
        Numbered from the second of a quarter on.

    Examples
    --------
    >>> in_quarter(dt.date(2026, 8, 1), []), in_quarter(dt.date(2026, 8, 1), ["2026Q3"])
    ('2026Q3', '2026Q3-2')
    """
    first = f"{day.year:04d}Q{(day.month + 2) // 3}{mark}"
    names = (f"{first}-{number}" if number > 1 else first for number in count(1))
    return next(name for name in names if name not in taken)
