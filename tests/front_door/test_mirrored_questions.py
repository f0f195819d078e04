"""Questions that mirror the outcome are said first, in every result; honest and excused ones are not."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from mirrored_deals import IS_WON, LOSS_REASON, NEED, asked, known_only_when_won, leaks, read
from typer.testing import CliRunner

from qualify.audit import audit_deals
from qualify.cli.main import app
from qualify.criteria import refine_criteria
from qualify.criteria.file import criteria_from_dict, criteria_to_json
from qualify.datasets import simulate_deals
from qualify.deals import Deals, read_deals
from qualify.exports.markdown import criteria_to_markdown
from qualify.factors import find_factors
from qualify.study import Study, analyze
from qualify.survey import Characteristic
from qualify.survey.file import write_survey
from qualify.win_model import validate

BOTH = ("IsWon", "Loss Reason")
ADVICE = ("Ask it", "a late answer")
DECIDES = "says the outcome by itself"
LOST = f"{DECIDES}, known only after losing"


def leaking(*characteristics: Characteristic, **changes: object) -> Deals:
    return read(leaks().assign(**changes), NEED, *characteristics)


@pytest.fixture(scope="module")
def study() -> Study:
    return analyze(leaking(IS_WON, LOSS_REASON), replicates=5)


@pytest.mark.parametrize("mirrors", [(IS_WON,), (LOSS_REASON,), (IS_WON, LOSS_REASON)])
def test_leaks_are_a_stop_that_is_told_first(mirrors: tuple[Characteristic, ...]) -> None:
    audit = audit_deals(leaking(*mirrors))
    names = tuple(asked.name for asked in mirrors)
    assert audit.mirrors == names
    first = audit.findings.head(len(names))
    assert first["severity"].tolist() == ["stop"] * len(names) and tuple(first["where"]) == names
    assert first["mend"].str.startswith("Leave it out;").all()
    about = audit.findings[audit.findings["where"].isin(names)]
    assert not about["mend"].str.contains("|".join(ADVICE)).any()


def test_leaks_are_never_both_not_shown() -> None:
    for mirrors, notes in (
        ((IS_WON,), [DECIDES]),
        ((LOSS_REASON,), [LOST]),
        ((IS_WON, LOSS_REASON), [DECIDES, LOST]),
    ):
        table = find_factors(leaking(*mirrors)).table.iloc[1:]
        assert not table["verdict"].eq("not shown").any()
        assert [note.split("; ")[0] for note in table["note"]] == notes
    assert table["shares_with"].tolist() == ["Loss Reason", "IsWon"]


def test_two_equal_mirrors_are_both_named() -> None:
    twin = asked("Twin", "FALSE", "TRUE", kind="yes_no")
    deals = leaking(IS_WON, twin, Twin=leaks()["IsWon"])
    assert audit_deals(deals).mirrors == ("IsWon", "Twin")
    table = find_factors(deals).table.iloc[1:]
    assert table["verdict"].isin(["adds", "shared"]).all()
    assert table["note"].str.startswith(DECIDES).all()


def test_known_only_when_won_is_told_with_its_numbers() -> None:
    deals = known_only_when_won()
    audit = audit_deals(deals)
    assert audit.mirrors == ("Contract type", "Invoice contact")
    assert audit.findings["what"][0] == (
        "Contract type is known for 155 of 162 won deals and for none of 638 lost ones: it looks as if it "
        "were filled in after winning."
    )
    table = find_factors(deals).table.set_index("characteristic")
    assert table.loc[["Contract type", "Invoice contact"], "verdict"].eq("shared").all()


def test_the_summary_says_it_before_any_verdict(study: Study) -> None:
    headings = [part.split("\n")[0] for part in study.summary.split("\n\n")]
    assert headings[1] == "STOP: THESE QUESTIONS SAY THE OUTCOME"
    assert "WHAT COULD BE LEFT OUT OF THE SURVEY" not in headings and "MEND THIS FIRST" not in headings
    words = " ".join(study.summary.split())
    won, n = study.audit.won, study.audit.n
    assert f"all {n - won} deals with FALSE were lost, all {won} with TRUE were won." in words
    rests = "Not to be used: it rests on IsWon and Loss Reason, which say the outcome."
    tips, kept = (words.split(head)[1] for head in ("IS THERE A TIPPING POINT? ", "THE REFINED CRITERIA "))
    assert tips.startswith(rests)
    assert kept.startswith("Not to be used: it rests on ")
    assert "IsWon and Loss Reason: see above." in words and "overlaps with one another" not in words
    assert study.mirrors == BOTH


def test_criteria_carry_it_alone_and_from_their_file(study: Study) -> None:
    criteria = refine_criteria(study.deals, replicates=5)
    assert criteria.provenance["mirrors"] == list(BOTH)
    assert criteria.mirrors == tuple(name for name in criteria.kept if name in BOTH) != ()
    again = criteria_from_dict(json.loads(criteria_to_json(criteria)), "criteria")
    assert again.mirrors == criteria.mirrors
    second = criteria_to_markdown(criteria).split("\n\n")[1]
    assert second.startswith("**Do not use: ") and criteria.mirrors[0] in second


def test_validation_alone_carries_it() -> None:
    check = validate(leaking(IS_WON), replicates=5)
    assert check.notes[0] == "Not to be used: these figures rest on what says the outcome (IsWon)."


def test_known_before_silences_it() -> None:
    sure = dataclasses.replace(IS_WON, known_before=True)
    audit = audit_deals(leaking(sure, LOSS_REASON))
    assert audit.mirrors == ("Loss Reason",)
    assert not audit.findings.loc[audit.findings["where"] == "IsWon", "severity"].eq("stop").any()
    assert "mirrors" not in refine_criteria(leaking(sure), replicates=2).provenance


def dated(days_before: object, share: float = 1.0) -> tuple[str, ...]:
    """Mirrors where deals were surveyed so many days before the close, and a share of them has that date."""
    frame = leaks()
    closed = pd.Timestamp("2025-03-01") + pd.to_timedelta(np.arange(len(frame)) % 28, unit="D")
    surveyed = closed - pd.to_timedelta(np.broadcast_to(days_before, len(frame)), unit="D")
    there = np.arange(len(frame)) < share * len(frame)
    days = {
        "Closed": closed.strftime("%Y-%m-%d"),
        "Surveyed": np.where(there, surveyed.strftime("%Y-%m-%d"), ""),
    }
    frame = frame.assign(**days)
    deals = read(frame, NEED, IS_WON, close_date="Closed", survey_date="Surveyed")
    return audit_deals(deals).mirrors


def test_answers_dated_before_the_close_are_no_mirror() -> None:
    assert dated(10) == () and dated(10, share=0.95) == ()
    assert dated(10, share=0.5) == ("IsWon",)  # half the deals have no date
    assert dated(0) == ("IsWon",)
    assert dated(np.where(np.arange(200) == 7, -1, 10)) == ("IsWon",)  # one answered after the close


def with_open(known: str) -> Deals:
    """200 closed deals and 80 open ones; `known` questions are blank where a deal is open."""
    rng = np.random.default_rng(2)
    answers = rng.choice(["a", "b", "c"], (280, 3))
    frame = pd.DataFrame(answers, columns=["One", "Two", "Three"])
    frame["Result"] = np.r_[rng.choice(["Won", "Lost"], 200), np.repeat("Open", 80)]
    frame.loc[frame["Result"] == "Open", known.split()] = ""
    return read(frame, *(asked(name, "a", "b", "c") for name in ("One", "Two", "Three")))


def test_a_question_known_for_closed_deals_only_is_a_mirror_and_a_late_survey_a_warning() -> None:
    audit = audit_deals(with_open("One"))
    assert audit.mirrors == ("One",)
    assert "known for 200 of 200 closed deals and for none of 80 open ones" in audit.findings["what"][0]
    table = find_factors(with_open("One")).table
    assert table["note"][0] == "known for closed deals only" and table["verdict"][0] == "not shown"
    audit = audit_deals(with_open("One Two Three"))
    assert audit.mirrors == ()
    late = audit.findings[
        audit.findings["what"].str.startswith("3 questions of 3 are known for closed deals")
    ]
    assert late["severity"].tolist() == ["warn"]


def test_a_heading_alone_is_a_warning() -> None:
    age = asked("Age", "short", "long", kind="yes_no")
    audit = audit_deals(leaking(age, Age=np.random.default_rng(1).choice(["short", "long"], 200)))
    assert audit.mirrors == ()
    found = audit.findings[audit.findings["where"] == "Age"]
    assert (
        found["severity"].tolist()[0] == "warn"
        and "its name says that it is known only after closing" in found["what"].iloc[0]
    )


def test_sound_deals_say_nothing_of_it() -> None:
    simulated = simulate_deals(300, rng=1)
    deals = read_deals(simulated.frame, simulated.survey)
    audit = audit_deals(deals)
    assert audit.mirrors == () and not audit.findings["severity"].eq("stop").any()
    provenance = refine_criteria(deals, replicates=2).provenance
    assert not {"mirrors", "against_direction"} & set(provenance)


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    deals = leaking(IS_WON, LOSS_REASON)
    write_survey(deals.survey, tmp_path / "survey.yaml")
    leaks().to_csv(tmp_path / "deals.csv", index=False)
    named = [tmp_path / "deals.csv", "--survey", tmp_path / "survey.yaml", "--out", tmp_path / "results"]
    return ["analyze", *map(str, named), "--replicates", "2"]


def test_the_command_says_it_before_the_summary(files: list[str]) -> None:
    result = CliRunner().invoke(app, files)
    assert result.exit_code == 0
    assert "STOP: IsWon decides the outcome by itself: all " in result.stderr
    assert result.output.index("STOP: IsWon") < result.output.index("STOP: THESE QUESTIONS")


def test_strict_ends_with_2_and_writes_nothing(files: list[str], tmp_path: Path) -> None:
    result = CliRunner().invoke(app, [*files, "--strict"])
    assert result.exit_code == 2 and result.stdout == ""
    assert (
        "IsWon" in result.stderr and "Loss Reason" in result.stderr and "known_before: true" in result.stderr
    )
    assert not (tmp_path / "results").exists()


def test_strict_lets_sound_deals_pass(files: list[str], tmp_path: Path) -> None:
    write_survey(leaking(asked("Budget", "No", "Yes", kind="yes_no")).survey, tmp_path / "survey.yaml")
    result = CliRunner().invoke(app, [*files, "--strict"])
    assert result.exit_code == 0 and "STOP" not in result.output
    assert (tmp_path / "results" / "criteria.md").is_file()
