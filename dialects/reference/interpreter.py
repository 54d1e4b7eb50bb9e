"""Runs a function of `nn` and `quant` ops on numpy arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from xdsl.dialects.builtin import ModuleOp
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.ir import SSAValue

from qcc.dialects.errors import QccError
from qcc.dialects.naming import model_function, tensor_name
from qcc.dialects.reference.registry import evaluate, operand_values
from qcc.dialects.types import Array, element_type_of, shape_of, storage_dtype

Observer = Callable[[SSAValue, Array], None]


def run(
    module: FuncOp | ModuleOp,
    inputs: Sequence[Array],
    observe: Observer | None = None,
) -> list[Array]:
    """
    The results of a function, or of the one function of a module.

    `inputs` have the shapes of the arguments; quantized ones are stored integers.
    `observe` is called with every argument and every result as soon as it is known.
    A value is freed after its last use. Raises QccError when an input does not fit or
    an op has no reference function.
    """
    func = model_function(module)
    values = _arguments(func, inputs)
    for value, array in values.items():
        if observe is not None:
            observe(value, array)
    last_use = _last_uses(func)
    for index, op in enumerate(func.body.block.ops):
        if isinstance(op, ReturnOp):
            return [values[operand] for operand in op.operands]
        arrays = [None if v is None else values[v] for v in operand_values(op)]
        for value, array in zip(op.results, evaluate(op, arrays), strict=True):
            values[value] = array
            if observe is not None:
                observe(value, array)
        del arrays
        for value in {*op.operands, *op.results}:
            if last_use.get(value, -1) <= index:
                del values[value]
    raise AssertionError(f"function {func.sym_name.data} has no return")


def _arguments(func: FuncOp, inputs: Sequence[Array]) -> dict[SSAValue, Array]:
    """The values of a function's arguments, which must fit their types."""
    if len(inputs) != len(func.args):
        raise QccError(
            f"the model takes {len(func.args)} inputs, {len(inputs)} were given"
        )
    values: dict[SSAValue, Array] = {}
    for value, array in zip(func.args, inputs, strict=True):
        dtype = storage_dtype(element_type_of(value))
        if array.dtype != dtype or array.shape != shape_of(value):
            raise QccError(
                "an input does not fit the model",
                tensor=tensor_name(value) or f"argument {value.index}",
                why=f"expected {dtype}{list(shape_of(value))}, "
                f"got {array.dtype}{list(array.shape)}",
            )
        values[value] = np.asarray(array)
    return values


def _last_uses(func: FuncOp) -> dict[SSAValue, int]:
    """For every value that is used, the index of the last op that uses it."""
    return {
        operand: index
        for index, op in enumerate(func.body.block.ops)
        for operand in op.operands
    }
