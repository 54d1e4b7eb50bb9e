"""Concat, Split, Slice, Pad: ops that cut and join."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from xdsl.ir import SSAValue

from qcc.compiler.onnx_import.known_data import per_tensor
from qcc.compiler.onnx_import.node import Node
from qcc.compiler.onnx_import.registry import onnx_op
from qcc.compiler.onnx_import.tensors import Tensor
from qcc.dialects import nn
from qcc.dialects.quant import UniformType
from qcc.dialects.types import element_type_of, is_quantized, shape_of, storage_dtype


@onnx_op("Concat", since=4)
def concat(node: Node) -> SSAValue:
    """Joins along an axis; differently quantized inputs are joined as integers."""
    indices = [
        index for index in range(len(node.proto.input)) if 0 not in node.shape(index)
    ]
    if not indices:
        raise node.error("all its inputs are empty")
    values = [node.movable(index) for index in indices]
    kinds = {element_type_of(value) for value in values}
    if len(kinds) > 1 or _has_axis(values[0]):
        values = [node.value(index) for index in indices]
    axis = node.normalized_axis(node.integer("axis"), len(shape_of(values[0])))
    return node.emit(nn.ConcatOp(values, axis=axis))


def _has_axis(value: SSAValue) -> bool:
    kind = element_type_of(value)
    return isinstance(kind, UniformType) and kind.axis is not None


def _part(
    node: Node,
    value: SSAValue,
    starts: Sequence[int],
    sizes: Sequence[int],
    steps: Sequence[int] | None = None,
) -> Tensor:
    """A slice; one without elements is a constant, which Concat leaves out."""
    if 0 in sizes:
        return np.zeros(tuple(sizes), storage_dtype(element_type_of(value)))
    return node.emit(nn.SliceOp(value, starts=starts, sizes=sizes, steps=steps))


def _split(node: Node, sizes: Sequence[int] | None) -> list[Tensor]:
    value = per_tensor(node, node.movable(0), node.is_unsigned(0))
    shape = shape_of(value)
    axis = node.normalized_axis(node.integer("axis", 0), len(shape))
    count = len(node.proto.output)
    if sizes is None:
        # All parts are of equal size, except perhaps for a smaller last one.
        part = math.ceil(shape[axis] / count)
        sizes = [part] * (count - 1) + [shape[axis] - part * (count - 1)]
    if len(sizes) != count or sum(sizes) != shape[axis] or min(sizes) < 0:
        raise node.error(f"its parts {list(sizes)} do not fit the size {shape[axis]}")
    results: list[Tensor] = []
    start = 0
    for size in sizes:
        starts, part_shape = [0] * len(shape), list(shape)
        starts[axis], part_shape[axis] = start, size
        results.append(_part(node, value, starts, part_shape))
        start += size
    return results


@onnx_op("Split", since=2, until=13)
def split_attribute(node: Node) -> list[Tensor]:
    """Sizes of the parts as an attribute."""
    return _split(node, node.integers("split"))


@onnx_op("Split", since=13)
def split(node: Node) -> list[Tensor]:
    """Sizes of the parts as an optional input."""
    return _split(node, node.constant_integers(1, "split") if node.has(1) else None)


def _sliced(
    node: Node,
    starts: Sequence[int],
    ends: Sequence[int],
    axes: Sequence[int] | None,
    steps: Sequence[int] | None,
) -> Tensor:
    """numpy's slicing: ranges are clamped, negative indices count from the end."""
    value = per_tensor(node, node.movable(0), node.is_unsigned(0))
    shape = shape_of(value)
    axes = node.normalized_axes(
        range(len(starts)) if axes is None else axes, len(shape)
    )
    steps = [1] * len(starts) if steps is None else steps
    if not len(starts) == len(ends) == len(axes) == len(steps) or 0 in steps:
        raise node.error("its starts, ends, axes and steps do not fit each other")
    first, count, step = [0] * len(shape), list(shape), [1] * len(shape)
    for start, end, axis, each in zip(starts, ends, axes, steps, strict=True):
        indices = range(*slice(start, _end(end, each), each).indices(shape[axis]))
        first[axis] = indices[0] if indices else 0
        count[axis], step[axis] = len(indices), each
    return _part(node, value, first, count, step)


