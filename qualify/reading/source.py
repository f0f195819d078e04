"""A user's table, whatever it is kept in: text, workbooks, JSON, Parquet, HTML, packed, or a frame."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from qualify._support.files import existing_file, read_bytes
from qualify._support.words import clean_text
from qualify.errors import InvalidDeals, Problem, did_you_mean, short
from qualify.reading.cells import Coded, cell_text, code_cells
from qualify.reading.encodings import as_utf8
from qualify.reading.headings import UNNAMED, read_headings
from qualify.reading.html_tables import read_html_tables
from qualify.reading.layout import TableLayout
from qualify.reading.packed import unpack
from qualify.reading.records import Sheet, read_json, read_parquet
from qualify.reading.shape import Shape, find_table
from qualify.reading.text import read_text_table
from qualify.reading.workbooks import read_workbook, sheet_rows

TEXT = (".csv", ".tsv", ".txt", ".tab")
WORKBOOK = (".xlsx", ".xlsm", ".xls", ".xlsb", ".ods")
PARQUET = (".parquet", ".pq")
JSON = (".jsonl", ".ndjson", ".json")
HTML = (".html", ".htm")
PACKED = (".gz", ".zip")
SUFFIXES = (*TEXT, *WORKBOOK, *PARQUET, *JSON, *HTML, *PACKED)
COMPOUND = b"\xd0\xcf\x11\xe0"  # old workbooks
ZIP, GZIP = b"PK\x03\x04", b"\x1f\x8b"
PAGE = re.compile(
    rb"\s*(?:\xef\xbb\xbf)?\s*<(?:!doctype html|html|head|body|meta|style|table|div|center|font)\b", re.I
)
SPREADSHEET_XML = re.compile(
    rb"\s*(?:\xef\xbb\xbf)?\s*<\?xml[^>]*\?>[\s\S]{0,2000}urn:schemas-microsoft-com:office:spreadsheet"
)
SAMPLED = 600  # rows of a frame that are looked at for question texts among them


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class RawTable:
    """A table as it came: headings and cells, nothing understood yet.

    Attributes
    ----------
    name : str
        The file, or "the table".
    headings : tuple of str
        Clean text; a heading may be blank or stand twice.
    columns : sequence
        Cells of each column; only read.
    rows : ndarray of int64
        Row of each record as a spreadsheet shows it: the headings are row 1, where nothing stands above them.
    problems : tuple of Problem
        What is wrong with the table itself.
    layout : TableLayout
        How the file was read.
    notes : tuple of str
        What there is to say of it: rows left out, the encoding, merged and hidden cells.
    questions : dict
        Text of the question by heading, from a second row of headings.
    options : dict
        Question and option by heading, where one question is spread over columns.
    """

    name: str
    headings: tuple[str, ...]
    columns: Sequence[Any]
    rows: NDArray[np.int64]
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
        return bool(clean_text(heading)) and clean_text(heading) in self.headings

    def coded(self, heading: str) -> Coded:
        """Return the column under a heading (the first such), as codes into its distinct cells."""
        key = clean_text(heading)
        if key not in self.seen:
            coded = code_cells(self.columns[self.headings.index(key)])
            self.seen[key] = coded if self.kept is None else coded.rows(self.kept)
        return self.seen[key]

    def error_notes(self) -> list[str]:
        """Return how many cells of the columns looked at show an error of a spreadsheet, and the first."""
        found = {heading: coded.errors() for heading, coded in self.seen.items()}
        hit = {heading: np.flatnonzero(errors) for heading, errors in found.items() if errors.any()}
        if not hit:
            return []
        heading, places = min(hit.items(), key=lambda pair: int(pair[1][0]))
        n = sum(map(len, hit.values()))
        cells = "1 cell shows an error" if n == 1 else f"{n:,} cells show an error"
        first = f"{heading}, row {int(self.rows[places[0]])}"
        return [f"{cells} of the spreadsheet, such as #REF!, and counts as blank; the first: {first}."]

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
        A file of text (.csv, .tsv, .txt), a workbook (.xlsx, .xls, .xlsb, .ods), JSON, Parquet or HTML,
        perhaps packed (.gz, .zip), or a frame of pandas, polars, pyarrow or any other library that narwhals
        knows. It is only read.
    layout : TableLayout, optional
        How an earlier file was read: its sheet and separator are looked for first.
    sheet : str, optional
        The sheet of a workbook.

    Returns
    -------
    RawTable
        Without its blank rows.

    Raises
    ------
    InvalidDeals
        Where it cannot be opened.
    """
    if isinstance(source, str | os.PathLike):
        table = _opened_file(source, sheet or (layout.sheet if layout else None), layout)
    else:
        table = _opened_frame(source)
    kept = ~_blank_rows(table)
    if kept.all():
        return table
    seen = {heading: coded.rows(kept) for heading, coded in table.seen.items()}
    return replace(table, rows=table.rows[kept], kept=kept, seen=seen)


