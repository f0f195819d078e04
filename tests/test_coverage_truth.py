"""The coverage study's worlds, and its truth where that can be worked out by hand."""

from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from coverage_study.one_data_set import effects_of, held
from coverage_study.questions import ALL, JUMP
from coverage_study.truth import (
    Binned,
    binned,
    columns_of,
    curve_of,
    maximum_likelihood,
    pool_scores,
    truth_of,
)
from coverage_study.worlds import WORLDS, World, deals_of, pool_of
from scipy.special import expit, logit
from scipy.stats import binom
from sklearn.metrics import roc_auc_score

import qualify as ql
from qualify.deals.design import design_matrix

NOTHING = World(number=102, curve="none", n=150, characteristics=6, win_rate=0.4)
DECISIVE = WORLDS[4]


def test_where_the_model_is_true_its_coefficients_come_back() -> None:
    pool, deals = pool_of(DECISIVE), deals_of(DECISIVE, 1)
    design = design_matrix(deals)
    truth = truth_of(DECISIVE, columns_of(DECISIVE, design))
    need, buyer, _, timeline, mood, _ = (q.name for q in DECISIVE.questions)
    step = 3 * pool.slope
    assert truth.beta[design.columns(need, "known")] == pytest.approx([step], abs=1e-6)
    assert truth.beta[design.columns(timeline, "known")] == pytest.approx([step], abs=1e-6)
    assert truth.beta[design.columns(buyer, "known")] == pytest.approx([JUMP], abs=1e-6)
    assert truth.beta[design.columns(mood)] == pytest.approx([0.0] * 3, abs=1e-6)
    # Not knowing is worth 6 points; an average known answer is worth 3 points a step.
    known = pool.codes[pool.codes[:, 0] < 5, 0]
    expected = pool.slope * 6 - step * known.mean()
    assert truth.beta[design.columns(need, "unknown")] == pytest.approx([expected], abs=1e-6)
    assert pool.chance.mean() == pytest.approx(DECISIVE.win_rate, abs=1e-4)


def test_without_effects_nothing_is_true() -> None:
    truth = truth_of(NOTHING, columns_of(NOTHING, design_matrix(deals_of(NOTHING, 1))))
    assert truth.beta[0] == pytest.approx(logit(0.4))
    assert np.abs(truth.beta[1:]).max() < 1e-8
    assert np.abs(truth.swings).max() < 1e-8


def test_a_fit_to_groups_gives_their_log_odds() -> None:
    """Two answers pooled into one column: its coefficient is that of the mean win probability of both."""
    matrix = np.column_stack([np.ones(6), [0, 0, 1, 1, 1, 1]])
    chance = np.array([0.2, 0.4, 0.5, 0.7, 0.7, 0.9])
    assert maximum_likelihood(matrix, chance) == pytest.approx([logit(0.3), logit(0.7) - logit(0.3)])


def test_the_swing_of_the_truth_is_a_difference_of_means() -> None:
    """With the decisive answer given by every deal, and by none."""
    pool, design = pool_of(DECISIVE), design_matrix(deals_of(DECISIVE, 1))
    swing = truth_of(DECISIVE, columns_of(DECISIVE, design)).swings[1]
    unknown_or_yes = logit(pool.chance) - np.where(pool.codes[:, 1] == 0, JUMP, 0.0)
    by_hand = expit(unknown_or_yes).mean() - expit(unknown_or_yes + JUMP).mean()
    assert swing == pytest.approx(by_hand, abs=1e-6)


@pytest.mark.parametrize(("floor", "ceiling"), [(0.0, 1.0), (0.1, 0.8)])
def test_the_curve_of_the_pool_is_the_one_it_was_made_from(floor: float, ceiling: float) -> None:
    score = np.random.default_rng(1).normal(0, 2, 50_000)
    deals = binned(score, floor + (ceiling - floor) * expit(1.5 * (score - 0.4)))
    curve = curve_of(deals, plateau=floor > 0)
    assert -curve.intercept / curve.slope == pytest.approx(0.4, abs=1e-3)
    assert (curve.slope, curve.floor, curve.ceiling) == pytest.approx((1.5, floor, ceiling), abs=2e-3)


