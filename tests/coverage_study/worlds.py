"""The 24 worlds, drawing deals from them, and the pool of new deals that stands for all deals to come."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import expit, ndtr

from coverage_study.questions import Question, questions_of
from qualify.deals import Deals, read_deals
from qualify.survey import Columns, Outcomes, Survey

CurveKind = Literal["none", "gradual", "sharp", "plateau"]
ENDS = {"none": (0.0, 1.0), "gradual": (0.0, 1.0), "sharp": (0.0, 1.0), "plateau": (0.08, 0.90)}
# Four fifths of the climb within this share of the range of true scores (2.5 to 97.5 % of deals).
WIDTH_SHARE = {"gradual": 0.9, "sharp": 0.2, "plateau": 0.2}
UNKNOWN_SHARE = {"few": 0.05, "many": 0.20}
POOL_DEALS = 200_000
POOL_SEED, STUDY_SEED = 7, 20_250_101
DEALS_PER_REP = 20
SHIFT, OWN_SHIFT = 0.5, 0.3  # SDs of how much better a rep sees everything, and one question, than it is


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """One world.

    Attributes
    ----------
    number : int
        From 1; part of every seed.
    curve : {"none", "gradual", "sharp", "plateau"}
        How the win probability goes with the true score.
    n, characteristics : int
        Deals of a data set, and questions asked.
    win_rate : float
        Share of deals won.
    unknowns : {"few", "many"}
        few: 5 %, at random, worth an average answer. many: 20 %; where a question has to do with the deal,
        the worse the deal the more, and not knowing is worse than the worst answer.
    decisive : bool
        Whether one rare answer all but decides (log-odds -4).
    raters : bool
        Whether reps see deals better or worse than they are; reps then stand in the survey's account column.
    whole : bool
        Whether the whole procedures are studied here as well.
    """

    number: int
    curve: CurveKind
    n: int
    characteristics: int
    win_rate: float
    unknowns: Literal["few", "many"] = "few"
    decisive: bool = False
    raters: bool = False
    whole: bool = False

    @property
    def name(self) -> str:
        """Short name, which also names its files."""
        extra = [word for word, on in self._flags if on]
        win = f"w{round(100 * self.win_rate)}"
        return "-".join(
            [f"{self.number:02d}", self.curve, f"n{self.n}", f"q{self.characteristics}", win, *extra]
        )

    @property
    def _flags(self) -> tuple[tuple[str, bool], ...]:
        return ("unknowns", self.unknowns == "many"), ("decisive", self.decisive), ("reps", self.raters)

    @property
    def exact(self) -> bool:
        """Whether the model of all answers is true: logistic, of the answers as recorded."""
        return self.curve != "plateau" and not self.raters

    @property
    def questions(self) -> tuple[Question, ...]:
        """What is asked."""
        return _questions(self)

    @property
    def survey(self) -> Survey:
        """The survey that reads the deals."""
        return Survey(
            columns=Columns(outcome="Outcome", account="Rep" if self.raters else None),
            outcomes=Outcomes(won=("Won",), lost=("Lost",)),
            characteristics=tuple(question.asked() for question in self.questions),
        )


@lru_cache(maxsize=64)
def _questions(world: World) -> tuple[Question, ...]:
    return questions_of(
        world.characteristics,
        decisive=world.decisive,
        unknowns_tell=world.unknowns == "many",
        no_effects=world.curve == "none",
    )


# A fraction of all combinations, chosen so that any two properties are spread evenly over each other.
_TABLE: tuple[tuple[CurveKind, int, int, float, str], ...] = (
    ("none", 200, 12, 0.30, "whole"),
    ("gradual", 500, 12, 0.30, "whole many"),
    ("sharp", 500, 12, 0.30, "whole"),
    ("plateau", 500, 6, 0.50, "whole"),
    ("gradual", 200, 6, 0.50, "whole decisive"),
    ("gradual", 500, 6, 0.30, "whole raters"),
    ("none", 100, 20, 0.15, "many raters"),
    ("none", 100, 20, 0.50, ""),
    ("none", 500, 12, 0.15, "many"),
    ("none", 2000, 6, 0.50, "many"),
    ("none", 2000, 20, 0.30, ""),
    ("gradual", 100, 20, 0.15, "decisive raters"),
    ("gradual", 200, 6, 0.30, "many decisive"),
    ("gradual", 2000, 20, 0.50, "many raters"),
    ("sharp", 100, 12, 0.30, "many raters"),
    ("sharp", 200, 6, 0.30, "decisive"),
    ("sharp", 500, 20, 0.50, "decisive"),
    ("sharp", 2000, 6, 0.15, ""),
    ("sharp", 2000, 12, 0.15, "many decisive"),
    ("plateau", 100, 6, 0.15, "raters"),
    ("plateau", 100, 12, 0.50, "many"),
    ("plateau", 200, 20, 0.15, "many"),
    ("plateau", 200, 20, 0.50, ""),
    ("plateau", 2000, 12, 0.15, ""),
)
WORLDS = tuple(
    World(
        number=number,
        curve=curve,
        n=n,
        characteristics=count,
        win_rate=win_rate,
        unknowns="many" if "many" in extra.split() else "few",
        decisive="decisive" in extra.split(),
        raters="raters" in extra.split(),
        whole="whole" in extra.split(),
    )
    for number, (curve, n, count, win_rate, extra) in enumerate(_TABLE, start=1)
)


class Drawn(NamedTuple):
    """Deals as drawn.

    codes : (n, questions) int8, the answers as recorded; the code after the last answer is unknown.
    points : (n,) true score; jump : (n,) what decisive answers add to the log-odds; rep : (n,) who owns it.
    """

    codes: NDArray[np.int8]
    points: NDArray[np.float64]
    jump: NDArray[np.float64]
    rep: NDArray[np.int64]


class Pool(NamedTuple):
    """The fixed pool of new deals: recorded answers, win probabilities, and the curve that made them."""

    codes: NDArray[np.int8]
    chance: NDArray[np.float64]
    slope: float
    midpoint: float


def draw(world: World, n: int, rng: np.random.Generator) -> Drawn:
    """Draw the answers of `n` deals.

    A hidden quality, a standard normal number, stands behind each deal; an answer is a mixture of it and of
    something of its own, cut at fixed places. Where there are raters, what is recorded is what the rep sees,
    and what counts is what is there.
    """
    rep = _reps(world, n, rng)
    shift = SHIFT * rng.standard_normal(int(rep.max()) + 1)
    quality = rng.standard_normal(n)
    codes = np.empty((n, len(world.questions)), dtype=np.int8)
    points, jump = np.zeros(n), np.zeros(n)
    for c, question in enumerate(world.questions):
        there = question.loading * quality + np.sqrt(1 - question.loading**2) * rng.standard_normal(n)
        true = np.searchsorted(question.cuts, there)
        recorded = true
        if world.raters:
            own = OWN_SHIFT * rng.standard_normal(shift.size)
            # Noise has shifts of its own: shared ones would tell which rep the other answers come from.
            seen = own + np.sign(question.loading) * shift
            if not question.loading:
                seen = own * np.hypot(SHIFT, OWN_SHIFT) / OWN_SHIFT
            recorded = np.searchsorted(question.cuts, there + seen[rep])
        hidden = rng.random(n) < _hidden_share(world, question, quality)
        last = len(question.shares)
        codes[:, c] = np.where(hidden, last, recorded)
        counted = np.where(hidden, last, true)
        points += np.array([*question.points, question.unknown_points])[counted]
        jump += np.where(counted == 0, question.jump, 0.0)
    return Drawn(codes, points, jump, rep)


def _reps(world: World, n: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Who owns each deal: reps of very different size, twenty deals each on average, ten reps at least."""
    reps = max(10, n // DEALS_PER_REP)
    if not world.raters:
        return np.zeros(n, dtype=np.int64)
    return rng.choice(reps, size=n, p=rng.dirichlet(np.full(reps, 3.0)))


def _hidden_share(
    world: World, question: Question, quality: NDArray[np.float64]
) -> NDArray[np.float64] | float:
    share = UNKNOWN_SHARE[world.unknowns]
    if world.unknowns == "few" or not question.loading:
        return share
    # ndtr(-quality) is uniform on (0, 1), so that `share` of all deals are hidden
    return 2 * share * ndtr(-quality)


@lru_cache(maxsize=2)
def pool_of(world: World) -> Pool:
    """Draw the pool of 200,000 new deals, and place the curve so that `win_rate` of them are won."""
    drawn = draw(world, POOL_DEALS, np.random.default_rng([POOL_SEED, world.number]))
    if world.curve == "none":
        return Pool(drawn.codes, np.full(POOL_DEALS, world.win_rate), 0.0, np.nan)
    low, high = np.quantile(drawn.points, [0.025, 0.975])
    slope = round(2 * np.log(9) / (WIDTH_SHARE[world.curve] * float(high - low)), 3)

    def excess(midpoint: float) -> float:
        return float(chances(world, drawn, slope, midpoint).mean()) - world.win_rate

    far = 50 / slope
    midpoint = round(brentq(excess, drawn.points.min() - far, drawn.points.max() + far, xtol=1e-6), 3)
    return Pool(drawn.codes, chances(world, drawn, slope, midpoint), slope, midpoint)


def chances(world: World, drawn: Drawn, slope: float, midpoint: float) -> NDArray[np.float64]:
    """Win probability of each deal."""
    floor, ceiling = ENDS[world.curve]
    climb = expit(slope * (drawn.points - midpoint) + drawn.jump)
    return np.asarray(floor + (ceiling - floor) * climb, dtype=np.float64)


def deals_of(world: World, data_set: int) -> Deals:
    """Read data set number `data_set` of a world; it hangs on nothing but the two numbers."""
    rng = np.random.default_rng([STUDY_SEED, world.number, data_set])
    drawn, pool = draw(world, world.n, rng), pool_of(world)
    chance = np.full(world.n, world.win_rate)
    if world.curve != "none":
        chance = chances(world, drawn, pool.slope, pool.midpoint)
    table = {
        question.name: np.array([*question.answers, "unknown"], dtype=object)[drawn.codes[:, c]]
        for c, question in enumerate(world.questions)
    }
    table["Outcome"] = np.where(rng.random(world.n) < chance, "Won", "Lost")
    if world.raters:
        table["Rep"] = np.array([f"Rep {k}" for k in drawn.rep], dtype=object)
    return read_deals(pd.DataFrame(table), world.survey)
