"""The win rate by answer of one characteristic."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qualify.errors import InvalidArgument
from qualify.formatting.formats import format_value
from qualify.formatting.grid import grid
from qualify.plots._axes import BLUE, GREY, PERCENTS, axes_or_new, headline
from qualify.plots._rows import FIGURE_WIDTH, Rows, figure_height, lay_rows, whiskers

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from qualify.factors.factors import Factors

_UNKNOWN = "unknown"


def plot_answers(factors: Factors, characteristic: str, *, ax: Axes | None = None) -> Axes:
    """Draw the win rate of the deals with each answer of one characteristic.

    Parameters
    ----------
    factors : Factors
        The result of `find_factors`; a `Study` does as well.
    characteristic : str
        Its name, as in `factors.table`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure when None.

    Returns
    -------
    matplotlib.axes.Axes
        The axes drawn in. One row per answer in the survey's order, with the Wilson interval and the number
        of deals; `unknown` stands apart at the bottom; the dashed line is the win rate of all deals.

    Raises
    ------
    InvalidArgument
        There is no such characteristic.

    Examples
    --------
    >>> import qualify as ql
    >>> ax = ql.plot_answers(ql.find_factors(deals), "budget")  # doctest: +SKIP
    """
    factors = getattr(factors, "factors", factors)
    rows = _rows_of(factors, characteristic)
    counted = rows[rows["n"].notna()]
    counted = counted[(counted["n"] > 0) | (counted["answer"].astype(str) != _UNKNOWN)]
    unknown = counted["answer"].astype(str).to_numpy() == _UNKNOWN
    counted = counted.iloc[np.argsort(unknown, kind="stable")]
    unknown = np.sort(unknown)
    new = ax is None
    ax = axes_or_new(ax, width=FIGURE_WIDTH, height=figure_height(len(counted)))
    places = np.arange(len(counted), 0, -1, dtype=float) - 0.5 * unknown
    _draw(ax, counted, places, unknown)
    shown = Rows(places=places, labels=_labels(counted), numbers=_numbers(counted))
    if counted.empty:
        shown = Rows(places=np.array([1.0]), labels=["no answers"], numbers=[""])
    base = factors.won / factors.n if factors.n else float("nan")
    ax.axvline(base, color=GREY, linewidth=1.2, linestyle=(0, (4, 3)), zorder=1, gid="qualify-base-rate")
    width = lay_rows(ax, shown, (-0.02, 1.02), new=new)
    ax.set_xticks(list(PERCENTS), list(PERCENTS.values()), usetex=False)
    ax.set_xlabel("Win rate", loc="left")
    headline(ax, characteristic, _sentence(factors, rows, base), width=width)
    return ax


def _rows_of(factors: Factors, characteristic: str) -> pd.DataFrame:
    if not hasattr(factors, "answers"):
        raise InvalidArgument(
            f"`plot_answers` draws the result of `find_factors`; got a {type(factors).__name__}"
        )
    answers = factors.answers
    names = answers["characteristic"].astype(str)
    if characteristic not in set(names):
        there = ", ".join(dict.fromkeys(names))
        raise InvalidArgument(
            f"`characteristic` of `plot_answers` must be one of the factors'; got {characteristic!r}. "
            f"There are: {there}"
        )
    return answers[names == characteristic]


def _labels(rows: pd.DataFrame) -> list[str]:
    pooled = rows["pooled_into"].fillna("").astype(str)
    return [
        f"{answer} (counted with {into})" if into else str(answer)
        for answer, into in zip(rows["answer"], pooled, strict=True)
    ]


def _numbers(rows: pd.DataFrame) -> list[str]:
    (rates,) = grid(rows, ["win_rate", "win_rate_low", "win_rate_high"])
    texts: list[str] = []
    for rate, aside, n, won in zip(rates.cells, rates.asides, rows["n"], rows["won"], strict=True):
        deals = f"{format_value(won, 'count')} of {format_value(n, 'count')} won"
        texts.append(" ".join(part for part in (rate, aside, f"· {deals}") if part) if n else "no deals")
    return texts


def _draw(ax: Axes, rows: pd.DataFrame, places: NDArray[np.float64], unknown: NDArray[np.bool_]) -> None:
    rates, lows, highs = (
        rows[name].to_numpy(dtype=float) for name in ("win_rate", "win_rate_low", "win_rate_high")
    )
    for mine, colour, marker, gid in (
        (~unknown, BLUE, "o", "qualify-answers"),
        (unknown, GREY, "D", "qualify-unknown"),
    ):
        if not mine.any():
            continue
        limits = list(zip(places[mine], lows[mine], highs[mine], strict=True))
        whiskers(ax, limits, colors=colour, linewidth=2.2, zorder=2)
        face = colour if marker == "o" else ax.get_facecolor()
        ax.plot(
            rates[mine],
            places[mine],
            linestyle="none",
            marker=marker,
            markersize=7,
            color=colour,
            markerfacecolor=face,
            gid=gid,
            zorder=3,
            clip_on=False,
        )


def _sentence(factors: Factors, rows: pd.DataFrame, base: float) -> str:
    sentence = (
        f"Win rate by answer, with {format_value(factors.level, 'percent')} intervals. "
        f"Dashed line: all {format_value(factors.n, 'count')} deals, {format_value(base, 'percent')} won."
    )
    (odds,) = grid(rows, ["odds_ratio", "ci_low", "ci_high"])
    for step, n, cell, aside in zip(rows["answer"], rows["n"].notna(), odds.cells, odds.asides, strict=True):
        if not n and cell != "–":
            sentence += f" Odds ratio {step}, the other answers held: {cell} {aside}".rstrip() + "."
    return sentence
