"""The short form of the coverage study: it fails where intervals or tests do not keep their word."""

from __future__ import annotations

import pandas as pd
import pytest
from coverage_study.one_data_set import PERFORMANCE, facts
from coverage_study.worlds import World
from scipy.stats import binom

SMALL = World(number=101, curve="gradual", n=200, characteristics=6, win_rate=0.4)
NOTHING = World(number=102, curve="none", n=150, characteristics=6, win_rate=0.4)


def few_enough(missed: int, n: int, level: float = 0.05) -> None:
    """Beyond the limit once in 1,000; erring two and a half times as often would mostly be caught."""
    limit = int(binom.ppf(0.999, n, level))
    assert binom.sf(limit, n, 2.5 * level) > 0.7
    assert missed <= limit, f"{missed} of {n}"


def misses(frame: pd.DataFrame, table: str) -> tuple[int, int]:
    """Intervals that missed, and all."""
    missed = frame.filter(regex=f"^{table}_.*_(below|above)$").to_numpy().sum()
    return int(missed), int(frame.filter(regex=f"^{table}_.*_n$").to_numpy().sum())


def test_odds_ratios_and_swings_cover_the_truth() -> None:
    rows = pd.DataFrame([facts("cheap", SMALL, k, 0) for k in range(1, 31)])
    assert (rows["failed"] == "").all()
    missed, n = misses(rows, "odds")
    assert n > 330
    few_enough(missed, n)
    # Fewer than this come once in 1,000: intervals that hardly ever miss are too wide.
    assert missed >= int(binom.ppf(0.001, n, 0.05))
    missed, n = misses(rows, "swing")
    assert n > 170
    few_enough(missed, n)
    assert rows["added_real_rejected"].sum() > rows["added_real_n"].sum() / 2


def test_questions_without_an_effect_are_seldom_significant() -> None:
    rows = pd.DataFrame([facts("cheap", NOTHING, k, 0) for k in range(1, 31)])
    assert (rows["failed"] == "").all()
    for test in ("alone_null", "added_null"):
        n = int(rows[f"{test}_n"].sum())
        assert n > 170
        few_enough(int(rows[f"{test}_rejected"].sum()), n)
    few_enough(*misses(rows, "swing"))
    # Nothing is there to be found: the false discovery rate is the chance that anything `adds`.
    assert (rows["adds"] > 0).sum() <= int(binom.ppf(0.999, len(rows), 0.05))


def test_tipping_point_and_auc_cover_what_the_next_deals_show() -> None:
    """Intervals of one data set go together, so each kind is counted by itself."""
    rows = pd.DataFrame([facts("whole", SMALL, k, 60) for k in range(1, 11)])
    assert (rows["failed"] == "").all()
    assert (rows["verdict"] == "gradual").all()
    # More than 3 of 10 at 5 % each: once in 1,000; at 70 % coverage it would be seen in every third run.
    limit = int(binom.ppf(0.999, len(rows), 0.05))
    curve = [f"{name}_declared" for name in ("midpoint", "low", "high", "width_share", "slope")]
    for name in [*curve, *PERFORMANCE]:
        side = rows[name]
        assert (side != 0).sum() <= limit, f"{name}: {side.tolist()}"
    assert rows["slope_ratio"].median() == pytest.approx(1, abs=0.3)
    assert rows["auc_corrected_error"].mean() == pytest.approx(0, abs=0.03)
