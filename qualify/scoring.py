"""Scoring deals: score, probability, zone, and what to find out or change next."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from qualify.criteria import Criteria
from qualify.deals import Deals, read_answers
from qualify.errors import InvalidDeals, Problem
from qualify.survey import UNKNOWN
from qualify.tables.render import page

COLUMNS = ["deal", "score", "probability", "low", "high", "zone", "gates", "ask_next", "levers"]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ScoredDeals:
    """Deals with their score.

    Attributes
    ----------
    table : DataFrame
        deal, score, probability with low and high, zone (below, inside, above; below where a gate is
        tripped), gates tripped (their answers), ask_next
        (unknown answers, the one that could move the score most first) and levers (answers the team can
        change, with the points to be had), the last three joined by ``"; "``. Best deals first.
    version : str
        Version of the criteria.
    level : float
        Confidence level of the interval of the probability.
    """

    table: pd.DataFrame
    version: str
    level: float

    def __repr__(self) -> str:
        zones = self.table["zone"].value_counts()
        counts = ", ".join(f"{zones.get(zone, 0)} {zone}" for zone in ("below", "inside", "above"))
        return f"<ScoredDeals: {len(self.table)} deals by criteria {self.version}: {counts}>"

    def _repr_html_(self) -> str:
        return page("Scored deals", f"{len(self.table)} deals, best first.", [("", self.table)])


def score_deals(criteria: Criteria, deals: object) -> ScoredDeals:
    """Score every deal of a table, open or closed.

    Parameters
    ----------
    criteria : Criteria
        From `refine_criteria` or `read_criteria`; its survey says how to read the table.
    deals : str, path-like, DataFrame or Deals
        The table. Every row is scored, whatever its outcome column says; of `Deals`, the open ones, then the
        closed ones.

    Returns
    -------
    ScoredDeals
        A row per deal, the most probable first.

    Raises
    ------
    InvalidDeals
        Where answers do not fit the survey; every problem at once.

    Notes
    -----
    The probability is that of past deals with this score under the criteria's curve; ask_next and levers add
    up points and promise nothing: an answer *goes with* winning.

    Examples
    --------
    >>> import qualify as ql
    >>> simulated = ql.simulate_deals(300, rng=1)
    >>> deals = ql.read_deals(simulated.frame, simulated.survey)
    >>> criteria = ql.refine_criteria(deals, replicates=20)
    >>> ql.score_deals(criteria, simulated.frame).table.columns[0]
    'deal'
    """
    if isinstance(deals, Deals):
        frames = [frame for frame in (deals.open, deals.closed) if len(frame)]
    else:
        frames = [read_answers(deals, criteria.survey)]
    table = pd.concat([_scored(criteria, frame) for frame in frames])
    ordered = table.sort_values(["probability", "score"], ascending=False, kind="stable")
    ordered = ordered.reset_index(drop=True)
    return ScoredDeals(table=ordered, version=criteria.version, level=criteria.tipping.level)


def _scored(criteria: Criteria, answers: pd.DataFrame) -> pd.DataFrame:
    score = criteria.score(answers)
    chance = criteria.probabilities.set_index("score")
    zones = {one: zone_of(criteria, int(one)) for one in score.unique()}
    table = pd.DataFrame({"deal": score.index.astype(str), "score": score.to_numpy()}, columns=COLUMNS)
    for column in ("probability", "low", "high"):
        table[column] = chance[column].reindex(score).to_numpy()
    table["zone"] = score.map(zones).to_numpy()
    _stop(table, criteria, answers)
    table["ask_next"] = _joined(answers, {name: _could_gain(criteria, name) for name in criteria.kept})
    table["levers"] = _joined(
        answers, {name: _could_change(criteria, name, answers[name].cat.categories) for name in criteria.kept}
    )
    return table


def _stop(table: pd.DataFrame, criteria: Criteria, answers: pd.DataFrame) -> None:
    """Write in the gates that deals trip: their zone is `below`, their win probability at most the gate's."""
    limit = np.ones(len(table))
    tripped: list[list[str]] = [[] for _ in range(len(table))]
    missing = [name for name in criteria.gates["characteristic"].unique() if name not in answers]
    if missing:
        raise InvalidDeals(
            Problem(reason="a gate needs it", mend="add its column", column=str(name)) for name in missing
        )
    for gate in criteria.gates.to_dict("records"):
        name, answer = str(gate["characteristic"]), str(gate["answer"])
        stopped = np.flatnonzero(gives(answers[name], answer, float(gate["low"]), float(gate["high"])))
        limit[stopped] = np.minimum(limit[stopped], float(gate["win_rate_high"]))
        for place in stopped:
            tripped[place].append(f"{name}: {answer}")
    # The gate says at most; it says nothing of at least.
    table["low"] = np.where(limit < table["probability"], 0.0, table["low"])
    for column in ("probability", "high"):
        table[column] = np.minimum(table[column], limit)
    table["zone"] = np.where(limit < 1.0, "below", table["zone"])
    table["gates"] = ["; ".join(names) for names in tripped]


def gives(answers: pd.Series[str], answer: str, low: float, high: float) -> NDArray[np.bool_]:
    """Which deals give an answer.

    Parameters
    ----------
    answers : Series of categorical
        Of one characteristic, as in `Deals.answers`.
    answer : str
        The answer; of a score the name of the numbers from `low` to below `high`.
    low, high : float
        NaN where words are meant.

    Returns
    -------
    ndarray of bool, shape (n,)
        Never a deal whose answer is unknown, unless that is the answer asked for.
    """
    if np.isnan(low):
        return answers.eq(answer).to_numpy(dtype=bool)
    categories = answers.cat.categories
    within = [text != UNKNOWN and low <= float(text) < high for text in categories]
    return np.array(within, dtype=np.bool_)[answers.cat.codes.to_numpy()]


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


def _joined(answers: pd.DataFrame, remarks: dict[str, dict[str, tuple[int, str]]]) -> list[str]:
    """For each deal, the remarks its answers earn, the ones worth most points first."""
    earned: list[list[tuple[int, str]]] = [[] for _ in range(len(answers))]
    for name, by_answer in remarks.items():
        for place, answer in enumerate(answers[name].astype(str)):
            if answer in by_answer:
                earned[place].append(by_answer[answer])
    return ["; ".join(text for _, text in sorted(row, key=lambda one: -one[0])) for row in earned]


def _could_gain(criteria: Criteria, name: str) -> dict[str, tuple[int, str]]:
    """Say what to ask where the answer is unknown: the characteristic, by how far its points could move."""
    points = criteria.points.loc[criteria.points["characteristic"] == name]
    spread = int(points["points"].max() - points["points"].min())
    return {UNKNOWN: (spread, name)}


def _could_change(criteria: Criteria, name: str, answers: Iterable[str]) -> dict[str, tuple[int, str]]:
    """Levers: for each known answer that earns less than the best, what the best would add."""
    if not criteria.survey.characteristic(name).controllable:
        return {}
    mine = criteria.points["characteristic"].eq(name) & criteria.points["answer"].ne(UNKNOWN)
    known = criteria.points.loc[mine]
    most = int(known["points"].max())
    best = known["answer"].iloc[int(known["points"].argmax())]
    levers = {}
    for answer in answers:
        given = None if answer == UNKNOWN else criteria.points_of(name, answer)
        if given is not None and given < most:
            levers[answer] = (most - given, f"{name}: {answer} → {best} (+{most - given})")
    return levers
