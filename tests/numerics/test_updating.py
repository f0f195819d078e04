"""The closed test: by hand, against statsmodels, in special cases, and its reference under the truth."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.special import expit, logit
from scipy.stats import chi2

from qualify.numerics.many_outcomes import least_deviances
from qualify.numerics.updating import (
    VERDICTS,
    Belief,
    Moves,
    Units,
    closed_test,
    draw_outcomes,
    exceeded,
    ladder,
    likeness_within,
    moves,
    ratios,
    recalibrate_line,
    reference,
)

EXACT = 1e-8  # both ways go to the maximum; what is left is rounding


@pytest.fixture(scope="module")
def deals() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    answers = (rng.random((300, 6)) < 0.4).astype(float)
    log_odds = answers @ np.array([1.0, 1.0, 0.5, 0.5, 0.3, 0.0]) - 1.2
    outcome = (rng.random(300) < expit(log_odds + 0.4)).astype(float)
    return answers, log_odds, outcome


def loglik(log_odds: np.ndarray, outcome: np.ndarray) -> float:
    return float((outcome * log_odds - np.logaddexp(0, log_odds)).sum())


# By hand ---------------------------------------------------------------------


def test_the_ratios_of_one_question_are_those_worked_out_by_hand() -> None:
    """20 no with 4 won where 25 % were foretold, 30 yes with 21 won where 60 % were foretold."""
    yes = np.repeat([0.0, 1.0], [20, 30])
    outcome = np.concatenate([np.repeat([1.0, 0.0], [4, 16]), np.repeat([1.0, 0.0], [21, 9])])
    foretold = np.where(yes > 0, 0.6, 0.25)
    steps = ladder(logit(foretold), yes[:, None], np.ones(50))
    assert steps.df == (2, 1, 0, 1)
    # Line and revision both give the rates seen: 0.2 and 0.7.
    seen = 4 * np.log(0.2) + 16 * np.log(0.8) + 21 * np.log(0.7) + 9 * np.log(0.3)
    as_foretold = 4 * np.log(0.25) + 16 * np.log(0.75) + 21 * np.log(0.6) + 9 * np.log(0.4)
    found = ratios(steps, outcome[None])[0]
    assert found[0] == pytest.approx(2 * (seen - as_foretold), abs=1e-6)
    assert found[2] == pytest.approx(0.0, abs=1e-6)
    # One new intercept: its equation, solved by bisection, is 20 p₀ + 30 p₁ = 25.
    low, high = -5.0, 5.0
    for _ in range(100):
        middle = (low + high) / 2
        wins = 20 * expit(logit(0.25) + middle) + 30 * expit(logit(0.6) + middle)
        low, high = (middle, high) if wins < 25 else (low, middle)
    shifted = loglik(logit(foretold) + middle, outcome)
    assert found[1] == pytest.approx(2 * (seen - shifted), abs=1e-6)
    assert found[3] == pytest.approx(2 * (shifted - as_foretold), abs=1e-6)


@pytest.mark.parametrize(
    ("p_values", "verdict"),
    [
        ((0.2, 0.001, 0.001), "keep"),
        ((0.0501, 0.0, 0.0), "keep"),
        ((0.05, 0.3, 0.001), "shift"),
        ((0.01, 0.05, 0.2), "rescale"),
        ((0.01, 0.02, 0.03), "rebuild"),
        ((0.01, np.nan, 0.01), "shift"),
        ((np.nan, 0.01, 0.01), "keep"),
    ],
)
def test_the_closed_test_stops_at_the_first_step_that_the_revision_does_not_beat(
    p_values: tuple[float, ...], verdict: str
) -> None:
    assert closed_test(np.array(p_values), 0.05) == verdict


def test_the_p_value_counts_the_observed_ratio_among_those_drawn() -> None:
    drawn = np.array([[1.0, 5.0], [2.0, 5.0], [3.0, 5.0]])
    np.testing.assert_allclose(exceeded(np.array([2.0, 6.0]), drawn), [3 / 4, 1 / 4])


# Against statsmodels ---------------------------------------------------------


def test_the_ratios_are_those_of_statsmodels(deals: tuple[np.ndarray, ...]) -> None:
    answers, log_odds, outcome = deals
    ones = np.ones((300, 1))
    fits = [
        loglik(log_odds, outcome),
        sm.GLM(outcome, ones, family=sm.families.Binomial(), offset=log_odds).fit(tol=1e-14).llf,
        sm.Logit(outcome, np.column_stack([ones, log_odds])).fit(disp=0, tol=1e-14).llf,
        sm.Logit(outcome, np.column_stack([ones, answers])).fit(disp=0, tol=1e-14).llf,
    ]
    wanted = [2 * (fits[3] - fits[k]) for k in range(3)] + [2 * (fits[1] - fits[0])]
    found = ratios(ladder(log_odds, answers, np.ones(300)), outcome[None])[0]
    np.testing.assert_allclose(found, wanted, atol=1e-6)  # the kernel stops at 1e-7 of the deviance


def test_intercept_and_slope_are_those_of_statsmodels(deals: tuple[np.ndarray, ...]) -> None:
    _, log_odds, outcome = deals
    ones = np.ones(300)
    shift = recalibrate_line(log_odds, outcome, ones, slope=False)
    glm = sm.GLM(outcome, ones, family=sm.families.Binomial(), offset=log_odds).fit(tol=1e-14)
    assert shift.intercept == pytest.approx(glm.params[0], abs=EXACT)
    assert shift.covariance[0, 0] == pytest.approx(glm.cov_params()[0, 0], abs=EXACT)
    line = recalibrate_line(log_odds, outcome, ones, slope=True)
    # As an offset fit: the slope less 1 beside the log-odds in use.
    design = np.column_stack([ones, log_odds])
    glm = sm.GLM(outcome, design, family=sm.families.Binomial(), offset=log_odds).fit(tol=1e-14)
    np.testing.assert_allclose([line.intercept, line.slope - 1], glm.params, atol=EXACT)
    np.testing.assert_allclose(line.covariance, glm.cov_params(), atol=EXACT)


def test_weights_count_as_deals(deals: tuple[np.ndarray, ...]) -> None:
    answers, log_odds, outcome = deals
    times = np.random.default_rng(3).integers(1, 4, 300)
    weighted = ratios(ladder(log_odds, answers, times.astype(float)), outcome[None])[0]
    again = [np.repeat(one, times, axis=0) for one in (log_odds, answers, outcome)]
    repeated = ratios(ladder(again[0], again[1], np.ones(times.sum())), again[2][None])[0]
    np.testing.assert_allclose(weighted, repeated, atol=1e-5)


# Special cases ---------------------------------------------------------------


def test_log_odds_that_bend_stay_inside_the_revision(deals: tuple[np.ndarray, ...]) -> None:
    """Whole points and a plateau are no sum of the columns: one more parameter, and no ratio below 0."""
    answers, log_odds, _ = deals
    bent = np.tanh(log_odds)
    steps = ladder(bent, answers, np.ones(300))
    assert steps.df == (8, 7, 6, 1)
    assert ladder(log_odds, answers, np.ones(300)).df == (7, 6, 5, 1)
    drawn = draw_outcomes(np.tile(bent, (50, 1)), Units(np.arange(300), 0.0), np.random.default_rng(0))
    found = ratios(steps, drawn)
    assert np.all(found[:, 0] >= found[:, 1] - 1e-6)
    assert np.all(found[:, 1] >= found[:, 2] - 1e-6)


def test_log_odds_all_alike_leave_nothing_to_rescale() -> None:
    outcome = np.repeat([1.0, 0.0], [30, 70])
    steps = ladder(np.zeros(100), np.zeros((100, 0)), np.ones(100))
    assert steps.df == (1, 0, 0, 1)
    found = ratios(steps, outcome[None])[0]
    assert found[0] == pytest.approx(2 * (30 * np.log(0.6) + 70 * np.log(1.4)), abs=1e-6)
    np.testing.assert_allclose(found[1:3], 0.0, atol=1e-6)
    line = recalibrate_line(np.zeros(100), outcome, np.ones(100), slope=True)
    assert (line.intercept, line.slope) == (pytest.approx(logit(0.3), abs=EXACT), 1.0)


def test_outcomes_told_apart_outright_have_the_limit_of_their_deviance() -> None:
    score = np.arange(40.0)
    outcome = (score >= 20).astype(float)
    design = np.column_stack([np.ones(40), (score - score.mean()) / score.std()])
    nothing = np.zeros(40)
    assert least_deviances(design, outcome[None], np.ones(40), nothing, np.zeros(2))[0] < 1e-4
    line = recalibrate_line(score, outcome, np.ones(40), slope=True)
    assert np.isfinite([line.intercept, line.slope]).all()
    assert line.slope > 0


def test_one_outcome_only_is_no_obstacle(deals: tuple[np.ndarray, ...]) -> None:
    answers, log_odds, _ = deals
    found = ratios(ladder(log_odds, answers, np.ones(300)), np.zeros((1, 300)))[0]
    # A revision explains nothing but losses outright: all that is left is the criteria's own deviance.
    assert found[0] == pytest.approx(-2 * loglik(log_odds, np.zeros(300)), abs=1e-4)


# The reference ---------------------------------------------------------------


def test_truths_are_drawn_with_their_mean_and_covariance() -> None:
    covariance = np.array([[0.04, 0.01], [0.01, 0.09]])
    drawn = Belief(np.array([0.5, -1.0]), covariance).draw(40_000, np.random.default_rng(0))
    np.testing.assert_allclose(drawn.mean(axis=0), [0.5, -1.0], atol=0.006)  # four standard errors
    np.testing.assert_allclose(np.cov(drawn.T), covariance, atol=0.003)


def test_outcomes_of_a_unit_go_together_and_keep_their_chance() -> None:
    unit = np.repeat(np.arange(200), 5)
    log_odds = np.tile(np.linspace(-2, 2, 5), 200)
    drawn = draw_outcomes(np.tile(log_odds, (400, 1)), Units(unit, 0.5), np.random.default_rng(2))
    chance = expit(log_odds)
    np.testing.assert_allclose(drawn.mean(axis=0).reshape(200, 5).mean(axis=0), chance[:5], atol=0.01)
    found = [likeness_within(one, chance, unit) for one in drawn]
    assert np.mean(found) == pytest.approx(0.5, abs=0.05)  # only the series' first term is used


def test_outcomes_that_only_seem_alike_by_chance_count_as_independent() -> None:
    rng = np.random.default_rng(4)
    unit = np.repeat(np.arange(40), 3)
    half = np.full(120, 0.5)
    found = [likeness_within(rng.choice([0.0, 1.0], 120), half, unit) for _ in range(400)]
    assert np.mean(np.array(found) == 0.0) == pytest.approx(0.95, abs=0.04)
    assert likeness_within(np.ones(5), np.full(5, 0.5), np.arange(5)) == 0.0


def test_with_the_truth_known_the_reference_is_the_chi_square() -> None:
    """No uncertainty of the truth, and log-odds that are the truth: the ratios follow the chi-square."""
    rng = np.random.default_rng(5)
    answers = (rng.random((1500, 4)) < 0.5).astype(float)
    log_odds = answers @ np.array([1.0, -0.5, 0.5, 0.3]) - 0.5
    steps = ladder(log_odds, answers, np.ones(1500))
    asked = moves(steps, (rng.random(1500) < expit(log_odds)).astype(float))
    truths = np.tile(log_odds, (2000, 1))
    drawn, _ = reference(steps, truths, asked, Units(np.arange(1500), 0.0), rng)
    for column, df in enumerate(steps.df):
        shares = [np.mean(drawn[:, column] > chi2.isf(alpha, df)) for alpha in (0.5, 0.1, 0.05)]
        # Four standard errors of a share of 2,000.
        np.testing.assert_allclose(shares, [0.5, 0.1, 0.05], atol=0.045)


def test_later_steps_are_held_against_deals_that_have_moved(deals: tuple[np.ndarray, ...]) -> None:
    answers, log_odds, _ = deals
    steps = ladder(log_odds, answers, np.ones(300))
    rng = np.random.default_rng(6)
    outcome = (rng.random(300) < expit(log_odds - 1.5)).astype(float)
    asked = moves(steps, outcome)
    assert isinstance(asked, Moves)
    drawn, unchanged = reference(steps, np.tile(log_odds, (300, 1)), asked, Units(np.arange(300), 0.0), rng)
    # With nothing changed the new intercept explains little; shifted outcomes leave little beyond it.
    assert unchanged.mean() == pytest.approx(expit(log_odds).mean(), abs=0.02)
    assert np.median(drawn[:, 1]) == pytest.approx(chi2.median(steps.df[1]), abs=1.2)
    p_values = exceeded(ratios(steps, outcome[None])[0], drawn)
    assert closed_test(p_values[:3], 0.05) == "shift"
    assert VERDICTS.index("shift") == 1
