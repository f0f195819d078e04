"""Dividing deals into folds: groups kept whole, won and lost spread evenly."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qualify.numerics.compiled import compiled_entry


def assign_folds(
    group: NDArray[np.int64],
    outcome: NDArray[np.float64],
    weights: NDArray[np.float64],
    folds: int,
    order: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Fold of each deal: groups are kept whole, won and lost deals spread evenly.

    Groups (numbered from 0) come in the given random `order`, larger ones first; each goes to the fold where
    it adds least to the unevenness of won and of lost deals.
    """
    size = np.bincount(group, weights=weights, minlength=order.size)
    return deal_groups(group, outcome, weights, folds, order[np.argsort(-size[order], kind="stable")])


@compiled_entry
def deal_groups(
    group: NDArray[np.int64],
    outcome: NDArray[np.float64],
    weights: NDArray[np.float64],
    folds: int,
    order: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Deal the groups out in the order given."""
    groups = order.size
    won = np.zeros(groups)
    lost = np.zeros(groups)
    for i in range(group.size):
        won[group[i]] += weights[i] * outcome[i]
        lost[group[i]] += weights[i] * (1.0 - outcome[i])
    won_in = np.zeros(folds)
    lost_in = np.zeros(folds)
    fold_of = np.zeros(groups, dtype=np.int64)
    shift = order[0] % folds
    for g in order:
        best = -1
        least = np.inf
        for k in range(folds):
            f = (k + shift) % folds
            cost = won[g] * (2 * won_in[f] + won[g]) + lost[g] * (2 * lost_in[f] + lost[g])
            cost += 1e-6 * (won_in[f] + lost_in[f])
            if cost < least:
                least, best = cost, f
        fold_of[g] = best
        won_in[best] += won[g]
        lost_in[best] += lost[g]
    return fold_of[group]
