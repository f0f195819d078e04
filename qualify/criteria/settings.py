"""What criteria are asked for: checked, and held as plain values that go into their provenance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from qualify._version import __version__
from qualify.deals.requirements import check_draws
from qualify.errors import InvalidArgument, check_level, check_positive, short
from qualify.numerics.procedures import MOST

# Budgets of points: what the widest characteristic may span, or what the highest score shall be.
POINTS: dict[str, dict[str, int]] = {
    "0 to 5": {"largest": 5},
    "0 to 10": {"largest": 10},
    "-5 to 5": {"largest": 10},
    "total 100": {"total": 100},
}
# Budgets by which answers take points away too: the most that one may add or take.
BOTH_WAYS = {"-5 to 5": 5}


def settings_of(
    max_characteristics: int | None, points: str, replicates: int, level: float
) -> dict[str, Any]:
    """Check the arguments and hold them as plain values."""
    check_level(level, where="refine_criteria")
    replicates = check_draws(replicates, where="refine_criteria")
    if max_characteristics is not None:
        check_positive(max_characteristics, name="max_characteristics", where="refine_criteria", whole=True)
        max_characteristics = int(max_characteristics)
    if points not in POINTS:
        allowed = ", ".join(f'"{one}"' for one in POINTS)
        raise InvalidArgument(f"`points` of `refine_criteria` must be one of {allowed}; got {short(points)}.")
    return {"max_characteristics": max_characteristics, "points": points, "replicates": replicates}


def settings_told(provenance: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that criteria were refined with; the usual ones where they do not say.

    Parameters
    ----------
    provenance : mapping
        Of criteria.

    Returns
    -------
    dict
        max_characteristics, points, zones and replicates; most and economics where the criteria name them.
    """
    usual = {"max_characteristics": MOST, "points": "0 to 10", "zones": [0.25, 0.75], "replicates": 200}
    return usual | dict(provenance.get("settings", {}))


def budget_of(settings: Mapping[str, Any]) -> dict[str, int]:
    """Limits within which criteria were sought, for `points_recipe`; older files name only one, or none."""
    most = settings.get("most") or settings.get("max_characteristics") or MOST
    return {"most": int(most), **POINTS[settings.get("points", "0 to 10")]}


def origin_of(
    settings: dict[str, Any], level: float, rng: np.random.Generator | int | None
) -> dict[str, Any]:
    """Return what a reader needs to make the criteria again from the same deals."""
    seed = int(rng) if isinstance(rng, (int, np.integer)) else None
    return {"qualify": __version__, "seed": seed, "level": float(level), "settings": settings}
