"""The sheets that people fill in: Calculator for one deal, Batch for many."""

from __future__ import annotations

from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from qualify._support.words import number_text
from qualify.exports.rules import Question, Rules
from qualify.exports.workbook import formulas, looks, reading
from qualify.exports.workbook.looks import put, put_field, put_formula
from qualify.exports.workbook.plan import (
    CALCULATOR,
    DEALS,
    FIRST_DEAL,
    FIRST_QUESTION,
    Placed,
    Plan,
    place,
    shown,
)

WIDTHS = {"A": 5.0, "B": 58.0, "C": 28.0, "D": 10.0, "E": 40.0}
FIRST_RESULT = FIRST_QUESTION - 8
LAST_DEAL = FIRST_DEAL + DEALS - 1
RESULTS = {"Score": 9.0, "Win probability": 13.0, "Zone": 10.0, "Gates tripped": 34.0, "To mend": 34.0}


def write_calculator(sheet: Worksheet, plan: Plan, title: str, origin: str) -> None:
    """Write the sheet for one deal.

    Parameters
    ----------
    sheet : Worksheet
        Empty.
    plan : Plan
        The plan.
    title, origin : str
        The title, and the line under it.
    """
    put(sheet, "A1", title, looks.TITLE)
    put(sheet, "A2", origin, looks.NOTE)
    put(sheet, "A3", "Answer in the yellow cells, the only ones that can be changed.", looks.NOTE)
    _write_results(sheet, plan)
    for column, head in zip("ABCDE", ("", "Question", "Answer", "Points", "Remark"), strict=True):
        put(sheet, f"{column}{FIRST_QUESTION - 1}", head, looks.HEAD)
    looks.tall(sheet, FIRST_QUESTION - 1, {}, WIDTHS)
    for row, one in enumerate(plan.placed, start=FIRST_QUESTION):
        _write_question(sheet, plan, one, row)
    looks.finish(sheet, WIDTHS, f"A{FIRST_QUESTION}", landscape=False)


def _write_question(sheet: Worksheet, plan: Plan, one: Placed, row: int) -> None:
    text = shown(one.question.text, most=500)
    put(sheet, f"A{row}", row - FIRST_QUESTION + 1, looks.VALUE)
    put(sheet, f"B{row}", text, looks.TEXT)
    put_field(sheet, f"C{row}", one)
    points = f"INDEX({formulas.in_points(plan, 'C')},{_given(one)})"
    put_formula(sheet, f"D{row}", f'IF({_given(one)}=0,"",{points})', looks.VALUE)
    put_formula(sheet, f"E{row}", _remark(plan, one), looks.TEXT)
    looks.tall(sheet, row, {"B": text}, WIDTHS)
    looks.mark(sheet, f"E{row}", f'$D{row}=""')
    _offer(sheet, one, f"C{row}", f"C{row}", refuse=True)


def _given(one: Placed, row: int = CALCULATOR) -> str:
    return f"Workings!${one.answer}${row}"


def _remark(plan: Plan, one: Placed) -> str:
    """Say what is wrong, which gate is tripped, what finding out could add, or the range of a number."""
    given, key = _given(one), f"Workings!${one.trimmed}${CALCULATOR}"
    wanted = _numbers_wanted(one.question) if one.number else "choose one from the list"
    wrong = f'IF({key}="","needs an answer","not an answer here: {wanted}")'
    gain = (
        f"unknown: up to {one.gain} more point{'s' if one.gain != 1 else ''}" if one.gain > 0 else "unknown"
    )
    known = f'"counts as "&INDEX({formulas.in_points(plan, "B")},{given})' if one.number else '""'
    text = f'IF({given}={one.unknown},"{gain}",{known})'
    for number, _ in one.gates:
        most = f'ROUND(100*Points!$D${place(number)},1)&"%"'
        text = f'IF({given}={number},"trips a gate: win probability at most "&{most},{text})'
    return f"IF({given}=0,{wrong},{text})"