def _end(end: int, step: int) -> int | None:
    # The least integers mean "before the first element" for negative steps.
    return None if step < 0 and end <= -(2**31) + 1 else end


@onnx_op("Slice", since=1, until=10)
def slice_attributes(node: Node) -> Tensor:
    """Ranges as attributes."""
    starts, ends = node.integers("starts"), node.integers("ends")
    if starts is None or ends is None:
        raise node.error("its attributes starts or ends are missing")
    return _sliced(node, starts, ends, node.integers("axes"), None)


@onnx_op("Slice", since=10)
def slice_inputs(node: Node) -> Tensor:
    """Ranges as inputs."""
    return _sliced(
        node,
        node.constant_integers(1, "list of starts"),
        node.constant_integers(2, "list of ends"),
        node.constant_integers(3, "list of axes") if node.has(3) else None,
        node.constant_integers(4, "list of steps") if node.has(4) else None,
    )


def _padded(
    node: Node, pads: Sequence[int], value: float, axes: Sequence[int]
) -> Tensor:
    """Positive amounts by nn.pad, after negative ones by nn.slice."""
    operand = per_tensor(node, node.movable(0), node.is_unsigned(0))
    shape = shape_of(operand)
    if len(pads) != 2 * len(axes):
        raise node.error(f"its pads {list(pads)} do not fit {len(axes)} axes")
    before, after = [0] * len(shape), [0] * len(shape)
    for position, axis in enumerate(node.normalized_axes(axes, len(shape))):
        before[axis], after[axis] = pads[position], pads[position + len(axes)]
    mode = node.text("mode", "constant")
    if mode not in ("constant", "reflect", "edge"):
        raise node.error(f"its mode is {mode!r}")
    if min(before, default=0) < 0 or min(after, default=0) < 0:
        starts = [max(-amount, 0) for amount in before]
        sizes = [
            size - start - max(-amount, 0)
            for size, start, amount in zip(shape, starts, after, strict=True)
        ]
        if min(sizes) < 1:
            raise node.error(f"it takes away all of {list(shape)}")
        operand = node.as_value(_part(node, operand, starts, sizes))
    before = [max(amount, 0) for amount in before]
    after = [max(amount, 0) for amount in after]
    if not any(before) and not any(after):
        return operand
    return node.emit(
        nn.PadOp(operand, before=before, after=after, mode=mode, value=value)
    )


@onnx_op("Pad", since=2, until=11)
def pad_attributes(node: Node) -> Tensor:
    """Amounts and value as attributes."""
    axes = range(len(node.shape(0)))
    return _padded(node, node.integers("pads") or (), node.real("value", 0.0), axes)


@onnx_op("Pad", since=11)
def pad(node: Node) -> Tensor:
    """Amounts, value and (since 18) axes as inputs."""
    rank = len(node.shape(0))
    value = 0.0
    if node.has(2) and node.constant(2, "padding value").size:
        value = node.constant_scalar(2, "padding value")
    if is_quantized(element_type_of(node.movable(0))):
        value = _real_value(node, value)
    axes = node.constant_integers(3, "list of axes") if node.has(3) else range(rank)
    return _padded(node, node.constant_integers(1, "pads"), value, axes)


def _real_value(node: Node, stored: float) -> float:
    """What the padding integer of a quantized tensor means."""
    kind = element_type_of(node.movable(0))
    if not isinstance(kind, UniformType) or kind.axis is not None:
        return stored
    if node.is_unsigned(0):
        stored -= 128
    return float(np.float32(stored - kind.zero_point) * np.float32(kind.scale))
