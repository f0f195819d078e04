"""Criteria as a Python file that needs nothing but Python."""

from __future__ import annotations

import math

from qualify._support.words import INVISIBLE, NUMBER, PUNCTUATION, as_number, fold
from qualify.criteria.model import Criteria
from qualify.deals.columns import marks_of
from qualify.deals.options import NOT_CHOSEN
from qualify.exports.rules import Question, Rules, rules_of
from qualify.reading.numbers import Marks
from qualify.survey import UNKNOWN

_HEAD = '''\
"""Qualification criteria, version {version}: score a deal from its answers.

``score_deal({{"column": "answer", ...}})`` gives the score, the win probability, the zone (below, inside,
above) and the gates tripped. An answer that the criteria do not know raises ValueError; nothing is guessed.
"""

import math
import re
import unicodedata

'''

_TAIL = '''

def fold(cell):
    """Give a cell in the form in which answers are compared; None and NaN are blank."""
    if cell is None or cell != cell:
        return ""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        cell = int(cell)
    text = " ".join("".join(sign for sign in str(cell) if sign not in INVISIBLE).split())
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFC", text).casefold().translate(ALIKE)


def find_answer(question, cell):
    """Find the answer that a cell gives: its name, points, and the most the win probability can be."""
    text = fold(cell)
    for answer, points, limit, words in question["words"]:
        if text in words:
            return answer, points, limit
    if question["numbers"] and isinstance(cell, str) and DECIMAL == ",":
        text = "" if "." in text else text.replace(",", ".")
    number = float(text) if NUMBER.fullmatch(text) else math.nan
    for answer, points, limit, same in question["same"]:
        if number == same:
            return answer, points, limit
    if math.isfinite(number) and question["least"] <= number <= question["most"]:
        for answer, points, limit, low, high in question["numbers"]:
            if low <= number < high:
                return answer, points, limit
    raise ValueError("no answer to " + repr(question["name"]) + ": " + repr(cell))


def cell_of(question, deal):
    """Give the cell that answers a question; of one choice among several whether it was made."""
    if not question["option"]:
        return deal[question["column"]]
    no, yes = question["answers"]
    cells = [fold(deal[column]) for column in question["columns"]]
    if question["separator"]:
        parts = [fold(part) for part in cells[0].split(question["separator"])]
        parts = [part for part in parts if part]
        return yes if question["option"] in parts else "" if set(parts) <= set(question["silent"]) else no
    if cells[0] not in question["not_chosen"] and cells[0] not in question["silent"]:
        return yes
    return "" if set(cells) <= set(question["silent"]) else no


def score_deal(deal):
    """Score one deal: a mapping from columns to cells, None for a blank one."""
    missing = [column for question in QUESTIONS for column in question["columns"] if column not in deal]
    if missing:
        raise ValueError("no such columns: " + ", ".join(map(repr, missing)))
    score, limit, gates = START, 1.0, []
    for question in QUESTIONS:
        answer, points, most = find_answer(question, cell_of(question, deal))
        score += points
        if most < 1.0:
            limit = min(limit, most)
            gates.append(question["name"] + ": " + answer)
    zone = "below" if gates or score < FIRST_INSIDE else "above" if score >= FIRST_ABOVE else "inside"
    return {"score": score, "probability": min(PROBABILITIES[score], limit), "zone": zone, "gates": gates}
'''


def criteria_to_python(criteria: Criteria) -> str:
    """Write criteria as the source of a Python module.

    Parameters
    ----------
    criteria : Criteria
        From `refine_criteria` or `read_criteria`.

    Returns
    -------
    str
        Source that imports nothing outside the standard library; ``score_deal`` is its one way in.

    Examples
    --------
    >>> import qualify as ql
    >>> simulated = ql.simulate_deals(300, rng=1)
    >>> criteria = ql.refine_criteria(ql.read_deals(simulated.frame, simulated.survey), replicates=20)
    >>> "def score_deal(deal):" in criteria_to_python(criteria)
    True
    """
    rules = rules_of(criteria)
    # A version may hold anything; in the docstring only plain characters of it are shown.
    version = "".join(letter for letter in rules.version if letter.isascii() and letter.isalnum())
    marks = marks_of(criteria.survey) or Marks()
    decimal = "," if marks.decimal == "," or marks.thousands == "." else "."
    constants = [*_constants(rules), f"DECIMAL = {decimal!r}"]
    return _HEAD.format(version=version) + "\n".join(constants) + "\n" + _TAIL


def _constants(rules: Rules) -> list[str]:
    questions = ",\n".join(_question(question) for question in rules.questions)
    return [
        f"NUMBER = re.compile({NUMBER.pattern!r})",
        f"INVISIBLE = {INVISIBLE!a}",
        f"ALIKE = str.maketrans({''.join(map(chr, PUNCTUATION))!a}, {''.join(PUNCTUATION.values())!a})",
        f"QUESTIONS = [\n{questions}\n]" if questions else "QUESTIONS = []",
        f"START = {rules.start}",
        f"PROBABILITIES = {list(rules.probabilities)!r}",
        f"FIRST_INSIDE, FIRST_ABOVE = {rules.first_inside}, {rules.first_above}",
    ]


def _question(question: Question) -> str:
    words = [(c.answer, c.points, c.limit, c.words) for c in question.choices if c.words]
    numbers = [
        f"({c.answer!r}, {c.points}, {c.limit!r}, {_number(c.low)}, {_number(c.high)})"
        for c in question.choices
        if c.is_range
    ]
    return (
        f"    {{\n        'name': {question.name!r}, 'column': {question.column!r},\n"
        f"        'words': {words!r},\n"
        f"        'same': {_same(question)!r},\n"
        f"        'numbers': [{', '.join(numbers)}],\n"
        f"        'least': {_number(question.least)}, 'most': {_number(question.most)},\n"
        f"        'columns': {list(question.columns)!r}, {_option(question)},\n    }}"
    )


def _same(question: Question) -> list[tuple[str, int, float, float]]:
    """Numbers that give an answer however they are spelt, where no other answer is that number as well."""
    if question.is_number:
        found = [
            (c, number)
            for c in question.choices
            for word in c.words
            if (number := as_number(word)) is not None
        ]
    else:
        known = [c for c in question.choices if c.answer != UNKNOWN]
        found = [(c, number) for c in known if (number := as_number(c.answer)) is not None]
        numbers = [number for _, number in found]
        found = [(c, number) for c, number in found if numbers.count(number) == 1]
    return [(c.answer, c.points, c.limit, number) for c, number in found if math.isfinite(number)]


def _option(question: Question) -> str:
    """Write what says that one choice among several was made."""
    if question.option is None:
        return "'option': ''"
    no, yes, *_ = (choice.answer for choice in question.choices)
    separator = question.option.separator.strip() or question.option.separator
    silent = next(choice.words for choice in question.choices if choice.answer == UNKNOWN)
    return (
        f"'option': {fold(question.option.word)!r}, 'separator': {separator!r}, 'answers': {(no, yes)!r},\n"
        f"        'silent': {silent!r}, 'not_chosen': {tuple(sorted(NOT_CHOSEN))!r}"
    )


def _number(value: float) -> str:
    if math.isinf(value):
        return "math.inf" if value > 0 else "-math.inf"
    return repr(float(value))
