"""
`hoist-dynamic-casts`: tensors stay int8 between ops, with scales known at run time.

`insert-dynamic-quantize` casts the input of every contraction. Each such cast moves
towards what computes its operand: past relu and clip, which become bounds of the range
that it measures; past max pooling and data movement, which pass scale and zero point
on; past concatenation, whose parts are requantized to the union of their ranges; and
past addition and multiplication. Other readers of a tensor that became int8 get it
dequantized.

A sum or product of two tensors that nothing else wants in int8 is float arithmetic on
float accumulators and stays so: one pass and one rounding less.
"""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, i8
from xdsl.ir import Operation, SSAValue
from xdsl.passes import ModulePass
from xdsl.pattern_rewriter import (
    PatternRewriter,
    RewritePattern,
    op_type_rewrite_pattern,
)
from xdsl.rewriter import InsertPoint

from qcc.dialects import nn, quant
from qcc.dialects.naming import TENSOR, carry_over, replace
from qcc.dialects.reference.registry import evaluate
from qcc.dialects.types import rank_of, shape_of, size_of, tensor
from qcc.passes.dynamic_casts import (
    Clip,
    Quantized,
    after_definition,
    cast_of,
)
from qcc.passes.quantizable import KEEP_FLOAT, is_float, is_linear_resize
from qcc.passes.rewriting import clone_with, rewrite

_MOVES = (
    nn.MaxPool2dOp,
    nn.ReduceMaxOp,
    nn.ReduceMinOp,
    nn.ReshapeOp,
    nn.TransposeOp,
    nn.SliceOp,
    nn.GatherOp,
    nn.ExpandOp,
    nn.ResizeOp,
)

_ARITHMETIC: dict[type[Operation], type[quant.DynamicBinaryOp]] = {
    nn.AddOp: quant.DynamicAddOp,
    nn.SubOp: quant.DynamicSubOp,
    nn.MulOp: quant.DynamicMulOp,
}


def is_int8(value: SSAValue) -> bool:
    """Whether something has or wants all of a float value in int8 already."""
    if isinstance(value.owner, quant.DynamicDequantizeCastOp):
        return True
    return any(
        isinstance(use.operation, quant.DynamicQuantizeCastOp)
        and Clip.of(use.operation).is_trivial
        for use in value.uses
    )


def _moves(op: Operation) -> bool:
    """Whether `op` moves or compares elements, and is worth doing before a cast."""
    if not isinstance(op, _MOVES) or is_linear_resize(op):
        return False
    source = op.operands[0]
    if isinstance(op, nn.SliceOp | nn.GatherOp) and not is_int8(source):
        # A small part has a range, and an effort, much smaller than the whole.
        constant = isinstance(source.owner, nn.ConstantOp)
        return not constant and 2 * size_of(op.results[0]) >= size_of(source)
    return True


def takes_casts(op: Operation) -> bool:
    """Whether a cast of the result of `op` becomes casts of its operands."""
    if KEEP_FLOAT in op.attributes or not op.results or not is_float(op.results[0]):
        return False
    if isinstance(op, nn.ReluOp | nn.ClipOp):
        return Clip.of(op).holds_zero
    if type(op) in _ARITHMETIC:
        return any(map(is_int8, op.operands))
    return isinstance(op, nn.ConcatOp) or _moves(op)


def quantized(
    rewriter: PatternRewriter, value: SSAValue, clip: Clip, user: Operation
) -> Quantized:
    """
    A float value that `user` reads, clipped and in int8.

    The clip narrows the range where that is measured for `user` alone.
    """
    owner = value.owner
    if isinstance(owner, quant.DynamicDequantizeCastOp):
        source = Quantized(owner.input, owner.parameters)
    else:
        shared = any(use.operation is not user for use in value.uses)
        late = shared and isinstance(owner, Operation) and takes_casts(owner)
        cast = cast_of(rewriter, value, None if late else clip)
        source = Quantized(cast.result, cast.result_parameters)
        clip = clip if late else Clip()
    if clip.is_trivial:
        return source
    late_clip = quant.DynamicClipOp(*source, minimum=clip.minimum, maximum=clip.maximum)
    carry_over(user, [late_clip])
    rewriter.insert(late_clip, after_definition(source.elements))
    return Quantized(late_clip.result, source.parameters)


