"""The decision curve shows what the backtest found, on the axes it is given."""

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
from qualify.plots import plot_net_benefit

ByGid = Callable[[Axes, str], list[Any]]
Texts = Callable[[Axes], list[str]]


def backtested(*, break_even: float = 0.2, gain: float = 0.05) -> Any:
    at = np.round(np.linspace(0.01, 0.99, 99), 2)
    everything = 0.4 - 0.6 * at / (1 - at)
    criteria = np.maximum(everything, 0) + gain * np.sin(np.pi * at)
    curve = {"threshold": at, "criteria": criteria, "everything": everything, "nothing": 0.0}
    curve |= {"more_low": gain * np.sin(np.pi * at) - 0.02, "more_high": gain + 0.02}
    row = {"threshold": 0.2, "break_even": break_even == 0.2}
    for name, value in (("wins_kept", 0.9), ("effort_freed", 0.4)):
        row |= {name: value, f"{name}_low": value - 0.05, f"{name}_high": value + 0.05}
    return SimpleNamespace(
        curve=pd.DataFrame(curve), table=pd.DataFrame([row]), break_even=break_even, level=0.95, n=500
    )


def test_curves_and_break_even_are_those_of_the_result(by_gid: ByGid) -> None:
    found = backtested()
    _, ax = plt.subplots()
    assert plot_net_benefit(found, ax=ax, color="black") is ax
    (line,), (every,) = by_gid(ax, "qualify-curve"), by_gid(ax, "qualify-everything")
    np.testing.assert_allclose(line.get_ydata(), 100 * found.curve["criteria"])
    np.testing.assert_allclose(every.get_ydata(), 100 * found.curve["everything"])
    assert line.get_color() == "black"
    (dotted,) = by_gid(ax, "qualify-break-even")
    assert set(dotted.get_xdata()) == {0.2}
    assert len(by_gid(ax, "qualify-interval")) == 1


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (backtested(), "Criteria pay where pursuing pays from a chance of 20%"),
        (backtested(break_even=float("nan")), "Criteria pay where pursuing pays from a chance of"),
        (
            backtested(break_even=0.03),
            "Criteria are not shown to gain where pursuing pays",
        ),
        (backtested(gain=0.0), "Criteria are not shown to gain on these deals"),
    ],
)
def test_the_title_says_whether_they_pay(found: Any, said: str, texts: Texts) -> None:
    ax = plot_net_benefit(found)
    assert any(said in text.replace("\n", " ") for text in texts(ax))
    assert any("90% (85% to 95%) of the wins" in text.replace("\n", " ") for text in texts(ax))


def test_another_result_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="draws the result of `backtest`"):
        plot_net_benefit("no backtest")  # type: ignore[arg-type]
