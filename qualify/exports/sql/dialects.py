"""What databases write differently, and texts and numbers that no database misreads.

Only `criteria_to_sql` imports this, and only when it is called: it needs sqlglot.
"""

from __future__ import annotations

import re

import sqlglot
from sqlglot import exp

# Tab, line feed, vertical tab, form feed, carriage return, no-break space.
SPACES = (9, 10, 11, 12, 13, 160)
# What databases, their clients or templates may read as more than itself: control characters and \ {.
UNPLAIN = re.compile(r"[\x01-\x1f\x7f-\x9f\\{]")
# As NUMBER in qualify._support.words, in lower case and with an exponent of two digits: with at most 200
# characters it fits a double precision number, so that no cell can stop the whole view.
_NUMBER = "^[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)(e[+-]?[0-9][0-9]?)?$"
_LONGEST = 200
# The same without regular expressions, which SQLite lacks.
_STARTS = ("[0-9]*", "[+-][0-9]*", ".[0-9]*", "[+-].[0-9]*")
_ENDS = ("*e[0-9]", "*e[0-9][0-9]", "*e[+-][0-9]", "*e[+-][0-9][0-9]")
_NEVER = ("*[^0-9.e+-]*", "*[0-9.+-][+-]*", "*.*.*", "*e*.*", "*e*e*")
# Spark has TRY_CAST too, which sqlglot writes only for Databricks, whose SQL is Spark's.
_WRITTEN_AS = {"spark": "databricks"}


def text_of(text: str) -> exp.Expr:
    r"""Return a text as an expression that is the same in every dialect and under every setting of it.

    Parameters
    ----------
    text : str
        Any text without the character 0.

    Returns
    -------
    Expr
        A quoted text; where it holds control characters, backslashes or braces, pieces joined by ``||``.

    Examples
    --------
    >>> print(text_of("it's a\nb").sql(dialect="postgres"))
    'it''s a' || CHR(10) || 'b'
    """
    pieces: list[exp.Expr] = []
    last = 0
    for found in UNPLAIN.finditer(text):
        if found.start() > last:
            pieces.append(exp.Literal.string(text[last : found.start()]))
        pieces.append(_character(ord(found.group())))
        last = found.end()
    if last < len(text) or not pieces:
        pieces.append(exp.Literal.string(text[last:]))
    return _joined(pieces)


def number_of(number: float) -> exp.Expr:
    """Return a number as an expression, whole numbers without decimals.

    Parameters
    ----------
    number : float
        A finite number.

    Returns
    -------
    Expr
        Decimal notation.

    Examples
    --------
    >>> number_of(4.0).sql(), number_of(-0.5).sql()
    ('4', '-0.5')
    """
    return exp.Literal.number(repr(int(number) if number == int(number) and abs(number) < 1e15 else number))


def trimmed(cell: exp.Expr) -> exp.Expr:
    """Return a cell of any type as text without outer space, tabs and line ends.

    Parameters
    ----------
    cell : Expr
        A column.

    Returns
    -------
    Expr
        A text, NULL for NULL.

    Examples
    --------
    >>> trimmed(exp.column("a")).sql(dialect="sqlite")
    "TRIM(CAST(a AS TEXT), ' ' || CHAR(9) || CHAR(10) || CHAR(11) || CHAR(12) || CHAR(13) || CHAR(160))"
    """
    spaces = _joined([exp.Literal.string(" "), *(_character(code) for code in SPACES)])
    return exp.Trim(this=exp.cast(cell, "text"), expression=spaces)


