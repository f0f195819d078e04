"""Scores are read as few whole answers: whole numbers as they are, anything finer in ranges."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qualify.deals import Deals, read_deals
from qualify.deals.score_bins import RANGES, Scale, scales_of, whole_items
from qualify.survey import UNKNOWN, Answer, Characteristic, Columns, Outcomes, Survey


def deals_of(numbers: list[object], **more: object) -> Deals:
    frame = pd.DataFrame({"won": np.arange(len(numbers)) % 2, "x": numbers})
    survey = Survey(
        columns=Columns(outcome="won"),
        outcomes=Outcomes(won=("1",), lost=("0",)),
        characteristics=(
            Characteristic(**{"name": "x", "column": "x", "kind": "score", **more}),
            Characteristic(
                name="y", column="won", kind="yes_no", answers=(Answer(value="0"), Answer(value="1"))
            ),
        )[:1],
    )
    return read_deals(frame, survey)


def scale_of(numbers: list[object], **more: object) -> Scale:
    return scales_of(deals_of(numbers, **more))["x"]


def test_whole_numbers_stand_for_themselves_from_end_to_end_of_the_survey() -> None:
    scale = scale_of([1, 1, 3, 4], low=0, high=5)
    assert scale.labels == ("0", "1", "2", "3", "4", "5")
    assert scale.values.tolist() == [0, 1, 2, 3, 4, 5]
    assert scale.edges.tolist() == [-math.inf, 0.5, 1.5, 2.5, 3.5, 4.5, math.inf]


def test_eleven_whole_numbers_are_the_most() -> None:
    assert len(scale_of([0, 10, 3]).labels) == 11
    assert len(scale_of(list(range(12))).labels) == RANGES


def test_a_gap_between_observed_numbers_is_filled() -> None:
    assert scale_of([2, 2, 6, 6]).labels == ("2", "3", "4", "5", "6")


def test_decimals_are_cut_into_ranges_of_about_equal_numbers() -> None:
    numbers = np.random.default_rng(0).normal(10, 4, 500).round(2)
    scale = scale_of(list(numbers))
    assert len(scale.labels) == RANGES
    place = np.searchsorted(scale.edges, numbers, side="right") - 1
    assert np.bincount(place).min() >= 80
    assert scale.labels[0].startswith("under ") and scale.labels[-1].endswith(" and over")
    for k, label in enumerate(scale.labels[1:-1], start=1):
        assert label == f"{scale.edges[k]:g} to under {scale.edges[k + 1]:g}"
        assert numbers[place == k].mean() == pytest.approx(scale.values[k])


def test_cuts_keep_as_many_figures_as_they_need() -> None:
    years = [2001, 2002, 2003, 2004, 2005, 2006, 2007, 2008, 2009, 2010, 2011, 2012, 2013]
    assert len(scale_of(years * 3).labels) == RANGES
    close = [1.2351] * 10 + [1.2549] * 10 + [1.3] * 10
    assert len(scale_of(close).labels) == 3


def test_outcomes_play_no_part() -> None:
    numbers = list(np.random.default_rng(0).normal(size=60).round(2))
    one, other = scale_of(numbers), scale_of([numbers[k] for k in np.random.default_rng(1).permutation(60)])
    assert one.labels == other.labels and (one.edges == other.edges).all()


@pytest.mark.parametrize(
    "ends", [{}, {"low": 0, "high": 100}, {"low": 0.5, "high": 3.5}, {"low": 0, "high": 5}]
)
def test_a_score_nobody_answered_still_has_a_scale(ends: dict[str, float]) -> None:
    scale = scale_of([None] * 8, **ends)
    assert len(scale.labels) >= 1 and len(scale.edges) == len(scale.labels) + 1


def test_one_number_only() -> None:
    assert scale_of([2.5] * 6).labels == ("any number",)
    assert scale_of([7] * 6).labels == ("7",)


def test_numbers_beyond_or_between_those_learned_are_read_at_the_nearest_answer() -> None:
    scale = scale_of([1, 2, 3, 4, 5])
    answers = pd.Series(pd.Categorical(["-3", "0", "2.4", "2.5", "99", UNKNOWN]))
    assert scale.read(answers).tolist() == [0, 0, 1, 2, 4, 5]


def test_items_place_every_answer_on_its_scale() -> None:
    deals = deals_of([0.5, 1.25, 2.75, None, 3.5, 9.0, 4.5, 8.25])
    scales = scales_of(deals)
    items = whole_items(deals.answers, deals.survey, scales)
    known = items.codes[:, 0] < items.levels[0]
    assert known.tolist() == [True, True, True, False, True, True, True, True]
    assert items.levels[0] == len(scales["x"].labels)
    assert items.value[0, : items.levels[0]].tolist() == scales["x"].values.tolist()


FINITE = st.floats(-1e100, 1e100)
NUMBERS = st.one_of(
    st.lists(FINITE, min_size=2, max_size=40),
    st.lists(st.integers(-(10**18), 10**18), min_size=2, max_size=40),
    st.lists(st.decimals(0, 3, places=3).map(float), min_size=2, max_size=40),
)


@settings(deadline=None, max_examples=150)
@given(NUMBERS)
def test_whatever_the_numbers_the_answers_part_them(numbers: list[float]) -> None:
    scale = scale_of(numbers)
    assert len(set(scale.labels)) == len(scale.labels)
    assert scale.edges[0] == -math.inf and scale.edges[-1] == math.inf
    assert (np.diff(scale.edges) > 0).all()
    assert np.isfinite(scale.values).all() and (np.diff(scale.values) > 0).all()
    assert len(scale.labels) <= 11
    answers = deals_of(numbers).answers["x"]
    places = scale.read(answers)
    for text, place in zip(answers.astype(str), places, strict=True):
        assert scale.edges[place] <= float(text) < scale.edges[place + 1]
