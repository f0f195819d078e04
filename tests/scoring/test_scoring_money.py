"""With money, what to find out and to change is ranked by what it brings; nothing is guessed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import qualify as ql
from qualify.criteria.file import criteria_from_dict, criteria_to_json
from qualify.survey import UNKNOWN

WORTH, HOURS = "Deal value", "Hours"


@pytest.fixture(scope="module")
def team() -> ql.SimulatedDeals:
    """Deals with a value of their own, and the hours they took."""
    made, rng = ql.simulate_deals(400, rng=2), np.random.default_rng(3)
    frame = made.frame.assign(
        **{
            WORTH: rng.lognormal(10, 0.5, len(made.frame)).round(),
            HOURS: rng.integers(5, 60, len(made.frame)).astype(float),
        }
    )
    columns = replace(made.survey.columns, value=WORTH, effort=HOURS)
    return replace(made, frame=frame, survey=replace(made.survey, columns=columns))


@pytest.fixture(scope="module")
def criteria(team: ql.SimulatedDeals) -> ql.Criteria:
    return ql.refine_criteria(ql.read_deals(team.frame, team.survey), replicates=25)


def still_open(team: ql.SimulatedDeals) -> pd.DataFrame:
    return team.frame[team.frame["Outcome"] == "Open"].reset_index(drop=True)


def test_values_and_efforts_are_the_deals_own_where_the_survey_names_them(
    criteria: ql.Criteria, team: ql.SimulatedDeals
) -> None:
    frame, money = still_open(team), ql.Economics(cost=300.0)
    # Sixteen will do, those with something to ask among them.
    some = ql.score_deals(criteria, frame, economics=money).table.sort_values("ask_next")["deal"].tail(16)
    frame = frame[frame["Deal"].isin(some)]
    own = ql.score_deals(criteria, frame, economics=money).table.set_index("deal")
    one_by_one = []
    for row in frame.to_dict("records"):
        # The same deal with its value and cost told by hand.
        plain = replace(team.survey, columns=replace(team.survey.columns, value=None, effort=None))
        money = ql.Economics(value=row[WORTH], cost=300.0 * row[HOURS])
        alone = ql.score_deals(replace(criteria, survey=plain), pd.DataFrame([row]), economics=money)
        one_by_one.append(alone.table)
    by_hand = pd.concat(one_by_one).set_index("deal").loc[own.index]
    pd.testing.assert_frame_equal(own, by_hand)
    assert own["ask_next"].ne("").any() and own["levers"].ne("").any()


def test_money_changes_what_is_worth_asking_and_nothing_else(
    criteria: ql.Criteria, team: ql.SimulatedDeals
) -> None:
    without = ql.score_deals(criteria, team.frame).table
    priced = ql.score_deals(criteria, team.frame, economics=ql.Economics(cost=300.0)).table
    same = ["deal", "score", "probability", "low", "high", "zone", "gates"]
    pd.testing.assert_frame_equal(priced[same], without[same])
    # A decision that no answer would change is none to ask for.
    assert priced["ask_next"].str.len().sum() < without["ask_next"].str.len().sum()
    free = ql.score_deals(criteria, team.frame, economics=ql.Economics(value=1e9, cost=0.01)).table
    assert (free["ask_next"] == "").all()
    hopeless = ql.score_deals(criteria, team.frame, economics=ql.Economics(value=0.01, cost=1e9)).table
    assert (hopeless[["ask_next", "levers"]] == "").all(axis=None)


def test_deals_that_do_not_tell_count_as_the_mean_past_one_and_that_is_noted(
    criteria: ql.Criteria, team: ql.SimulatedDeals
) -> None:
    past = criteria.provenance["past"]
    closed = ql.read_deals(team.frame, team.survey).closed
    assert past["value"] == pytest.approx(closed.loc[closed["outcome"] == "won", "value"].mean())
    assert past["effort"] == pytest.approx(closed["effort"].mean())
    frame, money = still_open(team), ql.Economics(cost=300.0)
    silent = frame.assign(**{WORTH: None}).drop(columns=HOURS)
    found = ql.score_deals(criteria, silent, economics=money)
    told = frame.assign(**{WORTH: past["value"], HOURS: past["effort"]})
    pd.testing.assert_frame_equal(found.table, ql.score_deals(criteria, told, economics=money).table)
    mine = found.notes[found.notes["what"] == "value or effort not known"]
    assert mine["deals"].tolist() == [len(frame)] * 2
    assert mine["detail"].tolist() == [
        "value: the mean value of past wins is taken",
        "effort: the mean effort of past deals is taken",
    ]


def test_where_the_past_does_not_tell_either_the_zone_decides(
    criteria: ql.Criteria, team: ql.SimulatedDeals
) -> None:
    frame, money = still_open(team), ql.Economics(cost=300.0)
    frame.loc[::2, WORTH] = np.nan
    forgetful = replace(criteria, provenance={})
    found = ql.score_deals(forgetful, frame, economics=money)
    by_zone = ql.score_deals(forgetful, frame).table.set_index("deal")
    by_money = ql.score_deals(forgetful, frame.assign(**{WORTH: still_open(team)[WORTH]}), economics=money)
    blank = found.table["deal"].isin(frame.loc[::2, "Deal"]).to_numpy()
    for rows, other in ((blank, by_zone), (~blank, by_money.table.set_index("deal"))):
        mine = found.table[rows].set_index("deal")
        pd.testing.assert_frame_equal(mine, other.loc[mine.index])
    (note,) = found.notes.to_dict("records")
    assert "ranked without money" in note["detail"] and note["deals"] == blank.sum()


def test_economics_that_cannot_decide_are_refused(criteria: ql.Criteria, team: ql.SimulatedDeals) -> None:
    frame = still_open(team)
    with pytest.raises(ql.InvalidArgument, match="needs a cost"):
        ql.score_deals(criteria, frame, economics=ql.Economics(value=5.0))
    plain = replace(team.survey, columns=replace(team.survey.columns, value=None))
    with pytest.raises(ql.InvalidArgument, match="needs a value"):
        ql.score_deals(replace(criteria, survey=plain), frame, economics=ql.Economics(cost=5.0))
    with pytest.raises(ql.InvalidArgument, match="must be Economics"):
        ql.score_deals(criteria, frame, economics=0.2)  # type: ignore[arg-type]
    frame.loc[[1, 4], WORTH] = -1.0
    with pytest.raises(ql.InvalidArgument, match="below 0") as caught:
        ql.score_deals(criteria, frame, economics=ql.Economics(cost=5.0))
    assert {problem.row for problem in caught.value.problems} == set(frame.loc[[1, 4], "Deal"])
    # Without economics nobody looks at the values.
    assert len(ql.score_deals(criteria, frame).table) == len(frame)


def test_questions_that_take_less_time_come_first_where_all_hours_are_known(
    criteria: ql.Criteria, team: ql.SimulatedDeals
) -> None:
    blank = still_open(team).iloc[:1].copy()
    blank[list(criteria.survey.names)] = None
    plain = ql.score_deals(criteria, blank).table.loc[0, "ask_next"].split("; ")

    def asked(hours: dict[str, float]) -> list[str]:
        timed = [replace(one, hours=hours.get(one.name)) for one in criteria.survey.characteristics]
        survey = replace(criteria.survey, characteristics=tuple(timed))
        return ql.score_deals(replace(criteria, survey=survey), blank).table.loc[0, "ask_next"].split("; ")

    assert set(plain) == set(criteria.kept) and len(plain) > 2
    assert asked(dict.fromkeys(plain, 2.0)) == plain
    assert asked(dict.fromkeys(plain, 1.0) | {plain[0]: 1e6})[-1] == plain[0]
    assert asked(dict.fromkeys(plain, 1.0) | {plain[-1]: 1e-6})[0] == plain[-1]
    # With the hours of one question unknown, hours cannot be weighed.
    assert asked({plain[0]: 1e6}) == plain


def test_what_knowing_gains_by_a_textbook_example() -> None:
    """A wildcatter's kind of example (Raiffa 1968): half a chance to learn that a deal is not worth it."""
    survey = ql.Survey(
        columns=ql.Columns(outcome="Status"),
        outcomes=ql.Outcomes(won=("Won",), lost=("Lost",)),
        characteristics=tuple(
            ql.Characteristic(
                name=name, column=name, kind="yes_no", answers=(ql.Answer(value="No"), ql.Answer(value="Yes"))
            )
            for name in ("Small", "Big")
        ),
    )
    team = ql.simulate_deals(200, rng=3)
    learned = ql.refine_criteria(ql.read_deals(team.frame, team.survey), replicates=2)
    rows = [("Small", "No", 0), ("Small", "Yes", 2), ("Small", UNKNOWN, 1)]
    rows += [("Big", "No", 0), ("Big", "Yes", 4), ("Big", UNKNOWN, 2)]
    points = pd.DataFrame(rows, columns=["characteristic", "answer", "points"])
    points = points.assign(low=np.nan, high=np.nan)
    chance = np.array([0.02, 0.05, 0.10, 0.18, 0.30, 0.50, 0.70])
    criteria = replace(
        learned,
        points=points,
        gates=learned.gates.iloc[:0],
        answers=points.drop(columns="points").assign(n=50, won=10),
        probabilities=pd.DataFrame({"score": range(7), "probability": chance, "low": 0.0, "high": 1.0}),
        bands=pd.DataFrame(
            [("below", 0, 2), ("inside", 3, 3), ("above", 4, 6)], columns=["zone", "score_low", "score_high"]
        ),
        survey=survey,
    )
    blank = pd.DataFrame({"Small": ["?", "No"], "Big": ["?", "?"]})
    # All unknown: small leads to 0.10 or 0.30, big to 0.05 or 0.50. At a cost of 0.28 of a win, small gains
    # (0 + 0.02)/2 - 0 = 0.01, and big (0 + 0.22)/2 - 0 = 0.11: both, big first.
    both = ql.score_deals(criteria, blank, economics=ql.Economics(value=1.0, cost=0.28)).table
    assert dict(zip(both["deal"], both["ask_next"], strict=True)) == {"2": "Big; Small", "3": "Big"}
    # At 0.35 the answer about small would change nothing any more.
    dear = ql.score_deals(criteria, blank, economics=ql.Economics(value=1.0, cost=0.35)).table
    assert dict(zip(dear["deal"], dear["ask_next"], strict=True)) == {"2": "Big", "3": ""}


