"""Swing: how far the win probability moves, on average, between two ways of answering."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from qualify.deals.design import DesignMatrix
from qualify.numerics.contrasts import Average, Contrast, average_probability, contrast, largest_contrast
from qualify.numerics.full_fit import FullFit
from qualify.numerics.logistic import flic_intercept
from qualify.survey import Characteristic

MISSING = Contrast(difference=np.nan, low=np.nan, high=np.nan)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SwingModel:
    """A fitted model, ready to be asked for average win probabilities."""

    design: DesignMatrix
    places: dict[tuple[str, str], list[int]]
    beta: NDArray[np.float64]
    covariance: NDArray[np.float64]
    weights: NDArray[np.float64]
    log_odds: NDArray[np.float64]
    separable: NDArray[np.bool_]
    level: float

    def columns(self, name: str, part: str) -> list[int]:
        """Return the positions of the columns of known answers, or of `unknown`."""
        return self.places.get((name, part), [])

    def entries(self, name: str, answer: int) -> list[float]:
        """Return what an answer puts into the columns of its characteristic."""
        coding, c = self.design.coding, self.design.names.index(name)
        entries = [0.0] * int(coding.first[c + 1] - coding.first[c])
        if coding.column[c, answer] >= 0:
            entries[coding.column[c, answer] - coding.first[c]] = float(coding.value[c, answer])
        return entries

    def separates(self, name: str, part: str) -> bool:
        """Whether known answers, or `unknown`, can be told apart from what the others answer."""
        return bool(self.separable[self.columns(name, part)].all())

    def average(self, name: str, entries: list[float]) -> Average:
        """Average win probability when every deal answers so, other answers as observed."""
        matrix, weights = self.design.matrix, self.weights
        columns = sorted(self.columns(name, "known") + self.columns(name, "unknown"))
        if not self.separates(name, "unknown"):
            # Whole surveys were left blank: what such a deal would be with one answer known cannot be told.
            weights = np.where(matrix[:, self.columns(name, "unknown")].any(axis=1), 0.0, weights)
        return average_probability(matrix, self.beta, weights, columns, entries, log_odds=self.log_odds)

    def between(self, name: str, first: list[float], last: list[float]) -> Contrast:
        """Difference of two averages, with its interval."""
        averages = self.average(name, first), self.average(name, last)
        return contrast(*averages, self.covariance, level=self.level)


def swing_model(design: DesignMatrix, fit: FullFit, *, level: float) -> SwingModel:
    """Take a Firth fit with the intercept that makes its mean prediction the win rate (FLIC).

    Parameters
    ----------
    design : DesignMatrix
        The columns of the fit.
    fit : FullFit
        Fitted to them.
    level : float
        Of the intervals, in (0, 1).

    Returns
    -------
    SwingModel
        For `swing` and `unknown_swing`.
    """
    beta = fit.beta.copy()
    beta[0] = flic_intercept(fit.fit)
    return SwingModel(
        design=design,
        places=column_places(design),
        beta=beta,
        covariance=fit.covariance,
        weights=fit.fit.problem.weights,
        log_odds=design.matrix @ beta,
        separable=fit.separable,
        level=level,
    )


def column_places(design: DesignMatrix) -> dict[tuple[str, str], list[int]]:
    """Positions of all columns by characteristic and part, looked up once for many questions.

    Parameters
    ----------
    design : DesignMatrix
        The columns.

    Returns
    -------
    dict
        Positions by name and ``"known"`` or ``"unknown"``; no entry where there are none.
    """
    places: dict[tuple[str, str], list[int]] = {}
    terms = zip(design.terms["characteristic"].tolist(), design.terms["part"].tolist(), strict=True)
    for j, (name, part) in enumerate(terms):
        places.setdefault((str(name), str(part)), []).append(j + 1)
    return places


def swing(
    model: SwingModel, asked: Characteristic, answers: pd.Series[str], rng: np.random.Generator
) -> Contrast:
    """Swing over the known answers of one characteristic, in win probability.

    Parameters
    ----------
    model : SwingModel
        The fitted model.
    asked : Characteristic
        yes_no: from the first answer to the second; ordered: lowest to highest observed; score: its 10th to
        its 90th percentile; choice: the declared contrast, else largest minus smallest.
    answers : Series of categorical
        The answers observed.
    rng : numpy.random.Generator
        For the simultaneous interval of a choice.

    Returns
    -------
    Contrast
        Difference, low and high in [−1, 1]; NaN where fewer than two known answers were given.
    """
    categories = [str(answer) for answer in answers.cat.categories]
    codes = answers.cat.codes.to_numpy()
    seen = [int(a) for a in np.unique(codes[(codes >= 0) & (codes < len(categories) - 1)])]
    compared = model.columns(asked.name, "known") and len(seen) > 1
    if not compared or not model.separates(asked.name, "known"):
        return MISSING
    if asked.kind == "score":
        numbers = np.array([float(text) for text in categories[:-1]])[codes[codes < len(categories) - 1]]
        ends = np.quantile(numbers, [0.1, 0.9])
        if ends[0] == ends[1]:
            ends = np.array([numbers.min(), numbers.max()])
        first, last = (model.design.number_entries(asked.name, float(end)) for end in ends)
        return model.between(asked.name, first, last)
    if asked.kind == "choice" and asked.contrast is None:
        # Answers pooled together count once.
        distinct = {tuple(model.entries(asked.name, a)) for a in seen}
        averages = [model.average(asked.name, list(entries)) for entries in sorted(distinct)]
        if len(averages) < 2:
            return MISSING
        return largest_contrast(averages, model.covariance, level=model.level, rng=rng)
    low, high = seen[0], seen[-1]
    if asked.contrast is not None:
        low, high = (categories.index(answer) for answer in asked.contrast)
    given = low in seen and high in seen
    if not given or model.entries(asked.name, low) == model.entries(asked.name, high):
        # Pooled together, or not given by any deal: these deals cannot tell the two apart.
        return MISSING
    first, last = (model.entries(asked.name, a) for a in (low, high))
    return model.between(asked.name, first, last)


def unknown_swing(model: SwingModel, name: str, answers: pd.Series[str]) -> float:
    """Swing from an average known answer to `unknown`.

    Parameters
    ----------
    model : SwingModel
        The fitted model.
    name : str
        The characteristic.
    answers : Series of categorical
        The answers observed.

    Returns
    -------
    float
        In [−1, 1]; NaN where `unknown` has no column of its own.
    """
    last = len(answers.cat.categories) - 1
    counts = np.bincount(answers.cat.codes.to_numpy(), weights=model.weights, minlength=last + 1)
    known = {int(a): float(counts[a]) for a in np.flatnonzero(counts[:last])}
    separate = model.separates(name, "known") and model.separates(name, "unknown")
    if not model.columns(name, "unknown") or not known or not separate:
        return float("nan")
    chance = {a: model.average(name, model.entries(name, a)).probability for a in known}
    average = sum(chance[a] * count for a, count in known.items()) / sum(known.values())
    unknown = model.average(name, model.entries(name, last))
    return unknown.probability - average
