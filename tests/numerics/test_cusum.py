"""The running alarm: sums by hand, limits that hold, and a change that is found."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, logit

from qualify.numerics.cusum import allowances, limits_of, watch


def test_sums_by_hand() -> None:
    """At 50 %, halved odds are 1/3 and doubled ones 2/3: an allowance of 1/12 either way."""
    less, more = allowances(np.full(4, 0.5), 2.0)
    np.testing.assert_allclose([less, more], 1 / 12)
    found = watch(np.full(4, 0.5), np.array([0.0, 0.0, 1.0, 1.0]), 2.0)
    step = 0.5 - 1 / 12
    np.testing.assert_allclose(found.fewer, [step, 2 * step, 2 * step - 0.5 - 1 / 12, 0.0], atol=1e-12)
    np.testing.assert_allclose(found.more, [0.0, 0.0, step, 2 * step], atol=1e-12)


def test_limits_are_passed_as_often_as_asked_and_a_change_is_found() -> None:
    rng = np.random.default_rng(0)
    chance = rng.beta(2, 3, (4000, 100))
    limits = limits_of(watch(chance, rng.random(chance.shape) < chance, 2.0), 0.05)
    again = rng.beta(2, 3, (4000, 100))

    def alarms(outcome: np.ndarray) -> float:
        found = watch(again, outcome, 2.0)
        passed = [side.max(axis=1) > limit for side, limit in zip(found, limits, strict=True)]
        return float(np.mean(passed[0] | passed[1]))

    assert alarms(rng.random(again.shape) < again) == pytest.approx(0.05, abs=0.015)
    assert alarms(rng.random(again.shape) < expit(logit(again) - 1.0)) > 0.9
