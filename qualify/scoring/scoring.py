"""Scoring deals: score, probability, zone, and what to find out or change next."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from pandas.api.types import union_categoricals

from qualify.criteria.model import Criteria
from qualify.criteria.tables import numbers_told
from qualify.deals import Deals, read_answers
from qualify.deals.economics import Economics, Money, money_of
from qualify.errors import InvalidArgument, short
from qualify.formatting.render import page
from qualify.formatting.wording import counted
from qualify.scoring.asking import ask_next
from qualify.scoring.levers import levers_of
from qualify.scoring.notes import new_word_notes, notes_on
from qualify.scoring.remarks import joined
from qualify.scoring.scored_answers import Standing, needed, standing_of
from qualify.tipping.verdict import ZONES

COLUMNS = ["deal", "score", "probability", "low", "high", "zone", "gates", "ask_next", "levers"]
MONEY = ("value", "effort")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ScoredDeals:
    """Deals with their score.

    Attributes
    ----------
    table : DataFrame
        deal, score, probability with low and high, zone (below, inside, above; below where a gate is
        tripped), gates tripped (their answers), ask_next (unknown answers worth knowing, the one that would
        move the decision most first) and levers (answers the team can change that would carry the deal up,
        with points and where to), the last three joined by ``"; "``. Best deals first.
    notes : DataFrame
        characteristic, what, deals, detail: what these scores rest on that past deals do not carry, such as
        answers and numbers that no past deal gave, another scale, or unknown far more often than it was.
    version : str
        Version of the criteria.
    level : float
        Confidence level of the interval of the probability.
    """

    table: pd.DataFrame
    notes: pd.DataFrame
    version: str
    level: float

    def __repr__(self) -> str:
        zones = self.table["zone"].value_counts()
        counts = ", ".join(f"{zones.get(zone, 0)} {zone}" for zone in ZONES)
        noted = f"; {counted(len(self.notes), 'note')}" if len(self.notes) else ""
        return f"<ScoredDeals: {len(self.table)} deals by criteria {self.version}: {counts}{noted}>"

    def _repr_html_(self) -> str:
        sections = [("To bear in mind", self.notes)] if len(self.notes) else []
        lead = f"{counted(len(self.table), 'deal')}, best first."
        return page("Scored deals", lead, [*sections, ("", self.table)])


def score_deals(
    criteria: Criteria, deals: object, *, economics: Economics | None = None, strict: bool = False
) -> ScoredDeals:
    """Score every deal of a table, open or closed, and say what to find out or change next.

    Parameters
    ----------
    criteria : Criteria
        From `refine_criteria` or `read_criteria`; its survey says how to read the table.
    deals : str, path-like, DataFrame or Deals
        The table. Every row is scored, whatever its outcome column says; of `Deals`, the open ones, then the
        closed ones. Columns that the criteria do not need may be missing.
    economics : Economics, optional
        What a win is worth and what pursuing a deal costs: what to find out and to change next is then
        ranked by money. A value and an effort of the deal's own are read from the columns the survey names.
    strict : bool
        Whether a word that the survey does not know is an error. Otherwise such an answer counts as unknown,
        and the words and deals are named in the notes.

    Returns
    -------
    ScoredDeals
        A row per deal, the most probable first, and notes.

    Raises
    ------
    InvalidDeals
        Where numbers lie beyond their range, or columns that the criteria need are missing; every problem at
        once. With `strict`, also where a word is no answer of the survey.
    InvalidArgument
        For economics without a cost, or without any value; for a value or an effort below 0.

    Notes
    -----
    The probability is that of past deals with this score under the criteria's curve, an unknown answer being
    one that stayed unknown.

    `ask_next`: the answer of a question is a draw from those of past deals that knew it, the other unknown
    answers staying so. Without economics a question is worth the chance that the deal's zone changes, then
    the expected absolute change of its probability. With economics it is worth what knowing gains over
    deciding without (expected value of information, Raiffa & Schlaifer 1961):
    ``E max(0, p · value − cost) − max(0, E[p] · value − cost)``, both over the same answers, since those that
    stayed unknown may have won or lost for a reason of their own. A question that could change nothing is
    not listed; with economics, none that leaves the decision to pursue as it is.

    `levers`: changes of a known answer to the best that past deals gave, listed where one alone carries the
    deal into a better zone (with economics: adds to ``max(0, p · value − cost)``), by gain in probability
    (in value); where none does so alone but all do together, all, marked "together". They add up points and
    promise nothing: an answer *goes with* winning.

    Both are ranked per hour in deals for which the survey gives the `hours` of all that is listed.

    References
    ----------
    Raiffa, H. & Schlaifer, R. (1961). Applied Statistical Decision Theory. Harvard University.

    Examples
    --------
    >>> import qualify as ql
    >>> simulated = ql.simulate_deals(300, rng=1)
    >>> deals = ql.read_deals(simulated.frame, simulated.survey)
    >>> criteria = ql.refine_criteria(deals, replicates=20)
    >>> ql.score_deals(criteria, simulated.frame).table.columns[0]
    'deal'
    """
    if not isinstance(criteria, Criteria):
        raise InvalidArgument(
            f"`criteria` of `score_deals` must be Criteria, as `read_criteria` gives; got {short(criteria)}."
        )
    if economics is not None and not isinstance(economics, Economics):
        raise InvalidArgument(f"`economics` of `score_deals` must be Economics; got {short(economics)}.")
    aside: list[pd.DataFrame] = []
    if isinstance(deals, Deals):
        aside.append(deals.new_words)
        wanted = [name for name in (*MONEY, *needed(criteria)) if name in deals.closed]
        answers = _stacked([deals.open[wanted], deals.closed[wanted]])
    else:
        only = (*needed(criteria), *(MONEY if economics is not None else ()))
        answers = read_answers(deals, criteria.survey, only=only, aside=None if strict else aside)
    standing, money = standing_of(criteria, answers), None
    best_first = np.lexsort((-standing.score, -standing.probability(standing.score, standing.limit)))
    if economics is not None:
        _, means = numbers_told(criteria.provenance)
        found = money_of(answers, economics, criteria.survey.columns, means)
        money = found[0].of(best_first), found[1].of(best_first)
    # Put in order at once: texts are dear to move.
    standing = standing.of(best_first)
    return ScoredDeals(
        table=_table(standing, money[0] if money else None),
        notes=pd.concat([new_word_notes(*aside), notes_on(standing, money)], ignore_index=True),
        version=criteria.version,
        level=criteria.tipping.level,
    )


def _stacked(frames: list[pd.DataFrame]) -> pd.DataFrame:
    """One table of several; the numbers of a score may be others in each."""
    filled = [frame for frame in frames if len(frame)] or frames[-1:]
    columns = {}
    for name in frames[0].columns:
        mine = [frame[name] for frame in filled]
        categorical = isinstance(mine[0].dtype, pd.CategoricalDtype)
        columns[name] = union_categoricals(mine) if categorical else pd.concat(mine).to_numpy()
    index = filled[0].index.append([frame.index for frame in filled[1:]])
    return pd.DataFrame(columns, index=index)


def _table(standing: Standing, money: Money | None) -> pd.DataFrame:
    probabilities = standing.criteria.probabilities.sort_values("score")
    limit = standing.limits[standing.limit]
    chance = standing.chance[standing.score]
    # A gate says at most; it says nothing of at least.
    low = np.where(limit < chance, 0.0, probabilities["low"].to_numpy()[standing.score])
    return pd.DataFrame(
        {
            "deal": standing.deals.astype(str),
            "score": standing.score,
            "probability": np.minimum(chance, limit),
            "low": low,
            "high": np.minimum(probabilities["high"].to_numpy()[standing.score], limit),
            "zone": joined([standing.zone(standing.score, standing.limit)], ZONES),
            "gates": _gates(standing),
            "ask_next": ask_next(standing, money),
            "levers": levers_of(standing, money),
        },
        columns=COLUMNS,
    )


def _gates(standing: Standing) -> pd.api.extensions.ExtensionArray:
    """Name the gates that each deal trips, in the criteria's order."""
    order = list(standing.criteria.gates["characteristic"].astype(str).unique())
    gated = sorted(
        (part for part in standing.parts if any(part.gates)), key=lambda p: order.index(p.asked.name)
    )
    words = sorted({text for part in gated for text in part.gates if text})
    number = {text: place for place, text in enumerate(words)}
    places = [np.array([number.get(text, -1) for text in part.gates])[part.codes] for part in gated]
    return joined([*places, np.full(standing.score.size, -1)], words)
