"""Deals with questions that mirror the outcome, as the cases leaks and known-only-when-won have them."""

from __future__ import annotations

import random

import numpy as np
import pandas as pd

from qualify.deals import Deals, read_deals
from qualify.survey import Answer, Characteristic, Columns, Outcomes, Survey

OUTCOMES = Outcomes(won=("Won",), lost=("Lost",), open=("Open",))


def asked(name: str, *values: str, **fields: object) -> Characteristic:
    kind = "choice" if values else "score"
    answers = tuple(Answer(value=value) for value in values)
    return Characteristic(**{"name": name, "column": name, "kind": kind, "answers": answers, **fields})


NEED = asked("Need", low=1, high=5)
IS_WON = asked("IsWon", "FALSE", "TRUE", kind="yes_no")
LOSS_REASON = asked("Loss Reason", "No budget", "Price", "Timing")


def read(frame: pd.DataFrame, *characteristics: Characteristic, **columns: str) -> Deals:
    survey = Survey(
        columns=Columns(outcome="Result", **columns), outcomes=OUTCOMES, characteristics=characteristics
    )
    return read_deals(frame, survey)


def leaks() -> pd.DataFrame:
    """IsWon is the outcome under another name; Loss Reason is filled in exactly for lost deals."""
    rng, n = np.random.default_rng(11), 200
    need = rng.integers(1, 6, n)
    won = rng.random(n) < 1 / (1 + np.exp(-(0.9 * need - 3)))
    return pd.DataFrame(
        {
            "Need": need.astype(str),
            "Budget": rng.choice(["No", "Yes"], n),
            "IsWon": np.where(won, "TRUE", "FALSE"),
            "Loss Reason": np.where(won, "", rng.choice(["No budget", "Price", "Timing"], n)),
            "Result": np.where(won, "Won", "Lost"),
        }
    )


def known_only_when_won() -> Deals:
    """A table of deals joined with that of signed contracts."""
    rng = random.Random(4)
    rows = []
    for _ in range(800):
        need = rng.randint(1, 5)
        won = rng.random() < 0.05 + 0.05 * need
        contract = rng.choice(["annual", "monthly", "pilot"]) if won and rng.random() < 0.97 else ""
        invoice = rng.choice(["Yes", "No"]) if won and rng.random() < 0.95 else ""
        rows.append(
            (rng.choice(["web", "fair", "referral"]), str(need), contract, invoice, "Won" if won else "Lost")
        )
    frame = pd.DataFrame(rows, columns=["Origin", "Need", "Contract type", "Invoice contact", "Result"])
    contract = asked("Contract type", "annual", "monthly", "pilot")
    invoice = asked("Invoice contact", "No", "Yes", kind="yes_no")
    return read(frame, asked("Origin", "web", "fair", "referral"), NEED, contract, invoice)
