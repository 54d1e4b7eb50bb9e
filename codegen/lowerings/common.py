"""What several lowerings ask of values and ops."""

from __future__ import annotations

from math import prod

import numpy as np
from xdsl.ir import Operation, SSAValue

from qcc.codegen.strides import broadcast_strides, six_axes
from qcc.dialects.errors import QccError
from qcc.dialects.naming import node_name
from qcc.dialects.quant.types import UniformType
from qcc.dialects.types import element_type_of, shape_of, size_of, storage_dtype

_SUFFIXES = {
    np.dtype(np.int8): "s8",
    np.dtype(np.uint8): "u8",
    np.dtype(np.bool_): "u8",
    np.dtype(np.int32): "s32",
    np.dtype(np.int64): "s64",
    np.dtype(np.float32): "f32",
}


def type_suffix(op: Operation, value: SSAValue) -> str:
    """The element type of `value` as kernels spell it. QccError if none takes it."""
    element = element_type_of(value)
    try:
        return _SUFFIXES[storage_dtype(element)]
    except KeyError:
        raise unsupported(op, f"no kernel takes elements of type {element}") from None


def element_bytes(value: SSAValue) -> int:
    """Size of one element of `value`."""
    return storage_dtype(element_type_of(value)).itemsize


def unsupported(op: Operation, why: str) -> QccError:
    """The error for a form of `op` that has no kernel."""
    return QccError(
        f"cannot generate code for {op.name}",
        node=node_name(op),
        op=op.name,
        why=why,
        remedy="cut the graph before it with --outputs",
    )


def uniform(value: SSAValue) -> UniformType:
    """The quantized element type of `value`."""
    element = element_type_of(value)
    assert isinstance(element, UniformType), f"expected quantized, got {element}"
    return element


def scale_and_zero_point(value: SSAValue) -> tuple[float, int]:
    """Of a value that is quantized per tensor."""
    kind = uniform(value)
    assert kind.axis is None, "activations are quantized per tensor"
    return kind.scales[0], kind.zero_points[0]


def outer_axis_inner(value: SSAValue, axis: int) -> tuple[int, int, int]:
    """How many elements lie before, along and behind an axis."""
    shape = shape_of(value)
    return prod(shape[:axis]), shape[axis], prod(shape[axis + 1 :])


def length(value: SSAValue) -> dict[str, int]:
    """The argument `length`: how many elements `value` has."""
    return {"length": size_of(value)}


def broadcast_arguments(result: SSAValue, **operands: SSAValue) -> dict[str, list[int]]:
    """`dims`, and `<name>_strides` of each operand walked in the result's order."""
    shape = shape_of(result)
    # The result takes part, so that only what is contiguous there is merged.
    dims, strides = six_axes(
        shape, *(broadcast_strides(shape_of(v), shape) for v in operands.values())
    )
    named = zip(operands, strides, strict=True)
    return {"dims": dims} | {f"{name}_strides": own for name, own in named}
