"""A user's table, whatever it is kept in: csv, tsv, xlsx, parquet, JSON lines, or a frame of any library."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from qualify.errors import InvalidDeals, Problem, did_you_mean, short
from qualify.files import existing_file, read_bytes
from qualify.reading.cells import Coded, cell_text, code_cells
from qualify.reading.layout import TableLayout
from qualify.reading.text import read_text_table
from qualify.reading.workbooks import Sheet, read_json_lines, read_parquet, read_workbook

TEXT = (".csv", ".tsv", ".txt", ".tab")
WORKBOOK = (".xlsx", ".xlsm")
PARQUET = (".parquet", ".pq")
JSON_LINES = (".jsonl", ".ndjson")
SUFFIXES = (*TEXT, *WORKBOOK, *PARQUET, *JSON_LINES)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class RawTable:
    """A table as it came: headings and cells, nothing understood yet.

    Attributes
    ----------
    name : str
        The file, or "the table".
    headings : tuple of str
        Without outer space; a heading may be blank or stand twice.
    columns : sequence
        Cells of each column; only read.
    rows : ndarray of int64
        Row of each record as a spreadsheet shows it: the headings are row 1.
    encoding : str
        How a text file was read; "" where there was nothing to tell.
    problems : tuple of Problem
        What is wrong with the table itself.
    """

    name: str
    headings: tuple[str, ...]
    columns: Sequence[Any]
    rows: NDArray[np.int64]
    encoding: str = ""
    problems: tuple[Problem, ...] = ()
    layout: TableLayout = field(default_factory=TableLayout)
    notes: tuple[str, ...] = ()
    questions: dict[str, str] = field(default_factory=dict)
    options: dict[str, tuple[str, str]] = field(default_factory=dict)
    kept: NDArray[np.bool_] | None = None
    seen: dict[str, Coded] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return len(self.rows)

    def __contains__(self, heading: str) -> bool:
        return bool(heading.strip()) and heading.strip() in self.headings

    def coded(self, heading: str) -> Coded:
        """Return the column under a heading (the first such), as codes into its distinct cells."""
        key = heading.strip()
        if key not in self.seen:
            coded = code_cells(self.columns[self.headings.index(key)])
            self.seen[key] = coded if self.kept is None else coded.rows(self.kept)
        return self.seen[key]

    def missing(self, heading: str) -> Problem:
        """Return the problem that there is no such column, with the nearest headings."""
        there = [name for name in self.headings if name]
        hint = did_you_mean(heading, there, most=3) or f" The columns are {', '.join(there[:30])}."
        reason = f"{self.name} has no such column"
        return Problem(reason=reason, mend=f"correct its name.{hint}", column=heading)


def open_table(source: object, *, layout: TableLayout | None = None, sheet: str | None = None) -> RawTable:
    """Open a table.

    Parameters
    ----------
    source : path or frame
        A file ending with .csv, .tsv, .txt, .xlsx, .parquet or .jsonl, or a frame of pandas, polars, pyarrow
        or any other library that narwhals knows. It is only read.

    Returns
    -------
    RawTable
        Without its blank rows.

    Raises
    ------
    InvalidDeals
        Where it cannot be opened.
    """
    table = _opened_file(source) if isinstance(source, str | os.PathLike) else _opened_frame(source)
    kept = ~_blank_rows(table)
    if kept.all():
        return table
    return RawTable(
        name=table.name,
        headings=table.headings,
        columns=table.columns,
        rows=table.rows[kept],
        encoding=table.encoding,
        problems=table.problems,
        kept=kept,
        seen={heading: coded.rows(kept) for heading, coded in table.seen.items()},
    )


def _opened_file(source: str | os.PathLike[str]) -> RawTable:
    file = existing_file(source, SUFFIXES, InvalidDeals)
    suffix = file.suffix.lower()
    if suffix in PARQUET:
        return _from_pandas(read_parquet(file), str(file))
    if suffix in TEXT:
        return _from_text(file)
    return _from_sheet(read_workbook(file) if suffix in WORKBOOK else read_json_lines(file), str(file))


def _from_text(file: Path) -> RawTable:
    found = read_text_table(read_bytes(file, InvalidDeals), str(file))
    columns = [found.cells.iloc[:, place] for place in range(found.cells.shape[1])]
    rows = np.arange(len(found.cells), dtype=np.int64) + found.first_row
    headings, problems = _headings(found.headings, str(file))
    return RawTable(
        name=str(file),
        headings=headings,
        columns=columns,
        rows=rows,
        encoding=found.encoding,
        problems=(*problems, *found.problems),
    )


def _from_sheet(sheet: Sheet, name: str) -> RawTable:
    headings, problems = _headings(sheet.headings, name)
    rows = np.arange(len(sheet.columns[0]) if sheet.columns else 0, dtype=np.int64) + sheet.first_row
    problems = (*problems, *sheet.problems)
    return RawTable(name=name, headings=headings, columns=sheet.columns, rows=rows, problems=problems)


def _from_pandas(frame: pd.DataFrame, name: str) -> RawTable:
    columns = [frame.iloc[:, place] for place in range(frame.shape[1])]
    headings, problems = _headings(list(frame.columns), name)
    rows = np.arange(len(frame), dtype=np.int64) + 2
    return RawTable(name=name, headings=headings, columns=columns, rows=rows, problems=problems)


def _opened_frame(source: object) -> RawTable:
    name = "the table"
    if isinstance(source, pd.DataFrame):
        return _from_pandas(source, name)
    doubled = getattr(source, "column_names", None)  # narwhals holds no heading twice
    if isinstance(doubled, list) and len(set(doubled)) < len(doubled):
        raise InvalidDeals(_headings(doubled, name)[1])
    try:
        frame: Any = nw.from_native(source, pass_through=True)
        if isinstance(frame, nw.LazyFrame):
            frame = frame.collect()
        if isinstance(frame, nw.DataFrame):
            columns = [frame[heading].to_list() for heading in frame.columns]
            return _from_sheet(Sheet(headings=list(frame.columns), columns=columns, first_row=2), name)
    except Exception as error:  # each library fails in its own way; the user needs one
        reason = f"{name} cannot be read: {error}"
        raise InvalidDeals(Problem(reason=reason, mend="convert it to pandas")) from None
    mend = "give a path, or a frame of pandas, polars or pyarrow"
    raise InvalidDeals(Problem(reason=f"{short(source)} is no table", mend=mend))


def _headings(found: Sequence[Any], name: str) -> tuple[tuple[str, ...], tuple[Problem, ...]]:
    headings = tuple(cell_text(heading).strip() for heading in found)
    twice = [heading for heading in dict.fromkeys(headings) if heading and headings.count(heading) > 1]
    reason = f"{name} has this heading more than once"
    return headings, tuple(Problem(reason=reason, mend="rename or drop one", column=text) for text in twice)


def _blank_rows(table: RawTable) -> NDArray[np.bool_]:
    blank = np.ones(len(table), dtype=np.bool_)
    for place, heading in enumerate(table.headings):
        if not blank.any():
            break  # mostly after the first column
        first = heading and table.headings.index(heading) == place
        coded = table.coded(heading) if first else code_cells(table.columns[place])
        blank &= coded.blank()
    return blank
