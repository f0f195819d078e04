"""The folder of a ledger: a criteria file per version, an index, notes, a lock; read, checked, and added to.

A version is in the ledger from the moment its file has its name: that one rename is the commit. Every version
file names its parent and the parent's SHA-256, so that the files alone say what follows what. The index lists
the versions with their SHA-256; it is written after the version file, is behind it by a version where a run
was cut off in between, and is made anew with the next version.
"""

from __future__ import annotations

import contextlib
import json
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from qualify._support.files import read_bytes, write_whole
from qualify._support.lock import held
from qualify.errors import InvalidCriteria, InvalidLedger, LedgerConflict, Problem, QualifyWarning, short
from qualify.ledger.notes import NOTE, Note, note_of, read_notes
from qualify.ledger.versions import (
    FROM_BACKUP,
    Entry,
    entry_of,
    in_order_of_descent,
    newest,
    sha256_of,
    text_of,
)

INDEX, LOCK = "index.json", ".lock"
SCHEMA = "qualify ledger"
SCHEMA_VERSION = 1
PATIENCE = 30.0  # seconds; a writer holds the lock for a fraction of one
VERSION = re.compile(r"\d{4}Q[1-4](-[1-9]\d*)?")


class Found(NamedTuple):
    """What a ledger holds: versions, each the parent of the next, and notes on those that were kept."""

    entries: tuple[Entry, ...]
    notes: tuple[Note, ...]


def read_folder(folder: Path, known: Sequence[Entry] = ()) -> Found:
    """Read every version and note of a ledger, the first ones first.

    Parameters
    ----------
    folder : Path
        The ledger; one that is missing holds nothing.
    known : sequence of Entry
        Versions read before; files with the same bytes are not taken apart again.

    Returns
    -------
    Found
        Versions and notes.

    Raises
    ------
    InvalidLedger
        Where a file is damaged, missing, changed, or does not belong there; every problem at once.
    """
    problems: list[Problem] = []
    # The index first: a version that it lists is there for good, whatever is added meanwhile.
    index = _read_index(folder / INDEX, problems)
    try:
        names = sorted(path.name for path in folder.iterdir()) if folder.exists() else []
    except OSError as error:
        raise InvalidLedger(f"the ledger {folder} cannot be read: {error.strerror or error}") from None
    found = _versions(folder, names, {(entry.file, entry.sha256): entry for entry in known}, problems)
    problems += _against_index(found, names, index)
    chain = in_order_of_descent(found, problems)
    if not problems and [entry.version for entry in chain][: len(index)] != list(index):
        problems.append(
            Problem(
                reason=f"{INDEX} lists the versions in another order than they followed", mend=FROM_BACKUP
            )
        )
    notes = read_notes(folder, names, found, problems)
    if problems:
        raise InvalidLedger(problems, f"the ledger {folder} cannot be used:")
    return Found(chain, notes)


def read_unchanged(folder: Path, known: Sequence[Entry]) -> Found:
    """Read a ledger again, to add to it.

    Parameters
    ----------
    folder : Path
        The ledger, its lock held.
    known : sequence of Entry
        The versions that the addition builds on.

    Returns
    -------
    Found
        What it holds now.

    Raises
    ------
    LedgerConflict
        Where it holds other versions by now.
    InvalidLedger
        As `read_folder`.
    """
    there = read_folder(folder, known=known)
    if [entry.sha256 for entry in there.entries] != [entry.sha256 for entry in known]:
        raise LedgerConflict(
            f"another job has added to the ledger {folder} since it was read: the newest is now "
            f"{newest(there.entries)}, not {newest(known)}. Nothing was added; recalibrate anew."
        )
    return there


