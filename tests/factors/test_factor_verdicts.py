"""What adds, what is shared, what surprises and what to bear in mind, on deals built to show it."""

from __future__ import annotations

import numpy as np
import pandas as pd
from factor_tables import RATINGS, asked, deals_of, overlapping, row
from scipy.special import expit

import qualify as ql
from qualify.survey import Answer, Characteristic


class TestVerdicts:
    def test_what_adds_what_is_shared_and_what_is_not_shown(self) -> None:
        factors = ql.find_factors(deals_of(overlapping(), *RATINGS))
        table = factors.table.set_index("characteristic")
        assert table["verdict"].to_dict() == {
            "Pain": "shared",
            "Need": "shared",
            "Budget": "adds",
            "Shoes": "not shown",
        }
        assert table["shares_with"].to_dict() == {"Pain": "Need", "Need": "Pain", "Budget": "", "Shoes": ""}
        assert factors.clusters["characteristics"].tolist() == ["Pain; Need"]
        assert factors.clusters.loc[0, "q_value"] < 0.05

    def test_verdicts_follow_from_the_q_values(self) -> None:
        simulated = ql.simulate_deals(250, rng=6)
        factors = ql.find_factors(ql.read_deals(simulated.frame, simulated.survey))
        clustered = {name for joined in factors.clusters["characteristics"] for name in joined.split("; ")}
        significant = factors.clusters[factors.clusters["q_value"] < factors.q]
        carried = {name for joined in significant["characteristics"] for name in joined.split("; ")}
        for one in factors.table.itertuples():
            adds = one.q_value < factors.q
            shared = not adds and one.alone_q < factors.q and one.characteristic in carried
            assert one.verdict == ("adds" if adds else "shared" if shared else "not shown")
            assert ("alone only" in one.note) == (one.verdict == "not shown" and one.alone_q < factors.q)
            assert set(filter(None, one.shares_with.split("; "))) <= clustered - {one.characteristic}

    def test_a_looser_rate_lets_more_through(self) -> None:
        deals = deals_of(overlapping(), *RATINGS)
        strict, loose = (ql.find_factors(deals, q=q).table["verdict"] for q in (1e-6, 0.4))
        assert (strict != "not shown").sum() <= (loose != "not shown").sum()

    def test_outcomes_play_no_part_in_clusters(self) -> None:
        frame = overlapping()
        found = []
        for seed in range(5):
            won = np.random.default_rng(seed).permutation(frame["won"])
            found.append(ql.find_factors(deals_of(frame.assign(won=won), *RATINGS)).clusters)
        for other in found[1:]:
            columns = ["cluster", "characteristics", "df"]
            pd.testing.assert_frame_equal(found[0][columns], other[columns])

    def test_the_threshold_decides_what_overlaps(self) -> None:
        deals = deals_of(overlapping(), *RATINGS)
        assert ql.find_factors(deals, overlap=0.99).clusters.empty
        everything = ql.find_factors(deals, overlap=0.001).clusters
        assert everything["characteristics"].tolist() == ["Pain; Need; Budget; Shoes"]

    def test_direction(self) -> None:
        frame = overlapping()
        frame["Budget"] = 6 - frame["Budget"]
        table = ql.find_factors(deals_of(frame, *RATINGS)).table.set_index("characteristic")
        assert table.loc["Budget", "direction"] == "losing" and table.loc["Budget", "swing_high"] < 0
        assert table.loc["Pain", "direction"] == "winning"


class TestSurprise:
    def test_overlooked_overrated_and_reversed(self) -> None:
        frame = overlapping()
        frame["Buyer"] = (frame["Budget"] > 3).astype(int)
        characteristics = (
            asked("Pain", "score", low=0, high=6, points_per_step=2),
            asked("Need", "score", low=0, high=6, points_per_step=-1),
            asked("Budget", "score", low=0, high=6),
            asked("Shoes", "score", low=0, high=6, points_per_step=1),
        )
        table = ql.find_factors(deals_of(frame, *characteristics)).table.set_index("characteristic")
        assert table["surprise"].to_dict() == {
            "Pain": "",
            "Need": "reversed",
            "Budget": "overlooked",
            "Shoes": "overrated",
        }

    def test_points_of_single_answers(self) -> None:
        frame = overlapping()
        frame["Buyer"] = np.where(frame["Budget"] > 3, "Yes", "No")

        def surprise(no: float, yes: float) -> str:
            answers = (Answer(value="No", points=no), Answer(value="Yes", points=yes))
            buyer = Characteristic(name="Buyer", column="Buyer", kind="yes_no", answers=answers)
            pain = asked("Pain", "score", low=0, high=6, points_per_step=1)
            return str(row(ql.find_factors(deals_of(frame, buyer, pain)), "Buyer")["surprise"])

        assert surprise(0, 5) == ""
        assert surprise(5, 0) == "reversed"
        assert surprise(3, 3) == "overlooked"

    def test_a_survey_without_points_surprises_nobody(self) -> None:
        table = ql.find_factors(deals_of(overlapping(), *RATINGS)).table
        assert (table["surprise"] == "").all()


class TestNotes:
    def test_not_knowing_goes_with_losing(self) -> None:
        frame = overlapping()
        lost = np.flatnonzero(frame["won"] == 0)
        shoes = frame["Shoes"].astype(object)
        shoes.iloc[lost[::2]] = "unknown"
        factors = ql.find_factors(deals_of(frame.assign(Shoes=shoes), *RATINGS))
        found = row(factors, "Shoes")
        assert "not knowing goes with losing" in found["note"] and "% unknown" in found["note"]
        assert found["unknown_swing"] < -0.3 and found["unknown_q"] < 0.001
        assert found["verdict"] == "not shown"

    def test_a_curved_rating(self) -> None:
        rng = np.random.default_rng(0)
        pace = rng.integers(0, 5, 400)
        won = rng.random(400) < np.array([0.15, 0.4, 0.8, 0.45, 0.2])[pace]
        frame = pd.DataFrame({"Pace": pace, "won": won.astype(int)})
        found = row(ql.find_factors(deals_of(frame, asked("Pace", "score"))), "Pace")
        assert found["nonlinear_p"] < 1e-6 and "not a straight line" in found["note"]

    def test_a_straight_rating_is_rarely_called_curved(self) -> None:
        p_values = []
        for seed in range(60):
            rng = np.random.default_rng(seed)
            pace = rng.integers(0, 5, 150)
            frame = pd.DataFrame({"Pace": pace, "won": (rng.random(150) < expit(pace - 2)).astype(int)})
            found = ql.find_factors(deals_of(frame, asked("Pace", "score")))
            p_values.append(row(found, "Pace")["nonlinear_p"])
        # 10 % of 60 is 6; more than 13 come with probability 0.003.
        assert np.sum(np.array(p_values) < 0.1) <= 13
