"""Firth's logistic regression by a general-purpose optimiser, written for the tests alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit
from scipy.stats import chi2


class Firth:
    """A fit, and tests that hold some coefficients at zero inside the full design."""

    def __init__(self, X: NDArray[np.float64], y: NDArray[np.float64]) -> None:
        self.X, self.y = X, y
        self.beta, self.loglik = self.maximise([])

    def penalised(self, beta: NDArray[np.float64]) -> float:
        eta = self.X @ beta
        p = expit(eta)
        information = (self.X * (p * (1 - p))[:, None]).T @ self.X
        return float(self.y @ eta - np.logaddexp(0, eta).sum() + np.linalg.slogdet(information)[1] / 2)

    def maximise(self, held: list[int]) -> tuple[NDArray[np.float64], float]:
        """Maximum with some coefficients held at zero, the penalty staying that of all columns."""
        free = np.setdiff1d(np.arange(self.X.shape[1]), held)
        beta = np.zeros(self.X.shape[1])

        def loss(part: NDArray[np.float64]) -> float:
            beta[free] = part
            return -self.penalised(beta)

        best = minimize(loss, np.zeros(free.size), method="BFGS", options={"gtol": 1e-7})
        best = minimize(loss, best.x, method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12})
        beta[free] = best.x
        return beta, -float(best.fun)

    def test(self, held: list[int]) -> tuple[float, float]:
        statistic = 2 * (self.loglik - self.maximise(held)[1])
        return statistic, float(chi2.sf(statistic, len(held)))

    def covariance(self) -> NDArray[np.float64]:
        p = expit(self.X @ self.beta)
        return np.linalg.inv((self.X * (p * (1 - p))[:, None]).T @ self.X)

    def flic(self) -> NDArray[np.float64]:
        """The coefficients, with the intercept at which the mean prediction is the win rate."""
        beta = self.beta.copy()
        slopes = self.X[:, 1:] @ beta[1:]
        best = minimize(
            lambda a: -float(self.y @ (a[0] + slopes) - np.logaddexp(0, a[0] + slopes).sum()), [0.0]
        )
        beta[0] = best.x[0]
        return beta
