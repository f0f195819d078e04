"""New deals as criteria see them: score, log-odds, gates, and the columns that the points came from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import logit

from qualify.criteria.consistency import WRITE_ANEW
from qualify.criteria.model import Criteria
from qualify.deals import Deals
from qualify.deals.resampling_units import sample_of
from qualify.errors import InvalidCriteria, NotEnoughDeals, Problem
from qualify.monitoring.new_deals import FEWEST
from qualify.numerics.blocks import Matrix, Vector
from qualify.numerics.logistic import fit_logistic
from qualify.numerics.resampling import Sample
from qualify.numerics.updating import CERTAIN, Belief
from qualify.scoring.answer_levels import NO_LIMIT, gives
from qualify.scoring.scored_answers import standing_of
from qualify.tipping.verdict import ZONES


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class HeldDeals:
    """New deals held against criteria. Those that a gate stops are told apart: theirs is a limit.

    Attributes
    ----------
    deals : Deals
        The new deals.
    sample : Sample
        The same, ready to be resampled.
    score : ndarray of int, shape (n,)
        Their scores.
    chance, log_odds : ndarray, shape (n,)
        Win probability in use, by gates too, and the log-odds of the score alone.
    stopped : ndarray of bool, shape (n,)
        Whether a gate stops the deal.
    zone : ndarray of str, shape (n,)
        Zone in use.
    columns : ndarray, shape (n, p)
        What each deal's answers put into the columns of the fit behind the points, a constant first.
    belief : Belief
        Coefficients of these columns that may be true, as far as the deals behind the criteria tell.
    whole : bool
        Whether the criteria say how answers map to the fit; else the columns are a constant and the score.
    """

    deals: Deals
    sample: Sample
    score: NDArray[np.int64]
    chance: Vector
    log_odds: Vector
    stopped: NDArray[np.bool_]
    zone: NDArray[np.str_]
    columns: Matrix
    belief: Belief
    whole: bool


def hold(criteria: Criteria, deals: Deals) -> HeldDeals:
    """Hold deals against criteria.

    Parameters
    ----------
    criteria : Criteria
        The criteria in use.
    deals : Deals
        Closed deals, in the order of `in_order`.

    Returns
    -------
    HeldDeals
        The deals as the criteria see them.

    Raises
    ------
    InvalidDeals
        Where the criteria cannot score them.
    InvalidCriteria
        Where the fit that the criteria carry cannot be read.
    """
    standing, fit = standing_of(criteria, deals.answers), _fit_of(criteria)
    score, limit = standing.score, standing.limit
    return HeldDeals(
        deals=deals,
        sample=sample_of(deals)[0],
        score=score,
        chance=standing.probability(score, limit),
        log_odds=log_odds_of(standing.chance[score]),
        stopped=standing.limits[limit] < NO_LIMIT,
        zone=np.array(ZONES)[standing.zone(score, limit)],
        columns=_line_columns(score) if fit is None else fit_columns(criteria, deals.answers, fit),
        belief=_line_belief(criteria) if fit is None else _belief(fit),
        whole=fit is not None,
    )


def open_ones(everything: HeldDeals, criteria: Criteria) -> HeldDeals:
    """Leave out the deals that a gate stops.

    Parameters
    ----------
    everything : HeldDeals
        All new deals.
    criteria : Criteria
        The criteria in use.

    Returns
    -------
    HeldDeals
        The others.

    Raises
    ------
    NotEnoughDeals
        Where fewer than five of the others were won, or fewer than five were not.
    """
    if not everything.stopped.any():
        return everything
    rest = everything.deals.subset(~everything.stopped)
    won = int(rest.won.sum())
    if min(won, rest.n - won) < FEWEST:
        raise NotEnoughDeals(
            f"A recalibration needs at least {FEWEST} won and {FEWEST} lost new deals that no gate stops; "
            f"there are {won} won and {rest.n - won} lost. Wait for more."
        )
    return hold(criteria, rest)


def log_odds_of(chance: NDArray[np.float64]) -> Vector:
    """Return log-odds, those of certainty kept finite.

    Parameters
    ----------
    chance : ndarray
        Probabilities.

    Returns
    -------
    ndarray
        Within −30 and 30.
    """
    # Rounding leaves a chance of nearly one less than its log-odds say; both ends are cut alike.
    return np.clip(logit(np.clip(chance, 1e-15, 1.0 - 1e-15)), -CERTAIN, CERTAIN)


def fit_columns(criteria: Criteria, answers: pd.DataFrame, fit: dict[str, Any]) -> Matrix:
    """Return what answers put into the columns of the fit behind the points.

    Parameters
    ----------
    criteria : Criteria
        Whose points say which numbers an answer of a score covers.
    answers : DataFrame
        As in `Deals.answers`.
    fit : dict
        ``provenance["fit"]``.

    Returns
    -------
    ndarray, shape (n, p)
        A constant first.
    """
    columns = np.zeros((len(answers), int(fit["columns"])))
    columns[:, 0] = 1.0
    for row, place in zip(criteria.points.to_dict("records"), fit["answers"], strict=True):
        if place["column"] is not None:
            name = str(row["characteristic"])
            given = gives(answers[name], str(row["answer"]), float(row["low"]), float(row["high"]))
            columns[given, int(place["column"])] = float(place["value"])
    return columns


def _fit_of(criteria: Criteria) -> dict[str, Any] | None:
    """Return the fit that criteria carry; None where it is of an older kind that does not map answers."""
    fit = criteria.provenance.get("fit")
    if not isinstance(fit, dict) or "answers" not in fit or "uncertainty" not in fit:
        return None
    try:
        size = int(fit["columns"])
        named = [(str(row["characteristic"]), str(row["answer"])) for row in fit["answers"]]
        places = [int(row["column"] or 0) for row in fit["answers"]]
        numbers = [np.array(fit["coefficients"], dtype=float), np.array(fit["uncertainty"], dtype=float)]
        fine = [number.shape for number in numbers] == [(size,), (size, size)]
        fine = fine and all(0 <= place < size for place in places)
        fine = fine and all(bool(np.isfinite(number).all()) for number in numbers)
    except (KeyError, TypeError, ValueError):
        fine, named = False, []
    points = criteria.points[["characteristic", "answer"]].astype(str)
    if not fine or named != list(points.itertuples(index=False, name=None)):
        reason = "the fit behind the points cannot be read, or is not that of these points"
        raise InvalidCriteria(Problem(reason=reason, mend=WRITE_ANEW, column="provenance"))
    return fit


def _belief(fit: dict[str, Any]) -> Belief:
    return Belief(np.array(fit["coefficients"], dtype=float), np.array(fit["uncertainty"], dtype=float))


def _line_columns(score: NDArray[np.int64]) -> Matrix:
    return np.column_stack([np.ones(score.size), score.astype(np.float64)])


def _line_belief(criteria: Criteria) -> Belief:
    """Line of the win rate over the score, from the deals behind the criteria."""
    past = criteria.tipping.scores
    score, won = past["score"].to_numpy(dtype=np.float64), past["won"].to_numpy(dtype=np.float64)
    fit = fit_logistic(np.column_stack([np.ones(score.size), score]), won, penalty="firth")
    if np.ptp(score) > 0 and fit.converged:
        return Belief(fit.beta, fit.covariance)
    fit = fit_logistic(np.ones((score.size, 1)), won, penalty="firth")
    return Belief(np.array([fit.beta[0], 0.0]), np.diag([fit.covariance[0, 0], 0.0]))
