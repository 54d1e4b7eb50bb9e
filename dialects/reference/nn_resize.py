"""
Resizing: the source coordinates of ONNX Resize in float32, as ONNX Runtime has them.

Linear interpolation runs along width, then along height. Each is the double sum of two
exact products of float32, rounded to float32.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qcc.dialects import nn
from qcc.dialects.reference.nn_contraction import (
    from_channels_last,
    to_channels_last,
)
from qcc.dialects.reference.registry import reference
from qcc.dialects.types import Array

Floats = NDArray[np.float32]


def source_coordinates(
    input_size: int, output_size: int, scale: float, coordinates: str
) -> Floats:
    """For each output index, where it lies in the input; not yet clamped."""
    index = np.arange(output_size, dtype=np.float32)
    half, factor = np.float32(0.5), np.float32(scale)
    if coordinates == "asymmetric":
        return index / factor
    if coordinates == "align_corners":
        span = np.float32(max(output_size - 1, 1))
        return index * np.float32(input_size - 1) / span
    if coordinates == "pytorch_half_pixel" and output_size == 1:
        return np.zeros(1, np.float32)
    return (index + half) / factor - half


def nearest_indices(
    input_size: int,
    output_size: int,
    scale: float,
    coordinates: str,
    nearest_mode: str,
) -> NDArray[np.int64]:
    """For each output index, the input index that mode `nearest` takes."""
    source = source_coordinates(input_size, output_size, scale, coordinates)
    half = np.float32(0.5)
    rounded = {
        "round_prefer_floor": lambda: np.ceil(source - half),
        "round_prefer_ceil": lambda: np.floor(source + half),
        "floor": lambda: np.floor(source),
        "ceil": lambda: np.ceil(source),
    }[nearest_mode]()
    return np.clip(rounded.astype(np.int64), 0, input_size - 1)


def linear_taps(
    input_size: int, output_size: int, scale: float, coordinates: str
) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
    """For each output index, the two input indices and the weight of the second."""
    source = source_coordinates(input_size, output_size, scale, coordinates)
    source = np.clip(source, np.float32(0), np.float32(input_size - 1))
    low = np.floor(source).astype(np.int64)
    high = np.minimum(low + 1, input_size - 1)
    return low, high, (source - low.astype(np.float32)).astype(np.float32)


def _interpolate(x: Array, op: nn.ResizeOp, axis: int) -> Array:
    """Linear interpolation of float32 NHWC along axis 1 (height) or 2 (width)."""
    low, high, weight = linear_taps(
        x.shape[axis],
        op.size_values[axis - 1],
        op.scale_values[axis - 1],
        op.coordinates.data,
    )
    shape = [-1 if i == axis else 1 for i in range(4)]
    upper = weight.astype(np.float64).reshape(shape)
    lower = (np.float32(1) - weight).astype(np.float64).reshape(shape)
    first = x.take(low, axis=axis).astype(np.float64)
    second = x.take(high, axis=axis).astype(np.float64)
    return (lower * first + upper * second).astype(np.float32)


@reference(nn.ResizeOp)
def resize(op: nn.ResizeOp, input: Array) -> Array:
    x = to_channels_last(input, op.layout_value)
    if op.mode_value == "linear":
        x = _interpolate(_interpolate(x.astype(np.float32), op, 2), op, 1)
        return from_channels_last(x, op.layout_value).astype(input.dtype)
    for axis in (1, 2):
        indices = nearest_indices(
            x.shape[axis],
            op.size_values[axis - 1],
            op.scale_values[axis - 1],
            op.coordinates.data,
            op.nearest_mode.data,
        )
        x = x.take(indices, axis=axis)
    return from_channels_last(x, op.layout_value)
