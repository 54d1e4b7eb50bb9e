"""
`coarsen-weights`: float weights with few different values, which archives compress.

Mode `round`. Weights stay float32 and so does all arithmetic; each is rounded to a
multiple of its output channel's step. The step is a power of two, so that the two low
bytes of every weight are 0, and the smallest one for which no multiple exceeds
`LARGEST`: at most 129 of the 256 levels of int8, as many as deflate shrinks to a third
(`docs/quantization.md` has the measurements).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass
from xdsl.transforms.dead_code_elimination import DeadCodeElimination

from qcc.dialects import nn
from qcc.dialects.blob import Array
from qcc.passes.float_weights import float_weights
from qcc.passes.ranges import SMALLEST_SCALE
from qcc.passes.weights import channel_maxima

LARGEST = 64
"""The largest multiple of a step."""


def coarse(weights: Array, axis: int) -> Array:
    """
    float32 `weights` rounded half to even to multiples of a step per index of `axis`.

    A channel whose step would be no normal float32 becomes 0.
    """
    maxima = channel_maxima(weights, axis).astype(np.float64)
    smallest = np.maximum(maxima / LARGEST, SMALLEST_SCALE)
    shape = [1] * weights.ndim
    shape[axis] = -1
    # frexp: smallest = mantissa * 2^exponent with 0.5 <= mantissa < 1.
    mantissas, exponents = np.frexp(smallest)
    steps = np.ldexp(1.0, exponents - (mantissas == 0.5)).reshape(shape)
    # All of it is exact in double: powers of two, and at most 64 of them.
    most = np.floor(float(np.finfo(np.float32).max) / steps)
    multiples = np.clip(np.rint(weights / steps), -most, most)
    return (multiples * steps).astype(np.float32)


@dataclass(frozen=True)
class CoarsenWeightsPass(ModulePass):
    """Rounds the float weights of contractions and tables; they stay float."""

    name = "coarsen-weights"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for weight in float_weights(op):
            weight.replace(nn.ConstantOp(coarse(weight.array, weight.axis)))
        DeadCodeElimination().apply(ctx, op)
