"""Pooling: comparisons, or a double sum by window row and column, rounded once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from qcc.dialects import nn
from qcc.dialects.reference.comparison import greater
from qcc.dialects.reference.nn_contraction import (
    from_channels_last,
    to_channels_last,
    to_channels_last_shape,
)
from qcc.dialects.reference.registry import reference
from qcc.dialects.types import Array, shape_of


def lowest(dtype: np.dtype[Any]) -> float | int:
    """The value that loses against every other."""
    if np.issubdtype(dtype, np.floating):
        return -np.inf
    return int(np.iinfo(dtype).min)


def _windows(
    op: nn.PoolOp, padded: Array, dilations: tuple[int, ...]
) -> Iterator[Array]:
    """For each tap of the window, the elements under it: NHWC of the output's size."""
    height, width = to_channels_last_shape(shape_of(op.result), op.layout_value)
    stride_y, stride_x = op.stride_values
    for ky in range(op.kernel_values[0]):
        for kx in range(op.kernel_values[1]):
            y, x = ky * dilations[0], kx * dilations[1]
            yield padded[:, y::stride_y, x::stride_x][:, :height, :width]


def _padding(op: nn.PoolOp) -> tuple[tuple[int, int], ...]:
    top, left, bottom, right = op.pad_values
    return ((0, 0), (top, bottom), (left, right), (0, 0))


@reference(nn.MaxPool2dOp)
def max_pool2d(op: nn.MaxPool2dOp, input: Array) -> Array:
    x = to_channels_last(input, op.layout_value)
    padded = np.pad(x, _padding(op), constant_values=lowest(input.dtype))
    result: Array | None = None
    for window in _windows(op, padded, op.dilation_values):
        result = window if result is None else greater(result, window)
    assert result is not None
    return from_channels_last(result, op.layout_value).astype(input.dtype)


@reference(nn.AvgPool2dOp)
def avg_pool2d(op: nn.AvgPool2dOp, input: Array) -> Array:
    x = to_channels_last(input, op.layout_value).astype(np.float64)
    counts = np.ones((1, *x.shape[1:3], 1))
    fill = 1.0 if op.counts_padding else 0.0
    padded = np.pad(x, _padding(op))
    padded_counts = np.pad(counts, _padding(op), constant_values=fill)
    total = sum(_windows(op, padded, (1, 1)), start=np.float64(0))
    count = sum(_windows(op, padded_counts, (1, 1)), start=np.float64(0))
    result = np.asarray(total / count)
    return from_channels_last(result, op.layout_value).astype(input.dtype)
