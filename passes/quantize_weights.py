"""
`quantize-weights`: int8 or int4 weights under float arithmetic (mode `weights`).

A float constant w becomes dcast(q) with one scale per output channel (per row of a
gathered table). Kernels read the stored integers and dequantize them on the fly: the
result is, in every bit, that of the float op on `(float)q * scale`.
"""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass
from xdsl.transforms.dead_code_elimination import DeadCodeElimination

from qcc.dialects import nn
from qcc.dialects.blob import Array
from qcc.dialects.errors import QccError
from qcc.dialects.quant import DequantizeCastOp, UniformType
from qcc.dialects.reference import numbers
from qcc.passes.float_weights import FloatWeight, float_weights
from qcc.passes.int4_weights import quantize_int4
from qcc.passes.weights import weight_type

WEIGHT_TYPES = ("int8", "int4")


def _stored(weight: FloatWeight, type: str) -> tuple[Array, UniformType]:
    if type == "int4":
        # A table's rows are read, not summed.
        is_summed = not isinstance(weight.op, nn.GatherOp)
        return quantize_int4(weight.array, weight.axis, keeps_sums=is_summed)
    kind = weight_type(weight.array, weight.axis)
    return numbers.quantize_to(weight.array, kind), kind


@dataclass(frozen=True)
class QuantizeWeightsPass(ModulePass):
    """Stores the float weights of contractions and tables as int8 or int4."""

    name = "quantize-weights"

    type: str = "int8"
    """One of `WEIGHT_TYPES`."""

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        if self.type not in WEIGHT_TYPES:
            raise QccError(
                f"unknown type of weights {self.type!r}",
                remedy=f"one of: {', '.join(WEIGHT_TYPES)}",
            )
        for weight in float_weights(op):
            stored, kind = _stored(weight, self.type)
            constant = nn.ConstantOp(stored, kind)
            weight.replace(constant, DequantizeCastOp(constant))
        DeadCodeElimination().apply(ctx, op)
