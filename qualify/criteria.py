"""Criteria: few characteristics, whole-number points, zones and the win probability of every score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from qualify._version import __version__
from qualify.criteria_tables import (
    Zoning,
    band_table,
    performance_table,
    points_table,
    probability_table,
    provenance_of,
    stability_table,
)
from qualify.deals import Deals
from qualify.design import FOLDS, sample_of
from qualify.errors import InvalidArgument, InvalidDeals, Problem, check_level, check_positive
from qualify.numerics.procedures import Recipe, Trained, train
from qualify.numerics.tipping import Plan, TippingEstimate, estimate_tipping
from qualify.scales import scales_of, whole_items
from qualify.survey import UNKNOWN, Survey
from qualify.tables.render import page
from qualify.tipping import TippingPoint, check_outcomes, describe_tipping
from qualify.tipping_verdict import Limits

# The characteristic with the widest spread earns at most this many points.
LARGEST = 10


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Criteria:
    """Refined qualification criteria.

    Attributes
    ----------
    points : DataFrame
        characteristic, answer, points, and for a score the numbers [low, high) that the answer covers. A row
        per answer of every characteristic that is kept, `unknown` included; the least is 0 points. Empty where
        the procedure does no better than chance on deals it has not seen.
    gates : DataFrame
        characteristic, answer, n, won, win_rate_high: answers that all but decide on their own.
    bands : DataFrame
        zone, score_low, score_high, n, won, win_rate, win_rate_low, win_rate_high: past deals by the score
        they got from criteria that never saw them. NaN scores: the zone is empty.
    probabilities : DataFrame
        score, probability, low, high for every whole score that can occur.
    stability : DataFrame
        characteristic, inclusion (share of resamples that keep it), sign_agreement, kept.
    performance : DataFrame
        metric, estimate, ci_low, ci_high on deals the points never saw.
    tipping : TippingPoint
        The tipping point on the scale of the points.
    bands_from : {"tipping band", "win probabilities"}
        Where the zones come from; only a sharp tipping point gives a tipping band.
    survey : Survey
        The survey, so that open deals can be read.
    version : str
        Version of these criteria.
    provenance : dict
        Deals, seed, settings, fingerprint of the deals, and the fitted coefficients with their covariance.
    """

    points: pd.DataFrame
    gates: pd.DataFrame
    bands: pd.DataFrame
    probabilities: pd.DataFrame
    stability: pd.DataFrame
    performance: pd.DataFrame
    tipping: TippingPoint
    bands_from: str
    survey: Survey
    version: str
    provenance: dict[str, Any]

    @property
    def kept(self) -> tuple[str, ...]:
        """Names of the characteristics that earn points, in the survey's order."""
        return tuple(str(name) for name in self.points["characteristic"].unique())

    @property
    def score_range(self) -> tuple[int, int]:
        """Lowest and highest score that can occur."""
        highest = self.points.groupby("characteristic", sort=False)["points"].max().sum()
        return 0, int(highest)

    def __repr__(self) -> str:
        low, high = self.score_range
        return f"<Criteria {self.version}: {len(self.kept)} characteristics, scores {low} to {high}>"

    def _repr_html_(self) -> str:
        lead = f"Add the points: {self.score_range[0]} to {self.score_range[1]}. Zones from {self.bands_from}."
        table = self.points[["characteristic", "answer", "points"]]
        if table.empty:
            lead = f"No criteria: {self.tipping.reason}"
        sections = [("Points", table), ("Zones", self.bands), ("On deals never seen", self.performance)]
        return page("Qualification criteria", lead, sections)

    def score(self, answers: pd.DataFrame) -> pd.Series[int]:
        """Return the score of each deal.

        Parameters
        ----------
        answers : DataFrame
            Answers as in `Deals.answers`, indexed by deal.

        Returns
        -------
        Series
            Whole numbers, indexed by deal.

        Raises
        ------
        InvalidDeals
            Where a characteristic is missing or an answer has no points.
        """
        problems: list[Problem] = []
        total = pd.Series(0, index=answers.index, name="score", dtype="int64")
        for name in self.kept:
            if name not in answers:
                problems.append(Problem(reason="the criteria need it", mend="add its column", column=name))
                continue
            points = {answer: self.points_of(name, answer) for answer in answers[name].cat.categories}
            used = set(answers[name].astype(str).unique())
            problems += [
                Problem(reason="no points for this answer", mend="refine again", column=name, value=answer)
                for answer, given in points.items()
                if given is None and answer in used
            ]
            total += answers[name].astype(str).map(points).fillna(0).astype("int64")
        if problems:
            raise InvalidDeals(problems, "these deals cannot be scored:")
        return total

    def points_of(self, characteristic: str, answer: str) -> int | None:
        """Return the points of one answer.

        Parameters
        ----------
        characteristic : str
            One of `kept`.
        answer : str
            An answer as it stands in `Deals.answers`; any number of a score.

        Returns
        -------
        int or None
            None where the criteria know no such answer.
        """
        rows = self.points[self.points["characteristic"] == characteristic]
        if self.survey.characteristic(characteristic).kind == "score" and answer != UNKNOWN:
            rows = rows[(rows["low"] <= float(answer)) & (float(answer) < rows["high"])]
        else:
            rows = rows[rows["answer"] == answer]
        return int(rows["points"].iloc[0]) if len(rows) else None


