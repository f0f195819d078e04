"""One way to show that long work is going on."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

from tqdm import tqdm

T = TypeVar("T")

SHOWN_AFTER = 2.0
"""Seconds of silence before a bar appears, so that quick work stays quiet."""


def track(iterable: Iterable[T], *, what: str, total: int | None = None) -> Iterator[T]:
    """Hand on each item, with a progress bar on standard error where the work takes long.

    The bar appears after 2 seconds and is wiped away at the end. It is left out where standard error
    is neither a terminal nor a notebook; the environment variable ``QUALIFY_PROGRESS`` set to ``1`` shows it
    all the same and ``0`` never does. An interrupt (Ctrl-C) passes through and closes the bar.

    Parameters
    ----------
    iterable : iterable
        The work, one item a step.
    what : str
        What is being done, shown before the bar.
    total : int, optional
        Number of steps, where `iterable` does not know its own length.

    Yields
    ------
    object
        The items of `iterable`, unchanged and in order.

    Examples
    --------
    >>> sum(track(range(4), what="adding"))
    6
    """
    if not _wanted():
        yield from iterable
        return
    with tqdm(
        iterable, desc=what, total=total, delay=SHOWN_AFTER, leave=False, file=sys.stderr, dynamic_ncols=True
    ) as bar:
        yield from bar


def announce(text: str) -> None:
    """Say on standard error what is going on, where a bar would be shown.

    Parameters
    ----------
    text : str
        One sentence.

    Examples
    --------
    >>> announce("Nobody sees this where there is no terminal.")
    """
    if _wanted():
        sys.stderr.write(text + "\n")
        sys.stderr.flush()


def _wanted() -> bool:
    """Whether a bar may be shown: as the environment says, else on a terminal and in a notebook."""
    forced = os.environ.get("QUALIFY_PROGRESS", "")
    if forced in {"0", "1"}:
        return forced == "1"
    return sys.stderr is not None and (sys.stderr.isatty() or "ipykernel" in sys.modules)
