"""The chart of sizes shows the table of the criteria, on the axes it is given."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes

from qualify.errors import InvalidArgument
from qualify.plots import plot_parsimony

ByGid = Callable[[Axes, str], list[Any]]
Texts = Callable[[Axes], list[str]]


def criteria(*, used: int = 2, low: float = -0.01) -> Any:
    worse = np.array([0.05, 0.01, 0.004, 0.0])
    table = pd.DataFrame(
        {"characteristics": range(1, 5), "auc": [0.7, 0.77, 0.79, 0.8], "log_loss": 0.5 + worse}
    ).assign(worse_by=worse, worse_low=[0.02, low, -0.01, 0], worse_high=[0.08, 0.03, 0.02, 0])
    table["in_use"] = table["characteristics"] == used
    return SimpleNamespace(
        parsimony=table,
        tipping=SimpleNamespace(level=0.95, n=500),
        survey=SimpleNamespace(names=("a", "b", "c", "d", "e")),
    )


def test_points_and_the_number_in_use_are_those_of_the_criteria(by_gid: ByGid, texts: Texts) -> None:
    found = criteria()
    _, ax = plt.subplots()
    assert plot_parsimony(found, ax=ax, color="black") is ax
    (line,), (ring,) = by_gid(ax, "qualify-parsimony"), by_gid(ax, "qualify-in-use")
    np.testing.assert_allclose(line.get_ydata(), found.parsimony["worse_by"])
    assert line.get_color() == "black"
    assert (ring.get_xdata(), ring.get_ydata()) == ([2], [0.01])
    assert {"0.70", "0.77", "0.79", "0.80"} <= set(texts(ax))


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (criteria(), "2 questions are not shown to do worse than 4"),
        (criteria(low=0.001), "2 questions are surely worse than 4"),
        (criteria(used=4), "4 questions did best on deals not seen"),
    ],
)
def test_the_title_says_what_fewer_questions_cost(found: Any, said: str, texts: Texts) -> None:
    assert any(said in text.replace("\n", " ") for text in texts(plot_parsimony(found)))


def test_what_says_nothing_of_other_numbers_is_refused() -> None:
    found = criteria()
    found.parsimony = found.parsimony.iloc[:0]
    with pytest.raises(InvalidArgument, match="refine again"):
        plot_parsimony(found)
    with pytest.raises(InvalidArgument, match="draws criteria from `refine_criteria`"):
        plot_parsimony("none")  # type: ignore[arg-type]
