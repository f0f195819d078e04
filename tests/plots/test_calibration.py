"""The calibration chart shows the curve, the groups, the deals and the words of its result."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from scipy.special import expit
from statsmodels.stats.proportion import proportion_confint

from qualify.errors import InvalidArgument
from qualify.plots import plot_calibration

Make = Callable[..., Any]
ByGid = Callable[[Axes, str], list[Any]]
Texts = Callable[[Axes], list[str]]
NAN = float("nan")


def validation(*, n: int = 300, slope: tuple[float, float] = (0.8, 1.2), procedure: str = "win_model") -> Any:
    rng = np.random.default_rng(n)
    chance = np.sort(expit(rng.normal(0, 1.5, n)))
    won = rng.random(n) < chance
    rows = []
    for part in np.array_split(np.arange(n), min(10, n)):
        wins = int(won[part].sum())
        limits = proportion_confint(wins, part.size, method="wilson")
        rows.append((chance[part].mean(), wins / part.size, *limits, part.size, wins))
    grid = np.linspace(chance.min(), chance.max(), 21)
    figures = {"calibration_intercept": (0.01, -0.2, 0.22), "ici": (0.03, 0.0, 0.06)}
    figures["calibration_slope"] = (float(np.mean(slope)), *slope)
    table = [(name, *row) for name, row in figures.items()]
    curve = {"probability": grid, "observed": grid**1.1, "low": grid**1.1 * 0.9, "high": grid**0.9}
    predictions = {"log_odds": np.log(chance / (1 - chance)), "probability": chance, "won": won}
    return SimpleNamespace(
        procedure=procedure,
        table=pd.DataFrame(table, columns=["metric", "cross_validated", "cv_low", "cv_high"]),
        calibration=pd.DataFrame(curve),
        groups=pd.DataFrame(rows, columns=["probability", "observed", "low", "high", "n", "won"]),
        predictions=pd.DataFrame(predictions),
        level=0.95,
        n=n,
        won=int(won.sum()),
    )


CASES = {
    "plain": validation(),
    "extreme": validation(slope=(0.4, 0.9)),
    "not told": validation(slope=(NAN, NAN), procedure="criteria"),
    "few": validation(n=3),
    "many": validation(n=20_000),
}


@pytest.fixture
def make_validation() -> Make:
    return validation


@pytest.mark.parametrize("found", CASES.values(), ids=list(CASES))
def test_given_axes_are_drawn_in_and_nothing_else(found: Any) -> None:
    figure, (ax, other) = plt.subplots(1, 2)
    plt.sca(other)
    settings, figures, before = dict(mpl.rcParams), plt.get_fignums(), len(other.get_children())
    assert plot_calibration(found, ax=ax) is ax
    figure.canvas.draw()
    assert (plt.get_fignums(), dict(mpl.rcParams)) == (figures, settings)
    assert plt.gca() is other and len(other.get_children()) == before


@pytest.mark.parametrize("found", CASES.values(), ids=list(CASES))
def test_a_new_figure_holds_everything(found: Any) -> None:
    frames = {name: part.copy() for name, part in vars(found).items() if isinstance(part, pd.DataFrame)}
    ax = plot_calibration(found)
    for name, frame in frames.items():
        pd.testing.assert_frame_equal(getattr(found, name), frame)
    ax.figure.canvas.draw()
    page, drawn = ax.figure.bbox.padded(1), ax.get_tightbbox()
    assert page.contains(*drawn.min) and page.contains(*drawn.max)
    labels = sorted((label.get_window_extent() for label in ax.get_yticklabels()), key=lambda box: box.y0)
    assert all(lower.y1 <= upper.y0 + 1 for lower, upper in pairwise(labels))


def test_curve_groups_and_deals_are_those_of_the_result(make_validation: Make, by_gid: ByGid) -> None:
    found = make_validation()
    ax = plot_calibration(found)
    (line,) = by_gid(ax, "qualify-curve")
    np.testing.assert_array_equal(line.get_xydata(), found.calibration[["probability", "observed"]])
    (band,) = by_gid(ax, "qualify-interval")
    drawn = band.get_paths()[0].vertices[:, 1]
    assert {*found.calibration["low"], *found.calibration["high"]} <= set(drawn)
    (circles,) = by_gid(ax, "qualify-observed")
    np.testing.assert_array_equal(circles.get_xydata(), found.groups[["probability", "observed"]])
    (won,), (lost,) = by_gid(ax, "qualify-won"), by_gid(ax, "qualify-lost")
    assert len(won.get_segments()) <= found.won and len(lost.get_segments()) <= found.n - found.won


def test_the_dotted_line_is_where_probabilities_are_right(make_validation: Make, by_gid: ByGid) -> None:
    (line,) = by_gid(plot_calibration(make_validation()), "qualify-ideal")
    np.testing.assert_array_equal(line.get_xdata(), line.get_ydata())


@pytest.mark.parametrize(
    ("slope", "title"),
    [
        ((0.8, 1.2), "The probabilities hold, as far as these deals can tell"),
        ((0.5, 0.9), "Too extreme: high probabilities are too high, low ones too low"),
        ((1.1, 1.9), "Too timid: high probabilities are too low, low ones too high"),
        ((0.5, 1.9), "Nothing shows the probabilities to be off (300 deals)"),
        ((-0.5, 2.0), "How far the probabilities hold cannot be told"),
        ((NAN, NAN), "How far the probabilities hold cannot be told"),
    ],
)
def test_the_title_says_what_the_slope_does(
    slope: tuple[float, float], title: str, make_validation: Make
) -> None:
    ax = plot_calibration(make_validation(slope=slope))
    assert ax.get_title(loc="left").replace("\n", " ") == title


def test_figures_and_numbers_of_deals_are_in_words(make_validation: Make, texts: Texts) -> None:
    words = " ".join(" ".join(texts(plot_calibration(make_validation()))).split())
    assert "slope 1.00 (95% interval 0.80 to 1.20; right is 1)" in words
    assert "30 deals of like probability, 95% Wilson interval" in words
    assert "Cross-validated win model" in words
    assert "on average 3 percentage points off the dotted line" in words
    found = make_validation()
    assert f"{found.won} won" in words and f"{found.n - found.won} lost" in words


def test_of_criteria_the_log_odds_of_points_are_named(make_validation: Make, texts: Texts) -> None:
    found = make_validation(procedure="criteria")
    ax = plot_calibration(found)
    assert (
        ax.get_title(loc="left").replace("\n", " ")
        == "The points' log-odds hold, as far as these deals can tell"
    )
    words = " ".join(" ".join(texts(ax)).split())
    assert "come from that curve and are not checked here" in words


def test_without_a_slope_the_reason_is_told(make_validation: Make, texts: Texts) -> None:
    found = make_validation(slope=(NAN, NAN))
    words = " ".join(" ".join(texts(plot_calibration(found))).split())
    assert "no slope: predictions nearly alike, intercept 0.01" in words and "–" not in words
    found.predictions["log_odds"] = np.where(found.predictions["won"], 2.0, -2.0)
    words = " ".join(" ".join(texts(plot_calibration(found))).split())
    assert "no slope: won and lost do not overlap" in words


def test_the_curve_takes_a_style_once(make_validation: Make, by_gid: ByGid) -> None:
    (line,) = by_gid(plot_calibration(make_validation(), lw=5, color="black"), "qualify-curve")
    assert (line.get_linewidth(), line.get_color()) == (5, "black")
    with pytest.raises(TypeError, match="lw"):
        plot_calibration(make_validation(), lw=5, linewidth=5)


def test_a_study_is_drawn_by_its_validation_and_nothing_else_is(
    make_validation: Make, make_tipping: Make, by_gid: ByGid
) -> None:
    found = make_validation()
    (line,) = by_gid(plot_calibration(SimpleNamespace(validation=found)), "qualify-curve")
    np.testing.assert_array_equal(line.get_ydata(), found.calibration["observed"])
    with pytest.raises(InvalidArgument, match="result of `validate`"):
        plot_calibration(make_tipping())
