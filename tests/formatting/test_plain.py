"""Tables as CSV and JSON: numbers in full, nothing that a spreadsheet would run, nothing lost."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qualify._support.words import as_number
from qualify.formatting.plain import FORMULA_STARTS, guard, plain_value, to_csv, to_json, to_records


def read_back(frame: pd.DataFrame) -> list[list[str]]:
    text = to_csv(frame)
    assert text.startswith("\ufeff") and text.endswith("\n")
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


@pytest.mark.parametrize(
    "text", ["=1+1", "+a", "-a", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "-2+3+cmd|' /C calc'!A0"]
)
def test_text_that_acts_gets_an_apostrophe(text: str) -> None:
    assert guard(text) == f"'{text}"
    assert read_back(pd.DataFrame({text: [text]})) == [[f"'{text}"], [f"'{text}"]]


@pytest.mark.parametrize("text", ["-2.5", "+3", "a=b", "", "Yes", " =1", "'=1"])
def test_other_text_stays(text: str) -> None:
    assert guard(text) == text


def test_numbers_dates_and_gaps() -> None:
    frame = pd.DataFrame(
        {
            "score": [-4, 0, 7],
            "rate": [0.1 + 0.2, -1.5, np.nan],
            "n": [3.0, np.nan, 12.0],
            "closed": pd.to_datetime(["2024-02-29", None, "2024-12-31"]),
            "kept": [True, False, True],
        }
    )
    before = frame.copy(deep=True)
    assert read_back(frame) == [
        ["score", "rate", "n", "closed", "kept"],
        ["-4", "0.30000000000000004", "3", "2024-02-29", "True"],
        ["0", "-1.5", "", "", "False"],
        ["7", "", "12", "2024-12-31", "True"],
    ]
    pd.testing.assert_frame_equal(frame, before)


def test_half_a_character_is_replaced() -> None:
    broken = pd.DataFrame({"deal": pd.Series(["A\ud800"], dtype=object)})
    assert read_back(broken) == [["deal"], ["A?"]]


def test_two_columns_of_one_name_and_no_rows() -> None:
    twice = pd.DataFrame([["a", 1]], columns=["x", "x"])
    assert read_back(twice) == [["x", "x"], ["a", "1"]]
    assert read_back(twice.iloc[:0]) == [["x", "x"]]


@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=20), min_size=1, max_size=5))
def test_any_text_reads_back_and_none_of_it_acts(texts: list[str]) -> None:
    cells = [row[1] for row in read_back(pd.DataFrame({"at": range(len(texts)), "deal": texts}))[1:]]
    assert [cell.removeprefix("'") for cell in cells] == [text.removeprefix("'") for text in texts]
    assert not any(cell.startswith(FORMULA_STARTS) and as_number(cell) is None for cell in cells)


def test_records_hold_what_json_can_hold() -> None:
    frame = pd.DataFrame(
        {
            "n": [1, 2],
            "rate": [np.inf, np.nan],
            "kept": [True, False],
            "closed": pd.to_datetime(["2024-02-29", None]),
            "deal": pd.Series(["é\ud800", None], dtype=object),
        }
    )
    records = to_records(frame)
    assert records[0] == {
        "n": 1,
        "rate": None,
        "kept": True,
        "closed": "2024-02-29 00:00:00",
        "deal": "é\ud800",
    }
    assert records[1]["closed"] is None and records[1]["deal"] is None
    text = to_json({"deals": records})
    assert text.isascii() and json.loads(text)["deals"] == records
    assert type(plain_value(np.int64(3))) is int and plain_value(np.float64("nan")) is None
