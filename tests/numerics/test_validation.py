"""Optimism and cross-validation: R's rms on its own draws, repeated rows, plain formulas, noise, threads."""

from __future__ import annotations

import gzip
import itertools
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy.stats import norm
from statsmodels.stats.proportion import proportion_confint

from qualify.numerics import parallel, validation
from qualify.numerics.coding import NOMINAL, NUMERIC, Items
from qualify.numerics.metrics import auc_interval, auc_variance
from qualify.numerics.performance import MEASURES, REFIT_INTERCEPT, SLOPE_ERROR, WIDTH, measure
from qualify.numerics.procedures import Recipe, predict, train
from qualify.numerics.resampling import Sample, cross_fit, cross_fits
from qualify.numerics.validation import (
    bootstrap_optimism,
    finite_mean,
    fit_and_measure,
    forward_scores,
    judge,
    limits,
    measure_splits,
    move_scores,
    spread,
)

HERE = Path(__file__).resolve().parent.parent
GOLDEN = HERE / "golden" / "data"
# Maximum likelihood on numbers as they are: nothing pooled, nothing chosen.
PLAIN = Recipe(1.0, False, 0, 0, 0.0)
SHRUNKEN = Recipe(5.0, False, 0, 0)
POINTS = Recipe(5.0, True, 8, 10)
Make = Callable[[int, int], Sample]


def numbers_sample(
    columns: pd.DataFrame, outcome: NDArray[np.float64], nominal: tuple[str, ...] = ()
) -> Sample:
    """Every column a rating with its own numbers, but for the nominal ones."""
    codes, values = zip(
        *(np.unique(columns[name], return_inverse=True)[::-1] for name in columns), strict=True
    )
    levels = np.array([len(value) for value in values], dtype=np.int32)
    value = np.zeros((len(levels), int(levels.max()) + 1))
    for c, known in enumerate(values):
        value[c, : known.size] = known
    items = Items(
        codes=np.ascontiguousarray(np.column_stack(codes), dtype=np.int32),
        kind=np.array([NOMINAL if name in nominal else NUMERIC for name in columns], dtype=np.int8),
        levels=levels,
        value=value,
        reference=np.where([name in nominal for name in columns], 0, -1).astype(np.int32),
    )
    alone = np.arange(outcome.size, dtype=np.int64)
    return Sample(items=items, outcome=outcome, weights=np.ones(outcome.size), group=alone, unit=alone)


def rows_drawn(path: Path) -> NDArray[np.int64]:
    with gzip.open(path, "rt") as stream:
        return np.loadtxt(stream, delimiter=",", dtype=np.int64)


def against_rms(sample: Sample, rows: NDArray[np.int64], r: dict[str, Any]) -> None:
    """Means over the draws that R made, of the measures that both know."""
    n = sample.outcome.size
    drawn = [np.bincount(row, minlength=n).astype(float) for row in rows]
    found = np.stack([fit_and_measure(sample, PLAIN, np.stack([w, np.ones(n)])) for w in drawn])
    whole = fit_and_measure(sample, PLAIN, np.ones((1, n)))[0]
    means = [whole, *found.mean(axis=0)]
    exact = r["exact_from_indices"]
    names = {"Dxy": 0, "B": 1, "Slope": 5, "Intercept": REFIT_INTERCEPT}
    for name, column in names.items():
        mine = np.array([mean[column] for mean in means])
        mine = 2 * mine - 1 if name == "Dxy" else mine
        orig, training, test, optimism, corrected = exact["values"][exact["rows"].index(name)]
        assert mine == pytest.approx([orig, training, test], abs=1e-7), name
        assert mine[1] - mine[2] == pytest.approx(optimism, abs=1e-7), name
        assert mine[0] - (mine[1] - mine[2]) == pytest.approx(corrected, abs=1e-7), name


