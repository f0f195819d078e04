"""Where a table stands in its file, and how its cells are written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

DateOrder = Literal["day first", "month first", "day numbers"]
UTF_8 = ("utf-8", "utf-8-sig", "", None)


@dataclass(frozen=True, slots=True, kw_only=True)
class TableLayout:
    """Where a table stands in its file, and how its cells are written; None where there is nothing to tell.

    Attributes
    ----------
    sheet : str, optional
        The sheet of a workbook.
    heading_row : int, optional
        Row of the (first) headings as a spreadsheet shows it, from 1.
    heading_rows : int
        How many rows from there on are headings, question texts or codes and no deals.
    delimiter : str, optional
        What separates the cells of a text file.
    encoding : str, optional
        Of a text file.
    decimal, thousands : str, optional
        Marks within numbers: ``"."`` or ``","``; thousands also a space or an apostrophe.
    dates : {"day first", "month first", "day numbers"}, optional
        How 3/4/2024 is read; or that dates are Excel's numbers of days.
    """

    sheet: str | None = None
    heading_row: int | None = None
    heading_rows: int = 1
    delimiter: str | None = None
    encoding: str | None = None
    decimal: str | None = None
    thousands: str | None = None
    dates: DateOrder | None = None

    @property
    def plain(self) -> bool:
        """Whether there is nothing that the next file has to be read by."""
        heading = self.heading_row in (None, 1) and self.heading_rows == 1 and self.sheet is None
        text = self.delimiter in (None, ",") and self.encoding in UTF_8
        return heading and text and self.decimal in (None, ".") and not self.thousands and self.dates is None
