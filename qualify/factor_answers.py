"""The answers of every characteristic: how many deals, how many won, and the odds ratio of each."""

from __future__ import annotations

import numpy as np
import pandas as pd
from statsmodels.stats.proportion import proportion_confint

from qualify.deals import Deals
from qualify.design import PER_STEP, DesignMatrix
from qualify.numerics.logistic import LogisticFit, profile_interval
from qualify.progress import track

STEP = -1
COLUMNS = [
    "characteristic",
    "answer",
    "n",
    "won",
    "win_rate",
    "win_rate_low",
    "win_rate_high",
    "odds_ratio",
    "ci_low",
    "ci_high",
    "pooled_into",
]


def answer_table(deals: Deals, design: DesignMatrix, fit: LogisticFit, *, level: float) -> pd.DataFrame:
    """Win rate and adjusted odds ratio of every answer.

    Parameters
    ----------
    deals : Deals
        The closed deals.
    design : DesignMatrix
        Their answers in columns.
    fit : LogisticFit
        The model of all characteristics.
    level : float
        Of Wilson's intervals for win rates and the profile intervals for odds ratios.

    Returns
    -------
    DataFrame
        A row per answer given by any deal; for score and ordered one more row, ``"per step"``, which holds
        their one odds ratio. The reference of a yes_no or choice has odds ratio 1 and no interval.
    """
    won = deals.won.to_numpy()
    odds = _odds_ratios(design, fit, level)
    pooled = {(row.characteristic, row.answer): row.pooled_into for row in design.pooled.itertuples()}
    rows: list[tuple[object, ...]] = []
    for name in deals.survey.names:
        answers = deals.answers[name]
        for a, answer in enumerate(answers.cat.categories):
            given = (answers == answer).to_numpy()
            n, wins = int(given.sum()), int((given & won).sum())
            if not n:
                continue
            low, high = proportion_confint(wins, n, alpha=1 - level, method="wilson")
            ratio = odds.get((name, a), (np.nan, np.nan, np.nan))
            if design.reference.get(name) == answer:
                ratio = (1.0, np.nan, np.nan)
            rows.append((name, answer, n, wins, wins / n, low, high, *ratio, pooled.get((name, answer), "")))
        if (name, STEP) in odds:
            rows.append((name, PER_STEP, np.nan, np.nan, np.nan, np.nan, np.nan, *odds[name, STEP], ""))
    return pd.DataFrame(rows, columns=COLUMNS)


def _odds_ratios(
    design: DesignMatrix, fit: LogisticFit, level: float
) -> dict[tuple[str, int], tuple[float, float, float]]:
    """Odds ratio and interval by characteristic and position of the answer; STEP for one per step."""
    ratios: dict[tuple[str, int], tuple[float, float, float]] = {}
    for j in track(range(1, fit.beta.size), what="odds ratios"):
        low, high = profile_interval(fit, j, level=level)
        ratio = (float(np.exp(fit.beta[j])), float(np.exp(low)), float(np.exp(high)))
        name, label = design.terms.loc[j - 1, ["characteristic", "answer"]]
        touching = np.flatnonzero(design.coding.column[design.names.index(name)] == j - 1)
        for a in [STEP] if label == PER_STEP else touching:
            ratios[name, int(a)] = ratio
    return ratios
