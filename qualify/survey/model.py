"""Survey: what is asked of every deal, in which columns the answers stand, what the outcome words mean."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from qualify.errors import InvalidSurvey, did_you_mean
from qualify.reading.layout import TableLayout
from qualify.survey.check import survey_problems
from qualify.survey.unknown_words import UNKNOWN, UNKNOWN_WORDS

Kind = Literal["yes_no", "score", "ordered", "choice"]
Blank = Literal["unknown", "error"]
NoDecisionAs = Literal["lost", "leave_out"]
Direction = Literal["with", "against", "either"]

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One allowed answer of a characteristic.

    Attributes
    ----------
    value : str
        The answer as it stands in the table. Compared without regard to case and outer space.
    label : str
        A longer wording for people.
    anchor : str
        The observable fact that earns this answer.
    points : float, optional
        Points a hand-made scorecard gives for it.
    """

    value: str
    label: str = ""
    anchor: str = ""
    points: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One option of a question that allows several choices, asked as a yes_no characteristic of its own.

    A cell that holds the option says yes; another choice made in the same question says no; nothing chosen
    at all is unknown.

    Attributes
    ----------
    question : str
        Name of the question that the options share.
    word : str
        The option as it stands in the table.
    separator : str
        What parts the choices within one cell; empty where each option has a column of its own.
    columns : tuple of str
        The columns of all options, where each has its own.
    """

    question: str
    word: str
    separator: str = ""
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Characteristic:
    """One observable fact about a deal, with its allowed answers.

    Attributes
    ----------
    name : str
        Its short name in every result.
    column : str
        The column of the table that holds its answers.
    kind : {"yes_no", "score", "ordered", "choice"}
        yes_no: two answers; score: a number; ordered: words with an order; choice: words without one.
    question : str
        What is asked.
    answers : tuple of Answer
        yes_no: exactly two, the "no" side first; ordered: lowest first; score: none needed.
    unknown : tuple of str
        Words that mean unknown here, besides those of the whole survey.
    group : str
        A heading under which it is listed.
    controllable : bool
        Whether the team can change it (a lever) or not (context).
    blank : {"unknown", "error"}
        What an empty cell means.
    low, high : float, optional
        Allowed range of a score; None is open.
    points_per_step : float, optional
        Points a hand-made scorecard gives for each 1 of a score.
    step : float, optional
        What the odds ratio of a score is given for, above 0; else 1 for ratings, and for other numbers a
        round number near their interquartile range.
    hours : float, optional
        Hours it takes to find the answer out, or to bring another one about where the team can.
    reference : str, optional
        The answer of a yes_no or choice that the others are compared with.
    contrast : tuple of two str, optional
        The two answers of a choice, (from, to), whose difference is reported.
    direction : {"with", "against", "either"}
        Whether higher answers (of yes_no: the second) are expected to go with winning or against it.
    known_before : bool
        Whether the answer is known before the outcome, even where it decides the outcome by itself.
    option : Option, optional
        The choice that a yes means, where the question allows several.
    """

    name: str
    column: str
    kind: Kind
    question: str = ""
    answers: tuple[Answer, ...] = ()
    unknown: tuple[str, ...] = ()
    group: str = ""
    controllable: bool = False
    blank: Blank = "unknown"
    low: float | None = None
    high: float | None = None
    points_per_step: float | None = None
    step: float | None = None
    hours: float | None = None
    reference: str | None = None
    contrast: tuple[str, str] | None = None
    direction: Direction = "either"
    known_before: bool = False
    option: Option | None = None

    @property
    def label(self) -> str:
        """The question, or the name where no question is written."""
        return self.question or self.name

    @property
    def values(self) -> tuple[str, ...]:
        """The answers as they stand in tables, without `unknown`."""
        return tuple(answer.value for answer in self.answers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Which columns of the table hold what, apart from the characteristics; None where there is none.

    Attributes
    ----------
    outcome : str
        What became of the deal.
    closed : str, optional
        Whether the deal is closed, where the outcome column says only whether it was won.
    lost : str, optional
        Whether the deal was lost, where the outcome column says only whether it was won.
    deal : str, optional
        The deal's id; each stands once. Without it the rows are numbered.
    close_date, survey_date, created_date : str, optional
        When the deal was closed, surveyed and created.
    value : str, optional
        What the deal is worth.
    effort : str, optional
        What pursuing the deal took: hours, or money.
    rep, account, segment, respondent : str, optional
        Who sells, who buys, what kind of customer, who answered.
    weight : str, optional
        How many deals a row stands for, above 0.
    """

    outcome: str
    closed: str | None = None
    lost: str | None = None
    deal: str | None = None
    close_date: str | None = None
    survey_date: str | None = None
    created_date: str | None = None
    value: str | None = None
    effort: str | None = None
    rep: str | None = None
    account: str | None = None
    segment: str | None = None
    respondent: str | None = None
    weight: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcomes:
    """What the words of the outcome column mean. Compared without regard to case and space.

    Attributes
    ----------
    won, lost : tuple of str
        Words for won and for lost; at least one each.
    no_decision : tuple of str
        Words for a deal that ended without a decision.
    open : tuple of str
        Words for a deal still open; a blank cell is one too.
    leave_out : tuple of str
        Words for rows that are no deals to learn from, such as duplicates; they are counted and left out.
    closed : tuple of str
        Words of the columns `closed` and `lost` that mean yes; any other word there is no.
    no_decision_as : {"lost", "leave_out"}
        What is done with deals that ended without a decision.
    """

    won: tuple[str, ...]
    lost: tuple[str, ...]
    no_decision: tuple[str, ...] = ()
    open: tuple[str, ...] = ()
    leave_out: tuple[str, ...] = ()
    closed: tuple[str, ...] = ()
    no_decision_as: NoDecisionAs = "lost"


