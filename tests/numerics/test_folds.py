"""Folds: groups whole, won and lost deals even, every fold used."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qualify.numerics.folds import assign_folds


def order_of(groups: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).permutation(groups)


@given(
    seed=st.integers(0, 10_000),
    n=st.integers(1, 120),
    groups=st.integers(1, 60),
    folds=st.integers(2, 12),
)
@settings(max_examples=200, deadline=None)
def test_groups_stay_whole_and_every_fold_is_used(seed: int, n: int, groups: int, folds: int) -> None:
    rng = np.random.default_rng(seed)
    group = np.unique(rng.integers(0, groups, n), return_inverse=True)[1].astype(np.int64)
    number = int(group.max()) + 1
    outcome = (rng.random(n) < 0.3).astype(float)
    fold = assign_folds(group, outcome, np.ones(n), folds, order_of(number, seed))
    assert fold.min() >= 0 and fold.max() < folds
    assert all(np.unique(fold[group == g]).size == 1 for g in range(number))
    assert np.unique(fold).size == min(folds, number)


@pytest.mark.parametrize("folds", [2, 5, 10])
@pytest.mark.parametrize("seed", range(5))
def test_single_deals_are_spread_as_evenly_as_can_be(seed: int, folds: int) -> None:
    outcome = (np.random.default_rng(seed).random(137) < 0.25).astype(float)
    fold = assign_folds(np.arange(137), outcome, np.ones(137), folds, order_of(137, seed))
    won, lost = (np.bincount(fold, weights=y, minlength=folds) for y in (outcome, 1 - outcome))
    assert np.ptp(won) <= 1 and np.ptp(lost) <= 1


@pytest.mark.parametrize("seed", range(5))
def test_large_groups_are_balanced_by_small_ones(seed: int) -> None:
    """Accounts from 1 to 30 deals: no fold is off its share of won or lost by more than a small account."""
    rng = np.random.default_rng(seed)
    group = np.repeat(np.arange(80), np.r_[30, 20, 15, 10, rng.integers(1, 5, 76)]).astype(np.int64)
    outcome = (rng.random(group.size) < 0.4).astype(float)
    fold = assign_folds(group, outcome, np.ones(group.size), 5, order_of(80, seed))
    for y in (outcome, 1 - outcome):
        share = np.bincount(fold, weights=y, minlength=5)
        assert np.abs(share - share.mean()).max() <= 4


def test_weights_count_as_deals() -> None:
    weights = np.r_[np.full(10, 5.0), np.ones(50), np.zeros(5)]
    outcome = np.tile([0.0, 1.0], 33)[:65]
    fold = assign_folds(np.arange(65), outcome, weights, 5, order_of(65, 0))
    won = np.bincount(fold, weights=weights * outcome, minlength=5)
    assert np.ptp(won) <= 1


def test_another_order_is_another_division() -> None:
    outcome = np.tile([0.0, 1.0], 50)
    folds = [
        assign_folds(np.arange(100), outcome, np.ones(100), 10, order_of(100, seed)) for seed in (0, 0, 1)
    ]
    assert np.array_equal(folds[0], folds[1])
    assert (folds[0] != folds[2]).mean() > 0.5
