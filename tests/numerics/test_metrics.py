"""AUC, DeLong's variance, Brier score: R's pROC, rms and cutpointr, scikit-learn, pairs one by one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit
from scipy.stats import norm
from sklearn.metrics import brier_score_loss, roc_auc_score

from qualify.numerics.metrics import auc, auc_interval, auc_variance, brier_interval

# R wrote 15 digits; sums of ranks are whole or half.
WRITTEN = 1e-13

Golden = Callable[[str], dict[str, Any]]


@pytest.mark.parametrize("marker", ["s100b", "wfns"])
def test_auc_and_variance_equal_proc(r_inputs: Path, golden: Golden, marker: str) -> None:
    """The patients of pROC's example: outcomes good and poor, a blood marker and a grade with ties."""
    frame, r = pd.read_csv(r_inputs / "aSAH.csv"), golden("thresholds")["pROC_aSAH"]
    score, outcome = frame[marker].to_numpy(float), frame["poor"].to_numpy(float)
    assert auc(score, outcome) == pytest.approx(r[f"auc_{marker}"], abs=WRITTEN)
    low, _, high = r[f"ci_delong_{marker}"]
    half = norm.ppf(0.975) * np.sqrt(auc_variance(score, outcome))
    assert half == pytest.approx((high - low) / 2, abs=WRITTEN)
    if marker == "s100b":
        assert auc_variance(score, outcome) == pytest.approx(r["var_delong_s100b"], abs=WRITTEN)


@pytest.mark.parametrize("n", [500, 5000])
def test_auc_equals_cutpointr(simulated_deals: Callable[[int], pd.DataFrame], golden: Golden, n: int) -> None:
    frame = simulated_deals(n)
    score = frame[[f"q{q:02d}" for q in range(1, 6)]].sum(axis=1).to_numpy(float)
    r = golden("thresholds")[f"deals{n}_cutpoints_tot5"]["cutpointr"]
    assert auc(score, frame["won"].to_numpy(float)) == pytest.approx(r["AUC"], abs=WRITTEN)


def test_auc_and_brier_equal_rms(real_data: Path, golden: Golden) -> None:
    """Exact concordance (lrm's own statistic is binned) and Brier score of the birth weight model."""
    r, outcome = (
        golden("lrm_birthwt"),
        pd.read_csv(real_data / "birthwt" / "birthwt.csv")["low"].to_numpy(float),
    )
    chance = np.array(r["pred"])
    assert auc(chance, outcome) == pytest.approx(r["somers2_exact"]["C"], abs=WRITTEN)
    assert brier_interval(chance, outcome).value == pytest.approx(r["brier_direct"], abs=WRITTEN)


def pairs(score: np.ndarray, outcome: np.ndarray) -> np.ndarray:
    """Won deals by lost deals: 1 where the won one scores higher, half where they tie."""
    won, lost = score[outcome == 1][:, None], score[outcome == 0][None, :]
    return (won > lost) + 0.5 * (won == lost)


@given(
    seed=st.integers(0, 10_000), won=st.integers(2, 30), lost=st.integers(2, 30), distinct=st.integers(1, 40)
)
@settings(max_examples=100, deadline=None)
def test_auc_and_variance_pair_by_pair(seed: int, won: int, lost: int, distinct: int) -> None:
    """DeLong's components are the means of each deal's pairs."""
    outcome = np.r_[np.ones(won), np.zeros(lost)]
    score = np.random.default_rng(seed).integers(0, distinct, won + lost) + 0.3 * outcome.round()
    placed = pairs(score, outcome)
    assert auc(score, outcome) == pytest.approx(placed.mean(), abs=1e-12)
    assert auc(score, outcome) == pytest.approx(roc_auc_score(outcome, score), abs=1e-12)
    variance = placed.mean(axis=1).var(ddof=1) / won + placed.mean(axis=0).var(ddof=1) / lost
    assert auc_variance(score, outcome) == pytest.approx(variance, abs=1e-12)
    found = auc_interval(score, outcome)
    assert 0 <= found.low <= found.value <= found.high <= 1


def test_auc_interval_is_delongs_on_the_log_odds_scale(
    simulated_deals: Callable[[int], pd.DataFrame],
) -> None:
    frame = simulated_deals(500)
    score, outcome = frame["q07"].to_numpy(float), frame["won"].to_numpy(float)
    value, spread = auc(score, outcome), np.sqrt(auc_variance(score, outcome))
    found = auc_interval(score, outcome, level=0.9)
    half = norm.ppf(0.95) * spread / (value * (1 - value))
    np.testing.assert_allclose([found.low, found.high], expit([logit(value) - half, logit(value) + half]))
    # Turned about, it is one minus the other.
    turned = auc_interval(-score, outcome, level=0.9)
    np.testing.assert_allclose(
        [turned.low, turned.value, turned.high], [1 - found.high, 1 - value, 1 - found.low]
    )


@pytest.mark.parametrize(("won", "lost"), [(3, 50), (20, 20)])
def test_a_perfect_score_is_not_certain(won: int, lost: int) -> None:
    """Few deals of the rarer outcome leave room below 1: Wilson's limit of all of them."""
    outcome = np.r_[np.ones(won), np.zeros(lost)]
    found, turned = auc_interval(outcome, outcome), auc_interval(-outcome, outcome)
    z2, rarer = norm.ppf(0.975) ** 2, min(won, lost)
    assert (found.value, found.high) == (1, 1) and found.low == pytest.approx(rarer / (rarer + z2))
    assert (turned.value, turned.low) == (0, 0) and turned.high == pytest.approx(1 - found.low)


def test_brier_score_and_the_interval_of_a_mean() -> None:
    rng = np.random.default_rng(0)
    chance = rng.random(80)
    outcome = (rng.random(80) < chance).astype(float)
    found = brier_interval(chance, outcome, level=0.9)
    assert found.value == pytest.approx(brier_score_loss(outcome, chance), abs=1e-14)
    error = np.std((chance - outcome) ** 2, ddof=1) / np.sqrt(80)
    np.testing.assert_allclose(
        [found.low, found.high], found.value + norm.ppf(0.95) * error * np.array([-1, 1])
    )
    assert brier_interval(np.r_[np.zeros(9), 0.9], np.zeros(10)).low == 0
