"""
How float weights become int4: [-8, 7], one scale per output channel, least error.

Scales minimise the squared error of a channel over a fixed set of candidates.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qcc.dialects.blob import Array
from qcc.dialects.quant import UniformType
from qcc.passes.ranges import SMALLEST_SCALE
from qcc.passes.weights import short_scale

MINIMUM, MAXIMUM = -8, 7

CANDIDATES = 96
"""Scales tried per channel, evenly from the largest to a third of it."""

Doubles = NDArray[np.float64]


def best_scales(rows: Doubles) -> NDArray[np.float32]:
    """The scale of each row [channels, weights] with the least squared error."""
    largest = np.maximum(rows.max(axis=1) / MAXIMUM, rows.min(axis=1) / MINIMUM)
    best: Doubles = np.maximum(largest, 0.0)
    errors: Doubles = np.full(len(rows), np.inf)
    for step in range(CANDIDATES):
        scales = largest * (1 - step / CANDIDATES * 2 / 3)
        scales = short_scale(scales).astype(np.float64)
        usable = np.where(scales >= SMALLEST_SCALE, scales, 1.0)[:, None]
        rounded = np.clip(np.rint(rows / usable), MINIMUM, MAXIMUM) * usable
        error = np.square(rounded - rows).sum(axis=1)
        better = error < errors
        best[better], errors[better] = scales[better], error[better]
    return np.where(best >= SMALLEST_SCALE, best, 1.0).astype(np.float32)


def int4_type(weights: Array, axis: int) -> UniformType:
    """The int4 type of float32 `weights` with one scale per index of `axis`."""
    moved = np.moveaxis(weights.astype(np.float64), axis, 0)
    scales = best_scales(moved.reshape(len(moved), -1))
    return UniformType.per_axis(scales, axis, minimum=MINIMUM, maximum=MAXIMUM)
