"""The tables of criteria: zones, probabilities, performance, and where they come from."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass
from typing import Any, TypeGuard

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from qualify.criteria.points import answers_table, as_numbers, highest_of, points_against, points_table
from qualify.criteria.refine import Refined
from qualify.deals import Deals
from qualify.deals.design import as_floats
from qualify.deals.economics import Economics, past_of
from qualify.deals.mirrors import mirrors_of
from qualify.errors import InvalidArgument, short
from qualify.numerics.coding import Coding
from qualify.numerics.metrics import auc_interval, brier_interval
from qualify.numerics.rates import rates_of
from qualify.numerics.resampling import Sample
from qualify.numerics.ridge import choose_ridge, prepare_training, ridge_at
from qualify.tipping.tipping import TippingPoint, chance_table
from qualify.tipping.verdict import ZONES

Numbers = NDArray[np.float64]


def score_tables(
    deals: Deals,
    refined: Refined,
    tipping: TippingPoint,
    stopped: NDArray[np.bool_],
    zones: tuple[float, float],
    most: int | None,
) -> dict[str, Any]:
    """Tables of what answers earn and scores say, by name as in `Criteria`."""
    answers = answers_table(deals, refined)
    points = points_table(answers, refined, most)
    highest = highest_of(points)
    probabilities = probability_table(refined, highest, tipping.level)
    zoning = Zoning.choose(tipping, probabilities, zones)
    return {
        "answers": answers,
        "points": points,
        "bands": band_table(tipping, refined.sample, stopped, zoning, highest),
        "probabilities": probabilities,
        "bands_from": zoning.source,
    }


def probability_table(refined: Refined, highest: int, level: float) -> pd.DataFrame:
    """Win probability of every whole score that can occur; the base rate throughout where nothing tips."""
    scores = np.arange(highest + 1)
    table = chance_table(refined.in_points, refined.sample, scores.astype(np.float64), level)
    return table.assign(score=scores)


@dataclass(frozen=True, slots=True, kw_only=True)
class Zoning:
    """Where the zones divide: below `low`, above `high`, both on the scale of the points."""

    low: float
    high: float
    source: str

    @classmethod
    def choose(cls, tipping: TippingPoint, probabilities: pd.DataFrame, zones: tuple[float, float]) -> Zoning:
        """Take the tipping band where it is sharp, else the scores that reach two win probabilities.

        Two that are one are the break-even probability: a score is below where the upper limit of its win
        probability is under it, above where the lower limit is over it, inside where neither is sure.
        """
        pays = zones[0] == zones[1]
        source = "break-even" if pays else "win probabilities"
        if tipping.verdict == "none" and not pays:
            # Nothing sets one deal apart from another.
            return cls(low=-np.inf, high=np.inf, source=source)
        if tipping.verdict == "sharp":
            return cls(low=tipping.low, high=tipping.high, source="tipping band")
        chance = probabilities["probability"].to_numpy()
        least, most = (probabilities[end].to_numpy() if pays else chance for end in ("low", "high"))
        over = least > zones[1] if pays else least >= zones[1]
        # From the last score that is not below, so that zones follow on one another whatever the limits do;
        # half a point off, so that no whole score lies on the edge.
        low = float(np.argmax([*(most >= zones[0]), True])) - 0.5
        high = float(over.size - np.argmax([*~over[::-1], True])) - 0.5
        return cls(low=low, high=high, source=source)


def divided_by(zones: object, deals: Deals, *, where: str = "refine_criteria") -> dict[str, Any]:
    """Check what divides the zones: two win probabilities, or the break-even one twice, and its economics."""
    if isinstance(zones, Economics):
        _, pays = past_of(deals, zones)
        if np.isnan(pays):
            raise InvalidArgument(
                f"`zones` of `{where}` need what a win is worth and what pursuing a deal costs, as "
                "Economics(value=50_000, cost=8_000)."
            )
        money = {"value": zones.value, "cost": zones.cost, "break_even": pays}
        return {"zones": [pays, pays], "economics": money}
    try:
        low, high = (float(zone) for zone in zones)  # type: ignore[attr-defined]
    except (TypeError, ValueError):
        low, high = 1.0, 0.0
    if not 0 < low < high < 1:
        raise InvalidArgument(
            f"`zones` of `{where}` must be two win probabilities that ascend within 0 and 1, as "
            f"(0.25, 0.75), or Economics; got {short(zones)}."
        )
    return {"zones": [low, high]}


def band_table(
    tipping: TippingPoint, sample: Sample, stopped: NDArray[np.bool_], zoning: Zoning, highest: int
) -> pd.DataFrame:
    """Whole scores of each zone, and how past deals fared there by scores from points that never saw them.

    Deals that a gate stops are below, whatever their score.
    """
    first_inside = int(np.ceil(zoning.low)) if np.isfinite(zoning.low) else 0
    last_inside = int(np.floor(zoning.high)) if np.isfinite(zoning.high) else highest
    ends = [
        (0, min(first_inside - 1, highest)),
        (max(first_inside, 0), min(last_inside, highest)),
        (max(last_inside + 1, 0), highest),
    ]
    # Points that never saw a deal may put it beyond the final ones' range.
    score = tipping.scores["score"].clip(0, highest).to_numpy()
    zone = np.where(score < first_inside - 0.5, 0, np.where(score > last_inside + 0.5, 2, 1))
    zone[stopped] = 0
    found = rates_of(sample, [zone == z for z in range(len(ZONES))], tipping.level)
    rows: list[tuple[object, ...]] = []
    for name, (low, high), rate in zip(ZONES, ends, found, strict=True):
        span = (float(low), float(high)) if low <= high else (np.nan, np.nan)
        rows.append((name, *span, *rate))
    columns = ["zone", "score_low", "score_high", "n", "won", "win_rate", "win_rate_low", "win_rate_high"]
    return pd.DataFrame(rows, columns=columns)


def performance_table(refined: Refined, level: float) -> pd.DataFrame:
    """AUC and Brier score on deals never seen, averaged over divisions into folds."""
    _, outcome, weights, _, unit = refined.sample
    aucs, briers = [], []
    for split in refined.estimate.splits:
        aucs.append(auc_interval(split, outcome, level=level, weights=weights, unit=unit))
        # In log-odds a fold's score is its own prediction, made without the deal.
        briers.append(brier_interval(expit(split), outcome, level=level, weights=weights, unit=unit))
    rows = []
    for metric, found in (("auc", aucs), ("brier", briers)):
        low, high = np.mean([one.low for one in found]), np.mean([one.high for one in found])
        rows.append((metric, float(np.mean([one.value for one in found])), float(low), float(high)))
    return pd.DataFrame(rows, columns=["metric", "estimate", "ci_low", "ci_high"])


def provenance_of(deals: Deals, refined: Refined, points: pd.DataFrame) -> dict[str, Any]:
    """Numbers of deals, fingerprint, and the fit of the kept characteristics with its covariance."""
    sample, trained = refined.sample, refined.trained
    training = prepare_training(sample.items, sample.outcome, sample.weights, float(deals.survey.min_answers))
    use = np.asarray(trained.points.any(axis=1))
    fit = ridge_at(training, use, choose_ridge(training, use, np.inf), trained.strength)
    busy = [0, *(j + 1 for c in np.flatnonzero(use) for j in range(*training.coding.first[c : c + 2]))]
    curvature = fit.curvature[np.ix_(busy, busy)]
    information = fit.information[np.ix_(busy, busy)]
    inverse = np.linalg.inv(curvature) if np.isfinite(curvature).all() else np.full(curvature.shape, np.nan)
    mirrors = list(mirrors_of(deals))
    against = points_against(points, deals.survey)
    told = {"mirrors": mirrors, "against_direction": against}
    return {name: said for name, said in told.items() if said} | {
        "grouping": refined.grouping,
        "deals": deals.n,
        "won": int(deals.won.sum()),
        "fingerprint": fingerprint(deals),
        "past": past_numbers(deals),
        "log_odds": {"intercept": float(trained.intercept), "per_point": float(trained.slope)},
        "fit": {
            "columns": len(busy),
            "strength": float(fit.strength),
            "coefficients": fit.beta[busy].tolist(),
            "covariance": (inverse @ information @ inverse).tolist(),
            "uncertainty": inverse.tolist(),
            "answers": answer_columns(points, training.coding, deals.survey.names, busy),
        },
    }


def past_numbers(deals: Deals) -> dict[str, Any]:
    """Return what open deals are held against: ends of every score, mean value of a win, mean effort."""
    numbers: dict[str, list[float]] = {}
    for asked in deals.survey.characteristics:
        if asked.kind == "score":
            given = deals.answers[asked.name].cat.remove_unused_categories().cat.categories
            found = as_numbers(list(given))
            if np.isfinite(found).any():
                numbers[asked.name] = [float(np.nanmin(found)), float(np.nanmax(found))]
    won, weights = deals.won.to_numpy(dtype=bool), as_floats(deals.weights)
    means: dict[str, float | None] = {"value": None, "effort": None}
    for column, among in (("value", won), ("effort", np.ones_like(won))):
        if column in deals.closed:
            amounts = as_floats(deals.closed[column])
            known = among & (amounts >= 0)
            means[column] = float(np.average(amounts[known], weights=weights[known])) if known.any() else None
    return {"numbers": numbers, **means}


def numbers_told(provenance: dict[str, Any]) -> tuple[dict[str, list[float]], dict[str, float]]:
    """Take `past_numbers` from provenance, as far as it is there: ends of scores, and means."""
    past = provenance.get("past")
    past = past if isinstance(past, dict) else {}
    numbers = past.get("numbers")
    ends = {
        name: [float(end) for end in pair]
        for name, pair in (numbers if isinstance(numbers, dict) else {}).items()
        if isinstance(pair, list) and len(pair) == 2 and all(_is_number(end) for end in pair)
    }
    means = {key: past.get(key) for key in ("value", "effort")}
    return ends, {key: float(mean) for key, mean in means.items() if _is_number(mean) and mean >= 0}


def _is_number(given: object) -> TypeGuard[float]:
    return isinstance(given, int | float) and not isinstance(given, bool) and math.isfinite(given)


def answer_columns(
    points: pd.DataFrame, coding: Coding, names: tuple[str, ...], busy: list[int]
) -> list[dict[str, Any]]:
    """Say what every answer that has points puts into the columns of the fit; its column is null for none.

    Parameters
    ----------
    points : DataFrame
        `Criteria.points`.
    coding : Coding
        Of all characteristics.
    names : tuple of str
        The characteristics, in the survey's order.
    busy : list of int
        Columns of the design that are in the fit, the intercept first.

    Returns
    -------
    list of dict
        characteristic, answer, column (position among the fit's coefficients, 0 being the intercept) and
        value, a row for each of `points`.
    """
    rows = []
    for name, mine in points.groupby("characteristic", sort=False):
        c = names.index(str(name))
        for a, answer in enumerate(mine["answer"]):
            column = int(coding.column[c, a])
            rows.append(
                {
                    "characteristic": str(name),
                    "answer": str(answer),
                    "column": busy.index(column + 1) if column >= 0 else None,
                    "value": float(coding.value[c, a]) if column >= 0 else 0.0,
                }
            )
    return rows


def fingerprint(deals: Deals) -> str:
    """SHA-256 of answers and outcomes, whatever the order of rows."""
    table = deals.answers.assign(outcome=deals.closed["outcome"].astype("category"))
    digest, codes = hashlib.sha256(), []
    for name, column in table.items():
        # A word keeps its number whatever other words were declared or seen.
        words, code = np.unique(column.cat.categories.astype(str), return_inverse=True)
        seen, code = np.unique(code[column.cat.codes.to_numpy()], return_inverse=True)
        digest.update(json.dumps([str(name), words[seen].tolist()]).encode())
        codes.append(code.astype("<i4"))
    order = np.lexsort(codes)
    for code in codes:
        digest.update(code[order].tobytes())
    return digest.hexdigest()
