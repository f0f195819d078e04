"""Tables of a page of HTML, as some CRMs write them under the name of a workbook."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

MOST_SPANNED = 1000  # columns or rows that one cell may take
NO_TEXT = {"script", "style"}


def read_html_tables(text: str) -> list[list[list[Any]]]:
    """Return the tables of a page, each as rows of cells.

    Parameters
    ----------
    text : str
        The page.

    Returns
    -------
    list of list of list
        A cell over several rows is repeated in each, one over several columns stands in the first. Blank
        cells are None.

    Examples
    --------
    >>> read_html_tables("<table><tr><th>Deal<td>Won<tr><td>D-1<td>yes</table>")
    [[['Deal', 'Won'], ['D-1', 'yes']]]
    """
    page = _Page()
    page.feed(text)
    page.close()
    page.end_cell()
    return [table.rows() for table in page.tables if table.filled]


@dataclass(slots=True)
class _Table:
    filled: dict[tuple[int, int], str] = field(default_factory=dict)
    taken: set[tuple[int, int]] = field(default_factory=set)
    row: int = -1
    column: int = 0

    def add(self, text: str, rows: int, columns: int) -> None:
        """Put a cell into the next free place."""
        self.row = max(self.row, 0)
        while (self.row, self.column) in self.taken:
            self.column += 1
        for down in range(rows):
            for right in range(columns):
                self.taken.add((self.row + down, self.column + right))
            if text:
                self.filled[self.row + down, self.column] = text
        self.column += columns

    def rows(self) -> list[list[Any]]:
        """Return the cells row by row."""
        height = 1 + max(row for row, _ in self.filled)
        width = 1 + max(column for _, column in self.filled)
        return [[self.filled.get((row, column)) for column in range(width)] for row in range(height)]


class _Page(HTMLParser):
    """Collects the cells of tables; cells and rows may be left without an end, as browsers take them."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tables: list[_Table] = []
        self.open: list[_Table] = []
        self.span = (1, 1)
        self.text: list[str] | None = None
        self.silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open a table, a row or a cell."""
        if tag == "table":
            self.end_cell()
            self.tables.append(_Table())
            self.open.append(self.tables[-1])
        elif tag == "tr" and self.open:
            self.end_cell()
            self.open[-1].row += 1
            self.open[-1].column = 0
        elif tag in ("td", "th") and self.open:
            self.end_cell()
            given = dict(attrs)
            self.span = (_spanned(given.get("rowspan")), _spanned(given.get("colspan")))
            self.text = []
        elif tag == "br" and self.text is not None:
            self.text.append(" ")
        elif tag in NO_TEXT:
            self.silent += 1

    def handle_endtag(self, tag: str) -> None:
        """Close what was opened."""
        if tag in ("td", "th", "tr", "table"):
            self.end_cell()
        if tag == "table" and self.open:
            self.open.pop()
        elif tag in NO_TEXT:
            self.silent = max(self.silent - 1, 0)

    def handle_data(self, data: str) -> None:
        """Take text within a cell."""
        if self.text is not None and not self.silent:
            self.text.append(data)

    def end_cell(self) -> None:
        """Put the open cell into its table."""
        if self.text is not None and self.open:
            self.open[-1].add(" ".join("".join(self.text).split()), *self.span)
        self.text = None


def _spanned(given: str | None) -> int:
    return min(max(int(given), 1), MOST_SPANNED) if given and given.strip().isdigit() else 1