def _numbers_wanted(question: Question) -> str:
    least, most = (reading.finite(end) for end in (question.least, question.most))
    if least == -reading.ENDLESS:
        return "a number" + (f" of at most {number_text(most)}" if most < reading.ENDLESS else "")
    end = f"from {number_text(least)} to {number_text(most)}"
    return f"a number {end if most < reading.ENDLESS else f'of {number_text(least)} or more'}"


def _write_results(sheet: Worksheet, plan: Plan) -> None:
    total, most = (f"Workings!${column}${CALCULATOR}" for column in (plan.score, plan.limit))
    highest = len(plan.rules.probabilities) - 1
    begin = f", begins with {plan.rules.start}" if plan.rules.start else ""
    by_gain = sorted((one for one in plan.placed if one.gain > 0), key=lambda one: -one.gain)
    mend = formulas.joined((f"{_given(one)}=0", _name(one)) for one in plan.placed)
    find_out = formulas.joined((f"{_given(one)}={one.unknown}", _name(one)) for one in by_gain)
    zone = f'IF({most}<1,"below: a gate is tripped",{_zone_with_scores(plan.rules, total)})'
    rows = (
        (f"Score (0 to {highest}{begin})", f'IF({total}="","no score: answers are to be mended",{total})'),
        ("Win probability", formulas.probability(plan, CALCULATOR)),
        ("Zone", f'IF({total}="","",{zone})'),
        ("Gates tripped", f'IF({total}="","",{_or_none(formulas.gates(plan, CALCULATOR))})'),
        ("To mend", _or_none(mend)),
        ("Unknown, the most worth finding out first", _or_none(find_out)),
    )
    kinds = (looks.RESULT_LARGE, looks.RESULT_SHARE, looks.RESULT_LARGE, *3 * (looks.RESULT,))
    for row, ((label, formula), look) in enumerate(zip(rows, kinds, strict=True), start=FIRST_RESULT):
        put(sheet, f"B{row}", label, looks.LABEL)
        put_formula(sheet, f"C{row}", formula, look)
        for column in "DE":
            sheet[f"{column}{row}"].style = look.name
        sheet.merge_cells(f"C{row}:E{row}")
        sheet.row_dimensions[row].height = 24 if look.size > 11 else 32
    looks.colour_zones(sheet, f"C{FIRST_RESULT + 2}:E{FIRST_RESULT + 2}")
    looks.mark(sheet, f"C{FIRST_RESULT + 4}", f'$C${FIRST_RESULT + 4}<>"none"')


def _zone_with_scores(rules: Rules, total: str) -> str:
    ends = (0, rules.first_inside, rules.first_above, len(rules.probabilities))
    below, inside, above = (
        f'"{zone} (score {low} to {end - 1})"'
        for zone, low, end in zip(("below", "inside", "above"), ends, ends[1:], strict=False)
    )
    return f"IF({total}<{ends[1]},{below},IF({total}>={ends[2]},{above},{inside}))"


def _name(one: Placed) -> str:
    return f"Points!$A${place(one.first)}"


def _or_none(formula: str) -> str:
    return '"none"' if formula == '""' else f'IF({formula}="","none",{formula})'


