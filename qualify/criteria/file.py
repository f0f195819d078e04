"""The JSON form of criteria: the source of truth, from which the same criteria are read back, to the bit."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import fields
from functools import partial
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from qualify._support.files import PathLike, existing_file, read_bytes
from qualify._support.json_tables import COUNTS, Columns, number, plain, records, typed, whole, word
from qualify.criteria.consistency import WRITE_ANEW, contradictions
from qualify.criteria.model import Criteria
from qualify.criteria.schema import SCHEMA, SCHEMA_VERSION, TABLES, TIPPING_TABLES, WORDS
from qualify.errors import InvalidCriteria, InvalidSurvey, Problem, short
from qualify.survey import UNKNOWN, Survey
from qualify.tipping.tipping import TippingPoint

T = TypeVar("T")
ENDLESS = {"-inf": -math.inf, "inf": math.inf}
OPEN_ENDS = {end: text for text, end in ENDLESS.items()}


def criteria_to_json(criteria: Criteria) -> str:
    """Write criteria as JSON text.

    Parameters
    ----------
    criteria : Criteria
        From `refine_criteria`.

    Returns
    -------
    str
        Numbers in full, missing ones as null, keys in a fixed order: the same criteria give the same bytes.
    """
    content: dict[str, Any] = {"schema": SCHEMA, "schema_version": SCHEMA_VERSION}
    content |= {"version": criteria.version, "bands_from": criteria.bands_from}
    content |= {name: records(getattr(criteria, name), columns) for name, columns in TABLES.items()}
    content["tipping"] = _tipping_to_dict(criteria.tipping)
    content["survey"] = criteria.survey.to_dict()
    content["provenance"] = plain(criteria.provenance)
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def read_criteria(path: PathLike) -> Criteria:
    """Read criteria back from the JSON file that `write_criteria` wrote.

    Parameters
    ----------
    path : str or path-like
        A ``.json`` file.

    Returns
    -------
    Criteria
        Equal to what was written.

    Raises
    ------
    InvalidCriteria
        Where the file is missing, is no criteria file, comes from a newer version, or lacks something; every
        problem at once.

    Examples
    --------
    >>> import tempfile
    >>> import qualify as ql
    >>> simulated = ql.simulate_deals(300, rng=1)
    >>> criteria = ql.refine_criteria(ql.read_deals(simulated.frame, simulated.survey), replicates=20)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = ql.write_criteria(criteria, f"{folder}/criteria.json")
    ...     again = ql.read_criteria(path)
    >>> again.points.equals(criteria.points)
    True
    """
    file = existing_file(path, [".json"], InvalidCriteria)
    try:
        content = json.loads(read_bytes(file, InvalidCriteria).decode("utf-8-sig"))
    except (ValueError, RecursionError) as problem:  # also numbers of thousands of figures
        raise InvalidCriteria(f"{file} is not JSON: {problem}") from None
    return criteria_from_dict(content, str(file))


def criteria_from_dict(content: object, where: str) -> Criteria:
    """Build criteria from the content of a criteria file.

    Parameters
    ----------
    content : object
        What the JSON held.
    where : str
        The file, for messages.

    Returns
    -------
    Criteria
        The criteria.

    Raises
    ------
    InvalidCriteria
        With every problem at once.
    """
    content = _checked_schema(content, where)
    problems: list[Problem] = []
    parts: dict[str, Any] = {}
    for name, columns in TABLES.items():
        build = partial(_table, content, name, columns)
        parts[name] = _tried(build, name, problems)
    parts["survey"] = _tried(lambda: Survey.from_dict(content["survey"]), "survey", problems)
    parts["tipping"] = _tried(lambda: _tipping_from_dict(content["tipping"]), "tipping", problems)
    for name, kind in (("version", str), ("bands_from", str), ("provenance", dict)):
        parts[name] = content.get(name)
        if not isinstance(parts[name], kind):
            problems.append(Problem(reason="is missing or of the wrong kind", mend=WRITE_ANEW, column=name))
    if not problems:
        for name in ("points", "gates", "answers"):
            parts[name] = _open_ends(parts[name], parts["survey"])
        problems = contradictions(
            *(parts[name] for name in ("points", "gates", "bands", "probabilities", "survey"))
        )
    if problems:
        raise InvalidCriteria(problems, f"{where} cannot be used:")
    return Criteria(**parts)


def _checked_schema(content: object, where: str) -> dict[str, Any]:
    if not isinstance(content, dict) or content.get("schema") != SCHEMA:
        raise InvalidCriteria(f'{where} is not a criteria file; it should hold "schema": "{SCHEMA}".')
    version = content.get("schema_version")
    if type(version) is not int or not 1 <= version <= SCHEMA_VERSION:
        raise InvalidCriteria(
            f"{where} has schema version {short(version)}; this qualify reads up to {SCHEMA_VERSION}. "
            "Update qualify."
        )
    return _of_today(content) if version < SCHEMA_VERSION else content


def _of_today(content: dict[str, Any]) -> dict[str, Any]:
    """Bring the content of an older file up to date.

    Version 1 did not say what is kept instead; version 2 not which numbers a gate covers and how rules fare;
    version 3 not how often each answer was given and what more or fewer characteristics would do.
    """
    content = {"rules": [], "answers": [], "parsimony": [], "left_out": []} | content
    added = {"stability": {"instead": ""}, "gates": {"low": None, "high": None}}
    for table, columns in added.items():
        rows = content.get(table)
        if isinstance(rows, list) and all(isinstance(row, dict) for row in rows):
            content = content | {table: [columns | row for row in rows]}
    return content  # what is no table is said where it is read


def _table(content: dict[str, Any], name: str, columns: Columns) -> pd.DataFrame:
    records = content[name]
    return typed({column: [record[column] for record in records] for column in columns}, columns)


def _tried(build: Callable[[], T], name: str, problems: list[Problem]) -> T | None:
    try:
        return build()
    except InvalidSurvey as error:
        problems += error.problems
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        reason = f"is missing {error}" if isinstance(error, KeyError) else f"cannot be read ({error})"
        problems.append(Problem(reason=reason, mend=WRITE_ANEW, column=name))
    return None


def _open_ends(table: pd.DataFrame, survey: Survey) -> pd.DataFrame:
    """Take a missing end of a score's answer as an open one: JSON has no infinity."""
    scores = [asked.name for asked in survey.characteristics if asked.kind == "score"]
    ranged = table["characteristic"].isin(scores) & table["answer"].ne(UNKNOWN)
    table.loc[ranged, "low"] = table.loc[ranged, "low"].fillna(-np.inf)
    table.loc[ranged, "high"] = table.loc[ranged, "high"].fillna(np.inf)
    return table


