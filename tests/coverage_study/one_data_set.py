"""One data set: what the public verbs say of it, held against the truth. Facts only; rates come later.

Where an interval is held against a true value, the fact is 0 where it covers it, -1 where the truth lies
below it and 1 where it lies above; nothing where there is no interval.
"""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import qualify as ql
from coverage_study.truth import (
    Binned,
    Truth,
    binned,
    columns_of,
    curve_of,
    null_questions,
    pool_scores,
    truth_of,
)
from coverage_study.worlds import World, deals_of, pool_of
from qualify.deals import Deals
from qualify.deals.design import PER_STEP, DesignMatrix, design_matrix
from qualify.errors import QualifyError
from qualify.numerics.tipping import Landmarks, landmarks
from qualify.survey import UNKNOWN
from qualify.tipping.tipping import TippingPoint

Fact = int | float | str
Facts = dict[str, Fact]
ALPHA = 0.05
STRATA = ("effect", "null", "decisive", "unknown")
MISSES = ("n", "below", "above")
LANDMARKS = ("midpoint", "low", "high", "width_share", "slope", "floor", "ceiling")
KINDS = ("declared", "world")
START = ["data_set", "failed", "won"]

CHEAP = [
    *START,
    *(f"odds_{stratum}_{what}" for stratum in STRATA for what in MISSES),
    *(f"swing_{stratum}_{what}" for stratum in STRATA[:3] for what in MISSES),
    "swing_missing",
    *(
        f"{test}_{what}"
        for test in ("alone_null", "added_null", "unknown_null")
        for what in ("n", "rejected")
    ),
    *("added_real_n", "added_real_rejected", "adds", "adds_false", "shared", "shared_false"),
]
CURVE = [
    *("verdict", "curve_kind", "p_value"),
    *(f"{name}_{kind}" for name in LANDMARKS for kind in KINDS),
    *("below", "above", "midpoint_error", "width_share", "width_share_true", "slope_ratio"),
]
MEASURES = {"auc": "auc", "calibration": "calibration_slope"}
ESTIMATES = {"corrected": ("ci_low", "ci_high"), "cross_validated": ("cv_low", "cv_high")}
PERFORMANCE = [f"{measure}_{estimate}" for measure in MEASURES for estimate in ESTIMATES]
WHOLE = [
    *(*START, *CURVE, *PERFORMANCE),
    *(f"{measure}_{what}" for measure in MEASURES for what in ("true", *(f"{e}_error" for e in ESTIMATES))),
]
CRITERIA = [*START, "kept", *CURVE]


def facts(study: str, world: World, data_set: int, replicates: int) -> Facts:
    """Study one data set; `failed` says in a few words where a verb refused it."""
    found: Facts = {"data_set": data_set, "failed": ""}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            deals = deals_of(world, data_set)
            found["won"] = int(deals.won.sum())
            found |= STUDIES[study][0](world, deals, data_set, replicates)
        except QualifyError as refusal:
            found["failed"] = f"refused: {type(refusal).__name__}"
        except Exception as error:  # one broken data set must not end a run of hours
            plain = re.sub(r"[^\w .;:()'/-]+", " ", f"{type(error).__name__}: {error}")
            found["failed"] = "error: " + " ".join(plain.split())[:100]
    return found


def cheap(world: World, deals: Deals, data_set: int, _: int) -> Facts:
    """Odds ratios, swings and tests of `find_factors`."""
    factors = ql.find_factors(deals, rng=data_set)
    design = design_matrix(deals)
    truth = truth_of(world, columns_of(world, design))
    found: Facts = dict.fromkeys(CHEAP[len(START) :], 0)
    _hold_odds(found, world, design, factors.answers, truth)
    _hold_swings(found, world, factors.table, truth)
    _hold_tests(found, world, factors.table)
    return found


