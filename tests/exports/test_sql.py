"""The script runs in databases, says there what qualify says, and nothing in a survey acts in it."""

from __future__ import annotations

import json
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from typing import Any, get_args

import duckdb
import pandas as pd
import pytest
import sqlglot
from exports.parity import assert_equal, combinations, foreign
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlglot import exp

from qualify._support.words import as_number, fold
from qualify.criteria.model import Criteria
from qualify.errors import InvalidArgument
from qualify.exports.sql import DIALECTS, SQL_TARGETS, Dialect, criteria_to_sql
from qualify.exports.sql.dialects import as_double, text_of
from qualify.exports.sql.remarks import plain_remark
from qualify.survey import Answer, Columns

Make = Callable[..., Criteria]
OTHERS = [dialect for dialect in get_args(Dialect) if dialect != "duckdb"]
RESULT = ["deal", "score", "zone", "probability"]
ALL = "SELECT * FROM qualify_scores"


def run_duckdb(script: str, table: pd.DataFrame) -> pd.DataFrame:
    with closing(duckdb.connect()) as database:
        database.execute("CREATE TABLE bystander AS SELECT 1 AS a")
        database.register("frame", table)
        database.execute("CREATE TABLE deals AS SELECT * FROM frame")
        database.execute(script)
        found = database.execute(ALL).fetchall()
        assert database.execute("SELECT a FROM bystander").fetchall() == [(1,)]
    return pd.DataFrame(found, columns=RESULT)


def run_sqlite(script: str, table: pd.DataFrame) -> pd.DataFrame:
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute("CREATE TABLE bystander AS SELECT 1 AS a")
        names = ", ".join('"' + name.replace('"', '""') + '"' for name in table.columns)
        database.execute(f"CREATE TABLE deals ({names})")
        places = ", ".join("?" * len(table.columns))
        database.executemany(f"INSERT INTO deals VALUES ({places})", table.to_numpy(dtype=object).tolist())
        database.executescript(script)
        found = database.execute(ALL).fetchall()
        assert database.execute("SELECT a FROM bystander").fetchall() == [(1,)]
    return pd.DataFrame(found, columns=RESULT)


RUN: dict[Dialect, Callable[[str, pd.DataFrame], pd.DataFrame]]
RUN = {"duckdb": run_duckdb, "sqlite": run_sqlite}
database_of = pytest.mark.parametrize("database", list(RUN))


def run(criteria: Criteria, database: Dialect, **cells: list[Any]) -> pd.DataFrame:
    return RUN[database](criteria_to_sql(criteria, database), pd.DataFrame(cells))


def points(found: pd.DataFrame) -> list[int | None]:
    return [None if pd.isna(score) else int(score) for score in found["score"]]


def in_order(found: pd.DataFrame, criteria: Criteria, table: pd.DataFrame) -> pd.DataFrame:
    """Rows as they stand in the table: by the ids, or by the numbers of the rows."""
    column = criteria.survey.columns.deal
    wanted = table[column].tolist() if column else [str(row + 1) for row in range(len(table))]
    return found.set_index("deal").loc[wanted].reset_index()


@database_of
def test_every_combination_of_answers(database: Dialect, criteria_case: Criteria) -> None:
    table = combinations(criteria_case)
    found = RUN[database](criteria_to_sql(criteria_case, database), table)
    assert_equal(in_order(found, criteria_case, table), criteria_case, table)


@pytest.mark.parametrize("dialect", OTHERS)
def test_every_dialect_parses_and_says_the_same_translated(dialect: Dialect, criteria_case: Criteria) -> None:
    columns = replace(criteria_case.survey.columns, deal="deal id")  # rows without ids have no order
    criteria_case = replace(criteria_case, survey=replace(criteria_case.survey, columns=columns))
    statements = sqlglot.parse(criteria_to_sql(criteria_case, dialect), read=dialect)
    kinds = [exp.Drop, exp.Create] if dialect == "sqlite" else [exp.Create]
    assert [type(statement) for statement in statements] == kinds
    view = statements[-1]
    assert isinstance(view, exp.Create) and not list(view.find_all(exp.Command))
    if dialect == "sqlite":  # its GLOB is not DuckDB's; it has run by itself
        return
    table = combinations(criteria_case)
    found = run_duckdb(view.sql(dialect="duckdb"), table)
    assert_equal(in_order(found, criteria_case, table), criteria_case, table)


