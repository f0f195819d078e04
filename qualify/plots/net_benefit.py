"""Net benefit of pursuing deals by criteria, beside pursuing all of them and none: a decision curve."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from qualify.errors import InvalidArgument
from qualify.formatting.formats import format_value
from qualify.formatting.wording import counted
from qualify.plots._axes import (
    GREY,
    PERCENTS,
    PLAIN,
    axes_or_new,
    axes_width,
    bare,
    caption,
    headline,
    points,
)
from qualify.plots._win_rates import line_style

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from qualify.scoring.backtesting import Backtest


def plot_net_benefit(backtest: Backtest, *, ax: Axes | None = None, **line_kwargs: Any) -> Axes:
    """Draw the net benefit of pursuing deals from each win probability on.

    Parameters
    ----------
    backtest : Backtest
        The result of `backtest`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure when None.
    **line_kwargs
        Style of the curve of the criteria, as for `Axes.plot`.

    Returns
    -------
    matplotlib.axes.Axes
        The axes drawn in: wins per 100 deals, losses taken off by the odds at the threshold, for criteria
        that never saw the deals, for pursuing every deal, and for none (the line at zero).

    Raises
    ------
    InvalidArgument
        `backtest` is none.

    References
    ----------
    Vickers, A. J. & Elkin, E. B. (2006). Decision curve analysis. Medical Decision Making 26, 565-574.

    Examples
    --------
    >>> import qualify as ql
    >>> ax = ql.plot_net_benefit(ql.backtest(deals))  # doctest: +SKIP
    """
    if not hasattr(backtest, "break_even"):
        raise InvalidArgument(
            f"`plot_net_benefit` draws the result of `backtest`; got a {type(backtest).__name__}"
        )
    ax = axes_or_new(ax, width=7.0, height=4.6)
    _draw(ax, backtest, line_kwargs)
    _write(ax, backtest)
    headline(ax, _title(backtest), _subtitle(backtest), width=axes_width(ax))
    return ax


def _draw(ax: Axes, found: Backtest, user: dict[str, Any]) -> None:
    curve = found.curve
    at = curve["threshold"].to_numpy()
    best = np.maximum(curve["everything"], 0.0)
    ax.plot(at, 100 * curve["everything"], color=GREY, linewidth=1.4, zorder=3, gid="qualify-everything")
    ax.axhline(0.0, color=GREY, linewidth=1.0, zorder=1, gid="qualify-nothing")
    (line,) = ax.plot(at, 100 * curve["criteria"], **line_style(user))
    low, high = 100 * (best + curve["more_low"]), 100 * (best + curve["more_high"])
    ax.fill_between(at, low, high, color=line.get_color(), alpha=0.2, linewidth=0, gid="qualify-interval")
    if not np.isnan(found.break_even):
        ax.axvline(
            found.break_even, color=GREY, linewidth=1.2, linestyle=(0, (1, 2)), gid="qualify-break-even"
        )


def _write(ax: Axes, found: Backtest) -> None:
    small = points("small")
    highest = 100 * float(max(found.curve["criteria"].max(), found.curve["everything"].max()))
    ax.set_xlim(0.0, 1.0)
    ax.set_ylim(-0.15 * highest, 1.15 * highest)
    ax.set_xticks(list(PERCENTS), list(PERCENTS.values()), fontsize=small, **PLAIN)
    bare(ax)
    ax.set_ylabel("Net benefit, wins per 100 deals", **PLAIN)
    label = ax.set_xlabel("Pursue deals from this win probability on", **PLAIN)
    level = format_value(found.level, "percent")
    text = (
        f"Curve: by criteria that never saw the deals, with the {level} interval of what they gain on the "
        "better of pursuing every deal (grey curve) and none (the line at zero), threshold by threshold."
    )
    if not np.isnan(found.break_even):
        text += " Dotted: the break-even probability."
    caption(ax, text, under=label)


def _title(found: Backtest) -> str:
    surely = found.curve[found.curve["more_low"] > 0]
    if surely.empty:
        return "Criteria are not shown to gain on these deals"
    if not np.isnan(found.break_even):
        return _at_break_even(found, surely)
    # The longest run of thresholds without a gap.
    run = max(np.split(surely.index, np.flatnonzero(np.diff(surely.index) > 1) + 1), key=len)
    first, last = found.curve["threshold"][[run[0], run[-1]]]
    return f"Criteria pay where pursuing pays from a chance of {first:.0%} to {last:.0%}"


def _at_break_even(found: Backtest, surely: pd.DataFrame) -> str:
    nearest = surely["threshold"].sub(found.break_even).abs().min()
    where = f"where pursuing pays from a chance of {format_value(found.break_even, 'percent')}"
    return f"Criteria pay {where}" if nearest <= 0.01 else f"Criteria are not shown to gain {where}"


def _subtitle(found: Backtest) -> str:
    row = found.table[found.table["break_even"]]
    if row.empty:
        row = found.table.iloc[[0]]
    one = row.iloc[0]
    kept, freed = (
        f"{one[name]:.0%} ({one[f'{name}_low']:.0%} to {one[f'{name}_high']:.0%})"
        for name in ("wins_kept", "effort_freed")
    )
    start = f"{counted(found.n, 'closed deal')}: from {one['threshold']:.0%} on"
    return f"{start}, {kept} of the wins would be kept and {freed} of the effort freed."


__all__ = ["plot_net_benefit"]
