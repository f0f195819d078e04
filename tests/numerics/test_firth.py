"""Firth's penalised fits on blocks: against plain NumPy, finite differences, R's brglm2 and firthmodels."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from firthmodels import FirthLogisticRegression
from kernels import from_python
from scipy.optimize import brentq
from scipy.special import expit

from qualify.numerics.blocks import block_rows, score
from qualify.numerics.firth import bend, look
from qualify.numerics.logistic import Problem, fit_logistic, sharpen
from qualify.numerics.newton import CONVERGED, SINGULAR, UNFINISHED
from qualify.numerics.penalized_newton import FINEST, Maximum, maximise, maximise_from_near
from qualify.numerics.profile import profile_end
from qualify.numerics.small_cholesky import lower_root

(maximise_from_near,) = from_python(maximise_from_near)

# What differs from plain NumPy is the order of sums.
WORKING = 1e-11
# Central differences of a gradient.
DIFFERENCES = 1e-6


class Plain:
    """Firth's likelihood in NumPy, and Newton's method with the whole second derivative by its definition."""

    def __init__(self, problem: Problem) -> None:
        used = problem.weights > 0
        self.X, self.y = problem.design[used], problem.outcome[used]
        self.w, self.offset = problem.weights[used], problem.offset[used]

    def at(self, beta: np.ndarray) -> tuple[float, np.ndarray, np.ndarray, np.ndarray]:
        """Value, gradient, information and curvature of the penalty."""
        X, w, eta = self.X, self.w, self.offset + self.X @ beta
        p = expit(eta)
        v = w * p * (1 - p)
        information = X.T @ (X * v[:, None])
        inverse = np.linalg.inv(information)
        h = v * np.einsum("ij,jk,ik->i", X, inverse, X)
        value = np.sum(w * (self.y * eta - np.logaddexp(0, eta))) + np.linalg.slogdet(information)[1] / 2
        gradient = X.T @ (w * (self.y - p) + h * (0.5 - p))
        slopes = np.einsum("i,ir,ij,ik->rjk", v * (1 - 2 * p), X, X, X)
        products = np.einsum("ij,rjk,kl,slm->rsim", inverse, slopes, inverse, slopes)
        bent = -0.5 * (X * (h * (1 - 6 * p * (1 - p)))[:, None]).T @ X
        return float(value), gradient, information, bent + 0.5 * np.einsum("rsii->rs", products)

    def maximise(self, start: np.ndarray, free: list[int]) -> tuple[np.ndarray, float]:
        beta = start.copy()
        for _ in range(60):
            value, gradient, information, bent = self.at(beta)
            step = np.linalg.solve((information + bent)[np.ix_(free, free)], gradient[free])
            while self.value_after(beta, free, step) < value - 1e-12:
                step /= 2
            beta[free] += step
        return beta, self.at(beta)[0]

    def value_after(self, beta: np.ndarray, free: list[int], step: np.ndarray) -> float:
        moved = beta.copy()
        moved[free] += step
        return self.at(moved)[0]


def problem_of(n: int, p: int, seed: int) -> Problem:
    """Uneven columns, shares as outcomes, weights of which some are 0, and an offset."""
    rng = np.random.default_rng(seed)
    design = np.column_stack([np.ones(n), rng.standard_normal((n, p - 1))])
    design[:, 2::3] = rng.random(design[:, 2::3].shape) < 0.2
    weights = rng.integers(0, 4, n) * rng.choice([1.0, 0.5], n)
    outcome = np.where(rng.random(n) < 0.2, rng.random(n), rng.integers(0, 2, n))
    return Problem(
        design=design, outcome=outcome, weights=weights, offset=0.5 * rng.standard_normal(n), penalty="firth"
    )


def fit(problem: Problem, start: np.ndarray | None = None, held: tuple[int, ...] = ()) -> Maximum:
    p = problem.design.shape[1]
    begun = np.zeros(p) if start is None else start
    span = np.ascontiguousarray(np.delete(np.eye(p), held, axis=1))
    return maximise(problem.blocks, problem.firth, begun, span, np.zeros((p, p)), FINEST)


@pytest.mark.parametrize(("n", "p"), [(30, 1), (63, 2), (64, 3), (65, 4), (200, 9), (500, 14)])
def test_all_that_is_seen_from_a_point_is_as_in_plain_numpy(n: int, p: int) -> None:
    problem = problem_of(n, p, n)
    beta = 0.4 * np.random.default_rng(p).standard_normal(p)
    here = look(problem.blocks, beta, True)
    value, gradient, information, bent = Plain(problem).at(beta)
    assert here.value == pytest.approx(value, rel=WORKING)
    np.testing.assert_allclose(here.gradient, gradient, rtol=WORKING, atol=WORKING * n)
    np.testing.assert_allclose(here.information, information, rtol=WORKING, atol=WORKING * n)
    np.testing.assert_allclose(bend(problem.blocks, here), bent, rtol=WORKING, atol=WORKING * n)


def test_curvature_is_the_slope_of_the_gradient() -> None:
    problem = problem_of(120, 5, 1)
    beta, width = np.array([0.2, -0.5, 0.3, 0.1, 0.4]), 1e-5
    here = look(problem.blocks, beta, True)
    for j, unit in enumerate(np.eye(5) * width):
        ends = [look(problem.blocks, beta + sign * unit, True).gradient for sign in (1, -1)]
        slope = (ends[0] - ends[1]) / (2 * width)
        np.testing.assert_allclose(
            slope, -(here.information + bend(problem.blocks, here))[j], rtol=DIFFERENCES, atol=DIFFERENCES
        )


@pytest.mark.parametrize("held", [(), (1,), (0, 3)])
@pytest.mark.parametrize("seed", range(4))
def test_the_maximum_is_that_of_newtons_method_in_numpy(seed: int, held: tuple[int, ...]) -> None:
    """Also with coefficients held away from zero, the penalty staying that of all columns."""
    problem = problem_of(90, 6, seed)
    start = np.zeros(6)
    start[list(held)] = 0.7
    found = fit(problem, start, held)
    beta, value = Plain(problem).maximise(start, [j for j in range(6) if j not in held])
    assert found.how == CONVERGED and found.value == pytest.approx(value, rel=WORKING)
    np.testing.assert_allclose(found.beta, beta, rtol=1e-9, atol=1e-9)
    np.testing.assert_array_equal(found.beta[list(held)], 0.7)


def test_nearly_degenerate_data_take_few_steps() -> None:
    """Twelve columns on forty deals, most of them rare: Fisher scoring alone would take hundreds of steps."""
    steps = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        rare = rng.random((40, 11)) < 0.12
        design = np.column_stack([np.ones(40), rare[:, np.flatnonzero(rare.sum(axis=0) > 1)]]).astype(float)
        if np.linalg.matrix_rank(design) < design.shape[1]:
            continue
        found = fit_logistic(design, rng.random(40) < 0.2, penalty="firth")
        assert found.converged
        steps.append(found.iterations)
        plain = Plain(found.problem)
        assert np.abs(plain.at(found.beta)[1]).max() < 1e-8
    assert len(steps) > 20 and max(steps) <= 25


def test_saturated_tables_have_half_a_deal_added_to_each_cell() -> None:
    """Every deal of its own kind, where Fisher's steps would swing from side to side for ever."""
    design = np.column_stack([np.ones(6), np.eye(6)[:, 1:]])
    won = np.array([1.0, 0, 1, 0, 1, 1])
    found = fit_logistic(design, won, penalty="firth")
    assert found.converged
    np.testing.assert_allclose(design @ found.beta, np.log((won + 0.5) / (1.5 - won)), rtol=1e-9)