@database_of
def test_a_foreign_answer_gives_no_score_or_zone(database: Dialect, criteria_case: Criteria) -> None:
    table = foreign(criteria_case)
    found = RUN[database](criteria_to_sql(criteria_case, database), table)
    assert len(found) == len(table) and found[["score", "zone", "probability"]].isna().all(axis=None)


@database_of
@pytest.mark.parametrize("blank", [None, "", " \t\r\n\u00a0"])
def test_a_blank_is_unknown_or_an_error(database: Dialect, blank: object, make_criteria: Make) -> None:
    criteria = make_criteria()
    asked = tuple(replace(one, blank="error") for one in criteria.survey.characteristics)
    strict = replace(criteria, survey=replace(criteria.survey, characteristics=asked))
    assert points(run(criteria, database, b=[blank, "Yes"], f=["5", blank])) == [4, 8]
    assert points(run(strict, database, b=[blank, "Yes"], f=["5", blank])) == [None, None]


@database_of
@pytest.mark.parametrize("kind", [int, float, Decimal])
def test_columns_of_numbers(database: Dialect, kind: type, make_criteria: Make) -> None:
    cells = [kind(number) for number in (3, 4, 9, 10, -1)]
    if kind is Decimal:
        cells = [f"{cell}.00" if database == "sqlite" else cell for cell in cells]
    assert points(run(make_criteria(), database, b=["Yes"] * 5, f=cells)) == [6, 9, 9, None, None]


@database_of
def test_words_that_are_numbers_in_columns_of_any_type(database: Dialect, make_criteria: Make) -> None:
    criteria = make_criteria(words=("0", "1"))
    for cells in ([0, 1], [0.0, 1.0], ["0", " 1.00 "], ["0.0", "1e0"]):
        assert points(run(criteria, database, b=cells, f=[4, 4])) == [3, 9]
    assert points(run(criteria, "duckdb", b=[Decimal("0.00"), Decimal("1.00")], f=[4, 4])) == [3, 9]
    criteria = make_criteria(words=("FALSE", "True"))
    assert points(run(criteria, "duckdb", b=[True, False], f=[4, 4])) == [9, 3]


@database_of
def test_a_number_that_means_unknown_is_not_a_number(database: Dialect, make_criteria: Make) -> None:
    criteria = make_criteria()
    buyer, fit, rapport = criteria.survey.characteristics
    asked = (buyer, replace(fit, high=None, unknown=("99",)), rapport)
    criteria = replace(criteria, survey=replace(criteria.survey, characteristics=asked))
    for cells in ([99, 98], [99.0, 98.0], ["99", "98"]):
        assert points(run(criteria, database, b=["No", "No"], f=cells)) == [2, 3]


NOT_NUMBERS = ("4,5", "1_000", "abc", "5 5", "0x5", "inf", "nan", "--5", "+-5", "5e", "e5", ".", "4.5.", "١")


@database_of
def test_what_is_no_plain_number_is_never_taken_for_one(database: Dialect, make_criteria: Make) -> None:
    cells = [*NOT_NUMBERS, "1e999", "9" * 400, "-1", "9.01"]
    assert points(run(make_criteria(), database, b=["No"] * len(cells), f=cells)) == [None] * len(cells)
    numbers = [" 4", "+4", "4.", "4.0", "40e-1", "0.4E+1", "\t4\n"]
    assert points(run(make_criteria(), database, b=["No"] * len(numbers), f=numbers)) == [3] * len(numbers)


