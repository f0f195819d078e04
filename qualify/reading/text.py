"""Delimited text (csv, tsv): its separator and its records, every cell as it is written."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from qualify.errors import InvalidDeals, Problem
from qualify.reading.encodings import SAMPLE, as_utf8
from qualify.reading.layout import UTF_8, TableLayout
from qualify.reading.shape import Rows, Shape, find_table, is_doubtful

DELIMITERS = (",", ";", "\t", "|", "||")
DOUBLE, STAND_IN = "||", "\x1f"  # two signs are read as one that no text has
FITTING = 0.9  # share of records of one width from which a separator fits
PROBED = 300  # records by which a separator is judged
KEPT = 700  # records kept at each end of the file, to be looked at
CONTROL_Z = b"\x1a"  # how old programs end a text file
UNCLOSED = "close it, or double a quote that is part of the text"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class TextTable:
    """Records of a delimited file.

    Attributes
    ----------
    shape : Shape
        Where the table stands among them.
    cells : DataFrame
        The deals, as text; one column per heading, numbered from 0.
    layout : TableLayout
        How the file was read.
    notes : tuple of str
        What there is to say of it.
    """

    shape: Shape
    cells: pd.DataFrame
    layout: TableLayout
    notes: tuple[str, ...]


def read_text_table(data: bytes, name: str, layout: TableLayout | None = None) -> TextTable:
    """Read delimited text.

    Parameters
    ----------
    data : bytes
        The file's content.
    name : str
        The file, for messages.
    layout : TableLayout, optional
        How the file is read, where that is known.

    Returns
    -------
    TextTable
        Its records.

    Raises
    ------
    InvalidDeals
        Where it is empty, no text, its quotes do not close, or what parts its cells cannot be told.
    """
    content, encoding = as_utf8(
        data.rstrip(CONTROL_Z + b"\r\n \t") + b"\n" if CONTROL_Z in data[-8:] else data, name
    )
    text, delimiter, shown = _separated(content, name, None if layout is None else layout.delimiter)
    records = _Records(text=text, delimiter=delimiter, name=name)
    rows = records.profile()
    shape = find_table(rows, layout)
    if shape is None:
        raise InvalidDeals(Problem(reason=f"{name} is empty", mend="give a table with headings and rows"))
    told = TableLayout(
        heading_row=shape.heading_row,
        heading_rows=shape.headings.rows,
        delimiter=shown,
        encoding=encoding,
    )
    notes = () if encoding in UTF_8 else (f"The file was read as {encoding}; check accented letters.",)
    cells = _cells(records, rows, shape)
    return TextTable(shape=shape, cells=cells, layout=told, notes=(*shape.notes, *notes))


def _separated(content: bytes, name: str, known: str | None) -> tuple[str, str, str]:
    """Return the text, the sign that parts its cells, and how that is written in the file."""
    text = content.decode("utf-8")
    said = re.match(r"sep=([,;\t|])\r?\n", text, flags=re.IGNORECASE)  # Excel writes and obeys such a line
    if said:
        return "\n" + text[said.end() :], said.group(1), said.group(1)
    head = text[:SAMPLE] if len(text) > SAMPLE else text
    shown = _delimiter(head, name, known)
    if shown == DOUBLE:
        return text.replace(DOUBLE, STAND_IN), STAND_IN, shown
    return text, shown, shown


def _delimiter(head: str, name: str, known: str | None) -> str:
    """Return the separator that gives most records one number of cells; a known one wherever it fits."""
    fits = {mark: _fits(head, mark) for mark in DELIMITERS}
    best = max(fits.values())
    if known is not None and (fits.get(known, best)[1] >= FITTING or best[1] < FITTING):
        return known
    found = [mark for mark in DELIMITERS if fits[mark] == best]
    if len(found) > 1 and best[0] and DOUBLE not in found:
        reason = f"{name} can be parted by {' or by '.join(map(repr, found))}"
        raise InvalidDeals(Problem(reason=reason, mend="save it with another separator, such as a tab"))
    return found[0]


def _fits(head: str, delimiter: str) -> tuple[bool, float, int]:
    """Return how well a separator fits: several columns, few records of another width, many columns."""
    if delimiter == DOUBLE:
        head, delimiter = head.replace(DOUBLE, STAND_IN), STAND_IN
    widths = []
    try:
        for record in csv.reader(io.StringIO(head, newline=""), delimiter=delimiter):
            if any(cell.strip() for cell in record):
                widths.append(len(record))
            if len(widths) == PROBED:
                break
    except csv.Error:  # a cell of more than 131072 characters, which is told when the file is read
        pass
    if not widths:
        return False, 0.0, 0
    width, count = max(Counter(widths).items(), key=lambda pair: (pair[0] > 1, pair[1], pair[0]))
    return width > 1, round(count / len(widths), 1), width


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class _Records:
    """The records of a text, read anew whenever some are asked for."""

    text: str
    delimiter: str
    name: str

    def __iter__(self) -> Iterator[list[str]]:
        spaced = f'{self.delimiter} "' in self.text[:SAMPLE]  # ", " as a separator of two signs
        stream = io.StringIO(self.text, newline="")
        reader = csv.reader(stream, delimiter=self.delimiter, strict=True, skipinitialspace=spaced)
        count = 0
        while True:
            try:
                record = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise self._unread(str(error), count + 1) from None
            count += 1
            yield record

    def _unread(self, error: str, row: int) -> InvalidDeals:
        if "end of data" in error:
            reason = f"{self.name} opens a quote and never closes it"
            return InvalidDeals(Problem(reason=reason, mend=UNCLOSED, row=row))
        if "expected after" in error:
            reason = f"{self.name} has a quote in the middle of a cell"
            return InvalidDeals(
                Problem(reason=reason, mend="double a quote that is part of the text", row=row)
            )
        reason = f"{self.name} cannot be read: {error}"
        return InvalidDeals(Problem(reason=reason, mend="look for a lone quote", row=row))

    def fetch(self, places: Sequence[int], kept: Mapping[int, Sequence[str]]) -> Mapping[int, Sequence[Any]]:
        """Return some records by their place, reading the text anew for those that were not kept."""
        wanted = set(places) - set(kept)
        more = {place: record for place, record in enumerate(self) if place in wanted} if wanted else {}
        return {**kept, **more}

    def profile(self) -> Rows:
        """Return the widths of the records, and which have to be looked at."""
        widths, filled, ends, doubts, marks = [], [], [], [], []
        start: dict[int, Sequence[str]] = {}
        last: deque[tuple[int, list[str]]] = deque(maxlen=KEPT)
        for place, record in enumerate(self):
            blank = [not cell or cell.isspace() for cell in record]
            count = len(record) - sum(blank)
            widths.append(len(record))
            filled.append(count)
            ends.append(bool(blank) and blank[-1])
            doubts.append(count > 0 and is_doubtful(record, self.delimiter))
            marks.append(hash(tuple(record[:2])))
            if place < KEPT:
                start[place] = record
            else:
                last.append((place, record))
        kept = start | dict(last)
        return Rows(
            widths=np.array(widths, dtype=np.int64),
            filled=np.array(filled, dtype=np.int64),
            open_end=np.array(ends, dtype=np.bool_),
            doubtful=np.array(doubts, dtype=np.bool_),
            marks=np.array(marks, dtype=np.int64),
            fetch=lambda places: self.fetch(places, kept),
            ragged=True,
            delimiter=self.delimiter,
        )


def _cells(records: _Records, rows: Rows, shape: Shape) -> pd.DataFrame:
    """Return the deals' cells: by pandas where all records fit, which is quicker, else one by one."""
    width = max(len(shape.headings.names), 1)
    widest = int(rows.widths.max())
    if widest <= width + 1:
        frame = pd.read_csv(
            io.StringIO(records.text),
            sep=records.delimiter,
            names=list(range(max(width, widest))),
            index_col=False,
            dtype=str,
            keep_default_na=False,
            na_filter=False,
            skip_blank_lines=False,
            skipinitialspace=f'{records.delimiter} "' in records.text[:SAMPLE],
        )
        if len(frame) == len(rows.widths):
            return frame.iloc[shape.deals, :width]
    wanted = set(shape.deals.tolist())
    made = [
        [*record[:width], *[""] * (width - len(record))]
        for place, record in enumerate(records)
        if place in wanted
    ]
    return pd.DataFrame(made, columns=range(width), dtype=object)
