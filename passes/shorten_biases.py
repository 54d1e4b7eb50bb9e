"""
`shorten-biases`: biases beside int4 weights become bfloat16 values.

The kernels of weights that are dequantized on the fly read a bias of such values as 2
bytes each. Of layers with few weights per channel (depthwise ones) float32 biases are
as large as the int4 weights; bfloat16, with 8 bits, still says more of a bias than the
weights of its sum do. Values stay float32 in the module.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass
from xdsl.rewriter import InsertPoint, Rewriter
from xdsl.transforms.dead_code_elimination import DeadCodeElimination

from qcc.dialects import nn
from qcc.dialects.blob import Array
from qcc.dialects.naming import carry_over, model_function
from qcc.dialects.quant import UniformType
from qcc.dialects.types import element_type_of
from qcc.passes.correct_bias import FloatContraction
from qcc.passes.int4_weights import MAXIMUM, MINIMUM
from qcc.passes.quantizable import constant_array, quantized_constant

LARGEST = 2.0**126
"""Beyond, and where something is not finite, biases stay what they are."""


def nearest_short(values: Array) -> Array:
    """float32 values rounded half to even to bfloat16: their low 16 bits are 0."""
    bits = values.astype(np.float32).view(np.uint32).astype(np.uint64)
    rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000
    return rounded.astype(np.uint32).view(np.float32)


@dataclass(frozen=True)
class ShortenBiasesPass(ModulePass):
    """Rounds the constant biases of contractions with int4 weights."""

    name = "shorten-biases"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for inner in list(model_function(op).body.walk()):
            if isinstance(inner, FloatContraction) and _has_int4_weights(inner):
                _shorten(inner)
        DeadCodeElimination().apply(ctx, op)


def _has_int4_weights(op: FloatContraction) -> bool:
    weights = quantized_constant(op.operands[1])
    if weights is None:
        return False
    kind = element_type_of(weights)
    assert isinstance(kind, UniformType)
    return kind.minimum >= MINIMUM and kind.maximum <= MAXIMUM


def _shorten(op: FloatContraction) -> None:
    bias = constant_array(op.bias)
    if bias is None or not np.all(np.abs(bias) <= LARGEST):
        return
    short = nn.ConstantOp(nearest_short(bias))
    carry_over(op, [short])
    Rewriter.insert_op(short, InsertPoint.before(op))
    op.operands[2] = short.result
