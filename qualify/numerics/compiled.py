"""The one way in which a numerical kernel is compiled, so that options cannot drift apart.

Machine code is kept on disk beside the sources (or in the user's cache folder where those are read-only),
so that each installation compiles once. Python can call a `compiled_entry`, kernels can call every kernel.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import config
from numba.core import event

from qualify._support.progress import announce
from qualify.numerics.machine_code import Kernel

F = TypeVar("F", bound=Callable[..., Any])


class _Announcer(event.Listener):
    """Say once that compiling has begun: it is the one thing that takes long for no visible reason."""

    said = False

    def on_start(self, event: event.Event) -> None:
        # numba tells of everybody's kernels.
        ours = str(event.data["dispatcher"].py_func.__module__).startswith(__package__ or "")
        if ours and not self.said:
            self.said = True
            announce("qualify: compiling its numerical part, once per installation (about half a minute) ...")

    def on_end(self, event: event.Event) -> None:
        """Say nothing more: one kernel is compiled after the other."""


event.register("numba:compile", _Announcer())


def compiled(function: F) -> F:
    """Compile with numba at first use, let other threads run meanwhile, keep the machine code on disk.

    No arithmetic is relaxed: bits must not hang on what surrounds a kernel while it is compiled.
    """
    return _kernel(function)


def compiled_entry(function: F) -> F:
    """Compile the same way, with a way in from Python, which takes long to compile."""
    return _kernel(function, entry=True)


def compiled_inline(function: F) -> F:
    """Compile the same way, but into each caller too: for what runs within innermost loops."""
    return _kernel(function, alone=False)


def _kernel(function: F, *, alone: bool = True, entry: bool = False) -> F:
    if config.DISABLE_JIT:  # type: ignore[attr-defined]  # set when numba is imported
        return function  # those that use registers do not run
    options: dict[str, Any] = {
        "nopython": True,
        "boundscheck": None,
        "error_model": "numpy",
        "nogil": True,
        "no_cfunc_wrapper": True,  # C calls none of them
    }
    return cast(F, Kernel(function, options, alone=alone, entry=entry))


__all__ = ["compiled", "compiled_entry", "compiled_inline"]