def _opened_file(source: str | os.PathLike[str], sheet: str | None, layout: TableLayout | None) -> RawTable:
    file = existing_file(source, SUFFIXES, InvalidDeals)
    if file.suffix.lower() in PARQUET:
        return _from_pandas(read_parquet(file), str(file))
    data, name, suffix = read_bytes(file, InvalidDeals), str(file), file.suffix.lower()
    if data.startswith(GZIP) or (data.startswith(ZIP) and suffix in PACKED):
        data, inside = unpack(data, name)
        suffix = Path(inside).suffix.lower()
        if suffix in PARQUET:
            reason = f"{name} holds a Parquet file, which is packed by itself"
            raise InvalidDeals(Problem(reason=reason, mend="give the file inside it"))
    return _reader_of(data, suffix)(data, name, sheet, layout)


Reader = Callable[[bytes, str, str | None, TableLayout | None], RawTable]


def _reader_of(data: bytes, suffix: str) -> Reader:
    """Return what reads a file, by its content where that says it, else by the suffix."""
    if data.startswith((COMPOUND, ZIP)) and suffix not in TEXT:
        return _from_workbook
    if PAGE.match(data[:4096]) and suffix in (*WORKBOOK, *HTML):
        return _from_page
    if SPREADSHEET_XML.match(data[:8192]):
        return _refuse_xml
    if suffix in JSON:
        return _from_json
    if suffix in HTML:
        return _from_page
    if suffix == ".xls" and data.strip():  # text under the name of a workbook
        return _from_text
    return _from_workbook if suffix in WORKBOOK else _from_text


def _from_text(data: bytes, name: str, sheet: str | None, layout: TableLayout | None) -> RawTable:
    found = read_text_table(data, name, layout)
    columns = [found.cells.iloc[:, place] for place in range(found.cells.shape[1])]
    return _shaped(found.shape, columns, name, found.layout, found.notes)


def _from_workbook(data: bytes, name: str, sheet: str | None, layout: TableLayout | None) -> RawTable:
    book = read_workbook(data, name, sheet)
    return _from_rows(book.rows, name, TableLayout(sheet=book.sheet), book.notes, layout)


def _from_page(data: bytes, name: str, sheet: str | None, layout: TableLayout | None) -> RawTable:
    content, encoding = as_utf8(data, name)
    tables = read_html_tables(content.decode("utf-8"))
    if not tables:
        raise InvalidDeals(Problem(reason=f"{name} is a page without a table", mend="save the table as .csv"))
    largest = max(tables, key=len)
    said = (
        [f"{name} is a page of HTML with {len(tables)} tables; the longest was read."]
        if len(tables) > 1
        else []
    )
    return _from_rows(largest, name, TableLayout(encoding=encoding), tuple(said), layout)


def _refuse_xml(data: bytes, name: str, sheet: str | None, layout: TableLayout | None) -> RawTable:
    reason = f"{name} is a workbook in Excel's XML of 2003"
    raise InvalidDeals(Problem(reason=reason, mend="open it in Excel and save it as .xlsx"))


