"""Cross-validation of real deals, identical answers kept together: scikit-learn's own on the same folds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, roc_auc_score
from sklearn.model_selection import PredefinedSplit, cross_val_predict
from sklearn.pipeline import make_pipeline

import qualify as ql
from qualify.deals.resampling_units import sample_of
from qualify.numerics.folds import assign_folds
from qualify.numerics.procedures import Recipe
from qualify.numerics.resampling import cross_fits
from qualify.numerics.validation import measure_splits

HERE = Path(__file__).resolve().parent.parent


class Coded(BaseEstimator, TransformerMixin):  # type: ignore[misc]
    """Columns of answers, each characteristic's turned so that its contributions have variance 1."""

    def fit(self, answers: pd.DataFrame, y: object = None) -> Coded:
        self.coding_ = {}
        for name in answers:
            columns = self.columns(answers[name], answers[name])
            root = np.linalg.cholesky(np.atleast_2d(np.cov(columns.T, bias=True)))
            self.coding_[name] = (answers[name], np.linalg.inv(root).T)
        return self

    def transform(self, answers: pd.DataFrame) -> NDArray[np.float64]:
        parts = [self.columns(answers[name], seen) @ turn for name, (seen, turn) in self.coding_.items()]
        return np.hstack(parts)

    @staticmethod
    def columns(answers: pd.Series, seen: pd.Series) -> NDArray[np.float64]:
        if answers.name in RANKS:
            order = [answer for answer in RANKS[answers.name] if (seen == answer).any()]
            rank = {answer: float(k) for k, answer in enumerate(order)}
            mean = seen.map(rank).mean()
            parts = [answers.map(rank).fillna(mean) - mean]
            parts += [(answers == "Unknown").astype(float)] if (seen == "Unknown").any() else []
        else:
            parts = [(answers == answer).astype(float) for answer in sorted(seen.unique())[1:]]
        return np.column_stack(parts)


RANKS = {
    "Authority": ["Low", "Mid", "High"],
    "Comp_size": ["Small", "Mid", "Big"],
    "Growth": ["Stable", "Growth"],
    "Posit_statm": ["No", "Neutral", "Yes"],
    "Needs_def": ["No", "Info gathering", "Yes"],
    "Scope": ["Low", "Few questions", "Clear"],
    "Strat_deal": ["Unimportant", "Average important", "Very important"],
}
RARE = {
    "Growth": {"Slow down": "Stable"},
    "Client": {"Past": "Current"},
    "Att_t_client": {"Bad client": "Normal"},
    "Needs_def": {"Poor": "Info gathering"},
    "Source": {"Online form": "Other", "Event": "Other"},
}


def test_grouped_cross_validation_of_real_deals_equals_scikit_learn(real_data: Path) -> None:
    """The same folds, but coding, ridge fit, scoring and measures by pandas and scikit-learn."""
    frame = ql.fetch_b2b_sales(folder=real_data).replace(RARE)
    deals = ql.read_deals(frame, ql.read_survey(HERE.parent / "examples" / "b2b_sales" / "survey.yaml"))
    sample, grouping = sample_of(deals)
    assert grouping == "identical answers"
    strength = 16.0
    splits = cross_fits(sample, Recipe(1.0, False, 0, 0, strength), 10, 3, np.random.default_rng(5))
    found = measure_splits(splits, sample)
    answers, won = frame[list(deals.survey.names)], (frame["Status"] == "Won").to_numpy(float)
    peer = make_pipeline(Coded(), LogisticRegression(C=1 / strength, solver="newton-cholesky", tol=1e-10))
    for mine, row, generator in zip(splits, found, np.random.default_rng(5).spawn(3), strict=True):
        order = generator.permutation(int(sample.group.max()) + 1)
        fold = assign_folds(sample.group, sample.outcome, sample.weights, 10, order)
        score = cross_val_predict(peer, answers, won, cv=PredefinedSplit(fold), method="decision_function")
        np.testing.assert_allclose(mine, score, atol=1e-9)
        assert row[0] == pytest.approx(roc_auc_score(won, score.round(9)), abs=1e-12)  # sums that tie
        assert row[1] == pytest.approx(brier_score_loss(won, 1 / (1 + np.exp(-score))), abs=1e-10)
