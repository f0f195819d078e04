"""The sheets that hold what the others look up: Points for people, Lists and Workings for the formulas."""

from __future__ import annotations

from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from qualify.criteria.model import Criteria
from qualify.exports.rules import NO_LIMIT, Rules
from qualify.exports.workbook import formulas, reading
from qualify.exports.workbook.looks import HEAD, NOTE, SHARE, TEXT, TITLE, VALUE, put, put_formula, tall
from qualify.exports.workbook.plan import (
    CALCULATOR,
    DEALS,
    FIRST_DEAL,
    FIRST_LIST,
    FIRST_POINTS,
    FIRST_QUESTION,
    Placed,
    Plan,
    shown,
)

POINTS_WIDTHS = {"A": 30, "B": 26, "C": 9, "D": 18, "E": 44, "F": 3, "G": 9, "H": 17, "I": 11}


def write_points(sheet: Worksheet, plan: Plan, criteria: Criteria, origin: str) -> None:
    """Write what every answer earns, and what every score says.

    Parameters
    ----------
    sheet : Worksheet
        Empty.
    plan : Plan
        The plan.
    criteria : Criteria
        For the meaning of answers.
    origin : str
        The line under the title.
    """
    put(sheet, "A1", "Points and win probabilities", TITLE)
    put(sheet, "A2", origin, NOTE)
    heads = ("Question", "Answer", "Points", "Gate: win probability at most", "What it means")
    for column, head in zip("ABCDE", heads, strict=True):
        put(sheet, f"{column}{FIRST_POINTS - 1}", head, HEAD)
    sheet.row_dimensions[FIRST_POINTS - 1].height = 35
    row = FIRST_POINTS
    for one in plan.placed:
        meanings = _meanings(criteria, one)
        for choice in one.question.choices:
            texts = {
                "A": shown(one.question.name),
                "B": shown(choice.answer),
                "E": meanings.get(choice.answer, ""),
            }
            for column, text in texts.items():
                put(sheet, f"{column}{row}", text, TEXT)
            put(sheet, f"C{row}", choice.points, VALUE)
            put(sheet, f"D{row}", "" if choice.limit == NO_LIMIT else choice.limit, SHARE)
            tall(sheet, row, texts, POINTS_WIDTHS)
            row += 1
    _write_scores(sheet, plan.rules)


def _meanings(criteria: Criteria, one: Placed) -> dict[str, str]:
    asked = criteria.survey.characteristic(one.question.name)
    texts = {
        answer.value: ": ".join(part for part in (answer.label, answer.anchor) if part)
        for answer in asked.answers
    }
    return {value: shown(text, most=400) for value, text in texts.items()}


def _write_scores(sheet: Worksheet, rules: Rules) -> None:
    for column, head in zip("GHI", ("Score", "Win probability", "Zone"), strict=True):
        put(sheet, f"{column}{FIRST_POINTS - 1}", head, HEAD)
    for score, chance in enumerate(rules.probabilities):
        row = FIRST_POINTS + score
        if row not in sheet.row_dimensions:
            tall(sheet, row, {}, POINTS_WIDTHS)
        put(sheet, f"G{row}", score, VALUE)
        put(sheet, f"H{row}", chance, SHARE)
        put(sheet, f"I{row}", rules.zone_of(score), VALUE)


def write_lists(sheet: Worksheet, plan: Plan) -> None:
    """Write the words, drop-down entries and ranges that formulas look up.

    Parameters
    ----------
    sheet : Worksheet
        Empty.
    plan : Plan
        The plan.
    """
    heads = {
        "A": "Position", "C": "Question", "D": "Word", "F": "Answer number",
        "H": "Question", "I": "Drop-down entry", "K": "Question", "L": "From", "M": "To below",
        "N": "Answer number", "P": "Win probability at most",
    }  # fmt: skip
    for column, head in heads.items():
        put(sheet, f"{column}1", head, HEAD)
    for position in range(reading.DIGITS):
        put(sheet, f"A{FIRST_LIST + position}", position + 1)
    for one in plan.placed:
        name = shown(one.question.name)
        for row, word in enumerate(one.words, start=one.word_row):
            _put_row(sheet, "CDF", row, (name, *word))
        for row, label in enumerate(one.labels, start=one.label_row):
            _put_row(sheet, "HI", row, (name, label))
        for row, (low, below, number) in enumerate(one.ranges, start=one.range_row):
            _put_row(sheet, "KLMN", row, (name, reading.finite(low), reading.finite(below), number))
        for row, choice in enumerate(one.question.choices, start=FIRST_LIST + one.first - 1):
            put(sheet, f"P{row}", choice.limit)


def _put_row(sheet: Worksheet, columns: str, row: int, values: tuple[str | float, ...]) -> None:
    for column, value in zip(columns, values, strict=True):
        put(sheet, f"{column}{row}", value)


def write_workings(sheet: Worksheet, plan: Plan) -> None:
    """Write the steps from cells to scores: one row for the calculator, one for each row of Batch.

    Parameters
    ----------
    sheet : Worksheet
        Empty.
    plan : Plan
        The plan.
    """
    put(sheet, "A1", "Workings: how every cell is read, and the number of its answer (0: not known)", TITLE)
    heads = {"A": "Sheet", plan.filled: "A deal?", plan.score: "Score", plan.limit: "At most"}
    for one in plan.placed:
        name = shown(one.question.name, most=60)
        heads |= {one.text: f"{name}: text", one.trimmed: f"{name}: trimmed", one.answer: f"{name}: answer"}
        heads |= {one.number: f"{name}: number"} if one.number else {}
    for column, head in heads.items():
        put(sheet, f"{column}{CALCULATOR - 1}", head, HEAD)
    for row in range(CALCULATOR, FIRST_DEAL + DEALS):
        cells = [cell_of(plan, k, row) for k in range(len(plan.placed))]
        put(sheet, f"A{row}", "Calculator" if row == CALCULATOR else "Batch")
        for one, cell in zip(plan.placed, cells, strict=True):
            _write_steps(sheet, one, cell, row)
        first, last = f"Batch!$A{row}", cell_of(plan, len(plan.placed) - 1, row)
        filled = f"IFERROR(SUMPRODUCT(LEN(TRIM({first}:{last.removeprefix('Batch!')}))),1)"
        put_formula(sheet, f"{plan.filled}{row}", "1" if row == CALCULATOR else filled)
        put_formula(sheet, f"{plan.score}{row}", formulas.score(plan, row))
        put_formula(sheet, f"{plan.limit}{row}", formulas.limit(plan, row))


def cell_of(plan: Plan, k: int, row: int) -> str:
    """Where the answer to a question is typed.

    Parameters
    ----------
    plan : Plan
        The plan.
    k : int
        Which question; -1 is the deal's name in Batch.
    row : int
        Of Workings.

    Returns
    -------
    str
        Cell of Calculator or Batch.
    """
    if row == CALCULATOR:
        return f"Calculator!$C${FIRST_QUESTION + k}"
    return f"Batch!${get_column_letter(2 + k)}{row}"


def _write_steps(sheet: Worksheet, one: Placed, cell: str, row: int) -> None:
    put_formula(sheet, f"{one.text}{row}", reading.as_compared(cell))
    put_formula(sheet, f"{one.trimmed}{row}", reading.trimmed(f"${one.text}{row}"))
    if one.number:
        put_formula(sheet, f"{one.number}{row}", reading.number_in(cell, f"${one.trimmed}{row}"))
    put_formula(sheet, f"{one.answer}{row}", reading.answer_given(one, row))
