"""The criteria that a recalibration hands out, and what they say of where they come from."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pandas as pd
import pytest
import recalibration_quarters
from recalibration_quarters import DRAWS, in_use, past, quarter, quarter_frame, usable
from scipy.special import expit

import qualify as ql
from qualify.criteria.file import criteria_to_json
from qualify.criteria.model import Criteria
from qualify.monitoring.held_deals import hold
from qualify.monitoring.recalibration import Recalibration


@pytest.fixture(scope="module")
def criteria() -> Criteria:
    return in_use()


@pytest.fixture(scope="module")
def shifted() -> Recalibration:
    return recalibration_quarters.shifted()


@pytest.fixture(scope="module")
def stretched() -> Recalibration:
    return recalibration_quarters.stretched()


def test_updated_criteria_can_be_used_and_updated_again(
    shifted: Recalibration, stretched: Recalibration
) -> None:
    for found in (shifted, stretched):
        usable(found.criteria)
    # The change has been taken up: the next quarter of the changed world is nothing new.
    again = ql.recalibrate(shifted.criteria, quarter(300, "level", seed=9), replicates=DRAWS)
    assert again.verdict == "keep"
    back = ql.recalibrate(shifted.criteria, quarter(400, seed=10), replicates=DRAWS)
    assert (back.verdict, back.criteria.version) == ("shift", "3")
    assert back.criteria.tipping.reason.count("recalibrated by") == 1
    assert back.criteria.provenance["parent"]["parent"]["version"] == "1"
    usable(back.criteria)


def test_the_new_version_says_where_it_comes_from(shifted: Recalibration, criteria: Criteria) -> None:
    origin = shifted.criteria.provenance
    deals = quarter(300, "level")
    assert (origin["deals"], origin["won"]) == (deals.n, int(deals.won.sum()))
    assert origin["verdict"] == "shift"
    assert origin["seed"] == 0
    assert origin["fingerprint"] != criteria.provenance["fingerprint"]
    days = deals.closed["close_date"]
    assert origin["dates"] == [str(days.min().date()), str(days.max().date())]
    parent = origin["parent"]
    assert parent["version"] == "1"
    for name in ("deals", "fingerprint", "settings", "seed"):
        assert parent[name] == criteria.provenance[name]


def test_new_bands_are_told_on_the_new_deals(shifted: Recalibration) -> None:
    deals = quarter(300, "level")
    assert shifted.criteria.bands["n"].sum() == deals.n
    assert shifted.criteria.tipping.n == deals.n
    counts = shifted.criteria.answers.groupby("characteristic", sort=False)["n"].sum()
    assert set(counts) == {past().n + deals.n}


def test_deals_that_a_gate_stops_count_in_the_zone_below(criteria: Criteria) -> None:
    """As when they are scored, in the zones now and in those of a recalibrated version."""
    row = ("Competitor present", "Yes", np.nan, np.nan, 90, 2, 0.3)
    gated = replace(criteria, gates=pd.DataFrame([row], columns=criteria.gates.columns))
    deals = quarter(300, "level")
    found = ql.recalibrate(gated, deals, replicates=99)
    after = found.criteria
    stopped = deals.answers["Competitor present"].eq("Yes")
    for used, zones in ((gated, found.zones), (after, after.bands)):
        scored = ql.score_deals(used, deals).table.set_index("deal")["zone"]
        assert scored[stopped.index[stopped]].eq("below").all() and stopped.any()
        assert zones["n"].tolist() == [int(scored.eq(zone).sum()) for zone in zones["zone"]]
    assert after.bands["n"].sum() == after.tipping.n == after.provenance["deals"] == deals.n
    counts = after.answers.groupby("characteristic", sort=False)["n"].sum()
    assert set(counts) == {past().n + deals.n}


def test_what_the_new_deals_settle_is_no_longer_in_doubt(shifted: Recalibration, criteria: Criteria) -> None:
    """The level is as sure as the new deals make it; differences between answers as before."""
    before, after = (np.array(one.provenance["fit"]["uncertainty"]) for one in (criteria, shifted.criteria))
    np.testing.assert_allclose(after[1:, 1:], before[1:, 1:], atol=1e-12)
    held = hold(criteria, quarter(300, "level"))
    chance = expit(held.columns @ np.array(shifted.criteria.provenance["fit"]["coefficients"]))
    worth = chance * (1 - chance)
    middle = worth @ held.columns / worth.sum()
    assert middle @ after @ middle == pytest.approx(1 / worth.sum(), rel=0.02)


def test_the_order_of_rows_changes_nothing_and_the_same_seed_gives_the_same_bytes(
    criteria: Criteria, shifted: Recalibration
) -> None:
    frame = quarter_frame(300, "level")
    before = frame.copy()
    mixed = ql.read_deals(frame.sample(frac=1, random_state=1), criteria.survey)
    again = ql.recalibrate(criteria, mixed, history=past(), replicates=DRAWS)
    pd.testing.assert_frame_equal(frame, before)
    assert criteria_to_json(again.criteria) == criteria_to_json(shifted.criteria)
    assert again.summary == shifted.summary
    for field in fields(Recalibration):
        if isinstance(getattr(again, field.name), pd.DataFrame):
            pd.testing.assert_frame_equal(getattr(again, field.name), getattr(shifted, field.name))
    other = ql.recalibrate(criteria, mixed, history=past(), replicates=DRAWS, rng=1)
    assert other.tests["p_value"].tolist() != again.tests["p_value"].tolist()


def test_a_notebook_shows_it_escaped(shifted: Recalibration) -> None:
    html = shifted._repr_html_()
    assert "Recalibration" in html
    hostile = replace(shifted, summary="<script>alert(1)</script>")
    assert "<script>alert" not in hostile._repr_html_()
    assert repr(shifted).startswith("<Recalibration: shift on")