# Break-even ----------------------------------------------------------------


def test_zones_divide_at_break_even_where_nothing_is_sharp(team: ql.SimulatedDeals) -> None:
    gradual = ql.simulate_deals(400, curve="gradual", rng=4)
    deals = ql.read_deals(gradual.frame, gradual.survey)
    named = ql.refine_criteria(deals, replicates=2)
    found = ql.refine_criteria(deals, zones=ql.Economics(value=50_000, cost=15_000), replicates=40)
    assert named.bands_from == "win probabilities" and found.bands_from == "break-even"
    pd.testing.assert_frame_equal(found.points, named.points)
    settings = found.provenance["settings"]
    assert settings["economics"] == {"value": 50_000, "cost": 15_000, "break_even": 0.3}
    zone = ql.score_deals(found, gradual.frame).table.drop_duplicates("score")
    for row in zone.itertuples():
        expected = "below" if row.high < 0.3 else "above" if row.low > 0.3 else "inside"
        assert row.zone == expected
    assert set(zone["zone"]) == {"below", "inside", "above"}
    again = criteria_from_dict(json.loads(criteria_to_json(found)), "criteria.json")
    assert again.bands_from == "break-even" and again.provenance == found.provenance
    pd.testing.assert_frame_equal(again.bands, found.bands)


