"""What charts of win rates have in common: the fitted line, rates of groups, a spike for every few deals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from qualify.plots._axes import BLUE, VERMILLION, merge_style
from qualify.plots._observed import spikes

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D


def line_style(user: dict[str, Any]) -> dict[str, Any]:
    """Style of the fitted line, where the user's own goes first."""
    from matplotlib.lines import Line2D

    return merge_style({"color": BLUE, "linewidth": 2.4, "zorder": 4, "gid": "qualify-curve"}, user, Line2D)


def draw_fitted(ax: Axes, curve: pd.DataFrame, names: tuple[str, str], user: dict[str, Any]) -> Line2D:
    """Draw one column of a curve over another, with its interval from `low` to `high`."""
    x, y, low, high = (curve[name].to_numpy(dtype=float) for name in (*names, "low", "high"))
    (line,) = ax.plot(x, y, **line_style(user))
    style: dict[str, Any] = {"alpha": 0.2, "linewidth": 0, "zorder": 2, "gid": "qualify-interval"}
    ax.fill_between(x, low, high, color=line.get_color(), **style)
    return line


def draw_groups(ax: Axes, groups: pd.DataFrame, names: tuple[str, str]) -> None:
    """Draw win rates of groups of deals as circles, with their intervals."""
    ink = ax.xaxis.label.get_color()
    place, rate = (groups[name] for name in names)
    ax.vlines(place, groups["low"], groups["high"], colors=ink, linewidth=1.1, alpha=0.75, zorder=5)
    ax.plot(
        place,
        rate,
        linestyle="none",
        marker="o",
        markersize=5.5,
        color=ink,
        markerfacecolor=ax.get_facecolor(),
        gid="qualify-observed",
        zorder=6,
    )


def draw_deals(
    ax: Axes, scores: pd.DataFrame, lost_at: tuple[float, float], won_at: tuple[float, float]
) -> None:
    """Draw deals as spikes between two heights: those won at the top, those lost at the bottom."""
    places, won, lost = spikes(scores)
    most = max([1.0, *won, *lost])
    for counts, (low, high), colour, gid in (
        (won, won_at, BLUE, "qualify-won"),
        (lost, lost_at, VERMILLION, "qualify-lost"),
    ):
        there = counts > 0
        # One deal among many must still be seen.
        heights = (high - low) * np.maximum(counts[there] / most, 0.2)
        base = low if colour == VERMILLION else high - heights
        ax.vlines(places[there], base, base + heights, colors=colour, linewidth=1.1, zorder=3, gid=gid)
