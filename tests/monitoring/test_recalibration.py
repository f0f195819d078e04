"""Recalibration: the decision, the new criteria and the tables, in quarters with a known change."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pandas as pd
import pytest
import recalibration_quarters
import statsmodels.api as sm
from recalibration_quarters import DRAWS, in_use, past, quarter, usable
from scipy.special import expit, logit

import qualify as ql
import qualify.monitoring.deciding as deciding
from qualify.criteria.model import Criteria
from qualify.monitoring.closed_testing import Compared
from qualify.monitoring.recalibration import Recalibration
from qualify.monitoring.words import words_on_tests


@pytest.fixture(scope="module")
def criteria() -> Criteria:
    return in_use()


@pytest.fixture(scope="module")
def shifted() -> Recalibration:
    return recalibration_quarters.shifted()


@pytest.fixture(scope="module")
def stretched() -> Recalibration:
    return recalibration_quarters.stretched()


@pytest.fixture(scope="module")
def kept(criteria: Criteria) -> Recalibration:
    return ql.recalibrate(criteria, quarter(150), history=past(), replicates=DRAWS)


# The decision ----------------------------------------------------------------


def test_criteria_are_kept_as_they_are_where_nothing_has_changed(
    kept: Recalibration, criteria: Criteria
) -> None:
    assert (kept.verdict, kept.test_verdict) == ("keep", "keep")
    assert kept.criteria is criteria
    assert kept.changes.empty
    assert kept.summary.startswith("Keep the criteria.")


def test_a_change_of_level_shifts_the_win_probabilities(shifted: Recalibration, criteria: Criteria) -> None:
    assert (shifted.verdict, shifted.test_verdict) == ("shift", "shift")
    assert shifted.criteria.version == "2"
    pd.testing.assert_frame_equal(shifted.criteria.points, criteria.points)
    moved = logit(shifted.criteria.probabilities["probability"]) - logit(
        criteria.probabilities["probability"]
    )
    assert np.ptp(moved) < 1e-9
    deals = quarter(300, "level")
    score = criteria.score(deals.answers)
    log_odds = logit(criteria.probabilities.set_index("score")["probability"].reindex(score).to_numpy())
    family = sm.families.Binomial()
    glm = sm.GLM(deals.won.to_numpy(float), np.ones(deals.n), family=family, offset=log_odds).fit(tol=1e-14)
    assert moved.iloc[0] == pytest.approx(glm.params[0], abs=1e-8)


def test_a_flatter_curve_rescales_the_win_probabilities(stretched: Recalibration, criteria: Criteria) -> None:
    assert (stretched.verdict, stretched.test_verdict) == ("rescale", "rescale")
    line = stretched.criteria.provenance["update"]
    assert 0.1 < line["slope"] < 0.6
    wanted = expit(line["intercept"] + line["slope"] * logit(criteria.probabilities["probability"]))
    np.testing.assert_allclose(stretched.criteria.probabilities["probability"], wanted, atol=1e-12)


def test_a_change_of_single_answers_rebuilds_where_there_are_deals_enough(criteria: Criteria) -> None:
    deals = quarter(500, "competitor")
    found = ql.recalibrate(criteria, deals, history=past(), replicates=DRAWS)
    assert (found.verdict, found.test_verdict, found.more_deals) == ("rebuild", "rebuild", 0)
    assert found.criteria.provenance["deals"] == past().n + deals.n
    assert found.criteria.provenance["parent"]["version"] == "1"
    assert "start asking Demo given" in set(found.changes["change"])
    drifting = found.drift.set_index("characteristic")["q_value"]
    assert drifting["Competitor present"] < 0.01
    assert drifting["Demo given"] < 0.1
    assert drifting.idxmin() in ("Competitor present", "Demo given")
    row = found.comparison.set_index("update").loc["rebuild"]
    assert row["chosen"]
    assert row["worse_high"] < 0
    usable(found.criteria)


def test_criteria_are_never_rebuilt_on_too_few_deals(criteria: Criteria) -> None:
    found = ql.recalibrate(criteria, quarter(200, "competitor", seed=8), replicates=DRAWS)
    assert found.test_verdict == "rebuild"
    assert found.verdict in ("rescale", "shift")
    assert found.more_deals > 0
    assert f"{found.more_deals:,} more deals needed" in found.summary
    pd.testing.assert_frame_equal(found.criteria.points, criteria.points)


def test_a_score_that_turned_round_is_rebuilt_and_never_made_flat(
    criteria: Criteria, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = ql.recalibrate(criteria, quarter(150, "turned round"), replicates=DRAWS)
    assert few.tests["p_value"].iloc[2] > 0.05, "a falling line fits, and is no remedy all the same"
    assert (few.verdict, few.test_verdict) == ("keep", "rebuild")
    assert few.more_deals > 0
    assert "Higher scores now go with fewer wins" in few.summary
    assert f"{few.more_deals:,} more deals needed. Until then the criteria stay" in few.summary
    assert few.criteria is criteria
    assert few.band[["now", "now_low", "now_high"]].isna().all(axis=None)
    monkeypatch.setattr(deciding, "deals_missing", lambda *_: 0)
    monkeypatch.setattr(deciding, "rebuilt", lambda *_: None)
    nothing = ql.recalibrate(criteria, quarter(150, "turned round"), replicates=DRAWS)
    assert nothing.verdict in ("shift", "keep")
    assert nothing.criteria.probabilities["probability"].nunique() > 1
    usable(nothing.criteria)


def test_an_update_that_is_surely_worse_on_unseen_deals_gives_way(
    criteria: Criteria, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = deciding.compare_updates

    def pretend(*args: object) -> Compared:
        found = honest(*args)
        worse = {"worse_low": [0.0, 0.01, 0.01, np.nan], "worse_high": [0.0, 0.03, 0.03, np.nan]}
        return found._replace(table=found.table.assign(**worse))

    monkeypatch.setattr(deciding, "compare_updates", pretend)
    found = ql.recalibrate(criteria, quarter(300, "level"), replicates=DRAWS)
    assert (found.verdict, found.test_verdict) == ("keep", "shift")
    assert found.criteria is criteria
    assert any("left out" in note for note in found.notes)


# The tables ------------------------------------------------------------------


def test_every_table_has_the_columns_it_promises(kept: Recalibration, shifted: Recalibration) -> None:
    doc = " ".join((Recalibration.__doc__ or "").split())
    for field in fields(Recalibration):
        one, other = getattr(kept, field.name), getattr(shifted, field.name)
        if isinstance(one, pd.DataFrame):
            assert list(one.columns) == list(other.columns)
            described = doc.split(f" {field.name} : DataFrame ")[1].split(" : ")[0]
            missing = [column for column in one.columns if column not in described]
            assert not missing, f"{field.name}: {missing}"


def test_performance_is_that_of_the_probabilities_in_use(kept: Recalibration, criteria: Criteria) -> None:
    table = kept.performance.set_index("metric")
    won, chance = kept.scores["won"].to_numpy(float), kept.scores["probability"].to_numpy()
    assert table.loc["brier", "estimate"] == pytest.approx(np.mean((chance - won) ** 2))
    loss = -np.mean(won * np.log(chance) + (1 - won) * np.log(1 - chance))
    assert table.loc["log_loss", "estimate"] == pytest.approx(loss)
    pairs = chance[won > 0][:, None] - chance[won < 1]
    assert table.loc["auc", "estimate"] == pytest.approx(np.mean((pairs > 0) + 0.5 * (pairs == 0)))
    design = np.column_stack([np.ones(len(won)), logit(chance)])
    assert table.loc["calibration_slope", "estimate"] == pytest.approx(
        sm.Logit(won, design).fit(disp=0).params[1], abs=1e-6
    )
    assert (table["ci_low"] < table["estimate"]).all()
    assert (table["estimate"] < table["ci_high"]).all()
    assert table["estimate"].between(table["expected_low"], table["expected_high"]).all()
    past_figures = criteria.performance.set_index("metric")["estimate"]
    assert table.loc["auc", "then"] == past_figures["auc"]


def test_zones_then_and_now_are_counts_of_deals(kept: Recalibration, criteria: Criteria) -> None:
    zones = kept.zones.set_index("zone")
    assert zones["n"].sum() == kept.n
    for zone, mine in kept.scores.groupby("zone"):
        assert zones.loc[zone, "won"] == mine["won"].sum()
    assert zones["n_then"].tolist() == criteria.bands["n"].tolist()
    shown = zones[zones["n"] > 0]
    np.testing.assert_allclose(shown["moved"], shown["win_rate"] - shown["win_rate_then"])
    assert (shown["moved_low"] < shown["moved"]).all()
    assert (shown["moved"] < shown["moved_high"]).all()


def test_the_band_moves_as_the_line_says(shifted: Recalibration, criteria: Criteria) -> None:
    """A logistic curve of slope b per point moves by (target − a)/s − target over b."""
    assert criteria.tipping.curve_kind == "logistic"
    band = shifted.band.set_index("edge")
    middle = band.loc["midpoint"]
    assert middle["moved"] > 0
    assert middle["now_low"] < middle["now"] < middle["now_high"]
    table = criteria.probabilities
    deals = quarter(300, "level")
    log_odds = logit(
        table.set_index("score")["probability"].reindex(criteria.score(deals.answers)).to_numpy()
    )
    a, b = sm.Logit(deals.won.to_numpy(float), sm.add_constant(log_odds)).fit(disp=0, tol=1e-12).params
    assert expit(a + b * np.interp(middle["now"], table["score"], logit(table["probability"]))) == (
        pytest.approx(0.5, abs=1e-6)
    )


def test_a_test_of_the_intercept_alone_stands_beside_and_decides_nothing(kept: Recalibration) -> None:
    assert kept.tests["decides"].tolist() == [True, True, True, False]
    assert kept.tests["df"].iloc[3] == 1
    assert kept.tests["p_value"].between(0, 1).all()


def test_criteria_that_never_fitted_well_are_told_from_a_change() -> None:
    """Twelve questions on few deals: the chi-square calls it a change, the simulated reference does not."""
    table = pd.DataFrame({"p_value": [0.3, 0.3, 0.3, 0.5], "p_plain": [0.001, 0.2, 0.2, 0.2]})
    assert "never fitted better" in words_on_tests(table, "keep", 0.05)
    assert "never fitted better" not in words_on_tests(table.assign(p_plain=0.2), "keep", 0.05)
    alone = words_on_tests(table.assign(p_value=[0.3, 0.3, 0.3, 0.01]), "keep", 0.05)
    assert "Taken by itself" in alone