@pytest.mark.slow
def test_break_even_takes_the_deals_own_values_and_efforts(team: ql.SimulatedDeals) -> None:
    deals = ql.read_deals(team.frame, team.survey)
    money = ql.Economics(cost=300.0)
    found = ql.refine_criteria(deals, zones=money, replicates=10)
    wins = deals.closed.loc[deals.won, "value"].mean()
    at = 300.0 * deals.closed["effort"].mean() / wins
    assert found.provenance["settings"]["economics"]["break_even"] == pytest.approx(at)
    assert found.provenance["settings"]["zones"] == pytest.approx([at, at])


def test_a_sharp_tipping_point_goes_before_break_even() -> None:
    sharp = ql.simulate_deals(600, curve="sharp", characteristics=6, rng=3)
    deals = ql.read_deals(sharp.frame, sharp.survey)
    found = ql.refine_criteria(deals, zones=ql.Economics(value=5.0, cost=1.0), replicates=20)
    assert found.tipping.verdict == "sharp" and found.bands_from == "tipping band"


def test_nothing_divides_deals_that_nothing_tells_apart() -> None:
    noise = ql.simulate_deals(200, curve="none", rng=4)
    deals = ql.read_deals(noise.frame, noise.survey)
    for cost, where in ((0.5, "above"), (2.0, "inside"), (4.5, "below")):
        # What pays for one pays for all: 40 % are won.
        found = ql.refine_criteria(deals, zones=ql.Economics(value=5.0, cost=cost), replicates=2)
        assert found.tipping.verdict == "none" and not found.kept
        counts = found.bands.set_index("zone")["n"]
        assert counts[where] == counts.sum() == deals.n
        assert set(ql.score_deals(found, noise.frame).table["zone"]) == {where}
        again = criteria_from_dict(json.loads(criteria_to_json(found)), "criteria.json")
        pd.testing.assert_frame_equal(again.bands, found.bands)


