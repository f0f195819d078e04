"""`recalibrate` where the truth is known: it seldom cries wolf, finds a change, and agrees with brute force.

The long form is ``python -m recalibration_study.run``; its figures stand in docs/explanation/recalibration.
"""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from recalibration_study.run import COLUMNS, one_run
from recalibration_study.worlds import learn, population
from scipy.special import expit, logit

from qualify.monitoring.closed_testing import run_closed_test
from qualify.numerics.updating import Belief

WORLDS = ["yes-no 8", "yes-no 12"]
RUNS = 30


def rates(world: str, runs: int) -> pd.DataFrame:
    rows = [row for number in range(runs) for row in one_run(world, number, 99)]
    return pd.DataFrame(rows, columns=COLUMNS).astype(float)


# The world of twelve questions is like that of eight, and takes as long again.
@pytest.fixture(
    scope="module",
    params=[pytest.param(world, marks=[pytest.mark.slow] if "12" in world else []) for world in WORLDS],
)
def found(request: pytest.FixtureRequest) -> pd.DataFrame:
    return rates(request.param, RUNS)


def test_unchanged_worlds_are_left_alone(found: pd.DataFrame) -> None:
    """5 % of 120 tests, those on one set of criteria going together: four standard errors above."""
    nothing = found[found["shift"].eq(0.0)]
    assert (nothing["p"] <= 0.05).mean() <= 0.05 + 4 * np.sqrt(0.05 * 0.95 / 100)
    # The chi-square takes the error of learned criteria for a change.
    assert (nothing["p_plain"] <= 0.05).mean() > 0.12


def test_a_change_is_found_the_oftener_the_larger_it_is_and_the_more_deals_there_are(
    found: pd.DataFrame,
) -> None:
    power = found.assign(rejects=found["p"] <= 0.05).pivot_table("rejects", "n", "shift")
    assert power.loc[400, 1.0] > 0.9
    assert power.loc[60, 1.0] > 0.25
    assert (power[1.0] >= power[0.5]).all()
    assert power.loc[400, 0.5] > power.loc[60, 0.5]
    # The intercept alone asks less and finds a change of level oftener.
    alone = (found["p_intercept"] <= 0.05).groupby([found["n"], found["shift"]]).mean()
    assert alone[(200, 0.5)] > power.loc[200, 0.5]


def test_a_second_implementation_agrees(found: pd.DataFrame) -> None:
    """The same statistics to rounding; p-values of 99 draws each within what two sets of draws differ by."""
    assert found["apart"].max() < 1e-4
    for mine, theirs in (("p", "brute_p"), ("p_intercept", "brute_intercept")):
        apart = found[mine] - found[theirs]
        assert np.abs(apart).max() < 0.3
        assert np.abs(apart.mean()) < 0.01
        same = (found[mine] <= 0.05) == (found[theirs] <= 0.05)
        assert same.mean() > 0.9


def test_the_study_tests_what_recalibrate_tests() -> None:
    """`run_closed_test` on the deals of the study gives the study's p-values, but for the draws."""
    rng = np.random.default_rng(3)
    world = "yes-no 8"
    criteria, people = learn(world, rng), population(world)
    rows = rng.integers(people.chance.size, size=200)
    answers = people.answers(rows)
    outcome = (rng.random(200) < expit(logit(people.chance[rows]) - 0.8)).astype(float)
    held = SimpleNamespace(
        sample=SimpleNamespace(outcome=outcome, weights=np.ones(200), unit=np.arange(200)),
        log_odds=criteria.log_odds(answers),
        columns=criteria.of(answers),
        belief=Belief(criteria.mean, criteria.covariance),
        whole=True,
    )
    tested = run_closed_test(held, 999, 0.05, rng)
    assert tested.verdict == "shift"
    assert tested.likeness == 0.0
    p_values = tested.table["p_value"].to_numpy()
    assert p_values[0] <= 0.05 < p_values[1]
    assert p_values[3] <= 0.01


@pytest.mark.slow
@pytest.mark.parametrize("world", [*WORLDS, "team 8", "team 12"])
def test_at_most_one_in_twenty_unchanged_quarters_asks_for_an_update(world: str) -> None:
    """2,000 runs at 60, 100, 200 and 400 new deals; about an hour a world on one core."""
    table = rates(world, 2000)
    rejects = (table["p"] <= 0.05).groupby([table["n"], table["shift"]]).mean().unstack()
    assert (rejects[0.0] <= 0.065).all()
    if world in WORLDS:
        brute = (table["brute_p"] <= 0.05).groupby([table["n"], table["shift"]]).mean().unstack()
        assert np.abs(rejects - brute).max(axis=None) <= 0.02
