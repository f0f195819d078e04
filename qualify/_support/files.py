"""Files on disk: found, read whole, and written whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path

from qualify.errors import Problem, QualifyError, did_you_mean

PathLike = str | os.PathLike[str]


def existing_file(path: PathLike, suffixes: Sequence[str], error: type[QualifyError]) -> Path:
    """Return the path of a file that is there and has one of the suffixes.

    Parameters
    ----------
    path : str or path-like
        The file.
    suffixes : sequence of str
        In lower case, with the dot.
    error : type
        The error to raise.

    Returns
    -------
    Path
        The path.

    Raises
    ------
    QualifyError
        Of the type `error`, with a name near by where the file is missing.
    """
    file = Path(path)
    try:
        if file.is_dir():
            raise error(f"{file} is a folder, not a file; name a file in it")
        checked_suffix(file, suffixes, error)
        if not file.exists():
            raise error(f"there is no file {file}{_nearby(file)}")
    except (OSError, ValueError) as problem:  # a NUL in the name, a folder that may not be read
        if isinstance(problem, QualifyError):
            raise
        raise error(f"{str(path)!r} cannot be opened: {problem}") from None
    return file


def checked_suffix(file: Path, suffixes: Sequence[str], error: type[QualifyError]) -> None:
    """Raise unless the file's name ends with one of the suffixes.

    Parameters
    ----------
    file : Path
        The file, there or not.
    suffixes : sequence of str
        In lower case, with the dot.
    error : type
        The error to raise.

    Raises
    ------
    QualifyError
        Of the type `error`.
    """
    if file.suffix.lower() not in suffixes:
        ending = f"ends with {file.suffix!r}" if file.suffix else "has no suffix"
        mend = f"use {', '.join(suffixes)}"
        raise error(Problem(reason=f"{file} {ending}, which says no known format", mend=mend))


def read_bytes(file: Path, error: type[QualifyError]) -> bytes:
    """Return everything in a file.

    Parameters
    ----------
    file : Path
        The file.
    error : type
        The error to raise.

    Returns
    -------
    bytes
        Its content.

    Raises
    ------
    QualifyError
        Of the type `error`, where it cannot be read.
    """
    try:
        return file.read_bytes()
    except OSError as problem:
        raise error(f"{file} cannot be read: {problem.strerror or problem}") from None


def write_whole(path: PathLike, content: str | bytes, error: type[QualifyError]) -> Path:
    """Write a file whole or not at all: into a temporary file beside it, then renamed.

    Parameters
    ----------
    path : str or path-like
        The file; one that is there is replaced.
    content : str or bytes
        Text is written as UTF-8.
    error : type
        The error to raise.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    QualifyError
        Of the type `error`, where it cannot be written; what was there before is then untouched.
    """
    with staged(path, content, error):
        pass
    return Path(path)


@contextlib.contextmanager
def staged(path: PathLike, content: str | bytes, error: type[QualifyError]) -> Iterator[None]:
    """Write a file under a temporary name; it gets its own where the block ends well, else nothing stays.

    Parameters
    ----------
    path : str or path-like
        The file; one that is there is replaced when the block ends.
    content : str or bytes
        Text is written as UTF-8.
    error : type
        The error to raise.

    Raises
    ------
    QualifyError
        Of the type `error`, where it cannot be written: all but the renaming fails before the block.
    """
    data = content.encode("utf-8") if isinstance(content, str) else content
    file = Path(os.path.realpath(path))  # through a link, so that the link survives
    part = file.with_name(f".{file.name[:100]}.{uuid.uuid4().hex}.part")
    try:
        with _told(path, error):
            if file.is_dir():
                raise IsADirectoryError(errno.EISDIR, "it is a folder; name a file in it")
            with part.open("xb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
        yield
        with _told(path, error):
            part.replace(file)
            _settle(file.parent)
    finally:
        with contextlib.suppress(OSError):  # the file itself is written, or the error told
            part.unlink(missing_ok=True)


@contextlib.contextmanager
def _told(path: PathLike, error: type[QualifyError]) -> Iterator[None]:
    """Turn what the system says into the caller's kind of error."""
    try:
        yield
    except OSError as problem:
        raise error(f"{path} cannot be written: {problem.strerror or problem}") from None


def _settle(folder: Path) -> None:
    """Have the folder's new names written to the disk, so that they outlast a power cut."""
    if os.name != "posix":  # other systems open no folders
        return
    with contextlib.suppress(OSError):  # a file system that syncs no folders; the file is there all the same
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _nearby(file: Path) -> str:
    try:
        names = [entry.name for entry in file.parent.iterdir()][:10_000]
    except OSError:
        return f": there is no folder {file.parent}"
    return f".{did_you_mean(file.name, names, most=3)}"
