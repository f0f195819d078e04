"""Deals read from every kind of file and frame alike; what is no table is refused plainly."""

from __future__ import annotations

import datetime as dt
import json
import zipfile

import openpyxl
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from deal_tables import DEALS, SURVEY, asked, frame_of, problems_of

from qualify.deals import read_deals
from qualify.errors import InvalidArgument, InvalidDeals
from qualify.survey import Columns, Outcomes, Survey


def as_workbook(path, frame):
    book = openpyxl.Workbook()
    for row in [list(frame.columns), *frame.replace("", None).values.tolist()]:
        book.active.append([None if pd.isna(cell) else cell for cell in row])
    book.create_sheet("other").append(["nothing"])
    book.save(path)


def test_every_kind_of_table_reads_alike(tmp_path):
    frame = frame_of()
    for suffix, mark in ((".csv", ","), (".csv", ";"), (".tsv", "\t"), (".txt", "|")):
        for encoding in ("utf-8", "utf-8-sig", "utf-16", "cp1252"):
            file = tmp_path / f"{encoding}{ord(mark)}{suffix}"
            frame.assign(Account=["Zürich", "Zürich", "", "Y", "é"]).to_csv(
                file, sep=mark, index=False, encoding=encoding
            )
            read = read_deals(file, SURVEY)
            assert read.closed["account"].iloc[0] == "Zürich"
            pd.testing.assert_frame_equal(
                read.closed.drop(columns="account"), DEALS.closed.drop(columns="account")
            )
    as_workbook(tmp_path / "deals.xlsx", frame)
    frame.to_parquet(tmp_path / "deals.parquet")
    records = frame.to_dict(orient="records")
    (tmp_path / "deals.jsonl").write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
    sources = [tmp_path / "deals.xlsx", str(tmp_path / "deals.parquet"), tmp_path / "deals.jsonl"]
    sources += [pl.from_pandas(frame), pl.from_pandas(frame).lazy(), pa.Table.from_pandas(frame)]
    sources += [frame.astype("category"), frame.astype(object), frame.replace("", None)]
    for source in sources:
        read = read_deals(source, SURVEY)
        pd.testing.assert_frame_equal(read.closed, DEALS.closed)
        pd.testing.assert_frame_equal(read.open, DEALS.open)


def test_real_dates_and_numbers_read_like_their_text(tmp_path):
    days = [dt.date(2024, 1, 31), dt.date(2024, 2, 29), None, None, dt.date(2023, 12, 1)]
    typed = frame_of(
        Closed=pd.to_datetime(pd.Series(days)),
        Amount=[100.0, 2.5, None, 1000.0, -4.0],
        Fit=[4, 4, 2.5, None, 1],
        Source=pd.Series([4, None, "web", "=1+1", "fair"], dtype=object),
    )
    as_workbook(tmp_path / "deals.xlsx", typed)
    for source in (typed, tmp_path / "deals.xlsx", pl.from_pandas(typed.assign(Source="4"))):
        read = read_deals(source, SURVEY)
        columns = ["close_date", "value", "Fit"]
        pd.testing.assert_frame_equal(read.closed[columns], DEALS.closed[columns])


def test_a_formula_counts_by_its_value_and_a_bare_one_by_its_text(tmp_path):
    as_workbook(tmp_path / "deals.xlsx", frame_of())
    read = read_deals(tmp_path / "deals.xlsx", SURVEY)
    assert read.open["Source"].tolist() == ["=1+1"]
    with zipfile.ZipFile(tmp_path / "deals.xlsx") as book:
        parts = {name: book.read(name) for name in book.namelist()}
    sheet = parts["xl/worksheets/sheet1.xml"]
    assert b"<f>1+1</f><v />" in sheet or b"<f>1+1</f><v></v>" in sheet or b"<f>1+1</f><v/>" in sheet
    for empty in (b"<v />", b"<v></v>", b"<v/>"):
        sheet = sheet.replace(b"<f>1+1</f>" + empty, b"<f>1+1</f><v>4</v>")
    with zipfile.ZipFile(tmp_path / "shown.xlsx", "w") as book:
        for name, part in (parts | {"xl/worksheets/sheet1.xml": sheet}).items():
            book.writestr(name, part)
    assert read_deals(tmp_path / "shown.xlsx", SURVEY).open["Source"].tolist() == ["4"]


def test_blank_lines_do_not_count_and_rows_stay_those_of_the_sheet(tmp_path):
    file = tmp_path / "deals.csv"
    file.write_text("\nStatus,Need\n\nWon,1\n , \nLost,2\n\nLost,9\n")
    survey = Survey(
        columns=Columns(outcome="Status"),
        outcomes=Outcomes(won=("Won",), lost=("Lost",)),
        characteristics=(asked("Need", kind="score", low=1, high=5),),
    )
    found = problems_of(file, survey)
    assert [(problem.row, problem.column, problem.value) for problem in found] == [(8, "Need", "9")]


@pytest.mark.parametrize("source", [None, 3, [1], {"a": [1]}, object(), pd.Series([1])])
def test_what_is_no_table_is_refused(source):
    with pytest.raises(InvalidDeals, match="is no table"):
        read_deals(source, SURVEY)


def test_what_is_no_survey_is_refused():
    with pytest.raises(InvalidArgument, match="must be a Survey"):
        read_deals(frame_of(), "survey.yaml")


@pytest.mark.parametrize(
    ("name", "content", "part"),
    [
        ("d.csv", b"", "is empty"),
        ("d.csv", b"\n\n \n", "is empty"),
        ("d.csv", b"Status,RFP\n", "has no rows"),
        ("d.csv", b"Status,RFP\nWon,Yes,more\n", "3 cells under 2 headings"),
        ("d.csv", b'Status,RFP\n"Won,Yes\n', "never closes it"),
        ("d.csv", b"PK\x03\x04\x00\x00", "zero bytes"),
        ("d.csv", "Größe,Ä\nä,ö\nü,ß\nñ,é\n".encode() + b"\xff", "broken letter"),
        ("d.xlsx", b"no workbook", "cannot be read as a workbook"),
        ("d.parquet", b"no parquet", "cannot be read as Parquet"),
        ("d.jsonl", b'{"Status": "Won"}\n[1]\n{', "not a JSON object"),
        ("d.xls", b"", "as .xlsx"),
        ("d.pdf", b"", "no known format"),
        ("d", b"", "has no suffix"),
    ],
)
def test_files_that_cannot_be_read_are_told_plainly(tmp_path, name, content, part):
    file = tmp_path / name
    file.write_bytes(content)
    with pytest.raises(InvalidDeals) as error:
        read_deals(file, SURVEY)
    assert part in str(error.value)


def test_a_missing_file_is_told_with_its_neighbour(tmp_path):
    (tmp_path / "deals.csv").touch()
    with pytest.raises(InvalidDeals, match=r"Did you mean deals\.csv\?"):
        read_deals(tmp_path / "deal.csv", SURVEY)
    with pytest.raises(InvalidDeals, match=r"cannot be opened|no file"):
        read_deals("a\0.csv", SURVEY)
