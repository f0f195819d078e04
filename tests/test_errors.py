"""Errors tell every problem with its mend, and survive being sent between processes."""

from __future__ import annotations

import pickle

import pytest

from qualify.errors import (
    InvalidArgument,
    InvalidCriteria,
    InvalidDeals,
    InvalidSurvey,
    NotEnoughDeals,
    Problem,
    QualifyError,
    QualifyWarning,
    check_choice,
    check_level,
    check_positive,
    did_you_mean,
    short,
)


def many(count: int) -> list[Problem]:
    return [Problem(reason="wrong", mend=f"mend {row}", column="A", row=row) for row in range(count)]


def test_first_twenty_are_printed_and_all_are_kept():
    error = InvalidDeals(many(25), "deals.csv does not fit:")
    lines = str(error).splitlines()
    assert lines[0] == "deals.csv does not fit:"
    assert lines[20] == "  - column A, row 19: wrong; mend 19"
    assert lines[21] == "  ... and 5 more (all in .problems)"
    assert len(lines) == 22
    assert len(error.problems) == 25


def test_exactly_twenty_say_nothing_of_more():
    assert "more" not in str(InvalidDeals(many(20)))


def test_every_error_is_a_value_error_and_one_problem_is_the_message():
    error = QualifyError("no such thing")
    assert isinstance(error, ValueError)
    assert str(error) == "no such thing"
    assert error.problems == (Problem(reason="no such thing", mend=""),)


@pytest.mark.parametrize(
    "kind", [InvalidArgument, InvalidCriteria, InvalidDeals, InvalidSurvey, NotEnoughDeals]
)
def test_every_kind_is_caught_as_one(kind):
    with pytest.raises(QualifyError, match="too few"):
        raise kind(Problem(reason="too few", mend="wait"))
    assert issubclass(QualifyWarning, UserWarning)


def test_errors_survive_pickling():
    error = pickle.loads(pickle.dumps(InvalidDeals(many(3), "head:")))
    assert type(error) is InvalidDeals
    assert error.problems == tuple(many(3))
    assert str(error).startswith("head:")


@pytest.mark.parametrize("level", [0, 1, 1.5, -0.1, float("nan"), "0.9", None, True])
def test_levels_outside_are_refused(level):
    with pytest.raises(InvalidArgument, match="`level` of `f` must lie in"):
        check_level(level, where="f")


def test_a_percentage_is_answered_with_its_share():
    with pytest.raises(InvalidArgument, match=r"got 95\. Did you mean 0\.95\?"):
        check_level(95, where="f")
    with pytest.raises(InvalidArgument, match="`q` of `f`"):
        check_level(2, where="f", name="q")


def test_positive_numbers():
    assert check_positive(2.5, name="n", where="f") == 2.5
    assert check_positive(3, name="n", where="f", whole=True) == 3
    for wrong in (0, -1, float("inf"), "3", True):
        with pytest.raises(InvalidArgument, match="`n` of `f` must be a number above 0"):
            check_positive(wrong, name="n", where="f")
    with pytest.raises(InvalidArgument, match="whole number"):
        check_positive(2.5, name="n", where="f", whole=True)


def test_choices_offer_the_nearest():
    assert check_choice("a", ("a", "b"), name="x", where="f") == "a"
    with pytest.raises(InvalidArgument, match="Did you mean 'ridge'"):
        check_choice("rigde", ("ridge", "firth"), name="x", where="f")


def test_near_words_ignore_case_and_say_nothing_where_none_is_near():
    assert did_you_mean("STATSU", ["Status"]) == " Did you mean Status?"
    assert did_you_mean("zzz", ["Status"]) == ""


def test_shown_values_are_short_even_when_nested_without_end():
    endless: list[object] = []
    endless.append(endless)
    assert len(short("x" * 10_000)) <= 80
    assert len(short(endless)) <= 80
    assert "\n" not in short("a\nb")
