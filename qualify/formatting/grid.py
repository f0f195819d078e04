"""Frame → columns of ready text, with an interval beside its estimate where the two belong together."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd

from qualify.errors import InvalidArgument, Problem
from qualify.formatting.formats import MISSING, clean, format_value, is_missing
from qualify.formatting.labels import INTERVALS, METRICS, RANGES, Format, Interval, format_of, heading


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column ready to be shown.

    Attributes
    ----------
    heading : str
        What stands above it.
    numeric : bool
        True when the cells are aligned to the right.
    cells : tuple of str
        The text of each row.
    asides : tuple of str
        The interval that follows each cell, such as "(10 to 35)"; empty when the column has none.
    """

    heading: str
    numeric: bool
    cells: tuple[str, ...]
    asides: tuple[str, ...] = ()


def grid(
    frame: pd.DataFrame, columns: Sequence[str] | None = None, *, merged: bool = True
) -> tuple[Column, ...]:
    """Write every cell of a frame as text; the frame itself is left alone.

    Parameters
    ----------
    frame : pandas.DataFrame
        A result's frame, or any other. A named index is shown as the first column.
    columns : sequence of str, optional
        The columns to show, in this order; all of them when None.
    merged : bool
        Show an interval beside its estimate, "+23 pp (10 to 35)", wherever all three columns are shown.

    Returns
    -------
    tuple of Column
        The columns, in order.

    Raises
    ------
    InvalidArgument
        `columns` names a column the frame does not have.

    Examples
    --------
    >>> frame = pd.DataFrame({"swing": [0.23], "swing_low": [0.1], "swing_high": [0.35]})
    >>> column, = grid(frame)
    >>> column.heading, column.cells, column.asides
    ('Swing (interval)', ('+23 pp',), ('(10 to 35)',))
    """
    shown = _selected(frame, columns)
    names = [name for name, _ in shown]
    cells = dict(shown)
    intervals = {interval.estimate: interval for interval in _whole_intervals(names)} if merged else {}
    ranges = {low: high for low, high in RANGES if merged and low in cells and high in cells}
    inside = {part for interval in intervals.values() for part in interval[1:]} | set(ranges.values())
    done: list[Column] = []
    for name, values in shown:
        if name in intervals:
            done.append(_interval_column(intervals[name], cells, names))
        elif name in ranges:
            done.append(_range_column(name, ranges[name], cells))
        elif name not in inside:
            done.append(_plain_column(name, values, names))
    return tuple(done)


def _selected(frame: pd.DataFrame, columns: Sequence[str] | None) -> list[tuple[Any, list[Any]]]:
    positions = range(frame.shape[1]) if columns is None else _positions(frame, columns)
    index: list[tuple[Any, list[Any]]] = []
    if columns is None and frame.index.name is not None:
        index.append((frame.index.name, frame.index.tolist()))
    return index + [(frame.columns[at], frame.iloc[:, at].tolist()) for at in positions]


def _positions(frame: pd.DataFrame, columns: Sequence[str]) -> list[int]:
    have = list(frame.columns)
    missing = [name for name in columns if name not in have]
    if missing:
        mend = "choose from: " + ", ".join(str(name) for name in have)
        reason = "the table has no such column"
        raise InvalidArgument([Problem(reason=reason, mend=mend, column=str(name)) for name in missing])
    return [have.index(name) for name in columns]


def _whole_intervals(names: Sequence[object]) -> Iterable[Interval]:
    # Two columns of one name cannot be told apart, so nothing is merged into them.
    once = {name for name in names if names.count(name) == 1}
    taken: set[str] = set()
    for interval in INTERVALS:
        if once.issuperset(interval) and taken.isdisjoint(interval):
            taken.update(interval)
            yield interval


def _plain_column(name: object, values: list[Any], names: Sequence[object]) -> Column:
    kind = _kind(format_of(name, names), values)
    if name == "metric":
        values = [METRICS.get(value, value) if isinstance(value, str) else value for value in values]
    return Column(
        heading=clean(heading(name)),
        numeric=kind != "text" and any(_is_number(value) for value in values),
        cells=tuple(format_value(value, kind) for value in values),
    )


def _interval_column(interval: Interval, cells: dict[Any, list[Any]], names: Sequence[object]) -> Column:
    kind = _kind(format_of(interval.estimate, names), cells[interval.estimate])
    asides = tuple(
        _aside(estimate, low, high, kind)
        for estimate, low, high in zip(*(cells[part] for part in interval), strict=True)
    )
    return Column(
        heading=f"{heading(interval.estimate)} (interval)",
        numeric=True,
        cells=tuple(format_value(value, kind) for value in cells[interval.estimate]),
        asides=asides,
    )


def _aside(estimate: Any, low: Any, high: Any, kind: Format | None) -> str:
    if is_missing(low) and is_missing(high):
        return "(reference)" if kind == "odds" and estimate == 1 else ""
    return f"({_bare(low, kind)} to {_bare(high, kind)})"


def _bare(value: Any, kind: Format | None) -> str:
    """Write a limit without the unit its estimate already carries."""
    text = format_value(value, kind)
    return text.removesuffix(" pp").removeprefix("+") if kind == "swing" else text.removesuffix("%")


def _range_column(low: str, high: str, cells: dict[Any, list[Any]]) -> Column:
    kind = _kind(format_of(low), cells[low] + cells[high])
    texts = tuple(_range(first, last, kind) for first, last in zip(cells[low], cells[high], strict=True))
    return Column(heading=RANGES[low, high], numeric=False, cells=texts)


def _range(low: Any, high: Any, kind: Format | None) -> str:
    open_low, open_high = _is_open(low), _is_open(high)
    if open_low and open_high:
        return MISSING if is_missing(low) and is_missing(high) else "any"
    if open_low:
        return f"up to {format_value(high, kind)}"
    if open_high:
        return f"{format_value(low, kind)} or more"
    first, last = format_value(low, kind), format_value(high, kind)
    return first if first == last else f"{first} to {last}"


def _is_open(value: Any) -> bool:
    return is_missing(value) or (isinstance(value, Real) and math.isinf(value))


def _kind(kind: Format | None, values: Iterable[Any]) -> Format | None:
    """Write a column of whole numbers without decimals, and all others with the same decimals."""
    if kind not in ("number", None):
        return kind
    numbers = [float(value) for value in values if _is_number(value) and math.isfinite(value)]
    whole: Callable[[float], bool] = float.is_integer
    return "count" if all(map(whole, numbers)) else "number"


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool | np.bool_)
