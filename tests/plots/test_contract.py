"""One contract over all charts: where they draw, what they leave alone, that nothing is cut off."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from qualify.errors import InvalidArgument
from qualify.plots import plot_answers, plot_factors, plot_win_curve

Draw = Callable[..., Axes]
Case = tuple[Draw, Any, tuple[Any, ...]]


def contains(page: Bbox, box: Bbox) -> bool:
    """Whether all that was drawn is on the page, but for a pixel."""
    return page.padded(1).contains(*box.min) and page.padded(1).contains(*box.max)


def frames(result: Any) -> dict[str, pd.DataFrame]:
    return {name: part.copy() for name, part in vars(result).items() if isinstance(part, pd.DataFrame)}


def test_given_axes_are_drawn_in_and_returned(case: Case) -> None:
    draw, result, more = case
    figure, (ax, other) = plt.subplots(1, 2)
    plt.sca(other)
    settings, figures, before = dict(mpl.rcParams), plt.get_fignums(), len(other.get_children())
    assert draw(result, *more, ax=ax) is ax
    figure.canvas.draw()
    assert plt.get_fignums() == figures
    assert plt.gca() is other
    assert dict(mpl.rcParams) == settings
    assert len(other.get_children()) == before
    assert not other.has_data()


def test_without_axes_there_is_one_new_figure_that_holds_everything(case: Case) -> None:
    draw, result, more = case
    before = frames(result)
    ax = draw(result, *more)
    assert [plt.figure(number) for number in plt.get_fignums()] == [ax.figure]
    for name, frame in before.items():
        pd.testing.assert_frame_equal(getattr(result, name), frame)
    ax.figure.canvas.draw()
    assert contains(ax.figure.bbox, ax.get_tightbbox())
    for text in ax.findobj(Text):
        assert "$" not in text.get_text() or not (text.get_parse_math() or text.get_usetex())


def test_texts_of_the_rows_do_not_touch(case: Case) -> None:
    draw, result, more = case
    ax = draw(result, *more)
    ax.figure.canvas.draw()
    labels = sorted((label.get_window_extent() for label in ax.get_yticklabels()), key=lambda box: box.y0)
    assert all(lower.y1 <= upper.y0 + 1 for lower, upper in pairwise(labels))
    numbers = [text.get_window_extent() for text in ax.texts if text.get_position()[0] == 1.0]
    marks = [
        ax.transData.transform((x, 0))[0] for line in ax.lines for x in line.get_xdata() if np.isfinite(x)
    ]
    if draw is not plot_win_curve:
        assert max(marks, default=0) <= min((box.x0 for box in numbers), default=np.inf)


def test_importing_the_charts_loads_no_matplotlib() -> None:
    code = "import sys, qualify.plots; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("draw", "more"), [(plot_win_curve, ()), (plot_factors, ()), (plot_answers, ("budget",))]
)
def test_anything_else_is_refused_before_a_figure_is_made(draw: Draw, more: tuple[str, ...]) -> None:
    with pytest.raises(InvalidArgument, match="got a dict"):
        draw({}, *more)
    assert not plt.get_fignums()
