"""Stand-ins for the results the charts draw, and every chart drawn on them once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

mpl.use("Agg")

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.text import Text
from scipy.special import expit
from statsmodels.stats.proportion import proportion_confint

from qualify.plots import plot_answers, plot_factors, plot_win_curve

NAN = float("nan")
HOSTILE = ["$a_b$", "x$", "<script>", "_hidden", "\\frac{1}{2}", "50%\n#&~^{}", "a" * 300, "=1+1", ""]
VERDICTS = ["adds", "shared", "not shown"]


def wilson(won: int, n: int) -> tuple[float, float]:
    return proportion_confint(won, n, method="wilson") if n else (NAN, NAN)


def tipping(
    verdict: str = "gradual", *, n: int = 300, low: float = -1.5, high: float = 2.0, midpoint: float = 0.25
) -> Any:
    rng = np.random.default_rng(n)
    score = rng.normal(0, 1.5, n)
    won = rng.random(n) < expit(2 * score)
    if verdict == "none":
        low = high = midpoint = NAN
    zone = np.where(score < low, "below", np.where(score > high, "above", "inside"))
    zones = []
    for name in ("below", "inside", "above"):
        mine, wins = int((zone == name).sum()), int(won[zone == name].sum())
        zones.append((name, mine, mine / n, wins, wins / mine if mine else NAN, *wilson(wins, mine)))
    grid = np.linspace(score.min(), score.max(), 50)
    return SimpleNamespace(
        verdict=verdict,
        reason="the climb takes $85 of the score range_",
        curve_kind="none" if verdict == "none" else "logistic",
        midpoint=midpoint,
        midpoint_ci=(NAN, NAN) if verdict == "none" else (midpoint - 0.3, midpoint + 0.3),
        low=low,
        high=high,
        floor=0.0,
        ceiling=1.0,
        zones=pd.DataFrame(
            zones, columns=["zone", "n", "share", "won", "win_rate", "win_rate_low", "win_rate_high"]
        ),
        curve=pd.DataFrame(
            {"score": grid, "probability": expit(grid), "low": expit(grid - 0.3), "high": expit(grid + 0.3)}
        ),
        scores=pd.DataFrame(
            {"score": score, "won": won}, index=pd.Index([f"D{row}" for row in range(n)], name="deal")
        ),
        score_label="log-odds of winning",
        level=0.95,
        n=n,
        won=int(won.sum()),
    )


def factors(names: list[str] | None = None, swings: list[float] | None = None) -> Any:
    names = [*HOSTILE, "budget"] if names is None else names
    rng = np.random.default_rng(len(names))
    swing = np.asarray(swings if swings is not None else [*rng.normal(0, 0.3, len(names) - 1), NAN])
    table = pd.DataFrame(
        {
            "characteristic": names,
            "swing": swing,
            "swing_low": swing - 0.1,
            "swing_high": swing + 0.2,
            "direction": (["winning", "losing", "differs"] * len(names))[: len(names)],
            "verdict": (VERDICTS * len(names))[: len(names)],
        }
    )
    return SimpleNamespace(table=table, answers=answers(), n=448, won=227, level=0.95)


ANSWERS = [("no", 200, 40), ("$x_1$", 3, 3), ("<b>", 2, 0), ("none of these", 0, 0), ("unknown", 20, 3)]


def answers() -> pd.DataFrame:
    rows: list[tuple[object, ...]] = []
    for name in ("budget", "$a_b$"):
        for answer, n, won in ANSWERS:
            into = "no" if answer == "<b>" else ""
            rate = won / n if n else NAN
            rows.append((name, answer, float(n), float(won), rate, *wilson(won, n), 1.0, NAN, NAN, into))
    rows.append(("budget", "per step", NAN, NAN, NAN, NAN, NAN, 1.42, 1.2, 1.7, ""))
    rows.append(("nothing", "per step", NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, ""))
    columns = ["characteristic", "answer", "n", "won", "win_rate", "win_rate_low", "win_rate_high"]
    return pd.DataFrame(rows, columns=[*columns, "odds_ratio", "ci_low", "ci_high", "pooled_into"])


Draw = Callable[..., Axes]
CASES: dict[str, tuple[Draw, Any, tuple[Any, ...]]] = {
    "win_curve": (plot_win_curve, tipping(), ()),
    "win_curve_sharp": (plot_win_curve, tipping("sharp", low=0.2, high=0.3), ()),
    "win_curve_none": (plot_win_curve, tipping("none"), ()),
    "win_curve_few": (plot_win_curve, tipping(n=3), ()),
    "win_curve_many": (plot_win_curve, tipping(n=20_000), ()),
    "win_curve_no_low": (plot_win_curve, tipping(low=NAN), ()),
    "win_curve_no_edges": (plot_win_curve, tipping(low=NAN, high=NAN, midpoint=9.0), ()),
    "factors": (plot_factors, factors(), ()),
    "factors_25": (plot_factors, factors([f"{row} {'long name ' * 9}" for row in range(25)]), ()),
    "factors_all_nan": (plot_factors, factors(["a", "b"], [NAN, NAN]), ()),
    "factors_one": (plot_factors, factors(["a"], [1.0]), ()),
    "factors_none": (plot_factors, factors([], []), ()),
    "answers": (plot_answers, factors(), ("budget",)),
    "answers_hostile": (plot_answers, factors(), ("$a_b$",)),
    "answers_none": (plot_answers, factors(), ("nothing",)),
}


@pytest.fixture(autouse=True)
def _close_figures() -> Iterator[None]:
    yield
    plt.close("all")


@pytest.fixture(params=list(CASES))
def case(request: pytest.FixtureRequest) -> tuple[Draw, Any, tuple[Any, ...]]:
    return CASES[request.param]


@pytest.fixture
def make_tipping() -> Callable[..., Any]:
    return tipping


@pytest.fixture
def make_factors() -> Callable[..., Any]:
    return factors


@pytest.fixture
def interval() -> Callable[[int, int], tuple[float, float]]:
    return wilson


@pytest.fixture
def by_gid() -> Callable[[Axes, str], list[Any]]:
    return lambda ax, gid: [artist for artist in ax.get_children() if artist.get_gid() == gid]


@pytest.fixture
def texts() -> Callable[[Axes], list[str]]:
    return lambda ax: [text.get_text() for text in ax.findobj(Text) if text.get_text()]
