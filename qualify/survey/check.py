"""What can be wrong with a survey, all of it at once."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields
from typing import TYPE_CHECKING

from qualify._support.words import as_number, fold, squeeze
from qualify.errors import Problem, did_you_mean, short
from qualify.survey.unknown_words import UNKNOWN_WORDS

if TYPE_CHECKING:
    from qualify.survey.model import Characteristic, Columns, Outcomes, Survey

KINDS = ("yes_no", "score", "ordered", "choice")
DIRECTIONS = ("with", "against", "either")
# Columns that every table of deals may carry beside the characteristics.
RESERVED = (
    "deal", "outcome", "close_date", "survey_date", "created_date",
    "value", "effort", "rep", "account", "segment", "respondent", "weight",
)  # fmt: skip
# May also be asked as a characteristic.
SHAREABLE = {"value", "effort", "rep", "account", "segment", "respondent"}


def survey_problems(survey: Survey) -> list[Problem]:
    """Return everything that is wrong with a survey.

    Parameters
    ----------
    survey : Survey
        Or anything with its fields.

    Returns
    -------
    list of Problem
        Empty where the survey can be used.
    """
    found = [
        *_general(survey),
        *_outcomes(survey.outcomes, survey.columns),
        *_columns(survey),
        *_names(survey),
    ]
    for characteristic in survey.characteristics:
        found += [*characteristic_problems(characteristic), *_both_ways(characteristic, survey)]
    return found


def characteristic_problems(asked: Characteristic) -> list[Problem]:
    """Return everything that is wrong with one characteristic on its own.

    Parameters
    ----------
    asked : Characteristic
        The characteristic.

    Returns
    -------
    list of Problem
        Empty where it can be used.
    """
    where = f"characteristic {short(asked.name)}"
    if asked.kind not in KINDS:
        mend = f"write one of {', '.join(KINDS)}.{did_you_mean(str(asked.kind), KINDS)}"
        return [_problem(where, f"has the kind {short(asked.kind)}", mend)]
    found = [*_answers(asked), *_points(asked), *_unknown(asked)]
    found += _score(asked) if asked.kind == "score" else _not_score(asked)
    if asked.blank not in ("unknown", "error"):
        found.append(("has blank " + short(asked.blank), "write unknown or error"))
    if asked.direction not in DIRECTIONS:
        found.append(("has the direction " + short(asked.direction), "write with, against or either"))
    elif asked.direction != "either" and asked.kind == "choice":
        found.append(("is a choice and has a direction", "leave it out: its answers have no order"))
    if asked.hours is not None and not (_finite(asked.hours) and asked.hours > 0):
        found.append(("has hours " + short(asked.hours), "write a number above 0, or leave it out"))
    return [_problem(where, reason, mend) for reason, mend in found]


Found = Iterator[tuple[str, str]]


def _answers(asked: Characteristic) -> Found:
    values = list(asked.values)
    for value in repeated(values, fold):
        yield f"has the answer {short(value)} twice", "keep one (case and outer space do not count)"
    for value in values:
        if not value.strip():
            yield "has an empty answer", "write a word; `blank` says what an empty cell means"
        elif value == "unknown":
            yield "lists the answer 'unknown'", "leave it out: every characteristic has it already"
    if asked.kind == "yes_no" and len(values) != 2:
        yield f"is yes_no and has {len(values)} answers", "give exactly two, the no side first"
    if asked.kind in ("ordered", "choice") and len(values) < 2:
        yield f"is {asked.kind} and has {len(values)} answers", "give at least two"


def _points(asked: Characteristic) -> Found:
    given = [answer for answer in asked.answers if answer.points is not None]
    for answer in given:
        if not _finite(answer.points):
            yield f"gives {short(answer.value)} the points {short(answer.points)}", "write a finite number"
    if asked.kind == "score":
        if given:
            yield "is a score and has points for single answers", "write points_per_step instead"
    elif given and len(given) < len(asked.answers):
        missing = ", ".join(answer.value for answer in asked.answers if answer.points is None)
        yield f"has points for some answers but not for {missing}", "give points to all or to none"


def _unknown(asked: Characteristic) -> Found:
    own = {fold(value) for value in asked.values}
    for word in asked.unknown:
        if not word.strip():
            yield "has an empty word for unknown", "leave it out; `blank` says what an empty cell means"
        elif fold(word) in own:
            yield f"has {short(word)} both as an answer and as a word for unknown", "keep one of the two"
    for word in repeated(asked.unknown, fold):
        yield f"has the word for unknown {short(word)} twice", "keep one"


def _both_ways(asked: Characteristic, survey: Survey) -> Iterator[Problem]:
    """Words that the team added to the survey's unknown ones and that are answers here as well."""
    answers = {fold(value): value for value in asked.values}
    usual = {fold(word) for word in UNKNOWN_WORDS}  # an answer of the same word goes before these
    for word in survey.unknown:
        if fold(word) in answers and fold(word) not in usual:
            reason = (
                f"has {short(answers[fold(word)])} among its answers, and `unknown` of the survey has it too"
            )
            fix = "take it out of the answers if it means not known, or out of `unknown` if it is an answer"
            yield _problem(f"characteristic {short(asked.name)}", reason, fix)


