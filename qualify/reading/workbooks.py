"""Workbooks as rows of cells: .xlsx, .xlsm, .xls, .xlsb and .ods."""

from __future__ import annotations

import io
import re
import warnings
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import openpyxl
import python_calamine as calamine
from openpyxl.utils import get_column_letter

from qualify.errors import InvalidDeals, Problem, did_you_mean
from qualify.reading.cells import cell_text
from qualify.reading.shape import Rows, is_doubtful

# Formulas for which no value was kept, in the parts of a workbook that hold its sheets.
BARE_FORMULA = re.compile(rb"(?:</f>|<f[^>]*/>)\s*(?:<v\s*/>|<v></v>|</c>)")
ERROR_CELL = re.compile(rb"<c [^>]*t=\"e\"")
HIDDEN = re.compile(rb"<(?:row|col) [^>]*hidden=\"(?:1|true)\"")
MOST_CELLS = 50_000_000  # of the area that a sheet spans
FEWEST_ROWS = 2  # of a sheet that holds a table


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Workbook:
    """A sheet of a workbook.

    Attributes
    ----------
    rows : list of list
        Its cells from A1 on; blank ones are None.
    sheet : str or None
        Its name, where there are several with a table or one was asked for.
    notes : tuple of str
        What there is to say of it.
    """

    rows: list[list[Any]]
    sheet: str | None
    notes: tuple[str, ...]


def read_workbook(data: bytes, name: str, sheet: str | None = None) -> Workbook:
    """Read a sheet of a workbook.

    Parameters
    ----------
    data : bytes
        The file's content.
    name : str
        The file, for messages.
    sheet : str, optional
        The sheet; the first that holds a table where left out.

    Returns
    -------
    Workbook
        Cells as they are shown: a formula by its last value, or by its text where none was kept. A merged
        cell is repeated in every row that it covers.

    Raises
    ------
    InvalidDeals
        Where it cannot be read, or has no such sheet.
    """
    try:
        with warnings.catch_warnings():  # openpyxl warns of charts and the like, which are of no concern here
            warnings.simplefilter("ignore")
            return _read(data, name, sheet)
    except InvalidDeals:
        raise
    except calamine.PasswordError:
        reason = f"{name} is protected by a password"
        raise InvalidDeals(Problem(reason=reason, mend="save it without one")) from None
    except Exception as error:  # a broken workbook can fail anywhere in its readers, with any exception
        reason = f"{name} cannot be read as a workbook: {error}"
        raise InvalidDeals(Problem(reason=reason, mend="open it in Excel and save it as .xlsx")) from None


def sheet_rows(cells: Sequence[Sequence[Any]]) -> Rows:
    """Return rows of cells as they are looked at to find the table.

    Parameters
    ----------
    cells : sequence of sequence
        Blank cells are None.

    Returns
    -------
    Rows
        Not ragged: a short row has blank cells.
    """
    filled = [[cell for cell in row if _filled(cell)] for row in cells]

    def fetch(places: Sequence[int]) -> Mapping[int, Sequence[Any]]:
        return {place: cells[place] for place in places if place < len(cells)}

    counts = np.array([len(some) for some in filled], dtype=np.int64)
    return Rows(
        widths=np.array([len(row) for row in cells], dtype=np.int64),
        filled=counts,
        open_end=np.zeros(len(cells), dtype=np.bool_),
        doubtful=np.array([is_doubtful(some) for some in filled], dtype=np.bool_),
        marks=np.array([hash(tuple(map(cell_text, row[:2]))) for row in cells], dtype=np.int64),
        fetch=fetch,
        ragged=False,
    )


def _read(data: bytes, name: str, sheet: str | None) -> Workbook:
    book = calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
    names = [one.name for one in book.sheets_metadata if one.typ == calamine.SheetTypeEnum.WorkSheet]
    shown = [one.name for one in book.sheets_metadata if one.visible == calamine.SheetVisibleEnum.Visible]
    if not names:
        raise InvalidDeals(Problem(reason=f"{name} has no sheet with cells", mend="add one"))
    if sheet is not None and sheet not in names:  # a workbook of one sheet leaves no choice
        hint = did_you_mean(sheet, names) or f" The sheets are {', '.join(names[:20])}."
        raise InvalidDeals(Problem(reason=f"{name} has no sheet {sheet!r}", mend=f"name another.{hint}"))
    tables = [one for one in names if one in shown and _is_table(book.get_sheet_by_name(one))]
    chosen = sheet or (tables or shown or names)[0]
    found = book.get_sheet_by_name(chosen)
    _refuse_vast(found, name)
    looks = _looks(data)
    rows = _values(data, chosen) if looks.needs_values else _as_rows(found)
    notes = [] if sheet is not None or len(tables) < 2 else [_other_sheets(chosen, tables)]
    merged = _unmerge(rows, found.merged_cell_ranges or [])
    notes += [*merged, *(_hidden(data, chosen) if looks.hidden else ())]
    if not any(_filled(cell) for row in rows for cell in row):
        reason = f"the sheet {chosen} of {name} is empty" if sheet else f"the first sheet of {name} is empty"
        raise InvalidDeals(Problem(reason=reason, mend="move the table there"))
    kept = chosen if sheet is not None or len(tables) > 1 or chosen != names[0] else None
    return Workbook(rows=rows, sheet=kept, notes=tuple(notes))


