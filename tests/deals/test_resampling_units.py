"""What is kept together when deals are resampled, and that the order of rows changes nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import qualify as ql
from qualify.deals import Deals
from qualify.deals.resampling_units import in_order


def shuffled(simulated: ql.SimulatedDeals, *, accounts: bool) -> tuple[Deals, Deals]:
    """Deals, and the same deals with their rows in another order; many of them answer alike."""
    survey = simulated.survey
    frame = simulated.frame if accounts else simulated.frame.drop(columns="Account")
    if not accounts:
        plain = survey.columns.__class__(outcome="Outcome", deal="Deal")
        survey = survey.__class__(
            title=survey.title,
            columns=plain,
            outcomes=survey.outcomes,
            characteristics=survey.characteristics,
        )
    other = frame.sample(frac=1.0, random_state=np.random.default_rng(5))
    return ql.read_deals(frame, survey), ql.read_deals(other, survey)


@pytest.fixture(scope="module", params=[True, False], ids=["accounts", "single deals"])
def both(request: pytest.FixtureRequest) -> tuple[Deals, Deals]:
    return shuffled(ql.simulate_deals(160, characteristics=3, rng=4), accounts=request.param)


def test_deals_come_into_one_order_whatever_theirs(both: tuple[Deals, Deals]) -> None:
    first, second = (in_order(deals) for deals in both)
    pd.testing.assert_frame_equal(first[0].closed, second[0].closed)
    for deals, (ordered, order) in zip(both, (first, second), strict=True):
        assert ordered.closed.index.tolist() == deals.closed.index[order].tolist()


def test_a_given_score_sets_deals_apart() -> None:
    frame = pd.DataFrame({"Won": ["1", "0"] * 6, "Q": ["y", "y"] * 6})
    survey = ql.infer_survey(frame.assign(Q=["y", "n"] * 6), outcome="Won")
    deals = ql.read_deals(frame, survey)
    score = np.arange(12.0)[::-1]
    ordered, order = in_order(deals, score)
    won = ordered.won.to_numpy()
    assert np.all(np.diff(score[order][won]) > 0) and np.all(np.diff(score[order][~won]) > 0)


def test_row_order_changes_no_tipping_point(both: tuple[Deals, Deals]) -> None:
    one, other = (ql.find_tipping_point(deals, replicates=15) for deals in both)
    pd.testing.assert_frame_equal(one.scores, other.scores.loc[one.scores.index])
    assert one.scores.index.tolist() == both[0].closed.index.tolist()
    pd.testing.assert_frame_equal(one.curve, other.curve)
    assert (one.slope_ci, one.p_value, one.verdict) == (other.slope_ci, other.p_value, other.verdict)


def test_row_order_changes_no_tipping_point_of_a_given_score(both: tuple[Deals, Deals]) -> None:
    rng = np.random.default_rng(0)
    score = pd.Series(rng.normal(size=both[0].n).round(1), index=both[0].closed.index)
    one, other = (ql.find_tipping_point(deals, score=score, replicates=15) for deals in both)
    pd.testing.assert_frame_equal(one.curve, other.curve)
    assert one.p_value == other.p_value


def test_row_order_changes_no_criteria(both: tuple[Deals, Deals], tmp_path: Path) -> None:
    one, other = (ql.refine_criteria(deals, replicates=10) for deals in both)
    scores = one.tipping.scores
    assert scores.index.tolist() == both[0].closed.index.tolist()
    pd.testing.assert_frame_equal(other.tipping.scores.loc[scores.index], scores)
    # Only the order in which past deals are listed is that of the rows.
    other = replace(other, tipping=replace(other.tipping, scores=scores))
    for name, criteria in (("one", one), ("other", other)):
        ql.write_criteria(criteria, tmp_path / f"{name}.json")
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "other.json").read_bytes()
