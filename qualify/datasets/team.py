"""What the invented sales team asks of a deal, and what each answer is worth in truth."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from qualify.survey import UNKNOWN, Answer, Characteristic, Columns, Kind, Outcomes, Survey

_LEVERS = ("Economic buyer met", "Procurement known", "Demo given")
_RATING_CUTS = (-1.3, -0.6, 0.0, 0.7, 1.4)


@dataclass(frozen=True, slots=True, eq=False)
class Trait:
    """One characteristic of the simulated team: what is asked, and what is true of it.

    Attributes
    ----------
    characteristic : Characteristic
        The question as the survey asks it; its hand-given points are what the team believes.
    loading : float
        Correlation of what the rep sees with the hidden quality of the deal, in (-1, 1).
    cuts : tuple of float
        Where what the rep sees, a standard normal number, passes from one answer to the next.
    points : tuple of int
        True points of each answer, in the survey's order.
    unknown_points : int
        True points of not knowing.
    hidden_when_bad : bool
        Whether not knowing is more common for bad deals, or as common for all.
    """

    characteristic: Characteristic
    loading: float
    cuts: tuple[float, ...]
    points: tuple[int, ...]
    unknown_points: int
    hidden_when_bad: bool

    @property
    def answers(self) -> tuple[str, ...]:
        """The answers in the survey's order, without unknown."""
        if self.characteristic.kind == "score":
            return tuple(str(step) for step in range(len(self.points)))
        return tuple(answer.value for answer in self.characteristic.answers)

    @property
    def matters(self) -> bool:
        """Whether any answer moves the true score."""
        return any((*self.points, self.unknown_points))


def traits_asked(count: int) -> tuple[Trait, ...]:
    """Give the first `count` characteristics of the team; beyond the twelve named ones none has an effect."""
    named = tuple(Trait(asked, *_TRUTH[asked.name]) for asked in _ASKED[:count])
    question, anchors = "A rating that has nothing to do with the deal", ("Low", "Middle", "High")
    extra = [_rating(f"Extra question {k}", "Extra", question, anchors, 0) for k in range(13, count + 1)]
    return (*named, *(Trait(asked, 0.0, _RATING_CUTS, (0,) * 6, 0, False) for asked in extra))


def true_points(traits: tuple[Trait, ...]) -> pd.DataFrame:
    """List the true points of every answer: columns characteristic, answer, points."""
    rows = [
        (trait.characteristic.name, answer, points)
        for trait in traits
        for answer, points in zip(
            (*trait.answers, UNKNOWN), (*trait.points, trait.unknown_points), strict=True
        )
    ]
    return pd.DataFrame(rows, columns=["characteristic", "answer", "points"])


def survey_of(traits: tuple[Trait, ...]) -> Survey:
    """Describe the simulated table; the hand-given points are what the team believes."""
    columns = Columns(
        outcome="Outcome", deal="Deal", close_date="Closed", survey_date="Surveyed", created_date="Created",
        value="Value", rep="Rep", account="Account",
    )  # fmt: skip
    outcomes = Outcomes(won=("Won",), lost=("Lost",), no_decision=("No decision",), open=("Open",))
    return Survey(
        title="Simulated sales team",
        columns=columns,
        outcomes=outcomes,
        characteristics=tuple(trait.characteristic for trait in traits),
    )


def _rating(
    name: str, group: str, question: str, anchors: tuple[str, str, str], believed: int
) -> Characteristic:
    """Make a rating from 0 to 5 with anchors at 0, 3 and 5; `believed` points per step are the team's own."""
    return Characteristic(
        name=name,
        column=name,
        kind="score",
        question=question,
        answers=tuple(Answer(value=v, anchor=a) for v, a in zip("035", anchors, strict=True)),
        group=group,
        controllable=True,
        low=0.0,
        high=5.0,
        points_per_step=believed,
    )


def _asked(
    kind: Kind, name: str, group: str, question: str, *answers: tuple[str, str, int]
) -> Characteristic:
    """Make a question with named answers: value, anchor and the points the team gives it."""
    made = tuple(Answer(value=value, anchor=anchor, points=points) for value, anchor, points in answers)
    contrast = (answers[0][0], answers[-1][0]) if kind == "choice" else None
    return Characteristic(
        name=name,
        column=name,
        kind=kind,
        question=question,
        answers=made,
        group=group,
        controllable=name in _LEVERS,
        contrast=contrast,
    )