def test_how_it_stopped_is_said() -> None:
    problem = problem_of(60, 4, 2)
    p = 4
    twice = np.column_stack([problem.design, problem.design[:, 1]])
    blocks = block_rows(twice, problem.outcome, problem.weights, problem.offset)
    found = maximise(blocks, True, np.zeros(5), np.eye(5), np.zeros((5, 5)), FINEST)
    assert found.how == SINGULAR and found.value == -np.inf
    # A tolerance that no step can meet, and steps that rounding keeps from ending: not left unsaid.
    assert maximise(problem.blocks, True, np.zeros(p), np.eye(p), np.zeros((p, p)), -1.0).how == CONVERGED
    separated = block_rows(np.column_stack([np.ones(8), np.arange(8.0)]), np.ones(8), np.ones(8), np.zeros(8))
    endless = maximise(separated, False, np.zeros(2), np.eye(2), np.zeros((2, 2)), 1e-300)
    assert endless.how in {UNFINISHED, SINGULAR}


@pytest.mark.parametrize("far", [-800.0, 800.0])
def test_extreme_log_odds_neither_overflow_nor_hide(far: float) -> None:
    problem = problem_of(70, 3, 3)
    here = look(problem.blocks, np.array([far, 0.0, 0.0]), False)
    assert np.isfinite(here.value) and np.isfinite(here.gradient).all() and here.value < -1e3
    assert look(problem.blocks, np.array([far, 0.0, 0.0]), True).value < 0
    assert fit(problem, np.array([far / 40, 0.0, 0.0])).how == CONVERGED


def test_a_wrong_guess_at_the_curvature_costs_steps_only() -> None:
    problem = problem_of(150, 5, 4)
    plain = fit(problem)
    for guess in (-1e6 * np.eye(5), 5.0 * plain.information, sharpened_bent(problem)):
        other = maximise(problem.blocks, True, np.zeros(5), np.eye(5), guess, FINEST)
        assert other.how == CONVERGED
        np.testing.assert_allclose(other.beta, plain.beta, rtol=1e-8, atol=1e-8)


