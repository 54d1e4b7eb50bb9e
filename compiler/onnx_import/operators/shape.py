"""Reshape, Flatten, Squeeze, Unsqueeze, Transpose, Expand, Tile, depth and space."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from xdsl.ir import SSAValue

from qcc.compiler.onnx_import.known_data import (
    is_quantized_value,
    per_tensor,
    reshape,
    transpose,
)
from qcc.compiler.onnx_import.node import Node
from qcc.compiler.onnx_import.registry import onnx_op
from qcc.compiler.onnx_import.tensors import Tensor
from qcc.dialects import nn
from qcc.dialects.types import shape_of


def _reshaped(node: Node, shape: Sequence[int]) -> Tensor:
    """Input 0 in another shape; per-axis quantized values lose their scales."""
    tensor = node.tensor(0)
    if math.prod(node.shape(0)) != math.prod(shape):
        raise node.error(
            f"{list(node.shape(0))} cannot become {list(shape)}: another number of "
            "elements",
            "if the model has a fixed batch size of its own, export it with batch 1",
        )
    if isinstance(tensor, SSAValue) and is_quantized_value(tensor):
        tensor = per_tensor(node, tensor, node.is_unsigned(0))
    return reshape(node, tensor, shape)


@onnx_op("Reshape", since=5)
def reshape_node(node: Node) -> Tensor:
    """0 copies a size (unless allowzero), -1 takes what remains."""
    wanted = list(node.constant_integers(1, "target shape"))
    input = node.shape(0)
    if not node.integer("allowzero", 0):
        for axis, size in enumerate(wanted):
            if size == 0:
                if axis >= len(input):
                    raise node.error(
                        f"its shape {wanted} copies a size that is not there"
                    )
                wanted[axis] = input[axis]
    if wanted.count(-1) > 1 or min(wanted, default=1) < -1:
        raise node.error(f"its target shape is {wanted}")
    if -1 in wanted:
        rest = math.prod(size for size in wanted if size != -1)
        if rest == 0 or math.prod(input) % rest:
            raise node.error(f"{list(input)} cannot be reshaped to {wanted}")
        wanted[wanted.index(-1)] = math.prod(input) // rest
    return _reshaped(node, wanted)


@onnx_op("Flatten")
def flatten(node: Node) -> Tensor:
    """To a matrix: axes before `axis` and from it on."""
    shape = node.shape(0)
    axis = node.integer("axis", 1)
    if not -len(shape) <= axis <= len(shape):
        raise node.error(f"axis {axis} is out of range for {len(shape)} axes")
    axis = axis + len(shape) if axis < 0 else axis
    return _reshaped(node, (math.prod(shape[:axis]), math.prod(shape[axis:])))


def _squeezed(node: Node, axes: tuple[int, ...] | None) -> Tensor:
    shape = node.shape(0)
    if axes is None:
        axes = tuple(axis for axis, size in enumerate(shape) if size == 1)
    axes = node.normalized_axes(axes, len(shape))
    if any(shape[axis] != 1 for axis in axes):
        raise node.error(f"it squeezes axes {list(axes)} of {list(shape)}, not all 1")
    return _reshaped(node, [n for axis, n in enumerate(shape) if axis not in axes])


def _unsqueezed(node: Node, axes: tuple[int, ...]) -> Tensor:
    sizes = list(node.shape(0))
    rank = len(sizes) + len(axes)
    for axis in sorted(node.normalized_axes(axes, rank)):
        sizes.insert(axis, 1)
    return _reshaped(node, sizes)


@onnx_op("Squeeze", since=1, until=13)
def squeeze_attribute(node: Node) -> Tensor:
    """Axes as an attribute."""
    return _squeezed(node, node.integers("axes"))


@onnx_op("Squeeze", since=13)
def squeeze(node: Node) -> Tensor:
    """Axes as an optional input."""
    axes = node.constant_integers(1, "list of axes") if node.has(1) else None
    return _squeezed(node, axes)


@onnx_op("Unsqueeze", since=1, until=13)
def unsqueeze_attribute(node: Node) -> Tensor:
    """Axes as an attribute."""
    return _unsqueezed(node, node.integers("axes") or ())


@onnx_op("Unsqueeze", since=13)
def unsqueeze(node: Node) -> Tensor:
    """Axes as an input."""
    return _unsqueezed(node, node.constant_integers(1, "list of axes"))


@onnx_op("Transpose")
def transpose_node(node: Node) -> Tensor:
    """Reverses the axes unless `perm` is there."""
    rank = len(node.shape(0))
    permutation = node.integers("perm")
    if permutation is None:
        permutation = tuple(reversed(range(rank)))
    if sorted(permutation) != list(range(rank)):
        raise node.error(f"perm {list(permutation)} does not fit {rank} axes")
    return transpose(node, node.tensor(0), permutation)


@onnx_op("Expand")
def expand(node: Node) -> SSAValue:
    """numpy.broadcast_to, but a size of 1 in the shape keeps the input's."""
    shape = node.constant_integers(1, "target shape")
    value = per_tensor(node, node.movable(0), node.is_unsigned(0))
    return node.emit(
        nn.ExpandOp(value, np.broadcast_shapes(shape_of(value), tuple(shape)))
    )


