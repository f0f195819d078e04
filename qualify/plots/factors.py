"""The swing of every characteristic with its interval, the largest first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from qualify.errors import InvalidArgument
from qualify.formatting.formats import format_value
from qualify.formatting.grid import grid
from qualify.plots._axes import BLUE, GREY, VERMILLION, axes_or_new, fits_in_a_line, headline, points
from qualify.plots._rows import FIGURE_WIDTH, Rows, figure_height, lay_rows, whiskers

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from qualify.factors.factors import Factors


class _Look(NamedTuple):
    words: str
    colour: str
    marker: str
    filled: bool


_LOOKS = {
    "adds": _Look("adds to the others", BLUE, "o", True),
    "shared": _Look("shared with others", VERMILLION, "s", True),
    "not shown": _Look("not shown", GREY, "D", False),
}


def plot_factors(factors: Factors, *, ax: Axes | None = None) -> Axes:
    """Draw the swing of every characteristic, in percentage points of win probability.

    Parameters
    ----------
    factors : Factors
        The result of `find_factors`; a `Study` does as well.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure, as tall as the rows need, when None.

    Returns
    -------
    matplotlib.axes.Axes
        The axes drawn in. One row per characteristic, the largest swing at the top, those without a swing at
        the bottom; the verdict is told by colour and by shape.

    Raises
    ------
    InvalidArgument
        `factors` holds no table of factors.

    Notes
    -----
    The swing is the average change in win probability from the lowest to the highest answer (see
    `find_factors`); for a `choice` without a declared contrast it is the widest gap between two
    answers and carries no sign.

    Examples
    --------
    >>> import qualify as ql
    >>> ax = ql.plot_factors(ql.find_factors(deals))  # doctest: +SKIP
    """
    factors = getattr(factors, "factors", factors)
    if not hasattr(factors, "table"):
        raise InvalidArgument(
            f"`plot_factors` draws the result of `find_factors`; got a {type(factors).__name__}"
        )
    table = _by_size(factors.table)
    new = ax is None
    ax = axes_or_new(ax, width=FIGURE_WIDTH, height=figure_height(len(table)))
    places = np.arange(len(table), 0, -1, dtype=float) if len(table) else np.array([1.0])
    if table.empty:
        rows = Rows(places=places, labels=["no characteristics"], numbers=[""])
    else:
        rows = Rows(
            places=places, labels=table["characteristic"].astype(str).tolist(), numbers=_numbers(table)
        )
    span = _span(table)
    _draw_verdicts(ax, table, places)
    ax.axvline(0.0, color=GREY, linewidth=1.0, zorder=1)
    width = lay_rows(ax, rows, span, new=new)
    _write_axis(ax, span)
    _write_headline(ax, factors, table, width=width)
    return ax


def _by_size(table: pd.DataFrame) -> pd.DataFrame:
    order = table["swing"].abs().sort_values(ascending=False, kind="stable", na_position="last").index
    return table.loc[order]


def _numbers(table: pd.DataFrame) -> list[str]:
    (column,) = grid(table, ["swing", "swing_low", "swing_high"])
    texts: list[str] = []
    words = zip(column.cells, column.asides, table["direction"], table["verdict"], strict=True)
    for cell, aside, direction, verdict in words:
        # A gap between answers without an order has no sign.
        swing = cell.removeprefix("+") if direction == "differs" else cell
        verdict_alone = f"({verdict})" if cell == "–" and verdict != "not shown" else ""
        texts.append(" ".join(part for part in (swing, aside, verdict_alone) if part))
    return texts


def _span(table: pd.DataFrame) -> tuple[float, float]:
    values = table[["swing", "swing_low", "swing_high"]].to_numpy(dtype=float)
    known = values[np.isfinite(values)]
    if not known.size:
        return -0.1, 0.1
    low, high = min(0.0, float(known.min())), max(0.0, float(known.max()))
    margin = max(0.04 * (high - low), 0.01)
    return low - margin, high + margin


def _draw_verdicts(ax: Axes, table: pd.DataFrame, places: Any) -> None:
    verdicts = table["verdict"].astype(str).to_numpy()
    swings, lows, highs = (table[name].to_numpy(dtype=float) for name in ("swing", "swing_low", "swing_high"))
    for verdict, look in _LOOKS.items():
        mine = verdicts == verdict
        if not mine.any():
            continue
        limits = list(zip(places[mine], lows[mine], highs[mine], strict=True))
        whiskers(ax, limits, colors=look.colour, linewidth=1.8, zorder=2)
        ax.plot(
            swings[mine],
            places[mine],
            linestyle="none",
            marker=look.marker,
            markersize=6.5,
            color=look.colour,
            markerfacecolor=look.colour if look.filled else ax.get_facecolor(),
            label=f"{look.words} ({mine.sum()})",
            gid=f"qualify-{verdict.replace(' ', '-')}",
            zorder=3,
        )


def _write_axis(ax: Axes, span: tuple[float, float]) -> None:
    from matplotlib.ticker import MaxNLocator

    low, high = span
    locator = MaxNLocator(nbins=8, steps=[1, 2, 5, 10], integer=True)
    ticks = np.asarray(locator.tick_values(100 * low, 100 * high)) / 100
    ticks = ticks[(ticks >= low - 1e-9) & (ticks <= high + 1e-9)]
    ax.set_xticks(ticks, [format_value(tick, "swing").removesuffix(" pp") for tick in ticks], usetex=False)
    ax.set_xlabel("Swing, percentage points (right of 0: goes with winning)", loc="left")


def _write_headline(ax: Axes, factors: Factors, table: pd.DataFrame, *, width: float) -> None:
    deals, won = format_value(factors.n, "count"), format_value(factors.won, "count")
    sentence = (
        f"Change in win probability from the lowest to the highest answer, the other answers as they are. "
        f"{deals} deals, {won} won; {format_value(factors.level, 'percent')} intervals."
    )
    if (table["direction"] == "differs").any():
        sentence += " A swing without a sign is the widest gap between two answers."
    above = _write_legend(ax, width=width)
    headline(ax, "What goes with winning and losing", sentence, width=width, above=above)


def _write_legend(ax: Axes, *, width: float) -> float:
    """Name the verdicts above the axes, in one line where it fits; return the height."""
    entries = [str(label) for label in ax.get_legend_handles_labels()[1]]
    if not entries:
        return 0.0
    small = points("small")
    in_a_line = fits_in_a_line([*entries, "    " * len(entries)], width, small)
    ax.legend(
        loc="lower left",
        bbox_to_anchor=(0.0, 1.0),
        ncols=len(entries) if in_a_line else 1,
        frameon=False,
        borderaxespad=0.2,
        fontsize=small,
        handletextpad=0.2,
        columnspacing=1.4,
    )
    return (0.5 + 1.5 * (1 if in_a_line else len(entries))) * small
