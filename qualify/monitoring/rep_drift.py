"""Reps: how generously each answers, told by deals that ended alike, and how that moved."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm

from qualify.criteria.model import Criteria
from qualify.deals import Deals
from qualify.deals.design import as_floats
from qualify.factors.verdicts import q_values
from qualify.numerics.blocks import Vector

REP_COLUMNS = [
    *("rep", "n_then", "n", "generosity_then", "generosity", "generosity_low", "generosity_high"),
    *("moved", "moved_low", "moved_high", "p_value", "q_value"),
]
# Fewer deals say nothing of how a rep answers.
FEWEST = 5


def rep_table(criteria: Criteria, deals: Deals, history: Deals | None, level: float) -> pd.DataFrame:
    """Compare how generously each rep answers in two periods.

    Parameters
    ----------
    criteria : Criteria
        Whose points tell how good an answer is.
    deals : Deals
        The new deals.
    history : Deals, optional
        The earlier ones, with their reps.
    level : float
        Of the intervals.

    Returns
    -------
    DataFrame
        `Recalibration.reps`.

    Notes
    -----
    Generosity is the rep's coefficient in a least-squares fit of the score on the outcome and on being the
    rep's deal: points above what the other reps give to deals that ended alike. Its error is the
    heteroscedasticity-consistent one (HC3; MacKinnon & White 1985). A rep who wins more is not generous for
    that; one whose points rise while wins do not is.
    """
    if "rep" not in deals.closed:
        return _typed([])
    periods = {"now": deals}
    if history is not None and "rep" in history.closed:
        periods["then"] = history
    known = {name: _known(criteria, one) for name, one in periods.items()}
    z = float(norm.ppf(0.5 + level / 2))
    rows: list[tuple[object, ...]] = []
    for rep in sorted({*known["now"][0]} - {""}):
        now, error, n = _generosity(*known["now"], rep)
        then, error_then, n_then = (
            _generosity(*known["then"], rep) if "then" in known else (np.nan, np.nan, 0)
        )
        moved, half = now - then, z * float(np.hypot(error, error_then))
        p_value = float(2 * norm.sf(abs(moved) / np.hypot(error, error_then)))
        interval = (now - z * error, now + z * error)
        rows.append(
            (rep, n_then, n, then, now, *interval, moved, moved - half, moved + half, p_value, np.nan)
        )
    table = _typed(rows)
    table["q_value"] = q_values(table["p_value"])
    return table


def _typed(rows: list[tuple[object, ...]]) -> pd.DataFrame:
    kinds = dict.fromkeys(REP_COLUMNS, "float64") | {"rep": "str", "n_then": "int64", "n": "int64"}
    return pd.DataFrame(rows, columns=REP_COLUMNS).astype(kinds)


def _known(criteria: Criteria, deals: Deals) -> tuple[NDArray[np.object_], Vector, Vector]:
    """Rep ("" where not known), score and outcome of every deal."""
    rep = deals.closed["rep"].astype("string").fillna("").to_numpy(dtype=object)
    return np.asarray(rep, dtype=object), as_floats(criteria.score(deals.answers)), as_floats(deals.won)


def _generosity(rep: NDArray[np.object_], score: Vector, won: Vector, name: str) -> tuple[float, float, int]:
    """Points that a rep gives above others, their standard error, and the rep's deals."""
    mine = rep == name
    n = int(mine.sum())
    if n < FEWEST or int((~mine).sum()) < FEWEST:
        return np.nan, np.nan, n
    columns = [np.ones(score.size), mine.astype(np.float64)]
    design = np.column_stack([*columns, won] if 0 < won.sum() < won.size else columns)
    if np.linalg.matrix_rank(design) < design.shape[1]:
        return np.nan, np.nan, n
    inverse = np.linalg.inv(design.T @ design)
    beta = inverse @ design.T @ score
    lever = np.einsum("ni,ij,nj->n", design, inverse, design)
    residual = (score - design @ beta) / np.maximum(1.0 - lever, 1e-9)
    covariance = inverse @ (design.T * residual**2) @ design @ inverse
    return float(beta[1]), float(np.sqrt(covariance[1, 1])), n


__all__ = ["REP_COLUMNS", "rep_table"]