def _from_json(data: bytes, name: str, sheet: str | None, layout: TableLayout | None) -> RawTable:
    return _from_sheet(read_json(data, name), name)


def _from_rows(
    rows: Sequence[Sequence[Any]],
    name: str,
    layout: TableLayout,
    notes: tuple[str, ...],
    known: TableLayout | None,
) -> RawTable:
    shape = find_table(sheet_rows(rows), known)
    if shape is None:
        raise InvalidDeals(Problem(reason=f"{name} is empty", mend="give a table with headings and rows"))
    width = max((len(row) for row in rows), default=0)
    names = len(shape.headings.names)
    chosen = [rows[place] for place in shape.deals]
    columns = [
        [row[k] if k < len(row) else None for row in chosen] for k in range(max(names, min(width, names)))
    ]
    told = replace(layout, heading_row=shape.heading_row, heading_rows=shape.headings.rows)
    return _shaped(shape, columns, name, told, (*notes, *shape.notes))


def _shaped(
    shape: Shape, columns: Sequence[Any], name: str, layout: TableLayout, notes: tuple[str, ...]
) -> RawTable:
    names, problems = _headings(shape.headings.names, name)
    notes = (*notes, *_without_heading(names, columns))
    return RawTable(
        name=name,
        headings=names,
        columns=columns,
        rows=shape.deals + 1,
        problems=(*problems, *shape.problems),
        layout=layout,
        notes=notes,
        questions=shape.headings.questions,
        options=shape.headings.options,
    )


def _without_heading(names: Sequence[str], columns: Sequence[Any]) -> list[str]:
    """Say which columns have cells and no heading, and so take no part."""
    blank = [place for place, heading in enumerate(names) if not heading and place < len(columns)]
    filled = [str(place + 1) for place in blank if not code_cells(columns[place]).blank().all()]
    if not filled:
        return []
    which = f"Column {filled[0]} has" if len(filled) == 1 else f"Columns {', '.join(filled)} have"
    return [f"{which} cells and no heading; left out."]


def _from_sheet(sheet: Sheet, name: str) -> RawTable:
    headings, problems = _headings(sheet.headings, name)
    rows = np.arange(len(sheet.columns[0]) if sheet.columns else 0, dtype=np.int64) + sheet.first_row
    problems = (*problems, *sheet.problems)
    return RawTable(name=name, headings=headings, columns=sheet.columns, rows=rows, problems=problems)


def _from_pandas(frame: pd.DataFrame, name: str) -> RawTable:
    columns = [frame.iloc[:, place] for place in range(frame.shape[1])]
    headings, problems = _headings(list(frame.columns), name)
    rows = np.arange(len(frame), dtype=np.int64) + 2
    table = RawTable(name=name, headings=headings, columns=columns, rows=rows, problems=problems)
    return _without_texts(table, frame)


def _without_texts(table: RawTable, frame: pd.DataFrame) -> RawTable:
    """Take rows of question texts at the start of a frame, as a form's export has them, out of the deals."""
    texts = [
        column for column in table.columns if column.dtype == object or str(column.dtype).startswith("str")
    ]
    if len(texts) < len(table.columns) or not len(frame):
        return table
    sample = frame.head(SAMPLED).astype(object).where(frame.head(SAMPLED).notna(), None).to_numpy().tolist()
    found = read_headings(list(frame.columns), sample[:3], sample)
    if found.rows == 1:
        return table
    skipped = found.rows - 1
    names, problems = _headings([*found.names, *[""] * (len(table.headings) - len(found.names))], table.name)
    return replace(
        table,
        headings=names,
        columns=[column.iloc[skipped:] for column in table.columns],
        rows=table.rows[skipped:],
        problems=problems,
        notes=found.notes,
        questions=found.questions,
        options=found.options,
    )


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
    texts = tuple(clean_text(cell_text(heading)) for heading in found)
    headings = tuple("" if UNNAMED.fullmatch(text) else text for text in texts)
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
