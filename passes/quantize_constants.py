"""
`quantize-constants`: quantized constants are computed here, not at run time.

qcast of a constant becomes the constant of its stored integers, and data movement on
quantized constants (a transposed weight matrix) is done at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation
from xdsl.passes import ModulePass
from xdsl.pattern_rewriter import (
    PatternRewriter,
    RewritePattern,
    op_type_rewrite_pattern,
)

from qcc.dialects import nn
from qcc.dialects.naming import replace
from qcc.dialects.quant import (
    DequantizeCastOp,
    QuantizeCastOp,
    RequantizeOp,
    UniformType,
)
from qcc.dialects.reference import numbers
from qcc.dialects.reference.registry import evaluate, operand_values
from qcc.dialects.types import Shape, element_type_of, is_quantized, shape_of
from qcc.passes.quantizable import constant_array
from qcc.passes.rewriting import quantized_type, rewrite


class QuantizeConstant(RewritePattern):
    """qcast(constant) -> constant"""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: QuantizeCastOp, rewriter: PatternRewriter, /):
        array = constant_array(op.input)
        if array is None:
            return
        kind = quantized_type(op.result)
        replace(rewriter, op, nn.ConstantOp(numbers.quantize_to(array, kind), kind))


class MoveConstant(RewritePattern):
    """move(constant) -> constant, for quantized elements; also requantize(constant)"""

    def match_and_rewrite(self, op: Operation, rewriter: PatternRewriter, /):
        if not isinstance(op, nn.NNOperation | RequantizeOp) or not op.operands:
            return
        if not is_quantized(element_type_of(op.results[0])):
            return
        arrays = [constant_array(operand) for operand in operand_values(op)]
        if any(array is None for array in arrays):
            return
        (result,) = evaluate(op, arrays)
        kind = element_type_of(op.results[0])
        replace(rewriter, op, nn.ConstantOp(result, kind))


class ReshapeWeights(RewritePattern):
    """reshape(dcast(constant)) -> dcast(constant), for scales per channel"""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: nn.ReshapeOp, rewriter: PatternRewriter, /):
        dequantize = op.input.owner
        if not isinstance(dequantize, DequantizeCastOp):
            return
        array = constant_array(dequantize.input)
        shape = shape_of(op.result)
        kind = quantized_type(dequantize.input)
        if array is None or kind.axis is None:
            return
        axis = reshaped_axis(array.shape, kind, shape)
        if axis is None:
            return
        constant = nn.ConstantOp(array.reshape(shape), kind.with_axis(axis))
        replace(rewriter, op, [constant, DequantizeCastOp(constant)])


def reshaped_axis(before: Shape, kind: UniformType, after: Shape) -> int | None:
    """The axis of the reshaped tensor that still has one scale per index."""
    assert kind.axis is not None
    outer, size = prod(before[: kind.axis]), before[kind.axis]
    for axis in range(len(after)):
        if prod(after[:axis]) == outer and after[axis] == size:
            return axis
    return None


@dataclass(frozen=True)
class QuantizeConstantsPass(ModulePass):
    """Replaces quantized values that are known at compile time by constants."""

    name = "quantize-constants"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        rewrite(ctx, op, [QuantizeConstant(), MoveConstant(), ReshapeWeights()])