def _hold_odds(found: Facts, world: World, design: DesignMatrix, answers: pd.DataFrame, truth: Truth) -> None:
    keys = zip(answers["characteristic"], answers["answer"], strict=True)
    limits = dict(zip(keys, answers[["ci_low", "ci_high"]].to_numpy(), strict=True))
    added_null = null_questions(world)[1]
    for c, question in enumerate(world.questions):
        numeric = question.kind in ("score", "ordered")
        for j in design.columns(question.name):
            touching = np.flatnonzero(design.coding.column[c] == j - 1)
            unknown = touching[0] == design.items.levels[c]
            if unknown:
                label, stratum = UNKNOWN, "unknown"
            else:
                # Answers pooled into one column share one interval; it counts once.
                given = (a for a in touching if (question.name, question.answers[a]) in limits)
                label = PER_STEP if numeric else question.answers[next(given)]
                stratum = _stratum(question.role, question.name in added_null)
            low, high = np.log(limits[question.name, label])
            _count(found, f"odds_{stratum}", low, high, float(truth.beta[j]))


def _stratum(role: str, null: bool) -> str:
    return "null" if null else "decisive" if role == "decisive" else "effect"


def _hold_swings(found: Facts, world: World, table: pd.DataFrame, truth: Truth) -> None:
    added_null = null_questions(world)[1]
    limits = table[["swing_low", "swing_high"]].to_numpy()
    for c, question in enumerate(world.questions):
        stratum = _stratum(question.role, question.name in added_null)
        if np.isnan(limits[c]).any():
            found["swing_missing"] = int(found["swing_missing"]) + 1
        else:
            _count(found, f"swing_{stratum}", *limits[c], float(truth.swings[c]))


def _count(found: Facts, name: str, low: float, high: float, truth: float) -> None:
    side = held(low, high, truth)
    if side is not None:
        found[f"{name}_n"] = int(found[f"{name}_n"]) + 1
        found[f"{name}_below"] = int(found[f"{name}_below"]) + (side < 0)
        found[f"{name}_above"] = int(found[f"{name}_above"]) + (side > 0)


def held(low: float, high: float, truth: float) -> int | None:
    """0 where the interval covers the truth, -1 and 1 where the truth lies below and above it."""
    if math.isnan(low) or math.isnan(high) or math.isnan(truth):
        return None
    rounding = 1e-9 * (1.0 + abs(truth))  # an interval of no effect may end at zero itself
    return -1 if truth < low - rounding else 1 if truth > high + rounding else 0


def _hold_tests(found: Facts, world: World, table: pd.DataFrame) -> None:
    alone_null, added_null = null_questions(world)
    name = table["characteristic"]
    alone, added = name.isin(alone_null), name.isin(added_null)
    for test, rows, column in (
        ("alone_null", alone, "alone_p"),
        ("added_null", added, "p_value"),
        ("unknown_null", added, "unknown_p"),
        ("added_real", ~added & name.isin([q.name for q in world.questions if q.role != "echo"]), "p_value"),
    ):
        p_values = table.loc[rows, column].dropna()
        found[f"{test}_n"], found[f"{test}_rejected"] = len(p_values), int((p_values < ALPHA).sum())
    for verdict, null in (("adds", added), ("shared", alone)):
        called = table["verdict"] == verdict
        found[verdict], found[f"{verdict}_false"] = int(called.sum()), int((called & null).sum())


def whole(world: World, deals: Deals, data_set: int, replicates: int) -> Facts:
    """The tipping point of the win model's score, and the corrected AUC and calibration slope."""
    tipping = ql.find_tipping_point(deals, replicates=replicates, rng=data_set)
    score = pool_scores(world, *effects_of(ql.fit_win_model(deals)))
    deals_to_come = binned(score, pool_of(world).chance)
    found = curve_facts(world, tipping, score, deals_to_come)
    validation = ql.validate(deals, replicates=replicates, rng=data_set)
    return found | performance_facts(validation.table, deals_to_come)


def effects_of(model: ql.WinModel) -> tuple[dict[str, dict[str, float]], float]:
    """What each answer adds to the log-odds of a win model, and its intercept."""
    effects: dict[str, dict[str, float]] = {}
    for name, rows in model.coefficients.groupby("characteristic", sort=False):
        added = dict(zip(rows["answer"], rows["estimate"], strict=True))
        if model.survey.characteristic(str(name)).kind == "score":
            step, centre = added.pop(PER_STEP), float(rows["centre"].iloc[0])
            added |= {str(k): step * (k - centre) for k in range(10)}
        effects[str(name)] = added
    return effects, model.intercept


