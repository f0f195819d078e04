"""Deals → numbers: answers coded into the columns of a model, and deals ready to be resampled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from qualify.deals import Deals
from qualify.numerics.coding import NOMINAL, NUMERIC, RANKED, Coding, Items, code_answers, dense_design
from qualify.survey import UNKNOWN, Survey

PER_STEP = "per step"
# What each kind of characteristic is to `qualify.numerics`.
KINDS = {"yes_no": NOMINAL, "choice": NOMINAL, "ordered": RANKED, "score": NUMERIC}


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class DesignMatrix:
    """Answers of closed deals as columns of numbers.

    Attributes
    ----------
    names : tuple of str
        The characteristics, in the survey's order.
    matrix : ndarray, shape (n, p)
        The columns, intercept first.
    terms : DataFrame
        A row per column after the intercept: characteristic, answer (``"per step"`` for a number or rank),
        part (``"known"`` or ``"unknown"``).
    pooled : DataFrame
        Answers too rare to stand alone: characteristic, answer, deals, pooled_into.
    reference : dict
        The reference answer of each yes_no and choice characteristic.
    items, coding
        The same on plain arrays, for `qualify.numerics`.
    """

    names: tuple[str, ...]
    matrix: NDArray[np.float64]
    terms: pd.DataFrame
    pooled: pd.DataFrame
    reference: dict[str, str]
    items: Items
    coding: Coding

    def columns(self, characteristic: str, part: str | None = None) -> list[int]:
        """Return the positions in `matrix` of a characteristic's columns.

        Parameters
        ----------
        characteristic : str
            Its name.
        part : {"known", "unknown"}, optional
            Only the columns of known answers, or of `unknown`.

        Returns
        -------
        list of int
            Positions, the intercept being 0.
        """
        mine = self.terms["characteristic"].eq(characteristic)
        if part is not None:
            mine &= self.terms["part"].eq(part)
        return [int(j) + 1 for j in np.flatnonzero(mine.to_numpy())]

    def entries(self, characteristic: str, answer: int) -> list[float]:
        """Return what one answer puts into the columns of its characteristic.

        Parameters
        ----------
        characteristic : str
            Its name.
        answer : int
            Position of the answer among its categories.

        Returns
        -------
        list of float
            One entry per column of `columns(characteristic)`.
        """
        c = self.names.index(characteristic)
        entries = [0.0] * len(self.columns(characteristic))
        if self.coding.column[c, answer] >= 0:
            entries[self.coding.column[c, answer] - self.coding.first[c]] = float(
                self.coding.value[c, answer]
            )
        return entries

    def number_entries(self, characteristic: str, number: float) -> list[float]:
        """Return what a number, observed or not, puts into the columns of a score.

        Parameters
        ----------
        characteristic : str
            Name of a score.
        number : float
            On the scale of the score.

        Returns
        -------
        list of float
            One entry per column of `columns(characteristic)`.
        """
        c = self.names.index(characteristic)
        mean = self.items.value[c, 0] - self.coding.value[c, 0]
        return [number - float(mean)] + [0.0] * (len(self.columns(characteristic)) - 1)


def design_matrix(deals: Deals) -> DesignMatrix:
    """Code the answers of closed deals.

    Parameters
    ----------
    deals : Deals
        Deals read against their survey.

    Returns
    -------
    DesignMatrix
        yes_no and choice as contrasts against the reference (the most frequent answer unless the survey names
        one), ordered as its rank, score as its number, both centred at the mean of the known; `unknown` as a
        column of its own. Answers with fewer than `survey.min_answers` deals are pooled.

    Examples
    --------
    >>> import qualify as ql
    >>> simulated = ql.simulate_deals(200, rng=1)
    >>> design = design_matrix(ql.read_deals(simulated.frame, simulated.survey))
    >>> design.matrix.shape[1] == len(design.terms) + 1
    True
    """
    items = items_of(deals.answers, deals.survey)
    fewest = deals.survey.min_answers
    coding = code_answers(items, as_floats(deals.weights), float(fewest))
    counts = {name: deals.answers[name].value_counts(sort=False) for name in deals.survey.names}
    reference: dict[str, str] = {}
    terms, pooled = [], []
    for c, name in enumerate(deals.survey.names):
        answers = list(deals.answers[name].cat.categories)
        known = len(answers) - 1
        nominal = items.kind[c] == NOMINAL
        first = int(coding.first[c])
        for j in range(first, int(coding.first[c + 1])):
            touching = [a for a in range(known + 1) if coding.column[c, a] == j]
            part = "unknown" if touching == [known] else "known"
            # Rare answers that stand together are named together.
            label = " / ".join(answers[a] for a in touching if counts[name][answers[a]] or len(touching) == 1)
            terms.append((name, PER_STEP if part == "known" and not nominal else label, part))
        if nominal:
            reference[name] = _reference(coding, c, answers)
        pooled += [(name, *row) for row in _pooled(coding, c, counts[name], fewest, items.kind[c] == NUMERIC)]
    return DesignMatrix(
        names=deals.survey.names,
        matrix=dense_design(items, coding),
        terms=pd.DataFrame(terms, columns=["characteristic", "answer", "part"]),
        pooled=pd.DataFrame(pooled, columns=["characteristic", "answer", "deals", "pooled_into"]),
        reference=reference,
        items=items,
        coding=coding,
    )


def as_floats(column: pd.Series[Any]) -> NDArray[np.float64]:
    """Return a column as an array of floats.

    Parameters
    ----------
    column : Series
        Numbers or truth values.

    Returns
    -------
    ndarray
        A copy, as float64.
    """
    # Kernels would be compiled once more for arrays that may not be written to.
    return np.array(column.to_numpy(), dtype=np.float64)


def _pooled(
    coding: Coding, c: int, counts: pd.Series[int], fewest: int, is_score: bool
) -> list[tuple[str, int, str]]:
    """Rare answers of one characteristic: answer, deals, what they are pooled with."""
    answers = [str(answer) for answer in counts.index]
    rows = []
    for a, answer in enumerate(answers):
        deals = int(counts.iloc[a])
        # The number of a score stands on the line of all the others, however rare it is.
        if not 0 < deals < fewest or (is_score and answer != UNKNOWN):
            continue
        with_it = [b for b in range(len(answers)) if b != a and coding.group[c, b] == coding.group[c, a]]
        others = [answers[b] for b in with_it if counts.iloc[b]]
        if others or answer == UNKNOWN:
            rows.append((answer, deals, " / ".join(others) or "an average known answer"))
    return rows


def _reference(coding: Coding, c: int, answers: list[str]) -> str:
    for a in range(len(answers) - 1):
        if coding.column[c, a] < 0 and coding.group[c, a] == a:
            return answers[a]
    return answers[0]


def items_of(answers: pd.DataFrame, survey: Survey) -> Items:
    """Hold answers as integers with what they mean.

    Parameters
    ----------
    answers : DataFrame
        A categorical per characteristic, `unknown` its last category, as in `Deals.answers`.
    survey : Survey
        The survey they belong to.

    Returns
    -------
    Items
        Codes and kinds, ready for `qualify.numerics`.
    """
    names = list(survey.names)
    levels = [len(answers[name].cat.categories) - 1 for name in names]
    value = np.zeros((len(names), max(levels, default=0) + 1))
    reference = np.full(len(names), -1, dtype=np.int32)
    for c, name in enumerate(names):
        asked = survey.characteristic(name)
        categories = list(answers[name].cat.categories)
        if asked.kind == "score":
            value[c, : levels[c]] = [float(text) for text in categories[:-1]]
        elif asked.kind == "ordered":
            value[c, : levels[c]] = np.arange(levels[c])
        if asked.reference is not None:
            reference[c] = categories.index(asked.reference)
    codes = [answers[name].cat.codes.to_numpy(np.int32) for name in names]
    return Items(
        codes=np.ascontiguousarray(np.column_stack(codes))
        if codes
        else np.zeros((len(answers), 0), np.int32),
        kind=np.array([KINDS[survey.characteristic(name).kind] for name in names], dtype=np.int8),
        levels=np.array(levels, dtype=np.int32),
        value=value,
        reference=reference,
    )


__all__ = ["PER_STEP", "UNKNOWN", "DesignMatrix", "as_floats", "design_matrix", "items_of"]
