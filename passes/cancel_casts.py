"""
`cancel-casts`: casts go where they are needed, and vanish where they are not.

A dcast sinks below data movement, which then runs on int8; a qcast that meets the dcast
disappears, or becomes a requantize between two types.
"""

from __future__ import annotations

from dataclasses import dataclass

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
from qcc.dialects.quant import (
    DequantizeCastOp,
    QuantizeCastOp,
    RequantizeOp,
    UniformType,
)
from qcc.dialects.types import shape_of, tensor
from qcc.passes.quantizable import Form, activations, constant_array, form_of
from qcc.passes.rewriting import (
    clone_with,
    int8_type,
    quantized_type,
    replace_value,
    rewrite,
)


def moved_type(op: Operation, kind: UniformType) -> UniformType | None:
    """The type of a movement op on quantized elements; None if it cannot move them."""
    if kind.storage.width.data != 8:
        return None
    if kind.axis is None:
        return kind
    if isinstance(op, nn.TransposeOp):
        return kind.with_axis(op.permutation_values.index(kind.axis))
    return None


class CancelQuantize(RewritePattern):
    """qcast(dcast(x)) -> x, or requantize(x) where the types differ"""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: QuantizeCastOp, rewriter: PatternRewriter, /):
        dequantize = op.input.owner
        if not isinstance(dequantize, DequantizeCastOp):
            return
        source = dequantize.input
        if source.type == op.result.type:
            replace_value(rewriter, op, [], source)
        elif int8_type(source) is not None and int8_type(op.result) is not None:
            if constant_array(source) is None:
                new = RequantizeOp(source, op.result.type)
                replace_value(rewriter, op, [new], new.result)


class SinkDequantize(RewritePattern):
    """move(dcast(x), ...) -> dcast(move(x, ...))"""

    def match_and_rewrite(self, op: Operation, rewriter: PatternRewriter, /):
        form = form_of(op)
        if form not in (Form.MOVEMENT, Form.INDEX):
            return
        moved = activations(op)
        sources = [op.operands[index].owner for index in moved]
        operands = list(op.operands)
        for index, source in zip(moved, sources, strict=True):
            if not isinstance(source, DequantizeCastOp):
                return
            operands[index] = source.input
        kinds = {quantized_type(operands[index]) for index in moved}
        if len(kinds) != 1 or (kind := moved_type(op, kinds.pop())) is None:
            return
        if form == Form.INDEX:
            new = clone_with(op, operands, op.results[0].type)
            replace_value(rewriter, op, [new], new.results[0])
            return
        new = clone_with(op, operands, tensor(kind, shape_of(op.results[0])))
        dequantize = DequantizeCastOp(new.results[0])
        # The name goes to the moved integers, not to their cast.
        rewriter.replace(op, [new, dequantize])
        dequantize.location = new.location


@dataclass(frozen=True)
class CancelCastsPass(ModulePass):
    """Sinks dcasts below data movement and cancels qcasts against them."""

    name = "cancel-casts"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        rewrite(ctx, op, [CancelQuantize(), SinkDequantize()])
