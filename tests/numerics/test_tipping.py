"""The tipping point on plain numbers: test against chance, correction, landmarks and their intervals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit

from qualify.numerics.crossing import find_crossing
from qualify.numerics.curves import FLAT, LOGISTIC, PLATEAU, Curve, fit_logistic_curve, probability
from qualify.numerics.logistic import fit_logistic
from qualify.numerics.procedures import Recipe
from qualify.numerics.resampling import Replicate, Sample, curve_shift
from qualify.numerics.tipping import (
    REPEATS,
    Plan,
    TippingEstimate,
    curve_interval,
    estimate_tipping,
    intervals,
    landmarks,
    steepen,
)

GIVEN = Plan(recipe=None, folds=5, replicates=40, level=0.95, alpha=0.05)


def scored(mixed_sample: Callable[[int, int], Sample], seed: int, slope: float) -> tuple[Sample, np.ndarray]:
    """200 deals with a given score and outcomes that hang on it."""
    rng = np.random.default_rng(seed)
    score = rng.normal(5, 2, 200)
    sample = mixed_sample(200, 0)._replace(
        outcome=(rng.random(200) < expit(slope * (score - 5))).astype(float)
    )
    return sample, score


def test_a_score_that_decides_is_found(mixed_sample: Callable[[int, int], Sample]) -> None:
    """As wide as the normal approximation says, within what 200 draws and 200 deals leave open."""
    sample, score = scored(mixed_sample, 0, 1.2)
    found = estimate_tipping(sample, GIVEN._replace(replicates=200), np.random.default_rng(0), score)
    line = fit_logistic_curve(score, sample.outcome, sample.weights)
    assert found.p_value == pytest.approx(1 / 61)  # none of the first 60 permutations reaches it
    assert found.curve == line and found.correction == 1.0 and len(found.draws) == 200
    np.testing.assert_array_equal(found.scores, score)
    limits = intervals(found, 0.95)
    fit = fit_logistic(np.column_stack([np.ones(200), score]), sample.outcome)
    half = find_crossing(fit.beta, fit.covariance, 0.5)
    for name, value, error in (
        ("slope", line.slope, float(np.sqrt(fit.covariance[1, 1]))),
        ("midpoint", half.estimate, half.std_error),
    ):
        low, high = limits[name]
        assert low < value < high
        assert 0.7 < (high - low) / (2 * 1.96 * error) < 1.4
    assert np.isnan([*limits["floor"], *limits["ceiling"]]).all()  # assumed, not estimated


@pytest.mark.parametrize("slope", [0.0, -1.0])
def test_chance_and_reversed_scores_tip_nowhere(
    mixed_sample: Callable[[int, int], Sample], slope: float
) -> None:
    sample, score = scored(mixed_sample, 2, slope)
    found = estimate_tipping(sample, GIVEN, np.random.default_rng(0), score)
    assert found.p_value > 0.05 and found.curve.kind == FLAT and not found.draws
    np.testing.assert_allclose(probability(found.curve, score), sample.outcome.mean())
    chance, limits = curve_interval(found, score[:3], 0.95)
    assert np.isnan(limits).all() and chance[0] == pytest.approx(sample.outcome.mean())


def test_the_test_keeps_its_level(mixed_sample: Callable[[int, int], Sample]) -> None:
    """Of 40 scores that say nothing, about 2 pass at 5 %; 7 would be one in three hundred."""
    plan = GIVEN._replace(replicates=1)
    passed = 0
    for seed in range(40):
        sample, score = scored(mixed_sample, 100 + seed, 0.0)
        passed += estimate_tipping(sample, plan, np.random.default_rng(seed), score).p_value <= 0.05
    assert passed <= 6


def test_the_same_seed_gives_the_same_numbers(mixed_sample: Callable[[int, int], Sample]) -> None:
    sample = mixed_sample(150, 0)
    plan = Plan(recipe=Recipe(5.0, False, 8, 10), folds=5, replicates=8, level=0.95, alpha=0.05)
    one, two = (estimate_tipping(sample, plan, np.random.default_rng(4)) for _ in range(2))
    np.testing.assert_array_equal(one.splits, two.splits)
    assert one.splits.shape == (REPEATS, 150) and one.curve == two.curve and one.p_value == two.p_value
    assert [draw.curve for draw in one.draws] == [draw.curve for draw in two.draws]
    np.testing.assert_allclose(one.scores, one.splits.mean(axis=0))


def test_steepening_turns_about_the_win_rate() -> None:
    for curve in (Curve(LOGISTIC, 0.0, 1.0, -3.0, 0.8, 0.0), Curve(PLATEAU, 0.1, 0.7, -3.0, 0.8, 0.0)):
        steeper = steepen(curve, 1.5, 0.4)
        where = np.linspace(-20, 30, 100_001)
        pivot = where[np.argmin(np.abs(probability(curve, where) - 0.4))]
        assert steeper.slope == pytest.approx(1.2)
        assert probability(steeper, np.array([pivot]))[0] == pytest.approx(0.4, abs=1e-4)  # the grid's step
        assert (steeper.floor, steeper.ceiling) == (curve.floor, curve.ceiling)
    flat = Curve(FLAT, 0.0, 1.0, 0.2, 0.0, 0.0)
    assert steepen(flat, 1.5, 0.4) is flat


def test_landmarks_are_read_off_the_curve() -> None:
    curve = Curve(PLATEAU, 0.1, 0.8, -6.0, 1.5, 0.0)
    found = landmarks(curve)
    at = probability(curve, np.array([found.low, found.midpoint, found.high]))
    np.testing.assert_allclose((at - 0.1) / 0.7, [0.1, 0.5, 0.9])
    assert found.width == pytest.approx(found.high - found.low)
    nowhere = landmarks(Curve(FLAT, 0.0, 1.0, 0.2, 0.0, 0.0))
    assert np.isnan(nowhere.midpoint) and nowhere.width == np.inf


def estimate_with(curve: Curve, drawn: list[Curve]) -> TippingEstimate:
    """A made-up estimate with made-up draws."""
    draws = [
        Replicate(
            curve=one,
            win_rate=0.5,
            cross_slope=1.0,
            fresh_slope=1.0,
            shift=0.0,
            zones=np.zeros((3, 2)),
            points=np.zeros((0, 0), np.int64),
        )
        for one in drawn
    ]
    return TippingEstimate(
        scores=np.zeros(1), splits=np.zeros((1, 1)), curve=curve, correction=1.0, p_value=0.01, draws=draws
    )


def test_how_far_the_final_model_of_a_draw_lies_off_goes_into_places_only() -> None:
    rng = np.random.default_rng(1)
    curve = Curve(LOGISTIC, 0.0, 1.0, 0.0, 1.5, 0.0)
    still = estimate_with(curve, [curve] * 999)
    shifts = rng.normal(size=999)
    draws = [draw._replace(shift=by) for draw, by in zip(still.draws, shifts, strict=True)]
    moved = replace(still, draws=draws)
    before, after = intervals(still, 0.95), intervals(moved, 0.95)
    for name in ("midpoint", "low", "high"):
        assert np.subtract(*after[name][::-1]) == pytest.approx(2 * 1.96, abs=0.3)
        assert before[name][0] == before[name][1]
    assert after["slope"] == before["slope"] and after["width"] == before["width"]


@pytest.mark.parametrize("by", [-2.5, 0.0, 1.75])
def test_a_curve_is_moved_until_it_foretells_the_wins_there_were(by: float) -> None:
    rng = np.random.default_rng(2)
    score = rng.normal(size=200_000)
    curve = Curve(LOGISTIC, 0.0, 1.0, -0.5, 2.0, 0.0)
    outcome = (rng.random(score.size) < probability(curve, score - by)).astype(float)
    alone = np.arange(score.size)
    sample = Sample(None, outcome, np.ones(score.size), alone, alone)  # type: ignore[arg-type]
    assert curve_shift(curve, score, sample) == pytest.approx(by, abs=0.02)
    assert curve_shift(Curve(FLAT, 0.0, 1.0, 0.2, 0.0, 0.0), score, sample) == 0.0


def test_intervals_are_those_of_the_draws_centred_on_the_estimate() -> None:
    """Draws half as steep with midpoints half a point up: their spread is kept, their shift is not."""
    rng = np.random.default_rng(0)
    middles, slopes = 5.5 + 0.2 * rng.normal(size=999), 0.75 * np.exp(0.1 * rng.normal(size=999))
    curve = Curve(LOGISTIC, 0.0, 1.0, -7.5, 1.5, 0.0)
    drawn = [Curve(LOGISTIC, 0.0, 1.0, -s * m, s, 0.0) for m, s in zip(middles, slopes, strict=True)]
    limits = intervals(estimate_with(curve, drawn), 0.9)
    low, middle, high = np.quantile(middles, [0.05, 0.5, 0.95], method="nearest")
    np.testing.assert_allclose(limits["midpoint"], [5 + low - middle, 5 + high - middle])
    low, middle, high = np.quantile(slopes, [0.05, 0.5, 0.95], method="nearest")
    np.testing.assert_allclose(limits["slope"], [1.5 * low / middle, 1.5 * high / middle])
    chance, around = curve_interval(estimate_with(curve, drawn), np.array([4.0, 5.0, 6.0]), 0.9)
    np.testing.assert_allclose(chance, expit([-1.5, 0, 1.5]))
    assert np.all(around[0] < chance) and np.all(chance < around[1])


def test_draws_that_climb_nowhere_leave_limits_open() -> None:
    curve, flat = Curve(LOGISTIC, 0.0, 1.0, -5.0, 1.0, 0.0), Curve(FLAT, 0.0, 1.0, 0.0, 0.0, 0.0)
    limits = intervals(estimate_with(curve, [flat] * 10 + [curve] * 90), 0.95)
    assert limits["width"][1] == np.inf and limits["slope"][0] == 0
    nothing = intervals(estimate_with(curve, [flat] * 20), 0.95)
    assert np.isnan([*nothing["midpoint"], *nothing["width"]]).all()
