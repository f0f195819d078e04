"""Pure noise: answers of every kind that have nothing to do with winning tip nowhere and earn nothing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

import qualify as ql
from qualify.survey import Answer, Characteristic, Columns, Outcomes, Survey

ASKED = {
    "Need": ("score", "012345"),
    "Buyer": ("yes_no", "01"),
    "Source": ("choice", "xyz"),
    "Size": ("ordered", "0123"),
    "Fit": ("score", "12345"),
}


def survey(account: str | None = None) -> Survey:
    return Survey(
        columns=Columns(outcome="won", account=account),
        outcomes=Outcomes(won=("1",), lost=("0",)),
        characteristics=tuple(
            Characteristic(
                name=name,
                column=name,
                kind=kind,  # type: ignore[arg-type]
                answers=() if kind == "score" else tuple(Answer(value=value) for value in values),
            )
            for name, (kind, values) in ASKED.items()
        ),
    )


def noise(seed: int) -> ql.Deals:
    """120 to 200 deals, 6 % of the answers unknown, a win rate between 30 and 70 %."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(120, 201))
    frame = pd.DataFrame({name: rng.choice(list(values), n) for name, (_, values) in ASKED.items()})
    frame = frame.mask(rng.random(frame.shape) < 0.06, "unknown")
    frame["won"] = (rng.random(n) < rng.uniform(0.3, 0.7)).astype(int)
    return ql.read_deals(frame, survey())


def busy_accounts(seed: int) -> ql.Deals:
    """Deals of an account share their answers and, mostly, their fate; the two have nothing in common."""
    rng = np.random.default_rng(seed)
    account = np.repeat(np.arange(40), 4)
    frame = pd.DataFrame({name: rng.choice(list(values), 40) for name, (_, values) in ASKED.items()})
    frame = frame.iloc[account].reset_index(drop=True)
    chance = rng.beta(0.6, 0.6, 40)[account]
    frame["won"] = (rng.random(160) < chance).astype(int)
    frame["account"] = [f"Account {k}" for k in account]
    return ql.read_deals(frame, survey("account"))


def tips(deals: ql.Deals, seed: int) -> bool:
    return ql.find_tipping_point(deals, replicates=2, rng=seed).verdict != "none"


def test_noise_of_every_kind_tips_nowhere() -> None:
    """At most 8 of 60: at the level of 5 % more come with probability 0.003."""
    assert binom.sf(8, 60, 0.05) < 0.005
    assert sum(tips(noise(seed), seed) for seed in range(60)) <= 8


def test_accounts_that_stand_or_fall_together_are_no_evidence() -> None:
    """At most 6 of 40: at the level of 5 % more come with probability 0.003."""
    assert binom.sf(6, 40, 0.05) < 0.005
    assert sum(tips(busy_accounts(seed), seed) for seed in range(40)) <= 6


def test_factors_of_noise_are_seldom_shown() -> None:
    """All null, a false discovery rate of 5 % is the chance of any finding: at most 6 of 40 (p 0.003)."""
    assert binom.sf(6, 40, 0.05) < 0.005
    found = [ql.find_factors(noise(seed)).table["verdict"] for seed in range(40)]
    assert sum((verdict == "adds").any() for verdict in found) <= 6


def test_criteria_of_noise_hand_out_no_points() -> None:
    """At most 3 of 12: at the level of 5 % more come with probability 0.002."""
    assert binom.sf(3, 12, 0.05) < 0.005
    kept = [ql.refine_criteria(noise(seed), replicates=2, rng=seed).kept for seed in range(12)]
    assert sum(bool(names) for names in kept) <= 3


@pytest.mark.slow
def test_noise_of_every_kind_tips_nowhere_over_a_thousand_seeds() -> None:
    """At most 67 of 1,000: at the level of 5 % more come with probability 0.008."""
    assert binom.sf(67, 1000, 0.05) < 0.01
    assert sum(tips(noise(seed), seed) for seed in range(1000, 2000)) <= 67


@pytest.mark.slow
def test_criteria_of_noise_hand_out_no_points_over_many_seeds() -> None:
    """At most 29 of 400: at the level of 5 % more come with probability 0.02."""
    kept = [ql.refine_criteria(noise(seed), replicates=2, rng=seed).kept for seed in range(1000, 1400)]
    assert sum(bool(names) for names in kept) <= 29
