"""How cells of the workbook look, and that nothing written into them can act."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from openpyxl.formatting.rule import Rule
from openpyxl.styles import Alignment, Border, Font, NamedStyle, PatternFill, Protection, Side
from openpyxl.styles.differential import DifferentialStyle
from openpyxl.worksheet.header_footer import HeaderFooterItem
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from qualify.exports.workbook.plan import Placed, written

# Nearly none and nearly all are never shown as 0% and 100%.
PERCENT = '[<0.0095]"<1%";[>0.9905]">99%";0%'
STARTS_OF_FORMULAS = ("=", "+", "-", "@", "\t", "\r")
A4 = 9
_LINE = Side(style="thin", color="C3CBD3")
_FIELD = Side(style="thin", color="CDB46A")


@dataclass(frozen=True, slots=True)
class Look:
    """Look of a cell.

    Attributes
    ----------
    name : str
        Of the style in the workbook.
    size : int
        Of the font.
    bold : bool
        Of the font.
    colour, fill : str
        Of the font and of the ground; an empty `fill` is none.
    number : str
        Number format; ``"@"`` keeps whatever is typed as text.
    across : str
        Horizontal alignment.
    border : {"", "line", "field"}
        Around the cell.
    """

    name: str
    size: int = 11
    bold: bool = False
    colour: str = "1D2A36"
    fill: str = ""
    number: str = "General"
    across: str = "left"
    border: str = ""

    def style(self) -> NamedStyle:
        """Return it as a style; only fields for answers can be changed while a sheet is protected."""
        style = NamedStyle(name=self.name)
        style.font = Font(name="Calibri", size=self.size, bold=self.bold, color=self.colour)
        if self.fill:
            style.fill = PatternFill("solid", start_color=self.fill)
        if self.border:
            side = _FIELD if self.border == "field" else _LINE
            style.border = Border(left=side, right=side, top=side, bottom=side)
        wrapped = bool(self.border)
        indent = int(wrapped and self.across != "center")
        style.alignment = Alignment(
            horizontal=self.across, vertical="center", wrap_text=wrapped, indent=indent
        )
        style.number_format = self.number
        style.protection = Protection(locked=self.border != "field")
        return style


PLAIN = Look("Plain")
TITLE = Look("Sheet title", size=16, bold=True, colour="1F3A5F")
NOTE = Look("Remark", size=10, colour="56636F")
HEAD = Look("Head", bold=True, colour="FFFFFF", fill="1F3A5F", border="line")
SMALL_HEAD = Look("Small head", size=9, colour="FFFFFF", fill="476385", border="line")
TEXT = Look("Text", border="line")
VALUE = Look("Value", border="line", across="center")
SHARE = Look("Share", border="line", across="center", number=PERCENT)
LABEL = Look("Label", bold=True, fill="E8EEF4", border="line", across="right")
RESULT = Look("Result", fill="F5F8FB", border="line")
RESULT_LARGE = Look("Large result", size=14, bold=True, fill="F5F8FB", border="line")
RESULT_SHARE = Look("Result share", size=14, bold=True, fill="F5F8FB", border="line", number=PERCENT)
ANSWER_WORD = Look("Answer in words", fill="FFF7D6", border="field", number="@")
ANSWER_NUMBER = Look("Answer in numbers", fill="FFF7D6", border="field")
LOOKS = (
    PLAIN, TITLE, NOTE, HEAD, SMALL_HEAD, TEXT, VALUE, SHARE, LABEL, RESULT, RESULT_LARGE, RESULT_SHARE,
    ANSWER_WORD, ANSWER_NUMBER,
)  # fmt: skip
BELOW, INSIDE, ABOVE = (PatternFill(bgColor=colour) for colour in ("F6D5C3", "FFF0BF", "CDE3F5"))
WRONG = Font(color="A61C00", bold=True)


def put(sheet: Worksheet, cell: str, value: str | float, look: Look = PLAIN) -> None:
    """Write a text, which stays text whatever it begins with, or a number.

    Parameters
    ----------
    sheet : Worksheet
        Where.
    cell : str
        Such as ``"B4"``.
    value : str or float
        What.
    look : Look
        How.
    """
    target = sheet[cell]
    target.style = look.name
    if isinstance(value, str):
        target.value = written(value)
        target.data_type = "s"  # not a formula, nor an error such as #N/A
        if value.startswith(STARTS_OF_FORMULAS):
            # Where somebody opens the cell for editing it still does not become a formula.
            target.quotePrefix = True
    else:
        target.value = value


def put_formula(sheet: Worksheet, cell: str, formula: str, look: Look = PLAIN) -> None:
    """Write a formula.

    Parameters
    ----------
    sheet : Worksheet
        Where.
    cell : str
        Such as ``"B4"``.
    formula : str
        Without its equals sign; no text of the criteria in it.
    look : Look
        How.
    """
    target = sheet[cell]
    target.style = look.name
    target.value = f"={formula}"


def put_field(sheet: Worksheet, cell: str, one: Placed) -> None:
    """Make an empty cell for the answer to a question.

    Parameters
    ----------
    sheet : Worksheet
        Where.
    cell : str
        Such as ``"B4"``.
    one : Placed
        The question.
    """
    sheet[cell].style = (ANSWER_NUMBER if one.question.is_number else ANSWER_WORD).name


def colour_zones(sheet: Worksheet, cells: str) -> None:
    """Colour rows by the zone that their first cell begins with.

    Parameters
    ----------
    sheet : Worksheet
        Where.
    cells : str
        The range.
    """
    first = f"${cells.split(':')[0]}"
    for zone, fill in (("below", BELOW), ("inside", INSIDE), ("above", ABOVE)):
        _when(sheet, cells, f'LEFT({first},{len(zone)})="{zone}"', DifferentialStyle(fill=fill))


def mark(sheet: Worksheet, cells: str, condition: str) -> None:
    """Write what is wrong in red.

    Parameters
    ----------
    sheet : Worksheet
        Where.
    cells : str
        The range.
    condition : str
        Formula, as for its first cell, about the same sheet.
    """
    _when(sheet, cells, condition, DifferentialStyle(font=WRONG))


def _when(sheet: Worksheet, cells: str, condition: str, style: DifferentialStyle) -> None:
    sheet.conditional_formatting.add(cells, Rule(type="expression", formula=[condition], dxf=style))


def finish(sheet: Worksheet, widths: Mapping[str, float], frozen: str, *, landscape: bool) -> None:
    """Set widths and printing, freeze the heads, and protect the sheet, without a password.

    Parameters
    ----------
    sheet : Worksheet
        The sheet, all cells written.
    widths : mapping of str to float
        By column, in characters.
    frozen : str
        The first cell that moves; empty for none.
    landscape : bool
        How the paper lies.
    """
    for column, width in widths.items():
        sheet.column_dimensions[column].width = width
    sheet.freeze_panes = frozen or None
    sheet.sheet_view.showGridLines = False
    sheet.page_setup.orientation = "landscape" if landscape else "portrait"
    sheet.page_setup.paperSize = A4
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    footer = HeaderFooterItem()
    footer.center.text = "&A, page &P of &N"
    sheet.HeaderFooter.oddFooter = footer
    sheet.protection.sheet = True
    # What stays allowed: widths, heights, and the filter.
    sheet.protection.formatColumns = sheet.protection.formatRows = sheet.protection.autoFilter = False


def tall(sheet: Worksheet, row: int, texts: Mapping[str, str], widths: Mapping[str, float]) -> None:
    """Make a row high enough for its wrapped texts; spreadsheets do so only while somebody types.

    Parameters
    ----------
    sheet : Worksheet
        Where.
    row : int
        The row.
    texts, widths : mapping
        What stands in its columns, and their widths in characters.
    """
    # An average letter is a little narrower than a digit, in which widths are counted.
    lines = (math.ceil(0.95 * len(text) / (widths[column] - 2)) for column, text in texts.items())
    sheet.row_dimensions[row].height = min(400, 5 + 15 * max((1, *lines)))