def test_auc_and_rates_of_bins() -> None:
    rng = np.random.default_rng(2)
    score, won = rng.integers(0, 9, 400).astype(float), (rng.random(400) < 0.4).astype(float)
    deals = binned(score, won)
    assert deals.auc == pytest.approx(roc_auc_score(won, score))
    assert deals.rate(-np.inf, 3.5) == pytest.approx(won[score < 3.5].mean())
    assert np.isnan(Binned(*(np.ones(2) for _ in range(3))).rate(5, 6))


def test_the_pool_is_scored_as_the_public_model_would() -> None:
    model, deals = ql.fit_win_model(deals_of(DECISIVE, 1)), deals_of(DECISIVE, 2)
    effects, intercept = effects_of(model)
    by_hand = [
        intercept + sum(effects[name][answer] for name, answer in row.items())
        for row in deals.answers.astype(str).to_dict("records")
    ]
    assert by_hand == pytest.approx(model.log_odds(deals).to_numpy())
    first = [
        (*q.answers, "unknown")[code]
        for q, code in zip(DECISIVE.questions, pool_of(DECISIVE).codes[0], strict=True)
    ]
    expected = intercept + sum(effects[q.name][a] for q, a in zip(DECISIVE.questions, first, strict=True))
    assert pool_scores(DECISIVE, effects, intercept)[0] == pytest.approx(expected)


def test_which_side_an_interval_missed() -> None:
    assert [held(0.1, 0.3, truth) for truth in (0.2, 0.1, 0.0, 0.4)] == [0, 0, -1, 1]
    assert held(-np.inf, 0.3, -9.0) == 0
    assert held(np.nan, 0.3, 0.2) is None


def test_the_worlds_are_spread_evenly() -> None:
    properties = [
        (w.curve, w.n, w.characteristics, w.win_rate, w.unknowns, w.decisive, w.raters) for w in WORLDS
    ]
    assert len(set(properties)) == 24
    for which, times in ((0, 6), (1, 6), (2, 8), (3, 8)):
        assert set(Counter(one[which] for one in properties).values()) == {times}
    for first, second in itertools.combinations(range(4), 2):
        pairs = Counter((one[first], one[second]) for one in properties)
        even = 24 / len({one[first] for one in properties}) / len({one[second] for one in properties})
        assert max(pairs.values()) <= even + 2
    for flag in (4, 5, 6):
        assert 6 <= sum(one[flag] in ("many", True) for one in properties) <= 10
    assert {w.curve for w in WORLDS if w.whole} == {"none", "gradual", "sharp", "plateau"}
    assert sum(w.whole for w in WORLDS) == 6
    assert any(w.whole and w.decisive for w in WORLDS) and any(w.whole and w.raters for w in WORLDS)


def test_each_number_of_questions_has_every_role_and_kind() -> None:
    for count in (6, 12, 20):
        assert {q.role for q in ALL[:count]} == {"effect", "echo", "noise"}
        assert {q.kind for q in ALL[:count]} == {"score", "yes_no", "ordered", "choice"}


@pytest.mark.parametrize("world", [w for w in WORLDS if w.n <= 200], ids=lambda w: w.name)
def test_deals_come_as_the_world_says(world: World) -> None:
    deals, again = deals_of(world, 3), deals_of(world, 3)
    pd.testing.assert_frame_equal(deals.closed, again.closed)
    assert not deals.closed.equals(deals_of(world, 4).closed)
    assert deals.n == world.n and len(deals.survey.names) == world.characteristics
    # Wins beyond these limits come once in 10,000 data sets; the seeds are fixed.
    low, high = binom.ppf([5e-5, 1 - 5e-5], world.n, world.win_rate)
    assert low <= deals.won.sum() <= high
    assert ("account" in deals.closed) == world.raters
    unknown = float((deals.answers == "unknown").to_numpy().mean())
    assert unknown == pytest.approx(0.2 if world.unknowns == "many" else 0.05, abs=0.03)
