"""Logistic regression: maximum likelihood, Firth's penalty, and tests and intervals from either.

The first column of every design is the intercept. Weights count deals: a row of weight 2 is two rows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cho_factor, cho_solve, cholesky
from scipy.linalg.lapack import dtrtri
from scipy.optimize import linprog
from scipy.special import expit
from scipy.stats import chi2

from qualify.numerics.newton import Evaluation, Matrix, Optimum, Vector, maximise, newton_step

PenaltyName = Literal["none", "firth"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Data of one logistic regression: design (n × p), outcomes (n,), weights (n,), offset (n,)."""

    design: Matrix
    outcome: Vector
    weights: Vector
    offset: Vector
    penalty: PenaltyName


@dataclass(frozen=True, slots=True, kw_only=True)
class LogisticFit:
    """A fitted logistic regression.

    `covariance` is the inverse Fisher information at `beta`; `loglik` is what was maximised (with Firth's
    penalty where it was asked for). `failure` is empty, ``"separated"``, ``"singular"`` or ``"iterations"``.
    """

    problem: Problem
    beta: Vector
    covariance: Matrix
    loglik: float
    iterations: int
    failure: str

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
    n, p = design.shape
    problem = Problem(
        design=design,
        outcome=np.asarray(outcome, dtype=np.float64),
        weights=np.ones(n) if weights is None else np.asarray(weights, dtype=np.float64),
        offset=np.zeros(n) if offset is None else np.asarray(offset, dtype=np.float64),
        penalty=penalty,
    )
    optimum = maximise_within(problem, np.zeros(p), np.eye(p), np.zeros(p))
    failure = optimum.failure
    # Log-odds this large come from separation, or near it: only then is the linear program worth its time.
    largest = float(np.max(np.abs(problem.offset + design @ optimum.beta), initial=0.0))
    # Singular from the start is the design; on the way it may be separation, where information runs out.
    suspect = optimum.iterations > 0 if failure == "singular" else bool(failure) or largest > 12.0
    if penalty == "none" and suspect:
        failure = "separated" if separating_direction(problem) is not None else failure
    return LogisticFit(
        problem=problem,
        beta=optimum.beta,
        covariance=_inverse(evaluate(problem, optimum.beta).curvature),
        loglik=optimum.value,
        iterations=optimum.iterations,
        failure=failure,
    )


def evaluate(problem: Problem, beta: Vector) -> Evaluation:
    """Log-likelihood (with its penalty), score and Fisher information at `beta`."""
    X, y, w = problem.design, problem.outcome, problem.weights
    eta = problem.offset + X @ beta
    # 1 − p as a number of its own: near separation it is far below the rounding of p.
    p, q = expit(eta), expit(-eta)
    loglik = float(np.sum(w * (y * eta - np.logaddexp(0.0, eta))))
    v = w * p * q
    information = (X * v[:, None]).T @ X
    residual = w * (y * q - (1.0 - y) * p)
    if problem.penalty == "firth":
        try:
            root = cholesky(information, lower=True)
        except (LinAlgError, ValueError):
            return Evaluation(value=-np.inf, gradient=X.T @ residual, curvature=information)
        # Solving for many right sides makes BLAS threads wait for each other; the small inverse does not.
        hat = np.sum((X @ dtrtri(root, lower=1)[0].T) ** 2, axis=1) * v
        residual = residual + hat * (0.5 - p)
        loglik += float(np.sum(np.log(np.diag(root))))
    return Evaluation(value=loglik, gradient=X.T @ residual, curvature=information)


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
    held = maximise_near(fit, np.zeros(fit.beta.size), np.delete(np.eye(fit.beta.size), columns, axis=1))
    # The difference of two maxima is never negative; rounding may make it so.
    statistic = max(0.0, 2.0 * (fit.loglik - held.value)) if held.converged else np.nan
    degrees = len(columns) if df is None else df
    return RatioTest(chi2=statistic, df=degrees, p_value=float(chi2.sf(statistic, degrees)))


def profile_interval(fit: LogisticFit, column: int, *, level: float = 0.95) -> tuple[float, float]:
    """Profile-likelihood interval of one coefficient: where twice the drop reaches the chi-square quantile.

    An end is infinite where the likelihood never drops that far (separation without a penalty), and NaN where
    the design is singular.
    """
    quantile = float(np.sqrt(chi2.ppf(level, 1)))
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


