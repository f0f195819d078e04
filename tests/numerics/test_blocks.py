"""Exponentials in lanes, sums over blocks and Newton's method on them, against NumPy and SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from kernels import from_python
from scipy.optimize import minimize
from scipy.special import expit, log_expit

from qualify.numerics.blocks import (
    LINES,
    Blocks,
    add_products,
    block_log_odds,
    block_rows,
    log_likelihood,
    score_and_information,
    with_columns,
)
from qualify.numerics.firth import look
from qualify.numerics.lanes import FARTHEST, LANES, chances, logarithms
from qualify.numerics.newton import CONVERGED, DRIFTING, SINGULAR, Climb, begin, climb, climb_on

climb, begin, climb_on = from_python(climb, begin, climb_on)
with_columns, add_products, log_likelihood = from_python(with_columns, add_products, log_likelihood)
block_log_odds, chances, logarithms = from_python(block_log_odds, chances, logarithms)

# A few roundings of a number.
LAST_BITS = 2e-15
# Sums in another order.
WORKING = 1e-11
# A last step that promises 1e-14 of deviance leaves about 1e-9 once its error has squared.
FINE, SAME = 1e-14, 1e-9

Data = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def data_of(n: int, p: int, seed: int) -> Data:
    """Design, shares as outcomes, weights of which some are 0, offset."""
    rng = np.random.default_rng(seed)
    design = np.column_stack([np.ones(n), rng.standard_normal((n, p - 1))])
    outcome = np.where(rng.random(n) < 0.3, rng.random(n), rng.integers(0, 2, n))
    return design, outcome, rng.integers(0, 4, n).astype(float), rng.standard_normal(n)


def free(blocks: Blocks, start: np.ndarray | None = None, tolerance: float = FINE) -> Climb:
    p = blocks.columns.shape[1]
    return climb(blocks, np.zeros((p, p)), np.zeros(p) if start is None else start, tolerance)


# Lanes ------------------------------------------------------------


@pytest.mark.parametrize("reach", [1e-12, 1.0, 40.0, 400.0])
def test_chances_are_exact_however_small(reach: float) -> None:
    rng = np.random.default_rng(0)
    won, lost = np.empty(LANES), np.empty(LANES)
    for _ in range(200):
        x = rng.uniform(-reach, reach, LANES)
        chances(x, won, lost)
        np.testing.assert_allclose(won, expit(x), rtol=LAST_BITS * max(1.0, reach / 50))
        np.testing.assert_allclose(lost, expit(-x), rtol=LAST_BITS * max(1.0, reach / 50))
        assert max(won.max(), lost.max()) <= 1.0


def test_chances_at_the_ends_of_the_line() -> None:
    x, won, lost = np.zeros(LANES), np.empty(LANES), np.empty(LANES)
    x[:8] = [800.0, -800.0, 1e308, -1e308, np.inf, -np.inf, 0.0, -0.0]
    chances(x, won, lost)
    for likelier in (won[[0, 2, 4]], lost[[1, 3, 5]]):
        np.testing.assert_allclose(likelier, 1.0, rtol=LAST_BITS)
        assert likelier.max() <= 1.0
    # The smaller one stops at the farthest log-odds: never zero, never a logarithm of nothing.
    np.testing.assert_allclose(won[[1, 3, 5]], np.exp(-FARTHEST), rtol=1e-13)
    np.testing.assert_allclose(lost[[0, 2, 4]], np.exp(-FARTHEST), rtol=1e-13)
    np.testing.assert_array_equal(won[6:8], 0.5)


def test_chances_of_what_is_no_number_are_none() -> None:
    x, won, lost = np.zeros(LANES), np.empty(LANES), np.empty(LANES)
    x[5] = np.nan
    chances(x, won, lost)
    np.testing.assert_array_equal(np.isnan(won), np.isnan(x))
    np.testing.assert_array_equal(np.isnan(lost), np.isnan(x))


def test_logarithms_equal_numpys() -> None:
    rng = np.random.default_rng(1)
    for low, high in ((-300.0, 300.0), (-1.0, 1.0), (-1e-9, 1e-9)):
        for _ in range(100):
            values = 10 ** rng.uniform(low, high, LANES)
            expected = np.log(values)
            logarithms(values)
            np.testing.assert_allclose(values, expected, rtol=LAST_BITS, atol=1e-300)


# Blocks ------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 63, 64, 65, 129])
def test_blocks_hold_the_rows_with_weight_in_order(n: int) -> None:
    design, outcome, weights, offset = data_of(n, 3, n)
    blocks = block_rows(design, outcome, weights, offset)
    used = weights > 0
    size = int(used.sum())
    assert blocks.weights.shape == (-(-size // LANES), LANES)
    for held, given in (
        (blocks.outcome, outcome),
        (blocks.weights, weights),
        (blocks.offset, offset),
        *((blocks.columns[:, j], design[:, j]) for j in range(3)),
    ):
        np.testing.assert_array_equal(held.reshape(-1)[:size], given[used])
        assert not held.reshape(-1)[size:].any()
    some = with_columns(blocks, np.array([2, 0]))
    np.testing.assert_array_equal(some.columns, blocks.columns[:, [2, 0]])
    np.testing.assert_array_equal(with_columns(blocks, np.arange(3)).columns, blocks.columns)


@pytest.mark.parametrize(("n", "p"), [(1, 1), (64, 2), (65, 3), (200, 6), (500, 13), (300, 14)])
def test_sums_over_blocks_equal_numpys(n: int, p: int) -> None:
    design, outcome, weights, offset = data_of(n, p, p)
    weights[0] = 2.0
    beta = 0.5 * np.random.default_rng(n).standard_normal(p)
    blocks = block_rows(design, outcome, weights, offset)
    eta = offset + design @ beta
    chance = expit(eta)
    gradient, information = score_and_information(blocks, beta)
    np.testing.assert_allclose(gradient, design.T @ (weights * (outcome - chance)), atol=WORKING * n)
    spread = weights * chance * (1 - chance)
    np.testing.assert_allclose(information, (design * spread[:, None]).T @ design, atol=WORKING * n)
    value = weights @ (outcome * log_expit(eta) + (1 - outcome) * log_expit(-eta))
    assert log_likelihood(blocks, beta) == pytest.approx(value, rel=WORKING)
    seen = look(blocks, beta, False)
    assert seen.value == pytest.approx(value, rel=WORKING)
    np.testing.assert_allclose(seen.gradient, gradient, atol=WORKING * n)


@pytest.mark.parametrize("p", range(1, 10))
def test_products_of_one_block_add_to_what_is_there(p: int) -> None:
    """Odd and even numbers of columns: each pair of columns is counted once."""
    rng = np.random.default_rng(p)
    columns, lines = rng.normal(size=(p, LANES)), rng.random((LINES, LANES))
    residual, spread = lines[:2].copy()
    gradient, information = np.ones(p), np.full((p, p), 3.0)
    above = rng.normal(size=(2, p, LANES))
    add_products(np.concatenate([above, columns[None]]), above.size, lines.ravel(), gradient, information)
    np.testing.assert_allclose(gradient, 1.0 + columns @ residual, rtol=WORKING)
    lower = np.tril_indices(p)
    np.testing.assert_allclose(
        information[lower], (3.0 + (columns * spread) @ columns.T)[lower], rtol=WORKING
    )


@pytest.mark.parametrize("far", [-800.0, 800.0])
def test_log_odds_of_800_stay_finite(far: float) -> None:
    design, outcome, weights, offset = data_of(100, 2, 0)
    blocks = block_rows(design, outcome, weights, offset)
    beta = np.array([far, 0.0])
    log_odds = np.empty(LANES)
    block_log_odds(blocks, 0, beta, log_odds)
    np.testing.assert_allclose(log_odds, far * blocks.columns[0, 0] + blocks.offset[0])
    gradient, information = score_and_information(blocks, beta)
    assert np.isfinite(log_likelihood(blocks, beta)) and log_likelihood(blocks, beta) < -1e3
    assert np.isfinite(gradient).all() and np.isfinite(information).all()
    side = 1.0 if far > 0 else 0.0
    np.testing.assert_allclose(gradient, design.T @ (weights * (outcome - side)), atol=WORKING * 100)


# Newton's method ------------------------------------------------------------


@pytest.mark.parametrize("strength", [0.0, 2.0])
@pytest.mark.parametrize("seed", range(3))
def test_the_top_is_scipys(seed: int, strength: float) -> None:
    design, outcome, weights, offset = data_of(150, 4, seed)
    blocks = block_rows(design, outcome, weights, offset)
    penalty = strength * np.diag([0.0, 1.0, 2.0, 0.5])
    penalty[1, 2] = penalty[2, 1] = 0.4 * strength

    def loss(beta: np.ndarray) -> float:
        eta = offset + design @ beta
        likelihood = weights @ (outcome * log_expit(eta) + (1 - outcome) * log_expit(-eta))
        return float(beta @ penalty @ beta / 2 - likelihood)

    best = minimize(loss, np.zeros(4), method="BFGS", options={"gtol": 1e-7})
    found = climb(blocks, penalty, np.zeros(4), FINE)
    assert found.how == CONVERGED
    np.testing.assert_allclose(found.beta, best.x, atol=2e-5)
    assert loss(found.beta) <= best.fun + 1e-10
    from_afar = climb(blocks, penalty, np.array([6.0, -9.0, 5.0, 8.0]), FINE)
    np.testing.assert_allclose(from_afar.beta, found.beta, atol=SAME)


def test_going_on_from_another_climb_ends_at_the_same_top() -> None:
    design, outcome, weights, offset = data_of(120, 3, 7)
    blocks = block_rows(design, outcome, weights, offset)
    rough = climb_on(blocks, 5.0 * np.eye(3), begin(blocks, np.zeros(3)), 1e-2)
    assert rough.how == CONVERGED and rough.steps < 6
    onward = climb_on(blocks, np.zeros((3, 3)), rough, FINE)
    np.testing.assert_allclose(onward.beta, free(blocks).beta, atol=SAME)


def test_doubled_rows_and_any_order_of_rows_and_columns_change_nothing() -> None:
    design, outcome, weights, offset = data_of(130, 5, 9)
    plain = free(block_rows(design, outcome, weights, offset)).beta
    twice = np.repeat(np.arange(130), 2)
    doubled = free(block_rows(design[twice], outcome[twice], weights[twice], offset[twice])).beta
    np.testing.assert_allclose(doubled, plain, atol=SAME)
    np.testing.assert_allclose(free(block_rows(design, outcome, 2 * weights, offset)).beta, plain, atol=SAME)
    rows = np.random.default_rng(0).permutation(130)
    turned = free(block_rows(design[rows], outcome[rows], weights[rows], offset[rows])).beta
    np.testing.assert_allclose(turned, plain, atol=SAME)
    order = np.array([3, 0, 4, 2, 1])
    swapped = free(block_rows(np.ascontiguousarray(design[:, order]), outcome, weights, offset)).beta
    np.testing.assert_allclose(swapped, plain[order], atol=SAME)


def test_separated_outcomes_are_named() -> None:
    """Complete, quasi-complete, and all alike: Newton's steps shrink in likelihood and not in log-odds."""
    x = np.arange(12.0)
    design = np.column_stack([np.ones(12), x])
    quasi = np.column_stack([np.ones(12), np.minimum(x, 6)])
    for columns, outcome in ((design, x > 5), (quasi, (x > 6) | (x == 11)), (design, x > -1)):
        blocks = block_rows(columns, outcome.astype(float), np.ones(12), np.zeros(12))
        end = free(blocks, tolerance=1e-10)
        assert end.how == DRIFTING or (end.how == SINGULAR and end.steps > 0)
    near = (x > 5) != (x == 8)
    assert free(block_rows(design, near.astype(float), np.ones(12), np.zeros(12))).how == CONVERGED


def test_designs_without_information_are_named() -> None:
    design, outcome, weights, offset = data_of(80, 3, 2)
    for extra in (design[:, 1] - design[:, 2], np.zeros(80), np.ones(80)):
        wide = np.column_stack([design, extra])
        end = free(block_rows(wide, outcome, weights, offset))
        assert end.how == SINGULAR and end.steps == 0
    emptied = design.copy()
    emptied[:, 2] = np.arange(80) < 5
    weights[:5] = 0.0
    assert free(block_rows(emptied, outcome, weights, offset)).how == SINGULAR
    assert free(block_rows(design, outcome, np.zeros(80), offset)).how == SINGULAR
