"""A running alarm within the quarter: wins seen against wins foretold, deal by deal."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from qualify.criteria.model import Criteria
from qualify.deals import Deals
from qualify.deals.requirements import check_deals, check_draws
from qualify.deals.resampling_units import in_order
from qualify.errors import InvalidArgument, NotEnoughDeals, check_level, check_positive, short
from qualify.formatting.render import page
from qualify.formatting.wording import counted
from qualify.monitoring.held_deals import HeldDeals, hold
from qualify.numerics.blocks import Matrix
from qualify.numerics.cusum import Watch, limits_of, watch
from qualify.numerics.updating import Units, draw_outcomes

# The change of the odds that the sums find soonest.
ODDS_RATIO = 2.0


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class WinAlarm:
    """Wins seen against wins foretold, deal by deal.

    Attributes
    ----------
    table : DataFrame
        deal, closed (day, NaT where not known), probability, won, ahead (wins seen less foretold so far, of
        deals that no gate stops), fewer and more (the running sums), alarm (whether either is beyond its
        limit): a row per deal in the order of closing.
    raised : {"", "fewer", "more"}
        Which sum was first beyond its limit: fewer wins than foretold, or more.
    deal : str
        The deal at which it was; empty where none was.
    fewer_limit, more_limit : float
        The limits.
    horizon : int
        Deals that the limits are for.
    false_alarms : float
        Share of runs of that many deals that raise an alarm though nothing has changed.
    n, won : int
        Deals watched, and how many were won.
    """

    table: pd.DataFrame
    raised: str
    deal: str
    fewer_limit: float
    more_limit: float
    horizon: int
    false_alarms: float
    n: int
    won: int

    def __repr__(self) -> str:
        return f"<WinAlarm on {counted(self.n, 'deal')} ({self.won} won): {self.summary}>"

    @property
    def summary(self) -> str:
        """The finding in a sentence."""
        if not self.raised:
            return "no alarm"
        return f"{self.raised} wins than foretold, shown at deal {self.deal}"

    def _repr_html_(self) -> str:
        lead = f"{self.summary[:1].upper()}{self.summary[1:]}. {counted(self.n, 'deal')}, {self.won} won."
        return page("Running alarm", lead, [("", self.table)])


def watch_wins(
    criteria: Criteria,
    deals: Deals,
    *,
    horizon: int | None = None,
    replicates: int = 2000,
    level: float = 0.95,
    rng: np.random.Generator | int | None = 0,
) -> WinAlarm:
    """Watch the deals of a quarter as they close, and raise an alarm where wins stray from what was foretold.

    Parameters
    ----------
    criteria : Criteria
        The criteria in use.
    deals : Deals
        Deals closed so far, read against the criteria's survey; however few, and all of them may be lost.
    horizon : int, optional
        Deals to be watched in all before the next recalibration; at least 100, or as many as there are.
    replicates : int
        Simulated runs behind the limits.
    level : float
        Of runs of `horizon` deals in which nothing has changed, this share raises no alarm.
    rng : numpy.random.Generator, int or None
        Source of chance; the same seed gives the same limits.

    Returns
    -------
    WinAlarm
        The running sums, their limits, and the alarm.

    Raises
    ------
    NotEnoughDeals
        Where there is no closed deal.
    InvalidArgument
        For a horizon shorter than the deals, or arguments of the wrong kind.

    Notes
    -----
    Two cumulative sums (Page 1954) of wins foretold less wins seen, and of the opposite, begin anew at zero
    and take off half of what a doubling or halving of the odds would change. Limits are from simulated runs
    of `horizon` deals: answers drawn from those of `deals`, the truth from what the deals behind the criteria
    left possible, as in `recalibrate`. Deals are watched in the order of their close dates; those without
    one come last. Deals that a gate stops stand in the table and move neither sum (nor `ahead`): theirs is a
    limit of the win probability, and fewer wins than a limit are no change. Deals of one account are taken as
    independent. An alarm is a reason to look, not a verdict: that is `recalibrate`'s.

    References
    ----------
    Page, E. S. (1954). Continuous inspection schemes. Biometrika 41, 100-115. Steiner, S. H., Cook, R. J.,
    Farewell, V. T. & Treasure, T. (2000). Monitoring surgical performance using risk-adjusted cumulative sum
    charts. Biostatistics 1, 441-452.

    Examples
    --------
    >>> import qualify as ql
    >>> simulated = ql.simulate_deals(300, rng=1)
    >>> criteria = ql.refine_criteria(ql.read_deals(simulated.frame, simulated.survey), replicates=40)
    >>> quarter = ql.simulate_deals(60, rng=3)
    >>> ql.watch_wins(criteria, ql.read_deals(quarter.frame, criteria.survey)).summary
    'no alarm'
    """
    check_level(level, where="watch_wins")
    draws = check_draws(replicates, where="watch_wins")
    length = _check(criteria, deals, horizon)
    order, held = _by_day(deals), hold(criteria, in_order(deals)[0])
    drawn = _simulated(held, draws, length, np.random.default_rng(rng))
    limits = limits_of(drawn, 1.0 - level)
    place = held.deals.closed.index.get_indexer(deals.closed.index[order])
    chance, won, stopped = held.chance[place], held.sample.outcome[place], held.stopped[place]
    # A deal that never wins and is never won moves neither sum.
    counted_chance, counted_won = (np.where(stopped, 0.0, one) for one in (chance, won))
    found = watch(counted_chance, counted_won, ODDS_RATIO)
    beyond = np.stack([found.fewer > limits[0], found.more > limits[1]])
    first = int(np.argmax(beyond.any(axis=0))) if beyond.any() else -1
    ids = held.deals.closed.index[place].astype(str)
    table = _table(held.deals.closed.iloc[place], chance, won, found)
    table["ahead"] = np.cumsum(counted_won - counted_chance)
    table["alarm"] = np.asarray(beyond.any(axis=0))
    return WinAlarm(
        table=table,
        raised="" if first < 0 else "fewer" if beyond[0, first] else "more",
        deal="" if first < 0 else str(ids[first]),
        fewer_limit=limits[0],
        more_limit=limits[1],
        horizon=length,
        false_alarms=_alarms(drawn, limits),
        n=deals.n,
        won=int(won.sum()),
    )


def _check(criteria: object, deals: Deals, horizon: int | None) -> int:
    """Refuse what cannot be watched; return the deals that limits are for."""
    if not isinstance(criteria, Criteria):
        raise InvalidArgument(
            "`criteria` of `watch_wins` must be the result of `refine_criteria` or `read_criteria`; got "
            f"{short(criteria)}."
        )
    check_deals(deals, where="watch_wins")
    if not deals.n:
        raise NotEnoughDeals("`watch_wins` needs at least one closed deal; there is none yet.")
    if horizon is None:
        return max(100, deals.n)
    length = int(check_positive(horizon, name="horizon", where="watch_wins", whole=True))
    if length < deals.n:
        raise InvalidArgument(
            f"`horizon` of `watch_wins` must be at least the number of deals, {deals.n}; got {length}."
        )
    return length


def _by_day(deals: Deals) -> NDArray[np.intp]:
    """Order of closing; deals without a day keep their order and come last."""
    if "close_date" not in deals.closed:
        return np.arange(deals.n)
    days = deals.closed["close_date"].reset_index(drop=True)
    return np.asarray(days.sort_values(kind="stable", na_position="last").index, dtype=np.intp)


def _simulated(held: HeldDeals, times: int, length: int, rng: np.random.Generator) -> Watch:
    """Run the sums of simulated runs of deals in which nothing has changed."""
    rows = rng.integers(held.chance.size, size=(times, length))
    beta = held.belief.draw(times, rng)
    log_odds = held.columns @ beta.T
    # Deals that a gate stops move neither sum.
    log_odds[held.stopped] = -np.inf
    chance = np.where(held.stopped, 0.0, held.chance)
    truths = log_odds[rows, np.arange(times)[:, None]]
    outcome = draw_outcomes(truths, Units(np.zeros(length, dtype=np.int64), 0.0), rng)
    return watch(chance[rows], outcome, ODDS_RATIO)


def _alarms(drawn: Watch, limits: tuple[float, float]) -> float:
    """Share of simulated runs that pass either limit."""
    passed = [side.max(axis=1) > limit for side, limit in zip(drawn, limits, strict=True)]
    return float(np.mean(passed[0] | passed[1]))


def _table(closed: pd.DataFrame, chance: Matrix, won: Matrix, found: Watch) -> pd.DataFrame:
    nowhere = pd.Series(pd.NaT, index=closed.index, dtype="datetime64[s]")
    day = closed.get("close_date", nowhere)
    return pd.DataFrame(
        {
            "deal": closed.index.astype(str),
            "closed": day.to_numpy(),
            "probability": chance,
            "won": won > 0.5,
            "ahead": np.nan,
            "fewer": found.fewer,
            "more": found.more,
        }
    )
