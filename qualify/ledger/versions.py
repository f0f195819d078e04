"""The versions of a ledger: what the file of each says, and in which order they follow."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from qualify.criteria.file import criteria_from_dict, criteria_to_json
from qualify.criteria.model import Criteria
from qualify.errors import InvalidCriteria, LedgerConflict, Problem, short

COLUMNS = ["version", "parent", "dated", "verdict", "deals", "won", "fingerprint", "file"]
SHOWN = ["version", "parent", "dated", "verdict", "deals", "won"]
FROM_BACKUP = "put the file of that name back from a backup"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Entry:
    """One version: what its file says, and the file's fingerprint."""

    criteria: Criteria
    parent: str
    parent_sha256: str
    dated: dt.date
    verdict: str
    sha256: str

    @property
    def version(self) -> str:
        """Its name, and the stem of its file."""
        return self.criteria.version

    @property
    def file(self) -> str:
        """The name of its file in the folder."""
        return f"{self.version}.json"

    def row(self) -> dict[str, Any]:
        """Return what the history and the index say of it."""
        origin = self.criteria.provenance
        return {
            "version": self.version,
            "parent": self.parent,
            "dated": self.dated.isoformat(),
            "verdict": self.verdict,
            "deals": int(origin["deals"]),
            "won": int(origin["won"]),
            "fingerprint": str(origin["fingerprint"]),
            "file": self.file,
        }


def entry_of(content: bytes, name: str) -> Entry:
    """Read a version from the bytes of its file.

    Parameters
    ----------
    content : bytes
        Of the file.
    name : str
        Of the file.

    Returns
    -------
    Entry
        The version.

    Raises
    ------
    InvalidCriteria
        Where the file is damaged, or no version of a ledger.
    """
    try:
        criteria = criteria_from_dict(json.loads(content), name)
    except (ValueError, RecursionError) as error:
        if isinstance(error, InvalidCriteria):
            raise
        raise InvalidCriteria(f"{name} is not JSON ({error})") from None
    try:
        said = criteria.provenance["ledger"]
        entry = Entry(
            criteria=criteria,
            parent=text_of(said["parent"]),
            parent_sha256=text_of(said["parent_sha256"]),
            dated=dt.date.fromisoformat(said["dated"]),
            verdict=text_of(said["verdict"]),
            sha256=sha256_of(content),
        )
        entry.row()
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidCriteria(f"{name} was not written by a ledger (lacks or spoils {error})") from None
    if entry.file != name:
        raise InvalidCriteria(f"{name} holds version {short(entry.version)}")
    return entry


def in_order_of_descent(found: dict[str, Entry], problems: list[Problem]) -> tuple[Entry, ...]:
    """Put versions in order, each after its parent.

    Parameters
    ----------
    found : dict
        By version.
    problems : list of Problem
        Those found so far; what does not follow is added.

    Returns
    -------
    tuple of Entry
        As far as they follow.
    """
    after: dict[str, list[Entry]] = {}
    for entry in found.values():
        after.setdefault(entry.parent, []).append(entry)
    chain: list[Entry] = []
    while following := after.pop(chain[-1].version if chain else "", []):
        if len(following) > 1:
            files = " and ".join(entry.file for entry in following)
            where = f"follow {chain[-1].file}" if chain else "begin the ledger"
            problems.append(
                Problem(reason=f"{files} both {where}", mend="move all but one of them elsewhere")
            )
            break
        chain += following
        problems += [one for one in _misfit(chain) if one not in problems]
    if not problems:  # a version that is out of place for a reason already told is not told again
        problems += [
            Problem(
                reason=f"{entry.file} follows version {short(entry.parent)}, which is not in its place",
                mend=FROM_BACKUP,
            )
            for entry in found.values()
            if entry not in chain
        ]
    return tuple(chain)


def _misfit(chain: Sequence[Entry]) -> Iterator[Problem]:
    """Say where the last version does not fit the one before it."""
    new, before = chain[-1], chain[-2] if len(chain) > 1 else None
    if new.parent_sha256 != (before.sha256 if before else ""):
        changed = before.file if before else new.file
        yield Problem(reason=f"{changed} was changed after it was added", mend=FROM_BACKUP)
    if before and new.dated < before.dated:
        yield Problem(
            reason=f"{new.file} is dated {new.dated}, before {before.file} ({before.dated})", mend=FROM_BACKUP
        )


def history_table(entries: Sequence[Entry]) -> pd.DataFrame:
    """Return `Ledger.history`.

    Parameters
    ----------
    entries : sequence of Entry
        The versions, in order.

    Returns
    -------
    DataFrame
        A row per version.
    """
    rows = pd.DataFrame([entry.row() for entry in entries], columns=COLUMNS)
    return rows.astype(dict.fromkeys(COLUMNS, "str") | {"deals": "int64", "won": "int64"})


def newest(entries: Sequence[Entry]) -> str:
    """Name the newest version in a message.

    Parameters
    ----------
    entries : sequence of Entry
        The versions, in order.

    Returns
    -------
    str
        Such as "version 2026Q3".
    """
    return f"version {entries[-1].version}" if entries else "no version"


def check_newest(in_use: Criteria, entries: Sequence[Entry], folder: Path) -> None:
    """Refuse a recalibration of anything but the newest version.

    Parameters
    ----------
    in_use : Criteria
        What was recalibrated.
    entries : sequence of Entry
        The versions, in order.
    folder : Path
        The ledger, for the message.

    Raises
    ------
    LedgerConflict
        Where the newest version is another.
    """
    if not entries or criteria_to_json(in_use) != criteria_to_json(entries[-1].criteria):
        raise LedgerConflict(
            f"version {in_use.version} was recalibrated, but the newest of the ledger {folder} is "
            f"{newest(entries)}. Nothing was added; recalibrate anew."
        )


def sha256_of(content: bytes) -> str:
    """Return the fingerprint of a file.

    Parameters
    ----------
    content : bytes
        Of the file.

    Returns
    -------
    str
        SHA-256 in hexadecimal digits.
    """
    return hashlib.sha256(content).hexdigest()


def text_of(value: object) -> str:
    """Return a text that a file should hold.

    Parameters
    ----------
    value : object
        What it holds.

    Returns
    -------
    str
        The same.

    Raises
    ------
    TypeError
        Where it is no text.
    """
    if not isinstance(value, str):
        raise TypeError(f"{short(value)} where a text should be")
    return value