def _score(asked: Characteristic) -> Found:
    limits = {"low": asked.low, "high": asked.high, "points_per_step": asked.points_per_step}
    for name, number in limits.items():
        if number is not None and not _finite(number):
            yield f"has {name} {short(number)}", "write a finite number"
    if asked.step is not None and not (_finite(asked.step) and asked.step > 0):
        yield f"has step {short(asked.step)}", "write a number above 0, or leave it out"
    low = asked.low if asked.low is not None else -math.inf
    high = asked.high if asked.high is not None else math.inf
    if low >= high:
        yield f"has low {low:g} not below high {high:g}", "swap or correct them"
    for value in asked.values:
        number = as_number(value)
        if number is None or not math.isfinite(number):
            yield f"is a score and has the answer {short(value)}", "write a number"
        elif not low <= number <= high:
            yield f"has the answer {value} outside low..high", "move the limit or drop the answer"
    for name in ("reference", "contrast"):
        if getattr(asked, name) is not None:
            yield f"is a score and has a {name}", "leave it out: a score is reported per step"


def _not_score(asked: Characteristic) -> Found:
    for name in ("low", "high", "points_per_step", "step"):
        if getattr(asked, name) is not None:
            yield f"is {asked.kind} and has {name}", "leave it out: only a score has one"
    yield from _compared(asked)


def _compared(asked: Characteristic) -> Found:
    if asked.reference is not None:
        if asked.kind == "ordered":
            yield "is ordered and has a reference", "leave it out, or make it a choice"
        elif asked.reference not in asked.values:
            yield _not_an_answer("reference", asked.reference, asked), "write one of its answers"
    if asked.contrast is not None:
        if asked.kind != "choice":
            yield f"is {asked.kind} and has a contrast", "leave it out: only a choice has one"
        for value in asked.contrast:
            if value not in asked.values:
                yield _not_an_answer("contrast", value, asked), "write two of its answers: [from, to]"
        if len(asked.contrast) != 2 or asked.contrast[0] == asked.contrast[1]:
            yield "has a contrast that is not two different answers", "write two of its answers: [from, to]"


def _not_an_answer(what: str, value: str, asked: Characteristic) -> str:
    return f"has the {what} {short(value)}, not among its answers.{did_you_mean(value, asked.values)}"


def _general(survey: Survey) -> Iterator[Problem]:
    if not survey.characteristics:
        yield _problem("the survey", "asks nothing", "list at least one characteristic")
    pooled = survey.min_answers
    if not isinstance(pooled, int) or isinstance(pooled, bool) or pooled < 1:
        yield _problem("min_answers", f"is {short(survey.min_answers)}", "write a whole number from 1 up")
    if survey.schema_version != 1:
        reason = f"is {short(survey.schema_version)}; this version of qualify reads 1"
        yield _problem("schema_version", reason, "upgrade qualify or write 1")
    if any(not word.strip() for word in survey.unknown):
        yield _problem("unknown", "has an empty word", "leave it out; `blank` says what an empty cell means")


