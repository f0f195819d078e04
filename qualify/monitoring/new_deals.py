"""New deals beside earlier ones: whether criteria can be held against them, and both put together."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd

from qualify.criteria.model import Criteria
from qualify.criteria.tables import fingerprint
from qualify.deals import Deals
from qualify.deals.requirements import check_deals, check_draws
from qualify.errors import InvalidArgument, InvalidDeals, NotEnoughDeals, Problem, short
from qualify.monitoring.origin import fingerprints_of
from qualify.survey import UNKNOWN

# So many new deals of either outcome are needed for a line through them.
FEWEST = 5


def check_draws_for(replicates: object, level: float) -> int:
    """Return a number of simulated sets of outcomes if so many can reject at all.

    Parameters
    ----------
    replicates : object
        What the caller gave; the smallest p-value there can be is ``1 / (replicates + 1)``.
    level : float
        Tests reject at ``1 − level``.

    Returns
    -------
    int
        The number.

    Raises
    ------
    InvalidArgument
        Where that is too large, so that the criteria would always be kept.
    """
    draws = check_draws(replicates, where="recalibrate")
    if 1.0 / (draws + 1) > 1.0 - level:
        raise InvalidArgument(
            f"`replicates` of `recalibrate` must be at least {math.floor(1.0 / (1.0 - level))} at a level of "
            f"{level:g}: with {draws} no p-value can be small enough to reject; 999 is usual."
        )
    return draws


def check_new(criteria: object, new_deals: Deals, history: Deals | None) -> None:
    """Raise unless criteria can be held against new deals.

    Parameters
    ----------
    criteria : object
        What was given as criteria.
    new_deals, history : Deals
        The new deals, and the earlier ones, if any.

    Raises
    ------
    NotEnoughDeals
        Where fewer than five new deals were won, or fewer than five were not.
    InvalidArgument
        For what is no criteria or no deals, deals that the criteria were made from, or history of another
        survey.
    InvalidDeals
        Where a deal is new and in history.
    """
    if not isinstance(criteria, Criteria):
        raise InvalidArgument(
            "`criteria` of `recalibrate` must be the result of `refine_criteria` or `read_criteria`; got "
            f"{short(criteria)}."
        )
    check_deals(new_deals, where="recalibrate")
    won = int(new_deals.won.sum())
    if min(won, new_deals.n - won) < FEWEST:
        raise NotEnoughDeals(
            f"A recalibration needs at least {FEWEST} won and {FEWEST} lost new deals; there are {won} won "
            f"and {new_deals.n - won} lost. Wait for more, or watch them one by one with `watch_wins`."
        )
    if fingerprint(new_deals) in _behind(criteria):
        raise InvalidArgument(
            "`new_deals` of `recalibrate` are the very deals that these criteria, or a version before them, "
            "were made from: give those closed since."
        )
    if history is not None:
        check_deals(history, where="recalibrate")
        _check_apart(new_deals, history)


def _behind(criteria: Criteria) -> set[str]:
    """Fingerprints of the deals behind criteria and all their parents."""
    found: set[str] = set()
    origin: object = criteria.provenance
    while isinstance(origin, dict):
        found |= fingerprints_of(origin)
        origin = origin.get("parent")
    return found


def _check_apart(deals: Deals, history: Deals) -> None:
    """Raise unless two periods hold different deals of the same survey; without ids there is no telling."""
    if history.survey.characteristics != deals.survey.characteristics:
        raise InvalidArgument(
            "`history` of `recalibrate` must be read against the same survey as the new deals: "
            "`read_deals(path, criteria.survey)` reads either."
        )
    if deals.survey.columns.deal is None:
        return
    both = deals.closed.index.intersection(history.closed.index)
    if len(both):
        raise InvalidDeals(
            [
                Problem(
                    reason="is among the new deals and in history",
                    mend="leave it out of one",
                    value=str(deal),
                )
                for deal in both
            ],
            "new deals and history must not share deals:",
        )


def pool(history: Deals, deals: Deals) -> Deals:
    """Put the closed deals of two periods together.

    Parameters
    ----------
    history, deals : Deals
        The earlier deals and the new ones, read against the same questions.

    Returns
    -------
    Deals
        With the columns that both have; open deals are those of the new ones. Earlier deals whose id a new
        one has too (row numbers) get " (earlier)" behind it.
    """
    earlier, later = history.closed, deals.closed
    twice = earlier.index.isin(later.index)
    earlier = earlier.set_axis(
        pd.Index(np.where(twice, earlier.index + " (earlier)", earlier.index), name="deal"), axis=0
    )
    shared = [name for name in later.columns if name in earlier.columns]
    made = {name: pd.concat([earlier[name], later[name]]) for name in shared}
    for name in deals.survey.names:
        categories = _categories(earlier[name], later[name])
        parts = [one[name].cat.set_categories(categories) for one in (earlier, later)]
        made[name] = pd.concat(parts)
    closed = pd.DataFrame(made)
    closed.index = closed.index.astype("str").rename("deal")
    return replace(deals, closed=closed, left_out=history.left_out + deals.left_out)


def _categories(earlier: pd.Series[str], later: pd.Series[str]) -> list[str]:
    """All answers of a question in their order; numbers ascending, unknown last."""
    first, second = (list(one.cat.categories) for one in (earlier, later))
    if first == second:
        return first
    numbers = {*first, *second} - {UNKNOWN}
    return [*sorted(numbers, key=float), UNKNOWN]
