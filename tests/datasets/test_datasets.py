"""Simulated deals follow their stated truth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from qualify.datasets.datasets import SimulatedDeals, simulate_deals
from qualify.deals import read_deals
from qualify.errors import InvalidArgument
from qualify.survey.file import read_survey, write_survey

CURVES = ("none", "gradual", "sharp", "plateau")
RATINGS = ["Champion", "Rapport", "Pain quantified", "Decision process"]
MANY = 200_000


@pytest.fixture(scope="module")
def population() -> SimulatedDeals:
    return simulate_deals(MANY, rng=7)


def closed(simulated: SimulatedDeals) -> pd.DataFrame:
    return simulated.frame[simulated.frame["Outcome"] != "Open"].set_index("Deal")


def win_rates_by_score(simulated: SimulatedDeals) -> pd.DataFrame:
    deals = closed(simulated)
    scores = simulated.truth.scores[deals.index]
    return (deals["Outcome"] == "Won").groupby(scores).agg(["size", "sum"])


class TestTruth:
    @pytest.mark.parametrize("curve", CURVES)
    def test_win_rates_follow_the_stated_curve_within_binomial_error(self, curve: str) -> None:
        simulated = simulate_deals(MANY, curve=curve, rng=11)
        truth = simulated.truth
        table = win_rates_by_score(simulated)
        climb = 0.0 if curve == "none" else 1 / (1 + np.exp(-truth.slope * (table.index - truth.midpoint)))
        stated = truth.floor + (truth.ceiling - truth.floor) * np.broadcast_to(climb, len(table))
        spread = np.sqrt(table["size"] * stated * (1 - stated))
        usual = (spread > 3).to_numpy()
        z = ((table["sum"] - table["size"] * stated) / spread)[usual]
        assert table.loc[usual, "size"].sum() > 0.6 * MANY
        assert stats.chi2.sf((z**2).sum(), usual.sum()) > 1e-4
        # where hardly any deal is won, or lost, the normal approximation is no use: add those scores up
        rare = (table["sum"] - table["size"] * stated)[~usual].sum()
        assert abs(rare) < 5 * max(1.0, np.sqrt((spread[~usual] ** 2).sum()))

    def test_the_score_is_the_sum_of_the_points_of_the_answers_shown(self) -> None:
        simulated = simulate_deals(300, rng=3)
        truth = simulated.truth
        points = truth.points.set_index(["characteristic", "answer"])["points"]
        total = sum(
            np.array(
                [points[name, "unknown" if cell == "Unknown" else cell] for cell in simulated.frame[name]]
            )
            for name in simulated.survey.names
        )
        assert total.tolist() == truth.scores.tolist()
        assert truth.scores.index.tolist() == simulated.frame["Deal"].tolist()
        assert points.dtype.kind == "i"

    @pytest.mark.parametrize("curve", ["gradual", "sharp", "plateau"])
    def test_low_and_high_are_a_tenth_and_nine_tenths_up_the_climb(self, curve: str) -> None:
        truth = simulate_deals(50, curve=curve).truth
        climb = 1 / (
            1 + np.exp(-truth.slope * (np.array([truth.low, truth.midpoint, truth.high]) - truth.midpoint))
        )
        assert climb == pytest.approx([0.1, 0.5, 0.9])
        assert truth.slope > 0

    @pytest.mark.parametrize(
        ("curve", "least", "most"), [("sharp", 0.1, 1 / 3), ("plateau", 0.1, 1 / 3), ("gradual", 0.6, 1.2)]
    )
    def test_the_band_is_as_wide_as_its_name_says(self, curve: str, least: float, most: float) -> None:
        truth = simulate_deals(MANY, curve=curve, rng=5).truth
        low, high = truth.scores.quantile([0.025, 0.975])
        assert least < (truth.high - truth.low) / (high - low) <= most

    @pytest.mark.parametrize("curve", ["sharp", "plateau"])
    @pytest.mark.parametrize("rng", range(5))
    def test_400_deals_leave_enough_on_either_side_of_a_narrow_band(self, curve: str, rng: int) -> None:
        simulated = simulate_deals(400, curve=curve, rng=rng)
        scores = simulated.truth.scores[closed(simulated).index]
        assert (scores < simulated.truth.low).sum() >= 20
        assert (scores > simulated.truth.high).sum() >= 20

    def test_without_a_curve_nothing_matters(self) -> None:
        truth = simulate_deals(100, curve="none", win_rate=0.3).truth
        assert truth.matters == ()
        assert set(truth.win_probability) == {0.3}
        assert np.isnan([truth.low, truth.midpoint, truth.high]).all()

    def test_what_matters_has_points_and_the_rest_has_none(self) -> None:
        truth = simulate_deals(100, characteristics=15).truth
        some = truth.points.groupby("characteristic")["points"].any()
        assert set(truth.matters) == set(some[some].index)
        assert {"Rapport", "Procurement known", "Discount asked", "Demo given", "Extra question 15"} <= set(
            some[~some].index
        )

    @pytest.mark.parametrize(
        ("curve", "win_rate"), [("gradual", 0.2), ("sharp", 0.6), ("plateau", 0.3), ("none", 0.7)]
    )
    def test_the_win_rate_is_the_one_asked_for(self, curve: str, win_rate: float) -> None:
        deals = closed(simulate_deals(MANY, curve=curve, win_rate=win_rate, rng=2))
        assert (deals["Outcome"] == "Won").mean() == pytest.approx(win_rate, abs=0.01)


class TestDeals:
    def test_ratings_go_together_and_a_competitor_goes_the_other_way(
        self, population: SimulatedDeals
    ) -> None:
        frame = population.frame
        numbers = frame[RATINGS].apply(pd.to_numeric, errors="coerce")
        pairs = numbers.corr().to_numpy()[np.triu_indices(len(RATINGS), 1)]
        assert (pairs > 0.25).all() and (pairs < 0.7).all()
        assert numbers["Champion"].corr((frame["Competitor present"] == "Yes").astype(float)) < -0.1
        assert abs(numbers["Champion"].corr((frame["Discount asked"] == "Yes").astype(float))) < 0.02

    def test_a_question_without_effect_still_goes_with_winning_on_its_own(
        self, population: SimulatedDeals
    ) -> None:
        deals = closed(population)
        won = (deals["Outcome"] == "Won").groupby(deals["Rapport"]).mean()
        assert won["5"] - won["0"] > 0.3

    @pytest.mark.parametrize("share", [0.0, 0.08, 0.3])
    def test_unknown_answers_have_the_share_asked_for(self, share: float) -> None:
        simulated = simulate_deals(50_000, unknown_share=share, rng=1)
        unknown = (simulated.frame[list(simulated.survey.names)] == "Unknown").mean()
        assert unknown.to_numpy() == pytest.approx(np.full(12, share), abs=0.01)

    def test_bad_deals_hide_some_answers_and_not_others(self, population: SimulatedDeals) -> None:
        deals = closed(population)
        rates = {
            name: (deals.loc[deals[name] == "Unknown", "Outcome"] == "Won").mean()
            for name in population.survey.names
        }
        assert rates["Champion"] < 0.3 and rates["Budget confirmed"] < 0.3
        assert rates["Rapport"] == pytest.approx(0.4, abs=0.02)

    def test_generous_reps_give_better_ratings(self, population: SimulatedDeals) -> None:
        rating = (
            pd.to_numeric(population.frame["Champion"], errors="coerce")
            .groupby(population.frame["Rep"])
            .mean()
        )
        assert rating["David"] - rating["Felix"] > 1

    def test_open_deals_come_on_top_and_are_recent(self) -> None:
        frame = simulate_deals(400, rng=0).frame
        still_open = frame["Outcome"] == "Open"
        assert (len(frame), still_open.sum()) == (440, 40)
        assert frame["Closed"].isna().equals(still_open)
        assert frame.loc[still_open, "Created"].min() > pd.Timestamp("2024-11-20")
        assert 5 <= (frame["Outcome"] == "No decision").sum() <= 50

    def test_dates_are_in_order_and_end_on_the_last_day_of_2025(self, population: SimulatedDeals) -> None:
        frame = population.frame
        assert frame["Created"].is_monotonic_increasing
        assert (frame["Created"] <= frame["Surveyed"]).all()
        done = frame[frame["Closed"].notna()]
        assert (done["Surveyed"] <= done["Closed"]).all()
        assert done["Closed"].min() >= pd.Timestamp("2024-01-01")
        assert frame[["Surveyed", "Closed"]].max().max() == pd.Timestamp("2025-12-31")
        assert frame["Deal"].is_unique

    def test_every_answer_shown_is_one_the_survey_knows(self) -> None:
        simulated = simulate_deals(2_000, characteristics=14, rng=9)
        for asked in simulated.survey.characteristics:
            known = {str(k) for k in range(6)} if asked.kind == "score" else set(asked.values)
            assert set(simulated.frame[asked.column]) == known | {"Unknown"}


class TestSeeds:
    def test_the_same_seed_gives_the_same_bytes(self) -> None:
        first, second = simulate_deals(rng=4), simulate_deals(rng=np.random.default_rng(4))
        assert first.frame.to_csv() == second.frame.to_csv()
        assert first.survey == second.survey
        assert first.truth.win_probability.to_csv() == second.truth.win_probability.to_csv()

    def test_other_seeds_give_other_deals_of_the_same_world(self) -> None:
        first, second = simulate_deals(rng=1), simulate_deals(500, rng=2)
        assert not first.frame.head(400).equals(second.frame.head(400))
        pd.testing.assert_frame_equal(first.truth.points, second.truth.points)
        for name in ("midpoint", "slope", "floor", "ceiling", "low", "high", "matters"):
            assert getattr(first.truth, name) == getattr(second.truth, name)

    def test_no_seed_gives_fresh_deals(self) -> None:
        assert not simulate_deals(rng=None).frame.equals(simulate_deals(rng=None).frame)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"n": 0}, "`n`"),
        ({"n": 10.5}, "`n`"),
        ({"characteristics": 0}, "`characteristics`"),
        ({"curve": "steep"}, "'sharp'"),
        ({"win_rate": 40}, "Did you mean 0.4?"),
        ({"win_rate": 0.05}, "(0.08, 0.9)"),
        ({"unknown_share": 0.6}, "[0, 0.5]"),
        ({"unknown_share": "8 %"}, "[0, 0.5]"),
    ],
)
def test_arguments_outside_their_range_are_refused(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        simulate_deals(**wrong)
    assert said in str(refused.value)


@pytest.mark.parametrize("count", [1, 4, 12, 40])
def test_few_and_many_characteristics(count: int) -> None:
    simulated = simulate_deals(60, characteristics=count)
    assert len(simulated.survey.characteristics) == count
    assert simulated.truth.matters


def test_the_deals_read_as_drawn_from_the_frame_and_from_files(tmp_path: Path) -> None:
    simulated = simulate_deals(400, characteristics=13, rng=6)
    simulated.frame.to_csv(tmp_path / "deals.csv", index=False)
    write_survey(simulated.survey, tmp_path / "survey.yaml")
    survey = read_survey(tmp_path / "survey.yaml")
    assert survey == simulated.survey
    deals = read_deals(simulated.frame, simulated.survey)
    pd.testing.assert_frame_equal(read_deals(tmp_path / "deals.csv", survey).closed, deals.closed)
    assert (deals.n, len(deals.open), deals.left_out) == (400, 40, 0)
    assert deals.won.sum() == (simulated.frame["Outcome"] == "Won").sum()
    points = simulated.truth.points.set_index(["characteristic", "answer"])["points"]
    total = sum(deals.answers[name].astype(object).map(points[name]) for name in survey.names)
    assert total.tolist() == simulated.truth.scores[deals.closed.index].tolist()
