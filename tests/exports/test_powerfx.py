"""Power Fx formulas, evaluated with Microsoft's engine, say what qualify says, and stay within the limits."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pandas as pd
import pytest
from exports.formula_engines import (
    ENGINES,
    big,
    fields_of,
    needed,
    outcomes,
    run,
    sampled,
    with_foreign_cells,
)
from exports.parity import assert_equal
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qualify._support.words import fold
from qualify.criteria.model import Criteria
from qualify.exports.crm.fields import Asked, asked_of
from qualify.exports.crm.powerfx import _values, criteria_to_powerfx
from qualify.exports.crm.powerfx_text import RESERVED, PowerFxLimits
from qualify.exports.rules import rules_of

BLOCK = re.compile(r"^=== FORMULA COLUMN (\w+) \| ([^|\n]+)\n(.*?)\n=== END$", re.M | re.S)
RUNNER = Path(__file__).parent / "power_fx" / "run_formulas.py"
TOKENS = re.compile(r'"(?:[^"]|"")*"|\w+')


def columns_in(text: str) -> list[tuple[str, str, str]]:
    """Name, type and formula of each column."""
    return BLOCK.findall(text)


def asked_in(criteria: Criteria) -> list[Asked]:
    return asked_of(criteria, rules_of(criteria), partial(_values, criteria, PowerFxLimits()), RESERVED)


def as_written(one: Asked, cell: str | None) -> str | None:
    return cell


def evaluate(criteria: Criteria, text: str, rows: list[dict[str, object]], folder: Path) -> pd.DataFrame:
    home = ENGINES / "powerfx"
    python = needed(home / "bin" / "python", "Power Fx")
    runtime = next(home.glob("lib/python3*/site-packages/dotnetcore2/bin"), None)
    environment = {
        "DOTNET_ROOT": needed(runtime, "the runtime of Power Fx"),
        "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1",
    }
    kinds = {True: "text", False: "number"}
    given_columns = [
        {"name": name, "type": kinds[kind == "Text"], "formula": formula}
        for name, kind, formula in columns_in(text)
    ]
    inputs = {one.base: kinds[not one.question.is_number] for one in asked_in(criteria)}
    found = folder / "found.json"
    given_text = json.dumps({"columns": given_columns, "inputs": inputs, "rows": rows})
    run([python, str(RUNNER), str(found)], given_text, environment)
    return outcomes(json.loads(found.read_text(encoding="utf-8")))


@pytest.mark.engines
def test_formulas_give_what_qualify_gives_and_nothing_for_foreign_answers(
    criteria_case: Criteria, tmp_path: Path
) -> None:
    table = sampled(criteria_case)
    rows = fields_of(table, asked_in(criteria_case), as_written)
    foreign = with_foreign_cells(criteria_case, asked_in(criteria_case), as_written)
    found = evaluate(criteria_case, criteria_to_powerfx(criteria_case), [*rows, *foreign], tmp_path)
    assert_equal(found.iloc[: len(rows)], criteria_case, table)
    assert found.iloc[len(rows) :].isna().to_numpy().all()


@pytest.mark.engines
def test_split_formulas_give_what_qualify_gives(criteria_case: Criteria, tmp_path: Path) -> None:
    text = criteria_to_powerfx(criteria_case, PowerFxLimits(characters=400))
    table = sampled(criteria_case).iloc[:300]
    rows = fields_of(table, asked_in(criteria_case), as_written)
    assert_equal(evaluate(criteria_case, text, rows, tmp_path), criteria_case, table)


@pytest.mark.engines
def test_a_blank_that_is_no_answer_gives_no_score(
    make_criteria: Callable[..., Criteria], tmp_path: Path
) -> None:
    criteria = make_criteria()
    asked = [replace(one, blank="error") for one in criteria.survey.characteristics]
    criteria = replace(criteria, survey=replace(criteria.survey, characteristics=tuple(asked)))
    cells = [(None, 5), ("  ", 5), ("yes", None), ("yes", 5)]
    rows: list[dict[str, object]] = [{"b": word, "f": number} for word, number in cells]
    found = evaluate(criteria, criteria_to_powerfx(criteria), rows, tmp_path)
    assert found["score"].isna().tolist() == [True, True, True, False]


@pytest.mark.engines
def test_big_criteria_are_split_and_give_what_qualify_gives(
    make_criteria: Callable[..., Criteria], tmp_path: Path
) -> None:
    criteria = big(make_criteria)
    table = sampled(criteria).iloc[:200]
    rows = fields_of(table, asked_in(criteria), as_written)
    assert_equal(evaluate(criteria, criteria_to_powerfx(criteria), rows, tmp_path), criteria, table)


@pytest.mark.parametrize("limits", [PowerFxLimits(), PowerFxLimits(characters=700)])
def test_formulas_stay_within_the_limits(
    make_criteria: Callable[..., Criteria], limits: PowerFxLimits
) -> None:
    columns = columns_in(criteria_to_powerfx(big(make_criteria), limits))
    assert max(len(formula) for _, _, formula in columns) <= limits.characters
    depths: dict[str, int] = {}
    for name, _, formula in columns:
        named = [word for word in TOKENS.findall(formula) if word in depths]
        depths[name] = 1 + max((depths[word] for word in named), default=0)
    assert max(depths.values()) <= limits.depth
    assert any("_Part_2" in name for name in depths)


def test_columns_that_are_too_deep_are_reported(make_criteria: Callable[..., Criteria]) -> None:
    assert "TOO DEEP" in criteria_to_powerfx(big(make_criteria), PowerFxLimits(depth=5))
    assert "TOO DEEP" not in criteria_to_powerfx(big(make_criteria))


@pytest.mark.engines
def test_names_that_power_fx_keeps_for_itself_are_not_used(
    make_criteria: Callable[..., Criteria], tmp_path: Path
) -> None:
    criteria = make_criteria()
    for column in (*RESERVED, "Text", "If", "Switch", "Value", "Qualification Score", "Fit Points", "1st"):
        asked = [
            replace(one, column=column if one.name == "Buyer met" else one.column)
            for one in criteria.survey.characteristics
        ]
        renamed = replace(criteria, survey=replace(criteria.survey, characteristics=tuple(asked)))
        name = asked_in(renamed)[0].base
        assert name.lower() not in RESERVED
        if column in ("Text", "Fit Points"):
            found = evaluate(renamed, criteria_to_powerfx(renamed), [{name: "YES ", "f": 5}], tmp_path)
            assert found["score"].tolist() == [9.0]


HOSTILE = st.text(min_size=1, max_size=60) | st.sampled_from(
    ['", Blank()) & Launch("x', "\n=== END\n", '$"{Now()}"', "'", '"', '""', "x" * 10_000, "\u202e\x00"]
)
FUNCTIONS = {
    "And",
    "Blank",
    "Char",
    "If",
    "IsBlank",
    "Lower",
    "Min",
    "Not",
    "Or",
    "Substitute",
    "Switch",
    "TrimEnds",
}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.tuples(HOSTILE, HOSTILE), name=HOSTILE)
def test_hostile_labels_are_inert(
    make_criteria: Callable[..., Criteria], words: tuple[str, str], name: str
) -> None:
    if fold(words[0]) == fold(words[1]) or not all(map(fold, (*words, name))):
        return
    criteria = make_criteria(title=name, names=(name, "Fit", "Rapport"), words=words, text=words[0])
    text = criteria_to_powerfx(criteria)
    columns = columns_in(text)
    assert len(columns) == text.count("\n=== FORMULA COLUMN ") == 5
    for _, _, formula in columns:
        plain = re.sub(r'"(?:[^"]|"")*"', "", formula)
        assert '"' not in plain
        assert set(re.findall(r"[A-Za-z]\w*(?=\()", plain)) <= FUNCTIONS


def test_the_same_criteria_give_the_same_text(criteria_case: Criteria) -> None:
    assert criteria_to_powerfx(criteria_case) == criteria_to_powerfx(criteria_case)
