"""Drafts of surveys: kinds, columns and outcome words recognised, and what was left out said."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from qualify.errors import InvalidArgument, InvalidDeals
from qualify.survey import Columns, Outcomes
from qualify.survey.infer import infer_survey

FRAME = pd.DataFrame(
    {
        "Deal ID": [f"D{i}" for i in range(20)],
        "Status": ["Won", "lost", "WON", "Lost", "open"] * 4,
        "Close Date": ["2024-01-31", "2024-02-01", None, "2024-03-01", "2024-03-02"] * 4,
        "Owner": ["Ann", "Bo", "Cy", "Ann", "Bo"] * 4,
        "Amount": [100.5, 2000, 30, 4, 50] * 4,
        "Fit": [1.0, 2.0, np.nan, 5.0, 3.0] * 4,
        "Grade": ["3", "4", "NA", "5", "?"] * 4,
        "RFP": ["yes", "No", "YES", "no", "unknown"] * 4,
        "Size": ["big", "Small", "mid", "small", "Small"] * 4,
        "Region": ["NA", "EMEA", "APAC", "EMEA", "tbc"] * 4,
        "Fixed": ["x"] * 20,
        "Comment": [f"text {i}" for i in range(20)],
        "Ratio": [0.1, 0.2, 0.3, 0.4, 0.5] * 4,
    }
)
DRAFT = infer_survey(FRAME, outcome="Status")


def test_a_draft_recognises_kinds():
    kinds = {entry.name: entry.kind for entry in DRAFT.characteristics}
    assert kinds == {"Fit": "score", "Grade": "score", "RFP": "yes_no", "Size": "ordered", "Region": "choice"}
    assert (DRAFT.characteristic("Fit").low, DRAFT.characteristic("Fit").high) == (1, 5)
    assert DRAFT.characteristic("Grade").unknown == ("NA",)
    assert DRAFT.characteristic("RFP").values in [("No", "yes"), ("No", "YES"), ("no", "YES"), ("no", "yes")]
    assert DRAFT.characteristic("Size").values == ("Small", "mid", "big")
    assert DRAFT.characteristic("Region").values == ("APAC", "EMEA", "NA")
    assert DRAFT.characteristic("Region").unknown == ("tbc",)


def test_a_draft_recognises_columns_and_outcomes():
    assert DRAFT.columns == Columns(
        outcome="Status", deal="Deal ID", close_date="Close Date", rep="Owner", value="Amount"
    )
    assert [word.lower() for word in DRAFT.outcomes.won] == ["won"]
    assert DRAFT.outcomes.open == ("open",)


def test_a_draft_says_what_it_left_out():
    notes = "\n".join(DRAFT.notes)
    assert "Fixed: left out, always 'x'" in notes
    assert "Comment: left out, different in every row" in notes
    assert "Ratio: left out, numbers from 0.1 to 0.5" in notes
    assert "Owner: holds the rep" in notes


def test_a_draft_does_not_depend_on_the_order_of_rows_or_the_library(tmp_path):
    turned = FRAME.iloc[::-1].reset_index(drop=True)
    for other in (turned, pl.from_pandas(FRAME), pa.Table.from_pandas(FRAME), pl.from_pandas(FRAME).lazy()):
        assert infer_survey(other, outcome="Status") == DRAFT
    FRAME.to_csv(tmp_path / "deals.csv", index=False)
    assert replace(infer_survey(tmp_path / "deals.csv", outcome="Status"), title=DRAFT.title) == DRAFT


def test_a_draft_leaves_the_frame_alone():
    before = FRAME.copy(deep=True)
    infer_survey(FRAME, outcome="Status")
    pd.testing.assert_frame_equal(FRAME, before)


@pytest.mark.parametrize(
    "words",
    [("Won", "LOST"), (1, 0), (1.0, 0.0), ("1.0", "0"), (True, False), ("TRUE", "false"), ("Yes", "no")],
)
def test_outcome_words_are_understood(words):
    frame = pd.DataFrame({"o": [*words] * 3, "q": ["yes", "no", "no"] * 2})
    survey = infer_survey(frame, outcome="o")
    assert [word.lower() for word in survey.outcomes.won] in (["won"], ["1"], ["true"], ["yes"], ["1.0"])
    assert len(survey.outcomes.lost) == 1


def test_outcome_words_that_are_not_understood_are_shown():
    frame = pd.DataFrame({"o": ["good", "bad", "open", None], "q": ["yes", "no", "no", "yes"]})
    with pytest.raises(InvalidArgument) as raised:
        infer_survey(frame, outcome="o")
    assert [problem.value for problem in raised.value.problems] == ["bad", "good"]
    assert "won=['good'], lost=['bad']" in str(raised.value)
    survey = infer_survey(frame, outcome="o", won="GOOD", lost="Bad")
    assert survey.outcomes == Outcomes(won=("good",), lost=("bad",), open=("open",))
    assert any("1 blank cell, " in note for note in survey.notes)
    with pytest.raises(InvalidArgument, match="names 'great'"):
        infer_survey(frame, outcome="o", won=["great"])
    with pytest.raises(InvalidArgument, match="both won and lost"):
        infer_survey(frame, outcome="o", won=["good", "bad"])
    with pytest.raises(InvalidArgument, match="two meanings"):
        infer_survey(frame, outcome="o", won=["good"], lost=["good", "bad"])
    with pytest.raises(InvalidArgument, match=r"Did you mean o\?"):
        infer_survey(frame, outcome="O")


def test_a_table_that_cannot_be_drafted():
    with pytest.raises(InvalidDeals, match="no rows"):
        infer_survey(FRAME.iloc[:0], outcome="Status")
    with pytest.raises(InvalidDeals, match="no column that can be asked"):
        infer_survey(FRAME[["Status", "Fixed"]], outcome="Status")
    with pytest.raises(InvalidDeals, match="more than once"):
        infer_survey(pd.concat([FRAME, FRAME[["Fit"]]], axis=1), outcome="Status")


def test_hostile_headings_get_names_of_their_own():
    headings = ["deal", "rfp", "RFP", "weight"]
    frame = pd.DataFrame([["a", "x", "1", "2"], ["b", "y", "2", "1"]], columns=headings)
    survey = infer_survey(frame.assign(Status=["won", "lost"]), outcome="Status")
    assert survey.columns.deal == "deal"
    assert survey.names == ("rfp", "RFP (2)", "weight (answer)")


def test_the_published_b2b_sales_are_drafted_as_documented(real_data):
    survey = infer_survey(real_data / "salvirt-b2b" / "Salvirt_B2B_ML_dataset_HF.csv", outcome="Status")
    assert len(survey.names) == 20
    assert survey.columns.rep == "Seller"
    assert survey.characteristic("Authority").values == ("Low", "Mid", "High")
    assert survey.characteristic("Growth").values == ("Slow down", "Stable", "Growth")
    assert survey.characteristic("Competitors").kind == "yes_no"
    assert any(note.startswith("Product: left out, 14 different") for note in survey.notes)
