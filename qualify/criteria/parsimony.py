"""How many questions are enough: honest performance by their number, and what those left out would add."""

from __future__ import annotations

import numpy as np
import pandas as pd

from qualify._support.json_tables import Columns, table_of
from qualify.criteria.refine import Refined
from qualify.deals import Deals
from qualify.formatting.wording import counted, pairs
from qualify.numerics.metrics import auc, log_losses, paired_difference
from qualify.numerics.subset_size import ENOUGH, losses_added, thinned

SIZE_COLUMNS: Columns = {
    "characteristics": int,
    "kept": str,
    "auc": float,
    "brier": float,
    "log_loss": float,
    "worse_by": float,
    "worse_low": float,
    "worse_high": float,
    "in_use": bool,
}
LEFT_OUT_COLUMNS: Columns = {"characteristic": str, "adds": float, "adds_low": float, "adds_high": float}


def parsimony_table(deals: Deals, refined: Refined, level: float) -> pd.DataFrame:
    """Tabulate performance on unseen deals by the number of characteristics, beside the best number.

    Parameters
    ----------
    deals : Deals
        The closed deals.
    refined : Refined
        Their points, and the sizes that were tried.
    level : float
        Of the intervals.

    Returns
    -------
    DataFrame
        `Criteria.parsimony`.
    """
    sizes, outcome, weights = refined.sizes, refined.sizes.sample.outcome, refined.sizes.sample.weights
    # Without questions there is the win rate of the other deals.
    rate = (weights @ outcome - weights * outcome) / (weights.sum() - weights)
    chances = np.concatenate([np.broadcast_to(rate, (1, *sizes.chance.shape[1:])), sizes.chance])
    losses = log_losses(chances.swapaxes(0, 1), outcome)
    best = int(np.average(losses, axis=1, weights=weights).argmin())
    names = np.array(deals.survey.names, dtype=object)
    kept = np.vstack([np.zeros_like(sizes.kept[:1]), sizes.kept])
    used = min(refined.recipe.most, len(sizes.kept)) if refined.trained.points.any() else 0
    rows: list[tuple[object, ...]] = []
    for k, chance in enumerate(chances):
        rows.append(
            (
                k,
                "; ".join(names[kept[k]]),
                float(np.mean([auc(one, outcome, weights) for one in chance])) if k else 0.5,
                float(np.average(((chance - outcome) ** 2).mean(axis=0), weights=weights)),
                float(np.average(losses[k], weights=weights)),
                *paired_difference(losses[k], losses[best], sizes.sample.unit, level, weights),
                k == used,
            )
        )
    return table_of(rows, SIZE_COLUMNS)


def left_out_table(deals: Deals, refined: Refined, level: float, rng: np.random.Generator) -> pd.DataFrame:
    """Tabulate what each characteristic that earns no points would add on unseen deals.

    Parameters
    ----------
    deals : Deals
        The closed deals.
    refined : Refined
        Their points.
    level : float
        Of the intervals.
    rng : numpy.random.Generator
        Source of chance.

    Returns
    -------
    DataFrame
        `Criteria.left_out`; no rows where nothing earns points.
    """
    use = np.asarray(refined.trained.points.any(axis=1))
    if not use.any():
        return table_of([], LEFT_OUT_COLUMNS)
    sample = thinned(refined.sample, ENOUGH, rng)
    losses = losses_added(sample, use, refined.recipe.fewest, rng)
    rows = [
        (
            deals.survey.names[c],
            *paired_difference(losses[0], losses[1 + c], sample.unit, level, sample.weights),
        )
        for c in np.flatnonzero(~use)
    ]
    table = table_of(rows, LEFT_OUT_COLUMNS)
    return table.sort_values("adds", ascending=False, kind="stable").reset_index(drop=True)


def what_more_would_do(sizes: pd.DataFrame, level: float) -> str:
    """Say what the best number of characteristics would do, where it is not in use.

    Parameters
    ----------
    sizes : DataFrame
        `Criteria.parsimony`.
    level : float
        Of the intervals.

    Returns
    -------
    str
        A sentence and a space; empty where there is nothing to say.
    """
    best = sizes[sizes["log_loss"] == sizes["log_loss"].min()]
    if best.empty or bool(best["in_use"].iloc[0]) or int(best["characteristics"].iloc[0]) == 0:
        return ""
    most, share = best[["characteristics", "auc"]].iloc[0]
    told = pairs(float(share), np.nan, np.nan, level=level)
    return f"Up to {counted(int(most), 'characteristic')} would put {told}. "
