"""Questions that say the outcome, or are known only after it: named first, never hidden by one another."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import qualify as ql
from qualify.cli.main import app
from qualify.survey.mirrors import mirror_by_data, mirror_by_name

HONEST = [
    "Champion",
    "Budget approved?",
    "Stage of the buyer's journey",
    "Age of current system",
    "Decision process known",
    "Reason to buy now",
    "Competitor won before",
    "Lead Source",
    "Type",
    "Close Date",
    "Closing plan agreed",
    "Probability of staff changes",
    "Order volume known",
    "Status of the proof of concept",
    "Win theme clear",
]
NAMED = [
    "IsWon",
    "Is Closed Won",
    "Won",
    "Closed",
    "Loss Reason",
    "Closed Lost Reason",
    "Probability (%)",
    "Deal probability",
    "Forecast Category",
    "Stage",
    "Deal Stage",
    "StageName",
    "Age",
    "Days to close",
    "Actual Revenue",
    "Verlustgrund",
    "Abschlusswahrscheinlichkeit",
    "Raison de la perte",
    "Motivo de pérdida",
    "Motivo della perdita",
    "Reden verlies",
]


def test_leaks_are_known_by_name() -> None:
    assert not [heading for heading in HONEST if mirror_by_name(heading)]
    assert not [heading for heading in NAMED if not mirror_by_name(heading)]


def counts_of(answers: np.ndarray, won: np.ndarray, levels: int) -> np.ndarray:
    counts = np.zeros((levels + 1, 3), dtype=np.int64)
    np.add.at(counts, (answers, np.where(won, 0, 1)), 1)
    return counts


@pytest.mark.parametrize("levels", [2, 5, 20, 60])
@pytest.mark.parametrize("n", [24, 60, 200, 800])
def test_noise_and_honest_predictors_are_no_mirrors(n: int, levels: int) -> None:
    rng = np.random.default_rng([n, levels])
    called = 0
    for _ in range(200):
        score = rng.normal(size=n)
        answers = np.minimum((levels * (np.argsort(np.argsort(score)) / n)).astype(int), levels - 1)
        noise = rng.random(n) < 0.4
        strong = rng.random(n) < 1 / (1 + np.exp(-2.2 * score))  # an AUC of about .9
        for won in (noise, strong):
            for ordered in (False, True):
                called += mirror_by_data(counts_of(answers, won, levels), ordered=ordered) is not None
    assert called <= 8  # 1 % of 800


def test_mirrors_are_found_by_their_data() -> None:
    rng = np.random.default_rng(1)
    won = rng.random(200) < 0.4
    flags = np.where(rng.random(200) < 0.01, ~won, won).astype(int)
    found = mirror_by_data(counts_of(flags, won, 2))
    assert found is not None and found.kind == "decides"
    only_lost = np.where(won, 4, rng.integers(0, 4, 200))
    found = mirror_by_data(counts_of(only_lost, won, 4))
    assert found is not None and found.kind == "only after losing"
    assert "it looks as if it were filled in after losing" in found.in_words("Loss Reason")
    revenue = np.where(won, rng.integers(100, 200, 200), rng.integers(0, 90, 200))
    assert mirror_by_data(counts_of(revenue, won, 200)) is None  # each number occurs once or twice
    assert mirror_by_data(counts_of(revenue, won, 200), ordered=True) is not None
    counts = np.array([[40, 30, 0], [30, 40, 0], [5, 5, 60]])
    found = mirror_by_data(counts)
    assert found is not None and found.kind == "only closed"


def team(n: int = 300, seed: int = 5) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    need = rng.integers(1, 6, n)
    won = rng.random(n) < 1 / (1 + np.exp(-(need - 3.2)))
    return pd.DataFrame(
        {
            "Status": np.where(won, "Won", "Lost"),
            "Need": need,
            "Source": rng.choice(["Web", "Fair"], n),
            "Signed": np.where(won, "TRUE", "FALSE"),
            "Remark": np.where(won, "", rng.choice(["Price", "Timing"], n)),
        }
    )


def asked_all(frame: pd.DataFrame) -> ql.Survey:
    asked = ql.infer_survey(frame.drop(columns=["Signed", "Remark"]), outcome="Status")
    more = (
        ql.Characteristic(
            name="Signed",
            column="Signed",
            kind="yes_no",
            answers=(ql.Answer(value="FALSE"), ql.Answer(value="TRUE")),
        ),
        ql.Characteristic(
            name="Remark",
            column="Remark",
            kind="choice",
            answers=(ql.Answer(value="Price"), ql.Answer(value="Timing")),
        ),
    )
    return ql.Survey(
        columns=asked.columns, outcomes=asked.outcomes, characteristics=(*asked.characteristics, *more)
    )


def test_leaks_are_left_out_of_drafts_and_said_first() -> None:
    survey = ql.infer_survey(team(), outcome="Status")
    assert survey.names == ("Need", "Source")
    assert [note.split(":")[0] for note in survey.notes[:2]] == ["Signed", "Remark"]
    assert list(survey.decisions["decision"][:2]) == ["mirror", "mirror"]


def test_known_only_when_won_stops_the_audit_and_hides_nothing() -> None:
    frame = team()
    deals = ql.read_deals(frame, asked_all(frame))
    audit = ql.audit_deals(deals)
    assert audit.mirrors == ("Signed", "Remark")
    stops = audit.findings[audit.findings["severity"] == "stop"]
    assert list(stops["where"]) == ["Signed", "Remark"] and list(audit.findings["where"][:2]) == [
        "Signed",
        "Remark",
    ]
    about = audit.findings[audit.findings["where"].isin(audit.mirrors)]
    assert not about["mend"].str.contains("early").any()
    table = ql.find_factors(deals).table.set_index("characteristic")
    assert (table.loc[["Signed", "Remark"], "verdict"] != "not shown").all()
    assert table.loc[["Signed", "Remark"], "note"].str.startswith("says the outcome by itself").all()


def test_the_study_and_the_criteria_say_so_before_any_verdict() -> None:
    frame = team()
    study = ql.analyze(ql.read_deals(frame, asked_all(frame)), replicates=10)
    assert study.mirrors == ("Signed", "Remark") == study.criteria.mirrors
    start = study.summary.index("Signed decides the outcome by itself")
    assert start < study.summary.index("WHAT GOES WITH WINNING")
    assert "Not to be used: it rests on Signed" in study.summary.replace("\n", " ")
    from qualify.exports.markdown import criteria_to_markdown

    assert criteria_to_markdown(study.criteria).splitlines()[2].startswith("**Do not use: Signed")


def test_a_question_known_before_the_outcome_is_kept() -> None:
    frame = team()
    data = asked_all(frame).to_dict()
    for entry in data["characteristics"][-2:]:
        entry["known_before"] = True
    deals = ql.read_deals(frame, ql.Survey.from_dict(data))
    assert ql.audit_deals(deals).mirrors == ()
    dated = frame.assign(Asked="2024-01-01", Closed="2024-05-01")
    columns = asked_all(frame).to_dict()
    columns["columns"] |= {"survey_date": "Asked", "close_date": "Closed"}
    assert ql.audit_deals(ql.read_deals(dated, ql.Survey.from_dict(columns))).mirrors == ()


def test_the_command_line_says_it_and_strict_refuses(tmp_path: Path) -> None:
    frame = team()
    frame.to_csv(tmp_path / "deals.csv", index=False)
    ql.write_survey(asked_all(frame), tmp_path / "survey.yaml")
    given = [
        "analyze",
        str(tmp_path / "deals.csv"),
        "--survey",
        str(tmp_path / "survey.yaml"),
        "--out",
        str(tmp_path / "out"),
    ]
    refused = CliRunner().invoke(app, [*given, "--strict"])
    assert refused.exit_code == 2 and "Signed decides the outcome" in refused.stderr
    assert not (tmp_path / "out").exists()
    told = CliRunner().invoke(app, [*given, "--replicates", "5"], color=True)
    assert told.exit_code == 0 and "\x1b[31mSTOP: Signed" in told.stderr


def test_clean_deals_carry_no_mirrors() -> None:
    simulated = ql.simulate_deals(300, rng=1)
    deals = ql.read_deals(simulated.frame, simulated.survey)
    assert ql.audit_deals(deals).mirrors == ()
    assert "mirrors" not in ql.refine_criteria(deals, replicates=5).provenance


def test_a_direction_that_the_deals_contradict_is_said() -> None:
    frame = team()[["Status", "Need", "Source"]]
    data = ql.infer_survey(frame, outcome="Status").to_dict()
    data["characteristics"][0]["direction"] = "against"
    study = ql.analyze(ql.read_deals(frame, ql.Survey.from_dict(data)), replicates=5)
    note = study.factors.table.set_index("characteristic").loc["Need", "note"]
    assert note.startswith("goes with winning, and the survey expects losing")
    summary = study.summary.replace("\n", " ")
    assert "AGAINST THE EXPECTED DIRECTION" in summary and "points rise from" in summary
