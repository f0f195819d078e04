"""What counts as a tipping point: the zones around a band, and the verdict with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from qualify.numerics.curves import SEPARATED
from qualify.numerics.rates import rates_of
from qualify.numerics.resampling import Sample
from qualify.numerics.tipping import TippingEstimate

Verdict = Literal["sharp", "gradual", "none"]
FEWEST_DRAWS = 20
# Beyond this share of the score range, a limit of the width is not worth a number.
WIDEST = 10.0
ZONES = ("below", "inside", "above")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What counts as a sharp tipping point.

    Attributes
    ----------
    width_share : float
        The band spans at most this share of the score range (2.5th to 97.5th percentile).
    width_share_high : float
        The upper limit of that share stays within this.
    outer_deals : int
        At least this many deals in each outer zone.
    rise : float
        Lower limit of the win rate above minus upper limit below is at least this.
    alpha : float
        Level of the test that the win rate rises with the score at all.
    """

    width_share: float = 1 / 3
    width_share_high: float = 1 / 2
    outer_deals: int = 20
    rise: float = 0.5
    alpha: float = 0.05


def zone_rates(
    score: NDArray[np.float64], sample: Sample, low: float, high: float, level: float
) -> pd.DataFrame:
    """Deals and win rate below, inside and above a band; a NaN edge leaves its outer zone empty."""
    zone = np.where(score < low, 0, np.where(score > high, 2, 1))
    found = rates_of(sample, [zone == z for z in range(len(ZONES))], level)
    columns = ["n", "won", "win_rate", "win_rate_low", "win_rate_high"]
    table = pd.DataFrame([tuple(one) for one in found], columns=columns)
    table.insert(0, "zone", ZONES)
    table.insert(2, "share", table["n"] / max(score.size, 1))
    return table


def widened(zones: pd.DataFrame, estimate: TippingEstimate, level: float) -> pd.DataFrame:
    """Widen the limits of `zone_rates` to those of the bootstrap: the edges of the zones were fitted too."""
    low, high = (zones[f"win_rate_{end}"].to_numpy(copy=True) for end in ("low", "high"))
    for z in np.flatnonzero(zones["n"]):
        drawn = [draw.zones[z, 1] / draw.zones[z, 0] for draw in estimate.draws if draw.zones[z, 0] > 0]
        if drawn:
            bottom, top = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
            low[z], high[z] = min(low[z], bottom), max(high[z], top)
    return zones.assign(win_rate_low=low, win_rate_high=high)


def judge(
    estimate: TippingEstimate, zones: pd.DataFrame, share: float, share_ci: tuple[float, ...], limits: Limits
) -> tuple[Verdict, str]:
    """Sharp or gradual, and why in words."""
    below, _, above = zones.to_dict("records")
    rise = above["win_rate_low"] - below["win_rate_high"]
    few = min(below["n"], above["n"])
    if len(estimate.draws) < FEWEST_DRAWS:
        reason = f"{len(estimate.draws)} resamples are too few to call it sharp; ask for more replicates."
    elif estimate.curve.kind == SEPARATED and share > limits.width_share:
        reason = (
            "every won deal scores above every lost one, but no deal lies between them: where the win rate "
            "tips in that gap cannot be told."
        )
    elif share > limits.width_share:
        reason = f"the climb takes {share:.0%} of the score range, more than {limits.width_share:.0%}."
    elif not share_ci[1] <= limits.width_share_high:
        most = f"as much as {share_ci[1]:.0%}" if share_ci[1] < WIDEST else "far more"
        reason = f"the climb takes {share:.0%} of the score range, but perhaps {most}."
    elif few < limits.outer_deals:
        needed = f"{limits.outer_deals} are needed to tell"
        reason = f"only {few} deals lie outside the band on one side; {needed}."
    elif not rise >= limits.rise:
        reason = (
            f"win rates differ too little: {below['win_rate']:.0%} of {below['n']} deals below, "
            f"{above['win_rate']:.0%} of {above['n']} above."
        )
    else:
        return "sharp", (
            f"{below['win_rate']:.0%} of {below['n']} deals below the band were won, "
            f"{above['win_rate']:.0%} of {above['n']} above it; "
            f"the climb takes {share:.0%} of the score range."
        )
    return "gradual", reason


def no_verdict(estimate: TippingEstimate) -> tuple[Verdict, str]:
    """None, and why in words."""
    if float(np.ptp(estimate.splits)) < 1e-9:
        return "none", "no answer carries information about winning, so every deal scores alike."
    chance = f"p = {estimate.p_value:.2f}"
    return "none", f"the win rate does not rise with the score more than chance would have it ({chance})."
