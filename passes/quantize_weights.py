"""
`quantize-weights`: fewer bits for weights under float arithmetic.

Of modes `weights` and `round`. A float constant w becomes dcast(q) with one scale per
output channel (per row of a gathered table). Kernels read the stored integers and
dequantize them on the fly: the result is, in every bit, that of the float op on
`(float)q * scale`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass
from xdsl.transforms.dead_code_elimination import DeadCodeElimination

from qcc.dialects import nn
from qcc.dialects.blob import Array
from qcc.dialects.errors import QccError
from qcc.dialects.quant import DequantizeCastOp, UniformType
from qcc.passes.coarse_weights import coarse_type, has_few_levels
from qcc.passes.float_weights import float_weights
from qcc.passes.int4_weights import int4_type
from qcc.passes.weight_sums import round_keeping_sums
from qcc.passes.weights import short_scale, weight_type

WEIGHT_TYPES = ("int8", "int4")
"""What users choose from for mode `weights`."""


def int8_type(weights: Array, axis: int) -> UniformType:
    """[-127, 127] with scale = max |w| / 127 along `axis`, rounded up to bfloat16."""
    scales = weight_type(weights, axis).scales
    short = short_scale(np.array(scales))
    return UniformType.per_axis(short, axis, minimum=-127, maximum=127)


def quantized(
    weights: Array, kind: UniformType, *, keeps_sums: bool = True
) -> NDArray[np.int8]:
    """
    Stored elements of float32 `weights` in a symmetric type with scales on an axis.

    `keeps_sums`: of each channel (`passes/weight_sums.py`).
    """
    assert kind.axis is not None
    assert not any(kind.zero_points)
    shape = [1] * weights.ndim
    shape[kind.axis] = -1
    scales = np.array(kind.scales, np.float64).reshape(shape)
    limits = (kind.minimum, kind.maximum)
    exact = weights.astype(np.float64) / scales
    stored = round_keeping_sums(exact, kind.axis, limits, keeps_sums=keeps_sums)
    return stored.astype(np.int8)


_CHOICES: Mapping[str, Callable[[Array, int], UniformType]] = {
    "int8": int8_type,
    "int4": int4_type,
    "coarse": coarse_type,
}


@dataclass(frozen=True)
class QuantizeWeightsPass(ModulePass):
    """
    Stores the float weights of contractions and tables as int8 or int4.

    Those of few levels stay where the type is coarse.
    """

    name = "quantize-weights"

    type: str = "int8"
    """One of `WEIGHT_TYPES`, or coarse (`passes/coarse_weights.py`)."""

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        choose = _CHOICES.get(self.type)
        if choose is None:
            raise QccError(
                f"unknown type of weights {self.type!r}",
                remedy=f"one of: {', '.join(_CHOICES)}",
            )
        for weight in float_weights(op):
            if self.type == "coarse" and has_few_levels(weight.array):
                continue
            kind = choose(weight.array, weight.axis)
            stored = quantized(weight.array, kind, keeps_sums=weight.is_summed)
            constant = nn.ConstantOp(stored, kind)
            weight.replace(constant, DequantizeCastOp(constant))
        DeadCodeElimination().apply(ctx, op)
