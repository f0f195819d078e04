"""The registry of targets, and the verb that picks among them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from qualify._support.files import PathLike, staged
from qualify.criteria.file import criteria_to_json
from qualify.criteria.model import Criteria
from qualify.errors import InvalidArgument, Problem, did_you_mean, short
from qualify.exports.crm import criteria_to_powerfx, criteria_to_salesforce
from qualify.exports.markdown import criteria_to_markdown
from qualify.exports.python_source import criteria_to_python
from qualify.exports.sql import SQL_TARGETS
from qualify.exports.workbook import criteria_to_workbook

TARGETS: Mapping[str, Callable[[Criteria], str | bytes]] = {
    ".json": criteria_to_json,
    ".md": criteria_to_markdown,
    ".xlsx": criteria_to_workbook,
    ".py": criteria_to_python,
    ".salesforce.txt": criteria_to_salesforce,
    ".powerfx.txt": criteria_to_powerfx,
    **SQL_TARGETS,
}


def write_criteria(criteria: Criteria, path: PathLike) -> Path:
    """Write criteria to a file, in the form that its suffix asks for.

    Parameters
    ----------
    criteria : Criteria
        From `refine_criteria` or `read_criteria`.
    path : str or path-like
        Ending with .json (everything; `read_criteria` reads it back), .md (a checklist of one page), .xlsx (a
        workbook with a calculator), .py (source that needs nothing but Python), .salesforce.txt or
        .powerfx.txt (formulas for a CRM), .sql (a view for DuckDB), .postgres.sql, .snowflake.sql,
        .bigquery.sql, .spark.sql or .sqlite.sql. A file that is there is replaced, whole or not at all.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    InvalidArgument
        Where the suffix is none of these, `criteria` is something else, or the file cannot be written.

    Examples
    --------
    >>> write_criteria(criteria, "criteria.json")  # doctest: +SKIP
    >>> write_criteria(..., "list.txt")
    Traceback (most recent call last):
    qualify.errors.InvalidArgument: list.txt ends with '.txt', which says no known form; use .json, .md, ...
    """
    return write_forms(criteria, [path])[0]


def write_forms(criteria: Criteria, paths: Sequence[PathLike]) -> list[Path]:
    """Write criteria to several files, each in the form that its suffix asks for.

    Parameters
    ----------
    criteria : Criteria
        From `refine_criteria` or `read_criteria`.
    paths : sequence of str or path-like
        As for `write_criteria`.

    Returns
    -------
    list of Path
        The files.

    Raises
    ------
    InvalidArgument
        As `write_criteria`; no file is replaced then, unless the disk fails between the last steps of two.
    """
    targets = [TARGETS[_suffix(Path(path))] for path in paths]
    _check(criteria)
    made = [target(criteria) for target in targets]
    with contextlib.ExitStack() as done:
        for path, content in zip(paths, made, strict=True):
            done.enter_context(staged(path, content, InvalidArgument))
    return [Path(path) for path in paths]


def _check(given: object) -> None:
    if not isinstance(given, Criteria):
        hint = " Did you mean `study.criteria`?" if hasattr(given, "criteria") else ""
        must = f"must be Criteria, as `refine_criteria` gives; got {short(given)}.{hint}"
        raise InvalidArgument(f"`criteria` of `write_criteria` {must}")


def _suffix(file: Path) -> str:
    """Return the longest suffix of the name that is a target's (.postgres.sql before .sql)."""
    name = file.name.lower()
    fitting = [suffix for suffix in TARGETS if name.endswith(suffix) and name != suffix]
    if fitting:
        return max(fitting, key=len)
    ending = f"ends with {file.suffix!r}" if file.suffix else "has no suffix"
    mend = f"use {', '.join(TARGETS)}.{did_you_mean(file.suffix, TARGETS)}".removesuffix(".")
    raise InvalidArgument(Problem(reason=f"{file} {ending}, which says no known form", mend=mend))
