"""What is found on 448 real deals: the factors others found, honest performance, a gradual climb."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from firthmodels import FirthLogisticRegression
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold

import qualify as ql
from qualify.deals.resampling_units import sample_of
from qualify.deals.score_bins import scales_of, whole_items
from qualify.factors.factors import Factors
from qualify.numerics.parallel import replicate
from qualify.numerics.procedures import Recipe, predict, train
from qualify.numerics.resampling import Sample, cross_fit

SURVEY = Path(__file__).resolve().parents[2] / "examples" / "b2b_sales" / "survey.yaml"
WIN_MODEL = Recipe(5.0, False, 0, 0)
CRITERIA = Recipe(5.0, True, 8, 10)
REPEATS, FOLDS = 20, 10


@pytest.fixture(scope="module")
def frame(real_data: Path) -> pd.DataFrame:
    return ql.fetch_b2b_sales(folder=real_data)


@pytest.fixture(scope="module")
def deals(frame: pd.DataFrame) -> ql.Deals:
    return ql.read_deals(frame, ql.read_survey(SURVEY))


@pytest.fixture(scope="module")
def factors(deals: ql.Deals) -> Factors:
    return ql.find_factors(deals)


@pytest.fixture(scope="module")
def sample(deals: ql.Deals) -> Sample:
    sample, grouping = sample_of(deals)
    assert grouping == "identical answers"
    return sample


@pytest.fixture(scope="module")
def whole_sample(deals: ql.Deals, sample: Sample) -> Sample:
    return sample._replace(items=whole_items(deals.answers, deals.survey, scales_of(deals)))


class TestFactors:
    def test_what_is_known_to_matter_is_found(self, factors: Factors) -> None:
        verdict = factors.table.set_index("characteristic")["verdict"]
        for name in ("Up_sale", "Client", "Competitors", "Source"):
            assert verdict[name] in ("adds", "shared")
        for name in ("Authority", "Cross_sale", "RFP"):
            assert verdict[name] == "not shown"

    def test_the_cluster_of_client_and_up_sale_is_significant_jointly(self, factors: Factors) -> None:
        holding = [
            cluster
            for cluster in factors.clusters.itertuples()
            if {"Up_sale", "Client"} <= set(cluster.characteristics.split("; "))
        ]
        assert len(holding) == 1 and holding[0].q_value < 1e-6

    def test_alone_most_seem_to_matter_adjusted_none_does(self, factors: Factors) -> None:
        """A table of adjusted p-values only would tell the team that nothing matters."""
        assert (factors.table["alone_q"] < 0.05).sum() >= 10
        assert (factors.table["q_value"] < 0.05).sum() <= 1

    def test_plain_win_rates_are_the_published_ones(self, factors: Factors) -> None:
        answers = factors.answers.set_index(["characteristic", "answer"])
        assert answers.loc[("Up_sale", "Yes"), "win_rate"] == pytest.approx(0.74, abs=0.005)
        assert answers.loc[("Up_sale", "No"), "win_rate"] == pytest.approx(0.23, abs=0.005)
        for name in ("Budgt_alloc", "Purch_dept", "Competitors"):
            assert 0.135 <= answers.loc[(name, "unknown"), "win_rate"] <= 0.25

    def test_rare_answers_are_pooled_and_named(self, factors: Factors) -> None:
        pooled = factors.pooled.set_index(["characteristic", "answer"])["pooled_into"]
        assert pooled["Growth", "Slow down"] == "Stable"
        assert pooled["Client", "Past"] == "Current"
        assert pooled["Source", "Event"] == "Online form / Other"

    def test_adjusted_tests_equal_an_independent_computation(
        self, factors: Factors, frame: pd.DataFrame
    ) -> None:
        columns = design_by_hand(frame)
        X, y = columns.to_numpy(), (frame["Status"] == "Won").to_numpy(float)
        peer = FirthLogisticRegression(backend="numpy", max_iter=200, gtol=1e-7, xtol=1e-7).fit(X, y)
        full = firth_loglik(X, y, [])
        assert full == pytest.approx(peer.loglik_, abs=1e-6)
        owner, part = zip(*(name.split(": ") for name in columns), strict=True)
        for found in factors.table.itertuples():
            mine = np.array(owner) == found.characteristic
            unknown = mine & (np.array(part) == "unknown")
            known = np.flatnonzero(mine & ~unknown)
            assert found.df == known.size
            assert found.chi2 == pytest.approx(2 * (full - firth_loglik(X, y, known)), abs=1e-6)
            if unknown.any():
                without = firth_loglik(X, y, np.flatnonzero(unknown))
                assert found.unknown_chi2 == pytest.approx(2 * (full - without), abs=1e-6)
        cluster = factors.clusters.iloc[0]
        together = np.isin(owner, cluster["characteristics"].split("; ")) & (np.array(part) != "unknown")
        without = firth_loglik(X, y, np.flatnonzero(together))
        assert cluster["chi2"] == pytest.approx(2 * (full - without), abs=1e-6)


def firth_loglik(columns: NDArray[np.float64], y: NDArray[np.float64], held: Sequence[int]) -> float:
    """Largest penalised log-likelihood, some slopes at zero: scoring with the penalty of all columns."""
    X = np.column_stack([np.ones(len(y)), columns])
    free = np.setdiff1d(np.arange(X.shape[1]), np.asarray(held, dtype=int) + 1)
    beta = np.zeros(X.shape[1])
    for _ in range(500):
        p = expit(X @ beta)
        information = (X * (p * (1 - p))[:, None]).T @ X
        hat = p * (1 - p) * np.einsum("ij,jk,ik->i", X, np.linalg.inv(information), X)
        score = X.T @ (y - p + hat * (0.5 - p))
        step = np.linalg.solve(information[np.ix_(free, free)], score[free])
        beta[free] += step * min(1.0, 2.0 / np.abs(step).max())
        if np.abs(step).max() < 1e-9:
            break
    eta = X @ beta
    return float(y @ eta - np.logaddexp(0, eta).sum() + np.linalg.slogdet(information)[1] / 2)


def design_by_hand(frame: pd.DataFrame) -> pd.DataFrame:
    """Columns of the 20 characteristics written out, rare answers put where there are enough deals."""
    ranks = {
        "Authority": ["Low", "Mid", "High"],
        "Comp_size": ["Small", "Mid", "Big"],
        "Growth": ["Stable", "Growth"],
        "Posit_statm": ["No", "Neutral", "Yes"],
        "Needs_def": ["No", "Info gathering", "Yes"],
        "Scope": ["Low", "Few questions", "Clear"],
        "Strat_deal": ["Unimportant", "Average important", "Very important"],
    }
    yes_no = ["Cross_sale", "Up_sale", "Budgt_alloc", "Purch_dept", "Forml_tend", "RFI", "RFP"]
    yes_no += ["Competitors", "Partnership"]
    choices = {
        "Client": ["New"],
        "Att_t_client": ["First deal", "Strategic account"],
        "Deal_type": ["Solution", "Maintenance", "Consulting"],
        "Source": ["Referral", "Media", "Direct mail", "Other"],
    }
    rare = {
        "Growth": {"Slow down": "Stable"},
        "Client": {"Past": "Current"},
        "Att_t_client": {"Bad client": "Normal"},
        "Needs_def": {"Poor": "Info gathering"},
        "Source": {"Online form": "Other", "Event": "Other"},
    }
    frame = frame.replace(rare)
    columns: dict[str, pd.Series] = {}
    for name, order in ranks.items():
        rank = frame[name].map({answer: float(k) for k, answer in enumerate(order)})
        columns[f"{name}: known"] = (rank - rank.mean()).fillna(0.0)
    for name in yes_no:
        columns[f"{name}: known"] = (frame[name] == "Yes").astype(float)
    for name, answers in choices.items():
        for answer in answers:
            label = "known" if len(answers) == 1 else answer
            columns[f"{name}: {label}"] = (frame[name] == answer).astype(float)
    for name in ("Growth", "Source", "Budgt_alloc", "Purch_dept", "Competitors"):
        unknown = frame[name] == "Unknown"
        columns[f"{name}: unknown"] = unknown.astype(float)
        # Unknown is held against an average known answer.
        for label in [label for label in columns if label.startswith(f"{name}: ")][:-1]:
            columns[label] = columns[label].where(~unknown, columns[label][~unknown].mean())
    return pd.DataFrame(columns)


def by_repeats(sample: Sample, recipe: Recipe) -> list[NDArray[np.float64]]:
    rng = np.random.default_rng(0)
    return replicate(lambda g: cross_fit(sample, recipe, FOLDS, g), REPEATS, rng, what="scoring")


def by_another_splitter(sample: Sample, recipe: Recipe) -> tuple[list[NDArray[np.float64]], int]:
    """Scores of unseen deals with scikit-learn's folds, and the most characteristics any fold kept."""
    scores, most = [], 0
    for seed in range(REPEATS):
        score = np.zeros(sample.outcome.size)
        splitter = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
        for known, held in splitter.split(score, sample.outcome, sample.group):
            assert not set(sample.group[known]) & set(sample.group[held])
            weights = np.zeros(score.size)
            weights[known] = 1.0
            trained = train(sample.items, sample.outcome, weights, recipe)
            score[held] = predict(sample.items.codes[held], trained)
            most = max(most, int(trained.points.any(axis=1).sum()))
        scores.append(score)
    return scores, most


