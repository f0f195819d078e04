"""The whole chain in one call: the same results as the steps, and words that say what the numbers say."""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import pandas as pd
import pytest

from qualify.criteria.model import refine_criteria
from qualify.datasets.datasets import SimulatedDeals, simulate_deals
from qualify.deals import read_deals
from qualify.errors import InvalidArgument, NotEnoughDeals
from qualify.factors.factors import find_factors
from qualify.study.study import Study, analyze
from qualify.study.summary import WIDTH, summarise
from qualify.tipping.tipping import find_tipping_point
from qualify.win_model.validation import validate

REPLICATES = 20
CAUSAL = r"\b(caus\w*|driv(?:es?|en|ers?|ing)|impacts?|leads? to|because of|due to|effects?|affects?)\b"


@pytest.fixture(scope="module")
def simulated() -> SimulatedDeals:
    return simulate_deals(300, rng=2)


@pytest.fixture(scope="module")
def study(simulated: SimulatedDeals) -> Study:
    return analyze(read_deals(simulated.frame, simulated.survey), rng=7, replicates=REPLICATES)


def told(study: Study, **changes: object) -> str:
    """The summary on one line, some results exchanged."""
    parts = {
        name: getattr(study, name)
        for name in ("deals", "audit", "factors", "validation", "tipping", "criteria")
    }
    return " ".join(summarise(**(parts | changes)).split())


def test_each_result_is_the_one_the_step_gives(study: Study) -> None:
    factors = find_factors(study.deals, rng=7)
    pd.testing.assert_frame_equal(study.factors.table, factors.table)
    tipping = find_tipping_point(study.deals, replicates=REPLICATES, rng=7)
    assert (study.tipping.verdict, study.tipping.low, study.tipping.high) == (
        tipping.verdict,
        tipping.low,
        tipping.high,
    )
    check = validate(study.deals, replicates=REPLICATES, rng=7)
    pd.testing.assert_frame_equal(study.validation.table, check.table)
    criteria = refine_criteria(study.deals, replicates=REPLICATES, rng=7)
    pd.testing.assert_frame_equal(study.criteria.points, criteria.points)
    pd.testing.assert_frame_equal(study.criteria.bands, criteria.bands)
    assert study.criteria.provenance["seed"] == 7
    assert study.model.n == 300


def test_a_generator_gives_the_same_study_twice() -> None:
    simulated = simulate_deals(120, characteristics=3, rng=1)
    deals = read_deals(simulated.frame, simulated.survey)
    first, again = (analyze(deals, rng=np.random.default_rng(3), replicates=5) for _ in range(2))
    assert first.summary == again.summary
    assert first.tipping.low_ci == again.tipping.low_ci


def test_repr_and_page(study: Study) -> None:
    adds = (study.factors.table["verdict"] == "adds").sum()
    assert repr(study).startswith(f"<Study of 300 deals ({study.audit.won} won): {adds} add; tipping point")
    page = study._repr_html_()
    assert page.count("<table") == 6 and "Zones of the points" in page
    head = f"The win model on the same deals and on unseen ones (300 deals, {study.validation.won} won)"
    assert head in page and "On deals it had not seen, the win probability" in page
    with pytest.raises(dataclasses.FrozenInstanceError):
        study.summary = ""  # type: ignore[misc]


def test_wrong_arguments_are_refused_before_any_work(study: Study) -> None:
    with pytest.raises(InvalidArgument, match=r"Did you mean 0\.95"):
        analyze(study.deals, level=95)
    for few_draws in (0, 1):
        with pytest.raises(InvalidArgument, match="`replicates` of `analyze`"):
            analyze(study.deals, replicates=few_draws)
    few = study.deals.subset((~study.deals.won | (np.arange(300) < 5)).to_numpy())
    with pytest.raises(NotEnoughDeals, match="at least 10 won and 10 lost"):
        analyze(few)


