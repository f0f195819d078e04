"""Drift of every question as a heat map: answers, unknown ones, and what goes with winning."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from qualify.errors import InvalidArgument
from qualify.formatting.formats import MISSING, clean, format_value, is_missing
from qualify.formatting.wording import counted
from qualify.plots._axes import PLAIN, VERMILLION, axes_or_new, axes_width, fit_text, headline, note, points

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from qualify.monitoring.recalibration import Recalibration

_HEADS = ("Answers (PSI)", "Unknown", "Goes with winning (q)")
# Evidence is shown up to one in so many.
_STRONGEST = 3.0
_LONGEST = 28


def plot_drift(recalibration: Recalibration, *, ax: Axes | None = None, **mesh_kwargs: Any) -> Axes:
    """Draw how much each question drifts, darker where that is surer.

    Parameters
    ----------
    recalibration : Recalibration
        The result of `recalibrate`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure when None.
    **mesh_kwargs
        Style of the map, as for `Axes.pcolormesh`.

    Returns
    -------
    matplotlib.axes.Axes
        The axes drawn in. A row per question, the ones that drift most surely first: the population stability
        index, the share of unknown answers then and now, and the q-value of the test that the answers go with
        winning as before. Cells are the darker, the smaller the q-value behind them (1 in 10, 100, 1,000).

    Raises
    ------
    InvalidArgument
        `recalibration` is none.

    Examples
    --------
    >>> import qualify as ql
    >>> ax = ql.plot_drift(ql.recalibrate(criteria, deals))  # doctest: +SKIP
    """
    if not hasattr(recalibration, "drift"):
        raise InvalidArgument(
            f"`plot_drift` draws the result of `recalibrate`; got a {type(recalibration).__name__}"
        )
    table = recalibration.drift
    table = table.iloc[np.argsort(-evidence(table).max(axis=1, initial=0.0), kind="stable")]
    ax = axes_or_new(ax, width=7.5, height=1.8 + 0.36 * max(len(table), 1))
    _draw(ax, table, mesh_kwargs)
    _write(ax, table)
    drifting = int(table["finding"].ne("").sum())
    title = f"{counted(drifting, 'question')} drift" + ("s" if drifting == 1 else "")
    line = f"{counted(recalibration.n, 'new deal')} beside those the criteria come from."
    headline(
        ax, title if drifting else "No question is shown to drift", line, width=axes_width(ax), above=18.0
    )
    return ax


def evidence(table: pd.DataFrame) -> NDArray[np.float64]:
    """How sure each drift is, −log₁₀ q from 0 to 3, (rows, 3); the unknown share has its interval.

    Parameters
    ----------
    table : DataFrame
        `Recalibration.drift`.

    Returns
    -------
    ndarray
        0 where there was no test.
    """
    answers = table["psi_q"].to_numpy(dtype=float)
    apart = (table["unknown_low"].to_numpy(dtype=float) > 0) | (
        table["unknown_high"].to_numpy(dtype=float) < 0
    )
    # The unknown share is part of the answers: it is as sure as they are where its interval leaves out 0.
    columns = [answers, np.where(apart, answers, 1.0), table["q_value"].to_numpy(dtype=float)]
    q_values = np.nan_to_num(np.column_stack(columns), nan=1.0)
    return np.asarray(np.clip(-np.log10(np.maximum(q_values, 1e-12)), 0.0, _STRONGEST))


def _draw(ax: Axes, table: pd.DataFrame, user: dict[str, Any]) -> None:
    from matplotlib.colors import LinearSegmentedColormap

    ink = ax.get_facecolor()
    shades = LinearSegmentedColormap.from_list("qualify-evidence", [ink, VERMILLION])
    defaults = {"cmap": shades, "vmin": 0.0, "vmax": _STRONGEST, "edgecolors": "0.8", "linewidth": 0.6}
    if len(table):
        ax.pcolormesh(evidence(table), **{**defaults, "gid": "qualify-evidence", **user})
    small = points("small")
    for row, one in enumerate(table.to_dict("records")):
        unknown = [format_value(one[f"unknown_{when}"], "percent") for when in ("then", "now")]
        texts = (
            MISSING if is_missing(one["psi"]) else f"{float(one['psi']):.2f}",
            MISSING if MISSING in unknown else " → ".join(unknown),
            format_value(one["q_value"], "p"),
        )
        for column, text in enumerate(texts):
            ax.text(column + 0.5, row + 0.5, text, ha="center", va="center", fontsize=small, **PLAIN)


def _write(ax: Axes, table: pd.DataFrame) -> None:
    small = points("small")
    ax.set_xlim(0, 3)
    ax.set_ylim(max(len(table), 1), 0)
    ax.xaxis.tick_top()
    ax.set_xticks([0.5, 1.5, 2.5], list(_HEADS), fontsize=small, **PLAIN)
    names = [clean(name) for name in table["characteristic"]]
    names = [name if len(name) <= _LONGEST else name[: _LONGEST - 1] + "…" for name in names]
    ax.set_yticks(np.arange(len(names)) + 0.5, names, fontsize=small, **PLAIN)
    ax.tick_params(length=0)
    for side in ("top", "right", "left", "bottom"):
        ax.spines[side].set_visible(False)
    text = fit_text("Darker: surer (q of 0.1, 0.01, 0.001).", 0.95 * axes_width(ax), small)
    note(ax, text, at=(0.5, 0.0), offset=(0.0, -4.0), ha="center", va="top", fontsize=small, alpha=0.85)


__all__ = ["evidence", "plot_drift"]
