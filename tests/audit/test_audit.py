"""The audit finds what was put into the deals, says on how many, and says nothing of what is not there."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from qualify.audit.audit import Audit, audit_deals
from qualify.audit.numbers import carried
from qualify.datasets.datasets import fetch_b2b_sales, simulate_deals
from qualify.deals import read_deals
from qualify.errors import InvalidArgument, NotEnoughDeals
from qualify.formatting.wording import counted, listed, rate
from qualify.survey import Answer, Characteristic, Columns, Outcomes, Survey
from qualify.survey.file import read_survey

COLUMNS = ["severity", "what", "where", "deals", "why", "mend"]
ROOT = Path(__file__).resolve().parents[2]


def asked(name: str, *answers: str, points: float | None = 1.0) -> Characteristic:
    kind = "yes_no" if len(answers) == 2 else "choice"
    made = tuple(Answer(value=value, points=points) for value in answers)
    return Characteristic(name=name, column=name, kind=kind, answers=made)


def survey(*characteristics: Characteristic, **columns: str) -> Survey:
    outcomes = Outcomes(won=("Won",), lost=("Lost",), no_decision=("None",), open=("Open",))
    return Survey(
        columns=Columns(outcome="Status", **columns), outcomes=outcomes, characteristics=characteristics
    )


BUDGET, NEED = asked("Budget", "No", "Yes"), asked("Need", "a", "b", "c")


def table(n: int = 240, **columns: object) -> pd.DataFrame:
    """Deals with nothing the matter: half are won, answers vary, none decides alone."""
    rng = np.random.default_rng(5)
    frame = pd.DataFrame(
        {
            "Status": np.where(np.arange(n) % 2 == 0, "Won", "Lost"),
            "Budget": rng.choice(["No", "Yes"], n),
            "Need": rng.choice(["a", "b", "c"], n),
        }
    )
    return frame.assign(**columns)


def audited(frame: pd.DataFrame, *characteristics: Characteristic, **columns: str) -> Audit:
    return audit_deals(read_deals(frame, survey(*(characteristics or (BUDGET, NEED)), **columns)))


def about(audit: Audit, words: str) -> pd.DataFrame:
    return audit.findings[audit.findings["what"].str.contains(words, regex=False)]


def one(audit: Audit, words: str) -> pd.Series:
    found = about(audit, words)
    assert len(found) == 1, audit.findings["what"].tolist()
    return found.iloc[0]


def test_sound_deals_have_notes_only() -> None:
    audit = audited(table())
    assert set(audit.findings["severity"]) <= {"note"}
    assert list(audit.findings.columns) == COLUMNS
    assert audit.findings["deals"].dtype == int
    assert repr(audit).startswith("<Audit of 240 deals (120 won): 0 stop, 0 warn, ")
    with pytest.raises(dataclasses.FrozenInstanceError):
        audit.n = 3  # type: ignore[misc]


def test_the_worst_comes_first_and_words_are_whole() -> None:
    simulated = simulate_deals(60, rng=3)
    frame = simulated.frame.assign(**{"Demo given": "Yes"})
    audit = audit_deals(read_deals(frame, simulated.survey))
    order = audit.findings["severity"].map({"stop": 0, "warn": 1, "note": 2})
    assert order.is_monotonic_increasing and order.nunique() > 1
    assert audit.findings[["what", "why", "mend"]].apply(lambda words: words.str.len().gt(10)).all(axis=None)
    assert (
        audit.findings[["what", "why", "mend"]]
        .apply(lambda words: words.str[-1].isin(list(".?")))
        .all(axis=None)
    )


@pytest.mark.parametrize(("won", "severity"), [(7, "stop"), (30, "warn")])
def test_few_won_deals(won: int, severity: str) -> None:
    status = np.where(np.arange(240) < won, "Won", "Lost")
    found = one(audited(table(Status=status)), "Only")
    assert (found["severity"], found["deals"]) == (severity, won)
    assert f"Only {won} deals of 240 were won" in found["what"]


def test_few_lost_deals_count_as_well() -> None:
    found = one(audited(table(Status=np.where(np.arange(240) < 5, "Lost", "Won"))), "Only")
    assert found["severity"] == "stop" and "5 deals of 240 were not won" in found["what"]


def test_how_many_characteristics_the_deals_carry() -> None:
    assert carried(448, 227 / 448) == pytest.approx(3 * 448 * 227 / 448 * 221 / 448 / 15)
    questions = [asked(f"Q{k}", "No", "Yes") for k in range(12)]
    answers = {f"Q{k}": np.random.default_rng(k).choice(["No", "Yes"], 100) for k in range(12)}
    found = one(audited(table(100, **answers), *questions), "parameters")
    # 100 deals at one half: m = 75, five parameters, one for each yes/no question
    assert "12 characteristics ask for 12 parameters" in found["what"]
    assert "carry about 5: some 5 characteristics" in found["what"]
    assert about(audited(table()), "parameters").empty


def test_constant_answers() -> None:
    found = one(audited(table(Budget="Yes")), "Budget")
    assert (found["severity"], found["deals"], found["where"]) == ("warn", 240, "Budget")
    assert "all 240 known answers are 'Yes'" in found["what"]


def test_answers_that_hardly_vary_show_nothing_either() -> None:
    audit = audited(table(Budget=["No"] * 3 + ["Yes"] * 237))
    assert one(audit, "nearly all known answers are 'Yes'; only 3 deals")["severity"] == "warn"


def test_nothing_varies_at_all() -> None:
    audit = audited(table(Budget="Yes", Need="?"))
    assert about(audit, "every answer is unknown")["severity"].tolist() == ["stop"]
    assert len(audit.findings.query("severity == 'stop'")) == 2


def test_rare_answers_say_with_what_they_are_pooled() -> None:
    found = one(audited(table(Need=["a"] * 3 + ["b"] * 120 + ["c"] * 117)), "rare answer ")
    assert (found["severity"], found["deals"], found["where"]) == ("note", 3, "Need")
    assert "'a' (3 deals, counted with b)" in found["what"]


def test_unknown_share_with_both_win_rates() -> None:
    frame = table()
    frame.loc[frame.index % 4 == 1, "Budget"] = "?"  # 60 deals, all of them lost
    found = one(audited(frame), "Budget: unknown")
    assert found["deals"] == 60 and found["severity"] == "warn"
    assert "unknown in 25%; win rate 0% (0 of 60 deals; 95% interval 0 to 6%) where unknown" in found["what"]
    assert "67% (120 of 180 deals; 95% interval 59 to 73%) where known" in found["what"]
    assert "Not knowing goes with losing" in found["why"]


def test_few_unknowns_are_passed_over() -> None:
    frame = table()
    frame.loc[:9, "Budget"] = ""
    assert about(audited(frame), "Budget: unknown").empty


def test_blank_surveys() -> None:
    frame = table()
    frame.loc[[1, 3, 4], ["Budget", "Need"]] = ""
    found = one(audited(frame), "nothing but unknown answers")
    assert found["deals"] == 3 and "33% (1 of 3 deals)" in found["what"]


def test_copies_and_identical_answers() -> None:
    frame = table(Need=[f"n{k}" for k in range(240)], Rep=[f"r{k}" for k in range(240)])
    frame.loc[1] = frame.loc[0]  # in everything
    frame.loc[3, ["Budget", "Need"]] = frame.loc[2, ["Budget", "Need"]]  # answers only; one is won, one lost
    many = Characteristic(
        name="Need", column="Need", kind="choice", answers=tuple(Answer(value=f"n{k}") for k in range(240))
    )
    audit = audited(frame, BUDGET, many, rep="Rep")
    copies = one(audit, "in every column read")
    assert copies["deals"] == 1 and copies["what"].startswith("1 deal repeats another")
    same = one(audit, "share all answers")
    assert same["deals"] == 4 and "2 of them are in groups that ended differently" in same["what"]


def test_copies_are_no_wonder_where_few_answers_are_possible() -> None:
    audit = audited(table())
    assert about(audit, "in every column read").empty
    assert one(audit, "share all answers")["deals"] == 240


def test_two_questions_with_one_answer() -> None:
    frame = table()
    frame["Money"] = frame["Budget"].map({"No": "N", "Yes": "J"})
    found = one(audited(frame, BUDGET, NEED, asked("Money", "N", "J")), "exactly the same")
    assert (found["severity"], found["where"], found["deals"]) == ("warn", "Budget; Money", 240)


def test_two_questions_that_say_nearly_the_same() -> None:
    frame = table()
    frame["Money"] = frame["Budget"].where(frame.index % 20 != 0, "No")
    found = one(audited(frame, BUDGET, NEED, asked("Money", "No", "Yes")), "go together closely")
    assert found["severity"] == "note" and found["where"] == "Budget; Money"


def test_no_decision_as_lost_or_left_out() -> None:
    frame = table()
    frame.loc[frame.index % 6 == 1, "Status"] = "None"
    told = survey(BUDGET, NEED)
    assert one(audit_deals(read_deals(frame, told)), "count as lost")["deals"] == 40
    leave_out = dataclasses.replace(
        told, outcomes=dataclasses.replace(told.outcomes, no_decision_as="leave_out")
    )
    found = one(audit_deals(read_deals(frame, leave_out)), "without a decision left out (17%")
    assert (found["severity"], found["deals"]) == ("warn", 40)


def test_an_answer_that_decides_alone() -> None:
    frame = table()
    frame.loc[frame["Status"] == "Lost", "Need"] = "a"
    frame.loc[frame["Status"] == "Won", "Need"] = ["b"] * 6 + ["c"] * 4 + ["a"] * 110
    found = about(audited(frame), "were won")
    assert found["deals"].tolist() == [6]  # four deals are too few to be told
    assert "Need: all 6 deals with 'b' were won" in found.iloc[0]["what"]
    assert "1.6%" in found.iloc[0]["why"]  # one half to the sixth


def test_points_given_by_hand() -> None:
    bare = asked("Need", "a", "b", "c", points=None)
    assert one(audited(table(), BUDGET, bare), "given by hand for Need")["where"] == "Need"
    assert about(audited(table()), "by hand").empty
    assert len(about(audited(table(), bare), "gives no points by hand")) == 1


def test_answers_nobody_gave() -> None:
    found = one(audited(table(Need=["a", "b"] * 120)), "no closed deal gave")
    assert found["what"] == "Answers that no closed deal gave: Need: 'c'."


def test_no_closed_deals_is_an_error_and_so_is_a_percentage() -> None:
    deals = read_deals(table(), survey(BUDGET, NEED))
    with pytest.raises(NotEnoughDeals, match="needs closed deals"):
        audit_deals(deals.subset(np.zeros(240, dtype=bool)))
    with pytest.raises(InvalidArgument, match=r"Did you mean 0\.95"):
        audit_deals(deals, level=95)


def test_the_page_is_escaped() -> None:
    hostile = "<script>alert(1)</script>\n|`"
    named = Characteristic(name=hostile, column="Budget", kind="yes_no", answers=BUDGET.answers)
    page = audited(table(Budget="Yes"), named, NEED)._repr_html_()
    assert "<script>" not in page and "&lt;script&gt;" in page


def test_the_deals_are_left_alone() -> None:
    deals = read_deals(table(), survey(BUDGET, NEED))
    before = deals.closed.copy(deep=True)
    audit_deals(deals)
    pd.testing.assert_frame_equal(deals.closed, before)


def test_order_of_rows_does_not_matter() -> None:
    simulated = simulate_deals(200, rng=4)
    first = audit_deals(read_deals(simulated.frame, simulated.survey))
    again = audit_deals(read_deals(simulated.frame.sample(frac=1, random_state=1), simulated.survey))
    pd.testing.assert_frame_equal(first.findings, again.findings)


def test_what_is_known_of_the_published_deals(real_data: Path) -> None:
    read = read_survey(ROOT / "examples" / "b2b_sales" / "survey.yaml")
    audit = audit_deals(read_deals(fetch_b2b_sales(folder=real_data), read))
    assert one(audit, "in every column read")["deals"] == 83  # as the publisher's file is known to hold
    assert one(audit, "'Direct mail' were lost")["deals"] == 16
    assert (audit.n, audit.won) == (448, 227)


def test_words_for_numbers() -> None:
    assert counted(1, "deal") == "1 deal" and counted(2000, "deal") == "2,000 deals"
    assert listed(range(12), most=3) == "0, 1, 2 and 9 more"
    assert listed(["a\n|b"]) == "a |b"
    assert rate(1, 1) == "100% (1 of 1 deal)"
