"""What pursuing only the likelier deals would have done: shares, wins and effort, and net benefit."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from qualify.numerics.blocks import Vector


class Past(NamedTuple):
    """Closed deals as they came out.

    outcome : (n,), 1 won, 0 lost. value, effort : (n,), what a win is worth, and what pursuing took.
    """

    outcome: Vector
    value: Vector
    effort: Vector


def effects(past: Past, pursued: NDArray[np.bool_], times: Vector) -> Vector:
    """Shares of deals pursued, of wins, of their value and of effort kept, (4,); NaN for a share of nothing.

    Parameters
    ----------
    past : Past
        The deals.
    pursued : ndarray of bool, shape (n,)
        Which would have been pursued.
    times : ndarray, shape (n,)
        How often each deal counts.
    """
    counted = times * np.stack([np.ones_like(times), past.outcome, past.outcome * past.value, past.effort])
    wholes = counted.sum(axis=1)
    parts = counted[:, pursued].sum(axis=1)
    return np.asarray(np.divide(parts, wholes, out=np.full(4, np.nan), where=wholes > 0))


def net_benefit(chance: Vector, outcome: Vector, times: Vector, thresholds: Vector) -> Vector:
    """Net benefit of pursuing deals from each win probability on, in wins per deal, (T,).

    ``NB(t) = (TP − FP · t/(1 − t)) / n``: a lost deal pursued costs what the odds at t say a win is worth
    (Vickers & Elkin 2006).

    References
    ----------
    Vickers, A. J. & Elkin, E. B. (2006). Decision curve analysis. Medical Decision Making 26, 565-574.
    """
    order = np.argsort(-chance, kind="stable")
    wins = np.concatenate([[0.0], np.cumsum((times * outcome)[order])])
    losses = np.concatenate([[0.0], np.cumsum((times * (1.0 - outcome))[order])])
    pursued = np.searchsorted(-chance[order], -thresholds, side="right")
    odds = thresholds / (1.0 - thresholds)
    return np.asarray((wins[pursued] - losses[pursued] * odds) / times.sum(), dtype=np.float64)


def net_benefit_of_all(outcome: Vector, times: Vector, thresholds: Vector) -> Vector:
    """Net benefit of pursuing every deal at each threshold, (T,)."""
    rate = float((times * outcome).sum() / times.sum())
    return np.asarray(rate - (1.0 - rate) * thresholds / (1.0 - thresholds), dtype=np.float64)
