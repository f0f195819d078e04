"""The plain form of a survey, as YAML and JSON hold it, and the way back, reporting every problem at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, cast

from qualify.errors import InvalidSurvey, Problem, did_you_mean, short
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
    Outcomes,
    Survey,
)
from qualify.words import as_number, fold, number_text

KEYS = tuple(entry.name for entry in fields(Survey))
COLUMN_KEYS = tuple(entry.name for entry in fields(Columns))
OUTCOME_WORDS = ("won", "lost", "no_decision", "open")
CHARACTERISTIC_KEYS = tuple(entry.name for entry in fields(Characteristic))
ANSWER_KEYS = tuple(entry.name for entry in fields(Answer))


class PlainNull(str):
    """A `null`, `~` or nothing written without quotes: absent where a value is optional, else text."""

    __slots__ = ()


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
    outcomes: dict[str, Any] = {name: list(getattr(survey.outcomes, name)) for name in OUTCOME_WORDS}
    data: dict[str, Any] = {
        "schema_version": survey.schema_version,
        "title": survey.title,
        "columns": {name: column for name, column in columns.items() if column is not None},
        "outcomes": outcomes | {"no_decision_as": survey.outcomes.no_decision_as},
        "unknown": list(survey.unknown),
        "min_answers": survey.min_answers,
        "characteristics": [_characteristic_to_dict(asked) for asked in survey.characteristics],
    }
    return data | ({"notes": list(survey.notes)} if survey.notes else {})


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
    form = _Form(problems=list(found))
    try:
        survey = _survey(form, data)
    except InvalidSurvey as error:
        form.problems += error.problems
    if form.problems:
        raise InvalidSurvey(form.problems, f"{origin} cannot be used:") from None
    return survey


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
        "hours": _plain_number(asked.hours),
        "reference": asked.reference,
        "contrast": None if asked.contrast is None else list(asked.contrast),
        "direction": asked.direction,
        "known_before": asked.known_before,
    }
    usual = {"answers": [], "unknown": [], "group": "", "controllable": False, "blank": "unknown"}
    usual |= {"direction": "either", "known_before": False}
    return {name: value for name, value in plain.items() if value is not None and usual.get(name) != value}


def _answer_to_plain(answer: Answer) -> str | dict[str, Any]:
    plain = {"value": answer.value, "label": answer.label, "anchor": answer.anchor}
    more = {name: value for name, value in plain.items() if value or name == "value"}
    if answer.points is not None:
        return more | {"points": _plain_number(answer.points)}
    return more if len(more) > 1 else answer.value


def _plain_number(number: float | None) -> float | None:
    return int(number) if number is not None and abs(number) < 1e15 and number == int(number) else number


@dataclass(slots=True)
class _Form:
    """Takes values out of a mapping; what has the wrong form is noted and gets a stand-in."""

    problems: list[Problem] = field(default_factory=list)

    def note(self, where: str, reason: str, mend: str) -> None:
        self.problems.append(Problem(reason=f"{where} {reason}", mend=mend))

    def mapping(self, value: object, where: str, allowed: Sequence[str]) -> Mapping[str, object] | None:
        if not isinstance(value, Mapping):
            self.note(where, f"is {short(value)}", f"write its keys: {', '.join(allowed)}")
            return None
        for key in value:
            if key not in allowed:
                hint = did_you_mean(str(key), allowed)
                self.note(where, f"has the unknown key {short(key)}", f"remove or correct it.{hint}")
        return value

    def text(self, value: object, where: str) -> str:
        return "" if _absent(value) else self.word(value, where)

    def word(self, value: object, where: str) -> str:
        """Return a scalar as text; numbers and truth values as they are written in a file."""
        if isinstance(value, str):
            return str(value)
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, int | float):
            return number_text(value)
        self.note(where, f"is {short(value)}", "write one word or sentence")
        return "(not a text)"

    def optional(self, value: object, where: str) -> str | None:
        return None if _absent(value) else self.text(value, where)

    def texts(self, value: object, where: str) -> tuple[str, ...]:
        return tuple(self.word(entry, where) for entry in self.entries(value, where))

    def entries(self, value: object, where: str) -> Sequence[object]:
        if _absent(value):
            return ()
        if isinstance(value, list | tuple):
            return value
        if isinstance(value, Mapping):
            self.note(where, f"is {short(value)}", "write a list")
            return ()
        return (value,)  # one word stands for a list of one

    def number(self, value: object, where: str) -> float | None:
        if _absent(value):
            return None
        number = as_number(self.text(value, where)) if not isinstance(value, bool) else None
        if number is None:
            self.note(where, f"is {short(value)}", "write a number with a decimal point")
        return number

    def flag(self, value: object, where: str) -> bool:
        word = fold(self.text(value, where))
        if word not in ("true", "false", "yes", "no", ""):
            self.note(where, f"is {short(value)}", "write true or false")
        return word in ("true", "yes")


def _absent(value: object) -> bool:
    return value is None or isinstance(value, PlainNull)


def _survey(form: _Form, data: object) -> Survey:
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
        notes=form.texts(top.get("notes"), "notes"),
        min_answers=5 if min_answers is None else cast(int, _plain_number(min_answers)),
        schema_version=SCHEMA_VERSION if number == SCHEMA_VERSION else cast(int, version),
    )


def _outcomes(form: _Form, data: object) -> Outcomes:
    found = form.mapping(data, "outcomes", (*OUTCOME_WORDS, "no_decision_as"))
    if found is None:
        return Outcomes(won=("(won)",), lost=("(lost)",))
    words = {name: form.texts(found.get(name), f"outcomes.{name}") for name in OUTCOME_WORDS}
    no_decision_as = form.optional(found.get("no_decision_as"), "outcomes.no_decision_as") or "lost"
    return Outcomes(no_decision_as=cast(NoDecisionAs, no_decision_as), **words)


def _characteristics(form: _Form, data: object) -> tuple[Characteristic, ...]:
    made = []
    for position, entry in enumerate(form.entries(data, "characteristics"), start=1):
        found = form.mapping(entry, f"characteristic {position}", CHARACTERISTIC_KEYS)
        if found is not None:
            made.append(_characteristic(form, found, position))
    return tuple(made)


def _characteristic(form: _Form, found: Mapping[str, object], position: int) -> Characteristic:
    name = form.text(found.get("name"), f"the name of characteristic {position}")
    where = f"characteristic {short(name) if name else position}"
    answers = tuple(_answer(form, entry, where) for entry in form.entries(found.get("answers"), where))
    contrast = form.texts(found.get("contrast"), f"{where}, contrast,")
    reference = form.optional(found.get("reference"), f"{where}, reference,")
    numbered = ("low", "high", "points_per_step", "hours")
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
        reference=None if reference is None else _spelling(reference, answers),
        contrast=cast("tuple[str, str]", tuple(_spelling(word, answers) for word in contrast))
        if contrast
        else None,
        **numbers,
    )


def _answer(form: _Form, entry: object, where: str) -> Answer:
    if not isinstance(entry, Mapping):
        return Answer(value=form.word(entry, f"{where}, an answer,"))
    found = form.mapping(entry, f"{where}, an answer,", ANSWER_KEYS) or {}
    points = form.number(found.get("points"), f"{where}, points,")
    if points is None and not _absent(found.get("points")):
        points = 0.0
    texts = {key: form.text(found.get(key), f"{where}, {key},") for key in ("label", "anchor")}
    return Answer(value=form.word(found.get("value", ""), f"{where}, value,"), points=points, **texts)


def _spelling(word: str, answers: Sequence[Answer]) -> str:
    """Return the answer as the survey spells it, so that `reference: yes` names the answer Yes."""
    same = [answer.value for answer in answers if fold(answer.value) == fold(word)]
    return word if word in same or not same else same[0]
