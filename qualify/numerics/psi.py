"""The population stability index of counts in two periods, with what resampling alone gives."""

from __future__ import annotations

import numpy as np

from qualify.numerics.blocks import Matrix, Vector

# Added to every count where some answer was given in one period only: its logarithm would be endless.
HALF = 0.5


def stability_index(then: Matrix, now: Matrix) -> Vector:
    """Work out the population stability index ``Σ (a − e) ln(a/e)`` of two periods, row by row.

    Parameters
    ----------
    then, now : ndarray, shape (B, k)
        How often each of k answers was given.

    Returns
    -------
    ndarray, shape (B,)
        0 where the shares are the same. An answer given in neither period does not count; where one was given
        in one period only, half a deal is added to each answer of both.

    References
    ----------
    Siddiqi, N. (2006). Credit Risk Scorecards. Wiley. It is the symmetrised divergence of Jeffreys (1946).
    """
    seen = (then + now) > 0
    lonely = np.any(seen & ((then == 0) | (now == 0)), axis=1)[:, None]
    parts = []
    for counts in (then, now):
        filled = np.where(seen, counts + HALF * lonely, 0.0)
        parts.append(filled / filled.sum(axis=1, keepdims=True))
    before, after = (np.where(seen, part, 1.0) for part in parts)
    return np.asarray(((after - before) * np.log(after / before)).sum(axis=1))


def resampled_index(then: Vector, now: Vector, times: int, rng: np.random.Generator) -> Vector:
    """Draw the index of two periods with the same answers: both drawn from their pooled shares, (B,).

    Parameters
    ----------
    then, now : ndarray, shape (k,)
        How often each answer was given.
    times : int
        Draws.
    rng : numpy.random.Generator
        Source of chance.

    Notes
    -----
    With few deals an index of 0.1 or 0.25, often taken for "some" and "much" change, is common where nothing
    has changed: its mean is about ``(k − 1)(1/m + 1/n)``.
    """
    shares = (then + now) / (then + now).sum()
    drawn = [rng.multinomial(int(counts.sum()), shares, size=times) for counts in (then, now)]
    return stability_index(drawn[0].astype(np.float64), drawn[1].astype(np.float64))
