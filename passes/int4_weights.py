"""
How float weights become int4: [-8, 7], one scale per output channel, least error.

Scales minimise the squared error of a channel over a fixed set of candidates. Then the
rounding of single weights is changed so that the weights of a channel keep their sum:
activations are mostly positive, so what the errors sum to shifts the whole channel. No
samples are needed. (Guo et al., "SQuant: On-the-Fly Data-Free Quantization via Diagonal
Hessian Approximation", 2022.)
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qcc.dialects.blob import Array
from qcc.dialects.quant import UniformType
from qcc.passes.ranges import SMALLEST_SCALE

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
        scales = scales.astype(np.float32).astype(np.float64)
        usable = np.where(scales >= SMALLEST_SCALE, scales, 1.0)[:, None]
        rounded = np.clip(np.rint(rows / usable), MINIMUM, MAXIMUM) * usable
        error = np.square(rounded - rows).sum(axis=1)
        better = error < errors
        best[better], errors[better] = scales[better], error[better]
    return np.where(best >= SMALLEST_SCALE, best, 1.0).astype(np.float32)


def keep_sums(stored: Doubles, exact: Doubles) -> None:
    """
    Changes roundings in place until the errors of each row sum to at most a half.

    `exact` are the unrounded values [rows, weights] in units of the scale. Those whose
    fraction is nearest to a half are changed first, by one step, each at most once.
    """
    errors = stored - exact
    flips = np.rint(errors.sum(axis=1)).astype(np.int64)
    for row in np.nonzero(flips)[0]:
        direction = -int(np.sign(flips[row]))
        changed = stored[row] + direction
        # Only errors of the sign of the sum, and never out of the range.
        allowed = (errors[row] * direction < 0) & (changed >= MINIMUM)
        allowed &= changed <= MAXIMUM
        gain = np.where(allowed, -errors[row] * direction, -np.inf)
        order = np.argsort(-gain, kind="stable")[: abs(int(flips[row]))]
        chosen = order[gain[order] > -np.inf]
        stored[row, chosen] += direction


def quantize_int4(
    weights: Array, axis: int, *, keeps_sums: bool = True
) -> tuple[Array, UniformType]:
    """
    Stored int8 elements in [-8, 7] of float32 `weights`, and their type.

    `keeps_sums`: of each index of `axis`, as far as changed roundings can.
    """
    moved = np.moveaxis(weights.astype(np.float64), axis, 0)
    rows = moved.reshape(len(moved), -1)
    scales = best_scales(rows)
    exact = rows / scales.astype(np.float64)[:, None]
    stored = np.clip(np.rint(exact), MINIMUM, MAXIMUM)
    if keeps_sums:
        keep_sums(stored, np.clip(exact, MINIMUM, MAXIMUM))
    kind = UniformType.per_axis(scales, axis, minimum=MINIMUM, maximum=MAXIMUM)
    result = np.moveaxis(stored.reshape(moved.shape), 0, axis)
    return np.ascontiguousarray(result.astype(np.int8)), kind
