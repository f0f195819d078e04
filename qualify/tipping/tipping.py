"""The tipping point: the band of scores where the win rate climbs from floor to ceiling, if there is one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.isotonic import IsotonicRegression

from qualify.deals import Deals
from qualify.deals.requirements import check_outcomes
from qualify.deals.resampling_units import FOLDS, in_order, sample_of
from qualify.errors import check_level, check_positive
from qualify.formatting.render import page
from qualify.numerics.curves import PLATEAU
from qualify.numerics.procedures import Recipe
from qualify.numerics.rates import rates_of
from qualify.numerics.resampling import Sample
from qualify.numerics.tipping import (
    Plan,
    TippingEstimate,
    curve_interval,
    estimate_tipping,
    intervals,
    landmarks,
)
from qualify.tipping.given_score import given_score
from qualify.tipping.verdict import Limits, Verdict, judge, no_verdict, widened, zone_rates

Interval = tuple[float, float]
NOWHERE = (float("nan"), float("nan"))
LANDMARKS = ("midpoint", "low", "high", "width_share", "floor", "ceiling", "slope")
NO_FIGURES: dict[str, Any] = dict.fromkeys(LANDMARKS, float("nan")) | dict.fromkeys(
    [f"{name}_ci" for name in LANDMARKS], NOWHERE
)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class TippingPoint:
    """What `find_tipping_point` found. Scores of deals come from models that never saw them.

    Attributes
    ----------
    verdict : {"sharp", "gradual", "none"}
        Whether there is a narrow band; `reason` says why in words.
    curve_kind : {"logistic", "plateau", "none"}
        The curve chosen; the logistic one has floor 0 and ceiling 1 by assumption.
    midpoint, low, high : float
        Score half-way up, and at 10 % and 90 % of the climb; NaN where not reached within the observed
        scores.
    width_share : float
        Width of the band as a share of the score range.
    floor, ceiling : float
        Win rates at the far ends, in [0, 1].
    slope : float
        Steepness, per unit of score.
    midpoint_ci, low_ci, high_ci, width_share_ci, floor_ci, ceiling_ci, slope_ci : tuple of float
        Lower and upper limit of each; NaN for the floor and ceiling of a logistic curve.
    level : float
        Confidence level of the intervals.
    p_value : float
        Of the one-sided permutation test that the win rate rises with the score.
    zones : DataFrame
        zone, n, share, won, win_rate, win_rate_low, win_rate_high: deals, and their weighted win rate.
    curve : DataFrame
        score, probability, low, high.
    scores : DataFrame
        score and won of every closed deal.
    isotonic : DataFrame
        A monotone step curve of the observed win rate, for the eye.
    score_label : str
        What the score is measured in.
    """

    verdict: Verdict
    reason: str
    curve_kind: Literal["logistic", "plateau", "none"]
    midpoint: float
    midpoint_ci: Interval
    low: float
    low_ci: Interval
    high: float
    high_ci: Interval
    width_share: float
    width_share_ci: Interval
    floor: float
    floor_ci: Interval
    ceiling: float
    ceiling_ci: Interval
    slope: float
    slope_ci: Interval
    p_value: float
    zones: pd.DataFrame
    curve: pd.DataFrame
    scores: pd.DataFrame
    isotonic: pd.DataFrame
    score_label: str
    level: float
    n: int
    won: int

    def __repr__(self) -> str:
        return f"<TippingPoint: {self.verdict} on {self.n} deals ({self.won} won): {self.reason}>"

    def _repr_html_(self) -> str:
        lead = f"{self.verdict.capitalize()}: {self.reason} {self.n} closed deals, {self.won} won."
        return page("Tipping point", lead, [("Zones", self.zones)])


def find_tipping_point(
    deals: Deals,
    *,
    score: ArrayLike | None = None,
    replicates: int = 200,
    level: float = 0.95,
    limits: Limits | None = None,
    rng: np.random.Generator | int | None = 0,
) -> TippingPoint:
    """Find the band of scores where deals tip from lost to won, or say that there is none.

    Parameters
    ----------
    deals : Deals
        Closed deals read against their survey.
    score : array_like, optional
        A score of one's own, one number per closed deal in order (or a Series indexed by deal). Without it,
        the score is the log-odds of the win model, each deal scored by models that never saw it.
    replicates : int
        Bootstrap draws of the whole procedure; with fewer than 200, simulations behind the choice of the
        curve are fewer in proportion.
    level : float
        Confidence level of the intervals, in (0, 1).
    limits : Limits, optional
        What counts as sharp.
    rng : numpy.random.Generator, int or None
        Source of chance; the same seed gives the same answer.

    Returns
    -------
    TippingPoint
        Verdict, band, curve and zones.

    Raises
    ------
    NotEnoughDeals
        Where there are not at least ten won and ten lost deals.
    InvalidArgument
        For a score that does not fit the deals, or a level outside (0, 1).

    Notes
    -----
    The curve is ``floor + (ceiling − floor) · expit(b(s − s50))``; floor 0 and ceiling 1 unless a plateau
    fits better than a parametric bootstrap of the logistic curve allows. The band is 10 % to 90 % of the
    climb, ``s50 ± ln 9 / b``. The verdict is `none` unless a one-sided permutation test, the
    cross-fitting repeated in each permutation, rejects. Intervals are from a bootstrap of the whole
    procedure.

    Examples
    --------
    >>> import qualify as ql
    >>> simulated = ql.simulate_deals(300, curve="sharp", rng=2)
    >>> deals = ql.read_deals(simulated.frame, simulated.survey)
    >>> ql.find_tipping_point(deals, replicates=40).verdict
    'sharp'
    """
    check_level(level, where="find_tipping_point")
    check_positive(replicates, name="replicates", where="find_tipping_point", whole=True)
    limits = limits or Limits()
    check_outcomes(deals, where="a tipping point")
    given = None if score is None else given_score(score, deals)
    ordered, order = in_order(deals, given)
    sample, _ = sample_of(ordered)
    recipe = Recipe(float(deals.survey.min_answers), False, 0, 0) if score is None else None
    plan = Plan(recipe, FOLDS, int(replicates), level, limits.alpha)
    estimate = estimate_tipping(
        sample, plan, np.random.default_rng(rng), None if given is None else given[order]
    )
    label = "log-odds of winning" if score is None else "score"
    found = describe_tipping(ordered, sample, estimate, level=level, limits=limits, label=label)
    return replace(found, scores=found.scores.loc[deals.closed.index])


def describe_tipping(
    deals: Deals,
    sample: Sample,
    estimate: TippingEstimate,
    *,
    level: float,
    limits: Limits,
    label: str = "points",
) -> TippingPoint:
    """Put an estimate into words, tables and a verdict.

    Parameters
    ----------
    deals : Deals
        The closed deals behind it.
    sample : Sample
        The same, with their weights and accounts.
    estimate : TippingEstimate
        From `qualify.numerics.tipping.estimate_tipping`.
    level : float
        Confidence level of the intervals.
    limits : Limits
        What counts as sharp.
    label : str
        What the score is measured in.

    Returns
    -------
    TippingPoint
        The result.
    """
    won = deals.won.to_numpy()
    scores = pd.DataFrame({"score": estimate.scores, "won": won}, index=deals.closed.index)
    exists = bool(estimate.draws) and estimate.curve.slope > 0
    figures = _figures(estimate, level) if exists else NO_FIGURES
    zones = zone_rates(estimate.scores, sample, figures["low"], figures["high"], level)
    zones = widened(zones, estimate, level)
    verdict, reason = no_verdict(estimate)
    if exists:
        verdict, reason = judge(estimate, zones, figures["width_share"], figures["width_share_ci"], limits)
    plateau = estimate.curve.kind == PLATEAU
    return TippingPoint(
        verdict=verdict,
        reason=reason,
        curve_kind="none" if not exists else "plateau" if plateau else "logistic",
        **figures,
        p_value=estimate.p_value,
        zones=zones,
        curve=chance_table(
            estimate, sample, np.linspace(estimate.scores.min(), estimate.scores.max(), 201), level
        ),
        scores=scores,
        isotonic=isotonic_steps(scores),
        score_label=label,
        level=level,
        n=len(won),
        won=int(won.sum()),
    )


def _figures(estimate: TippingEstimate, level: float) -> dict[str, Any]:
    """Midpoint, band, floor, ceiling and slope with their intervals, by the names of the result's fields."""
    found, around = landmarks(estimate.curve), intervals(estimate, level)
    ends = np.quantile(estimate.scores, [0.025, 0.975])
    score_range = max(float(ends[1] - ends[0]), 1e-12)
    figures: dict[str, Any] = {name: getattr(found, name) for name in ("floor", "ceiling", "slope")}
    figures |= {name: _reached(getattr(found, name), estimate.scores) for name in ("midpoint", "low", "high")}
    figures |= {f"{name}_ci": around[name] for name in list(figures)}
    low, high = around["width"]
    share = (low / score_range, high / score_range)
    return figures | {"width_share": found.width / score_range, "width_share_ci": share}


