"""Validation: how the win model, or the whole way to criteria, fares on deals it has not seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

import numpy as np
import pandas as pd
from scipy.special import expit

from qualify.deals import Deals
from qualify.deals.design import as_floats
from qualify.deals.mirrors import mirrors_of
from qualify.deals.requirements import check_draws, check_outcomes
from qualify.deals.resampling_units import FOLDS, in_order, sample_of
from qualify.deals.score_bins import scales_of, whole_sample
from qualify.errors import check_choice, check_level
from qualify.formatting.render import page
from qualify.formatting.wording import counted, listed, pairs
from qualify.numerics.blocks import Matrix, Vector
from qualify.numerics.calibration import calibration_curve
from qualify.numerics.performance import MEASURES
from qualify.numerics.procedures import Recipe, points_recipe
from qualify.numerics.resampling import Sample, cross_fits
from qualify.numerics.validation import (
    Judged,
    bootstrap_optimism,
    finite_mean,
    fit_and_measure,
    judge,
    measure_splits,
    move_scores,
)
from qualify.win_model.temporal_validation import Forecast, temporal_table
from qualify.win_model.validation_tables import (
    OF_POINTS,
    calibration_grid,
    calibration_table,
    group_table,
    measures_table,
    notes_on,
    other_groups,
    rarer_outcome,
    sensitivity_table,
    shown_groups,
    shown_later,
    shown_measures,
    shown_sensitivity,
    why_no_slope,
)

Procedure = Literal["win_model", "criteria"]
NAMES = {"win_model": "Win model", "criteria": "Criteria"}
# Divisions into folds, and those made the other way for comparison.
REPEATS, OTHER_REPEATS = 20, 10


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Validation:
    """How a procedure fares on deals it has not seen.

    Attributes
    ----------
    procedure : {"win_model", "criteria"}
        What was repeated whole: the ridge fit to all answers, or the way to whole-number points.
    table : DataFrame
        metric (auc, brier, scaled_brier, log_loss, calibration_intercept, calibration_slope, ici), apparent
        (on the deals it learned from), optimism, corrected = apparent − optimism (of the ICI, a distance, at
        least 0), ci_low, ci_high (of corrected), cross_validated, cv_low, cv_high (of cross_validated),
        failed (replicates in which the measure did not exist). NaN where there is no such figure; `notes`
        says why.
    calibration : DataFrame
        probability, observed, low, high: smoothed win rate at a predicted probability, each deal predicted by
        models that never saw it.
    groups : DataFrame
        probability, observed, low, high, n, won: the same deals in up to ten groups of like probability;
        neighbours less than a percentage point apart are one group.
    predictions : DataFrame
        log_odds (mean over divisions into folds), probability, won: the honest prediction of every deal, by
        deal.
    temporal : DataFrame
        period, learned_from, n, won, metric, estimate, ci_low, ci_high: deals closed in later quarters, from
        a model of all earlier ones; last all of them together, their AUC from pairs of deals of one period,
        `learned_from` that of the first. No rows without close dates; `notes` says so.
    sensitivity : DataFrame
        metric, cross_validated, other_way, difference: the same with folds that keep `other_grouping`
        together.
    grouping : str
        What was kept together in folds: "accounts", "identical answers" or "single deals".
    other_grouping : str
        What `sensitivity` keeps together instead.
    drawn : str
        What bootstrap draws take whole: "accounts" or "single deals".
    notes : tuple of str
        What is to be known beside the figures.
    replicates, failed : int
        Bootstrap draws, and those in which no model could be measured.
    level : float
        Confidence level of the intervals.
    n, won : int
        Closed deals, and how many of them were won.
    """

    procedure: Procedure
    table: pd.DataFrame
    calibration: pd.DataFrame
    groups: pd.DataFrame
    predictions: pd.DataFrame
    temporal: pd.DataFrame
    sensitivity: pd.DataFrame
    grouping: str
    other_grouping: str
    drawn: str
    notes: tuple[str, ...]
    replicates: int
    failed: int
    level: float
    n: int
    won: int

    def __repr__(self) -> str:
        auc = self.table.set_index("metric").loc["auc"]
        kinds = (("corrected", "ci_low", "ci_high"), ("cross_validated", "cv_low", "cv_high"))
        told = ["{:.2f} ({:.2f} to {:.2f})".format(*auc[list(kind)]) for kind in kinds]
        figures = f"AUC {told[0]} corrected, {told[1]} cross-validated"
        name = NAMES[self.procedure].lower()
        return f"<Validation of the {name} on {self.n} deals ({self.won} won): {figures}>"

    def _repr_html_(self) -> str:
        sensitivity = shown_sensitivity(self.sensitivity, self.grouping, self.other_grouping)
        sections = [
            (f"On the same deals and on unseen ones ({counted(self.n, 'deal')})", shown_measures(self.table)),
            ("Predicted by models that never saw the deal, and what became of it", shown_groups(self.groups)),
            ("Later quarters, foretold from earlier ones", shown_later(self.temporal)),
            ("The same with folds made another way", sensitivity),
        ]
        lead = "\n\n".join([self._lead(), *self.notes])
        shown = [(head, table) for head, table in sections if len(table)]
        return page(f"Validation: {NAMES[self.procedure].lower()}", lead, shown)

    def _lead(self) -> str:
        names = ["cross_validated", "cv_low", "cv_high", "corrected", "apparent"]
        value, low, high, corrected, apparent = self.table[names].to_numpy(float)[0].tolist()
        alone = self.grouping == "single deals"
        folds = "Folds: each deal by itself." if alone else f"Kept together in folds: {self.grouping}."
        return (
            f"{counted(self.n, 'closed deal')}, {self.won:,} won. On deals not seen before, the "
            f"{NAMES[self.procedure].lower()} put {pairs(value, low, high, level=self.level)} by "
            f"cross-validation, in {100 * corrected:.0f} by the bootstrap "
            f"({counted(self.replicates, 'draw')}); on the deals learned from, in {100 * apparent:.0f}. "
            f"{folds} In `table`: apparent = same deals; corrected = bootstrap."
        )


class _Work(NamedTuple):
    """What is validated, and how: deals in order, as a sample, the procedure, and the settings."""

    deals: Deals
    sample: Sample
    recipe: Recipe
    replicates: int
    level: float
    grouping: str


def validate(
    deals: Deals,
    *,
    procedure: Procedure = "win_model",
    replicates: int = 1000,
    level: float = 0.95,
    rng: np.random.Generator | int | None = 0,
) -> Validation:
    """Estimate how the win model, or the whole way to criteria, fares on deals it has not seen.

    Parameters
    ----------
    deals : Deals
        Closed deals read against their survey.
    procedure : {"win_model", "criteria"}
        What to validate: the model of `fit_win_model`, or the points of `refine_criteria`.
    replicates : int
        Bootstrap draws, at least 2; the whole procedure is repeated in each.
    level : float
        Confidence level of the intervals, in (0, 1).
    rng : numpy.random.Generator, int or None
        Source of chance; the same seed gives the same figures, whatever the order of the deals.

    Returns
    -------
    Validation
        Measures of performance, the calibration curve, and later quarters foretold from earlier ones.

    Raises
    ------
    NotEnoughDeals
        Where there are not at least ten won and ten lost deals, or they come from too few accounts.
    InvalidArgument
        For deals that `read_deals` has not read, another procedure, a level outside (0, 1) or fewer than two
        replicates.

    Notes
    -----
    Two estimates stand side by side. *Corrected*: the apparent figure less its optimism, the mean over
    bootstrap draws of what a model trained on the draw does on the draw, less what it does on all deals.
    *Cross-validated*: every deal scored by models that never saw its group, ten folds, twenty divisions, the
    figure worked out over all deals of a division and averaged. Pooling of rare answers, shrinkage, selection
    and points are repeated in every draw and fold.

    The calibration intercept is a in ``logit P = a + log-odds`` and the slope b in ``logit P = a + b ·
    log-odds``; 0 and 1 are right. The ICI is the mean distance between predicted probability and a local
    linear regression of the outcome on it. Of ``procedure="criteria"`` the probabilities checked are those
    that the points' log-odds give before the criteria's own curve is fitted; the probabilities printed in the
    criteria come from that curve and are not checked here.

    Intervals: see "On deals it has not seen" in *How it works*.

    References
    ----------
    Harrell, F. E., Lee, K. L. & Mark, D. B. (1996). Multivariable prognostic models. Statistics in Medicine
    15, 361-387. Austin, P. & Steyerberg, E. (2019). The Integrated Calibration Index. Statistics in Medicine
    38, 4051-4065. Noma, H. et al. (2021). Confidence intervals of prediction accuracy measures for
    multivariable prediction models based on the bootstrap-based optimism correction methods. Statistics in
    Medicine 40, 5691-5701.

    Examples
    --------
    >>> import qualify as ql
    >>> simulated = ql.simulate_deals(200, characteristics=4, rng=1)
    >>> check = ql.validate(ql.read_deals(simulated.frame, simulated.survey), replicates=50)
    >>> auc = check.table.set_index("metric").loc["auc"]
    >>> bool(auc["corrected"] < auc["apparent"])
    True
    """
    check_choice(procedure, get_args(Procedure), name="procedure", where="validate")
    check_level(level, where="validate")
    replicates = check_draws(replicates, where="validate")
    check_outcomes(deals, where="a validation")
    work = _prepare(deals, procedure, replicates, level)
    chance = np.random.default_rng(rng).spawn(5)
    splits = cross_fits(work.sample, work.recipe, FOLDS, REPEATS, chance[0])
    judged, calibration = _judge(work, splits, chance[1:3])
    other, other_grouping = _the_other_way(work, chance[3])
    temporal, no_dates = temporal_table(work.deals, _forecast(work, chance[4]))
    predictions = _predictions(work.deals, splits)
    notes = notes_on(judged, work.replicates, no_dates, why_no_slope(predictions))
    return Validation(
        procedure=procedure,
        table=measures_table(judged, rarer_outcome(work.sample), level),
        calibration=calibration,
        groups=group_table(predictions, level),
        predictions=predictions.loc[deals.closed.index],
        temporal=temporal,
        sensitivity=sensitivity_table(judged, other),
        grouping=work.grouping,
        other_grouping=other_grouping,
        drawn="accounts" if work.grouping == "accounts" else "single deals",
        notes=(*_resting(deals), *notes, *([OF_POINTS] if procedure == "criteria" else [])),
        replicates=work.replicates,
        failed=int(judged.failed[0]),
        level=float(level),
        n=deals.n,
        won=int(deals.won.sum()),
    )


def _resting(deals: Deals) -> tuple[str, ...]:
    """Say that the figures rest on questions that say the outcome, if on any."""
    names = list(mirrors_of(deals))
    return (
        (f"Not to be used: these figures rest on what says the outcome ({listed(names)}).",) if names else ()
    )


def _prepare(deals: Deals, procedure: Procedure, replicates: int, level: float) -> _Work:
    # Deals that are otherwise alike may still have closed in different quarters.
    closed = None
    if "close_date" in deals.closed:
        closed = as_floats(deals.closed["close_date"].rank(method="dense").fillna(0))
    deals, _ = in_order(deals, closed)
    if procedure == "criteria":
        sample, grouping = whole_sample(deals, scales_of(deals))
        recipe = points_recipe(deals.survey.min_answers)
    else:
        sample, grouping = sample_of(deals)
        recipe = Recipe(float(deals.survey.min_answers), False, 0, 0)
    return _Work(deals, sample, recipe, replicates, level, grouping)


def _judge(work: _Work, splits: Matrix, chance: list[np.random.Generator]) -> tuple[Judged, pd.DataFrame]:
    """Measures with all that bears on them, and the calibration curve."""
    sample, grid = work.sample, calibration_grid(splits)
    outcome, weights = sample.outcome, sample.weights
    draws = bootstrap_optimism(sample, work.recipe, work.replicates, chance[0])
    moved, curves = move_scores(splits, sample, grid, work.replicates, chance[1])
    apparent = fit_and_measure(sample, work.recipe, weights[None])[0]
    curve = finite_mean(np.stack([calibration_curve(score, outcome, weights, grid) for score in splits]))
    judged = judge(apparent, draws, measure_splits(splits, sample), moved)
    return judged, calibration_table(grid, curve, curves, work.level)


def _forecast(work: _Work, rng: np.random.Generator) -> Forecast:
    return Forecast(work.sample, work.recipe, work.replicates, work.level, rng)


def _predictions(deals: Deals, splits: Matrix) -> pd.DataFrame:
    score = splits.mean(axis=0)
    columns = {"log_odds": score, "probability": expit(score), "won": deals.won.to_numpy()}
    return pd.DataFrame(columns, index=deals.closed.index)


def _the_other_way(work: _Work, rng: np.random.Generator) -> tuple[Vector | None, str]:
    """Cross-validated measures with other deals kept together; None where that cannot be done."""
    group, name = other_groups(work.sample, work.grouping)
    if group is None:
        return None, name
    sample = work.sample._replace(group=group)
    splits = cross_fits(sample, work.recipe, FOLDS, OTHER_REPEATS, rng)
    return finite_mean(measure_splits(splits, sample))[: len(MEASURES)], name
