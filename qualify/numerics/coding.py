"""From answers, held as small integers, to the columns of a model.

A deal's answer to one characteristic touches at most one column, so a row of the design has at most as many
entries as there are characteristics. Everything that depends on the data (which answers are pooled, the
reference, the mean that an unknown answer takes) is worked out from the deals in use, by their weights.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from qualify.numerics.compiled import compiled, compiled_entry, compiled_inline

NOMINAL, RANKED, NUMERIC = 0, 1, 2


class Items(NamedTuple):
    """What was answered: one integer per deal and characteristic, and what the integers mean.

    codes : (n, C) int32, the answer of each deal; `levels[c]` stands for unknown.
    kind : (C,) int8, NOMINAL, RANKED or NUMERIC.
    levels : (C,) int32, how many known answers there are.
    value : (C, L) float64, the number behind each known answer (NUMERIC), L = max(levels) + 1.
    reference : (C,) int32, the reference answer asked for, or −1 for the most frequent.
    """

    codes: NDArray[np.int32]
    kind: NDArray[np.int8]
    levels: NDArray[np.int32]
    value: NDArray[np.float64]
    reference: NDArray[np.int32]


class Coding(NamedTuple):
    """How answers become columns.

    column : (C, L) int32, the column an answer touches, or −1 for none (the reference).
    value : (C, L) float64, what it puts there.
    group : (C, L) int32, the answer it is pooled with (its own code where it stands alone).
    first : (C + 1,) int32, the first column of each characteristic; the last entry is their number.
    """

    column: NDArray[np.int32]
    value: NDArray[np.float64]
    group: NDArray[np.int32]
    first: NDArray[np.int32]


class Coded(NamedTuple):
    """Deals and the coding of their answers, with outcomes (n,) and weights (n,; 0 leaves a deal out)."""

    items: Items
    coding: Coding
    outcome: NDArray[np.float64]
    weights: NDArray[np.float64]


@compiled_entry
def count_answers(items: Items, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weighted number of deals per characteristic and answer, (C, L)."""
    n, characteristics = items.codes.shape
    counts = np.zeros(items.value.shape)
    for i in range(n):
        if weights[i] > 0:
            for c in range(characteristics):
                # Unsigned: a signed index is first asked whether it counts from the end, which costs as much.
                counts[c, np.uint64(items.codes[i, c])] += weights[i]
    return counts


@compiled
def pool_answers(
    counts: NDArray[np.float64], kind: int, levels: int, reference: int, fewest: float
) -> NDArray[np.int32]:
    """For each answer, the answer that stands for it; where several groups are left, each has `fewest` deals.

    Rare RANKED answers join the next higher one (the last joins the one below); rare NOMINAL answers form
    one "other" group, or join the reference where that group or the reference itself is rare; a rare unknown
    is marked −1.
    """
    group = np.arange(counts.size).astype(np.int32)
    if kind == NOMINAL:
        _pool_nominal(group, counts, levels, reference, fewest)
    elif kind == RANKED:
        _pool_ranked(group, counts, levels, fewest)
    if counts[levels] < fewest:
        group[levels] = -1
    return group


@compiled
def _pool_nominal(
    group: NDArray[np.int32], counts: NDArray[np.float64], levels: int, reference: int, fewest: float
) -> None:
    rare = 0.0
    stand_in = -1
    for a in range(levels):
        if counts[a] < fewest and a != reference:
            rare += counts[a]
            stand_in = a if stand_in < 0 else stand_in
    for a in range(levels):
        if counts[a] < fewest and a != reference:
            group[a] = stand_in if min(rare, counts[reference]) >= fewest else reference


@compiled
def _pool_ranked(group: NDArray[np.int32], counts: NDArray[np.float64], levels: int, fewest: float) -> None:
    leader = 0
    held = 0.0
    previous = 0
    for a in range(levels):
        group[a] = leader
        held += counts[a]
        if held >= fewest:
            previous, leader, held = leader, a + 1, 0.0
    for a in range(leader, levels):
        group[a] = previous


@compiled_entry
def code_answers(items: Items, weights: NDArray[np.float64], fewest: float) -> Coding:
    """Work out pooling, references, means and columns from the deals in use."""
    return code_counted(items, count_answers(items, weights), fewest)