def _outcomes(outcomes: Outcomes, columns: Columns) -> Iterator[Problem]:
    meanings = ("won", "lost", "no_decision", "open", "leave_out")
    taken: dict[str, str] = {}
    for meaning in meanings:
        words: tuple[str, ...] = getattr(outcomes, meaning)
        if not words and meaning in ("won", "lost"):
            yield _problem(f"outcomes.{meaning}", "is empty", "list the words of the outcome column for it")
        for word in words:
            if not word.strip():
                yield _problem(f"outcomes.{meaning}", "has an empty word", "leave it out: blank is open")
            elif squeeze(word) in taken:
                reason = f"has {short(word)}, already in {taken[squeeze(word)]}"
                yield _problem(f"outcomes.{meaning}", reason, "keep it in one place")
            taken.setdefault(squeeze(word), meaning)
    if any(not word.strip() for word in outcomes.closed):
        yield _problem("outcomes.closed", "has an empty word", "leave it out: blank means no")
    if (columns.closed or columns.lost) and not outcomes.closed:
        fix = f"list the words of the column {columns.closed or columns.lost} that mean yes"
        yield _problem("outcomes.closed", "is empty", fix)
    if outcomes.no_decision_as not in ("lost", "leave_out"):
        reason = f"is {short(outcomes.no_decision_as)}"
        yield _problem("outcomes.no_decision_as", reason, "write lost or leave_out")


def _columns(survey: Survey) -> Iterator[Problem]:
    taken: dict[str, str] = {}
    for field in fields(survey.columns):
        column = getattr(survey.columns, field.name)
        if column is None:
            continue
        if not column.strip():
            mend = "write the heading of its column" + ("" if field.name == "outcome" else " or leave it out")
            yield _problem(f"columns.{field.name}", "is empty", mend)
        elif column.strip() in taken:
            reason = f"is {short(column)}, already used for {taken[column.strip()]}"
            yield _problem(f"columns.{field.name}", reason, "name another column, or leave it out")
        elif field.name not in SHAREABLE:
            taken[column.strip()] = f"columns.{field.name}"
    for asked in survey.characteristics:
        where = f"characteristic {short(asked.name)}"
        if asked.column.strip() in taken:
            reason = f"has the column {short(asked.column)}, already used for {taken[asked.column.strip()]}"
            yield _problem(where, reason, "name another column")
        elif not asked.column.strip():
            yield _problem(where, "names no column", "write the heading of its column")
        elif asked.option is None or not asked.option.separator:  # the options of one column share it
            taken[asked.column.strip()] = where
    yield from _options(survey)


def _options(survey: Survey) -> Iterator[Problem]:
    alone = {asked.column.strip() for asked in survey.characteristics if asked.option is None}
    seen: set[tuple[str, str]] = set()
    for asked in survey.characteristics:
        where, option = f"characteristic {short(asked.name)}", asked.option
        if option is None:
            continue
        place = (asked.column.strip(), fold(option.word))
        if asked.kind != "yes_no":
            yield _problem(where, "is an option and not yes_no", "write kind: yes_no")
        if not option.word.strip():
            yield _problem(where, "is an option without a word", "write the option as it stands in the table")
        elif place in seen or (option.separator and place[0] in alone):
            yield _problem(where, "asks of a column what is asked already", "keep one of the two")
        seen.add(place)


def _names(survey: Survey) -> Iterator[Problem]:
    for name in repeated(survey.names, fold):
        yield _problem(f"characteristic {short(name)}", "has a name used twice", "give it another name")
    for name in survey.names:
        if not name.strip():
            yield _problem("a characteristic", "has no name", "give it one")
        elif name in RESERVED:
            reason = "has a name that results use for something else"
            yield _problem(f"characteristic {short(name)}", reason, f"call it for example {name.title()!r}")


def repeated(words: Iterable[str], same: Callable[[str], str]) -> list[str]:
    """Return the words that an earlier one equals under `same`.

    Parameters
    ----------
    words : iterable of str
        Words as written.
    same : callable
        Gives the form in which two words are compared.

    Returns
    -------
    list of str
        The later ones.

    Examples
    --------
    >>> repeated(["Yes", "No", "yes "], fold)
    ['yes ']
    """
    seen: set[str] = set()
    again = []
    for word in words:
        if same(word) in seen and word.strip():
            again.append(word)
        seen.add(same(word))
    return again


def _finite(number: object) -> bool:
    return isinstance(number, int | float) and not isinstance(number, bool) and math.isfinite(number)


def _problem(where: str, reason: str, mend: str) -> Problem:
    return Problem(reason=f"{where} {reason}", mend=mend)