def mean_auc(sample: Sample, scores: list[NDArray[np.float64]]) -> float:
    return float(np.mean([roc_auc_score(sample.outcome, score) for score in scores]))


class TestHonestPerformance:
    """AUC pooled over ten folds that keep identical answers together, mean of twenty divisions."""

    def test_of_the_win_model(self, sample: Sample) -> None:
        assert mean_auc(sample, by_repeats(sample, WIN_MODEL)) >= 0.79
        assert mean_auc(sample, by_another_splitter(sample, WIN_MODEL)[0]) >= 0.79

    def test_of_whole_number_criteria_chosen_anew_in_each_fold(self, whole_sample: Sample) -> None:
        scores, most = by_another_splitter(whole_sample, CRITERIA)
        assert most <= 8
        assert mean_auc(whole_sample, scores) >= 0.785
        assert mean_auc(whole_sample, by_repeats(whole_sample, CRITERIA)) >= 0.785

    def test_the_procedure_learns_nothing_from_deals_held_back(self, whole_sample: Sample) -> None:
        held = whole_sample.group % 10 == 0
        turned = np.where(held, 1.0 - whole_sample.outcome, whole_sample.outcome)
        weights = np.where(held, 0.0, 1.0)
        for recipe in (WIN_MODEL, CRITERIA):
            one = train(whole_sample.items, whole_sample.outcome, weights, recipe)
            other = train(whole_sample.items, turned, weights, recipe)
            assert one.intercept == other.intercept and (one.effects == other.effects).all()


