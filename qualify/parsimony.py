"""How many questions are enough: honest performance by their number, and what those left out would add."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import norm

from qualify.deals import Deals
from qualify.numerics.metrics import auc, log_losses, mean_with_error
from qualify.numerics.sizes import ENOUGH, losses_added, thinned
from qualify.refining import Refined
from qualify.tables.wording import counted, pairs

SIZE_COLUMNS = {
    "characteristics": "int64",
    "kept": "str",
    "auc": "float64",
    "brier": "float64",
    "log_loss": "float64",
    "worse_by": "float64",
    "worse_low": "float64",
    "worse_high": "float64",
    "in_use": "bool",
}
LEFT_OUT_COLUMNS = {"characteristic": "str", "adds": "float64", "adds_low": "float64", "adds_high": "float64"}


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
    sizes, z = refined.sizes, float(norm.ppf(0.5 + level / 2))
    outcome = sizes.sample.outcome
    # Without questions there is the win rate of the other deals.
    rate = (outcome.sum() - outcome) / (outcome.size - 1)
    chances = np.concatenate([np.broadcast_to(rate, (1, *sizes.chance.shape[1:])), sizes.chance])
    losses = log_losses(chances.swapaxes(0, 1), outcome)
    best = int(losses.mean(axis=1).argmin())
    names = np.array(deals.survey.names, dtype=object)
    kept = np.vstack([np.zeros_like(sizes.kept[:1]), sizes.kept])
    used = min(refined.recipe.most, len(sizes.kept)) if refined.trained.points.any() else 0
    rows: list[tuple[object, ...]] = []
    for k, chance in enumerate(chances):
        worse, error = mean_with_error(losses[k] - losses[best], sizes.sample.unit)
        rows.append(
            (
                k,
                "; ".join(names[kept[k]]),
                float(np.mean([auc(one, outcome) for one in chance])) if k else 0.5,
                float(np.mean((chance - outcome) ** 2)),
                float(losses[k].mean()),
                *(worse, worse - z * error, worse + z * error),
                k == used,
            )
        )
    return pd.DataFrame(rows, columns=list(SIZE_COLUMNS)).astype(SIZE_COLUMNS)


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
        return pd.DataFrame([], columns=list(LEFT_OUT_COLUMNS)).astype(LEFT_OUT_COLUMNS)
    sample, z = thinned(refined.sample, ENOUGH, rng), float(norm.ppf(0.5 + level / 2))
    losses = losses_added(sample, use, refined.recipe.fewest, rng)
    rows = []
    for c in np.flatnonzero(~use):
        adds, error = mean_with_error(losses[0] - losses[1 + c], sample.unit)
        rows.append((deals.survey.names[c], adds, adds - z * error, adds + z * error))
    table = pd.DataFrame(rows, columns=list(LEFT_OUT_COLUMNS)).astype(LEFT_OUT_COLUMNS)
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
