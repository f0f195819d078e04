"""Small positive definite matrices: Cholesky roots, solutions and inverses inside compiled code."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qualify.numerics.compiled import compiled, compiled_sums

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

# A pivot this small against its own diagonal means that the column is a sum of those before it.
LEAST_PIVOT = 1e-13


@compiled_sums
def lower_root(matrix: Matrix) -> tuple[bool, Matrix]:
    """Cholesky factor; the flag is False where the matrix is not positive definite."""
    p = matrix.shape[0]
    root = np.zeros((p, p))
    for i in range(p):
        for j in range(i):
            total = matrix[i, j]
            for k in range(j):
                total -= root[i, k] * root[j, k]
            root[i, j] = total / root[j, j]
        total = matrix[i, i]
        for k in range(i):
            total -= root[i, k] * root[i, k]
        if not total > LEAST_PIVOT * matrix[i, i]:
            return False, root
        root[i, i] = np.sqrt(total)
    return True, root


@compiled
def solve_root(root: Matrix, right: Vector) -> Vector:
    """Solve ``root @ rootᵀ @ x = right``."""
    p = right.size
    x = right.copy()
    for i in range(p):
        for k in range(i):
            x[i] -= root[i, k] * x[k]
        x[i] /= root[i, i]
    for i in range(p - 1, -1, -1):
        x[i] /= root[i, i]
        for k in range(i):
            x[k] -= root[i, k] * x[i]
    return x


@compiled
def solve_positive(matrix: Matrix, right: Vector) -> tuple[bool, Vector]:
    """Solve ``matrix @ x = right``; the flag is False where the matrix is not positive definite."""
    factored, root = lower_root(matrix)
    return factored, solve_root(root, right) if factored else right.copy()


@compiled
def inverse_root(root: Matrix) -> Matrix:
    """Inverse of a lower triangular matrix, lower triangular too."""
    p = root.shape[0]
    inverse = np.zeros((p, p))
    for i in range(p):
        for k in range(i):
            share = root[i, k] / root[i, i]
            for j in range(k + 1):
                inverse[i, j] -= share * inverse[k, j]
        inverse[i, i] = 1.0 / root[i, i]
    return inverse


@compiled_sums
def inverse_from_root(root: Matrix) -> Matrix:
    """Inverse of the matrix whose Cholesky factor is `root`."""
    p = root.shape[0]
    across = inverse_root(root).T.copy()
    inverse = np.zeros((p, p))
    for i in range(p):
        for j in range(i + 1):
            total = 0.0
            for k in range(i, p):
                total += across[i, k] * across[j, k]
            inverse[i, j] = total
            inverse[j, i] = total
    return inverse