def test_the_climb_is_gradual(deals: ql.Deals) -> None:
    tipping = ql.find_tipping_point(deals, replicates=100)
    assert tipping.verdict == "gradual"
    assert tipping.p_value < 0.05 and tipping.slope > 0
    assert tipping.zones["n"].sum() == 448
    assert roc_auc_score(tipping.scores["won"], tipping.scores["score"]) > 0.78


def test_the_criteria(deals: ql.Deals) -> None:
    criteria = ql.refine_criteria(deals, max_characteristics=8, replicates=40)
    assert 3 <= len(criteria.kept) <= 8
    sizes = criteria.parsimony.set_index("characteristics")
    assert sizes.loc[[1, 3, 5, 8], "auc"].is_monotonic_increasing
    assert sizes.loc[8, "log_loss"] < sizes.loc[3, "log_loss"] < sizes.loc[0, "log_loss"]
    assert sizes.loc[3, "worse_low"] < 0  # three questions are not shown to do worse
    assert {"Up_sale", "Source"} <= set(criteria.kept)
    assert not {"Authority", "Cross_sale", "RFP"} & set(criteria.kept)
    performance = criteria.performance.set_index("metric")
    assert performance.loc["auc", "estimate"] >= 0.785
    assert performance.loc["auc", "ci_low"] < 0.79 < performance.loc["auc", "ci_high"] < 0.87
    bands = criteria.bands.set_index("zone")
    assert bands.loc["below", "win_rate"] < 0.3 and bands.loc["above", "win_rate"] > 0.7
