"""Ways in for tests: most kernels can be called from other kernels only."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numba

from qualify.numerics.coding import Coded
from qualify.numerics.ridge import Training


def from_python(*kernels: Any) -> list[Callable[..., Any]]:
    """Functions that Python can call, one for each kernel."""
    return [_way_in(kernel) for kernel in kernels]


def _way_in(kernel: Any) -> Callable[..., Any]:
    names = ", ".join(inspect.signature(kernel.py_func).parameters)
    return numba.njit(eval(f"lambda {names}: kernel({names})", {"kernel": kernel}))


def coded(training: Training) -> Coded:
    """Return what a search for points reads of it."""
    return Coded(training.items, training.coding, training.outcome, training.weights)
