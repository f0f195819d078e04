"""Registers of eight numbers against NumPy, and that they leave nothing to the compiler."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable

import numba
import numpy as np
import pytest
from kernels import from_python
from numba.core.errors import TypingError

import qualify.numerics
from qualify.numerics.registers import (
    LINE,
    SHIFT,
    SIZE,
    aligned,
    alike,
    eight,
    larger,
    magnitude,
    plus_product,
    power_of_two,
    put,
    smaller,
    sum_of,
)

(aligned,) = from_python(aligned)

ONE, OTHER = np.random.default_rng(0).normal(size=(2, 4, SIZE))


@numba.njit
def _added(x: np.ndarray, y: np.ndarray, out: np.ndarray) -> None:
    put(out, 0, eight(x, SIZE) + eight(y, 2 * SIZE))


@numba.njit
def _taken_away(x: np.ndarray, y: np.ndarray, out: np.ndarray) -> None:
    put(out, 0, eight(x, SIZE) - eight(y, 2 * SIZE))


@numba.njit
def _multiplied(x: np.ndarray, y: np.ndarray, out: np.ndarray) -> None:
    put(out, 0, eight(x, SIZE) * eight(y, 2 * SIZE))


@numba.njit
def _divided(x: np.ndarray, y: np.ndarray, out: np.ndarray) -> None:
    put(out, 0, eight(x, SIZE) / eight(y, 2 * SIZE))


@numba.njit
def _smaller(x: np.ndarray, y: np.ndarray, out: np.ndarray) -> None:
    put(out, 0, smaller(eight(x, SIZE), eight(y, 2 * SIZE)))


@numba.njit
def _larger(x: np.ndarray, y: np.ndarray, out: np.ndarray) -> None:
    put(out, 0, larger(eight(x, SIZE), eight(y, 2 * SIZE)))


@numba.njit
def _without_sign(x: np.ndarray, y: np.ndarray, out: np.ndarray) -> None:
    put(out, 0, magnitude(eight(x, SIZE)) + alike(0.0) * eight(y, 0))


@numba.njit
def _alike(x: np.ndarray, y: np.ndarray, out: np.ndarray) -> None:
    put(out, 0, alike(x[1, 3] + y[0, 0]))


@pytest.mark.parametrize(
    ("kernel", "expected"),
    [
        (_added, ONE[1] + OTHER[2]),
        (_taken_away, ONE[1] - OTHER[2]),
        (_multiplied, ONE[1] * OTHER[2]),
        (_divided, ONE[1] / OTHER[2]),
        (_smaller, np.minimum(ONE[1], OTHER[2])),
        (_larger, np.maximum(ONE[1], OTHER[2])),
        (_without_sign, np.abs(ONE[1])),
        (_alike, np.full(SIZE, ONE[1, 3] + OTHER[0, 0])),
    ],
)
def test_each_operation_is_numpys(kernel: Callable[..., None], expected: np.ndarray) -> None:
    out = np.full(2 * SIZE, 7.0)
    kernel(ONE, OTHER, out)
    np.testing.assert_array_equal(out[:SIZE], expected)
    np.testing.assert_array_equal(out[SIZE:], 7.0)  # nothing is written beyond


@numba.njit
def _power_of_two(x: np.ndarray, out: np.ndarray) -> None:
    put(out, 0, power_of_two(eight(x, 0) + alike(SHIFT)))


def test_powers_of_two_are_those_of_the_nearest_whole_number() -> None:
    out = np.empty(SIZE)
    for x in (
        np.array([0.0, -0.0, 1.0, -1.0, 52.0, -1022.0, 1023.0, 721.0]),
        np.array([0.4, -0.4, 0.6, -0.6, 0.5, 1.5, -0.5, -721.3]),  # halves go to even numbers
    ):
        _power_of_two(x, out)
        np.testing.assert_array_equal(out, 2.0 ** np.rint(x))


@numba.njit
def _sum(x: np.ndarray) -> float:
    return sum_of(eight(x, 0))


@numba.njit
def _dot(x: np.ndarray, y: np.ndarray) -> float:
    total = alike(0.0)
    for k in range(0, x.size, SIZE):
        total = plus_product(total, eight(x, k), eight(y, k))
    return sum_of(total)


def test_the_order_of_a_sum_is_as_written() -> None:
    """Numbers of very unlike size: any other order gives another sum."""
    rng = np.random.default_rng(1)
    for _ in range(200):
        x = rng.normal(size=SIZE) * 10.0 ** rng.integers(-12, 12, SIZE)
        assert _sum(x) == ((x[0] + x[4]) + (x[2] + x[6])) + ((x[1] + x[5]) + (x[3] + x[7]))


def test_products_add_up() -> None:
    assert _dot(ONE, OTHER) == pytest.approx((ONE * OTHER).sum(), rel=1e-13)


@pytest.mark.parametrize(
    ("values", "place"),
    [
        (np.zeros((8, 8))[:, 0], 0),  # not one beside the other
        (np.zeros(8, dtype=np.float32), 0),
        (np.zeros(8, dtype=np.int64), 0),
        (np.zeros(8), 0.0),
        (np.zeros(8), np.zeros(8)),
    ],
)
def test_what_would_be_read_wrongly_does_not_compile(values: np.ndarray, place: object) -> None:
    @numba.njit
    def read(values: np.ndarray, place: object) -> float:
        return sum_of(eight(values, place))

    @numba.njit
    def write(values: np.ndarray, place: object) -> None:
        put(values, place, alike(1.0))

    for kernel in (read, write):
        with pytest.raises(TypingError, match="contiguous array of floats"):
            kernel(values, place)


def test_what_may_only_be_read_is_not_written_into() -> None:
    @numba.njit
    def write(values: np.ndarray) -> None:
        put(values, 0, alike(1.0))

    values = np.zeros(8)
    values.flags.writeable = False
    with pytest.raises(TypingError, match="may only be read"):
        write(values)
    assert not values.any()


def test_where_one_of_two_is_no_number_the_second_is_taken() -> None:
    out, nothing = np.zeros(2 * SIZE), np.full_like(ONE, np.nan)
    for kernel in (_smaller, _larger):
        kernel(nothing, OTHER, out)
        np.testing.assert_array_equal(out[:SIZE], OTHER[2])
        kernel(ONE, nothing, out)
        assert np.isnan(out[:SIZE]).all()


@pytest.mark.parametrize("size", [1, 8, 13, 64, 1000, 100_000])
def test_room_begins_where_a_line_of_cache_does(size: int) -> None:
    for _ in range(5):
        room = aligned(size)
        assert room.size == size and room.flags.c_contiguous and room.ctypes.data % LINE == 0
        room[:] = 1.0  # all of it can be written


def test_no_kernel_may_add_in_another_order_than_written() -> None:
    """Else the last bits hang on what a kernel is compiled with, and on which process compiled it."""
    kernels = 0
    for module in pkgutil.iter_modules(qualify.numerics.__path__):
        for held in vars(importlib.import_module(f"qualify.numerics.{module.name}")).values():
            if isinstance(held, numba.core.dispatcher.Dispatcher):
                kernels += 1
                assert not held.targetoptions.get("fastmath"), held
    assert kernels > 100