def append(folder: Path, entries: Sequence[Entry], content: bytes, new: Entry) -> None:
    """Add a version to those that are there.

    Parameters
    ----------
    folder : Path
        The ledger, its lock held.
    entries : sequence of Entry
        What it holds.
    content : bytes
        The new version's file.
    new : Entry
        The same, read.

    Raises
    ------
    InvalidLedger
        Where the file cannot be written; the ledger is then as it was.

    Warns
    -----
    QualifyWarning
        Where only the index could not be written: the version is added, and the next makes the index anew.
    """
    _sweep(folder)
    write_whole(folder / new.file, content, InvalidLedger)
    rows = [entry.row() | {"sha256": entry.sha256} for entry in (*entries, new)]
    index = {"schema": SCHEMA, "schema_version": SCHEMA_VERSION, "versions": rows}
    try:
        write_whole(folder / INDEX, json.dumps(index, indent=1) + "\n", InvalidLedger)
    except InvalidLedger as error:
        warnings.warn(f"{new.version} was added, but {error}", QualifyWarning, stacklevel=4)


def append_note(folder: Path, note: Note) -> None:
    """Add a note.

    Parameters
    ----------
    folder : Path
        The ledger, its lock held.
    note : Note
        The note.

    Raises
    ------
    InvalidLedger
        Where the file cannot be written; the ledger is then as it was.
    """
    content = note.content()
    note_of(content.encode(), note.file)  # what could not be read back would close the ledger
    _sweep(folder)
    write_whole(folder / note.file, content, InvalidLedger)


def _sweep(folder: Path) -> None:
    """Remove what runs that were cut off left; what cannot be removed now will be the next time."""
    with contextlib.suppress(OSError):
        for leftover in folder.glob(".*.part"):
            leftover.unlink(missing_ok=True)


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Keep every other writer out of a ledger, whose folder is made where it is missing.

    Parameters
    ----------
    folder : Path
        The ledger.

    Yields
    ------
    None
        While nobody else writes.

    Raises
    ------
    InvalidLedger
        Where the folder cannot be made, or somebody else writes for long.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidLedger(f"the folder {folder} cannot be made: {error.strerror or error}") from None
    with held(folder / LOCK, patience=PATIENCE, error=InvalidLedger):
        yield


def _read_index(file: Path, problems: list[Problem]) -> dict[str, str]:
    """SHA-256 of every version that the index lists, in order; empty where there is no index."""
    try:
        content = json.loads(file.read_bytes())
        if content["schema"] != SCHEMA or type(content["schema_version"]) is not int:
            raise ValueError("another kind of file")
        if content["schema_version"] > SCHEMA_VERSION:
            raise InvalidLedger(f"{file} was written by a newer qualify; update qualify.")
        return {text_of(row["version"]): text_of(row["sha256"]) for row in content["versions"]}
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise InvalidLedger(f"{file} cannot be read: {error.strerror or error}") from None
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        if isinstance(error, InvalidLedger):
            raise
        mend = "put it back from a backup, or delete it: it is made anew with the next version"
        problems.append(Problem(reason=f"{INDEX} is damaged ({short(str(error))})", mend=mend))
        return {}


def _versions(
    folder: Path, names: Sequence[str], known: Mapping[tuple[str, str], Entry], problems: list[Problem]
) -> dict[str, Entry]:
    """Read the version files; add what is damaged, and what is none, to the problems."""
    found: dict[str, Entry] = {}
    for name in names:
        # The lock, unfinished files, and what others hide.
        if name == INDEX or name.startswith(".") or NOTE.fullmatch(name):
            continue
        if not (name.endswith(".json") and VERSION.fullmatch(name.removesuffix(".json"))):
            problems.append(Problem(reason=f"{name} is no part of a ledger", mend="move it elsewhere"))
            continue
        try:
            content = read_bytes(folder / name, InvalidCriteria)
            entry = known.get((name, sha256_of(content))) or entry_of(content, name)
            found[entry.version] = entry
        except InvalidCriteria as error:
            problems += [
                Problem(reason=f"{name} is damaged: {one}", mend=FROM_BACKUP) for one in error.problems
            ]
    return found


def _against_index(found: dict[str, Entry], names: Sequence[str], index: dict[str, str]) -> Iterator[Problem]:
    for version, sha256 in index.items():
        if f"{version}.json" not in names:
            yield Problem(reason=f"{version}.json is in {INDEX} but missing", mend=FROM_BACKUP)
        elif version in found and found[version].sha256 != sha256:
            yield Problem(reason=f"{version}.json was changed after it was added", mend=FROM_BACKUP)
