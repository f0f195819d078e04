"""What people see of the workbook and may change, and that nothing written into it acts."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import BytesIO
from zipfile import ZipFile

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl.utils import get_column_letter
from openpyxl.workbook import Workbook

from qualify.criteria.model import Criteria
from qualify.exports.rules import rules_of
from qualify.exports.workbook import criteria_to_workbook
from qualify.exports.workbook.plan import DEALS, FIRST_DEAL, FIRST_QUESTION, shown

Make = Callable[..., Criteria]
MADE: dict[str, bytes] = {}
OPENED: dict[str, Workbook] = {}


def opened(criteria: Criteria) -> Workbook:
    return openpyxl.load_workbook(BytesIO(criteria_to_workbook(criteria)))


@pytest.fixture
def made(criteria_case: Criteria, request: pytest.FixtureRequest) -> bytes:
    """The file of each case, made once."""
    case = request.node.callspec.params["criteria_case"]
    if case not in MADE:
        MADE[case] = criteria_to_workbook(criteria_case)
    return MADE[case]


@pytest.fixture
def book(made: bytes, request: pytest.FixtureRequest) -> Workbook:
    """The workbook of each case, opened once; no test changes it."""
    case = request.node.callspec.params["criteria_case"]
    if case not in OPENED:
        OPENED[case] = openpyxl.load_workbook(BytesIO(made))
    return OPENED[case]


def test_the_same_criteria_give_the_same_bytes(criteria_case: Criteria, made: bytes) -> None:
    assert criteria_to_workbook(criteria_case) == made
    with ZipFile(BytesIO(made)) as parts:
        assert {entry.date_time for entry in parts.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        core = parts.read("docProps/core.xml").decode()
    assert core.count("2000-01-01T00:00:00Z") == 2


def test_people_see_three_sheets_and_change_answers_only(criteria_case: Criteria, book: Workbook) -> None:
    questions = len(rules_of(criteria_case).questions)
    assert {sheet.title: sheet.sheet_state for sheet in book} == {
        "Calculator": "visible", "Batch": "visible", "Points": "visible", "Lists": "hidden",
        "Workings": "hidden",
    }  # fmt: skip
    fields = {"Calculator": questions, "Batch": DEALS * (1 + questions)}
    for sheet in book:
        unlocked = [cell for row in sheet.iter_rows() for cell in row if not cell.protection.locked]
        assert len(unlocked) == fields.get(sheet.title, 0)
        assert all(cell.value is None for cell in unlocked)
        assert sheet.protection.sheet
        assert sheet.protection.password is None


def test_every_sheet_prints_one_page_wide_with_its_head_frozen(book: Workbook) -> None:
    for sheet in book:
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert (sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight) == (1, 0)
        assert sheet.freeze_panes


def test_drop_down_lists_offer_every_answer_and_unknown(criteria_case: Criteria, book: Workbook) -> None:
    rules = rules_of(criteria_case)
    for name, column in (("Calculator", 0), ("Batch", 1)):
        checks = {
            str(check.sqref).split(":")[0]: check for check in book[name].data_validations.dataValidation
        }
        assert len(checks) == len(rules.questions)
        for k, question in enumerate(rules.questions):
            first = f"{get_column_letter(2 + k)}{FIRST_DEAL}" if column else f"C{FIRST_QUESTION + k}"
            check = checks[first]
            assert check.showErrorMessage is (name == "Calculator")
            if question.is_number:
                assert check.type == "custom"
                assert len(check.formula1) <= 255
                continue
            sheet, cells = check.formula1.split("!")
            offered = [row[0].value for row in book[sheet][cells.replace("$", "")]]
            assert offered == [shown(choice.answer) for choice in question.choices]


def test_the_range_of_numbers_is_in_the_check_of_the_cell(make_criteria: Make) -> None:
    checks = opened(make_criteria())["Calculator"].data_validations.dataValidation
    (check,) = (check for check in checks if check.type == "custom")
    assert "C14>=0.0,C14<=9.0" in check.formula1
    assert check.error == "Not an answer: a number from 0 to 9."


def formulas_of(criteria: Criteria) -> list[tuple[str, str, str]]:
    cells = (cell for sheet in opened(criteria) for row in sheet.iter_rows() for cell in row)
    return [(c.parent.title, c.coordinate, str(c.value)) for c in cells if c.data_type == "f"]


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.one_of(
            st.text(min_size=1, max_size=30),
            st.sampled_from(["=1+1", "+1", "-1", "@A1", "=cmd|' /C calc'!A0", "\x00"]),
        ),
        min_size=4, max_size=4,
    )
)  # fmt: skip
def test_no_text_of_the_criteria_becomes_a_formula(make_criteria: Make, texts: list[str]) -> None:
    title, name, question, version = texts
    names = (f"{name} 1", f"={name} 2", f"@{name} 3")
    words = (f"={question} a", f"+{question} b")
    hostile = make_criteria(title=title, names=names, words=words, text=question, version=version)
    plain = make_criteria(words=("a", "b"))
    # Formulas depend on where things stand alone: other texts, the same formulas, but for the rows of lists.
    shapes = [[without_rows(f) for _, _, f in formulas_of(criteria)] for criteria in (hostile, plain)]
    assert shapes[0] == shapes[1]


def without_rows(formula: str) -> str:
    return re.sub(r"(Lists!\$[A-Z]+)\$\d+:(\$[A-Z]+)\$\d+", r"\1:\2", formula)


def test_texts_that_begin_like_formulas_are_marked_as_texts(book: Workbook) -> None:
    for sheet in book:
        for row in sheet.iter_rows():
            for cell in row:
                if cell.data_type == "s" and cell.value.startswith(("=", "+", "-", "@")):
                    assert cell.quotePrefix


def test_an_answer_of_ten_thousand_characters(make_criteria: Make) -> None:
    long = "y" * 10_000
    criteria = make_criteria(words=("No", long), text=long)
    found = opened(criteria)
    words = [cell.value for cell in found["Lists"]["D"]]
    assert long in words
    labels = [cell.value for cell in found["Lists"]["I"] if cell.value]
    assert max(map(len, labels)) <= 200
    assert shown(long).lower() in words


def test_answers_that_look_alike_get_labels_of_their_own(make_criteria: Make) -> None:
    alike = "y" * 300
    criteria = make_criteria(words=(f"{alike}a", f"{alike}b"))
    labels = [cell.value for cell in opened(criteria)["Lists"]["I"] if cell.value][1:4]
    assert labels == [shown(alike), f"{shown(alike, 192)} (2)", "unknown"]
