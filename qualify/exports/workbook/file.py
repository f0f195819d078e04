"""Criteria as an Excel workbook: a calculator for one deal, a sheet for many, and the table of points."""

from __future__ import annotations

import datetime as dt
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from openpyxl import Workbook
from openpyxl.xml.functions import tostring

from qualify.criteria.model import Criteria
from qualify.exports.rules import rules_of
from qualify.exports.workbook import looks
from qualify.exports.workbook.plan import CALCULATOR, FIRST_LIST, FIRST_POINTS, plan_of, shown
from qualify.exports.workbook.sheets import write_batch, write_calculator
from qualify.exports.workbook.tables import POINTS_WIDTHS, write_lists, write_points, write_workings
from qualify.formatting.wording import rate

FIXED = dt.datetime(2000, 1, 1)  # no clock: the same criteria give the same bytes
PROPERTIES = "docProps/core.xml"


def criteria_to_workbook(criteria: Criteria) -> bytes:
    """Write criteria as an Excel workbook that scores deals by formulas.

    Parameters
    ----------
    criteria : Criteria
        From `refine_criteria` or `read_criteria`.

    Returns
    -------
    bytes
        An .xlsx file for Excel 2016 and later, and LibreOffice. Its sheets Calculator (one deal), Batch (500
        deals) and Points are shown; Lists and Workings, which they look things up in, are hidden. Only cells
        for answers can be changed; the protection has no password. A deal with an answer that the criteria
        do not know has no score, and the sheet names the question.

    Examples
    --------
    >>> import qualify as ql
    >>> simulated = ql.simulate_deals(300, rng=1)
    >>> criteria = ql.refine_criteria(ql.read_deals(simulated.frame, simulated.survey), replicates=20)
    >>> criteria_to_workbook(criteria)[:2]
    b'PK'
    """
    plan = plan_of(rules_of(criteria))
    book = Workbook()
    for look in looks.LOOKS:
        book.add_named_style(look.style())
    calculator = book.worksheets[0]
    calculator.title = "Calculator"
    batch, points, lists, workings = map(book.create_sheet, ("Batch", "Points", "Lists", "Workings"))
    title, origin = _title(criteria), _origin(criteria)
    write_calculator(calculator, plan, title, origin)
    write_batch(batch, plan)
    write_points(points, plan, criteria, origin)
    points.print_title_rows = f"{FIRST_POINTS - 1}:{FIRST_POINTS - 1}"
    looks.finish(points, POINTS_WIDTHS, f"A{FIRST_POINTS}", landscape=True)
    write_lists(lists, plan)
    looks.finish(lists, {}, f"A{FIRST_LIST}", landscape=True)
    write_workings(workings, plan)
    looks.finish(workings, {}, f"B{CALCULATOR}", landscape=True)
    lists.sheet_state = workings.sheet_state = "hidden"
    return _bytes(book)


def _title(criteria: Criteria) -> str:
    title = shown(criteria.survey.title)
    return f"Qualification criteria: {title}" if title else "Qualification criteria"


def _origin(criteria: Criteria) -> str:
    learned = f"Learned from closed deals: {rate(criteria.tipping.won, criteria.tipping.n)} won."
    return f"Version {shown(criteria.version, most=40)}. {learned}"


def _bytes(book: Workbook) -> bytes:
    """Save, then write every part again with a fixed date."""
    book.properties.title, book.properties.creator = "Qualification criteria", "qualify"
    saved, fixed = BytesIO(), BytesIO()
    book.save(saved)
    book.properties.created = book.properties.modified = FIXED
    with ZipFile(saved) as parts, ZipFile(fixed, "w") as archive:
        for name in parts.namelist():
            part = parts.read(name)
            if name == PROPERTIES:  # saving sets the time
                part = tostring(book.properties.to_tree())
            entry = ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.create_system, entry.compress_type = 3, ZIP_DEFLATED
            archive.writestr(entry, part)
    return fixed.getvalue()
