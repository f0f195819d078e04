"""What is true of a world: the same definitions applied to its pool of 200,000 new deals.

The pool is never reduced to won and lost: every deal enters as its win probability, which takes the noise of
outcomes out and gives the same answer on average. Where the model of all answers is true, this returns the
coefficients that the world was made from.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from coverage_study.questions import Question
from coverage_study.worlds import Pool, World, pool_of
from qualify.deals.design import DesignMatrix
from qualify.numerics.curves import (
    PLATEAU,
    Curve,
    fit_logistic_curve,
    fit_plateau_curve,
)
from qualify.survey import UNKNOWN

Vector = NDArray[np.float64]
BINS = 4000


class Columns(NamedTuple):
    """How the answers of a world become the columns of a data set's model.

    column : (questions, answers + 1), the column an answer touches, without the intercept; -1 for none.
    value : the same shape, what it puts there, with the number of an unknown answer at 0.
    width : how many columns.
    """

    column: NDArray[np.int64]
    value: Vector
    width: int


class Truth(NamedTuple):
    """True coefficients of the columns (intercept first), and the true swing of each question."""

    beta: Vector
    swings: Vector


def columns_of(world: World, design: DesignMatrix) -> Columns:
    """Read off what a data set made of the answers, and centre numbers at the mean of the pool instead.

    Which answers are pooled belongs to the data set, as the learned score does; the average known answer,
    which "unknown" is compared with, is that of all deals to come.
    """
    pool, coding = pool_of(world), design.coding
    most = max(len(question.shares) for question in world.questions) + 1
    column = np.full((len(world.questions), most), -1, dtype=np.int64)
    value = np.zeros(column.shape)
    for c, question in enumerate(world.questions):
        known = len(question.shares)
        levels = int(design.items.levels[c])
        column[c, known] = coding.column[c, levels]
        value[c, known] = coding.value[c, levels]
        if question.kind == "score":
            # Numbers that no deal of the data set had lie on the same line.
            column[c, :known], value[c, :known] = coding.column[c, 0], np.arange(known)
        else:
            column[c, :known], value[c, :known] = coding.column[c, :known], coding.value[c, :known]
        if question.kind in ("score", "ordered") and column[c, 0] >= 0:
            times = np.bincount(pool.codes[:, c], minlength=known + 1)[:known]
            value[c, :known] -= np.average(value[c, :known], weights=times)
    return Columns(column, np.round(value, 9), int(coding.first[-1]))


_FITTED: dict[tuple[int, bytes, bytes], Truth] = {}


def truth_of(world: World, columns: Columns) -> Truth:
    """Fit the pool by maximum likelihood on the columns; kept for the next data set with the same ones."""
    key = (world.number, columns.column.tobytes(), columns.value.tobytes())
    if key not in _FITTED:
        if len(_FITTED) > 5000:
            _FITTED.clear()
        pool = pool_of(world)
        beta = maximum_likelihood(pool_matrix(pool, columns), pool.chance)
        _FITTED[key] = Truth(beta, _swings(world, pool, columns, beta))
    return _FITTED[key]


def pool_matrix(pool: Pool, columns: Columns) -> NDArray[np.float64]:
    """The pool's columns, intercept first."""
    matrix = np.zeros((len(pool.chance), columns.width + 1))
    matrix[:, 0] = 1.0
    rows = np.arange(len(matrix))
    for c in range(columns.column.shape[0]):
        column = columns.column[c][pool.codes[:, c]]
        touched = column >= 0
        matrix[rows[touched], column[touched] + 1] = columns.value[c][pool.codes[touched, c]]
    return matrix


def maximum_likelihood(matrix: NDArray[np.float64], chance: Vector) -> Vector:
    """Plain maximum likelihood with win probabilities as outcomes: Newton's method."""
    beta = np.zeros(matrix.shape[1])
    for _ in range(50):
        fitted = expit(matrix @ beta)
        weighted = matrix * (fitted * (1 - fitted))[:, None]
        step = np.linalg.solve(matrix.T @ weighted, matrix.T @ (chance - fitted))
        beta += step * min(1.0, 3.0 / float(np.abs(step).max(initial=1e-300)))
        if np.abs(step).max() < 1e-9:
            return beta
    raise RuntimeError("the fit to the pool did not settle")


