"""Criteria as a script for a database: a view that scores every row of a table of deals."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Literal, get_args

from qualify.criteria.model import Criteria
from qualify.errors import InvalidArgument, Problem, check_choice
from qualify.exports.rules import Rules, rules_of
from qualify.exports.sql.remarks import UNHELD, plain_remark
from qualify.formatting.formats import clean

Dialect = Literal["duckdb", "postgres", "snowflake", "bigquery", "spark", "sqlite"]

DIALECTS: Mapping[str, Dialect] = {
    ".sql": "duckdb",
    ".postgres.sql": "postgres",
    ".snowflake.sql": "snowflake",
    ".bigquery.sql": "bigquery",
    ".spark.sql": "spark",
    ".sqlite.sql": "sqlite",
}
_PRODUCTS: Mapping[Dialect, str] = {
    "duckdb": "DuckDB",
    "postgres": "PostgreSQL",
    "snowflake": "Snowflake",
    "bigquery": "BigQuery",
    "spark": "Spark or Databricks",
    "sqlite": "SQLite",
}
_HINTS: Mapping[Dialect, str] = {
    "duckdb": "For another database write the criteria anew, to a file ending with .postgres.sql and so on.",
    "postgres": "Column names are quoted: capitals count, as they stand in the survey.",
    "snowflake": "Column names are quoted: capitals count, as they stand in the survey.",
    "bigquery": "Choose a default dataset, or write dataset.deals and dataset.qualify_scores.",
    "spark": "The table must be one that stays, for a view that stays cannot read a temporary view.",
    "sqlite": "A view of that name is dropped first.",
}


def criteria_to_sql(criteria: Criteria, dialect: Dialect = "duckdb") -> str:
    """Write criteria as a script that creates the view ``qualify_scores`` of a table ``deals``.

    Parameters
    ----------
    criteria : Criteria
        From `refine_criteria` or `read_criteria`.
    dialect : {"duckdb", "postgres", "snowflake", "bigquery", "spark", "sqlite"}
        Whose SQL.

    Returns
    -------
    str
        One statement (for SQLite two). The view has a row per row of `deals`: deal, score, zone, probability.
        A deal with an answer that the criteria do not know has NULL for the last three.

    Raises
    ------
    InvalidArgument
        For another dialect, and where a column's name holds a character that no database takes.

    Notes
    -----
    Words are compared without regard to case and outer space, numbers as numbers: 4, 4.0 and 4.00 are the
    same answer, whatever the type of the column. Numbers of more than 200 characters or with an exponent of
    more than two digits are not known, lest one cell stops the view.

    Examples
    --------
    >>> import qualify as ql
    >>> simulated = ql.simulate_deals(300, rng=1)
    >>> criteria = ql.refine_criteria(ql.read_deals(simulated.frame, simulated.survey), replicates=20)
    >>> "CREATE OR REPLACE VIEW qualify_scores AS" in criteria_to_sql(criteria, "postgres")
    True
    """
    check_choice(dialect, get_args(Dialect), name="dialect", where="criteria_to_sql")
    # Slow to import, and needed for nothing else.
    from qualify.exports.sql.view import view_of

    rules = rules_of(criteria)
    _check(rules)
    head = "".join(f"-- {line}\n" for line in _head(rules, dialect))
    return f"{head}\n{view_of(rules, dialect)}\n"


def _check(rules: Rules) -> None:
    columns = [column for question in rules.questions for column in question.columns]
    columns.append(rules.deal_column or "")
    problems = [
        Problem(reason="holds a character that no database takes", mend="rename it", column=clean(name))
        for name in columns
        if UNHELD.search(name)
    ]
    if problems:
        raise InvalidArgument(problems, "these criteria cannot be written as SQL:")


def _head(rules: Rules, dialect: Dialect) -> list[str]:
    """Say what the script does and how to use it; no semicolon or quote, which some clients act on."""
    title = plain_remark(rules.title)
    lines = [
        f"Qualification criteria, version {plain_remark(rules.version)}{f', {title}' if title else ''}",
        f"For {_PRODUCTS[dialect]}. Reads the table deals and creates the view qualify_scores",
        "(deal, score, zone, probability). Run this script once, then query the view like a table:",
        "    SELECT * FROM qualify_scores ORDER BY probability DESC",
        "A deal with an answer that the criteria do not know has no score (NULL). To list them:",
        "    SELECT deal FROM qualify_scores WHERE score IS NULL",
        "If your table has another name, write it after FROM in place of deals.",
        _HINTS[dialect],
    ]
    if rules.deal_column is None:
        lines.append(
            "The survey names no column of ids: deal is the number of the row, in whatever order the"
        )
        lines.append("database reads the table. It need not be the same tomorrow.")
    return lines


SQL_TARGETS: Mapping[str, Callable[[Criteria], str]] = {
    suffix: partial(criteria_to_sql, dialect=dialect) for suffix, dialect in DIALECTS.items()
}
