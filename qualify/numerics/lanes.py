"""Exponentials and logarithms of 64 numbers at a time, in vector registers: no call stands in the way."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qualify.numerics.compiled import compiled_inline

Vector = NDArray[np.float64]

LANES = 64
# Log-odds are held within these ends, where a probability differs from 0 or 1 by 1e-217.
FARTHEST = 500.0
_LOG2E = 1.4426950408889634
# ln 2 in two parts, the first exact in few bits, so that the remainder keeps its own (Cody & Waite 1980).
_LN2_HIGH, _LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10
# The bits of √½.
_ROOT_HALF = 0x3FE6A09E667F3BCD


@compiled_inline
def chances(log_odds: Vector, won: Vector, lost: Vector) -> None:
    """Fill in the probability of winning and of losing; each is exact to 1e-15 of itself, however small.

    With ``−log-odds = k ln 2 + r`` their exponential is ``2ᵏ exp(r)``, the second by its series, so that no
    call stands in the way of vector registers.
    """
    power = np.empty(LANES, dtype=np.int64)
    scale = power.view(np.float64)
    for i in range(LANES):
        x = -min(max(log_odds[i], -FARTHEST), FARTHEST)
        k = np.floor(x * _LOG2E + 0.5)
        power[i] = (np.int64(np.int32(k)) + 1023) << 52
        r = (x - k * _LN2_HIGH) - k * _LN2_LOW
        e = 1.0 / 479001600.0
        e = e * r + 1.0 / 39916800.0
        e = e * r + 1.0 / 3628800.0
        e = e * r + 1.0 / 362880.0
        e = e * r + 1.0 / 40320.0
        e = e * r + 1.0 / 5040.0
        e = e * r + 1.0 / 720.0
        e = e * r + 1.0 / 120.0
        e = e * r + 1.0 / 24.0
        e = e * r + 1.0 / 6.0
        e = e * r + 0.5
        e = e * r + 1.0
        won[i] = e * r + 1.0
    for i in range(LANES):
        odds_against = won[i] * scale[i]
        won[i] = 1.0 / (1.0 + odds_against)
        lost[i] = odds_against * won[i]


@compiled_inline
def logarithms(values: Vector) -> None:
    """Replace numbers from 1e-307 on by their natural logarithms, exact to 1e-15.

    ``ln(2ᵏ m) = k ln 2 + 2 artanh((m − 1)/(m + 1))`` with m between √½ and √2, artanh by its series.
    """
    bits = values.view(np.int64)
    mantissa = np.empty(LANES, dtype=np.int64)
    power = np.empty(LANES)
    for i in range(LANES):
        k = (bits[i] - _ROOT_HALF) >> 52
        power[i] = np.int32(k)
        mantissa[i] = bits[i] - (k << 52)
    m = mantissa.view(np.float64)
    for i in range(LANES):
        t = (m[i] - 1.0) / (m[i] + 1.0)
        square = t * t
        series = 1.0 / 21.0
        series = series * square + 1.0 / 19.0
        series = series * square + 1.0 / 17.0
        series = series * square + 1.0 / 15.0
        series = series * square + 1.0 / 13.0
        series = series * square + 1.0 / 11.0
        series = series * square + 1.0 / 9.0
        series = series * square + 1.0 / 7.0
        series = series * square + 1.0 / 5.0
        series = series * square + 1.0 / 3.0
        # The smallest terms first, so that a number near one keeps all its figures.
        values[i] = power[i] * _LN2_HIGH + (2.0 * t + (2.0 * t * square * series + power[i] * _LN2_LOW))
