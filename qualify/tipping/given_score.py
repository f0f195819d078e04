"""A score of one's own: a number per closed deal, from whatever holds it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from qualify.deals import Deals
from qualify.errors import InvalidArgument, Problem


def given_score(score: ArrayLike, deals: Deals) -> NDArray[np.float64]:
    """Return a score as one finite number per closed deal, in their order.

    Parameters
    ----------
    score : array_like
        One number per closed deal in order, or a Series indexed by deal id.
    deals : Deals
        The closed deals.

    Returns
    -------
    ndarray
        The numbers.

    Raises
    ------
    InvalidArgument
        Where a deal has no finite number, naming every such deal, or the numbers are not one per deal.
    """
    if isinstance(score, pd.Series):
        score = _by_deal(score, deals)
    try:
        numbers = np.asarray(score, dtype=np.float64)
    except (TypeError, ValueError):
        raise InvalidArgument(
            "`score` of `find_tipping_point` must hold numbers, one per closed deal."
        ) from None
    if numbers.shape != (deals.n,):
        raise InvalidArgument(
            f"`score` of `find_tipping_point` must hold one number per closed deal ({deals.n}); got shape "
            f"{numbers.shape}. A Series indexed by deal id is matched by id."
        )
    wrong = np.flatnonzero(~np.isfinite(numbers))
    if wrong.size:
        raise InvalidArgument(
            Problem(reason="the score is not a finite number", mend="give it one", row=str(deal))
            for deal in deals.closed.index[wrong]
        )
    return numbers


def _by_deal(score: pd.Series[Any], deals: Deals) -> NDArray[np.float64] | pd.Series[Any]:
    """Put a Series indexed by deal id into the order of the deals; one that knows none stays as it is."""
    known = deals.closed.index.isin(score.index)
    if known.any() and not known.all():
        raise InvalidArgument(
            Problem(reason="the score has no entry for this deal", mend="add it", row=str(deal))
            for deal in deals.closed.index[~known]
        )
    if known.all() and score.index.is_unique:
        score = score.loc[deals.closed.index]
    if pd.api.types.is_numeric_dtype(score):
        return score.to_numpy(np.float64, na_value=np.nan)
    return score
