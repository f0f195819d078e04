"""Delimited text (csv, tsv): its encoding, its delimiter, and its records, every cell as it is written."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd
from charset_normalizer import from_bytes

from qualify.errors import InvalidDeals, Problem

DELIMITERS = (",", ";", "\t", "|")
SAMPLE = 256 * 1024  # bytes looked at to guess an encoding or a delimiter
# Letters and signs that Western European text really uses; cp1252 gives others to bytes of other encodings.
WESTERN = frozenset("àâäáãåæçèéêëìíîïñòóôöõøœùúûüÿßÀÂÄÁÃÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÖÕØŒÙÚÛÜ€‘’“”„–—…•£§°«»¡¿®™©²´ºª\xa0")

RULED_OUT = ["cp1252", "latin_1", "utf_8", "utf_16", "utf_16_be", "utf_16_le", "utf_32", "utf_7"]  # by then


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class TextTable:
    """Records of a delimited file.

    Attributes
    ----------
    headings : list of str
        Cells of the first record that is not blank.
    cells : DataFrame
        The records below it, as text; one column per heading, numbered from 0.
    first_row : int
        Row of the first of them as a spreadsheet shows it.
    encoding : str
        How the file was read.
    problems : tuple of Problem
        Records that do not fit the headings.
    """

    headings: list[str]
    cells: pd.DataFrame
    first_row: int
    encoding: str
    problems: tuple[Problem, ...] = ()


def read_text_table(data: bytes, name: str) -> TextTable:
    """Read delimited text.

    Parameters
    ----------
    data : bytes
        The file's content.
    name : str
        The file, for messages.

    Returns
    -------
    TextTable
        Its records.

    Raises
    ------
    InvalidDeals
        Where it is empty, no text, or its quotes do not close.
    """
    content, encoding = as_utf8(data, name)
    start, delimiter = _layout(content)
    if start is None:
        raise InvalidDeals(Problem(reason=f"{name} is empty", mend="give a table with headings and rows"))
    header, first_row = start
    body, problems = _records(content, delimiter, len(header), name)
    cells = body.iloc[first_row - 1 :, : len(header)]
    return TextTable(headings=header, cells=cells, first_row=first_row, encoding=encoding, problems=problems)


def as_utf8(data: bytes, name: str) -> tuple[bytes, str]:
    """Return text as UTF-8 without a byte order mark, and the encoding it was in.

    UTF-8 is tried first, UTF-16 and UTF-32 by their marks, then Western European (cp1252) where the letters
    it gives are plausible, then what charset-normalizer finds.

    Parameters
    ----------
    data : bytes
        The file's content.
    name : str
        The file, for messages.

    Returns
    -------
    tuple of bytes and str
        The text and the encoding.

    Raises
    ------
    InvalidDeals
        Where it is no text, or text in no encoding that can be told.

    Examples
    --------
    >>> as_utf8("Größe;Status".encode("cp1252"), "deals.csv")[1]
    'cp1252'
    """
    encoding = _encoding(data, name)
    try:
        text = data.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        raise InvalidDeals(_save_as_utf8(f"{name} cannot be read as {encoding}")) from None
    if "\0" in text:
        raise InvalidDeals(_save_as_utf8(f"{name} is not text: it holds zero bytes"))
    if encoding == "utf-8":
        return data, encoding
    return text.encode("utf-8"), encoding


def _encoding(data: bytes, name: str) -> str:
    marks = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF32_LE: "utf-32", codecs.BOM_UTF32_BE: "utf-32"}
    marks |= {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
    for mark, encoding in marks.items():
        if data.startswith(mark):
            return encoding
    if len(data) >= 4 and 0 in (data[0], data[1]):
        return "utf-16-be" if data[0] == 0 else "utf-16-le"
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        return _guessed(data, name, error.start)
    return "utf-8"


def _guessed(data: bytes, name: str, bad: int) -> str:
    sample = b"\n".join(_telling_lines(data))
    as_western = sample.decode("cp1252", errors="replace")
    if _is_western(as_western):
        return "cp1252"
    replaced = sample.decode("utf-8", errors="replace")
    broken, sound = replaced.count("\ufffd"), sum(letter > "\x7f" for letter in replaced)
    if sound > 4 * broken:  # UTF-8 with stray bytes in it: any other reading would spoil every accent
        row = data.count(b"\n", 0, bad) + 1
        reason = f"{name} is in UTF-8 but has a broken letter"
        raise InvalidDeals(Problem(reason=reason, mend="type the letter again", row=row))
    best = from_bytes(sample, cp_exclusion=RULED_OUT).best()
    if best is None:
        raise InvalidDeals(_save_as_utf8(f"the encoding of {name} cannot be told"))
    return str(best.encoding)


def _save_as_utf8(reason: str) -> Problem:
    return Problem(reason=reason, mend="save it as CSV UTF-8")


def _telling_lines(data: bytes) -> Iterator[bytes]:
    """Yield the lines that hold a byte beyond ASCII, up to the size of the sample."""
    size = 0
    for line in io.BytesIO(data):
        if not line.isascii():
            yield line.strip()[:SAMPLE]
            size += len(line)
        if size > SAMPLE:
            return


def _is_western(text: str) -> bool:
    beyond = [letter for letter in text if letter > "\x7f"]
    if any(letter not in WESTERN for letter in beyond):
        return False
    # another script read as cp1252 shows as runs of accented letters; Größe has two
    runs = re.findall("[^\x00-\x7f]{3,}", text)
    return sum(map(len, runs)) <= len(beyond) / 5


def _layout(content: bytes) -> tuple[tuple[list[str], int] | None, str]:
    """Return the headings with the row that follows them (None where nothing is there), and the delimiter."""
    head = content[:SAMPLE].decode("utf-8", errors="ignore")
    told = re.match(r"sep=([,;\t|])\r?\n", head, flags=re.IGNORECASE)  # Excel writes and obeys such a line
    delimiter = told.group(1) if told else max(DELIMITERS, key=lambda mark: _fits(head, mark))
    for row, record in enumerate(_parse(head, delimiter), start=1):
        if any(cell.strip() for cell in record) and not (told and row == 1):
            return (record, row + 1), delimiter
    return None, delimiter


def _fits(head: str, delimiter: str) -> tuple[bool, float, int]:
    """Return how well a delimiter fits: more than one column, few records of another width, many columns."""
    widths = []
    for record in _parse(head, delimiter):
        if any(cell.strip() for cell in record):
            widths.append(len(record))
        if len(widths) == 100:
            break
    if not widths:
        return False, 0.0, 0
    return widths[0] > 1, sum(width == widths[0] for width in widths) / len(widths), widths[0]


def _parse(text: str, delimiter: str) -> Iterator[list[str]]:
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    except csv.Error as error:  # a cell of more than 131072 characters: a quote that never closes
        reason = f"the table cannot be read: {error}"
        raise InvalidDeals(Problem(reason=reason, mend="look for a lone quote")) from None


def _records(
    content: bytes, delimiter: str, width: int, name: str
) -> tuple[pd.DataFrame, tuple[Problem, ...]]:
    try:
        return _frame(content, delimiter, width), ()
    except pd.errors.ParserError as error:
        if _open_quote(error):
            raise _unparsed(error, name) from None
    widest, problems = _too_wide(content.decode("utf-8"), delimiter, width)
    try:
        return _frame(content, delimiter, widest), problems
    except pd.errors.ParserError as error:
        raise _unparsed(error, name) from None


def _open_quote(error: Exception) -> bool:
    return "EOF inside string" in str(error)


def _unparsed(error: Exception, name: str) -> InvalidDeals:
    if not _open_quote(error):
        mend = "look for a lone quote, or save the table again as .csv"
        return InvalidDeals(Problem(reason=f"{name} cannot be read: {str(error).strip()}", mend=mend))
    row = int("".join(re.findall(r"row (\d+)", str(error))) or 0) + 1
    mend = "close it, or double a quote that is part of the text"
    return InvalidDeals(Problem(reason=f"{name} opens a quote and never closes it", mend=mend, row=row))


def _frame(content: bytes, delimiter: str, width: int) -> pd.DataFrame:
    return pd.read_csv(
        io.BytesIO(content),
        sep=delimiter,
        names=list(range(width)),
        index_col=False,
        dtype=str,
        keep_default_na=False,
        na_filter=False,
        skip_blank_lines=False,
    )


def _too_wide(text: str, delimiter: str, width: int) -> tuple[int, tuple[Problem, ...]]:
    widest, problems = width, []
    for row, record in enumerate(_parse(text, delimiter), start=1):
        widest = max(widest, len(record))
        extra = [cell for cell in record[width:] if cell.strip()]
        if extra:
            reason = f"{len(record)} cells under {width} headings"
            mend = "quote a cell that holds the delimiter, or add a heading"
            problems.append(Problem(reason=reason, mend=mend, row=row, value=extra[0]))
    return widest, tuple(problems)
