"""Eight numbers at a time in a vector register, so that sums are quick and their order is written down.

A compiler puts a loop of sums into registers by itself only where it may add in any order, and the order that
it takes then hangs on where the loop stands: a process that compiles a kernel and one that finds it compiled
would differ in the last bits. Here there are eight partial sums, put together in pairs, wherever they stand.

Every operation below is run while a kernel is compiled: it returns the types that come in and go out, and the
function that writes the machine's instructions. None of them exists where NUMBA_DISABLE_JIT is set.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, cast

import numpy as np
from llvmlite import ir
from numba import types
from numba.core.errors import TypingError
from numba.extending import intrinsic, lower_builtin, models, register_model, type_callable
from numpy.typing import NDArray

from qualify.numerics.compiled import compiled_inline

Vector = NDArray[np.float64]

SIZE = 8
# Numbers that begin at such an address are fetched in half the time of others: they lie in one line of cache.
LINE = 64
# Added to a number, it rounds it to a whole one, which stays until it is taken off again.
SHIFT = 1.5 * 2.0**52


class _EightType(types.Type):
    """Type of a register, for numba."""


_EIGHT = _EightType("eight")
_REGISTER = ir.VectorType(ir.DoubleType(), SIZE)


@register_model(_EightType)
class _EightModel(models.PrimitiveModel):
    """How numba holds a register: as LLVM's own vector."""

    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, _REGISTER)


def _operator(sign: Any, build: str) -> None:
    """Let numba know what an operator does to two registers."""

    def type_of_result(_context: Any) -> Callable[[Any, Any], Any]:
        return lambda left, right: _EIGHT if left == _EIGHT == right else None

    def lower(_context: Any, builder: Any, _signature: Any, given: Any) -> Any:
        return getattr(builder, build)(*given)

    type_callable(sign)(type_of_result)
    lower_builtin(sign, _EIGHT, _EIGHT)(lower)


_operator(operator.add, "fadd")
_operator(operator.sub, "fsub")
_operator(operator.mul, "fmul")
_operator(operator.truediv, "fdiv")


def _from_llvm(name: str, arguments: int) -> Callable[..., Any]:
    """Return how numba is to call a function that LLVM has for registers."""
    kind, known_as = ir.FunctionType(_REGISTER, [_REGISTER] * arguments), f"llvm.{name}.v{SIZE}f64"

    def generate(_context: Any, builder: Any, _signature: Any, given: Any) -> Any:
        known = builder.module.globals.get(known_as)
        return builder.call(known or ir.Function(builder.module, kind, known_as), given)

    return generate


def _one_of_two(comparison: str) -> Callable[..., Any]:
    """Return how numba is to take the first of two numbers where the comparison holds, else the second."""

    def generate(_context: Any, builder: Any, _signature: Any, given: Any) -> Any:
        return builder.select(builder.fcmp_ordered(comparison, *given), *given)

    return generate


def _check(values: Any, first: Any) -> None:
    """Refuse, while a kernel is compiled, what would be read as if it were something else."""
    rows = isinstance(values, types.Array) and values.layout == "C" and values.dtype == types.float64
    if not (rows and isinstance(first, types.Integer)):
        raise TypingError("a register takes numbers of a contiguous array of floats from a whole number on")


def _place(context: Any, builder: Any, array_type: Any, array: Any, first: Any) -> Any:
    """Point at a number of an array as if a register began there."""
    start = context.make_array(array_type)(context, builder, array).data
    return builder.bitcast(builder.gep(start, [first]), _REGISTER.as_pointer())


