"""The one way in which a numerical kernel is compiled, so that options cannot drift apart.

Machine code is kept on disk beside the sources (or in the user's cache folder where those are read-only),
so that each installation compiles once.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., Any])

_HERE = Path(__file__).parent
_NEIGHBOURS = re.compile(rf"^from \S*\b{_HERE.name}\.(\w+) import", re.MULTILINE)
# Sums may be taken in any order, so that they run in vector registers; nothing else is relaxed.
_ANY_ORDER = {"reassoc", "contract", "nsz"}


def compiled(function: F) -> F:
    """Compile with numba at first use, let other threads run meanwhile, keep the machine code on disk."""
    return _compiled(function, False)


def compiled_sums(function: F) -> F:
    """Do the same for sums of products, which may then be added in any order."""
    return _compiled(function, _ANY_ORDER)


def _compiled(function: F, fastmath: bool | set[str]) -> F:
    options: dict[str, Any] = {
        "error_model": "numpy",
        "nogil": True,
        "fastmath": fastmath,
        # Nothing calls from C, and a way in for it takes time to compile.
        "no_cfunc_wrapper": True,
    }
    try:
        kernel = _kept_with_its_sources(numba.njit(cache=True, **options)(function), function.__module__)
    except RuntimeError:  # no folder to keep it in: every process compiles anew
        kernel = numba.njit(**options)(function)
    return cast(F, kernel)


def _kept_with_its_sources(kernel: Any, module: str) -> Any:
    # numba drops old machine code when the kernel's own file changes, not when a file it calls into does.
    if hasattr(kernel, "_cache"):  # not where NUMBA_DISABLE_JIT hands functions back as they are
        kernel._cache._cache_file._source_stamp = sources_digest(module.rpartition(".")[2])
    return kernel


@cache
def sources_digest(name: str) -> str:
    """Digest of a module of this folder and of all that it imports from here."""
    found: set[str] = set()
    wanted = {name, "compiled"}
    while wanted:
        found |= wanted
        sources = [(_HERE / f"{module}.py").read_text(encoding="utf-8") for module in sorted(wanted)]
        wanted = {module for text in sources for module in _NEIGHBOURS.findall(text)} - found
    text = b"".join((_HERE / f"{module}.py").read_bytes() for module in sorted(found))
    return hashlib.sha256(text).hexdigest()


__all__ = ["compiled", "compiled_sums", "sources_digest"]
