"""Criteria: whole points from 0, probabilities that never fall, zones that divide every score, honesty."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from mixed_deals import MIXED, deals_of, mixed

import qualify as ql
from qualify.criteria.model import Criteria
from qualify.scoring.scored_answers import zone_of
from qualify.survey import UNKNOWN


@pytest.fixture(scope="module")
def deals() -> ql.Deals:
    return deals_of(mixed(), *MIXED)


@pytest.fixture(scope="module")
def criteria(deals: ql.Deals) -> Criteria:
    return ql.refine_criteria(deals, replicates=40)


def teams() -> list[tuple[str, int]]:
    return [("plateau", 1), ("gradual", 2), ("sharp", 3), ("none", 4)]


@pytest.fixture(scope="module", params=teams(), ids=[curve for curve, _ in teams()])
def any_criteria(request: pytest.FixtureRequest) -> Criteria:
    curve, seed = request.param
    team = ql.simulate_deals(300, curve=curve, rng=seed)
    return ql.refine_criteria(ql.read_deals(team.frame, team.survey), replicates=25)


class TestPoints:
    def test_whole_numbers_from_zero_up_for_each_characteristic(self, criteria: Criteria) -> None:
        points = criteria.points
        assert points["points"].dtype == np.int64
        by_name = points.groupby("characteristic")["points"]
        assert (by_name.min() == 0).all() and (by_name.max() > 0).all()
        assert by_name.max().max() <= 10
        assert not points.duplicated(["characteristic", "answer"]).any()

    def test_every_answer_of_the_survey_has_points_even_those_nobody_gave(self, criteria: Criteria) -> None:
        for name in criteria.kept:
            mine = criteria.points.loc[criteria.points["characteristic"] == name, "answer"].tolist()
            asked_of = criteria.survey.characteristic(name)
            assert mine[-1] == UNKNOWN
            if asked_of.kind != "score":
                assert mine[:-1] == list(asked_of.values)
        assert {"Need", "Price", "Size"} <= set(criteria.kept)
        assert "XS" in criteria.points["answer"].tolist()
        need = criteria.points[criteria.points["characteristic"] == "Need"]
        assert need["answer"].tolist() == [*"01234567", UNKNOWN]
        # Nobody gave 6 or 7: they earn what the nearest answer given does.
        assert need["points"].iloc[[6, 7]].tolist() == need["points"].iloc[[5, 5]].tolist()

    def test_order_is_kept(self, criteria: Criteria) -> None:
        for name in criteria.kept:
            known = criteria.points[
                (criteria.points["characteristic"] == name) & (criteria.points["answer"] != UNKNOWN)
            ]
            if criteria.survey.characteristic(name).kind in ("score", "ordered"):
                steps = np.diff(known["points"])
                assert (steps >= 0).all() or (steps <= 0).all()

    def test_ranges_of_a_fine_score_cover_every_number(self, criteria: Criteria) -> None:
        price = criteria.points[criteria.points["characteristic"] == "Price"]
        known = price[price["answer"] != UNKNOWN]
        assert 2 <= len(known) <= 5
        assert known["low"].iloc[0] == -np.inf and known["high"].iloc[-1] == np.inf
        assert known["high"].iloc[:-1].tolist() == known["low"].iloc[1:].tolist()
        assert price.loc[price["answer"] == UNKNOWN, ["low", "high"]].isna().all(axis=None)
        # Low prices go with winning: the points fall along the ranges.
        assert known["points"].is_monotonic_decreasing

    def test_few_characteristics_are_kept_as_told(self, deals: ql.Deals) -> None:
        aucs = []
        for most in (1, 2, 3):
            criteria = ql.refine_criteria(deals, max_characteristics=most, replicates=2)
            assert len(criteria.kept) == most
            assert list(criteria.kept) == [name for name in deals.survey.names if name in criteria.kept]
            aucs.append(criteria.performance.loc[0, "estimate"])
        assert aucs == sorted(aucs) and aucs[0] > 0.6

    def test_points_stand_for_the_truth_where_there_are_many_deals(self) -> None:
        team = ql.simulate_deals(1500, curve="gradual", rng=5)
        deals = ql.read_deals(team.frame, team.survey)
        criteria = ql.refine_criteria(deals, replicates=2)
        assert set(criteria.kept) <= set(team.truth.matters)
        score = criteria.score(deals.answers)
        assert np.corrcoef(score, team.truth.scores.loc[score.index])[0, 1] > 0.97


def test_points_keep_to_their_budget(deals: ql.Deals) -> None:
    of_hundred = ql.refine_criteria(deals, points="total 100", max_characteristics=5, replicates=5)
    assert of_hundred.score_range == (0, 100)
    few = ql.refine_criteria(deals, points="0 to 5", max_characteristics=5, replicates=5)
    assert few.points["points"].max() <= 5
    figures = [one.performance.set_index("metric")["estimate"] for one in (of_hundred, few)]
    assert figures[0]["auc"] == pytest.approx(figures[1]["auc"], abs=0.03)  # the same questions, finer
    past = ql.backtest(deals, criteria=of_hundred, replicates=5)
    assert past.table["score"].max() <= 100


@pytest.fixture(scope="module")
def both_ways(deals: ql.Deals) -> Criteria:
    return ql.refine_criteria(deals, points="-5 to 5", max_characteristics=5, replicates=5)


def test_answers_may_take_points_away(both_ways: Criteria, deals: ql.Deals) -> None:
    usual = ql.refine_criteria(deals, max_characteristics=5, replicates=5)
    points = both_ways.points.groupby("characteristic")["points"]
    assert points.min().between(-5, 0).all() and points.max().between(0, 5).all()
    assert points.min().min() < 0 and both_ways.start == -points.min().sum()
    # Only where a question's 0 lies has moved.
    apart = (both_ways.points["points"] - usual.points["points"]).groupby(usual.points["characteristic"])
    assert (apart.nunique() == 1).all()
    assert both_ways.score(deals.answers).equals(usual.score(deals.answers))
    assert both_ways.probabilities.equals(usual.probabilities) and both_ways.bands.equals(usual.bands)


def test_nothing_is_about_what_deals_got_on_average(both_ways: Criteria, deals: ql.Deals) -> None:
    for name in both_ways.kept:
        earned = [both_ways.points_of(name, answer) for answer in deals.answers[name].astype(str)]
        mean, low, high = np.mean(earned), min(earned), max(earned)
        # Half a point off where it is free to lie there; else an end of what may be given is reached.
        assert abs(mean) <= 0.5 or (mean > 0.5 and low == -5) or (mean < -0.5 and high == 5)


def test_open_deals_are_judged_alike_however_points_are_told(both_ways: Criteria, deals: ql.Deals) -> None:
    usual = ql.refine_criteria(deals, max_characteristics=5, replicates=5)
    for economics in (None, ql.Economics(value=1000.0, cost=250.0)):
        tables = [
            ql.score_deals(one, mixed(60, seed=9), economics=economics).table for one in (both_ways, usual)
        ]
        pd.testing.assert_frame_equal(*tables)


def test_every_answer_of_the_survey_is_counted(criteria: Criteria, deals: ql.Deals) -> None:
    table = criteria.answers
    assert tuple(table["characteristic"].unique()) == deals.survey.names
    for name in deals.survey.names:
        mine = table[table["characteristic"] == name]
        assert mine["n"].sum() == deals.n and mine["won"].sum() == deals.won.sum()
        for row in mine.itertuples():
            if np.isnan(row.low):
                given = deals.answers[name] == row.answer
            else:
                number = pd.to_numeric(deals.answers[name].astype(str), errors="coerce")
                given = number.ge(row.low) & number.lt(row.high)
            assert (row.n, row.won) == (given.sum(), deals.won[given].sum())


class TestScore:
    def test_it_is_the_sum_of_the_points_of_the_answers(self, criteria: Criteria, deals: ql.Deals) -> None:
        total = pd.Series(0, index=deals.closed.index)
        for name in criteria.kept:
            rows = criteria.points[criteria.points["characteristic"] == name]
            for deal, answer in deals.answers[name].astype(str).items():
                if criteria.survey.characteristic(name).kind == "score" and answer != UNKNOWN:
                    covers = (rows["low"] <= float(answer)) & (float(answer) < rows["high"])
                else:
                    covers = rows["answer"] == answer
                assert covers.sum() == 1
                total[deal] += rows.loc[covers, "points"].iloc[0]
        score = criteria.score(deals.answers)
        assert score.tolist() == total.tolist() and score.index.equals(deals.closed.index)
        assert score.dtype == np.int64
        low, high = criteria.score_range
        assert low == 0 and score.between(low, high).all()

    def test_numbers_beyond_training_earn_what_the_nearest_does(self, criteria: Criteria) -> None:
        for far, near in (("-1e9", "0"), ("1e9", "100"), ("17.5", "17.25")):
            assert criteria.points_of("Price", far) == criteria.points_of("Price", near)
        assert criteria.points_of("Need", "2.4") == criteria.points_of("Need", "2")
        assert criteria.points_of("Need", "-8") == criteria.points_of("Need", "0")
        assert criteria.points_of("Size", "no such size") is None

    def test_what_is_missing_is_said_all_at_once(self, criteria: Criteria, deals: ql.Deals) -> None:
        answers = deals.answers.drop(columns=["Price"])
        answers["Size"] = pd.Categorical(["Huge"] * len(answers), categories=["Huge", UNKNOWN])
        with pytest.raises(ql.InvalidDeals) as caught:
            criteria.score(answers)
        assert {problem.column for problem in caught.value.problems} == {"Price", "Size"}

    def test_an_answer_without_points_that_no_deal_gave_does_no_harm(
        self, criteria: Criteria, deals: ql.Deals
    ) -> None:
        wider = deals.answers.copy()
        wider["Size"] = wider["Size"].cat.add_categories(["Huge"])
        assert criteria.score(wider).equals(criteria.score(deals.answers))


class TestProbabilitiesAndZones:
    def test_probability_never_falls_as_the_score_rises(self, any_criteria: Criteria) -> None:
        chance = any_criteria.probabilities
        assert chance["score"].tolist() == list(range(any_criteria.score_range[1] + 1))
        assert chance["probability"].is_monotonic_increasing
        assert chance["probability"].between(0, 1).all()
        assert ((chance["low"] <= chance["probability"]) & (chance["probability"] <= chance["high"])).all()
        if any_criteria.kept:
            assert chance["probability"].is_unique

    def test_zones_divide_every_score(self, any_criteria: Criteria) -> None:
        bands = any_criteria.bands
        assert bands["zone"].tolist() == ["below", "inside", "above"]
        covered = [
            score
            for low, high in zip(bands["score_low"], bands["score_high"], strict=True)
            if np.isfinite(low)
            for score in range(int(low), int(high) + 1)
        ]
        assert covered == list(range(any_criteria.score_range[1] + 1))
        empty = bands["score_low"].isna()
        assert (bands.loc[empty, "n"] == 0).all()
        assert bands["n"].sum() == any_criteria.tipping.n
        assert bands["won"].sum() == any_criteria.tipping.won

    def test_zones_by_win_probability_hold_what_they_say(self, criteria: Criteria, deals: ql.Deals) -> None:
        for low, high in ((0.25, 0.75), (0.1, 0.5), (0.45, 0.55)):
            other = ql.refine_criteria(deals, zones=(low, high), replicates=40)
            assert other.points.equals(criteria.points)
            if other.bands_from != "win probabilities":
                continue
            chance = other.probabilities.set_index("score")["probability"]
            zone = {score: zone_of(other, score) for score in chance.index}
            for score, probability in chance.items():
                expected = "below" if probability < low else "above" if probability >= high else "inside"
                assert zone[score] == expected

    def test_zones_from_the_tipping_band_where_it_is_sharp(self) -> None:
        team = ql.simulate_deals(900, curve="sharp", rng=3)
        criteria = ql.refine_criteria(ql.read_deals(team.frame, team.survey), replicates=40)
        assert criteria.tipping.verdict == "sharp" and criteria.bands_from == "tipping band"
        bands = criteria.bands.set_index("zone")
        assert bands.loc["below", "score_high"] < criteria.tipping.low <= bands.loc["inside", "score_low"]
        assert bands.loc["inside", "score_high"] <= criteria.tipping.high < bands.loc["above", "score_low"]
        assert bands.loc["above", "win_rate"] - bands.loc["below", "win_rate"] > 0.8

    def test_probabilities_are_calibrated_on_new_deals(self) -> None:
        team = ql.simulate_deals(800, curve="plateau", rng=8)
        criteria = ql.refine_criteria(ql.read_deals(team.frame, team.survey), replicates=40)
        new = ql.simulate_deals(20_000, curve="plateau", rng=9)
        later = ql.read_deals(new.frame, new.survey)
        chance = criteria.probabilities.set_index("score")["probability"]
        predicted = criteria.score(later.answers).map(chance)
        assert predicted.mean() == pytest.approx(later.win_rate, abs=0.05)
        fifth = pd.qcut(predicted, 5, duplicates="drop")
        observed = later.won.groupby(fifth, observed=True).mean()
        expected = predicted.groupby(fifth, observed=True).mean()
        assert len(expected) >= 4 and (observed - expected).abs().max() < 0.09

    def test_where_nothing_tips_there_is_one_probability_and_one_zone(self) -> None:
        team = ql.simulate_deals(300, curve="none", win_rate=0.15, rng=4)
        deals = ql.read_deals(team.frame, team.survey)
        none = ql.refine_criteria(deals, replicates=10)
        assert none.kept == () and none.points.empty and none.score_range == (0, 0)
        assert none.points.columns.tolist() == ["characteristic", "answer", "points", "low", "high"]
        assert none.probabilities["probability"].tolist() == [deals.win_rate]
        bands = none.bands.set_index("zone")
        assert bands.loc["inside", ["score_low", "score_high", "n"]].tolist() == [0, 0, 300]
        assert none.tipping.verdict == "none" and (none.tipping.scores["score"] == 0).all()
        assert "chance" in none.tipping.reason and "p = " in none._repr_html_()
        assert (none.score(deals.answers) == 0).all()
        assert not none.stability["kept"].any()
