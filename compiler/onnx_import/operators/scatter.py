"""
ScatterND and ScatterElements at constant positions.

`x[..., a:b] = y` is exported so. A block of positions becomes a concatenation of slices
of x with y; other positions a choice between x and gathered updates.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from xdsl.ir import SSAValue

from qcc.compiler.onnx_import.known_data import per_tensor
from qcc.compiler.onnx_import.node import Node
from qcc.compiler.onnx_import.registry import onnx_op
from qcc.dialects import nn
from qcc.dialects.types import element_type_of, shape_of

Indices = NDArray[np.int64]


def _indices(node: Node) -> Indices:
    if node.text("reduction", "none") != "none":
        raise node.error(f"its reduction is {node.text('reduction', 'none')}, not none")
    return node.constant(1, "tensor of indices").astype(np.int64)


def _flat(indices: tuple[Indices, ...], shape: tuple[int, ...]) -> Indices:
    """Positions in flat order, from an array of indices per axis."""
    return np.asarray(np.ravel_multi_index(indices, shape), np.int64)


def _checked(node: Node, indices: Indices, limits: NDArray[np.int64]) -> Indices:
    """Indices counted from the start, each along an axis of size `limits`."""
    if np.any(indices < -limits) or np.any(indices >= limits):
        raise node.error(f"an index is out of range for {list(node.shape(0))}")
    return np.where(indices < 0, indices + limits, indices)


@onnx_op("ScatterND", since=11)
def scatter_nd(node: Node) -> SSAValue:
    """Slices of the updates overwrite slices of the data; of equal indices the last."""
    shape, indices = node.shape(0), _indices(node)
    depth = indices.shape[-1] if indices.ndim else 0
    if not 0 < depth <= len(shape):
        raise node.error(f"its indices {list(indices.shape)} do not fit {list(shape)}")
    if node.shape(2) != (*indices.shape[:-1], *shape[depth:]):
        raise node.error(f"its updates {list(node.shape(2))} do not fit its indices")
    indices = _checked(node, indices, np.array(shape[:depth], np.int64))
    rows = _flat(tuple(np.moveaxis(indices, -1, 0)), shape[:depth])
    inner = math.prod(shape[depth:])
    return _scatter(node, rows.reshape(-1, 1) * inner + np.arange(inner))


@onnx_op("Scatter", since=9, until=11)
@onnx_op("ScatterElements", since=11)
def scatter_elements(node: Node) -> SSAValue:
    """Elements of the updates overwrite elements that differ from them on one axis."""
    shape, indices = node.shape(0), _indices(node)
    axis = node.normalized_axis(node.integer("axis", 0), len(shape))
    fits = len(shape) == indices.ndim and node.shape(2) == indices.shape
    if not fits or any(
        size > limit
        for other, (size, limit) in enumerate(zip(indices.shape, shape, strict=True))
        if other != axis
    ):
        raise node.error(f"its indices {list(indices.shape)} do not fit {list(shape)}")
    grid: list[Indices] = [*np.indices(indices.shape, np.int64)]
    grid[axis] = _checked(node, indices, np.array(shape[axis], np.int64))
    return _scatter(node, _flat(tuple(grid), shape))


def _scatter(node: Node, positions: Indices) -> SSAValue:
    """The data with the updates at `positions` (in flat order)."""
    data = per_tensor(node, node.movable(0), node.is_unsigned(0))
    updates = per_tensor(node, node.movable(2), node.is_unsigned(2))
    if element_type_of(data) != element_type_of(updates):
        data, updates = node.value(0), node.value(2)
    shape = shape_of(data)
    if positions.size == 0:
        return data
    source: Indices = np.full(shape, -1, np.int64)
    np.put(source, positions, np.arange(positions.size))
    written = np.nonzero(source >= 0)
    block = [(int(at.min()), int(at.max()) + 1) for at in written]
    inside = source[tuple(slice(*span) for span in block)]
    if np.array_equal(inside.reshape(-1), np.arange(positions.size)):
        return _replace_block(node, data, updates, block)
    flat = node.emit(nn.ReshapeOp(updates, (positions.size,)))
    chosen = node.constant_value(np.maximum(source, 0).reshape(-1))
    gathered = node.emit(nn.GatherOp(flat, chosen, axis=0))
    gathered = node.emit(nn.ReshapeOp(gathered, shape))
    return node.emit(nn.WhereOp(node.constant_value(source >= 0), gathered, data))


def _replace_block(
    node: Node, data: SSAValue, updates: SSAValue, block: list[tuple[int, int]]
) -> SSAValue:
    """The data with the updates in a block of it, axis by axis from the inside."""
    shape, sizes = shape_of(data), [end - begin for begin, end in block]
    result = node.emit(nn.ReshapeOp(updates, sizes))
    for axis in reversed(range(len(shape))):
        begin, end = block[axis]
        parts = [result]
        for first, last in ((0, begin), (end, shape[axis])):
            if first < last:
                starts = [b for b, _ in block[:axis]] + [first] + [0] * len(shape)
                count = [*sizes[:axis], last - first, *shape[axis + 1 :]]
                piece = nn.SliceOp(data, starts=starts[: len(shape)], sizes=count)
                parts.insert(0 if last == begin else len(parts), node.emit(piece))
        if len(parts) > 1:
            result = node.emit(nn.ConcatOp(parts, axis=axis))
    return result
