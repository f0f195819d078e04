"""Old criteria, win probabilities shifted or stretched by new deals, zones and fit with them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit

from qualify.criteria.model import Criteria
from qualify.criteria.settings import settings_told
from qualify.criteria.tables import Zoning, band_table
from qualify.deals import Deals
from qualify.monitoring.answer_counts import count_like
from qualify.monitoring.held_deals import HeldDeals
from qualify.monitoring.moved_curve import moved_table, moved_tipping, new_band
from qualify.monitoring.origin import Origin, as_parent, described, next_version, without_fit
from qualify.numerics.updating import Line, recalibrate_line
from qualify.tipping.tipping import TippingPoint


def recalibrated(
    criteria: Criteria,
    everything: HeldDeals,
    held: HeldDeals,
    line: Line,
    performance: pd.DataFrame,
    origin: Origin,
) -> Criteria:
    """Return the criteria with win probabilities recalibrated; points and gates stay.

    Parameters
    ----------
    criteria : Criteria
        The criteria in use.
    everything, held : HeldDeals
        All new deals, which are counted, and those that no gate stops, which the line went through.
    line : Line
        The recalibration, its slope at least 0.
    performance : DataFrame
        `Criteria.performance` of the new ones, on deals the recalibration has not seen.
    origin : Origin
        Where it comes from.

    Returns
    -------
    Criteria
        A new version. Probabilities, zones and tipping point are told on the new deals, which the points
        never saw; an interval is never narrower than the criteria's own, stretched alike.
    """
    probabilities = moved_table(criteria.probabilities, line, criteria.tipping.level)
    tipping = moved_tipping(criteria, everything, line)
    zoning = _zoning(criteria, tipping, probabilities, line)
    return replace(
        criteria,
        probabilities=probabilities,
        tipping=tipping,
        bands=band_table(tipping, everything.sample, everything.stopped, zoning, criteria.score_range[1]),
        answers=_more_answers(criteria, everything.deals),
        performance=performance,
        version=next_version(criteria.version),
        provenance=_provenance(criteria, held, line, described(everything.deals, origin)),
    )


def _zoning(criteria: Criteria, tipping: TippingPoint, probabilities: pd.DataFrame, line: Line) -> Zoning:
    """Move the tipping band with the curve; else take the scores that reach the two win probabilities."""
    asked = settings_told(criteria.provenance)["zones"]
    if tipping.verdict != "sharp" or line.slope <= 0.0:
        kept = replace(tipping, verdict="gradual") if tipping.verdict == "sharp" else tipping
        return replace(
            Zoning.choose(kept, probabilities, (float(asked[0]), float(asked[1]))), source=criteria.bands_from
        )
    band = new_band(criteria, line, tipping.level).set_index("edge")["now"]
    # An edge that the criteria never reached stays unreached.
    return Zoning(low=float(band["low"]), high=float(band["high"]), source=criteria.bands_from)


def _more_answers(criteria: Criteria, deals: Deals) -> pd.DataFrame:
    """Add the new deals to the counts of answers."""
    counted_now = count_like(criteria.answers, deals)
    table = criteria.answers.copy()
    table["n"] += counted_now["n"].to_numpy()
    table["won"] += counted_now["won"].to_numpy()
    return table


def _provenance(criteria: Criteria, held: HeldDeals, line: Line, said: dict[str, Any]) -> dict[str, Any]:
    """Say where the update comes from, and what it makes of the fit behind the points."""
    before = criteria.provenance
    found = without_fit(before) | said | {"parent": as_parent(criteria)}
    found["update"] = {
        "intercept": line.intercept,
        "slope": line.slope,
        "covariance": line.covariance.tolist(),
    }
    if "log_odds" in before:
        own = before["log_odds"]
        found["log_odds"] = {
            "intercept": line.intercept + line.slope * float(own["intercept"]),
            "per_point": line.slope * float(own["per_point"]),
        }
    if held.whole:
        found["fit"] = _moved_fit(before["fit"], held, stretched=said["verdict"] == "rescale", line=line)
    elif "fit" in before:
        found["fit"] = before["fit"]
    return found


def _moved_fit(fit: dict[str, Any], held: HeldDeals, *, stretched: bool, line: Line) -> dict[str, Any]:
    """Recalibrate the fit behind the points, for the next recalibration to draw on.

    What the old deals left unknown of the level (and, where the slope is new, of the steepness) the new deals
    settle to within their own error; what they left unknown beyond that stays.
    """
    belief, columns, weights = held.belief, held.columns, held.sample.weights
    log_odds = columns @ belief.mean
    own = recalibrate_line(log_odds, held.sample.outcome, weights, slope=stretched)
    if own.slope <= 0.0 or line.slope == 0.0:
        own = line
    chance = expit(own.intercept + own.slope * log_odds)
    worth = weights * chance * (1.0 - chance)
    first = np.eye(belief.mean.size)[:, :1]
    # Errors of the coefficients that look like a new intercept (and slope) on the new deals are taken out.
    span = np.hstack([first, belief.mean[:, None]]) if stretched else first
    seen = columns @ span
    solved = np.linalg.pinv(seen.T @ (worth[:, None] * seen)) @ (seen.T * worth) @ columns
    left = np.eye(belief.mean.size) - span @ solved
    error = own.covariance[: span.shape[1], : span.shape[1]]
    uncertainty = own.slope**2 * (left @ belief.covariance @ left.T) + span @ error @ span.T
    coefficients = own.slope * belief.mean + own.intercept * first[:, 0]
    moved = {"coefficients": coefficients.tolist()}
    return fit | moved | dict.fromkeys(("covariance", "uncertainty"), uncertainty.tolist())
