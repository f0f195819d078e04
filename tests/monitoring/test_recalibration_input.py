"""What a recalibration refuses, and the odd criteria it can do with."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from recalibration_quarters import DRAWS, in_use, past, quarter, quarter_frame, usable

import qualify as ql
from qualify.criteria.model import Criteria
from qualify.errors import InvalidArgument, InvalidCriteria, InvalidDeals, NotEnoughDeals


@pytest.fixture(scope="module")
def criteria() -> Criteria:
    return in_use()


def test_too_few_won_or_lost_deals_are_refused(criteria: Criteria) -> None:
    deals = quarter(150)
    few = deals.subset(~deals.won.to_numpy() | (np.cumsum(deals.won.to_numpy()) <= 4))
    with pytest.raises(NotEnoughDeals, match="4 won and"):
        ql.recalibrate(criteria, few)


def test_anything_but_criteria_and_deals_is_refused(criteria: Criteria) -> None:
    with pytest.raises(InvalidArgument, match="`criteria` of `recalibrate`"):
        ql.recalibrate({}, quarter(150))  # type: ignore[arg-type]
    with pytest.raises(InvalidArgument, match="read_deals"):
        ql.recalibrate(criteria, quarter_frame(60))  # type: ignore[arg-type]
    with pytest.raises(InvalidArgument, match="level"):
        ql.recalibrate(criteria, quarter(150), level=95)
    with pytest.raises(InvalidArgument, match="replicates"):
        ql.recalibrate(criteria, quarter(150), replicates=1)
    for draws, level in ((18, 0.95), (98, 0.99), (8, 0.9)):
        with pytest.raises(InvalidArgument, match="small enough to reject"):
            ql.recalibrate(criteria, quarter(150), replicates=draws, level=level)
    assert ql.recalibrate(criteria, quarter(60), replicates=19).verdict == "keep"


def test_old_deals_are_not_taken_for_new_ones(criteria: Criteria) -> None:
    with pytest.raises(InvalidArgument, match="the very deals"):
        ql.recalibrate(criteria, past())
    deals = quarter(150)
    with pytest.raises(InvalidDeals) as raised:
        ql.recalibrate(criteria, deals, history=deals)
    assert len(raised.value.problems) == deals.n


def gated(criteria: Criteria) -> Criteria:
    """The same, stopped by a competitor."""
    row = ("Competitor present", "Yes", np.nan, np.nan, 90, 2, 0.08)
    return replace(criteria, gates=pd.DataFrame([row], columns=criteria.gates.columns))


def test_new_deals_count_as_used_where_gates_stopped_some_of_them(criteria: Criteria) -> None:
    deals = quarter(300, "much fewer")
    found = ql.recalibrate(gated(criteria), deals, replicates=DRAWS)
    assert found.verdict == "shift"
    assert found.criteria.provenance["deals"] == deals.n
    for later in (found.criteria, replace(found.criteria, provenance={"parent": found.criteria.provenance})):
        with pytest.raises(InvalidArgument, match="the very deals"):
            ql.recalibrate(later, deals)


def test_deals_that_a_gate_stops_do_not_make_up_for_too_few_others(criteria: Criteria) -> None:
    deals = quarter(300)
    stopped = deals.answers["Competitor present"].eq("Yes").to_numpy()
    others = np.flatnonzero(~stopped & deals.won.to_numpy())[:4]
    some = deals.subset(stopped | np.isin(np.arange(deals.n), others))
    assert ql.recalibrate(criteria, some, replicates=99).n == some.n
    with pytest.raises(NotEnoughDeals, match="that no gate stops; there are 4 won and 0 lost"):
        ql.recalibrate(gated(criteria), some, replicates=99)


def test_criteria_of_an_older_version_get_a_plainer_test(criteria: Criteria) -> None:
    fit = {name: part for name, part in criteria.provenance["fit"].items() if name != "answers"}
    older = replace(criteria, provenance=criteria.provenance | {"fit": fit})
    found = ql.recalibrate(older, quarter(300, "level"), replicates=DRAWS)
    assert found.verdict == "shift"
    assert found.tests["df"].tolist() == [2, 1, 0, 1]
    assert any("older version" in note for note in found.notes)
    usable(found.criteria)
    bare = replace(criteria, provenance={})
    assert ql.recalibrate(bare, quarter(300, "level"), replicates=DRAWS).verdict == "shift"


@pytest.mark.parametrize(
    "spoilt",
    [
        {"columns": 3},
        {"coefficients": ["a"]},
        {"uncertainty": [[1.0]]},
        {"answers": [{"characteristic": "Champion"}]},
        {"answers": []},
    ],
)
def test_a_spoilt_fit_is_refused_in_words(criteria: Criteria, spoilt: dict[str, object]) -> None:
    fit = criteria.provenance["fit"] | spoilt
    edited = replace(criteria, provenance=criteria.provenance | {"fit": fit})
    with pytest.raises(InvalidCriteria, match="cannot be read"):
        ql.recalibrate(edited, quarter(150), replicates=DRAWS)


def test_criteria_that_found_nothing_can_shift_all_the_same() -> None:
    noise = ql.simulate_deals(300, curve="none", rng=3)
    nothing = ql.refine_criteria(ql.read_deals(noise.frame, noise.survey), replicates=20)
    assert not nothing.kept
    found = ql.recalibrate(nothing, quarter(200, "level"), replicates=DRAWS)
    assert found.tests["df"].tolist() == [1, 0, 0, 1]
    assert found.verdict in ("keep", "shift")
    usable(found.criteria)
