"""How constant weights become int8: symmetric, one scale per output channel."""

from __future__ import annotations

import numpy as np

from qcc.dialects.blob import Array
from qcc.dialects.quant import UniformType
from qcc.passes.ranges import SMALLEST_SCALE

BIAS_LIMIT = 2**30
"""A bias beyond this could overflow the int32 accumulator."""

PRECISE_BIAS = 2**20
"""The stored bias of a channel whose weights are all 0: its only content."""


def channel_maxima(weights: Array, axis: int) -> Array:
    """max |w| per index of `axis`, float32."""
    others = tuple(a for a in range(weights.ndim) if a != axis)
    return np.abs(weights).max(axis=others, initial=0.0).astype(np.float32)


def weight_type(
    weights: Array,
    axis: int,
    bias: Array | None = None,
    input_scale: float = 1.0,
) -> UniformType:
    """
    The type of float32 `weights`, [-127, 127] with scale = max |w| / 127 along `axis`.

    The int32 bias has scale input_scale · scale. A channel with a `bias` (as many as
    there are scales) that would not fit has its scale raised; one with weights of 0
    only has a scale that represents the bias well, or 1 without one.
    """
    maxima = channel_maxima(weights, axis).astype(np.float64)
    scales = maxima / 127
    # |bias| / (input_scale * scale) is the stored bias.
    magnitude = np.zeros_like(scales)
    if bias is not None:
        magnitude = np.abs(bias.astype(np.float64)) / input_scale
    scales = np.maximum(scales, magnitude / BIAS_LIMIT)
    scales = np.where(maxima > 0, scales, magnitude / PRECISE_BIAS)
    scales = np.where(scales >= SMALLEST_SCALE, scales, 1.0)
    return UniformType.per_axis(scales, axis, minimum=-127, maximum=127)


def short_scale(scales: Array) -> Array:
    """
    float32 scales rounded up to bfloat16: their low 16 bits are 0.

    Kernels that dequantize weights read 2 bytes per scale.
    """
    # -0.0 has the bits of a large number.
    bits = (scales.astype(np.float32) + np.float32(0)).view(np.uint32)
    rounded = (bits.astype(np.uint64) + 0xFFFF) & 0xFFFF0000
    # Not up to infinity.
    return np.minimum(rounded, 0x7F7F0000).astype(np.uint32).view(np.float32)
