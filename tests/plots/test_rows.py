"""The factors and the answers: every row with its interval, its numbers and its deals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.axes import Axes

from qualify.errors import InvalidArgument
from qualify.plots import plot_answers, plot_factors

Make = Callable[..., Any]
ByGid = Callable[[Axes, str], list[Any]]
Texts = Callable[[Axes], list[str]]
Interval = Callable[[int, int], tuple[float, float]]
Draw = Callable[..., Axes]
NAN = float("nan")


def test_every_swing_is_drawn_largest_first_with_its_interval(make_factors: Make, texts: Texts) -> None:
    found = make_factors(["a", "b", "c", "d"], [0.1, -0.4, NAN, 0.2])
    ax = plot_factors(found)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["b", "d", "a", "c"]
    marks = {
        x: y for line in ax.lines if line.get_gid() for x, y in line.get_xydata().tolist() if np.isfinite(x)
    }
    assert marks == {-0.4: 4, 0.2: 3, 0.1: 2}
    ends = {tuple(np.round(segment[:, 0], 9)) for part in ax.collections for segment in part.get_segments()}
    assert ends == {(-0.5, -0.2), (0.1, 0.4), (0.0, 0.3)}
    assert "-40 pp (-50 to -20)" in texts(ax)


def test_verdicts_differ_in_shape_as_in_colour(make_factors: Make) -> None:
    ax = plot_factors(make_factors(["a", "b", "c"], [0.3, 0.2, 0.1]))
    lines = [line for line in ax.lines if line.get_gid()]
    assert len({line.get_marker() for line in lines}) == len({line.get_color() for line in lines}) == 3
    legend = [text.get_text() for text in ax.get_legend().get_texts()]
    assert legend == ["adds to the others (1)", "shared with others (1)", "not shown (1)"]


def test_a_swing_without_direction_has_no_sign_and_deals_are_counted(
    make_factors: Make, texts: Texts
) -> None:
    ax = plot_factors(make_factors(["a", "b", "c"], [0.3, 0.2, 0.1]))
    assert "10 pp (0 to 30)" in texts(ax)
    subtitle = next(text for text in texts(ax) if text.startswith("Change in")).replace("\n", " ")
    assert "448 deals, 227 won; 95% intervals" in subtitle
    assert "without a sign" in subtitle


def test_a_factor_without_swing_still_tells_its_verdict(make_factors: Make, texts: Texts) -> None:
    assert "– (adds)" in texts(plot_factors(make_factors(["a", "b"], [NAN, NAN])))


def test_every_answer_is_drawn_with_its_deals_and_unknown_apart(
    make_factors: Make, by_gid: ByGid, texts: Texts, interval: Interval
) -> None:
    ax = plot_answers(make_factors(), "budget")
    labels = [label.get_text() for label in ax.get_yticklabels()]
    assert labels == ["no", "$x_1$", "<b> (counted with no)", "none of these", "unknown"]
    (known,), (unknown,) = by_gid(ax, "qualify-answers"), by_gid(ax, "qualify-unknown")
    np.testing.assert_array_equal(known.get_xdata(), [0.2, 1.0, 0.0, NAN])
    assert unknown.get_xdata().tolist() == [0.15]
    assert known.get_ydata().min() - unknown.get_ydata()[0] > 1
    assert known.get_marker() != unknown.get_marker()
    low, high = interval(40, 200)
    assert ax.collections[0].get_segments()[0][:, 0] == pytest.approx([low, high])
    assert "20% (15 to 26) · 40 of 200 won" in texts(ax)
    assert "no deals" in texts(ax)


def test_the_base_rate_is_drawn_and_said_and_the_step_too(
    make_factors: Make, by_gid: ByGid, texts: Texts
) -> None:
    ax = plot_answers(make_factors(), "budget")
    (base,) = by_gid(ax, "qualify-base-rate")
    assert set(base.get_xdata()) == {227 / 448}
    subtitle = next(text for text in texts(ax) if text.startswith("Win rate by")).replace("\n", " ")
    assert "all 448 deals, 51% won" in subtitle
    assert "Odds ratio per step, the other answers held: 1.4 (1.2 to 1.7)" in subtitle


def test_a_characteristic_that_is_not_there_is_an_error_that_lists_those_that_are(make_factors: Make) -> None:
    with pytest.raises(InvalidArgument, match=r"'bugdet'.*There are: budget, \$a_b\$, nothing"):
        plot_answers(make_factors(), "bugdet")
    assert not plt.get_fignums()
