"""Deals: what was answered for every deal; the only reader of a user's table."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from qualify._support.words import fold
from qualify.deals.columns import (
    marks_of,
    read_answer_column,
    read_date_column,
    read_ids,
    read_number_column,
    read_text_column,
    without_unknown,
)
from qualify.deals.faults import Faults
from qualify.deals.options import read_option_column
from qualify.deals.outcomes import read_outcomes
from qualify.errors import InvalidArgument, InvalidDeals, Problem, check_choice, short
from qualify.reading.joining import join_tables
from qualify.reading.layout import UTF_8
from qualify.reading.source import RawTable, open_table
from qualify.survey.model import UNKNOWN_WORDS, Survey

DATES = ("close_date", "survey_date", "created_date")
NUMBERS = ("value", "effort", "weight")
NAMED = 5  # deals named beside a word
TEXTS = ("rep", "account", "segment", "respondent")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Deals:
    """Deals read against their survey.

    Attributes
    ----------
    survey : Survey
        What was asked.
    closed : DataFrame
        The closed deals, indexed by deal id (text; the row of the table where there is no id column).
        Columns: `outcome` (won, lost or no decision), those of close_date, survey_date, created_date, value,
        effort, weight, rep, account, segment and respondent that the survey names (missing where blank or
        unknown), then one per characteristic: a categorical of text, its last category `unknown`, never
        missing.
    open : DataFrame
        The open deals, in the same form; their outcome is "open".
    left_out : int
        Deals without a decision that were left out, as the survey says.
    set_aside : int
        Rows with an outcome word that the survey leaves out, such as duplicates.
    notes : tuple of str
        What was left out of the file, and what was not matched between answers and outcomes.
    new_words : DataFrame
        characteristic, word, deals (how many), named (the first of them): words that are no answers of the
        survey and count as unknown, where `read_deals` was told to take them so.
    """

    survey: Survey
    closed: pd.DataFrame
    open: pd.DataFrame
    left_out: int = 0
    set_aside: int = 0
    notes: tuple[str, ...] = ()
    new_words: pd.DataFrame = field(default_factory=lambda: new_words_table([], pd.Index([], dtype="str")))

    def __repr__(self) -> str:
        won = int(self.won.sum())
        rate = f", {won / self.n:.1%}" if self.n else ""
        beside = self.left_out + self.set_aside
        more = f", {beside} left out" if beside else ""
        counts = f"{self.n} closed ({won} won{rate}), {len(self.open)} open{more}"
        return f"<Deals: {counts}; {len(self.survey.names)} characteristics>"

    @property
    def answers(self) -> pd.DataFrame:
        """The closed deals' answers: a categorical per characteristic, its last category `unknown`."""
        return self.closed[list(self.survey.names)]

    @property
    def won(self) -> pd.Series[bool]:
        """Whether each closed deal was won."""
        return (self.closed["outcome"] == "won").astype(bool).rename("won")

    @property
    def dates(self) -> pd.DataFrame:
        """The date columns of the closed deals; none where the survey names none."""
        return self.closed[[name for name in DATES if name in self.closed.columns]]

    @property
    def weights(self) -> pd.Series[float]:
        """Weight of each closed deal: 1.0 unless the survey names a weight column."""
        if "weight" in self.closed.columns:
            return self.closed["weight"]
        return pd.Series(1.0, index=self.closed.index, name="weight")

    @property
    def n(self) -> int:
        """Number of closed deals."""
        return len(self.closed)

    @property
    def win_rate(self) -> float:
        """Share of the closed deals that were won, in [0, 1], unweighted."""
        return float(self.won.mean())

    def subset(self, mask: pd.Series[bool] | NDArray[np.bool_] | Sequence[bool]) -> Deals:
        """Return the same with only the closed deals where `mask` is true; the open deals stay.

        Parameters
        ----------
        mask : sequence of bool
            One per closed deal, in their order; a Series must carry their index.

        Returns
        -------
        Deals
            All categories stay, whether still answered or not.

        Raises
        ------
        InvalidArgument
            Where the mask does not fit.
        """
        kept = np.asarray(mask)
        if kept.shape != (self.n,) or kept.dtype != np.bool_:
            given = f"{kept.dtype} values of shape {kept.shape}"
            raise InvalidArgument(f"`mask` of `subset` must be {self.n} truth values; got {given}.")
        if isinstance(mask, pd.Series) and not mask.index.equals(self.closed.index):
            raise InvalidArgument("`mask` of `subset` must carry the index of `closed`, in its order.")
        return replace(self, closed=self.closed.loc[kept])


