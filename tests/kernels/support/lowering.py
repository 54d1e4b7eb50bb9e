"""Compiles a module of a few ops for a target and compares it with the reference."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from xdsl.dialects.builtin import ArrayAttr, ModuleOp, StringAttr
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue

from qcc.codegen.products import make_product
from qcc.codegen.targets import TARGETS, runs_here
from qcc.codegen.toolchain import find_compiler
from qcc.compiler.api import generate
from qcc.dialects import nn
from qcc.dialects.blob import element_type_of_dtype
from qcc.dialects.naming import name_values
from qcc.dialects.reference.interpreter import run
from qcc.dialects.types import tensor, tensor_type
from qcc.runtime.session import InferenceSession

Array = NDArray[np.generic]
Body = Callable[[Sequence[SSAValue]], Sequence[Operation]]


def constant(array: Array, element_type: Attribute | None = None) -> nn.ConstantOp:
    """A constant; its stored integers for a quantized element type."""
    return nn.ConstantOp(array, element_type)


def make_module(
    inputs: Sequence[tuple[tuple[int, ...], Attribute]], body: Body
) -> ModuleOp:
    """A module whose function returns the results of the last op of `body`."""
    block = Block(arg_types=[tensor(element, shape) for shape, element in inputs])
    ops = list(body(block.args))
    block.add_ops(ops)
    results = ops[-1].results
    block.add_op(ReturnOp(*results))
    types = ([tensor_type(a) for a in block.args], [r.type for r in results])
    func = FuncOp("model", types, Region([block]))
    for name, count in (("input", len(block.args)), ("output", len(results))):
        names = [StringAttr(f"{name}{i}") for i in range(count)]
        func.attributes[f"{name}_names"] = ArrayAttr(names)
    name_values(func)
    return ModuleOp([func])


def check_against_reference(
    module: ModuleOp, target_name: str, inputs: Sequence[Array]
) -> None:
    """Every output equals the reference in every bit; skips for a foreign target."""
    target = TARGETS[target_name]
    if not runs_here(target):
        pytest.skip(f"this processor cannot run {target_name}")
    expected = run(module, inputs)
    printed = generate(module.clone(), [target], "model")
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "model.so"
        for file, data in make_product(printed, path, find_compiler(target)).items():
            (Path(name) / file).write_bytes(data)
        session = InferenceSession(path)
        feed = {f"input{i}": array for i, array in enumerate(inputs)}
        actual = session.run(None, feed)
    for got, want in zip(actual, expected, strict=True):
        assert got.dtype == want.dtype
        np.testing.assert_array_equal(
            np.asarray(got).reshape(-1).view(np.uint8),
            np.ascontiguousarray(want).reshape(-1).view(np.uint8),
        )


__all__ = [
    "check_against_reference",
    "constant",
    "element_type_of_dtype",
    "make_module",
]
