"""The win curve then and now: criteria in use, the deals closed since, and the recalibrated curve."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from qualify.errors import InvalidArgument
from qualify.formatting.formats import format_value
from qualify.formatting.wording import counted
from qualify.plots._axes import (
    GREY,
    ORANGE,
    PERCENTS,
    PLAIN,
    axes_or_new,
    axes_width,
    bare,
    caption,
    headline,
    points,
)
from qualify.plots._observed import win_rate_by_score
from qualify.plots._win_rates import draw_fitted, draw_groups

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from qualify.monitoring.recalibration import Recalibration

_TITLES = {
    "keep": "The criteria still hold",
    "shift": "Win probabilities have shifted",
    "rescale": "Win probabilities have shifted and stretched",
    "rebuild": "The criteria are rebuilt",
}


def plot_recalibration(recalibration: Recalibration, *, ax: Axes | None = None, **line_kwargs: Any) -> Axes:
    """Draw the win curve of the criteria in use, and what the deals closed since make of it.

    Parameters
    ----------
    recalibration : Recalibration
        The result of `recalibrate`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure when None.
    **line_kwargs
        Style of the new curve, as for `Axes.plot`.

    Returns
    -------
    matplotlib.axes.Axes
        The axes drawn in: grey the curve in use with its interval, blue the recalibrated one where there is
        one, circles the new deals grouped by score with Wilson intervals, shaded where the band lies now
        if it was sharp.

    Raises
    ------
    InvalidArgument
        `recalibration` is none.

    Notes
    -----
    Rebuilt criteria have a score of their own, so that only the old curve is drawn beside the new deals.

    Examples
    --------
    >>> import qualify as ql
    >>> ax = ql.plot_recalibration(ql.recalibrate(criteria, deals))  # doctest: +SKIP
    """
    if not hasattr(recalibration, "test_verdict"):
        raise InvalidArgument(
            f"`plot_recalibration` draws the result of `recalibrate`; got a {type(recalibration).__name__}"
        )
    ax = axes_or_new(ax, width=8.5, height=5.2)
    _draw(ax, recalibration, line_kwargs)
    _write(ax, recalibration)
    title, line = _TITLES[recalibration.verdict], _subtitle(recalibration)
    headline(ax, title, line, width=axes_width(ax))
    return ax


def _draw(ax: Axes, found: Recalibration, user: dict[str, Any]) -> None:
    names = ("score", "probability")
    old = draw_fitted(ax, found.in_use.probabilities, names, {"color": GREY, "linestyle": (0, (5, 2))})
    old.set_gid("qualify-then")
    if found.verdict in ("shift", "rescale"):
        draw_fitted(ax, found.criteria.probabilities, names, user)
    band = found.band.set_index("edge")["now"]
    sharp = found.in_use.tipping.verdict == "sharp" and found.verdict in ("shift", "rescale")
    if sharp and np.isfinite([band["low"], band["high"]]).all():
        style: dict[str, Any] = {"alpha": 0.15, "linewidth": 0, "zorder": 0, "gid": "qualify-band"}
        ax.axvspan(band["low"], band["high"], color=ORANGE, **style)
    groups = win_rate_by_score(found.scores[["score", "won"]], found.level)
    draw_groups(ax, groups, ("score", "win_rate"))
    for score, n in zip(groups["score"], groups["n"], strict=True):
        ax.text(score, -0.06, format_value(n, "count"), ha="center", va="center", fontsize=points("x-small"))


def _write(ax: Axes, found: Recalibration) -> None:
    small = points("small")
    top = found.in_use.score_range[1]
    ax.set_xlim(-0.035 * max(top, 1), 1.035 * max(top, 1))
    ax.set_ylim(-0.12, 1.03)
    ticks = {**PERCENTS, -0.06: "deals"}
    ax.set_yticks(list(ticks), list(ticks.values()), fontsize=small, **PLAIN)
    bare(ax)
    ax.set_ylabel("Win rate", **PLAIN)
    label = ax.set_xlabel("Score of the criteria in use (points)", **PLAIN)
    level = format_value(found.level, "percent")
    text = f"Dashed: criteria in use. Circles: new deals of like score, {level} Wilson interval."
    if found.verdict in ("shift", "rescale"):
        text += " Line: from now on."
    caption(ax, text, under=label)


def _subtitle(found: Recalibration) -> str:
    foretold = float(found.scores["probability"].sum())
    p_value = format_value(float(found.tests["p_value"].iloc[0]), "p")
    sign = "" if p_value.startswith(("<", ">")) else "= "
    return (
        f"{counted(found.n, 'new deal')}, {found.won:,} won, {foretold:,.0f} foretold. "
        f"That nothing has changed: p {sign}{p_value}."
    )


__all__ = ["plot_recalibration"]