def test_from_near_the_top_it_is_reached_as_closely_as_asked_or_given_up() -> None:
    """On draws of few deals with rare answers, from the fit of all: the last steps tell what is left."""
    asked, given_up, left = 1e-12, 0, []
    for seed in range(300):
        rng = np.random.default_rng(seed)
        n, p = (60, 6) if seed % 2 else (200, 9)
        design = np.column_stack([np.ones(n), rng.random((n, p - 1)) < 0.3]).astype(float)
        won = (rng.random(n) < expit(design @ rng.normal(0, 1.2, p) - 0.5)).astype(float)
        zero = np.zeros(n)
        blocks = block_rows(design, won, zero + 1, zero)
        everything = maximise(blocks, True, *flat(p), FINEST)
        here = look(blocks, everything.beta, True)
        pull, bent = here.gradient - score(blocks, everything.beta), bend(blocks, here)
        drawn = block_rows(design, won, np.bincount(rng.integers(n, size=n), minlength=n).astype(float), zero)
        exact = maximise(drawn, True, everything.beta, np.eye(p), bent, FINEST)
        gradient, root = score(drawn, everything.beta) + pull, lower_root(here.information + bent)[1]
        settled, beta, steps = maximise_from_near(drawn, everything.beta, gradient, root, bent, asked)
        if exact.how != CONVERGED or not settled:
            given_up += 1
            continue
        away = beta - exact.beta
        left.append(away @ (exact.information + exact.bent) @ away)
        assert 1 < steps < 20
    # A constant factor is known to a few times itself.
    assert max(left) < 10 * asked and np.median(left) < asked / 10
    assert 0 < given_up < 150


def test_far_from_the_top_or_with_a_wrong_curvature_it_is_given_up() -> None:
    problem = problem_of(150, 5, 4)
    top, bent = fit(problem).beta, sharpened_bent(problem)
    pull = -score(problem.blocks, top)  # at the top all slopes together are zero

    root = lower_root(look(problem.blocks, top, True).information + bent)[1]

    def tried(away: float | np.ndarray, curvature: np.ndarray) -> tuple[bool, np.ndarray, int]:
        gradient = score(problem.blocks, top + away) + pull
        return maximise_from_near(problem.blocks, top + away, gradient, root, curvature, 1e-12)

    def settles(away: float | np.ndarray, curvature: np.ndarray) -> bool:
        return tried(away, curvature)[0]

    assert settles(0.01, bent)
    assert not settles(0.01, 1e6 * np.eye(5))
    # A curvature that cannot be is not used.
    settled, beta, _ = tried(0.01, -1e6 * np.eye(5))
    np.testing.assert_allclose(beta, top if settled else top + 0.01, rtol=0, atol=1e-6)
    assert not settles(np.array([0.0, 9.0, 0.0, -9.0, 0.0]), bent)


def flat(p: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """From nothing, over all coefficients, by Fisher's steps."""
    return np.zeros(p), np.eye(p), np.zeros((p, p))


def sharpened_bent(problem: Problem) -> np.ndarray:
    whole = fit_logistic(
        problem.design, problem.outcome, penalty="firth", weights=problem.weights, offset=problem.offset
    )
    return sharpen(whole).peak.bent


@pytest.mark.parametrize("target", [-2.6, -1.0, 1.0, 1.96])
def test_ends_of_profiles_are_those_of_a_search(target: float) -> None:
    problem = problem_of(100, 4, 5)
    peak = fit(problem)

    def root(at: float) -> float:
        start = peak.beta.copy()
        start[1] = at
        return float(2 * (peak.value - fit(problem, start, (1,)).value) - target**2)

    reach = 6 * np.sign(target) / np.sqrt(peak.information[1, 1])
    expected = brentq(root, peak.beta[1], peak.beta[1] + reach, xtol=1e-13)
    assert profile_end(problem.blocks, True, peak, 1, target) == pytest.approx(expected, abs=1e-8)


def test_an_end_at_infinity_is_not_made_up() -> None:
    x = np.arange(10.0)
    problem = Problem(
        design=np.column_stack([np.ones(10), x]),
        outcome=(x > 4).astype(float),
        weights=np.ones(10),
        offset=np.zeros(10),
        penalty="none",
    )
    assert np.isnan(profile_end(problem.blocks, False, fit(problem), 1, 1.96))


def test_firth_equals_brglm2_and_firthmodels(
    real_data: Path, golden: Callable[[str], dict[str, Any]]
) -> None:
    frame = pd.read_csv(real_data / "endometrial" / "endometrial.csv")
    design = np.column_stack([np.ones(len(frame)), frame[["NV", "PI", "EH"]].to_numpy(float)])
    found = fit_logistic(design, frame["HG"].to_numpy(), penalty="firth")
    r = golden("misc")["firth_endometrial"]
    np.testing.assert_allclose(found.beta, list(r["firth_coef"].values()), rtol=1e-9)
    peer = FirthLogisticRegression(max_iter=200, gtol=1e-7, xtol=1e-7, backend="numpy")
    peer.fit(design[:, 1:], frame["HG"].to_numpy())
    assert found.loglik == pytest.approx(peer.loglik_, abs=1e-8)
