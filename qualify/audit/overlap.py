"""Whether deals, or questions, repeat one another."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from qualify.audit.finding import EVERYWHERE, Finding
from qualify.deals import Deals
from qualify.deals.design import DesignMatrix
from qualify.formatting.wording import counted
from qualify.numerics.association import associations

NEARLY_THE_SAME = 0.8
MANY_COPIES = 0.01  # share of deals that repeat another in everything


def check_overlap(deals: Deals, design: DesignMatrix) -> Iterator[Finding]:
    """Yield deals that repeat others and characteristics that say nearly the same.

    Parameters
    ----------
    deals : Deals
        The deals.
    design : DesignMatrix
        Their answers as integers.

    Yields
    ------
    Finding
        Copies, identical answers, pairs of characteristics.
    """
    yield from _copies(deals)
    yield from _identical_answers(deals)
    yield from _pairs(deals, design)


def _copies(deals: Deals) -> Iterator[Finding]:
    """Rows that agree in everything there is: only telling where most rows differ."""
    group = deals.closed.groupby(list(deals.closed.columns), observed=True, dropna=False, sort=False).ngroup()
    copies = deals.n - int(group.nunique())
    if not copies or 2 * group.nunique() < deals.n:
        return
    columns = deals.survey.columns
    if columns.deal is not None and not (columns.close_date or columns.value):
        return  # ids differ, and short answers alone agree by chance
    what = f"{counted(copies, 'deal')} repeat another in every column read, the outcome included."
    if copies == 1:
        what = what.replace("repeat", "repeats", 1)
    why = "If they are the same deal twice, everything looks surer than it is."
    mend = "Check a few of them by hand, and keep one row per deal."
    if deals.survey.columns.deal is None:
        mend += (
            " With an id (`deal` among the survey's columns), deals entered twice are found by themselves."
        )
    yield Finding("warn" if copies > MANY_COPIES * deals.n else "note", what, EVERYWHERE, copies, why, mend)


def _identical_answers(deals: Deals) -> Iterator[Finding]:
    pattern = deals.answers.groupby(list(deals.survey.names), observed=True, sort=False).ngroup()
    size = pattern.map(pattern.value_counts())
    share_answers = int((size > 1).sum())
    if not share_answers:
        return
    mixed = deals.won.groupby(pattern).transform("nunique") > 1
    torn = int(mixed.sum())
    what = f"{counted(share_answers, 'deal')} share all answers with at least one other"
    what += (
        f"; {torn:,} of them are in groups that ended differently."
        if torn
        else "; all such groups ended alike."
    )
    why = "No score made of these answers can tell such deals apart."
    mend = "No harm in itself; more telling questions would tell them apart."
    yield Finding("note", what, EVERYWHERE, share_answers, why, mend)


def _pairs(deals: Deals, design: DesignMatrix) -> Iterator[Finding]:
    strength = associations(design.items)
    names = deals.survey.names
    for a, b in zip(*np.nonzero(np.triu(strength >= NEARLY_THE_SAME, 1)), strict=True):
        codes, levels = design.items.codes, design.items.levels
        known = (codes[:, a] < levels[a]) & (codes[:, b] < levels[b])
        n = int(known.sum())
        where = f"{names[a]}; {names[b]}"
        mend = "Ask one of the two, or make clearer how they differ."
        if _one_to_one(codes[known, a], codes[known, b]):
            what = (
                f"{names[a]} and {names[b]} say exactly the same where both are known ({counted(n, 'deal')})."
            )
            why = "No data can tell which of two copies matters; they share what one of them has."
            yield Finding("warn", what, where, n, why, mend)
        else:
            how = f"{strength[a, b]:.2f} of 1, {counted(n, 'deal')}"
            what = f"{names[a]} and {names[b]} go together closely ({how})."
            why = "It takes many deals to tell which of the two matters; they are judged together as well."
            yield Finding("note", what, where, n, why, mend)


def _one_to_one(first: NDArray[np.int32], second: NDArray[np.int32]) -> bool:
    pairs = pd.DataFrame({"first": first, "second": second}).drop_duplicates()
    return len(pairs) > 1 and not (pairs["first"].duplicated().any() or pairs["second"].duplicated().any())