def _swings(world: World, pool: Pool, columns: Columns, beta: Vector) -> Vector:
    """The change in mean win probability over each question's answers, as `find_factors` defines it."""
    effects = np.where(columns.column >= 0, columns.value * beta[columns.column + 1], 0.0)
    questions = range(len(world.questions))
    log_odds = beta[0] + sum(effects[c][pool.codes[:, c]] for c in questions)
    return np.array(
        [_swing(q, pool.codes[:, c], effects[c], log_odds) for c, q in enumerate(world.questions)]
    )


def _swing(question: Question, codes: NDArray[np.int8], effect: Vector, log_odds: Vector) -> float:
    known = len(question.shares)
    rest = log_odds - effect[codes]

    def average(answer: int) -> float:
        return float(expit(rest + effect[answer]).mean())

    if question.kind == "score":
        ends = np.quantile(codes[codes < known], [0.1, 0.9])
        return average(int(ends[1])) - average(int(ends[0]))
    if question.kind == "choice" and not question.contrast:
        averages = [average(answer) for answer in range(known)]
        return max(averages) - min(averages)
    return average(known - 1) - average(0)


def pool_scores(world: World, effects: dict[str, dict[str, float]], intercept: float = 0.0) -> Vector:
    """Score the pool: `effects` says what each answer of each question adds, "unknown" included."""
    pool = pool_of(world)
    total = np.full(len(pool.chance), intercept)
    for c, question in enumerate(world.questions):
        if question.name in effects:
            known = effects[question.name]
            total += np.array([known[answer] for answer in (*question.answers, UNKNOWN)])[pool.codes[:, c]]
    return total


class Binned(NamedTuple):
    """Scores of the pool in fine bins, each once as won and once as lost, weighted by expected deals."""

    score: Vector
    won: Vector
    weight: Vector

    def rate(self, low: float, high: float) -> float:
        """Win rate of the deals with scores in [low, high)."""
        inside = (self.score >= low) & (self.score < high)
        total = self.weight[inside].sum()
        return float(self.weight[inside] @ self.won[inside] / total) if total else np.nan

    @property
    def auc(self) -> float:
        """Probability that a won deal scores above a lost one, ties half."""
        half = len(self.score) // 2
        won, lost = self.weight[:half], self.weight[half:]
        below = np.cumsum(lost) - lost
        return float(won @ (below + lost / 2) / (won.sum() * lost.sum()))


def binned(score: Vector, chance: Vector) -> Binned:
    """Put scores into fine bins, in ascending order."""
    low, high = float(score.min()), float(score.max())
    place = np.zeros(score.size, dtype=np.int64)
    if high > low:
        place = np.minimum((score - low) / (high - low) * BINS, BINS - 1).astype(np.int64)
    deals = np.bincount(place)
    there = deals > 0
    middle = np.bincount(place, weights=score)[there] / deals[there]
    wins = np.bincount(place, weights=chance)[there]
    outcome = np.repeat([1.0, 0.0], len(middle))
    return Binned(np.tile(middle, 2), outcome, np.concatenate([wins, deals[there] - wins]))


def curve_of(deals: Binned, plateau: bool) -> Curve:
    """The curve of the declared kind that fits the pool best."""
    logistic = fit_logistic_curve(*deals)
    return fit_plateau_curve(*deals, logistic) if plateau else logistic


def is_plateau(curve: Curve) -> bool:
    """Whether a curve has a floor and a ceiling of its own."""
    return curve.kind == PLATEAU


@lru_cache(maxsize=8)
def null_questions(world: World) -> tuple[frozenset[str], frozenset[str]]:
    """Questions without any effect: alone, and added to all the others.

    Noise has none either way. An echo goes with winning alone; added to all the others it has none where the
    model of all answers is true, else it makes up for what that model gets wrong.
    """
    noise = frozenset(q.name for q in world.questions if q.role == "noise")
    echo = frozenset(q.name for q in world.questions if q.role == "echo")
    return noise, noise | echo if world.exact else noise