def test_optimism_of_500_deals_equals_rms(golden: Callable[[str], Any]) -> None:
    frame = pd.read_csv(GOLDEN / "deals_500.csv")
    sample = numbers_sample(frame.filter(regex=r"^q\d\d$"), frame["won"].to_numpy(float))
    rows = rows_drawn(GOLDEN / "boot_idx0_deals500_B200.csv.gz")
    against_rms(sample, rows, golden("validate")["deals500"])


def test_optimism_of_the_birth_weights_equals_rms(
    real_data: Path, r_inputs: Path, golden: Callable[[str], Any]
) -> None:
    frame = pd.read_csv(real_data / "birthwt" / "birthwt.csv")
    frame["ptd"] = (frame["ptl"] > 0).astype(int)
    columns = frame[["age", "lwt", "race", "smoke", "ptd", "ht", "ui"]]
    sample = numbers_sample(columns, frame["low"].to_numpy(float), nominal=("race",))
    rows = rows_drawn(r_inputs / "boot_idx0_birthwt_B200.csv.gz")
    against_rms(sample, rows, golden("validate")["birthwt"])


@pytest.mark.parametrize("recipe", [SHRUNKEN, POINTS], ids=["shrunken", "points"])
def test_a_draw_is_the_procedure_on_repeated_rows(mixed_sample: Make, recipe: Recipe) -> None:
    sample, rng = mixed_sample(250, 3), np.random.default_rng(8)
    rows = rng.integers(250, size=250)
    counts = np.bincount(rows, minlength=250).astype(float)
    items = sample.items._replace(codes=np.ascontiguousarray(sample.items.codes[rows]))
    trained = train(items, sample.outcome[rows], np.ones(250), recipe)
    score = predict(sample.items.codes, trained)
    expected = [measure(score[rows], sample.outcome[rows], np.ones(250)), measure(score, *sample[1:3])]
    found = fit_and_measure(sample, recipe, np.stack([counts, sample.weights]))
    np.testing.assert_allclose(found, expected, atol=1e-6)


# Cross-validation -----------------------------------------------------------------------------


def test_each_division_is_a_cross_fit(mixed_sample: Make) -> None:
    sample = mixed_sample(150, 1)
    splits = cross_fits(sample, SHRUNKEN, 5, 3, np.random.default_rng(2))
    for score, generator in zip(splits, np.random.default_rng(2).spawn(3), strict=True):
        np.testing.assert_array_equal(score, cross_fit(sample, SHRUNKEN, 5, generator))


def test_the_past_alone_foretells(mixed_sample: Make) -> None:
    sample = mixed_sample(240, 4)
    period = np.repeat([0, 1, 2, -1], 60)
    score = forward_scores(sample, SHRUNKEN, period)
    assert np.isnan(score[(period < 1)]).all() and np.isfinite(score[period > 0]).all()
    for later in (1, 2):
        past = (period >= 0) & (period < later)
        items = sample.items._replace(codes=np.ascontiguousarray(sample.items.codes[past]))
        alone = train(items, sample.outcome[past], sample.weights[past], SHRUNKEN)
        expected = predict(sample.items.codes[period == later], alone)
        np.testing.assert_allclose(score[period == later], expected, atol=1e-9)


# Errors and limits ----------------------------------------------------------------------------


def test_scores_drawn_anew_move_as_delong_says(mixed_sample: Make) -> None:
    sample = mixed_sample(400, 5)
    splits = cross_fits(sample, SHRUNKEN, 10, 4, np.random.default_rng(0))
    moved, curves = move_scores(splits, sample, np.array([0.3, 0.7]), 800, np.random.default_rng(1))
    assert moved.shape == (800, 7) and curves.shape == (800, 2)
    error = np.mean([np.sqrt(auc_variance(score, sample.outcome)) for score in splits])
    assert spread(moved)[0] == pytest.approx(error, rel=0.1)
    assert np.abs(moved[:, :2].mean(axis=0)).max() < 0.1 * spread(moved)[:2].max()
    few, nothing = move_scores(splits, sample, np.empty(0), 5, np.random.default_rng(1))
    np.testing.assert_array_equal(few, moved[:5])
    assert nothing.shape == (5, 0)


