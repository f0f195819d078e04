"""Many refits at once: against statsmodels one by one, and on rows that cannot be fitted."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from firthmodels import FirthLogisticRegression
from kernels import from_python
from scipy.special import expit

from qualify.numerics.blocks import Vector, block_rows, empty_blocks, score
from qualify.numerics.firth import slopes
from qualify.numerics.logistic import fit_logistic
from qualify.numerics.newton import CONVERGED, DRIFTING, SINGULAR, UNFINISHED
from qualify.numerics.parallel import together
from qualify.numerics.refits import (
    Draws,
    Refits,
    Rows,
    _fit_of_all,
    _gradient,
    count_rows,
    gather,
    refit_many,
)

empty_blocks, count_rows, gather, _gradient = from_python(empty_blocks, count_rows, gather, _gradient)

# What is left is under 5e-6 standard errors on data like these, and they are about a tenth.
SAME = 5e-7


@pytest.fixture(scope="module")
def design() -> np.ndarray:
    rng = np.random.default_rng(3)
    return np.column_stack([np.ones(300), rng.standard_normal((300, 2)), rng.integers(0, 6, (300, 3))])


@pytest.fixture(scope="module")
def outcome(design: np.ndarray) -> np.ndarray:
    eta = design @ [-1.0, 0.8, 0.0, 0.3, -0.2, 0.1]
    return (np.random.default_rng(4).random(300) < expit(eta)).astype(float)


def drawn(rows: int, times: int, seed: int) -> np.ndarray:
    """Counts of every row in every replicate, as the chunks draw them."""
    size = together(times, rows)
    chunks = np.random.default_rng(seed).spawn(-(-times // size))
    lots = np.concatenate([rng.integers(rows, size=(size, rows), dtype=np.uint32) for rng in chunks])
    return np.array([np.bincount(lot, minlength=rows) for lot in lots[:times]])


def test_each_replicate_is_a_fit_weighted_by_its_counts(design: np.ndarray, outcome: np.ndarray) -> None:
    refits = refit_many(design, outcome, Draws(40, np.random.default_rng(1)))
    assert refits.failed == 0 and refits.beta.shape == (40, 6)
    np.testing.assert_allclose(refits.estimate, sm.Logit(outcome, design).fit(disp=0).params, atol=SAME)
    family = sm.families.Binomial()
    for beta, counts in zip(refits.beta[::3], drawn(300, 40, 1)[::3], strict=True):
        peer = sm.GLM(outcome, design, family=family, freq_weights=counts).fit(tol=1e-13)
        np.testing.assert_allclose(beta, peer.params, rtol=SAME, atol=SAME)


def test_weights_and_offset_stay_with_their_rows(design: np.ndarray, outcome: np.ndarray) -> None:
    rng = np.random.default_rng(5)
    weights, offset = rng.integers(0, 4, 300).astype(float), rng.normal(size=300)
    used = weights > 0
    refits = refit_many(design, outcome, Draws(9, np.random.default_rng(2)), weights=weights, offset=offset)
    lots = np.random.default_rng(2).spawn(1)[0].integers(used.sum(), size=(9, used.sum()), dtype=np.uint32)
    for beta, lot in zip(refits.beta, lots, strict=True):
        counts = np.bincount(lot, minlength=used.sum()) * weights[used]
        peer = fit_logistic(design[used], outcome[used], weights=counts, offset=offset[used])
        np.testing.assert_allclose(beta, peer.beta, rtol=SAME, atol=SAME)


def test_firth_replicates_are_firth_fits_to_repeated_rows(design: np.ndarray, outcome: np.ndarray) -> None:
    refits = refit_many(design, outcome, Draws(20, np.random.default_rng(1)), penalty="firth")
    assert refits.failed == 0
    everything = fit_logistic(design, outcome, penalty="firth")
    np.testing.assert_allclose(refits.estimate, everything.beta, rtol=SAME, atol=SAME)
    for beta, counts in zip(refits.beta, drawn(300, 20, 1), strict=True):
        rows = np.repeat(np.arange(300), counts)
        peer = fit_logistic(design[rows], outcome[rows], penalty="firth")
        np.testing.assert_allclose(beta, peer.beta, rtol=0, atol=SAME)
    model = FirthLogisticRegression(max_iter=200, gtol=1e-7, xtol=1e-7, backend="numpy")
    model.fit(design[rows][:, 1:], outcome[rows].astype(int))
    fitted = np.r_[model.intercept_, np.ravel(model.coef_)]
    np.testing.assert_allclose(refits.beta[-1], fitted, rtol=1e-5, atol=1e-5)  # it stops sooner


def test_results_do_not_hang_on_the_number_of_threads(
    design: np.ndarray, outcome: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run() -> Refits:
        return refit_many(design, outcome, Draws(100, np.random.default_rng(7)))

    first = run()
    monkeypatch.setattr("qualify.numerics.parallel.cores", lambda: 1)
    np.testing.assert_array_equal(first.beta, run().beta)


def test_the_spread_is_that_of_the_information(simulated_deals: Callable[[int], pd.DataFrame]) -> None:
    """With 5,000 deals the bootstrap and the inverse information are nearly the same."""
    frame = simulated_deals(5000)
    X = np.column_stack([np.ones(len(frame)), frame.filter(regex="^q").to_numpy(float)])
    y = frame["won"].to_numpy(float)
    refits = refit_many(X, y, Draws(400, np.random.default_rng(0)))
    errors = np.sqrt(np.diag(fit_logistic(X, y).covariance))
    # A standard deviation of 400 draws is good to 3.5 %.
    np.testing.assert_allclose(refits.beta.std(axis=0), errors, rtol=0.15)


def test_separated_and_singular_replicates_are_told_apart() -> None:
    """Few rows, a rare column, one win among the losses: draws without it separate, without either…"""
    rng = np.random.default_rng(11)
    x = rng.standard_normal(24)
    rare = np.zeros(24)
    rare[:2] = 1.0
    y = (x + 0.6 * rng.standard_normal(24) > 0).astype(float)
    y[:2] = [1.0, 0.0]
    X = np.column_stack([np.ones(24), x, rare])
    times = 300
    refits = refit_many(X, y, Draws(times, np.random.default_rng(12)))
    named = {"": CONVERGED, "separated": DRIFTING, "singular": SINGULAR}
    expected = []
    for counts in drawn(24, times, 12):
        seen = counts > 0
        expected.append(named[fit_logistic(X[seen], y[seen], weights=counts[seen].astype(float)).failure])
    np.testing.assert_array_equal(refits.how, expected)
    assert min(refits.separated, refits.singular, times - refits.failed) > 10
    assert refits.failed == refits.separated + refits.singular + refits.unfinished
    np.testing.assert_array_equal(np.isnan(refits.beta).any(axis=1), refits.how != CONVERGED)


def test_data_that_separate_as_a_whole_say_so_in_every_replicate() -> None:
    x = np.arange(20.0)
    refits = refit_many(np.column_stack([np.ones(20), x]), x > 9, Draws(30, np.random.default_rng(0)))
    assert refits.failed == refits.separated == 30 and np.isnan(refits.beta).all()


def test_separation_by_deals_that_hardly_count_is_seen() -> None:
    """A won and a lost deal with a column of their own separate every draw that has either.

    Far out by their offsets they promise next to nothing, and steps with old information shrink slowly.
    """
    for seed in range(40):
        rng = np.random.default_rng(seed)
        n = int(rng.integers(10, 25))
        x, own, offset = rng.standard_normal(n), np.zeros(n), np.zeros(n)
        y = (x + rng.standard_normal(n) > 0).astype(float)
        own[:2], y[:2], offset[:2] = [1.0, -1.0], [1.0, 0.0], [30.0, -30.0]
        X = np.column_stack([np.ones(n), x, own])
        refits = refit_many(X, y, Draws(60, np.random.default_rng(seed)), offset=offset)
        assert refits.failed == 60


def test_firth_has_an_answer_for_separated_draws_and_none_for_singular_ones() -> None:
    rng = np.random.default_rng(3)
    rare = np.zeros(40)
    rare[:2] = 1.0
    X = np.column_stack([np.ones(40), rng.standard_normal(40), rare])
    refits = refit_many(X, X[:, 1] > 0.3, Draws(200, np.random.default_rng(0)), penalty="firth")
    emptied = np.array([not counts[:2].any() for counts in drawn(40, 200, 0)])
    assert refits.separated == 0 and 10 < refits.singular == emptied.sum()
    np.testing.assert_array_equal(refits.how == SINGULAR, emptied)
    assert np.isfinite(refits.beta[~emptied]).all()


@pytest.mark.parametrize("of_one", [False, True])
def test_firth_says_so_where_the_rows_drawn_lack_a_column_or_make_it_up(of_one: bool) -> None:
    """The curvature of the penalty on all rows must not stand in for what the rows drawn do not tell."""
    rng = np.random.default_rng(4)
    x, few = rng.standard_normal(100), np.zeros(100)
    few[:2] = 1.0
    # Lacking where neither of two rows is drawn; made up by another column where one row is not.
    column = np.where(np.arange(100) == 0, x + 1.0, x) if of_one else few
    X = np.column_stack([np.ones(100), x, column])
    refits = refit_many(X, rng.random(100) < expit(x), Draws(200, np.random.default_rng(0)), penalty="firth")
    lacking = np.array([not counts[: 1 if of_one else 2].any() for counts in drawn(100, 200, 0)])
    assert lacking.sum() > 10
    np.testing.assert_array_equal(refits.how == SINGULAR, lacking)


@pytest.mark.parametrize("n", [1, 63, 64, 65, 200])
def test_rows_gathered_are_the_rows_drawn(n: int) -> None:
    """Room that held a larger draw must not leave anything of it behind."""
    rng = np.random.default_rng(n)
    rows = Rows(rng.normal(size=(3, n)), rng.random(n), rng.random(n) + 0.5, rng.normal(size=n))
    room, counts, kept = empty_blocks(n, 3), np.empty(n, np.int32), np.empty(n, np.uint64)
    for lot in (np.arange(n), rng.integers(n, size=n), np.zeros(n, int)):
        size = count_rows(lot.astype(np.uint32), counts, kept)
        blocks = gather(rows, counts, kept[:size], room)
        assert len(blocks.weights) == -(-size // 64)
        chosen = np.flatnonzero(np.bincount(lot, minlength=n))

        def lanes(part: np.ndarray, size: int = size) -> Vector:
            assert not part.reshape(-1)[size:].any()
            return part.reshape(-1)[:size]

        for j in range(3):
            np.testing.assert_array_equal(lanes(blocks.columns[:, j].copy()), rows.columns[j, chosen])
        np.testing.assert_array_equal(lanes(blocks.outcome), rows.outcome[chosen])
        np.testing.assert_array_equal(
            lanes(blocks.weights), rows.weights[chosen] * np.bincount(lot, minlength=n)[chosen]
        )
        np.testing.assert_array_equal(lanes(blocks.offset), rows.offset[chosen])


def test_columns_alike_but_for_little_have_their_estimates() -> None:
    """Rounding hides the top of Firth's likelihood there; the same columns turned apart show it."""
    rng = np.random.default_rng(2)
    x, z, other = rng.normal(size=(3, 300))
    X = np.column_stack([np.ones(300), x, x + 1e-5 * z, other])
    y = (rng.random(300) < expit(x)).astype(float)
    refits = refit_many(X, y, Draws(60, rng), penalty="firth")
    apart = fit_logistic(np.column_stack([np.ones(300), x, z, other]), y, penalty="firth").beta
    expected = [apart[0], apart[1] - 1e5 * apart[2], 1e5 * apart[2], apart[3]]
    np.testing.assert_allclose(refits.estimate, expected, rtol=1e-4)
    assert refits.failed == 0


