"""Win rate against predicted probability, by models that never saw the deal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qualify.errors import InvalidArgument
from qualify.formatting.formats import MISSING, format_value
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
from qualify.plots._win_rates import draw_deals, draw_fitted, draw_groups
from qualify.win_model.validation_tables import OF_POINTS, calibration_verdict, why_no_slope

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from qualify.study.study import Study
    from qualify.win_model.validation import Validation

# Heights on the y axis, where 0 to 1 is the win rate.
_LOST = (-0.16, -0.07)
_WON = (1.07, 1.16)
_LIMITS = (-0.18, 1.18)
_NAMES = {"win_model": "win model", "criteria": "criteria"}
_TITLES = {
    "hold": "The probabilities hold, as far as these deals can tell",
    "roughly told": "Nothing shows the probabilities to be off ({n})",
    "too low": "Too low altogether: more deals are won than foretold",
    "too high": "Too high altogether: fewer deals are won than foretold",
    "too extreme": "Too extreme: high probabilities are too high, low ones too low",
    "too timid": "Too timid: high probabilities are too low, low ones too high",
    "not told": "How far the probabilities hold cannot be told",
}
_OF_POINTS = {
    "hold": "The points' log-odds hold, as far as these deals can tell",
    "roughly told": "The points' log-odds: nothing shows them to be off ({n})",
    "too low": "The points' log-odds are too low altogether: more deals are won than foretold",
    "too high": "The points' log-odds are too high altogether: fewer deals are won than foretold",
    "too extreme": "The points' log-odds are too extreme: high ones too high, low ones too low",
    "too timid": "The points' log-odds are too timid: high ones too low, low ones too high",
    "not told": "The points' log-odds: how far they hold cannot be told",
}


def plot_calibration(validation: Validation | Study, *, ax: Axes | None = None, **line_kwargs: Any) -> Axes:
    """Draw the win rate against the predicted probability of deals that the models had not seen.

    Parameters
    ----------
    validation : Validation or Study
        The result of `validate`, or one that carries it.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure when None.
    **line_kwargs
        Style of the curve, as for `Axes.plot`.

    Returns
    -------
    matplotlib.axes.Axes
        The axes drawn in. The dotted line is where the curve would lie if the probabilities were right; the
        points are win rates of deals of like probability, with Wilson intervals and numbers of deals; spikes
        at the top are deals won, at the bottom deals lost.

    Raises
    ------
    InvalidArgument
        `validation` is, and carries, no validation.

    Examples
    --------
    >>> import qualify as ql
    >>> ax = ql.plot_calibration(ql.validate(deals), color="black")  # doctest: +SKIP
    """
    found = _validation_of(validation)
    ax = axes_or_new(ax, width=7.0, height=6.4)
    _draw_ideal(ax)
    draw_fitted(ax, found.calibration, ("probability", "observed"), line_kwargs)
    draw_groups(ax, found.groups, ("probability", "observed"))
    draw_deals(ax, found.predictions.rename(columns={"probability": "score"}), _LOST, _WON)
    _write_axes(ax, found)
    titles = _OF_POINTS if found.procedure == "criteria" else _TITLES
    title = titles[calibration_verdict(found.table)].format(n=counted(found.n, "deal"))
    headline(ax, title, _subtitle(found), width=axes_width(ax))
    return ax


def _validation_of(thing: Any) -> Validation:
    found: Validation = getattr(thing, "validation", thing)
    if not hasattr(found, "calibration"):
        raise InvalidArgument(
            "`plot_calibration` draws the result of `validate`, or a result that carries one; got a "
            f"{type(thing).__name__}"
        )
    return found


def _subtitle(found: Validation) -> str:
    table = found.table.set_index("metric")
    level = format_value(found.level, "percent")
    parts = []
    for name, ideal in (("slope", 1), ("intercept", 0)):
        value, low, high = (
            format_value(table.loc[f"calibration_{name}", end], "number")
            for end in ("cross_validated", "cv_low", "cv_high")
        )
        if MISSING not in (value, low, high):
            parts.append(f"{name} {value} ({level} interval {low} to {high}; right is {ideal})")
        elif name == "slope":
            parts.append(f"no slope: {why_no_slope(found.predictions)}")
        else:
            parts.append(f"{name} {value}")
    procedure = _NAMES.get(found.procedure, "model")
    error = f"on average {_distance(found)} off the dotted line"
    beside = f" {OF_POINTS}" if found.procedure == "criteria" else ""
    return f"Cross-validated {procedure}: {', '.join(parts)}; {error}.{beside}"


def _distance(found: Validation) -> str:
    distance = round(100 * float(found.table.set_index("metric")["cross_validated"]["ici"]))
    return counted(distance, "percentage point") if distance else "less than 1 percentage point"


def _draw_ideal(ax: Axes) -> None:
    dotted = (0, (1, 2))
    ends = (0.0, 1.0)
    ax.plot(ends, ends, color=GREY, linewidth=1.2, linestyle=dotted, zorder=1, gid="qualify-ideal")


def _write_axes(ax: Axes, found: Validation) -> None:
    small = points("small")
    won, lost = format_value(found.won, "count"), format_value(found.n - found.won, "count")
    ticks = {**PERCENTS, sum(_WON) / 2: f"{won} won", sum(_LOST) / 2: f"{lost} lost"}
    ax.set_xticks(list(PERCENTS), list(PERCENTS.values()), fontsize=small, **PLAIN)
    ax.set_yticks(list(ticks), list(ticks.values()), fontsize=small, **PLAIN)
    ax.set_xlim(-0.02, 1.02)
    ax.set_ylim(_LIMITS)
    bare(ax)
    ax.set_ylabel("Win rate")
    label = ax.set_xlabel("Predicted win probability, by models that never saw the deal", **PLAIN)
    level = format_value(found.level, "percent")
    size = _sizes(found)
    key = (
        f"Line: smoothed win rate, {level} interval. Circles: {size}, {level} Wilson interval. "
        "Dotted: win rate as predicted."
    )
    caption(ax, key, under=label)


def _sizes(found: Validation) -> str:
    """Say how many deals stand behind each circle."""
    least, most = (format_value(end, "count") for end in (found.groups["n"].min(), found.groups["n"].max()))
    return f"{least if least == most else f'{least} to {most}'} deals of like probability"


__all__ = ["plot_calibration"]
