"""
The functions that expressions and conditions of `.rules` files may call.

A new one is a function here and its line in one of the three tables.
"""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from typing import Any

import numpy as np
from xdsl.dialects.builtin import f32
from xdsl.ir import SSAValue

from qcc.dialects import nn
from qcc.dialects.types import element_type_of, rank_of, shape_of, size_of
from qcc.passes.rules.bindings import Array, Value, as_python_number


def _last(x: SSAValue) -> int:
    return rank_of(x) - 1


def _shape(x: SSAValue) -> Value:
    return list(shape_of(x))


def _is_float(x: SSAValue) -> bool:
    return element_type_of(x) == f32


def _is_constant(x: SSAValue) -> bool:
    return isinstance(x.owner, nn.ConstantOp)


def _single_use(x: SSAValue) -> bool:
    return x.has_one_use()


def _same_shape(x: SSAValue, y: SSAValue) -> bool:
    return shape_of(x) == shape_of(y)


def _same_type(x: SSAValue, y: SSAValue) -> bool:
    return x.type == y.type


VALUE_FUNCTIONS: dict[str, Callable[..., Value]] = {
    "rank": rank_of,
    "last": _last,
    "shape": _shape,
    "size": size_of,
    "element_type": element_type_of,
    "is_float": _is_float,
    "constant": _is_constant,
    "single_use": _single_use,
    "same_shape": _same_shape,
    "same_type": _same_type,
}
"""Functions of values of the module."""


MATH_FUNCTIONS: dict[str, np.ufunc] = {
    "sqrt": np.sqrt,
    "exp": np.exp,
    "log": np.log,
    "abs": np.abs,
    "min": np.minimum,
    "max": np.maximum,
}
"""Functions of numbers, element by element."""


def _length(items: list[Value]) -> int:
    return len(items)


def _range(start: int, stop: int) -> Value:
    return list(range(start, stop))


def _slice(items: list[Value], start: int, stop: int) -> Value:
    return items[start:stop]


def _compose(first: list[int], second: list[int]) -> Value:
    """The permutation that is `first`, then `second`."""
    return [first[axis] for axis in second]


def _swap(count: int, axis: int) -> Value:
    """The permutation of `count` axes that exchanges `axis` and the last one."""
    permutation = list(range(count))
    permutation[axis], permutation[-1] = permutation[-1], permutation[axis]
    return permutation


def _all_equal(items: list[int], item: int) -> bool:
    return all(each == item for each in items)


def _without_leading_ones(shape: list[int]) -> list[int]:
    start = next((i for i, size in enumerate(shape) if size != 1), len(shape))
    return shape[start:]


def _equal_but_leading_ones(left: list[int], right: list[int]) -> bool:
    return _without_leading_ones(left) == _without_leading_ones(right)


def _power_of_two(value: Array | float) -> bool:
    mantissa = np.abs(np.frexp(np.asarray(value, np.float64))[0])
    return bool((mantissa == 0.5).all())


def _reshape(array: Array, shape: list[int]) -> Value:
    return np.reshape(array, shape)


def _transpose(array: Array, permutation: list[int]) -> Value:
    return np.transpose(array, permutation)


OTHER_FUNCTIONS: dict[str, Callable[..., Value]] = {
    "length": _length,
    "range": _range,
    "slice": _slice,
    "compose": _compose,
    "swap": _swap,
    "all_equal": _all_equal,
    "equal_but_leading_ones": _equal_but_leading_ones,
    "power_of_two": _power_of_two,
    "number": as_python_number,
    "reshape": _reshape,
    "transpose": _transpose,
}
"""Functions of lists and of the elements of constants."""


def function_arity(name: str) -> int | None:
    """How many arguments the function takes; None when there is no such function."""
    if name in MATH_FUNCTIONS:
        return MATH_FUNCTIONS[name].nin
    function: Callable[..., Any] | None = VALUE_FUNCTIONS.get(
        name, OTHER_FUNCTIONS.get(name)
    )
    return None if function is None else len(signature(function).parameters)
