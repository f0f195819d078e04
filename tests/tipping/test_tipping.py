"""The tipping verb: intervals beside R's, zones, scores of every kind, and coverage over many teams."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from scipy.stats import binom
from sklearn.isotonic import IsotonicRegression
from statsmodels.stats.proportion import proportion_confint

import qualify as ql
from qualify.numerics.curves import PLATEAU, choose_curve, fit_plateau_curve
from qualify.numerics.tipping import landmarks
from qualify.survey import Characteristic, Columns, Outcomes, Survey
from qualify.tipping.tipping import TippingPoint
from qualify.tipping.verdict import Limits

GOLDEN = Path(__file__).parents[1] / "golden"


def scored(score: np.ndarray, won: np.ndarray, **columns: object) -> ql.Deals:
    """Deals whose one question is a number, by ids."""
    frame = pd.DataFrame(
        {"id": [f"D{k}" for k in range(len(won))], "won": np.asarray(won).astype(int), "x": score, **columns}
    )
    survey = Survey(
        columns=Columns(outcome="won", deal="id", account="account" if "account" in columns else None),
        outcomes=Outcomes(won=("1",), lost=("0",)),
        characteristics=(Characteristic(name="x", column="x", kind="score"),),
    )
    return ql.read_deals(frame, survey)


def climbing(n: int = 400, seed: int = 0, slope: float = 1.5) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    score = rng.normal(size=n).round(4)
    return score, rng.random(n) < expit(slope * score)


@pytest.fixture(scope="module")
def tipping() -> TippingPoint:
    score, won = climbing()
    return ql.find_tipping_point(scored(score, won), score=score, replicates=100)


class TestBesideR:
    @pytest.mark.parametrize(("total", "questions"), [("tot12", 12), ("tot5", 5)])
    def test_bootstrap_intervals_lie_near_profile_likelihood_ones(self, total: str, questions: int) -> None:
        golden = json.loads((GOLDEN / "out" / "thresholds.json").read_text())[f"deals500_{total}"]
        table = pd.read_csv(GOLDEN / "data" / "deals_500.csv")
        score = table[[f"q{k:02d}" for k in range(1, questions + 1)]].sum(axis=1).to_numpy(float)
        found = ql.find_tipping_point(scored(score, table["won"].to_numpy()), score=score, replicates=400)
        for name, share in (("low", 0.1), ("midpoint", 0.5), ("high", 0.9)):
            place = golden["p"].index(share)
            low, high = golden["profile_lo"][place], golden["profile_hi"][place]
            assert getattr(found, name) == pytest.approx(golden["est"][place], abs=1e-6)
            limits = getattr(found, f"{name}_ci")
            assert limits == pytest.approx((low, high), abs=0.25 * (high - low))

    def test_the_stepped_curve_for_the_eye_is_that_of_isoreg(self) -> None:
        golden = json.loads((GOLDEN / "out" / "thresholds.json").read_text())["deals500_isotonic_tot5"]
        table = pd.read_csv(GOLDEN / "data" / "deals_500.csv")
        score = table[[f"q{k:02d}" for k in range(1, 6)]].sum(axis=1).to_numpy(float)
        deals = scored(score, table["won"].to_numpy())
        steps = ql.find_tipping_point(deals, score=score, replicates=1).isotonic
        assert steps["score"].tolist() == golden["x"]
        np.testing.assert_allclose(steps["win_rate"], golden["pava"], atol=1e-12)

    def test_a_step_in_the_win_rate_is_found_where_it_is(self) -> None:
        table = pd.read_csv(GOLDEN / "data" / "step600.csv")
        score, won = table["x"].to_numpy(float), table["y"].to_numpy()
        found = ql.find_tipping_point(scored(score, won), score=score, replicates=40)
        # The best single cut by likelihood, sought by brute force.
        cuts = np.unique(score)[1:]
        best = max(cuts, key=lambda cut: two_rates(won[score < cut]) + two_rates(won[score >= cut]))
        assert found.verdict == "sharp" and found.curve_kind == "plateau"
        assert found.low - 0.5 <= best <= found.high + 0.5
        assert found.width_share < 0.1


def two_rates(won: np.ndarray) -> float:
    rate = won.mean()
    return float(len(won) * (rate * np.log(rate + 1e-12) + (1 - rate) * np.log(1 - rate + 1e-12)))


class TestShape:
    def test_zones_count_deals_around_the_band(self, tipping: TippingPoint) -> None:
        score, won = tipping.scores["score"], tipping.scores["won"]
        masks = {"below": score < tipping.low, "above": score > tipping.high}
        masks["inside"] = ~masks["below"] & ~masks["above"]
        zones = tipping.zones.set_index("zone")
        assert zones.index.tolist() == ["below", "inside", "above"]
        for zone, mask in masks.items():
            assert zones.loc[zone, "n"] == mask.sum() and zones.loc[zone, "won"] == won[mask].sum()
            assert zones.loc[zone, "win_rate"] == pytest.approx(won[mask].mean())
            low, high = proportion_confint(won[mask].sum(), mask.sum(), method="wilson")
            assert zones.loc[zone, "win_rate_low"] <= low + 1e-12
            assert zones.loc[zone, "win_rate_high"] >= high - 1e-12
        assert zones["n"].sum() == tipping.n == 400
        assert zones["share"].sum() == pytest.approx(1.0)

    def test_the_band_is_ten_to_ninety_percent_of_the_climb(self, tipping: TippingPoint) -> None:
        assert tipping.curve_kind == "logistic" and (tipping.floor, tipping.ceiling) == (0.0, 1.0)
        assert np.isnan([*tipping.floor_ci, *tipping.ceiling_ci]).all()
        half = np.log(9) / tipping.slope
        assert (tipping.low, tipping.high) == pytest.approx(
            (tipping.midpoint - half, tipping.midpoint + half)
        )
        ends = np.quantile(tipping.scores["score"], [0.025, 0.975])
        assert tipping.width_share == pytest.approx(2 * half / np.ptp(ends))
        for name in ("midpoint", "low", "high", "width_share", "slope"):
            low, high = getattr(tipping, f"{name}_ci")
            assert low < getattr(tipping, name) < high

    def test_the_curve_rises_within_its_limits(self, tipping: TippingPoint) -> None:
        curve = tipping.curve
        assert curve["probability"].is_monotonic_increasing
        assert ((curve["low"] <= curve["probability"]) & (curve["probability"] <= curve["high"])).all()
        by_hand = expit(tipping.slope * (curve["score"] - tipping.midpoint))
        np.testing.assert_allclose(curve["probability"], by_hand, atol=1e-6)

    def test_the_stepped_curve_is_the_isotonic_regression(self, tipping: TippingPoint) -> None:
        score, won = tipping.scores["score"], tipping.scores["won"].astype(float)
        expected = IsotonicRegression().fit(score, won).predict(tipping.isotonic["score"])
        np.testing.assert_allclose(tipping.isotonic["win_rate"], expected, atol=1e-12)

    def test_an_edge_beyond_the_scores_is_not_reached(self) -> None:
        score, won = climbing(300, seed=2, slope=0.5)
        found = ql.find_tipping_point(scored(score, won), score=score, replicates=25)
        assert found.verdict == "gradual"
        assert np.isnan(found.low) and np.isnan(found.high) and np.isfinite(found.midpoint)
        assert found.zones["n"].tolist() == [0, 300, 0]
        assert found.zones.set_index("zone").loc["below", ["win_rate", "win_rate_low"]].isna().all()
        assert found.width_share > 1 and "more than 33%" in found.reason

    def test_what_is_sharp_is_for_the_caller_to_say(self, tipping: TippingPoint) -> None:
        score, won = climbing(200)
        deals = scored(score, won)
        assert tipping.verdict == "gradual"
        wide = Limits(width_share=2, width_share_high=4, outer_deals=5, rise=0.2)
        assert ql.find_tipping_point(deals, score=score, replicates=20, limits=wide).verdict == "sharp"
        for name, value, word in (
            ("width_share_high", 0.2, "perhaps"),
            ("outer_deals", 190, "lie outside"),
            ("rise", 0.999, "too little"),
        ):
            strict = replace(wide, **{name: value})
            found = ql.find_tipping_point(deals, score=score, replicates=20, limits=strict)
            assert found.verdict == "gradual" and word in found.reason

    def test_it_shows_itself(self, tipping: TippingPoint) -> None:
        assert repr(tipping).startswith("<TippingPoint: gradual on 400 deals")
        assert "<table" in tipping._repr_html_()
        assert tipping.score_label == "score"


class TestGivenScores:
    def test_on_another_scale_it_is_the_same_band(self, tipping: TippingPoint) -> None:
        score, won = climbing()
        moved = ql.find_tipping_point(scored(score, won), score=100 - 7 * -score, replicates=100)
        for name in ("midpoint", "low", "high"):
            assert getattr(moved, name) == pytest.approx(100 + 7 * getattr(tipping, name), abs=1e-5)
            limits = [100 + 7 * end for end in getattr(tipping, f"{name}_ci")]
            assert getattr(moved, f"{name}_ci") == pytest.approx(limits, abs=1e-5)
        assert moved.slope == pytest.approx(tipping.slope / 7)
        assert moved.width_share == pytest.approx(tipping.width_share)
        pd.testing.assert_frame_equal(moved.zones, tipping.zones)

    @pytest.mark.parametrize("holder", ["list", "tuple", "series", "by deal", "nullable", "int"])
    def test_whatever_holds_the_numbers(self, holder: str) -> None:
        score, won = climbing(120)
        score = (score * 10).round()
        deals = scored(score, won)
        ids = deals.closed.index
        given = {
            "list": score.tolist(),
            "tuple": tuple(score),
            "series": pd.Series(score),
            "by deal": pd.Series(score, index=ids).iloc[::-1],
            "nullable": pd.Series(score, index=ids).astype("Int64"),
            "int": score.astype(int),
        }[holder]
        found = ql.find_tipping_point(deals, score=given, replicates=2)
        assert found.scores["score"].tolist() == score.tolist()
        assert found.scores.index.equals(ids)

    def test_a_series_may_hold_more_deals_than_are_closed(self) -> None:
        score, won = climbing(120)
        deals = scored(score, won)
        more = pd.concat([pd.Series({"X1": 9.0}), pd.Series(score, index=deals.closed.index)])
        assert (
            ql.find_tipping_point(deals, score=more, replicates=2).scores["score"].tolist() == score.tolist()
        )

    def test_a_series_that_lacks_deals_names_them(self) -> None:
        score, won = climbing(120)
        by_deal = pd.Series(score, index=[f"D{k}" for k in range(120)])
        spoilt = by_deal.rename({"D3": "d3", "D7": "d7"})
        with pytest.raises(ql.InvalidArgument) as caught:
            ql.find_tipping_point(scored(score, won), score=spoilt)
        assert [problem.row for problem in caught.value.problems] == ["D3", "D7"]

    def test_a_missing_number_names_its_deal(self) -> None:
        score, won = climbing(120)
        ids = [f"D{k}" for k in range(120)]
        for missing in (np.nan, np.inf, pd.NA):
            numbers = pd.Series(score, index=ids, dtype="Float64")
            numbers.iloc[[4, 11]] = missing
            with pytest.raises(ql.InvalidArgument) as caught:
                ql.find_tipping_point(scored(score, won), score=numbers)
            assert [problem.row for problem in caught.value.problems] == ["D4", "D11"]

    def test_other_arguments_out_of_range(self) -> None:
        score, won = climbing(60)
        deals = scored(score, won)
        for wrong in ({"level": 95}, {"replicates": 0}, {"replicates": 2.5}):
            with pytest.raises(ql.InvalidArgument):
                ql.find_tipping_point(deals, score=score, **wrong)  # type: ignore[arg-type]


class TestChance:
    def test_the_seed_decides(self) -> None:
        team = ql.simulate_deals(200, rng=1)
        deals = ql.read_deals(team.frame, team.survey)
        one, same = (
            ql.find_tipping_point(deals, replicates=25, rng=rng) for rng in (3, np.random.default_rng(3))
        )
        other = ql.find_tipping_point(deals, replicates=25, rng=4)
        for name in ("scores", "curve", "zones", "isotonic"):
            pd.testing.assert_frame_equal(getattr(one, name), getattr(same, name))
        assert one.midpoint_ci == same.midpoint_ci
        assert not one.scores.equals(other.scores)

    def test_row_order_acts_like_another_seed_and_no_more(self) -> None:
        """Folds and draws are dealt by row; the answer moves by less than a third of its interval."""
        team = ql.simulate_deals(400, rng=5)
        found = [
            ql.find_tipping_point(ql.read_deals(frame, team.survey), replicates=40)
            for frame in (team.frame, team.frame.iloc[::-1], team.frame.sample(frac=1, random_state=2))
        ]
        width = np.ptp(found[0].midpoint_ci)
        assert np.ptp([one.midpoint for one in found]) < width / 3
        assert np.ptp([one.slope for one in found]) < np.ptp(found[0].slope_ci) / 3
        first = found[0].scores["score"]
        for one in found[1:]:
            assert np.corrcoef(first, one.scores["score"].loc[first.index])[0, 1] > 0.99

    def test_the_table_is_left_alone(self) -> None:
        team = ql.simulate_deals(150, rng=1)
        deals = ql.read_deals(team.frame, team.survey)
        before = deals.closed.copy(deep=True)
        ql.find_tipping_point(deals, replicates=2)
        pd.testing.assert_frame_equal(deals.closed, before)


FIGURES = ("midpoint", "low", "high", "slope", "floor", "ceiling")


def misses(tipping: TippingPoint, truth: object, names: tuple[str, ...] = FIGURES) -> dict[str, int]:
    missed = {}
    for name in names:
        low, high = getattr(tipping, f"{name}_ci")
        missed[name] = int(not low <= getattr(truth, name) <= high)
    return missed


def given_plateau(seeds: range) -> pd.DataFrame:
    rows = []
    for seed in seeds:
        team = ql.simulate_deals(1500, curve="plateau", rng=seed)
        deals = ql.read_deals(team.frame, team.survey)
        found = ql.find_tipping_point(deals, score=team.truth.scores, replicates=100)
        assert found.curve_kind == "plateau"
        rows.append(misses(found, team.truth))
    return pd.DataFrame(rows)


def learned(curve: str, seeds: range) -> pd.DataFrame:
    """Against the same kind of curve fitted to the same learned score of 200,000 new deals."""
    population = ql.simulate_deals(200_000, curve=curve, rng=987_654)  # type: ignore[arg-type]
    new = ql.read_deals(population.frame, population.survey)
    outcome, ones = new.won.to_numpy(float), np.ones(new.n)
    rows = []
    for seed in seeds:
        team = ql.simulate_deals(500, curve=curve, rng=seed)  # type: ignore[arg-type]
        deals = ql.read_deals(team.frame, team.survey)
        found = ql.find_tipping_point(deals, replicates=100)
        score = ql.fit_win_model(deals).log_odds(new).to_numpy()
        true = choose_curve(score, outcome, ones, np.inf)
        if found.curve_kind == "plateau":
            true = fit_plateau_curve(score, outcome, ones, true)
            assert true.kind == PLATEAU
        names = FIGURES if found.curve_kind == "plateau" else FIGURES[:4]
        rows.append(misses(found, landmarks(true), names))
    return pd.DataFrame(rows)


@pytest.mark.slow
def test_a_given_score_s_plateau_over_many_teams() -> None:
    """Of 100 teams at most 12 misses of each figure: more come with probability 0.0015."""
    assert binom.sf(12, 100, 0.05) < 0.002
    assert (given_plateau(range(100)).sum() <= 12).all()


@pytest.mark.slow
@pytest.mark.parametrize("curve", ["plateau", "gradual", "sharp"])
def test_a_learned_score_over_many_teams(curve: str) -> None:
    """Of 60 teams at most 9 misses of each figure: more come with probability 0.001."""
    assert binom.sf(9, 60, 0.05) < 0.002
    assert (learned(curve, range(60)).sum() <= 9).all()
