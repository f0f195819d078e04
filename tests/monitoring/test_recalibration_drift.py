"""Drift between two periods: answers, unknown ones, what goes with winning, reps; and changes in words."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from mixed_deals import MIXED, asked, deals_of, mixed
from recalibration_quarters import in_use, past, quarter, quarter_frame

import qualify as ql
from qualify.errors import InvalidArgument
from qualify.monitoring.answer_counts import count_like
from qualify.monitoring.changes import changes_between
from qualify.monitoring.drift import drift_table, period_test
from qualify.monitoring.new_deals import pool
from qualify.monitoring.rep_drift import rep_table
from qualify.monitoring.words import drift_words

HOW = {"replicates": 499, "level": 0.95}


def drifts(deals: ql.Deals, history: ql.Deals | None = None) -> pd.DataFrame:
    found = drift_table(in_use(), deals, history, rng=np.random.default_rng(0), **HOW)
    return found.set_index("characteristic")


def with_answers(name: str, answers: pd.Series) -> ql.Deals:
    return ql.read_deals(quarter_frame(300).assign(**{name: answers}), past().survey)


# Answers ---------------------------------------------------------------------


def test_answers_are_counted_as_the_criteria_count_them() -> None:
    """A fine score among them: ranges, whole numbers, words and unknown."""
    deals = deals_of(mixed(), *MIXED)
    criteria = ql.refine_criteria(deals, replicates=20)
    again = count_like(criteria.answers, deals)
    pd.testing.assert_frame_equal(again, criteria.answers)
    twice = count_like(criteria.answers, pool(deals, deals))
    assert (twice["n"] == 2 * criteria.answers["n"]).all()


def test_nothing_drifts_where_nothing_has_changed() -> None:
    assert drifts(quarter(300))["finding"].eq("").all()
    assert drifts(quarter(300), past())["finding"].eq("").all()


def test_counts_and_history_of_the_same_deals_say_the_same() -> None:
    columns = ["n_then", "psi", "unknown_then", "chi2", "df", "p_value"]
    deals = quarter(150)
    pd.testing.assert_frame_equal(drifts(deals)[columns], drifts(deals, past())[columns])


def test_answers_that_move_are_found_and_the_index_is_its_formula() -> None:
    rng = np.random.default_rng(1)
    table = drifts(
        with_answers("Timeline", pd.Series(rng.choice(["Forced date", "This year"], 300, p=[0.8, 0.2])))
    )
    row = table.loc["Timeline"]
    assert row["psi"] > row["psi_limit"] > 0
    assert row["psi_q"] <= 0.02  # as small as 499 draws and twelve questions allow
    assert "answers have moved much" in row["finding"]
    then = in_use().answers.query("characteristic == 'Champion'")["n"].to_numpy(float)
    now = (
        count_like(in_use().answers, quarter(300)).query("characteristic == 'Champion'")["n"].to_numpy(float)
    )
    a, e = now / now.sum(), then / then.sum()
    assert table.loc["Champion", "psi"] == pytest.approx(((a - e) * np.log(a / e)).sum())


def test_a_question_that_nobody_answers_any_more_is_found() -> None:
    frame = quarter_frame(300)
    hidden = frame["Budget confirmed"].where(np.arange(300) % 3 > 0, "Unknown")
    row = drifts(with_answers("Budget confirmed", hidden)).loc["Budget confirmed"]
    assert "unknown more often" in row["finding"]
    assert row["unknown_low"] > 0
    assert row["unknown_moved"] == pytest.approx(row["unknown_now"] - row["unknown_then"])


def test_answers_never_given_before_are_named() -> None:
    survey = (asked("Size", "ordered", "XS", "S", "M", "L", "XL"), *MIXED[:3])
    frame = mixed()
    criteria = ql.refine_criteria(deals_of(frame, *survey), replicates=20)
    later = mixed(seed=3).assign(Size=lambda one: one["Size"].replace("S", "XS"))
    deals = deals_of(later, *survey)
    table = drift_table(criteria, deals, None, rng=np.random.default_rng(0), **HOW)
    row = table.set_index("characteristic").loc["Size"]
    assert row["new_answers"] == "XS"
    assert "never given before: XS" in row["finding"]
    assert np.isfinite(row["psi"])


# What goes with winning ------------------------------------------------------


def counts(rows: list[tuple[str, int, int]]) -> pd.DataFrame:
    """Answer, deals, won."""
    return pd.DataFrame(rows, columns=["answer", "n", "won"])


def test_a_question_by_period_has_the_ratio_of_two_odds_ratios() -> None:
    """Log odds ratio 1.4 then and 0 now; half a deal in each cell is what Firth adds at saturation."""
    then = counts([("No", 200, 50), ("Yes", 200, 114), ("unknown", 0, 0)])
    now = counts([("No", 200, 80), ("Yes", 200, 80), ("unknown", 0, 0)])
    test = period_test(asked("Q", "yes_no", "No", "Yes"), then, now, 5.0)
    assert test.df == 1
    ratio = np.log((114.5 / 86.5) / (50.5 / 150.5)) - 0.0
    error = np.sqrt(sum(1 / cell for cell in (114.5, 86.5, 50.5, 150.5, 80.5, 120.5, 80.5, 120.5)))
    assert test.chi2 == pytest.approx((ratio / error) ** 2, rel=0.03)  # Wald's and the ratio's agree nearly
    same = period_test(asked("Q", "yes_no", "No", "Yes"), then, then, 5.0)
    assert same.chi2 == pytest.approx(0.0, abs=1e-8)


def test_too_few_won_deals_in_a_period_are_no_test() -> None:
    then = counts([("No", 200, 50), ("Yes", 200, 114), ("unknown", 0, 0)])
    few = counts([("No", 20, 4), ("Yes", 20, 5), ("unknown", 0, 0)])
    assert np.isnan(period_test(asked("Q", "yes_no", "No", "Yes"), then, few, 5.0).p_value)


def test_tests_by_period_reject_seldom_where_nothing_changes() -> None:
    rng = np.random.default_rng(2)
    question, rates = asked("Q", "choice", "a", "b", "c"), np.array([0.2, 0.4, 0.6, 0.3])

    def drawn(n: int) -> pd.DataFrame:
        size = rng.multinomial(n, [0.3, 0.3, 0.3, 0.1])
        return counts(list(zip(["a", "b", "c", "unknown"], size, rng.binomial(size, rates), strict=True)))

    p_values = np.array([period_test(question, drawn(450), drawn(120), 5.0).p_value for _ in range(300)])
    assert np.mean(p_values < 0.05) < 0.09  # three standard errors above
    assert np.mean(p_values < 0.5) == pytest.approx(0.5, abs=0.1)


# Reps ------------------------------------------------------------------------


def test_a_rep_who_inflates_answers_is_found() -> None:
    frame = quarter_frame(400)
    mine = frame["Rep"].eq("Anna")
    best = {
        name: in_use().points.query("characteristic == @name").set_index("answer")["points"].idxmax()
        for name in ("Champion", "Pain quantified", "Timeline")
    }
    inflated = frame.assign(**{name: frame[name].mask(mine, answer) for name, answer in best.items()})
    table = rep_table(in_use(), ql.read_deals(inflated, past().survey), past(), 0.95).set_index("rep")
    assert table["q_value"].idxmin() == "Anna"
    assert table.loc["Anna", "q_value"] < 0.001
    assert table.loc["Anna", "moved_low"] > 0
    nothing = drifts(quarter(400)).reset_index()
    assert "Anna gives" in drift_words(nothing, table.reset_index(), 0.05)


def test_generosity_is_what_a_rep_gives_above_others_to_deals_that_end_alike() -> None:
    deals = quarter(300)
    found = rep_table(in_use(), deals, None, 0.95).set_index("rep")
    score, won = in_use().score(deals.answers), deals.won.astype(float)
    design = np.column_stack([np.ones(deals.n), deals.closed["rep"].eq("Ben"), won])
    wanted = np.linalg.lstsq(design.astype(float), score.to_numpy(float), rcond=None)[0][1]
    assert found.loc["Ben", "generosity"] == pytest.approx(wanted)
    assert found["moved"].isna().all()
    assert (found["n_then"] == 0).all()


def test_without_reps_there_is_nothing_to_say_of_them() -> None:
    survey = replace(past().survey, columns=replace(past().survey.columns, rep=None))
    deals = ql.read_deals(quarter_frame(60), survey)
    assert rep_table(in_use(), deals, None, 0.95).empty


# Two periods together --------------------------------------------------------


def test_two_periods_put_together_hold_all_answers_in_order() -> None:
    earlier, later = deals_of(mixed(100), *MIXED), deals_of(mixed(80, seed=9), *MIXED)
    both = pool(earlier, later)
    assert both.n == 180
    assert both.closed.index.is_unique
    numbers = list(both.answers["Price"].cat.categories)
    assert numbers[-1] == "unknown"
    assert numbers[:-1] == sorted(numbers[:-1], key=float)
    for name in both.survey.names:
        texts = [*earlier.answers[name].astype(str), *later.answers[name].astype(str)]
        assert both.answers[name].astype(str).tolist() == texts
    ql.refine_criteria(both, replicates=20)


def test_history_of_another_survey_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="same survey"):
        ql.recalibrate(in_use(), quarter(60), history=deals_of(mixed(), *MIXED))


# Changes in words ------------------------------------------------------------


def test_changes_are_told_in_plain_words() -> None:
    before = in_use()
    points = before.points.copy()
    source = points["characteristic"].eq("Source")
    competitor = points["characteristic"].eq("Competitor present") & points["answer"].eq("Yes")
    worst = int(points.loc[competitor, "points"].iloc[0])
    points.loc[points["characteristic"].eq("Competitor present") & ~competitor, "points"] += 1
    after = replace(before, points=points[~source].reset_index(drop=True), version="2")
    words = changes_between(before, after)["change"].tolist()
    assert "stop asking Source" in words
    most = int(before.points.query("characteristic == 'Competitor present'")["points"].max())
    moved = f"Competitor present, Yes: from {worst - most} to {worst - most - 1}".replace("-", "−")
    assert moved in words
    assert "start asking Source" in changes_between(after, before)["change"].tolist()


def test_zones_gates_and_probabilities_that_move_are_told() -> None:
    before = in_use()
    gates = pd.DataFrame(
        {
            "characteristic": ["Timeline"],
            "answer": ["unknown"],
            "low": np.nan,
            "high": np.nan,
            "n": [40],
            "won": [1],
            "win_rate_high": [0.1],
        }
    )
    bands = before.bands.assign(score_high=before.bands["score_high"] + [1, 0, 0])
    chance = before.probabilities.assign(probability=lambda one: one["probability"] / 2)
    changes = changes_between(before, replace(before, gates=gates, bands=bands, probabilities=chance))
    assert changes["what"].unique().tolist() == ["gate", "zone", "probability"]
    assert changes["change"].iloc[0] == "Timeline, unknown: stops a deal (at most 10% won)"
    assert changes_between(before, before).empty


def test_a_gate_whose_deals_are_won_is_called_into_question() -> None:
    gates = pd.DataFrame(
        {
            "characteristic": ["Competitor present"],
            "answer": ["Yes"],
            "low": np.nan,
            "high": np.nan,
            "n": [90],
            "won": [2],
            "win_rate_high": [0.08],
        }
    )
    gated = replace(in_use(), gates=gates)
    deals = quarter(300)
    found = ql.recalibrate(gated, deals, replicates=99)
    stopped = deals.answers["Competitor present"].eq("Yes")
    row = found.gates.iloc[0]
    assert (row["n"], row["won"]) == (stopped.sum(), deals.won[stopped].sum())
    assert not row["holds"]
    assert "Look at it again" in found.summary
    assert "took no part in the tests" in found.summary
    assert found.scores.loc[stopped[stopped].index, "probability"].max() <= 0.08
