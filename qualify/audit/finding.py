"""One finding of the audit, and the test of whether groups of deals differ in their win rate."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import chi2_contingency

Severity = Literal["stop", "warn", "note"]
SEVERITIES: tuple[Severity, ...] = ("stop", "warn", "note")
EVERYWHERE = "all deals"
LEAST_EXPECTED = 5.0  # Cochran's rule for the chi-square test


class Finding(NamedTuple):
    """What was found, where, on how many deals, why it matters and what to do about it."""

    severity: Severity
    what: str
    where: str
    deals: int
    why: str
    mend: str


def tally(labels: pd.Series[str], won: pd.Series[bool]) -> pd.DataFrame:
    """Count deals and wins per label, labels sorted; deals without a label do not count.

    Parameters
    ----------
    labels : Series of str
        The group of each deal, missing where it has none.
    won : Series of bool
        Aligned with it.

    Returns
    -------
    DataFrame
        Indexed by label: n, won.
    """
    there = labels.notna().to_numpy()
    grouped = won.to_numpy()[there], labels[there].astype(str).to_numpy()
    frame = pd.DataFrame({"won": grouped[0].astype(int), "label": grouped[1]})
    counts = frame.groupby("label")["won"].agg(["size", "sum"])
    return counts.set_axis(["n", "won"], axis=1).rename_axis(None)


def heterogeneity(counts: pd.DataFrame, *, in_order: bool) -> tuple[float, int]:
    """Test whether win rates differ between groups, by Pearson's chi-square.

    Parameters
    ----------
    counts : DataFrame
        Indexed by group: n, won.
    in_order : bool
        Whether the groups have an order: one too small for the test then joins the next; else the small
        ones are left out.

    Returns
    -------
    p_value : float
        NaN where fewer than two groups are large enough.
    groups : int
        How many were compared.
    """
    sizes = counts[["won", "n"]].to_numpy(dtype=np.float64)
    share = sizes[:, 0].sum() / max(sizes[:, 1].sum(), 1.0)
    fewest = LEAST_EXPECTED / max(min(share, 1 - share), 1e-12)
    kept = _merged(sizes, fewest) if in_order else sizes[sizes[:, 1] >= fewest]
    table = np.column_stack([kept[:, 0], kept[:, 1] - kept[:, 0]])
    if len(kept) < 2 or not table.sum(axis=0).all():
        return np.nan, len(kept)
    return float(chi2_contingency(table, correction=False).pvalue), len(kept)


def _merged(sizes: NDArray[np.float64], fewest: float) -> NDArray[np.float64]:
    """Join neighbours until each group has `fewest` deals; what is left at the end joins the last."""
    groups: list[NDArray[np.float64]] = []
    held = np.zeros(2)
    for row in sizes:
        held = held + row
        if held[1] >= fewest:
            groups.append(held)
            held = np.zeros(2)
    if groups:
        groups[-1] = groups[-1] + held
    return np.array(groups).reshape(-1, 2)
