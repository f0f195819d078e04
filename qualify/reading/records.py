"""Records of JSON, one object a line or a list of them, and Parquet, as columns."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from qualify.errors import InvalidDeals, Problem
from qualify.reading.encodings import as_utf8


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Sheet:
    """Headings, the columns under them, and the row of the first cell as a spreadsheet or editor shows it."""

    headings: list[Any]
    columns: Sequence[Sequence[Any]]
    first_row: int
    problems: tuple[Problem, ...] = ()


def read_json(data: bytes, name: str) -> Sheet:
    """Read JSON: a list of objects, by itself or as the one list of an object, or one object a line.

    Parameters
    ----------
    data : bytes
        The file's content.
    name : str
        The file, for messages.

    Returns
    -------
    Sheet
        A column per key, in the order of their first use; the problems name what holds no object.

    Raises
    ------
    InvalidDeals
        Where it is no text.
    """
    content, _ = as_utf8(data, name)
    if content.lstrip().startswith(b"["):
        return _list_of_records(content, name)
    if (packed := _packed_list(content)) is not None:
        return _sheet(packed, ())
    records: list[dict[str, Any]] = []
    problems: list[Problem] = []
    for line, text in enumerate(content.split(b"\n"), start=1):
        record, reason = _record(text)
        records.append(record)
        if reason:
            problems.append(Problem(reason=reason, mend="write one JSON object per line", row=line))
    return _sheet(records, problems)


def read_parquet(file: Path) -> pd.DataFrame:
    """Read a Parquet file.

    Parameters
    ----------
    file : Path
        The file.

    Returns
    -------
    DataFrame
        Its columns.

    Raises
    ------
    InvalidDeals
        Where pyarrow is not installed or the file cannot be read.
    """
    try:
        return pd.read_parquet(file)
    except ImportError:
        mend = "install it (pip install pyarrow), or save the table as .csv"
        raise InvalidDeals(Problem(reason=f"{file} needs the package pyarrow", mend=mend)) from None
    except Exception as error:  # a broken file can fail anywhere in pyarrow, with any exception
        reason = f"{file} cannot be read as Parquet: {error}"
        raise InvalidDeals(Problem(reason=reason, mend="write it again, or save the table as .csv")) from None


def _sheet(records: Sequence[dict[str, Any]], problems: Sequence[Problem]) -> Sheet:
    headings = list(dict.fromkeys(key for record in records for key in record))
    columns = [[record.get(heading) for record in records] for heading in headings]
    return Sheet(headings=headings, columns=columns, first_row=1, problems=tuple(problems))


def _list_of_records(content: bytes, name: str) -> Sheet:
    found, reason = _parsed(content)
    if reason:
        # One array a line is JSON lines gone wrong, told line by line.
        lines = [text for text in content.split(b"\n") if text.strip()]
        if len(lines) > 1 and not _parsed(lines[0])[1]:
            rows = [(line, _record(text)[1]) for line, text in enumerate(content.split(b"\n"), start=1)]
            wrong = [
                Problem(reason=why, mend="write one JSON object per line", row=line)
                for line, why in rows
                if why
            ]
            return _sheet([], wrong)
        raise InvalidDeals(Problem(reason=f"{name} is {reason}", mend="write a list of JSON objects"))
    problems = []
    records: list[dict[str, Any]] = []
    for place, record in enumerate(found, start=1):
        if not isinstance(record, dict):
            problems.append(
                Problem(reason="not a JSON object", mend="write a list of JSON objects", row=place)
            )
        records.append(record if isinstance(record, dict) else {})
    return _sheet(records, problems)


def _packed_list(content: bytes) -> list[dict[str, Any]] | None:
    """Return the one list of objects that an object holds, as web services write; None for another."""
    found, reason = _parsed(content) if content.lstrip().startswith(b"{") else (None, "")
    if reason or not isinstance(found, dict):
        return None
    lists = [value for value in found.values() if isinstance(value, list) and value]
    whole = len(lists) == 1 and all(isinstance(record, dict) for record in lists[0])
    return lists[0] if whole else None


def _record(text: bytes) -> tuple[dict[str, Any], str]:
    if not text.strip():
        return {}, ""
    record, reason = _parsed(text)
    if reason:
        return (record if isinstance(record, dict) else {}), reason
    return (record, "") if isinstance(record, dict) else ({}, "not a JSON object")


def _parsed(text: bytes) -> tuple[Any, str]:
    twice: list[str] = []

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(found)
        if len(made) < len(found):
            twice.append("a key stands twice in one object")
        return made

    try:
        return json.loads(text, object_pairs_hook=pairs), "".join(twice[:1])
    except (ValueError, RecursionError) as error:
        return {}, f"not JSON: {error}"
