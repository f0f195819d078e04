"""Outcome words: understood in seven languages, or asked about; never taken as lost without being told."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

import qualify as ql
from qualify.cli.main import app
from qualify.errors import InvalidArgument, InvalidDeals
from qualify.survey.outcome_words import heading_says, meaning_of, says_yes

WON = [
    "We won it",
    "Won",
    "closed won",
    "Closed Won (Sales Pipeline)",
    "06 - Closed Won",
    "Gewonnen",
    "Gagnée",
    "Cerrada ganada",
    "Chiuso vinto",
    "Fechado ganho",
    "Closed (Won)",
    "Won - Upsell",
    "WIN",
]
LOST = [
    "Lost",
    "Closed Lost",
    "Closed Lost to Competition",
    "Verloren",
    "Perdu",
    "Perdida",
    "Chiusa persa",
    "Perdido",
    "Lost: price",
    "Closed Lost (EMEA)",
    "Loss",
]
OPEN = [
    "Prospecting",
    "Qualification",
    "Needs Analysis",
    "Value Proposition",
    "Id. Decision Makers",
    "Perception Analysis",
    "Proposal/Price Quote",
    "Negotiation/Review",
    "In Progress",
    "Pending",
    "On Hold",
    "Commit",
    "Discovery",
    "Appointment Scheduled",
    "Qualified To Buy",
    "Contract Sent",
    "Offen",
    "In Bearbeitung",
    "Angebot abgegeben",
    "En cours",
    "Devis envoyé",
    "En curso",
    "Negociación",
    "In corso",
    "Trattativa",
    "Em andamento",
    "Lopend",
    "Onderhandeling",
    "Proposal (60%)",
    "Open (new pipeline)",
]
UNDECIDED = [
    "No Decision",
    "Closed - No Decision",
    "Lost - No Decision",
    "Keine Entscheidung",
    "Sans décision",
    "Sin decisión",
    "Nessuna decisione",
    "Sem decisão",
    "Geen beslissing",
]
ASKED = [
    "Abandoned",
    "Cancelled",
    "Duplicate",
    "Omitted",
    "Out-Sold",
    "Rejected",
    "Disqualified",
    "Unqualified",
    "Closed",
    "Not won",
    "nicht gewonnen",
    "Won't close",
    "Won/Lost",
    "Verbal win",
    "Stage 2",
    "Dead",
    "Proposal (lost)",
    "#N/A",
    "Competitor won",
    "Won by competitor",
    "Won (Wettbewerber)",
    "Other won",
    "won?",
    "Closed Won - Cancelled",
    "Closed - Lost - Reopened",
    "Closed Lost - Duplicate",
]


@pytest.mark.parametrize(
    ("words", "meaning"),
    [(WON, "won"), (LOST, "lost"), (OPEN, "open"), (UNDECIDED, "no decision"), (ASKED, None)],
)
def test_words_mean_what_they_say_or_nothing(words: list[str], meaning: str | None) -> None:
    assert {word: meaning_of(word) for word in words} == dict.fromkeys(words, meaning)


def test_a_suggestion_follows_the_words_of_a_phrase() -> None:
    rows = [["We have lost them"], ["They won"], ["Won with Bo"], ["Open with Ann"]]
    table = pd.DataFrame(rows * 9, columns=["End"])
    with pytest.raises(ql.InvalidArgument) as caught:
        ql.infer_survey(table.assign(Budget=["Yes", "No"] * 18), outcome="End")
    text = str(caught.value)
    assert "won=['Won with Bo'], lost=['They won', 'We have lost them'], open=['Open with Ann']" in text


def test_initials_are_suggested_the_right_way_round() -> None:
    table = pd.DataFrame({"Result": ["W", "L", "L"] * 12, "Budget": ["Yes", "No"] * 18})
    with pytest.raises(ql.InvalidArgument, match=r"A guess to correct: won=\['W'\], lost=\['L'\]"):
        ql.infer_survey(table, outcome="Result")


def test_headings_say_what_a_column_of_yes_and_no_says() -> None:
    said = {
        "IsWon": "won",
        "Is Closed Won": "won",
        "Closed": "closed",
        "Is closed lost": "lost",
        "Close Date": None,
        "Gewonnen": "won",
        "Geschlossen": "closed",
        "Status": None,
        "Loss Reason": "lost",
    }
    assert {heading: heading_says(heading) for heading in said} == said
    assert (says_yes("TRUE"), says_yes("nein"), says_yes("1.0"), says_yes("maybe")) == (
        True,
        False,
        True,
        None,
    )


def table(**columns: list[object]) -> pd.DataFrame:
    n = len(next(iter(columns.values())))
    return pd.DataFrame(
        columns | {"Budget": ["yes", "no", "no", "yes"] * (n // 4), "Fit": [1, 2, 3, 4] * (n // 4)}
    )


PIPELINE = table(
    Stage=["Closed Won", "Closed Lost", "Negotiation/Review", "Omitted"] * 8,
    **{"Close Date": ["2025-01-02", "2025-02-03", None, None] * 8},
)


def test_open_stages_lost_never_and_a_strange_word_is_asked_about() -> None:
    with pytest.raises(InvalidArgument) as raised:
        ql.infer_survey(PIPELINE, outcome="Stage", won="Closed Won")
    (problem,) = raised.value.problems
    assert problem.value == "Omitted"
    assert "8 rows, 8 of them without a close date" in problem.reason
    assert "leave_out=['Omitted']" in problem.mend
    survey = ql.infer_survey(PIPELINE, outcome="Stage", leave_out="Omitted")
    assert survey.outcomes.open == ("Negotiation/Review",)
    deals = ql.read_deals(PIPELINE, survey)
    assert (deals.n, len(deals.open), deals.set_aside) == (16, 8, 8)
    taken = survey.decisions.set_index("decision")["note"]["outcome"]
    assert "won: Closed Won (8)" in taken and "open: Negotiation/Review (8)" in taken


def test_open_stages_become_lost_never_on_the_command_line(tmp_path: Path) -> None:
    PIPELINE.to_csv(tmp_path / "deals.csv", index=False)
    given = ["infer-survey", str(tmp_path / "deals.csv"), "--outcome", "Stage"]
    refused = CliRunner().invoke(app, given)
    assert (
        refused.exit_code == 2
        and '--leave-out "Omitted"' in refused.stderr
        and "leave_out=" not in refused.stderr
    )
    told = CliRunner().invoke(
        app, [*given, "--no-decision", "Omitted", "--out", str(tmp_path / "survey.yaml")]
    )
    assert told.exit_code == 0, told.output
    assert ql.read_survey(tmp_path / "survey.yaml").outcomes.no_decision == ("Omitted",)
    assert "count as lost" in told.stderr


def test_two_columns_make_the_outcome() -> None:
    frame = table(Won=[1, 0, 0, 0] * 8, Closed=["true", "true", "false", "true"] * 8)
    with pytest.raises(
        InvalidArgument,
        match=r"8 deals of which 'Won' says no are still open by 'Closed'.*outcome=\['Closed', 'Won'\]",
    ):
        ql.infer_survey(frame, outcome="Won")
    survey = ql.infer_survey(frame, outcome=["Closed", "Won"])
    assert (survey.columns.outcome, survey.columns.closed, survey.outcomes.closed) == (
        "Won",
        "Closed",
        ("true",),
    )
    deals = ql.read_deals(frame, survey)
    assert (int(deals.won.sum()), deals.n, len(deals.open)) == (8, 24, 8)
    assert ql.Survey.from_dict(survey.to_dict()) == survey
    frame.loc[0, "Closed"] = "false"
    with pytest.raises(InvalidDeals, match="won, and not closed"):
        ql.read_deals(frame, survey)


def test_a_column_that_says_lost_is_not_read_the_wrong_way_round() -> None:
    frame = table(**{"Is closed lost": [1, 0, 0, 1] * 8, "Is closed won": [0, 1, 0, 0] * 8})
    with pytest.raises(InvalidArgument, match="says whether a deal is lost"):
        ql.infer_survey(frame, outcome="Is closed lost")
    deals = ql.read_deals(frame, ql.infer_survey(frame, outcome=["Is closed won", "Is closed lost"]))
    assert (int(deals.won.sum()), deals.n, len(deals.open)) == (8, 24, 8)


def test_a_stage_contradicts_a_column_of_yes_and_no() -> None:
    frame = table(
        IsWon=["true", "false", "false", "false"] * 8, Stage=["Won", "Lost", "Proposal", "Lost"] * 8
    )
    with pytest.raises(InvalidArgument, match=r"8 deals of which 'IsWon' says no .*outcome='Stage'"):
        ql.infer_survey(frame, outcome="IsWon")


def test_a_plain_table_gains_no_note() -> None:
    frame = table(Status=["Won", "Lost", "Open", "Lost"] * 8)
    assert ql.infer_survey(frame, outcome="Status").notes == ()


def test_answers_in_one_table_and_outcomes_in_another(tmp_path: Path) -> None:
    ids = [f"006D000000abc{chr(65 + place)}{chr(97 + place)}" for place in range(16)]
    answers = pd.DataFrame(
        {
            "Opportunity": [*ids, "006D000000zzzZz"],
            "Budget": ["yes", "no"] * 8 + ["no"],
            "Fit": [1, 2, 3, 4] * 4 + [5],
            "Answered on": ["2025-03-01"] * 17,
        }
    )
    crm = pd.DataFrame(
        {
            "Id": [one + "AAA" for one in ids[:-1]] + ["006D000000aaaXx"],
            "Stage": ["Closed Won", "Closed Lost"] * 8,
            "Close Date": ["2025-02-01"] * 16,
        }
    )
    from qualify.reading.joining import _ending

    crm["Id"] = [one[:15] + _ending(one[:15]) for one in crm["Id"]]
    answers.to_csv(tmp_path / "answers.csv", index=False)
    crm.to_csv(tmp_path / "crm.csv", index=False)
    survey = ql.infer_survey(tmp_path / "answers.csv", outcome="Stage", outcomes=tmp_path / "crm.csv")
    assert survey.columns.deal == "Opportunity" and survey.columns.close_date == "Close Date"
    deals = ql.read_deals(tmp_path / "answers.csv", survey, outcomes=tmp_path / "crm.csv")
    assert deals.n == 15
    assert "2 of 17 answered deals are not in" in deals.notes[0]
    assert "1 of 16 deals of" in deals.notes[1] and "have no answers" in deals.notes[1]
    twice = pd.concat([crm, crm.head(1)])
    with pytest.raises(InvalidDeals, match="stands in row 2 of the table already"):
        ql.read_deals(answers, survey, outcomes=twice)
    with pytest.raises(InvalidDeals, match="has the deal ids"):
        ql.read_deals(answers, survey, outcomes=crm.assign(Id=range(16)))


def test_the_command_line_joins_two_tables(tmp_path: Path) -> None:
    simulated = ql.simulate_deals(200, characteristics=3, rng=3)
    answers = simulated.frame.drop(columns=["Outcome"])
    simulated.frame[["Deal", "Outcome"]].to_csv(tmp_path / "crm.csv", index=False)
    answers.to_csv(tmp_path / "answers.csv", index=False)
    ql.write_survey(simulated.survey, tmp_path / "survey.yaml")
    given = [
        "analyze",
        tmp_path / "answers.csv",
        "--survey",
        tmp_path / "survey.yaml",
        "--outcomes",
        tmp_path / "crm.csv",
        "--out",
        tmp_path / "out",
        "--replicates",
        "5",
    ]
    result = CliRunner().invoke(app, [str(one) for one in given])
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("200 deals closed")