class Note(str):
    """A remark of a draft: a sentence that knows its column and what was done there.

    Attributes
    ----------
    column : str
        The heading; empty where the whole table is meant.
    decision : str
        "outcome", "mirror", "role", "question", "left out", "asked about" or "table".

    Examples
    --------
    >>> note = Note("holds the close date", column="Closed on", decision="role")
    >>> note, note.decision
    ('Closed on: holds the close date', 'role')
    """

    column: str
    decision: str

    def __new__(cls, text: str, *, column: str = "", decision: str = "") -> Note:
        """Return the sentence, headed by the column."""
        note = super().__new__(cls, f"{column}: {text}" if column else text)
        note.column, note.decision = column, decision
        return note

    def __getnewargs_ex__(self) -> tuple[tuple[str], dict[str, str]]:
        """Return what makes the same note again."""
        return (self.text,), {"column": self.column, "decision": self.decision}

    @property
    def text(self) -> str:
        """The sentence without its column."""
        return str(self)[len(self.column) + 2 :] if self.column else str(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """The questions asked of every deal and how a table answers them.

    Attributes
    ----------
    columns : Columns
        Which columns hold the outcome, the deal id, dates and so on.
    outcomes : Outcomes
        What the outcome words mean.
    characteristics : tuple of Characteristic
        The questions, in order.
    title : str
        A name for people.
    unknown : tuple of str
        Words that mean "unknown" wherever they are not an answer of the characteristic itself.
    notes : tuple of str
        Remarks; `infer_survey` says here what it took as what, what it left out and why, and what it asks.
    table : TableLayout, optional
        How the file was read that the survey was drafted from, where that is not plain.
    min_answers : int
        Answers given by fewer deals than this are pooled in the statistics.
    schema_version : int
        Version of the survey's file format.

    Raises
    ------
    InvalidSurvey
        With every problem at once: names or columns used twice, answers that do not fit the kind, and so on.

    Examples
    --------
    >>> survey = Survey(
    ...     columns=Columns(outcome="Status"),
    ...     outcomes=Outcomes(won=("Won",), lost=("Lost",)),
    ...     characteristics=(Characteristic(name="Need", column="Need", kind="score", low=1, high=5),),
    ... )
    >>> survey.names
    ('Need',)
    """

    columns: Columns
    outcomes: Outcomes
    characteristics: tuple[Characteristic, ...]
    title: str = ""
    unknown: tuple[str, ...] = UNKNOWN_WORDS
    notes: tuple[str, ...] = ()
    min_answers: int = 5
    table: TableLayout | None = None
    schema_version: int = SCHEMA_VERSION

    def __post_init__(self) -> None:
        problems = survey_problems(self)
        if problems:
            raise InvalidSurvey(problems, "this survey cannot be used:")

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the characteristics, in order."""
        return tuple(characteristic.name for characteristic in self.characteristics)

    @property
    def decisions(self) -> pd.DataFrame:
        """The notes of a draft as a table: column, decision, note; remarks of people have neither column."""
        rows = [(note.column, note.decision, note.text) if isinstance(note, Note) else ("", "", note)
                for note in self.notes]  # fmt: skip
        return pd.DataFrame(rows, columns=["column", "decision", "note"], dtype="str")

    def _repr_html_(self) -> str:
        kinds = pd.DataFrame(
            [(one.name, one.kind, ", ".join(one.values)) for one in self.characteristics],
            columns=["characteristic", "kind", "answers"],
        )
        parts = [f"<p>{html.escape(self.title or 'Survey')}</p>", kinds.to_html(index=False)]
        return "".join([*parts, self.decisions.to_html(index=False)] if self.notes else parts)

    def characteristic(self, name: str) -> Characteristic:
        """Return the characteristic called `name`.

        Parameters
        ----------
        name : str
            One of `names`.

        Returns
        -------
        Characteristic
            The one of that name.

        Raises
        ------
        InvalidSurvey
            Where there is none, with the nearest name.
        """
        for characteristic in self.characteristics:
            if characteristic.name == name:
                return characteristic
        hint = did_you_mean(str(name), self.names, most=3)
        raise InvalidSurvey(f"the survey has no characteristic {name!r}; see `survey.names`.{hint}")

    def hand_points(self, name: str) -> dict[str, float]:
        """Return the hand-given points of a characteristic.

        Parameters
        ----------
        name : str
            One of `names`.

        Returns
        -------
        dict
            Points by answer; for a score `{"per step": points}`; empty where none were given.
        """
        asked = self.characteristic(name)
        if asked.kind == "score":
            return {} if asked.points_per_step is None else {"per step": asked.points_per_step}
        return {answer.value: answer.points for answer in asked.answers if answer.points is not None}

    def to_dict(self) -> dict[str, Any]:
        """Return the survey as plain values that JSON can hold.

        Returns
        -------
        dict
            `from_dict` gives the same survey back.
        """
        from qualify.survey.schema import survey_to_dict

        return survey_to_dict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Survey:
        """Return the survey that plain values, as `to_dict` gives them, describe.

        Parameters
        ----------
        data : mapping
            Keys and values as in a survey file.

        Returns
        -------
        Survey
            The same survey.

        Raises
        ------
        InvalidSurvey
            With every problem at once, unknown keys included.
        """
        from qualify.survey.schema import survey_from_dict

        return survey_from_dict(data)


__all__ = [
    "SCHEMA_VERSION",
    "UNKNOWN",
    "UNKNOWN_WORDS",
    "Answer",
    "Blank",
    "Characteristic",
    "Columns",
    "Direction",
    "Kind",
    "NoDecisionAs",
    "Note",
    "Option",
    "Outcomes",
    "Survey",
]
