"""Pooling, reductions and linear resize (`docs/numerics.md`): integers only."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcc.dialects import quant
from qcc.dialects.quant.base import require_activation
from qcc.dialects.reference.nn_contraction import (
    from_channels_last,
    to_channels_last,
    to_channels_last_shape,
)
from qcc.dialects.reference.numbers import (
    centre,
    pooling_multipliers,
    resize_multiplier,
    resize_taps,
    rne_shift,
    saturate,
    window_counts,
)
from qcc.dialects.reference.registry import reference
from qcc.dialects.types import Array, shape_of


def _scaled(
    acc: NDArray[Any], multipliers: NDArray[np.int64] | int, shift: int, zero_point: int
) -> NDArray[np.int64]:
    """rne_shift64((int64)acc * M, shift) + zero_point."""
    return rne_shift(acc.astype(np.int64) * multipliers, shift) + zero_point


def window_sums(
    op: quant.AvgPool2dOp | quant.DynamicAvgPool2dOp, centred: Array
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Channels-last sums over the windows of q - zero_point, and their divisors."""
    x = to_channels_last(centred, op.layout_value)
    height, width = to_channels_last_shape(shape_of(op.result), op.layout_value)
    top, left, bottom, right = op.pad_values
    padded = np.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)))
    acc = np.zeros((x.shape[0], height, width, x.shape[3]), np.int32)
    (kernel_y, kernel_x), (stride_y, stride_x) = op.kernel_values, op.stride_values
    for ky in range(kernel_y):
        for kx in range(kernel_x):
            window = padded[:, ky::stride_y, kx::stride_x]
            acc += window[:, :height, :width]
    if op.counts_padding:
        return acc, np.full((height, width), kernel_y * kernel_x)
    rows = window_counts(x.shape[1], height, kernel_y, stride_y, top)
    columns = window_counts(x.shape[2], width, kernel_x, stride_x, left)
    return acc, rows[:, None] * columns


@reference(quant.AvgPool2dOp)
def avg_pool2d(op: quant.AvgPool2dOp, input: Array) -> Array:
    source = require_activation(op.input, "input")
    target = require_activation(op.result, "result")
    acc, counts = window_sums(op, centre(input, source))
    distinct, where = np.unique(counts, return_inverse=True)
    table, shift = pooling_multipliers(
        source.scale, target.scale, [int(count) for count in distinct]
    )
    multipliers = np.array([table[int(count)] for count in distinct])[where]
    multipliers = multipliers.reshape(*counts.shape, 1)
    y = _scaled(acc, multipliers, shift, target.zero_point)
    y = saturate(y, op.minimum_value, op.maximum_value)
    return from_channels_last(y, op.layout_value)


def _reduce(
    op: quant.ReduceMeanOp | quant.ReduceSumOp, input: Array, count: int
) -> Array:
    source = require_activation(op.input, "input")
    target = require_activation(op.result, "result")
    acc = centre(input, source).sum(axis=op.axis_values, keepdims=True, dtype=np.int64)
    table, shift = pooling_multipliers(source.scale, target.scale, [count])
    y = _scaled(acc, table[count], shift, target.zero_point)
    return saturate(y, op.minimum_value, op.maximum_value)


@reference(quant.ReduceMeanOp)
def reduce_mean(op: quant.ReduceMeanOp, input: Array) -> Array:
    return _reduce(op, input, prod(input.shape[axis] for axis in op.axis_values))


@reference(quant.ReduceSumOp)
def reduce_sum(op: quant.ReduceSumOp, input: Array) -> Array:
    return _reduce(op, input, 1)


@reference(quant.ResizeOp)
def resize(op: quant.ResizeOp, input: Array) -> Array:
    source = require_activation(op.input, "input")
    target = require_activation(op.result, "result")
    acc = to_channels_last(centre(input, source), op.layout_value)
    for axis in (2, 1):
        taps = resize_taps(
            acc.shape[axis],
            op.size_values[axis - 1],
            op.scale_values[axis - 1],
            op.coordinates.data,
        )
        weight = taps.weight.reshape([-1 if i == axis else 1 for i in range(4)])
        low, high = acc.take(taps.low, axis), acc.take(taps.high, axis)
        acc = low * (np.int32(2048) - weight) + high * weight
    multiplier, shift = resize_multiplier(source.scale, target.scale)
    y = saturate(_scaled(acc, multiplier, shift, target.zero_point))
    return from_channels_last(y, op.layout_value)
