"""Small positive definite matrices inside compiled code: Cholesky roots, solutions, inverses and products.

NumPy's own products take a second to compile and call libraries that bring threads.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qualify.numerics.compiled import compiled, compiled_entry, compiled_inline
from qualify.numerics.registers import SIZE, aligned, alike, eight, plus_product, put, whole_registers

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

# A pivot this small against its own diagonal means that the column is a sum of those before it.
LEAST_PIVOT = 1e-13


@compiled_inline
def mirror(matrix: Matrix) -> None:
    """Fill in the upper half of a symmetric matrix of which the lower is known."""
    for a in range(matrix.shape[0]):
        for c in range(a):
            matrix[c, a] = matrix[a, c]


@compiled_entry
def lower_root(matrix: Matrix) -> tuple[bool, Matrix]:
    """Cholesky factor; the flag is False where the matrix is not positive definite.

    It is taken to be symmetric: the upper half alone is read. Each column, once found, is taken out of all
    that is left, so that no sum waits for the one before it.
    """
    p = matrix.shape[0]
    width = whole_registers(p)
    left, root = aligned(p * width).reshape((p, width)), np.zeros((p, p))
    for i in range(p):
        for j in range(width):
            left[i, j] = matrix[i, j] if j < p else 0.0
    for k in range(p):
        pivot = left[k, k]
        if not pivot > LEAST_PIVOT * matrix[k, k]:
            return False, root
        share = 1.0 / np.sqrt(pivot)
        for i in range(k, p):
            root[i, k] = left[k, i] * share
        for first in range((k + 1) // SIZE * SIZE, width, SIZE):
            row = eight(left, k * width + first)
            for i in range(k + 1, p):
                here = i * width + first
                put(left, here, plus_product(eight(left, here), alike(-left[k, i] / pivot), row))
    return True, root


@compiled
def solve_root(root: Matrix, right: Vector) -> Vector:
    """Solve ``root @ rootᵀ @ x = right``."""
    p = right.size
    room = np.empty(2 * p)
    x, share = room[:p], room[p:]
    for k in range(p):
        x[k], share[k] = right[k], 1.0 / root[k, k]
    for k in range(p):
        here = x[k] * share[k]
        x[k] = here
        for i in range(k + 1, p):
            x[i] -= root[i, k] * here
    for back in range(p):
        i = p - 1 - back
        here = x[i] * share[i]
        x[i] = here
        for k in range(i):
            x[k] -= root[i, k] * here
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


@compiled_entry
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


@compiled
def identity(p: int) -> Matrix:
    """Identity matrix."""
    ones = np.zeros((p, p))
    for i in range(p):
        ones[i, i] = 1.0
    return ones


@compiled_inline
def dot(left: Vector, right: Vector) -> float:
    """Sum of the products, in their order, without room for them."""
    total = 0.0
    for i in range(left.size):
        total += left[i] * right[i]
    return total


@compiled
def times(matrix: Matrix, vector: Vector) -> Vector:
    """Work out ``matrix @ vector``."""
    product = np.zeros(matrix.shape[0])
    for i in range(matrix.shape[0]):
        for k in range(vector.size):
            product[i] += matrix[i, k] * vector[k]
    return product


@compiled
def around(matrix: Matrix, symmetric: Matrix) -> Matrix:
    """Work out ``matrix @ symmetric @ matrixᵀ``."""
    rows, p = matrix.shape
    half, whole = np.zeros((rows, p)), np.zeros((rows, rows))
    for i in range(rows):
        for k in range(p):
            for j in range(p):
                half[i, j] += matrix[i, k] * symmetric[k, j]
        for j in range(i + 1):
            for k in range(p):
                whole[i, j] += half[i, k] * matrix[j, k]
    mirror(whole)
    return whole
