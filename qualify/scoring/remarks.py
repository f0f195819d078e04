"""Remarks on deals, best first, joined into one text each; the work is done once per distinct text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

SEPARATOR = "; "
NOT_LISTED = -np.inf

Codes = NDArray[np.integer]
Worth = NDArray[np.float64]


def joined(places: Iterable[Codes], words: Sequence[str]) -> pd.api.extensions.ExtensionArray:
    """Join the words of every deal.

    Parameters
    ----------
    places : iterable of ndarray of int, shape (n,)
        The first word of each deal as a position in `words`, the second, and so on; -1 is none.
    words : sequence of str
        What there is to say.

    Returns
    -------
    array of str, shape (n,)
        The words of a deal, parted by ``"; "``; empty where there are none.
    """
    texts, code = np.array([""], dtype=object), None
    for place in places:
        code = np.zeros(place.size, dtype=np.int64) if code is None else code
        if (place < 0).all():
            continue
        code, pairs = pd.factorize(code * (len(words) + 1) + place + 1)
        before, word = np.divmod(pairs, len(words) + 1)
        texts = np.array(
            [_and(str(texts[b]), words[w - 1] if w else "") for b, w in zip(before, word, strict=True)],
            dtype=object,
        )
    found = pd.array(texts, dtype="str")
    return found.take(np.zeros(0, dtype=np.int64) if code is None else code)


def _and(text: str, word: str) -> str:
    return f"{text}{SEPARATOR}{word}" if text and word else text or word


def ranked(worth: Worth, codes: Codes, words: Sequence[str]) -> pd.api.extensions.ExtensionArray:
    """Join the remarks of every deal, the one of most worth first; of equals the first.

    Parameters
    ----------
    worth : ndarray, shape (n, k)
        What each of k remarks is worth; minus infinity leaves it out.
    codes : ndarray of int, shape (n, k)
        The remarks as positions in `words`.
    words : sequence of str
        What there is to say.

    Returns
    -------
    array of str, shape (n,)
        Parted by ``"; "``.
    """
    some = np.flatnonzero((worth > NOT_LISTED).any(axis=1))
    order = np.argsort(-worth[some], axis=1, kind="stable")
    said = np.where(worth[some] > NOT_LISTED, codes[some], -1)
    places = np.full((worth.shape[1], len(worth)), -1, dtype=np.int32)
    places[:, some] = np.take_along_axis(said, order, axis=1).T
    return joined([*places, np.full(len(worth), -1)], words)


def per_hour(worth: Worth, hours: Sequence[float | None], hourly: Worth | None = None) -> Worth:
    """Divide worth by hours, for deals all of whose remarks have theirs; others keep plain worth.

    Parameters
    ----------
    worth : ndarray, shape (n, k)
        What each of k remarks is worth; minus infinity leaves it out.
    hours : sequence of float or None
        Hours that each takes, where known.
    hourly : ndarray, shape (n, k), optional
        Worth per hour, where that is more than a division.

    Returns
    -------
    ndarray, shape (n, k)
        Comparable within each deal.
    """
    known = np.array([one is not None for one in hours], dtype=np.bool_)
    if not known.any():
        return worth
    timed = np.logical_not(np.any((worth > NOT_LISTED) & ~known, axis=1, keepdims=True))
    if hourly is None:
        hourly = worth / np.array([one if one is not None else 1.0 for one in hours])
    return np.where(timed, hourly, worth)