@dataclass(frozen=True, slots=True)
class _Looks:
    """What a workbook holds that only openpyxl tells of."""

    needs_values: bool = False
    hidden: bool = False


def _looks(data: bytes) -> _Looks:
    if not data.startswith(b"PK"):
        return _Looks()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = [name for name in archive.namelist() if re.match(r"xl/worksheets/[^/]*\.xml$", name)]
        texts = [archive.read(name) for name in parts]
    values = any(BARE_FORMULA.search(text) or ERROR_CELL.search(text) for text in texts)
    return _Looks(values, any(HIDDEN.search(text) for text in texts))


def _is_table(sheet: calamine.CalamineSheet) -> bool:
    return sheet.height >= FEWEST_ROWS and sheet.width > 0


def _refuse_vast(sheet: calamine.CalamineSheet, name: str) -> None:
    if sheet.total_height * sheet.total_width > MOST_CELLS:
        reason = f"{name} has a cell in row {sheet.total_height:,} and one in column {sheet.total_width:,}"
        raise InvalidDeals(
            Problem(reason=reason, mend="delete stray cells far from the table, or save it as .csv")
        )


def _as_rows(sheet: calamine.CalamineSheet) -> list[list[Any]]:
    rows = sheet.to_python(skip_empty_area=False)
    return [[None if cell == "" else _plain(cell) for cell in row] for row in rows]


def _plain(cell: Any) -> Any:
    """Return a whole number as one: workbooks hold all numbers with decimals."""
    return int(cell) if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15 else cell


def _values(data: bytes, sheet: str) -> list[list[Any]]:
    """Return values, and the text of a formula where no value was kept."""
    texts = _openpyxl_rows(data, sheet, shown=False)
    shown = _openpyxl_rows(data, sheet, shown=True)
    return [
        [now if last is None else last for now, last in zip(cells, values, strict=False)]
        for cells, values in zip(texts, shown, strict=False)
    ]


def _openpyxl_rows(data: bytes, sheet: str, *, shown: bool) -> list[list[Any]]:
    book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=shown)
    try:
        found: Any = book[sheet]
        found.reset_dimensions()  # some programs write a wrong size, and rows would be cut
        return [[cell.value for cell in row] for row in found.iter_rows()]
    finally:
        book.close()


def _unmerge(rows: list[list[Any]], ranges: Sequence[tuple[tuple[int, int], tuple[int, int]]]) -> list[str]:
    """Repeat the value of merged cells down the rows they cover; return what there is to say of it."""
    several = [(top, left, low) for (top, left), (low, _) in ranges if low > top]
    for top, left, low in several:
        if top >= len(rows) or left >= len(rows[top]):
            continue
        for row in rows[top + 1 : low + 1]:
            row.extend([None] * (left + 1 - len(row)))
            row[left] = rows[top][left]
    if not several:
        return []
    first = min(several)
    place = f"{get_column_letter(first[1] + 1)}{first[0] + 1}"
    n = len(several)
    return [f"{n} merged cell{'s' * (n > 1)} over several rows, repeated in each; the first is {place}."]


def _hidden(data: bytes, sheet: str) -> list[str]:
    found: Any = openpyxl.load_workbook(io.BytesIO(data))[sheet]
    rows = sum(bool(one.hidden) for one in found.row_dimensions.values())
    columns = sum(bool(one.hidden) for one in found.column_dimensions.values())
    filtered = " by a filter" if found.auto_filter.ref else ""
    parts = [f"{rows} rows{filtered}"] * bool(rows) + [f"{columns} columns"] * bool(columns)
    return (
        [f"{' and '.join(parts)} of the sheet are hidden; they were read like the others."] if parts else []
    )


def _other_sheets(chosen: str, tables: Sequence[str]) -> str:
    others = ", ".join(one for one in tables if one != chosen)
    return f"Read the sheet {chosen}; other sheets with cells: {others} (name one with sheet= or --sheet)."


def _filled(cell: object) -> bool:
    return cell is not None and not (isinstance(cell, str) and not cell_text(cell).strip())