def test_the_summary_opens_with_deals_time_and_win_rate(study: Study) -> None:
    words = told(study)
    dates = study.deals.closed["close_date"]
    assert words.startswith(
        f"300 deals closed between {dates.min():%Y-%m-%d} and {dates.max():%Y-%m-%d}. Win rate "
    )
    assert f"({study.audit.won} of 300 deals; 95% interval" in words
    assert "30 more deals still open" in words


def test_every_verdict_is_told(study: Study) -> None:
    words = told(study)
    for row in study.factors.table.itertuples():
        if row.verdict == "adds":
            size = abs(round(100 * row.swing))
            way = "higher" if row.swing > 0 else "lower"
            assert re.search(rf"{row.characteristic}: [^:]*win rate {size} percentage points {way}", words)
        elif row.verdict == "not shown":
            assert row.characteristic in words.split("not the same as shown not to matter: ")[1].split(".")[0]
        else:
            assert re.search(rf"{row.characteristic}[^.]* go(es)? with the outcome too, but overlap", words)
    assert {"adds", "not shown"} <= set(study.factors.table["verdict"])


def test_intervals_of_what_goes_with_losing_read_from_small_to_large(study: Study) -> None:
    table = study.factors.table.copy()
    table.loc[0, ["verdict", "swing", "swing_low", "swing_high"]] = ["adds", -0.2, -0.31, -0.08]
    words = told(study, factors=dataclasses.replace(study.factors, table=table))
    assert "20 percentage points lower (95% interval 8 to 31)" in words


def test_overlapping_characteristics_show_their_observed_win_rates(study: Study) -> None:
    table, clusters = study.factors.table.copy(), study.factors.clusters.iloc[:0].copy()
    table["verdict"] = "not shown"
    pair = ["Economic buyer met", "Budget confirmed"]
    chosen = table["characteristic"].isin(pair)
    table.loc[chosen, "verdict"] = "shared"
    table.loc[chosen, "shares_with"] = pair[::-1]
    clusters.loc[0] = [1, "; ".join(pair), 2, 20.0, 0.001, 0.001]
    words = told(study, factors=dataclasses.replace(study.factors, table=table, clusters=clusters))
    assert "none adds to all the others and 2 share with others" in words
    assert (
        "Economic buyer met and Budget confirmed go with the outcome too, but overlap with one another; "
        "300 deals cannot tell which of them it is."
    ) in words
    yes = study.deals.answers["Budget confirmed"] == "Yes"
    won = int(study.deals.won[yes].sum())
    assert f"({won} of {int(yes.sum())} deals) with “Yes”" in words


def test_not_knowing_is_told_with_its_win_rate(study: Study) -> None:
    table = study.factors.table.copy()
    table["unknown_q"], table["unknown_swing"] = 1.0, -0.1
    assert "WHEN NOBODY KNOWS" not in told(study, factors=dataclasses.replace(study.factors, table=table))
    table.loc[0, "unknown_q"] = 0.01
    words = told(study, factors=dataclasses.replace(study.factors, table=table))
    missing = study.deals.answers["Champion"] == "unknown"
    won = int(study.deals.won[missing].sum())
    assert "Champion: not knowing goes with losing" in words
    assert f"({won} of {int(missing.sum())} deals) where unknown" in words


def test_surprises_against_the_points_given_by_hand(study: Study) -> None:
    table = study.factors.table.copy()
    table["surprise"] = ["overlooked", "reversed", *[""] * (len(table) - 2)]
    words = told(study, factors=dataclasses.replace(study.factors, table=table))
    assert "Worth points, but given none or the same for every answer: Champion." in words
    assert "Given points the wrong way round: Economic buyer met." in words
    table["surprise"] = ""
    assert "BY HAND" not in told(study, factors=dataclasses.replace(study.factors, table=table))


