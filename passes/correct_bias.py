"""
`correct-bias`: the mean error of each output channel, as calibration saw it, is undone.

Rounding errors of weights do not cancel where inputs have a mean, as after a relu: each
output of a channel is off by about the same amount. Calibration has measured by how
much (`BiasCorrection`), layer by layer with the layers before corrected; here it goes
into the bias, before `lower-to-quant` rounds that to int32. The idea: Nagel et al.,
"Data-free quantization through weight equalization and bias correction", 2019, section
4.2 (there without data).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation
from xdsl.passes import ModulePass
from xdsl.rewriter import InsertPoint, Rewriter
from xdsl.transforms.dead_code_elimination import DeadCodeElimination

from qcc.dialects import nn
from qcc.dialects.blob import Array
from qcc.dialects.naming import carry_over, model_function, tensor_name
from qcc.passes import statistics
from qcc.passes.notes import add_note
from qcc.passes.quantizable import constant_array, quantized_constant
from qcc.passes.refinements import BiasCorrection, weights_digest
from qcc.passes.rewriting import clone_with

FloatContraction: TypeAlias = nn.Conv2dOp | nn.ConvTranspose2dOp | nn.MatMulOp


@dataclass(frozen=True)
class CorrectBiasPass(ModulePass):
    """
    Adds corrections of the statistics to the biases of contractions with int8 weights.

    A contraction with other weights than those that were corrected is left alone, with
    a note.
    """

    name = "correct-bias"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        known = statistics.current()
        for inner in list(model_function(op).body.walk()):
            if not isinstance(inner, FloatContraction):
                continue
            name = tensor_name(inner.result)
            correction = name and known.get(BiasCorrection, name)
            weights = quantized_weights(inner)
            if not correction or weights is None:
                continue
            if weights_digest(weights) == correction.digest:
                add_to_bias(inner, correction.values)
            else:
                why = "the statistics are of other weights: its bias is not corrected"
                add_note(inner, why)
        DeadCodeElimination().apply(ctx, op)


def quantized_weights(op: FloatContraction) -> Array | None:
    """The integers of constant weights, if the bias can be corrected for them."""
    if op.bias is not None and constant_array(op.bias) is None:
        return None
    return constant_array(quantized_constant(op.operands[1]))


def add_to_bias(op: FloatContraction, values: Sequence[float]) -> Operation:
    """
    Adds one value per output channel to the bias, float32, which may be absent.

    Returns the op with that bias: `op`, or a new one in its place.
    """
    total = np.array(values, np.float64)
    bias = constant_array(op.bias)
    if bias is not None:
        total = bias.astype(np.float64) + total
    constant = nn.ConstantOp(total.astype(np.float32))
    carry_over(op, [constant])
    Rewriter.insert_op(constant, InsertPoint.before(op))
    if op.bias is not None:
        op.operands[2] = constant.result
        return op
    operands = [op.operands[0], op.operands[1], constant.result]
    new = clone_with(op, operands, op.result.type)
    new.attributes.update(op.attributes)
    Rewriter.replace_op(op, new)
    return new
