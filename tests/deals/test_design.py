"""Answers become the columns that a statistician would write down by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from qualify.deals import Deals, read_deals
from qualify.deals.design import PER_STEP, design_matrix, items_of
from qualify.deals.resampling_units import sample_of
from qualify.survey import Answer, Characteristic, Columns, Outcomes, Survey


def asked(name: str, kind: str, *values: str, **more: object) -> Characteristic:
    answers = tuple(Answer(value=value) for value in values)
    return Characteristic(**{"name": name, "column": name, "kind": kind, "answers": answers, **more})


def deals_of(frame: pd.DataFrame, *characteristics: Characteristic, **more: object) -> Deals:
    columns = Columns(outcome="won", account="account" if "account" in frame else None)
    survey = Survey(
        columns=columns,
        outcomes=Outcomes(won=("1",), lost=("0",)),
        characteristics=characteristics,
        **{"min_answers": 5, **more},
    )
    return read_deals(frame, survey)


def table(n: int = 60, seed: int = 3) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "won": rng.permutation(np.arange(n) % 2),
            "RFP": np.where(np.arange(n) < 35, "No", np.where(np.arange(n) < 52, "Yes", "unknown")),
            "Fit": [str(number) for number in rng.integers(1, 6, n - 7)] + ["?"] * 7,
            "Size": rng.choice(["Small", "Mid", "Big"], n),
            "Source": rng.choice(["Web", "Fair", "Call"], n, p=[0.6, 0.2, 0.2]),
        }
    )


RFP = asked("RFP", "yes_no", "No", "Yes")
FIT = asked("Fit", "score", low=1, high=5)
SIZE = asked("Size", "ordered", "Small", "Mid", "Big")
SOURCE = asked("Source", "choice", "Web", "Fair", "Call")


def test_columns_are_those_written_by_hand() -> None:
    frame = table()
    design = design_matrix(deals_of(frame, RFP, FIT, SIZE, SOURCE))
    fit = pd.to_numeric(frame["Fit"], errors="coerce")
    rank = frame["Size"].map({"Small": 0, "Mid": 1, "Big": 2})
    by_hand = [
        np.ones(len(frame)),
        frame["RFP"] == "Yes",
        frame["RFP"] == "unknown",
        (fit - fit.mean()).fillna(0.0),
        fit.isna(),
        rank - rank.mean(),
        frame["Source"] == "Fair",
        frame["Source"] == "Call",
    ]
    np.testing.assert_allclose(design.matrix, np.column_stack(by_hand).astype(float), atol=1e-12)
    assert design.terms.to_numpy().tolist() == [
        ["RFP", "Yes", "known"],
        ["RFP", "unknown", "unknown"],
        ["Fit", PER_STEP, "known"],
        ["Fit", "unknown", "unknown"],
        ["Size", PER_STEP, "known"],
        ["Source", "Fair", "known"],
        ["Source", "Call", "known"],
    ]
    assert design.reference == {"RFP": "No", "Source": "Web"}
    assert design.columns("Fit") == [3, 4]
    assert design.columns("Fit", "known") == [3]
    assert design.columns("RFP", "unknown") == [2]
    assert design.columns("Size", "unknown") == []
    assert design.pooled.empty


@pytest.mark.parametrize("name", ["RFP", "Fit", "Size", "Source"])
def test_entries_of_an_answer_are_what_its_deals_hold(name: str) -> None:
    deals = deals_of(table(), RFP, FIT, SIZE, SOURCE)
    design = design_matrix(deals)
    codes = deals.answers[name].cat.codes.to_numpy()
    for code in np.unique(codes):
        held = design.matrix[codes == code][:, design.columns(name)]
        assert (held == design.entries(name, int(code))).all()


def test_a_number_never_observed_stands_on_the_same_line() -> None:
    deals = deals_of(table(), FIT)
    design = design_matrix(deals)
    at_two, at_three = design.entries("Fit", 1), design.entries("Fit", 2)
    assert design.number_entries("Fit", 2.5) == pytest.approx(np.mean([at_two, at_three], axis=0))


def test_the_reference_is_the_one_asked_for_unless_it_is_rare() -> None:
    frame = table()
    named = design_matrix(deals_of(frame, asked("Source", "choice", "Web", "Fair", "Call", reference="Call")))
    assert named.reference == {"Source": "Call"}
    frame.loc[frame["Source"] == "Call", "Source"] = "Web"
    frame.loc[:2, "Source"] = "Call"
    rare = design_matrix(deals_of(frame, asked("Source", "choice", "Web", "Fair", "Call", reference="Call")))
    assert rare.reference == {"Source": "Web"}


def test_rare_answers_are_pooled_and_named() -> None:
    n = 80
    source = ["Web"] * 40 + ["Fair"] * 30 + ["Call"] * 3 + ["Mail"] * 4 + ["unknown"] * 3
    size = ["XS"] * 2 + ["S"] * 30 + ["M"] * 4 + ["L"] * 40 + ["XL"] * 4
    frame = pd.DataFrame({"won": np.arange(n) % 2, "Source": source, "Size": size})
    deals = deals_of(
        frame,
        asked("Source", "choice", "Web", "Fair", "Call", "Mail", "Post"),
        asked("Size", "ordered", "XS", "S", "M", "L", "XL"),
    )
    design = design_matrix(deals)
    assert design.terms.to_numpy().tolist() == [
        ["Source", "Fair", "known"],
        ["Source", "Call / Mail", "known"],
        ["Size", PER_STEP, "known"],
    ]
    assert design.pooled.to_numpy().tolist() == [
        ["Source", "Call", 3, "Mail"],
        ["Source", "Mail", 4, "Call"],
        ["Source", "unknown", 3, "Web"],
        ["Size", "XS", 2, "S"],
        ["Size", "M", 4, "L / XL"],
        ["Size", "XL", 4, "M / L"],
    ]
    ranks = design.matrix[:, design.columns("Size")[0]]
    assert sorted(np.unique(ranks - ranks.min()).tolist()) == pytest.approx([0.0, 1.0])


def test_rare_numbers_of_a_score_are_not_pooled_for_they_share_a_line() -> None:
    frame = pd.DataFrame({"won": np.arange(40) % 2, "Price": np.linspace(0.1, 9.7, 40).round(3)})
    design = design_matrix(deals_of(frame, asked("Price", "score")))
    assert design.pooled.empty
    assert design.terms["answer"].tolist() == [PER_STEP]


def test_a_rare_unknown_of_a_score_counts_as_an_average_known_answer() -> None:
    frame = pd.DataFrame({"won": np.arange(40) % 2, "Fit": [*np.arange(38) % 5, None, None]})
    design = design_matrix(deals_of(frame, asked("Fit", "score")))
    assert design.pooled.to_numpy().tolist() == [["Fit", "unknown", 2, "an average known answer"]]
    assert design.matrix[-1, 1] == pytest.approx(0.0)
    assert design.matrix[:, 1].mean() == pytest.approx(0.0)


@pytest.mark.parametrize(
    ("kind", "values"),
    [("score", ()), ("yes_no", ("No", "Yes")), ("ordered", ("a", "b", "c")), ("choice", ("a", "b", "c"))],
)
def test_what_nobody_answered_or_all_answered_alike_takes_no_column(
    kind: str, values: tuple[str, ...]
) -> None:
    frame = pd.DataFrame({"won": np.arange(30) % 2, "Blank": None, "Same": [values[0] if values else 3] * 30})
    design = design_matrix(deals_of(frame, asked("Blank", kind, *values), asked("Same", kind, *values)))
    assert design.terms.empty
    assert design.matrix.shape == (30, 1)


def test_weights_count_towards_pooling_and_means() -> None:
    frame = pd.DataFrame(
        {
            "won": np.arange(30) % 2,
            "Fit": [1] * 15 + [3] * 15,
            "Source": ["Web"] * 26 + ["Fair"] * 4,
            "w": [1.0] * 15 + [3.0] * 15,
        }
    )
    survey = Survey(
        columns=Columns(outcome="won", weight="w"),
        outcomes=Outcomes(won=("1",), lost=("0",)),
        characteristics=(asked("Fit", "score"), asked("Source", "choice", "Web", "Fair")),
    )
    design = design_matrix(read_deals(frame, survey))
    assert np.average(design.matrix[:, 1], weights=frame["w"]) == pytest.approx(0.0)
    # Four deals of weight three are twelve.
    assert design.terms["answer"].tolist() == [PER_STEP, "Fair"]


def test_items_hold_numbers_for_scores_and_ranks_for_orders() -> None:
    deals = deals_of(table(), RFP, FIT, SIZE)
    items = items_of(deals.answers, deals.survey)
    assert items.levels.tolist() == [2, 5, 3]
    assert items.value[1, :5].tolist() == [1.0, 2.0, 3.0, 4.0, 5.0]
    assert items.value[2, :3].tolist() == [0.0, 1.0, 2.0]


class TestWhatStaysTogether:
    def test_accounts_where_they_are_known(self) -> None:
        frame = table().assign(account=["A"] * 20 + ["B"] * 20 + [None] * 20)
        sample, how = sample_of(deals_of(frame, FIT, SIZE))
        assert how == "accounts"
        assert len(np.unique(sample.group)) == 22  # a deal without an account is one of its own
        assert len(np.unique(sample.group[:20])) == 1

    def test_identical_answers_where_there_are_many_patterns(self) -> None:
        rng = np.random.default_rng(1)
        frame = pd.DataFrame(rng.integers(0, 6, (120, 4)).astype(str), columns=list("abcd"))
        frame = pd.concat([frame, frame.iloc[:30]], ignore_index=True).assign(won=np.arange(150) % 2)
        deals = deals_of(frame, *(asked(name, "score", low=0, high=5) for name in "abcd"))
        sample, how = sample_of(deals)
        assert how == "identical answers"
        assert (sample.group[:30] == sample.group[120:]).all()
        patterns = deals.answers.astype(str).agg("|".join, axis=1)
        assert pd.Series(sample.group).groupby(patterns.to_numpy()).nunique().max() == 1
        assert len(np.unique(sample.group)) == patterns.nunique()

    def test_single_deals_where_there_are_few_patterns(self) -> None:
        sample, how = sample_of(deals_of(table(), SIZE, SOURCE))
        assert how == "single deals"
        assert len(np.unique(sample.group)) == 60
