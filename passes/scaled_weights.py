"""
Quantized weights times a factor per channel: the same integers with other scales.

So a BatchNorm folds into a model that was trained with quantization without rounding
its weights again; a negative factor negates the integers.
"""

from __future__ import annotations

import numpy as np
from xdsl.ir import Operation, SSAValue

from qcc.dialects import nn
from qcc.dialects.quant import DequantizeCastOp, UniformType
from qcc.passes.affine import Doubles, stored_constant
from qcc.passes.ranges import SMALLEST_SCALE


def scaled_weights(
    value: SSAValue, factors: Doubles, axis: int
) -> list[Operation] | None:
    """
    Ops that give quantized weights times `factors`, one per index of `axis`.

    None when `value` is nothing quantized along `axis`, or per tensor, or when a
    scale would be no normal float32.
    """
    found = stored_constant(value)
    if found is None:
        return None
    stored, kind = found
    channels = stored.shape[axis]
    if kind.axis not in (None, axis) or len(factors) != channels:
        return None
    scales = np.resize(np.array(kind.scales, np.float64), channels) * np.abs(factors)
    zeros = np.resize(np.array(kind.zero_points, np.int64), channels)
    shape = [1] * stored.ndim
    shape[axis] = -1
    centred = stored.astype(np.int64) - zeros.reshape(shape)
    centred = centred * np.sign(factors).astype(np.int64).reshape(shape)
    zeros = np.where(factors < 0, -zeros, zeros)
    integers = centred + zeros.reshape(shape)
    scales = np.where(factors == 0, 1.0, scales)
    limits = np.iinfo(stored.dtype)
    is_normal = (scales >= SMALLEST_SCALE) & (scales <= np.finfo(np.float32).max)
    fits = all(((a >= limits.min) & (a <= limits.max)).all() for a in (integers, zeros))
    if not (is_normal.all() and fits):
        return None
    new = UniformType.per_axis(scales, axis, zeros, storage=kind.storage)
    constant = nn.ConstantOp(integers.astype(stored.dtype), new)
    return [constant, DequantizeCastOp(constant)]
