"""Deals in blocks of 64, column by column, so that the sums behind a logistic fit run in vector registers."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from qualify.numerics.coding import Coding, Items
from qualify.numerics.compiled import compiled, compiled_entry, compiled_inline
from qualify.numerics.lanes import LANES, chances, logarithms
from qualify.numerics.parallel import in_slices
from qualify.numerics.registers import (
    SIZE,
    aligned,
    aligned_by_numpy,
    alike,
    eight,
    plus_product,
    put,
    sum_of,
)
from qualify.numerics.small_cholesky import mirror

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

# Lines of 64 numbers that `add_products` works with.
LINES = 4
# So many blocks are laid out, or looked at, by one core at a time.
SLICE = 1024


class Blocks(NamedTuple):
    """Deals with weight, 64 to a block; the last block is filled up with weight 0.

    columns : (B, p, 64), the design, intercept first.
    outcome, weights, offset : (B, 64), outcomes in [0, 1], case weights, fixed parts of the log-odds.
    """

    columns: NDArray[np.float64]
    outcome: Matrix
    weights: Matrix
    offset: Matrix


@compiled
def empty_blocks(rows: int, columns: int) -> Blocks:
    """Room for so many deals and columns, all zero."""
    count = (rows + LANES - 1) // LANES
    numbers = aligned((columns + 3) * count * LANES)
    numbers[:] = 0.0
    return divided(numbers, columns)


@compiled_entry
def divided(numbers: Vector, columns: int) -> Blocks:
    """Make blocks of so many columns out of so many numbers."""
    count = numbers.size // ((columns + 3) * LANES)
    size, shape = count * LANES, (count, LANES)
    return Blocks(
        numbers[: columns * size].reshape((count, columns, LANES)),
        numbers[columns * size : (columns + 1) * size].reshape(shape),
        numbers[(columns + 1) * size : (columns + 2) * size].reshape(shape),
        numbers[(columns + 2) * size :].reshape(shape),
    )


def block_rows(design: Matrix, outcome: Vector, weights: Vector, offset: Vector) -> Blocks:
    """Put the rows of an ordinary design that have weight into blocks."""
    rows = np.flatnonzero(weights > 0)
    count = (rows.size + LANES - 1) // LANES
    blocks = divided(aligned_by_numpy((design.shape[1] + 3) * count * LANES), design.shape[1])

    def fill(part: slice) -> None:
        some = rows[part.start * LANES : part.stop * LANES]
        # Neighbours are the blocks themselves, so that what is written stays.
        fill_blocks(design, outcome, weights, offset, some, some_of(blocks, part))

    in_slices(fill, count, SLICE)
    return blocks


def some_of(blocks: Blocks, part: slice) -> Blocks:
    """Return some of the blocks: themselves where they stand one after the other, else copied."""
    return Blocks(*(np.ascontiguousarray(array[part]) for array in blocks))


@compiled_entry
def fill_blocks(
    design: Matrix, outcome: Vector, weights: Vector, offset: Vector, rows: NDArray[np.intp], blocks: Blocks
) -> None:
    """Lay out some rows of a design, in as many blocks as they need."""
    for b in range(blocks.weights.shape[0]):
        lanes = min(LANES, rows.size - b * LANES)
        if lanes < LANES:
            blocks.columns[b] = 0.0
            blocks.outcome[b] = 0.0
            blocks.weights[b] = 0.0
            blocks.offset[b] = 0.0
        for i in range(lanes):
            row = np.uint64(rows[b * LANES + i])
            for j in range(design.shape[1]):
                blocks.columns[b, j, i] = design[row, j]
            blocks.outcome[b, i] = outcome[row]
            blocks.weights[b, i] = weights[row]
            blocks.offset[b, i] = offset[row]


@compiled
def block_answers(items: Items, coding: Coding, outcome: Vector, weights: Vector) -> Blocks:
    """Put coded answers of the deals with weight into blocks, intercept first."""
    asked, by_answer = _column_values(coding)
    kept = rows_with_weight(weights)
    blocks = empty_blocks(kept.size, asked.size)
    columns = blocks.columns
    for b in range(columns.shape[0]):
        rows = kept[b * LANES : (b + 1) * LANES]
        for i in range(rows.size):
            columns[b, 0, i] = 1.0
            blocks.outcome[b, i] = outcome[rows[i]]
            blocks.weights[b, i] = weights[rows[i]]
        for j in range(1, asked.size):
            c, value, column = asked[j], by_answer[j], columns[b, j]
            for i in range(rows.size):
                column[i] = value[np.uint64(items.codes[rows[i], c])]
    return blocks


@compiled
def rows_with_weight(weights: Vector) -> NDArray[np.uint64]:
    """Numbers of the rows that have weight."""
    rows = np.empty(weights.size, dtype=np.uint64)
    size = 0
    for i in range(weights.size):
        rows[size] = i
        size += weights[i] > 0
    return rows[:size]


@compiled
def _column_values(coding: Coding) -> tuple[NDArray[np.uint64], Matrix]:
    """For each column, the characteristic it belongs to, and the value that each answer puts there."""
    asked = np.zeros(coding.first[-1] + 1, dtype=np.uint64)
    by_answer = np.zeros((asked.size, coding.value.shape[1]))
    for c in range(coding.first.size - 1):
        asked[coding.first[c] + 1 : coding.first[c + 1] + 1] = c
        for a in range(by_answer.shape[1]):
            if coding.column[c, a] >= 0:
                by_answer[coding.column[c, a] + 1, a] = coding.value[c, a]
    return asked, by_answer


@compiled
def with_columns(blocks: Blocks, columns: NDArray[np.int64]) -> Blocks:
    """Return the same deals with some of the columns; with all of them, the blocks themselves."""
    if columns.size == blocks.columns.shape[1]:
        return blocks
    count = blocks.columns.shape[0]
    kept = aligned(count * columns.size * LANES).reshape((count, columns.size, LANES))
    for b in range(count):
        for j in range(columns.size):
            into, start = (b * columns.size + j) * LANES, (b * blocks.columns.shape[1] + columns[j]) * LANES
            for k in range(0, LANES, SIZE):
                put(kept, into + k, eight(blocks.columns, start + k))
    return Blocks(kept, blocks.outcome, blocks.weights, blocks.offset)


@compiled
def fill_row(matrix: Matrix, row: int, values: Vector) -> None:
    """Write values, as many as a row has, into one.

    ``matrix[row] = values`` would check that number, and compile texts of errors into each kernel for it.
    """
    for j in range(values.size):
        matrix[row, j] = values[j]


@compiled_inline
def block_log_odds(blocks: Blocks, b: int, beta: Vector, log_odds: Vector) -> None:
    """Fill in the log-odds of the deals of one block."""
    first, above = b * LANES, b * LANES * beta.size
    for k in range(0, LANES, SIZE):
        total = eight(blocks.offset, first + k)
        for j in range(beta.size):
            total = plus_product(total, alike(beta[j]), eight(blocks.columns, above + j * LANES + k))
        put(log_odds, k, total)


@compiled
def log_likelihood(blocks: Blocks, beta: Vector) -> float:
    """Weighted log-likelihood."""
    log_odds, won, lost = np.empty(LANES), np.empty(LANES), np.empty(LANES)
    total = 0.0
    for b in range(blocks.weights.shape[0]):
        block_log_odds(blocks, b, beta, log_odds)
        chances(log_odds, won, lost)
        logarithms(won)
        logarithms(lost)
        for i in range(LANES):
            y = blocks.outcome[b, i]
            total += blocks.weights[b, i] * (y * won[i] + (1.0 - y) * lost[i])
    return total


@compiled_entry
def score_and_information(blocks: Blocks, beta: Vector) -> tuple[Vector, Matrix]:
    """Gradient and Fisher information of the log-likelihood."""
    p = beta.size
    gradient, information = np.zeros(p), np.zeros((p, p))
    log_odds, won, lost, lines = aligned(LANES), aligned(LANES), aligned(LANES), aligned(LINES * LANES)
    for b in range(blocks.weights.shape[0]):
        block_log_odds(blocks, b, beta, log_odds)
        chances(log_odds, won, lost)
        residual_and_spread(blocks, b, won, lost, lines)
        add_products(blocks.columns, b * p * LANES, lines, gradient, information)
    mirror(information)
    return gradient, information


@compiled_entry
def score(blocks: Blocks, beta: Vector) -> Vector:
    """Gradient of the log-likelihood alone."""
    p, gradient = beta.size, np.zeros(beta.size)
    log_odds, won, lost, lines = aligned(LANES), aligned(LANES), aligned(LANES), aligned(2 * LANES)
    for b in range(blocks.weights.shape[0]):
        block_log_odds(blocks, b, beta, log_odds)
        chances(log_odds, won, lost)
        residual_and_spread(blocks, b, won, lost, lines)
        add_weighted(blocks.columns, b * p * LANES, lines, gradient)
    return gradient


@compiled_inline
def residual_and_spread(blocks: Blocks, b: int, won: Vector, lost: Vector, lines: Vector) -> None:
    """Fill in the first two lines: ``w(y − p)`` and ``w·p(1 − p)`` of the deals of one block."""
    one = alike(1.0)
    for k in range(0, LANES, SIZE):
        w, y = eight(blocks.weights, b * LANES + k), eight(blocks.outcome, b * LANES + k)
        p, q = eight(won, k), eight(lost, k)
        put(lines, k, w * (y * q - (one - y) * p))
        put(lines, LANES + k, w * p * q)


@compiled_inline
def add_weighted(columns: NDArray[np.float64], first: int, weights: Vector, sums: Vector) -> None:
    """Add the weighted sum of each column of one block, which begin at `first`."""
    for a in range(sums.size):
        total = alike(0.0)
        for k in range(0, LANES, SIZE):
            total = plus_product(total, eight(weights, k), eight(columns, first + a * LANES + k))
        sums[a] += sum_of(total)


@compiled_inline
def add_products(
    columns: NDArray[np.float64], first: int, lines: Vector, gradient: Vector, information: Matrix
) -> None:
    """Add one block to the gradient and to the lower half of the information.

    Its columns lie in memory from the place `first` on. Of the four lines of 64 the first weights columns,
    the second products of columns, and two are room to work in. Two columns meet two at a time, so that each
    number fetched serves twice. An odd last column is met twice, with the same sum stored twice.
    """
    p = gradient.size
    for a in range(0, p, 2):
        b = min(a + 1, p - 1)
        ga, gb = alike(0.0), alike(0.0)
        for k in range(0, LANES, SIZE):
            x, y = eight(columns, first + a * LANES + k), eight(columns, first + b * LANES + k)
            weight, spread = eight(lines, k), eight(lines, LANES + k)
            ga, gb = plus_product(ga, weight, x), plus_product(gb, weight, y)
            put(lines, 2 * LANES + k, spread * x)
            put(lines, 3 * LANES + k, spread * y)
        gradient[a], gradient[b] = gradient[a] + sum_of(ga), gradient[b] + sum_of(gb)
        for c in range(0, a + 1, 2):
            d = min(c + 1, b)
            ac, ad, bc, bd = _four_products(columns, first + c * LANES, first + d * LANES, lines)
            ac, ad = information[a, c] + ac, information[a, d] + ad
            bc, bd = information[b, c] + bc, information[b, d] + bd
            information[a, c], information[a, d] = ac, ad
            information[b, c], information[b, d] = bc, bd


@compiled_inline
def _four_products(
    columns: NDArray[np.float64], c: int, d: int, lines: Vector
) -> tuple[float, float, float, float]:
    """Multiply the columns that begin at `c` and `d` by the third and by the fourth line, and add up."""
    ac, ad, bc, bd = alike(0.0), alike(0.0), alike(0.0), alike(0.0)
    for k in range(0, LANES, SIZE):
        x, y = eight(columns, c + k), eight(columns, d + k)
        one, other = eight(lines, 2 * LANES + k), eight(lines, 3 * LANES + k)
        ac, ad = plus_product(ac, one, x), plus_product(ad, one, y)
        bc, bd = plus_product(bc, other, x), plus_product(bd, other, y)
    return sum_of(ac), sum_of(ad), sum_of(bc), sum_of(bd)