def test_judged_by_the_formulas() -> None:
    rng = np.random.default_rng(3)
    apparent, draws = rng.random(WIDTH), rng.random((40, 2, WIDTH))
    splits, moved = rng.random((6, WIDTH)), rng.normal(size=(30, 7))
    found = judge(apparent, draws, splits, moved)
    optimism = (draws[:, 0] - draws[:, 1]).mean(axis=0)[:7]
    np.testing.assert_allclose(found.optimism, optimism)
    np.testing.assert_allclose(found.corrected, apparent[:7] - optimism)
    np.testing.assert_allclose(found.crossed, splits[:, :7].mean(axis=0))
    between = draws[:, 1, :7].std(axis=0, ddof=1)
    between[4:6] = splits[:, 4:6].std(axis=0, ddof=1)
    error = np.sqrt(moved.var(axis=0, ddof=1) + between**2)
    np.testing.assert_allclose(found.error, error)
    gap = found.corrected - found.crossed
    np.testing.assert_allclose(found.corrected_error, np.sqrt(error**2 + gap**2))
    assert (found.failed == 0).all()


def test_slopes_that_say_nothing_are_left_out_and_counted() -> None:
    draws = np.full((10, 2, WIDTH), 0.5)
    draws[:4, 0, SLOPE_ERROR] = 1.5
    draws[4, 1, 5] = np.nan
    draws[:, 0, 5] = np.r_[[99.0] * 4, [2.0] * 6]
    found = judge(np.full(WIDTH, 0.5), draws, np.full((3, WIDTH), 0.5), np.zeros((4, 7)))
    assert found.failed.tolist() == [0, 0, 0, 0, 0, 5, 0]
    assert found.optimism[5] == pytest.approx(1.5)
    vague = np.full(WIDTH, 0.5)
    vague[SLOPE_ERROR] = np.inf
    assert np.isnan(judge(vague, draws, draws[:, 0], np.zeros((4, 7))).apparent[5])


def test_limits_stay_within_what_a_measure_can_be() -> None:
    value = np.array([0.8, 0.01, 0.98, 0.02, 0.1, 1.2, 0.01])
    low, high = limits(value, np.full(7, 0.05), 50.0, 0.9)
    half = 0.05 * norm.ppf(0.95)
    np.testing.assert_allclose(low[[2, 4, 5]], value[[2, 4, 5]] - half)
    assert (low[[1, 3, 6]] == 0).all() and high[2] == 1
    np.testing.assert_allclose(high[[1, 3, 4, 5, 6]], value[[1, 3, 4, 5, 6]] + half)
    logit = np.log(0.8 / 0.2) + np.array([-1, 1]) * half / 0.16
    np.testing.assert_allclose([low[0], high[0]], 1 / (1 + np.exp(-logit)))
    perfect = limits(np.r_[1.0, value[1:]], np.zeros(7), 40.0, 0.95)
    told = auc_interval(np.r_[np.zeros(40), np.ones(40)], np.r_[np.zeros(40), np.ones(40)])
    assert perfect[:, 0].tolist() == [told.low, told.high]


def test_an_auc_next_to_1_with_a_large_error_keeps_an_interval_that_says_something() -> None:
    value, around = np.full(7, 0.994), np.full(7, 0.85)
    low, high = limits(value, np.full(7, 0.15), 12.0, 0.95, around=around)
    # Wilson's interval of a share of as many deals as have this standard error at 0.85.
    deals = 0.85 * 0.15 / 0.15**2
    told = proportion_confint(0.994 * deals, deals, method="wilson")
    np.testing.assert_allclose([low[0], high[0]], told)
    assert 0.5 < low[0] < 0.85 < high[0] <= 1


def test_an_auc_without_error_has_no_interval() -> None:
    assert np.isnan(limits(np.full(7, 0.5), np.zeros(7), 40.0, 0.95)[:, 0]).all()


