"""Rates over data sets with their Monte Carlo intervals, and when a rate falls short."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from scipy.stats import norm, t

MONTE_CARLO_LEVEL = 0.99
COVERAGE_BAND = (0.93, 0.97)
Z = float(norm.ppf((1 + MONTE_CARLO_LEVEL) / 2))
Standing = Literal["good", "low", "high", "open"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A share of cases with its 99 % Monte Carlo interval.

    Attributes
    ----------
    value, low, high : float
        In [0, 1]; NaN without cases.
    cases : int
        Intervals, tests or verdicts counted.
    data_sets : int
        Data sets they come from.
    """

    value: float
    low: float
    high: float
    cases: int
    data_sets: int


def rate(hits: pd.Series[float], cases: pd.Series[float]) -> Rate:
    """Share of cases that hit, where one data set may bring several that go together.

    Wilson's interval for as many independent cases as would vary as much: the variance is that of a ratio of
    sums over data sets. With one case a data set, it is Wilson's interval as it stands.
    """
    there = cases.notna() & (cases > 0) & hits.notna()
    x, m = hits[there].to_numpy(float), cases[there].to_numpy(float)
    if not len(m):
        return Rate(value=np.nan, low=np.nan, high=np.nan, cases=0, data_sets=0)
    p = float(x.sum() / m.sum())
    variance = float(((x - p * m) ** 2).sum() / m.sum() ** 2)
    # All alike, data sets count as one case each.
    effective = p * (1 - p) / variance if variance > 0 else float(len(m))
    low, high = wilson(p, effective)
    return Rate(value=p, low=low, high=high, cases=round(m.sum()), data_sets=len(m))


def wilson(p: float, n: float) -> tuple[float, float]:
    """Wilson's interval at the Monte Carlo level."""
    middle = (p + Z**2 / (2 * n)) / (1 + Z**2 / n)
    half = Z / (1 + Z**2 / n) * np.sqrt(p * (1 - p) / n + Z**2 / (4 * n**2))
    return max(0.0, float(middle - half)), min(1.0, float(middle + half))


def covered(sides: pd.Series[float]) -> Rate:
    """Share of the intervals that cover the truth, from facts -1, 0, 1 and none."""
    return rate((sides == 0).astype(float), sides.notna().astype(float))


def mean_difference(values: pd.Series[float]) -> Rate:
    """Mean with its 99 % Monte Carlo interval; not a share, but shown alike."""
    there = values.dropna().to_numpy(float)
    n = len(there)
    if n < 2:
        return Rate(value=np.nan, low=np.nan, high=np.nan, cases=n, data_sets=n)
    half = float(t.ppf((1 + MONTE_CARLO_LEVEL) / 2, n - 1) * there.std(ddof=1) / np.sqrt(n))
    value = float(there.mean())
    return Rate(value=value, low=value - half, high=value + half, cases=n, data_sets=n)


def stands(found: Rate, low: float = 0.0, high: float = 1.0) -> Standing:
    """Hold a rate against what it should be: `low` and `high` where its whole interval lies outside.

    "open" where the interval lies partly outside and the rate itself does: more data sets would tell.
    """
    if not found.cases:
        return "good"
    if found.high < low:
        return "low"
    if found.low > high:
        return "high"
    return "good" if low <= found.value <= high else "open"
