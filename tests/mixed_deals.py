"""Deals with every kind of question, for the tests of criteria."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import expit

import qualify as ql
from qualify.survey import Answer, Characteristic, Columns, Outcomes, Survey


def asked(name: str, kind: str, *values: str, **more: object) -> Characteristic:
    answers = tuple(Answer(value=value) for value in values)
    return Characteristic(**{"name": name, "column": name, "kind": kind, "answers": answers, **more})


def deals_of(frame: pd.DataFrame, *characteristics: Characteristic) -> ql.Deals:
    survey = Survey(
        columns=Columns(outcome="won"),
        outcomes=Outcomes(won=("1",), lost=("0",)),
        characteristics=characteristics,
    )
    return ql.read_deals(frame, survey)


def mixed(n: int = 350, seed: int = 2) -> pd.DataFrame:
    """Every kind of question, a fine score among them, answers that nobody gave, and unknown ones."""
    rng = np.random.default_rng(seed)
    quality = rng.normal(size=n)

    def seen() -> np.ndarray:
        return quality + rng.normal(size=n)

    frame = pd.DataFrame(
        {
            "Need": np.clip(np.round(2.5 + seen()), 0, 5).astype(int).astype(str),
            "Price": (50 - 9 * seen()).round(2).astype(str),
            "Buyer": np.where(seen() > 0.2, "Yes", "No"),
            "Size": np.array(["S", "M", "L", "XL"])[np.digitize(seen(), [-1.2, 0, 1.2])],
            "Source": rng.choice(["Web", "Fair", "Call"], n),
            "Idle": rng.choice(["a", "b"], n),
        }
    )
    frame = frame.mask(rng.random(frame.shape) < 0.05, "unknown")
    frame["won"] = (rng.random(n) < expit(1.6 * quality + 0.8 * (frame["Source"] == "Call") - 0.4)).astype(
        int
    )
    return frame


MIXED = (
    asked("Need", "score", low=0, high=7),
    asked("Price", "score"),
    asked("Buyer", "yes_no", "No", "Yes", controllable=True),
    asked("Size", "ordered", "XS", "S", "M", "L", "XL"),
    asked("Source", "choice", "Web", "Fair", "Call", "Post"),
    asked("Idle", "yes_no", "a", "b"),
)
