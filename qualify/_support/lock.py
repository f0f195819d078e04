"""One writer at a time: a lock on a file that the operating system lets go of however its holder ends."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from qualify.errors import QualifyError

BETWEEN_TRIES = 0.02  # seconds
_TAKEN = (errno.EACCES, errno.EAGAIN, errno.EDEADLK)


@contextmanager
def held(file: Path, *, patience: float, error: type[QualifyError]) -> Iterator[None]:
    """Hold the lock of a file for as long as the block lasts.

    The lock belongs to the open file, so that a process that is killed lets go of it; the file itself stays,
    for a waiting process may have it open already.

    Parameters
    ----------
    file : Path
        An empty file, made where it is missing.
    patience : float
        Seconds to wait while somebody else holds the lock.
    error : type
        The error to raise.

    Yields
    ------
    None
        While the lock is held.

    Raises
    ------
    QualifyError
        Of the type `error`, where the lock was not to be had.
    """
    try:
        handle = os.open(file, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as problem:
        raise error(f"{file} cannot be opened for writing: {problem.strerror or problem}") from None
    try:
        _wait_for(handle, file, time.monotonic() + patience, error)
        yield
    finally:
        with contextlib.suppress(OSError):
            os.close(handle)  # lets go, whatever it says


def _wait_for(handle: int, file: Path, until: float, error: type[QualifyError]) -> None:
    while True:
        try:
            _take(handle)
            return
        except OSError as problem:
            if problem.errno not in _TAKEN:
                # Without locks two jobs could not be kept apart, so there is no going on without.
                reason = f"its file system locks nothing ({problem.strerror or problem})"
                raise error(f"{file.parent} cannot be locked: {reason}; put it on another disk") from None
        if time.monotonic() > until:
            raise error(f"another job is writing in {file.parent}; try again when it has ended")
        time.sleep(BETWEEN_TRIES)


if sys.platform == "win32":
    import msvcrt

    def _take(handle: int) -> None:
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _take(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
