"""Where in a sheet or text file the table stands: titles above, headings, deals, totals and notes below.

A row is left out only where it cannot be a deal, and that is said; a row that may be one and does not fit is
refused by its number.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qualify.errors import Problem
from qualify.reading.headings import Headings, Kinds, cell_words, is_number_like, kinds_of, read_headings
from qualify.reading.layout import TableLayout

Row = Sequence[Any]

HEADINGS_FILLED = 0.6  # of the cells of a usual row, from which a row can be the headings
DEAL_FILLED = 0.5  # of the cells of a usual row, from which a row below a blank one can be a deal
FEWEST_CELLS = 3  # filled in a usual row, from which a row with one cell is no deal
SEVERAL_SHORT = 3  # rows without trailing blanks that show that a file leaves them out
SENTENCE = 3  # words of a lone cell that make it a remark and no deal's name
NAMED = 6  # rows named in a note
SHOWN = 160  # signs of a refused row that are shown
TOTAL_WORDS = (
    r"(?:grand |sub)?-?\s?totals?\b.*|sums?|summen?:?|gesamt(?:summe|ergebnis)?|zwischensumme|insgesamt|"
    r"totaux|"
    r"sous-total|suma(?: total)?|total general|totale|totali|totaal|eindtotaal|soma|averages?|mean|count|"
    r"mittelwert|durchschnitt|moyenne|media|gemiddelde|anzahl"
)
TOTALS = re.compile(TOTAL_WORDS, re.IGNORECASE)
COMMENT = re.compile(r"\s*(?:#|//|--|;;|%%)")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Rows:
    """The rows of a sheet or text file, counted from 0.

    Attributes
    ----------
    widths, filled : ndarray of int
        Cells of each row, and how many of them are not blank.
    open_end : ndarray of bool
        Whether the last cell of the row is blank.
    doubtful : ndarray of bool
        Rows that have to be looked at: one cell, a total's word, a comment's sign, rows within a cell.
    marks : ndarray of int
        A number for the first two cells of each row, by which headings that are repeated are found.
    fetch : callable
        Returns the cells of some rows by their place.
    ragged : bool
        Whether the number of cells in a row means something, as in a text file.
    delimiter : str
        What parts cells; empty in a sheet.
    """

    widths: NDArray[np.int64]
    filled: NDArray[np.int64]
    open_end: NDArray[np.bool_]
    doubtful: NDArray[np.bool_]
    marks: NDArray[np.int64]
    fetch: Callable[[Sequence[int]], Mapping[int, Row]]
    ragged: bool
    delimiter: str = ""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Shape:
    """Where the table stands.

    Attributes
    ----------
    headings : Headings
        What stands above the columns.
    heading_row : int
        Row of the first of them, from 1.
    deals : ndarray of int
        Places of the deals, from 0.
    notes : tuple of str
        What was left out, with its rows.
    problems : tuple of Problem
        Rows that do not fit.
    """

    headings: Headings
    heading_row: int
    deals: NDArray[np.int64]
    notes: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


def is_doubtful(cells: Row, delimiter: str = "") -> bool:
    """Return whether a row has to be looked at before it is taken for a deal.

    Parameters
    ----------
    cells : sequence
        The row.
    delimiter : str
        What parts cells, in a text file.

    Returns
    -------
    bool
        True for one filled cell, the word of a total, the sign of a comment, and rows within a cell.
    """
    filled = [cell for cell in cells if cell is not None and cell != ""]
    first = filled[0] if filled else None
    if len(filled) < 2 or not isinstance(first, str):
        return len(filled) == 1
    if TOTALS.fullmatch(first.strip()) or COMMENT.match(first):
        return True
    return bool(delimiter) and any("\n" in cell and delimiter in cell for cell in filled)


def find_table(rows: Rows, layout: TableLayout | None = None) -> Shape | None:
    """Find the table.

    Parameters
    ----------
    rows : Rows
        All rows.
    layout : TableLayout, optional
        Where its headings stand, if that is known.

    Returns
    -------
    Shape or None
        None where nothing is filled.
    """
    used = np.flatnonzero(rows.filled)
    if not used.size:
        return None
    known = layout if layout is not None and layout.heading_row is not None else None
    start = _heading_place(rows, used) if known is None else (known.heading_row or 1) - 1
    below = used[used > start]
    sample = [*below[:400].tolist(), *below[400:][-200:].tolist()]
    cells = rows.fetch([start, *sample])
    first = cells.get(start, ())
    shown = [cells[place] for place in sample]
    headings = read_headings(first, shown[:3], shown, rows=None if known is None else known.heading_rows)
    search = _Search(
        rows=rows,
        start=start,
        first=first,
        names=headings.names,
        kinds=kinds_of(shown[headings.rows - 1 :]),
        usual=float(np.median(rows.filled[below])) if below.size else 0.0,
        width=_usual_width(rows, below) if below.size else len(first),
    )
    search.above = (used[used < start] + 1).tolist()
    deals = search.deals(below[headings.rows - 1 :])
    said = search.said(deals)
    return Shape(
        headings=headings,
        heading_row=start + 1,
        deals=deals,
        notes=(*said, *headings.notes),
        problems=tuple(sorted(search.problems, key=lambda problem: int(problem.row or 0))),
    )


def _heading_place(rows: Rows, used: NDArray[np.intp]) -> int:
    """Return the first row that is filled like the others, and no comment; else the first row."""
    usual = float(np.median(rows.filled[used]))
    least = max(2.0, HEADINGS_FILLED * usual) if usual >= 2 else 1.0
    width = _usual_width(rows, used)
    enough = rows.filled[used] >= least
    if rows.ragged:  # a key and its value above the table are fewer cells
        enough &= (rows.widths[used] >= width) | (rows.filled[used] >= usual)
    likely = used[enough][:20].tolist()
    cells = rows.fetch(likely)
    for place in likely:
        if not (COMMENT.match(_first_words(cells[place])) and len(cells[place]) != width):
            return int(place)
    return int(used[0])


def _usual_width(rows: Rows, places: NDArray[np.intp]) -> int:
    """Return the most frequent number of cells among rows with several filled ones."""
    several = places[rows.filled[places] > 1]
    widths = rows.widths[several if several.size else places]
    return int(Counter(widths.tolist()).most_common(1)[0][0])


def _first_words(cells: Row) -> str:
    return next((text for cell in cells if (text := cell_words(cell))), "")


@dataclass(slots=True, kw_only=True)
class _Search:
    """Parts the rows below the headings into deals, rows that are none, and rows that are refused."""

    rows: Rows
    start: int
    first: Row
    names: tuple[str, ...]
    kinds: Kinds
    usual: float
    width: int
    apart: NDArray[np.intp] = field(default_factory=lambda: np.zeros(0, dtype=np.intp))
    above: list[int] = field(default_factory=list)
    totals: list[int] = field(default_factory=list)
    remarks: list[int] = field(default_factory=list)
    again: list[int] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def deals(self, below: NDArray[np.intp]) -> NDArray[np.int64]:
        """Return the rows that are deals."""
        doubtful = self.rows.doubtful[below] | self._odd_width(below)
        if self.start < len(self.rows.marks):
            doubtful |= self.rows.marks[below] == self.rows.marks[self.start]
        after_gap = np.zeros(len(below), dtype=np.bool_)
        after_gap[1:] = np.diff(below) > 1
        block = np.cumsum(after_gap)
        later = np.unique(block[after_gap]).tolist()
        strange = [number for number in later if self._no_deals(below[block == number])]
        short = [number for number in later if (self.rows.widths[below[block == number]] < self.width).all()]
        self.apart = below[np.isin(block, short)]
        looked_at = doubtful | after_gap | np.isin(block, strange)
        cells = self.rows.fetch(below[looked_at].tolist())
        keep = np.ones(len(below), dtype=np.bool_)
        for position in np.flatnonzero(looked_at).tolist():
            place = int(below[position])
            if block[position] in strange:
                self.remarks.append(place + 1)
                keep[position] = False
            else:
                keep[position] = self._is_deal(place, cells[place], gap=bool(after_gap[position]))
        return below[keep].astype(np.int64)

    def _odd_width(self, below: NDArray[np.intp]) -> NDArray[np.bool_]:
        """Return which rows have another number of cells, or a filled one beyond the headings."""
        if not self.rows.ragged:
            return np.zeros(len(below), dtype=np.bool_)
        widths, headings = self.rows.widths[below], len(self.names)
        beyond = (widths > headings + 1) | ((widths > headings) & ~self.rows.open_end[below])
        return np.asarray((widths != self.width) | beyond)

    def _no_deals(self, block: NDArray[np.intp]) -> bool:
        """Return whether no row of a block below a blank row is filled like a deal."""
        if self.usual < FEWEST_CELLS:
            return False
        likely = self.rows.filled[block] >= max(2.0, DEAL_FILLED * self.usual)
        if self.rows.ragged:
            likely &= self.rows.widths[block] >= min(self.width, len(self.names)) - 1
        return not likely.any()

    def _is_deal(self, place: int, cells: Row, *, gap: bool) -> bool:
        """Place one row that had to be looked at: note what it is where it is no deal."""
        row, words = place + 1, [cell_words(cell) for cell in cells]
        said = [text for text in words if text]
        if [text for text in words if text] == [text for cell in self.first if (text := cell_words(cell))]:
            self.again.append(row)
        elif self._is_total(cells, said):
            self.totals.append(row)
        elif self._is_remark(words, said):
            self.remarks.append(row)
        elif self._swallows_rows(cells):
            self._refuse(
                row, words, "a cell holds what looks like whole rows", "look for a quote that is not closed"
            )
        elif not self._fits_width(place, cells):
            self._refuse_width(row, words)
        elif gap and self._begins_another(cells):
            self._refuse(row, words, "seems to begin another table", "put each table into a file of its own")
        else:
            return True
        return False

    def _is_total(self, cells: Row, said: Sequence[str]) -> bool:
        numbers = [is_number_like(cell) for cell in cells if cell_words(cell)]
        few = len(said) < len(self.names)
        return bool(said) and TOTALS.fullmatch(said[0]) is not None and few and all(numbers[1:])

    def _is_remark(self, words: Sequence[str], said: Sequence[str]) -> bool:
        """Return whether a row is a comment, or has one cell and that is no deal's id."""
        if (
            said
            and COMMENT.match(said[0])
            and (len(said) == 1 or (self.rows.ragged and len(words) != self.width))
        ):
            return True
        if len(said) != 1 or self.usual < FEWEST_CELLS:
            return False
        if self.rows.ragged and len(words) != self.width:
            return True
        return not words[0] or len(said[0].split()) >= SENTENCE

    def _swallows_rows(self, cells: Row) -> bool:
        mark = self.rows.delimiter
        least = max(self.width - 2, 1)
        return bool(mark) and any(
            line.count(mark) >= least
            for cell in cells
            if isinstance(cell, str) and "\n" in cell
            for line in cell.split("\n")
        )

    def _fits_width(self, place: int, cells: Row) -> bool:
        """Return whether a row has as many cells as the others, or leaves out trailing blanks as they do."""
        if not self.rows.ragged:
            return True
        width, headings = len(cells), len(self.names)
        if width == self.width:
            return not any(cell_words(cell) for cell in cells[headings:])
        if width > max(headings, self.width) or not self._leaves_out_blanks():
            return False
        return self.kinds.fits(cells)[1] == 0

    def _leaves_out_blanks(self) -> bool:
        """Return whether the file leaves out trailing blanks: no row ends with one, and several are short."""
        rows = self.rows
        several = rows.filled > 1
        several[self.apart] = False  # a second table that is narrower shows nothing
        short = several & (rows.widths < len(self.first))
        whole = several & (rows.widths == len(self.first))
        ends = rows.open_end[whole | short].any()
        return bool(not ends and short.sum() >= SEVERAL_SHORT)

    def _begins_another(self, cells: Row) -> bool:
        right, wrong = self.kinds.fits(cells, own=1)
        return right == 0 and wrong >= 2

    def _refuse_width(self, row: int, words: Sequence[str]) -> None:
        headings = len(self.names)
        others = (
            f"where the others have {self.width}"
            if len(words) != self.width
            else f"under {headings} headings"
        )
        others = f"under {headings} headings" if len(words) > headings and self.width == headings else others
        fix = "look for a missing or doubled separator or a stray quote; quote a cell that holds a separator"
        self._refuse(row, words, f"{len(words)} cells {others}", fix)

    def _refuse(self, row: int, words: Sequence[str], reason: str, fix: str) -> None:
        shown = " | ".join(words)
        shown = shown if len(shown) <= SHOWN else shown[: SHOWN - 3] + "..."
        self.problems.append(Problem(reason=f"{reason}: {shown}", mend=fix, row=row))

    def said(self, deals: NDArray[np.int64]) -> tuple[str, ...]:
        """Say which rows were read and which left out."""
        parts = list(self._parts())
        if not parts or not deals.size:
            return ()
        return (f"Read rows {deals[0] + 1} to {deals[-1] + 1}; left out: {', '.join(parts)}.",)

    def _parts(self) -> Iterator[str]:
        for rows, one, more in (
            (self.above, "row above", "rows above"),
            (self.again, "repeated row of headings", "repeated rows of headings"),
            (self.totals, "total", "totals"),
            (self.remarks, "row that is no deal", "rows that are no deals"),
        ):
            if rows:
                yield f"{len(rows)} {one if len(rows) == 1 else more} ({_named(rows)})"


def _named(rows: Sequence[int]) -> str:
    """Name rows, runs of them by their ends."""
    runs: list[tuple[int, int]] = []
    for row in sorted(rows):
        if runs and row == runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], row)
        else:
            runs.append((row, row))
    named = [str(low) if low == high else f"{low} to {high}" for low, high in runs]
    more = f" and {len(named) - NAMED} more" if len(named) > NAMED else ""
    return ("row " if len(rows) == 1 else "rows ") + ", ".join(named[:NAMED]) + more
