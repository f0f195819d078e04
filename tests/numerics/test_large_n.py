"""One fit of very many rows: the same as in one piece, on any number of threads, whatever the weights."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import expit

from qualify.numerics import parallel
from qualify.numerics.blocks import SLICE, block_rows
from qualify.numerics.lanes import LANES
from qualify.numerics.large_n import fit_some, maximise_from
from qualify.numerics.logistic import LogisticFit, fit_logistic
from qualify.numerics.newton import CONVERGED
from qualify.numerics.penalized_newton import FINEST, maximise

Array = NDArray[np.float64]
# Three slices, the last of them not full.
ROWS = 2 * SLICE * LANES + 12_345


@pytest.fixture(scope="module")
def rows() -> tuple[Array, Array, Array, Array]:
    """Design, outcome, weights of which a tenth are 0, and offset."""
    rng = np.random.default_rng(4)
    design = np.column_stack([np.ones(ROWS), rng.normal(size=(ROWS, 3)), rng.random(ROWS) < 0.02])
    offset = rng.normal(size=ROWS) / 5
    outcome = (rng.random(ROWS) < expit(design @ [-1, 0.5, -0.3, 0, 1] + offset)).astype(float)
    weights = np.where(rng.random(ROWS) < 0.1, 0.0, rng.integers(1, 4, ROWS))
    return design, outcome, weights, offset


def fitted(rows: tuple[Array, Array, Array, Array]) -> LogisticFit:
    design, outcome, weights, offset = rows
    return fit_logistic(design, outcome, weights=weights, offset=offset)


def test_the_number_of_threads_changes_no_byte(
    rows: tuple[Array, Array, Array, Array], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    for threads in (1, 2, 3):
        monkeypatch.setattr(parallel, "cores", lambda threads=threads: threads)
        fit = fitted(rows)
        arrays = (*fit.problem.blocks, fit.beta, fit.covariance, np.array(fit.loglik))
        found.append(b"".join(array.tobytes() for array in arrays))
    assert found[0] == found[1] == found[2]


def test_slices_add_up_to_the_fit_in_one_piece(rows: tuple[Array, Array, Array, Array]) -> None:
    fit, p = fitted(rows), rows[0].shape[1]
    whole = maximise(fit.problem.blocks, False, np.zeros(p), np.eye(p), np.zeros((p, p)), FINEST)
    assert fit.converged and fit.iterations < whole.steps
    np.testing.assert_allclose(fit.beta, whole.beta, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(fit.covariance, np.linalg.inv(whole.information), rtol=1e-8, atol=1e-12)
    assert fit.loglik == pytest.approx(whole.value, rel=1e-12)


def test_blocks_hold_the_rows_with_weight_in_order(rows: tuple[Array, Array, Array, Array]) -> None:
    design, outcome, weights, offset = rows
    blocks, used = block_rows(*rows), weights > 0
    in_rows = blocks.columns.transpose(0, 2, 1).reshape(-1, design.shape[1])
    size = used.sum()
    np.testing.assert_array_equal(in_rows[:size], design[used])
    for part, given in zip(blocks[1:], (outcome, weights, offset), strict=True):
        np.testing.assert_array_equal(part.ravel()[:size], given[used])
        assert not part.ravel()[size:].any()
    assert not in_rows[size:].any()


def test_rows_that_separate_are_left_to_the_careful_way(rows: tuple[Array, Array, Array, Array]) -> None:
    """Neither a separated sample of the rows nor one that lacks a column gives a start."""
    design, outcome, weights, offset = rows
    separated = block_rows(design, (design[:, 1] > 0).astype(float), weights, offset)
    assert fit_some(separated, False) is None
    hidden = design.copy()
    hidden[:, 4] = 0.0
    hidden[70:75, 4] = 1.0  # a block that is not in the sample
    assert fit_some(block_rows(hidden, outcome, weights, offset), False) is None
    assert fit_some(block_rows(design[:9000], outcome[:9000], weights[:9000], offset[:9000]), False) is None


def test_a_start_from_afar_is_given_up_or_ends_at_the_top(rows: tuple[Array, Array, Array, Array]) -> None:
    blocks = block_rows(*rows)
    assert maximise_from(blocks, np.full(5, 50.0)) is None
    near = maximise_from(blocks, np.zeros(5))
    assert near is None or (near.how == CONVERGED and np.allclose(near.beta, fitted(rows).beta, rtol=1e-10))