@pytest.mark.parametrize(
    ("verdict", "start"),
    [
        ("sharp", "Yes, there is a tipping point. Made up."),
        ("gradual", "No narrow one; the win rate climbs gradually with the score. Made up."),
    ],
)
def test_the_tipping_point_with_its_zones(study: Study, verdict: str, start: str) -> None:
    zones = pd.DataFrame(
        [
            ("below", 60, 0.2, 6, 0.1, 0.05, 0.2),
            ("inside", 0, 0.0, 0, *[float("nan")] * 3),
            ("above", 240, 0.8, 180, 0.75, 0.7, 0.8),
        ],
        columns=list(study.tipping.zones),
    )
    tipping = dataclasses.replace(
        study.tipping, verdict=verdict, reason="made up.", low=-1.25, high=float("nan"), zones=zones
    )
    words = told(study, tipping=tipping)
    assert start in words
    assert "lies at -1.25 to not reached on the scale of log-odds of winning" in words
    assert "- Below: win rate 10% (6 of 60 deals; 95% interval 5 to 20%)." in words
    assert "- Inside: no deals." in words


def test_no_tipping_point(study: Study) -> None:
    nan = float("nan")
    tipping = dataclasses.replace(study.tipping, verdict="none", reason="no rise.", low=nan, high=nan)
    words = told(study, tipping=tipping)
    assert f"No tipping point was shown. No rise. Base rate {study.audit.won / 300:.0%}" in words
    assert "on the scale of" not in words


def test_what_the_win_probability_is_worth_on_deals_not_seen(study: Study) -> None:
    words = told(study)
    table = study.validation.table.set_index("metric")
    auc, slope = table.loc["auc"], table.loc["calibration_slope"]
    assert (
        f"in {100 * auc['cross_validated']:.0f} of 100 pairs (95% interval {100 * auc['cv_low']:.0f}" in words
    )
    assert f"On the 300 deals it learned from it seems to do so in {100 * auc['apparent']:.0f}:" in words
    later = study.validation.temporal.query("metric == 'auc'").iloc[-1]
    assert f"{later['n']} later deals ({later['won']} won): a won deal above" in words
    assert f"calibration slope {slope['cross_validated']:.2f}, 95% interval {slope['cv_low']:.2f} to" in words


@pytest.mark.parametrize(
    ("low", "high", "start"),
    [
        (0.8, 1.2, "Its probabilities can be taken as they are"),
        (0.4, 0.9, "Its high probabilities are too high"),
        (1.1, 1.8, "Its high probabilities are too low"),
        (0.5, 1.2, "Nothing shows its probabilities to be off, but 300 deals tell this only roughly"),
        (-0.1, 1.9, "Whether its probabilities can be taken as they are cannot be told"),
        (np.nan, np.nan, "Whether its probabilities can be taken as they are cannot be told"),
    ],
)
def test_whether_probabilities_hold(study: Study, low: float, high: float, start: str) -> None:
    table = study.validation.table.copy()
    slope = table["metric"] == "calibration_slope"
    table.loc[slope, ["cv_low", "cv_high"]] = low, high
    none_later = study.validation.temporal.iloc[:0]
    words = told(study, validation=dataclasses.replace(study.validation, table=table, temporal=none_later))
    assert f"- {start}" in words and "nan" not in words
    assert "Foretold from earlier quarters" not in words


def test_doubts_about_the_validation_are_told(study: Study) -> None:
    check, table = study.validation, study.validation.table.copy()
    table.loc[table["metric"] == "calibration_slope", ["cv_low", "cv_high"]] = np.nan
    table.loc[table["metric"] == "auc", ["cross_validated", "cv_low", "cv_high"]] = 0.48, 0.4, 0.56
    notes = ("There is no calibration slope: predictions nearly alike.", "Go by the others.")
    words = told(study, validation=dataclasses.replace(check, table=table, notes=notes))
    assert "a coin would in 50. That is no better than chance shows; a figure below 50 comes from" in words
    assert (
        f"from these 300 deals ({check.won} won): no calibration slope (predictions nearly alike)." in words
    )
    assert "- Go by the others." in words and "There is no calibration slope" not in words
    assert "no better than chance shows" not in told(study)


