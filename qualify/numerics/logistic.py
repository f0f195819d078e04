"""Logistic regression: maximum likelihood, Firth's penalty, and tests and intervals from either.

The first column of every design is the intercept. Weights count deals: a row of weight 2 is two rows.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.special import chdtrc, chdtri

from qualify.numerics.blocks import Blocks, Matrix, Vector, block_rows
from qualify.numerics.firth import bend, look
from qualify.numerics.large_n import fit_some, maximise_from
from qualify.numerics.newton import CONVERGED, DRIFT, SINGULAR
from qualify.numerics.penalized_newton import FINEST, Maximum, maximise
from qualify.numerics.profile import profile_end
from qualify.numerics.small_cholesky import inverse_from_root, lower_root

PenaltyName = Literal["none", "firth"]

# A bracket this narrow, for its distance from the estimate, with the end not found in it, holds a jump.
JUMP = 1e-7


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Data of one logistic regression: design (n × p), outcomes (n,), weights (n,), offset (n,).

    `blocks` holds the rows with weight once more, as the compiled code reads them.
    """

    design: Matrix
    outcome: Vector
    weights: Vector
    offset: Vector
    penalty: PenaltyName
    blocks: Blocks = field(init=False, repr=False)

    def __post_init__(self) -> None:
        blocks = block_rows(self.design, self.outcome, self.weights, self.offset)
        object.__setattr__(self, "blocks", blocks)

    @property
    def firth(self) -> bool:
        """Whether the likelihood is penalised."""
        return self.penalty == "firth"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogisticFit:
    """A fitted logistic regression.

    `covariance` is the inverse Fisher information at `beta`; `loglik` is what was maximised (with Firth's
    penalty where it was asked for). `failure` is empty, ``"separated"``, ``"singular"`` or ``"iterations"``.
    `peak` is where the maximisation stopped, for tests and intervals to start from.
    """

    problem: Problem
    beta: Vector
    covariance: Matrix
    loglik: float
    iterations: int
    failure: str
    peak: Maximum

    @property
    def converged(self) -> bool:
        """Whether the fit is to be trusted."""
        return not self.failure


@dataclass(frozen=True, slots=True, kw_only=True)
class RatioTest:
    """A likelihood-ratio test: statistic, degrees of freedom, p-value."""

    chi2: float
    df: int
    p_value: float


def fit_logistic(
    design: Matrix,
    outcome: NDArray[np.generic],
    *,
    penalty: PenaltyName = "none",
    weights: Vector | None = None,
    offset: Vector | None = None,
    start: Vector | None = None,
) -> LogisticFit:
    """Fit a logistic regression by maximum likelihood, or with Firth's penalty.

    Parameters
    ----------
    design : ndarray, shape (n, p)
        The columns, intercept first.
    outcome : ndarray, shape (n,)
        1 for won, 0 for lost (shares of successes are allowed with weights as trials).
    penalty : {"none", "firth"}
        ``"firth"`` adds half the log determinant of the information, so that separation gives finite answers.
    weights, offset : ndarray, shape (n,), optional
        Case weights (default 1) and fixed parts of the log-odds (default 0).
    start : ndarray, shape (p,), optional
        Coefficients to set out from (default 0); the maximum does not hang on them.

    Returns
    -------
    LogisticFit
        Never raises on separated or singular data: `failure` says how it stopped.

    Notes
    -----
    Firth's modified score is ``U*(β) = Xᵀ(w(y − p) + h(½ − p))`` with the hat values ``h`` of ``W^½X``.

    References
    ----------
    Firth, D. (1993). Bias reduction of maximum likelihood estimates. Biometrika 80, 27–38.
    Heinze, G. & Schemper, M. (2002). A solution to the problem of separation in logistic regression.
    Statistics in Medicine 21, 2409–2419.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.column_stack([np.ones(4), [0.0, 0.0, 1.0, 1.0]])
    >>> fit = fit_logistic(X, np.array([0, 1, 1, 1]), penalty="firth")
    >>> fit.beta.round(4) + 0.0  # half a success and half a failure added to each group
    array([0.    , 1.6094])
    """
    design = np.ascontiguousarray(design, dtype=np.float64)
    n = len(design)
    problem = Problem(
        design=design,
        outcome=np.asarray(outcome, dtype=np.float64),
        weights=np.ones(n) if weights is None else np.asarray(weights, dtype=np.float64),
        offset=np.zeros(n) if offset is None else np.asarray(offset, dtype=np.float64),
        penalty=penalty,
    )
    peak, failure = _maximise(problem, start)
    return LogisticFit(
        problem=problem,
        beta=peak.beta,
        covariance=_inverse(peak.information),
        loglik=peak.value,
        iterations=peak.steps,
        failure=failure,
        peak=peak,
    )


