"""Validation: figures that others find too, honest where there is little to tell, the same in any order."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score
from statsmodels.stats.proportion import proportion_confint

import qualify as ql
from qualify.errors import InvalidArgument, NotEnoughDeals
from qualify.numerics.performance import MEASURES
from qualify.numerics.procedures import LARGEST, MOST, points_recipe
from qualify.win_model.validation import Validation, validate
from qualify.win_model.validation_tables import calibration_verdict, group_table

SURVEY = Path(__file__).resolve().parents[2] / "examples" / "b2b_sales" / "survey.yaml"
COLUMNS = ["metric", "apparent", "optimism", "corrected", "ci_low", "ci_high"]
COLUMNS += ["cross_validated", "cv_low", "cv_high", "failed"]
QUICK = 40
procedures = pytest.mark.parametrize("procedure", ["win_model", "criteria"])


@pytest.fixture(scope="module")
def simulated() -> ql.SimulatedDeals:
    return ql.simulate_deals(300, rng=2)


@pytest.fixture(scope="module")
def deals(simulated: ql.SimulatedDeals) -> ql.Deals:
    return ql.read_deals(simulated.frame, simulated.survey)


@pytest.fixture(scope="module")
def check(deals: ql.Deals) -> Validation:
    return validate(deals, replicates=QUICK)


@pytest.fixture(scope="module")
def of_criteria(deals: ql.Deals) -> Validation:
    return validate(deals, procedure="criteria", replicates=QUICK)


def without(deals: ql.Deals, *columns: str) -> ql.Deals:
    return dataclasses.replace(deals, closed=deals.closed.drop(columns=list(columns)))


def row(found: Validation, metric: str) -> pd.Series:
    return found.table.set_index("metric").loc[metric]


def same(one: Validation, other: Validation) -> None:
    for field in dataclasses.fields(Validation):
        mine, yours = getattr(one, field.name), getattr(other, field.name)
        if isinstance(mine, pd.DataFrame):
            pd.testing.assert_frame_equal(mine, yours.loc[mine.index], check_exact=True)
        else:
            assert mine == yours, field.name


# Figures --------------------------------------------------------------------------------------


def test_the_table_has_its_columns_and_measures(check: Validation) -> None:
    assert list(check.table.columns) == COLUMNS
    assert tuple(check.table["metric"]) == MEASURES
    table = check.table
    corrected = (table["apparent"] - table["optimism"]).where(table["metric"] != "ici")
    ici = row(check, "ici")
    np.testing.assert_array_equal(
        table["corrected"], corrected.fillna(max(0.0, ici["apparent"] - ici["optimism"]))
    )
    assert ((table["ci_low"] <= table["corrected"]) & (table["corrected"] <= table["ci_high"])).all()
    inside = (table["cv_low"] <= table["cross_validated"]) & (table["cross_validated"] <= table["cv_high"])
    assert inside.all() and (table["failed"] == 0).all()
    assert (check.n, check.won, check.replicates, check.level) == (300, int(check.won), QUICK, 0.95)


def test_apparent_figures_are_those_of_the_win_model(deals: ql.Deals, check: Validation) -> None:
    chance, won = ql.fit_win_model(deals).predict(deals), deals.won
    assert row(check, "auc")["apparent"] == pytest.approx(roc_auc_score(won, chance), abs=1e-6)
    assert row(check, "brier")["apparent"] == pytest.approx(brier_score_loss(won, chance), abs=1e-6)
    assert row(check, "log_loss")["apparent"] == pytest.approx(log_loss(won, chance), abs=1e-6)
    assert row(check, "calibration_intercept")["apparent"] == pytest.approx(0, abs=1e-5)
    assert row(check, "calibration_slope")["apparent"] > 1  # shrunken


@procedures
def test_deals_not_seen_are_foretold_less_well(
    procedure: str, check: Validation, of_criteria: Validation
) -> None:
    table = (check if procedure == "win_model" else of_criteria).table.set_index("metric")
    for kind in ("corrected", "cross_validated"):
        assert (
            table.loc[["auc", "scaled_brier"], kind] < table.loc[["auc", "scaled_brier"], "apparent"]
        ).all()
        assert (table.loc[["brier", "log_loss"], kind] > table.loc[["brier", "log_loss"], "apparent"]).all()
        assert table.loc["calibration_slope", kind] < table.loc["calibration_slope", "apparent"]


def test_each_deal_keeps_its_own_prediction(deals: ql.Deals, check: Validation) -> None:
    found = check.predictions
    assert found.index.equals(deals.closed.index) and found["won"].tolist() == deals.won.tolist()
    np.testing.assert_array_equal(found["probability"], expit(found["log_odds"]))
    assert np.corrcoef(found["log_odds"], ql.fit_win_model(deals).log_odds(deals))[0, 1] > 0.97
    assert roc_auc_score(found["won"], found["log_odds"]) == pytest.approx(
        row(check, "auc")["cross_validated"], abs=0.02
    )


def test_groups_hold_every_deal_and_the_curve_runs_through_them(check: Validation) -> None:
    groups, curve = check.groups, check.calibration
    assert groups["n"].sum() == 300 and groups["won"].sum() == check.won
    np.testing.assert_allclose(groups["observed"], groups["won"] / groups["n"])
    low, high = proportion_confint(groups["won"], groups["n"], method="wilson")
    np.testing.assert_allclose(groups[["low", "high"]], np.column_stack([low, high]))
    assert groups["probability"].is_monotonic_increasing and len(groups) == 10
    assert list(curve.columns) == ["probability", "observed", "low", "high"]
    assert curve["probability"].is_monotonic_increasing
    assert ((curve["low"] <= curve["observed"]) & (curve["observed"] <= curve["high"])).all()
    between = np.interp(groups["probability"], curve["probability"], curve["observed"])
    assert np.abs(between - groups["observed"]).mean() < 0.1


def test_criteria_are_repeated_as_refine_criteria_makes_them(
    of_criteria: Validation, deals: ql.Deals
) -> None:
    assert (points_recipe(1.0).most, points_recipe(1.0).largest) == (MOST, LARGEST)
    criteria = ql.refine_criteria(deals, max_characteristics=MOST, replicates=5)
    score = criteria.score(deals.answers)
    # What is handed out is searched for longer than what is repeated: a point may differ here and there.
    assert row(of_criteria, "auc")["apparent"] == pytest.approx(roc_auc_score(deals.won, score), abs=0.005)
    told = criteria.performance.set_index("metric").loc["auc", "estimate"]
    assert row(of_criteria, "auc")["cross_validated"] == pytest.approx(told, abs=0.02)


@pytest.fixture(scope="module")
def real(real_data: Path) -> ql.Deals:
    return ql.read_deals(ql.fetch_b2b_sales(folder=real_data), ql.read_survey(SURVEY))


def test_real_deals_and_the_win_model(real: ql.Deals) -> None:
    found = validate(real, replicates=100)
    grouping = (found.grouping, found.other_grouping, found.drawn)
    assert grouping == ("identical answers", "single deals", "single deals")
    auc = row(found, "auc")
    assert auc["cross_validated"] >= 0.79 and 0.79 <= auc["corrected"] <= 0.83 < auc["apparent"]
    assert auc["cv_low"] < 0.79 < auc["cv_high"]
    # Deals with identical answers on both sides make the other folds look better.
    other = found.sensitivity.set_index("metric")["difference"]
    assert 0 < other["auc"] < 0.02 and other["brier"] < 0


def test_real_deals_and_the_criteria(real: ql.Deals) -> None:
    found = validate(real, procedure="criteria", replicates=30)
    assert row(found, "auc")["cross_validated"] >= 0.785
    assert found.temporal.empty and "No close dates" in " ".join(found.notes)


# The same whatever does not matter ------------------------------------------------------------


@procedures
def test_the_order_of_rows_changes_nothing(
    simulated: ql.SimulatedDeals, procedure: str, check: Validation, of_criteria: Validation
) -> None:
    shuffled = simulated.frame.sample(frac=1.0, random_state=4)
    again = validate(ql.read_deals(shuffled, simulated.survey), procedure=procedure, replicates=QUICK)
    same(check if procedure == "win_model" else of_criteria, again)


def test_the_same_seed_gives_the_same_and_another_does_not(deals: ql.Deals, check: Validation) -> None:
    same(check, validate(deals, replicates=QUICK, rng=np.random.default_rng(0)))
    other = validate(deals, replicates=QUICK, rng=1)
    assert row(other, "auc")["optimism"] != row(check, "auc")["optimism"]
    assert row(other, "auc")["apparent"] == row(check, "auc")["apparent"]


def test_deals_are_left_as_they_were(deals: ql.Deals) -> None:
    before = deals.closed.copy()
    validate(deals, replicates=2)
    pd.testing.assert_frame_equal(deals.closed, before)


def test_higher_level_wider_intervals(deals: ql.Deals, check: Validation) -> None:
    wide = validate(deals, replicates=QUICK, level=0.99)
    for low, high in (("ci_low", "ci_high"), ("cv_low", "cv_high")):
        narrow = check.table[high] - check.table[low]
        assert (wide.table[high] - wide.table[low] > narrow).all()


# What is kept together ------------------------------------------------------------------------


def test_accounts_stay_together_where_they_are_known(deals: ql.Deals, check: Validation) -> None:
    assert (check.grouping, check.drawn, check.other_grouping) == ("accounts", "accounts", "single deals")
    alone = validate(without(deals, "account"), replicates=2)
    assert alone.drawn == "single deals"
    assert alone.grouping in ("identical answers", "single deals")


def test_the_other_way_is_another_set_of_folds(check: Validation) -> None:
    table = check.sensitivity
    assert list(table.columns) == ["metric", "cross_validated", "other_way", "difference"]
    np.testing.assert_array_equal(table["cross_validated"], check.table["cross_validated"])
    np.testing.assert_allclose(table["difference"], table["other_way"] - table["cross_validated"])
    assert 0 < np.abs(table["difference"]).max() < 0.1


@pytest.mark.parametrize(("questions", "there"), [(2, False), (5, True)])
def test_few_patterns_are_kept_together_only_for_comparison(questions: int, there: bool) -> None:
    rng = np.random.default_rng(0)
    names = [f"q{k}" for k in range(questions)]
    frame = pd.DataFrame(rng.choice(["yes", "no"], (240, questions)), columns=names)
    frame["outcome"] = np.where(rng.random(240) < 0.3 + 0.4 * (frame["q0"] == "yes"), "won", "lost")
    survey = ql.infer_survey(frame, outcome="outcome")
    found = validate(ql.read_deals(frame, survey), replicates=5)
    assert (found.grouping, found.other_grouping) == ("single deals", "identical answers")
    assert (len(found.sensitivity) == 7) == there
    assert list(found.sensitivity.columns) == ["metric", "cross_validated", "other_way", "difference"]


# Words ----------------------------------------------------------------------------------------


def test_repr_and_page(check: Validation, of_criteria: Validation) -> None:
    auc = row(check, "auc")
    assert repr(check) == (
        f"<Validation of the win model on 300 deals ({check.won} won): AUC {auc['corrected']:.2f} "
        f"({auc['ci_low']:.2f} to {auc['ci_high']:.2f}) corrected, {auc['cross_validated']:.2f} "
        f"({auc['cv_low']:.2f} to {auc['cv_high']:.2f}) cross-validated>"
    )
    page = check._repr_html_()
    assert page.count("<table") == 4
    assert f"300 closed deals, {check.won} won." in page
    assert f"in {100 * auc['cross_validated']:.0f} of 100 pairs (95% interval" in page
    assert "Kept together in folds: accounts." in page
    assert "apparent = same deals; corrected = bootstrap" in page
    assert "The same with folds made another way" in page and "Learned from (deals)" in page
    learned = check.temporal["learned_from"]
    assert f"{learned.min()} to {learned.max()}" in page
    assert "before the criteria" in " ".join(of_criteria.notes) and not any(
        "points" in n for n in check.notes
    )
    assert "On the same deals and on unseen ones (300 deals)" in page
    assert f"{auc['corrected']:.3f} ({auc['ci_low']:.3f} to {auc['ci_high']:.3f})" in page
    assert "Validation: criteria" in of_criteria._repr_html_() and "Accounts kept together" in page
    with pytest.raises(dataclasses.FrozenInstanceError):
        check.n = 1  # type: ignore[misc]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"level": 95}, r"Did you mean 0\.95"),
        ({"replicates": 0}, "`replicates` of `validate`"),
        ({"replicates": 1}, "`replicates` of `validate` must be at least 2: an interval cannot be told"),
        ({"procedure": "criterion"}, "criteria"),
    ],
)
def test_wrong_arguments_are_refused(deals: ql.Deals, wrong: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidArgument, match=message):
        validate(deals, **wrong)  # type: ignore[arg-type]


def test_too_few_deals_are_refused(deals: ql.Deals) -> None:
    few = deals.subset((~deals.won | (np.arange(300) < 5)).to_numpy())
    with pytest.raises(NotEnoughDeals, match="at least 10 won and 10 lost"):
        validate(few)
    one = dataclasses.replace(deals, closed=deals.closed.assign(account="A"))
    with pytest.raises(NotEnoughDeals, match="5 accounts") as told:
        validate(one)
    assert str(told.value) == (
        f"All {(~deals.won).sum()} lost deals come from 1 account. Deals of one account are judged together, "
        "so won deals and lost deals must each come from at least 5 accounts. Add deals of other accounts, "
        "or, if the column is no account, take `account` out of the survey's columns."
    )


@pytest.mark.parametrize("verb", ["validate", "analyze", "find_factors", "fit_win_model", "refine_criteria"])
@pytest.mark.parametrize(
    ("given", "told"),
    [
        (pd.DataFrame({"won": [1]}), "got a DataFrame. Write `{}(read_deals(frame, survey))`."),
        ("closed.csv", "got a str. Write `{}(read_deals('closed.csv', survey))`."),
    ],
)
def test_what_read_deals_has_not_read_is_refused(verb: str, given: object, told: str) -> None:
    with pytest.raises(InvalidArgument) as found:
        getattr(ql, verb)(given)
    assert str(found.value) == f"`{verb}` needs the result of `read_deals`; {told.format(verb)}"


def test_groups_of_like_probability_are_joined() -> None:
    chance = np.repeat([0.359, 0.36, 0.364, 0.5, 0.7], 20)
    predictions = pd.DataFrame({"probability": chance, "won": np.tile([True, False], 50)})
    groups = group_table(predictions, 0.95)
    assert groups["n"].tolist() == [60, 20, 20]
    np.testing.assert_allclose(groups["probability"], [0.361, 0.5, 0.7])
    assert groups["won"].sum() == 50


@pytest.mark.parametrize(
    ("slope", "intercept", "verdict"),
    [
        ((0.8, 1.3), (-0.2, 0.2), "hold"),
        ((0.7, 1.4), (-0.2, 0.2), "hold"),
        ((0.5, 1.2), (-0.2, 0.2), "roughly told"),
        ((0.8, 1.6), (-0.2, 0.2), "roughly told"),
        ((0.8, 1.3), (0.1, 0.4), "too low"),
        ((0.5, 1.6), (-0.4, -0.1), "too high"),
        ((0.5, 0.9), (0.1, 0.4), "too extreme"),
        ((1.1, 1.9), (-0.2, 0.2), "too timid"),
        ((-0.1, 1.9), (-0.2, 0.2), "not told"),
        ((np.nan, np.nan), (-0.2, 0.2), "not told"),
    ],
)
def test_probabilities_hold_only_where_intervals_are_narrow(
    slope: tuple[float, float], intercept: tuple[float, float], verdict: str
) -> None:
    rows = [("calibration_slope", *slope), ("calibration_intercept", *intercept)]
    assert calibration_verdict(pd.DataFrame(rows, columns=["metric", "cv_low", "cv_high"])) == verdict
