"""The answers of every characteristic: how many deals, how many won, and the odds ratio of each."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from statsmodels.stats.proportion import proportion_confint

from qualify._support.progress import track
from qualify.deals import Deals
from qualify.deals.design import DesignMatrix
from qualify.deals.score_bins import Scale, scales_of
from qualify.deals.steps import Step, odds_ratio, step_of
from qualify.numerics.coding import NOMINAL
from qualify.numerics.full_fit import FullFit
from qualify.survey import UNKNOWN

# Stand in for the position of an answer.
STEP, NOT_KNOWN = -1, -2
Ratio = tuple[float, float, float]
NO_RATIO = (float("nan"), float("nan"), float("nan"))
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


def answer_table(deals: Deals, design: DesignMatrix, fit: FullFit, *, level: float) -> pd.DataFrame:
    """Win rate and adjusted odds ratio of every answer.

    Parameters
    ----------
    deals : Deals
        The closed deals.
    design : DesignMatrix
        Their answers in columns.
    fit : FullFit
        The model of all characteristics.
    level : float
        Of Wilson's intervals for win rates and the profile intervals for odds ratios.

    Returns
    -------
    DataFrame
        A row per answer given by any deal, a score that is finer than its scale in ranges; for score and
        ordered one more row, ``"per step"``, which holds their one odds ratio; of a score that is no rating
        it is that of so many units, as ``"per 25,000"``. The reference of a yes_no or choice has odds ratio 1
        and no interval. A ratio that no number can hold is NaN.
    """
    won = deals.won.to_numpy()
    steps = {asked.name: step_of(asked, deals.answers[asked.name]) for asked in deals.survey.characteristics}
    odds = _odds_ratios(design, fit, level, steps)
    scales = scales_of(deals)
    pooled = {(row.characteristic, row.answer): row.pooled_into for row in design.pooled.itertuples()}
    rows: list[tuple[object, ...]] = []
    answers = deals.answers
    for name in deals.survey.names:
        labels, place = _placed(answers[name], scales.get(name))
        deals_of, wins_of = (np.bincount(which, minlength=len(labels)) for which in (place, place[won]))
        for a, (answer, n, wins) in enumerate(zip(labels, deals_of.tolist(), wins_of.tolist(), strict=True)):
            if not n:
                continue
            ratio = odds.get((name, NOT_KNOWN if a == len(labels) - 1 else a), NO_RATIO)
            if design.reference.get(name) == answer:
                ratio = (1.0, np.nan, np.nan)
            rows.append((name, answer, n, wins, *ratio, pooled.get((name, answer), "")))
        if (name, STEP) in odds:
            rows.append((name, steps[name].label, np.nan, np.nan, *odds[name, STEP], ""))
    rates = ["win_rate", "win_rate_low", "win_rate_high"]
    table = pd.DataFrame(rows, columns=[column for column in COLUMNS if column not in rates])
    table["win_rate"] = table["won"] / table["n"]
    low, high = proportion_confint(table["won"], table["n"], alpha=1 - level, method="wilson")
    return table.assign(win_rate_low=low, win_rate_high=high)[COLUMNS]


def _placed(answers: pd.Series[str], scale: Scale | None) -> tuple[list[str], NDArray[np.int32]]:
    """Answers to be listed, `unknown` last, and which of them each deal gave."""
    if scale is not None:
        return [*scale.labels, UNKNOWN], scale.read(answers)
    labels = [str(answer) for answer in answers.cat.categories]
    return labels, np.asarray(answers.cat.codes, dtype=np.int32)


def _odds_ratios(
    design: DesignMatrix, fit: FullFit, level: float, steps: dict[str, Step]
) -> dict[tuple[str, int], Ratio]:
    """Odds ratio and interval by characteristic and position of the answer; STEP for one per step."""
    ratios: dict[tuple[str, int], Ratio] = {}
    for c, name in enumerate(track(design.names, what="odds ratios")):
        known = int(design.items.levels[c])
        for j in range(int(design.coding.first[c]) + 1, int(design.coding.first[c + 1]) + 1):
            low, high = fit.interval(j, level=level)
            estimate = fit.beta[j] if fit.separable[j] else np.nan
            ratio = _ratio(estimate, low, high)
            touching = np.flatnonzero(design.coding.column[c] == j - 1)
            if touching[0] == known:
                ratios[name, NOT_KNOWN] = ratio
            elif design.items.kind[c] == NOMINAL:
                ratios.update({(name, int(a)): ratio for a in touching})
            else:
                size = steps[name].size
                ratios[name, STEP] = _ratio(estimate * size, low * size, high * size)
    return ratios


def _ratio(estimate: float, low: float, high: float) -> Ratio:
    return odds_ratio(estimate), odds_ratio(low), odds_ratio(high)
