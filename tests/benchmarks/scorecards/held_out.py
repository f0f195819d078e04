"""Folds worked off by a method that knows nothing of qualify; needs the standard library and NumPy only."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

UNKNOWN_TEXT = "unknown"


class Asked(NamedTuple):
    """One characteristic; see `benchmarks.scorecards.data.as_json`."""

    name: str
    kind: str
    codes: NDArray[np.int64]
    values: NDArray[np.float64]
    texts: NDArray[np.str_]

    @property
    def unknown(self) -> NDArray[np.bool_]:
        """Where the answer is unknown."""
        return np.asarray(self.codes == len(self.values))

    @property
    def numbers(self) -> NDArray[np.float64] | None:
        """What a score or an ordered answer stands for, NaN where unknown; None for a choice."""
        if self.kind not in ("score", "ordered"):
            return None
        return np.append(self.values, np.nan)[self.codes]


class Table(NamedTuple):
    """Deals: what was answered, whether they were won, and what stays in one fold."""

    asked: list[Asked]
    outcome: NDArray[np.int64]
    group: NDArray[np.int64]

    def some(self, rows: NDArray[np.bool_]) -> Table:
        """Take some of the deals."""
        asked = [one._replace(codes=one.codes[rows], texts=one.texts[rows]) for one in self.asked]
        return Table(asked, self.outcome[rows], self.group[rows])


class Predicted(NamedTuple):
    """What a card learned from some deals says of others: their log-odds, and the questions it asks."""

    log_odds: NDArray[np.float64]
    questions: int


Learn = Callable[[Table, Table, int], Predicted]


def read_table(data: dict[str, Any]) -> Table:
    """Take a data set out of its JSON."""
    asked = [
        Asked(
            one["name"],
            one["kind"],
            np.array(one["codes"]),
            np.array(one["values"], dtype=float),
            np.array(one["texts"]),
        )
        for one in data["characteristics"]
    ]
    return Table(asked, np.array(data["outcome"]), np.array(data["group"]))


def work_off(data: dict[str, Any], learn: Learn, most: int) -> dict[str, Any]:
    """Let a method score every deal by a card of at most so many questions that never saw it.

    Returns log_odds of all deals, and of each fold the questions asked and the processor's seconds.
    """
    table, fold = read_table(data), np.array(data["fold"])
    log_odds, questions, seconds = np.zeros(len(fold)), [], []
    for k in range(fold.max() + 1):
        start = time.process_time()
        predicted = learn(table.some(fold != k), table.some(fold == k), most)
        seconds.append(time.process_time() - start)
        log_odds[fold == k] = predicted.log_odds
        questions.append(predicted.questions)
    return {"log_odds": log_odds.tolist(), "questions": questions, "seconds": seconds}


def line(score: NDArray[np.float64], outcome: NDArray[np.int64]) -> tuple[float, float]:
    """Intercept and slope of the log-odds along a score.

    Maximum likelihood but for a touch of shrinkage, which matters only where the score parts won from lost.
    """
    from sklearn.linear_model import LogisticRegression

    middle, spread = score.mean(), score.std()
    if spread == 0:
        rate = outcome.mean()
        return float(np.log(rate / (1 - rate))), 0.0
    model = LogisticRegression(C=100.0).fit(((score - middle) / spread)[:, None], outcome)
    slope = float(model.coef_[0, 0] / spread)
    return float(model.intercept_[0] - slope * middle), slope


def main(methods: dict[str, Learn]) -> None:
    """Work off the file named on the command line, in the environment of the method."""
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("into", type=Path)
    parser.add_argument("--method", choices=methods, required=True)
    parser.add_argument("--most", type=int, required=True)
    asked = parser.parse_args()
    data = json.loads(asked.data.read_text(encoding="utf-8"))
    found = work_off(data, methods[asked.method], asked.most)
    asked.into.write_text(json.dumps(found), encoding="utf-8")
