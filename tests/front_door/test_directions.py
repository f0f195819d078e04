"""What goes against the direction that a survey declares is said, not smoothed over."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from mirrored_deals import NEED, asked, read

from qualify.criteria import Criteria, refine_criteria
from qualify.criteria.points import points_against
from qualify.deals import Deals
from qualify.exports.markdown import criteria_to_markdown
from qualify.factors import find_factors
from qualify.factors.verdicts import against_directions
from qualify.study import Study, analyze

CLAUSE = "goes with losing, and the survey expects winning"


def deals(**directions: str) -> Deals:
    """Need goes with winning, Effort with losing, Luck with neither; Size peaks in the middle."""
    rng, n = np.random.default_rng(3), 400
    need, effort = rng.integers(1, 6, n), rng.integers(1, 6, n)
    size = rng.integers(0, 3, n)
    log_odds = 0.9 * (need - 3) - 0.9 * (effort - 3) + np.array([-1.2, 1.8, -1.2])[size]
    frame = pd.DataFrame(
        {
            "Need": need.astype(str),
            "Effort": effort.astype(str),
            "Luck": rng.choice(["No", "Yes"], n),
            "Size": np.array(["Small", "Mid", "Big"])[size],
            "Result": np.where(rng.random(n) < 1 / (1 + np.exp(-log_odds)), "Won", "Lost"),
        }
    )
    questions = (
        NEED,
        asked("Effort", low=1, high=5),
        asked("Luck", "No", "Yes", kind="yes_no"),
        asked("Size", "Small", "Mid", "Big", kind="choice"),
    )
    told = [
        dataclasses.replace(one, direction=directions.get(one.name, "either"), kind=kind)
        for one in questions
        for kind in ["ordered" if one.name == "Size" and "Size" in directions else one.kind]
    ]
    return read(frame, *told)


def against(**directions: str) -> dict[str, str]:
    found = deals(**directions)
    return against_directions(find_factors(found).table, found, 0.05)


def test_only_what_is_significant_and_declared_otherwise_is_told() -> None:
    assert against(Need="with", Effort="against") == {}
    assert against(Luck="with") == against(Luck="against") == {}
    assert against(Effort="with") == {"Effort": CLAUSE}
    assert against(Need="against") == {"Need": "goes with winning, and the survey expects losing"}


def test_alone_and_beside_the_others_are_told_apart() -> None:
    found = deals(Effort="with")
    table = find_factors(found).table
    table.loc[table["characteristic"] == "Effort", "q_value"] = 0.5
    assert against_directions(table, found, 0.05) == {"Effort": f"alone it {CLAUSE}"}
    table = find_factors(deals(Need="with")).table
    table.loc[table["characteristic"] == "Need", "swing"] = -0.1
    assert against_directions(table, deals(Need="with"), 0.05) == {"Need": f"beside the others it {CLAUSE}"}


def test_the_note_of_a_factor_says_it_and_other_notes_stay() -> None:
    plain, declared = (find_factors(deals(**ways)).table for ways in ({}, {"Effort": "with"}))
    assert declared["note"][1] == "; ".join(part for part in (CLAUSE, plain["note"][1]) if part)
    pd.testing.assert_frame_equal(plain.drop(1), declared.drop(1))


@pytest.fixture(scope="module")
def study() -> Study:
    return analyze(deals(Need="with", Effort="with", Size="with"), replicates=5)


def test_the_summary_and_the_criteria_say_it(study: Study) -> None:
    words = " ".join(study.summary.split())
    section = words.split("AGAINST THE EXPECTED DIRECTION ")[1].split(" HOW FAR ")[0]
    assert f"- Effort: {CLAUSE}." in section
    told = study.criteria.provenance["against_direction"]
    assert told == points_against(study.criteria.points, study.criteria.survey)
    assert any(sentence.startswith("Effort: points fall from ") for sentence in told)
    assert not any("Need" in sentence for sentence in told)
    assert all(sentence in section for sentence in told)
    page = criteria_to_markdown(study.criteria)
    assert page.split("\n\n")[1].startswith("- Effort: points fall from ")


def points_of(*earned: int, direction: str) -> list[str]:
    made = {
        "characteristic": "Need",
        "answer": [*map(str, range(1, len(earned))), "unknown"],
        "points": earned,
    }
    survey = deals(Need=direction).survey
    return points_against(pd.DataFrame(made), survey)


def test_each_step_the_wrong_way_is_told() -> None:
    assert points_of(0, 1, 1, 2, 4, 0, direction="with") == []
    assert points_of(0, 1, 3, 4, 2, 9, direction="with") == [
        "Need: points fall from 4 to 5, and the survey expects higher answers to go with winning."
    ]
    assert points_of(3, 1, 2, 0, 0, 9, direction="against") == [
        "Need: points rise from 2 to 3, and the survey expects higher answers to go against winning."
    ]
    assert points_of(5, 4, 3, 2, 1, 0, direction="either") == []


def test_without_a_declared_direction_criteria_are_the_same() -> None:
    plain, declared = (refine_criteria(deals(**ways), replicates=2) for ways in ({}, {"Need": "with"}))
    assert plain.provenance == declared.provenance
    assert isinstance(plain, Criteria) and "against_direction" not in plain.provenance
