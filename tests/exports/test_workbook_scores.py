"""LibreOffice calculates the workbook: it scores deals by its own formulas as Python does."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from types import SimpleNamespace

import numpy as np
import openpyxl
import pandas as pd
import pytest
from exports.conftest import NAN, gates_of
from exports.parity import assert_equal, combinations, expected, foreign
from openpyxl.cell.cell import Cell
from openpyxl.workbook import Workbook

from qualify._support.words import as_number
from qualify.criteria.model import Criteria
from qualify.exports.python_source import criteria_to_python
from qualify.exports.rules import rules_of
from qualify.exports.workbook import criteria_to_workbook
from qualify.exports.workbook.plan import DEALS, FIRST_DEAL, FIRST_QUESTION, shown, written
from qualify.survey import Answer

Make = Callable[..., Criteria]
Recalculate = Callable[[list[Workbook]], list[Workbook]]
SOFFICE = shutil.which("soffice")
SPARE = 30  # rows of Batch left for deals with a foreign answer, and for none
HEADS = ["score", "probability", "zone", "gates", "mend"]


@pytest.fixture(scope="session")
def recalculate(tmp_path_factory: pytest.TempPathFactory) -> Recalculate:
    """Let LibreOffice calculate workbooks, so that the values of their formulas can be read."""
    profile = f"-env:UserInstallation={tmp_path_factory.mktemp('profile').as_uri()}"

    def calculate(books: list[Workbook]) -> list[Workbook]:
        assert SOFFICE is not None, "LibreOffice (soffice) is not installed"
        folder = tmp_path_factory.mktemp("books")
        files = [folder / f"book{k}.xlsx" for k in range(len(books))]
        for file, book in zip(files, books, strict=True):
            book.save(file)
        command = [SOFFICE, profile, "--headless", "--convert-to", "xlsx", "--outdir", str(folder / "out")]
        subprocess.run([*command, *map(str, files)], check=True, capture_output=True, timeout=240)
        made = [folder / "out" / file.name for file in files]
        return [openpyxl.load_workbook(file, data_only=True, read_only=True) for file in made]

    return calculate


def opened(criteria: Criteria) -> Workbook:
    return openpyxl.load_workbook(BytesIO(criteria_to_workbook(criteria)))


def type_in(cell: Cell, answer: object, *, numbers: bool = False) -> None:
    """A text stays text; where `numbers` is asked for, one that is a number becomes it."""
    number = as_number(answer) if numbers and isinstance(answer, str) else None
    if isinstance(answer, str) and number is None:
        cell.value, cell.data_type = written(answer), "s"
    else:
        cell.value = answer if number is None else number  # type: ignore[assignment]


def filled(criteria: Criteria, table: pd.DataFrame, *, numbers: bool = True) -> Workbook:
    """A workbook with the table in Batch, and its first row in Calculator."""
    book = opened(criteria)
    for k, deal in enumerate(table.to_dict("records")):
        type_in(book["Batch"].cell(FIRST_DEAL + k, 1), f"deal {k}")
        for q, question in enumerate(rules_of(criteria).questions):
            type_in(
                book["Batch"].cell(FIRST_DEAL + k, 2 + q),
                deal[question.column],
                numbers=numbers and k % 2 == 0,
            )
            if k == 0:
                type_in(book["Calculator"].cell(FIRST_QUESTION + q, 3), deal[question.column])
    return book


def results(book: Workbook, criteria: Criteria) -> pd.DataFrame:
    """What Batch shows in every row; a blank is an empty text."""
    first = 2 + len(rules_of(criteria).questions)
    ends = {"min_row": FIRST_DEAL, "max_row": FIRST_DEAL + DEALS - 1, "max_col": first + len(HEADS) - 1}
    rows = list(book["Batch"].iter_rows(min_col=first, values_only=True, **ends))
    table = pd.DataFrame(rows, columns=HEADS, dtype=object)
    return table.where(table.notna(), "")


def summary(book: Workbook) -> dict[str, object]:
    """What Calculator shows above its questions."""
    rows = book["Calculator"].iter_rows(min_row=5, max_row=10, min_col=3, max_col=3, values_only=True)
    values = ("" if value is None else value for (value,) in rows)
    return dict(zip([*HEADS, "unknown"], values, strict=True))


KEPT: dict[str, SimpleNamespace] = {}


@pytest.fixture
def scored(
    criteria_case: Criteria, recalculate: Recalculate, request: pytest.FixtureRequest
) -> SimpleNamespace:
    """Each case calculated once: good deals, then deals with a foreign answer, then empty rows."""
    case = request.node.callspec.params["criteria_case"]
    if case not in KEPT:
        good, bad = combinations(criteria_case), foreign(criteria_case)
        good = good.sample(n=min(len(good), 2 * DEALS - SPARE), random_state=1).reset_index(drop=True)
        both = pd.concat([good, bad], ignore_index=True)
        parts = [both[start : start + DEALS] for start in range(0, len(good) + SPARE, DEALS)]
        books = recalculate([filled(criteria_case, part) for part in parts])
        found = pd.concat([results(book, criteria_case) for book in books], ignore_index=True)
        ends = (len(good), len(both))
        KEPT[case] = SimpleNamespace(
            table=good, found=found[: ends[0]], foreign=found[ends[0] : ends[1]], empty=found[ends[1] :],
            calculators=[(part.iloc[:1], summary(book)) for part, book in zip(parts, books, strict=True)],
        )  # fmt: skip
    return KEPT[case]


def python_says(criteria: Criteria) -> Callable[[dict[str, object]], dict[str, object]]:
    space: dict[str, Callable[[dict[str, object]], dict[str, object]]] = {}
    exec(compile(criteria_to_python(criteria), "criteria.py", "exec"), space)
    return space["score_deal"]


@pytest.mark.engines
def test_every_combination_of_answers(criteria_case: Criteria, scored: SimpleNamespace) -> None:
    assert_equal(scored.found, criteria_case, scored.table)
    score_deal = python_says(criteria_case)
    gates = [score_deal(deal)["gates"] for deal in scored.table.to_dict("records")]
    assert scored.found["gates"].tolist() == ["; ".join(map(shown, tripped)) for tripped in gates]
    assert (scored.found["mend"] == "").all()


@pytest.mark.engines
def test_the_calculator_says_what_python_says(criteria_case: Criteria, scored: SimpleNamespace) -> None:
    for deal, shows in scored.calculators:
        first = expected(criteria_case, deal.reset_index(drop=True)).iloc[0]
        assert shows["score"] == first["score"]
        assert shows["probability"] == pytest.approx(first["probability"], abs=1e-12)
        assert str(shows["zone"]).startswith(first["zone"])
        assert (shows["gates"] == "none") == (not first["gates"])
        assert shows["mend"] == "none"


@pytest.mark.engines
def test_a_foreign_answer_has_no_score_and_is_named(criteria_case: Criteria, scored: SimpleNamespace) -> None:
    names = [shown(question.name) for question in rules_of(criteria_case).questions]
    assert scored.foreign["mend"].tolist() == names
    assert (scored.foreign[["score", "probability", "zone", "gates"]] == "").all(axis=None)


@pytest.mark.engines
def test_empty_rows_stay_empty(criteria_case: Criteria, scored: SimpleNamespace) -> None:
    assert len(scored.empty) >= SPARE - 20
    assert (scored.empty == "").all(axis=None)


LONG = "x" * 300
ODD_WORDS = [
    "Straße", "STRASSE", "straße ", " strasse", "cafe\u0301", "caf\xe9", "CAF\xc9", "don\u2019t", "DON'T",
    "\ta b", "\xa0 a b ", "a b\n", "a\tb", "a  b", "a\xa0b", "a*", "a?", "a~*", "ab", "*", "?", "~",
    LONG + "1", LONG + "2", LONG,
    "don\u2018t", "a \u2013 b", "a\u2014b", "\u201cgo\u201d",
    "1", "1.0", 1, 1.0, "true", "TRUE", "=1+1", "@x", "+x", "-x", "_x0041_", "A", "#N/A",
    "=cmd|' /C calc'!A0", "", " ", None, "unknown", " UNKNOWN ", "not known", "x\ry",
]  # fmt: skip
ODD_ANSWERS = (
    "Straße", "café", "don't", "a b", "a*", "a~*", LONG + "1", LONG + "2", "1", "true", "=1+1", "@x", "+x",
    "_x0041_", "#N/A", "x\ry", "a - b", "a-b", '"go"',
)  # fmt: skip
ODD_NUMBERS = [
    "4", 4, "4.0", 4.0, " 4 ", "+4", "4.", ".5", "0.5", "3.9999999", 3.9999999, "4e0", "40e-1", "1e3", "1e",
    "e1", "e", ".", "+", "-", "-1", -1, "10", 10, "9", 9, "9.0001", "4,5", "4 5", "50%", "4-5", "1/2", "0x4",
    "4_0", "NaN", "inf", "$4", "(4)", "4" * 50, True, "TRUE", "", None, "unknown", "1.2.3", "12:00", "٤",
]  # fmt: skip


def odd_criteria(make_criteria: Make) -> Criteria:
    """The first question takes odd words, the second numbers."""
    criteria = make_criteria()
    first, *others = criteria.survey.characteristics
    answers = tuple(Answer(value=word) for word in ODD_ANSWERS)
    asked = (replace(first, kind="choice", answers=answers), *others)
    rows = [(first.name, word, k % 7, NAN, NAN) for k, word in enumerate((*ODD_ANSWERS, "unknown"))]
    added = pd.DataFrame(rows, columns=criteria.points.columns)
    points = pd.concat([added, criteria.points.iloc[3:]], ignore_index=True)
    return replace(criteria, points=points, survey=replace(criteria.survey, characteristics=asked))


@pytest.mark.engines
def test_odd_cells_are_read_as_python_reads_them(make_criteria: Make, recalculate: Recalculate) -> None:
    criteria = odd_criteria(make_criteria)
    cells = [{"b": word, "f": "unknown"} for word in ODD_WORDS]
    cells += [{"b": "unknown", "f": number} for number in ODD_NUMBERS]
    found = results(
        recalculate([filled(criteria, pd.DataFrame(cells, dtype=object), numbers=False)])[0], criteria
    )
    score_deal = python_says(criteria)
    wrong = []
    for cell, score in zip(cells, found["score"], strict=False):
        try:
            wanted = score_deal(cell)["score"]
        except ValueError:
            wanted = ""
        if score != wanted:
            wrong.append((cell, score, wanted))
    assert not wrong


@pytest.mark.engines
def test_the_calculator_says_what_is_missing_and_what_is_tripped(
    make_criteria: Make, recalculate: Recalculate
) -> None:
    gates = gates_of(
        ("Buyer met", "No", NAN, NAN, 40, 1, 0.12), ("Fit", "under 4", -np.inf, 4.0, 50, 4, 0.21)
    )
    criteria = make_criteria(gates=gates)
    deals = [{"b": "yes", "f": 9}, {"b": "NO", "f": "3"}, {"b": None, "f": 11}, {"b": None, "f": None}]
    books = [filled(criteria, pd.DataFrame([deal], dtype=object)) for deal in deals]
    good, stopped, wrong, blank = (summary(book) for book in recalculate(books))
    assert list(good.values()) == [9, pytest.approx(0.95), "above (score 6 to 9)", "none", "none", "none"]
    assert stopped["zone"] == "below: a gate is tripped"
    assert stopped["probability"] == pytest.approx(0.05)
    assert stopped["gates"] == "Buyer met: No; Fit: under 4"
    assert [wrong[name] for name in ("probability", "zone", "gates", "mend")] == ["", "", "", "Fit"]
    assert wrong["score"] == "no score: answers are to be mended"
    assert blank["score"] == 3
    assert blank["unknown"] == "Buyer met; Fit"
