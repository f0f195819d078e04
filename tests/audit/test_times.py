"""Dates and people: hindsight, quarters, cohorts, reps, and the test of whether win rates differ."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2

from qualify.audit.audit import Audit, audit_deals
from qualify.audit.finding import heterogeneity, tally
from qualify.deals import read_deals
from qualify.survey import Answer, Characteristic, Columns, Outcomes, Survey


def table(**columns: object) -> pd.DataFrame:
    """Deals of which every second was won."""
    frame = pd.DataFrame({"Status": ["Won", "Lost"] * 120, "Budget": ["No", "Yes", "Yes", "No"] * 60})
    return frame.assign(**columns)


def audited(frame: pd.DataFrame, **columns: str) -> Audit:
    answers = (Answer(value="No"), Answer(value="Yes"))
    survey = Survey(
        columns=Columns(outcome="Status", **columns),
        outcomes=Outcomes(won=("Won",), lost=("Lost",), open=("Open",)),
        characteristics=(Characteristic(name="Budget", column="Budget", kind="yes_no", answers=answers),),
    )
    return audit_deals(read_deals(frame, survey))


def about(audit: Audit, words: str) -> pd.DataFrame:
    return audit.findings[audit.findings["what"].str.contains(words, regex=False)]


def one(audit: Audit, words: str) -> pd.Series:
    found = about(audit, words)
    assert len(found) == 1, audit.findings["what"].tolist()
    return found.iloc[0]


@pytest.mark.parametrize(("late", "severity"), [(10, "warn"), (200, "stop")])
def test_answers_given_after_the_close(late: int, severity: str) -> None:
    closed = pd.Series(pd.Timestamp("2024-05-10"), index=range(240))
    surveyed = closed.where(closed.index >= late, pd.Timestamp("2024-05-11"))
    surveyed.iloc[-1] = pd.Timestamp("2024-05-10 17:00")  # the same day is not after
    frame = table(Closed=closed, Surveyed=surveyed)
    found = one(audited(frame, close_date="Closed", survey_date="Surveyed"), "after they had closed")
    assert (found["severity"], found["deals"]) == (severity, late)


def test_dates_that_are_missing_or_out_of_order() -> None:
    closed = pd.Series(pd.Timestamp("2024-05-10"), index=range(240))
    closed[:6] = pd.NaT
    created = pd.Series(pd.Timestamp("2024-01-10"), index=range(240))
    created[10:12] = pd.Timestamp("2025-01-01")
    frame = table(Closed=closed, Created=created)
    audit = audited(frame, close_date="Closed", created_date="Created")
    assert one(audit, "without a close date")["deals"] == 6
    assert one(audit, "closed before they were created")["deals"] == 2
    assert one(audit, "There is no survey date")["severity"] == "note"


def test_the_win_rate_by_quarter_and_whether_it_moves() -> None:
    days = pd.to_datetime(["2023-11-05", "2024-02-01", "2024-04-30", "2024-08-01"]).repeat(60)
    falling = np.concatenate([np.where(np.arange(60) < won, "Won", "Lost") for won in (45, 36, 24, 15)])
    audit = audited(table(Closed=days, Status=falling), close_date="Closed")
    assert audit.quarters["quarter"].tolist() == ["2023 Q4", "2024 Q1", "2024 Q2", "2024 Q3"]
    assert audit.quarters["won"].tolist() == [45, 36, 24, 15]
    assert audit.quarters["win_rate"].tolist() == [0.75, 0.6, 0.4, 0.25]
    assert (audit.quarters["win_rate_low"] < audit.quarters["win_rate"]).all()
    found = one(audit, "differs between quarters")
    assert (
        found["severity"] == "warn"
        and "from 25% (15 of 60 deals) in 2024 Q3 to 75% (45 of 60 deals) in 2023 Q4" in found["what"]
    )
    steady = audited(table(Closed=days), close_date="Closed")
    assert about(steady, "differs between quarters").empty


def test_no_close_date_gives_an_empty_table_of_the_same_columns() -> None:
    audit = audited(table())
    assert list(audit.quarters) == ["quarter", "n", "won", "win_rate", "win_rate_low", "win_rate_high"]
    assert list(audit.cohorts) == ["quarter", "n", "open", "won", "win_rate"]
    assert audit.quarters.empty and audit.cohorts.empty


def test_reps_who_win_more() -> None:
    rep = np.where(np.arange(240) % 2 == 0, "Ann", "Bob")
    rep[::10] = "Bob"
    found = one(audited(table(Rep=rep), rep="Rep"), "differs between reps")
    assert found["severity"] == "note"
    assert "17% (24 of 144 deals) for Bob to 100% (96 of 96 deals) for Ann" in found["what"]
    alike = np.where(np.arange(240) % 4 < 2, "Ann", "Bob")
    assert about(audited(table(Rep=alike), rep="Rep"), "differs between reps").empty


def test_open_deals_and_their_cohorts() -> None:
    created = pd.Series(pd.Timestamp("2024-01-10"), index=range(240))
    created[200:] = pd.Timestamp("2024-07-10")
    frame = table(Created=created)
    frame.loc[210:, "Status"] = "Open"
    audit = audited(frame, created_date="Created")
    assert one(audit, "still open")["deals"] == 30
    assert audit.cohorts.to_dict("list") == {
        "quarter": ["2024 Q1", "2024 Q3"],
        "n": [200, 40],
        "open": [0, 30],
        "won": [100, 5],
        "win_rate": [0.5, 0.5],
    }


def test_heterogeneity_is_pearsons_test() -> None:
    counts = pd.DataFrame({"n": [40, 50, 60], "won": [10, 25, 45]}, index=list("abc"))
    expected = 80 / 150
    statistic = sum(
        (won - n * expected) ** 2 / (n * expected)
        + ((n - won) - n * (1 - expected)) ** 2 / (n * (1 - expected))
        for n, won in zip(counts["n"], counts["won"], strict=True)
    )
    p_value, groups = heterogeneity(counts, in_order=False)
    assert groups == 3 and p_value == pytest.approx(chi2.sf(statistic, 2))


def test_small_groups_are_joined_or_left_out() -> None:
    counts = pd.DataFrame({"n": [40, 3, 3, 60], "won": [20, 1, 2, 30]})
    assert heterogeneity(counts, in_order=False)[1] == 2
    joined = pd.DataFrame({"n": [40, 66], "won": [20, 33]})
    assert heterogeneity(counts, in_order=True) == heterogeneity(joined, in_order=True)
    assert np.isnan(heterogeneity(counts.iloc[1:3], in_order=True)[0])
    assert np.isnan(heterogeneity(counts.assign(won=0), in_order=True)[0])


def test_the_quarter_test_keeps_its_level() -> None:
    rng = np.random.default_rng(11)
    sizes = np.array([30, 8, 25, 40, 3, 35])
    found = [
        heterogeneity(pd.DataFrame({"n": sizes, "won": rng.binomial(sizes, 0.4)}), in_order=True)[0] < 0.05
        for _ in range(2000)
    ]
    assert 0.03 < np.mean(found) < 0.07


def test_deals_without_a_label_do_not_count() -> None:
    counts = tally(pd.Series(["b", None, "a", "b"]), pd.Series([True, True, False, False]))
    assert counts.to_dict("index") == {"a": {"n": 1, "won": 0}, "b": {"n": 2, "won": 1}}
