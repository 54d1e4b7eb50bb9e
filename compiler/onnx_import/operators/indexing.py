"""Gather, OneHot, ArgMax and ArgMin."""

from __future__ import annotations

import numpy as np
from xdsl.ir import SSAValue

from qcc.compiler.onnx_import.known_data import per_tensor, reshape
from qcc.compiler.onnx_import.node import Node
from qcc.compiler.onnx_import.registry import onnx_op
from qcc.compiler.onnx_import.tensors import Tensor
from qcc.dialects import nn
from qcc.dialects.blob import element_type_of_dtype
from qcc.dialects.types import element_type_of, shape_of, storage_dtype

_VALUE_DTYPES = {np.dtype(kind) for kind in (np.float32, np.int32, np.int64)}


@onnx_op("Gather")
def gather(node: Node) -> Tensor:
    """numpy.take; one constant index is a slice."""
    data = per_tensor(node, node.movable(0), node.is_unsigned(0))
    shape = shape_of(data)
    axis = node.normalized_axis(node.integer("axis", 0), len(shape))
    indices = node.known(1)
    if indices is None:
        return node.emit(nn.GatherOp(data, node.value(1), axis=axis))
    if indices.size and not (
        -shape[axis] <= indices.min() and indices.max() < shape[axis]
    ):
        raise node.error(f"an index is out of range for axis {axis} of {list(shape)}")
    if indices.size == 1:
        starts, sizes = [0] * len(shape), list(shape)
        starts[axis], sizes[axis] = int(indices.reshape(())) % shape[axis], 1
        part = node.emit(nn.SliceOp(data, starts=starts, sizes=sizes))
        return reshape(node, part, (*shape[:axis], *indices.shape, *shape[axis + 1 :]))
    return node.emit(nn.GatherOp(data, node.value(1), axis=axis))


@onnx_op("OneHot")
def one_hot(node: Node) -> SSAValue:
    """The depth and the two values must be constant."""
    depth = node.constant_scalar(1, "depth")
    values = node.constant(2, "pair of values")
    if values.shape != (2,) or depth != int(depth):
        raise node.error("its depth or its pair of values is wrong")
    if values.dtype not in _VALUE_DTYPES:
        raise node.error(f"its values are of type {values.dtype}")
    indices = node.value(0)
    rank = len(shape_of(indices)) + 1
    return node.emit(
        nn.OneHotOp(
            indices,
            depth=int(depth),
            axis=node.normalized_axis(node.integer("axis", -1), rank),
            on=float(values[1]),
            off=float(values[0]),
            element_type=element_type_of_dtype(values.dtype),
        )
    )


@onnx_op("Trilu")
def trilu(node: Node) -> SSAValue:
    """The upper or lower triangle of matrices, zeros elsewhere."""
    value = node.value(0)
    shape = shape_of(value)
    if len(shape) < 2:
        raise node.error(f"its input is {list(shape)}, no matrix")
    offset = int(node.constant_scalar(1, "diagonal")) if node.has(1) else 0
    ones = np.ones(shape[-2:], np.bool_)
    kept = np.triu(ones, offset) if node.integer("upper", 1) else np.tril(ones, offset)
    zero = np.zeros((), storage_dtype(element_type_of(value)))
    mask = node.constant_value(kept)
    return node.emit(nn.WhereOp(mask, value, node.constant_value(zero)))


def _arg_max(node: Node, value: SSAValue) -> Tensor:
    shape = shape_of(value)
    axis = node.normalized_axis(node.integer("axis", 0), len(shape))
    last = bool(node.integer("select_last_index", 0))
    result = node.emit(nn.ArgMaxOp(value, axis=axis, select_last_index=last))
    if node.integer("keepdims", 1):
        return result
    return reshape(node, result, (*shape[:axis], *shape[axis + 1 :]))


@onnx_op("ArgMax")
def arg_max(node: Node) -> Tensor:
    """Index of the greatest element along an axis."""
    return _arg_max(node, node.movable(0))


@onnx_op("ArgMin")
def arg_min(node: Node) -> Tensor:
    """ArgMax of the negated input."""
    return _arg_max(node, node.emit(nn.NegOp(node.floating(0))))


@onnx_op("Shape", since=1)
def shape_node(node: Node) -> Tensor:
    """Known, since all shapes are static."""
    shape = node.shape(0)
    end = node.attributes.get("end")
    part = shape[node.integer("start", 0) : None if end is None else end.i]
    return np.asarray(part, np.int64)


@onnx_op("Size", since=1)
def size_node(node: Node) -> Tensor:
    """Known, since all shapes are static."""
    return np.asarray(int(np.prod(node.shape(0), dtype=np.int64)), np.int64)
