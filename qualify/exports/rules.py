"""What every export says: how cells become points, and scores probabilities and zones, without pandas.

A target only has to put these rules into its own language. An answer that no rule knows has no points, and
its deal no score: nothing is guessed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from qualify._support.words import as_number, fold, number_text
from qualify.criteria.model import Criteria
from qualify.scoring.answer_levels import spans_of
from qualify.survey import UNKNOWN, Characteristic, Option, Survey

NO_LIMIT = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One answer.

    Attributes
    ----------
    answer : str
        As it stands in `Criteria.points`; ``"unknown"`` is one too.
    points : int
        What it adds to the score, or takes away.
    words : tuple of str
        The ways in which a cell says so, trimmed and in lower case; ``""`` is a blank cell. None for numbers.
    low, high : float
        A number from `low` to below `high`; NaN where words say it.
    limit : float
        The win probability is at most this, 1 without a gate.
    """

    answer: str
    points: int
    words: tuple[str, ...] = ()
    low: float = math.nan
    high: float = math.nan
    limit: float = NO_LIMIT

    @property
    def is_range(self) -> bool:
        """Whether numbers give this answer."""
        return not math.isnan(self.low)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One characteristic that earns points or trips a gate.

    Attributes
    ----------
    name, column, text : str
        Of the characteristic; the column of the table; what is asked.
    choices : tuple of Choice
        Known answers in the survey's order, `unknown` last.
    least, most : float
        Numbers outside are no answers; infinite where the survey sets no end.
    option : Option or None
        The choice that a yes means, where cells may hold several: the other one is no.
    """

    name: str
    column: str
    text: str
    choices: tuple[Choice, ...]
    least: float = -math.inf
    most: float = math.inf
    option: Option | None = None

    @property
    def field(self) -> str:
        """What a field that holds only this answer is called after: the column, or the option's name."""
        return self.column if self.option is None else self.name

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that say the answer."""
        return (self.column,) if self.option is None else (self.column, *self.option.columns)

    @property
    def is_number(self) -> bool:
        """Whether known answers are numbers."""
        return any(choice.is_range for choice in self.choices)

    @property
    def largest(self) -> int:
        """The most points it can earn."""
        return max(choice.points for choice in self.choices)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Criteria as plain rules.

    Attributes
    ----------
    title, version : str
        For people.
    deal_column : str or None
        The column of the deal's id.
    questions : tuple of Question
        Those that earn points or trip gates, in the survey's order.
    start : int
        What every score begins with, so that none is below 0.
    probabilities : tuple of float
        Win probability of score 0, 1, 2, ...; never falling.
    first_inside, first_above : int
        Below the one a score is in the zone `below`; from the other on in the zone `above`. A deal that trips
        a gate is in the zone `below` whatever its score, and its probability is at most the gate's limit.
    """

    title: str
    version: str
    deal_column: str | None
    questions: tuple[Question, ...]
    start: int
    probabilities: tuple[float, ...]
    first_inside: int
    first_above: int

    @property
    def gated(self) -> tuple[Question, ...]:
        """Questions with an answer that trips a gate."""
        return tuple(q for q in self.questions if any(c.limit < NO_LIMIT for c in q.choices))

    def zone_of(self, score: int) -> str:
        """Return the zone of a deal that trips no gate.

        Parameters
        ----------
        score : int
            0 or more.

        Returns
        -------
        str
            below, inside or above.
        """
        return "below" if score < self.first_inside else "above" if score >= self.first_above else "inside"


def rules_of(criteria: Criteria) -> Rules:
    """Put criteria into plain rules.

    Parameters
    ----------
    criteria : Criteria
        From `refine_criteria` or `read_criteria`.

    Returns
    -------
    Rules
        For a target to render.

    Examples
    --------
    >>> import qualify as ql
    >>> simulated = ql.simulate_deals(300, rng=1)
    >>> criteria = ql.refine_criteria(ql.read_deals(simulated.frame, simulated.survey), replicates=20)
    >>> rules = rules_of(criteria)
    >>> len(rules.probabilities) == criteria.score_range[1] + 1
    True
    """
    gated = set(criteria.gates["characteristic"].astype(str))
    asked = [one for one in criteria.survey.characteristics if one.name in {*criteria.kept, *gated}]
    bands = criteria.bands.set_index("zone")
    last_below = float(bands["score_high"]["below"])
    first_above = float(bands["score_low"]["above"])
    highest = criteria.score_range[1]
    return Rules(
        title=criteria.survey.title,
        version=criteria.version,
        deal_column=criteria.survey.columns.deal,
        questions=tuple(_question(criteria, one) for one in asked),
        start=criteria.start,
        probabilities=tuple(float(p) for p in criteria.probabilities["probability"]),
        first_inside=0 if np.isnan(last_below) else int(last_below) + 1,
        first_above=highest + 1 if np.isnan(first_above) else int(first_above),
    )


def _question(criteria: Criteria, asked: Characteristic) -> Question:
    rows = criteria.points[criteria.points["characteristic"] == asked.name]
    gates = criteria.gates[criteria.gates["characteristic"] == asked.name]
    limits = dict(zip(gates["answer"].astype(str), gates["win_rate_high"].astype(float), strict=True))
    if rows.empty:
        rows = _without_points(asked, gates)
    words = _words(asked, criteria.survey)
    number = asked.kind == "score"
    return Question(
        name=asked.name,
        column=asked.column,
        text=asked.label,
        choices=tuple(
            Choice(
                answer=str(row["answer"]),
                points=int(row["points"]),
                words=() if number and row["answer"] != UNKNOWN else words[str(row["answer"])],
                low=float(row["low"]),
                high=float(row["high"]),
                limit=limits.get(str(row["answer"]), NO_LIMIT),
            )
            for row in rows.to_dict("records")
        ),
        least=-math.inf if asked.low is None else asked.low,
        most=math.inf if asked.high is None else asked.high,
        option=asked.option,
    )


def _without_points(asked: Characteristic, gates: pd.DataFrame) -> pd.DataFrame:
    """Rows of no points for a characteristic that trips a gate and earns nothing."""
    spans = [*spans_of(asked, gates), (UNKNOWN, math.nan, math.nan)]
    rows = [(answer, 0, low, high) for answer, low, high in spans]
    return pd.DataFrame(rows, columns=["answer", "points", "low", "high"])


def _words(asked: Characteristic, survey: Survey) -> dict[str, tuple[str, ...]]:
    """Ways of writing each answer, and `unknown`, each word once: an answer comes before `unknown`."""
    written = {value: [fold(value)] for value in asked.values}
    numbers = [number_text(number) for value in asked.values if (number := as_number(value)) is not None]
    taken = {word for words in written.values() for word in words}
    for value, words in written.items():
        number = as_number(value)
        # 1.0 is the answer 1, where no other answer is that number as well.
        if number is not None and numbers.count(number_text(number)) == 1:
            plain = number_text(number)
            words += [word for word in (plain, f"{plain}.0") if word not in taken]
    taken |= {word for words in written.values() for word in words}
    unknown = [fold(word) for word in (UNKNOWN, *survey.unknown, *asked.unknown)]
    unknown = [word for word in dict.fromkeys(unknown) if word not in taken]
    if asked.blank == "unknown":
        unknown.append("")
    return {value: tuple(words) for value, words in written.items()} | {UNKNOWN: tuple(unknown)}
