"""Criteria, and quarters of new deals in which something known has changed, for tests of recalibration."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache

import numpy as np
import pandas as pd
from scipy.special import expit, logit

import qualify as ql
from qualify.criteria.consistency import contradictions
from qualify.criteria.file import criteria_from_dict, criteria_to_json
from qualify.criteria.model import Criteria

DRAWS = 199
Change = Callable[[np.ndarray, pd.DataFrame], np.ndarray]

CHANGES: dict[str, Change] = {
    "nothing": lambda log_odds, frame: log_odds,
    "level": lambda log_odds, frame: log_odds - 1.2,
    "much fewer": lambda log_odds, frame: log_odds - 2.5,
    "slope": lambda log_odds, frame: 0.3 * log_odds,
    "competitor": lambda log_odds, frame: log_odds + _competitor(frame),
    "turned round": lambda log_odds, frame: -log_odds,
}


def _competitor(frame: pd.DataFrame) -> np.ndarray:
    """What only deals with a competitor lose, and deals with a demo win."""
    return -2.5 * frame["Competitor present"].eq("Yes") + 2.0 * frame["Demo given"].eq("Yes").to_numpy()


@cache
def past() -> ql.Deals:
    team = ql.simulate_deals(450, curve="gradual", rng=1)
    return ql.read_deals(team.frame, team.survey)


@cache
def in_use() -> Criteria:
    # Eight questions, so that what changes in the quarters below is among them.
    return ql.refine_criteria(past(), max_characteristics=8, replicates=40)


@cache
def quarter(n: int, change: str = "nothing", seed: int = 5) -> ql.Deals:
    """New deals of the same world, but for one change."""
    return ql.read_deals(quarter_frame(n, change, seed), past().survey)


def quarter_frame(n: int, change: str = "nothing", seed: int = 5) -> pd.DataFrame:
    team = ql.simulate_deals(n, curve="gradual", rng=seed)
    frame = team.frame[team.frame["Outcome"].ne("Open")].reset_index(drop=True)
    true = logit(team.truth.win_probability.loc[frame["Deal"]].to_numpy().clip(1e-9, 1 - 1e-9))
    chance = expit(CHANGES[change](true, frame))
    rng = np.random.default_rng(1000 + seed)
    won = np.where(rng.random(len(frame)) < chance, "Won", "Lost")
    return frame.assign(Deal="N-" + frame["Deal"], Outcome=won)


@cache
def shifted() -> ql.Recalibration:
    """The level has moved."""
    return ql.recalibrate(in_use(), quarter(300, "level"), history=past(), replicates=DRAWS)


@cache
def stretched() -> ql.Recalibration:
    """The curve has grown flatter."""
    return ql.recalibrate(in_use(), quarter(500, "slope"), replicates=DRAWS)


def usable(criteria: Criteria) -> None:
    """They fit together, are read back to the bit, and score deals."""
    parts = (criteria.points, criteria.gates, criteria.bands, criteria.probabilities, criteria.survey)
    assert not contradictions(*parts)
    text = criteria_to_json(criteria)
    assert criteria_to_json(criteria_from_dict(json.loads(text), "there")) == text
    table = ql.score_deals(criteria, quarter(60)).table
    assert table["probability"].between(table["low"] - 1e-12, table["high"] + 1e-12).all()
