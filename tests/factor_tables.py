"""Deals for the tests of factors: one of every kind of question, and questions that overlap."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

import qualify as ql
from qualify.factors.factors import Factors
from qualify.survey import Answer, Characteristic, Columns, Outcomes, Survey


def asked(name: str, kind: str, *values: str, **more: object) -> Characteristic:
    answers = tuple(Answer(value=value) for value in values)
    return Characteristic(**{"name": name, "column": name, "kind": kind, "answers": answers, **more})


def yes_no(name: str, **more: object) -> Characteristic:
    return asked(name, "yes_no", "0", "1", **more)


def deals_of(frame: pd.DataFrame, *characteristics: Characteristic, **more: object) -> ql.Deals:
    weight = "weight" if "weight" in frame else None
    survey = Survey(
        columns=Columns(outcome="won", weight=weight),
        outcomes=Outcomes(won=("1",), lost=("0",)),
        characteristics=characteristics,
        **more,
    )
    return ql.read_deals(frame, survey)


def row(factors: Factors, name: str) -> pd.Series:
    return factors.table.set_index("characteristic").loc[name]


def mixed(n: int = 240, seed: int = 8) -> pd.DataFrame:
    """One characteristic of every kind, with unknown answers."""
    rng = np.random.default_rng(seed)
    quality = rng.normal(size=n)
    frame = pd.DataFrame(
        {
            "Need": np.clip(np.round(2.5 + quality + rng.normal(size=n)), 0, 5).astype(int).astype(str),
            "Buyer": np.where(quality + rng.normal(size=n) > 0.3, "1", "0"),
            "Size": rng.choice(["S", "M", "L"], n),
            "Source": rng.choice(["Web", "Fair", "Call"], n, p=[0.5, 0.3, 0.2]),
        }
    )
    frame.loc[rng.random(n) < 0.12, "Need"] = "unknown"
    frame.loc[rng.random(n) < 0.10, "Buyer"] = "unknown"
    eta = -0.3 + 1.1 * quality + 0.5 * (frame["Source"] == "Fair") - 0.7 * (frame["Need"] == "unknown")
    frame["won"] = (rng.random(n) < expit(eta)).astype(int)
    return frame


MIXED = (
    asked("Need", "score", low=0, high=5),
    yes_no("Buyer"),
    asked("Size", "ordered", "S", "M", "L"),
    asked("Source", "choice", "Web", "Fair", "Call"),
)


def overlapping(n: int = 300, seed: int = 5) -> pd.DataFrame:
    """Two near copies of one quality that decides, another question that decides too, one of no use."""
    rng = np.random.default_rng(seed)
    quality, own = rng.normal(size=n), rng.normal(size=n)

    def rating(of: NDArray[np.float64], noise: float) -> NDArray[np.int64]:
        return np.clip(np.round(3 + 1.3 * (of + noise * rng.normal(size=n))), 0, 6).astype(int)

    return pd.DataFrame(
        {
            "Pain": rating(quality, 0.15),
            "Need": rating(quality, 0.15),
            "Budget": rating(own, 0.1),
            "Shoes": rng.integers(0, 7, n),
            "won": (rng.random(n) < expit(0.7 * quality + 1.1 * own)).astype(int),
        }
    )


RATINGS = [asked(name, "score", low=0, high=6) for name in ("Pain", "Need", "Budget", "Shoes")]
