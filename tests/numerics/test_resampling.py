"""Cross-fitting sees nothing of what it scores; draws keep what they must; threads change nothing."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from qualify.numerics import parallel
from qualify.numerics.coding import NOMINAL, Items
from qualify.numerics.curves import FLAT, LOGISTIC, Curve, fit_logistic_curve, signed_root
from qualify.numerics.folds import assign_folds
from qualify.numerics.logistic import fit_logistic
from qualify.numerics.metrics import auc
from qualify.numerics.parallel import CHUNK, CHUNK_ROWS, replicate, replicate_together, together
from qualify.numerics.procedures import Recipe, predict, train
from qualify.numerics.resampling import (
    Replicate,
    Sample,
    band,
    bootstrap_given,
    bootstrap_procedure,
    both_outcomes,
    cross_fit,
    deal_out,
    draw_units,
    permuted_root,
    simulated_ratios,
)

SHRUNKEN = Recipe(fewest=5.0, integer=False, most=8, largest=10)
POINTS = Recipe(fewest=5.0, integer=True, most=8, largest=10)
recipes = pytest.mark.parametrize("recipe", [SHRUNKEN, POINTS], ids=["shrunken", "points"])


@pytest.fixture(scope="module")
def grouped(mixed_sample: Callable[[int, int], Sample]) -> Sample:
    """240 deals of 80 accounts of three."""
    sample = mixed_sample(240, 0)
    account = np.repeat(np.arange(80), 3)
    return sample._replace(group=account, unit=account)


def folds_of(sample: Sample, folds: int, seed: int) -> np.ndarray:
    """The division that `cross_fit` makes with this seed."""
    order = np.random.default_rng(seed).permutation(int(sample.group.max()) + 1)
    return assign_folds(sample.group, sample.outcome, sample.weights, folds, order)


# Cross-fitting -------------------------------------------------------------------------------


@recipes
def test_each_fold_is_scored_by_deals_outside_it(grouped: Sample, recipe: Recipe) -> None:
    """Training on the other folds alone, their rows cut out, gives the same scores."""
    score = cross_fit(grouped, recipe, 5, np.random.default_rng(3))
    fold = folds_of(grouped, 5, 3)
    for k in range(5):
        rest = np.flatnonzero(fold != k)
        items = grouped.items._replace(codes=np.ascontiguousarray(grouped.items.codes[rest]))
        alone = train(items, grouped.outcome[rest], grouped.weights[rest], recipe)
        expected = predict(grouped.items.codes[fold == k], alone)
        np.testing.assert_allclose(score[fold == k], expected, atol=1e-9)  # sums over other rows


@recipes
def test_outcomes_of_a_fold_do_not_reach_its_own_scores(grouped: Sample, recipe: Recipe) -> None:
    """Swap a won and a lost deal within accounts of one fold: folds stay, and so does every score in it."""
    before, fold = cross_fit(grouped, recipe, 5, np.random.default_rng(3)), folds_of(grouped, 5, 3)
    outcome = grouped.outcome.copy()
    for account in np.unique(grouped.group[fold == 2]):
        deals = np.flatnonzero(grouped.group == account)
        outcome[deals] = np.roll(outcome[deals], 1)
    swapped = grouped._replace(outcome=outcome)
    np.testing.assert_array_equal(folds_of(swapped, 5, 3), fold)
    after = cross_fit(swapped, recipe, 5, np.random.default_rng(3))
    assert (outcome != grouped.outcome).sum() >= 10
    np.testing.assert_array_equal(after[fold == 2], before[fold == 2])
    assert all((after[fold == k] != before[fold == k]).any() for k in (0, 1, 3, 4))


def noise(deals: int, questions: int, seed: int) -> tuple[Items, np.ndarray]:
    """Answers that say nothing of the outcome."""
    rng = np.random.default_rng(seed)
    items = Items(
        codes=rng.integers(0, 4, (deals, questions)).astype(np.int32),
        kind=np.full(questions, NOMINAL, dtype=np.int8),
        levels=np.full(questions, 4, dtype=np.int32),
        value=np.zeros((questions, 5)),
        reference=np.full(questions, -1, dtype=np.int32),
    )
    return items, np.tile([0.0, 1.0], deals // 2)


def test_copies_of_a_deal_give_it_away_unless_they_stay_together() -> None:
    """Sixty deals of pure noise, each thrice: kept in one group they score as chance, apart far better."""
    items, outcome = noise(60, 15, 1)
    thrice = items._replace(codes=np.repeat(items.codes, 3, axis=0))
    y, w, alone = np.repeat(outcome, 3), np.ones(180), np.arange(180)
    together = Sample(items=thrice, outcome=y, weights=w, group=np.repeat(np.arange(60), 3), unit=alone)
    apart = together._replace(group=alone)
    kept, leaked = (cross_fit(one, SHRUNKEN, 10, np.random.default_rng(0)) for one in (together, apart))
    assert auc(kept, y) < 0.6
    assert auc(leaked, y) > 0.85


def test_a_fold_that_leaves_one_outcome_gets_the_win_rate(mixed_sample: Callable[[int, int], Sample]) -> None:
    sample = mixed_sample(40, 1)
    single = sample._replace(outcome=np.r_[1.0, np.zeros(39)])
    score = cross_fit(single, SHRUNKEN, 4, np.random.default_rng(0))
    fold = folds_of(single, 4, 0)
    np.testing.assert_allclose(score[fold == fold[0]], np.log((1 / 40) / (39 / 40)))


def test_deals_without_weight_teach_nothing(mixed_sample: Callable[[int, int], Sample]) -> None:
    """As in a bootstrap draw: what was not drawn has no say in the scores of what was."""
    sample = mixed_sample(150, 2)
    drawn = sample._replace(weights=draw_units(sample, np.random.default_rng(1)))
    left_out = drawn.weights == 0
    other = drawn._replace(outcome=np.where(left_out, 1 - drawn.outcome, drawn.outcome))
    scores = [cross_fit(one, POINTS, 5, np.random.default_rng(4)) for one in (drawn, other)]
    np.testing.assert_array_equal(scores[0][~left_out], scores[1][~left_out])


# Drawing and dealing out ---------------------------------------------------------------------


def test_bootstrap_draws_units_whole(grouped: Sample) -> None:
    weighted = grouped._replace(weights=np.linspace(0.5, 2, 240))
    rng = np.random.default_rng(0)
    times = np.array([draw_units(weighted, rng) / weighted.weights for _ in range(50)])
    by_account = times.reshape(50, 80, 3)
    np.testing.assert_allclose(by_account, np.rint(by_account[:, :, :1]).repeat(3, axis=2), atol=1e-12)
    np.testing.assert_allclose(by_account[:, :, 0].sum(axis=1), 80)  # as many accounts as there are
    assert 0.33 < (by_account[:, :, 0] == 0).mean() < 0.41  # 1/e are left out


def test_draws_hold_won_and_lost_deals(grouped: Sample) -> None:
    rare = grouped._replace(outcome=np.r_[1.0, np.zeros(239)])
    rng = np.random.default_rng(0)
    assert all(both_outcomes(rare.outcome, draw_units(rare, rng)) for _ in range(50))
    assert not both_outcomes(np.ones(3), np.ones(3)) and not both_outcomes(
        np.array([1.0, 0.0]), np.array([1.0, 0.0])
    )


def test_one_outcome_is_one_outcome_whatever_the_weights() -> None:
    """Sums of weights that are no whole numbers differ by rounding."""
    rng = np.random.default_rng(0)
    for _ in range(200):
        assert not both_outcomes(np.ones(40), rng.random(40) * rng.integers(0, 4, 40))


def test_dealing_out_keeps_counts(mixed_sample: Callable[[int, int], Sample]) -> None:
    sample = mixed_sample(100, 0)
    dealt = deal_out(sample, np.random.default_rng(0))
    assert dealt.outcome.sum() == sample.outcome.sum()
    assert (dealt.outcome != sample.outcome).any()
    assert dealt.items is sample.items and dealt.weights is sample.weights


def test_accounts_are_dealt_out_whole(mixed_sample: Callable[[int, int], Sample]) -> None:
    """Of equal size, each account gets the outcomes of another, in their order; rows may lie anywhere."""
    sample = mixed_sample(120, 0)
    unit = np.random.default_rng(2).permutation(np.repeat(np.arange(40), 3))
    sample = sample._replace(group=unit, unit=unit)
    dealt = deal_out(sample, np.random.default_rng(1))
    before, after = (
        sorted(tuple(y[unit == account]) for account in range(40)) for y in (sample.outcome, dealt.outcome)
    )
    assert before == after
    assert not np.array_equal(sample.outcome, dealt.outcome)


def test_accounts_of_unlike_sizes_are_dealt_out_too(mixed_sample: Callable[[int, int], Sample]) -> None:
    """Twelve accounts of sizes 4 to 15: outcomes move, none is lost, and like ones stay side by side."""
    sample = mixed_sample(114, 0)
    unit = np.repeat(np.arange(12), np.arange(4, 16))
    together = (unit % 2).astype(float)
    sample = sample._replace(group=unit, unit=unit, outcome=together)
    dealt = deal_out(sample, np.random.default_rng(1)).outcome
    assert dealt.sum() == together.sum() and not np.array_equal(dealt, together)
    # Twelve blocks have at most eleven borders, wherever they come to lie.
    assert np.count_nonzero(np.diff(dealt)) <= 11


def test_permuted_root_is_the_root_of_dealt_out_outcomes(mixed_sample: Callable[[int, int], Sample]) -> None:
    sample, score = mixed_sample(100, 0), np.random.default_rng(5).normal(size=100)
    found = permuted_root(sample, None, 5, np.random.default_rng(9), score)
    dealt = deal_out(sample, np.random.default_rng(9))
    assert found == signed_root(score, dealt.outcome, sample.weights)


def test_cross_fitted_roots_of_chance_lean_negative(mixed_sample: Callable[[int, int], Sample]) -> None:
    """Why the reference is permuted and not the normal distribution."""
    sample = mixed_sample(120, 0)
    rng = np.random.default_rng(0)
    roots = [permuted_root(sample, SHRUNKEN, 5, g, np.zeros(120)) for g in rng.spawn(60)]
    assert np.mean(roots) < -0.2 and np.max(roots) < 4


# Replicates ----------------------------------------------------------------------------------


def bytes_of(draws: list[Replicate]) -> bytes:
    return b"".join(np.asarray(part, dtype=np.float64).tobytes() for draw in draws for part in draw)


@recipes
def test_the_number_of_threads_changes_nothing(
    grouped: Sample, recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    for threads in (1, 2, 3):
        monkeypatch.setattr(parallel, "cores", lambda threads=threads: threads)
        rng = np.random.default_rng(11)
        draws = replicate(lambda g: bootstrap_procedure(grouped, recipe, 4, 3.0, g), 6, rng, what="drawing")
        found.append(bytes_of(draws))
    assert found[0] == found[1] == found[2]
    other = replicate(
        lambda g: bootstrap_procedure(grouped, recipe, 4, 3.0, g),
        6,
        np.random.default_rng(12),
        what="drawing",
    )
    assert bytes_of(other) != found[0]


def test_replicates_come_in_order_and_errors_pass_through() -> None:
    streams = [g.random() for g in np.random.default_rng(0).spawn(20)]
    assert replicate(lambda g: float(g.random()), 20, np.random.default_rng(0), what="drawing") == streams

    def some(generators: list[np.random.Generator]) -> list[float]:
        return [float(g.random()) for g in generators]

    for size in (1, 7, 20, 30):
        parts = replicate_together(some, 20, np.random.default_rng(0), size=size, what="drawing")
        assert [value for part in parts for value in part] == streams

    def fail(g: np.random.Generator) -> float:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        replicate(fail, 50, np.random.default_rng(0), what="failing")


@pytest.mark.parametrize("rows", [1, 500, 5_000, 100_000, 10**7])
def test_quick_replicates_are_made_in_parts_of_about_one_size(rows: int) -> None:
    for times in (1, 2, 127, 128, 129, 200, 2_000):
        size = together(times, rows)
        parts = -(-times // size)
        assert size == 1 or (size <= CHUNK and size * rows <= CHUNK_ROWS)
        assert parts * size - times < parts
    assert together(2_000, 500) == 125


def test_one_bootstrap_draw_step_by_step(grouped: Sample) -> None:
    """Fresh deals are those of accounts that were not drawn at all."""
    found = bootstrap_procedure(grouped, POINTS, 4, 3.0, np.random.default_rng(21))
    rng = np.random.default_rng(21)
    drawn = grouped._replace(weights=draw_units(grouped, rng))
    score = cross_fit(drawn, POINTS, 4, rng)
    trained = train(drawn.items, drawn.outcome, drawn.weights, POINTS)
    rest = drawn.weights == 0
    line = fit_logistic(
        np.column_stack([np.ones(rest.sum()), predict(grouped.items.codes[rest], trained)]),
        grouped.outcome[rest],
        penalty="firth",
        weights=grouped.weights[rest],
    )
    assert found.fresh_slope == pytest.approx(line.beta[1], rel=1e-6)
    assert found.cross_slope == pytest.approx(fit_logistic_curve(score, drawn.outcome, drawn.weights).slope)
    assert found.win_rate == pytest.approx(drawn.weights @ drawn.outcome / drawn.weights.sum())
    np.testing.assert_array_equal(found.points, trained.points)
    np.testing.assert_allclose(found.zones.sum(axis=0), [240, drawn.weights @ drawn.outcome])


def test_a_given_score_is_drawn_but_not_learned(grouped: Sample) -> None:
    score = np.random.default_rng(0).normal(size=240) + grouped.outcome
    found = bootstrap_given(score, grouped, 1e9, np.random.default_rng(3))
    weights = draw_units(grouped, np.random.default_rng(3))
    assert found.curve == fit_logistic_curve(score, grouped.outcome, weights)
    assert found.points.size == 0 and np.isnan(found.fresh_slope)


def test_band_is_a_tenth_and_nine_tenths_of_the_climb() -> None:
    low, high = band(Curve(LOGISTIC, 0.0, 1.0, -6.0, 1.5, 0.0))
    np.testing.assert_allclose(1 / (1 + np.exp(6 - 1.5 * np.array([low, high]))), [0.1, 0.9])
    assert band(Curve(FLAT, 0.0, 1.0, 0.3, 0.0, 0.0)) == (-np.inf, np.inf)


def test_plateau_ratios_under_a_logistic_truth(mixed_sample: Callable[[int, int], Sample]) -> None:
    """Never negative; repeated deals raise them; one outcome alone gives none."""
    sample, score = mixed_sample(150, 0), np.random.default_rng(0).normal(size=150)
    chance = 1 / (1 + np.exp(-1.5 * score))
    ratios = np.array(
        [simulated_ratios(score, sample, chance, g) for g in np.random.default_rng(1).spawn(100)]
    )
    assert ratios.min() >= -1e-9
    assert ratios[:, 1].mean() > ratios[:, 0].mean()
    assert simulated_ratios(score, sample, np.zeros(150), np.random.default_rng(0)) == (0.0, 0.0)
