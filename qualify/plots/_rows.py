"""Charts of one row per characteristic or answer: estimate and interval, and the numbers at the right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from qualify.formatting.layout import display_width
from qualify.plots._axes import PLAIN, axes_height, axes_width, bare, fit_text, points

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

FIGURE_WIDTH = 8.5
_LABEL_SHARE = 0.36  # of the figure's width, at most
_LETTER = 0.62  # width of a digit or a wide letter, in font sizes
_LEAST_FONT = 4.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """What stands in the rows, from top to bottom.

    Attributes
    ----------
    places : numpy.ndarray
        Height of each row on the y axis, shape (rows,).
    labels, numbers : sequence of str
        The name at the left and the text at the right of each row.
    """

    places: NDArray[np.float64]
    labels: Sequence[str]
    numbers: Sequence[str]


def figure_height(rows: int) -> float:
    """Return the height of a new figure for so many rows.

    Parameters
    ----------
    rows : int
        How many.

    Returns
    -------
    float
        Inches.
    """
    return 1.9 + 0.34 * max(rows, 2)


def lay_rows(ax: Axes, rows: Rows, span: tuple[float, float], *, new: bool) -> float:
    """Write the names at the left and the numbers at the right, and leave `span` between them for the chart.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        The axes.
    rows : Rows
        Places and texts.
    span : tuple of float
        The values the chart needs on the x axis, from and to.
    new : bool
        Whether the figure was made for this chart: the names then take their room from the axes.

    Returns
    -------
    float
        Width of the axes beside the names, points.
    """
    bottom, top = float(rows.places.min()) - 0.6, float(rows.places.max()) + 0.6
    room = axes_height(ax) / (top - bottom)
    size = max(_LEAST_FONT, min(points("small"), 0.8 * room))
    label_room = 72.0 * FIGURE_WIDTH * _LABEL_SHARE if new else 0.6 * axes_width(ax)
    lines = 2 if room > 2.5 * size else 1
    labels = [fit_text(label, label_room, size, lines=lines) for label in rows.labels]
    ax.set_yticks(rows.places, labels, fontsize=size, linespacing=1.0, multialignment="right", **PLAIN)
    ax.set_ylim(bottom, top)
    taken = max(display_width(line) for label in labels for line in label.split("\n"))
    width = 72.0 * FIGURE_WIDTH - _LETTER * size * taken - 30.0 if new else axes_width(ax)
    _write_numbers(ax, rows, span, size=size, width=width)
    bare(ax)
    return width


def whiskers(ax: Axes, rows: Sequence[tuple[float, float, float]], **style: Any) -> None:
    """Draw the intervals; a row without limits has none.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        The axes.
    rows : sequence of tuple
        Place, lower and upper limit of each row.
    **style
        Keywords of `Axes.hlines`.
    """
    known = [row for row in rows if np.isfinite(row).all()]
    if known:
        places, lows, highs = zip(*known, strict=True)
        ax.hlines(places, lows, highs, **style)


def _write_numbers(ax: Axes, rows: Rows, span: tuple[float, float], *, size: float, width: float) -> None:
    low, high = span
    letters = max((display_width(text) for text in rows.numbers), default=0)
    share = min(0.55, (_LETTER * size * letters + 10.0) / width)
    ax.set_xlim(low, high + (high - low) * share / (1.0 - share))
    for place, text in zip(rows.places, rows.numbers, strict=True):
        ax.annotate(
            text,
            xy=(1.0, place),
            xycoords=("axes fraction", "data"),
            ha="right",
            va="center",
            fontsize=size,
            **PLAIN,
        )
    # The x axis ends where the chart does; the numbers beside it are text.
    ax.spines["bottom"].set_bounds(low, high)
