"""The win curve shows the curve, the band, the deals and the words of its result."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes

from qualify.plots import plot_answers, plot_factors, plot_win_curve
from qualify.plots._axes import merge_style
from qualify.plots._observed import spikes, win_rate_by_score

Make = Callable[..., Any]
ByGid = Callable[[Axes, str], list[Any]]
Texts = Callable[[Axes], list[str]]
Interval = Callable[[int, int], tuple[float, float]]
Draw = Callable[..., Axes]
NAN = float("nan")


def test_the_curve_drawn_is_the_curve_found(make_tipping: Make, by_gid: ByGid) -> None:
    found = make_tipping()
    ax = plot_win_curve(found)
    (line,) = by_gid(ax, "qualify-curve")
    np.testing.assert_array_equal(line.get_xydata(), found.curve[["score", "probability"]])
    (band,) = by_gid(ax, "qualify-interval")
    drawn = band.get_paths()[0].vertices[:, 1]
    assert {*found.curve["low"], *found.curve["high"]} <= set(drawn)
    (midpoint,) = by_gid(ax, "qualify-midpoint")
    assert midpoint.get_xydata().tolist() == [[0.25, 0.5]]


def test_the_band_is_shaded_between_its_edges(make_tipping: Make, by_gid: ByGid) -> None:
    ax = plot_win_curve(make_tipping())
    (band,) = by_gid(ax, "qualify-band")
    assert (band.get_x(), band.get_x() + band.get_width()) == (-1.5, 2.0)
    assert sorted(line.get_xdata()[0] for line in by_gid(ax, "qualify-edge")) == [-1.5, 2.0]


def test_an_edge_not_reached_is_said_and_the_shade_runs_on(
    make_tipping: Make, by_gid: ByGid, texts: Texts
) -> None:
    ax = plot_win_curve(make_tipping(low=NAN))
    (band,) = by_gid(ax, "qualify-band")
    assert band.get_x() == ax.get_xlim()[0]
    assert len(by_gid(ax, "qualify-edge")) == 1
    assert "Below: lower edge not reached\nno deals" in texts(ax)
    assert not by_gid(plot_win_curve(make_tipping(midpoint=9.0)), "qualify-midpoint")


def test_without_a_tipping_point_the_line_is_the_win_rate_of_all_deals(
    make_tipping: Make, by_gid: ByGid
) -> None:
    found = make_tipping("none")
    ax = plot_win_curve(found)
    (line,) = by_gid(ax, "qualify-curve")
    assert set(line.get_ydata()) == {found.won / found.n}
    assert not by_gid(ax, "qualify-band")
    assert not by_gid(ax, "qualify-midpoint")
    assert ax.get_title(loc="left") == "None: no tipping point was shown"


def test_verdict_reason_and_zones_are_in_words(make_tipping: Make, texts: Texts) -> None:
    found = make_tipping()
    ax = plot_win_curve(found)
    assert ax.get_title(loc="left") == "Gradual: no narrow tipping band"
    assert "The climb takes $85 of the score range_" in texts(ax)
    below = found.zones.set_index("zone").loc["below"]
    (text,) = [text for text in texts(ax) if text.startswith("Below -1.50")]
    assert f"{100 * below['win_rate']:.0f}% won" in text
    assert text.endswith(f"{int(below['n'])} deals")
    sharp = plot_win_curve(make_tipping("sharp", low=0.2, high=0.3))
    assert sharp.get_title(loc="left") == "Sharp: the win rate tips between 0.20 and 0.30"


def test_observed_win_rates_account_for_every_deal(
    make_tipping: Make, by_gid: ByGid, interval: Interval
) -> None:
    found = make_tipping(n=1000)
    groups = win_rate_by_score(found.scores, 0.95)
    assert groups["n"].sum() == 1000
    assert groups["won"].sum() == found.won
    assert 2 <= len(groups) <= 10
    assert groups["n"].min() >= 25
    for row in groups.itertuples():
        assert (row.low, row.high) == pytest.approx(interval(row.won, row.n), abs=1e-9)
    (points,) = by_gid(plot_win_curve(found), "qualify-observed")
    np.testing.assert_array_equal(points.get_xydata(), groups[["score", "win_rate"]])


def test_few_whole_scores_are_each_a_group_and_few_deals_one() -> None:
    scores = pd.DataFrame({"score": np.repeat([1, 2, 5], 6), "won": [False] * 9 + [True] * 9})
    assert win_rate_by_score(scores, 0.9)["win_rate"].tolist() == [0.0, 0.5, 1.0]
    assert win_rate_by_score(scores.iloc[4:8], 0.9)["n"].tolist() == [4]
    assert win_rate_by_score(scores.iloc[:8], 0.9)["n"].tolist() == [8]
    assert win_rate_by_score(scores.iloc[:0], 0.9).empty


@pytest.mark.parametrize("n", [3, 300, 20_000])
def test_the_rug_holds_every_deal(n: int, make_tipping: Make, by_gid: ByGid) -> None:
    found = make_tipping(n=n)
    places, won, lost = spikes(found.scores)
    assert len(places) <= 300
    assert (won.sum(), lost.sum()) == (found.won, n - found.won)
    ax = plot_win_curve(found)
    (drawn,) = by_gid(ax, "qualify-won")
    assert len(drawn.get_segments()) == (won > 0).sum()


def test_the_curve_takes_a_style_once(make_tipping: Make, by_gid: ByGid) -> None:
    (line,) = by_gid(plot_win_curve(make_tipping(), lw=5, color="black"), "qualify-curve")
    assert line.get_linewidth() == 5
    assert line.get_color() == "black"
    with pytest.raises(TypeError, match="lw"):
        plot_win_curve(make_tipping(), lw=5, linewidth=5)
    assert merge_style({"lw": 1}, {"linewidth": 2}, type(line)) == {"linewidth": 2}


def test_results_that_carry_a_tipping_point_or_factors_are_drawn(
    make_tipping: Make, make_factors: Make, by_gid: ByGid
) -> None:
    found = make_tipping()
    (line,) = by_gid(plot_win_curve(SimpleNamespace(tipping=found)), "qualify-curve")
    np.testing.assert_array_equal(line.get_ydata(), found.curve["probability"])
    assert plot_factors(SimpleNamespace(factors=make_factors())).get_title(loc="left")
    assert plot_answers(SimpleNamespace(factors=make_factors()), "budget").get_title(loc="left") == "budget"
