"""The running alarm on deals: order, limits, what it finds, what it refuses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from recalibration_quarters import in_use, past, quarter, quarter_frame

import qualify as ql
from qualify.errors import InvalidArgument, NotEnoughDeals
from qualify.numerics.cusum import watch


def test_deals_are_watched_in_the_order_of_closing() -> None:
    found = ql.watch_wins(in_use(), quarter(100), replicates=200)
    table = found.table
    assert table["closed"].is_monotonic_increasing
    assert sorted(table["deal"]) == sorted(quarter(100).closed.index)
    sums = watch(table["probability"].to_numpy(), table["won"].to_numpy(float), 2.0)
    np.testing.assert_allclose(table["fewer"], sums.fewer)
    np.testing.assert_allclose(table["more"], sums.more)
    np.testing.assert_allclose(table["ahead"], (table["won"] - table["probability"]).cumsum())
    assert (found.raised, found.summary) == ("", "no alarm")
    assert 0.03 < found.false_alarms <= 0.06


def test_a_change_of_level_raises_the_alarm_before_the_quarter_is_over() -> None:
    found = ql.watch_wins(in_use(), quarter(300, "level"), replicates=200)
    assert found.raised == "fewer"
    first = found.table.set_index("deal").loc[found.deal]
    assert first["fewer"] > found.fewer_limit
    assert int(found.table["alarm"].to_numpy().argmax()) < 200
    assert "fewer wins than foretold" in repr(found)
    assert "Running alarm" in found._repr_html_()


def test_deals_not_seen_yet_do_not_change_what_was_shown() -> None:
    deals = quarter(150)
    some = deals.subset((deals.closed["close_date"].rank(method="first") <= 60).to_numpy())
    early, late = (ql.watch_wins(in_use(), one, horizon=200, replicates=100) for one in (some, deals))
    pd.testing.assert_frame_equal(early.table.iloc[:, :7], late.table.iloc[:60, :7])


def test_even_a_single_lost_deal_can_be_watched() -> None:
    deals = quarter(60)
    lost = deals.subset(np.arange(deals.n) == int(np.argmin(deals.won.to_numpy())))
    assert ql.watch_wins(in_use(), lost, replicates=50).n == 1


def test_deals_that_a_gate_stops_move_neither_sum() -> None:
    """A gate's limit lies above the win rate, so such deals would call for an alarm."""
    row = ("Competitor present", "Yes", np.nan, np.nan, 90, 2, 0.3)
    gated = replace(in_use(), gates=pd.DataFrame([row], columns=in_use().gates.columns))
    deals = quarter(300)
    stopped = deals.answers["Competitor present"].eq("Yes").to_numpy()
    found = ql.watch_wins(gated, deals, replicates=200)
    table = found.table.set_index("deal")
    assert len(table) == found.n == deals.n
    open_ones = table[~table.index.isin(deals.closed.index[stopped])]
    alone = ql.watch_wins(in_use(), deals.subset(~stopped), replicates=50).table.set_index("deal")
    sums = ["probability", "ahead", "fewer", "more"]
    pd.testing.assert_frame_equal(open_ones[sums], alone[sums])
    assert 0.02 < found.false_alarms <= 0.06
    none_left = ql.watch_wins(gated, deals.subset(stopped), replicates=50)
    assert (none_left.raised, none_left.table["fewer"].max(), none_left.table["ahead"].abs().max()) == (
        "",
        0,
        0,
    )


def test_what_cannot_be_watched_is_refused() -> None:
    deals = quarter(60)
    with pytest.raises(NotEnoughDeals, match="none yet"):
        ql.watch_wins(in_use(), deals.subset(np.zeros(deals.n, dtype=bool)))
    with pytest.raises(InvalidArgument, match="horizon"):
        ql.watch_wins(in_use(), deals, horizon=10)
    with pytest.raises(InvalidArgument, match="`criteria` of `watch_wins`"):
        ql.watch_wins(None, deals)  # type: ignore[arg-type]


def test_without_close_dates_deals_keep_their_order() -> None:
    survey = replace(past().survey, columns=replace(past().survey.columns, close_date=None))
    deals = ql.read_deals(quarter_frame(60), survey)
    found = ql.watch_wins(in_use(), deals, replicates=50)
    assert found.table["deal"].tolist() == deals.closed.index.tolist()
    assert found.table["closed"].isna().all()
    assert isinstance(found, ql.WinAlarm)
