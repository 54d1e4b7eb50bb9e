"""Sums of floats in a fixed order that SIMD can follow."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qcc.dialects.types import Array

LANES = 16


def sum_in_lanes(values: Array) -> NDArray[np.float64]:
    """
    The sum over the last axis, in double: [..., n] -> [...].

    Lane i adds the elements i, i + 16, ... in order; then lanes are added in a tree:
    lane i and i + 8, then i + 4, i + 2, i + 1.
    """
    values = np.asarray(values, np.float64)
    count = values.shape[-1]
    lanes = np.zeros((*values.shape[:-1], LANES))
    for start in range(0, count, LANES):
        part = values[..., start : start + LANES]
        lanes[..., : part.shape[-1]] += part
    width = LANES // 2
    while width:
        lanes = lanes[..., :width] + lanes[..., width : 2 * width]
        width //= 2
    return lanes[..., 0]
