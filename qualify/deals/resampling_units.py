"""Deals ready to be resampled: what is kept together in folds, what is drawn whole, and in which order."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from qualify.deals import Deals
from qualify.deals.design import as_floats, items_of
from qualify.numerics.coding import Items
from qualify.numerics.resampling import Sample

FOLDS = 10
# Identical answers are kept together in folds only where this many patterns per fold remain.
PATTERNS_PER_FOLD = 5


def in_order(deals: Deals, score: NDArray[np.float64] | None = None) -> tuple[Deals, NDArray[np.intp]]:
    """Sort closed deals by what is known of them, so that chance falls on them alike whatever their order.

    Parameters
    ----------
    deals : Deals
        Deals read against their survey.
    score : ndarray, optional
        A given score of each closed deal, by which deals may differ too.

    Returns
    -------
    Deals
        The same with their closed deals sorted by answers, outcome, weight, score, account and deal id.
    ndarray
        Positions of the sorted deals in the order they came in.
    """
    account = _accounts(deals)
    keys = [
        # Deals that are otherwise alike are told apart by their names.
        np.argsort(np.argsort(deals.closed.index.to_numpy(dtype=object), kind="stable")),
        np.zeros(deals.n) if account is None else np.unique(account, return_inverse=True)[1],
        np.zeros(deals.n) if score is None else score,
        as_floats(deals.weights),
        as_floats(deals.won),
        patterns(items_of(deals.answers, deals.survey)),
    ]
    order = np.lexsort(keys)
    return replace(deals, closed=deals.closed.iloc[order]), order


def sample_of(deals: Deals) -> tuple[Sample, str]:
    """Deals ready to be resampled, and in words what is kept together when they are.

    Deals of one account stay together, in folds and in draws, where accounts are known. Else deals with
    identical answers stay in one fold, where there are at least five times as many patterns as folds and none
    is larger than a fold; single deals are drawn, for new deals come with the same patterns.

    Parameters
    ----------
    deals : Deals
        Deals read against their survey; sorted by `in_order` where chance must not hang on their order.

    Returns
    -------
    Sample
        Answers, outcomes, weights and groups.
    str
        ``"accounts"``, ``"identical answers"`` or ``"single deals"``.
    """
    items = items_of(deals.answers, deals.survey)
    single = np.arange(deals.n)
    group, unit, how = single, single, "single deals"
    account = _accounts(deals)
    if account is not None:
        # A deal without an account is an account of its own.
        lone = [f"\0{i}" if not text else str(text) for i, text in enumerate(account)]
        group, how = pd.factorize(np.array(lone, dtype=object))[0], "accounts"
        unit = group
    else:
        _, pattern, size = np.unique(patterns(items), return_inverse=True, return_counts=True)
        # A pattern larger than a fold could not be kept together without unbalancing the folds.
        if len(size) >= PATTERNS_PER_FOLD * FOLDS and size.max() * FOLDS <= deals.n:
            group, how = pattern, "identical answers"
    weights = as_floats(deals.weights)
    sample = Sample(
        items=items,
        outcome=as_floats(deals.won),
        weights=weights / weights.mean(),
        group=np.ascontiguousarray(group, dtype=np.int64),
        unit=np.ascontiguousarray(unit, dtype=np.int64),
    )
    return sample, how


def _accounts(deals: Deals) -> NDArray[np.object_] | None:
    """Account of each deal, empty where it is not known; None where no column names accounts."""
    if "account" not in deals.closed:
        return None
    return np.asarray(deals.closed["account"].astype("string").fillna("").to_numpy(dtype=object))


def patterns(items: Items) -> NDArray[np.int64]:
    """Give each deal a number for its pattern of answers, ascending in the order of their codes.

    Parameters
    ----------
    items : Items
        Answers of the deals.

    Returns
    -------
    ndarray, shape (n,)
        Equal where all answers are; there are gaps between numbers.
    """
    key = np.zeros(len(items.codes), dtype=np.int64)
    largest = 1
    for c in range(items.kind.size):
        answers = int(items.levels[c]) + 1
        if largest * answers >= 2**62:
            key = np.unique(key, return_inverse=True)[1].astype(np.int64)
            largest = int(key.max(initial=0)) + 1
        key = key * answers + items.codes[:, c]
        largest *= answers
    return key
