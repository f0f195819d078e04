"""From the closed test to a decision: what is done with the criteria, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from qualify.criteria.model import Criteria
from qualify.deals import Deals
from qualify.monitoring.closed_testing import ClosedTest, Compared, chosen_line, compare_updates
from qualify.monitoring.held_deals import HeldDeals
from qualify.monitoring.new_deals import pool
from qualify.monitoring.origin import Origin
from qualify.monitoring.rebuilding import Rebuild, deals_missing, rebuild_of, rebuilt
from qualify.monitoring.tables import new_performance
from qualify.monitoring.updating import recalibrated
from qualify.monitoring.words import FALLING, NO_BETTER, beaten_note, rebuild_note, sure_notes, update_note
from qualify.numerics.blocks import Matrix
from qualify.numerics.metrics import paired_difference
from qualify.numerics.updating import VERDICTS, Line

# The simpler update that takes the place of one that cannot be had.
SIMPLER = {"rebuild": "rescale", "rescale": "shift", "shift": "keep"}
NO_LINE = Line(0.0, 1.0, np.zeros((2, 2)))


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Work:
    """What a recalibration works on: criteria, all new deals, those that no gate stops, and earlier ones."""

    criteria: Criteria
    everything: HeldDeals
    held: HeldDeals
    history: Deals | None
    origin: Origin
    chance: list[np.random.Generator]

    @property
    def alpha(self) -> float:
        """Level of the tests."""
        return 1.0 - self.origin.level

    @property
    def pooled(self) -> Deals:
        """Earlier and new deals."""
        deals = self.everything.deals
        return deals if self.history is None else pool(self.history, deals)


@dataclass(slots=True, eq=False, kw_only=True)
class Decision:
    """What is decided, as it comes about.

    Attributes
    ----------
    verdict : str
        keep, shift, rescale or rebuild.
    criteria : Criteria
        The criteria to use from now on.
    line : Line
        The recalibration in force; 0 and 1 where there is none.
    comparison : DataFrame
        `Recalibration.comparison`.
    more : int
        How many more deals a rebuild needs.
    falling : bool
        Whether higher scores go with fewer wins, which no rescale mends.
    notes : list of str
        Why it is not what the closed test says, and how sure it is.
    """

    verdict: str
    criteria: Criteria
    line: Line = NO_LINE
    comparison: pd.DataFrame = field(default_factory=pd.DataFrame)
    more: int = 0
    falling: bool = False
    notes: list[str] = field(default_factory=list)

    def step_down(self) -> None:
        """Take the simpler update instead."""
        skips = self.falling and self.verdict == "rebuild"
        self.verdict = "shift" if skips else SIMPLER[self.verdict]


def decide(work: Work, tested: ClosedTest) -> Decision:
    """Go from the verdict of the closed test to what is done.

    Parameters
    ----------
    work : Work
        Criteria, deals and source of chance.
    tested : ClosedTest
        The closed test.

    Returns
    -------
    Decision
        Simpler than the test's verdict where a rebuild lacks deals, where an update is surely worse than the
        criteria in use (a rebuild: than a shift or rescale) on deals it has not seen, or where nothing can be
        learned anew.
    """
    decision = Decision(verdict=tested.verdict, criteria=work.criteria, falling=tested.falling)
    if tested.falling:
        decision.notes.append(FALLING)
    rebuild = _rebuild_if_enough(work, decision)
    compared = compare_updates(work.held, rebuild, work.origin.level, work.chance[1])
    comparison = compared.table
    _veto_rebuild(work, decision, compared)
    _veto(decision, comparison)
    if decision.verdict == "rebuild" and not _rebuild(work, decision):
        decision.notes.append(NO_BETTER)
        decision.step_down()
        _veto(decision, comparison)
    if decision.verdict in ("shift", "rescale"):
        _recalibrate(work, tested, decision, compared.chance)
    if decision.verdict != "keep":
        decision.notes += sure_notes(decision.verdict, comparison)
    decision.comparison = comparison.assign(chosen=comparison["update"].eq(decision.verdict))
    return decision


def _rebuild_if_enough(work: Work, decision: Decision) -> Rebuild | None:
    """Set up a rebuild where one is asked for and there are deals enough for it; else step down."""
    if decision.verdict != "rebuild":
        return None
    deals = work.pooled
    decision.more = deals_missing(work.criteria, work.held.columns.shape[1] - 1, deals)
    if not decision.more:
        return rebuild_of(work.criteria, deals, work.held.deals.closed.index)
    decision.notes.append(rebuild_note(deals.n, decision.more, falling=decision.falling))
    # A score that tells the wrong way is not to be passed off as adjusted.
    decision.verdict = "keep" if decision.falling else SIMPLER["rebuild"]
    return None


def _veto_rebuild(work: Work, decision: Decision, compared: Compared) -> None:
    """Step down from a rebuild to the shift or rescale that surely beats it on deals neither has seen.

    With earlier deals a rebuild learns from old and new truth alike, and may lie far from the new one.
    """
    if decision.verdict != "rebuild":
        return
    losses = dict(zip(VERDICTS, compared.losses, strict=True))
    simpler = ("shift",) if decision.falling else ("shift", "rescale")
    sample = work.held.sample
    best = min(simpler, key=lambda name: float(np.average(losses[name], weights=sample.weights)))
    worse = paired_difference(losses["rebuild"], losses[best], sample.unit, work.origin.level, sample.weights)
    if worse[1] > 0:
        decision.notes.append(beaten_note(best, worse))
        decision.verdict = best


def _veto(decision: Decision, comparison: pd.DataFrame) -> None:
    """Step down from an update that is surely worse on deals it has not seen."""
    rows = {str(row["update"]): row for row in comparison.to_dict("records")}
    while decision.verdict != "keep" and float(rows[decision.verdict]["worse_low"]) > 0:
        decision.notes.append(update_note(decision.verdict, rows[decision.verdict]))
        decision.step_down()


def _rebuild(work: Work, decision: Decision) -> bool:
    """Refine anew; False where nothing comes of it."""
    origin = replace(work.origin, verdict="rebuild")
    made = rebuilt(work.criteria, work.pooled, origin, work.chance[4])
    if made is not None:
        decision.criteria = made
    return made is not None


def _recalibrate(work: Work, tested: ClosedTest, decision: Decision, unseen: Matrix) -> None:
    """Shift, or shift and stretch, the win probabilities."""
    decision.line = chosen_line(tested.asked, decision.verdict, work.held.sample)
    chance = unseen[VERDICTS.index(decision.verdict)]
    performance = new_performance(work.held, chance, work.origin.level)
    origin = replace(work.origin, verdict=decision.verdict)
    decision.criteria = recalibrated(
        work.criteria, work.everything, work.held, decision.line, performance, origin
    )
