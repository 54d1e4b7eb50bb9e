"""Small modules for tests, from a function that makes the results from the inputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import ArrayAttr, ModuleOp, StringAttr
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.ir import Block, Operation, Region, SSAValue

from qcc.dialects import nn
from qcc.dialects.blob import element_type_of_dtype
from qcc.dialects.types import tensor

Array = NDArray[Any]


def normal(*shape: int, seed: int = 0) -> Array:
    """Normally distributed float32 values."""
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def constant(*shape: int, seed: int = 1) -> nn.ConstantOp:
    """A constant of normally distributed float32 values."""
    return nn.ConstantOp(normal(*shape, seed=seed))


def argument(array: Array) -> SSAValue:
    """A block argument of the type of `array`."""
    kind = tensor(element_type_of_dtype(array.dtype), array.shape)
    return Block(arg_types=[kind]).args[0]


def module_of(
    build: Callable[..., Sequence[SSAValue]],
    inputs: dict[str, Array],
    outputs: Sequence[str] = ("y",),
) -> ModuleOp:
    """The verified module whose results `build` makes from the arguments."""
    types = [
        tensor(element_type_of_dtype(array.dtype), array.shape)
        for array in inputs.values()
    ]
    block = Block(arg_types=types)
    results = build(*block.args)
    ops: dict[Operation, None] = {}

    def visit(value: SSAValue) -> None:
        """Collects the ops behind `value`, operands first."""
        op = value.owner
        if isinstance(op, Operation) and op not in ops:
            for operand in op.operands:
                visit(operand)
            ops[op] = None

    for result in results:
        visit(result)
    block.add_ops([*ops, ReturnOp(*results)])
    func = FuncOp("model", (types, [r.type for r in results]), Region(block))
    func.attributes["input_names"] = ArrayAttr([StringAttr(name) for name in inputs])
    func.attributes["output_names"] = ArrayAttr([StringAttr(name) for name in outputs])
    module = ModuleOp([func])
    module.verify()
    return module