def performance_facts(table: pd.DataFrame, deals_to_come: Binned) -> Facts:
    """AUC and calibration slope, bootstrapped and cross-validated, against the final model on the pool."""
    true = {"auc": deals_to_come.auc, "calibration": curve_of(deals_to_come, False).slope}
    rows = table.set_index("metric")
    found: Facts = {}
    for measure, metric in MEASURES.items():
        row = rows.loc[metric]
        found[f"{measure}_true"] = _short(true[measure])
        for estimate, (low, high) in ESTIMATES.items():
            found[f"{measure}_{estimate}"] = _fact(held(row[low], row[high], true[measure]))
            found[f"{measure}_{estimate}_error"] = _short(row[estimate] - true[measure])
    return found


def criteria(world: World, deals: Deals, data_set: int, replicates: int) -> Facts:
    """The tipping point of whole-number points."""
    refined = ql.refine_criteria(deals, replicates=replicates, rng=data_set)
    asked = {q.name: (*q.answers, UNKNOWN) for q in world.questions if q.name in refined.kept}
    points = {
        # An answer that no deal gave earns nothing, as in a sum by hand.
        name: {answer: float(refined.points_of(name, answer) or 0) for answer in answers}
        for name, answers in asked.items()
    }
    score = pool_scores(world, points)
    found = curve_facts(world, refined.tipping, score, binned(score, pool_of(world).chance))
    return {"kept": len(refined.kept)} | found


def curve_facts(
    world: World, tipping: TippingPoint, score: NDArray[np.float64], deals_to_come: Binned
) -> Facts:
    """Verdict, and intervals of the curve against the curve of the final score over the pool.

    The truth is the curve fitted to the pool: of the kind that the result declares ("declared": does the
    answer mean what it says?), and of the kind that the world has ("world": is it the right answer?).
    """
    found: Facts = {"verdict": tipping.verdict, "curve_kind": tipping.curve_kind}
    found["p_value"] = _short(tipping.p_value)
    if tipping.curve_kind == "none" or float(np.ptp(score)) == 0.0:
        return found
    kinds = {"declared": tipping.curve_kind == "plateau", "world": world.curve == "plateau"}
    ends = np.quantile(score, [0.025, 0.975])
    reach = float(ends[1] - ends[0])
    for kind, plateau in kinds.items():
        true = landmarks(curve_of(deals_to_come, plateau))
        for name, value in _true_landmarks(true, reach, plateau).items():
            found[f"{name}_{kind}"] = _fact(held(*getattr(tipping, f"{name}_ci"), value))
        if kind == "declared":
            found["midpoint_error"] = _short(tipping.midpoint - true.midpoint)
            found["width_share"] = _short(tipping.width_share)
            found["width_share_true"] = _short(true.width / reach)
            found["slope_ratio"] = _short(tipping.slope / true.slope)
    zones = tipping.zones.set_index("zone")
    for zone, low, high in (
        ("below", -np.inf, tipping.low),
        ("above", np.nextafter(tipping.high, np.inf), np.inf),
    ):
        limits = zones.loc[zone, ["win_rate_low", "win_rate_high"]]
        found[zone] = _fact(held(*limits, deals_to_come.rate(low, high)))
    return found


def _true_landmarks(true: Landmarks, reach: float, plateau: bool) -> dict[str, float]:
    values = {name: float(getattr(true, name)) for name in ("midpoint", "low", "high", "slope")}
    ends = (true.floor, true.ceiling) if plateau else (math.nan, math.nan)
    return values | {"width_share": true.width / reach, "floor": ends[0], "ceiling": ends[1]}


def _fact(side: int | None) -> Fact:
    return "" if side is None else side


def _short(value: float) -> Fact:
    return "" if math.isnan(value) else float(f"{value:.4g}")


STUDIES: dict[str, tuple[Callable[[World, Deals, int, int], Facts], list[str]]] = {
    "cheap": (cheap, CHEAP),
    "whole": (whole, WHOLE),
    "criteria": (criteria, CRITERIA),
}