class _Hoist:
    """One step of a cast past the op that computes its operand."""

    def __init__(self, cast: quant.DynamicQuantizeCastOp, rewriter: PatternRewriter):
        self.rewriter = rewriter
        self.clip = Clip.of(cast)
        self.place = after_definition(cast.input)

    def insert(self, op: Operation, origin: Operation) -> Operation:
        """Puts a new op behind `origin`, the ones before it and no later ones."""
        carry_over(origin, [op])
        self.rewriter.insert(op, self.place)
        self.place = InsertPoint.after(op)
        return op

    def past(self, op: Operation) -> Quantized:
        """The result of `op`, clipped, in int8."""
        if isinstance(op, nn.ReluOp | nn.ClipOp):
            clip = self.clip.after(Clip.of(op))
            return quantized(self.rewriter, op.operands[0], clip, op)
        if isinstance(op, nn.ConcatOp):
            return self._concat(op)
        if type(op) in _ARITHMETIC:
            return self._arithmetic(op)
        source = quantized(self.rewriter, op.operands[0], self.clip, op)
        kind = tensor(i8, shape_of(op.results[0]))
        moved = clone_with(op, [source.elements, *op.operands[1:]], kind)
        # An int8 tensor is not what its ONNX name says: that is real numbers.
        moved.attributes.pop(TENSOR, None)
        self.insert(moved, op)
        return Quantized(moved.results[0], source.parameters)

    def _arithmetic(self, op: Operation) -> Quantized:
        lhs, rhs = (
            quantized(self.rewriter, value, Clip(), op) for value in op.operands
        )
        new = _ARITHMETIC[type(op)](
            *lhs, *rhs, minimum=self.clip.minimum, maximum=self.clip.maximum
        )
        self.insert(new, op)
        return Quantized(new.result, new.result_parameters)

    def _concat(self, op: nn.ConcatOp) -> Quantized:
        parts = [quantized(self.rewriter, v, self.clip, op) for v in op.inputs]
        parameters = list(dict.fromkeys(part.parameters for part in parts))
        together = parameters[0]
        elements = [part.elements for part in parts]
        if len(parameters) > 1:
            union = quant.DynamicUnionOp(parameters)
            self.insert(union, op)
            together, elements = union.result, list[SSAValue]()
            for part in parts:
                requantize = quant.DynamicRequantizeOp(*part, together)
                self.insert(requantize, op)
                elements.append(requantize.result)
        joined = nn.ConcatOp(elements, axis=op.axis_value)
        self.insert(joined, op)
        return Quantized(joined.result, together)


def _replace_other_readers(
    rewriter: PatternRewriter,
    value: SSAValue,
    cast: quant.DynamicQuantizeCastOp,
    source: Quantized,
) -> None:
    """Lets all readers of a float value but `cast` read it dequantized."""
    readers = [use for use in value.uses if use.operation is not cast]
    if not readers:
        return
    dequantize = quant.DynamicDequantizeCastOp(*source)
    owner = value.owner
    assert isinstance(owner, Operation)
    carry_over(owner, [dequantize])
    if TENSOR in owner.attributes:
        dequantize.attributes[TENSOR] = owner.attributes[TENSOR]
    rewriter.insert(dequantize, after_definition(source.elements))
    for use in readers:
        use.operation.operands[use.index] = dequantize.result
        rewriter.handle_operation_modification(use.operation)


class HoistCast(RewritePattern):
    """dynamic_qcast(op(x)) -> op(dynamic_qcast(x))"""

    @op_type_rewrite_pattern
    def match_and_rewrite(
        self, op: quant.DynamicQuantizeCastOp, rewriter: PatternRewriter, /
    ):
        value, owner = op.input, op.input.owner
        if not isinstance(owner, Operation) or not takes_casts(owner):
            return
        # A clip of the result alone is not what its other readers want.
        shared = any(use.operation is not op for use in value.uses)
        if shared and not Clip.of(op).is_trivial:
            return
        source = _Hoist(op, rewriter).past(owner)
        _replace_other_readers(rewriter, value, op, source)
        rewriter.replace(op, [], list(source))
        if not list(value.uses):
            rewriter.erase(owner)