def _maximise(problem: Problem, start: Vector | None) -> tuple[Maximum, str]:
    """Find where the likelihood is highest, and what was wrong; very many rows set out from a fit of some."""
    p, blocks, firth = problem.design.shape[1], problem.blocks, problem.firth
    begun = fit_some(blocks, firth) if start is None else np.asarray(start, dtype=np.float64)
    if start is None and begun is not None and not firth:
        near = maximise_from(blocks, begun)
        if near is not None:
            # Won and lost overlap among some of the rows, so they do among all.
            return near, ""
    flat = np.zeros(p)
    peak = maximise(blocks, firth, flat if begun is None else begun, np.eye(p), np.zeros((p, p)), FINEST)
    return peak, _failure(problem, peak)


def sharpen(fit: LogisticFit) -> LogisticFit:
    """Give a Firth fit the curvature of its penalty, so that tests and intervals take fewer steps each."""
    if not fit.problem.firth or not fit.converged:
        return fit
    blocks = fit.problem.blocks
    return replace(fit, peak=fit.peak._replace(bent=bend(blocks, look(blocks, fit.beta, True))))


def _failure(problem: Problem, peak: Maximum) -> str:
    """Name what was wrong with the data, if anything."""
    failure = "" if peak.how == CONVERGED else "singular" if peak.how == SINGULAR else "iterations"
    if problem.firth:
        return failure
    # Singular from the start is the design; on the way it may be separation, where information runs out.
    suspect = peak.steps > 0 if failure == "singular" else bool(failure) or _drifts(problem, peak)
    if suspect and separating_direction(problem) is not None:
        return "separated"
    return failure


def _drifts(problem: Problem, peak: Maximum) -> bool:
    """Whether the last step still moved the log-odds of a deal: under separation it does so for ever."""
    try:
        step = np.linalg.solve(peak.information, peak.gradient)
    except np.linalg.LinAlgError:
        return True
    return not float(np.max(np.abs(problem.design @ step), initial=0.0)) <= DRIFT


def ratio_test(
    fit: LogisticFit, columns: NDArray[np.intp] | list[int], *, df: int | None = None
) -> RatioTest:
    """Test that some coefficients are zero by the (penalised) likelihood ratio.

    The coefficients are held at zero inside the full design, so that Firth's penalty stays that of the full
    design, as in Heinze & Schemper (2002) and R's ``logistf``; dropping the columns is a different test.

    Parameters
    ----------
    fit : LogisticFit
        The full fit.
    columns : array of int
        The columns whose coefficients are tested.
    df : int, optional
        Degrees of freedom; the number of columns unless told.
    """
    span = np.delete(np.eye(fit.beta.size), columns, axis=1)
    return span_test(fit, span, df=len(columns) if df is None else df)


def span_test(fit: LogisticFit, span: Matrix, *, df: int) -> RatioTest:
    """Test by the same ratio that the coefficients are a sum of the columns of `span`, shape (p, q)."""
    held = maximise_near(fit.problem, fit.peak, np.zeros(fit.beta.size), span)
    usable = held.how == CONVERGED and fit.failure in ("", "separated")
    # The difference of two maxima is never negative; rounding may make it so.
    statistic = max(0.0, 2.0 * (fit.loglik - held.value)) if usable else np.nan
    return RatioTest(chi2=statistic, df=df, p_value=float(chdtrc(df, statistic)))


def profile_interval(fit: LogisticFit, column: int, *, level: float = 0.95) -> tuple[float, float]:
    """Profile-likelihood interval of one coefficient: where twice the drop reaches the chi-square quantile.

    An end is infinite where the likelihood never drops that far (separation without a penalty), and NaN where
    the design is singular.
    """
    quantile = float(np.sqrt(chdtri(1, 1.0 - level)))
    return _profile_end(fit, column, -quantile), _profile_end(fit, column, quantile)


