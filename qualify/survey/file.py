"""The survey as a file that a team edits by hand: YAML, or JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import Any

import yaml

from qualify._support.files import PathLike, checked_suffix, existing_file, read_bytes, write_whole
from qualify.errors import InvalidSurvey, Problem, short
from qualify.survey.form import PlainNull
from qualify.survey.model import Survey
from qualify.survey.schema import OUTCOME_WORDS, survey_from_dict, survey_to_dict

YAML_SUFFIXES = (".yaml", ".yml")
SUFFIXES = (*YAML_SUFFIXES, ".json")
LINE_END = re.compile("[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029\ufeff]")
HALF_CHARACTER = re.compile("[\ud800-\udfff]")  # broken exports hold some; UTF-8 cannot, an escape can

HEAD = """\
# Survey: the questions asked of every deal, and how the table of deals answers them. Edit it freely.
# Every value is read as it is written: Yes stays Yes, 1.10 stays 1.10. Case and outer space never matter.
#
# A characteristic is one observable fact about a deal. Its kind is one of
#   yes_no   exactly two answers, the "no" side first
#   score    a number; `low` and `high` are its allowed range
#   ordered  words with an order, lowest first
#   choice   words without an order
#   choices  several words in one cell, parted by `separator`, or `columns: {word: heading, ...}`; each word
#            is then a question of its own, answered yes or no
# An answer is a word, or a word with more:  {value: High, anchor: "signs the contract", points: 3}
# Also allowed for a characteristic: unknown (more words for "not known"), group, controllable: true (the team
# can change it), hours (it takes to find out or bring about), blank: error (an empty cell is a mistake),
# reference, contrast: [from, to], points_per_step, step (of a score; its odds ratio is given for so many),
# direction: with (higher answers should go with winning) or against, known_before: true (the answer is known
# before the outcome, even if it decides the outcome).
"""
COLUMNS = """
# Headings in the table. Allowed: outcome, deal, close_date, survey_date, created_date, value, effort (hours
# or money spent), rep, account, segment, respondent, weight; closed or lost (a second yes-or-no column, where
# outcome says only whether the deal was won). Only outcome is needed.
"""
OUTCOMES = """
# What the words of the outcome column mean. A blank cell is an open deal. leave_out: rows that are no deals.
# no_decision_as: lost (count it as lost) or leave_out.
"""
UNKNOWN = """
# Words that mean "not known", unless a characteristic has them among its own answers.
"""
MIN_ANSWERS = """
# Answers given by fewer deals than this are pooled with others.
"""
TABLE = """
# How the file was read: sheet, heading_row (and how many heading_rows), delimiter, encoding, marks in numbers
# (decimal, thousands), dates (day first or month first). The next file is read the same way.
"""
NOTES = """
# Remarks. A drafted survey says here what was taken as what, what was left out and why, and what it asks.
"""


def read_survey(path: PathLike) -> Survey:
    """Read a survey from a YAML or JSON file.

    Every value is taken as it is written: `Yes`, `No` and `1.10` stay text.

    Parameters
    ----------
    path : str or path-like
        A file ending with .yaml, .yml or .json, in UTF-8.

    Returns
    -------
    Survey
        The survey.

    Raises
    ------
    InvalidSurvey
        With every problem of the file at once: unknown keys, keys or answers given twice, answers that do not
        fit the kind, and so on, each with its mend.

    Examples
    --------
    >>> survey = read_survey("survey.yaml")  # doctest: +SKIP
    """
    file = existing_file(path, SUFFIXES, InvalidSurvey)
    text = _text(file)
    problems: list[Problem] = []
    try:
        parse = _from_yaml if file.suffix.lower() in YAML_SUFFIXES else _from_json
        data = parse(text, problems)
    except yaml.MarkedYAMLError as error:
        line = None if error.problem_mark is None else error.problem_mark.line + 1
        raise _unreadable(file, "YAML", error.problem or "", line) from None
    except json.JSONDecodeError as error:
        raise _unreadable(file, "JSON", error.msg, error.lineno) from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise _unreadable(file, "YAML or JSON", str(error).splitlines()[0], None) from None
    return survey_from_dict(data, origin=str(file), found=problems)


def write_survey(survey: Survey, path: PathLike) -> Path:
    """Write a survey to a YAML or JSON file, whole or not at all.

    Parameters
    ----------
    survey : Survey
        The survey.
    path : str or path-like
        A file ending with .yaml, .yml (with comments, made for editing by hand) or .json.

    Returns
    -------
    Path
        The file. `read_survey` gives the same survey back.

    Raises
    ------
    InvalidSurvey
        Where the suffix is none of these or the file cannot be written.

    Examples
    --------
    >>> write_survey(survey, "survey.yaml")  # doctest: +SKIP
    """
    file = Path(path)
    checked_suffix(file, SUFFIXES, InvalidSurvey)
    if file.suffix.lower() in YAML_SUFFIXES:
        return write_whole(file, survey_to_yaml(survey), InvalidSurvey)
    text = json.dumps(survey_to_dict(survey), indent=2, ensure_ascii=False)
    if HALF_CHARACTER.search(text):
        text = json.dumps(survey_to_dict(survey), indent=2)
    return write_whole(file, text + "\n", InvalidSurvey)


def survey_to_yaml(survey: Survey) -> str:
    """Return the survey as commented YAML.

    Parameters
    ----------
    survey : Survey
        The survey.

    Returns
    -------
    str
        What `write_survey` writes.
    """
    data = survey_to_dict(survey)
    parts = [HEAD, "\n", _dump({key: data[key] for key in ("schema_version", "title")})]
    parts += [COLUMNS, _dump({"columns": data["columns"]})]
    parts += [OUTCOMES, _dump({"outcomes": _on_a_line(data["outcomes"], OUTCOME_WORDS)})]
    parts += [UNKNOWN, _dump({"unknown": _Flow(data["unknown"])})]
    parts += [MIN_ANSWERS, _dump({"min_answers": data["min_answers"]})]
    parts.append("\ncharacteristics:\n")
    parts += ["\n".join(_dump([_for_editing(entry)]) for entry in data["characteristics"])]
    if "table" in data:
        parts += [TABLE, _dump({"table": data["table"]})]
    if "notes" in data:
        parts += [NOTES, _dump({"notes": data["notes"]})]
    return "".join(parts)


class _Flow(list[Any]):
    """A list written on one line."""


class _Dumper(yaml.SafeDumper):
    """Writes `_Flow` lists on one line and never uses aliases, which people find hard to read."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def _represent_flow(dumper: _Dumper, data: _Flow) -> yaml.Node:
    return dumper.represent_sequence("tag:yaml.org,2002:seq", data, flow_style=True)


