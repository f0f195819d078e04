"""Scoring: every row of any table, its probability and zone, what to ask next and what could be changed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest

import qualify as ql
from qualify.criteria.model import Criteria
from qualify.scoring.scored_answers import zone_of
from qualify.scoring.scoring import COLUMNS, ScoredDeals
from qualify.survey import UNKNOWN


@pytest.fixture(scope="module")
def team() -> ql.SimulatedDeals:
    return ql.simulate_deals(400, rng=2)


@pytest.fixture(scope="module")
def deals(team: ql.SimulatedDeals) -> ql.Deals:
    return ql.read_deals(team.frame, team.survey)


@pytest.fixture(scope="module")
def criteria(deals: ql.Deals) -> Criteria:
    return ql.refine_criteria(deals, replicates=25)


@pytest.fixture(scope="module")
def scored(criteria: Criteria, team: ql.SimulatedDeals) -> ScoredDeals:
    return ql.score_deals(criteria, team.frame)


class TestTable:
    def test_every_row_stands_once_the_best_first(
        self, scored: ScoredDeals, team: ql.SimulatedDeals, criteria: Criteria
    ) -> None:
        table = scored.table
        assert table.columns.tolist() == COLUMNS
        assert sorted(table["deal"]) == sorted(team.frame["Deal"])
        assert table["score"].is_monotonic_decreasing and table["probability"].is_monotonic_decreasing
        assert table.index.tolist() == list(range(len(table)))
        assert (scored.version, scored.level) == ("1", 0.95)
        # Deals of one score keep the order of the table.
        for _, rows in table.groupby("score"):
            places = team.frame["Deal"].reset_index(drop=True)
            order = pd.Index(places).get_indexer(rows["deal"])
            assert (np.diff(order) > 0).all()

    def test_probability_and_zone_are_those_of_the_score(
        self, scored: ScoredDeals, criteria: Criteria, deals: ql.Deals
    ) -> None:
        chance = criteria.probabilities.set_index("score")
        for column in ("probability", "low", "high"):
            assert scored.table[column].tolist() == chance.loc[scored.table["score"], column].tolist()
        by_deal = scored.table.set_index("deal")["score"]
        answers = pd.concat([deals.closed, deals.open])
        assert by_deal.sort_index().equals(criteria.score(answers).sort_index())
        for row in scored.table.itertuples():
            band = criteria.bands.set_index("zone").loc[row.zone]
            assert band["score_low"] <= row.score <= band["score_high"]
            assert row.zone == zone_of(criteria, row.score)

    def test_it_shows_itself(self, scored: ScoredDeals) -> None:
        assert repr(scored).startswith("<ScoredDeals: 440 deals by criteria 1")
        assert "<table" in scored._repr_html_()


class TestInputs:
    def test_frames_files_and_deals_alike(
        self, scored: ScoredDeals, criteria: Criteria, team: ql.SimulatedDeals, tmp_path: Path
    ) -> None:
        team.frame.to_csv(tmp_path / "deals.csv", index=False)
        team.frame.to_parquet(tmp_path / "deals.parquet")
        for table in (
            tmp_path / "deals.csv",
            str(tmp_path / "deals.parquet"),
            pl.from_pandas(team.frame),
            team.frame.sample(frac=1, random_state=1).sort_index(),
        ):
            pd.testing.assert_frame_equal(ql.score_deals(criteria, table).table, scored.table)

    def test_of_deals_the_open_ones_come_first_among_equals(
        self, scored: ScoredDeals, criteria: Criteria, deals: ql.Deals
    ) -> None:
        table = ql.score_deals(criteria, deals).table
        pd.testing.assert_frame_equal(
            table.sort_values("deal", ignore_index=True), scored.table.sort_values("deal", ignore_index=True)
        )
        is_open = table["deal"].isin(deals.open.index)
        for _, rows in is_open.groupby(table["score"]):
            assert rows.is_monotonic_decreasing

    def test_deals_without_open_ones(
        self, criteria: Criteria, deals: ql.Deals, team: ql.SimulatedDeals
    ) -> None:
        closed = ql.read_deals(team.frame[team.frame["Outcome"] != "Open"], team.survey)
        assert len(closed.open) == 0
        assert len(ql.score_deals(criteria, closed).table) == closed.n

    def test_whatever_the_outcome_column_says(
        self, scored: ScoredDeals, criteria: Criteria, team: ql.SimulatedDeals
    ) -> None:
        for outcome in ("Stage 3", None, "Won"):
            again = ql.score_deals(criteria, team.frame.assign(Outcome=outcome)).table
            pd.testing.assert_frame_equal(again, scored.table)
        without = ql.score_deals(criteria, team.frame.drop(columns="Outcome")).table
        pd.testing.assert_frame_equal(without, scored.table)

    def test_a_single_deal(self, scored: ScoredDeals, criteria: Criteria, team: ql.SimulatedDeals) -> None:
        one = ql.score_deals(criteria, team.frame.iloc[[7]]).table
        mine = scored.table[scored.table["deal"] == team.frame["Deal"].iloc[7]].reset_index(drop=True)
        pd.testing.assert_frame_equal(one, mine)

    def test_the_frame_is_left_alone(self, criteria: Criteria, team: ql.SimulatedDeals) -> None:
        before = team.frame.copy(deep=True)
        ql.score_deals(criteria, team.frame)
        pd.testing.assert_frame_equal(team.frame, before)

    def test_answers_that_do_not_fit_and_columns_that_are_needed_are_told_all_at_once(
        self, criteria: Criteria, team: ql.SimulatedDeals
    ) -> None:
        kinds = {name: criteria.survey.characteristic(name).kind for name in criteria.kept}
        yes_no = next(name for name, kind in kinds.items() if kind == "yes_no")
        missing = [name for name in criteria.kept if name != yes_no][:2]
        frame = team.frame.copy()
        frame[yes_no] = frame[yes_no].astype(object)
        frame.loc[3, yes_no], frame.loc[9, yes_no] = "Maybe", "Perhaps"
        with pytest.raises(ql.InvalidDeals) as caught:
            ql.score_deals(criteria, frame.drop(columns=missing), strict=True)
        told = {(problem.column, problem.row, problem.value) for problem in caught.value.problems}
        assert {(yes_no, 5, "Maybe"), (yes_no, 11, "Perhaps")} <= told
        assert {problem.column for problem in caught.value.problems} == {yes_no, *missing}

    def test_columns_that_the_criteria_do_not_need_may_be_missing_or_hold_anything(
        self, scored: ScoredDeals, criteria: Criteria, team: ql.SimulatedDeals
    ) -> None:
        idle = [name for name in criteria.survey.names if name not in criteria.kept]
        roles = [name for name in team.frame.columns if name not in (*criteria.survey.names, "Deal")]
        assert idle and roles
        bare = ql.score_deals(criteria, team.frame.drop(columns=[*idle, *roles]))
        pd.testing.assert_frame_equal(bare.table, scored.table)
        odd = ql.score_deals(criteria, team.frame.assign(**{name: "what?" for name in idle}))
        pd.testing.assert_frame_equal(odd.table, scored.table)

    def test_answers_read_elsewhere_that_lack_a_characteristic_are_refused(
        self, criteria: Criteria, team: ql.SimulatedDeals
    ) -> None:
        others = [one for one in team.survey.characteristics if one.name not in criteria.kept[:2]]
        smaller = ql.read_deals(team.frame, replace(team.survey, characteristics=tuple(others)))
        with pytest.raises(ql.InvalidDeals, match="the criteria need it") as caught:
            ql.score_deals(criteria, smaller)
        assert {problem.column for problem in caught.value.problems} == set(criteria.kept[:2])

    def test_blank_answers_are_unknown_and_score_as_such(
        self, criteria: Criteria, team: ql.SimulatedDeals
    ) -> None:
        frame = team.frame.iloc[:3].copy()
        frame[list(criteria.survey.names)] = None
        table = ql.score_deals(criteria, frame).table
        unknown = criteria.points[criteria.points["answer"] == UNKNOWN]
        assert (table["score"] == unknown["points"].sum()).all()
        assert (table["levers"] == "").all()
        assert set(table.loc[0, "ask_next"].split("; ")) == set(criteria.kept)


class TestRemarks:
    def test_questions_are_asked_of_unknown_answers_and_levers_are_known_ones(
        self, scored: ScoredDeals, criteria: Criteria, deals: ql.Deals
    ) -> None:
        answers = pd.concat([deals.closed, deals.open])
        asked = levers = 0
        for row in scored.table.itertuples():
            for name in row.ask_next.split("; ") if row.ask_next else []:
                assert answers.loc[row.deal, name] == UNKNOWN
                asked += 1
            for lever in row.levers.split("; ") if row.levers else []:
                name, change = lever.split(": ")
                assert criteria.survey.characteristic(name).controllable
                assert change.startswith(f"{answers.loc[row.deal, name]} → ")
                levers += 1
        assert asked > 50 and levers > 100

    def test_a_deal_above_the_band_has_nowhere_to_be_carried(self, scored: ScoredDeals) -> None:
        assert (scored.table.loc[scored.table["zone"] == "above", "levers"] == "").all()
        assert (scored.table.loc[scored.table["zone"] != "above", "levers"] != "").any()

    def test_following_every_lever_leads_where_they_say(
        self, criteria: Criteria, team: ql.SimulatedDeals
    ) -> None:
        frame = team.frame.iloc[:60].copy().astype(object)
        before = ql.score_deals(criteria, frame).table.set_index("deal")
        together = before["levers"].str.contains("together")
        for k in frame.index:
            for lever in before.loc[frame.loc[k, "Deal"], "levers"].split("; "):
                if lever:
                    name, change = lever.split(": ")
                    column = criteria.survey.characteristic(name).column
                    frame.loc[k, column] = change.split(" → ")[1].split(" (")[0]
        after = ql.score_deals(criteria, frame).table.set_index("deal").loc[before.index]
        promised = before["levers"].str.findall(r"\(\+(\d+)").map(lambda gains: sum(map(int, gains)))
        assert (after["score"] == before["score"] + promised).all()
        led = before.loc[together, "levers"].str.extract(r"together to (\w+)\)")[0]
        assert len(led) > 5 and (after.loc[together, "zone"] == led).all()

    def test_no_causal_words(self, scored: ScoredDeals) -> None:
        assert not scored.table["levers"].str.contains("because|cause|make|drive|increase").any()


def test_criteria_that_hold_nothing_score_every_deal_alike() -> None:
    team = ql.simulate_deals(200, curve="none", rng=4)
    criteria = ql.refine_criteria(ql.read_deals(team.frame, team.survey), replicates=2)
    assert criteria.kept == ()
    table = ql.score_deals(criteria, team.frame).table
    assert (table["score"] == 0).all() and table["probability"].nunique() == 1
    assert (table["zone"] == "inside").all() and (table[["ask_next", "levers", "gates"]] == "").all(axis=None)
