"""The running alarm: sums of wins beyond, and short of, what was foretold, with their limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from qualify.errors import InvalidArgument
from qualify.formatting.formats import clean, format_value
from qualify.formatting.wording import counted
from qualify.plots._axes import (
    BLUE,
    GREY,
    PLAIN,
    VERMILLION,
    axes_or_new,
    axes_width,
    bare,
    caption,
    headline,
    merge_style,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from qualify.monitoring.cusum import WinAlarm


def plot_alarm(alarm: WinAlarm, *, ax: Axes | None = None, **line_kwargs: Any) -> Axes:
    """Draw the running sums of wins against those foretold, deal by deal.

    Parameters
    ----------
    alarm : WinAlarm
        The result of `watch_wins`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure when None.
    **line_kwargs
        Style of both sums, as for `Axes.plot`.

    Returns
    -------
    matplotlib.axes.Axes
        The axes drawn in: above zero the sum that grows with more wins than foretold, below zero the one that
        grows with fewer, dashed their limits, a mark at the first alarm.

    Raises
    ------
    InvalidArgument
        `alarm` is none.

    Examples
    --------
    >>> import qualify as ql
    >>> ax = ql.plot_alarm(ql.watch_wins(criteria, deals))  # doctest: +SKIP
    """
    if not hasattr(alarm, "fewer_limit"):
        raise InvalidArgument(f"`plot_alarm` draws the result of `watch_wins`; got a {type(alarm).__name__}")
    ax = axes_or_new(ax, width=8.0, height=4.4)
    _draw(ax, alarm, line_kwargs)
    _write(ax, alarm)
    title = "No alarm" if not alarm.raised else f"Alarm: {clean(alarm.summary)}"
    headline(ax, title, _subtitle(alarm), width=axes_width(ax))
    return ax


def _draw(ax: Axes, alarm: WinAlarm, user: dict[str, Any]) -> None:
    from matplotlib.lines import Line2D

    place = np.arange(1, alarm.n + 1)
    sums = {"more": (alarm.table["more"], BLUE), "fewer": (-alarm.table["fewer"], VERMILLION)}
    for name, (values, colour) in sums.items():
        defaults = {"color": colour, "linewidth": 2.0, "zorder": 4, "gid": f"qualify-{name}"}
        style = merge_style({**defaults, "drawstyle": "steps-post"}, user, Line2D)
        ax.plot(place, values.to_numpy(dtype=float), **style)
    for limit in (alarm.more_limit, -alarm.fewer_limit):
        ax.axhline(limit, color=GREY, linewidth=1.2, linestyle=(0, (5, 3)), zorder=2, gid="qualify-limit")
    ax.axhline(0.0, color=GREY, linewidth=0.8, zorder=1)
    if alarm.raised:
        first = int(np.argmax(alarm.table["alarm"].to_numpy()))
        height = float(sums[alarm.raised][0].iloc[first])
        mark: dict[str, Any] = {"marker": "D", "markersize": 8, "color": sums[alarm.raised][1]}
        ax.plot([first + 1], [height], zorder=6, gid="qualify-alarm", **mark)


def _write(ax: Axes, alarm: WinAlarm) -> None:
    most = max(alarm.more_limit, float(alarm.table["more"].max()))
    least = max(alarm.fewer_limit, float(alarm.table["fewer"].max()))
    ax.set_xlim(0.5, max(alarm.n, 10) + 0.5)
    ax.set_ylim(-1.15 * least, 1.15 * most)
    bare(ax)
    ax.set_ylabel("Wins beyond those foretold", **PLAIN)
    label = ax.set_xlabel("Deals in the order of closing", **PLAIN)
    text = (
        "Above zero: more wins than foretold; below: fewer. Each sum begins anew at zero. Dashed: limits "
        f"that {format_value(alarm.false_alarms, 'percent')} of runs of {counted(alarm.horizon, 'deal')} "
        "pass though nothing has changed."
    )
    caption(ax, text, under=label)


def _subtitle(alarm: WinAlarm) -> str:
    ahead = float(alarm.table["ahead"].iloc[-1])
    foretold = alarm.won - ahead
    return f"{counted(alarm.n, 'deal')} so far: {alarm.won:,} won, {foretold:,.1f} foretold."


__all__ = ["plot_alarm"]