def _operation(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let kernels call what is written in the compiler's own terms; what comes out has no type elsewhere."""
    return cast(Callable[..., Any], intrinsic(function))


@_operation
def eight(_context: Any, values: Any, first: Any) -> Any:
    """Take eight numbers of an array from the place `first` on, counted as they lie in memory, unchecked."""
    _check(values, first)

    def generate(context: Any, builder: Any, sig: Any, given: Any) -> Any:
        return builder.load(_place(context, builder, sig.args[0], *given), align=SIZE)

    return _EIGHT(values, types.intp), generate


@_operation
def put(_context: Any, values: Any, first: Any, register: Any) -> Any:
    """Set eight numbers of an array from the place `first` on, counted as they lie in memory, unchecked."""
    _check(values, first)
    if not values.mutable:
        raise TypingError("a register cannot be put into an array that may only be read")

    def generate(context: Any, builder: Any, sig: Any, given: Any) -> Any:
        array, place, held = given
        builder.store(held, _place(context, builder, sig.args[0], array, place), align=SIZE)
        return context.get_dummy_value()

    return types.void(values, types.intp, register), generate


@_operation
def alike(_context: Any, number: Any) -> Any:
    """Eight times the same number."""

    def generate(_context: Any, builder: Any, _sig: Any, given: Any) -> Any:
        one = builder.insert_element(ir.Constant(_REGISTER, ir.Undefined), given[0], _index(0))
        return builder.shuffle_vector(one, one, ir.Constant(ir.VectorType(ir.IntType(32), SIZE), None))

    return _EIGHT(types.float64), generate


@_operation
def plus_product(_context: Any, total: Any, left: Any, right: Any) -> Any:
    """Eight times ``total + left * right``, rounded once where the machine can.

    Never of three constants: the compiler would round once also for a machine that rounds twice.
    """
    fused = _from_llvm("fmuladd", 3)

    def generate(context: Any, builder: Any, sig: Any, given: Any) -> Any:
        return fused(context, builder, sig, [given[1], given[2], given[0]])

    return _EIGHT(total, left, right), generate


@_operation
def magnitude(_context: Any, register: Any) -> Any:
    """Eight absolute values."""
    return _EIGHT(register), _from_llvm("fabs", 1)


@_operation
def smaller(_context: Any, left: Any, right: Any) -> Any:
    """Take the smaller of two numbers, the second where one is no number, eight times."""
    return _EIGHT(left, right), _one_of_two("<")


@_operation
def larger(_context: Any, left: Any, right: Any) -> Any:
    """Take the larger of two numbers, the second where one is no number, eight times."""
    return _EIGHT(left, right), _one_of_two(">")


@_operation
def power_of_two(_context: Any, shifted: Any) -> Any:
    """Two to whole numbers (from −1022 to 1023), to each of which `SHIFT` has been added, eight times.

    In that sum a whole number stands in the last bits, from where it is moved to those of an exponent.
    """

    def generate(_context: Any, builder: Any, _sig: Any, given: Any) -> Any:
        whole = ir.VectorType(ir.IntType(64), SIZE)
        moved, zero = (ir.Constant(whole, [number] * SIZE) for number in (52, 1023 << 52))
        bits = builder.add(builder.shl(builder.bitcast(given[0], whole), moved), zero)
        return builder.bitcast(bits, _REGISTER)

    return _EIGHT(shifted), generate


@_operation
def sum_of(_context: Any, register: Any) -> Any:
    """Sum of the eight, halves first: ``((0 + 4) + (2 + 6)) + ((1 + 5) + (3 + 7))``."""

    def generate(_context: Any, builder: Any, _sig: Any, given: Any) -> Any:
        held, size = given[0], SIZE
        while size > 1:
            size //= 2
            halves = (_indices(range(first, first + size)) for first in (0, size))
            held = builder.fadd(*(builder.shuffle_vector(held, held, half) for half in halves))
        return builder.extract_element(held, _index(0))

    return types.float64(register), generate


def _index(number: int) -> Any:
    return ir.Constant(ir.IntType(32), number)


def _indices(numbers: range) -> Any:
    return ir.Constant(ir.VectorType(ir.IntType(32), len(numbers)), list(numbers))


@compiled_inline
def whole_registers(size: int) -> int:
    """Round up to as many numbers as fill registers."""
    return (size + SIZE - 1) // SIZE * SIZE


def aligned_by_numpy(size: int) -> Vector:
    """Room for so many numbers that begins where a line of cache does."""
    numbers = np.empty(size + LINE // 8)
    ahead = -numbers.ctypes.data % LINE // 8
    return numbers[ahead : ahead + size]


# The same for kernels. Room for very many is had sooner from NumPy itself, which asks for large pages.
aligned = compiled_inline(aligned_by_numpy)
