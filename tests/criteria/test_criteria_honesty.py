"""Criteria: figures on unseen deals, where they come from, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from mixed_deals import MIXED, deals_of, mixed

import qualify as ql
from qualify.criteria.model import Criteria
from qualify.survey import Answer


@pytest.fixture(scope="module")
def deals() -> ql.Deals:
    return deals_of(mixed(), *MIXED)


@pytest.fixture(scope="module")
def criteria(deals: ql.Deals) -> Criteria:
    return ql.refine_criteria(deals, replicates=40)


class TestHonesty:
    def test_performance_is_that_of_points_that_never_saw_the_deal(self, criteria: Criteria) -> None:
        performance = criteria.performance.set_index("metric")
        assert performance.index.tolist() == ["auc", "brier"]
        assert (performance["ci_low"] < performance["estimate"]).all()
        assert (performance["estimate"] < performance["ci_high"]).all()
        score, won = criteria.tipping.scores["score"], criteria.tipping.scores["won"]
        pairs = score[won].to_numpy()[:, None] - score[~won].to_numpy()[None, :]
        pooled = (pairs > 0).mean() + (pairs == 0).mean() / 2
        # Averaged scores do a little better than single divisions into folds.
        assert performance.loc["auc", "estimate"] == pytest.approx(pooled, abs=0.02)
        rate = won.mean()
        assert performance.loc["brier", "estimate"] < rate * (1 - rate)

    def test_it_is_less_flattering_than_the_deals_learned_from(
        self, criteria: Criteria, deals: ql.Deals
    ) -> None:
        score, won = criteria.score(deals.answers), deals.won
        pairs = score[won].to_numpy()[:, None] - score[~won].to_numpy()[None, :]
        apparent = (pairs > 0).mean() + (pairs == 0).mean() / 2
        assert criteria.performance.loc[0, "estimate"] < apparent

    def test_stability(self, criteria: Criteria) -> None:
        stability = criteria.stability.set_index("characteristic")
        assert set(stability.index) == set(criteria.survey.names)
        assert set(stability.index[stability["kept"]]) == set(criteria.kept)
        assert stability["inclusion"].between(0, 1).all()
        assert stability.loc["Need", "inclusion"] > 0.8 and stability.loc["Need", "sign_agreement"] > 0.95
        assert stability.loc["Idle", "inclusion"] < 0.6
        assert stability["sign_agreement"].isna().equals(~stability["kept"])


class TestProvenance:
    def test_it_says_where_the_criteria_come_from(self, criteria: Criteria, deals: ql.Deals) -> None:
        origin = criteria.provenance
        assert (origin["deals"], origin["won"], origin["seed"]) == (deals.n, int(deals.won.sum()), 0)
        chosen = int(criteria.parsimony.loc[criteria.parsimony["in_use"], "characteristics"].iloc[0])
        told = {"max_characteristics": None, "points": "0 to 10", "zones": [0.25, 0.75], "replicates": 40}
        assert origin["settings"] == told | {"most": chosen}
        assert len(origin["fingerprint"]) == 64 and origin["level"] == 0.95
        fit = origin["fit"]
        size = fit["columns"]
        covariance = np.array(fit["covariance"])
        assert len(fit["coefficients"]) == size and covariance.shape == (size, size)
        np.testing.assert_allclose(covariance, covariance.T, atol=1e-12)
        assert (np.linalg.eigvalsh(covariance) > -1e-12).all()
        assert origin["log_odds"]["per_point"] > 0

    def test_the_fingerprint_is_of_the_deals_not_of_their_order(self, deals: ql.Deals) -> None:
        def fingerprint(frame: pd.DataFrame) -> str:
            made = ql.refine_criteria(deals_of(frame, *MIXED), replicates=2)
            return str(made.provenance["fingerprint"])

        frame = mixed()
        once = fingerprint(frame)
        assert fingerprint(frame.iloc[::-1]) == once
        frame.loc[0, "won"] = 1 - frame.loc[0, "won"]
        assert fingerprint(frame) != once

    def test_the_seed_decides(self, criteria: Criteria, deals: ql.Deals) -> None:
        again = ql.refine_criteria(deals, replicates=40, rng=np.random.default_rng(0))
        for name in ("points", "bands", "probabilities", "stability", "performance"):
            pd.testing.assert_frame_equal(getattr(again, name), getattr(criteria, name))
        assert again.provenance["seed"] is None
        # Points come from all deals at once: chance plays no part in them.
        other = ql.refine_criteria(deals, replicates=2, rng=9)
        pd.testing.assert_frame_equal(other.points, criteria.points)

    def test_row_order_does_not_move_the_points(self, criteria: Criteria) -> None:
        turned = ql.refine_criteria(deals_of(mixed().iloc[::-1], *MIXED), replicates=2)
        pd.testing.assert_frame_equal(turned.points, criteria.points)


@pytest.mark.parametrize(
    "wrong",
    [
        {"zones": (0.75, 0.25)},
        {"zones": (0.0, 0.5)},
        {"zones": 0.5},
        {"zones": ("low", "high")},
        {"zones": (0.2, 0.4, 0.6)},
        {"max_characteristics": 0},
        {"points": "0 to 7"},
        {"max_characteristics": 2.5},
        {"replicates": -1},
        {"level": 95},
    ],
    ids=str,
)
def test_arguments_out_of_range(deals: ql.Deals, wrong: dict[str, object]) -> None:
    with pytest.raises(ql.InvalidArgument):
        ql.refine_criteria(deals, **wrong)  # type: ignore[arg-type]


def test_too_few_deals_are_refused(deals: ql.Deals) -> None:
    few = deals.subset((np.arange(deals.n) < 40) & (~deals.won.to_numpy() | (np.arange(deals.n) < 4)))
    with pytest.raises(ql.NotEnoughDeals, match="scorecard"):
        ql.refine_criteria(few)


def test_separated_outcomes_give_criteria_all_the_same() -> None:
    frame = mixed().assign(Buyer=lambda table: np.where(table["won"] == 1, "Yes", "No"))
    criteria = ql.refine_criteria(deals_of(frame, *MIXED), replicates=10)
    assert "Buyer" in criteria.kept
    chance = criteria.probabilities["probability"]
    assert chance.is_monotonic_increasing and np.isfinite(chance).all()
    assert chance.iloc[0] < 0.2 and chance.iloc[-1] > 0.8


def test_hostile_words_do_no_harm() -> None:
    words = {"No": '"; DROP TABLE', "Yes": "<script>\n=1+1"}
    frame = mixed()
    frame["Buyer"] = frame["Buyer"].map(lambda answer: words.get(answer, answer))
    buyer = replace(MIXED[2], answers=tuple(Answer(value=word) for word in words.values()))
    criteria = ql.refine_criteria(deals_of(frame, *MIXED[:2], buyer, *MIXED[3:]), replicates=2)
    plain = ql.refine_criteria(deals_of(mixed(), *MIXED), replicates=2)
    assert criteria.points["points"].tolist() == plain.points["points"].tolist()
    assert "<script>" not in criteria._repr_html_()