def maximise_within(problem: Problem, fixed: Vector, span: Matrix, start: Vector) -> Optimum:
    """Maximise the (penalised) log-likelihood over ``β = fixed + span · part``, from `start` for the part.

    `beta`, `gradient` and `curvature` of the answer are those of all coefficients.
    """
    moves = problem.design[problem.weights > 0] @ span

    def restricted(part: Vector) -> Evaluation:
        full = evaluate(problem, fixed + span @ part)
        curvature = span.T @ full.curvature @ span
        return Evaluation(value=full.value, gradient=span.T @ full.gradient, curvature=curvature)

    def size(step: Vector) -> float:
        # Root mean square change of the log-odds: the same whatever the unit of a column.
        largest = float(np.max(np.abs(step), initial=1.0))
        return largest * float(np.linalg.norm(moves @ (step / largest)) / np.sqrt(max(len(moves), 1)))

    # Firth scoring uses the expected curvature, hence more and smaller steps than Newton's.
    iterations = 60 if problem.penalty == "none" else 400
    optimum = maximise(restricted, start, size=size, iterations=iterations)
    beta = fixed + span @ optimum.beta
    full = evaluate(problem, beta)
    return replace(optimum, beta=beta, gradient=full.gradient, curvature=full.curvature)


def maximise_near(fit: LogisticFit, fixed: Vector, span: Matrix) -> Optimum:
    """Maximise over ``β = fixed + span · part``, from where the likelihood's shape at the fit puts it."""
    start: Vector = np.linalg.pinv(span) @ (fit.beta - fixed)
    across = span.T @ evaluate(fit.problem, fit.beta).curvature
    # What the span cannot follow pulls the rest along.
    pull = across @ (fit.beta - fixed - span @ start)
    step = newton_step(Evaluation(value=0.0, gradient=pull, curvature=across @ span))
    start = start if step is None else start + step
    return maximise_within(fit.problem, fixed, span, start)


def separating_direction(problem: Problem) -> Vector | None:
    """Find a direction along which the likelihood only rises (separation, complete or not), or None.

    Maximises ``Σ sᵢ xᵢ'd`` over ``−1 ≤ d ≤ 1`` subject to ``sᵢ xᵢ'd ≥ 0`` with sᵢ = ±1 for won and lost
    (Konis 2007): a positive optimum is a separating direction. A row with both outcomes stands for both.
    """
    used = problem.weights > 0
    won, lost = used & (problem.outcome > 0), used & (problem.outcome < 1)
    signed = np.vstack([problem.design[won], -problem.design[lost]])
    answer = linprog(-signed.sum(axis=0), A_ub=-signed, b_ub=np.zeros(len(signed)), bounds=(-1, 1))
    if not answer.success or float(signed.sum(axis=0) @ answer.x) < 1e-7:
        return None
    return np.asarray(answer.x, dtype=np.float64)


def _profile_end(fit: LogisticFit, column: int, target: float) -> float:
    """Newton's method on the signed root of the profile drop, kept inside a bracket."""
    fixed, span = np.zeros(fit.beta.size), np.delete(np.eye(fit.beta.size), column, axis=1)
    sign, size = np.sign(target), abs(target)
    near, far = 0.0, np.inf  # distances from the estimate known to be too small, too large
    first = distance = size * float(np.sqrt(fit.covariance[column, column]))
    for _ in range(50):
        if not distance <= 1e3 * first:
            return float(sign * distance * np.inf)
        fixed[column] = fit.beta[column] + sign * distance
        held = maximise_near(fit, fixed, span)
        root = np.sqrt(max(0.0, 2.0 * (fit.loglik - held.value)))
        if held.converged and abs(root - size) < 1e-10:
            return float(fixed[column])
        # So far out that the other coefficients do not settle is too far.
        near, far = (distance, far) if held.converged and root < size else (near, distance)
        slope = -sign * float(held.gradient[column]) / max(root, 1e-12) if held.converged else 0.0
        trial = distance - (root - size) / slope if slope > 0 else np.inf
        if not near < trial < min(far, 4 * distance):
            trial = 2 * distance if np.isinf(far) else 0.5 * (near + far)
        if abs(trial - distance) < 1e-13 * distance:
            return float(fit.beta[column] + sign * trial) if held.converged else np.nan
        distance = trial
    return np.nan


def _inverse(information: Matrix) -> Matrix:
    try:
        inverse: Matrix = cho_solve(cho_factor(information), np.eye(len(information)))
    except (LinAlgError, ValueError):
        return np.full_like(information, np.nan)
    return inverse
