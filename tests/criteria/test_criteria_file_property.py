"""A criteria file spoilt anywhere is refused with what is wrong, or harmless."""

from __future__ import annotations

import copy
import json
from dataclasses import fields
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import qualify as ql
from qualify.criteria.file import criteria_from_dict, criteria_to_json
from qualify.criteria.model import Criteria


@pytest.fixture(scope="module")
def content() -> dict[str, Any]:
    team = ql.simulate_deals(250, rng=4)
    criteria = ql.refine_criteria(ql.read_deals(team.frame, team.survey), replicates=20)
    return json.loads(criteria_to_json(criteria))


LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**30), 10**30),
    st.floats(),
    st.text(max_size=6),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=3), st.none(), max_size=2),
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a nested value, so many rows of a table at most."""
    found = [path] if path else []
    if isinstance(value, dict):
        for key, entry in value.items():
            found += places(entry, (*path, key))
    elif isinstance(value, list):
        for k, entry in enumerate(value[:4]):
            found += places(entry, (*path, k))
    return found


@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_whatever_is_spoilt_inside_is_refused_or_harmless(
    content: dict[str, Any], data: st.DataObject
) -> None:
    changed = copy.deepcopy(content)
    path = data.draw(st.sampled_from(places(changed)))
    inner = changed
    for key in path[:-1]:
        inner = inner[key]
    if data.draw(st.booleans()):
        del inner[path[-1]]
    else:
        inner[path[-1]] = data.draw(LEAVES)
    try:
        criteria = criteria_from_dict(changed, "criteria.json")
    except ql.InvalidCriteria as error:
        assert error.problems and str(error)
        return
    # What is let through can be written again, and still scores.
    assert json.loads(criteria_to_json(criteria))["schema"] == "qualify criteria"
    answers = {name: "unknown" for name in criteria.kept}
    columns = {criteria.survey.characteristic(name).column: answer for name, answer in answers.items()}
    others = {asked.column: "unknown" for asked in criteria.survey.characteristics} | columns
    table = ql.score_deals(
        criteria, pd.DataFrame([{"Deal": "D1", **others}]).assign(**extras(criteria))
    ).table
    assert 0 <= table.loc[0, "probability"] <= 1


def extras(criteria: Criteria) -> dict[str, object]:
    """The other columns that the survey names, blank."""
    columns = criteria.survey.columns
    named = [
        getattr(columns, field.name) for field in fields(columns) if field.name not in ("deal", "outcome")
    ]
    more: dict[str, object] = {str(name): None for name in named if name is not None}
    if columns.deal is not None:
        more[columns.deal] = "D1"
    if columns.weight is not None:
        more[columns.weight] = 1
    return more


@settings(deadline=None, max_examples=100)
@given(
    st.recursive(
        LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner), max_leaves=8
    )
)
def test_any_json_is_refused(anything: Any) -> None:
    with pytest.raises(ql.InvalidCriteria):
        criteria_from_dict(anything, "criteria.json")
