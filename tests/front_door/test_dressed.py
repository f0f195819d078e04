"""Exports of CRMs and forms, as they come: the same deals whatever they are dressed as."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from front_door.dressed import DRESSES, Deal, Dressed, draw_deals
from hypothesis import given, settings
from hypothesis import strategies as st

import qualify as ql
from qualify.errors import QualifyError

DEALS = draw_deals(320, 7)
COUNTS = Counter(one.outcome for one in DEALS)


def put(folder: Path, dressed: Dressed) -> Path:
    file = folder / dressed.name
    file.write_bytes(dressed.data)
    return file


@pytest.mark.parametrize("dress", DRESSES, ids=lambda dress: dress.__name__)
def test_an_export_is_read_as_it_comes(dress: Callable[[Sequence[Deal]], Dressed], tmp_path: Path) -> None:
    dressed = dress(DEALS)
    file = put(tmp_path, dressed)
    survey = ql.infer_survey(file, outcome=dressed.outcome)
    deals = ql.read_deals(file, survey)
    assert (int(deals.won.sum()), deals.n, len(deals.open)) == (
        COUNTS["Won"],
        COUNTS["Won"] + COUNTS["Lost"],
        COUNTS["Open"],
    )
    asked = {one.column for one in survey.characteristics}
    assert not asked & set(dressed.mirrors)
    noted = {
        note.column for note in survey.notes if isinstance(note, ql.survey.Note) and note.decision == "mirror"
    }
    assert set(dressed.mirrors) <= noted


@pytest.mark.parametrize("dress", DRESSES, ids=lambda dress: dress.__name__)
def test_answers_keep_their_order_and_their_deals(
    dress: Callable[[Sequence[Deal]], Dressed], tmp_path: Path
) -> None:
    dressed = dress(DEALS)
    file = put(tmp_path, dressed)
    survey = ql.infer_survey(file, outcome=dressed.outcome)
    deals = ql.read_deals(file, survey)
    words = ("need", "bedürfnis")
    need = next(
        one
        for one in survey.characteristics
        if any(word in f"{one.name} {one.question}".lower() for word in words)
    )
    assert need.kind in ("score", "ordered")
    order = [str(answer) for answer in deals.answers[need.name].cat.categories[:-1]]
    ranks = [order.index(str(answer)) + 1 for answer in deals.answers[need.name]]
    closed = [one.need for one in DEALS if one.outcome != "Open"]
    assert ranks == closed
    if "value" in deals.closed:
        amounts = [one.amount for one in DEALS if one.outcome != "Open"]
        assert deals.closed["value"].tolist() == pytest.approx(amounts, abs=0.005)
    if "close_date" in deals.closed:
        days = [one.closed for one in DEALS if one.outcome != "Open"]
        assert [day.date() for day in deals.closed["close_date"]] == days


@settings(max_examples=40, deadline=None)
@given(n=st.integers(30, 90), seed=st.integers(0, 10_000), place=st.integers(0, len(DRESSES) - 1))
def test_any_table_reads_back_or_is_refused_by_name(
    n: int, seed: int, place: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    deals = draw_deals(n, seed)
    dressed = DRESSES[place](deals)
    file = put(tmp_path_factory.mktemp("dressed"), dressed)
    counts = Counter(one.outcome for one in deals)
    try:
        survey = ql.infer_survey(file, outcome=dressed.outcome)
        read = ql.read_deals(file, survey)
    except QualifyError as error:
        assert (
            any(problem.column or problem.row for problem in error.problems)
            or min(counts["Won"], counts["Lost"]) == 0
        )
        return
    assert (int(read.won.sum()), read.n, len(read.open)) == (
        counts["Won"],
        counts["Won"] + counts["Lost"],
        counts["Open"],
    )


def test_several_answers_to_one_deal_are_one_error_that_says_how_to_combine_them(tmp_path: Path) -> None:
    lines = ["Deal ID,Respondent,Need,Outcome"]
    for one in DEALS:
        outcome = "" if one.outcome == "Open" else one.outcome
        lines += [f"{one.id},{who},{one.need},{outcome}" for who in ("rep", "manager", "engineer")]
    (tmp_path / "raters.csv").write_text("\n".join(lines))
    survey = ql.infer_survey(tmp_path / "raters.csv", outcome="Outcome")
    assert any("several people" in note for note in survey.notes)
    with pytest.raises(ql.InvalidDeals) as raised:
        ql.read_deals(tmp_path / "raters.csv", survey)
    assert len(raised.value.problems) == 1
    assert "960 rows are answers of several respondents (Respondent) to 320 deals" in str(raised.value)
    assert "groupby" in str(raised.value)
