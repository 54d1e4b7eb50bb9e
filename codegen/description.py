"""The description that a library carries for loaders: names, shapes, types, steps."""

from __future__ import annotations

from typing import Any, cast

from xdsl.dialects.builtin import (
    ArrayAttr,
    DenseArrayBase,
    FunctionType,
    IntegerAttr,
    IntegerType,
    StringAttr,
    TensorType,
)
from xdsl.dialects.func import FuncOp
from xdsl.ir import Attribute

from qcc.codegen.to_channels_last import PERMUTATION
from qcc.dialects import kernel
from qcc.dialects.quant.types import UniformType
from qcc.dialects.types import ints, storage_dtype

VERSION = 1


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


def _names(function: FuncOp, key: str) -> list[str]:
    names = function.attributes[key]
    assert isinstance(names, ArrayAttr)
    elements = cast("ArrayAttr[StringAttr]", names)
    return [name.data for name in elements]


def ports(function: FuncOp) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The inputs and the outputs of a run function."""
    kind = function.attributes["argument_types"]
    assert isinstance(kind, FunctionType)
    sides = ("input_names", kind.inputs), ("output_names", kind.outputs)
    inputs, outputs = (
        [port(*pair) for pair in zip(_names(function, key), types, strict=True)]
        for key, types in sides
    )
    return inputs, outputs


def integer(function: FuncOp, key: str) -> int:
    """An integer attribute of a run function."""
    attribute = function.attributes[key]
    assert isinstance(attribute, IntegerAttr)
    return attribute.value.data
