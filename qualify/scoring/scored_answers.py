"""Where deals stand by criteria: what each of their answers earns and stops, and what other answers would."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import reduce

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from qualify.criteria.model import Criteria
from qualify.criteria.points import points_of_answers
from qualify.errors import InvalidDeals, Problem
from qualify.scoring.answer_levels import NO_LIMIT, answers_apart, matches
from qualify.survey import UNKNOWN, Characteristic
from qualify.tipping.verdict import ZONES

Whole = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Part:
    """One characteristic that earns points or trips a gate: its answers, and those of the deals.

    Attributes
    ----------
    asked : Characteristic
        The question.
    answers : DataFrame
        answer, points, limit (position in `Standing.limits`), low, high, and n: how many past deals gave it,
        NaN where the criteria do not say. A row per answer that the criteria tell apart, `unknown` last.
    given : tuple of str
        The distinct answers of the deals, and by their position:
    points : ndarray of int
        What each earns.
    limit : ndarray of int
        The position in `Standing.limits` of the gate it trips.
    gates : tuple of str
        The gate it trips, in words; empty where none.
    codes : ndarray of int, shape (deals,)
        Position in `given` of each deal's answer.
    """

    asked: Characteristic
    answers: pd.DataFrame
    given: tuple[str, ...]
    points: Whole
    limit: Whole
    gates: tuple[str, ...]
    codes: NDArray[np.integer]

    @property
    def known(self) -> pd.DataFrame:
        """The answers apart from `unknown`."""
        return self.answers.iloc[:-1]

    @property
    def shares(self) -> Floats | None:
        """Share of each known answer among past deals whose answer was known; None where that is not told."""
        n = self.known["n"].to_numpy(np.float64)
        return n / n.sum() if np.isfinite(n).all() and n.sum() > 0 else None

    @property
    def is_unknown(self) -> NDArray[np.bool_]:
        """Whether each deal's answer is unknown."""
        given = np.array([answer == UNKNOWN for answer in self.given], dtype=np.bool_)
        return np.asarray(given[self.codes])


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Standing:
    """Deals by criteria.

    Attributes
    ----------
    criteria : Criteria
        The criteria.
    deals : Index
        Their ids.
    parts : tuple of Part
        Characteristics that earn points or trip gates, in the survey's order.
    score : ndarray of int, shape (deals,)
        As `Criteria.score` has it.
    limit : ndarray of int, shape (deals,)
        Position in `limits` of the lowest limit among the gates that each trips.
    limits : ndarray
        Upper limits of win probabilities that gates set, ascending; the last, 1, is of no gate.
    chance : ndarray
        Win probability of each score without gates.
    zones : ndarray of int
        Zone of each score without gates, as a position in `ZONES`.
    """

    criteria: Criteria
    deals: pd.Index[str]
    parts: tuple[Part, ...]
    score: Whole
    limit: Whole
    limits: Floats
    chance: Floats
    zones: Whole

    def probability(self, score: Whole, limit: Whole) -> Floats:
        """Return the win probability of scores that gates limit."""
        return np.minimum(self.chance[score], self.limits[limit])

    def zone(self, score: Whole, limit: Whole) -> Whole:
        """Return the zone of scores that gates limit: a gate puts a deal below."""
        return np.where(self.limits[limit] < NO_LIMIT, 0, self.zones[score])

    def of(self, rows: NDArray[np.intp]) -> Standing:
        """Return the same for some of the deals, or in another order."""
        parts = tuple(replace(part, codes=part.codes[rows]) for part in self.parts)
        return replace(
            self, deals=self.deals[rows], parts=parts, score=self.score[rows], limit=self.limit[rows]
        )

    def others(self, part: Part) -> Whole:
        """Return each deal's limit from all characteristics but one."""
        free = np.full(self.score.size, self.limits.size - 1)
        rest = [one for one in self.parts if one is not part and (one.limit < self.limits.size - 1).any()]
        return reduce(np.minimum, (one.limit[one.codes] for one in rest), free)


def needed(criteria: Criteria) -> tuple[str, ...]:
    """Return the names of the characteristics that earn points or trip gates, in the survey's order.

    Parameters
    ----------
    criteria : Criteria
        The criteria.

    Returns
    -------
    tuple of str
        All that a table of deals has to hold.
    """
    wanted = {*criteria.kept, *criteria.gates["characteristic"].astype(str)}
    return tuple(name for name in criteria.survey.names if name in wanted)


def standing_of(criteria: Criteria, answers: pd.DataFrame) -> Standing:
    """Work out where deals stand.

    Parameters
    ----------
    criteria : Criteria
        The criteria.
    answers : DataFrame
        Answers as in `Deals.answers`, indexed by deal.

    Returns
    -------
    Standing
        Of every deal, in their order.

    Raises
    ------
    InvalidDeals
        Where a characteristic is missing or an answer has no points; all of them at once.
    """
    reason, mend = "the criteria need it", "add its column"
    missing = [name for name in needed(criteria) if name not in answers]
    if missing:
        raise InvalidDeals(Problem(reason=reason, mend=mend, column=name) for name in missing)
    score = np.asarray(criteria.score(answers), dtype=np.int64)
    limits = np.unique([*criteria.gates["win_rate_high"].astype(float), NO_LIMIT])
    parts = tuple(_part(criteria, name, answers[name], limits) for name in needed(criteria))
    free = np.full(score.size, limits.size - 1)
    gated = (part.limit[part.codes] for part in parts if (part.limit < limits.size - 1).any())
    chance = criteria.probabilities.sort_values("score")["probability"].to_numpy(np.float64)
    return Standing(
        criteria=criteria,
        deals=answers.index,
        parts=parts,
        score=score,
        limit=reduce(np.minimum, gated, free),
        limits=limits,
        chance=chance,
        zones=np.array([ZONES.index(zone_of(criteria, one)) for one in range(chance.size)], dtype=np.int64),
    )


def zone_of(criteria: Criteria, score: int) -> str:
    """Return the zone of a score.

    Parameters
    ----------
    criteria : Criteria
        Their bands.
    score : int
        Within `criteria.score_range`.

    Returns
    -------
    str
        below, inside or above.
    """
    within = criteria.bands["score_low"].le(score) & criteria.bands["score_high"].ge(score)
    return next(iter(criteria.bands.loc[within, "zone"].astype(str)), "inside")


def _part(criteria: Criteria, name: str, answers: pd.Series[str], limits: Floats) -> Part:
    asked = criteria.survey.characteristic(name)
    gates = criteria.gates[criteria.gates["characteristic"] == name]
    given = tuple(answers.cat.categories.astype(str))
    points = points_of_answers(criteria.points, asked, given)
    limit = np.full(len(given), limits.size - 1)
    tripped: list[list[str]] = [[] for _ in given]
    for gate in gates.to_dict("records"):
        hit = matches(given, str(gate["answer"]), float(gate["low"]), float(gate["high"]))
        limit[hit] = np.minimum(limit[hit], np.searchsorted(limits, float(gate["win_rate_high"])))
        for place in np.flatnonzero(hit):
            tripped[place].append(f"{name}: {gate['answer']}")
    return Part(
        asked=asked,
        answers=answers_apart(criteria, asked, limits),
        given=given,
        points=np.nan_to_num(points).astype(np.int64),
        limit=limit,
        gates=tuple("; ".join(one) for one in tripped),
        codes=answers.cat.codes.to_numpy(),
    )
