"""
One numpy function per op: its definition.

`@reference(nn.AddOp)` registers `def add(op, lhs, rhs)`. A function gets the op and one
array per operand, in order, and returns the array of the result, or a tuple of them. A
missing optional operand arrives as None. Quantized values are their stored integers.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, TypeAlias, TypeVar, cast

import numpy as np
from xdsl.ir import Operation, SSAValue
from xdsl.irdl import IRDLOperation

from qcc.dialects.errors import QccError
from qcc.dialects.naming import node_name, tensor_name
from qcc.dialects.types import Array, shape_of, storage_dtype, tensor_type

ReferenceFunction: TypeAlias = Callable[..., Any]
Function = TypeVar("Function", bound=ReferenceFunction)

_FUNCTIONS: dict[type[Operation], ReferenceFunction] = {}


def reference(op_class: type[Operation]) -> Callable[[Function], Function]:
    """Registers a function as the definition of `op_class`."""

    def register(function: Function) -> Function:
        assert op_class not in _FUNCTIONS, f"{op_class.name} is defined twice"
        _FUNCTIONS[op_class] = function
        return function

    return register


@cache
def _load_functions() -> None:
    """Imports every `nn_*` and `quant_*` file of this folder."""
    package = importlib.import_module("qcc.dialects.reference")
    for module in pkgutil.iter_modules(package.__path__):
        if module.name.startswith(("nn_", "quant_")):
            importlib.import_module(f"{package.__name__}.{module.name}")


def reference_function(op: type[Operation]) -> ReferenceFunction | None:
    """The function that defines an op, if there is one."""
    _load_functions()
    return _FUNCTIONS.get(op)


def operand_values(op: Operation) -> list[SSAValue | None]:
    """The operands of `op`, with None for each missing optional one."""
    if not isinstance(op, IRDLOperation):
        return list(op.operands)
    values: list[SSAValue | None] = []
    for name, _ in op.get_irdl_definition().operands:
        operand = cast("SSAValue | Sequence[SSAValue] | None", getattr(op, name))
        if operand is None or isinstance(operand, SSAValue):
            values.append(operand)
        else:
            values.extend(operand)
    return values


def evaluate(op: Operation, arrays: Sequence[Array | None]) -> tuple[Array, ...]:
    """
    The results of `op` for arrays of its operands, as `operand_values` orders them.

    Raises QccError when the op has no reference function.
    """
    function = reference_function(type(op))
    if function is None:
        raise QccError(
            f"{op.name} cannot be interpreted",
            node=node_name(op),
            op=op.name,
            tensor=tensor_name(op.results[0]) if op.results else None,
            why="it has no reference function",
            remedy="add one in dialects/reference/",
        )
    with np.errstate(all="ignore"):
        returned = cast("Array | tuple[Array, ...]", function(op, *arrays))
    several = returned if isinstance(returned, tuple) else (returned,)
    # numpy makes scalars of arrays of rank 0.
    results = tuple(np.asarray(array) for array in several)
    assert len(results) == len(op.results), f"{op.name}: {len(results)} results"
    for value, array in zip(op.results, results, strict=True):
        expected = storage_dtype(tensor_type(value).element_type)
        actual = (array.dtype, array.shape)
        assert actual == (expected, shape_of(value)), (
            f"{op.name} gave {array.dtype}{list(array.shape)} for {value.type}"
        )
    return results