def test_it_is_said_that_the_rows_as_a_whole_have_no_fit() -> None:
    x = np.linspace(-1, 1, 40)
    X = np.column_stack([np.ones(40), x])
    separated = refit_many(X, (x > 0).astype(float), Draws(5, np.random.default_rng(0)))
    assert separated.estimate_how == DRIFTING and not separated.estimate.any()
    assert refit_many(X, np.arange(40) % 2, Draws(5, np.random.default_rng(0))).estimate_how == CONVERGED
    # Firth's maximum lies 300 away from zero: sixty steps do not lead there.
    far = refit_many(
        X, np.arange(40) % 2, Draws(50, np.random.default_rng(0)), penalty="firth", offset=np.full(40, 300.0)
    )
    assert far.estimate_how == UNFINISHED


@pytest.mark.parametrize("n", [63, 64, 65, 200])
@pytest.mark.parametrize("firth", [False, True])
def test_what_is_known_beforehand_is_true_of_the_draw(n: int, firth: bool) -> None:
    """Its gradient where it sets out, by a look at the draw itself, and the curvature of all rows there."""
    rng = np.random.default_rng(n)
    design = np.column_stack([np.ones(n), rng.standard_normal((n, 3))])
    outcome, weights, offset = (
        (rng.random(n) < 0.4).astype(float),
        rng.integers(1, 4, n) * 1.0,
        rng.normal(size=n),
    )
    rows = Rows(np.ascontiguousarray(design.T), outcome, weights, offset)
    start, how = _fit_of_all(rows, firth)
    assert how == CONVERGED
    counts, kept = np.empty(n, np.int32), np.empty(n, np.uint64)
    here = kept[: count_rows(rng.integers(n, size=n, dtype=np.uint32), counts, kept)]
    blocks = gather(rows, counts, here, empty_blocks(n, 4))
    found = _gradient(blocks, counts, here, start)
    np.testing.assert_allclose(found, score(blocks, start.beta) + start.pull, rtol=0, atol=1e-11)
    there = slopes(block_rows(design, outcome, weights, offset), start.beta, firth)
    np.testing.assert_allclose(
        there.gradient, 0.0, rtol=0, atol=1e-6
    )  # with the penalty's part it is the top
    np.testing.assert_allclose(
        start.root @ start.root.T, there.information + start.bent, rtol=1e-11, atol=1e-11
    )
    assert start.pull.any() == start.bent.any() == firth


def test_most_draws_take_five_steps(design: np.ndarray, outcome: np.ndarray) -> None:
    """A first step that missed would still be put right, by later ones."""
    for penalty, most in (("none", 5.5), ("firth", 6.0)):
        refits = refit_many(design, outcome, Draws(200, np.random.default_rng(3)), penalty=penalty)
        assert refits.steps.mean() < most
