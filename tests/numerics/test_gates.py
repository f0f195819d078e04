"""Gates: limits by another's code, error rates by simulation, and what stops a deal by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import beta
from statsmodels.stats.proportion import proportion_confint

from qualify.numerics.coding import NOMINAL, Items
from qualify.numerics.gates import (
    FEWEST,
    Candidates,
    compare,
    find_limits,
    limit_each,
    trips,
)
from qualify.numerics.metrics import log_losses, mean_with_error
from qualify.numerics.procedures import Recipe
from qualify.numerics.resampling import Sample

# Two answers of two questions each, one by one; and the first answers of both as one weakest link.
SINGLE = Candidates(np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]), np.arange(4))
LINK = Candidates(np.array([0, 1]), np.array([0, 0]), np.array([0, 0]))


def deals_of(codes: np.ndarray, won: np.ndarray, unit: np.ndarray | None = None) -> Sample:
    alone = np.arange(len(codes)) if unit is None else unit
    return Sample(Items(codes, *[None] * 4), won, np.ones(len(codes)), alone, alone)  # type: ignore[arg-type]


def test_limits_are_those_of_clopper_and_pearson() -> None:
    rng = np.random.default_rng(0)
    codes = rng.integers(2, size=(400, 2)).astype(np.int32)
    won = (rng.random(400) < np.where(codes[:, 0] == 0, 0.04, 0.6)).astype(float)
    limits = find_limits(deals_of(codes, won), np.ones(400), SINGLE, 0.95)
    first = codes[:, 0] == 0
    # A two-sided interval of twice the error has the same upper end.
    _, upper = proportion_confint(won[first].sum(), first.sum(), alpha=2 * 0.05 / 4, method="beta")
    assert limits[0] == pytest.approx(upper, rel=1e-9)
    assert upper < 0.5 * won.mean()
    assert limits[1:].tolist() == [1.0, 1.0, 1.0]


def test_only_answers_with_enough_deals_are_looked_at() -> None:
    codes = np.zeros((500, 2), dtype=np.int32)
    codes[: FEWEST - 1, 0] = 1
    won = np.ones(500)
    won[: FEWEST - 1] = 0
    assert (find_limits(deals_of(codes, won), np.ones(500), SINGLE, 0.95) == 1.0).all()
    codes[FEWEST - 1, 0], won[FEWEST - 1] = 1, 0
    assert find_limits(deals_of(codes, won), np.ones(500), SINGLE, 0.95)[1] < 0.5


def test_answers_of_few_accounts_are_not_looked_at() -> None:
    """Where outcomes of an account are known not to be alike, five accounts do, and four are too few."""
    codes = np.zeros((500, 2), dtype=np.int32)
    codes[:60, 0] = 1
    won = np.arange(500) % 2.0
    won[:60] = 0
    for accounts, found in ((4, False), (5, True)):
        unit = 30 + np.arange(500) // 2
        unit[:60] = np.arange(60) % accounts
        limits = find_limits(deals_of(codes, won, unit), np.ones(500), SINGLE, 0.95)
        assert (limits[1] < 0.5) == found


def test_deals_without_weight_count_for_nothing() -> None:
    rng = np.random.default_rng(1)
    codes = rng.integers(2, size=(600, 2)).astype(np.int32)
    won = (rng.random(600) < np.where(codes[:, 0] == 0, 0.02, 0.7)).astype(float)
    weights = (np.arange(600) < 400).astype(float)
    some = find_limits(deals_of(codes[:400], won[:400]), np.ones(400), SINGLE, 0.95)
    np.testing.assert_array_equal(find_limits(deals_of(codes, won), weights, SINGLE, 0.95), some)


def test_a_weakest_link_is_tripped_by_any_of_its_answers() -> None:
    codes = np.array([[0, 1], [1, 0], [1, 1], [0, 0]], dtype=np.int32)
    assert trips(codes, LINK, 0).tolist() == [True, True, False, True]
    assert limit_each(codes, LINK, np.array([0.2])).tolist() == [0.2, 0.2, 1.0, 0.2]
    assert limit_each(codes, SINGLE, np.array([0.3, 1.0, 0.1, 1.0])).tolist() == [0.3, 0.1, 1.0, 0.1]


def test_a_gate_where_every_answer_has_half_the_win_rate_is_rare() -> None:
    """The error of all gates together: answers just at half the win rate of all deals are not gates."""
    rng = np.random.default_rng(2)
    runs, found = 2_000, 0
    codes = np.repeat(np.arange(8), 60)[:, None].astype(np.int32)
    eight = Candidates(np.zeros(8, dtype=np.int64), np.arange(8), np.arange(8))
    chance = np.where(codes[:, 0] < 4, 0.2, 0.6)
    for _ in range(runs):
        won = (rng.random(480) < chance).astype(float)
        found += bool((find_limits(deals_of(codes, won), np.ones(480), eight, 0.95) < 1.0).any())
    # Four answers lie exactly at half of the win rate, so that the error is at most four eighths of 5 %.
    assert found / runs < 0.025 + 3 * np.sqrt(0.025 / runs)


def test_limits_of_weighted_deals_are_those_of_their_effective_number() -> None:
    rng = np.random.default_rng(5)
    codes = rng.integers(2, size=(400, 2)).astype(np.int32)
    won = (rng.random(400) < np.where(codes[:, 0] == 0, 0.04, 0.6)).astype(float)
    weights = rng.lognormal(0, 0.8, 400)
    limits = find_limits(deals_of(codes, won), weights, SINGLE, 0.95)
    first = codes[:, 0] == 0
    n = weights[first].sum() ** 2 / (weights[first] ** 2).sum()
    rate = np.average(won[first], weights=weights[first])
    assert n < 0.7 * first.sum()
    assert limits[0] == pytest.approx(beta.ppf(1 - 0.05 / 4, n * rate + 1, n - n * rate), rel=1e-9)
    # Half the win rate of all deals is that of their weights: with enough weight on lost deals there is none.
    heavy = np.where(won > 0, 1.0, np.where(first, 1.0, 20.0))
    assert find_limits(deals_of(codes, won), np.ones(400), SINGLE, 0.95)[0] < 0.2
    assert find_limits(deals_of(codes, won), heavy, SINGLE, 0.95)[0] == 1


@pytest.mark.parametrize(
    ("spread", "size", "alike"), [(1.0, 1, 0.0), (0.0, 3, 1.0), (0.0, 6, 0.3), (0.8, 4, 0.5), (0.0, 10, 0.5)]
)
def test_weights_and_accounts_that_end_alike_make_no_gates(spread: float, size: int, alike: float) -> None:
    """As above, with lognormal weights, or accounts that, taken as single deals, are gates in 4 to 45 %."""
    rng = np.random.default_rng(6)
    runs, found = 400, 0
    codes = np.repeat(np.arange(8), 60)[:, None].astype(np.int32)
    eight = Candidates(np.zeros(8, dtype=np.int64), np.arange(8), np.arange(8))
    chance, unit = np.where(codes[:, 0] < 4, 0.2, 0.6), np.arange(480) // size
    for _ in range(runs):
        together = rng.random(480)[unit] < alike
        won = (np.where(together, rng.random(480)[unit], rng.random(480)) < chance).astype(float)
        weights = rng.lognormal(0, spread, 480)
        found += bool((find_limits(deals_of(codes, won, unit), weights, eight, 0.95) < 1.0).any())
    assert found / runs < 0.025 + 3 * np.sqrt(0.025 / runs)


def test_accounts_that_do_not_end_alike_are_gates_all_the_same() -> None:
    rng = np.random.default_rng(7)
    codes = (np.arange(600) % 2)[:, None].astype(np.int32)
    won = (rng.random(600) < np.where(codes[:, 0] == 0, 0.05, 0.6)).astype(float)
    both = Candidates(np.zeros(2, dtype=np.int64), np.arange(2), np.arange(2))
    alone, accounts = (
        find_limits(deals_of(codes, won, unit), np.ones(600), both, 0.95)
        for unit in (None, rng.integers(0, 150, 600))
    )
    assert alone[0] <= accounts[0] < 1.3 * alone[0] and alone[1] == accounts[1] == 1


def sample_with_a_gate(n: int, seed: int) -> Sample:
    """Deals of five questions that count, and a sixth whose rare answer all but decides."""
    rng = np.random.default_rng(seed)
    codes = np.column_stack([rng.integers(2, size=(n, 5)), rng.random(n) < 0.2]).astype(np.int32)
    log_odds = (codes[:, :5] - 0.5) @ np.array([6.0, 6.0, 5.0, 5.0, 5.0]) + 0.5
    won = rng.random(n) < np.where(codes[:, 5] == 1, 0.01, 1 / (1 + np.exp(-log_odds)))
    levels = np.full(6, 2, dtype=np.int32)
    items = Items(
        codes=codes,
        kind=np.full(6, NOMINAL, dtype=np.int8),
        levels=levels,
        value=np.tile(np.array([0.0, 1.0, 0.0]), (6, 1)),
        reference=np.full(6, -1, dtype=np.int32),
    )
    alone = np.arange(n)
    return Sample(items, won.astype(float), np.ones(n), alone, alone)


def test_rules_are_compared_on_deals_they_have_not_seen() -> None:
    sample = sample_with_a_gate(600, 3)
    all_answers = np.array([(c, a) for c in range(6) for a in range(2)])
    gates = Candidates(all_answers[:, 0], all_answers[:, 1], np.arange(12))
    found = compare(sample, Recipe(5.0, True, 8, 10), [gates], 5, np.random.default_rng(0), 0.95)
    chance, stopped = np.stack([one.chance for one in found]), np.stack([one.stopped for one in found])
    assert chance.shape == stopped.shape == (10, 2, 600)
    assert (chance[:, 1] <= chance[:, 0]).all() and not stopped[:, 0].any()
    assert (stopped[:, 1] >= (chance[:, 1] < chance[:, 0])).all()
    assert stopped[:, 1].any() and (sample.items.codes[stopped[:, 1].all(axis=0), 5] == 1).all()
    # Limits were learned without the fold, so that folds differ.
    assert np.unique(chance[:, 1][chance[:, 1] < chance[:, 0]]).size > 2
    losses = log_losses(chance, sample.outcome).mean(axis=1)
    assert losses[1] < losses[0]


def test_losses_and_their_mean_by_hand() -> None:
    chance = np.array([[[0.5, 0.8]], [[0.25, 0.8]]])
    losses = log_losses(chance, np.array([1.0, 0.0]))
    np.testing.assert_allclose(losses, [[-np.log(np.sqrt(0.125)), -np.log(0.2)]])
    values = np.array([1.0, 2.0, 3.0, 6.0])
    mean, error = mean_with_error(values, np.arange(4))
    assert (mean, error) == (3.0, pytest.approx(values.std() / 2))
    assert mean_with_error(values, np.array([0, 0, 1, 1]))[1] == pytest.approx(np.sqrt(2 * 3**2) / 4)
