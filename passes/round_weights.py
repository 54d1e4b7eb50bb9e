"""
`round-weights`: int8 weights as calibration decided, not max |w| / 127 to the nearest.

The decisions (`WeightRounding`) are scales per output channel, and integers where
neighbouring weights compensate each other's rounding errors.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation
from xdsl.passes import ModulePass
from xdsl.rewriter import InsertPoint, Rewriter
from xdsl.transforms.dead_code_elimination import DeadCodeElimination

from qcc.dialects import nn
from qcc.dialects.blob import Array
from qcc.dialects.naming import TENSOR, carry_over, model_function, tensor_name
from qcc.dialects.quant import DequantizeCastOp, QuantizeCastOp, UniformType
from qcc.passes import statistics
from qcc.passes.notes import add_note
from qcc.passes.quantizable import constant_array
from qcc.passes.refinements import WeightRounding, weights_digest
from qcc.passes.rewriting import quantized_type


@dataclass(frozen=True)
class RoundWeightsPass(ModulePass):
    """
    Replaces the types, and where known the integers, of weights that we quantize.

    Weights that are not those of the statistics are left as they are, with a note.
    """

    name = "round-weights"

    integers: bool = True
    """Without them, weights go to the nearest integers at the decided scales."""

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        known = statistics.current()
        for inner in list(model_function(op).body.walk()):
            name = tensor_name(inner.results[0]) if inner.results else None
            quantize = weight_cast(inner)
            rounding = name and known.get(WeightRounding, name)
            if quantize is not None and rounding:
                if not self.integers:
                    rounding = replace(rounding, integers=None)
                _apply(inner, quantize, rounding)
        DeadCodeElimination().apply(ctx, op)


def weight_cast(op: Operation) -> QuantizeCastOp | None:
    """The cast that makes the float weights of a contraction int8, if we make them."""
    if not isinstance(op, nn.Conv2dOp | nn.ConvTranspose2dOp | nn.MatMulOp):
        return None
    dequantize = op.operands[1].owner
    if not isinstance(dequantize, DequantizeCastOp):
        return None
    quantize = dequantize.input.owner
    if not isinstance(quantize, QuantizeCastOp):
        return None
    return None if constant_array(quantize.input) is None else quantize


def _apply(op: Operation, quantize: QuantizeCastOp, rounding: WeightRounding) -> None:
    weights = constant_array(quantize.input)
    kind = quantized_type(quantize.result)
    assert weights is not None
    fits = (
        kind.axis is not None
        and weights_digest(weights) == rounding.digest
        and len(rounding.scales) == len(kind.scales)
        and len(rounding.integers or bytes(weights.size)) == weights.size
    )
    if not fits:
        add_note(op, "the statistics are of other weights, which are not refined")
        return
    new = _rounded(quantize, weights, kind, rounding)
    dequantize = DequantizeCastOp(new.results[0])
    carry_over(quantize, [new, dequantize])
    if TENSOR in quantize.attributes:
        new.attributes[TENSOR] = quantize.attributes[TENSOR]
    Rewriter.insert_op([new, dequantize], InsertPoint.before(op))
    op.operands[1] = dequantize.result


def _rounded(
    quantize: QuantizeCastOp,
    weights: Array,
    kind: UniformType,
    rounding: WeightRounding,
) -> Operation:
    """The op that gives the int8 weights: a constant, or a cast with new scales."""
    new_kind = UniformType.per_axis(
        rounding.scales, kind.axis or 0, minimum=kind.minimum, maximum=kind.maximum
    )
    if rounding.integers is None:
        return QuantizeCastOp(quantize.input, new_kind)
    stored = np.frombuffer(rounding.integers, np.int8).reshape(weights.shape)
    return nn.ConstantOp(np.clip(stored, kind.minimum, kind.maximum), new_kind)
