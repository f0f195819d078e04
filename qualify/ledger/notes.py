"""The notes of a ledger: on which day the newest version was held against new deals, and stayed in force."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from qualify._support.files import read_bytes
from qualify.errors import InvalidArgument, InvalidLedger, Problem, short
from qualify.ledger.days import in_quarter
from qualify.ledger.versions import FROM_BACKUP, Entry, text_of

if TYPE_CHECKING:
    from qualify.monitoring.recalibration import Recalibration

SCHEMA, SCHEMA_VERSION = "qualify ledger note", 1
KEPT_COLUMNS = [
    *("as_of", "version", "deals", "won", "p_value", "test_verdict", "more_deals", "fingerprint", "file")
]
KEPT_SHOWN = ["as_of", "version", "deals", "won", "p_value", "test_verdict", "more_deals"]
NOTE = re.compile(r"(\d{4}Q[1-4])\.kept(?:-([1-9]\d*))?\.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """One day on which a version was kept: what its file says.

    Attributes
    ----------
    version, sha256 : str
        The version that stayed in force, and the fingerprint of its file.
    as_of : date
        The day from which a new version would have been in force.
    deals, won : int
        The new deals.
    p_value : float
        Of nothing having changed.
    test_verdict : str
        What the closed test alone said.
    more_deals : int
        How many more deals a rebuild that was called for would have needed; else 0.
    fingerprint : str
        Of the new deals.
    file : str
        The note's name in the folder.
    """

    version: str
    sha256: str
    as_of: dt.date
    deals: int
    won: int
    p_value: float
    test_verdict: str
    more_deals: int
    fingerprint: str
    file: str

    def row(self) -> dict[str, Any]:
        """Return what `Ledger.kept` and the file say of it."""
        return {name: getattr(self, name) for name in KEPT_COLUMNS} | {"as_of": self.as_of.isoformat()}

    def content(self) -> str:
        """Return the text of its file."""
        head = {"schema": SCHEMA, "schema_version": SCHEMA_VERSION}
        return json.dumps(head | self.row() | {"sha256": self.sha256}, indent=1) + "\n"


def check_kept(found: object) -> None:
    """Refuse what is no recalibration, or keeps nothing.

    Parameters
    ----------
    found : object
        What the caller gave `Ledger.keep`.

    Raises
    ------
    InvalidArgument
        With what to do instead.
    """
    verdict = getattr(found, "verdict", None)
    if verdict is None:
        raise InvalidArgument(f"`recalibration` of `keep` must be a Recalibration; got {short(found)}.")
    if verdict != "keep":
        raise InvalidArgument(f"`keep` is for criteria that stay; {found!r}: `add` its `.criteria`.")


def note_on(found: Recalibration, kept: Entry, as_of: dt.date, there: Sequence[Note]) -> Note:
    """Note that a recalibration keeps a version.

    Parameters
    ----------
    found : Recalibration
        Whose verdict is ``keep``.
    kept : Entry
        The version.
    as_of : date
        The day.
    there : sequence of Note
        The notes that the ledger holds.

    Returns
    -------
    Note
        One of those there where it says the same; else one with a file name of its own.
    """
    said: dict[str, Any] = {
        "version": kept.version,
        "sha256": kept.sha256,
        "as_of": as_of,
        "deals": found.n,
        "won": found.won,
        "p_value": float(found.tests["p_value"].iloc[0]),
        "test_verdict": found.test_verdict,
        "more_deals": found.more_deals,
        "fingerprint": found.fingerprint,
    }
    for note in there:
        if all(getattr(note, name) == value for name, value in said.items()):
            return note
    taken = {note.file.removesuffix(".json") for note in there}
    return Note(**said, file=f"{in_quarter(as_of, taken, '.kept')}.json")


def in_time(notes: Iterable[Note]) -> tuple[Note, ...]:
    """Put notes in the order of their days.

    Parameters
    ----------
    notes : iterable of Note
        The notes.

    Returns
    -------
    tuple of Note
        Those of one day by the number of their file.
    """
    return tuple(sorted(notes, key=lambda note: (note.as_of, _number(note.file))))


def kept_table(notes: Sequence[Note]) -> pd.DataFrame:
    """Return `Ledger.kept`.

    Parameters
    ----------
    notes : sequence of Note
        The notes, the first one first.

    Returns
    -------
    DataFrame
        A row per note.
    """
    rows = pd.DataFrame([note.row() for note in notes], columns=KEPT_COLUMNS)
    whole = dict.fromkeys(("deals", "won", "more_deals"), "int64")
    return rows.astype(dict.fromkeys(KEPT_COLUMNS, "str") | whole | {"p_value": "float64"})


def read_notes(
    folder: Path, names: Sequence[str], versions: Mapping[str, Entry], problems: list[Problem]
) -> tuple[Note, ...]:
    """Read the notes among the files of a ledger, the first one first.

    Parameters
    ----------
    folder : Path
        The ledger.
    names : sequence of str
        Of its files.
    versions : mapping
        Its versions.
    problems : list of Problem
        Those found so far; what is damaged, or speaks of no version there, is added.

    Returns
    -------
    tuple of Note
        By their day.

    Raises
    ------
    InvalidLedger
        Where a newer qualify wrote one.
    """
    notes, whole = [], not problems
    for name in names:
        if not NOTE.fullmatch(name):
            continue
        try:
            note = note_of(read_bytes(folder / name, InvalidLedger), name)
        except NewerNote:
            raise InvalidLedger(f"{folder / name} was written by a newer qualify; update qualify.") from None
        except (InvalidLedger, KeyError, TypeError, ValueError, OverflowError, RecursionError) as error:
            mend = "put it back from a backup, or move it elsewhere: nothing depends on it"
            problems.append(Problem(reason=f"{name} is damaged ({short(str(error))})", mend=mend))
            continue
        if whole:  # else what is wrong with the versions is told already
            problems += _misfit(note, versions.get(note.version))
        notes.append(note)
    return in_time(notes)


def _misfit(note: Note, version: Entry | None) -> Iterator[Problem]:
    """Say where the version that a note speaks of is not as it was."""
    if version is None:
        reason = f"{note.version}.json, of which {note.file} speaks, is missing"
        yield Problem(reason=reason, mend=f"{FROM_BACKUP}, or move a note of another ledger elsewhere")
    elif version.sha256 != note.sha256:
        yield Problem(reason=f"{version.file} was changed after {note.file} was written", mend=FROM_BACKUP)


class NewerNote(Exception):
    """The note was written by a newer qualify."""


def note_of(content: bytes, name: str) -> Note:
    """Read a note from the bytes of its file.

    Parameters
    ----------
    content : bytes
        Of the file.
    name : str
        Of the file.

    Returns
    -------
    Note
        What it says.

    Raises
    ------
    NewerNote
        Where a newer qualify wrote it.
    KeyError, TypeError, ValueError, OverflowError, RecursionError
        Where it is damaged.
    """
    said = json.loads(content)
    if said["schema"] != SCHEMA or type(said["schema_version"]) is not int:
        raise ValueError("another kind of file")
    if said["schema_version"] > SCHEMA_VERSION:
        raise NewerNote
    counts: dict[str, Any] = {part: said[part] for part in ("deals", "won", "more_deals")}
    if any(type(count) is not int or count < 0 for count in counts.values()) or said["file"] != name:
        raise ValueError("a number or name that cannot be")
    p_value = float(said["p_value"])
    if not 0.0 <= p_value <= 1.0:  # nor is what is no number
        raise ValueError("a p-value that cannot be")
    texts: dict[str, Any] = {
        part: text_of(said[part]) for part in ("version", "sha256", "test_verdict", "fingerprint", "file")
    }
    return Note(as_of=dt.date.fromisoformat(said["as_of"]), p_value=p_value, **counts, **texts)


def _number(name: str) -> int:
    found = NOTE.fullmatch(name)
    return int(found[2] or 1) if found else 1
