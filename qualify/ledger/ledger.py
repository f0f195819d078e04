"""Ledger: criteria by version, kept whole on disk, so that every deal can be scored by those of its day."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from qualify._support.files import PathLike
from qualify.criteria.file import criteria_to_json
from qualify.criteria.model import Criteria
from qualify.errors import InvalidArgument, did_you_mean, short
from qualify.formatting.render import page
from qualify.formatting.wording import counted
from qualify.ledger.days import day_after, day_of, in_quarter
from qualify.ledger.files import append, append_note, read_folder, read_unchanged, writing
from qualify.ledger.notes import KEPT_SHOWN, Note, check_kept, in_time, kept_table, note_on
from qualify.ledger.versions import SHOWN, Entry, check_newest, entry_of, history_table
from qualify.monitoring.changes import changes_between

if TYPE_CHECKING:
    from qualify.monitoring.recalibration import Recalibration

STARTED, BY_HAND = "start", "by hand"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Ledger:
    """Criteria by version, as they were on disk when the ledger was opened.

    Every version is a criteria file in the folder, named after the quarter in which it came into force
    (``2026Q3.json``, then ``2026Q3-2.json``); it never changes, and `read_criteria` reads it.

    Attributes
    ----------
    path : Path
        The folder.
    """

    path: Path
    _entries: tuple[Entry, ...]
    _notes: tuple[Note, ...] = ()

    @property
    def history(self) -> pd.DataFrame:
        """The versions, the first one first.

        version, parent (empty for the first), dated (in force from this day, YYYY-MM-DD), verdict (of the
        recalibration that made it, else ``start`` or ``by hand``), deals, won, fingerprint (of the deals
        it rests on), file.
        """
        return history_table(self._entries)

    @property
    def kept(self) -> pd.DataFrame:
        """The days on which the newest version was held against new deals and stayed, the first one first.

        as_of (YYYY-MM-DD), version, deals, won (new ones), p_value (of nothing having changed),
        test_verdict (of the closed test alone), more_deals (how many a rebuild that was called for would have
        needed, else 0), fingerprint (of the deals), file.
        """
        return kept_table(self._notes)

    @property
    def current(self) -> Criteria:
        """The newest version's criteria."""
        return self._last().criteria

    def __repr__(self) -> str:
        if not self._entries:
            return f"<Ledger {self.path}: empty>"
        last, versions = self._entries[-1], counted(len(self._entries), "version")
        return f"<Ledger {self.path}: {versions}, {last.version} in force from {last.dated}>"

    def _repr_html_(self) -> str:
        kept = [("Held against new deals, and kept", self.kept[KEPT_SHOWN])] if self._notes else []
        sections = [("", self.history[SHOWN]), *kept]
        return page("Criteria by version", "Each is in force from its date on.", sections)

    def criteria(self, version: str) -> Criteria:
        """Return the criteria of one version.

        Parameters
        ----------
        version : str
            As in `history`.

        Returns
        -------
        Criteria
            As they were added.

        Raises
        ------
        InvalidArgument
            Where there is no such version.
        """
        by_version = {entry.version: entry.criteria for entry in self._entries}
        if version in by_version:
            return by_version[version]
        hint = did_you_mean(str(version), by_version) or f" It has {', '.join(by_version) or 'none'}."
        raise InvalidArgument(f"the ledger {self.path} has no version {short(version)}.{hint}")

    def on(self, date: dt.date | str) -> Criteria:
        """Return the criteria that were in force on a day, to score a deal as it was scored then.

        Parameters
        ----------
        date : date or str
            The day; text as YYYY-MM-DD.

        Returns
        -------
        Criteria
            Of the newest version that is not dated later.

        Raises
        ------
        InvalidArgument
            Where the day comes before the first version, or is no date.
        """
        day = day_of(date, name="date", where="on")
        self._last()  # or say that there is none
        in_force = [entry for entry in self._entries if entry.dated <= day]
        if not in_force:
            first = self._entries[0]
            raise InvalidArgument(
                f"no criteria were in force on {day}: the first, {first.version}, is dated {first.dated}."
            )
        return in_force[-1].criteria

    def diff(self, before: str, after: str) -> pd.DataFrame:
        """Say what differs between two versions.

        Parameters
        ----------
        before, after : str
            Versions, as in `history`.

        Returns
        -------
        DataFrame
            As `Recalibration.changes`: what, characteristic, answer, before, after, change (in plain words).
            No rows where nothing differs.

        Raises
        ------
        InvalidArgument
            Where there is no such version.
        """
        return changes_between(self.criteria(before), self.criteria(after))

    def next_version(self, dated: dt.date | str) -> str:
        """Return the name that the next version will have.

        Parameters
        ----------
        dated : date or str
            The first day it will be in force; text as YYYY-MM-DD.

        Returns
        -------
        str
            The quarter, numbered from its second version on.

        Raises
        ------
        InvalidArgument
            For a date before that of the newest version.
        """
        day = day_after(dated, self._entries, where="add")
        return in_quarter(day, {entry.version for entry in self._entries})

    def add(
        self, criteria: Criteria, *, dated: dt.date | str, recalibration: Recalibration | None = None
    ) -> Ledger:
        """Add criteria as the newest version.

        Parameters
        ----------
        criteria : Criteria
            To be in force from now on. Their version is named anew, after the quarter of `dated`.
        dated : date or str
            The first day they are in force, not before that of the newest version; text as YYYY-MM-DD.
        recalibration : Recalibration, optional
            Where they come from one: for its verdict, and to be sure that it is of the newest version.

        Returns
        -------
        Ledger
            With the new version; this one stays as it is.

        Raises
        ------
        LedgerConflict
            Where the newest version on disk, or the one that was recalibrated, is another than this ledger's:
            another job was quicker.
        InvalidLedger
            Where the folder cannot be written, or something in it is damaged.
        InvalidArgument
            For a date that goes back, or things of the wrong kind.

        Notes
        -----
        The version is added by one rename, under a lock that ends with its process: a run that is cut off,
        at whatever moment, leaves the ledger as it was or with the whole new version.

        Examples
        --------
        >>> import tempfile
        >>> import qualify as ql
        >>> simulated = ql.simulate_deals(300, rng=1)
        >>> criteria = ql.refine_criteria(ql.read_deals(simulated.frame, simulated.survey), replicates=20)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     ledger = ql.open_ledger(folder).add(criteria, dated="2026-07-01")
        >>> ledger.current.version
        '2026Q3'
        """
        # All that can fail for the criteria's own sake comes before anything is touched.
        verdict = self._verdict(criteria, recalibration)
        content, new = self._next(criteria, dated, verdict)
        with writing(self.path):
            there = read_unchanged(self.path, self._entries)
            append(self.path, there.entries, content, new)
        return Ledger(path=self.path, _entries=(*there.entries, new), _notes=there.notes)

    def keep(self, recalibration: Recalibration, *, dated: dt.date | str) -> Ledger:
        """Note that the newest version was held against new deals and stays in force.

        Parameters
        ----------
        recalibration : Recalibration
            Of the newest version, with the verdict ``keep``.
        dated : date or str
            The day from which a new version would have been in force; text as YYYY-MM-DD.

        Returns
        -------
        Ledger
            With the note; the same note is not made twice.

        Raises
        ------
        LedgerConflict, InvalidLedger
            As `add`.
        InvalidArgument
            For a recalibration with another verdict, or a date before that of the newest version.
        """
        check_kept(recalibration)
        check_newest(recalibration.in_use, self._entries, self.path)
        day = day_after(dated, self._entries, where="keep")
        with writing(self.path):
            there = read_unchanged(self.path, self._entries)
            note = note_on(recalibration, there.entries[-1], day, there.notes)
            if note not in there.notes:
                append_note(self.path, note)
        return replace(self, _notes=in_time({*there.notes, note}))

    def _last(self) -> Entry:
        if not self._entries:
            raise InvalidArgument(
                f"the ledger {self.path} holds no criteria yet; add the first: "
                "open_ledger(path).add(criteria, dated=...), or `qualify ledger add`."
            )
        return self._entries[-1]

    def _verdict(self, criteria: object, recalibration: Recalibration | None) -> str:
        """Check that the criteria follow on the newest version, and say what made them."""
        if not isinstance(criteria, Criteria):
            hint = " Did you mean its `.criteria`?" if hasattr(criteria, "criteria") else ""
            raise InvalidArgument(f"`criteria` of `add` must be Criteria; got {short(criteria)}.{hint}")
        if recalibration is None:
            return BY_HAND if self._entries else STARTED
        if recalibration.criteria is not criteria:
            raise InvalidArgument("`recalibration` of `add` must be the one whose `.criteria` are added.")
        check_newest(recalibration.in_use, self._entries, self.path)
        return recalibration.verdict

    def _next(self, criteria: Criteria, dated: dt.date | str, verdict: str) -> tuple[bytes, Entry]:
        """Make the next version's file, and read it back, as a later run will."""
        version = self.next_version(dated)
        last = self._entries[-1] if self._entries else None
        origin = {
            "parent": last.version if last else "",
            "parent_sha256": last.sha256 if last else "",
            "dated": day_of(dated, name="dated", where="add").isoformat(),
            "verdict": verdict,
        }
        named = replace(criteria, version=version, provenance=criteria.provenance | {"ledger": origin})
        content = criteria_to_json(named).encode()
        return content, entry_of(content, f"{version}.json")


def open_ledger(path: PathLike) -> Ledger:
    """Open a ledger: a folder of criteria by version.

    Parameters
    ----------
    path : str or path-like
        The folder. One that is missing or empty is a ledger without versions; the first `Ledger.add` makes
        it. Nothing is written by opening.

    Returns
    -------
    Ledger
        As it is now on disk.

    Raises
    ------
    InvalidLedger
        Where a file in it is damaged, missing, was changed after it was added, or is no part of a ledger;
        every one is named. Names that begin with a dot are left alone.

    Examples
    --------
    >>> import qualify as ql
    >>> ledger = ql.open_ledger("criteria")  # doctest: +SKIP
    >>> ql.score_deals(ledger.on("2026-08-12"), "august.csv")  # doctest: +SKIP
    """
    folder = Path(path)
    found = read_folder(folder)
    return Ledger(path=folder, _entries=found.entries, _notes=found.notes)
