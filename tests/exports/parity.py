"""One contract for every export: on the same cells it gives the score, zone and probability of Python."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

import numpy as np
import pandas as pd

import qualify as ql
from qualify.criteria.model import Criteria
from qualify.exports.rules import Question, rules_of

MOST = 20_000
# What no survey knows; a deal with such a cell has no score.
FOREIGN = "certainly not an answer"


def cells_of(question: Question) -> list[str | None]:
    """Cells that give each answer of a question, in several spellings; None is an empty cell."""
    cells: list[str | None] = []
    for choice in question.choices:
        for word in choice.words[:3]:
            cells += [word, f"  {word.upper()} "] if word and word.upper().lower() == word else [word or None]
        if choice.is_range:
            cells += [f"{number:g}" for number in _numbers(question, choice.low, choice.high)]
    return list(dict.fromkeys(cells))


def _numbers(question: Question, low: float, high: float) -> Iterator[float]:
    least, most = max(low, question.least), min(high, question.most)
    least = most - 3 if math.isinf(least) else least
    most = least + 3 if math.isinf(most) else most
    for number in (math.ceil(least), (least + most) / 2, least):
        number = float(f"{number:g}")
        if max(low, question.least) <= number < high and number <= question.most:
            yield number


def combinations(criteria: Criteria, seed: int = 0) -> pd.DataFrame:
    """Every combination of cells, or 20,000 drawn at random, as a table that the survey reads."""
    rules = rules_of(criteria)
    choices = [cells_of(question) for question in rules.questions]
    if math.prod(map(len, choices)) <= MOST:
        rows = list(itertools.product(*choices))
    else:
        rng = np.random.default_rng(seed)
        drawn = [rng.integers(len(cells), size=MOST) for cells in choices]
        picked = [[cells[k] for k in row] for cells, row in zip(choices, drawn, strict=True)]
        rows = list(zip(*picked, strict=True))
    table = pd.DataFrame(rows, columns=[question.column for question in rules.questions], dtype=object)
    for asked in criteria.survey.characteristics:
        if asked.column not in table:
            table[asked.column] = None if asked.blank == "unknown" else next(iter(asked.values), asked.low)
    columns = criteria.survey.columns
    for role in (
        "close_date",
        "survey_date",
        "created_date",
        "value",
        "rep",
        "account",
        "segment",
        "respondent",
    ):
        if getattr(columns, role) is not None:
            table[getattr(columns, role)] = None
    id_column = criteria.survey.columns.deal or "deal id"
    table.insert(0, id_column, [f"D-{k}" for k in range(len(table))])
    return table


def expected(criteria: Criteria, table: pd.DataFrame) -> pd.DataFrame:
    """What Python says: deal, score, probability, zone, in the table's order."""
    found = ql.score_deals(criteria, table).table.set_index("deal")
    ids = table[criteria.survey.columns.deal].astype(str) if criteria.survey.columns.deal else found.index
    order = ids if criteria.survey.columns.deal else sorted(found.index, key=int)
    return found.loc[list(order), ["score", "probability", "zone", "gates"]].reset_index()


def assert_equal(found: pd.DataFrame, criteria: Criteria, table: pd.DataFrame) -> None:
    """Hold score, probability and zone of an export, in the table's order, to those of Python."""
    wanted = expected(criteria, table)
    np.testing.assert_array_equal(found["score"].to_numpy(dtype=float), wanted["score"].to_numpy(dtype=float))
    np.testing.assert_allclose(
        found["probability"].to_numpy(dtype=float), wanted["probability"].to_numpy(), rtol=0, atol=1e-12
    )
    assert found["zone"].tolist() == wanted["zone"].tolist()


def foreign(criteria: Criteria) -> pd.DataFrame:
    """A table in which each row has one foreign cell, for every question that counts."""
    first = combinations(criteria).iloc[:1]
    rows = [first.assign(**{q.column: FOREIGN}) for q in rules_of(criteria).questions]
    return pd.concat(rows, ignore_index=True) if rows else first.iloc[:0]
