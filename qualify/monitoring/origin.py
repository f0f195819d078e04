"""Where a version of criteria comes from: its parent, its deals, and the settings of the update."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from qualify.criteria.model import Criteria
from qualify.criteria.tables import fingerprint
from qualify.deals import Deals


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where an update comes from: its verdict and settings, and the fingerprint of all new deals."""

    verdict: str
    seed: int | None
    replicates: int
    level: float
    new_fingerprint: str


def fingerprints_of(provenance: Mapping[str, Any]) -> set[str]:
    """Return the fingerprints of the deals behind a version: those it is told on, and those then new.

    Parameters
    ----------
    provenance : mapping
        Of criteria, or of a parent of theirs.

    Returns
    -------
    set of str
        The two differ where a rebuild took earlier deals too, and where gates stopped some of the new ones.
    """
    told = [provenance.get("fingerprint")]
    recalibration = provenance.get("recalibration")
    if isinstance(recalibration, dict):
        told.append(recalibration.get("new_fingerprint"))
    return {one for one in told if isinstance(one, str)}


def next_version(version: str) -> str:
    """Return the version after this one: the next quarter, else its last number, one higher.

    Parameters
    ----------
    version : str
        Such as "1" or "2026Q3".

    Returns
    -------
    str
        "2"; where the version does not end in a number, ".2" is added.

    Examples
    --------
    >>> next_version("1"), next_version("team-9"), next_version("spring")
    ('2', 'team-10', 'spring.2')
    >>> next_version("2026Q3"), next_version("2026Q4")
    ('2026Q4', '2027Q1')
    """
    year = re.fullmatch(r"(\d{4})Q4", version)
    if year:
        return f"{int(year[1]) + 1:04d}Q1"
    found = re.fullmatch(r"(.*?)(\d+)", version, flags=re.DOTALL)
    return f"{found[1]}{int(found[2]) + 1}" if found else f"{version}.2"


def without_fit(provenance: Mapping[str, Any]) -> dict[str, Any]:
    """Return provenance without the fit behind the points, which a new version has of its own.

    Parameters
    ----------
    provenance : mapping
        Of criteria.

    Returns
    -------
    dict
        All else.
    """
    return {name: part for name, part in provenance.items() if name not in ("fit", "log_odds")}


def as_parent(criteria: Criteria) -> dict[str, Any]:
    """Return what a new version says of the one it comes from.

    Parameters
    ----------
    criteria : Criteria
        The criteria in use.

    Returns
    -------
    dict
        Version and provenance.
    """
    return {"version": criteria.version} | without_fit(criteria.provenance)


def described(deals: Deals, origin: Origin) -> dict[str, Any]:
    """Describe deals and the update they led to, in plain values.

    Parameters
    ----------
    deals : Deals
        The deals a version comes from.
    origin : Origin
        The verdict and its settings.

    Returns
    -------
    dict
        verdict, deals, won, fingerprint, dates (first and last day of closing, null where not known), seed,
        level and replicates of the recalibration, and the fingerprint of all deals that were new to it.
    """
    dates: list[str | None] = [None, None]
    if "close_date" in deals.closed and deals.closed["close_date"].notna().any():
        closed = deals.closed["close_date"].dropna()
        dates = [closed.min().date().isoformat(), closed.max().date().isoformat()]
    return {
        "verdict": origin.verdict,
        "deals": deals.n,
        "won": int(deals.won.sum()),
        "fingerprint": fingerprint(deals),
        "dates": dates,
        "seed": origin.seed,
        "level": origin.level,
        "recalibration": {"replicates": origin.replicates, "new_fingerprint": origin.new_fingerprint},
    }
