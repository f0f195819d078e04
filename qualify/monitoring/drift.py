"""Drift: whether the answers given to each question, and what goes with them, differ between two periods."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from qualify.criteria.model import Criteria
from qualify.deals import Deals
from qualify.deals.design import KINDS
from qualify.factors.verdicts import q_values
from qualify.formatting.wording import listed
from qualify.monitoring.answer_counts import count_like
from qualify.monitoring.tables import difference
from qualify.numerics.coding import Items, code_answers, dense_design
from qualify.numerics.full_fit import fit_full
from qualify.numerics.logistic import RatioTest
from qualify.numerics.psi import resampled_index, stability_index
from qualify.survey import UNKNOWN, Characteristic

DRIFT_COLUMNS = [
    *("characteristic", "kept", "n_then", "n", "psi", "psi_limit", "psi_p", "psi_q"),
    *("unknown_then", "unknown_now", "unknown_moved", "unknown_low", "unknown_high", "new_answers"),
    *("chi2", "df", "p_value", "q_value", "finding"),
]
# A question's effect is compared only where each period has so many deals won, and so many not.
FEWEST = 10
# Indices from which a change of answers is often called some, and much.
SOME, MUCH = 0.1, 0.25
NO_TEST = RatioTest(chi2=np.nan, df=0, p_value=np.nan)


def drift_table(
    criteria: Criteria,
    deals: Deals,
    history: Deals | None,
    *,
    replicates: int,
    level: float,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Compare the answers to every question between two periods.

    Parameters
    ----------
    criteria : Criteria
        Their counts of answers stand for the earlier period where there is no history.
    deals : Deals
        The new deals.
    history : Deals, optional
        The earlier ones.
    replicates : int
        Draws behind the reference of the stability index.
    level : float
        Findings are those with q-values below ``1 − level``.
    rng : numpy.random.Generator
        Source of chance.

    Returns
    -------
    DataFrame
        `Recalibration.drift`.
    """
    now = count_like(criteria.answers, deals)
    then = criteria.answers if history is None else count_like(criteria.answers, history)
    rows = []
    for asked in criteria.survey.characteristics:
        mine = now["characteristic"].eq(asked.name)
        if mine.any():
            pair = (then[mine], now[mine])
            rows.append(
                {"characteristic": asked.name, "kept": asked.name in criteria.kept}
                | _answers_moved(*pair, replicates, level, rng)
                | _effects_moved(asked, *pair, float(criteria.survey.min_answers))
            )
    table = pd.DataFrame(rows, columns=DRIFT_COLUMNS)
    table["psi_q"] = q_values(table["psi_p"].astype(float))
    table["q_value"] = q_values(table["p_value"].astype(float))
    table["finding"] = [_finding(row, 1 - level) for row in table.to_dict("records")]
    return table.astype({"characteristic": "str", "new_answers": "str", "finding": "str", "df": "int64"})


def _answers_moved(
    then: pd.DataFrame, now: pd.DataFrame, replicates: int, level: float, rng: np.random.Generator
) -> dict[str, object]:
    """Stability index with its reference, unknown shares, and answers never given before."""
    before, after = (one["n"].to_numpy(dtype=np.float64) for one in (then, now))
    unknown = then["answer"].eq(UNKNOWN).to_numpy()
    first = (before == 0) & (after > 0) & ~unknown
    found: dict[str, object] = {
        "n_then": int(before.sum()),
        "n": int(after.sum()),
        "new_answers": "; ".join(now["answer"].to_numpy(dtype=object)[first]),
    }
    if before.sum() == 0 or after.sum() == 0:
        return found
    psi = float(stability_index(before[None], after[None])[0])
    drawn = resampled_index(before, after, replicates, rng)
    now_unknown = float(after[unknown].sum() / after.sum()), float(after.sum())
    then_unknown = float(before[unknown].sum() / before.sum()), float(before.sum())
    moved, low, high = difference(now_unknown, then_unknown, level)
    return found | {
        "psi": psi,
        "psi_limit": float(np.quantile(drawn, level)),
        "psi_p": float((1 + (drawn >= psi - 1e-12).sum()) / (1 + len(drawn))),
        "unknown_then": then_unknown[0],
        "unknown_now": now_unknown[0],
        "unknown_moved": moved,
        "unknown_low": low,
        "unknown_high": high,
    }


