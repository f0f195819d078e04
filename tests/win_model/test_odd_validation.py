"""Validation of deals that tell little or nothing: finite, honest, said in words, and never a warning."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

import qualify as ql
from qualify.numerics.validation import Judged
from qualify.win_model import validation
from qualify.win_model.validation import Validation, validate
from qualify.win_model.validation_tables import measures_table

QUICK = 40
procedures = pytest.mark.parametrize("procedure", ["win_model", "criteria"])


@pytest.fixture(scope="module")
def simulated() -> ql.SimulatedDeals:
    return ql.simulate_deals(300, rng=2)


@pytest.fixture(scope="module")
def deals(simulated: ql.SimulatedDeals) -> ql.Deals:
    return ql.read_deals(simulated.frame, simulated.survey)


def row(found: Validation, metric: str) -> pd.Series:
    return found.table.set_index("metric").loc[metric]


def made(answers: pd.DataFrame, won: np.ndarray) -> ql.Deals:
    frame = answers.assign(outcome=np.where(won, "won", "lost"))
    survey = ql.infer_survey(frame.assign(noise=[*"ab"] * (len(frame) // 2)), outcome="outcome")
    kept = tuple(one for one in survey.characteristics if one.name != "noise")
    letters = (ql.Answer(value="no"), ql.Answer(value="yes"))
    told = (ql.Characteristic(name="letter", column="letter", kind="yes_no", answers=letters),)
    asked = (*kept, *told) if "letter" in answers else kept
    outcomes = ql.Outcomes(won=("won",), lost=("lost",))
    survey = ql.Survey(columns=ql.Columns(outcome="outcome"), outcomes=outcomes, characteristics=asked)
    return ql.read_deals(frame, survey)


@procedures
def test_deals_that_answers_separate_get_finite_honest_rows(procedure: str) -> None:
    won = np.arange(120) % 3 == 0
    rng = np.random.default_rng(0)
    deals = made(
        pd.DataFrame({"letter": np.where(won, "yes", "no"), "rank": rng.integers(1, 6, 120).astype(str)}), won
    )
    found = validate(deals, procedure=procedure, replicates=30)
    auc = row(found, "auc")
    assert auc["apparent"] == auc["corrected"] == auc["cross_validated"] == 1.0
    assert auc["ci_low"] == auc["cv_low"] < 0.95 and auc["ci_high"] == 1
    slope = row(found, "calibration_slope")
    assert slope[["apparent", "corrected", "cross_validated", "ci_low", "cv_low"]].isna().all()
    assert "no calibration slope" in " ".join(found.notes) and slope["failed"] == 30
    finite = found.table[found.table["metric"] != "calibration_slope"].drop(columns="metric")
    assert np.isfinite(finite.to_numpy(float)).all()
    assert 0 <= found.calibration["observed"].min() <= found.calibration["observed"].max() <= 1
    assert "There is no calibration slope: won and lost do not overlap." in found.notes
    page = found._repr_html_()
    assert "–" in page and "(– to" not in page


@procedures
def test_answers_that_say_nothing_at_all(procedure: str) -> None:
    won = np.arange(100) % 2 == 0
    deals = made(pd.DataFrame({"a": np.tile(["x", "x", "y", "y"], 25), "b": ["7"] * 50 + ["8"] * 50}), won)
    found = validate(deals, procedure=procedure, replicates=20)
    auc = row(found, "auc")
    assert auc["apparent"] == pytest.approx(0.5, abs=0.06) and 0.3 < auc["corrected"] < 0.6
    assert np.isnan(row(found, "calibration_slope")["corrected"])
    assert "There is no calibration slope: predictions nearly alike." in found.notes
    assert np.diff(found.groups["probability"]).min(initial=1.0) >= 0.01
    assert np.isfinite(found.table.loc[[0, 1, 2, 3, 4, 6], "corrected"]).all()


def test_noise_is_told_for_what_it_is() -> None:
    simulated = ql.simulate_deals(500, curve="none", characteristics=6, rng=3)
    found = validate(ql.read_deals(simulated.frame, simulated.survey), replicates=60)
    auc = row(found, "auc")
    assert auc["corrected"] == pytest.approx(0.5, abs=0.08) and auc["ci_low"] < 0.5 < auc["ci_high"]
    assert auc["cv_low"] < 0.5 < auc["cv_high"]
    assert row(found, "scaled_brier")["cross_validated"] < 0.02


def test_draws_without_a_measure_are_counted_and_told(
    deals: ql.Deals, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = validation.bootstrap_optimism

    def some_missing(*given: object) -> np.ndarray:
        draws = whole(*given)
        draws[:3, :, 5], draws[:2] = np.nan, np.nan
        return draws

    monkeypatch.setattr(validation, "bootstrap_optimism", some_missing)
    found = validate(deals, replicates=QUICK)
    assert found.failed == 2 and found.table["failed"].tolist() == [2, 2, 2, 2, 2, 3, 2]
    notes = " ".join(found.notes)
    assert "No calibration slope in 3 of 40 draws" in notes and "2 of 40 draws gave no model" in notes
    assert np.isfinite(found.table["corrected"]).all()


def test_estimates_that_lie_apart_are_told(deals: ql.Deals, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = validation.bootstrap_optimism

    def gloomy(*given: object) -> np.ndarray:
        draws = whole(*given)
        draws[:, 1, 3] += 0.5
        return draws

    monkeypatch.setattr(validation, "bootstrap_optimism", gloomy)
    found = validate(deals, replicates=QUICK)
    assert "lie apart" in " ".join(found.notes)
    loss = row(found, "log_loss")
    assert loss["ci_low"] < loss["cross_validated"] < loss["corrected"]


def test_a_corrected_distance_is_never_below_0() -> None:
    apparent, none = np.full(7, 0.02), np.zeros(7)
    judged = Judged(
        apparent, np.full(7, 0.03), np.zeros(7, dtype=np.int64), apparent, none + 0.01, none + 0.01
    )
    table = measures_table(judged, 40.0, 0.95).set_index("metric")
    assert table.loc["ici", "corrected"] == 0 == table.loc["ici", "ci_low"]
    assert table.loc["brier", "corrected"] == pytest.approx(-0.01)


def test_an_interrupt_passes_through(deals: ql.Deals, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*given: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("qualify.numerics.validation.measure_draws", interrupted)
    with pytest.raises(KeyboardInterrupt):
        validate(deals, replicates=QUICK)


@pytest.mark.slow
@pytest.mark.parametrize(("curve", "n"), [("gradual", 300), ("none", 200)])
def test_intervals_of_the_auc_cover_what_new_deals_show(curve: str, n: int) -> None:
    fresh = ql.simulate_deals(20_000, curve=curve, rng=1_000_000)
    new = ql.read_deals(fresh.frame, fresh.survey)
    covered = np.zeros(2)
    for seed in range(100):
        simulated = ql.simulate_deals(n, curve=curve, rng=seed)
        deals = ql.read_deals(simulated.frame, simulated.survey)
        truth = roc_auc_score(new.won, ql.fit_win_model(deals).log_odds(new))
        auc = row(validate(deals, replicates=200), "auc")
        covered += [auc["ci_low"] <= truth <= auc["ci_high"], auc["cv_low"] <= truth <= auc["cv_high"]]
    assert (covered >= 86).all(), covered