def read_deals(
    source: object,
    survey: Survey,
    *,
    outcomes: object = None,
    new_words: Literal["refuse", "unknown"] = "refuse",
) -> Deals:
    """Read a table of deals against a survey.

    Words are compared without regard to case and outer space (outcome words: without regard to any space);
    the number 4.0 is the answer 4. Text is taken as written: `NA` is unknown only if the survey says so. A
    blank answer is `unknown` unless the survey says it is an error; a blank outcome is an open deal. Rows
    with nothing in them do not count.

    Parameters
    ----------
    source : path or frame
        A file ending with .csv, .tsv, .txt, .xlsx (the first sheet), .parquet or .jsonl, or a frame of
        pandas, polars, pyarrow or another library that narwhals knows. It is never changed.
    survey : Survey
        What was asked and in which columns it stands.
    outcomes : path or frame, optional
        A second table with what became of the deals, where `source` has only the answers. The two are joined
        by the deal's id, without regard to case, space, and the length of Salesforce ids; where both have a
        column, that of the outcomes is read.
    new_words : {"refuse", "unknown"}
        Whether a word that is no answer of the survey is an error, or counts as unknown and is reported in
        `Deals.new_words`. Outcome words and numbers beyond their range are always errors.

    Returns
    -------
    Deals
        The closed and the open deals.

    Raises
    ------
    InvalidDeals
        With every problem of the table at once, each with column, row, value and mend.

    Examples
    --------
    >>> import pandas as pd
    >>> from qualify.survey import Characteristic, Columns, Outcomes, Survey
    >>> survey = Survey(
    ...     columns=Columns(outcome="Status"),
    ...     outcomes=Outcomes(won=("Won",), lost=("Lost",), open=("Open",)),
    ...     characteristics=(Characteristic(name="Need", column="Need", kind="score", low=1, high=5),),
    ... )
    >>> frame = pd.DataFrame({"Status": ["won", "LOST", "Open"], "Need": [4.0, 2.0, None]})
    >>> deals = read_deals(frame, survey)
    >>> deals
    <Deals: 2 closed (1 won, 50.0%), 1 open; 1 characteristics>
    >>> deals.closed["Need"].tolist()
    ['4', '2']
    """
    check_choice(new_words, ("refuse", "unknown"), name="new_words", where="read_deals")
    table, faults = _opened(source, survey, outcomes)
    faults.aside = [] if new_words == "unknown" else None
    frame = _frame(table, survey, faults)
    if survey.columns.outcome not in table:
        faults.general.append(table.missing(survey.columns.outcome))
    elif "outcome" in frame and not frame["outcome"].isna().any():
        faults.general += _one_sided(frame["outcome"], survey)
    _raise(table, faults)
    outcome = frame["outcome"]
    leave_out = survey.outcomes.no_decision_as == "leave_out"
    undecided = (outcome == "no decision") & leave_out
    is_open, aside = outcome == "open", outcome == "leave out"
    return Deals(
        survey=survey,
        closed=frame.loc[~is_open & ~undecided & ~aside],
        open=frame.loc[is_open],
        left_out=int(undecided.sum()),
        set_aside=int(aside.sum()),
        notes=(*table.notes, *table.error_notes(), *_idle_words(table, survey)),
        new_words=new_words_table(faults.aside or [], frame.index),
    )


