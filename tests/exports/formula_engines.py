"""What the tests of formula exports share: the engines, the cells as a CRM holds them, and big criteria."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from exports.parity import FOREIGN, combinations

from qualify._support.words import as_number
from qualify.criteria.model import Criteria
from qualify.exports.crm.fields import Asked
from qualify.exports.rules import Question, rules_of
from qualify.survey import Answer, Characteristic

ENGINES = Path(__file__).parents[2] / "build" / "exports-engines"
MOST_ROWS = 1500
OUTCOMES = ("score", "probability", "zone")


def needed(found: Path | str | None, what: str) -> str:
    """Skip the test without an engine; on CI, where it has to be, fail."""
    if found and Path(found).exists():
        return str(found)
    reason = f"{what} is not set up (make test-exports)"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def run(command: Sequence[str], given: str, environment: Mapping[str, str] | None = None) -> str:
    done = subprocess.run(
        command, input=given, text=True, encoding="utf-8", capture_output=True, check=False,
        env={**os.environ, **(environment or {})}, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def node() -> str:
    return needed(shutil.which("node"), "node")


def number_of(question: Question, cell: str | None) -> float | None:
    """A cell as a field of numbers holds it: it cannot hold words."""
    number = as_number(cell) if isinstance(cell, str) else None
    return None if number is None else float(number)


def answerable(criteria: Criteria, table: pd.DataFrame) -> pd.DataFrame:
    """Leave out rows that a field of numbers cannot tell: a word for unknown where a blank is no answer."""
    for question in rules_of(criteria).questions:
        blank_known = any("" in choice.words for choice in question.choices)
        if question.is_number and not blank_known:
            table = table[[number_of(question, cell) is not None for cell in table[question.column]]]
    return table.reset_index(drop=True)


def sampled(criteria: Criteria) -> pd.DataFrame:
    table = answerable(criteria, combinations(criteria))
    return table.sample(min(MOST_ROWS, len(table)), random_state=0).reset_index(drop=True)


def with_foreign_cells(
    criteria: Criteria, asked: Sequence[Asked], word: Callable[[Asked, str | None], object]
) -> list[dict[str, object]]:
    """Rows of fields in which one answer is foreign: an unheard-of word, or a number outside the scale."""
    first = sampled(criteria).iloc[:1]
    rows = []
    for one in asked:
        row = fields_of(first, asked, word)[0]
        if not one.question.is_number:
            rows.append(row | {one.base: FOREIGN})
        elif np.isfinite(one.question.most):
            rows += [row | {one.base: one.question.most + 0.5}, row | {one.base: one.question.least - 0.5}]
    return rows


def fields_of(
    table: pd.DataFrame, asked: Sequence[Asked], word: Callable[[Asked, str | None], object]
) -> list[dict[str, object]]:
    """Rows of fields: numbers as numbers, words as `word` gives them."""
    columns = {
        one.base: [
            number_of(one.question, cell) if one.question.is_number else word(one, cell)
            for cell in table[one.question.column]
        ]
        for one in asked
    }
    return [{name: cells[row] for name, cells in columns.items()} for row in range(len(table))]


def outcomes(rows: Sequence[Mapping[str, object]], ending: str = "") -> pd.DataFrame:
    found = {what: [row[f"Qualification_{what.title()}{ending}"] for row in rows] for what in OUTCOMES}
    return pd.DataFrame(found, dtype=object)


def big(make_criteria: Callable[..., Criteria], questions: int = 20, answers: int = 12) -> Criteria:
    """Many questions with many long answers, each a gate of its own, and scores to 100."""
    names = [f"Question number {k} of many, with a long name" for k in range(questions)]
    values = [f"Answer {k}: a long answer, as people write them in a CRM" for k in range(answers)]
    given = {value: round(5 * place / (answers - 1)) for place, value in enumerate(values)} | {"unknown": 1}
    highest = 5 * questions
    scores = np.arange(highest + 1)
    chance = 1 / (1 + np.exp(-(scores - highest / 2) / 9))
    plain = make_criteria()
    nan = float("nan")
    points = [(name, answer, earns, nan, nan) for name in names for answer, earns in given.items()]
    gates = [(name, values[0], nan, nan, 40, 1, 0.1 + k / 100) for k, name in enumerate(names)]
    asked = tuple(
        Characteristic(name=name, column=name, kind="choice", answers=tuple(Answer(value=v) for v in values))
        for name in names
    )
    return replace(
        plain,
        points=pd.DataFrame(points, columns=plain.points.columns),
        gates=pd.DataFrame(gates, columns=plain.gates.columns),
        bands=plain.bands.assign(score_low=[0.0, 40.0, 60.0], score_high=[39.0, 59.0, float(highest)]),
        probabilities=pd.DataFrame({"score": scores, "probability": chance, "low": chance, "high": chance}),
        stability=pd.DataFrame({"characteristic": names, "kept": True}),
        survey=replace(plain.survey, characteristics=asked),
    )
