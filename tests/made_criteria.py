"""Criteria made up at random, with odd gates, shares and bands, and tables of deals for them."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from hypothesis import strategies as st

from qualify.criteria.model import Criteria
from qualify.survey import Answer, Characteristic, Columns, Outcomes, Survey

NAN, INF = float("nan"), float("inf")
WORDS = ("Nein", "Jein", "Ja", "=1+1")
CUTS = (10.0, 20.5, 30.0)
COUNTED = ["characteristic", "answer", "low", "high", "n", "won"]
NUMBERS = ("-3", "9.75", "10", "15", "20.5", "29.9", "30", "1e3")


class Question(NamedTuple):
    asked: Characteristic
    spans: list[tuple[str, float, float]]


@st.composite
def question(draw: st.DrawFn, name: str) -> Question:
    kind = draw(st.sampled_from(["yes_no", "ordered", "choice", "score"]))
    more: dict[str, Any] = {
        "controllable": draw(st.booleans()),
        "hours": draw(st.sampled_from([None, 0.5, 1.0, 3.0])),
    }
    if kind == "score":
        cuts = sorted(draw(st.sets(st.sampled_from(CUTS), min_size=1)))
        edges = [-INF, *cuts, INF]
        spans = [(f"{low} up to {high}", low, high) for low, high in pairwise(edges)]
        return Question(Characteristic(name=name, column=name.lower(), kind="score", **more), spans)
    words = WORDS[:2] if kind == "yes_no" else WORDS[: draw(st.integers(2, 4))]
    answers = tuple(Answer(value=word) for word in words)
    asked = Characteristic(name=name, column=name.lower(), kind=kind, answers=answers, **more)
    return Question(asked, [(word, NAN, NAN) for word in words])


@st.composite
def criteria_of(draw: st.DrawFn, learned: Criteria) -> Criteria:
    """Nothing of the learned ones counts in scoring."""
    asked = [draw(question(f"Q{k}")) for k in range(draw(st.integers(1, 4)))]
    points, gates, answers = [], [], []
    for one in asked:
        spans = [*one.spans, ("unknown", NAN, NAN)]
        earned = draw(st.lists(st.integers(0, 4), min_size=len(spans), max_size=len(spans)))
        least = draw(st.sampled_from([min(earned), draw(st.integers(min(earned), max(earned)))]))
        earned = [value - least for value in earned]
        given = draw(st.lists(st.integers(0, 9), min_size=len(spans), max_size=len(spans)))
        given[0] += not any(given[:-1])
        for (answer, low, high), value, n in zip(spans, earned, given, strict=True):
            if any(earned):
                points.append((one.asked.name, answer, value, low, high))
            answers.append((one.asked.name, answer, low, high, n, 0))
        for answer, low, high in one.spans:
            if draw(st.integers(0, 5)) == 0:
                limit = draw(st.sampled_from([0.02, 0.1, 0.3]))
                gates.append((one.asked.name, answer, low, high, 30, 0, limit))
    columns = ["characteristic", "answer", "points", "low", "high"]
    table = pd.DataFrame(points, columns=columns).astype({"points": int, "low": float, "high": float})
    highest = int(table.groupby("characteristic")["points"].agg(np.ptp).sum())
    steps = draw(st.lists(st.floats(0, 1), min_size=highest + 1, max_size=highest + 1))
    chance = np.cumsum(steps) / (sum(steps) + 1)
    edges = st.integers(0, highest + 1)
    return replace(
        learned,
        points=table,
        gates=pd.DataFrame(gates, columns=[*COUNTED, "win_rate_high"]),
        answers=pd.DataFrame(answers, columns=COUNTED),
        probabilities=pd.DataFrame(
            {"score": range(highest + 1), "probability": chance, "low": chance / 2, "high": (1 + chance) / 2}
        ),
        bands=bands_of(highest, *sorted([draw(edges), draw(edges)])),
        survey=Survey(
            columns=Columns(outcome="outcome", deal="id", value="worth"),
            outcomes=Outcomes(won=("Won",), lost=("Lost",)),
            characteristics=tuple(one.asked for one in asked),
        ),
        provenance={},
    )


def bands_of(highest: int, first_inside: int, first_above: int) -> pd.DataFrame:
    ends = [(0, first_inside - 1), (first_inside, first_above - 1), (first_above, highest)]
    rows = [(low, high) if low <= high else (NAN, NAN) for low, high in ends]
    table = pd.DataFrame(rows, columns=["score_low", "score_high"], dtype=float)
    return table.assign(zone=["below", "inside", "above"], n=1, won=0)


@st.composite
def deals_for(draw: st.DrawFn, criteria: Criteria) -> pd.DataFrame:
    n = draw(st.integers(1, 6))
    frame = pd.DataFrame({"id": [f"D{k}" for k in range(n)]})
    frame["worth"] = draw(st.lists(st.sampled_from(["", "0", "100", "2500.5"]), min_size=n, max_size=n))
    for asked in criteria.survey.characteristics:
        answers = st.sampled_from([*(NUMBERS if asked.kind == "score" else asked.values), "unknown", "?"])
        frame[asked.column] = draw(st.lists(answers, min_size=n, max_size=n))
    return frame
