"""The twenty questions of the simulated worlds; a world asks the first 6, 12 or all of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from qualify.survey import Answer, Characteristic, Kind

Role = Literal["effect", "decisive", "echo", "noise"]
WORDS = {
    "yes_no": ("No", "Yes"),
    "ordered": ("none", "little", "much", "all"),
    "choice": ("A", "B", "C", "D"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question and what is true of it.

    Attributes
    ----------
    name, kind : str
        As in the survey.
    role : {"effect", "decisive", "echo", "noise"}
        effect: its answers move the win probability; decisive: so does one rare answer, by far; echo: they go
        with the hidden quality of the deal and say nothing beyond; noise: they have to do with nothing.
    shares : tuple of float
        Share of each known answer.
    points : tuple of float
        What each known answer adds to the true score.
    unknown_points : float
        What not knowing adds.
    jump : float
        What the first answer adds to the log-odds besides.
    loading : float
        Correlation of what lies behind the answer with the hidden quality of the deal.
    contrast : bool
        Whether the survey of a choice declares which two answers are compared.
    """

    name: str
    kind: Kind
    role: Role
    shares: tuple[float, ...]
    points: tuple[float, ...]
    loading: float = 0.0
    unknown_points: float = 0.0
    jump: float = 0.0
    contrast: bool = False

    @property
    def answers(self) -> tuple[str, ...]:
        """The known answers; the code after the last stands for unknown."""
        if self.kind == "score":
            return tuple(str(step) for step in range(len(self.shares)))
        return WORDS[self.kind][: len(self.shares)]

    @property
    def cuts(self) -> NDArray[np.float64]:
        """Where a standard normal number passes from one answer to the next."""
        return np.asarray(norm.ppf(np.cumsum(self.shares)[:-1]), dtype=np.float64)

    def asked(self) -> Characteristic:
        """Put the question as the survey does; the reference is its most frequent answer."""
        nominal = self.kind in ("yes_no", "choice")
        most = self.answers[int(np.argmax(self.shares))]
        return Characteristic(
            name=self.name,
            column=self.name,
            kind=self.kind,
            answers=() if self.kind == "score" else tuple(Answer(value=a) for a in self.answers),
            reference=most if nominal else None,
            contrast=(self.answers[0], self.answers[-1]) if self.contrast else None,
        )


RATING = (0.2,) * 5  # so that the 10th and 90th percentile lie well inside the lowest and highest answer
STEPS = (0.10, 0.30, 0.36, 0.24)
ODD = (0.50, 0.30, 0.14, 0.06)  # a rare answer, to be pooled where deals are few
EVEN = (0.40, 0.35, 0.25)


def _line(step: float, answers: int) -> tuple[float, ...]:
    return tuple(step * k for k in range(answers))


def _silent(shares: tuple[float, ...]) -> tuple[float, ...]:
    return (0.0,) * len(shares)


def _ask(
    name: str,
    kind: Kind,
    shares: tuple[float, ...],
    points: tuple[float, ...],
    loading: float,
    contrast: bool = False,
) -> Question:
    role: Role = "effect" if any(points) else "echo" if loading else "noise"
    average = float(np.dot(shares, points))
    return Question(
        name=name,
        kind=kind,
        role=role,
        shares=shares,
        points=points,
        loading=loading,
        unknown_points=float(round(average)),
        contrast=contrast,
    )


ALL = (
    _ask("Need", "score", RATING, _line(3, 5), 0.6),
    _ask("Buyer met", "yes_no", (0.45, 0.55), (0, 7), 0.5),
    _ask("Letterhead", "score", RATING, _silent(RATING), 0.0),
    _ask("Timeline", "ordered", STEPS, _line(3, 4), 0.5),
    _ask("Mood", "choice", EVEN, _silent(EVEN), 0.5, contrast=True),
    _ask("Rain", "yes_no", (0.6, 0.4), (0, 0), 0.0),
    _ask("Source", "choice", ODD, (0, 3, 5, 8), 0.4),
    _ask("Rapport", "score", RATING, _silent(RATING), 0.6),
    _ask("Floor", "ordered", STEPS, _silent(STEPS), 0.0),
    _ask("Pain", "score", RATING, _line(2, 5), 0.5),
    _ask("Competitor", "yes_no", (0.45, 0.55), (0, -5), -0.3),
    _ask("Colour", "choice", ODD, _silent(ODD), 0.0),
    _ask("Weekday", "score", RATING, _silent(RATING), 0.0),
    _ask("Warmth", "yes_no", (0.5, 0.5), (0, 0), 0.5),
    _ask("Champion", "score", RATING, _line(2, 5), 0.4),
    _ask("Speed", "ordered", STEPS, _silent(STEPS), 0.5),
    _ask("Process", "ordered", STEPS, _line(2, 4), 0.4),
    _ask("Coin", "yes_no", (0.3, 0.7), (0, 0), 0.0),
    _ask("Logo", "choice", EVEN, _silent(EVEN), 0.0, contrast=True),
    _ask("Shoe size", "score", RATING, _silent(RATING), 0.0),
)
JUMP = -4.0  # log-odds of the rare decisive answer: almost, never quite, a gate


def questions_of(
    count: int, *, decisive: bool, unknowns_tell: bool, no_effects: bool
) -> tuple[Question, ...]:
    """The first `count` questions as one world has them.

    `decisive`: the second question decides nearly everything where its rare answer is given. `unknowns_tell`:
    not knowing is worse than the worst answer. `no_effects`: no answer moves the win probability.
    """
    asked = list(ALL[:count])
    if decisive:
        second = replace(asked[1], role="decisive", shares=(0.1, 0.9), points=(0, 0), unknown_points=0.0)
        asked[1] = replace(second, jump=JUMP)
    if unknowns_tell:
        asked = [replace(q, unknown_points=min(q.points) - 2) if q.role == "effect" else q for q in asked]
    if no_effects:
        asked = [
            replace(q, role="noise", points=_silent(q.shares), unknown_points=0.0, jump=0.0) for q in asked
        ]
    return tuple(asked)
