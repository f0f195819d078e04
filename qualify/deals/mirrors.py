"""Which questions say the outcome by themselves, in deals read by a survey."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from qualify.deals.model import Deals
from qualify.survey import Characteristic
from qualify.survey.mirrors import Mirror, mirror_by_data, mirror_by_name

HALF = 0.5  # beyond this share of questions known for closed deals only, it is the survey, not one question
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
        given before its deal closed; none for being known only of closed deals where most of the survey is.
    """
    found, late = _found(deals), late_questions(deals)
    return {name: mirror for name, mirror in found.items() if name not in late}


def late_questions(deals: Deals) -> tuple[str, ...]:
    """Return the questions known for closed deals only, where most of the survey is answered at closing.

    Parameters
    ----------
    deals : Deals
        Deals read by their survey.

    Returns
    -------
    tuple of str
        Their names; empty where other questions are known for open deals too.
    """
    late = tuple(name for name, mirror in _found(deals).items() if mirror.kind == "only closed")
    return late if len(late) > HALF * len(deals.survey.names) else ()


def named_like_the_outcome(asked: Characteristic) -> str | None:
    """Return why the name or the heading of a characteristic speaks of the outcome, or None.

    Parameters
    ----------
    asked : Characteristic
        The characteristic.

    Returns
    -------
    str or None
        A clause to go on after its name.
    """
    return mirror_by_name(asked.name) or mirror_by_name(asked.column)


def said_of(deals: Deals, mirrors: Mapping[str, Mirror]) -> dict[str, str]:
    """Return a sentence for each mirror, few answers named.

    Parameters
    ----------
    deals : Deals
        Deals read by their survey.
    mirrors : mapping
        From `mirrors_of`.

    Returns
    -------
    dict
        By name.
    """
    return {
        name: mirror.in_words(name, list(deals.closed[name].cat.categories[:-1].astype(str)))
        for name, mirror in mirrors.items()
    }


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


def _found(deals: Deals) -> dict[str, Mirror]:
    if answered_before(deals):
        return {}
    won, found = deals.won.to_numpy(), {}
    for asked in deals.survey.characteristics:
        if not asked.known_before:
            counts, ordered = _counts(deals, asked.name, won), asked.kind in ("score", "ordered")
            mirror = mirror_by_data(counts, ordered=ordered)
            if mirror is None and named_like_the_outcome(asked):
                mirror = mirror_by_data(counts, ordered=ordered, named=True)
            if mirror is not None:
                found[asked.name] = mirror
    return found


def _counts(deals: Deals, name: str, won: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Count won, lost and open deals by answer, `unknown` last."""
    answers = deals.closed[name].cat
    codes, still = answers.codes, deals.open[name].cat.set_categories(answers.categories).cat.codes
    ended = (codes[won], codes[~won], still[still >= 0])
    size = len(answers.categories)
    return np.column_stack([np.bincount(some.to_numpy(), minlength=size) for some in ended])
