"""Deals in blocks of 64, column by column, so that the sums behind a logistic fit run in vector registers."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from qualify.numerics.coding import Coding, Items
from qualify.numerics.compiled import compiled, compiled_sums
from qualify.numerics.cores import in_slices
from qualify.numerics.lanes import LANES, chances, logarithms

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

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
    shape = (count, LANES)
    return Blocks(np.zeros((count, columns, LANES)), np.zeros(shape), np.zeros(shape), np.zeros(shape))


def block_rows(design: Matrix, outcome: Vector, weights: Vector, offset: Vector) -> Blocks:
    """Put the rows of an ordinary design that have weight into blocks."""
    rows = np.flatnonzero(weights > 0)
    count = (rows.size + LANES - 1) // LANES
    shape = (count, LANES)
    blocks = Blocks(
        np.empty((count, design.shape[1], LANES)), np.empty(shape), np.empty(shape), np.empty(shape)
    )

    def fill(part: slice) -> None:
        some = rows[part.start * LANES : part.stop * LANES]
        fill_blocks(design, outcome, weights, offset, some, some_of(blocks, part))

    in_slices(fill, count, SLICE)
    return blocks


def some_of(blocks: Blocks, part: slice) -> Blocks:
    """Return some of the blocks: themselves where they stand one after the other, else copied."""
    return Blocks(*(np.ascontiguousarray(array[part]) for array in blocks))


@compiled
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
    count = (kept.size + LANES - 1) // LANES
    columns, shape = np.empty((count, asked.size, LANES)), (count, LANES)
    blocks = Blocks(columns, np.zeros(shape), np.zeros(shape), np.zeros(shape))
    columns[count - 1 :] = 0.0
    for b in range(count):
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
    kept = np.empty((count, columns.size, LANES))
    for b in range(count):
        for j in range(columns.size):
            kept[b, j] = blocks.columns[b, columns[j]]
    return Blocks(kept, blocks.outcome, blocks.weights, blocks.offset)


@compiled
def block_log_odds(blocks: Blocks, b: int, beta: Vector, log_odds: Vector) -> None:
    """Fill in the log-odds of the deals of one block."""
    for i in range(LANES):
        log_odds[i] = blocks.offset[b, i]
    for j in range(beta.size):
        for i in range(LANES):
            log_odds[i] += beta[j] * blocks.columns[b, j, i]


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


@compiled
def score_and_information(blocks: Blocks, beta: Vector) -> tuple[Vector, Matrix]:
    """Gradient and Fisher information of the log-likelihood."""
    p = beta.size
    gradient, information = np.zeros(p), np.zeros((p, p))
    log_odds, won, lost = np.empty(LANES), np.empty(LANES), np.empty(LANES)
    residual, spread = np.empty(LANES), np.empty(LANES)
    for b in range(blocks.weights.shape[0]):
        block_log_odds(blocks, b, beta, log_odds)
        chances(log_odds, won, lost)
        for i in range(LANES):
            w, y = blocks.weights[b, i], blocks.outcome[b, i]
            residual[i] = w * (y * lost[i] - (1.0 - y) * won[i])
            spread[i] = w * won[i] * lost[i]
        add_products(blocks.columns[b], residual, spread, gradient, information)
    for a in range(p):
        for c in range(a):
            information[c, a] = information[a, c]
    return gradient, information


@compiled_sums
def add_products(
    columns: Matrix, residual: Vector, spread: Vector, gradient: Vector, information: Matrix
) -> None:
    """Add one block to the gradient and to the lower half of the information.

    Two columns meet two at a time, so that each number fetched serves twice. An odd last column is met twice,
    with the same sum stored twice.
    """
    p = gradient.size
    first, second = np.empty(LANES), np.empty(LANES)
    for a in range(0, p, 2):
        b = min(a + 1, p - 1)
        ga, gb = gradient[a], gradient[b]
        for i in range(LANES):
            x, y = columns[a, i], columns[b, i]
            ga += residual[i] * x
            gb += residual[i] * y
            first[i] = spread[i] * x
            second[i] = spread[i] * y
        gradient[a], gradient[b] = ga, gb
        for c in range(0, a + 1, 2):
            d = min(c + 1, b)
            ac, ad = information[a, c], information[a, d]
            bc, bd = information[b, c], information[b, d]
            for i in range(LANES):
                x, y = columns[c, i], columns[d, i]
                ac += first[i] * x
                ad += first[i] * y
                bc += second[i] * x
                bd += second[i] * y
            information[a, c], information[a, d] = ac, ad
            information[b, c], information[b, d] = bc, bd