def _idle_words(table: RawTable, survey: Survey) -> list[str]:
    """Say which words that the survey lists as unknown stand in no cell; the usual ones do not count."""
    seen = {
        asked.name: {fold(text) for text in table.coded(asked.column).texts()}
        for asked in survey.characteristics
    }
    everywhere = set().union(*seen.values())
    usual = set(map(fold, UNKNOWN_WORDS))
    idle = [word for word in survey.unknown if fold(word) not in usual | everywhere]
    said = (
        [f"No cell has {', '.join(map(repr, idle))}, which the survey lists under unknown."] if idle else []
    )
    for asked in survey.characteristics:
        mine = [word for word in asked.unknown if fold(word) not in seen[asked.name]]
        if mine and asked.option is None:
            said.append(
                f"{asked.name}: no cell has {', '.join(map(repr, mine))}, which is listed under unknown."
            )
    return said


def read_answers(
    source: object,
    survey: Survey,
    *,
    only: Collection[str] | None = None,
    aside: list[pd.DataFrame] | None = None,
) -> pd.DataFrame:
    """Read every row of a table against a survey, whatever became of the deal: the reader for scoring.

    Parameters
    ----------
    source : path or frame
        As for `read_deals`; the outcome column may be missing, and its words need not be known.
    survey : Survey
        What was asked and in which columns it stands.
    only : collection of str, optional
        Names of characteristics, and such as value or effort. Nothing else is read, apart from the id; a
        characteristic among them must be there, the rest are left out where the table lacks them.
    aside : list, optional
        Takes the table of words that are no answers of the survey, which then count as unknown; without it
        they are errors.

    Returns
    -------
    DataFrame
        The columns of `Deals.closed`, every row, in the table's order. `outcome` is there where the column
        is; it is missing for words the survey does not know.

    Raises
    ------
    InvalidDeals
        With every problem of the table at once.
    """
    table, faults = _opened(source, survey)
    faults.aside = None if aside is None else []
    frame = _frame(table, survey, faults, outcome_matters=False, only=only)
    _raise(table, faults)
    if aside is not None:
        aside.append(new_words_table(faults.aside or [], frame.index))
    return frame


def new_words_table(
    aside: Sequence[tuple[str, str, NDArray[np.bool_]]], deals: pd.Index[str]
) -> pd.DataFrame:
    """Return the words that count as unknown, with how many deals have each and the first of them.

    Parameters
    ----------
    aside : sequence of tuple
        Characteristic, word and rows.
    deals : Index
        Ids of the rows.

    Returns
    -------
    DataFrame
        characteristic, word, deals, named.
    """
    rows = []
    for name, word, hit in aside:
        ids, n = [str(deal) for deal in deals[hit][:NAMED]], int(hit.sum())
        if n:
            rows.append((name, word, n, ", ".join(ids) + (" ..." if n > NAMED else "")))
    table = pd.DataFrame(rows, columns=["characteristic", "word", "deals", "named"])
    return table.astype({"characteristic": "str", "word": "str", "deals": "int64", "named": "str"})


def _opened(source: object, survey: object, outcomes: object = None) -> tuple[RawTable, Faults]:
    if not isinstance(survey, Survey):
        raise InvalidArgument(f"`survey` must be a Survey, as `read_survey` gives; got {short(survey)}.")
    table = _read_as_before(source, survey)
    if outcomes is not None:
        joined = join_tables(table, open_table(outcomes), survey.columns.deal)
        table = replace(joined.table, notes=(*joined.table.notes, *joined.notes))
    faults = Faults(rows=table.rows, general=list(table.problems))
    if not len(table):
        faults.general.append(Problem(reason=f"{table.name} has no rows", mend="give at least one deal"))
    return table, faults