@settings(max_examples=10, deadline=None)
@given(st.lists(st.text("0123456789+-.e_ x\n", max_size=7).map(str.strip), min_size=100, max_size=200))
def test_numbers_are_those_that_the_survey_reads(texts: list[str]) -> None:
    texts = [text for text in texts if not re.search("e[+-]?[0-9]{3}", text)]  # too long an exponent
    lite, duck = (f"SELECT {as_double('a', one).sql(dialect=one)} FROM" for one in ("sqlite", "duckdb"))
    with closing(sqlite3.connect(":memory:")) as database:
        found = database.execute(f"{lite} (SELECT value AS a FROM json_each(?))", [json.dumps(texts)])
        assert [number for (number,) in found] == [as_number(text) for text in texts]
    with closing(duckdb.connect()) as other:
        found = other.execute(f"{duck} (SELECT unnest(?::TEXT[]) AS a)", [texts]).fetchall()
        assert [number for (number,) in found] == [as_number(text) for text in texts]


# DuckDB's lower case of İ is not Python's.
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00İ"), max_size=30)
DROP = "; DROP TABLE bystander; --"
EVIL = (f"'{DROP}", f'"{DROP}', f"`{DROP}", f"\\'{DROP}\\", f"\n{DROP}\n", f"*/{DROP}/*", "${{a}}")
HOSTILE = TEXTS | st.sampled_from(EVIL)


def with_texts(criteria: Criteria, column: str, title: str, answers: tuple[str, str]) -> Criteria:
    first, second, third = criteria.survey.characteristics
    first = replace(first, column=column, answers=tuple(Answer(value=one) for one in answers))
    columns = Columns(outcome="Status", deal=f"{column} id")
    survey = replace(criteria.survey, title=title, columns=columns, characteristics=(first, second, third))
    table = criteria.points.copy()
    table.loc[[0, 1], "answer"] = list(answers)
    return replace(criteria, survey=survey, points=table, version=title)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(column=HOSTILE, title=HOSTILE, word=HOSTILE)
def test_any_text_is_inert_and_found(make_criteria: Make, column: str, title: str, word: str) -> None:
    column, yes = f"c{column}", f"y{word}"
    criteria = with_texts(make_criteria(), column, title, ("n", yes))
    table = pd.DataFrame({f"{column} id": [" A ", "B"], column: ["N", f" {yes}\n"], "f": ["4", "4"]})
    for database in RUN:
        found = RUN[database](criteria_to_sql(criteria, database), table)
        assert (found["deal"].tolist(), points(found)) == (["A", "B"], [3, 9])
    for dialect in get_args(Dialect):
        *before, view = sqlglot.parse(criteria_to_sql(criteria, dialect), read=dialect)
        assert view is not None and len(before) == (dialect == "sqlite")
        names = {name.this for name in view.find_all(exp.Identifier) if name.quoted}
        # sqlglot reads BigQuery's quoted names apart at dots, which its columns cannot have.
        assert names == {column, f"{column} id", "f"} or (dialect == "bigquery" and "." in column)


@given(TEXTS)
@settings(max_examples=40, deadline=None)
def test_any_text_reads_back_as_it_was(text: str) -> None:
    with closing(sqlite3.connect(":memory:")) as lite, closing(duckdb.connect()) as duck:
        assert lite.execute(f"SELECT {text_of(text).sql(dialect='sqlite')}").fetchone() == (text,)
        assert duck.execute(f"SELECT {text_of(text).sql(dialect='duckdb')}").fetchone() == (text,)
    for dialect in get_args(Dialect):
        quoted = text_of(text).sql(dialect=dialect)
        assert not any(letter in quoted for letter in "\n\r\t\x1b{") and "\\\\" not in quoted


@given(TEXTS | st.sampled_from(EVIL))
@settings(max_examples=40, deadline=None)
def test_remarks_hold_nothing_that_acts(text: str) -> None:
    remark = plain_remark(text)
    assert len(remark) <= 80 and len(remark.splitlines()) <= 1
    assert not set(remark) & set("'\"`;:*/\\-{}$&%?@#()")


@database_of
@pytest.mark.parametrize("letter", ["a", "'", "\n", "\\", "\u202e", "é"])
def test_words_of_ten_thousand_characters(database: Dialect, letter: str, make_criteria: Make) -> None:
    words = ("No", f"y{letter * 9_998}y")
    found = run(make_criteria(words=words), database, b=["no", words[1]], f=["4", "4"])
    assert points(found) == [3, None if letter in "\n\\" else 9]


