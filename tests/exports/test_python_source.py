"""The Python export runs by itself and says what qualify says."""

from __future__ import annotations

import ast
from collections.abc import Callable

import pandas as pd
import pytest
from exports.conftest import learned
from exports.parity import assert_equal, combinations, foreign

from qualify.criteria import Criteria
from qualify.exports.python_source import criteria_to_python


def module_of(criteria: Criteria) -> dict[str, Callable[..., dict[str, object]]]:
    space: dict[str, Callable[..., dict[str, object]]] = {}
    exec(compile(criteria_to_python(criteria), "criteria.py", "exec"), space)
    return space


def test_every_combination_of_answers(criteria_case: Criteria) -> None:
    table = combinations(criteria_case)
    score_deal = module_of(criteria_case)["score_deal"]
    assert_equal(pd.DataFrame([score_deal(row) for row in table.to_dict("records")]), criteria_case, table)


def test_a_foreign_answer_is_refused(criteria_case: Criteria) -> None:
    score_deal = module_of(criteria_case)["score_deal"]
    for row in foreign(criteria_case).to_dict("records"):
        with pytest.raises(ValueError, match="no answer to"):
            score_deal(row)


def test_a_missing_column_and_odd_numbers_are_refused() -> None:
    criteria = learned(curve="sharp")
    score_deal = module_of(criteria)["score_deal"]
    row = combinations(criteria).to_dict("records")[0]
    with pytest.raises(ValueError, match="no such columns: 'Champion'"):
        score_deal({name: cell for name, cell in row.items() if name != "Champion"})
    for odd in ("1-2", "e", "--1", "."):
        with pytest.raises(ValueError, match="no answer to 'Champion'"):
            score_deal(row | {"Champion": odd})


def test_nothing_is_imported_but_the_standard_library(criteria_case: Criteria) -> None:
    tree = ast.parse(criteria_to_python(criteria_case))
    imported = [node.names[0].name for node in ast.walk(tree) if isinstance(node, ast.Import)]
    assert imported == ["math", "unicodedata"]
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