def as_double(column: str, dialect: str) -> exp.Expr:
    """Return the number that a text in lower case writes in plain digits, or NULL.

    Parameters
    ----------
    column : str
        The column of the text.
    dialect : str
        SQLite has no regular expressions.

    Returns
    -------
    Expr
        A double precision number; nothing is converted before it is known to be a number.

    Examples
    --------
    >>> print(as_double("a", "bigquery").sql(dialect="bigquery")[:56])
    CASE WHEN LENGTH(a) <= 200 AND REGEXP_CONTAINS(a, '^[+-]
    """
    text = exp.column(column)
    short = exp.LTE(this=exp.Length(this=text), expression=exp.Literal.number(_LONGEST))
    plain: exp.Expr = exp.RegexpLike(this=text, expression=exp.Literal.string(_NUMBER))
    if dialect == "sqlite":
        without_exponent = exp.not_(_glob(text, "*e*"))
        plain = exp.and_(
            exp.or_(*(_glob(text, start) for start in _STARTS)),
            exp.or_(without_exponent, *(_glob(text, end) for end in _ENDS)),
            *(exp.not_(_glob(text, never)) for never in _NEVER),
        )
    # Snowflake converts safely only what is known to be text, and these are.
    number = exp.TryCast(this=text.copy(), to=exp.DataType.build("double"), requires_string=True)
    return exp.case().when(exp.and_(short, plain), number)


def row_number(dialect: str) -> exp.Expr:
    """Return the number of a row, in whatever order the database reads the table.

    Parameters
    ----------
    dialect : str
        Snowflake and Spark insist on an order, and take one that orders nothing.

    Returns
    -------
    Expr
        A whole number from 1.

    Examples
    --------
    >>> row_number("duckdb").sql(), row_number("spark").sql(dialect="spark")
    ('ROW_NUMBER() OVER ()', 'ROW_NUMBER() OVER (ORDER BY NULL)')
    """
    order = exp.Order(expressions=[exp.Ordered(this=exp.null(), nulls_first=True)])
    return exp.Window(this=exp.RowNumber(), order=order if dialect in ("snowflake", "spark") else None)


def least(columns: list[str], dialect: str) -> exp.Expr:
    """Return the least of some columns.

    Parameters
    ----------
    columns : list of str
        Their names; none of the columns holds NULL, of which databases think differently.
    dialect : str
        SQLite calls it MIN.

    Returns
    -------
    Expr
        A number.

    Examples
    --------
    >>> least(["a", "b"], "spark").sql(), least(["a", "b"], "sqlite").sql(), least(["a"], "sqlite").sql()
    ('LEAST(a, b)', 'MIN(a, b)', 'a')
    """
    if len(columns) == 1:  # MIN of one column would be that of all rows
        return exp.column(columns[0])
    name = "MIN" if dialect == "sqlite" else "LEAST"
    return exp.Anonymous(this=name, expressions=[exp.column(column) for column in columns])


def create_view(name: str, query: exp.Query, dialect: str) -> str:
    """Write the statement that creates a view, or replaces it.

    Parameters
    ----------
    name : str
        Of the view.
    query : Query
        What it shows.
    dialect : str
        SQLite drops the view first, for it replaces none.

    Returns
    -------
    str
        The statement, for SQLite two, each ended by a semicolon.

    Examples
    --------
    >>> print(create_view("v", exp.select("1"), "sqlite"))
    DROP VIEW IF EXISTS v;
    CREATE VIEW v AS
    SELECT
      1;
    """
    sqlite = dialect == "sqlite"
    create: exp.Expr = exp.Create(this=exp.to_table(name), kind="VIEW", expression=query, replace=not sqlite)
    if not sqlite:  # whose name for it sqlglot knows; CHR of the others it lays out oddly
        create = create.transform(_chr)
    drop = f"DROP VIEW IF EXISTS {name};\n" if sqlite else ""
    # A construct that the dialect lacks is an error here, never something near it.
    lost = sqlglot.ErrorLevel.RAISE
    written_as = _WRITTEN_AS.get(dialect, dialect)
    return f"{drop}{create.sql(dialect=written_as, pretty=True, unsupported_level=lost)};"


def _character(code: int) -> exp.Expr:
    return exp.Chr(expressions=[exp.Literal.number(code)])


def _chr(node: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this="CHR", expressions=node.expressions) if isinstance(node, exp.Chr) else node


def _joined(pieces: list[exp.Expr]) -> exp.Expr:
    whole = pieces[0]
    for piece in pieces[1:]:
        whole = exp.DPipe(this=whole, expression=piece)
    return whole


def _glob(text: exp.Expr, pattern: str) -> exp.Expr:
    return exp.Glob(this=text.copy(), expression=exp.Literal.string(pattern))
