"""Whatever a reader is given, it ends in a result or one QualifyError, and changes nothing of it."""

from __future__ import annotations

import datetime as dt
import io
import pickle
import string
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qualify.deals import Deals, read_answers, read_deals
from qualify.errors import QualifyError
from qualify.reading.text import read_text_table
from qualify.survey import Answer, Characteristic, Columns, Outcomes, Survey
from qualify.survey.file import read_survey
from qualify.survey.infer import infer_survey

quick = settings(max_examples=80, deadline=None)

SURVEY = Survey(
    columns=Columns(outcome="o", deal="id", close_date="d", value="v", rep="r", weight="w"),
    outcomes=Outcomes(won=("won", "1"), lost=("lost", "0"), open=("open",)),
    characteristics=(
        Characteristic(
            name="A", column="a", kind="yes_no", answers=(Answer(value="no"), Answer(value="yes"))
        ),
        Characteristic(name="B", column="b", kind="score", low=0, high=5, blank="error"),
    ),
)
HEADINGS = ["o", "id", "d", "v", "r", "w", "a", "b"]

texts = st.text(max_size=8) | st.sampled_from(
    ["won", "lost", "open", "yes", "no", "unknown", "NA", "1", "0", "4.0", "1e999", "-0", "nan", "inf",
     " ", "=1+1", "<script>", '"', "a;b", "1,5", "2024-02-30", "3/4/2024", "31/12/2024", "\ufeff",
     "\u2028", "١٢", "½"]
)  # fmt: skip
cells = (
    texts
    | st.none()
    | st.booleans()
    | st.integers(-3, 9)
    | st.floats()
    | st.decimals(allow_nan=False)
    | st.dates()
    | st.datetimes()
    | st.binary(max_size=3)
    | st.sampled_from([pd.NA, pd.NaT, np.float32(0.1), np.int8(3), np.datetime64("NaT"), 10**30, 1 + 2j])
    | st.sampled_from([[1], {"a": 1}, (1, [2]), dt.time(1), dt.timedelta(1), object(), np.arange(2)])
)


def frames(headings, values):
    def of(names: list[str]) -> st.SearchStrategy[object]:
        rows = st.lists(st.lists(values, min_size=len(names), max_size=len(names)), max_size=8)
        return rows.map(lambda found: made(names, found))

    return headings.flatmap(of)


def made(names: list[str], rows: list[list[object]]) -> pd.DataFrame:
    columns = [pd.Series([row[place] for row in rows], dtype=object) for place in range(len(names))]
    frame = pd.concat(columns, axis=1) if columns else pd.DataFrame()
    frame.columns = names
    return frame


def outcome_of(reader, *arguments, **named):
    """Return the result, or None where the reader said what is wrong."""
    try:
        return reader(*arguments, **named)
    except QualifyError as error:
        assert error.problems
        assert len(str(error).splitlines()) < 400
        assert pickle.loads(pickle.dumps(str(error))) == str(error)
        return None


def check(deals: Deals) -> None:
    assert deals.closed.index.is_unique
    assert set(deals.closed["outcome"]) == {"won", "lost"}
    for frame in (deals.closed, deals.open):
        for name in deals.survey.names:
            assert not frame[name].isna().any()
            assert frame[name].cat.categories[-1] == "unknown"
            assert set(deals.survey.characteristic(name).values) <= set(frame[name].cat.categories)


@quick
@given(frame=frames(st.just(HEADINGS), cells) | frames(st.lists(texts, max_size=4), cells))
def test_any_frame_is_read_or_refused_and_left_as_it_was(frame):
    before = [list(map(id, frame.iloc[:, place])) for place in range(frame.shape[1])]
    headings = list(frame.columns)
    deals = outcome_of(read_deals, frame, SURVEY)
    outcome_of(read_answers, frame, SURVEY)
    if deals is not None:
        check(deals)
    assert [list(map(id, frame.iloc[:, place])) for place in range(frame.shape[1])] == before
    assert list(frame.columns) == headings


plain = st.sampled_from(
    ["won", "lost", "open", "", None, "yes", "No", "4", 4.0, 2, "NA", "?", "tbc", "mid", "High"]
)
named = st.lists(
    st.sampled_from(["o", "Deal Id", "Close Date", "Amount", "Owner", "Account", "x", "X", "weight", "y "])
    | st.text(string.printable, min_size=1, max_size=4),
    min_size=1,
    max_size=5,
)


@quick
@given(frame=frames(named, plain | cells), won=st.none() | plain)
def test_a_draft_always_reads_the_table_it_came_from(frame, won):
    frame.insert(0, "result", ["won", "lost", "open", "", "won", "lost", "won", "lost"][: len(frame)])
    survey = outcome_of(infer_survey, frame, outcome="result", won=won)
    if survey is not None:
        deals = read_deals(frame, survey)
        check(deals)
        assert deals.n + len(deals.open) == len(read_answers(frame, survey))
        assert Survey.from_dict(survey.to_dict()) == survey