@onnx_op("Tile", since=6)
def tile(node: Node) -> SSAValue:
    """Copies along axes: each axis becomes (repeats, size) and is broadcast."""
    repeats = node.constant_integers(1, "list of repeats")
    value = per_tensor(node, node.movable(0), node.is_unsigned(0))
    shape = shape_of(value)
    if len(repeats) != len(shape) or min(repeats, default=1) < 1:
        raise node.error(f"its repeats {list(repeats)} do not fit {list(shape)}")
    narrow = [n for size in shape for n in (1, size)]
    wide = [n for pair in zip(repeats, shape, strict=True) for n in pair]
    result = [count * size for count, size in zip(repeats, shape, strict=True)]
    split = node.emit(nn.ReshapeOp(value, narrow))
    return node.emit(nn.ReshapeOp(node.emit(nn.ExpandOp(split, wide)), result))


def _block(node: Node) -> tuple[SSAValue, int, tuple[int, ...]]:
    value = per_tensor(node, node.movable(0), node.is_unsigned(0))
    shape, size = shape_of(value), node.integer("blocksize")
    if len(shape) != 4 or size < 1:
        raise node.error(f"its input is {list(shape)} and its block size {size}")
    return value, size, shape


@onnx_op("DepthToSpace")
def depth_to_space(node: Node) -> SSAValue:
    """Blocks of channels become squares of pixels (mode DCR or CRD)."""
    value, size, (batch, channels, height, width) = _block(node)
    depth = channels // size**2
    if node.text("mode", "DCR") == "DCR":
        split = (batch, size, size, depth, height, width)
        permutation = (0, 3, 4, 1, 5, 2)
    else:
        split = (batch, depth, size, size, height, width)
        permutation = (0, 1, 4, 2, 5, 3)
    value = node.emit(nn.ReshapeOp(value, split))
    value = node.emit(nn.TransposeOp(value, permutation=permutation))
    return node.emit(nn.ReshapeOp(value, (batch, depth, height * size, width * size)))


@onnx_op("SpaceToDepth")
def space_to_depth(node: Node) -> SSAValue:
    """Squares of pixels become blocks of channels."""
    value, size, (batch, channels, height, width) = _block(node)
    split = (batch, channels, height // size, size, width // size, size)
    channel_first = node.text("mode", "DCR") == "CRD"
    permutation = (0, 1, 3, 5, 2, 4) if channel_first else (0, 3, 5, 1, 2, 4)
    value = node.emit(nn.ReshapeOp(value, split))
    value = node.emit(nn.TransposeOp(value, permutation=permutation))
    result = (batch, channels * size**2, height // size, width // size)
    return node.emit(nn.ReshapeOp(value, result))


@onnx_op("ConstantOfShape")
def constant_of_shape(node: Node) -> Tensor:
    """Only reached with a shape that is not known now."""
    node.constant(0, "shape")
    raise node.error("it cannot be evaluated")
