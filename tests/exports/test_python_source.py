"""The Python export runs by itself and says what qualify says."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from exports.conftest import learned
from exports.parity import assert_equal, combinations, foreign
from hypothesis import given, settings
from hypothesis import strategies as st

from qualify._support.words import NUMBER, as_number, fold
from qualify.criteria.model import Criteria, refine_criteria
from qualify.deals import read_deals
from qualify.errors import InvalidDeals
from qualify.exports.python_source import criteria_to_python
from qualify.reading.layout import TableLayout
from qualify.scoring.scoring import score_deals
from qualify.survey import Answer, Characteristic, Columns, Outcomes, Survey


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


SPELT = st.one_of(
    st.from_regex(NUMBER, fullmatch=True).filter(str.isascii),
    st.integers(-3, 12).map(str),
    st.floats(-3, 12).map(repr),
    st.sampled_from(
        ["1.00", " 4 ", "+4", "4e0", ".5", "5.", "-0", "−1", "０", "\u200b1", "1 000", "4_0", "1e999"]
    ),
    st.text("0123456789.,+-eE _x", max_size=5),
)
ENDS = Outcomes(won=("w",), lost=("l",))


@pytest.fixture(scope="module")
def numbered() -> tuple[Criteria, Callable[..., dict[str, object]]]:
    """Criteria of a rating with a code for unknown, a number without limits, and words that are numbers."""
    rng = np.random.default_rng(3)
    quality = rng.normal(size=400)
    noisy = {name: quality + rng.normal(size=400) for name in ("Need", "Price", "Buyer", "Size")}
    frame = pd.DataFrame(
        {
            "Need": np.clip(np.round(5 + 2 * noisy["Need"]), 0, 10).astype(int),
            "Price": (4 + noisy["Price"]).round(2),
            "Buyer": np.where(noisy["Buyer"] > 0, "1", "0"),
            "Size": np.select([noisy["Size"] < -0.5, noisy["Size"] < 0.5], ["1", "2.50"], "2.5e0"),
            "S": np.where(quality + rng.normal(size=400) > 0, "w", "l"),
        }
    )
    answers = {"Buyer": ("0", "1"), "Size": ("1", "2.50", "2.5e0")}
    more = {"Need": {"low": 0, "high": 10, "unknown": ("9",)}}
    survey = Survey(
        columns=Columns(outcome="S"),
        outcomes=ENDS,
        characteristics=tuple(
            Characteristic(
                **{"name": name, "column": name, "kind": kind},
                answers=tuple(Answer(value=value) for value in answers.get(name, ())),
                **more.get(name, {}),
            )
            for name, kind in {"Need": "score", "Price": "score", "Buyer": "yes_no", "Size": "choice"}.items()
        ),
    )
    criteria = refine_criteria(read_deals(frame, survey), replicates=5)
    assert criteria.kept == ("Need", "Price", "Buyer", "Size")
    return criteria, module_of(criteria)["score_deal"]


@pytest.mark.parametrize("column", ["Need", "Price", "Buyer", "Size"])
@settings(max_examples=60)
@given(text=SPELT)
def test_a_number_is_read_as_score_deals_reads_it(
    numbered: tuple[Criteria, Callable[..., dict[str, object]]], column: str, text: str
) -> None:
    criteria, score_deal = numbered
    row = {"Need": "5", "Price": "4", "Buyer": "0", "Size": "1"} | {column: text}
    try:
        expected = int(score_deals(criteria, pd.DataFrame([row]), strict=True).table["score"].iloc[0])
    except InvalidDeals as error:
        if "may be" in str(error):  # one deal settles no marks: its point is that of decimals
            return
        with pytest.raises(ValueError, match=f"no answer to '{column}'"):
            score_deal(row)
        return
    plain = as_number(fold(text)) is not None or fold(text) in ("", "-")
    try:
        assert score_deal(row)["score"] == expected
    except ValueError:
        assert not plain  # marks and currencies are settled by a column, which one deal has not


def test_one_written_with_decimals_is_the_answer_one(
    numbered: tuple[Criteria, Callable[..., dict[str, object]]],
) -> None:
    _, score_deal = numbered
    row = {"Need": "5", "Price": "4", "Buyer": "1", "Size": "1"}
    for spelt in ("1.00", " 1 ", "+1", "1e0", "01", 1, 1.0):
        assert score_deal(row | {"Buyer": spelt}) == score_deal(row)
    for spelt in ("5.00", " 5 ", "+5", "5e0", 5.0, "50e-1"):
        assert score_deal(row | {"Need": spelt}) == score_deal(row)
    assert score_deal(row | {"Need": "9.0"}) == score_deal(row | {"Need": "unknown"})
    assert score_deal(row | {"Price": ".5"}) == score_deal(row | {"Price": "0.5"})


def test_a_decimal_comma_is_read_where_the_survey_knows_it(
    numbered: tuple[Criteria, Callable[..., dict[str, object]]],
) -> None:
    criteria, score_deal = numbered
    survey = replace(criteria.survey, table=TableLayout(decimal=",", thousands="."))
    commas = module_of(replace(criteria, survey=survey))["score_deal"]
    row = {"Need": "5", "Price": 3.52, "Buyer": "1", "Size": "1"}
    assert commas(row | {"Price": "3,52"}) == commas(row) == score_deal(row)
    for ambiguous in ("3.520", "3.52"):
        with pytest.raises(ValueError, match="no answer to 'Price'"):
            commas(row | {"Price": ambiguous})
    with pytest.raises(ValueError, match="no answer to 'Price'"):
        score_deal(row | {"Price": "3,52"})


def test_nothing_is_imported_but_the_standard_library(criteria_case: Criteria) -> None:
    tree = ast.parse(criteria_to_python(criteria_case))
    imported = [node.names[0].name for node in ast.walk(tree) if isinstance(node, ast.Import)]
    assert imported == ["math", "re", "unicodedata"]
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
