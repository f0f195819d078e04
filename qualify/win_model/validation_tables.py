"""The tables of a validation: measures, calibration, folds made the other way, and what to know beside."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit
from scipy.stats import norm
from statsmodels.stats.proportion import proportion_confint

from qualify.deals.resampling_units import FOLDS, patterns
from qualify.formatting.formats import MISSING, format_value
from qualify.numerics.blocks import Matrix, Vector
from qualify.numerics.performance import MEASURES
from qualify.numerics.resampling import Sample
from qualify.numerics.validation import ICI, Judged, limits, spread

Calibrated = Literal["hold", "roughly told", "too low", "too high", "too extreme", "too timid", "not told"]
GROUPS = 10
_KEPT = {
    "accounts": "Accounts kept together",
    "identical answers": "Identical answers kept together",
    "single deals": "Each deal by itself",
}
GRID = 51
# Groups of deals whose mean probabilities are closer than this are one group.
ALIKE = 0.01
# A slope whose interval reaches beyond these may be far from 1, for all that is known.
STEADY = (0.7, 1.4)
NO_SLOPE = "There is no calibration slope"
OF_POINTS = (
    "The probabilities checked here are those that the points' log-odds give, before the criteria's own "
    "curve is fitted. The probabilities printed in the criteria come from that curve and are not checked "
    "here."
)


def measures_table(judged: Judged, rarer: float, level: float) -> pd.DataFrame:
    """Give each measure a row: apparent, optimism, corrected and cross-validated, with their intervals."""
    corrected = judged.corrected
    # A distance cannot be less than none.
    corrected[ICI] = max(corrected[ICI], 0.0)
    low, high = limits(corrected, judged.corrected_error, rarer, level, around=judged.crossed)
    cv_low, cv_high = limits(judged.crossed, judged.error, rarer, level)
    return pd.DataFrame(
        {
            "metric": MEASURES,
            "apparent": judged.apparent,
            "optimism": judged.optimism,
            "corrected": corrected,
            "ci_low": low,
            "ci_high": high,
            "cross_validated": judged.crossed,
            "cv_low": cv_low,
            "cv_high": cv_high,
            "failed": judged.failed,
        }
    )


def rarer_outcome(sample: Sample) -> float:
    """Count the deals of the rarer outcome."""
    won = float(sample.outcome.sum())
    return min(won, sample.outcome.size - won)


def calibration_grid(splits: Matrix) -> Vector:
    """Probabilities at which the calibration curve is worked out: from the 1st to the 99th percentile."""
    low, high = np.quantile(expit(splits), [0.01, 0.99])
    return np.unique(np.linspace(low, high, GRID))


def calibration_table(grid: Vector, curve: Vector, moved: Matrix, level: float) -> pd.DataFrame:
    """Give the curve its interval: probability, observed, low, high."""
    half = float(norm.ppf(0.5 + level / 2)) * spread(moved)
    return pd.DataFrame(
        {
            "probability": grid,
            "observed": curve,
            "low": np.clip(curve - half, 0, 1),
            "high": np.clip(curve + half, 0, 1),
        }
    )


def group_table(predictions: pd.DataFrame, level: float) -> pd.DataFrame:
    """Deals in up to ten groups of like probability: mean probability, win rate with Wilson's interval.

    Neighbouring groups whose mean probabilities differ by less than a percentage point are joined.
    """
    place = predictions["probability"].rank(method="average", pct=True)
    # Deals of the same probability stand in the same group.
    grouped = predictions.groupby(np.ceil(GROUPS * place.round(12)).astype(int))
    parts: list[pd.DataFrame] = []
    for _, deals in grouped:
        if parts and deals["probability"].mean() - parts[-1]["probability"].mean() < ALIKE:
            parts[-1] = pd.concat([parts[-1], deals])
        else:
            parts.append(deals)
    rows = []
    for deals in parts:
        n, won = len(deals), int(deals["won"].sum())
        low, high = proportion_confint(won, n, alpha=1 - level, method="wilson")
        rows.append((deals["probability"].mean(), won / n, low, high, n, won))
    return pd.DataFrame(rows, columns=["probability", "observed", "low", "high", "n", "won"])


def sensitivity_table(judged: Judged, other: Vector | None) -> pd.DataFrame:
    """Cross-validated measures beside those with folds made the other way; no rows where there is none."""
    columns = ["metric", "cross_validated", "other_way", "difference"]
    if other is None:
        return pd.DataFrame({name: pd.Series(dtype="str" if name == "metric" else float) for name in columns})
    rows = zip(MEASURES, judged.crossed, other, other - judged.crossed, strict=True)
    return pd.DataFrame(list(rows), columns=columns)


def other_groups(sample: Sample, grouping: str) -> tuple[NDArray[np.int64] | None, str]:
    """Say what would be kept together in folds the other way: single deals, or identical answers."""
    if grouping != "single deals":
        return np.arange(sample.outcome.size), "single deals"
    group = np.unique(patterns(sample.items), return_inverse=True)[1].astype(np.int64)
    return (group if group.max() + 1 >= FOLDS else None), "identical answers"


def why_no_slope(predictions: pd.DataFrame) -> str:
    """Say why cross-validated predictions have no calibration slope: parted by outcome, or nearly alike."""
    log_odds, won = predictions["log_odds"].to_numpy(), predictions["won"].to_numpy(dtype=bool)
    if np.ptp(log_odds) > 0 and won.any() and not won.all():
        won_odds, lost_odds = log_odds[won], log_odds[~won]
        if won_odds.min() >= lost_odds.max() or won_odds.max() <= lost_odds.min():
            return "won and lost do not overlap"
    return "predictions nearly alike"


def notes_on(judged: Judged, replicates: int, no_dates: str, why: str) -> tuple[str, ...]:
    """Say what is to be known beside the figures; `why` there is no slope, if there is none."""
    notes = [no_dates] if no_dates else []
    slope = MEASURES.index("calibration_slope")
    if np.isnan(judged.apparent[slope]) or np.isnan(judged.crossed[slope]):
        notes.append(f"{NO_SLOPE}: {why}.")
    elif judged.failed[slope]:
        missing = f"{judged.failed[slope]:,} of {replicates:,} draws"
        notes.append(f"No calibration slope in {missing}: its optimism is the mean over the others.")
    if judged.failed[0]:
        notes.append(f"{judged.failed[0]:,} of {replicates:,} draws gave no model that could be measured.")
    if _apart(judged):
        notes.append(_APART)
    return tuple(notes)


def shown_measures(table: pd.DataFrame) -> pd.DataFrame:
    """Write the measures for people: the same deals, and both estimates for unseen ones."""
    return pd.DataFrame(
        {
            "metric": table["metric"],
            "apparent": table["apparent"],
            "Unseen deals, bootstrap": _written(table, "corrected", "ci_low", "ci_high"),
            "Unseen deals, cross-validated": _written(table, "cross_validated", "cv_low", "cv_high"),
        }
    )


def shown_groups(groups: pd.DataFrame) -> pd.DataFrame:
    """Name the columns of the groups as people know them."""
    return groups.rename(columns={"observed": "win_rate", "low": "win_rate_low", "high": "win_rate_high"})


def shown_later(temporal: pd.DataFrame) -> pd.DataFrame:
    """Write later quarters for people: all measures of all of them, the AUC of each."""
    if temporal.empty:
        return temporal
    last = temporal["period"].iloc[-1]
    rows = temporal[temporal["metric"].eq("auc") | temporal["period"].eq(last)]
    least, most = (f"{number:,}" for number in (rows["learned_from"].min(), rows["learned_from"].max()))
    several = rows["period"].eq(last) & (least != most) & (rows["period"].nunique() > 1)
    learned = rows["learned_from"].astype(object).mask(several, f"{least} to {most}")
    return rows.assign(learned_from=learned)


def shown_sensitivity(sensitivity: pd.DataFrame, grouping: str, other: str) -> pd.DataFrame:
    """Write both ways of making folds for people."""
    return pd.DataFrame(
        {
            "metric": sensitivity["metric"],
            _KEPT[grouping]: _written(sensitivity, "cross_validated"),
            _KEPT[other]: _written(sensitivity, "other_way"),
            "Difference": _written(sensitivity, "difference"),
        }
    )


def _written(table: pd.DataFrame, value: str, low: str = "", high: str = "") -> list[str]:
    """Write figures with three decimals, and their intervals where there are any."""
    texts = [format_value(number, "metric") for number in table[value]]
    if not low:
        return texts
    ends = zip(*([format_value(end, "metric") for end in table[name]] for name in (low, high)), strict=True)
    return [
        text if MISSING in (text, first, last) else f"{text} ({first} to {last})"
        for text, (first, last) in zip(texts, ends, strict=True)
    ]


def calibration_verdict(table: pd.DataFrame) -> Calibrated:
    """Say whether probabilities hold on deals not seen, as far as intervals of slope and intercept tell."""
    ends = table.set_index("metric")[["cv_low", "cv_high"]]
    slope, level = ends.loc["calibration_slope"], ends.loc["calibration_intercept"]
    # A slope that may be 0 does not even show that higher probabilities are won more often.
    if not (slope["cv_low"] > 0 and np.isfinite(slope["cv_high"])):
        return "not told"
    if slope["cv_high"] < 1:
        return "too extreme"
    if slope["cv_low"] > 1:
        return "too timid"
    if level["cv_low"] > 0 or level["cv_high"] < 0:
        return "too low" if level["cv_low"] > 0 else "too high"
    steady = STEADY[0] <= slope["cv_low"] and slope["cv_high"] <= STEADY[1]
    return "hold" if steady else "roughly told"


_APART = (
    "Bootstrap and cross-validation lie apart here. Draws hold some deals several times, which misleads the "
    "choice of shrinkage where deals are few; go by the cross-validated figures."
)


def _apart(judged: Judged) -> bool:
    """Whether the two estimates of AUC, Brier score or log loss differ by more than their sampling error."""
    named = [MEASURES.index(name) for name in ("auc", "brier", "log_loss")]
    return bool(np.any(np.abs(judged.corrected - judged.crossed)[named] > judged.error[named]))
