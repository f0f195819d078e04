"""Closed testing of a prediction on new deals: kept, shifted, shifted and stretched, or revised.

The steps are compared by twice the log-likelihood ratio. Their reference is simulated, for a prediction that
was learned is never exactly true, and the chi-square would call that a change.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, ndtri

from qualify.numerics.blocks import Matrix, Vector
from qualify.numerics.full_fit import independent_columns
from qualify.numerics.logistic import LogisticFit, fit_logistic
from qualify.numerics.many_outcomes import least_deviances

# What is compared, twice the log-likelihood ratio of each: revision against the prediction as it is, against
# a new intercept, and against a new intercept and slope; then the intercept alone.
STEPS = ("keep", "shift", "rescale", "intercept")
VERDICTS = ("keep", "shift", "rescale", "rebuild")
# Log-odds beyond this are all the same certainty.
CERTAIN = 30.0
# Log-odds closer than this are the same.
ALIKE = 1e-9
# Standard errors that a mean product of residuals must lie above 0 to count.
BY_CHANCE = 1.645
# Simulated ratios this near an observed one equal it.
TIE = 1e-6


class Ladder(NamedTuple):
    """What the steps of the test stand on.

    log_odds, weights : (n,), of the prediction in use, and of the deals.
    design : (n, q) orthogonal columns that span a constant, the log-odds and the answers' columns.
    line : how many of them span constant and log-odds: 2, or 1 where all log-odds are alike.
    """

    log_odds: Vector
    weights: Vector
    design: Matrix
    line: int

    @property
    def df(self) -> tuple[int, int, int, int]:
        """Degrees of freedom of the four comparisons, were the prediction exactly true."""
        q = self.design.shape[1]
        return q, q - 1, q - self.line, 1


def ladder(log_odds: Vector, columns: Matrix, weights: Vector) -> Ladder:
    """Set up the steps: the revision has a constant, the log-odds in use and the answers' columns.

    Parameters
    ----------
    log_odds : ndarray, shape (n,)
        Of the prediction in use.
    columns : ndarray, shape (n, p)
        Answers coded into columns, no constant among them; those that others make up are left out.
    weights : ndarray, shape (n,)
        How much each deal counts.

    Notes
    -----
    Where the log-odds are a sum of the columns, as in Vergouwe et al. (2017), the revision has p + 1
    parameters; a prediction that bends (whole-number points, a plateau) is one more, so that every simpler
    step stays inside the revision.
    """
    n = len(log_odds)
    wide = np.column_stack([np.ones(n), log_odds, columns])
    kept = independent_columns(wide, range(wide.shape[1]))
    design = np.linalg.qr(wide[:, kept])[0] * np.sqrt(n)
    return Ladder(log_odds, weights, np.ascontiguousarray(design), 1 + (1 in kept))


def ratios(steps: Ladder, outcomes: Matrix) -> Matrix:
    """Twice the log-likelihood ratio of each comparison in `STEPS`, for each row of outcomes, (B, 4)."""
    log_odds, weights, design, line = steps
    nothing, constant = np.zeros(log_odds.size), np.ones((log_odds.size, 1))
    begin = design.T @ log_odds / log_odds.size
    original = deviances(outcomes, log_odds, weights)
    shifted = least_deviances(constant, outcomes, weights, log_odds, np.zeros(1))
    rescaled = shifted
    if line == 2:
        rescaled = least_deviances(design[:, :2], outcomes, weights, nothing, begin[:2])
    revised = least_deviances(design, outcomes, weights, nothing, begin)
    found = np.stack([original, shifted, rescaled, original], axis=1)
    found -= np.stack([revised, revised, revised, shifted], axis=1)
    return np.maximum(found, 0.0)


def deviances(outcomes: Matrix, log_odds: Vector, weights: Vector) -> Vector:
    """Twice minus the log-likelihood of each row of outcomes, (B,)."""
    # Σ w(yη − ln(1 + eη)), of which the second part is the same for all rows.
    return -2.0 * (outcomes @ (weights * log_odds) - float(weights @ np.logaddexp(0.0, log_odds)))


class Line(NamedTuple):
    """A recalibration ``intercept + slope · log-odds``, with the covariance (2, 2) of both."""

    intercept: float
    slope: float
    covariance: Matrix


def recalibrate_line(log_odds: Vector, outcome: Vector, weights: Vector, *, slope: bool) -> Line:
    """Fit a new intercept, or a new intercept and slope, to the log-odds in use by maximum likelihood.

    Parameters
    ----------
    log_odds, outcome, weights : ndarray, shape (n,)
        The deals.
    slope : bool
        Whether the slope is fitted too; it is 1 otherwise, and where all log-odds are alike.

    Notes
    -----
    Where won and lost are told apart outright, the likelihood has no maximum; Firth's penalty gives it one.

    References
    ----------
    Cox, D. R. (1958). Two further applications of a model for binary regression. Biometrika 45, 562-565.
    """
    covariance = np.zeros((2, 2))
    ones = np.ones((log_odds.size, 1))
    if not slope or np.ptp(log_odds) <= ALIKE:
        fit = _existing(ones, outcome, weights, log_odds)
        covariance[0, 0] = fit.covariance[0, 0]
        return Line(float(fit.beta[0]), 1.0, covariance)
    fit = _existing(np.column_stack([ones, log_odds]), outcome, weights, np.zeros(log_odds.size))
    return Line(float(fit.beta[0]), float(fit.beta[1]), fit.covariance)


def _existing(design: Matrix, outcome: Vector, weights: Vector, offset: Vector) -> LogisticFit:
    """Fit by maximum likelihood, or with Firth's penalty where there is no maximum."""
    fit = fit_logistic(design, outcome, weights=weights, offset=offset)
    if fit.converged:
        return fit
    return fit_logistic(design, outcome, weights=weights, offset=offset, penalty="firth")


