"""The one way in which a numerical kernel is compiled, so that options cannot drift apart.

Machine code is kept on disk beside the sources (or in the user's cache folder where those are read-only),
so that each installation compiles once. A kernel whose name begins with an underscore can be called from
other kernels only.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from numba.core import event

from qualify.progress import announce

F = TypeVar("F", bound=Callable[..., Any])

_HERE = Path(__file__).parent
_NEIGHBOURS = re.compile(rf"^from \S*\b{_HERE.name}\.(\w+) import", re.MULTILINE)
_PROCESS = uuid.uuid4().hex[:12]


class _Announcer(event.Listener):
    """Say once that compiling has begun: it is the one thing that takes long for no visible reason."""

    said = False

    def on_start(self, event: event.Event) -> None:
        # numba tells of everybody's kernels.
        ours = event.data["dispatcher"].py_func.__module__.startswith(__package__ or "")
        if ours and not self.said:
            self.said = True
            announce("qualify: compiling its numerical part, once per installation (a minute or two) ...")

    def on_end(self, event: event.Event) -> None:
        """Say nothing more: one kernel is compiled after the other."""


event.register("numba:compile", _Announcer())  # type: ignore[no-untyped-call]


def compiled(function: F) -> F:
    """Compile with numba at first use, let other threads run meanwhile, keep the machine code on disk.

    No arithmetic is relaxed: bits must not hang on what surrounds a kernel while it is compiled.
    """
    options: dict[str, Any] = {
        "error_model": "numpy",
        "nogil": True,
        # Ways in take long to compile: none from C, and none from Python for what only kernels call.
        "no_cfunc_wrapper": True,
        "no_cpython_wrapper": function.__name__.startswith("_"),
    }
    try:
        kernel = _kept_with_its_sources(numba.njit(cache=True, **options)(function), function.__module__)
    except RuntimeError:  # no folder to keep it in: every process compiles anew
        kernel = numba.njit(**options)(function)
    return cast(F, kernel)


def _kept_with_its_sources(kernel: Any, module: str) -> Any:
    # Not where NUMBA_DISABLE_JIT hands functions back as they are; those that use registers do not run then.
    if hasattr(kernel, "_cache"):
        file = kernel._cache._cache_file
        # numba drops old machine code when the kernel's own file changes, not when a file it calls into does.
        file._source_stamp = sources_digest(module.rpartition(".")[2])
        # Two processes that compile a kernel for unlike arrays at the same moment would both number their
        # machine code 1, and one would then be handed that of the other: names of its own prevent that.
        file._data_name_pattern = f"{file._index_name[:-4]}.{_PROCESS}.{{number:d}}.nbc"
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


__all__ = ["compiled", "sources_digest"]
