"""
`fuse-activations`: a clamp becomes the bounds of the op that computes its operand.

clamp(clamp(q, a, b), c, d) = clamp(q, a', b'), and a clamp commutes with data movement.
"""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import IntegerAttr, ModuleOp
from xdsl.ir import Operation
from xdsl.passes import ModulePass
from xdsl.pattern_rewriter import (
    PatternRewriter,
    RewritePattern,
    op_type_rewrite_pattern,
)
from xdsl.rewriter import InsertPoint

from qcc.dialects import nn, quant
from qcc.dialects.quant import ClampOp
from qcc.dialects.types import int_attr, tensor_type
from qcc.passes.quantizable import single_user
from qcc.passes.rewriting import clone_with, replace_value, rewrite

_BOUNDED = (
    quant.Conv2dOp,
    quant.ConvTranspose2dOp,
    quant.MatMulOp,
    quant.AddOp,
    quant.SubOp,
    quant.MulOp,
    quant.AvgPool2dOp,
    quant.ReduceMeanOp,
    quant.ReduceSumOp,
    quant.RequantizeOp,
    quant.ClampOp,
)
# A pad adds elements that the clamp would change, so it is none of these.
_COMMUTING = (
    nn.MaxPool2dOp,
    nn.ReduceMaxOp,
    nn.ReduceMinOp,
    nn.ReshapeOp,
    nn.TransposeOp,
    nn.SliceOp,
)


def bounds_of(op: Operation) -> tuple[int, int]:
    """The minimum and maximum of an op that has them."""
    minimum, maximum = op.properties["minimum"], op.properties["maximum"]
    assert isinstance(minimum, IntegerAttr)
    assert isinstance(maximum, IntegerAttr)
    return minimum.value.data, maximum.value.data


class FuseClamp(RewritePattern):
    """clamp(op(x)) -> op(x) {minimum, maximum}"""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: ClampOp, rewriter: PatternRewriter, /):
        producer = op.input.owner
        if not isinstance(producer, _BOUNDED) or single_user(op.input) is None:
            return
        low, high = bounds_of(op)
        minimum, maximum = (min(max(bound, low), high) for bound in bounds_of(producer))
        fused = clone_with(
            producer,
            producer.operands,
            op.result.type,
            {"minimum": int_attr(minimum), "maximum": int_attr(maximum)},
        )
        # The result is that of the clamp, and so is its name.
        fused.attributes.update(op.attributes)
        rewriter.insert(fused, InsertPoint.before(producer))
        rewriter.replace(op, [], fused.results)
        rewriter.erase(producer)


class DropClamp(RewritePattern):
    """clamp(x) {all of int8} -> x"""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: ClampOp, rewriter: PatternRewriter, /):
        if bounds_of(op) == (-128, 127):
            replace_value(rewriter, op, [], op.input)


class HoistClamp(RewritePattern):
    """clamp(move(x)) -> move(clamp(x)), towards the op that computes x"""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: ClampOp, rewriter: PatternRewriter, /):
        move = op.input.owner
        if not isinstance(move, _COMMUTING) or single_user(op.input) is None:
            return
        source = move.operands[0]
        if single_user(source) is None or not isinstance(
            source.owner, _BOUNDED + _COMMUTING
        ):
            return
        low, high = bounds_of(op)
        clamp = ClampOp(source, minimum=low, maximum=high)
        clamp.location = op.location
        moved = clone_with(move, [clamp.result], tensor_type(op.result))
        moved.attributes.update(op.attributes)
        rewriter.replace(op, [clamp, moved])
        rewriter.erase(move)


@dataclass(frozen=True)
class FuseActivationsPass(ModulePass):
    """Fuses each clamp with the op before it, where nothing else reads that op."""

    name = "fuse-activations"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        rewrite(ctx, op, [DropClamp(), FuseClamp(), HoistClamp()])
