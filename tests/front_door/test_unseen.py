"""Answers that (nearly) no past deal gave, and words that the survey does not know."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import qualify as ql
from qualify.cli.main import app
from qualify.errors import InvalidDeals
from qualify.exports.sql import criteria_to_sql


def team(n: int, seed: int, yes: float = 0.6) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(
        {
            "Need": rng.integers(1, 6, n),
            "Budget": rng.choice(["No", "Yes"], n, p=[1 - yes, yes]),
            "Source": rng.choice(["Referral", "Web", "Tender"], n, p=[0.4, 0.3, 0.3]),
        }
    )
    z = (
        -2.4
        + 0.4 * (table["Need"] - 1)
        + 2.0 * (table["Budget"] == "Yes")
        + 1.2 * (table["Source"] == "Referral")
    )
    return table.assign(S=np.where(rng.random(n) < 1 / (1 + np.exp(-z)), "Won", "Lost"))


@pytest.fixture(scope="module")
def criteria() -> ql.Criteria:
    past = team(400, 7)
    return ql.refine_criteria(
        ql.read_deals(past, ql.infer_survey(past, outcome="S")), replicates=40, max_characteristics=3
    )


def points(criteria: ql.Criteria, name: str) -> dict[str, int]:
    mine = criteria.points[criteria.points["characteristic"] == name]
    return dict(zip(mine["answer"], mine["points"], strict=True))


@pytest.mark.parametrize("name", ["Budget", "Source"])
def test_unknown_never_seen_counts_as_an_average_answer(criteria: ql.Criteria, name: str) -> None:
    past, earned = team(400, 7), points(criteria, name)
    average = sum(earned[answer] * n for answer, n in past[name].value_counts().items()) / len(past)
    assert earned["unknown"] == int(average + 0.5)
    later = team(20_000, 99)
    hidden = ql.score_deals(criteria, later.drop(columns="S").assign(**{name: ""}))
    actual = float((later["S"] == "Won").mean())
    shown = ql.score_deals(criteria, later.drop(columns="S"))
    off = abs(float(hidden.table["probability"].mean()) - actual)
    # Two points, or what half a point of the score changes, beside how far off the criteria are anyway.
    half = 0.5 * criteria.provenance["log_odds"]["per_point"] / 4
    assert off <= max(0.02, half) + abs(float(shown.table["probability"].mean()) - actual)


@pytest.mark.parametrize("seed", range(4))
def test_one_deal_more_does_not_turn_a_blank_from_all_to_nothing(seed: int) -> None:
    past = team(400, seed, 0.52)
    survey = ql.infer_survey(past, outcome="S")
    found = ql.refine_criteria(ql.read_deals(past, survey), replicates=10, max_characteristics=3)
    earned = points(found, "Budget")
    assert earned["No"] < earned["unknown"] < earned["Yes"]


def test_the_win_model_says_the_same_of_an_unknown_never_seen() -> None:
    past = team(400, 7)
    model = ql.fit_win_model(ql.read_deals(past, ql.infer_survey(past, outcome="S")))
    effects = model.coefficients.set_index(["characteristic", "answer"])["estimate"]
    shares = past["Budget"].value_counts(normalize=True)
    average = sum(effects["Budget", answer] * share for answer, share in shares.items())
    assert effects["Budget", "unknown"] == pytest.approx(average, abs=1e-12)


def test_unknown_that_was_common_keeps_points_of_its_own() -> None:
    past = team(400, 7)
    past.loc[::4, "Budget"] = "unknown"
    survey = ql.infer_survey(past, outcome="S")
    scored = ql.score_deals(
        ql.refine_criteria(ql.read_deals(past, survey), replicates=10, max_characteristics=3),
        past.head(40).assign(Budget=""),
    )
    assert not (scored.notes["what"] == "unknown, which it hardly ever was").any()


def test_a_note_names_deals_with_an_unknown_never_seen(criteria: ql.Criteria) -> None:
    scored = ql.score_deals(criteria, team(5, 1).assign(Budget=["", "Yes", "", "No", "Yes"]))
    note = scored.notes.set_index("what").loc["unknown, which it hardly ever was"]
    assert (note["characteristic"], note["deals"]) == ("Budget", 2)
    assert "counts as the average known answer" in note["detail"] and "deals" in note["detail"]


def test_an_answer_that_only_open_deals_give_scores_as_unknown() -> None:
    past = team(400, 7)
    survey = ql.infer_survey(past, outcome="S").to_dict()
    survey["characteristics"][2]["answers"].append("In Progress")
    criteria = ql.refine_criteria(
        ql.read_deals(past, ql.Survey.from_dict(survey)), replicates=10, max_characteristics=3
    )
    earned = points(criteria, "Source")
    assert earned["In Progress"] == earned["unknown"]
    scored = ql.score_deals(criteria, team(20, 3).assign(Source="In Progress"))
    note = scored.notes.set_index("what").loc["answer that no past deal gave"]
    assert note["deals"] == 20 and "as unknown does" in note["detail"]


def test_new_words_score_as_unknown_and_are_told_before_the_table(
    criteria: ql.Criteria, tmp_path: Path
) -> None:
    later = team(40, 5).astype({"Source": object})
    later.loc[[3, 7], "Source"] = "Podcast"
    scored = ql.score_deals(criteria, later)
    blank = ql.score_deals(criteria, later.replace({"Source": {"Podcast": ""}}))
    pd.testing.assert_frame_equal(scored.table, blank.table)
    note = scored.notes.iloc[0]
    assert note["what"] == "word that the survey does not know" and note["deals"] == 2
    assert note["detail"] == "“Podcast” counts as unknown: deals 5, 9"
    with pytest.raises(InvalidDeals, match="Podcast"):
        ql.score_deals(criteria, later, strict=True)
    ql.write_criteria(criteria, tmp_path / "criteria.json")
    later.to_csv(tmp_path / "open.csv", index=False)
    given = ["score", str(tmp_path / "criteria.json"), str(tmp_path / "open.csv")]
    told = CliRunner().invoke(app, given)
    assert told.exit_code == 0 and told.output.index("Podcast") < told.output.index("Zone")
    assert CliRunner().invoke(app, [*given, "--strict"]).exit_code == 2


def test_a_number_beyond_its_range_is_refused(criteria: ql.Criteria) -> None:
    with pytest.raises(InvalidDeals, match=r"above high \(5\)"):
        ql.score_deals(criteria, team(40, 5).assign(Need=[50, *[3] * 39]))


def test_a_column_of_other_words_is_refused(criteria: ql.Criteria) -> None:
    with pytest.raises(InvalidDeals, match="not an answer of the survey"):
        ql.score_deals(criteria, team(40, 5).assign(Source="Northern region"))


def test_recalibration_counts_new_words_as_a_finding(criteria: ql.Criteria) -> None:
    later = team(200, 11).astype({"Source": object})
    later.loc[:9, "Source"] = "Podcast"
    with pytest.raises(InvalidDeals, match="Podcast"):
        ql.read_deals(later, criteria.survey)
    deals = ql.read_deals(later, criteria.survey, new_words="unknown")
    assert deals.new_words.to_dict("records") == [
        {"characteristic": "Source", "word": "Podcast", "deals": 10, "named": "2, 3, 4, 5, 6 ..."}
    ]
    found = ql.recalibrate(criteria, deals, replicates=99)
    assert any("“Podcast” (10)" in note for note in found.notes) and "Podcast" in found.summary


def test_exports_agree_on_unknown_never_seen(criteria: ql.Criteria) -> None:
    import duckdb

    later = team(60, 21).drop(columns="S").assign(Budget="", Need=lambda frame: frame["Need"].astype(str))
    with duckdb.connect() as database:
        database.register("frame", later)
        database.execute("CREATE TABLE deals AS SELECT * FROM frame")
        database.execute(criteria_to_sql(criteria))
        found = database.execute("SELECT score FROM qualify_scores").df()["score"]
    scored = ql.score_deals(criteria, later).table
    assert sorted(found) == sorted(scored["score"])
