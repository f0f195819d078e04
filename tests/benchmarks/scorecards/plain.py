"""Logistic regression rounded, with scikit-learn: questions chosen forwards, a ridge fit, whole points."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmarks.scorecards.held_out import Asked, Learn, Predicted, Table, line

STRENGTHS = np.logspace(-3, 1, 9)
WIDEST = 10  # points that the widest question spans, as in qualify
INNER_FOLDS = 5

Matrix = NDArray[np.float64]


def effects_of(one: Asked) -> Matrix:
    """Each answer (rows, unknown the last) in columns: numbers and ranks one, else one each; unknown one."""
    known = len(one.values)
    unknown = np.zeros((known + 1, 1))
    unknown[known] = 1.0
    if one.numbers is None:
        return np.eye(known + 1)
    seen = one.codes[~one.unknown]
    middle = one.values[seen].mean() if seen.size else 0.0
    return np.column_stack([np.append(one.values - middle, 0.0), unknown])


def rounded_ridge(train: Table, held: Table, most: int) -> Predicted:
    """Choose questions forwards by penalised deviance, and round so that the widest spans ten points."""
    card = _card(train, most)
    effects = [np.where(_seen(one), part, np.nan) for one, part in zip(train.asked, card, strict=True)]
    widest = max(np.nanmax(part) - np.nanmin(part) for part in effects)
    if widest <= 1e-9:
        points = [np.zeros(len(part)) for part in card]
    else:
        points = [
            np.rint(WIDEST / widest * (part - np.nanmin(seen)))
            for part, seen in zip(card, effects, strict=True)
        ]
    intercept, slope = line(_score(train, points), train.outcome)
    return Predicted(intercept + slope * _score(held, points), sum(bool(part.any()) for part in points))


def _seen(one: Asked) -> NDArray[np.bool_]:
    return np.bincount(one.codes, minlength=len(one.values) + 1) > 0


def _score(table: Table, points: list[Matrix]) -> Matrix:
    return np.asarray(
        np.sum([part[one.codes] for one, part in zip(table.asked, points, strict=True)], axis=0)
    )


def _card(train: Table, most: int) -> list[Matrix]:
    """Log-odds that each answer adds, by question; 0 for questions that are not chosen."""
    design, owner, columns = [], [], []
    for c, one in enumerate(train.asked):
        columns.append(effects_of(one))
        design.append(columns[-1][one.codes])
        owner += [c] * columns[-1].shape[1]
    matrix, owners = np.hstack(design), np.array(owner)
    spread = np.where(matrix.std(axis=0) > 1e-9, matrix.std(axis=0), np.inf)
    matrix = (matrix - matrix.mean(axis=0)) / spread
    strength = _strength(matrix, train)
    chosen: list[int] = []
    for _ in range(min(most, len(columns))):
        left = [c for c in range(len(columns)) if c not in chosen]
        losses = [_loss(matrix[:, np.isin(owners, [*chosen, c])], train.outcome, strength) for c in left]
        chosen.append(left[int(np.argmin(losses))])
    beta = np.zeros(owners.size)
    used = np.isin(owners, chosen)
    beta[used] = _fit(matrix[:, used], train.outcome, strength)[1:] / spread[used]
    return [part @ beta[owners == c] for c, part in enumerate(columns)]


def _strength(matrix: Matrix, train: Table) -> float:
    """Inverse strength of the penalty with the least log loss over inner folds, groups kept whole."""
    from sklearn.model_selection import StratifiedGroupKFold

    inner = StratifiedGroupKFold(INNER_FOLDS, shuffle=True, random_state=0)
    splits = list(inner.split(matrix, train.outcome, train.group))
    losses = []
    for strength in STRENGTHS:
        total = 0.0
        for known, held in splits:
            beta = _fit(matrix[known], train.outcome[known], strength)
            log_odds = beta[0] + matrix[held] @ beta[1:]
            total += float(np.sum(np.logaddexp(0, log_odds) - train.outcome[held] * log_odds))
        losses.append(total)
    return float(STRENGTHS[int(np.argmin(losses))])


def _loss(matrix: Matrix, outcome: NDArray[np.int64], strength: float) -> float:
    beta = _fit(matrix, outcome, strength)
    log_odds = beta[0] + matrix @ beta[1:]
    return float(
        np.sum(np.logaddexp(0, log_odds) - outcome * log_odds) + 0.5 / strength * beta[1:] @ beta[1:]
    )


def _fit(matrix: Matrix, outcome: NDArray[np.int64], strength: float) -> Matrix:
    """Intercept and slopes."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=strength, solver="newton-cholesky", tol=1e-6).fit(matrix, outcome)
    return np.append(model.intercept_, model.coef_[0])


METHODS: dict[str, Learn] = {"rounded ridge": rounded_ridge}
