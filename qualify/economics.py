"""What a win is worth, and what pursuing a deal takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qualify.deals import Deals
from qualify.design import as_floats
from qualify.errors import InvalidArgument, Problem, check_positive, short
from qualify.numerics.benefit import Past

THRESHOLDS = (0.1, 0.2, 0.3, 0.4, 0.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Economics:
    """Money and effort behind the decision to pursue a deal.

    Attributes
    ----------
    value : float, optional
        What a win is worth; else each deal's own, where the survey names a column of values.
    cost : float, optional
        What pursuing a deal costs; where the survey names a column of effort, what one unit of it costs.
    thresholds : sequence of float
        Win probabilities, in (0, 1), from which deals might be pursued; the break-even one is added.

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


def _known(deals: Deals, column: str, among: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Numbers of a column, 0 or more; for one not known the mean of those known among some deals, else 1."""
    if column not in deals.closed:
        return np.ones(deals.n)
    numbers = as_floats(deals.closed[column])
    negative = numbers < 0
    if negative.any():
        raise InvalidArgument(
            Problem(
                reason="below 0",
                mend="correct it, or leave it blank",
                column=column,
                row=str(deal),
            )
            for deal in deals.closed.index[negative]
        )
    known = np.isfinite(numbers)
    some = known & among
    return np.where(known, numbers, numbers[some].mean() if some.any() else 1.0)