def test_the_criteria_and_how_well_they_do(study: Study) -> None:
    words = told(study)
    auc = study.criteria.performance.set_index("metric").loc["auc"]
    assert f"in {100 * auc['estimate']:.0f} of 100 pairs (95% interval {100 * auc['ci_low']:.0f} to" in words
    assert (
        f"{len(study.criteria.kept)} of 12 characteristics earn points (0 to {study.criteria.score_range[1]})"
        in words
    )
    band = study.criteria.bands.iloc[0]
    assert f"({band['won']} of {band['n']} deals; 95% interval" in words


def test_criteria_that_keep_nothing(study: Study) -> None:
    empty = dataclasses.replace(study.criteria, points=study.criteria.points.iloc[:0])
    words = told(study, criteria=empty)
    assert "None of 12 characteristics earned points on 300 deals." in words
    assert "LEFT OUT" not in words


def test_what_could_be_left_out_is_neither_shown_nor_kept(study: Study) -> None:
    table = study.factors.table.assign(verdict="not shown")
    # Demo given surely adds something: no candidate.
    left_out = pd.DataFrame(
        {"characteristic": ["Demo given", "Rapport"], "adds": [0.01, 0.001], "adds_low": [0.002, -0.001]}
    ).assign(adds_high=0.02)
    words = told(
        study,
        factors=dataclasses.replace(study.factors, table=table),
        criteria=dataclasses.replace(study.criteria, left_out=left_out),
    )
    assert "Not shown to matter, nor to add to the points on deals not seen (300 deals): Rapport." in words


def test_what_more_characteristics_would_do_is_said(study: Study) -> None:
    sizes = pd.DataFrame(
        {"characteristics": [1, 2], "auc": [0.7, 0.75], "log_loss": [0.5, 0.4], "in_use": [True, False]}
    )
    words = told(study, criteria=dataclasses.replace(study.criteria, parsimony=sizes))
    assert "Up to 2 characteristics would put a won deal above a lost one in 75 of 100 pairs" in words
    best = dataclasses.replace(study.criteria, parsimony=sizes.assign(in_use=[False, True]))
    assert "Up to 2" not in told(study, criteria=best)


def test_stops_come_first_and_warnings_late(study: Study) -> None:
    found = [("stop", "Too few."), ("warn", "Rare."), ("note", "Fine.")]
    rows = [(severity, what, "all deals", 3, "Luck.", "Wait.") for severity, what in found]
    findings = pd.DataFrame(rows, columns=list(study.audit.findings))
    words = told(study, audit=dataclasses.replace(study.audit, findings=findings))
    assert "MEND THIS FIRST - Too few. Wait. WHAT GOES WITH WINNING" in words
    assert "BEAR IN MIND - Rare. Wait. All of this" in words
    assert "Fine." not in words


def test_no_causal_words_and_no_rate_without_its_deals(study: Study) -> None:
    assert not re.findall(CAUSAL, study.summary, flags=re.IGNORECASE)
    for found in re.finditer(r"win rate (\d[\d.]*%)(.{0,12})", told(study), flags=re.IGNORECASE):
        assert found.group(2).startswith(" (") or found.start() > told(study).index("BEAR IN MIND"), (
            found.group()
        )
    assert max(map(len, study.summary.splitlines())) <= WIDTH


def test_hostile_names_stay_on_their_line(simulated: SimulatedDeals, study: Study) -> None:
    table = study.factors.table.copy()
    table.loc[table["verdict"] == "not shown", "characteristic"] = "\x1b[31mred\nBEAR IN MIND"
    words = summarise(
        study.deals,
        study.audit,
        dataclasses.replace(study.factors, table=table),
        study.validation,
        study.tipping,
        study.criteria,
    )
    assert "\x1b" not in words
    assert words.splitlines().count("BEAR IN MIND") == study.summary.splitlines().count("BEAR IN MIND")
