"""Small positive definite matrices against NumPy and SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from kernels import from_python

from qualify.numerics.small_cholesky import (
    LEAST_PIVOT,
    around,
    dot,
    identity,
    inverse_from_root,
    inverse_root,
    lower_root,
    solve_positive,
    solve_root,
    times,
)

solve_positive, solve_root, inverse_root = from_python(solve_positive, solve_root, inverse_root)
around, dot, identity, times = from_python(around, dot, identity, times)

# The condition of these matrices times the rounding of a sum.
WORKING = 1e-9


def positive(p: int, seed: int) -> np.ndarray:
    """Positive definite, in units from thousandths to thousands."""
    rng = np.random.default_rng(seed)
    factor = rng.standard_normal((p, p + 3)) * np.geomspace(1e-3, 1e3, p)[:, None]
    return factor @ factor.T


@pytest.mark.parametrize("p", [1, 2, 3, 7, 8, 9, 16, 31, 60])
def test_roots_solutions_and_inverses_equal_numpys(p: int) -> None:
    matrix = positive(p, p)
    factored, root = lower_root(matrix)
    assert factored and not np.triu(root, 1).any()
    scale = np.sqrt(np.diag(matrix))
    np.testing.assert_allclose(
        root / scale[:, None], np.linalg.cholesky(matrix) / scale[:, None], atol=WORKING
    )
    inverse = np.linalg.inv(matrix / np.outer(scale, scale)) / np.outer(scale, scale)
    size = np.sqrt(np.diag(inverse))
    found = inverse_from_root(root)
    np.testing.assert_array_equal(found, found.T)
    np.testing.assert_allclose(found / np.outer(size, size), inverse / np.outer(size, size), atol=WORKING)
    np.testing.assert_allclose((inverse_root(root) @ root), np.eye(p), atol=WORKING)
    right = matrix @ np.linspace(-1, 1, p)
    solved, x = solve_positive(matrix, right)
    assert solved
    np.testing.assert_allclose(x * scale, np.linspace(-1, 1, p) * scale, rtol=1e-6, atol=1e-6 * scale.max())
    np.testing.assert_array_equal(solve_root(root, right), x)


def test_what_is_given_stays_as_it_was() -> None:
    matrix, right = positive(5, 0), np.arange(5.0)
    kept = matrix.copy(), right.copy()
    solve_positive(matrix, right)
    np.testing.assert_array_equal(matrix, kept[0])
    np.testing.assert_array_equal(right, kept[1])


@pytest.mark.parametrize("place", [0, 2, 4])
def test_a_column_made_up_by_others_is_noticed_in_any_unit(place: int) -> None:
    rng = np.random.default_rng(place)
    columns = rng.standard_normal((50, 5))
    columns[:, place] = columns[:, (place + 1) % 5] - 2 * columns[:, (place + 2) % 5]
    for unit in (1e-8, 1.0, 1e8):
        scaled = columns.copy()
        scaled[:, place] *= unit
        assert not lower_root(scaled.T @ scaled)[0]
    # A thousandth of its own is enough to stand.
    columns[:, place] += 1e-3 * rng.standard_normal(50)
    assert lower_root(columns.T @ columns)[0]
    assert LEAST_PIVOT < 1e-6


@pytest.mark.parametrize(
    "matrix",
    [
        np.zeros((2, 2)),
        np.array([[1.0, 2.0], [2.0, 1.0]]),
        -np.eye(3),
        np.full((2, 2), np.nan),
        np.diag([1.0, 0.0]),
    ],
)
def test_what_is_not_positive_definite_is_said(matrix: np.ndarray) -> None:
    factored, _ = lower_root(matrix)
    assert not factored
    solved, x = solve_positive(matrix, np.ones(len(matrix)))
    assert not solved
    np.testing.assert_array_equal(x, 1.0)


def test_nothing_has_a_root_too() -> None:
    assert lower_root(np.zeros((0, 0)))[0]


@pytest.mark.parametrize(("rows", "p"), [(1, 1), (3, 5), (5, 3), (9, 16), (0, 4), (2, 0)])
def test_products_equal_numpys(rows: int, p: int) -> None:
    rng = np.random.default_rng(p)
    matrix, vector, other = rng.normal(size=(rows, p)), rng.normal(size=p), rng.normal(size=(p, p))
    symmetric = other + other.T
    np.testing.assert_allclose(times(matrix, vector), matrix @ vector, rtol=0, atol=WORKING)
    np.testing.assert_allclose(dot(vector, vector), vector @ vector, rtol=WORKING)
    found = around(matrix, symmetric)
    np.testing.assert_allclose(found, matrix @ symmetric @ matrix.T, rtol=0, atol=WORKING)
    np.testing.assert_array_equal(found, found.T)
    np.testing.assert_array_equal(identity(p), np.eye(p))
