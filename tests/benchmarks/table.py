"""The table of a run, for the terminal and for the documentation."""

from __future__ import annotations

import re
from collections.abc import Sequence

from benchmarks.race import Line

HEADINGS = ("case", "size", "qualify", "peer", "the peer takes", "ratio", "target", "met", "note")


def plain(lines: Sequence[Line]) -> str:
    """Lay out columns for a terminal."""
    rows = [HEADINGS, *(_cells(line) for line in lines)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(HEADINGS))]
    laid = ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)) for row in rows]
    return "\n".join(text.rstrip() for text in [laid[0], "-" * len(laid[0]), *laid[1:]])


def markdown(lines: Sequence[Line]) -> str:
    """Lay out a Markdown table for each case, without columns that it does not need."""
    parts = []
    for case in dict.fromkeys(line.case for line in lines):
        mine = [line for line in lines if line.case == case]
        rows = [HEADINGS[1:], *(_cells(line)[1:] for line in mine)]
        used = [place for place in range(len(rows[0])) if any(row[place] for row in rows[1:])]
        laid = ["| " + " | ".join(_unbroken(row[place]) for place in used) + " |" for row in rows]
        laid.insert(1, "|" + "---|" * len(used))
        parts.append(f"**{case}**\n\n" + "\n".join(laid) + "\n")
    return "\n".join(parts)


def _cells(line: Line) -> tuple[str, ...]:
    aim = ""
    if line.target is not None:
        aim = f"≥ {line.target:g} ×" if line.ratio is not None else f"≤ {quantity(line.target, line.unit)}"
    return (
        line.case,
        line.size,
        quantity(line.value, line.unit),
        line.peer,
        "" if line.peer_value is None else quantity(line.peer_value, line.unit),
        "" if line.ratio is None else f"{line.ratio:.3g} ×",
        aim,
        {None: "", True: "yes", False: "NO"}[line.met],
        line.note,
    )


def _unbroken(cell: str) -> str:
    """Keep a figure and its unit on one line."""
    return re.sub(r"(?<=[\d≤≥]) (?=[\d×]|m?s\b|MiB\b)", "\N{NO-BREAK SPACE}", cell)


def quantity(value: float, unit: str) -> str:
    """Three figures; milliseconds below a tenth of a second."""
    if unit == "s" and value < 0.1:
        return f"{value * 1000:.3g} ms"
    return f"{value:,.0f} {unit}" if value >= 100 else f"{value:.3g} {unit}"
