"""The tipping verb against R's dose.p, real data, and scores whose answer is known beforehand."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import qualify as ql
from qualify.tipping.tipping import find_tipping_point

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
# glm stopped at epsilon 1e-14 and so do we: what is left is rounding.
EXACT = 1e-7


def scored_deals(score: np.ndarray, won: np.ndarray) -> tuple[ql.Deals, pd.Series]:
    """Deals with one idle question, and a score by deal id."""
    ids = [f"d{i}" for i in range(len(won))]
    frame = pd.DataFrame({"Id": ids, "Idle": ["Yes", "No"] * (len(won) // 2) + ["Yes"] * (len(won) % 2)})
    frame["Status"] = np.where(won, "Won", "Lost")
    survey = ql.Survey(
        columns=ql.Columns(outcome="Status", deal="Id"),
        outcomes=ql.Outcomes(won=("Won",), lost=("Lost",)),
        characteristics=(
            ql.Characteristic(
                name="Idle",
                column="Idle",
                kind="yes_no",
                answers=(ql.Answer(value="No"), ql.Answer(value="Yes")),
            ),
        ),
    )
    return ql.read_deals(frame, survey), pd.Series(score, index=ids, dtype=float)


@pytest.mark.parametrize("n", [500, 5000])
@pytest.mark.parametrize(("total", "questions"), [("tot12", 12), ("tot5", 5)])
def test_band_is_that_of_dose_p(n: int, total: str, questions: int) -> None:
    golden = json.loads((GOLDEN / "out" / "thresholds.json").read_text())[f"deals{n}_{total}"]
    table = pd.read_csv(GOLDEN / "data" / f"deals_{n}.csv")
    score = table[[f"q{i + 1:02d}" for i in range(questions)]].sum(axis=1).to_numpy(float)
    deals, by_deal = scored_deals(score, table["won"].to_numpy(bool))
    tipping = find_tipping_point(deals, score=by_deal, replicates=200)
    assert tipping.curve_kind == "logistic"
    edges = dict(zip(golden["p"], golden["est"], strict=True))
    assert tipping.midpoint == pytest.approx(edges[0.5], rel=EXACT)
    assert tipping.low == pytest.approx(edges[0.1], rel=EXACT)
    assert tipping.high == pytest.approx(edges[0.9], rel=EXACT)
    profile = golden["profile_lo"][3], golden["profile_hi"][3]
    width = profile[1] - profile[0]
    # Draws may choose a plateau, which widens the interval; 200 of them place its ends within a third of it.
    assert (
        tipping.midpoint_ci[0] < profile[0] + 0.3 * width
        and tipping.midpoint_ci[1] > profile[1] - 0.3 * width
    )
    assert tipping.midpoint_ci[1] - tipping.midpoint_ci[0] < 2 * width


def test_wisconsin_biopsies_tip_sharply(real_data: Path) -> None:
    table = pd.read_csv(real_data / "wisconsin-biopsy" / "biopsy.csv", dtype=str, keep_default_na=False)
    items = tuple(
        ql.Characteristic(name=f"V{i}", column=f"V{i}", kind="score", low=1, high=10) for i in range(1, 10)
    )
    survey = ql.Survey(
        columns=ql.Columns(outcome="class"),
        outcomes=ql.Outcomes(won=("malignant",), lost=("benign",)),
        characteristics=items,
        unknown=("NA",),
    )
    tipping = find_tipping_point(ql.read_deals(table, survey), replicates=100)
    assert tipping.verdict == "sharp"
    zones = tipping.zones.set_index("zone")
    assert zones.loc["below", "win_rate"] < 0.02 and zones.loc["above", "win_rate"] > 0.95
    assert zones["n"].sum() == 699


def test_a_score_that_separates_has_its_gap_as_band() -> None:
    score = np.concatenate([np.linspace(0, 40, 60), np.linspace(50, 90, 60)])
    deals, by_deal = scored_deals(score, score > 45)
    tipping = find_tipping_point(deals, score=by_deal, replicates=40)
    assert (tipping.low, tipping.midpoint, tipping.high) == pytest.approx((40, 45, 50))
    assert tipping.verdict == "sharp"
    assert np.isfinite(tipping.slope)


@pytest.mark.parametrize("score", [np.zeros(80), -np.arange(80.0)], ids=["constant", "reversed"])
def test_a_score_that_does_not_rise_with_winning_tips_nowhere(score: np.ndarray) -> None:
    deals, by_deal = scored_deals(score, np.arange(80) >= 40)
    tipping = find_tipping_point(deals, score=by_deal, replicates=20)
    assert tipping.verdict == "none"
    assert tipping.zones.set_index("zone").loc["inside", "n"] == 80
    assert np.isnan([tipping.low, tipping.high, tipping.midpoint, tipping.slope]).all()
    assert tipping.curve["probability"].nunique() == 1


def test_a_series_is_matched_by_deal_and_the_seed_decides_everything() -> None:
    rng = np.random.default_rng(5)
    score = rng.normal(size=200)
    deals, by_deal = scored_deals(score, rng.random(200) < 1 / (1 + np.exp(-2 * score)))
    first = find_tipping_point(deals, score=by_deal, replicates=30, rng=1)
    second = find_tipping_point(deals, score=by_deal.sample(frac=1, random_state=1), replicates=30, rng=1)
    other = find_tipping_point(deals, score=by_deal, replicates=30, rng=2)
    pd.testing.assert_frame_equal(first.curve, second.curve)
    assert first.midpoint_ci == second.midpoint_ci != other.midpoint_ci
    assert first.midpoint == other.midpoint


@pytest.mark.parametrize(
    ("score", "part"),
    [
        ([1.0, 2.0], "one number per closed deal"),
        (["a"] * 80, "must hold numbers"),
        ([np.nan] * 80, "finite"),
    ],
)
def test_a_score_that_does_not_fit_is_refused(score: list[object], part: str) -> None:
    deals, _ = scored_deals(np.arange(80.0), np.arange(80) >= 40)
    with pytest.raises(ql.InvalidArgument, match=part):
        find_tipping_point(deals, score=score)


def test_too_few_deals_of_one_outcome_are_refused() -> None:
    deals, by_deal = scored_deals(np.arange(80.0), np.arange(80) >= 75)
    with pytest.raises(ql.NotEnoughDeals, match="at least 10 won and 10 lost"):
        find_tipping_point(deals, score=by_deal)