def _read_as_before(source: object, survey: Survey) -> RawTable:
    """Open a table as the survey remembers it; where its headings have moved, where they are now."""
    table, layout = open_table(source, layout=survey.table), survey.table
    wanted = {survey.columns.outcome, *(asked.column for asked in survey.characteristics)}
    missing = sum(heading not in table for heading in wanted)
    if layout is None or layout.heading_row is None or not missing:
        return table
    found = open_table(source, layout=replace(layout, heading_row=None))
    if sum(heading not in found for heading in wanted) >= missing:
        return table
    row, before = found.layout.heading_row, layout.heading_row
    moved = f"The headings were read in row {row}; when the survey was drafted they stood in row {before}."
    return replace(found, notes=(*found.notes, moved))


def _frame(
    table: RawTable,
    survey: Survey,
    faults: Faults,
    *,
    outcome_matters: bool = True,
    only: Collection[str] | None = None,
) -> pd.DataFrame:
    columns: dict[str, Any] = {}
    outcome = survey.columns.outcome
    if outcome in table and only is None:
        noted = faults if outcome_matters else Faults(rows=table.rows)
        columns["outcome"] = read_outcomes(table, survey, noted)
    columns |= _roles(table, survey, faults, only)
    for asked in survey.characteristics:
        if only is not None and asked.name not in only:
            continue
        if asked.column in table and asked.option is not None:
            columns[asked.name] = read_option_column(asked, survey, table, faults)
        elif asked.column in table:
            coded = table.coded(asked.column)
            columns[asked.name] = read_answer_column(asked, survey, coded, faults)
        else:
            faults.general.append(table.missing(asked.column))
    return pd.DataFrame(columns, index=pd.Index(_ids(table, survey, faults), name="deal", dtype="str"))


def _roles(table: RawTable, survey: Survey, faults: Faults, only: Collection[str] | None) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for role in (*DATES, *NUMBERS, *TEXTS):
        column = getattr(survey.columns, role)
        if column is None or (only is not None and role not in only):
            continue
        if column not in table:
            if only is None:
                faults.general.append(table.missing(column))
            continue
        coded = without_unknown(table.coded(column), survey)
        if role in DATES:
            order = None if survey.table is None else survey.table.dates
            made[role] = read_date_column(column, coded, faults, order=order)
        elif role in NUMBERS:
            marks, weight = marks_of(survey), role == "weight"
            made[role] = read_number_column(column, coded, faults, weight=weight, marks=marks)
        else:
            made[role] = read_text_column(coded)
    return made


def _ids(table: RawTable, survey: Survey, faults: Faults) -> list[str]:
    column = survey.columns.deal
    if column is not None and column in table:
        who = survey.columns.respondent
        asked = who if who is not None and who in table else None
        return read_ids(column, table.coded(column), faults, respondent=asked)
    if column is not None:
        faults.general.append(table.missing(column))
    return [str(row) for row in table.rows.tolist()]


def _one_sided(outcome: pd.Series[Any], survey: Survey) -> list[Problem]:
    won, lost = int((outcome == "won").sum()), int((outcome == "lost").sum())
    if survey.outcomes.no_decision_as == "lost":
        lost += int((outcome == "no decision").sum())
    if won and lost:
        return []
    if not len(outcome):
        return []
    all_one = f"all {won + lost} closed deals are {'won' if won else 'lost'}"
    reason = all_one if won or lost else "no deal is closed"
    mend = "give won and lost deals; a blank outcome counts as open"
    return [Problem(reason=reason, mend=mend, column=survey.columns.outcome)]


def _raise(table: RawTable, faults: Faults) -> None:
    problems = faults.all()
    if not problems:
        return
    used = table.layout.encoding
    encoding = "" if used in UTF_8 else f" (read as {used})"
    raise InvalidDeals(problems, f"{table.name}{encoding} does not fit the survey:")
