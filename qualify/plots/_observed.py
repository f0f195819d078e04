"""Observed win rates of deals grouped by score, and how many deals have each score."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from numpy.typing import NDArray

_GROUPS = 10
_SPIKES = 100


def win_rate_by_score(scores: pd.DataFrame, level: float) -> pd.DataFrame:
    """Group the deals by score and give each group's win rate with its Wilson interval.

    Parameters
    ----------
    scores : pandas.DataFrame
        Columns `score` and `won`, one row per deal.
    level : float
        Of the interval, in (0, 1).

    Returns
    -------
    pandas.DataFrame
        Columns score (the group's mean), n, won, win_rate, low, high.

    Notes
    -----
    At most ten groups of equal width between the 1st and the 99th percentile (every score for itself where
    there are no more than ten), joined from the left until each has at least 5 deals and 2.5 % of all.

    References
    ----------
    Wilson, E. B. (1927). Probable inference, the law of succession, and statistical inference. Journal of the
    American Statistical Association 22, 209-212.

    Examples
    --------
    >>> deals = pd.DataFrame({"score": [1] * 5 + [2] * 5, "won": [False] * 5 + [True] * 4 + [False]})
    >>> win_rate_by_score(deals, 0.95)[["score", "n", "win_rate"]].values.tolist()
    [[1.0, 5.0, 0.0], [2.0, 5.0, 0.8]]
    """
    known = scores[scores["score"].notna()]
    score, won = known["score"].to_numpy(dtype=float), known["won"].to_numpy(dtype=bool)
    group = _joined(_cut(score), least=max(5, len(score) // 40))
    rows: list[tuple[float, int, int, float, float, float]] = []
    for number in np.unique(group):
        mine = group == number
        n, wins = int(mine.sum()), int(won[mine].sum())
        rows.append((float(score[mine].mean()), n, wins, wins / n, *_wilson(wins, n, level)))
    return pd.DataFrame(rows, columns=["score", "n", "won", "win_rate", "low", "high"])


def spikes(scores: pd.DataFrame) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Count the deals won and lost at each score, as a rug that stays readable for any number of deals.

    Parameters
    ----------
    scores : pandas.DataFrame
        Columns `score` and `won`, one row per deal.

    Returns
    -------
    tuple of numpy.ndarray
        The scores (or the middles of 100 slices where there are more), deals won there, deals lost there.
    """
    known = scores[scores["score"].notna()]
    score, won = known["score"].to_numpy(dtype=float), known["won"].to_numpy(dtype=bool)
    places, at = np.unique(score, return_inverse=True)
    if len(places) > _SPIKES and len(score) > 3 * _SPIKES:
        edges = np.linspace(places[0], places[-1], _SPIKES + 1)
        at = np.clip(np.searchsorted(edges, score, side="right") - 1, 0, _SPIKES - 1)
        places = (edges[1:] + edges[:-1]) / 2
    wins = np.bincount(at[won], minlength=len(places)).astype(np.float64)
    losses = np.bincount(at[~won], minlength=len(places)).astype(np.float64)
    return places, wins, losses


def _cut(score: NDArray[np.float64]) -> NDArray[np.intp]:
    distinct, at = np.unique(score, return_inverse=True)
    if len(distinct) <= _GROUPS:
        return at
    low, high = np.quantile(score, [0.01, 0.99])
    return np.searchsorted(np.linspace(low, high, _GROUPS + 1)[1:-1], score, side="right")


def _joined(group: NDArray[np.intp], least: int) -> NDArray[np.intp]:
    numbers, counts = np.unique(group, return_counts=True)
    joined = np.zeros(len(numbers), dtype=np.intp)
    held = 0
    for place, count in enumerate(counts):
        if place and held >= least:
            joined[place:] += 1
            held = 0
        held += int(count)
    if held < least and joined.size and joined[-1] > 0:
        joined[joined == joined[-1]] -= 1
    return joined[np.searchsorted(numbers, group)]


def _wilson(won: int, n: int, level: float) -> tuple[float, float]:
    from scipy.stats import binomtest

    limits = binomtest(won, n).proportion_ci(confidence_level=level, method="wilson")
    return max(0.0, float(limits.low)), min(1.0, float(limits.high))
