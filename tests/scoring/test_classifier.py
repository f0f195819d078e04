"""The classifier is the criteria with scikit-learn's manners."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import cross_val_score
from sklearn.utils.estimator_checks import check_estimator

import qualify as ql

# These fit on a handful of rows, from which no criteria are learned.
FEW = dict.fromkeys(
    (
        "check_estimators_overwrite_params",
        "check_dont_overwrite_parameters",
        "check_estimators_fit_returns_self",
        "check_readonly_memmap_input",
        "check_n_features_in_after_fitting",
        "check_f_contiguous_array_estimator",
        "check_classifier_data_not_an_array",
        "check_methods_sample_order_invariance",
        "check_methods_subset_invariance",
        "check_fit2d_1feature",
        "check_dict_unchanged",
        "check_fit2d_predict1d",
    ),
    "fewer than ten won or ten lost deals",
)
TEAM = ql.simulate_deals(300, curve="sharp", characteristics=6, rng=1)
CLOSED = TEAM.frame[TEAM.frame["Outcome"].isin(["Won", "Lost"])]
X = CLOSED[[asked.column for asked in TEAM.survey.characteristics]]
Y = CLOSED["Outcome"]


@pytest.fixture(scope="module")
def model() -> ql.ScorecardClassifier:
    return ql.ScorecardClassifier(replicates=5).fit(X, Y)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_it_behaves_as_scikit_learn_asks() -> None:
    check_estimator(ql.ScorecardClassifier(replicates=2), expected_failed_checks=FEW)


def test_it_gives_what_its_criteria_give(model: ql.ScorecardClassifier) -> None:
    chance = model.predict_proba(X)
    np.testing.assert_allclose(chance.sum(axis=1), 1.0)
    table = ql.score_deals(model.criteria_, X.reset_index(drop=True)).table
    expected = table.set_index(table["deal"].astype(int)).sort_index()["probability"]
    np.testing.assert_array_equal(chance[:, 1], expected)
    assert (model.predict(X) == np.where(chance[:, 1] >= 0.5, "Won", "Lost")).all()
    assert model.score(X, Y) > 0.8


def test_with_a_survey_it_learns_the_criteria_of_that_survey() -> None:
    deals = ql.read_deals(TEAM.frame, TEAM.survey)
    # Folds differ, since one of them knows accounts; the choice among a given number does not.
    model = ql.ScorecardClassifier(max_characteristics=6, survey=TEAM.survey, replicates=5).fit(X, Y)
    criteria = ql.refine_criteria(deals, max_characteristics=6, replicates=5)
    assert set(model.criteria_.kept) == set(criteria.kept)


def test_it_can_be_cloned_and_cross_validated() -> None:
    model = clone(ql.ScorecardClassifier(max_characteristics=3, replicates=5))
    assert cross_val_score(model, X, Y, cv=3, scoring="roc_auc").mean() > 0.8
    with pytest.raises(NotFittedError):
        model.predict(X)


def test_the_order_of_classes_is_that_of_their_names() -> None:
    one = ql.ScorecardClassifier(replicates=5).fit(X, (Y == "Won").to_numpy())
    other = ql.ScorecardClassifier(replicates=5).fit(X, (Y == "Lost").to_numpy())
    assert one.classes_.tolist() == [False, True]
    assert np.corrcoef(one.predict_proba(X)[:, 1], other.predict_proba(X)[:, 0])[0, 1] > 0.95


def test_columns_become_questions_of_their_kind() -> None:
    rng, grades = np.random.default_rng(0), ["low", "mid", "high"]
    frame = pd.DataFrame(
        {
            "amount": rng.random(200),
            "flag": rng.random(200) < 0.5,
            "grade": pd.Categorical(rng.choice(grades, 200), grades, ordered=True),
            "source": rng.choice(["web", "partner", "fair"], 200),
            "same": 1,
        }
    )
    won = rng.random(200) < np.where(frame["flag"], 0.9, 0.1)
    model = ql.ScorecardClassifier(replicates=2).fit(frame, won)
    kinds = {one.name: one.kind for one in model.criteria_.survey.characteristics}
    assert kinds == {"amount": "score", "flag": "yes_no", "grade": "ordered", "source": "choice"}
    assert model.feature_names_in_.tolist() == list(frame.columns)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda model: model.predict(X.assign(Champion="nobody knows")), "not a number"),
        (lambda model: model.predict(X.drop(columns="Champion")), "feature names should match"),
        (lambda model: clone(model).fit(X, Y.iloc[:-1]), "Inconsistent numbers of samples"),
        (lambda model: clone(model).fit(X, np.arange(len(X)) % 3), "Only binary classification"),
        (lambda model: clone(model).fit(X.iloc[:12], Y.iloc[:12]), "at least 10 won and 10 lost"),
    ],
)
def test_what_cannot_be_learned_or_foretold_is_refused(
    model: ql.ScorecardClassifier, wrong: Any, said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        wrong(model)


def told(call: Any) -> str:
    with pytest.raises(ql.QualifyError) as raised:
        call()
    return str(raised.value)


def test_messages_speak_of_columns_and_categories(model: ql.ScorecardClassifier) -> None:
    fresh = clone(model)
    name = next(one.name for one in model.criteria_.survey.characteristics if one.kind == "yes_no")
    odd = X.reset_index(drop=True).astype(object)
    odd.loc[3, name] = "Maybe"
    assert told(lambda: model.predict(odd)) == (
        f"X cannot be used:\n  - column {name}, row 3, 'Maybe': not a category seen in fit; "
        "seen were No, Yes; give one of them, or a missing cell"
    )
    messages = [
        told(lambda: model.predict(odd)),
        told(lambda: model.predict(X.assign(Champion="nobody knows"))),
        told(lambda: fresh.fit(X.assign(**dict.fromkeys(X.columns, 1)), Y)),
        told(lambda: fresh.fit(X.set_axis(["outcome", "deal", *X.columns[2:]], axis=1), Y)),
        told(lambda: fresh.fit(X.rename(columns={"Champion": " "}), Y)),
        told(lambda: fresh.fit(pd.concat([X, X], axis=1), Y)),
    ]
    assert "no column has two values" in messages[2] and "column 'outcome' has a name" in messages[3]
    assert "blank name" in messages[4] and "several columns of the same name" in messages[5]
    for message in messages:
        assert not {"survey", "characteristic", "answer"} & set(message.replace(",", " ").split())


def test_a_missing_column_is_named_as_scikit_learn_does(model: ql.ScorecardClassifier) -> None:
    with pytest.raises(ValueError, match=r"yet now missing:\n- Champion$"):
        model.predict(X.drop(columns="Champion"))


def test_with_a_survey_messages_speak_of_the_survey() -> None:
    wrong = X.assign(Champion="nobody knows")
    said = told(lambda: ql.ScorecardClassifier(survey=TEAM.survey, replicates=2).fit(wrong, Y))
    assert said.startswith("the table does not fit the survey")
