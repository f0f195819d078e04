"""How strongly two characteristics go together, and which form one cluster."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components
from scipy.stats import chi2_contingency, spearmanr

from qualify.numerics.coding import NOMINAL, Items


def cramers_v(first: NDArray[np.int32], second: NDArray[np.int32]) -> float:
    """Bias-corrected Cramér's V of two codings, in [0, 1] (Bergsma 2013).

    ``V² = max(0, χ²/n − (r−1)(c−1)/(n−1)) / min(r̃ − 1, c̃ − 1)`` with ``r̃ = r − (r−1)²/(n−1)``.

    References
    ----------
    Bergsma, W. (2013). A bias-correction for Cramér's V and Tschuprow's T. Journal of the Korean
    Statistical Society 42, 323–328.
    """
    rows, row = np.unique(first, return_inverse=True)
    columns, column = np.unique(second, return_inverse=True)
    r, c, n = len(rows), len(columns), first.size
    if min(r, c) < 2 or n < 2:
        return 0.0
    table = np.bincount(row * c + column, minlength=r * c).reshape(r, c)
    phi2 = chi2_contingency(table, correction=False).statistic / n
    corrected = max(0.0, float(phi2) - (r - 1) * (c - 1) / (n - 1))
    smaller = min(r - (r - 1) ** 2 / (n - 1), c - (c - 1) ** 2 / (n - 1)) - 1
    return float(np.sqrt(min(1.0, corrected / smaller))) if smaller > 0 else 0.0


def association(items: Items, first: int, second: int) -> float:
    """Strength of association among deals where both answers are known: |Spearman's ρ| or Cramér's V.

    ρ for two rated or ranked characteristics, bias-corrected V where either has no order.
    """
    known = (items.codes[:, first] < items.levels[first]) & (items.codes[:, second] < items.levels[second])
    a, b = items.codes[known, first], items.codes[known, second]
    if items.kind[first] == NOMINAL or items.kind[second] == NOMINAL:
        return cramers_v(_few(items, first, a), _few(items, second, b))
    if a.size < 3 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return 0.0
    return abs(float(spearmanr(a, b).statistic))


def _few(items: Items, c: int, codes: NDArray[np.int32]) -> NDArray[np.int32]:
    """Cut a rated characteristic into at most five ranges, so that its tables are not all empty cells."""
    if items.kind[c] == NOMINAL or np.unique(codes).size <= 5:
        return codes
    edges = np.unique(np.quantile(codes, [0.2, 0.4, 0.6, 0.8]))
    return np.searchsorted(edges, codes, side="right").astype(np.int32)


def associations(items: Items) -> NDArray[np.float64]:
    """Symmetric matrix of associations between characteristics, zero on the diagonal, (C, C)."""
    size = items.kind.size
    strength = np.zeros((size, size))
    for a in range(size):
        for b in range(a):
            strength[a, b] = strength[b, a] = association(items, a, b)
    return strength


def clusters(linked: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the number of the cluster (connected component) of each characteristic."""
    return np.asarray(connected_components(linked, directed=False)[1], dtype=np.int64)