class Belief(NamedTuple):
    """What the deals behind a prediction let one believe of the truth: coefficients and their covariance."""

    mean: Vector
    covariance: Matrix

    def draw(self, times: int, rng: np.random.Generator) -> Matrix:
        """Draw coefficients that may be true, (B, p)."""
        values, vectors = np.linalg.eigh((self.covariance + self.covariance.T) / 2.0)
        root = vectors * np.sqrt(np.maximum(values, 0.0))
        drawn = self.mean + rng.standard_normal((times, self.mean.size)) @ root.T
        return np.asarray(drawn, dtype=np.float64)


class Units(NamedTuple):
    """Which deals go together (n,), and how alike the outcomes of such deals are (0: not at all)."""

    unit: NDArray[np.int64]
    likeness: float


def draw_outcomes(log_odds: Matrix, units: Units, rng: np.random.Generator) -> Matrix:
    """Draw outcomes with the given log-odds, (B, n); those of one unit go together.

    Hidden normal numbers, correlated by `likeness` within units, are cut so that each deal keeps its chance.
    """
    if units.likeness <= 0.0:
        return np.asarray(rng.random(log_odds.shape) < expit(log_odds), dtype=np.float64)
    times = len(log_odds)
    shared = rng.standard_normal((times, int(units.unit.max()) + 1))[:, units.unit]
    own = rng.standard_normal(log_odds.shape)
    hidden = np.sqrt(units.likeness) * shared + np.sqrt(1.0 - units.likeness) * own
    return np.asarray(hidden < ndtri(expit(np.clip(log_odds, -CERTAIN, CERTAIN))), dtype=np.float64)