@compiled
def code_counted(items: Items, counts: NDArray[np.float64], fewest: float) -> Coding:
    """Do the same from how many of them gave each answer."""
    characteristics, width = counts.shape
    column = np.full((characteristics, width), -1, dtype=np.int32)
    value = np.zeros((characteristics, width))
    group = np.zeros((characteristics, width), dtype=np.int32)
    first = np.zeros(characteristics + 1, dtype=np.int32)
    used = 0
    for c in range(characteristics):
        first[c] = used
        levels = items.levels[c]
        reference = items.reference[c]
        known = counts[c, :levels].sum()
        if levels > 0 and (reference < 0 or counts[c, reference] < fewest):
            reference = np.argmax(counts[c, :levels])
        pooled = pool_answers(counts[c], items.kind[c], levels, reference, fewest)
        for a in range(width):
            group[c, a] = pooled[a]
        if items.kind[c] == NOMINAL:
            used = _code_nominal(column[c], value[c], group[c], levels, reference, used)
        else:
            numbers = _numbers(items.value[c], group[c], items.kind[c], levels)
            used = _code_numeric(column[c], value[c], counts[c], numbers, levels, used)
        # Where nothing else was answered, unknown would be a second intercept.
        if group[c, levels] == levels and known > 0:
            column[c, levels], value[c, levels] = used, 1.0
            used += 1
        else:
            group[c, levels] = reference if items.kind[c] == NOMINAL and known > 0 else levels
    first[characteristics] = used
    return Coding(column, value, group, first)


@compiled
def _code_nominal(
    column: NDArray[np.int32],
    value: NDArray[np.float64],
    group: NDArray[np.int32],
    levels: int,
    reference: int,
    used: int,
) -> int:
    for a in range(levels):
        if group[a] == reference:
            continue
        if group[a] == a:
            column[a] = used
            used += 1
        value[a] = 1.0
    for a in range(levels):
        if group[a] != reference:
            column[a] = column[group[a]]
    return used


@compiled_inline
def _numbers(
    value: NDArray[np.float64], group: NDArray[np.int32], kind: int, levels: int
) -> NDArray[np.float64]:
    """Return the number of each known answer: its own, or its rank among the groups that were kept apart."""
    numbers = value[:levels].copy()
    if kind == RANKED:
        rank = -1.0
        for a in range(levels):
            if group[a] == a:
                rank += 1.0
            numbers[a] = rank
    return numbers


@compiled
def _code_numeric(
    column: NDArray[np.int32],
    value: NDArray[np.float64],
    counts: NDArray[np.float64],
    numbers: NDArray[np.float64],
    levels: int,
    used: int,
) -> int:
    known = 0.0
    mean = 0.0
    lowest, highest = np.inf, -np.inf
    for a in range(levels):
        known += counts[a]
        mean += counts[a] * numbers[a]
        if counts[a] > 0:
            lowest, highest = min(lowest, numbers[a]), max(highest, numbers[a])
    if not lowest < highest:
        return used
    mean /= known
    spread = 0.0
    for a in range(levels):
        spread += counts[a] * (numbers[a] - mean) ** 2
    # Numbers differ or not, whatever their unit; only squares that floats cannot hold are no use.
    if not 0.0 < spread < np.inf:
        return used
    for a in range(levels):
        column[a] = used
        value[a] = numbers[a] - mean
    return used + 1


def settle_unseen(
    values: NDArray[np.float64], items: Items, counts: NDArray[np.float64], fewest: float
) -> NDArray[np.float64]:
    """Give NOMINAL answers that (nearly) no deal gave what an average known answer has.

    `values` (C, L) are effects or points of the answers. A rare unknown, which the fit pools with the
    reference, gets the mean of the known answers by how many deals gave each; a known answer that no deal
    gave counts as unknown.
    """
    settled = values.copy()
    for c in np.flatnonzero(items.kind == NOMINAL):
        levels = items.levels[c]
        given = counts[c, :levels]
        if not given.sum():
            continue
        if counts[c, levels] < fewest:
            settled[c, levels] = np.average(values[c, :levels], weights=given)
        settled[c, :levels][given == 0] = settled[c, levels]
    return settled


def dense_design(items: Items, coding: Coding) -> NDArray[np.float64]:
    """Return the design as an ordinary matrix, intercept first, (n, p + 1)."""
    n, characteristics = items.codes.shape
    design = np.zeros((n, int(coding.first[-1]) + 1))
    design[:, 0] = 1.0
    rows = np.arange(n)
    for c in range(characteristics):
        column = coding.column[c, items.codes[:, c]]
        touched = column >= 0
        design[rows[touched], column[touched] + 1] = coding.value[c, items.codes[touched, c]]
    return design