def test_means_and_spreads_pass_over_what_is_missing() -> None:
    values = np.array([[1.0, np.nan, np.nan], [3.0, 2.0, np.nan], [np.inf, 4.0, np.nan]])
    np.testing.assert_array_equal(finite_mean(values), [2.0, 3.0, np.nan])
    np.testing.assert_allclose(spread(values), [np.sqrt(2), np.sqrt(2), np.nan])
    assert np.isnan(spread(values[:1])).all()


# What must hold -------------------------------------------------------------------------------


@pytest.mark.parametrize("recipe", [SHRUNKEN, POINTS], ids=["shrunken", "points"])
def test_threads_change_nothing_and_seeds_do(
    mixed_sample: Make, monkeypatch: pytest.MonkeyPatch, recipe: Recipe
) -> None:
    sample = mixed_sample(200, 2)

    def run(seed: int, threads: int) -> bytes:
        monkeypatch.setattr(parallel, "cores", lambda: threads)
        rng = np.random.default_rng(seed)
        draws = bootstrap_optimism(sample, recipe, 30, rng)
        splits = cross_fits(sample, recipe, 5, 4, rng)
        return (
            draws.tobytes()
            + splits.tobytes()
            + move_scores(splits, sample, np.zeros(1), 30, rng)[0].tobytes()
        )

    assert run(1, 1) == run(1, 4)
    assert run(1, 4) != run(2, 4)


def test_doubled_weights_double_nothing(mixed_sample: Make) -> None:
    """Weights are of any unit where nothing is chosen by the number of deals."""
    sample = mixed_sample(200, 6)
    twice = sample._replace(weights=2 * sample.weights)
    recipe = Recipe(1.0, False, 0, 0, 0.0)
    one, two = (bootstrap_optimism(s, recipe, 10, np.random.default_rng(0)) for s in (sample, twice))
    np.testing.assert_allclose(one[..., :SLOPE_ERROR], two[..., :SLOPE_ERROR], atol=1e-6)


@pytest.mark.parametrize("recipe", [SHRUNKEN, POINTS], ids=["shrunken", "points"])
def test_noise_is_told_for_what_it_is(mixed_sample: Make, recipe: Recipe) -> None:
    """Outcomes dealt out at random: on their own deals they seem foretold, corrected hardly, mean of ten."""
    apparent, corrected, crossed = [], [], []
    for seed, generator in enumerate(np.random.default_rng(0).spawn(10)):
        sample = mixed_sample(300, seed)
        sample = sample._replace(outcome=generator.permutation(sample.outcome))
        whole = fit_and_measure(sample, recipe, sample.weights[None])[0]
        draws = bootstrap_optimism(sample, recipe, 60, generator)
        splits = measure_splits(cross_fits(sample, recipe, 10, 4, generator), sample)
        found = judge(whole, draws, splits, np.zeros((2, 7)))
        apparent.append(found.apparent[0])
        corrected.append(found.corrected[0])
        crossed.append(found.crossed[0])
    assert np.mean(apparent) > 0.53
    assert np.mean(corrected) == pytest.approx(0.5, abs=0.04)
    assert np.mean(crossed) == pytest.approx(0.5, abs=0.04)


def test_an_interrupt_ends_the_work(mixed_sample: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    calls, number = [], itertools.count(1)

    def interrupted(*given: object) -> NDArray[np.float64]:
        calls.append(next(number))
        time.sleep(0.001)
        if calls[-1] >= 5:
            raise KeyboardInterrupt
        return np.zeros((16, 2, WIDTH))

    monkeypatch.setattr(validation, "measure_draws", interrupted)
    with pytest.raises(KeyboardInterrupt):
        bootstrap_optimism(mixed_sample(100, 0), SHRUNKEN, 5000, np.random.default_rng(0))
    assert len(calls) < 150


def test_measures_are_named_in_the_order_the_design_fixes() -> None:
    assert MEASURES == (
        "auc",
        "brier",
        "scaled_brier",
        "log_loss",
        "calibration_intercept",
        "calibration_slope",
        "ici",
    )
