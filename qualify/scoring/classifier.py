"""Criteria as a scikit-learn classifier, for pipelines, cross-validation and comparison with other models."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, cast

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import assert_all_finite, check_array
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import check_is_fitted, column_or_1d

from qualify._support.words import as_number, fold
from qualify.criteria.model import Criteria, refine_criteria
from qualify.deals import read_deals
from qualify.errors import InvalidArgument, InvalidDeals, InvalidSurvey, Problem
from qualify.reading.cells import cell_text
from qualify.scoring.scoring import score_deals
from qualify.survey import UNKNOWN_WORDS, Answer, Characteristic, Columns, Outcomes, Survey

WON, LOST = "won", "lost"


class ScorecardClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Whole-number criteria with the interface of scikit-learn.

    Parameters
    ----------
    survey : Survey, optional
        How the columns of X are to be read; its outcome column need not be in X. Without it, numbers are
        scores, columns of two values yes_no, ordered categories ordered, and everything else a choice;
        columns of one value are left out, and missing cells and words for it are `unknown`.
    max_characteristics : int, optional
        Keep at most this many characteristics; unless told, as few as come near the best number.
    replicates : int
        Bootstrap draws behind the correction of the probabilities' slope.
    random_state : int
        Seed; the same seed gives the same criteria.

    Attributes
    ----------
    criteria_ : Criteria
        What was learned.
    classes_ : ndarray, shape (2,)
        The second counts as won.
    n_features_in_ : int
        Columns of X.
    feature_names_in_ : ndarray of str
        Their names, where X was a data frame with text headings.

    Examples
    --------
    >>> import qualify as ql
    >>> simulated = ql.simulate_deals(300, rng=1)
    >>> closed = simulated.frame[simulated.frame["Outcome"].isin(["Won", "Lost"])]
    >>> X = closed[[asked.column for asked in simulated.survey.characteristics]]
    >>> model = ql.ScorecardClassifier(replicates=20).fit(X, closed["Outcome"])
    >>> model.classes_.tolist(), model.predict_proba(X).shape[1]
    (['Lost', 'Won'], 2)
    """

    def __init__(
        self,
        *,
        survey: Survey | None = None,
        max_characteristics: int | None = None,
        replicates: int = 100,
        random_state: int = 0,
    ) -> None:
        self.survey = survey
        self.max_characteristics = max_characteristics
        self.replicates = replicates
        self.random_state = random_state

    def fit(self, X: ArrayLike | pd.DataFrame, y: ArrayLike) -> ScorecardClassifier:
        """Learn criteria.

        Parameters
        ----------
        X : DataFrame or array_like, shape (n, p)
            Answers; missing cells are unknown.
        y : array_like, shape (n,)
            Two values.

        Returns
        -------
        ScorecardClassifier
            Itself.

        Raises
        ------
        ValueError
            Where y has not two values, X and y differ in length, or there are too few deals of one outcome.
        """
        table = _table(X)
        outcome = column_or_1d(y, warn=True)
        assert_all_finite(outcome, input_name="y")
        check_classification_targets(outcome)
        self.classes_, won = np.unique(outcome, return_inverse=True)
        if self.classes_.size != 2:
            raise ValueError(
                "Only binary classification is supported. The type of the target is "
                f"{type_of_target(outcome)}: y must hold 2 classes, and holds {self.classes_.size} class(es)."
            )
        if len(table) != outcome.size:
            raise ValueError(f"Inconsistent numbers of samples: X has {len(table)} and y {outcome.size}.")
        self.n_features_in_ = table.shape[1]
        if isinstance(X, pd.DataFrame) and all(isinstance(name, str) for name in X.columns):
            self.feature_names_in_ = np.asarray(X.columns, dtype=object)
        with self._told_of_columns():
            survey = self._survey(table)
            table[survey.columns.outcome] = np.where(won == 1, WON, LOST)
            deals = read_deals(table, survey)
        self.criteria_: Criteria = refine_criteria(
            deals,
            max_characteristics=self.max_characteristics,
            replicates=self.replicates,
            rng=self.random_state,
        )
        return self

    def predict_proba(self, X: ArrayLike | pd.DataFrame) -> NDArray[np.float64]:
        """Return the probability of each class.

        Parameters
        ----------
        X : DataFrame or array_like, shape (n, p)
            Answers; one that was not seen in fitting is refused, not guessed.

        Returns
        -------
        ndarray, shape (n, 2)
            In the order of `classes_`.
        """
        check_is_fitted(self)
        table = _table(X)
        names = getattr(self, "feature_names_in_", None)
        if isinstance(X, pd.DataFrame) and names is not None and set(names) - set(X.columns):
            missing = "".join(f"\n- {name}" for name in names if name not in X.columns)
            raise ValueError(
                "The feature names should match those that were passed during fit.\n"
                f"Feature names seen at fit time, yet now missing:{missing}"
            )
        if table.shape[1] != self.n_features_in_ and names is None:
            raise ValueError(
                f"X has {table.shape[1]} features, but ScorecardClassifier is expecting "
                f"{self.n_features_in_} features as input"
            )
        with self._told_of_columns():
            scored = score_deals(self.criteria_, table, strict=True).table
        chance = np.empty(len(table))
        # Rows are numbered from 2, as in a spreadsheet with headings; results come best first.
        chance[scored["deal"].astype(int).to_numpy() - 2] = scored["probability"].to_numpy()
        return np.column_stack([1.0 - chance, chance])

    def predict(self, X: ArrayLike | pd.DataFrame) -> NDArray[Any]:
        """Return the likelier class.

        Parameters
        ----------
        X : DataFrame or array_like, shape (n, p)
            Answers.

        Returns
        -------
        ndarray, shape (n,)
            One of `classes_` each.
        """
        likelier = (self.predict_proba(X)[:, 1] >= 0.5).astype(int)
        return np.asarray(self.classes_[likelier])

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        tags.input_tags.allow_nan = tags.input_tags.categorical = tags.input_tags.string = True
        return tags

    @contextmanager
    def _told_of_columns(self) -> Iterator[None]:
        """Say what is wrong in words of columns and categories, unless a survey was given."""
        try:
            yield
        except (InvalidDeals, InvalidSurvey) as error:
            if self.survey is not None:
                raise
            criteria = getattr(self, "criteria_", None)
            asked = () if criteria is None else criteria.survey.characteristics
            seen = {one.column: one.values for one in asked}
            problems = [_of_columns(problem, seen) for problem in error.problems]
            raise type(error)(problems, "X cannot be used:") from None

    def _survey(self, table: pd.DataFrame) -> Survey:
        """Take the survey given, deals numbered; or make one of the columns."""
        outcomes = Outcomes(won=(WON,), lost=(LOST,))
        if self.survey is not None:
            asked, title, unknown = self.survey.characteristics, self.survey.title, self.survey.unknown
        else:
            made = (_characteristic(str(name), table[name]) for name in table.columns)
            asked, title = tuple(one for one in made if one is not None), ""
            unknown = UNKNOWN_WORDS
        taken = {one.column for one in asked} | set(table.columns)
        names = ("outcome", *(f"outcome {k}" for k in range(2, len(taken) + 3)))
        outcome = next(name for name in names if name not in taken)
        return Survey(
            columns=Columns(outcome=outcome),
            outcomes=outcomes,
            characteristics=asked,
            title=title,
            unknown=unknown,
        )