def _represent_text(dumper: _Dumper, text: str) -> yaml.Node:
    # line ends of every kind are lost unless escaped, which only double quotes do
    style = '"' if LINE_END.search(text) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(_Flow, _represent_flow)
_Dumper.add_representer(str, _represent_text)


def _on_a_line(entry: dict[str, Any], keys: Sequence[str]) -> dict[str, Any]:
    return {key: _Flow(value) if key in keys else value for key, value in entry.items()}


def _for_editing(entry: dict[str, Any]) -> dict[str, Any]:
    short_lists = ("unknown", "contrast")
    plain = all(isinstance(answer, str) for answer in entry.get("answers", ()))
    return _on_a_line(entry, (*short_lists, "answers") if plain else short_lists)


def _dump(data: object) -> str:
    return yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)


class _AsWritten(yaml.BaseLoader):
    """Keeps every scalar as its text, tells a plain null apart, and notes keys given twice."""

    problems: list[Problem]

    def construct_scalar(self, node: Any) -> str:
        text = str(super().construct_scalar(node))
        return PlainNull(text) if node.style is None and text in ("", "~", "null", "Null", "NULL") else text

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                self.problems.append(_given_twice(key.value, key.start_mark.line + 1))
            seen.add(str(key.value))
        return super().construct_mapping(node, deep)


def _given_twice(key: str, line: int | None = None) -> Problem:
    return Problem(reason=f"the key {short(key)} is given twice in one place", mend="keep one", row=line)


def _from_yaml(text: str, problems: list[Problem]) -> object:
    loader = _AsWritten(text)
    loader.problems = problems
    try:
        return loader.get_single_data()
    finally:
        loader.dispose()


def _from_json(text: str, problems: list[Problem]) -> object:
    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        seen: set[str] = set()
        for key, _ in found:
            if key in seen:
                problems.append(_given_twice(key))
            seen.add(key)
        return dict(found)

    return json.loads(text, parse_float=str, parse_int=str, parse_constant=str, object_pairs_hook=pairs)


def _text(file: Path) -> str:
    try:
        return read_bytes(file, InvalidSurvey).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidSurvey(Problem(reason=f"{file} is not in UTF-8", mend="save it as UTF-8 text")) from None


def _unreadable(file: Path, format_name: str, what: str, line: int | None) -> InvalidSurvey:
    mend = "correct the line; look for a missing colon, quote or indent"
    return InvalidSurvey(Problem(reason=f"{file} is not {format_name}: {what}", mend=mend, row=line))
