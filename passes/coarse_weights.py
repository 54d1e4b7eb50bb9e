"""
Grids of few values for weights that stay float, which archives compress (mode `round`).

The step of a channel is a power of two, so that the two low bytes of every float32
weight are 0, and the smallest one of which no weight is more than 63: 127 of the 256
levels of int8, as many as deflate shrinks to a third (`docs/quantization.md`).
"""

from __future__ import annotations

import numpy as np

from qcc.dialects.blob import Array
from qcc.dialects.quant import UniformType
from qcc.passes.power_of_two_scales import at_least
from qcc.passes.ranges import SMALLEST_SCALE
from qcc.passes.weights import channel_maxima

LEVELS = 256
"""A tensor whose values are so many multiples of one step, or fewer, is not rounded."""

LARGEST = 63
"""The largest multiple of a step; no other pass makes types of this range."""

_TOLERANCE = 1e-2
"""Of a step: more than float32 makes of 256 of them, less than chance finds."""


def has_few_levels(weights: Array) -> bool:
    """
    Whether all elements of float32 `weights` lie on one grid of at most 256 levels.

    So do those that came from int8. They need no rounding, which would cost accuracy
    again, and archives shrink them as they are.
    """
    values = np.unique(weights.astype(np.float64))
    if values.size > LEVELS:
        return False
    if values.size < 2:
        return True
    steps = (values - values[0]) / np.min(np.diff(values))
    near = np.abs(steps - np.rint(steps)) < _TOLERANCE
    return bool(steps[-1] < LEVELS and np.all(near))


def coarse_type(weights: Array, axis: int) -> UniformType:
    """The type of float32 `weights` with one power of two per index of `axis`."""
    smallest = np.maximum(
        channel_maxima(weights, axis).astype(np.float64) / LARGEST, SMALLEST_SCALE
    )
    scales = [at_least(scale) for scale in smallest]
    return UniformType.per_axis(scales, axis, minimum=-LARGEST, maximum=LARGEST)


def is_coarse(kind: UniformType) -> bool:
    """Whether a type is one of `coarse_type`."""
    return (kind.minimum, kind.maximum) == (-LARGEST, LARGEST)
