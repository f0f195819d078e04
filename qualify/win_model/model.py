"""The win model: win probability from all the answers of a deal."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from qualify.deals import Deals
from qualify.deals.requirements import check_deals
from qualify.deals.resampling_units import sample_of
from qualify.deals.steps import step_of
from qualify.errors import InvalidDeals, NotEnoughDeals, Problem
from qualify.formatting.render import page
from qualify.numerics.coding import NUMERIC, count_answers, settle_unseen
from qualify.numerics.newton import CONVERGED
from qualify.numerics.procedures import answer_effects
from qualify.numerics.resampling import Sample
from qualify.numerics.ridge import Training, choose_ridge, prepare_training
from qualify.survey import UNKNOWN, Survey


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class WinModel:
    """Win probability from answers.

    Attributes
    ----------
    coefficients : DataFrame
        characteristic, answer, estimate (log-odds), centre, step. For a score the row ``"per step"`` (of
        numbers other than ratings ``"per 25,000"``, say) counts from its `centre`, the mean of the known
        answers, in steps of `step` units; both are NaN elsewhere. Shrunken, so without intervals: those
        belong to `find_factors`.
    intercept : float
        Log-odds of a deal with reference answers and average ratings.
    penalty : float
        Strength of the ridge penalty that was chosen; `inf` leaves the intercept alone.
    freedom : float
        Effective number of parameters.
    converged : bool
        Whether the fit reached its maximum; a model that did not is not to be trusted.
    survey : Survey
        The survey of the deals.
    n, won : int
        Closed deals it learned from, and how many were won.
    """

    coefficients: pd.DataFrame
    intercept: float
    penalty: float
    freedom: float
    converged: bool
    survey: Survey
    n: int
    won: int

    def __repr__(self) -> str:
        size = self.coefficients["characteristic"].nunique()
        doubt = "" if self.converged else ", NOT CONVERGED"
        return (
            f"<WinModel: {size} characteristics, {self.freedom:.1f} effective parameters, "
            f"{self.n} deals{doubt}>"
        )

    def _repr_html_(self) -> str:
        lead = f"{self.n} closed deals, {self.won} won; {self.freedom:.1f} effective parameters."
        lead += "" if self.converged else " The fit did not converge: do not rely on it."
        return page("Win model", lead, [("", self.coefficients)])

    def log_odds(self, deals: Deals | pd.DataFrame) -> pd.Series[float]:
        """Return the log-odds of winning of each deal.

        Parameters
        ----------
        deals : Deals or DataFrame
            Closed deals, or a frame of answers as in `Deals.answers`.

        Returns
        -------
        Series
            Indexed by deal. An answer that is not in the model's survey counts as unknown.
        """
        answers = deals.answers if isinstance(deals, Deals) else deals
        missing = [name for name in self.survey.names if name not in answers]
        if missing:
            raise InvalidDeals(
                Problem(reason="the model needs this characteristic", mend="add its column", column=name)
                for name in missing
            )
        total = pd.Series(self.intercept, index=answers.index, name="log_odds")
        for name, rows in self.coefficients.groupby("characteristic", sort=False):
            total += _effects(answers[str(name)], rows, self.survey.characteristic(str(name)).kind == "score")
        return total

    def predict(self, deals: Deals | pd.DataFrame) -> pd.Series[float]:
        """Return the win probability of each deal.

        Parameters
        ----------
        deals : Deals or DataFrame
            Closed deals, or a frame of answers as in `Deals.answers`.

        Returns
        -------
        Series
            In (0, 1), indexed by deal.
        """
        log_odds = self.log_odds(deals)
        return pd.Series(expit(log_odds.to_numpy()), index=log_odds.index, name="probability")


def fit_win_model(deals: Deals) -> WinModel:
    """Fit the win probability to all the answers of closed deals.

    Parameters
    ----------
    deals : Deals
        Closed deals read against their survey.

    Returns
    -------
    WinModel
        Coefficients and predictions.

    Raises
    ------
    NotEnoughDeals
        Where there are not at least one won and one lost deal.

    Notes
    -----
    Ridge logistic regression, maximising ``ℓ(β) − ½λ Σ Var(contribution of each characteristic)``: neither
    the reference answer nor the unit of a rating matters. λ is the one with the least corrected AIC at its
    effective degrees of freedom (le Cessie & van Houwelingen 1992; Hurvich & Tsai 1989; Harrell 2015, 9.10).

    References
    ----------
    le Cessie, S. & van Houwelingen, J. (1992). Ridge estimators in logistic regression. Applied Statistics
    41, 191–201.

    Examples
    --------
    >>> import qualify as ql
    >>> simulated = ql.simulate_deals(300, rng=1)
    >>> deals = ql.read_deals(simulated.frame, simulated.survey)
    >>> model = ql.fit_win_model(deals)
    >>> bool(abs(model.predict(deals).mean() - deals.win_rate) < 1e-6)
    True
    """
    check_deals(deals, where="fit_win_model")
    if not 0 < int(deals.won.sum()) < deals.n:
        raise NotEnoughDeals("A win model needs won and lost deals; all closed deals here ended alike.")
    sample, _ = sample_of(deals)
    training = prepare_training(sample.items, sample.outcome, sample.weights, float(deals.survey.min_answers))
    fit = choose_ridge(training, np.ones(sample.items.kind.size, dtype=np.bool_), np.inf)
    return WinModel(
        coefficients=_coefficients(deals, sample, training, fit.beta),
        intercept=float(fit.beta[0]),
        penalty=float(fit.strength),
        freedom=float(fit.freedom),
        converged=fit.how == CONVERGED,
        survey=deals.survey,
        n=deals.n,
        won=int(deals.won.sum()),
    )


def _coefficients(
    deals: Deals, sample: Sample, training: Training, beta: NDArray[np.float64]
) -> pd.DataFrame:
    """Return what each answer adds; one that (nearly) no deal gave is an average known answer."""
    counts, fewest = count_answers(sample.items, sample.weights), float(deals.survey.min_answers)
    effects = settle_unseen(answer_effects(training.coding, beta), sample.items, counts, fewest)
    rows: list[tuple[str, str, float, float, float]] = []
    for c, name in enumerate(deals.survey.names):
        categories = [str(answer) for answer in deals.answers[name].cat.categories]
        if sample.items.kind[c] == NUMERIC:
            column = training.coding.column[c, 0]
            slope = float(beta[column + 1]) if column >= 0 else 0.0
            centre = float(sample.items.value[c, 0] - training.coding.value[c, 0])
            step = step_of(deals.survey.characteristic(name), deals.answers[name])
            rows.append((name, step.label, slope * step.size, centre, step.size))
            rows.append((name, UNKNOWN, float(effects[c, len(categories) - 1]), np.nan, np.nan))
        else:
            rows += [(name, text, float(effects[c, a]), np.nan, np.nan) for a, text in enumerate(categories)]
    return pd.DataFrame(rows, columns=["characteristic", "answer", "estimate", "centre", "step"])


def _effects(answers: pd.Series[str], rows: pd.DataFrame, is_score: bool) -> pd.Series[float]:
    estimate = dict(zip(rows["answer"], rows["estimate"], strict=True))
    counted = rows[rows["step"].notna()].to_dict("records")
    by_answer = {}
    for answer in answers.cat.categories:
        effect = estimate.get(answer, estimate.get(UNKNOWN, 0.0))
        if is_score and answer != UNKNOWN:
            line = counted[0]
            effect = line["estimate"] * ((float(answer) - line["centre"]) / line["step"])
        by_answer[answer] = effect
    return answers.astype(str).map(by_answer).astype(float)
