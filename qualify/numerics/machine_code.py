"""Machine code of kernels: compiled one by one, linked by name, and kept on disk with what it was made from.

Left to itself, numba compiles a kernel once more within each kernel that calls it, and within their callers,
which takes twice as long in all. Here callers jump to it instead, unless it is so small that jumping would
cost more than its work. Steps that numba repeats, or that serve callers who do not exist, are left out.
"""

from __future__ import annotations

import gc
import hashlib
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from copy import copy
from functools import cache
from importlib import import_module
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, ClassVar, NamedTuple

import llvmlite.binding as llvm
from numba import config, types
from numba.core.caching import Cache, CompileResultCacheImpl
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler_lock import global_compiler_lock
from numba.core.registry import CPUDispatcher

_HERE = Path(__file__).parent
_NEIGHBOURS = re.compile(rf"^from \S*\b{_HERE.name}\.(\w+) import", re.MULTILINE)
# As they were when this process began: what is compiled later must not be kept as made from what came since.
_SOURCES = {path.stem: path.read_bytes() for path in sorted(_HERE.glob("*.py"))}


class _Place(NamedTuple):
    """Where a kernel that others jump to is found, and for arguments of which types it was compiled."""

    module: str
    name: str
    arguments: tuple[Any, ...]


# By the name under which callers know them.
_places: dict[str, _Place] = {}


class Kernel(CPUDispatcher):
    """A function that is compiled for each combination of types of arguments it is called with.

    `alone` says whether kernels that call it jump to it, else it becomes part of them; `entry` whether
    Python can call it.
    """

    def __init__(self, function: Any, options: dict[str, Any], *, alone: bool, entry: bool) -> None:
        super().__init__(py_func=function, targetoptions={**options, "no_cpython_wrapper": not entry})
        self.alone = alone
        self.entry = entry
        with suppress(RuntimeError):  # no folder to keep it in: every process compiles anew
            self._cache = _Kept(function)

    def get_call_template(self, args: Any, kws: Any) -> Any:
        """Tell a caller what it will get; numbers written out in its source are numbers like any other."""
        plain = [types.unliteral(kind) for kind in args]
        return super().get_call_template(plain, {key: types.unliteral(kind) for key, kind in kws.items()})

    def compile(self, sig: Any) -> Any:
        """Compile for arguments of these types, or fetch from disk."""
        with _in_short(self.targetctx.codegen()):  # type: ignore[attr-defined]
            return super().compile(sig)

    def _compile_for_args(self, *args: Any, **kws: Any) -> Any:
        """Compile for a call from Python."""
        if not self.entry:
            raise TypeError(f"{self.py_func.__name__}() is for kernels; Python calls a compiled_entry")
        return super()._compile_for_args(*args, **kws)  # type: ignore[misc]

    def add_overload(self, cres: Any) -> None:
        """Take in what was compiled or found on disk, and let callers know where it is."""
        if self.entry:
            super().add_overload(cres)
        else:  # without a way in, a call from Python would end the process
            self.overloads[tuple(cres.signature.args)] = cres
        if self.alone:
            there = copy(cres.fndesc)
            there.mangled_name = self._name_for_callers(cres.signature)
            address = cres.library.get_pointer_to_function(cres.fndesc.llvm_func_name)
            llvm.add_symbol(there.mangled_name, address)
            # In place of the code itself.
            self.targetctx.remove_user_function(cres.entry_point)
            self.targetctx.insert_user_function(cres.entry_point, there)

    def __reduce__(self) -> Any:
        """Travel to other processes by name."""
        return _kernel_at, (self.py_func.__module__, self.py_func.__name__)

    def _name_for_callers(self, signature: Any) -> str:
        """Return a name that stays the same in other processes as long as the sources do."""
        module, name = self.py_func.__module__, self.py_func.__name__
        made_from = f"{sources_digest(module.rpartition('.')[2])} {signature}"
        full = f"{module}.{name}.{hashlib.sha256(made_from.encode()).hexdigest()}"
        _places[full] = _Place(module, name, tuple(signature.args))
        return full


def _kernel_at(module: str, name: str) -> Any:
    return getattr(import_module(module), name)