def write_batch(sheet: Worksheet, plan: Plan) -> None:
    """Write the sheet for many deals.

    Parameters
    ----------
    sheet : Worksheet
        Empty.
    plan : Plan
        The plan.
    """
    put(sheet, "A1", "Many deals", looks.TITLE)
    how = f"Paste up to {DEALS} deals as values into the yellow cells, a row each; results are to the right."
    put(sheet, "A2", how, looks.NOTE)
    columns = [get_column_letter(2 + k) for k in range(len(plan.placed) + len(RESULTS))]
    asked, results = columns[: len(plan.placed)], columns[len(plan.placed) :]
    names = {"A": "Deal"} | {c: shown(one.question.name) for c, one in zip(asked, plan.placed, strict=True)}
    hints = {"A": "any name"} | {c: _hint(one) for c, one in zip(asked, plan.placed, strict=True)}
    widths = {"A": 18.0} | dict.fromkeys(asked, 18.0) | dict(zip(results, RESULTS.values(), strict=True))
    names |= dict(zip(results, RESULTS, strict=True))
    for column in widths:
        put(sheet, f"{column}{FIRST_DEAL - 2}", names[column], looks.HEAD)
        put(sheet, f"{column}{FIRST_DEAL - 1}", hints.get(column, ""), looks.SMALL_HEAD)
    looks.tall(sheet, FIRST_DEAL - 2, names, widths)
    looks.tall(sheet, FIRST_DEAL - 1, hints, widths)
    for row in range(FIRST_DEAL, LAST_DEAL + 1):
        sheet[f"A{row}"].style = looks.ANSWER_WORD.name
        for column, one in zip(asked, plan.placed, strict=True):
            put_field(sheet, f"{column}{row}", one)
        _write_deal(sheet, plan, results, row)
    for column, one in zip(asked, plan.placed, strict=True):
        _offer(sheet, one, f"{column}{FIRST_DEAL}:{column}{LAST_DEAL}", f"{column}{FIRST_DEAL}", refuse=False)
    zones, mend = results[2], results[4]
    looks.colour_zones(sheet, f"{zones}{FIRST_DEAL}:{zones}{LAST_DEAL}")
    looks.mark(sheet, f"{mend}{FIRST_DEAL}:{mend}{LAST_DEAL}", f'${mend}{FIRST_DEAL}<>""')
    sheet.auto_filter.ref = f"A{FIRST_DEAL - 1}:{columns[-1]}{LAST_DEAL}"
    sheet.print_title_rows = f"{FIRST_DEAL - 2}:{FIRST_DEAL - 1}"
    looks.finish(sheet, widths, f"B{FIRST_DEAL}", landscape=True)


def _hint(one: Placed) -> str:
    """Say which column of the criteria's table it is, where its name is another, and what is an answer."""
    question = one.question
    column = "" if question.field == question.name else f"column {shown(question.column, most=40)}: "
    return column + shown(_numbers_wanted(question) if one.number else " / ".join(one.labels), most=100)


def _write_deal(sheet: Worksheet, plan: Plan, results: list[str], row: int) -> None:
    filled, total = (f"Workings!${column}${row}" for column in (plan.filled, plan.score))
    mend = formulas.joined((f"{_given(one, row)}=0", _name(one)) for one in plan.placed)
    cells = (
        (total, looks.VALUE),
        (formulas.probability(plan, row), looks.SHARE),
        (formulas.zone(plan, row), looks.VALUE),
        (f'IF({total}="","",{formulas.gates(plan, row)})', looks.TEXT),
        (f'IF({filled}=0,"",{mend})', looks.TEXT),
    )
    for column, (formula, look) in zip(results, cells, strict=True):
        put_formula(sheet, f"{column}{row}", formula, look)


def _offer(sheet: Worksheet, one: Placed, cells: str, first: str, *, refuse: bool) -> None:
    """Offer the answers in a list, or say which numbers are answers; `refuse` whatever else is typed."""
    if one.number:
        wanted = _numbers_wanted(one.question)
        check = DataValidation(type="custom", formula1=reading.number_allowed(one, first), allow_blank=True)
        check.error = f"Not an answer: {wanted}."
        check.prompt = f"{wanted[0].upper()}{wanted[1:]}, or the word for unknown"
        check.promptTitle, check.showInputMessage = "Answer", refuse
    elif one.labels:
        check = DataValidation(type="list", formula1=reading.labels_at(one), allow_blank=True)
        check.error = "Not an answer: choose one from the list."
    else:
        return
    check.errorTitle, check.errorStyle = "Answer", "stop"
    # Other spellings of an answer are read too, so that in Batch nothing is refused: the result says so.
    check.showErrorMessage = refuse
    check.add(cells)
    sheet.add_data_validation(check)
