"""The win rate against the score: curve, band, observed win rates and the deals themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from qualify.errors import InvalidArgument
from qualify.formatting.formats import format_value
from qualify.plots._axes import (
    GREY,
    ORANGE,
    PERCENTS,
    PLAIN,
    VERMILLION,
    axes_or_new,
    axes_width,
    bare,
    caption,
    headline,
    height_of,
    note,
    points,
)
from qualify.plots._observed import win_rate_by_score
from qualify.plots._win_rates import draw_deals, draw_fitted, draw_groups, line_style
from qualify.plots._zones import band_of, zone_texts

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from qualify.criteria.model import Criteria
    from qualify.study.study import Study
    from qualify.tipping.tipping import TippingPoint

# Heights on the y axis, where 0 to 1 is the win rate.
_COUNTS = -0.065
_LOST = (-0.21, -0.12)
_WON = (1.05, 1.14)
_LIMITS = (-0.22, 1.15)


def plot_win_curve(
    tipping: TippingPoint | Criteria | Study, *, ax: Axes | None = None, **line_kwargs: Any
) -> Axes:
    """Draw the win rate against the score: the fitted curve, the band where it climbs, and the deals.

    Parameters
    ----------
    tipping : TippingPoint, Criteria or Study
        The result of `find_tipping_point`, or one that carries it.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure when None.
    **line_kwargs
        Style of the curve, as for `Axes.plot`.

    Returns
    -------
    matplotlib.axes.Axes
        The axes drawn in. Spikes at the top are deals won, at the bottom deals lost; the points are observed
        win rates of deals grouped by score, with Wilson intervals and numbers of deals.

    Raises
    ------
    InvalidArgument
        `tipping` is, and carries, no tipping point.

    Notes
    -----
    An edge of the band outside the observed scores is not reached: the shade then runs to the side of the
    chart. Where no tipping point was shown there is no band, and the line is the win rate of all deals.

    Examples
    --------
    >>> import qualify as ql
    >>> ax = ql.plot_win_curve(ql.find_tipping_point(deals), color="black")  # doctest: +SKIP
    """
    found = _tipping_of(tipping)
    ax = axes_or_new(ax, width=8.5, height=5.6)
    left, right = _reach(found)
    _shade_band(ax, found, left, right)
    _draw_curve(ax, found, line_kwargs)
    _draw_observed(ax, found)
    draw_deals(ax, found.scores, _LOST, _WON)
    _mark_midpoint(ax, found, left, right)
    ax.set_xlim(left, right)
    _write_axis(ax, found)
    reason = found.reason[:1].upper() + found.reason[1:]
    headline(ax, _title(found), reason, width=axes_width(ax), above=_write_zones(ax, found))
    return ax


def _tipping_of(thing: Any) -> TippingPoint:
    found: TippingPoint = getattr(thing, "tipping", thing)
    if not hasattr(found, "curve"):
        raise InvalidArgument(
            "`plot_win_curve` draws the result of `find_tipping_point`, or a result that carries one; got a "
            f"{type(thing).__name__}"
        )
    return found


def _title(tipping: TippingPoint) -> str:
    if tipping.verdict == "sharp":
        return f"Sharp: the win rate tips {band_of(tipping)}"
    if tipping.verdict == "gradual":
        return "Gradual: no narrow tipping band"
    return "None: no tipping point was shown"


def _reach(tipping: TippingPoint) -> tuple[float, float]:
    scores = np.concatenate([tipping.scores["score"], tipping.curve["score"]]).astype(float)
    scores = scores[np.isfinite(scores)]
    if not scores.size:
        return 0.0, 1.0
    low, high = float(scores.min()), float(scores.max())
    margin = 0.035 * (high - low) or 0.5
    return low - margin, high + margin


def _shade_band(ax: Axes, tipping: TippingPoint, left: float, right: float) -> None:
    if tipping.verdict == "none":
        return
    low = tipping.low if np.isfinite(tipping.low) else left
    high = tipping.high if np.isfinite(tipping.high) else right
    ax.axvspan(low, high, color=ORANGE, alpha=0.2, linewidth=0, zorder=0, gid="qualify-band")
    for edge in (tipping.low, tipping.high):
        if np.isfinite(edge):
            ax.axvline(edge, color=ORANGE, linewidth=1.2, zorder=1, gid="qualify-edge")


def _draw_curve(ax: Axes, tipping: TippingPoint, user: dict[str, Any]) -> None:
    if tipping.verdict == "none":
        base = tipping.won / tipping.n if tipping.n else float("nan")
        ax.plot(_reach(tipping), (base, base), **line_style(user))
    else:
        draw_fitted(ax, tipping.curve, ("score", "probability"), user)


def _draw_observed(ax: Axes, tipping: TippingPoint) -> None:
    groups = win_rate_by_score(tipping.scores, tipping.level)
    draw_groups(ax, groups, ("score", "win_rate"))
    for score, n in zip(groups["score"], groups["n"], strict=True):
        text = format_value(n, "count")
        ax.text(score, _COUNTS, text, ha="center", va="center", fontsize=points("x-small"), **PLAIN)


def _mark_midpoint(ax: Axes, tipping: TippingPoint, left: float, right: float) -> None:
    middle = tipping.midpoint
    if tipping.verdict == "none" or not left <= middle <= right:
        return
    halfway = (tipping.floor + tipping.ceiling) / 2
    low, high = tipping.midpoint_ci
    if np.isfinite([low, high]).all():
        ax.hlines(halfway, max(low, left), min(high, right), colors=VERMILLION, linewidth=2.2, zorder=7)
    ax.plot([middle], [halfway], marker="D", markersize=8, color=VERMILLION, zorder=8, gid="qualify-midpoint")
    # The curve climbs to the right: below it there is room on the right, above it on the left.
    on_the_right = middle < (left + right) / 2
    note(
        ax,
        f"{format_value(halfway, 'percent')} at {format_value(middle, 'number')}\n"
        f"({format_value(low, 'number')} to {format_value(high, 'number')})",
        at=(middle, halfway),
        offset=(12.0, -8.0) if on_the_right else (-12.0, 8.0),
        xycoords="data",
        ha="left" if on_the_right else "right",
        va="top" if on_the_right else "bottom",
        fontsize=points("small"),
        bbox={"facecolor": ax.get_facecolor(), "alpha": 0.95, "edgecolor": "none", "pad": 1.5},
        zorder=9,
    )


def _write_axis(ax: Axes, tipping: TippingPoint) -> None:
    small = points("small")
    won, lost = format_value(tipping.won, "count"), format_value(tipping.n - tipping.won, "count")
    ticks = {**PERCENTS, sum(_WON) / 2: f"{won} won", _COUNTS: "deals", sum(_LOST) / 2: f"{lost} lost"}
    ax.set_yticks(list(ticks), list(ticks.values()), fontsize=small, **PLAIN)
    ax.set_ylim(_LIMITS)
    for share in (0.0, 0.5, 1.0):
        ax.axhline(share, color=GREY, linewidth=0.7, alpha=0.5, linestyle=(0, (1, 2)), zorder=0)
    bare(ax)
    level = format_value(tipping.level, "percent")
    line = "win rate of all deals" if tipping.verdict == "none" else f"fitted win rate, {level} interval"
    key = f"Line: {line}. Circles: deals of like score, {level} Wilson interval."
    ax.set_ylabel("Win rate")
    label = ax.set_xlabel(f"Score ({tipping.score_label})", **PLAIN)
    caption(ax, key, under=label)


def _write_zones(ax: Axes, tipping: TippingPoint) -> float:
    """Write the zones above the axes, clear of each other however narrow the band; return their height."""
    size = points("small")
    texts = zone_texts(tipping)
    sides = {"below": (0.0, "left"), "inside": (0.5, "center"), "above": (1.0, "right")}
    for zone, text in texts.items():
        place, side = sides[zone] if len(texts) > 1 else sides["below"]
        style = {"ha": side, "va": "bottom", "fontsize": size, "linespacing": 1.15}
        note(ax, text, at=(place, 1.0), offset=(0.0, 3.0), **style)
    return 1.0 + max((height_of(text, size) for text in texts.values()), default=0.0)