def test_break_even_is_never_called_a_tipping_point(tmp_path: Path) -> None:
    gradual = ql.simulate_deals(300, curve="gradual", rng=4)
    deals = ql.read_deals(gradual.frame, gradual.survey)
    found = ql.refine_criteria(deals, zones=ql.Economics(value=5.0, cost=1.0), replicates=10)
    page = ql.write_criteria(found, tmp_path / "criteria.md").read_text("utf-8")
    assert "divide at break-even, a win probability of 20%" in page
    assert "tipping" not in page.lower() and "break-even" in found._repr_html_()


@pytest.mark.parametrize(
    ("money", "said"),
    [
        (ql.Economics(cost=5.0), "what a win is worth"),
        (ql.Economics(value=5.0), "what pursuing a deal costs"),
        (ql.Economics(value=5.0, cost=6.0), "no chance from which pursuing pays"),
    ],
)
def test_economics_without_a_break_even_are_refused(money: ql.Economics, said: str) -> None:
    plain = ql.simulate_deals(60, rng=4)
    survey = replace(plain.survey, columns=replace(plain.survey.columns, value=None))
    with pytest.raises(ql.InvalidArgument, match=said):
        ql.refine_criteria(ql.read_deals(plain.frame, survey), zones=money, replicates=2)


# Hours ---------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["yaml", "json"])
def test_hours_of_a_question_are_kept_in_survey_files(
    team: ql.SimulatedDeals, tmp_path: Path, suffix: str
) -> None:
    first, *rest = team.survey.characteristics
    survey = replace(team.survey, characteristics=(replace(first, hours=0.25), *rest))
    assert ql.read_survey(ql.write_survey(survey, tmp_path / f"survey.{suffix}")) == survey


@pytest.mark.parametrize("hours", ["0", "-1", "soon", "inf", "1e999"])
def test_hours_that_are_none_are_refused(team: ql.SimulatedDeals, hours: str) -> None:
    content = team.survey.to_dict()
    content["characteristics"][0]["hours"] = hours
    with pytest.raises(ql.InvalidSurvey, match="hours"):
        ql.Survey.from_dict(content)
