"""The one way in which a numerical kernel is compiled, so that options cannot drift apart.

Machine code is kept on disk beside the sources (or in the user's cache folder where those are read-only),
so that each installation compiles once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., Any])


def _sources_digest() -> str:
    sources = sorted(Path(__file__).parent.glob("*.py"))
    return hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()


_DIGEST = _sources_digest()


def compiled(function: F) -> F:
    """Compile with numba at first use, let other threads run meanwhile, keep the machine code on disk."""
    try:
        kernel = _kept_with_all_sources(_compile(function, keep=True))
    except RuntimeError:  # no folder to keep it in: every process compiles anew
        kernel = _compile(function, keep=False)
    return cast(F, kernel)


def _compile(function: Callable[..., Any], *, keep: bool) -> Any:
    return numba.njit(cache=keep, error_model="numpy", nogil=True)(function)


def _kept_with_all_sources(kernel: Any) -> Any:
    # numba drops old machine code when the kernel's own file changes, not when a file it calls into does.
    if hasattr(kernel, "_cache"):  # not where NUMBA_DISABLE_JIT hands functions back as they are
        kernel._cache._cache_file._source_stamp = _DIGEST
    return kernel
