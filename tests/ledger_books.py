"""A ledger of three versions, for the tests of ledgers."""

from __future__ import annotations

import datetime as dt
import shutil
from dataclasses import replace
from functools import cache
from pathlib import Path

import qualify as ql


@cache
def two_criteria() -> tuple[ql.Criteria, ql.Criteria]:
    """Criteria of two years."""
    made = []
    for seed in (1, 2):
        simulated = ql.simulate_deals(100, characteristics=3, rng=seed)
        deals = ql.read_deals(simulated.frame, simulated.survey)
        made.append(ql.refine_criteria(deals, replicates=3))
    return made[0], made[1]


def three_versions(folder: Path, two: tuple[ql.Criteria, ql.Criteria]) -> ql.Ledger:
    """The first criteria, the others, and the first again in the same quarter."""
    ledger = ql.open_ledger(folder).add(two[0], dated="2026-07-01")
    return ledger.add(two[1], dated="2026-10-01").add(two[0], dated=dt.date(2026, 12, 24))


def copy_of(ledger: ql.Ledger, folder: Path) -> ql.Ledger:
    """The same in another folder, to be changed and spoilt."""
    shutil.copytree(ledger.path, folder)
    return replace(ledger, path=folder)
