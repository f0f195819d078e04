"""fasterrisk (Liu et al. 2022): binary columns, points from −5 to 5, the card of least logistic loss."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmarks.scorecards.held_out import UNKNOWN_TEXT, Asked, Learn, Predicted, Table, main

# Columns that a card may use for each of its questions, where questions are what is limited.
COLUMNS_PER_QUESTION = 2


def binary_columns(known: Asked, asked: Asked) -> NDArray[np.float64]:
    """Columns of 0 and 1 as its documentation makes them, by what occurs in `known`.

    ``number <= t`` at every number but the largest; one for each answer of a choice; one for unknown.
    """
    columns = []
    if known.numbers is not None and asked.numbers is not None:
        seen = np.unique(known.numbers[~np.isnan(known.numbers)])
        columns = [asked.numbers <= cut for cut in seen[:-1]]
    else:
        answers = [text for text in np.unique(known.texts) if text != UNKNOWN_TEXT]
        # Of two answers, one column says all.
        columns = [asked.texts == text for text in (answers if len(answers) > 2 else answers[1:])]
    if known.unknown.any():
        columns.append(asked.unknown)
    return np.array(columns, dtype=float).reshape(len(columns), len(asked.codes)).T


def by_columns(train: Table, held: Table, most: int) -> Predicted:
    """Limit the columns, as its tutorial does: `most` of them, of as many questions or fewer."""
    return _learn(train, held, most, None)


def by_questions(train: Table, held: Table, most: int) -> Predicted:
    """Limit the questions, by its group sparsity, and allow two columns for each."""
    return _learn(train, held, COLUMNS_PER_QUESTION * most, most)


def _learn(train: Table, held: Table, columns: int, questions: int | None) -> Predicted:
    from fasterrisk.fasterrisk import RiskScoreClassifier

    pairs = list(zip(train.asked, held.asked, strict=True))
    old = [binary_columns(known, known) for known, _ in pairs]
    new = [binary_columns(known, asked) for known, asked in pairs]
    group = np.repeat(np.arange(len(old)), [part.shape[1] for part in old])
    found = None
    while found is None:
        found = _search(np.hstack(old), 2.0 * train.outcome - 1.0, columns, questions, group)
        columns -= 1
    multiplier, intercept, points = found
    card = RiskScoreClassifier(multiplier=multiplier, intercept=intercept, coefficients=points)
    chance = np.clip(card.predict_prob(np.hstack(new)), 1e-12, 1 - 1e-12)
    return Predicted(np.log(chance / (1 - chance)), len(set(group[points != 0])))


def _search(
    design: NDArray[np.float64],
    sign: NDArray[np.float64],
    columns: int,
    questions: int | None,
    group: NDArray[np.int64],
) -> tuple[float, float, NDArray[np.float64]] | None:
    """Multiplier, intercept and points; None where the questions taken first have too few columns."""
    from fasterrisk.fasterrisk import RiskScoreOptimizer

    search = RiskScoreOptimizer(
        X=design,
        y=sign,
        k=columns,
        group_sparsity=questions,
        featureIndex_to_groupIndex=None if questions is None else group,
    )
    with np.errstate(all="ignore"):  # it lets exponentials overflow where points part won from lost
        try:
            search.optimize()
        except ValueError:  # of an empty list of columns to go on with
            if questions is None or columns <= questions:
                raise
            return None
        return search.get_models(model_index=0)  # type: ignore[no-any-return]


METHODS: dict[str, Learn] = {"columns": by_columns, "questions": by_questions}

if __name__ == "__main__":
    main(METHODS)
