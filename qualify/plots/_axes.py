"""The manners every chart shares: where it draws, how styles are merged, how text is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from qualify.formatting.formats import clean
from qualify.formatting.layout import display_width, wrap

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.text import Text

# Okabe and Ito's colours, told apart with any kind of colour vision; shapes differ beside them.
BLUE, ORANGE, VERMILLION, GREY = "#0072B2", "#E69F00", "#D55E00", "#767676"
# Names of deals and answers may hold $ and _: they are never read as formulas.
PLAIN: Mapping[str, Any] = {"parse_math": False, "usetex": False}
# Ticks of shares.
PERCENTS: Mapping[float, str] = {0.0: "0%", 0.25: "25%", 0.5: "50%", 0.75: "75%", 1.0: "100%"}
_CHARACTER = 0.53  # width of an average letter, in font sizes
_LINE = 1.3  # height of a line, in font sizes


def axes_or_new(ax: Axes | None, *, width: float = 8.0, height: float = 5.0) -> Axes:
    """Return the axes given, or those of a new figure.

    Parameters
    ----------
    ax : matplotlib.axes.Axes or None
        Where the caller wants the chart.
    width, height : float
        Size of the new figure, inches.

    Returns
    -------
    matplotlib.axes.Axes
        `ax` itself when given; no figure is made then.
    """
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    return plt.subplots(figsize=(width, height), layout="constrained")[1]


def merge_style(defaults: Mapping[str, Any], user: Mapping[str, Any], kind: type[Artist]) -> dict[str, Any]:
    """Lay the caller's style over the chart's own.

    Parameters
    ----------
    defaults : mapping
        The chart's style.
    user : mapping
        The caller's keywords; short names (`lw`, `c`) and long ones mean the same.
    kind : type
        The artist both describe, such as `matplotlib.lines.Line2D`.

    Returns
    -------
    dict
        Long names only.

    Raises
    ------
    TypeError
        A keyword is given twice, by its short and its long name.
    """
    from matplotlib.cbook import normalize_kwargs

    return {**normalize_kwargs(dict(defaults), kind), **normalize_kwargs(dict(user), kind)}


def points(size: str | float) -> float:
    """Return a font size such as "small" in points, under the caller's own settings.

    Parameters
    ----------
    size : str or float
        A size as matplotlib takes it.

    Returns
    -------
    float
        Points.
    """
    from matplotlib.font_manager import FontProperties

    return FontProperties(size=size).get_size_in_points()


def axes_width(ax: Axes) -> float:
    """Return the width of the axes as they stand now.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        The axes.

    Returns
    -------
    float
        Points (1/72 inch).
    """
    return 72.0 * float(ax.bbox.width) / ax.figure.dpi


def axes_height(ax: Axes) -> float:
    """Return the height of the axes as they stand now.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        The axes.

    Returns
    -------
    float
        Points (1/72 inch).
    """
    return 72.0 * float(ax.bbox.height) / ax.figure.dpi


def fit_text(text: str, width: float, size: float, *, lines: int | None = None) -> str:
    """Break a text into lines that fit a width, and end it with "…" after so many lines.

    Parameters
    ----------
    text : str
        The text; control characters are dropped.
    width : float
        Points to fit into.
    size : float
        Font size, points.
    lines : int, optional
        Lines at most.

    Returns
    -------
    str
        The lines, joined.
    """
    room = max(8, int(width / (_CHARACTER * size)))
    broken = wrap(clean(text), room)
    if lines is not None and len(broken) > lines:
        broken = [*broken[: lines - 1], wrap(broken[lines - 1], room - 1)[0] + "…"]
    return "\n".join(broken)


def fits_in_a_line(texts: Sequence[str], width: float, size: float) -> bool:
    """Tell whether texts fit beside each other.

    Parameters
    ----------
    texts : sequence of str
        The texts.
    width : float
        Points to fit into.
    size : float
        Font size, points.

    Returns
    -------
    bool
        True when they do.
    """
    return sum(map(display_width, texts)) * _CHARACTER * size <= width


def headline(ax: Axes, title: str, subtitle: str, *, width: float, above: float = 0.0) -> None:
    """Write a title, and sentences under it, above the axes.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        The axes.
    title, subtitle : str
        What the chart shows; the words that belong to it.
    width : float
        Points the lines may take.
    above : float
        Points to leave free between the axes and the text.
    """
    small, large = points("small"), points("large")
    text = fit_text(subtitle, width, small) if subtitle else ""
    note(ax, text, at=(0.0, 1.0), offset=(0.0, above + 6.0), fontsize=small, va="bottom", alpha=0.85)
    pad = above + 10.0 + (height_of(text, small) if text else 0.0)
    heading = fit_text(title, width, 1.08 * large)  # bold letters are wider
    ax.set_title(heading, loc="left", pad=pad, fontsize=large, fontweight="bold", **PLAIN)


def height_of(text: str, size: float) -> float:
    """Return the height of a text of several lines.

    Parameters
    ----------
    text : str
        The text.
    size : float
        Font size, points.

    Returns
    -------
    float
        Points.
    """
    return _LINE * size * (text.count("\n") + 1)


def note(ax: Axes, text: str, *, at: tuple[float, float], offset: tuple[float, float], **style: Any) -> None:
    """Write a text at a place of the axes.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        The axes.
    text : str
        The text.
    at : tuple of float
        Place, as shares of the axes' width and height, unless `xycoords` is given.
    offset : tuple of float
        Points to move it by.
    **style
        Keywords of `Axes.annotate`.
    """
    place = {"xycoords": "axes fraction", **style}
    ax.annotate(
        text, xy=at, xytext=offset, textcoords="offset points", annotation_clip=False, **place, **PLAIN
    )


def caption(ax: Axes, text: str, *, under: Text) -> None:
    """Write small print under the label of the x axis, broken into lines as wide as the axes.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        The axes.
    text : str
        The text.
    under : matplotlib.text.Text
        The label.
    """
    small = points("small")
    fitted = fit_text(text, 0.95 * axes_width(ax), small)
    style = {"ha": "center", "va": "top", "fontsize": small, "alpha": 0.85}
    note(ax, fitted, at=(0.5, 0.0), offset=(0.0, -3.0), xycoords=under, **style)


def bare(ax: Axes) -> None:
    """Take away the lines that carry no number.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        The axes.
    """
    for side in ("top", "right", "left"):
        ax.spines[side].set_visible(False)
    ax.tick_params(axis="y", length=0)
