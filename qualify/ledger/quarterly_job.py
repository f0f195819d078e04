"""The quarterly job: the newest criteria of a ledger held against new deals, and what comes of it added."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qualify._support.files import PathLike
from qualify.criteria.tables import fingerprint
from qualify.deals import Deals, read_deals
from qualify.errors import InvalidArgument
from qualify.formatting.plain import to_records
from qualify.ledger.ledger import Ledger, open_ledger
from qualify.monitoring.cusum import WinAlarm, watch_wins
from qualify.monitoring.origin import fingerprints_of
from qualify.monitoring.recalibration import Recalibration, recalibrate

PLAIN = ("verdict", "test_verdict", "summary", "more_deals", "level", "n", "won")
TABLES = ("changes", "tests", "performance", "zones", "band", "comparison", "drift", "reps", "gates")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Quarter:
    """What a quarterly job found, and what is to be added to the ledger.

    Attributes
    ----------
    found : Recalibration
        Of the criteria in use.
    alarm : WinAlarm
        The same deals in the order of closing.
    ledger : Ledger
        As it was when it was opened.
    dated : date
        The first day a new version is in force.
    version : str
        What the new version will be called; empty where the criteria in use stay.
    """

    found: Recalibration
    alarm: WinAlarm
    ledger: Ledger
    dated: dt.date
    version: str

    @property
    def standing(self) -> str:
        """What is in force from `dated` on, in a sentence."""
        before = self.found.in_use.version
        if not self.version:
            return f"Version {before} stays in force."
        return f"Version {self.version} follows {before} and is in force from {self.dated}."

    @property
    def too_few(self) -> bool:
        """Whether nothing is changed only because there are too few deals to change it."""
        return self.found.verdict == "keep" and self.found.more_deals > 0

    def add(self) -> None:
        """Add the new version to the ledger on disk, or the note that the one in use stays.

        Raises
        ------
        LedgerConflict
            Where another job was quicker.
        InvalidLedger
            Where the folder cannot be written.
        """
        if self.version:
            self.ledger.add(self.found.criteria, dated=self.dated, recalibration=self.found)
        else:
            self.ledger.keep(self.found, dated=self.dated)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as values that JSON can hold.

        Returns
        -------
        dict
            Verdict, versions, summary, and the tables as lists of rows.
        """
        found = self.found
        return {
            "ledger": str(self.ledger.path),
            "in_use": found.in_use.version,
            "new_version": self.version or None,
            "dated": self.dated.isoformat(),
            **{name: getattr(found, name) for name in PLAIN},
            "notes": list(found.notes),
            "alarm": {"raised": self.alarm.raised, "deal": self.alarm.deal, "summary": self.alarm.summary},
            **{name: to_records(getattr(found, name)) for name in TABLES},
        }


def hold_quarter(
    folder: PathLike,
    deals: PathLike,
    *,
    dated: dt.date,
    history: PathLike | None = None,
    outcomes: PathLike | None = None,
    options: dict[str, Any],
) -> Quarter:
    """Hold the newest criteria of a ledger against newly closed deals; nothing is written yet.

    Parameters
    ----------
    folder : str or path-like
        The ledger.
    deals : str or path-like
        Table of the deals closed since.
    dated : date
        The first day a new version is in force.
    history : str or path-like, optional
        Table of the deals closed before.
    outcomes : str or path-like, optional
        A second table with the outcomes of the new deals.
    options : dict
        Further arguments of `recalibrate`.

    Returns
    -------
    Quarter
        What was found, and what is to be added.

    Raises
    ------
    QualifyError
        Where something given cannot be used.
    """
    ledger = open_ledger(folder)
    in_use, name = ledger.current, ledger.next_version(dated)
    closed = read_deals(deals, in_use.survey, outcomes=outcomes, new_words="unknown")
    _check_new(closed, ledger, Path(deals))
    earlier = None if history is None else read_deals(history, in_use.survey)
    found = recalibrate(in_use, closed, history=earlier, **options)
    return Quarter(
        found=found,
        alarm=watch_wins(in_use, closed, level=found.level, rng=options.get("rng", 0)),
        ledger=ledger,
        dated=dated,
        version="" if found.verdict == "keep" else name,
    )


def _check_new(deals: Deals, ledger: Ledger, file: Path) -> None:
    """Refuse deals that a version was made from: they cannot speak about it."""
    given = fingerprint(deals)
    for version in ledger.history["version"]:
        if given in fingerprints_of(ledger.criteria(version).provenance):
            raise InvalidArgument(
                f"{file} holds the very deals that version {version} was made from, which cannot tell "
                "whether it still holds; give the deals that closed since."
            )
