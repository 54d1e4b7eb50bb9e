"""The description that a library carries for loaders: names, shapes, types, steps."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
from xdsl.dialects.builtin import (
    ArrayAttr,
    DenseArrayBase,
    FunctionType,
    IntegerAttr,
    IntegerType,
    NoneAttr,
    StringAttr,
    TensorType,
)
from xdsl.dialects.func import FuncOp
from xdsl.ir import Attribute, SSAValue

from qcc.codegen.to_channels_last import PERMUTATION
from qcc.dialects import kernel, nn, quant
from qcc.dialects.quant.types import UniformType
from qcc.dialects.types import element_type_of, ints, storage_dtype

VERSION = 1

REAL_TYPES = "real_types"
"""The attribute of a run function with `real_types` of its model."""


def port(name: str, type_: Attribute) -> dict[str, Any]:
    """What the description says of an input, an output or a tensor."""
    assert isinstance(type_, TensorType)
    kind = cast("TensorType[Attribute]", type_)
    element = kind.element_type
    entry: dict[str, Any] = {
        "name": name,
        "type": storage_dtype(element).name,
        "shape": list(kind.get_shape()),
    }
    if isinstance(element, UniformType) and element.axis is None:
        entry["scale"] = float(element.scales[0])
        entry["zero_point"] = int(element.zero_points[0])
    return entry


def short(about: dict[str, Any]) -> dict[str, Any]:
    """
    What the library stores: each name of a kernel once, in `kernels`.

    A step becomes a list: the kernel's index, the node, and the multiply-accumulates
    where it has any. `qcc.runtime.session` undoes it.
    """
    if "variants" in about:
        about = about | {"variants": [short(variant) for variant in about["variants"]]}
    kernels = sorted({step["kernel"] for step in about["steps"]})
    number = {kernel: index for index, kernel in enumerate(kernels)}
    steps = [
        [
            number[step["kernel"]],
            step["node"],
            *([step["macs"]] if "macs" in step else []),
        ]
        for step in about["steps"]
    ]
    return about | {"kernels": kernels, "steps": steps}


def tensors(function: FuncOp) -> list[dict[str, Any]]:
    """Where every named tensor lies in the arena (valid when none share bytes)."""
    table: list[dict[str, Any]] = []
    for op in function.body.block.ops:
        if not isinstance(op, kernel.AllocateOp) or op.type is None:
            continue
        name = op.attributes.get("tensor")
        if isinstance(name, StringAttr) and op.offset is not None:
            entry = {**port(name.data, op.type), "offset": op.offset.value.data}
            moved = op.attributes.get(PERMUTATION)
            if isinstance(moved, DenseArrayBase):
                entry["permutation"] = list(
                    ints(cast("DenseArrayBase[IntegerType]", moved))
                )
            table.append(entry)
    return table


def real_types(model: FuncOp) -> ArrayAttr[Attribute]:
    """
    What the integers of inputs, then outputs, stand for, where the model says it.

    One uniform type (or none) each: that of the `quant.scast` behind an input or before
    an output.
    """
    terminator = model.body.block.last_op
    assert terminator is not None
    types = [_type_behind(argument) for argument in model.args]
    types += [_type_before(value) for value in terminator.operands]
    return ArrayAttr([NoneAttr() if each is None else each for each in types])


_MOVES = (nn.TransposeOp, nn.ReshapeOp)


def _type_behind(value: SSAValue) -> UniformType | None:
    users = [use.operation for use in value.uses]
    if len(users) != 1:
        return None
    if isinstance(users[0], _MOVES):
        return _type_behind(users[0].result)
    if not isinstance(users[0], quant.StorageCastOp):
        return None
    return _uniform(users[0].results[0])


def _type_before(value: SSAValue) -> UniformType | None:
    if isinstance(value.owner, _MOVES):
        return _type_before(value.owner.input)
    if not isinstance(value.owner, quant.StorageCastOp):
        return None
    return _uniform(value.owner.input)


def _uniform(value: SSAValue) -> UniformType | None:
    element = element_type_of(value)
    return element if isinstance(element, UniformType) else None


def _names(function: FuncOp, key: str) -> list[str]:
    names = function.attributes[key]
    assert isinstance(names, ArrayAttr)
    elements = cast("ArrayAttr[StringAttr]", names)
    return [name.data for name in elements]


def ports(function: FuncOp) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The inputs and the outputs of a run function."""
    kind, reals = function.attributes["argument_types"], function.attributes[REAL_TYPES]
    assert isinstance(kind, FunctionType)
    assert isinstance(reals, ArrayAttr)
    names = [*_names(function, "input_names"), *_names(function, "output_names")]
    types = [*kind.inputs, *kind.outputs]
    entries = [
        port(name, type_) | _meaning(type_, real)
        for name, type_, real in zip(
            names, types, cast("ArrayAttr[Attribute]", reals), strict=True
        )
    ]
    return entries[: len(kind.inputs)], entries[len(kind.inputs) :]


def _meaning(type_: Attribute, real: Attribute) -> dict[str, Any]:
    """Scale and zero point of plain integers."""
    if not isinstance(real, UniformType) or real.axis is not None:
        return {}
    assert isinstance(type_, TensorType)
    stored = storage_dtype(cast("TensorType[Attribute]", type_).element_type)
    shift = 128 if stored == np.uint8 else 0
    return {
        "scale": float(real.scales[0]),
        "zero_point": int(real.zero_points[0]) + shift,
    }


def integer(function: FuncOp, key: str) -> int:
    """An integer attribute of a run function."""
    attribute = function.attributes[key]
    assert isinstance(attribute, IntegerAttr)
    return attribute.value.data
