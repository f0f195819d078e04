"""How much is lost by asking fewer questions: log loss on unseen deals by their number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from qualify.errors import InvalidArgument
from qualify.formatting.formats import format_value
from qualify.formatting.wording import counted
from qualify.plots._axes import BLUE, PLAIN, axes_or_new, axes_width, bare, caption, headline, note, points

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from qualify.criteria.model import Criteria


def plot_parsimony(criteria: Criteria, *, ax: Axes | None = None, **errorbar_kwargs: Any) -> Axes:
    """Draw what fewer questions cost on deals the points never saw.

    Parameters
    ----------
    criteria : Criteria
        From `refine_criteria`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure when None.
    **errorbar_kwargs
        Style of the points and their intervals, as for `Axes.errorbar`.

    Returns
    -------
    matplotlib.axes.Axes
        The axes drawn in: by the number of characteristics, the log loss per deal less that of the best
        number, with its interval and the AUC beside each point; the number in use ringed.

    Raises
    ------
    InvalidArgument
        `criteria` are none, or do not say what other numbers would do (files of schema version 3 and before).

    Examples
    --------
    >>> import qualify as ql
    >>> ax = ql.plot_parsimony(ql.refine_criteria(deals))  # doctest: +SKIP
    """
    table = getattr(criteria, "parsimony", None)
    if table is None or table.empty:
        raise InvalidArgument(
            f"`plot_parsimony` draws criteria from `refine_criteria`; got a {type(criteria).__name__}"
            + ("" if table is None else " that does not say what other numbers would do: refine again")
        )
    ax = axes_or_new(ax, width=7.0, height=4.4)
    _draw(ax, criteria, errorbar_kwargs)
    _write(ax, criteria)
    headline(ax, _title(criteria), _subtitle(criteria), width=axes_width(ax))
    return ax


def _draw(ax: Axes, criteria: Criteria, user: dict[str, Any]) -> None:
    table = criteria.parsimony
    at, worse = table["characteristics"].to_numpy(), table["worse_by"].to_numpy()
    ends = np.abs(table[["worse_low", "worse_high"]].to_numpy().T - worse)
    style: dict[str, Any] = {
        "fmt": "o",
        "color": BLUE,
        "markersize": 6,
        "elinewidth": 1.6,
        "zorder": 3,
    } | user
    ax.axhline(0.0, color="black", linewidth=0.8, alpha=0.4, zorder=1)
    drawn = ax.errorbar(at, worse, yerr=ends, **style)
    drawn.lines[0].set_gid("qualify-parsimony")
    used = table[table["in_use"]]
    ring: dict[str, Any] = {
        "markersize": 15,
        "markerfacecolor": "none",
        "markeredgecolor": "black",
        "linestyle": "none",
    }
    ax.plot(used["characteristics"], used["worse_by"], "o", gid="qualify-in-use", zorder=4, **ring)


def _write(ax: Axes, criteria: Criteria) -> None:
    table, small = criteria.parsimony, points("small")
    ax.set_xticks(table["characteristics"])
    ax.set_xlim(-0.5, len(table) - 0.1)
    bare(ax)
    ax.set_ylabel("Log loss per deal,\nmore than the best", **PLAIN)
    label = ax.set_xlabel("Questions that may earn points, at most", **PLAIN)
    for row in table.to_dict("records"):
        place = (float(row["characteristics"]), float(row["worse_by"]))
        note(
            ax,
            f"{row['auc']:.2f}",
            at=place,
            offset=(9.0, 7.0),
            xycoords="data",
            fontsize=small,
            va="center",
        )
    level = format_value(criteria.tipping.level, "percent")
    text = (
        f"Bars: {level} intervals of the difference to the best number. Beside the points: AUC, the share of "
        "pairs of a won and a lost deal that the score puts in the right order. Ringed: in use."
    )
    caption(ax, text, under=label)


def _title(criteria: Criteria) -> str:
    table = criteria.parsimony
    used = int(table["characteristics"].iloc[int(table["in_use"].argmax())])
    best = int(table["characteristics"].iloc[int(table["log_loss"].argmin())])
    if used == 0:
        return "No number of questions does better than the win rate alone"
    if used == best:
        return f"{counted(used, 'question')} did best on deals not seen"
    if used > best:
        return f"{counted(best, 'question')} did best on deals not seen; up to {used} are in use"
    surely = float(table.loc[table["characteristics"] == used, "worse_low"].iloc[0]) > 0
    how = "surely worse than" if surely else "not shown to do worse than"
    how = f"{'is' if used == 1 else 'are'} {how}"
    return f"{counted(used, 'question')} {how} {best}"


def _subtitle(criteria: Criteria) -> str:
    asked = len(criteria.survey.names)
    return (
        f"{counted(criteria.tipping.n, 'closed deal')}, {counted(asked, 'question')} asked; each deal judged "
        "by points that never saw it."
    )


__all__ = ["plot_parsimony"]
