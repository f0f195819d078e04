"""When deals were answered and closed, and whether the win rate moves with time or with who sold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from statsmodels.stats.proportion import proportion_confint

from qualify.audit.finding import EVERYWHERE, Finding, heterogeneity, tally
from qualify.deals import Deals
from qualify.formatting.wording import counted, rate

SIGNIFICANT = 0.05
MOSTLY = 0.5
SOME_DEALS = 10  # groups with fewer are not named as the lowest or highest


def check_times(deals: Deals, quarters: pd.DataFrame) -> Iterator[Finding]:
    """Yield what dates and people say about the deals.

    Parameters
    ----------
    deals : Deals
        The deals.
    quarters : DataFrame
        From `win_rate_by_quarter`.

    Yields
    ------
    Finding
        Answers given in hindsight, dates in the wrong order or missing, win rates that move or differ.
    """
    yield from _hindsight(deals)
    yield from _wrong_order(deals)
    yield from _missing_dates(deals)
    yield from _moving(quarters)
    for role, noun in (("rep", "reps"), ("segment", "segments")):
        yield from _differing(deals, role, noun)


def win_rate_by_quarter(deals: Deals, level: float) -> pd.DataFrame:
    """Return the win rate by quarter of the close date.

    Parameters
    ----------
    deals : Deals
        The deals.
    level : float
        Confidence level of Wilson's intervals.

    Returns
    -------
    DataFrame
        quarter, n, won, win_rate, win_rate_low, win_rate_high; no row where no close date is known.
    """
    columns = ["quarter", "n", "won", "win_rate", "win_rate_low", "win_rate_high"]
    if "close_date" not in deals.closed:
        return _typed(pd.DataFrame(columns=columns))
    counts = tally(_quarter(deals.closed["close_date"]), deals.won)
    low, high = proportion_confint(
        counts["won"].to_numpy(), counts["n"].to_numpy(), alpha=1 - level, method="wilson"
    )
    table = counts.rename_axis("quarter").reset_index()
    table["win_rate"] = table["won"] / table["n"]
    return _typed(table.assign(win_rate_low=low, win_rate_high=high))


def deals_by_creation(deals: Deals) -> pd.DataFrame:
    """Return how many deals of each quarter of creation are closed, open and won.

    Parameters
    ----------
    deals : Deals
        The deals.

    Returns
    -------
    DataFrame
        quarter, n (closed and open), open, won, win_rate (of the closed); no row where no creation date is
        known.
    """
    if "created_date" not in deals.closed:
        empty = pd.DataFrame(columns=["quarter", "n", "open", "won", "win_rate"])
        return empty.astype({"quarter": str, "n": int, "open": int, "won": int, "win_rate": float})
    closed = tally(_quarter(deals.closed["created_date"]), deals.won)
    still = tally(_quarter(deals.open["created_date"]), pd.Series(False, index=deals.open.index))
    both = closed.join(still["n"].rename("open"), how="outer").fillna(0).astype(int).rename_axis("quarter")
    win_rate = both["won"] / both["n"].where(both["n"] > 0)
    table = both.assign(n=both["n"] + both["open"], win_rate=win_rate).reset_index()
    return table[["quarter", "n", "open", "won", "win_rate"]]


def _typed(table: pd.DataFrame) -> pd.DataFrame:
    rates = dict.fromkeys(("win_rate", "win_rate_low", "win_rate_high"), float)
    return table.astype({"quarter": str, "n": int, "won": int, **rates})


def _quarter(dates: pd.Series[Any]) -> pd.Series[str]:
    labels: pd.Series[str] = dates.dt.to_period("Q").dt.strftime("%Y Q%q")
    return labels


def _hindsight(deals: Deals) -> Iterator[Finding]:
    dates = deals.dates
    if not {"survey_date", "close_date"} <= set(dates):
        return
    both = dates["survey_date"].notna() & dates["close_date"].notna()
    # A survey with a time on the day the deal closed is no hindsight.
    late = both & (dates["survey_date"].dt.normalize() > dates["close_date"].dt.normalize())
    n = int(late.sum())
    if n:
        what = f"{counted(n, 'deal')} of {int(both.sum()):,} with both dates answered after they had closed."
        why = "Who knows the outcome answers accordingly: every question then looks better than it is."
        mend = "Leave these deals out, or analyse them apart and compare."
        yield Finding("stop" if n > MOSTLY * deals.n else "warn", what, EVERYWHERE, n, why, mend)


def _wrong_order(deals: Deals) -> Iterator[Finding]:
    dates = deals.dates
    if {"created_date", "close_date"} <= set(dates):
        n = int((dates["close_date"] < dates["created_date"]).sum())
        if n:
            what = f"{counted(n, 'deal')} closed before {'it was' if n == 1 else 'they were'} created."
            why = "One of the two dates is wrong, and with it the quarter."
            yield Finding("warn", what, EVERYWHERE, n, why, "Correct the dates.")


def _missing_dates(deals: Deals) -> Iterator[Finding]:
    names = {"close_date": "close date", "survey_date": "survey date"}
    lost = {
        "close_date": "whether the win rate moves over time",
        "survey_date": "whether answers were given before the outcome was known",
    }
    for role, name in names.items():
        mend = f"Name the column of the {name} in the survey (`{role}` among its columns)."
        if role not in deals.closed:
            why = f"It cannot be seen {lost[role]}."
            yield Finding("note", f"There is no {name}.", EVERYWHERE, deals.n, why, mend)
            continue
        n = int(deals.closed[role].isna().sum())
        if n:
            why = f"For these it cannot be seen {lost[role]}."
            what = f"{counted(n, 'deal')} without a {name}."
            yield Finding("note", what, EVERYWHERE, n, why, "Fill in the dates.")


def _moving(quarters: pd.DataFrame) -> Iterator[Finding]:
    counts = quarters.set_index("quarter")[["n", "won"]]
    p_value, groups = heterogeneity(counts, in_order=True)
    if not p_value < SIGNIFICANT:
        return
    how = f"p = {p_value:.2g}, {groups} spans"
    what = f"The win rate differs between quarters of closing ({how}): {_extremes(counts, 'in')}."
    why = "What held when these deals closed may not hold for the next ones."
    mend = "See `quarters`; was it the market, the team, or what was counted as a deal? Recalibrate often."
    yield Finding("warn", what, EVERYWHERE, int(counts["n"].sum()), why, mend)


def _differing(deals: Deals, role: str, noun: str) -> Iterator[Finding]:
    if role not in deals.closed:
        return
    counts = tally(deals.closed[role], deals.won)
    p_value, groups = heterogeneity(counts, in_order=False)
    if not p_value < SIGNIFICANT:
        return
    how = f"p = {p_value:.2g}, {groups} {noun}"
    what = f"The win rate differs between {noun} ({how}): {_extremes(counts, 'for')}."
    why = "Deals of one kind may carry a finding, and each may answer in a different way."
    mend = f"Look at the answers of single {noun}; agree on what earns each answer."
    yield Finding("note", what, EVERYWHERE, int(counts["n"].sum()), why, mend)


def _extremes(counts: pd.DataFrame, word: str) -> str:
    """Lowest and highest win rate among groups of some size."""
    large = counts[counts["n"] >= min(SOME_DEALS, counts["n"].max())]
    shares = (large["won"] / large["n"]).to_numpy()
    ends = (large.iloc[int(at)] for at in (np.argmin(shares), np.argmax(shares)))
    return "from " + " to ".join(f"{rate(int(row['won']), int(row['n']))} {word} {row.name}" for row in ends)
