"""Batch, layer and instance normalization, softmax."""

from __future__ import annotations

import math

import numpy as np
from xdsl.ir import SSAValue

from qcc.compiler.onnx_import.known_data import reshaped_value
from qcc.compiler.onnx_import.node import Node
from qcc.compiler.onnx_import.registry import onnx_op
from qcc.dialects import nn
from qcc.dialects.types import shape_of


@onnx_op("BatchNormalization", since=7, until=9)
def batch_normalization_spatial(node: Node) -> SSAValue:
    """Versions 7 and 8, which may normalize every position on its own."""
    if node.integer("spatial", 1) != 1:
        raise node.error("it has statistics per position (spatial = 0)")
    return _batch_normalization(node)


@onnx_op("BatchNormalization", since=9)
def batch_normalization_channels(node: Node) -> SSAValue:
    """Statistics per channel."""
    return _batch_normalization(node)


def _batch_normalization(node: Node) -> SSAValue:
    if node.integer("training_mode", 0) or any(
        node.has_output(index) for index in range(1, 5)
    ):
        raise node.error(
            "it is in training mode", "export the model for inference (eval mode)"
        )
    operands = [node.floating(index) for index in range(5)]
    return node.emit(nn.BatchNormOp(*operands, epsilon=node.real("epsilon", 1e-5)))


@onnx_op("LayerNormalization", since=17)
def layer_normalization(node: Node) -> SSAValue | None:
    """Layer normalization; expanded where its statistics are outputs."""
    if node.has_output(1) or node.has_output(2):
        return None
    input = node.floating(0)
    axis = node.normalized_axis(node.integer("axis", -1), len(shape_of(input)))
    normalized = shape_of(input)[axis:]
    operands = [
        None if not node.has(index) else _broadcast(node, index, normalized)
        for index in (1, 2)
    ]
    epsilon = node.real("epsilon", 1e-5)
    return node.emit(nn.LayerNormOp(input, *operands, axis=axis, epsilon=epsilon))


def _broadcast(node: Node, index: int, shape: tuple[int, ...]) -> SSAValue:
    """Scale or bias in the shape of the normalized axes."""
    if node.shape(index) == shape:
        return node.floating(index)
    known = node.known(index)
    if known is not None:
        return node.constant_value(
            np.broadcast_to(known.reshape(known.shape[-len(shape) :]), shape)
        )
    return node.emit(nn.ExpandOp(node.floating(index), shape))


@onnx_op("InstanceNormalization")
def instance_normalization(node: Node) -> SSAValue:
    """(x - mean) / sqrt(variance + epsilon) per sample and channel."""
    input = node.floating(0)
    rank = len(shape_of(input))
    if rank < 3:
        raise node.error(f"its input has {rank} axes, none of them spatial")
    axes = tuple(range(2, rank))
    per_channel = (shape_of(input)[1], *(1,) * (rank - 2))
    scale = reshaped_value(node, node.tensor(1), per_channel)
    bias = reshaped_value(node, node.tensor(2), per_channel)
    epsilon = node.scalar(node.real("epsilon", 1e-5))
    mean = node.emit(nn.ReduceMeanOp(input, axes=axes))
    centered = node.emit(nn.SubOp(input, mean))
    square = node.emit(nn.MulOp(centered, centered))
    variance = node.emit(nn.ReduceMeanOp(square, axes=axes))
    shifted = node.emit(nn.AddOp(variance, epsilon))
    normal = node.emit(nn.DivOp(centered, node.emit(nn.SqrtOp(shifted))))
    return node.emit(nn.AddOp(node.emit(nn.MulOp(normal, scale)), bias))


@onnx_op("LpNormalization")
def lp_normalization(node: Node) -> SSAValue:
    """x over its norm along one axis, the norm of absolute values or of squares."""
    input, power = node.floating(0), node.integer("p", 2)
    axis = node.normalized_axis(node.integer("axis", -1), len(shape_of(input)))
    if power == 1:
        absolute = node.emit(nn.AbsOp(input))
        norm = node.emit(nn.ReduceSumOp(absolute, axes=(axis,)))
    elif power == 2:
        norm = node.emit(nn.ReduceSumSquareOp(input, axes=(axis,)))
        norm = node.emit(nn.SqrtOp(norm))
    else:
        raise node.error(f"its norm has p = {power}, not 1 or 2")
    # Zeros stay zeros.
    is_zero = node.emit(nn.EqualOp(norm, node.scalar(0.0)))
    divisor = node.emit(nn.WhereOp(is_zero, node.scalar(1.0), norm))
    return node.emit(nn.DivOp(input, divisor))