def _effects_moved(
    asked: Characteristic, then: pd.DataFrame, now: pd.DataFrame, fewest: float
) -> dict[str, object]:
    """Test whether the answers go with winning as much in one period as in the other."""
    test = period_test(asked, then, now, fewest)
    return {"chi2": test.chi2, "df": test.df, "p_value": test.p_value}


def period_test(asked: Characteristic, then: pd.DataFrame, now: pd.DataFrame, fewest: float) -> RatioTest:
    """Test answers by period, from counts.

    Parameters
    ----------
    asked : Characteristic
        The question.
    then, now : DataFrame
        Its rows of `Criteria.answers`, for either period.
    fewest : float
        Answers with fewer deals in either period than this are pooled.

    Returns
    -------
    RatioTest
        Penalised likelihood ratio (Firth) of the answers' effects in the new period beyond those they have in
        both, each period with a win rate of its own; p NaN where a period has fewer than ten deals won, or
        ten not, or there is nothing to compare.
    """
    for one in (then, now):
        if min(one["won"].sum(), one["n"].sum() - one["won"].sum()) < FEWEST:
            return NO_TEST
    count = len(then)
    parts = [
        (np.arange(count), period, outcome, (one["won"] if outcome else one["n"] - one["won"]).to_numpy())
        for period, one in ((0.0, then), (1.0, now))
        for outcome in (1.0, 0.0)
    ]
    codes = np.concatenate([part[0] for part in parts]).astype(np.int32)
    period, outcome = (np.repeat([part[k] for part in parts], count) for k in (1, 2))
    weights = np.concatenate([part[3] for part in parts]).astype(np.float64)
    items = _items(asked, then, codes)
    # Pooled by the period in which an answer is rarer, so that its effect can be told in both.
    rarer = np.minimum(then["n"].to_numpy(), now["n"].to_numpy()).astype(np.float64)
    coding = code_answers(items._replace(codes=items.codes[:count]), rarer, fewest)
    own = dense_design(items, coding)[:, 1:]
    if not own.shape[1]:
        return NO_TEST
    design = np.column_stack([np.ones(codes.size), period, own, period[:, None] * own])
    used = weights > 0
    fit = fit_full(np.ascontiguousarray(design[used]), outcome[used], weights[used])
    return fit.test([*range(2 + own.shape[1], design.shape[1])])


def _items(asked: Characteristic, rows: pd.DataFrame, codes: NDArray[np.int32]) -> Items:
    """Hold the counted answers of one question as integers with what they mean."""
    known = len(rows) - 1
    value = np.zeros((1, known + 1))
    # A score is counted by ranges or whole numbers: steps between them are steps.
    value[0, :known] = np.arange(known)
    return Items(
        codes=np.ascontiguousarray(codes[:, None], dtype=np.int32),
        kind=np.array([KINDS[asked.kind]], dtype=np.int8),
        levels=np.array([known], dtype=np.int32),
        value=value,
        reference=np.array([-1], dtype=np.int32),
    )


def _finding(row: Mapping[Any, Any], alpha: float) -> str:
    """Say in words what drifts; empty where nothing is shown to."""
    said = []
    psi, psi_q, q_value = (float(row[name]) for name in ("psi", "psi_q", "q_value"))
    if psi_q <= alpha:
        much = "much" if psi >= MUCH else "somewhat" if psi >= SOME else "a little"
        said.append(f"answers have moved {much}")
    moved, low, high = (float(row[f"unknown_{name}"]) for name in ("moved", "low", "high"))
    if psi_q <= alpha and (low > 0 or high < 0):
        said.append(f"unknown {'more' if moved > 0 else 'less'} often")
    if q_value <= alpha:
        said.append("goes with winning differently")
    if row["new_answers"]:
        said.append(f"never given before: {listed(str(row['new_answers']).split('; '))}")
    return "; ".join(said)


__all__ = ["DRIFT_COLUMNS", "drift_table", "period_test"]
