"""
Exact sums of integer products with float matrix multiplication.

A float64 matrix product of integers is exact while every partial sum stays below 2^53,
a float32 one below 2^24; both are many times faster than numpy's integer loops. The
results are integers in a float dtype.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcc.dialects.errors import QccError
from qcc.dialects.types import Array

Exact = NDArray[Any]
"""Integers in float32 or float64."""


def exact_dtype(
    x: Array, weight: Array, axes: tuple[int, ...], bias: Array | None
) -> type[np.float32] | type[np.float64]:
    """The fastest dtype in which Σ x · weight over `axes`, plus bias, is exact."""
    largest = int(np.abs(x.astype(np.int32)).max(initial=0))
    sums = np.abs(weight.astype(np.int64)).sum(axis=axes)
    bound = largest * int(sums.max(initial=0))
    if bias is not None:
        bound += int(np.abs(bias.astype(np.int64)).max(initial=0))
    assert bound < 2**53, "the sum of so many products is not exact"
    return np.float32 if bound < 2**24 else np.float64


def require_int32(accumulators: Exact) -> Exact:
    """The argument, with positive zeros; QccError where one does not fit int32."""
    # 0 * -1 is -0 in a float dtype, which int32 does not have.
    accumulators += 0.0
    low, high = accumulators.min(initial=0), accumulators.max(initial=0)
    if low < -(2**31) or high >= 2**31:
        raise QccError(
            "an integer accumulator overflows int32",
            why=f"sums reach {int(low)} and {int(high)}",
            remedy="split the layer or leave it in float",
        )
    return accumulators


def _windows(
    x: Array,
    kernel: Sequence[int],
    strides: Sequence[int],
    dilations: Sequence[int],
) -> Iterator[tuple[int, int, Array]]:
    """For each tap ky, kx: the elements of padded NHWC that it meets."""
    height, width = (
        (x.shape[1 + axis] - dilations[axis] * (kernel[axis] - 1) - 1) // strides[axis]
        + 1
        for axis in range(2)
    )
    for ky in range(kernel[0]):
        for kx in range(kernel[1]):
            rows = x[:, ky * dilations[0] :: strides[0]][:, :height]
            window = rows[:, :, kx * dilations[1] :: strides[1]][:, :, :width]
            yield ky, kx, window


def convolve(
    x: Array,
    weight: Array,
    bias: Array | None,
    *,
    strides: Sequence[int],
    pads: Sequence[int],
    dilations: Sequence[int],
    groups: int,
    pad_value: int = 0,
) -> Exact:
    """
    acc[n, y, x, o] of integers: NHWC input, O, C/groups, KH, KW weight, O bias.

    What is out of bounds reads as `pad_value`.
    """
    top, left, bottom, right = pads
    padding = ((0, 0), (top, bottom), (left, right), (0, 0))
    padded = np.pad(x, padding, constant_values=pad_value)
    dtype = exact_dtype(padded, weight, (1, 2, 3), bias)
    padded = padded.astype(dtype)
    outputs, channels, *kernel = weight.shape
    # KH, KW, groups, C/groups, O/groups
    taps = weight.astype(dtype).reshape(groups, -1, channels, *kernel)
    taps = np.ascontiguousarray(taps.transpose(3, 4, 0, 2, 1))
    acc: Exact | None = None
    for ky, kx, window in _windows(padded, kernel, strides, dilations):
        product = _grouped_product(window, taps[ky, kx])
        acc = product if acc is None else np.add(acc, product, out=acc)
    assert acc is not None
    acc = acc.reshape(*acc.shape[:3], outputs)
    if bias is not None:
        acc += bias.astype(dtype)
    return require_int32(acc)


def _grouped_product(window: Array, weight: Array) -> Exact:
    """[N, H, W, G * C] by [G, C, O] to [N, H, W, G * O]."""
    groups, channels, outputs = weight.shape
    shape = window.shape[:3]
    if channels == 1 and outputs == 1:
        return window * weight[:, 0, 0]
    if groups == 1:
        return (window.reshape(-1, channels) @ weight[0]).reshape(*shape, outputs)
    rows = window.reshape(-1, groups, channels).transpose(1, 0, 2)
    product = (rows @ weight).transpose(1, 0, 2)
    return product.reshape(*shape, groups * outputs)


def convolve_transposed(
    x: Array,
    weight: Array,
    bias: Array | None,
    *,
    strides: Sequence[int],
    pads: Sequence[int],
    dilations: Sequence[int],
    groups: int,
    output_size: Sequence[int],
) -> Exact:
    """
    acc[n, y, x, o] of a transposed convolution: weight is C, O/groups, KH, KW.

    `output_size` is the height and width after padding is cut off.
    """
    batch, height, width, channels = x.shape
    _, group_outputs, *kernel = weight.shape
    dtype = exact_dtype(x, weight, (0, 2, 3), bias)
    taps = weight.astype(dtype).reshape(groups, channels // groups, *weight.shape[1:])
    taps = np.ascontiguousarray(taps.transpose(3, 4, 0, 1, 2))
    top, left = pads[0], pads[1]
    # Large enough for every tap before the padding is cut off.
    reach = [
        max(
            (size - 1) * strides[axis] + dilations[axis] * kernel[axis],
            pads[axis] + output_size[axis],
        )
        for axis, size in enumerate((height, width))
    ]
    full = np.zeros((batch, *reach, groups * group_outputs), dtype)
    x = x.astype(dtype)
    for ky in range(kernel[0]):
        for kx in range(kernel[1]):
            y0, x0 = ky * dilations[0], kx * dilations[1]
            y1 = y0 + (height - 1) * strides[0] + 1
            x1 = x0 + (width - 1) * strides[1] + 1
            target = full[:, y0 : y1 : strides[0], x0 : x1 : strides[1]]
            target += _grouped_product(x, taps[ky, kx])
    acc = full[:, top : top + output_size[0], left : left + output_size[1]]
    if bias is not None:
        acc = acc + bias.astype(dtype)
    return require_int32(acc)


def multiply(lhs: Array, rhs: Array, bias: Array | None) -> Exact:
    """numpy.matmul of integers, plus a bias along the last axis."""
    dtype = exact_dtype(lhs, rhs, (-2,), bias)
    acc = np.matmul(lhs.astype(dtype), rhs.astype(dtype))
    if bias is not None:
        acc += bias.astype(dtype)
    return require_int32(acc)
