"""The zones of a tipping point in words: where they begin, their win rates, their numbers of deals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qualify.formatting.formats import format_value
from qualify.formatting.grid import grid

if TYPE_CHECKING:
    from qualify.tipping.tipping import TippingPoint


def band_of(tipping: TippingPoint) -> str:
    """Say where the band lies.

    Parameters
    ----------
    tipping : TippingPoint
        A tipping point whose verdict is not "none".

    Returns
    -------
    str
        Such as "between 3 and 5", "below 5" or "over all scores" where edges are not reached.
    """
    low, high = format_value(tipping.low, "number"), format_value(tipping.high, "number")
    if np.isfinite(tipping.low) and np.isfinite(tipping.high):
        return f"between {low} and {high}"
    if np.isfinite(tipping.high):
        return f"below {high}"
    return f"from {low}" if np.isfinite(tipping.low) else "over all scores"


def zone_texts(tipping: TippingPoint) -> dict[str, str]:
    """Describe each zone in three short lines.

    Parameters
    ----------
    tipping : TippingPoint
        The tipping point.

    Returns
    -------
    dict of str
        The text of each zone, by zone; only "inside", for all deals, where no tipping point was shown.
    """
    if tipping.verdict == "none":
        rows = tipping.zones[tipping.zones["zone"] == "inside"]
        names = {"inside": "All deals"}
    else:
        rows = tipping.zones
        names = {
            "below": _outer("Below", "lower", tipping.low),
            "inside": f"In the band, {band_of(tipping)}",
            "above": _outer("Above", "upper", tipping.high),
        }
    (rates,) = grid(rows, ["win_rate", "win_rate_low", "win_rate_high"])
    texts: dict[str, str] = {}
    for zone, n, rate, aside in zip(
        rows["zone"].astype(str), rows["n"], rates.cells, rates.asides, strict=True
    ):
        deals = f"{format_value(n, 'count')} deal{'' if n == 1 else 's'}"
        texts[zone] = (
            f"{names[zone]}\n{rate} won {aside}".rstrip() + f"\n{deals}" if n else f"{names[zone]}\nno deals"
        )
    return texts


def _outer(name: str, edge: str, score: float) -> str:
    return (
        f"{name} {format_value(score, 'number')}"
        if np.isfinite(score)
        else f"{name}: {edge} edge not reached"
    )