class _Library(JITCodeLibrary):
    """A kernel on its way to machine code, or a helper of numba's that becomes part of kernels.

    Until code comes from disk, translation waits until it is asked for, which for helpers is never.
    """

    # With code from disk come copies of helpers under names that new ones may have as well; what is
    # translated first keeps a name, so that from then on everything is translated at once, as numba does it.
    at_once = False
    # Of those who wait, the translator holds the code but not the library, whom it asks when it comes to it.
    waiting: ClassVar[list[Any]] = []

    def add_ir_module(self, ir_module: Any) -> None:
        """Take in a part, unless it is a way in from C, which no kernel has use for."""
        if ir_module.name != "cfunc_wrapper":
            super().add_ir_module(ir_module)

    def _optimize_functions(self, ll_module: Any) -> None:
        """Leave it to the optimisation of the whole, which follows."""
        ll_module.data_layout = self._codegen._data_layout

    def _finalize_specific(self) -> None:
        """Translate, or wait."""
        if self.at_once:
            super()._finalize_specific()
        else:
            self._codegen._scan_and_fix_unresolved_refs(self._final_module)
            self.waiting.append(self)

    @classmethod
    def _unserialize(cls, codegen: Any, state: Any) -> Any:
        """Bring in code from disk, once all that waits has been translated."""
        if not cls.at_once:
            cls.at_once = True
            codegen._engine.finalize_object()
            cls.waiting.clear()
        return super()._unserialize(codegen, state)


@contextmanager
def _in_short(codegen: Any) -> Iterator[None]:
    """Let numba compile in fewer steps: the third level of optimisation gains these kernels nothing."""
    with global_compiler_lock:
        config.reload_config()  # else a level that the user has just asked for would be taken back
        settings, collects = vars(config), gc.isenabled()
        library, level = codegen._library_class, settings["OPT"]
        try:
            codegen._library_class, settings["OPT"] = _Library, min(level, 2)
            gc.disable()  # it would look through millions of live objects again and again
            yield
        finally:
            codegen._library_class, settings["OPT"] = library, level
            if collects:
                gc.enable()


class _WithPlaces(CompileResultCacheImpl):
    """What is kept of a kernel: its machine code, and the places of those it jumps to."""

    def reduce(self, data: Any) -> Any:
        mentioned = (function.name for function in data.library._final_module.functions)
        return {name: _places[name] for name in mentioned if name in _places}, super().reduce(data)

    def rebuild(self, target_context: Any, reduced_data: Any) -> Any:
        places, rest = reduced_data
        for name, place in places.items():
            _kernel_at(place.module, place.name).compile(place.arguments)
            if name not in _places:  # made from other sources: to jump there would end the process
                return None
        return super().rebuild(target_context, rest)


class _Kept(Cache):
    """The files of a kernel; what cannot be read or written is compiled anew, or not kept."""

    _impl_class = _WithPlaces  # type: ignore[assignment]

    def __init__(self, function: Any) -> None:
        super().__init__(function)
        # numba drops old machine code when the kernel's own file changes, not when a file it calls into does.
        self._cache_file._source_stamp = sources_digest(function.__module__.rpartition(".")[2])

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        with suppress(OSError, EOFError, UnpicklingError):
            return super().load_overload(sig, target_context)
        return None

    def save_overload(self, sig: Any, data: Any) -> None:
        # Two processes that compile a kernel for unlike arrays at the same moment would both number their
        # machine code 1, and one would then be handed that of the other: names of its own prevent that.
        file = self._cache_file
        file._data_name_pattern = f"{file._index_name[:-4]}.{uuid.uuid4().hex[:12]}.{{number:d}}.nbc"
        with suppress(OSError):
            super().save_overload(sig, data)


@cache
def sources_digest(name: str) -> str:
    """Digest of a module of this folder and of all that it imports from here."""
    found: set[str] = set()
    wanted = {name, "compiled"}
    while wanted:
        found |= wanted
        sources = [_SOURCES[module].decode("utf-8") for module in sorted(wanted)]
        wanted = {module for text in sources for module in _NEIGHBOURS.findall(text)} - found
    return hashlib.sha256(b"".join(_SOURCES[module] for module in sorted(found))).hexdigest()


__all__ = ["Kernel", "sources_digest"]
