"""What a win is worth, and what pursuing a deal takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qualify.deals import Deals
from qualify.design import as_floats
from qualify.errors import InvalidArgument, check_positive, short
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
        What is not known of a deal is taken to be as on average; a deal without logged effort counts as one.
    float
        Mean cost of pursuing a deal over the mean value of a win; NaN where one of them is not known.

    Raises
    ------
    InvalidArgument
        Where pursuing a deal costs as much as a win is worth.
    """
    effort = _filled(deals, "effort")
    value = _filled(deals, "value") if economics.value is None else np.full(deals.n, float(economics.value))
    past = Past(as_floats(deals.won), value, effort)
    if economics.cost is None or (economics.value is None and "value" not in deals.closed):
        return past, float("nan")
    share = float(economics.cost * effort.mean() / value[past.outcome > 0.5].mean())
    if not 0 < share < 1:
        raise InvalidArgument(
            f"by `Economics`, pursuing a deal costs {share:.3g} times what a win is worth, so that it never "
            "pays; give the cost of one deal (or of one unit of its effort) in the unit of the value."
        )
    return past, share


def _filled(deals: Deals, column: str) -> NDArray[np.float64]:
    """Numbers of a column, the mean where there is none; 1 throughout without the column."""
    if column not in deals.closed:
        return np.ones(deals.n)
    numbers = as_floats(deals.closed[column])
    known = np.isfinite(numbers)
    return np.where(known, numbers, numbers[known].mean() if known.any() else 1.0)