def flic_intercept(fit: LogisticFit) -> float:
    """Intercept that makes the mean prediction equal the win rate, other coefficients as fitted.

    Firth's penalty pulls probabilities towards one half; a maximum-likelihood intercept with the Firth
    slopes as offset undoes that (Puhr, Heinze, Nold, Lusa & Geroldinger 2017, FLIC).
    """
    problem = fit.problem
    slopes = problem.offset + problem.design[:, 1:] @ fit.beta[1:]
    ones = np.ones((slopes.size, 1))
    refit = fit_logistic(ones, problem.outcome, weights=problem.weights, offset=slopes)
    return float(refit.beta[0])


def maximise_near(problem: Problem, near: Maximum, fixed: Vector, span: Matrix) -> Maximum:
    """Maximise over ``β = fixed + span · part``, from where the likelihood's shape at `near` puts it."""
    across = span.T @ (near.information + near.bent)
    try:
        part = np.linalg.solve(across @ span, across @ (near.beta - fixed))
    except np.linalg.LinAlgError:
        part = np.linalg.pinv(span) @ (near.beta - fixed)
    start, moves = fixed + span @ part, np.ascontiguousarray(span)
    return maximise(problem.blocks, problem.firth, start, moves, near.bent, FINEST)


def separating_direction(problem: Problem) -> Vector | None:
    """Find a direction along which the likelihood only rises (separation, complete or not), or None.

    Maximises ``Σ sᵢ xᵢ'd`` over ``−1 ≤ d ≤ 1`` subject to ``sᵢ xᵢ'd ≥ 0`` with sᵢ = ±1 for won and lost
    (Konis 2007): a positive optimum is a separating direction. A row with both outcomes stands for both.
    """
    used = problem.weights > 0
    won, lost = used & (problem.outcome > 0), used & (problem.outcome < 1)
    size = np.max(np.abs(problem.design), axis=0, initial=0.0)
    design = problem.design / np.where(size > 0, size, 1.0)
    signed = np.vstack([design[won], -design[lost]])
    answer = linprog(-signed.sum(axis=0), A_ub=-signed, b_ub=np.zeros(len(signed)), bounds=(-1, 1))
    if not answer.success or float(signed.sum(axis=0) @ answer.x) < 1e-7:
        return None
    return np.asarray(answer.x / np.where(size > 0, size, 1.0), dtype=np.float64)


def _profile_end(fit: LogisticFit, column: int, target: float) -> float:
    """Where the signed root of the profile drop reaches the target."""
    end = profile_end(fit.problem.blocks, fit.problem.firth, fit.peak, column, target)
    return end if np.isfinite(end) else _bracketed_end(fit, column, target)


def _bracketed_end(fit: LogisticFit, column: int, target: float) -> float:
    """Find the same with the other coefficients run to their best each time, kept inside a bracket.

    Where the profile breaks off or jumps from one ridge of the likelihood to another, the end is there.
    """
    fixed, span = np.zeros(fit.beta.size), np.delete(np.eye(fit.beta.size), column, axis=1)
    sign, size = np.sign(target), abs(target)
    near, far = 0.0, np.inf  # distances from the estimate known to be too small, too large
    first = distance = size * float(np.sqrt(fit.covariance[column, column]))
    last = fit.peak
    for _ in range(50):
        if not distance <= 1e3 * first:
            return float(sign * distance * np.inf)
        fixed[column] = fit.beta[column] + sign * distance
        held = maximise_near(fit.problem, last, fixed, span)
        settled = held.how == CONVERGED
        root = np.sqrt(max(0.0, 2.0 * (fit.loglik - held.value)))
        if settled and abs(root - size) < 1e-10:
            return float(fixed[column])
        # So far out that the other coefficients do not settle is too far.
        near, far = (distance, far) if settled and root < size else (near, distance)
        last = held if settled and root < size else last
        if far - near < JUMP * far:
            return float(fit.beta[column] + sign * near)
        slope = -sign * float(held.gradient[column]) / max(root, 1e-12) if settled else 0.0
        trial = distance - (root - size) / slope if slope > 0 else np.inf
        if not near < trial < min(far, 4 * distance):
            trial = 2 * distance if np.isinf(far) else 0.5 * (near + far)
        distance = trial
    return np.nan


def _inverse(information: Matrix) -> Matrix:
    factored, root = lower_root(information)
    return inverse_from_root(root) if factored else np.full_like(information, np.nan)