def _table(X: ArrayLike | pd.DataFrame) -> pd.DataFrame:
    """Give X as a table of its own, its columns named."""
    if isinstance(X, pd.DataFrame):
        twice = X.columns[X.columns.duplicated()].unique()
        if len(twice):
            raise InvalidArgument(f"X has several columns of the same name: {', '.join(map(repr, twice))}.")
        return X.reset_index(drop=True).copy()
    values = check_array(X, dtype=None, ensure_all_finite="allow-nan")
    return pd.DataFrame(values, columns=[f"x{j}" for j in range(values.shape[1])])


def _of_columns(problem: Problem, seen: dict[str, tuple[str, ...]]) -> Problem:
    """Word a problem of a survey or table as one of the columns of X, whose rows count from 0."""
    reason, fix = problem.reason, problem.mend
    if reason == "not an answer of the survey":
        known = ", ".join(seen.get(problem.column or "", ())[:12])
        reason, fix = "not a category seen in fit", f"seen were {known}; give one of them, or a missing cell"
    elif reason == "not a number":
        reason, fix = "not a number, and the column held only numbers in fit", "give one, or a missing cell"
    elif reason == "the survey asks nothing":
        reason, fix = "no column has two values", "give columns whose values differ"
    elif reason == "a characteristic has no name" or reason.endswith(" names no column"):
        reason, fix = "a column has a blank name", "give it one"
    elif "survey" in fix:
        fix = "give numbers instead of text"
    row = problem.row - 2 if isinstance(problem.row, int) else problem.row
    return replace(problem, reason=reason.replace("characteristic ", "column ", 1), mend=fix, row=row)


def _characteristic(name: str, cells: pd.Series[Any]) -> Characteristic | None:
    """Make a question of a column; None where all known answers are alike."""
    distinct = {value: cell_text(value) for value in cells.dropna().unique()}
    known = [value for value, text in distinct.items() if fold(text) not in ("", *UNKNOWN_WORDS)]
    if len({fold(distinct[value]) for value in known}) < 2:
        return None
    if isinstance(cells.dtype, pd.CategoricalDtype) and cells.cat.ordered:
        values = [cell_text(value) for value in cells.cat.categories]
        return Characteristic(name=name, column=name, kind="ordered", answers=_answers(values))
    texts = sorted(distinct[value] for value in known)
    if len(texts) > 2 and all(as_number(text) is not None for text in texts):
        return Characteristic(name=name, column=name, kind="score")
    words = sorted({fold(text): text for text in texts}.values())
    kind = cast("Any", "yes_no" if len(words) == 2 else "choice")
    return Characteristic(name=name, column=name, kind=kind, answers=_answers(words))


def _answers(values: list[str]) -> tuple[Answer, ...]:
    return tuple(Answer(value=value) for value in values)