def _reached(value: float, scores: NDArray[np.float64]) -> float:
    """Keep a value that lies within the observed scores; else NaN."""
    return float(value) if scores.min() <= value <= scores.max() else float("nan")


def chance_table(
    estimate: TippingEstimate, sample: Sample, score: NDArray[np.float64], level: float
) -> pd.DataFrame:
    """Tabulate the curve's win probability at scores; the win rate throughout where nothing tips.

    Parameters
    ----------
    estimate : TippingEstimate
        From `qualify.numerics.tipping.estimate_tipping`.
    sample : Sample
        The deals behind it.
    score : ndarray
        Where to read the curve.
    level : float
        Of the intervals.

    Returns
    -------
    DataFrame
        score, probability, low, high.
    """
    chance, limits = curve_interval(estimate, score, level)
    if not estimate.draws:
        (whole,) = rates_of(sample, [np.ones(sample.outcome.size, dtype=np.bool_)], level)
        chance = np.full(score.size, whole.rate)
        limits = np.array([[whole.low], [whole.high]]) * np.ones(score.size)
    return pd.DataFrame({"score": score, "probability": chance, "low": limits[0], "high": limits[1]})


def isotonic_steps(scores: pd.DataFrame) -> pd.DataFrame:
    """Return the monotone step curve of the win rate over the score.

    Parameters
    ----------
    scores : DataFrame
        score and won of every deal.

    Returns
    -------
    DataFrame
        score, win_rate.
    """
    ordered = scores.sort_values("score", kind="stable")
    fitted = IsotonicRegression().fit_transform(ordered["score"], ordered["won"].astype(float))
    steps = pd.DataFrame({"score": ordered["score"].to_numpy(), "win_rate": fitted})
    return steps.drop_duplicates().reset_index(drop=True)
