"""One Firth model of all columns, asked about some of them; columns that the others make up are no obstacle.

Two questions answered alike, a total beside its parts, or deals whose survey was left blank throughout give
columns that are sums of others. What such columns say together can be tested; what one of them says on its
own cannot, and comes out as no test rather than as a number.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qualify.numerics.blocks import Matrix, Vector
from qualify.numerics.logistic import (
    LogisticFit,
    RatioTest,
    fit_logistic,
    profile_interval,
    ratio_test,
    sharpen,
    span_test,
)
from qualify.numerics.small_cholesky import lower_root

# A column whose part of its own is a smaller share of it than this counts as a sum of the others.
OWN_SHARE = 1e-5
# Where every share is above this by a root of the columns' products, there is no need to look closer.
CLEAR_SHARE = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class FullFit:
    """A Firth fit of all columns.

    design : (n, p), intercept first.
    kept : columns in `fit`; a column that the ones before it make up is left out.
    fit : the fit on the kept columns.
    beta, covariance : over all p columns, zero for those left out.
    separable : (p,), whether a column is no sum of the others, so that its coefficient means something.
    """

    design: Matrix
    kept: list[int]
    fit: LogisticFit
    beta: Vector
    covariance: Matrix
    separable: NDArray[np.bool_]

    def test(self, columns: list[int]) -> RatioTest:
        """Test some columns beside all the others; no test (p NaN) where the others make them up."""
        if len(self.kept) == len(self.beta):
            return ratio_test(self.fit, columns)
        others = independent_columns(self.design, (j for j in range(len(self.beta)) if j not in columns))
        added = independent_columns(self.design, [*others, *columns])[len(others) :]
        if not added:
            return RatioTest(chi2=0.0, df=0, p_value=np.nan)
        problem = self.fit.problem
        whole = fit_logistic(
            self.design[:, [*others, *added]], problem.outcome, penalty="firth", weights=problem.weights
        )
        return ratio_test(whole, [*range(len(others), len(others) + len(added))])

    def test_against(self, column: int, others: dict[int, float]) -> RatioTest:
        """Test one coefficient against a sum of others, given by how often each counts.

        That is the test of the column in a design in which each of the others has that many times the column
        added to it: the same fit in other coordinates.
        """
        if len(self.kept) == len(self.beta):
            span = np.eye(self.beta.size)
            for j, times in others.items():
                span[column, j] = times
            return span_test(self.fit, np.delete(span, column, axis=1), df=1)
        design, problem = self.design.copy(), self.fit.problem
        for j, times in others.items():
            design[:, j] += times * design[:, column]
        return fit_full(design, problem.outcome, problem.weights).test([column])

    def interval(self, column: int, *, level: float) -> tuple[float, float]:
        """Profile interval of one coefficient; NaN where the column is a sum of others."""
        if not self.separable[column]:
            return np.nan, np.nan
        return profile_interval(self.fit, self.kept.index(column), level=level)


def fit_full(design: Matrix, outcome: Vector, weights: Vector, *, start: Vector | None = None) -> FullFit:
    """Fit all columns with Firth's penalty: for many questions, or from `start` for one or two."""
    kept = independent_columns(design, range(design.shape[1]))
    near = None if start is None else start[kept]
    # All columns need no copy, and some of them none but this.
    used = design if len(kept) == design.shape[1] else np.take(design, kept, axis=1)
    fit = fit_logistic(used, outcome, penalty="firth", weights=weights, start=near)
    if start is None:
        fit = sharpen(fit)
    beta = np.zeros(design.shape[1])
    covariance = np.zeros((beta.size, beta.size))
    beta[kept] = fit.beta
    covariance[np.ix_(kept, kept)] = fit.covariance
    return FullFit(
        design=design,
        kept=kept,
        fit=fit,
        beta=beta,
        covariance=covariance,
        separable=_separable(design, len(kept)),
    )


def independent_columns(matrix: Matrix, order: Iterable[int]) -> list[int]:
    """Of the columns in the given order, those that the ones before them do not make up (Gram–Schmidt)."""
    wanted = list(order)
    if _clearly_independent(matrix[:, wanted]):
        return wanted
    kept: list[int] = []
    basis = np.empty((min(matrix.shape), len(matrix)))
    for j in wanted:
        column, before = matrix[:, j], basis[: len(kept)]
        rest = column - before.T @ (before @ column)
        rest -= before.T @ (before @ rest)
        length = float(np.linalg.norm(rest))
        if length > OWN_SHARE * float(np.linalg.norm(column)) and len(kept) < len(basis):
            basis[len(kept)] = rest / length
            kept.append(j)
    return kept


def _clearly_independent(matrix: Matrix) -> bool:
    """Whether the products of the columns, brought to one length, show shares of their own beyond doubt."""
    products = matrix.T @ matrix
    lengths = np.sqrt(np.diag(products))
    if len(matrix) < lengths.size or not np.all(lengths > 0):
        return False
    factored, root = lower_root(np.ascontiguousarray(products / np.outer(lengths, lengths)))
    return bool(factored and np.diag(root).min() > CLEAR_SHARE)


def _separable(design: Matrix, rank: int) -> NDArray[np.bool_]:
    """Whether each column stays out of every sum of columns that vanishes."""
    if rank == design.shape[1]:
        return np.ones(rank, dtype=np.bool_)
    scaled = design / np.maximum(np.linalg.norm(design, axis=0), np.finfo(float).tiny)
    vanishing = np.linalg.svd(np.linalg.qr(scaled, mode="r"))[2][rank:]
    return np.asarray(np.linalg.norm(vanishing, axis=0) < 1e-4)
