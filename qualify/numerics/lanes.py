"""Exponentials and logarithms of 64 numbers at a time, in vector registers: no call stands in the way."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from qualify.numerics.compiled import compiled_inline
from qualify.numerics.registers import (
    SHIFT,
    SIZE,
    alike,
    eight,
    larger,
    plus_product,
    power_of_two,
    put,
    smaller,
)

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

    With ``−log-odds = k ln 2 + r`` their exponential is ``2ᵏ exp(r)``, the second by its series.
    """
    one, shift, far = alike(1.0), alike(SHIFT), alike(FARTHEST)
    for place in range(0, LANES, SIZE):
        # In this order what is no number stays none.
        x = smaller(far, larger(alike(-FARTHEST), alike(0.0) - eight(log_odds, place)))
        shifted = plus_product(shift, x, alike(_LOG2E))
        k = shifted - shift
        r = plus_product(plus_product(x, k, alike(-_LN2_HIGH)), k, alike(-_LN2_LOW))
        odds_against = power_of_two(shifted) * _exponential(r)
        p = one / (one + odds_against)
        put(won, place, p)
        put(lost, place, odds_against * p)


@compiled_inline
def _exponential(r: Any) -> Any:
    """Exponentials of eight numbers between −½ ln 2 and ½ ln 2."""
    e = plus_product(alike(1.0 / 39916800.0), r, alike(1.0 / 479001600.0))
    e = plus_product(alike(1.0 / 3628800.0), e, r)
    e = plus_product(alike(1.0 / 362880.0), e, r)
    e = plus_product(alike(1.0 / 40320.0), e, r)
    e = plus_product(alike(1.0 / 5040.0), e, r)
    e = plus_product(alike(1.0 / 720.0), e, r)
    e = plus_product(alike(1.0 / 120.0), e, r)
    e = plus_product(alike(1.0 / 24.0), e, r)
    e = plus_product(alike(1.0 / 6.0), e, r)
    e = plus_product(alike(0.5), e, r)
    e = plus_product(alike(1.0), e, r)
    return plus_product(alike(1.0), e, r)


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
