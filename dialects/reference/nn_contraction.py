"""
Convolution and matrix multiplication of floats.

Products of float32 are exact in double. The accumulator starts at the bias and adds the
products in order: for convolutions by kernel row, kernel column, then input channel,
which is the order of channels-last memory. It is rounded once.
"""

from __future__ import annotations

from math import prod

import numpy as np
from numpy.typing import NDArray

from qcc.dialects import nn
from qcc.dialects.reference.registry import reference
from qcc.dialects.types import Array, shape_of

Doubles = NDArray[np.float64]

_BLOCK = 1 << 15
"""Accumulators handled together, so that they stay in cache."""


def to_channels_last(array: Array, layout: str) -> Array:
    """An activation of `layout` as NHWC."""
    return array if layout == "NHWC" else array.transpose(0, 2, 3, 1)


def from_channels_last(array: Array, layout: str) -> Array:
    """The inverse of `to_channels_last`."""
    return array if layout == "NHWC" else array.transpose(0, 3, 1, 2)


def contract(rows: Array, weights: Array, bias: Doubles) -> Doubles:
    """
    Sums of products in order: [R, G, K], [G, K, O], [G, O] -> [R, G, O].
    """
    count, groups, depth = rows.shape
    outputs = weights.shape[-1]
    by_depth = np.ascontiguousarray(weights.transpose(1, 0, 2), np.float64)
    result = np.empty((count, groups, outputs))
    step = max(1, _BLOCK // max(1, groups * outputs))
    for start in range(0, count, step):
        block = rows[start : start + step]
        columns = np.ascontiguousarray(block.transpose(2, 0, 1), np.float64)
        accumulator = np.broadcast_to(bias, (len(block), groups, outputs)).copy()
        product = np.empty_like(accumulator)
        for k in range(depth):
            np.multiply(columns[k][:, :, None], by_depth[k], out=product)
            accumulator += product
        result[start : start + step] = accumulator
    return result


def _bias_of(bias: Array | None, groups: int, outputs: int) -> Doubles:
    if bias is None:
        return np.zeros((groups, outputs // groups))
    return bias.astype(np.float64).reshape(groups, -1)


@reference(nn.Conv2dOp)
def conv2d(op: nn.Conv2dOp, input: Array, weight: Array, bias: Array | None) -> Array:
    x = to_channels_last(input, op.layout_value)
    top, left, bottom, right = op.pad_values
    x = np.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)))
    groups = op.group_count
    outputs, channels, kernel_height, kernel_width = weight.shape
    batch = x.shape[0]
    height, width = to_channels_last_shape(shape_of(op.result), op.layout_value)
    taps = np.empty(
        (batch, height, width, groups, kernel_height, kernel_width, channels), x.dtype
    )
    (stride_y, stride_x), (step_y, step_x) = op.stride_values, op.dilation_values
    for ky in range(kernel_height):
        for kx in range(kernel_width):
            window = x[:, ky * step_y :: stride_y, kx * step_x :: stride_x]
            window = window[:, :height, :width]
            taps[..., ky, kx, :] = window.reshape(
                batch, height, width, groups, channels
            )
    depth = kernel_height * kernel_width * channels
    rows = taps.reshape(batch * height * width, groups, depth)
    weights = weight.reshape(groups, outputs // groups, *weight.shape[1:])
    weights = weights.transpose(0, 3, 4, 2, 1)
    weights = weights.reshape(groups, depth, outputs // groups)
    result = contract(rows, weights, _bias_of(bias, groups, outputs))
    result = result.reshape(batch, height, width, outputs)
    return from_channels_last(result, op.layout_value).astype(input.dtype)


def to_channels_last_shape(shape: tuple[int, ...], layout: str) -> tuple[int, int]:
    """Height and width of an activation's shape."""
    return (shape[1], shape[2]) if layout == "NHWC" else (shape[2], shape[3])


@reference(nn.ConvTranspose2dOp)
def conv_transpose2d(
    op: nn.ConvTranspose2dOp, input: Array, weight: Array, bias: Array | None
) -> Array:
    x = to_channels_last(input, op.layout_value).astype(np.float64)
    groups = op.group_count
    batch, height, width, _ = x.shape
    _, group_outputs, kernel_height, kernel_width = weight.shape
    x = x.reshape(batch, height, width, groups, -1)
    weights = weight.astype(np.float64).reshape(groups, -1, *weight.shape[1:])
    (stride_y, stride_x), (step_y, step_x) = op.stride_values, op.dilation_values
    top, left, _, _ = op.pad_values
    out_height, out_width = to_channels_last_shape(shape_of(op.result), op.layout_value)
    # Large enough for every tap before the padding is cut off.
    full = np.empty(
        (
            batch,
            max((height - 1) * stride_y + step_y * kernel_height, top + out_height),
            max((width - 1) * stride_x + step_x * kernel_width, left + out_width),
            groups,
            group_outputs,
        )
    )
    full[:] = _bias_of(bias, groups, groups * group_outputs)
    for ky in range(kernel_height):
        for kx in range(kernel_width):
            y0, x0 = ky * step_y, kx * step_x
            target = full[
                :,
                y0 : y0 + (height - 1) * stride_y + 1 : stride_y,
                x0 : x0 + (width - 1) * stride_x + 1 : stride_x,
            ]
            for c in range(x.shape[-1]):
                target += x[..., c, None] * weights[:, c, :, ky, kx]
    result = full[:, top : top + out_height, left : left + out_width]
    result = result.reshape(batch, out_height, out_width, -1)
    return from_channels_last(result, op.layout_value).astype(input.dtype)


@reference(nn.MatMulOp)
def matmul(op: nn.MatMulOp, lhs: Array, rhs: Array, bias: Array | None) -> Array:
    shape = shape_of(op.result)
    rows, columns = shape[-2:]
    depth = lhs.shape[-1]
    batch = shape[:-2]
    count = prod(batch)
    left = np.broadcast_to(lhs, (*batch, rows, depth)).reshape(count, rows, depth)
    right = np.broadcast_to(rhs, (*batch, depth, columns))
    right = right.reshape(count, depth, columns)
    start = _bias_of(bias, 1, columns)
    result = np.empty((count, rows, columns), lhs.dtype)
    for index in range(count):
        product = contract(left[index][:, None, :], right[index][None], start)
        result[index] = product[:, 0, :]
    return result.reshape(shape)
