"""Columns of text → lines of a given width, whatever the script the text is written in."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from itertools import zip_longest

from qualify.formatting.grid import Column

_GAP = 2
_NARROWEST = 12
_LONGEST_WORD = 20  # a longer word may be broken


def display_width(text: str) -> int:
    """Return how many character cells of a terminal a text takes.

    Parameters
    ----------
    text : str
        One line.

    Returns
    -------
    int
        Two for a wide East Asian character, none for a combining mark, one for all others.

    Examples
    --------
    >>> display_width("deal"), display_width("商談"), display_width("e\u0301")
    (4, 4, 1)
    """
    return sum(_char_width(char) for char in text)


def wrap(text: str, width: int) -> list[str]:
    """Break a text at spaces into lines of at most `width` cells; a longer word is broken where it must be.

    Parameters
    ----------
    text : str
        One line.
    width : int
        Character cells in a line, at least 2.

    Returns
    -------
    list of str
        At least one line.

    Examples
    --------
    >>> wrap("an approved budget", 11)
    ['an approved', 'budget']
    """
    lines: list[str] = []
    line = ""
    for word in text.split(" "):
        *whole, rest = _broken(word, width)
        if line and (whole or display_width(line) + 1 + display_width(rest) > width):
            lines.append(line)
            line = ""
        lines += whole
        line = f"{line} {rest}" if line else rest
    return [*lines, line]


def lay_out(columns: Sequence[Column], width: int) -> list[str]:
    """Set columns side by side, or in several blocks where they do not fit.

    Parameters
    ----------
    columns : sequence of Column
        The columns, all with as many cells.
    width : int
        Character cells in a line.

    Returns
    -------
    list of str
        The lines, without spaces at their ends.

    Examples
    --------
    >>> lay_out([Column(heading="Deals", numeric=True, cells=("7", "12"))], 40)
    ['Deals', '─────', '    7', '   12']
    """
    texts = [_cells(column) for column in columns]
    widest = [_widths(column, cells) for column, cells in zip(columns, texts, strict=True)]
    lines: list[str] = []
    for block in _blocks([least for least, _ in widest], width):
        sizes = _sizes([widest[at] for at in block], width)
        lines += [""] if lines else []
        lines += _lines([columns[at] for at in block], [texts[at] for at in block], sizes)
    if not columns or not columns[0].cells:
        lines.append("(none)")
    return lines


def _char_width(char: str) -> int:
    if unicodedata.combining(char) or unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _broken(word: str, width: int) -> list[str]:
    pieces, piece, size = [], "", 0
    for char in word:
        step = _char_width(char)
        if piece and size + step > width:
            pieces.append(piece)
            piece, size = "", 0
        piece, size = piece + char, size + step
    return [*pieces, piece]


def _cells(column: Column) -> list[str]:
    if not column.asides:
        return list(column.cells)
    # Estimates end at the same place, so that the intervals begin at the same place.
    widest = max((display_width(cell) for cell in column.cells), default=0)
    return [
        f"{' ' * (widest - display_width(cell))}{cell} {aside}".rstrip()
        for cell, aside in zip(column.cells, column.asides, strict=True)
    ]


def _widths(column: Column, cells: Sequence[str]) -> tuple[int, int]:
    """Return the least and the natural width of a column: numbers are never broken."""
    content = max((display_width(cell) for cell in cells), default=0)
    least = content if column.numeric else min(content, max(_NARROWEST, _word(*cells)))
    return max(least, _word(column.heading)), max(content, display_width(column.heading))


def _word(*texts: str) -> int:
    longest = max((display_width(word) for text in texts for word in text.split(" ")), default=0)
    return min(longest, _LONGEST_WORD)


def _blocks(least: Sequence[int], width: int) -> list[list[int]]:
    blocks: list[list[int]] = []
    for at, size in enumerate(least):
        used = sum(least[other] + _GAP for other in blocks[-1]) if blocks else 0
        if not blocks:
            blocks.append([at])
        elif used + size <= width or len(blocks[-1]) == 1:
            blocks[-1].append(at)
        else:
            blocks.append([0, at])
    return blocks


def _sizes(widths: Sequence[tuple[int, int]], width: int) -> list[int]:
    sizes = [natural for _, natural in widths]
    spare = sum(sizes) + _GAP * (len(sizes) - 1) - width
    while spare > 0:
        room = [size if size > least else 0 for size, (least, _) in zip(sizes, widths, strict=True)]
        if not any(room):
            break
        # The widest gives way first, down to the next widest.
        at = room.index(max(room))
        below = max([widths[at][0], *(size for size in sizes if size < sizes[at])])
        step = min(spare, max(1, sizes[at] - below))
        sizes[at] -= step
        spare -= step
    return sizes


def _lines(columns: Sequence[Column], texts: Sequence[Sequence[str]], sizes: Sequence[int]) -> list[str]:
    right = [column.numeric and not column.asides for column in columns]
    heads = [wrap(column.heading, size) for column, size in zip(columns, sizes, strict=True)]
    tallest = max(map(len, heads), default=0)
    # Headings stand on the rule, however many lines they take.
    lines = _side_by_side([[""] * (tallest - len(head)) + head for head in heads], sizes, right)
    lines.append((" " * _GAP).join("─" * size for size in sizes))
    for row in zip(*texts, strict=True):
        cells = [_cell(text, size, column) for text, size, column in zip(row, sizes, columns, strict=True)]
        lines += _side_by_side(cells, sizes, right)
    return lines


def _cell(text: str, size: int, column: Column) -> list[str]:
    return [text] if column.numeric else wrap(text, size)


def _side_by_side(cells: Sequence[list[str]], sizes: Sequence[int], right: Sequence[bool]) -> list[str]:
    lines: list[str] = []
    for parts in zip_longest(*cells, fillvalue=""):
        padded = []
        for part, size, to_right in zip(parts, sizes, right, strict=True):
            space = " " * (size - display_width(part))
            padded.append(space + part if to_right else part + space)
        lines.append((" " * _GAP).join(padded).rstrip())
    return lines
