"""Work shared out to every core.

Compiled calls hold no lock, so threads do. What each piece of work is never depends on how many there are.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np

from qualify._support.progress import track

S = TypeVar("S")
T = TypeVar("T")

# Quick replicates are made up to so many at a time, or as many as draw this number of rows: what Python does
# between compiled calls is done under its lock.
CHUNK, CHUNK_ROWS = 128, 250_000


def cores() -> int:
    """Count the cores that this process may use."""
    allowed = getattr(os, "sched_getaffinity", None)  # not on every system
    return len(allowed(0)) if allowed else os.cpu_count() or 1


def on_every_core(one: Callable[[S], T], items: Iterable[S], *, total: int, what: str) -> list[T]:
    """Call `one(item)` for each, in order, with progress; Ctrl-C drops what has not begun."""
    with ThreadPoolExecutor(max_workers=cores()) as pool:
        try:
            return list(track(pool.map(one, items), what=what, total=total))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def replicate(
    one: Callable[[np.random.Generator], T], times: int, rng: np.random.Generator, *, what: str
) -> list[T]:
    """Call `one(generator)` many times, each with a generator of its own, in order."""
    return on_every_core(one, rng.spawn(times), total=times, what=what)


def replicate_together(
    some: Callable[[list[np.random.Generator]], T],
    times: int,
    rng: np.random.Generator,
    *,
    size: int,
    what: str,
) -> list[T]:
    """Call `some(generators)` with so many of the same generators at a time, in order."""
    firsts = range(0, times, size)
    # Generators are made while work on earlier ones is under way.
    parts = (rng.spawn(min(size, times - first)) for first in firsts)
    return on_every_core(some, parts, total=len(firsts), what=what)


def together(times: int, rows: int) -> int:
    """Count the quick replicates of so many rows that are made at a time, in parts of about one size."""
    most = max(1, min(CHUNK, CHUNK_ROWS // max(rows, 1)))
    return -(-times // max(1, -(-times // most)))


def in_slices(one: Callable[[slice], T], length: int, size: int) -> list[T]:
    """Call `one(part)` for each part of this size of a range, in order."""
    parts = [slice(first, min(first + size, length)) for first in range(0, length, size)]
    if len(parts) < 2:
        return [one(part) for part in parts]
    with ThreadPoolExecutor(max_workers=cores()) as pool:
        return list(pool.map(one, parts))