@onnx_op("LRN")
def local_response_normalization(node: Node) -> SSAValue:
    """x / (bias + alpha mean(x²))^beta, the mean over neighbouring channels."""
    input = node.floating(0)
    shape = shape_of(input)
    if len(shape) < 2:
        raise node.error(f"its input is {list(shape)}, without channels")
    size = node.integer("size")
    image = (shape[0], 1, shape[1], math.prod(shape[2:]))
    square = node.emit(nn.ReshapeOp(node.emit(nn.MulOp(input, input)), image))
    mean = nn.AvgPool2dOp(
        square,
        kernel=(size, 1),
        pads=((size - 1) // 2, 0, size - 1 - (size - 1) // 2, 0),
        count_include_pad=True,
    )
    alpha, beta = node.real("alpha", 1e-4), node.real("beta", 0.75)
    scaled = nn.MulOp(node.emit(mean), node.scalar(alpha))
    shifted = nn.AddOp(node.emit(scaled), node.scalar(node.real("bias", 1.0)))
    power = node.emit(nn.PowOp(node.emit(shifted), node.scalar(beta)))
    return node.emit(nn.DivOp(input, node.emit(nn.ReshapeOp(power, shape))))


@onnx_op("Softmax", since=1, until=13)
def softmax_flattened(node: Node) -> SSAValue:
    """Before version 13: over all axes from `axis` on, taken as one."""
    input = node.floating(0)
    shape = shape_of(input)
    axis = _flattened_axis(node, shape)
    if axis < len(shape) and math.prod(shape[axis + 1 :]) == 1:
        return node.emit(nn.SoftmaxOp(input, axis=axis))
    matrix = node.emit(nn.ReshapeOp(input, _as_matrix(shape, axis)))
    return node.emit(nn.ReshapeOp(node.emit(nn.SoftmaxOp(matrix, axis=1)), shape))


@onnx_op("Softmax", since=13)
def softmax(node: Node) -> SSAValue:
    """Over one axis."""
    input = node.floating(0)
    axis = node.normalized_axis(node.integer("axis", -1), len(shape_of(input)))
    return node.emit(nn.SoftmaxOp(input, axis=axis))


@onnx_op("LogSoftmax", since=1, until=13)
def log_softmax_flattened(node: Node) -> SSAValue:
    """Before version 13: over all axes from `axis` on, taken as one."""
    input = node.floating(0)
    shape = shape_of(input)
    matrix = node.emit(
        nn.ReshapeOp(input, _as_matrix(shape, _flattened_axis(node, shape)))
    )
    return node.emit(nn.ReshapeOp(_log_softmax(node, matrix, 1), shape))


@onnx_op("LogSoftmax", since=13)
def log_softmax(node: Node) -> SSAValue:
    """Over one axis."""
    input = node.floating(0)
    axis = node.normalized_axis(node.integer("axis", -1), len(shape_of(input)))
    return _log_softmax(node, input, axis)


def _flattened_axis(node: Node, shape: tuple[int, ...]) -> int:
    axis = node.integer("axis", 1)
    if not -len(shape) <= axis <= len(shape):
        raise node.error(f"axis {axis} is out of range for {len(shape)} axes")
    return axis + len(shape) if axis < 0 else axis


def _as_matrix(shape: tuple[int, ...], axis: int) -> tuple[int, int]:
    return math.prod(shape[:axis]), math.prod(shape[axis:])


def _log_softmax(node: Node, input: SSAValue, axis: int) -> SSAValue:
    """(x - max) - log(sum(exp(x - max))), which cannot overflow."""
    maximum = node.emit(nn.ReduceMaxOp(input, axes=(axis,)))
    shifted = node.emit(nn.SubOp(input, maximum))
    total = node.emit(nn.ReduceSumOp(node.emit(nn.ExpOp(shifted)), axes=(axis,)))
    return node.emit(nn.SubOp(shifted, node.emit(nn.LogOp(total))))
