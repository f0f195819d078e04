"""Deals of the invented sales team: who owns them, what is answered, when they close and how."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtr

from qualify.datasets.team import Trait

REPS = ("Anna", "Ben", "Carla", "David", "Elena", "Felix", "Grace", "Hugo")
_REP_SHARES = (0.22, 0.18, 0.15, 0.13, 0.11, 0.09, 0.07, 0.05)
_GENEROSITY = (0.35, -0.35, 0.10, 0.50, -0.10, -0.50, 0.20, -0.20)  # added to what the rep sees, in SDs
_LAST_DAY = np.datetime64("2025-12-31")
_NO_DECISION_SHARE = 0.12  # of the deals that were not won


def draw_reps(n: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw who owns each of `n` deals, as positions in `REPS`."""
    return rng.choice(len(REPS), size=n, p=_REP_SHARES)


def draw_answers(
    traits: tuple[Trait, ...], reps: NDArray[np.int64], unknown_share: float, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Draw the answers to each deal, as positions in `Trait.answers`; the position after the last is unknown.

    One hidden quality per deal, a standard normal number, ties the answers together; the rest of what a rep
    sees is the characteristic's own. Generous reps see better ratings. Returns an array of deals by traits.
    """
    quality = rng.standard_normal(reps.size)
    generosity = np.asarray(_GENEROSITY)[reps]
    codes = np.empty((reps.size, len(traits)), dtype=np.int64)
    for column, trait in enumerate(traits):
        own = rng.standard_normal(reps.size)
        seen = trait.loading * quality + np.sqrt(1 - trait.loading**2) * own
        if trait.characteristic.kind == "score":
            seen += generosity
        codes[:, column] = np.searchsorted(trait.cuts, seen)
        # ndtr(-quality) is uniform on (0, 1), so that both branches hide `unknown_share` of all deals
        share = 2 * unknown_share * ndtr(-quality) if trait.hidden_when_bad else unknown_share
        codes[rng.random(reps.size) < share, column] = len(trait.points)
    return codes


def true_scores(traits: tuple[Trait, ...], codes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Add up the true points of each deal's answers, as drawn by `draw_answers`."""
    total = np.zeros(len(codes), dtype=np.int64)
    for column, trait in enumerate(traits):
        total += np.asarray([*trait.points, trait.unknown_points], dtype=np.int64)[codes[:, column]]
    return total


def draw_circumstances(reps: NDArray[np.int64], closed: int, rng: np.random.Generator) -> pd.DataFrame:
    """Draw account, dates and value; deals from the position `closed` on are still open on the last day."""
    total = reps.size
    cycle = np.clip(rng.lognormal(math.log(80), 0.5, total), 14, 400).astype(np.int64)
    since = np.where(np.arange(total) < closed, rng.integers(0, 730, total), 0)
    age = since + cycle
    age[closed:] = rng.integers(1, cycle[closed:] + 1)  # an open deal is somewhere in its cycle
    surveyed = age - (rng.uniform(0.2, 0.8, total) * (age - since)).astype(np.int64)
    close_date = _days_before_last(since)
    close_date[closed:] = np.datetime64("NaT")
    accounts = rng.integers(1, max(2, int(0.8 * total)), total)
    return pd.DataFrame(
        {
            "Account": [f"Account {number:04d}" for number in accounts],
            "Rep": texts(REPS, reps),
            "Created": _days_before_last(age),
            "Surveyed": _days_before_last(surveyed),
            "Closed": close_date,
            "Value": np.maximum(rng.lognormal(10.3, 0.8, total).round(-2), 1000).astype(np.int64),
        }
    )


def draw_outcomes(won: NDArray[np.bool_], closed: int, rng: np.random.Generator) -> NDArray[np.object_]:
    """Put the outcomes into words; some of the deals that were not won came to no decision."""
    not_won = np.where(rng.random(won.size) < _NO_DECISION_SHARE, 2, 1)
    codes = np.where(won, 0, not_won)
    codes[closed:] = 3
    return texts(("Won", "Lost", "No decision", "Open"), codes)


def texts(words: tuple[str, ...], codes: NDArray[np.int64]) -> NDArray[np.object_]:
    """Look up the word of each code."""
    return np.asarray(words, dtype=object)[codes]


def _days_before_last(days: NDArray[np.int64]) -> NDArray[np.datetime64]:
    return (_LAST_DAY - days.astype("timedelta64[D]")).astype("datetime64[s]")
