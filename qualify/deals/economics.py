"""What a win is worth, and what pursuing a deal takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from qualify.deals import Deals
from qualify.deals.design import as_floats
from qualify.errors import InvalidArgument, Problem, check_positive, short
from qualify.numerics.benefit import Past
from qualify.survey import Columns

THRESHOLDS = (0.1, 0.2, 0.3, 0.4, 0.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Economics:
    """Money and effort behind the decision to pursue a deal.

    Attributes
    ----------
    value : float, optional
        What a win is worth; else each deal's own, where the survey names a column of values.
    cost : float, optional
        What pursuing a deal costs; where the survey names a column of effort, what one unit of it costs. The
        effort of an open deal is what pursuing it to its end is expected to take.
    thresholds : sequence of float
        Win probabilities, in (0, 1), from which a backtest might pursue deals; the break-even one is added.

    Raises
    ------
    InvalidArgument
        For a value or cost that is no number above 0, or a threshold outside (0, 1).

    Examples
    --------
    >>> Economics(value=50_000, cost=8_000).thresholds
    (0.1, 0.2, 0.3, 0.4, 0.5)
    """

    value: float | None = None
    cost: float | None = None
    thresholds: Sequence[float] = THRESHOLDS

    def __post_init__(self) -> None:
        for name in ("value", "cost"):
            if getattr(self, name) is not None:
                check_positive(getattr(self, name), name=name, where="Economics")
        try:
            numbers = tuple(float(one) for one in self.thresholds)
        except (TypeError, ValueError):
            numbers = ()
        if not numbers or not all(0 < one < 1 for one in numbers):
            raise InvalidArgument(
                "`thresholds` of `Economics` must be win probabilities within 0 and 1, as (0.2, 0.4); got "
                f"{short(self.thresholds)}."
            )
        object.__setattr__(self, "thresholds", numbers)


def past_of(deals: Deals, economics: Economics) -> tuple[Past, float]:
    """Return outcomes, values and efforts of closed deals, and the break-even probability.

    Parameters
    ----------
    deals : Deals
        The closed deals.
    economics : Economics
        Money and effort.

    Returns
    -------
    Past
        A deal of unknown value is taken for a win of the mean value, one of unknown effort for the mean;
        without such a column every deal counts 1.
    float
        Mean cost of pursuing a deal over the mean value of a win; NaN where one of them is not known.

    Raises
    ------
    InvalidArgument
        Where a value or an effort is below 0, or pursuing a deal costs as much as a win is worth.
    """
    weights, won = as_floats(deals.weights), deals.won.to_numpy(dtype=bool)
    effort = _known(deals, "effort", np.ones(deals.n, dtype=np.bool_))
    if economics.value is not None:
        value = np.full(deals.n, float(economics.value))
    else:
        value = _known(deals, "value", won)
    past = Past(as_floats(deals.won), value, effort)
    valued = economics.value is not None
    if "value" in deals.closed and not valued:
        valued = bool(np.isfinite(as_floats(deals.closed["value"])[won]).any())
    if economics.cost is None or not valued:
        return past, float("nan")
    worth = float(np.average(value[won], weights=weights[won]))
    spent = float(economics.cost * np.average(effort, weights=weights))
    if not 0 < spent < worth:
        raise InvalidArgument(
            f"by `Economics`, pursuing a deal costs {spent:.3g} on average and a win is worth {worth:.3g}: "
            "there is no chance from which pursuing pays. Give both in one unit, the cost that of one deal "
            "(or of one unit of its effort)."
        )
    return past, spent / worth


class Money(NamedTuple):
    """What winning deals is worth and pursuing them costs, each (n,); NaN where it is not known."""

    value: NDArray[np.float64]
    cost: NDArray[np.float64]

    @property
    def known(self) -> NDArray[np.bool_]:
        """Whether both are known of each deal."""
        return np.isfinite(self.value) & np.isfinite(self.cost)

    def of(self, rows: NDArray[np.intp]) -> Money:
        """Return the same of some of the deals."""
        return Money(self.value[rows], self.cost[rows])


def money_of(
    deals: pd.DataFrame, economics: Economics, columns: Columns, past: Mapping[str, float]
) -> tuple[Money, Money]:
    """Return what each deal is worth and takes to pursue.

    Parameters
    ----------
    deals : DataFrame
        Deals as `read_answers` gives them.
    economics : Economics
        Money and effort, which must tell a cost, and a value where the survey names no column of values.
    columns : Columns
        Of the survey.
    past : mapping
        Mean value of a win and mean effort among past deals, where known: for deals that do not tell theirs.

    Returns
    -------
    Money
        NaN where neither the deal nor the past tells.
    Money
        What the deals tell themselves.

    Raises
    ------
    InvalidArgument
        Where something is lacking, or a value or an effort is below 0.
    """
    if economics.cost is None or (economics.value is None and columns.value is None):
        lacks = "cost" if economics.cost is None else "value"
        hint = "" if lacks == "cost" else ", or let the survey name a column of values"
        raise InvalidArgument(f"scoring by `Economics` needs a {lacks}: say Economics({lacks}=...){hint}.")
    own, filled = [], []
    for column, fixed in (("value", economics.value), ("effort", None if columns.effort else 1.0)):
        if fixed is None:
            numbers = _own(deals, column)
            own.append(numbers)
            filled.append(np.where(np.isnan(numbers), past.get(column, np.nan), numbers))
        else:
            own.append(np.full(len(deals), float(fixed)))
            filled.append(own[-1])
    return Money(filled[0], economics.cost * filled[1]), Money(own[0], economics.cost * own[1])


def _own(deals: pd.DataFrame, column: str) -> NDArray[np.float64]:
    """Numbers of a column, 0 or more; NaN where not known or where there is no such column."""
    if column not in deals:
        return np.full(len(deals), np.nan)
    numbers = as_floats(deals[column])
    negative = numbers < 0
    if negative.any():
        raise InvalidArgument(
            Problem(
                reason="below 0",
                mend="correct it, or leave it blank",
                column=column,
                row=str(deal),
            )
            for deal in deals.index[negative]
        )
    return np.where(np.isfinite(numbers), numbers, np.nan)


def _known(deals: Deals, column: str, among: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Numbers of a column, 0 or more; for one not known the mean of those known among some deals, else 1."""
    if column not in deals.closed:
        return np.ones(deals.n)
    numbers = _own(deals.closed, column)
    known = np.isfinite(numbers)
    some = known & among
    return np.where(known, numbers, numbers[some].mean() if some.any() else 1.0)
