"""A recalibrated curve: win probabilities, band, zones and tipping point, moved with it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit
from scipy.stats import norm

from qualify.criteria.model import Criteria
from qualify.formatting.wording import counted
from qualify.monitoring.held_deals import HeldDeals, log_odds_of
from qualify.numerics.blocks import Vector
from qualify.numerics.updating import Line
from qualify.tipping.tipping import TippingPoint, isotonic_steps
from qualify.tipping.verdict import zone_rates

EDGES = ("low", "midpoint", "high")
SAID = "recalibrated by"


def new_band(criteria: Criteria, line: Line, level: float) -> pd.DataFrame:
    """Say where the band lies under a recalibrated curve.

    Parameters
    ----------
    criteria : Criteria
        The criteria in use.
    line : Line
        The recalibration.
    level : float
        Of the intervals.

    Returns
    -------
    DataFrame
        edge (low, midpoint, high), before, now, now_low, now_high, moved, moved_low, moved_high: the scores
        at which the win probability is what it was at the edges before. A score outside those that can occur
        is at their end, half a point beyond.
    """
    table = criteria.probabilities
    score, log_odds = table["score"].to_numpy(dtype=np.float64), log_odds_of(table["probability"].to_numpy())
    z = float(norm.ppf(0.5 + level / 2))
    rows = []
    for edge in EDGES:
        before = float(getattr(criteria.tipping, edge))
        if criteria.tipping.verdict == "none" or not np.isfinite(before) or line.slope <= 0.0:
            rows.append((edge, before, *[np.nan] * 6))
            continue
        target = float(np.interp(before, score, log_odds))
        # On the scale of the old log-odds the new edge is at (target − a)/b; its error by the delta method.
        at = (target - line.intercept) / line.slope
        slopes = -np.array([1.0, at]) / line.slope
        half = z * float(np.sqrt(slopes @ line.covariance @ slopes))
        now, low, high = (_score_at(one, score, log_odds) for one in (at, at - half, at + half))
        rows.append((edge, before, now, low, high, now - before, low - before, high - before))
    names = ["edge", "before", "now", "now_low", "now_high", "moved", "moved_low", "moved_high"]
    return pd.DataFrame(rows, columns=names)


def _score_at(target: float, score: Vector, log_odds: Vector) -> float:
    """Score at which the log-odds reach a target; half a point beyond the scores where none does."""
    if target < log_odds[0]:
        return float(score[0] - 0.5)
    if target > log_odds[-1]:
        return float(score[-1] + 0.5)
    # Of scores with the same log-odds the first counts.
    first = np.r_[True, np.diff(log_odds) > 0.0]
    return float(np.interp(target, log_odds[first], score[first]))


def moved_table(table: pd.DataFrame, line: Line, level: float) -> pd.DataFrame:
    """Put a table's probability, low and high on the recalibrated line."""
    before, low, high = (log_odds_of(table[name].to_numpy()) for name in ("probability", "low", "high"))
    after = line.intercept + line.slope * before
    z = float(norm.ppf(0.5 + level / 2))
    columns = np.column_stack([np.ones(before.size), before])
    error = np.einsum("ni,ij,nj->n", columns, line.covariance, columns)
    half = z * np.sqrt(np.maximum(error, 0.0))
    moved = {
        "probability": expit(after),
        "low": expit(after - np.hypot(half, line.slope * (before - low))),
        "high": expit(after + np.hypot(half, line.slope * (high - before))),
    }
    # Rounding may make a flat piece fall by a hair.
    moved["probability"] = np.maximum.accumulate(moved["probability"])
    return table.assign(**moved)


def moved_tipping(criteria: Criteria, held: HeldDeals, line: Line) -> TippingPoint:
    """Return the tipping point of the recalibrated curve, with the new deals on it."""
    tipping, won = criteria.tipping, held.sample.outcome > 0.5
    scores = pd.DataFrame({"score": held.score.astype(np.float64), "won": won}, index=held.deals.closed.index)
    band = new_band(criteria, line, tipping.level).set_index("edge").to_dict("index")
    top = criteria.score_range[1]
    places: dict[str, Any] = {}
    for edge in EDGES:
        row = band[edge]
        within = 0.0 <= row["now"] <= top
        places[edge] = float(row["now"]) if within else np.nan
        places[f"{edge}_ci"] = (float(row["now_low"]), float(row["now_high"])) if within else (np.nan, np.nan)
    # Of several recalibrations in a row the last is told.
    first = re.sub(rf"^{SAID}[^;]*; ", "", tipping.reason)
    noted = f"{SAID} {counted(len(scores), 'deal')} closed since; {first}"
    return replace(
        tipping,
        **places,
        **_moved_shape(tipping, line),
        reason=noted,
        curve=moved_table(tipping.curve, line, tipping.level),
        scores=scores,
        isotonic=isotonic_steps(scores),
        zones=zone_rates(
            held.score.astype(np.float64), held.sample, places["low"], places["high"], tipping.level
        ),
        n=len(scores),
        won=int(won.sum()),
    )


def _moved_shape(tipping: TippingPoint, line: Line) -> dict[str, Any]:
    """Floor, ceiling, slope and width of the recalibrated curve with their limits."""
    error = float(np.sqrt(max(line.covariance[1, 1], 0.0))) * float(norm.ppf(0.5 + tipping.level / 2))
    low, high = max(line.slope - error, 0.0), line.slope + error
    shape: dict[str, Any] = {"slope": tipping.slope * line.slope}
    shape["slope_ci"] = (tipping.slope_ci[0] * low, tipping.slope_ci[1] * high)
    with np.errstate(divide="ignore", invalid="ignore"):
        shape["width_share"] = float(np.divide(tipping.width_share, line.slope))
        ends = np.divide(tipping.width_share_ci, (high, low))
    shape["width_share_ci"] = (float(ends[0]), float(ends[1]))
    if tipping.curve_kind == "plateau":
        for name in ("floor", "ceiling"):
            ends = np.array([getattr(tipping, name), *getattr(tipping, f"{name}_ci")])
            frame = pd.DataFrame({"probability": ends[:1], "low": ends[1:2], "high": ends[2:]})
            moved = moved_table(frame, line, tipping.level).iloc[0]
            shape[name] = float(moved["probability"])
            shape[f"{name}_ci"] = (float(moved["low"]), float(moved["high"]))
    return shape