@database_of
def test_letters_beyond_ascii_in_the_usual_spellings(database: Dialect, make_criteria: Make) -> None:
    criteria = make_criteria(words=("Élevé", "pas l'idéal"))
    high = ["Élevé", "élevé", "ÉLEVÉ", "e\u0301leve\u0301", "E\u0301LEVE\u0301"]
    cells = [*high, "Pas l\u2019idéal", "PAS L'IDÉAL"]
    assert {fold(cell) for cell in cells} == {"élevé", "pas l'idéal"}
    assert points(run(criteria, database, b=cells, f=["4"] * 7)) == [3] * 5 + [9] * 2


@database_of
def test_ids_are_text_and_without_a_column_rows_are_numbered(database: Dialect, make_criteria: Make) -> None:
    criteria = make_criteria()
    assert run(criteria, database, b=["No"] * 3, f=[1, 2, 3])["deal"].tolist() == ["1", "2", "3"]
    assert "names no column of ids" in criteria_to_sql(criteria, database)
    named = replace(criteria, survey=replace(criteria.survey, columns=Columns(outcome="Status", deal="Id")))
    assert run(named, database, Id=[7, 8], b=["No", "No"], f=[1, 2])["deal"].tolist() == ["7", "8"]
    assert "names no column of ids" not in criteria_to_sql(named, database)


@database_of
def test_columns_of_the_table_may_be_called_as_those_within(database: Dialect, make_criteria: Make) -> None:
    criteria = with_texts(make_criteria(), "answer_2", "", ("No", "Yes"))
    cells = {"answer_2 id": "A", "answer_2": "Yes", "f": "4", "score": "77", "points_1": "5"}
    assert points(run(criteria, database, **{name: [cell] for name, cell in cells.items()})) == [9]


@database_of
def test_a_missing_column_is_an_error_and_no_answer(database: Dialect, make_criteria: Make) -> None:
    with pytest.raises((sqlite3.Error, duckdb.Error), match="f"):
        run(make_criteria(), database, b=["No"])


@database_of
def test_the_script_can_be_run_again(database: Dialect, make_criteria: Make) -> None:
    script = criteria_to_sql(make_criteria(), database)
    assert script == criteria_to_sql(make_criteria(), database)
    assert points(RUN[database](script * 2, pd.DataFrame({"b": ["No"], "f": ["1"]}))) == [0]


def test_the_columns_and_their_types_do_not_depend_on_the_criteria(criteria_case: Criteria) -> None:
    table = combinations(criteria_case).iloc[:1]
    with closing(duckdb.connect()) as database:
        database.register("deals", table)
        database.execute(criteria_to_sql(criteria_case).replace("REPLACE VIEW", "REPLACE TEMPORARY VIEW"))
        described = database.execute("DESCRIBE qualify_scores").fetchall()
    kinds = [("deal", "VARCHAR"), ("score", "INTEGER"), ("zone", "VARCHAR"), ("probability", "DOUBLE")]
    assert [row[:2] for row in described] == kinds


@pytest.mark.parametrize("suffix", list(DIALECTS))
def test_every_suffix_writes_its_dialect(suffix: str, make_criteria: Make) -> None:
    assert list(SQL_TARGETS) == list(DIALECTS)
    assert SQL_TARGETS[suffix](make_criteria()) == criteria_to_sql(make_criteria(), DIALECTS[suffix])


def test_another_dialect_and_a_column_that_cannot_be_are_refused(make_criteria: Make) -> None:
    with pytest.raises(InvalidArgument, match="dialect"):
        criteria_to_sql(make_criteria(), "oracle")  # type: ignore[arg-type]
    with pytest.raises(InvalidArgument, match="no database takes"):
        criteria_to_sql(with_texts(make_criteria(), "a\x00b", "", ("No", "Yes")))


def test_sqlglot_is_imported_only_to_write() -> None:
    code = "import sys, qualify.exports.sql; sys.exit('sqlglot' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
