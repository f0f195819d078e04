"""Which questions say the outcome by themselves, in deals read by a survey."""

from __future__ import annotations

import numpy as np

from qualify.deals.model import Deals
from qualify.survey.mirrors import WRONG, WRONG_BY_NAME, Mirror, mirror_by_data, mirror_by_name

DATED = 0.9  # share of the closed deals whose two dates must be known to show that answers came first


def mirrors_of(deals: Deals) -> dict[str, Mirror]:
    """Return the characteristics that decide the outcome by themselves, or are known only after it.

    Parameters
    ----------
    deals : Deals
        Deals read by their survey.

    Returns
    -------
    dict
        By name. None of those that the survey says are known before; none at all where every answer was
        given before its deal closed.
    """
    if answered_before(deals):
        return {}
    found = {}
    for asked in deals.survey.characteristics:
        if asked.known_before:
            continue
        named = mirror_by_name(asked.name) or mirror_by_name(asked.column)
        wrong = WRONG_BY_NAME if named else WRONG
        ordered = asked.kind in ("score", "ordered")
        mirror = mirror_by_data(_counts(deals, asked.name), ordered=ordered, wrong=wrong)
        if mirror is not None:
            found[asked.name] = mirror
    return found


def answered_before(deals: Deals) -> bool:
    """Return whether the dates show that all answers were given before the deals closed.

    Parameters
    ----------
    deals : Deals
        Deals read by their survey.

    Returns
    -------
    bool
        False where the dates of more than one deal in ten are not known.
    """
    dates = deals.dates
    if not {"survey_date", "close_date"} <= set(dates) or not deals.n:
        return False
    known = dates["survey_date"].notna() & dates["close_date"].notna()
    late = known & (dates["survey_date"] >= dates["close_date"])
    return bool(known.mean() >= DATED and not late.any())


def _counts(deals: Deals, name: str) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
    """Count won, lost and open deals by answer, `unknown` last."""
    closed = deals.closed[name]
    answers = closed.cat.categories
    columns = [closed[deals.won], closed[~deals.won], deals.open[name]]
    counts = [
        column.astype(str).value_counts().reindex(answers, fill_value=0).to_numpy() for column in columns
    ]
    return np.column_stack(counts).astype(np.int64)
