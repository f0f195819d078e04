"""Tables of a recalibration: how the criteria in use do on new deals, beside what was to be expected."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
from statsmodels.stats.proportion import confint_proportions_2indep

from qualify.criteria.model import Criteria
from qualify.monitoring.held_deals import HeldDeals
from qualify.numerics.blocks import Matrix, Vector
from qualify.numerics.metrics import auc_interval, brier_interval
from qualify.numerics.performance import MEASURES, SLOPE_ERROR, measure_each
from qualify.numerics.rates import behind_wilson, effective_numbers, lowest_rate, rates_of
from qualify.numerics.validation import VAGUE, limits, move_scores, spread
from qualify.scoring.answer_levels import gives

SHOWN = ("auc", "brier", "log_loss", "calibration_intercept", "calibration_slope")
PERFORMANCE_COLUMNS = [
    *("metric", "estimate", "ci_low", "ci_high", "expected", "expected_low", "expected_high", "then")
]
PARTS = ("n", "won", "win_rate", "win_rate_low", "win_rate_high")


def performance_on_new(
    criteria: Criteria, held: HeldDeals, unchanged: Matrix, level: float, rng: np.random.Generator
) -> pd.DataFrame:
    """Measure the criteria in use on new deals.

    Parameters
    ----------
    criteria : Criteria
        The criteria in use.
    held : HeldDeals
        New deals that no gate stops.
    unchanged : ndarray, shape (B, n)
        Simulated outcomes with nothing changed.
    level : float
        Of the intervals.
    rng : numpy.random.Generator
        Source of chance.

    Returns
    -------
    DataFrame
        `Recalibration.performance`.
    """
    sample, log_odds = held.sample, held.log_odds
    found = _measures(log_odds, sample.outcome, sample.weights)
    moved, _ = move_scores(log_odds[None], sample, np.empty(0), len(unchanged), rng)
    won = float(sample.outcome.sum())
    low, high = limits(found, spread(moved), min(won, sample.outcome.size - won), level)
    drawn = np.array([_measures(log_odds, one, sample.weights) for one in unchanged])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # log-odds all alike have no slope
        ends = np.nanquantile(drawn, [0.5, (1 - level) / 2, (1 + level) / 2], axis=0)
    then = criteria.performance.set_index("metric")["estimate"].to_dict()
    rows = []
    for name in SHOWN:
        k = MEASURES.index(name)
        rows.append((name, found[k], low[k], high[k], *ends[:, k], then.get(name, np.nan)))
    return pd.DataFrame(rows, columns=PERFORMANCE_COLUMNS)


def _measures(log_odds: Vector, outcome: Vector, weights: Vector) -> Vector:
    found: Vector = measure_each(log_odds, outcome, weights[None])[0].copy()
    if not found[SLOPE_ERROR] <= VAGUE:
        found[MEASURES.index("calibration_slope")] = np.nan
    return found[: len(MEASURES)]


def new_performance(held: HeldDeals, chance: Vector, level: float) -> pd.DataFrame:
    """Return AUC and Brier score of an update, from probabilities it gave without having seen the deal.

    Parameters
    ----------
    held : HeldDeals
        New deals that no gate stops.
    chance : ndarray, shape (n,)
        Win probabilities.
    level : float
        Of the intervals.

    Returns
    -------
    DataFrame
        As `Criteria.performance`.
    """
    outcome, weights, unit = held.sample.outcome, held.sample.weights, held.sample.unit
    score = held.score.astype(np.float64)
    found = {
        # The points themselves have never seen these deals.
        "auc": auc_interval(score, outcome, level=level, weights=weights, unit=unit),
        "brier": brier_interval(chance, outcome, level=level, weights=weights, unit=unit),
    }
    rows = [(name, one.value, one.low, one.high) for name, one in found.items()]
    return pd.DataFrame(rows, columns=["metric", "estimate", "ci_low", "ci_high"])


def zones_then_and_now(criteria: Criteria, held: HeldDeals, level: float) -> pd.DataFrame:
    """Compare the zones' win rates on the deals behind the criteria and on the new ones.

    Parameters
    ----------
    criteria : Criteria
        The criteria in use.
    held : HeldDeals
        All new deals, those that a gate stops below, as those behind the criteria were.
    level : float
        Of the intervals: Wilson's of each rate, Newcombe's of the difference.

    Returns
    -------
    DataFrame
        `Recalibration.zones`.
    """
    rows = []
    bands = criteria.bands.to_dict("records")
    found = rates_of(held.sample, [held.zone == past["zone"] for past in bands], level)
    for past, now in zip(bands, found, strict=True):
        rate, low, high = (float(past[part]) for part in PARTS[2:])
        before = rate, behind_wilson(rate, low, high, criteria.tipping.level)
        moved = difference((now.rate, behind_wilson(*now[2:], level)), before, level)
        span = (past["zone"], past["score_low"], past["score_high"])
        rows.append((*span, *(past[part] for part in PARTS), *now, *moved))
    then = ["n_then", "won_then", "win_rate_then", "win_rate_then_low", "win_rate_then_high"]
    names = ["zone", "score_low", "score_high", *then, *PARTS, "moved", "moved_low", "moved_high"]
    return pd.DataFrame(rows, columns=names)


def zones_shown(zones: pd.DataFrame) -> pd.DataFrame:
    """Return the zones as people read them: movements in percentage points, counts of wins left out.

    Parameters
    ----------
    zones : DataFrame
        `Recalibration.zones`.

    Returns
    -------
    DataFrame
        To be shown.
    """
    moved = {name: f"win_rate_{name}" for name in ("moved", "moved_low", "moved_high")}
    return zones.drop(columns=["won_then", "won"]).rename(columns=moved)


def difference(
    now: tuple[float, float], then: tuple[float, float], level: float
) -> tuple[float, float, float]:
    """Return the difference of two shares with Newcombe's interval.

    Parameters
    ----------
    now, then : tuple of float
        The share in either period, and of how many (their effective number).
    level : float
        Of the interval.

    Returns
    -------
    tuple of float
        Share now less share then, lower and upper limit; NaN where a period has no deals.

    References
    ----------
    Newcombe, R. G. (1998). Interval estimation for the difference between independent proportions.
    Statistics in Medicine 17, 873-890.
    """
    (share_now, n_now), (share_then, n_then) = now, then
    if not n_now or not n_then:
        return np.nan, np.nan, np.nan
    low, high = confint_proportions_2indep(
        share_now * n_now, n_now, share_then * n_then, n_then, method="newcomb", alpha=1 - level
    )
    return share_now - share_then, float(low), float(high)


def gates_now(criteria: Criteria, held: HeldDeals, level: float) -> pd.DataFrame:
    """Hold each gate's limit against the new deals that give its answer.

    Parameters
    ----------
    criteria : Criteria
        The criteria in use.
    held : HeldDeals
        All new deals.
    level : float
        Of the interval, Wilson's; a gate fails where its limit lies below the exact lower one (Clopper &
        Pearson 1934) of this one-sided level, both for the effective number of deals.

    Returns
    -------
    DataFrame
        `Recalibration.gates`.
    """
    rows = []
    for gate in criteria.gates.to_dict("records"):
        name, answer, limit = str(gate["characteristic"]), str(gate["answer"]), float(gate["win_rate_high"])
        here = gives(held.deals.answers[name], answer, float(gate["low"]), float(gate["high"]))
        (found,), (effective,) = rates_of(held.sample, [here], level), effective_numbers(held.sample, [here])
        rows.append((name, answer, limit, *found, lowest_rate(found.rate, effective, 1 - level) <= limit))
    names = ["characteristic", "answer", "limit", *PARTS, "holds"]
    return pd.DataFrame(rows, columns=names)


def scores_table(held: HeldDeals) -> pd.DataFrame:
    """Return what the criteria in use say of every new deal, and how it ended.

    Parameters
    ----------
    held : HeldDeals
        All new deals.

    Returns
    -------
    DataFrame
        `Recalibration.scores`.
    """
    columns = {"score": held.score, "probability": held.chance, "zone": held.zone}
    return pd.DataFrame(columns | {"won": held.sample.outcome > 0.5}, index=held.deals.closed.index)
