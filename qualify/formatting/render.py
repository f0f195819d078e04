"""Frames → aligned plain text, and HTML that stands on its own in a notebook or a page."""

from __future__ import annotations

import html
from collections.abc import Sequence

import pandas as pd

from qualify.formatting.formats import clean
from qualify.formatting.grid import Column, grid
from qualify.formatting.layout import lay_out, wrap

# Inherited colours and half-transparent grey lines are readable on a light and on a dark page; the
# selectors are heavy enough to outweigh the stripes and the alignment that notebooks give to every table.
_RULES = (
    (".qualify", "margin:.6em 0;line-height:1.4"),
    (".qualify p", "margin:.3em 0 .8em;max-width:46em"),
    (".qualify .qualify-wide", "overflow-x:auto;margin:.2em 0 1em"),
    (
        ".qualify table.qualify-table",
        "border-collapse:collapse;border:none;margin:0;font-size:.92em;color:inherit;background:transparent;"
        "font-variant-numeric:tabular-nums",
    ),
    (
        ".qualify table.qualify-table caption",
        "caption-side:top;text-align:left;font-weight:600;padding:.2em 0;color:inherit",
    ),
    (".qualify table.qualify-table tr:nth-child(n)", "background:transparent;border:none"),
    (
        ".qualify table.qualify-table tr:nth-child(n)>*",
        "padding:.28em .8em .28em 0;text-align:left;vertical-align:top;border:none;white-space:normal;"
        "border-bottom:1px solid rgba(128,128,128,.25);max-width:32em;overflow-wrap:break-word;"
        "background:transparent;color:inherit",
    ),
    (
        ".qualify table.qualify-table thead tr:nth-child(n)>*",
        "font-weight:600;vertical-align:bottom;border-bottom:1px solid rgba(128,128,128,.8)",
    ),
    (".qualify table.qualify-table tbody tr:nth-child(n)>th", "font-weight:400"),
    (".qualify table.qualify-table tbody tr:nth-child(n)>.qualify-number", "white-space:nowrap"),
    (".qualify table.qualify-table tr:nth-child(n)>.qualify-number", "text-align:right"),
    (".qualify .qualify-aside", "opacity:.75"),
)
_STYLE = "<style>\n" + "\n".join(f"{selector}{{{rule}}}" for selector, rule in _RULES) + "\n</style>"


def to_text(
    frame: pd.DataFrame,
    *,
    caption: str = "",
    columns: Sequence[str] | None = None,
    width: int = 100,
    merged: bool = True,
    max_rows: int | None = None,
) -> str:
    """Return a frame as aligned plain text.

    Parameters
    ----------
    frame : pandas.DataFrame
        The table; it is not altered.
    caption : str
        A line above the table.
    columns : sequence of str, optional
        The columns to show, in this order; all of them when None.
    width : int
        Characters in a line. Long text is wrapped at words; columns that still do not fit follow below, each
        block beginning again with the first column.
    merged : bool
        Show an interval beside its estimate.
    max_rows : int, optional
        Rows shown at most; the last line says how many more there are.

    Returns
    -------
    str
        The text, without a line break at the end.

    Raises
    ------
    InvalidArgument
        `columns` names a column the frame does not have.

    Examples
    --------
    >>> frame = pd.DataFrame({"swing": [0.234], "swing_low": [0.1], "swing_high": [0.35], "n": [1240]})
    >>> print(to_text(frame))
    Swing (interval)   Deals
    ─────────────────  ─────
    +23 pp (10 to 35)  1,240
    """
    shown, more = _cut(frame, max_rows)
    lines = wrap(clean(caption), width) if caption else []
    lines += lay_out(grid(shown, columns, merged=merged), width)
    return "\n".join(lines + ([more] if more else []))


def to_html(
    frame: pd.DataFrame,
    *,
    caption: str = "",
    columns: Sequence[str] | None = None,
    merged: bool = True,
    max_rows: int | None = None,
) -> str:
    """Return a frame as an HTML table with its own small style; every text in it is escaped.

    Parameters
    ----------
    frame : pandas.DataFrame
        The table; it is not altered.
    caption : str
        Shown above the table.
    columns : sequence of str, optional
        The columns to show, in this order; all of them when None.
    merged : bool
        Show an interval beside its estimate.
    max_rows : int, optional
        Rows shown at most; a line below says how many more there are.

    Returns
    -------
    str
        One `<div>`; it loads nothing and runs nothing.

    Raises
    ------
    InvalidArgument
        `columns` names a column the frame does not have.

    Examples
    --------
    >>> "&lt;script&gt;" in to_html(pd.DataFrame({"deal": ["<script>"]}))
    True
    """
    shown, more = _cut(frame, max_rows)
    table = _table(grid(shown, columns, merged=merged), caption)
    return f'<div class="qualify">{_STYLE}\n{table}{_paragraphs(more)}</div>'


