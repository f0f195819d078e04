"""Stability of criteria: how often resamples keep a characteristic, with its sign, or another instead."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from qualify.criteria.refine import Refined
from qualify.deals import Deals

# A characteristic that fewer resamples keep, or drop, says nothing of what is kept in its place.
FEWEST_EITHER_WAY = 10
# Correlation of being kept below which one stands in for another, and its least size in standard errors.
STANDS_IN, CLEARLY = -0.25, 3.0


def stability_table(deals: Deals, refined: Refined) -> pd.DataFrame:
    """How often resamples of the deals keep each characteristic, with the same sign, or another instead."""
    trained, width = refined.trained, refined.trained.points.shape[1]
    counts = np.array([np.bincount(codes, minlength=width) for codes in refined.sample.items.codes.T])
    final = trained.points - _mean(trained.points, counts)
    drawn = np.array([draw.points for draw in refined.estimate.draws]).reshape(-1, *trained.points.shape)
    keeps = np.ptp(drawn, axis=2) > 0
    partners = stand_ins(keeps)
    rows = []
    for c, name in enumerate(deals.survey.names):
        about_mean = [
            points[c : c + 1] - _mean(points[c : c + 1], counts[[c]]) for points in drawn[keeps[:, c]]
        ]
        way = [float(np.sum(counts[c] * final[c] * points)) for points in about_mean]
        in_final = bool(trained.points[c].any())
        agreement = float(np.mean(np.array(way) > 0)) if way and in_final else np.nan
        share = float(keeps[:, c].mean()) if len(drawn) else np.nan
        instead = deals.survey.names[partners[c]] if partners[c] >= 0 else ""
        rows.append((name, share, agreement, in_final, instead))
    table = pd.DataFrame(rows, columns=["characteristic", "inclusion", "sign_agreement", "kept", "instead"])
    return table.sort_values(["kept", "inclusion"], ascending=False, kind="stable").reset_index(drop=True)


def stand_ins(keeps: NDArray[np.bool_]) -> list[int]:
    """For each characteristic, the one that resamples keep in its place: −1 where none clearly does.

    Two that say the same are seldom kept together: the correlation of being kept is clearly negative.

    Parameters
    ----------
    keeps : ndarray, shape (draws, characteristics)
        Whether each resample keeps each characteristic.

    Returns
    -------
    list of int
        Positions.
    """
    draws, characteristics = keeps.shape
    either_way = np.minimum(keeps.sum(axis=0), draws - keeps.sum(axis=0))
    often = np.flatnonzero(either_way >= FEWEST_EITHER_WAY)
    partners = [-1] * characteristics
    if often.size < 2:
        return partners
    together: NDArray[np.float64] = np.atleast_2d(np.corrcoef(keeps[:, often].T.astype(np.float64)))
    for place, c in enumerate(often):
        least = int(np.argmin(together[place]))
        if together[place, least] <= min(STANDS_IN, -CLEARLY / np.sqrt(draws)):
            partners[int(c)] = int(often[least])
    return partners


def _mean(points: Any, counts: Any) -> Any:
    return (points * counts).sum(axis=1, keepdims=True) / counts.sum(axis=1, keepdims=True)