def _tipping_to_dict(tipping: TippingPoint) -> dict[str, Any]:
    content: dict[str, Any] = {}
    for field in fields(tipping):
        value = getattr(tipping, field.name)
        if field.name in TIPPING_TABLES:
            frame = value.rename_axis("deal").reset_index() if field.name == "scores" else value
            # Long tables read better, and smaller, by column.
            columns = TIPPING_TABLES[field.name]
            content[field.name] = {
                column: [plain(cell) for cell in frame[column].tolist()] for column in columns
            }
        elif field.name.endswith("_ci"):
            # An interval may be open at one end.
            content[field.name] = [OPEN_ENDS.get(end, plain(end)) for end in value]
        else:
            content[field.name] = plain(value)
    return content


def _tipping_from_dict(content: dict[str, Any]) -> TippingPoint:
    parts: dict[str, Any] = {}
    for field in fields(TippingPoint):
        value = content[field.name]
        if field.name in TIPPING_TABLES:
            columns = TIPPING_TABLES[field.name]
            frame = typed({column: value[column] for column in columns}, columns)
            parts[field.name] = frame.set_index("deal") if field.name == "scores" else frame
        elif field.name in WORDS:
            parts[field.name] = word(value, WORDS[field.name])
        elif field.name in COUNTS:
            parts[field.name] = whole(value)
        elif field.name.endswith("_ci"):
            low, high = (ENDLESS[end] if isinstance(end, str) else number(end) for end in value)
            parts[field.name] = (low, high)
        else:
            parts[field.name] = number(value)
    return TippingPoint(**parts)
