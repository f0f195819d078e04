"""A question with several choices, as one entry of a survey file: the options are yes_no characteristics."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import Any

from qualify.survey.form import Form, absent
from qualify.survey.model import Characteristic

CHOICES = "choices"
SHARED = ("unknown", "group", "controllable", "blank", "hours", "direction", "known_before")
CHOICES_KEYS = ("name", "column", "columns", "question", "kind", "separator", "answers", *SHARED)
YES_NO = ("No", "Yes")


def option_name(question: str, word: str) -> str:
    """Return the name of one option's characteristic."""
    return f"{question}: {word}"


def entries_of(
    characteristics: Sequence[Characteristic], plain: Callable[[Characteristic], dict[str, Any]]
) -> list[dict[str, Any]]:
    """Return an entry per question; the options of one question make one where they share all else."""
    made: list[dict[str, Any]] = []
    for question, group in groupby(characteristics, key=_question_of):
        members = list(group)
        entries = [plain(asked) for asked in members]
        joined = None if question is None else _joined(members, entries)
        made += entries if joined is None else [joined]
    return made


def _question_of(asked: Characteristic) -> tuple[str, str, str, tuple[str, ...]] | None:
    option = asked.option
    if option is None:
        return None
    return option.question, option.separator, asked.column if option.separator else "", option.columns


def _joined(members: Sequence[Characteristic], entries: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """Return one entry for the options of a question; None where one of them has something of its own."""
    options = [asked.option for asked in members if asked.option is not None]
    question, separator, siblings = options[0].question, options[0].separator, options[0].columns
    standard = all(
        asked.name == option_name(question, option.word) and asked.values == YES_NO
        for asked, option in zip(members, options, strict=True)
    )
    own = ("name", "column", "option", "question")
    rest = [{key: value for key, value in entry.items() if key not in own} for entry in entries]
    if not standard or any(one != rest[0] for one in rest) or set(rest[0]) - {"kind", "answers", *SHARED}:
        return None
    text = members[0].question.removesuffix(option_name("", options[0].word))
    asked = [option_name(text, option.word) if text else "" for option in options]
    if asked != [member.question for member in members]:
        return None
    start: dict[str, Any] = {"name": question, "kind": CHOICES} | ({"question": text} if text else {})
    shared = {key: value for key, value in rest[0].items() if key in SHARED}
    if separator:
        words = [option.word for option in options]
        return start | {"column": members[0].column, "separator": separator, "answers": words} | shared
    columns = {option.word: asked.column for asked, option in zip(members, options, strict=True)}
    return start | {"columns": columns} | shared if tuple(columns.values()) == siblings else None


def choices_parts(form: Form, found: Mapping[str, object], position: int) -> list[dict[str, object]]:
    """Return the entry of each option, as that of a yes_no characteristic."""
    name = form.text(found.get("name"), f"the name of characteristic {position}")
    where = f"characteristic {name or position}"
    shared = {key: found[key] for key in SHARED if key in found}
    text = form.text(found.get("question"), where)
    columns = found.get("columns")
    if absent(columns):
        words = form.texts(found.get("answers"), where)
        column = form.optional(found.get("column"), where) or name
        separator = form.text(found.get("separator"), where) or ";"
        places = [(word, column) for word in words]
    else:
        each = columns if isinstance(columns, Mapping) else {}
        if not each:
            form.note(where, "has columns that name no option", "write columns: {option: heading, ...}")
        places = [(str(word), form.text(heading, where)) for word, heading in each.items()]
        separator = ""
    if not places and absent(columns):
        form.note(where, "is choices and has no answers", "list its options")
    siblings = [] if separator else [column for _, column in places]
    return [
        shared
        | {"name": option_name(name, word), "column": column, "kind": "yes_no", "answers": list(YES_NO)}
        | ({"question": option_name(text, word)} if text else {})
        | {"option": {"question": name, "word": word, "separator": separator, "columns": siblings}}
        for word, column in places
    ]
