"""The step of a rating or number: what its odds ratio is given for, whatever its unit."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from factor_tables import asked, deals_of, overlapping

import qualify as ql
from qualify.deals.steps import odds_ratio, step_of
from qualify.survey import Characteristic


def label(asked_: Characteristic, *numbers: object) -> str:
    words = [str(number) for number in numbers]
    cells = pd.Categorical(words, categories=[*dict.fromkeys(words), "unknown"])
    return step_of(asked_, pd.Series(cells)).label


@pytest.mark.parametrize(
    ("numbers", "says"),
    [
        (range(6), "per step"),
        (range(21), "per step"),
        ((20250101, 20250104, 20250109), "per step"),
        (range(22), "per 10"),
        (range(0, 24, 2), "per 10"),
        ((12_000, 30_000, 36_500, 61_000), "per 20,000"),
        ((1, 1, 1, 1, 1, 1, 1, 40), "per 10"),  # nearly all one number: a wider range
        (np.arange(11) * 0.1, "per 0.5"),
        (np.arange(11) * 1e-7, "per 5e-07"),
        (np.arange(11) * 1e50, "per " + "5e+50"),
        ((5, 5, 5), "per step"),
        ((), "per step"),
    ],
)
def test_a_rating_goes_by_ones_and_other_numbers_by_a_round_interquartile_range(
    numbers: object, says: str
) -> None:
    assert label(asked("A", "score"), *numbers) == says


def test_the_survey_may_declare_range_and_step() -> None:
    assert label(asked("A", "score", low=0, high=100), 1, 2, 3, 4, 5) == "per 2"
    assert label(asked("A", "score", low=0, high=5), 1, 2, 5) == "per step"
    assert label(asked("A", "score", step=2500), 10_000, 90_000) == "per 2,500"
    assert label(asked("A", "score", step=0.5), 1, 2, 3) == "per 0.5"
    assert label(asked("A", "score", step=1), 1, 2, 3) == "per step"
    assert label(asked("A", "ordered", "1", "2"), 1, 2) == "per step"


@pytest.mark.parametrize("step", [0, -1, math.inf, math.nan, True])
def test_a_step_that_is_none_is_refused(step: float) -> None:
    with pytest.raises(ql.InvalidSurvey, match="step"):
        deals_of(overlapping(), asked("Budget", "score", step=step))


def test_only_a_score_has_a_step_and_a_survey_keeps_it() -> None:
    with pytest.raises(ql.InvalidSurvey, match="has step; leave it out"):
        deals_of(overlapping(), asked("Budget", "ordered", "1", "2", step=1))
    survey = deals_of(overlapping(), asked("Budget", "score", step=2.5)).survey
    assert ql.Survey.from_dict(survey.to_dict()) == survey
    assert survey.to_dict()["characteristics"][0]["step"] == 2.5


@pytest.mark.parametrize("unit", [1.0, 1e-12, 1e-7, 0.01, 1e3, 1e6, 1e9, 1e12])
def test_the_odds_ratio_of_an_amount_is_a_number_in_any_unit(unit: float) -> None:
    frame = overlapping()
    fine = frame["Budget"] + np.linspace(0.001, 0.3, len(frame)).round(3)
    found = ql.find_factors(deals_of(frame.assign(Price=fine * unit), asked("Price", "score")))
    plain = ql.find_factors(deals_of(frame.assign(Price=fine), asked("Price", "score", step=2.0)))
    (ratio, low, high), (expected, *_) = (
        one.answers[["odds_ratio", "ci_low", "ci_high"]].iloc[-1].tolist() for one in (found, plain)
    )
    per = float(found.answers["answer"].iloc[-1].removeprefix("per ").replace(",", ""))
    assert ratio == pytest.approx(expected ** (per / unit / 2.0), rel=1e-6)
    assert 1.0 < low < ratio < high < 1000


def test_no_odds_ratio_is_infinite() -> None:
    frame = overlapping()
    fine = (frame["Budget"] + np.linspace(0.001, 0.3, len(frame))) * 1e-7
    found = ql.find_factors(deals_of(frame.assign(Price=fine), asked("Price", "score", step=1)))
    assert found.answers[["odds_ratio", "ci_low", "ci_high"]].isna().all(axis=None)
    assert math.isnan(odds_ratio(math.inf)) and math.isnan(odds_ratio(-800.0))
    assert odds_ratio(math.log(3.0)) == pytest.approx(3.0)


def test_the_win_model_and_the_picture_say_the_same_step() -> None:
    rng = np.random.default_rng(3)
    amount = rng.lognormal(11, 1, 300).round(-2)
    won = rng.random(300) < 1 / (1 + np.exp((6e4 - amount) / 4e4))
    deals = deals_of(pd.DataFrame({"Amount": amount, "won": won.astype(int)}), asked("Amount", "score"))
    factors, model = ql.find_factors(deals), ql.fit_win_model(deals)
    assert factors.answers["answer"].iloc[-1] == "per 100,000"
    line = model.coefficients.iloc[0]
    assert line["answer"] == "per 100,000" and line["step"] == 100_000
    by_hand = model.intercept + line["estimate"] * (amount - line["centre"]) / 100_000
    assert model.log_odds(deals).to_numpy() == pytest.approx(by_hand)
    texts = " ".join(text.get_text() for text in ql.plot_answers(factors, "Amount").texts)
    assert "Odds ratio per 100,000, the other answers held: 9" in texts.replace("\n", " ")
