"""Single cells: what cannot be seen makes no difference, and errors of a spreadsheet are unknown."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import qualify as ql
from qualify._support.words import clean_text, fold, squeeze
from qualify.deals import read_deals
from qualify.errors import InvalidDeals
from qualify.reading.cells import code_cells, is_error_cell
from qualify.survey import Answer, Characteristic, Columns, Outcomes, Survey

UNSEEN = "\u200b\u200c\u200d\u2060\ufeff\u00ad"
SPACES = " \u00a0\u2009\u202f\u3000\t"
ERRORS = ["#REF!", "#VALUE!", "#DIV/0!", "#N/A", "#NAME?", "#NUM!", "#NULL!", "#SPILL!", "#CALC!"]
ERRORS += ["#GETTING_DATA", "#BEZUG!", "#WERT!", "#NV", "#ÜBERLAUF!", "#VALEUR!", "#¡REF!", "#¿NOMBRE?"]
ERRORS += ["#RIF!", "#VALOR!", "#NÚM!", "#WAARDE!", "#DEEL/0!", "Err:502"]

SURVEY = Survey(
    columns=Columns(outcome="Stage", value="Amount", rep="Rep"),
    outcomes=Outcomes(won=("Won",), lost=("Lost",), open=("Open",)),
    characteristics=(
        Characteristic(
            name="Fit",
            column="Fit",
            kind="ordered",
            answers=(Answer(value="Low"), Answer(value="Very high")),
        ),
        Characteristic(name="Need", column="Need", kind="score", low=1, high=5),
    ),
)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Very\u00a0high", "very high"),
        ("Very  high", "Very high"),
        ("\u200bYes\ufeff", "yes"),
        ("co\u00adoperative", "cooperative"),
        ("don’t know", "don't know"),
        ("«Top»", '"top"'),
        ("„Top“", "“Top”"),
        ("11–50", "11-50"),
        ("11\u2011 50", "11− 50"),
        ("Line\nbreak", "line break"),
        ("E\u200b\u0301t\u00e9", "\u00c9te\u0301"),
    ],
)
def test_invisible_characters_and_typography_make_no_second_answer(one: str, other: str) -> None:
    assert fold(one) == fold(other)
    assert squeeze(one) == squeeze(other)


def test_words_that_can_be_seen_to_differ_stay_apart() -> None:
    words = [
        "Yes",
        "Yes!",
        "Very high",
        "Veryhigh",
        "11-50",
        "11 50",
        "a.b",
        "ab",
        '"a"',
        "'a'",
        "élevé",
        "eleve",
    ]
    assert len(set(map(fold, words))) == len(words)


@given(st.lists(st.sampled_from([*"aB1é-", *SPACES, *UNSEEN]), max_size=12).map("".join))
def test_clean_text_keeps_what_can_be_seen_and_is_clean(text: str) -> None:
    clean = clean_text(text)
    assert clean == clean_text(clean)
    assert "".join(clean.split()) == "".join(sign for sign in text if sign in "aB1é-")
    assert not set(clean) & set(UNSEEN + SPACES[1:])
    assert "  " not in clean and clean == clean.strip()


def table(**columns: list[object]) -> pd.DataFrame:
    made = {"Stage": ["Won", "Lost", "Lost"], "Fit": ["Low", "Very high", "Low"], "Need": ["1", "5", "3"]}
    return pd.DataFrame(made | {"Amount": ["1", "2", "3"], "Rep": ["a", "b", "c"]} | columns)


def test_invisible_characters_read_as_the_answer_that_is_seen() -> None:
    plain = read_deals(table(), SURVEY).closed
    odd = table(
        Fit=["Low\u200b", "Very\u00a0high", "\ufeffLow"], Stage=["Won\u200b", "\u00adLost", "Lost\u00a0"]
    )
    pd.testing.assert_frame_equal(read_deals(odd, SURVEY).closed, plain)


def test_invisible_characters_are_not_drafted() -> None:
    frame = pd.DataFrame(
        {"Stage": ["Won", "Lost"] * 6, "Fit": ["Low", "Low\u200b", "Very\u00a0high", "Very high"] * 3}
    )
    (drafted,) = ql.infer_survey(frame, outcome="Stage").characteristics
    assert drafted.values == ("Low", "Very high")


@pytest.mark.parametrize("text", ERRORS)
def test_error_cells_are_known_in_any_language(text: str) -> None:
    assert is_error_cell(text)
    assert is_error_cell(f" {text}\u00a0")
    assert is_error_cell(text.lower())


@pytest.mark.parametrize(
    "text", ["", "#", "#1", "# of users", "REF!", "N/A", "#hashtag", "Error: 12", "Err:50"]
)
def test_other_cells_are_no_errors(text: str) -> None:
    assert not is_error_cell(text)


def test_error_cells_are_blank_and_counted() -> None:
    coded = code_cells(["#N/A", "Yes", None, "#REF!", "#N/A", 4.0])
    assert coded.errors().tolist() == [True, False, False, True, True, False]
    assert coded.blank().tolist() == [True, False, True, True, True, False]
    assert coded.texts() == ["", "Yes", "", "4"]


def test_error_cells_are_unknown_answers_and_missing_numbers() -> None:
    deals = read_deals(
        table(Fit=["#REF!", "Low", "#NV"], Need=["#DIV/0!", "1", "2"], Amount=["#WERT!", "7", "8"]), SURVEY
    )
    assert deals.closed["Fit"].tolist() == ["unknown", "Low", "unknown"]
    assert deals.closed["Need"].tolist() == ["unknown", "1", "2"]
    assert deals.closed["value"].isna().tolist() == [True, False, False]


def test_an_error_cell_is_never_an_outcome() -> None:
    with pytest.raises(InvalidDeals, match=r"#N/A.*not an outcome word"):
        read_deals(table(Stage=["Won", "Lost", "#N/A"]), SURVEY)
