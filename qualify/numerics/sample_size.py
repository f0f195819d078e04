"""How many deals it takes to learn a prediction of so many parameters (Riley et al. 2019, 2020)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

# Shrinkage that a prediction may need, and how far its R² and mean may be off.
SHRINKAGE, OFF = 0.9, 0.05
# Where little is known of how much can be explained, this share of the largest possible R² is assumed.
ASSUMED = 0.15


class SampleSize(NamedTuple):
    """Deals for a shrinkage of at least 0.9, for an R² at most 0.05 off, and for the win rate."""

    shrinkage: int
    optimism: int
    win_rate: int

    @property
    def needed(self) -> int:
        """The largest of the three."""
        return max(self)


def largest_r2(win_rate: float) -> float:
    """Return the largest Cox-Snell R² that deals of this win rate allow."""
    return float(1.0 - (win_rate**win_rate * (1.0 - win_rate) ** (1.0 - win_rate)) ** 2)


def riley_sizes(parameters: int, r2: float, win_rate: float) -> SampleSize:
    """Work out the deals needed to learn a prediction.

    Parameters
    ----------
    parameters : int
        Coefficients besides the intercept.
    r2 : float
        Cox-Snell R² expected of it, in (0, 1).
    win_rate : float
        Share of deals won, in (0, 1).

    Returns
    -------
    SampleSize
        ``p / ((S − 1) ln(1 − R²/S))`` with S = 0.9; the same with S = R²/(R² + 0.05 · R²max); and
        ``(1.96/0.05)² φ(1 − φ)``; each rounded up.

    References
    ----------
    Riley, R. D. et al. (2019). Minimum sample size for developing a multivariable prediction model: part II.
    Statistics in Medicine 38, 1276-1296. Riley, R. D. et al. (2020). Calculating the sample size required for
    developing a clinical prediction model. BMJ 368, m441.
    """
    most = largest_r2(win_rate)
    found = min(r2, 0.999 * most)

    def deals(shrinkage: float) -> int:
        # A shrinkage below R² itself cannot be: the first criterion is then the stricter one by far.
        if found >= shrinkage:
            return 0
        return int(np.ceil(parameters / ((shrinkage - 1.0) * np.log(1.0 - found / shrinkage)) - 1e-9))

    off = found / (found + OFF * most)
    by_rate = int(np.ceil((1.96 / OFF) ** 2 * win_rate * (1.0 - win_rate) - 1e-9))
    return SampleSize(deals(SHRINKAGE), deals(off), by_rate)


def expected_r2(log_loss: float, win_rate: float) -> float:
    """Cox-Snell R² of a prediction from its log loss on deals it has not seen; at least 15 % of the largest.

    Parameters
    ----------
    log_loss : float
        Mean over deals.
    win_rate : float
        Of the same deals, in (0, 1).

    Returns
    -------
    float
        ``1 − exp(−2(ℓ − ℓ₀)/n)``.
    """
    nothing = -(win_rate * np.log(win_rate) + (1.0 - win_rate) * np.log(1.0 - win_rate))
    return float(max(1.0 - np.exp(-2.0 * (nothing - log_loss)), ASSUMED * largest_r2(win_rate)))
