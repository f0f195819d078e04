"""Whether there are deals enough of both outcomes for anything to be learned and held against others."""

from __future__ import annotations

import os
from typing import Any

from qualify.deals import Deals
from qualify.deals.resampling_units import FOLDS
from qualify.errors import InvalidArgument, NotEnoughDeals, check_positive, short

FEWEST_ACCOUNTS = 5
_VERBS = {
    "a study": "analyze",
    "a validation": "validate",
    "a tipping point": "find_tipping_point",
    "a scorecard": "refine_criteria",
    "a backtest": "backtest",
}


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
    InvalidArgument
        Where these are no deals that `read_deals` has read.
    """
    check_deals(deals, where=_VERBS.get(where, where))
    won = int(deals.won.sum())
    if min(won, deals.n - won) < FOLDS:
        raise NotEnoughDeals(
            f"{where[:1].upper()}{where[1:]} needs at least {FOLDS} won and {FOLDS} lost deals; there are "
            f"{won} won and {deals.n - won} lost. Add earlier quarters."
        )
    if "account" in deals.closed:
        by_outcome = deals.closed.groupby(deals.won)["account"]
        accounts = by_outcome.nunique() + by_outcome.agg(lambda names: names.isna().sum())
        outcome = bool(accounts.idxmin())
        if accounts[outcome] < FEWEST_ACCOUNTS:
            kind = "won" if outcome else "lost"
            number = won if outcome else deals.n - won
            raise NotEnoughDeals(
                f"All {number:,} {kind} deals come from {_counted(int(accounts[outcome]))}. Deals of one "
                "account are judged together, so won deals and lost deals must each come from at least "
                f"{FEWEST_ACCOUNTS} accounts. Add deals of other accounts, or, if the column is no account, "
                "take `account` out of the survey's columns."
            )


def check_deals(deals: Any, *, where: str) -> None:
    """Raise InvalidArgument unless these are deals that `read_deals` has read.

    Parameters
    ----------
    deals : object
        What the caller gave.
    where : str
        The public function, for the message.

    Raises
    ------
    InvalidArgument
        For a table, a path or anything else.

    Examples
    --------
    >>> try:
    ...     check_deals("closed.csv", where="validate")
    ... except InvalidArgument as problem:
    ...     print(str(problem)[:58])
    `validate` needs the result of `read_deals`; got a str. Wr
    """
    if isinstance(deals, Deals):
        return
    given = short(str(deals)) if isinstance(deals, str | os.PathLike) else "frame"
    raise InvalidArgument(
        f"`{where}` needs the result of `read_deals`; got a {type(deals).__name__}. Write "
        f"`{where}(read_deals({given}, survey))`."
    )


def check_draws(replicates: object, *, where: str) -> int:
    """Return a number of bootstrap draws if it is at least two.

    Parameters
    ----------
    replicates : object
        What the caller gave.
    where : str
        The public function, for the message.

    Returns
    -------
    int
        At least 2.

    Raises
    ------
    InvalidArgument
        Otherwise.

    Examples
    --------
    >>> check_draws(200, where="validate")
    200
    """
    drawn = int(check_positive(replicates, name="replicates", where=where, whole=True))
    if drawn < 2:
        raise InvalidArgument(
            f"`replicates` of `{where}` must be at least 2: an interval cannot be told from a single "
            f"bootstrap draw; got {drawn}."
        )
    return drawn


def _counted(accounts: int) -> str:
    return f"{accounts} account{'' if accounts == 1 else 's'}"
