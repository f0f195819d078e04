"""The charts of recalibration: they draw the result's numbers, where they are told to, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from recalibration_quarters import in_use, past, quarter

import qualify as ql
from qualify.errors import InvalidArgument
from qualify.plots.drift import evidence

Found = Callable[[Axes, str], list[Any]]


@pytest.fixture(scope="module")
def shifted() -> ql.Recalibration:
    return ql.recalibrate(in_use(), quarter(300, "level"), history=past(), replicates=99)


@pytest.fixture(scope="module")
def kept() -> ql.Recalibration:
    return ql.recalibrate(in_use(), quarter(150), replicates=99)


@pytest.fixture(scope="module")
def alarm() -> ql.WinAlarm:
    return ql.watch_wins(in_use(), quarter(150, "level"), replicates=200)


def test_the_win_curve_then_and_now(
    shifted: ql.Recalibration, kept: ql.Recalibration, by_gid: Found, texts: Callable[[Axes], list[str]]
) -> None:
    ax = ql.plot_recalibration(shifted, color="black")
    (then,), (now,) = by_gid(ax, "qualify-then"), by_gid(ax, "qualify-curve")
    np.testing.assert_allclose(then.get_ydata(), in_use().probabilities["probability"])
    np.testing.assert_allclose(now.get_ydata(), shifted.criteria.probabilities["probability"])
    assert now.get_color() == "black"
    (circles,) = by_gid(ax, "qualify-observed")
    assert len(circles.get_xdata()) > 1
    assert any("foretold" in text for text in texts(ax))
    plt.close("all")
    ax = ql.plot_recalibration(kept)
    assert not by_gid(ax, "qualify-curve")
    assert ax.get_title(loc="left") == "The criteria still hold"


def test_the_band_is_shaded_where_it_was_sharp(shifted: ql.Recalibration, by_gid: Found) -> None:
    assert in_use().tipping.verdict == "gradual"
    assert not by_gid(ql.plot_recalibration(shifted), "qualify-band")
    sharp = replace(shifted.in_use, tipping=replace(shifted.in_use.tipping, verdict="sharp"))
    (shade,) = by_gid(ql.plot_recalibration(replace(shifted, in_use=sharp)), "qualify-band")
    edges = shifted.band.set_index("edge")["now"]
    assert shade.get_x() == pytest.approx(edges["low"])
    assert shade.get_x() + shade.get_width() == pytest.approx(edges["high"])


def test_the_heat_map_shows_what_is_surest_first(
    shifted: ql.Recalibration, by_gid: Found, texts: Callable[[Axes], list[str]]
) -> None:
    table = shifted.drift.copy()
    table.loc[3, ["psi_q", "psi", "finding"]] = [0.001, 0.31, "answers have moved much"]
    ax = ql.plot_drift(replace(shifted, drift=table))
    (mesh,) = by_gid(ax, "qualify-evidence")
    shown = np.asarray(mesh.get_array()).reshape(-1, 3)
    assert shown[0].max() == pytest.approx(3.0)
    assert (np.diff(shown.max(axis=1)) <= 1e-12).all()
    assert ax.get_yticklabels()[0].get_text() == table.loc[3, "characteristic"]
    assert "0.31" in texts(ax)


def test_cells_are_as_dark_as_their_q_values_say() -> None:
    table = pd.DataFrame(
        {
            "psi_q": [0.01, 1.0, np.nan, 1e-9],
            "unknown_low": [0.1, -0.1, np.nan, -0.2],
            "unknown_high": [0.2, 0.1, np.nan, -0.1],
            "q_value": [0.1, 0.5, np.nan, np.nan],
        }
    )
    wanted = [[2, 2, 1], [0, 0, np.log10(2)], [0, 0, 0], [3, 3, 0]]
    np.testing.assert_allclose(evidence(table), wanted, atol=1e-12)


def test_the_running_alarm_draws_sums_and_limits(alarm: ql.WinAlarm, by_gid: Found) -> None:
    ax = ql.plot_alarm(alarm, lw=3)
    (fewer,), (more,) = by_gid(ax, "qualify-fewer"), by_gid(ax, "qualify-more")
    np.testing.assert_allclose(fewer.get_ydata(), -alarm.table["fewer"])
    np.testing.assert_allclose(more.get_ydata(), alarm.table["more"])
    assert fewer.get_linewidth() == 3
    limits = sorted(line.get_ydata()[0] for line in by_gid(ax, "qualify-limit"))
    np.testing.assert_allclose(limits, [-alarm.fewer_limit, alarm.more_limit])
    assert alarm.raised
    (mark,) = by_gid(ax, "qualify-alarm")
    assert mark.get_xdata()[0] == int(alarm.table["alarm"].to_numpy().argmax()) + 1


@pytest.mark.parametrize("name", ["plot_recalibration", "plot_drift", "plot_alarm"])
def test_charts_draw_where_they_are_told_and_refuse_anything_else(
    name: str, shifted: ql.Recalibration, alarm: ql.WinAlarm
) -> None:
    draw, result = getattr(ql, name), alarm if name == "plot_alarm" else shifted
    figure, (ax, other) = plt.subplots(1, 2)
    plt.sca(other)
    assert draw(result, ax=ax) is ax
    figure.canvas.draw()
    assert plt.gca() is other
    assert not other.has_data()
    plt.close("all")
    with pytest.raises(InvalidArgument, match="got a dict"):
        draw({})
    assert not plt.get_fignums()


def test_hostile_names_are_drawn_as_they_are(shifted: ql.Recalibration) -> None:
    table = shifted.drift.head(3).assign(characteristic=["$a_b$", "<script>\n", "x" * 200])
    ax = ql.plot_drift(replace(shifted, drift=table))
    ax.figure.canvas.draw()
    shown = {label.get_text() for label in ax.get_yticklabels()}
    assert "$a_b$" in shown
    assert max(map(len, shown)) <= 28
    ql.plot_drift(replace(shifted, drift=table.head(0))).figure.canvas.draw()
