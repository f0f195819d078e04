"""Stand-in until numbers are merged."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from qualify.reading.cells import cell_text
from qualify.words import as_number


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """Marks."""

    decimal: str
    thousands: str | None = None


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Numbers:
    """Numbers."""

    values: list[float]
    faults: dict[int, tuple[str, str]] = field(default_factory=dict)
    marks: Marks | None = None
    percent: bool = False
    currency: str | None = None
    ambiguous: bool = False


def read_numbers(cells: Sequence[object], *, marks: Marks | None = None) -> Numbers:
    """Read."""
    values = [as_number(cell_text(cell)) for cell in cells]
    faults = {
        i: ("not a number", "") for i, v in enumerate(values) if v is None and cell_text(cells[i]).strip()
    }
    return Numbers(values=[math.nan if v is None else v for v in values], faults=faults)
