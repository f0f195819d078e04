"""The comparison of scorecards is fair: the same folds for all, nothing learned from deals held back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score
from statsmodels.api import Logit

import qualify as ql
from benchmarks.scorecards import ours, plain
from benchmarks.scorecards.compare import main
from benchmarks.scorecards.data import FOLDS, NAMES, REPEATS, Case, as_json, case_of, divided
from benchmarks.scorecards.held_out import line, read_table, work_off
from benchmarks.scorecards.measures import differences, measured, scores, withheld
from benchmarks.scorecards.peer_fasterrisk import binary_columns
from benchmarks.scorecards.runs import METHODS, PEERS, QUALIFY

# Both reach the same maximum, by other ways.
ITERATED = 1e-5


@pytest.fixture(scope="module")
def case() -> Case:
    simulated = ql.simulate_deals(200, rng=4)
    return divided("simulated", ql.read_deals(simulated.frame, simulated.survey), 2)


@pytest.fixture(scope="module")
def predicted(case: Case) -> list[dict[str, Any]]:
    rng = np.random.default_rng(0)
    shape = case.sample.outcome.size
    found = []
    for _ in range(2):
        log_odds = np.round(case.sample.outcome + rng.normal(size=shape), 1)
        chance = expit(0.5 * log_odds - 0.3)
        found.append({"log_odds": log_odds.tolist(), "chance": chance.tolist(), "questions": [3] * FOLDS})
    return found


class TestFolds:
    @pytest.mark.parametrize("name", NAMES)
    def test_groups_stay_whole_and_every_fold_has_both_outcomes(self, real_data: Path, name: str) -> None:
        case = case_of(name, real_data)
        assert case.folds.shape == (REPEATS[name], case.deals.n)
        assert case.grouping == {"biopsy": "accounts"}.get(name, "identical answers")
        for fold in case.folds:
            for group in np.unique(case.sample.group):
                assert np.unique(fold[case.sample.group == group]).size == 1
            for k in range(FOLDS):
                assert set(case.sample.outcome[fold == k]) == {0.0, 1.0}

    def test_the_published_deals_come_without_seller_and_product(self, real_data: Path) -> None:
        case = case_of("b2b", real_data, 1)
        assert len(case.deals.survey.names) == 20
        assert not {"Seller", "Product"} & set(case.deals.survey.names)

    def test_the_same_seed_gives_the_same_folds(self, case: Case) -> None:
        again = divided("again", case.deals, 2)
        assert (again.folds == case.folds).all() and (again.folds[0] != again.folds[1]).any()

    def test_other_methods_get_the_deals_and_folds_of_qualify(self, case: Case) -> None:
        data = json.loads(as_json(case, 1))
        table = read_table(data)
        assert data["fold"] == case.folds[1].tolist()
        assert (table.outcome == case.deals.won.to_numpy()).all()
        assert (table.group == case.sample.group).all()
        for one in table.asked:
            answers = case.deals.answers[one.name].astype(str).to_numpy()
            assert (one.texts == answers).all()
            assert (one.unknown == (answers == "unknown")).all()
            if one.numbers is not None:
                assert (np.isnan(one.numbers) == one.unknown).all()
            if one.kind == "score" and one.numbers is not None:
                known = ~one.unknown
                assert (one.numbers[known] == answers[known].astype(float)).all()


class TestMeasures:
    def test_they_are_those_of_scikit_learn(self, case: Case, predicted: list[dict[str, Any]]) -> None:
        y, found = case.sample.outcome, measured(predicted, case.folds, case.sample.outcome)
        for d, one in enumerate(predicted):
            score, chance = np.array(one["log_odds"]), np.array(one["chance"])
            assert found["auc"][d] == pytest.approx(roc_auc_score(y, score))
            within = [roc_auc_score(y[case.folds[d] == k], score[case.folds[d] == k]) for k in range(FOLDS)]
            assert found["auc_within"][d] == pytest.approx(np.mean(within))
            assert found["brier"][d] == pytest.approx(brier_score_loss(y, chance))
            assert found["log_loss"][d] == pytest.approx(log_loss(y, chance))
            slope = LogisticRegression(C=np.inf, tol=1e-8).fit(0.5 * score[:, None] - 0.3, y).coef_[0, 0]
            assert found["calibration_slope"][d] == pytest.approx(slope, rel=ITERATED)

    def test_sums_that_are_the_same_but_for_rounding_are_ties(self) -> None:
        assert np.unique(scores({"log_odds": [0.1 + 0.2, 0.3, 0.3 + 1e-6]})).size == 2

    def test_no_method_differs_from_itself(self, case: Case, predicted: list[dict[str, Any]]) -> None:
        for by in differences(predicted, predicted, case.sample.outcome, case.sample.group).values():
            assert (by == 0).all()

    def test_a_better_method_is_seen(self, case: Case, predicted: list[dict[str, Any]]) -> None:
        y = case.sample.outcome
        better = []
        for one in predicted:
            log_odds = np.round(np.array(one["log_odds"]) + y, 1)
            better.append({**one, "log_odds": log_odds, "chance": 0.8 * y + 0.1})
        worse = differences(predicted, better, y, case.sample.group)
        aucs = [[roc_auc_score(y, one["log_odds"]) for one in found] for found in (better, predicted)]
        assert worse["auc"][0] == pytest.approx(np.mean(aucs[0]) - np.mean(aucs[1]))
        assert all(low > 0 for _, low, _ in worse.values())

    def test_points_that_would_be_withheld_say_the_win_rate_of_the_other_folds(
        self, case: Case, predicted: list[dict[str, Any]]
    ) -> None:
        given = [{**one, "handed_out": [True] * (FOLDS - 1) + [False]} for one in predicted]
        for one, before, fold in zip(
            withheld(given, case.folds, case.sample.outcome), given, case.folds, strict=True
        ):
            last = fold == FOLDS - 1
            assert one["chance"][last] == pytest.approx(case.sample.outcome[~last].mean())
            assert (one["log_odds"][~last] == np.array(before["log_odds"])[~last]).all()
            assert one["questions"] == [3] * (FOLDS - 1) + [0]


class TestMethods:
    def test_cards_ask_no_more_than_they_may(self, case: Case) -> None:
        held = case.folds[0] == 0
        log_odds, chance, row = ours.points(case.deals, held, 3)
        other = work_off(json.loads(as_json(case, 0)), plain.rounded_ridge, 3)
        assert 0 < row["questions"] <= 3 and row["handed_out"]
        assert 0 < max(other["questions"]) <= 3 and len(other["seconds"]) == FOLDS
        y = case.sample.outcome
        # Score order is probability order; sums that are the same may differ in their last figure.
        assert np.all(np.diff(chance[np.argsort(log_odds)]) > -1e-12)
        assert roc_auc_score(y[held], chance) > 0.7
        assert roc_auc_score(y, other["log_odds"]) > 0.7

    def test_nothing_is_learned_from_deals_held_back(self, case: Case) -> None:
        table = read_table(json.loads(as_json(case, 0)))
        held = case.folds[0] == 0
        known = table.some(~held)
        turned = table._replace(outcome=np.where(held, 1 - table.outcome, table.outcome))
        one = plain.rounded_ridge(known, table.some(held), 3)
        other = plain.rounded_ridge(turned.some(~held), turned.some(held), 3)
        assert (one.log_odds == other.log_odds).all()

    def test_a_line_is_that_of_maximum_likelihood_nearly(self) -> None:
        rng = np.random.default_rng(1)
        score = rng.integers(0, 20, size=400).astype(float)
        won = (rng.random(400) < expit(0.3 * score - 3)).astype(int)
        exact = Logit(won, np.column_stack([np.ones(400), score])).fit(disp=False).params
        # A hundredth of a standard deviation's worth of shrinkage.
        assert line(score, won) == pytest.approx(tuple(exact), rel=0.02)
        assert line(np.zeros(400), won)[1] == 0

    def test_fasterrisk_gets_columns_of_nought_and_one(self, case: Case) -> None:
        table = read_table(json.loads(as_json(case, 0)))
        for one in table.asked:
            columns = binary_columns(one, one)
            assert np.isin(columns, (0.0, 1.0)).all()
            # No two answers are the same in all columns.
            assert len(np.unique(columns, axis=0)) == len(np.unique(one.texts))

    def test_every_peer_is_named_once_and_its_sources_stand(self) -> None:
        assert len({method.label for method in METHODS}) == len(METHODS)
        assert QUALIFY not in PEERS
        for method in METHODS:
            assert all(source.is_file() for source in method.sources)

    def test_without_data_the_command_says_what_to_do(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        monkeypatch.setattr("sys.argv", ["compare", "--data", str(tmp_path)])
        assert main() == 2
        assert "QUALIFY_DATA" in capsys.readouterr().out
