"""The plain form of a survey, as YAML and JSON hold it, and the way back, reporting every problem at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, cast

from qualify._support.words import as_number, fold
from qualify.errors import InvalidSurvey, Problem, short
from qualify.reading.layout import TableLayout
from qualify.survey.choices import CHOICES, CHOICES_KEYS, choices_parts, entries_of
from qualify.survey.form import Form, absent
from qualify.survey.model import (
    SCHEMA_VERSION,
    UNKNOWN_WORDS,
    Answer,
    Blank,
    Characteristic,
    Columns,
    Direction,
    Kind,
    NoDecisionAs,
    Note,
    Option,
    Outcomes,
    Survey,
)

KEYS = tuple(entry.name for entry in fields(Survey))
COLUMN_KEYS = tuple(entry.name for entry in fields(Columns))
OUTCOME_WORDS = ("won", "lost", "no_decision", "open", "leave_out", "closed")
RARE_WORDS = ("leave_out", "closed")  # of outcomes; not written where there are none
CHARACTERISTIC_KEYS = tuple(entry.name for entry in fields(Characteristic))
OPTION_KEYS = tuple(entry.name for entry in fields(Option))
TABLE_KEYS = tuple(entry.name for entry in fields(TableLayout))
NOTE_KEYS = ("column", "decision", "note")
ANSWER_KEYS = tuple(entry.name for entry in fields(Answer))


def survey_to_dict(survey: Survey) -> dict[str, Any]:
    """Return the survey as plain values that JSON can hold.

    Parameters
    ----------
    survey : Survey
        The survey.

    Returns
    -------
    dict
        Without what stands at its default, apart from what people are likely to edit.
    """
    columns = {name: getattr(survey.columns, name) for name in COLUMN_KEYS}
    words = {name: list(getattr(survey.outcomes, name)) for name in OUTCOME_WORDS}
    outcomes: dict[str, Any] = {name: some for name, some in words.items() if some or name not in RARE_WORDS}
    data: dict[str, Any] = {
        "schema_version": survey.schema_version,
        "title": survey.title,
        "columns": {name: column for name, column in columns.items() if column is not None},
        "outcomes": outcomes | {"no_decision_as": survey.outcomes.no_decision_as},
        "unknown": list(survey.unknown),
        "min_answers": survey.min_answers,
        "characteristics": entries_of(survey.characteristics, _characteristic_to_dict),
    }
    data |= {} if survey.table is None else {"table": _table_to_dict(survey.table)}
    return data | ({"notes": [_note_to_plain(note) for note in survey.notes]} if survey.notes else {})


def survey_from_dict(data: object, *, origin: str = "survey", found: Sequence[Problem] = ()) -> Survey:
    """Return the survey that plain values describe.

    Parameters
    ----------
    data : object
        A mapping as `survey_to_dict` gives, or as read from a file.
    origin : str
        Where it comes from, for the message.
    found : sequence of Problem
        Problems known already, to be reported with the others.

    Returns
    -------
    Survey
        The same survey that was written.

    Raises
    ------
    InvalidSurvey
        With every problem at once.
    """
    form = Form(problems=list(found))
    try:
        survey = _survey(form, data)
    except InvalidSurvey as error:
        form.problems += error.problems
    if form.problems:
        raise InvalidSurvey(form.problems, f"{origin} cannot be used:") from None
    return survey


def _table_to_dict(table: TableLayout) -> dict[str, Any]:
    found = {name: getattr(table, name) for name in TABLE_KEYS}
    return {name: value for name, value in found.items() if value is not None}


def _note_to_plain(note: str) -> str | dict[str, str]:
    if not isinstance(note, Note):
        return str(note)
    told = {"column": note.column, "decision": note.decision, "note": note.text}
    return {key: value for key, value in told.items() if value}


def _characteristic_to_dict(asked: Characteristic) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "name": asked.name,
        "column": asked.column,
        "question": asked.question,
        "kind": asked.kind,
        "low": _plain_number(asked.low),
        "high": _plain_number(asked.high),
        "answers": [_answer_to_plain(answer) for answer in asked.answers],
        "unknown": list(asked.unknown),
        "group": asked.group,
        "controllable": asked.controllable,
        "blank": asked.blank,
        "points_per_step": _plain_number(asked.points_per_step),
        "step": _plain_number(asked.step),
        "hours": _plain_number(asked.hours),
        "reference": asked.reference,
        "contrast": None if asked.contrast is None else list(asked.contrast),
        "direction": asked.direction,
        "known_before": asked.known_before,
        "option": None if asked.option is None else _option_to_dict(asked.option),
    }
    usual = {"answers": [], "unknown": [], "group": "", "controllable": False, "blank": "unknown"}
    usual |= {"direction": "either", "known_before": False}
    return {name: value for name, value in plain.items() if value is not None and usual.get(name) != value}


def _option_to_dict(option: Option) -> dict[str, Any]:
    plain = {"question": option.question, "word": option.word, "separator": option.separator}
    return plain | {"columns": list(option.columns)}


def _answer_to_plain(answer: Answer) -> str | dict[str, Any]:
    plain = {"value": answer.value, "label": answer.label, "anchor": answer.anchor}
    more = {name: value for name, value in plain.items() if value or name == "value"}
    if answer.points is not None:
        return more | {"points": _plain_number(answer.points)}
    return more if len(more) > 1 else answer.value


def _plain_number(number: float | None) -> float | None:
    return int(number) if number is not None and abs(number) < 1e15 and number == int(number) else number


def _survey(form: Form, data: object) -> Survey:
    version = data.get("schema_version") if isinstance(data, Mapping) else None
    number = as_number(str(version)) if version is not None else SCHEMA_VERSION
    if number is not None and number > SCHEMA_VERSION:
        form.note("schema_version", f"is {version}, newer than {SCHEMA_VERSION}", "upgrade qualify")
        data = {}  # nothing more can be said about a format not known yet
    top = form.mapping(data, "the survey", KEYS) or {}
    if form.problems and not top:
        raise InvalidSurvey(())
    columns = form.mapping(top.get("columns", {}), "columns", COLUMN_KEYS) or {"outcome": "(outcome)"}
    names = {name: form.optional(columns.get(name), f"columns.{name}") for name in COLUMN_KEYS[1:]}
    min_answers = form.number(top.get("min_answers", 5), "min_answers")
    return Survey(
        title=form.text(top.get("title"), "title"),
        columns=Columns(outcome=form.text(columns.get("outcome"), "columns.outcome"), **names),
        outcomes=_outcomes(form, top.get("outcomes", {})),
        characteristics=_characteristics(form, top.get("characteristics")),
        unknown=form.texts(top.get("unknown", UNKNOWN_WORDS), "unknown"),
        notes=tuple(_note(form, entry) for entry in form.entries(top.get("notes"), "notes")),
        table=_table(form, top.get("table")),
        min_answers=5 if min_answers is None else cast(int, _plain_number(min_answers)),
        schema_version=SCHEMA_VERSION if number == SCHEMA_VERSION else cast(int, version),
    )


def _outcomes(form: Form, data: object) -> Outcomes:
    found = form.mapping(data, "outcomes", (*OUTCOME_WORDS, "no_decision_as"))
    if found is None:
        return Outcomes(won=("(won)",), lost=("(lost)",))
    words = {name: form.texts(found.get(name), f"outcomes.{name}") for name in OUTCOME_WORDS}
    no_decision_as = form.optional(found.get("no_decision_as"), "outcomes.no_decision_as") or "lost"
    return Outcomes(no_decision_as=cast(NoDecisionAs, no_decision_as), **words)


def _note(form: Form, entry: object) -> str:
    if not isinstance(entry, Mapping):
        return form.word(entry, "notes")
    found = form.mapping(entry, "a note", NOTE_KEYS) or {}
    told = {key: form.text(found.get(key), f"notes, {key},") for key in NOTE_KEYS}
    return Note(told["note"], column=told["column"], decision=told["decision"])


def _table(form: Form, data: object) -> TableLayout | None:
    if absent(data):
        return None
    found = form.mapping(data, "table", TABLE_KEYS) or {}
    rows = {key: form.number(found.get(key), f"table.{key}") for key in ("heading_row", "heading_rows")}
    if any(row is not None and (row < 1 or row != int(row)) for row in rows.values()):
        form.note("table", "has a row that is no whole number from 1 up", "write the row a spreadsheet shows")
    words = {key: form.optional(found.get(key), f"table.{key}") for key in TABLE_KEYS if key not in rows}
    if words["dates"] not in (None, "day first", "month first"):
        form.note("table.dates", f"is {short(words['dates'])}", "write day first or month first")
    first, count = rows["heading_row"], rows["heading_rows"]
    return TableLayout(
        heading_row=None if first is None else int(first),
        heading_rows=1 if count is None else int(count),
        **cast("dict[str, Any]", words),
    )


def _characteristics(form: Form, data: object) -> tuple[Characteristic, ...]:
    made: list[Characteristic] = []
    for position, entry in enumerate(form.entries(data, "characteristics"), start=1):
        kind = entry.get("kind") if isinstance(entry, Mapping) else None
        allowed = CHOICES_KEYS if kind == CHOICES else CHARACTERISTIC_KEYS
        found = form.mapping(entry, f"characteristic {position}", allowed)
        if found is not None:
            parts = choices_parts(form, found, position) if kind == CHOICES else [found]
            made += [_characteristic(form, part, position) for part in parts]
    return tuple(made)


def _option(form: Form, data: object, where: str) -> Option | None:
    if absent(data):
        return None
    found = form.mapping(data, f"{where}, option,", OPTION_KEYS) or {}
    texts = {key: form.text(found.get(key), f"{where}, option,") for key in ("question", "word", "separator")}
    return Option(columns=form.texts(found.get("columns"), f"{where}, option,"), **texts)


def _characteristic(form: Form, found: Mapping[str, object], position: int) -> Characteristic:
    name = form.text(found.get("name"), f"the name of characteristic {position}")
    where = f"characteristic {short(name) if name else position}"
    answers = tuple(_answer(form, entry, where) for entry in form.entries(found.get("answers"), where))
    contrast = form.texts(found.get("contrast"), f"{where}, contrast,")
    reference = form.optional(found.get("reference"), f"{where}, reference,")
    numbered = ("low", "high", "points_per_step", "step", "hours")
    numbers = {key: form.number(found.get(key), f"{where}, {key},") for key in numbered}
    return Characteristic(
        name=name,
        column=form.optional(found.get("column"), where) or name,
        kind=cast(Kind, form.text(found.get("kind"), where)),
        question=form.text(found.get("question"), where),
        answers=answers,
        unknown=form.texts(found.get("unknown"), f"{where}, unknown,"),
        group=form.text(found.get("group"), where),
        controllable=form.flag(found.get("controllable"), f"{where}, controllable,"),
        blank=cast(Blank, form.optional(found.get("blank"), where) or "unknown"),
        direction=cast(Direction, form.optional(found.get("direction"), where) or "either"),
        known_before=form.flag(found.get("known_before"), f"{where}, known_before,"),
        option=_option(form, found.get("option"), where),
        reference=None if reference is None else _spelling(reference, answers),
        contrast=cast("tuple[str, str]", tuple(_spelling(word, answers) for word in contrast))
        if contrast
        else None,
        **numbers,
    )


def _answer(form: Form, entry: object, where: str) -> Answer:
    if not isinstance(entry, Mapping):
        return Answer(value=form.word(entry, f"{where}, an answer,"))
    found = form.mapping(entry, f"{where}, an answer,", ANSWER_KEYS) or {}
    points = form.number(found.get("points"), f"{where}, points,")
    if points is None and not absent(found.get("points")):
        points = 0.0
    texts = {key: form.text(found.get(key), f"{where}, {key},") for key in ("label", "anchor")}
    return Answer(value=form.word(found.get("value", ""), f"{where}, value,"), points=points, **texts)


def _spelling(word: str, answers: Sequence[Answer]) -> str:
    """Return the answer as the survey spells it, so that `reference: yes` names the answer Yes."""
    same = [answer.value for answer in answers if fold(answer.value) == fold(word)]
    return word if word in same or not same else same[0]