class CancelCasts(RewritePattern):
    """dynamic_qcast(dynamic_dcast(q, p)) -> q, p"""

    @op_type_rewrite_pattern
    def match_and_rewrite(
        self, op: quant.DynamicQuantizeCastOp, rewriter: PatternRewriter, /
    ):
        if isinstance(op.input.owner, quant.DynamicDequantizeCastOp):
            source = quantized(rewriter, op.input, Clip.of(op), op)
            rewriter.replace(op, [], list(source))


class CastConstant(RewritePattern):
    """dynamic_qcast(constant) -> constant, constant"""

    @op_type_rewrite_pattern
    def match_and_rewrite(
        self, op: quant.DynamicQuantizeCastOp, rewriter: PatternRewriter, /
    ):
        if isinstance(op.input.owner, nn.ConstantOp):
            arrays = evaluate(op, [op.input.owner.array()])
            constants = [nn.ConstantOp(array) for array in arrays]
            carry_over(op, constants)
            results = [constant.result for constant in constants]
            rewriter.replace(op, constants, results)


class AverageIntegers(RewritePattern):
    """
    avg_pool2d(x) -> dynamic_avg_pool2d(dynamic_qcast(x)), reduce_mean likewise

    Of images that are int8 already, or were but for a relu. Other means (those of a
    normalization) stay float.
    """

    def match_and_rewrite(self, op: Operation, rewriter: PatternRewriter, /):
        if not isinstance(op, nn.AvgPool2dOp | nn.ReduceMeanOp) or not (self._pays(op)):
            return
        source = quantized(rewriter, op.input, Clip(), op)
        if isinstance(op, nn.ReduceMeanOp):
            mean = quant.DynamicReduceMeanOp(*source, axes=op.axis_values)
        else:
            mean = quant.DynamicAvgPool2dOp(
                *source,
                kernel=op.kernel_values,
                strides=op.stride_values,
                pads=op.pad_values,
                count_include_pad=op.counts_padding,
                layout=op.layout_value,
            )
        replace(rewriter, op, mean)

    def _pays(self, op: nn.AvgPool2dOp | nn.ReduceMeanOp) -> bool:
        if KEEP_FLOAT in op.attributes or not is_float(op.input):
            return False
        if isinstance(op, nn.ReduceMeanOp) and (
            rank_of(op.input) != 4 or len(op.axis_values) != 2
        ):
            return False
        owner = op.input.owner
        follows = isinstance(owner, Operation) and takes_casts(owner)
        return follows or is_int8(op.input)


class SinkDequantize(RewritePattern):
    """move(dynamic_dcast(q, p)) -> dynamic_dcast(move(q), p)"""

    def match_and_rewrite(self, op: Operation, rewriter: PatternRewriter, /):
        if not isinstance(op, _MOVES) or is_linear_resize(op):
            return
        cast = op.operands[0].owner
        if not isinstance(cast, quant.DynamicDequantizeCastOp):
            return
        kind = tensor(i8, shape_of(op.results[0]))
        moved = clone_with(op, [cast.input, *op.operands[1:]], kind)
        moved.attributes.pop(TENSOR, None)
        dequantize = quant.DynamicDequantizeCastOp(moved.results[0], cast.parameters)
        if TENSOR in op.attributes:
            dequantize.attributes[TENSOR] = op.attributes[TENSOR]
        carry_over(op, [moved, dequantize])
        rewriter.replace(op, [moved, dequantize])


@dataclass(frozen=True)
class HoistDynamicCastsPass(ModulePass):
    """Keeps tensors in int8 from one dynamic contraction to the next."""

    name = "hoist-dynamic-casts"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        patterns = [
            *(CancelCasts(), CastConstant(), AverageIntegers()),
            *(HoistCast(), SinkDequantize()),
        ]
        rewrite(ctx, op, patterns)
