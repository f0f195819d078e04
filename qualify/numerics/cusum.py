"""A running alarm: sums of wins foretold less wins seen that begin anew at zero, and their limits."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from qualify.numerics.blocks import Matrix, Vector


class Watch(NamedTuple):
    """Running sums after each deal, (..., n): for fewer wins than foretold, and for more."""

    fewer: Matrix
    more: Matrix


def allowances(chance: Vector, odds_ratio: float) -> tuple[Vector, Vector]:
    """Return what is taken off for each deal, on the side of fewer wins and of more.

    Half of what the win probability would change if the odds were divided, or multiplied, by `odds_ratio`:
    the allowance at which a sum of this kind finds that change soonest (Page 1954).
    """
    odds = chance / np.maximum(1.0 - chance, 1e-12)
    lower, higher = (changed / (1.0 + changed) for changed in (odds / odds_ratio, odds * odds_ratio))
    return (chance - lower) / 2.0, (higher - chance) / 2.0


def watch(chance: Matrix, outcome: Matrix, odds_ratio: float) -> Watch:
    """Run both sums along the deals.

    Parameters
    ----------
    chance, outcome : ndarray, shape (..., n)
        Win probabilities in use, and 1 for won, deals in the order of closing.
    odds_ratio : float
        Above 1: the change to be found soonest.

    Returns
    -------
    Watch
        ``max(0, S + (p − y) − k)`` and ``max(0, S + (y − p) − k)``, deal by deal.

    References
    ----------
    Page, E. S. (1954). Continuous inspection schemes. Biometrika 41, 100-115. Steiner, S. H., Cook, R. J.,
    Farewell, V. T. & Treasure, T. (2000). Monitoring surgical performance using risk-adjusted cumulative sum
    charts. Biostatistics 1, 441-452.
    """
    chance, outcome = np.broadcast_arrays(chance, outcome)
    less, greater = allowances(chance, odds_ratio)
    fewer, more = np.empty(chance.shape), np.empty(chance.shape)
    low, high = np.zeros(chance.shape[:-1]), np.zeros(chance.shape[:-1])
    for i in range(chance.shape[-1]):
        beyond = chance[..., i] - outcome[..., i]
        low = np.maximum(0.0, low + beyond - less[..., i])
        high = np.maximum(0.0, high - beyond - greater[..., i])
        fewer[..., i], more[..., i] = low, high
    return Watch(fewer, more)


def limits_of(drawn: Watch, alarms: float) -> tuple[float, float]:
    """Return the limits that simulated runs pass, on either side, in half of a share `alarms` of runs.

    Parameters
    ----------
    drawn : Watch
        Sums of simulated runs in which nothing has changed, (B, n).
    alarms : float
        Share of runs, in (0, 1), that may raise an alarm at all.
    """
    ends = [np.quantile(side.max(axis=-1), 1.0 - alarms / 2.0, method="higher") for side in drawn]
    return float(ends[0]), float(ends[1])
