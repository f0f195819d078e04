"""Whether there are deals enough of both outcomes for anything to be learned and held against others."""

from __future__ import annotations

from qualify.deals import Deals
from qualify.errors import NotEnoughDeals
from qualify.units import FOLDS

FEWEST_ACCOUNTS = 5


def check_outcomes(deals: Deals, *, where: str) -> None:
    """Raise NotEnoughDeals unless there are ten won and ten lost deals, one of each for every fold.

    Parameters
    ----------
    deals : Deals
        Closed deals.
    where : str
        What needs them, for the message.

    Raises
    ------
    NotEnoughDeals
        Also where accounts are known and all deals of one outcome come from fewer than five of them.
    """
    won = int(deals.won.sum())
    if min(won, deals.n - won) < FOLDS:
        raise NotEnoughDeals(
            f"{where} needs at least {FOLDS} won and {FOLDS} lost deals; there are {won} won and "
            f"{deals.n - won} lost. Add earlier quarters."
        )
    if "account" in deals.closed:
        by_outcome = deals.closed.groupby(deals.won)["account"]
        fewest = int((by_outcome.nunique() + by_outcome.agg(lambda names: names.isna().sum())).min())
        if fewest < FEWEST_ACCOUNTS:
            raise NotEnoughDeals(
                f"{where} needs won deals, and lost deals, of at least {FEWEST_ACCOUNTS} accounts, since "
                f"deals of one account are judged together; all of one outcome come from {fewest}. Add deals "
                "of others."
            )
