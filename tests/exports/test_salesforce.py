"""Salesforce's formulas, evaluated with formulon, say what qualify says, and stay within the limits."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pandas as pd
import pytest
from exports.formula_engines import (
    ENGINES,
    answerable,
    big,
    fields_of,
    needed,
    node,
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
from qualify.exports.crm.salesforce import _values, criteria_to_salesforce
from qualify.exports.crm.salesforce_size import SalesforceLimits
from qualify.exports.rules import rules_of

BLOCK = re.compile(
    r"^=== (FORMULA|FLOW) FIELD (\w+__c) \| ([^|\n]+?) \| (?:compiled about ([\d,]+))?[^\n]*\n"
    r"(.*?)\n=== END$",
    re.M | re.S,
)
RUNNER = Path(__file__).parent / "formulon" / "run_formulas.js"


@dataclass(frozen=True)
class Field:
    kind: str
    name: str
    type: str
    compiled: int
    text: str

    @property
    def formula(self) -> str:
        """The formula as a formula field would have it."""
        plain = re.sub(r"\{!\$Record\.(\w+__c)\}", r"\1", self.text)
        return re.sub(r"\{!(\w+)\}", r"\1__c", plain) if self.kind == "FLOW" else self.text


def fields_in(text: str) -> list[Field]:
    return [
        Field(kind, name, of, int((size or "0").replace(",", "")), formula)
        for kind, name, of, size, formula in BLOCK.findall(text)
    ]


def asked_in(criteria: Criteria) -> list[Asked]:
    return asked_of(criteria, rules_of(criteria), partial(_values, criteria))


def picklist_value(one: Asked, cell: str | None) -> str | None:
    """The value of the picklist that a cell stands for: a picklist holds its own values only."""
    if cell is None or not cell.strip():
        return None
    values = [word for words in one.values.values() for word in words]
    return next((value for value in values if fold(value) == fold(cell)), cell)


def evaluate(criteria: Criteria, text: str, rows: list[dict[str, object]]) -> pd.DataFrame:
    package = needed(ENGINES / "node_modules" / "formulon", "formulon")
    types = {f"{q.base}__c": "number" if q.question.is_number else "picklist" for q in asked_in(criteria)}
    given_fields = [{"name": field.name, "formula": field.formula} for field in fields_in(text)]
    given_rows = [{f"{name}__c": value for name, value in row.items()} for row in rows]
    given_text = json.dumps({"fields": given_fields, "types": types, "rows": given_rows})
    return outcomes(json.loads(run([node(), str(RUNNER), package], given_text)), "__c")


@pytest.mark.engines
def test_formulas_give_what_qualify_gives(criteria_case: Criteria) -> None:
    table = sampled(criteria_case)
    rows = fields_of(table, asked_in(criteria_case), picklist_value)
    assert_equal(evaluate(criteria_case, criteria_to_salesforce(criteria_case), rows), criteria_case, table)


@pytest.mark.engines
def test_split_formulas_give_what_qualify_gives(criteria_case: Criteria) -> None:
    tight = SalesforceLimits(characters=700, compiled=1200)
    text = criteria_to_salesforce(criteria_case, tight)
    table = sampled(criteria_case).iloc[:300]
    rows = fields_of(table, asked_in(criteria_case), picklist_value)
    assert_equal(evaluate(criteria_case, text, rows), criteria_case, table)


@pytest.mark.engines
def test_a_foreign_answer_gives_no_score_no_zone_and_no_probability(criteria_case: Criteria) -> None:
    rows = with_foreign_cells(criteria_case, asked_in(criteria_case), picklist_value)
    found = evaluate(criteria_case, criteria_to_salesforce(criteria_case), rows)
    assert len(found) == len(rows)
    assert found.isna().to_numpy().all()


@pytest.mark.engines
def test_a_blank_that_is_no_answer_gives_no_score(make_criteria: Callable[..., Criteria]) -> None:
    criteria = make_criteria()
    asked = [replace(one, blank="error") for one in criteria.survey.characteristics]
    criteria = replace(criteria, survey=replace(criteria.survey, characteristics=tuple(asked)))
    rows: list[dict[str, object]] = [{"b": None, "f": 5}, {"b": "Yes", "f": None}, {"b": "Yes", "f": 5}]
    found = evaluate(criteria, criteria_to_salesforce(criteria), rows)
    assert found["score"].isna().tolist() == [True, True, False]


@pytest.mark.engines
def test_big_criteria_are_split_and_give_what_qualify_gives(make_criteria: Callable[..., Criteria]) -> None:
    criteria = big(make_criteria)
    table = answerable(criteria, sampled(criteria)).iloc[:200]
    rows = fields_of(table, asked_in(criteria), picklist_value)
    assert_equal(evaluate(criteria, criteria_to_salesforce(criteria), rows), criteria, table)


@pytest.mark.parametrize("limits", [SalesforceLimits(), SalesforceLimits(characters=1200, compiled=2000)])
def test_formulas_stay_within_the_limits(
    make_criteria: Callable[..., Criteria], limits: SalesforceLimits
) -> None:
    fields = fields_in(criteria_to_salesforce(big(make_criteria), limits))
    formulas = {field.name: field.formula for field in fields if field.kind == "FORMULA"}
    assert any(field.kind == "FLOW" for field in fields)
    for field in fields:
        assert len(field.text) <= limits.characters
        assert len(field.text.encode()) <= limits.characters
        assert field.compiled <= limits.compiled
        if field.kind == "FORMULA":
            # Formula fields stand for their whole formula, wherever they are mentioned.
            assert len(expanded(field.formula, formulas)) <= field.compiled


def expanded(formula: str, formulas: dict[str, str]) -> str:
    """Put the formulas of formula fields in their places, and 30 letters for every other field."""

    def inside(found: re.Match[str]) -> str:
        name = found.group()
        return expanded(formulas[name], formulas) if name in formulas else "x" * 30

    return re.sub(r"\w+__c", inside, formula.replace("\n", ""))


def test_a_flow_reads_nothing_that_it_makes_out_of_date(make_criteria: Callable[..., Criteria]) -> None:
    fields = fields_in(criteria_to_salesforce(big(make_criteria), SalesforceLimits(compiled=1500)))
    late = {field.name for field in fields if field.kind == "FLOW"}
    for field in fields:
        named = set(re.findall(r"\w+__c", field.formula))
        if field.kind == "FORMULA" and named & late:
            late.add(field.name)
    for field in fields:
        if field.kind == "FLOW":
            assert not set(re.findall(r"\{!\$Record\.(\w+__c)\}", field.text)) & late


def test_every_field_has_a_name_that_salesforce_takes(criteria_case: Criteria) -> None:
    names = [field.name for field in fields_in(criteria_to_salesforce(criteria_case))]
    names += [f"{one.base}__c" for one in asked_in(criteria_case)]
    assert len({name.lower() for name in names}) == len(names)
    for name in names:
        assert re.fullmatch(r"[A-Za-z](_?[A-Za-z0-9])*__c", name)
        assert len(name) <= 43


def test_formulas_mention_earlier_fields_and_answers_only(criteria_case: Criteria) -> None:
    known = {f"{one.base}__c" for one in asked_in(criteria_case)}
    for field in fields_in(criteria_to_salesforce(criteria_case)):
        plain = re.sub(r'"(?:\\.|[^"\\])*"', "", field.formula)
        assert set(re.findall(r"\w+__c", plain)) <= known
        known.add(field.name)


HOSTILE = st.text(min_size=1, max_size=60) | st.sampled_from(
    [
        '", NULL) & IMAGE("x',
        "\n=== END\n",
        "{!$Record.Name}",
        "*/ /*",
        "\\",
        '\\"',
        "x" * 10_000,
        "\u202e\x00",
    ]
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.tuples(HOSTILE, HOSTILE), name=HOSTILE)
def test_hostile_labels_are_inert(
    make_criteria: Callable[..., Criteria], words: tuple[str, str], name: str
) -> None:
    if fold(words[0]) == fold(words[1]) or not all(map(fold, (*words, name))):
        return
    criteria = make_criteria(title=name, names=(name, "Fit", "Rapport"), words=words, text=words[0])
    text = criteria_to_salesforce(criteria)
    fields = fields_in(text)
    # As many fields as without hostile labels, and nothing but known functions outside quotes.
    assert len(fields) == text.count("\n=== FORMULA FIELD ") + text.count("\n=== FLOW FIELD ") == 5
    for field in fields:
        plain = re.sub(r'"(?:\\[nrt"\\]|[^"\\\n\r])*"', '""', field.text)
        assert '"' not in plain.replace('""', "")
        assert set(re.findall(r"[A-Za-z]\w*(?=\()", plain)) <= {
            *("BLANKVALUE", "CASE", "IF", "ISBLANK", "MIN", "OR", "TEXT")
        }
        assert "{!" not in "".join(re.findall(r'"(?:\\.|[^"\\])*"', field.text))


def test_the_same_criteria_give_the_same_text(criteria_case: Criteria) -> None:
    assert criteria_to_salesforce(criteria_case) == criteria_to_salesforce(criteria_case)
