"""Packed files (.gz, .zip) with one table inside."""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from typing import IO

from qualify.errors import InvalidDeals, Problem

MOST_BYTES = 1 << 30  # of what is unpacked: 1 GiB
CHUNK = 1 << 20
BESIDE = ("__MACOSX/", ".DS_Store", "Thumbs.db")  # what systems put beside files


def unpack(data: bytes, name: str) -> tuple[bytes, str]:
    """Return the one file that is packed, and its name.

    Parameters
    ----------
    data : bytes
        A gzip or zip file.
    name : str
        Its name, for messages.

    Returns
    -------
    tuple of bytes and str
        What is inside.

    Raises
    ------
    InvalidDeals
        Where it is damaged, holds several files or none, or unpacks to more than 1 GiB.
    """
    try:
        if data.startswith(b"\x1f\x8b"):
            return _read(gzip.GzipFile(fileobj=io.BytesIO(data)), name), name.removesuffix(".gz")
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            inside = _only_file(archive, name)
            with archive.open(inside) as stream:
                return _read(stream, name), inside.filename
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        reason = f"{name} cannot be unpacked: {error}"
        raise InvalidDeals(Problem(reason=reason, mend="pack it again, or give the file inside it")) from None


def _only_file(archive: zipfile.ZipFile, name: str) -> zipfile.ZipInfo:
    files = [one for one in archive.infolist() if not one.is_dir() and not _is_beside(one.filename)]
    if len(files) == 1:
        return files[0]
    shown = ", ".join(one.filename for one in files[:5]) + (" ..." if len(files) > 5 else "")
    reason = f"{name} holds {len(files)} files" + (f": {shown}" if files else "")
    raise InvalidDeals(Problem(reason=reason, mend="pack one table, or give the file inside it"))


def _is_beside(name: str) -> bool:
    return name.startswith(BESIDE[0]) or name.rpartition("/")[2] in BESIDE


def _read(stream: IO[bytes] | gzip.GzipFile, name: str) -> bytes:
    parts: list[bytes] = []
    size = 0
    while part := stream.read(CHUNK):
        size += len(part)
        if size > MOST_BYTES:
            reason = f"{name} unpacks to more than {MOST_BYTES >> 30} GiB"
            raise InvalidDeals(Problem(reason=reason, mend="give a smaller table, or a Parquet file"))
        parts.append(part)
    return b"".join(parts)