def likeness_within(outcome: Vector, chance: Vector, unit: NDArray[np.int64]) -> float:
    """How alike outcomes within units are beyond what was foretold: correlation of the hidden numbers.

    Parameters
    ----------
    outcome, chance : ndarray, shape (n,)
        1 for won, and the win probability, within 0 and 1.
    unit : ndarray of int, shape (n,)
        Numbered from 0.

    Returns
    -------
    float
        ``Σ rᵢrⱼ / Σ λᵢλⱼ`` over pairs of deals of one unit, at most 0.9, with r = (y − p)/√(p(1 − p))
        and λ = φ(z)/√(p(1 − p)), p = Φ(z): the first term of the tetrachoric series, a little too large
        where outcomes are very alike. 0 where the mean product is within what chance gives, 1.645 standard
        errors of it for independent deals.
    """
    size = np.bincount(unit).astype(np.float64)
    pairs = float((size * (size - 1.0)).sum()) / 2.0
    spread = np.sqrt(np.maximum(chance * (1.0 - chance), 1e-12))
    products = _pair_products((outcome - chance) / spread, unit)
    if pairs == 0.0 or products / np.sqrt(pairs) <= BY_CHANCE:
        return 0.0
    density = np.exp(-0.5 * ndtri(chance) ** 2) / np.sqrt(2.0 * np.pi)
    return float(min(products / max(_pair_products(density / spread, unit), 1e-12), 0.9))


def _pair_products(values: Vector, unit: NDArray[np.int64]) -> float:
    """Sum of products of two values of one unit."""
    total = np.bincount(unit, weights=values)
    return float((total**2).sum() - (values**2).sum()) / 2.0


class Moves(NamedTuple):
    """What the new deals ask for: a new intercept, and a new intercept and slope."""

    shift: Line
    line: Line


def moves(steps: Ladder, outcome: Vector) -> Moves:
    """Fit both recalibrations to the outcomes."""
    fit = partial(recalibrate_line, steps.log_odds, outcome, steps.weights)
    return Moves(fit(slope=False), fit(slope=True))


def reference(
    steps: Ladder, truths: Matrix, asked: Moves, units: Units, rng: np.random.Generator
) -> tuple[Matrix, Matrix]:
    """Ratios of simulated deals in which each step of the test holds, (B, 4), and the first outcomes, (B, n).

    Parameters
    ----------
    steps : Ladder
        The comparison.
    truths : ndarray, shape (B, n)
        Log-odds of the new deals that may be true, from what was believed before them.
    asked : Moves
        What the new deals ask for. Where a new intercept is all there is, outcomes come from the truths
        shifted by it; where intercept and slope are, from the truths shifted and stretched.
    units : Units
        Which deals go together.
    rng : numpy.random.Generator
        Source of chance.

    Returns
    -------
    ndarray
        Column by column the reference of the comparison of that name in `STEPS`.
    ndarray
        Outcomes with nothing changed.
    """
    unchanged = draw_outcomes(truths, units, rng)
    found = ratios(steps, unchanged)
    for column, line in ((1, asked.shift), (2, asked.line)):
        moved = draw_outcomes(line.intercept + line.slope * truths, units, rng)
        found[:, column] = ratios(steps, moved)[:, column]
    return found, unchanged


def exceeded(observed: Vector, drawn: Matrix) -> Vector:
    """Share of draws, the observed one among them, that reach the observed value, column by column."""
    return np.asarray((1.0 + (drawn >= observed - TIE).sum(axis=0)) / (1.0 + len(drawn)), dtype=np.float64)


def closed_test(p_values: Vector, alpha: float) -> str:
    """Return the simplest step that the revision does not beat: keep, shift, rescale, else rebuild.

    Parameters
    ----------
    p_values : ndarray, shape (3,)
        Of the revision against the prediction as it is, with a new intercept, and with intercept and slope.
    alpha : float
        Level of every test; as later ones are made only where all earlier ones reject, it is that of calling
        for any update where none is due.

    References
    ----------
    Vergouwe, Y., Nieboer, D., Oostenbrink, R., Debray, T. P. A., Murray, G. D., Kattan, M. W., Koffijberg,
    H., Moons, K. G. M. & Steyerberg, E. W. (2017). A closed testing procedure to select an appropriate method
    for updating prediction models. Statistics in Medicine 36, 4529-4539.
    """
    for verdict, p_value in zip(VERDICTS, p_values, strict=False):
        if not p_value <= alpha:
            return verdict
    return VERDICTS[-1]