def refine_criteria(
    deals: Deals,
    *,
    max_characteristics: int = 8,
    zones: tuple[float, float] = (0.25, 0.75),
    replicates: int = 200,
    level: float = 0.95,
    rng: np.random.Generator | int | None = 0,
) -> Criteria:
    """Turn closed deals into a short scorecard of whole-number points.

    Parameters
    ----------
    deals : Deals
        Closed deals read against their survey.
    max_characteristics : int
        Keep at most this many characteristics.
    zones : tuple of float
        Win probabilities below and above which a deal is in the lower and upper zone, where there is no sharp
        tipping point to divide them.
    replicates : int
        Bootstrap draws of the whole procedure.
    level : float
        Confidence level of the intervals, in (0, 1).
    rng : numpy.random.Generator, int or None
        Source of chance; the same seed gives the same criteria.

    Returns
    -------
    Criteria
        Points, zones, probabilities and how surely.

    Raises
    ------
    NotEnoughDeals
        Where there are not at least ten won and ten lost deals.
    InvalidArgument
        For zones that do not ascend within 0 and 1, or a level outside (0, 1).

    Notes
    -----
    Every fold and replicate repeats all of it: pooling of rare answers; the ridge fit; the choice of
    characteristics by least corrected AIC, kept where at least half of perturbed fits choose them (Meinshausen
    & Bühlmann 2010); a ridge fit of those; and points found by lowering the penalised deviance over whole
    numbers, coarsest scale first. Probabilities are those of the tipping curve on scores from criteria that
    never saw the deal.

    Examples
    --------
    >>> import qualify as ql
    >>> simulated = ql.simulate_deals(300, rng=1)
    >>> criteria = ql.refine_criteria(ql.read_deals(simulated.frame, simulated.survey), replicates=40)
    >>> criteria.points["points"].min() == 0
    True
    """
    check_level(level, where="refine_criteria")
    check_positive(replicates, name="replicates", where="refine_criteria", whole=True)
    check_positive(max_characteristics, name="max_characteristics", where="refine_criteria", whole=True)
    if not 0 < zones[0] < zones[1] < 1:
        raise InvalidArgument(f"`zones` of `refine_criteria` must ascend within 0 and 1; got {zones}.")
    check_outcomes(deals, where="a scorecard")
    seed = int(rng) if isinstance(rng, (int, np.integer)) else None
    generator = np.random.default_rng(rng)
    scales = scales_of(deals)
    sample, grouping = sample_of(deals)
    sample = sample._replace(items=whole_items(deals.answers, deals.survey, scales))
    recipe = Recipe(float(deals.survey.min_answers), True, int(max_characteristics), LARGEST)
    trained = from_zero(train(sample.items, sample.outcome, sample.weights, recipe))
    limits = Limits()
    estimate = estimate_tipping(sample, Plan(recipe, FOLDS, int(replicates), level, limits.alpha), generator)
    if estimate.p_value > limits.alpha:
        # Points that do no better than chance on unseen deals are not handed out.
        trained = trained._replace(points=np.zeros_like(trained.points), slope=0.0)
    estimate = in_points(estimate, trained)
    tipping = describe_tipping(deals, estimate, level=level, limits=limits, label="points")
    settings = {"max_characteristics": max_characteristics, "zones": list(zones), "replicates": replicates}
    points = points_table(deals, trained, scales)
    highest = int(points.groupby("characteristic", sort=False)["points"].max().sum()) if len(points) else 0
    probabilities = probability_table(estimate, highest, tipping)
    zoning = Zoning.choose(tipping, probabilities, zones)
    return Criteria(
        points=points,
        gates=pd.DataFrame(columns=["characteristic", "answer", "n", "won", "win_rate_high"]),
        bands=band_table(tipping, zoning, highest, level),
        probabilities=probabilities,
        stability=stability_table(deals, sample, estimate, trained),
        performance=performance_table(sample, estimate, level),
        tipping=tipping,
        bands_from=zoning.source,
        survey=deals.survey,
        version="1",
        provenance={
            "qualify": __version__,
            "seed": seed,
            "level": level,
            "settings": settings,
            "grouping": grouping,
            **provenance_of(deals, sample, trained),
        },
    )


def from_zero(trained: Trained) -> Trained:
    """Shift points so that the least of each characteristic is 0; the intercept takes the difference."""
    least = trained.points.min(axis=1, keepdims=True)
    points = trained.points - least
    intercept = trained.intercept + trained.slope * float(least.sum())
    return trained._replace(points=points, effects=trained.slope * points, intercept=intercept)


def in_points(estimate: TippingEstimate, trained: Trained) -> TippingEstimate:
    """Express an estimate on the log-odds scale in points of the final criteria."""
    if trained.slope <= 0 or not trained.points.any():
        return estimate

    def points(log_odds: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray((log_odds - trained.intercept) / trained.slope, dtype=np.float64)

    def turned(curve: Any) -> Any:
        return curve._replace(
            intercept=curve.intercept + curve.slope * trained.intercept, slope=curve.slope * trained.slope
        )

    return TippingEstimate(
        scores=points(estimate.scores),
        splits=points(estimate.splits),
        curve=turned(estimate.curve),
        correction=estimate.correction,
        p_value=estimate.p_value,
        draws=[draw._replace(curve=turned(draw.curve)) for draw in estimate.draws],
    )


