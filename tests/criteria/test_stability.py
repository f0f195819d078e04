"""How often resamples keep a characteristic, and which of two redundant ones stands for both."""

from __future__ import annotations

import numpy as np
import pandas as pd

import qualify as ql
from qualify.criteria.stability import stand_ins


def twins(n: int = 300) -> pd.DataFrame:
    """Two questions that nearly always get the same answer, one of their own, one without meaning."""
    rng = np.random.default_rng(8)
    hidden, other = rng.normal(size=n), rng.integers(0, 2, n)
    won = rng.random(n) < 1 / (1 + np.exp(-(1.6 * hidden + 1.2 * (other - 0.5))))
    says = {
        name: np.clip(np.round(2.5 + 1.2 * (hidden + rng.normal(0, 0.25, n))), 0, 5).astype(int)
        for name in ("Pain", "Need")
    }
    frame = pd.DataFrame({**says, "Met": np.where(other, "yes", "no"), "Idle": rng.integers(0, 6, n)})
    return frame.assign(Outcome=np.where(won, "won", "lost"))


def test_of_two_that_say_the_same_one_stands_for_both() -> None:
    frame = twins()
    deals = ql.read_deals(frame, ql.infer_survey(frame, outcome="Outcome"))
    criteria = ql.refine_criteria(deals, max_characteristics=2, replicates=300)
    table = criteria.stability.set_index("characteristic")
    assert table.loc["Pain", "instead"] == "Need" and table.loc["Need", "instead"] == "Pain"
    assert table.loc["Pain", "inclusion"] + table.loc["Need", "inclusion"] > 0.9
    assert table.loc["Idle", "instead"] == ""


def test_stand_ins_are_those_kept_in_the_place_of_each_other() -> None:
    rng = np.random.default_rng(0)
    first = rng.random(200) < 0.5
    keeps = np.column_stack([first, ~first, rng.random(200) < 0.5, np.ones(200, dtype=bool)])
    assert stand_ins(keeps) == [1, 0, -1, -1]


def test_few_resamples_say_nothing() -> None:
    keeps = np.array([[True, False], [False, True]] * 4)
    assert stand_ins(keeps) == [-1, -1]
    assert stand_ins(np.zeros((0, 2), dtype=bool)) == [-1, -1]