@quick
@given(data=st.binary(max_size=200), suffix=st.sampled_from([".csv", ".tsv", ".jsonl", ".xlsx", ".parquet"]))
def test_any_bytes_are_read_or_refused(tmp_path_factory, data, suffix):
    file = tmp_path_factory.getbasetemp() / f"bytes{suffix}"
    file.write_bytes(data)
    outcome_of(read_deals, file, SURVEY)
    outcome_of(infer_survey, file, outcome="o")
    assert file.read_bytes() == data


@quick
@given(lines=st.lists(st.lists(texts, max_size=9), max_size=8), mark=st.sampled_from(',;\t|"'), ends=texts)
def test_any_ragged_text_is_read_or_refused(tmp_path_factory, lines, mark, ends):
    file = tmp_path_factory.getbasetemp() / "ragged.csv"
    rows = [HEADINGS, *lines]
    content = "\n".join(mark.join(row) for row in rows) + ends
    file.write_bytes(content.encode("utf-8", errors="replace"))
    outcome_of(read_deals, file, SURVEY)


@quick
@given(
    rows=st.lists(st.tuples(texts, texts, texts), min_size=1, max_size=6),
    mark=st.sampled_from(",;\t|"),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]),
)
def test_text_tables_keep_every_cell_as_it_is_written(rows, mark, encoding):
    frame = pd.DataFrame([*rows], columns=["first", "second", "third"])
    frame = frame.map(lambda text: "".join(c for c in text if c >= " " and c not in "\ufeff").strip("\x85"))
    frame["first"] = [f"D-{place} {text}" for place, text in enumerate(frame["first"])]
    frame["second"] = "a" + frame["second"]  # a text alone in the last row is a note and no deal
    stream = io.StringIO()
    frame.to_csv(stream, sep=mark, index=False, quoting=1)
    table = read_text_table(stream.getvalue().encode(encoding), "t.csv")
    assert table.shape.headings.names == ("first", "second", "third")
    assert table.cells.to_numpy().tolist() == frame.to_numpy().tolist()
    assert table.shape.heading_row == 1


@quick
@given(
    text=st.text(max_size=60) | st.lists(texts).map("\n- ".join), suffix=st.sampled_from([".yaml", ".json"])
)
def test_any_survey_file_is_read_or_refused(tmp_path_factory, text, suffix):
    file = tmp_path_factory.getbasetemp() / f"survey{suffix}"
    file.write_bytes(text.encode("utf-8", errors="replace"))
    outcome_of(read_survey, file)


loose = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["name", "kind", "value", "won", "outcome", "points"]) | texts, inner
        )
    ),
    max_leaves=8,
)

keys = st.sampled_from(
    ["name", "column", "kind", "answers", "low", "high", "reference", "contrast", "unknown", "blank"]
)


@quick
@given(
    data=loose
    | st.fixed_dictionaries(
        {},
        optional={
            "columns": loose | st.just({"outcome": "o"}),
            "outcomes": loose | st.just({"won": ["w"], "lost": ["l"]}),
            "characteristics": loose | st.lists(st.dictionaries(keys, loose), max_size=3),
            "min_answers": loose,
            "schema_version": loose,
            "unknown": loose,
        },
    )
)  # fmt: skip
def test_any_plain_values_make_a_survey_or_are_refused(data):
    survey = outcome_of(Survey.from_dict, data)
    if survey is not None:
        assert Survey.from_dict(survey.to_dict()) == survey


def test_a_signalling_nan_is_a_missing_cell():
    frame = pd.DataFrame({"b": pd.Series([Decimal("sNaN"), Decimal("4.50")], dtype=object), "x": 1})
    score = Characteristic(name="B", column="b", kind="score")
    survey = Survey(columns=Columns(outcome="o"), outcomes=SURVEY.outcomes, characteristics=(score,))
    read = read_answers(frame, survey)
    assert read["B"].tolist() == ["unknown", "4.5"]


def test_a_large_table_is_read_value_by_value():
    rows = 200_000
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(
        {
            "id": np.arange(rows),
            "o": rng.choice(["won", "lost"], rows),
            "a": rng.choice(["yes", "no", "?"], rows),
            "b": rng.integers(0, 6, rows),
        }
    )
    survey = Survey(
        columns=Columns(outcome="o", deal="id"),
        outcomes=SURVEY.outcomes,
        characteristics=SURVEY.characteristics,
    )
    deals = read_deals(frame, survey)
    assert deals.n == rows
    assert int((deals.closed["A"] == "unknown").sum()) == int((frame["a"] == "?").sum())
    wrong = frame.assign(b=7)
    with pytest.raises(QualifyError) as error:
        read_deals(wrong, survey)
    assert error.value.problems[0].row == 2
    assert "190000 more cells" in error.value.problems[-1].reason
