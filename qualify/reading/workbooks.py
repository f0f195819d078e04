"""Workbooks, Parquet and JSON lines as headings and columns."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd

from qualify.errors import InvalidDeals, Problem
from qualify.files import read_bytes
from qualify.reading.text import as_utf8


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Sheet:
    """Headings, the columns under them, and the row of the first cell as a spreadsheet or editor shows it."""

    headings: list[Any]
    columns: Sequence[Sequence[Any]]
    first_row: int
    problems: tuple[Problem, ...] = ()


def read_workbook(file: Path) -> Sheet:
    """Read the first sheet of a workbook; its headings are the first row that is not blank.

    Parameters
    ----------
    file : Path
        The workbook.

    Returns
    -------
    Sheet
        Cells as they are shown: a formula by its last value, or by its text where none was kept.

    Raises
    ------
    InvalidDeals
        Where it cannot be read, or its first sheet is empty.
    """
    try:
        with warnings.catch_warnings():  # openpyxl warns of charts and the like, which are of no concern here
            warnings.simplefilter("ignore")
            rows = _sheet_rows(file)
    except InvalidDeals:
        raise
    except Exception as error:  # a broken workbook can fail anywhere in openpyxl, with any exception
        reason = f"{file} cannot be read as a workbook: {error}"
        raise InvalidDeals(Problem(reason=reason, mend="open it in Excel and save it as .xlsx")) from None
    start = next((row for row, cells in enumerate(rows) if any(_filled(cell) for cell in cells)), None)
    if start is None:
        raise InvalidDeals(Problem(reason=f"the first sheet of {file} is empty", mend="move the table there"))
    width = max(place + 1 for row in rows[start:] for place, cell in enumerate(row) if _filled(cell))
    even = [(*row[:width], *[None] * (width - len(row))) for row in rows[start:]]
    columns = list(zip(*even[1:], strict=True)) or [()] * width
    return Sheet(headings=list(even[0]), columns=columns, first_row=start + 2)


def read_json_lines(file: Path) -> Sheet:
    """Read a file with one JSON object per line.

    Parameters
    ----------
    file : Path
        The file.

    Returns
    -------
    Sheet
        A column per key, in the order of their first use; the problems name lines that hold no object.

    Raises
    ------
    InvalidDeals
        Where it is no text.
    """
    content, _ = as_utf8(read_bytes(file, InvalidDeals), str(file))
    records: list[dict[str, Any]] = []
    problems: list[Problem] = []
    for line, text in enumerate(content.split(b"\n"), start=1):
        record, reason = _record(text)
        records.append(record)
        if reason:
            problems.append(Problem(reason=reason, mend="write one JSON object per line", row=line))
    headings = list(dict.fromkeys(key for record in records for key in record))
    columns = [[record.get(heading) for record in records] for heading in headings]
    return Sheet(headings=headings, columns=columns, first_row=1, problems=tuple(problems))


def read_parquet(file: Path) -> pd.DataFrame:
    """Read a Parquet file.

    Parameters
    ----------
    file : Path
        The file.

    Returns
    -------
    DataFrame
        Its columns.

    Raises
    ------
    InvalidDeals
        Where pyarrow is not installed or the file cannot be read.
    """
    try:
        return pd.read_parquet(file)
    except ImportError:
        mend = "install it (pip install pyarrow), or save the table as .csv"
        raise InvalidDeals(Problem(reason=f"{file} needs the package pyarrow", mend=mend)) from None
    except Exception as error:  # a broken file can fail anywhere in pyarrow, with any exception
        reason = f"{file} cannot be read as Parquet: {error}"
        raise InvalidDeals(Problem(reason=reason, mend="write it again, or save the table as .csv")) from None


def _sheet_rows(file: Path) -> list[tuple[Any, ...]]:
    rows, formulas = [], False
    for row in _cells(file, shown=False):
        rows.append(tuple(cell.value for cell in row))
        formulas = formulas or any(cell.data_type == "f" for cell in row)
    if not formulas:
        return rows
    shown = [tuple(cell.value for cell in row) for row in _cells(file, shown=True)]
    return [
        tuple(now if last is None else last for now, last in zip(cells, values, strict=False))
        for cells, values in zip(rows, shown, strict=False)
    ]


def _cells(file: Path, *, shown: bool) -> Iterator[tuple[Any, ...]]:
    book = openpyxl.load_workbook(file, read_only=True, data_only=shown)
    try:
        if not book.worksheets:
            raise InvalidDeals(Problem(reason=f"{file} has no sheet with cells", mend="add one"))
        sheet: Any = book.worksheets[0]
        sheet.reset_dimensions()  # some programs write a wrong size, and rows would be cut
        yield from sheet.iter_rows()
    finally:
        book.close()


def _filled(cell: object) -> bool:
    return cell is not None and not (isinstance(cell, str) and not cell.strip())


def _record(text: bytes) -> tuple[dict[str, Any], str]:
    if not text.strip():
        return {}, ""
    twice: list[str] = []

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(found)
        if len(made) < len(found):
            twice.append("a key stands twice in one object")
        return made

    try:
        record = json.loads(text, object_pairs_hook=pairs)
    except (ValueError, RecursionError) as error:
        return {}, f"not JSON: {error}"
    if not isinstance(record, dict):
        return {}, "not a JSON object"
    return record, "".join(twice[:1])
