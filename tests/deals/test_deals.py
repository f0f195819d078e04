"""Deals read against their survey; every cell that does not fit is told at once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from deal_tables import DEALS, SURVEY, asked, frame_of, problems_of

from qualify.deals import read_answers, read_deals
from qualify.errors import InvalidArgument, InvalidDeals
from qualify.survey.infer import infer_survey


def test_answers_are_the_survey_words_and_never_missing():
    assert DEALS.closed.index.tolist() == ["a", "b", "c", "e"]
    assert DEALS.closed.index.name == "deal"
    assert DEALS.closed["RFP"].tolist() == ["Yes", "No", "unknown", "unknown"]
    assert DEALS.closed["Fit"].tolist() == ["4", "4", "2.5", "1"]
    assert DEALS.closed["Size"].tolist() == ["Big", "Mid", "Small", "Big"]
    assert DEALS.closed["Source"].tolist() == ["4", "unknown", "Web", "Fair"]
    assert DEALS.open["Source"].tolist() == ["=1+1"]
    assert not DEALS.answers.isna().any(axis=None)


def test_categories_are_the_survey_answers_in_order_then_unknown():
    categories = {name: list(DEALS.closed[name].cat.categories) for name in SURVEY.names}
    assert categories == {
        "RFP": ["No", "Yes", "unknown"],
        "Fit": ["1", "2", "2.5", "3", "4", "5", "unknown"],
        "Size": ["Small", "Mid", "Big", "unknown"],
        "Source": ["Web", "Fair", "4", "=1+1", "unknown"],
    }
    assert not any(DEALS.closed[name].cat.ordered for name in SURVEY.names)


def test_outcomes_are_told_apart():
    assert DEALS.closed["outcome"].tolist() == ["won", "lost", "won", "no decision"]
    assert DEALS.won.tolist() == [True, False, True, False]
    assert DEALS.open.index.tolist() == ["d"]
    assert (DEALS.n, DEALS.win_rate, DEALS.left_out) == (4, 0.5, 0)
    left_out = replace(SURVEY, outcomes=replace(SURVEY.outcomes, no_decision_as="leave_out"))
    deals = read_deals(frame_of(), left_out)
    assert (deals.n, deals.left_out) == (3, 1)
    assert repr(deals) == "<Deals: 3 closed (2 won, 66.7%), 1 open, 1 left out; 4 characteristics>"
    blank = read_deals(frame_of(Status=["Closed Won", "Lost", None, "Open", " "]), SURVEY)
    assert blank.open.index.tolist() == ["c", "d", "e"]


def test_columns_beside_the_answers():
    assert list(DEALS.closed.columns) == ["outcome", "close_date", "value", "account", *SURVEY.names]
    assert DEALS.dates["close_date"].tolist()[:2] == [pd.Timestamp(2024, 1, 31), pd.Timestamp(2024, 2, 29)]
    assert DEALS.closed["value"].tolist()[:2] == [100, 2.5]
    assert np.isnan(DEALS.closed.loc["c", "value"])
    assert DEALS.closed["account"].isna().tolist() == [False, False, True, False]
    assert DEALS.weights.tolist() == [1.0] * 4
    unknown = read_deals(frame_of(Closed="n/a", Amount="?", Account="Unknown"), SURVEY)
    assert unknown.closed[["close_date", "value", "account"]].isna().all(axis=None)


def test_weights_must_be_there_and_positive():
    survey = replace(SURVEY, columns=replace(SURVEY.columns, weight="W"))
    assert read_deals(frame_of(W=[1, 2, 3, 4, 5]), survey).weights.tolist() == [1, 2, 3, 5]
    found = problems_of(frame_of(W=["1", "0", "", "x", "inf"]), survey)
    assert [(problem.column, problem.row) for problem in found] == [("W", row) for row in (3, 4, 5, 6)]


def test_without_an_id_column_the_rows_number_the_deals():
    survey = replace(SURVEY, columns=replace(SURVEY.columns, deal=None))
    assert read_deals(frame_of(), survey).closed.index.tolist() == ["2", "3", "4", "6"]


def test_equal_deals_are_kept():
    twice = pd.concat([frame_of(), frame_of(Id=list("fghij"))])
    assert read_deals(twice, SURVEY).n == 2 * DEALS.n


def test_every_problem_is_told_at_once():
    frame = frame_of(
        Id=["a", "a", "", "d", "e"],
        Status=["Won", "Lost", "Lost", "Stalled", "None"],
        Closed=["2024-02-30", "soon", "", "", "0024-01-01"],
        Amount=["12,34,5", "inf", "", "x", "1"],
        Fit=["6", "many", "inf", "0", "nan"],
        Size=["Bgi", "", "", "", "Bgi"],
    ).drop(columns="RFP")
    frame["Sorce"] = frame.pop("Source")
    found = problems_of(frame)
    told = {(problem.column, problem.row, problem.value) for problem in found}
    assert told == {
        ("RFP", None, None), ("Source", None, None),
        ("Id", 3, "a"), ("Id", 4, None),
        ("Status", 2, "Won"), ("Status", 5, "Stalled"),
        ("Closed", 2, "2024-02-30"), ("Closed", 3, "soon"), ("Closed", 6, "0024-01-01"),
        ("Amount", 2, "12,34,5"), ("Amount", 3, "inf"), ("Amount", 5, "x"),
        ("Fit", 2, "6"), ("Fit", 3, "many"), ("Fit", 4, "inf"), ("Fit", 5, "0"), ("Fit", 6, "nan"),
        ("Size", 2, "Bgi"), ("Size", 6, "Bgi"),
    }  # fmt: skip
    mends = {(problem.column, problem.row): problem.mend for problem in found}
    assert "Did you mean Sorce?" in mends["Source", None]
    assert "Did you mean Big?" in mends["Size", 2]
    assert "won: Closed Won; lost: Lost; no decision: None; open: Open" in mends["Status", 2]
    assert mends["Amount", 2] == "write plain digits, or leave the cell blank"
    assert found[-1].row == 6, "repetitions come last"


def test_a_blank_may_be_an_error():
    strict = replace(SURVEY.characteristics[0], blank="error")
    survey = replace(SURVEY, characteristics=(strict, *SURVEY.characteristics[1:]))
    found = problems_of(frame_of(RFP=["yes", "", None, " ", "?"]), survey)
    assert [(problem.column, problem.row) for problem in found] == [("RFP", 3), ("RFP", 4), ("RFP", 5)]


def test_a_word_for_unknown_among_the_answers_is_that_answer():
    survey = replace(SURVEY, characteristics=(asked("Source", "Web", "Fair", "N/A", "=1+1", "4", "NA"),))
    read = read_deals(frame_of(Source=["n/a", "NA", "web", "4", "?"]), survey)
    assert read.closed["Source"].tolist() == ["N/A", "NA", "Web", "unknown"]


def test_true_is_not_one():
    survey = replace(SURVEY, characteristics=(asked("Source", "True", "1"),))
    frame = frame_of(Source=pd.Series([True, 1, 1.0, "1.0", "TRUE"], dtype=object))
    assert read_deals(frame, survey).closed["Source"].tolist() == ["True", "1", "1", "True"]


@pytest.mark.parametrize(
    ("status", "part"),
    [
        (["Closed Won"] * 5, "all 5 closed deals are won"),
        (["Lost", "None", "Lost", "Open", ""], "all 3 closed deals are lost"),
        (["", "Open", "Open", "Open", ""], "no deal is closed"),
    ],
)
def test_both_outcomes_are_needed(status, part):
    assert [problem.reason for problem in problems_of(frame_of(Status=status))] == [part]


def test_a_heading_may_stand_once():
    frame = pd.concat([frame_of(), frame_of()[["RFP"]]], axis=1)
    assert [problem.column for problem in problems_of(frame)] == ["RFP"]
    table = pa.table([[1], [2]], names=["RFP", "RFP"])
    assert "RFP" in [problem.column for problem in problems_of(table)]


def test_dates_that_can_be_read_in_one_way_only():
    def closed(*cells: object) -> list[object]:
        read = read_answers(frame_of(Closed=pd.Series(cells, dtype=object)), SURVEY)
        return [None if pd.isna(cell) else cell.date().isoformat() for cell in read["close_date"]]

    assert closed("25/4/2024", "3/4/2024", "3.4.2024", "03-04-2024", None) == [
        "2024-04-25", "2024-04-03", "2024-04-03", "2024-04-03", None,
    ]  # fmt: skip
    assert closed("4/25/2024", "3/4/2024", "", "", "")[1] == "2024-03-04"
    assert closed("3 May 2024", "May 3, 2024", "03-May-24", "2024/05/03", "20240503") == ["2024-05-03"] * 5
    assert closed("2024-05-03T23:30:00+09:00", "2024-05-03 01:00", "5/5/2024", "", "")[:3] == [
        "2024-05-03", "2024-05-03", "2024-05-05",
    ]  # fmt: skip
    found = problems_of(frame_of(Closed=["3/4/2024", "", "", "", ""]))
    assert found[0].reason == "may be 3 April or 4 March"
    found = problems_of(frame_of(Closed=["25/4/2024", "4/25/2024", "3/4/2024", 45000, ""]))
    assert len(found) == 4


def test_reading_for_scoring_takes_every_row():
    survey = SURVEY
    whole = read_answers(frame_of(), survey)
    assert whole.index.tolist() == ["a", "b", "c", "d", "e"]
    assert whole["outcome"].tolist() == ["won", "lost", "won", "open", "no decision"]
    without = read_answers(frame_of().drop(columns="Status"), survey)
    pd.testing.assert_frame_equal(without, whole.drop(columns="outcome"))
    odd = read_answers(frame_of(Status=["Lost", "Stage 3", "x", "y", "z"]), survey)
    assert odd["outcome"].isna().tolist() == [False, True, True, True, True]
    with pytest.raises(InvalidDeals, match="RFP"):
        read_answers(frame_of().drop(columns="RFP"), survey)


def test_a_subset_keeps_categories_and_open_deals():
    part = DEALS.subset(DEALS.closed["Size"] == "Big")
    assert part.closed.index.tolist() == ["a", "e"]
    assert list(part.closed["Size"].cat.categories) == ["Small", "Mid", "Big", "unknown"]
    assert len(part.open) == 1
    for wrong in ([True], [0, 1, 2, 3], pd.Series([True] * 4)):
        with pytest.raises(InvalidArgument, match="`mask` of `subset`"):
            DEALS.subset(wrong)


def test_the_published_b2b_sales_read_with_nothing_missing(real_data):
    file = real_data / "salvirt-b2b" / "Salvirt_B2B_ML_dataset_HF.csv"
    deals = read_deals(file, infer_survey(file, outcome="Status"))
    assert (deals.n, int(deals.won.sum()), len(deals.open)) == (448, 227, 0)
    counts = {name: int((deals.closed[name] == "unknown").sum()) for name in deals.survey.names}
    expected = {"Competitors": 20, "Purch_dept": 32, "Budgt_alloc": 36, "Growth": 14, "Source": 10}
    assert {name: count for name, count in counts.items() if count} == expected
    assert int((deals.closed["Authority"] == "Mid").sum()) == 399
