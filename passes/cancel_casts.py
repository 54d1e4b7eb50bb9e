"""
`cancel-casts`: casts go where they are needed, and vanish where they are not.

A dcast sinks below data movement, which then runs on int8; a qcast rises above it to
the op that computes; a qcast that meets a dcast disappears, or becomes a requantize
between two types.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, i8
from xdsl.ir import Operation, SSAValue
from xdsl.passes import ModulePass
from xdsl.pattern_rewriter import (
    PatternRewriter,
    RewritePattern,
    op_type_rewrite_pattern,
)

from qcc.dialects import nn
from qcc.dialects.naming import TENSOR, replace
from qcc.dialects.quant import (
    DequantizeCastOp,
    QuantizeCastOp,
    RequantizeOp,
    StorageCastOp,
    UniformType,
)
from qcc.dialects.reference import numbers
from qcc.dialects.types import shape_of, tensor
from qcc.passes.quantizable import (
    Form,
    activations,
    constant_array,
    form_of,
    function_operand,
)
from qcc.passes.quantization_plan import goes_to_quantize
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


def _computes(value: SSAValue) -> bool:
    """Whether a value is, but for data movement, the float result of an op."""
    op = value.owner
    if not isinstance(op, Operation):
        return False
    form = form_of(op)
    if form == Form.MOVEMENT:
        return any(_computes(op.operands[index]) for index in activations(op))
    return form is not None and form != Form.INDEX


class HoistQuantize(RewritePattern):
    """qcast(move(f(x), ...)) -> move(qcast(f(x)), ...)"""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: QuantizeCastOp, rewriter: PatternRewriter, /):
        move = op.input.owner
        kind = int8_type(op.result)
        if not isinstance(move, Operation) or form_of(move) != Form.MOVEMENT:
            return
        if kind is None or not op.input.has_one_use() or not _computes(op.input):
            return
        operands, casts = list(move.operands), list[Operation]()
        for index in activations(move):
            casts.append(QuantizeCastOp(operands[index], kind))
            casts[-1].location = op.location
            operands[index] = casts[-1].results[0]
        moved = clone_with(move, operands, op.result.type)
        replace_value(rewriter, op, [*casts, moved], moved.results[0])


class SinkReshape(RewritePattern):
    """qcast(f(reshape(g(x)))) -> qcast(reshape(f(g(x)))), f an activation of g"""

    def match_and_rewrite(self, op: Operation, rewriter: PatternRewriter, /):
        if form_of(op) == Form.CLAMP:
            index = 0
        elif form_of(op) != Form.FUNCTION or (index := function_operand(op)) is None:
            return
        move = op.operands[index].owner
        if not isinstance(move, nn.ReshapeOp) or not move.result.has_one_use():
            return
        if not goes_to_quantize(op.results[0]) or not _computes(move.input):
            return
        operands = list(op.operands)
        operands[index] = move.input
        function = clone_with(op, operands, move.input.type)
        function.attributes.pop(TENSOR, None)
        moved = nn.ReshapeOp(function.results[0], shape_of(op.results[0]))
        replace_value(rewriter, op, [function, moved], moved.result)


class QuantizeOneHot(RewritePattern):
    """qcast(one_hot(i) {on, off}) -> scast(one_hot(i) {q(on), q(off)})"""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: QuantizeCastOp, rewriter: PatternRewriter, /):
        source = op.input.owner
        kind = int8_type(op.result)
        if not isinstance(source, nn.OneHotOp) or kind is None:
            return
        reals = np.array([source.on_value, source.off_value], np.float32)
        on, off = numbers.quantize_to(reals, kind)
        stored = nn.OneHotOp(
            source.indices,
            depth=source.depth_value,
            axis=source.axis_value,
            on=float(on),
            off=float(off),
            element_type=i8,
        )
        replace(rewriter, op, [stored, StorageCastOp(stored, kind)])


@dataclass(frozen=True)
class CancelCastsPass(ModulePass):
    """
    Sinks dcasts below data movement, lifts qcasts above it, and cancels them.

    Where the model rounds the moved result of an op, it is rounded before it is moved:
    the same integers. A rounded one-hot encoding is made of integers at once.
    """

    name = "cancel-casts"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        patterns = [
            CancelQuantize(),
            SinkDequantize(),
            SinkReshape(),
            HoistQuantize(),
            QuantizeOneHot(),
        ]
        rewrite(ctx, op, patterns)
