"""What the formula exports of CRM systems share: fields of answers, their values, and the head of a file."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from qualify._support.words import fold
from qualify.criteria.model import Criteria
from qualify.exports.rules import Choice, Question, Rules
from qualify.formatting.formats import clean
from qualify.survey import UNKNOWN

LONGEST_BASE = 24  # of an answer's field name: what a suffix adds stays within 40 characters


@dataclass(frozen=True, slots=True)
class Asked:
    """A question and where a system keeps its answer.

    Attributes
    ----------
    question : Question
        The question.
    base : str
        Name of the field that holds the answer, as `field_names` gives it.
    values : dict of str to list of str
        Per answer the values that give it; empty where answers are numbers.
    """

    question: Question
    base: str
    values: dict[str, list[str]]


def field_names(questions: Sequence[Question], reserved: Iterable[str] = ()) -> list[str]:
    """Derive names of fields from columns: letters, digits and single underscores, each name once.

    Parameters
    ----------
    questions : sequence of Question
        Their columns are named.
    reserved : iterable of str
        Names that must not be used, in lower case.

    Returns
    -------
    list of str
        A name per question, at most 28 characters; they differ in more than case.

    Examples
    --------
    >>> from qualify.exports.rules import Question
    >>> columns = ("Buyer met?", "buyer_met", "日本")
    >>> asked = [Question(name="", column=column, text="", choices=()) for column in columns]
    >>> field_names(asked)
    ['Buyer_met', 'buyer_met_2', 'Answer_3']
    """
    taken = {*reserved, "qualification"}
    names = []
    for place, question in enumerate(questions, start=1):
        plain = unicodedata.normalize("NFKD", question.field).encode("ascii", "ignore").decode()
        base = re.sub(r"[^A-Za-z0-9]+", "_", plain).strip("_")[:LONGEST_BASE].strip("_")
        # No name of an answer's field can be that of a field which this export adds.
        base = re.sub(r"(?i)_(?=points|gate)|(?<=^qualification)_", "", base)
        base = base if base[:1].isalpha() else f"Answer_{base or place}"[:LONGEST_BASE].strip("_")
        tries = (base, *(f"{base}_{k}" for k in range(2, len(questions) + len(taken) + 2)))
        names.append(next(name for name in tries if name.lower() not in taken))
        taken.add(names[-1].lower())
    return names


def asked_of(
    criteria: Criteria,
    rules: Rules,
    write: Callable[[Question, Choice], list[str]],
    reserved: Iterable[str] = (),
) -> list[Asked]:
    """Name the fields of the questions that count, and list the values of their answers.

    Parameters
    ----------
    criteria : Criteria
        The criteria.
    rules : Rules
        Of the criteria.
    write : callable
        From a question and one of its answers to the values that give it.
    reserved : iterable of str
        Names that no field can have, in lower case.

    Returns
    -------
    list of Asked
        In the survey's order.
    """
    found = []
    for question, base in zip(rules.questions, field_names(rules.questions, reserved), strict=True):
        choices = () if question.is_number else question.choices
        found.append(Asked(question, base, {choice.answer: write(question, choice) for choice in choices}))
    return found


def spellings(criteria: Criteria, question: Question, choice: Choice) -> list[str]:
    """List the ways of writing an answer as people write them, the answer itself first.

    Parameters
    ----------
    criteria : Criteria
        Whose survey says how words are written.
    question : Question
        The question.
    choice : Choice
        One of its answers.

    Returns
    -------
    list of str
        Not blank, each once.
    """
    asked = criteria.survey.characteristic(question.name)
    own = choice.answer.strip()
    words = (own, own.capitalize()) if choice.answer == UNKNOWN else (own,)
    written = [*words, *(word.strip() for word in (*criteria.survey.unknown, *asked.unknown))]
    known = {fold(word) for word in written}
    mine = [word for word in written if fold(word) in choice.words]
    return list(dict.fromkeys([*mine, *(word for word in choice.words if word and word not in known)]))


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    r"""Lay out a table as lines of plain text.

    Parameters
    ----------
    head : sequence of str
        Headings.
    rows : iterable of sequences of str
        Cells; line breaks and control characters in them become spaces.

    Returns
    -------
    list of str
        A line per row.

    Examples
    --------
    >>> table(["name", "type"], [["Fit\n=== x", "Number"]])
    ['  name | type', '  Fit === x | Number']
    """
    lines = [[clean(cell) for cell in row] for row in rows]
    return ["  " + " | ".join(row) for row in (list(head), *lines)]


def heading(kind: str, criteria: Criteria, rules: Rules) -> list[str]:
    """Begin a file: what it is, of which survey and version.

    Parameters
    ----------
    kind : str
        What it is.
    criteria : Criteria
        The criteria.
    rules : Rules
        Of the criteria.

    Returns
    -------
    list of str
        Lines.
    """
    low, high = criteria.score_range
    return [
        kind,
        f"Survey: {clean(rules.title) or 'no title'}",
        f"Version of the criteria: {clean(rules.version)}. Scores go from {low} to {high}.",
        "",
    ]
