"""What a criteria file holds: its tables and their columns, and the same as a JSON Schema."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from qualify._support.json_tables import COUNTS, Columns
from qualify.criteria.gates import GATE_COLUMNS, RULE_COLUMNS
from qualify.criteria.parsimony import LEFT_OUT_COLUMNS, SIZE_COLUMNS
from qualify.tipping.tipping import TippingPoint

SCHEMA = "qualify criteria"
SCHEMA_VERSION = 4

# Columns and their types, by table; what a file must hold and what a reader gets back.
TABLES: dict[str, Columns] = {
    "points": {"characteristic": str, "answer": str, "points": int, "low": float, "high": float},
    "gates": GATE_COLUMNS,
    "rules": RULE_COLUMNS,
    "bands": {
        "zone": str,
        "score_low": float,
        "score_high": float,
        "n": int,
        "won": int,
        "win_rate": float,
        "win_rate_low": float,
        "win_rate_high": float,
    },
    "probabilities": {"score": int, "probability": float, "low": float, "high": float},
    "stability": {
        "characteristic": str,
        "inclusion": float,
        "sign_agreement": float,
        "kept": bool,
        "instead": str,
    },
    "parsimony": SIZE_COLUMNS,
    "left_out": LEFT_OUT_COLUMNS,
    "answers": {
        "characteristic": str,
        "answer": str,
        "low": float,
        "high": float,
        "n": int,
        "won": int,
    },
    "performance": {"metric": str, "estimate": float, "ci_low": float, "ci_high": float},
}
TIPPING_TABLES: dict[str, Columns] = {
    "zones": {
        "zone": str,
        "n": int,
        "share": float,
        "won": int,
        "win_rate": float,
        "win_rate_low": float,
        "win_rate_high": float,
    },
    "curve": {"score": float, "probability": float, "low": float, "high": float},
    "scores": {"deal": str, "score": float, "won": bool},
    "isotonic": {"score": float, "win_rate": float},
}
# Texts of a tipping point, with the words allowed; None for free text.
WORDS = {
    "verdict": ("sharp", "gradual", "none"),
    "reason": None,
    "curve_kind": ("logistic", "plateau", "none"),
    "score_label": None,
}
# What JSON Schema calls a cell; a number may be missing.
CELLS: dict[type, Any] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    bool: {"type": "boolean"},
    float: {"type": ["number", "null"]},
}
END = {"anyOf": [{"type": ["number", "null"]}, {"enum": ["-inf", "inf"]}]}


def criteria_schema() -> dict[str, Any]:
    """Return the JSON Schema of criteria files.

    Returns
    -------
    dict
        For draft 2020-12: every table with its columns and their types, each required. That scores add up
        and zones divide them no schema can say; `read_criteria` checks it.

    Examples
    --------
    >>> criteria_schema()["properties"]["version"]
    {'type': 'string'}
    """
    properties: dict[str, Any] = {
        "schema": {"const": SCHEMA},
        "schema_version": {"const": SCHEMA_VERSION},
        "version": {"type": "string"},
        "bands_from": {"type": "string"},
    }
    properties |= {name: {"type": "array", "items": _row(columns)} for name, columns in TABLES.items()}
    properties |= {"tipping": _tipping(), "survey": {"type": "object"}, "provenance": {"type": "object"}}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Qualification criteria",
    } | _whole(properties)


def _whole(properties: dict[str, Any]) -> dict[str, Any]:
    """Describe an object that has all of these and nothing else."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _row(columns: Columns) -> dict[str, Any]:
    return _whole({column: _cell(column, kind) for column, kind in columns.items()})


def _cell(column: str, kind: type) -> dict[str, Any]:
    cell: dict[str, Any] = CELLS[kind]
    return cell | {"minimum": 0} if kind is int and column in COUNTS else cell


def _tipping() -> dict[str, Any]:
    """Describe the tipping point: its long tables stand by column."""
    properties: dict[str, Any] = {}
    for field in fields(TippingPoint):
        if field.name in TIPPING_TABLES:
            columns = TIPPING_TABLES[field.name]
            properties[field.name] = _whole(
                {column: {"type": "array", "items": _cell(column, kind)} for column, kind in columns.items()}
            )
        elif field.name in WORDS:
            words = WORDS[field.name]
            properties[field.name] = {"enum": list(words)} if words else CELLS[str]
        elif field.name in COUNTS:
            properties[field.name] = _cell(field.name, int)
        elif field.name.endswith("_ci"):
            properties[field.name] = {"type": "array", "items": END, "minItems": 2, "maxItems": 2}
        else:
            properties[field.name] = CELLS[float]
    return _whole(properties)
