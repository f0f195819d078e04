"""Designs whose columns make up one another: what can be asked of them, and what cannot."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from qualify.numerics.full_fit import fit_full, independent_columns
from qualify.numerics.logistic import fit_logistic, profile_interval, ratio_test

# Fits of one likelihood to a billionth of a standard error.
SAME = 1e-7


@pytest.fixture(scope="module")
def design() -> np.ndarray:
    rng = np.random.default_rng(0)
    return np.column_stack([np.ones(120), rng.normal(size=(120, 2)), rng.random(120) < 0.3])


@pytest.fixture(scope="module")
def outcome(design: np.ndarray) -> np.ndarray:
    return (np.random.default_rng(1).random(120) < expit(design @ [-0.2, 0.7, 0.0, 0.5])).astype(float)


def test_a_full_design_is_an_ordinary_fit(design: np.ndarray, outcome: np.ndarray) -> None:
    full, plain = fit_full(design, outcome, np.ones(120)), fit_logistic(design, outcome, penalty="firth")
    np.testing.assert_allclose(full.beta, plain.beta, rtol=SAME)
    assert full.kept == [0, 1, 2, 3] and full.separable.all()
    assert full.test([1]).chi2 == pytest.approx(ratio_test(plain, [1]).chi2, rel=SAME)
    np.testing.assert_allclose(full.interval(3, level=0.9), profile_interval(plain, 3, level=0.9), rtol=SAME)


def test_a_repeated_question_can_be_tested_with_its_twin_only(
    design: np.ndarray, outcome: np.ndarray
) -> None:
    twice = np.column_stack([design, 3 * design[:, 1] - 2])
    full, plain = fit_full(twice, outcome, np.ones(120)), fit_logistic(design, outcome, penalty="firth")
    assert full.separable.tolist() == [False, False, True, True, False]
    assert np.isnan(full.test([1]).p_value) and full.test([1]).df == 0
    together = full.test([1, 4])
    assert together.df == 1 and together.chi2 == pytest.approx(ratio_test(plain, [1]).chi2, rel=SAME)
    assert np.isnan(full.interval(4, level=0.95)).all()
    np.testing.assert_allclose(full.interval(3, level=0.95), profile_interval(plain, 3), rtol=SAME)
    np.testing.assert_allclose(twice @ full.beta, design @ plain.beta, atol=SAME)


def test_independent_columns_are_as_many_as_the_rank() -> None:
    rng = np.random.default_rng(2)
    for _ in range(20):
        rank = int(rng.integers(1, 5))
        matrix = rng.normal(size=(30, rank)) @ rng.normal(size=(rank, 6)) * np.geomspace(1e-4, 1e4, 6)
        kept = independent_columns(matrix, range(6))
        assert kept == list(
            range(min(rank, 6))
        )  # columns of such products are independent until the rank is used up
        assert independent_columns(matrix, [5, 4, 3, 2, 1, 0])[:1] == [5]
    assert independent_columns(np.zeros((5, 2)), range(2)) == []