_ASKED: tuple[Characteristic, ...] = (
    _rating(
        "Champion",
        "Customer",
        "How strongly does someone inside the customer sell for us?",
        (
            "Nobody speaks for us",
            "Shares inside information",
            "Has argued for us before the decision makers",
        ),
        3,
    ),
    _asked(
        "yes_no",
        "Economic buyer met",
        "Customer",
        "Have we spoken with the person who can release the money?",
        ("No", "Never spoken with", 0),
        ("Yes", "A conversation of at least 15 minutes has taken place", 5),
    ),
    _asked(
        "choice",
        "Source",
        "Origin",
        "How did the opportunity come to us?",
        ("Cold outreach", "We wrote or called first", 0),
        ("Event", "Met at a fair or a talk", 1),
        ("Inbound", "The customer wrote or called first", 2),
        ("Partner", "Brought by a partner", 3),
        ("Referral", "Recommended by a customer of ours", 4),
    ),
    _rating(
        "Rapport",
        "Customer",
        "How well do we get on with our contacts?",
        ("They do not answer", "They answer within the week", "They call us of their own accord"),
        3,
    ),
    _rating(
        "Pain quantified",
        "Need",
        "How well is the cost of doing nothing put into figures?",
        ("No problem named", "A figure from us", "A figure the customer uses in its own papers"),
        3,
    ),
    _asked(
        "yes_no",
        "Competitor present",
        "Competition",
        "Is the customer talking with a competitor?",
        ("No", "The customer has said that we are the only one", 3),
        ("Yes", "A competitor has been named or seen", 0),
    ),
    _asked(
        "ordered",
        "Timeline",
        "Need",
        "By when does the customer want to have it running?",
        ("No date", "No date has been given", 0),
        ("Next year", "A date after the end of this year", 2),
        ("This year", "A date within this year", 4),
        ("Forced date", "A date the customer cannot move, and why", 6),
    ),
    _asked(
        "yes_no",
        "Procurement known",
        "Process",
        "Do we know the buyer in the purchasing department by name?",
        ("No", "No name", 0),
        ("Yes", "Name and telephone number are in the CRM", 3),
    ),
    _rating(
        "Decision process",
        "Process",
        "How well do we know who decides what, and when?",
        ("Nothing known", "Steps known, not the dates", "Steps, dates and names confirmed in writing"),
        0,
    ),
    _asked(
        "yes_no",
        "Budget confirmed",
        "Customer",
        "Has the customer set money aside?",
        ("No", "No budget line", 0),
        ("Yes", "The economic buyer has named the budget line", 8),
    ),
    _asked(
        "yes_no",
        "Discount asked",
        "Process",
        "Has the customer asked for a discount?",
        ("No", "", 0),
        ("Yes", "Asked in writing", 0),
    ),
    _asked(
        "yes_no",
        "Demo given",
        "Process",
        "Has the customer seen the product at work?",
        ("No", "No demonstration yet", 0),
        ("Yes", "At least two of its people were present", 2),
    ),
)

# loading, cuts, true points of the answers in the survey's order, of unknown, and whether bad deals hide it
_TRUTH: dict[str, tuple[float, tuple[float, ...], tuple[int, ...], int, bool]] = {
    "Champion": (0.75, _RATING_CUTS, (0, 3, 6, 9, 12, 15), 3, True),
    "Economic buyer met": (0.55, (0.1,), (0, 7), 1, True),
    "Source": (0.35, (-0.8, -0.3, 0.3, 0.9), (0, 1, 3, 3, 5), 2, False),
    "Rapport": (0.60, _RATING_CUTS, (0,) * 6, 0, False),
    "Pain quantified": (0.65, _RATING_CUTS, (0, 3, 6, 9, 12, 15), 3, True),
    "Competitor present": (-0.40, (-0.1,), (5, 0), 1, True),
    "Timeline": (0.50, (-0.7, 0.1, 0.9), (0, 2, 4, 6), 1, True),
    "Procurement known": (0.30, (0.2,), (0, 0), 0, False),
    "Decision process": (0.55, _RATING_CUTS, (0, 2, 4, 6, 8, 10), 2, True),
    "Budget confirmed": (0.50, (0.0,), (0, 5), 1, True),
    "Discount asked": (0.0, (0.3,), (0, 0), 0, False),
    "Demo given": (0.15, (-0.5,), (0, 0), 0, False),
}
