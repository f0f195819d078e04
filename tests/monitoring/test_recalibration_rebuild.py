"""Rebuilds: made as the criteria in use were, and given up where a simpler step does better."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
import pytest
from recalibration_quarters import in_use, past, quarter

import qualify as ql
import qualify.monitoring.closed_testing as closed_testing
import qualify.monitoring.deciding as deciding
from qualify.criteria.settings import budget_of
from qualify.monitoring.closed_testing import Compared
from qualify.monitoring.held_deals import HeldDeals
from qualify.monitoring.origin import Origin
from qualify.monitoring.rebuilding import Rebuild, rebuild_of, rebuilt

ORIGIN = Origin(verdict="rebuild", seed=0, replicates=99, level=0.95, new_fingerprint="")


def rebuilt_from(criteria: ql.Criteria) -> ql.Criteria:
    quick = criteria.provenance["settings"] | {"replicates": 3}
    criteria = replace(criteria, provenance=criteria.provenance | {"settings": quick})
    found = rebuilt(criteria, quarter(300), ORIGIN, np.random.default_rng(0))
    assert found is not None
    return found


def test_a_rebuild_of_criteria_that_chose_their_number_chooses_it_anew() -> None:
    usual = ql.refine_criteria(past(), replicates=3)
    settings = usual.provenance["settings"]
    assert settings["max_characteristics"] is None
    assert rebuild_of(usual, past(), past().closed.index).recipe.most == settings["most"]
    found = rebuilt_from(usual).provenance["settings"]
    assert (found["max_characteristics"], found["points"]) == (None, "0 to 10")


@pytest.mark.slow
@pytest.mark.parametrize(("points", "span", "start"), [("0 to 5", 5, False), ("-5 to 5", 10, True)])
def test_a_rebuild_keeps_to_the_budget_of_points(
    points: Literal["0 to 5", "-5 to 5"], span: int, start: bool
) -> None:
    small = ql.refine_criteria(past(), max_characteristics=4, points=points, replicates=3)
    assert rebuild_of(small, past(), past().closed.index).recipe.largest == span
    found = rebuilt_from(small)
    assert found.points["points"].max() <= 5
    assert (found.start > 0) == start
    assert len(found.kept) <= 4


def test_a_rebuild_of_criteria_by_break_even_divides_by_the_same_money() -> None:
    money = ql.Economics(value=50_000, cost=8_000)
    asked = ql.refine_criteria(past(), max_characteristics=4, zones=money, replicates=3)
    settings = rebuilt_from(asked).provenance["settings"]
    assert settings["economics"]["cost"] == 8_000
    assert settings["zones"] == pytest.approx([0.16, 0.16])


def test_older_files_tell_less_of_their_budget() -> None:
    assert budget_of({"max_characteristics": 5}) == {"most": 5, "largest": 10}
    assert budget_of({"max_characteristics": None, "points": "total 100"}) == {"most": 8, "total": 100}


def test_a_rebuild_that_a_simpler_step_surely_beats_gives_way_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Better than the criteria in use, which foretell far too many wins, and far worse than a rescale."""
    honest = deciding.compare_updates
    tables = []

    def mixture(held: HeldDeals, rebuild: Rebuild | None, *rest: object) -> Compared:
        assert rebuild is not None
        # Half way between what was true and what is, as points learned from both are.
        monkeypatch.setattr(Rebuild, "without", lambda *_: held.log_odds - 1.0)
        tables.append(honest(held, rebuild, *rest))
        return tables[0]

    monkeypatch.setattr(deciding, "compare_updates", mixture)
    monkeypatch.setattr(closed_testing, "closed_test", lambda *_: "rebuild")
    monkeypatch.setattr(deciding, "deals_missing", lambda *_: 0)
    found = ql.recalibrate(in_use(), quarter(300, "much fewer"), history=past(), replicates=99)
    table = found.comparison.set_index("update")
    assert table.loc["rebuild", "worse_high"] < 0, "surely better than to keep"
    assert (found.verdict, found.test_verdict) == (table["log_loss"].idxmin(), "rebuild")
    assert found.verdict in ("shift", "rescale")
    assert f"worse than to {found.verdict}" in found.summary
    foretold = found.criteria.probabilities.set_index("score")["probability"]
    wins = foretold.reindex(found.scores["score"]).sum()
    assert wins == pytest.approx(found.won, abs=1e-6), "the line goes through the new deals"
