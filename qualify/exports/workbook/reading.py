"""Formulas that read cells: which answer a cell gives.

Texts of the criteria never enter a formula, only the cells that hold them. Nothing newer than Excel 2013 is
used: words are compared by EXACT, which knows no wildcards, no length and no language.
"""

from __future__ import annotations

import math

from qualify.exports.workbook.plan import FIRST_LIST, SAME, Placed

ENDLESS = 9.99e307  # stands for infinity
DIGITS = 40  # longest number written as text
POSITIONS = f"Lists!$A${FIRST_LIST}:$A${FIRST_LIST + DIGITS - 1}"


def as_compared(cell: str) -> str:
    """Give the form in which a cell is compared, its outer space still there.

    Parameters
    ----------
    cell : str
        Where the cell stands.

    Returns
    -------
    str
        A formula without its equals sign, as from every function here.
    """
    lower = f"LOWER({cell})"
    for sign, plain in SAME.items():
        quoted = plain.replace('"', '""')
        lower = f'SUBSTITUTE({lower},"{sign}","{quoted}")'
    # Numbers and truth values are written as Python writes them, whatever the language of the spreadsheet.
    words = f'IF(ISNUMBER({cell}),SUBSTITUTE({cell}&"",",","."),{lower})'
    # First of all: LibreOffice takes truth values for numbers.
    return f'IF(ISLOGICAL({cell}),IF({cell},"true","false"),{words})'


def trimmed(text: str) -> str:
    """Make every space of a text one plain space, outer space none.

    Parameters
    ----------
    text : str
        Where the text stands.

    Returns
    -------
    str
        Formula.
    """
    for space in ("CHAR(9)", "CHAR(10)", "CHAR(13)", "_xlfn.UNICHAR(160)"):
        text = f'SUBSTITUTE({text},{space}," ")'
    return f"TRIM({text})"


def number_in(cell: str, key: str) -> str:
    """Read a cell as a number: a number, or plain digits with a decimal point; else an empty text.

    Parameters
    ----------
    cell, key : str
        Where the cell and its trimmed text stand.

    Returns
    -------
    str
        Formula.
    """
    unsigned = f'IF(OR(LEFT({key},1)="+",LEFT({key},1)="-"),MID({key},2,{DIGITS}),{key})'
    bare = f'SUBSTITUTE(SUBSTITUTE({unsigned},"e+","e"),"e-","e")'
    # Zeros fill it up: spreadsheets do not agree on whether an empty text is found.
    each = f'MID({bare}&REPT("0",{DIGITS}),{POSITIONS},1)'
    foreign = f'SUMPRODUCT(--ISERROR(FIND({each},"0123456789.e")))'
    # What is no number for all that, such as a lone point, is an error of NUMBERVALUE.
    plain = f"AND(LEN({key})<={DIGITS},{foreign}=0)"
    read = f'IFERROR(_xlfn.NUMBERVALUE({key},".",","),"")'
    return f'IF(ISLOGICAL({cell}),"",IF(ISNUMBER({cell}),{cell},IF({plain},{read},"")))'


def answer_given(one: Placed, row: int) -> str:
    """Find the number of the answer that a cell gives; 0 where it gives none.

    Parameters
    ----------
    one : Placed
        The question.
    row : int
        Of Workings.

    Returns
    -------
    str
        Formula.
    """
    found = _by_word(one, f"${one.trimmed}{row}")
    if one.number:
        inside = _by_range(one, f"${one.number}{row}")
        found = f"IF({found}>0,{found},{inside})" if found != "0" else inside
    return f'IFERROR(IF(${one.trimmed}{row}="",{one.blank},{found}),0)'


def _by_word(one: Placed, key: str) -> str:
    if not one.words:
        return "0"
    keys, numbers = (in_lists(column, one.word_row, len(one.words)) for column in "DF")
    return f"SUMPRODUCT(EXACT({keys},{key})*{numbers})"


def _by_range(one: Placed, number: str) -> str:
    low, below, numbers = (in_lists(column, one.range_row, len(one.ranges)) for column in "LMN")
    least, most = finite(one.question.least), finite(one.question.most)
    found = f"SUMPRODUCT(({low}<={number})*({number}<{below})*{numbers})"
    return f'IF({number}="",0,IF(AND({number}>={least!r},{number}<={most!r}),{found},0))'


def finite(number: float) -> float:
    """Put a very large number for infinity, which no cell can hold.

    Parameters
    ----------
    number : float
        Any number.

    Returns
    -------
    float
        A finite one.

    Examples
    --------
    >>> finite(-math.inf), finite(4)
    (-9.99e+307, 4.0)
    """
    return math.copysign(ENDLESS, number) if math.isinf(number) else float(number)


def labels_at(one: Placed) -> str:
    """Where the drop-down list of a question stands.

    Parameters
    ----------
    one : Placed
        The question.

    Returns
    -------
    str
        Range.
    """
    return in_lists("I", one.label_row, len(one.labels))


def number_allowed(one: Placed, cell: str) -> str:
    """Tell whether a cell holds a number that is an answer, or a word that is.

    Parameters
    ----------
    one : Placed
        A question that numbers answer.
    cell : str
        Where the cell stands.

    Returns
    -------
    str
        Formula of at most 255 characters, as a validation needs.
    """
    least, most = finite(one.question.least), finite(one.question.most)
    number = f"AND(ISNUMBER({cell}),{cell}>={least!r},{cell}<={most!r})"
    if not one.words:
        return number
    keys = in_lists("D", one.word_row, len(one.words))
    return f"OR({number},SUMPRODUCT(--EXACT({keys},TRIM(LOWER({cell}))))>0)"


def in_lists(column: str, first: int, size: int) -> str:
    """Where Lists holds something.

    Parameters
    ----------
    column : str
        Its column.
    first, size : int
        First row, and how many.

    Returns
    -------
    str
        Range.
    """
    return f"Lists!${column}${first}:${column}${first + size - 1}"