def page(title: str, lead: str, sections: Sequence[tuple[str, pd.DataFrame]], *, max_rows: int = 200) -> str:
    """Return a title, lead sentences and several headed tables as one block of HTML.

    Parameters
    ----------
    title : str
        The heading of the block.
    lead : str
        What is to be known first; an empty line begins a new paragraph.
    sections : sequence of (str, pandas.DataFrame)
        A heading and a table each. Choose the columns beforehand: every one of the frame is shown.
    max_rows : int
        Rows shown at most of each table.

    Returns
    -------
    str
        One `<div>`, everything escaped; fit for `_repr_html_`.

    Examples
    --------
    >>> block = page("Factors", "Nothing was shown.", [("Clusters", pd.DataFrame({"cluster": [1]}))])
    >>> "<h3>Factors</h3>" in block, block.count("<table")
    (True, 1)
    """
    parts = [f"<h3>{_escape(title)}</h3>" if title else "", _paragraphs(lead)]
    for name, frame in sections:
        shown, more = _cut(frame, max_rows)
        parts += [f"<h4>{_escape(name)}</h4>" if name else "", _table(grid(shown), ""), _paragraphs(more)]
    body = "\n".join(part for part in parts if part)
    return f'<div class="qualify">{_STYLE}\n{body}</div>'


def page_text(
    title: str,
    lead: str,
    sections: Sequence[tuple[str, pd.DataFrame]],
    *,
    width: int = 100,
    max_rows: int = 200,
) -> str:
    """Return a title, lead sentences and several headed tables as plain text.

    Parameters
    ----------
    title : str
        The first line, underlined.
    lead : str
        What is to be known first; an empty line begins a new paragraph.
    sections : sequence of (str, pandas.DataFrame)
        A heading and a table each.
    width : int
        Characters in a line.
    max_rows : int
        Rows shown at most of each table.

    Returns
    -------
    str
        The text, its parts separated by an empty line.

    Examples
    --------
    >>> print(page_text("Factors", "One was shown.", [("Clusters", pd.DataFrame({"cluster": [1]}))]))
    Factors
    ═══════
    <BLANKLINE>
    One was shown.
    <BLANKLINE>
    Clusters
    Cluster
    ───────
          1
    """
    heads = wrap(clean(title), width) if title else []
    underline = ["═" * max(map(len, heads))] if heads else []
    parts = ["\n".join(heads + underline)]
    parts += ["\n".join(wrap(text, width)) for text in _split(lead)]
    parts += [to_text(frame, caption=name, width=width, max_rows=max_rows) for name, frame in sections]
    return "\n\n".join(part for part in parts if part)


def _cut(frame: pd.DataFrame, max_rows: int | None) -> tuple[pd.DataFrame, str]:
    if max_rows is None or len(frame) <= max_rows:
        return frame, ""
    return frame.iloc[:max_rows], f"… and {len(frame) - max_rows:,} more rows"


def _split(text: str) -> list[str]:
    return [clean(part) for part in text.split("\n\n") if part.strip()]


def _escape(text: str) -> str:
    return html.escape(clean(text), quote=True)


def _paragraphs(text: str) -> str:
    return "".join(f"<p>{_escape(part)}</p>" for part in _split(text))


def _table(columns: Sequence[Column], caption: str) -> str:
    rows = len(columns[0].cells) if columns else 0
    head = "".join(f'<th scope="col"{_class(column)}>{_escape(column.heading)}</th>' for column in columns)
    body = "".join(f"<tr>{_row(columns, at)}</tr>\n" for at in range(rows))
    if not rows:
        body = f'<tr><td colspan="{max(len(columns), 1)}">(none)</td></tr>\n'
    above = f"<caption>{_escape(caption)}</caption>" if caption else ""
    return (
        f'<div class="qualify-wide"><table class="qualify-table">{above}\n'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody></table></div>"
    )


def _row(columns: Sequence[Column], at: int) -> str:
    cells: list[str] = []
    for place, column in enumerate(columns):
        text = _escape(column.cells[at])
        if column.asides and column.asides[at]:
            text += f' <span class="qualify-aside">{_escape(column.asides[at])}</span>'
        tag = "td" if place else "th"
        scope = "" if place else ' scope="row"'
        cells.append(f"<{tag}{scope}{_class(column)}>{text}</{tag}>")
    return "".join(cells)


def _class(column: Column) -> str:
    return ' class="qualify-number"' if column.numeric else ""
