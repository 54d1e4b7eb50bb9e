"""
`to-channels-last`: spatial ops work on NHWC, with as few transposes as possible.

Every spatial op gets `layout = "NHWC"` between two transposes. Transposes then sink
through ops that do not care about the order of axes, meet and cancel; those that only
move axes of size 1 become reshapes, which cost nothing.

Where a named tensor is stored in another order of axes, the op that makes it says so in
`tensor_permutation`: transposing its result by it gives the ONNX tensor.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from xdsl.context import Context
from xdsl.dialects.builtin import (
    DenseArrayBase,
    IntegerAttr,
    IntegerType,
    ModuleOp,
    StringAttr,
)
from xdsl.dialects.func import ReturnOp
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.passes import ModulePass
from xdsl.pattern_rewriter import (
    GreedyRewritePatternApplier,
    PatternRewriter,
    PatternRewriteWalker,
    RewritePattern,
    op_type_rewrite_pattern,
)

from qcc.dialects import nn, quant
from qcc.dialects.naming import TENSOR, carry_over
from qcc.dialects.nn.elementwise import BinaryOp
from qcc.dialects.nn.reduce import ReduceOp
from qcc.dialects.nn.unary import UnaryOp
from qcc.dialects.types import (
    Shape,
    element_type_of,
    int_array,
    int_attr,
    ints,
    rank_of,
    shape_of,
    size_of,
    tensor,
)

PERMUTATION = "tensor_permutation"

TO_NHWC, TO_NCHW = (0, 2, 3, 1), (0, 3, 1, 2)

_SPATIAL = (
    nn.Conv2dOp,
    nn.ConvTranspose2dOp,
    nn.MaxPool2dOp,
    nn.AvgPool2dOp,
    nn.ResizeOp,
    quant.Conv2dOp,
    quant.ConvTranspose2dOp,
    quant.AvgPool2dOp,
    quant.ResizeOp,
    quant.DynamicConv2dOp,
    quant.DynamicAvgPool2dOp,
    quant.Conv2dIntegerOp,
)

_ACTIVATIONS: Mapping[str, tuple[str, ...]] = {"quant.conv2d": ("input", "residual")}
"""Operands of spatial ops that are laid out like the result; default `input`."""

_ELEMENTWISE = (
    *(UnaryOp, BinaryOp, nn.PReluOp, nn.EqualOp, nn.WhereOp, nn.CastOp),
    *(quant.QuantizeCastOp, quant.DequantizeCastOp, quant.StorageCastOp),
    *(quant.RequantizeOp, quant.ClampOp, quant.LookupOp),
    *(quant.AddOp, quant.SubOp, quant.MulOp),
    *(quant.DynamicQuantizeCastOp, quant.DynamicDequantizeCastOp),
    *(quant.DynamicRequantizeOp, quant.DynamicClipOp, quant.DynamicBinaryOp),
)

_PER_AXIS: Mapping[type[Operation], tuple[str, ...]] = {
    nn.SliceOp: ("starts", "steps"),
    nn.PadOp: ("before", "after"),
}
"""Properties with one number per axis."""

_ONE_AXIS = (nn.SoftmaxOp, nn.ConcatOp, nn.ArgMaxOp, quant.SoftmaxOp)

_REDUCTIONS = (
    *(ReduceOp, quant.ReduceMeanOp, quant.ReduceSumOp),
    quant.DynamicReduceMeanOp,
)

_PARAMETERS = ("parameters", "target", "lhs_parameters", "rhs_parameters")
"""Operands of dynamic ops that hold a scale and a zero point: nothing moves in them."""

Permutation = tuple[int, ...]


def _ints(attribute: Attribute) -> tuple[int, ...]:
    assert isinstance(attribute, DenseArrayBase)
    return ints(cast("DenseArrayBase[IntegerType]", attribute))


def _inverse(permutation: Permutation) -> Permutation:
    order = sorted(range(len(permutation)), key=permutation.__getitem__)
    return tuple(order)


def _moves_nothing(shape: Shape, permutation: Permutation) -> bool:
    """Whether transposing a tensor of this shape leaves its bytes in place."""
    moved = [axis for axis in permutation if shape[axis] != 1]
    return moved == sorted(moved)


def _per_axis(value: SSAValue) -> bool:
    """Whether a value has one scale per index of an axis, which must not move."""
    element = element_type_of(value)
    return isinstance(element, quant.UniformType) and element.axis is not None


def _moved_operands(op: Operation) -> list[SSAValue]:
    """The operands whose axes are those of the result."""
    parameters = {id(getattr(op, name, None)) for name in _PARAMETERS}
    return [value for value in op.operands if id(value) not in parameters]


def _transposed(value: SSAValue) -> Permutation | None:
    owner = value.owner
    return ints(owner.permutation) if isinstance(owner, nn.TransposeOp) else None


def _remember_permutation(op: Operation, permutation: Permutation) -> None:
    """Notes that `op`, once in its tensor's order, is now transposed back by this."""
    if TENSOR not in op.attributes:
        return
    earlier = op.attributes.get(PERMUTATION)
    if earlier is not None:
        permutation = tuple(permutation[axis] for axis in _ints(earlier))
    op.attributes[PERMUTATION] = int_array(permutation)


def _rebuild(
    op: Operation,
    operands: Sequence[SSAValue],
    properties: Mapping[str, Attribute],
    permutation: Permutation,
    rewriter: PatternRewriter,
) -> None:
    """
    Replaces `op` by transpose(op', permutation); op' has these operands and properties.
    """
    result = op.results[0]
    shape = [0] * len(permutation)
    for axis, size in zip(permutation, shape_of(result), strict=True):
        shape[axis] = size
    new = type(op).create(
        operands=list(operands),
        result_types=[
            tensor(element_type_of(result), shape),
            *(other.type for other in op.results[1:]),
        ],
        properties={**op.properties, **properties},
        attributes=dict(op.attributes),
    )
    _remember_permutation(new, permutation)
    back = nn.TransposeOp(new.results[0], permutation=permutation)
    carry_over(op, [new, back])
    new.location = op.location
    rewriter.replace(op, [new, back], [back.result, *new.results[1:]])


class SpatialToChannelsLast(RewritePattern):
    """conv2d(x) -> transpose(conv2d{NHWC}(transpose(x)))"""

    def match_and_rewrite(self, op: Operation, rewriter: PatternRewriter, /):
        if not isinstance(op, _SPATIAL):
            return
        layout = op.properties.get("layout")
        if isinstance(layout, StringAttr) and layout.data == "NHWC":
            return
        names = _ACTIVATIONS.get(op.name, ("input",))
        activations = [getattr(op, name) for name in names]
        operands: list[SSAValue] = []
        for operand in op.operands:
            if any(operand is activation for activation in activations):
                transpose = nn.TransposeOp(operand, permutation=TO_NHWC)
                carry_over(op, [transpose])
                rewriter.insert(transpose)
                operand = transpose.result
            operands.append(operand)
        properties = {"layout": StringAttr("NHWC")}
        _rebuild(op, operands, properties, TO_NCHW, rewriter)


class SinkThroughElementwise(RewritePattern):
    """add(transpose(x), transpose(y)) -> transpose(add(x, y))"""

    def match_and_rewrite(self, op: Operation, rewriter: PatternRewriter, /):
        if not isinstance(op, _ELEMENTWISE):
            return
        permutation = self._common(op)
        if permutation is None:
            return
        casts = quant.DequantizeCastOp | quant.DynamicDequantizeCastOp
        if isinstance(op, casts) and all(
            isinstance(use.operation, ReturnOp) for use in op.result.uses
        ):
            return  # int8 is cheaper to transpose than float
        moved = {id(value) for value in _moved_operands(op)}
        operands = [
            self._undo(v, permutation, rewriter) if id(v) in moved else v
            for v in op.operands
        ]
        _rebuild(op, operands, {}, permutation, rewriter)

    def _common(self, op: Operation) -> Permutation | None:
        """The permutation to sink, if that costs no larger transpose elsewhere."""
        rank = rank_of(op.results[0])
        found = {
            p
            for v in _moved_operands(op)
            if rank_of(v) == rank and (p := _transposed(v)) is not None
        }
        if len(found) != 1:
            return None
        (permutation,) = found
        gain = cost = 0
        for value in _moved_operands(op):
            if rank_of(value) == rank and _transposed(value) == permutation:
                gain += size_of(value)
            elif not isinstance(value.owner, nn.ConstantOp):
                shape = (1,) * (rank - rank_of(value)) + shape_of(value)
                if not _moves_nothing(shape, _inverse(permutation)):
                    cost += size_of(value)
        return permutation if gain > cost else None

    def _undo(
        self, value: SSAValue, permutation: Permutation, rewriter: PatternRewriter
    ) -> SSAValue:
        """`value` in the order of axes before the transpose."""
        owner = value.owner
        if _transposed(value) == permutation:
            assert isinstance(owner, nn.TransposeOp)
            return owner.input
        if size_of(value) == 1:
            return value
        missing = len(permutation) - rank_of(value)
        if missing:
            reshape = nn.ReshapeOp(value, (1,) * missing + shape_of(value))
            rewriter.insert(reshape)
            value = reshape.result
        transpose = nn.TransposeOp(value, permutation=_inverse(permutation))
        rewriter.insert(transpose)
        return transpose.result


class SinkThroughAxes(RewritePattern):
    """softmax(transpose(x)) {axis} -> transpose(softmax(x) {permuted axis})"""

    def match_and_rewrite(self, op: Operation, rewriter: PatternRewriter, /):
        if not isinstance(op, (*_ONE_AXIS, *_REDUCTIONS, *_PER_AXIS)):
            return
        moved = {id(value) for value in _moved_operands(op)}
        found = {_transposed(v) for v in op.operands if id(v) in moved}
        if len(found) != 1 or (permutation := found.pop()) is None:
            return
        operands: list[SSAValue] = []
        for value in op.operands:
            if id(value) in moved:
                assert isinstance(value.owner, nn.TransposeOp)
                value = value.owner.input
            operands.append(value)
        properties = self._properties(op, permutation)
        _rebuild(op, operands, properties, permutation, rewriter)

    def _properties(
        self, op: Operation, permutation: Permutation
    ) -> dict[str, Attribute]:
        if isinstance(op, _ONE_AXIS):
            axis = op.properties["axis"]
            assert isinstance(axis, IntegerAttr)
            return {"axis": int_attr(permutation[axis.value.data])}
        if isinstance(op, _REDUCTIONS):
            return {"axes": int_array(sorted(permutation[a] for a in ints(op.axes)))}
        properties: dict[str, Attribute] = {}
        for name in _PER_AXIS[type(op)]:
            numbers = op.properties[name]
            moved = [0] * len(permutation)
            for axis, number in zip(permutation, _ints(numbers), strict=True):
                moved[axis] = number
            properties[name] = int_array(moved)
        return properties


class ComposeTransposes(RewritePattern):
    """transpose(transpose(x)) -> transpose(x); transpose(x) of identity -> x"""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: nn.TransposeOp, rewriter: PatternRewriter, /):
        permutation = ints(op.permutation)
        if permutation == tuple(range(len(permutation))):
            rewriter.replace(op, (), (op.input,))
            return
        inner = op.input.owner
        if isinstance(inner, nn.TransposeOp):
            first = ints(inner.permutation)
            both = tuple(first[axis] for axis in permutation)
            _replace_keeping_name(
                op, nn.TransposeOp(inner.input, permutation=both), rewriter
            )


class TransposeToReshape(RewritePattern):
    """transpose(x) -> reshape(x) when only axes of size 1 move"""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: nn.TransposeOp, rewriter: PatternRewriter, /):
        if _moves_nothing(shape_of(op.input), ints(op.permutation)):
            reshape = nn.ReshapeOp(op.input, shape_of(op.result))
            _replace_keeping_name(op, reshape, rewriter)


class TransposeConstant(RewritePattern):
    """transpose(constant) -> constant"""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: nn.TransposeOp, rewriter: PatternRewriter, /):
        constant = op.input.owner
        if isinstance(constant, nn.ConstantOp) and not _per_axis(op.input):
            array = constant.array().transpose(ints(op.permutation))
            element = element_type_of(op.result)
            _replace_keeping_name(op, nn.ConstantOp(array, element), rewriter)


class ComposeReshapes(RewritePattern):
    """reshape(reshape(x)) -> reshape(x); reshape(constant) -> constant"""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: nn.ReshapeOp, rewriter: PatternRewriter, /):
        shape, inner = shape_of(op.result), op.input.owner
        if shape == shape_of(op.input):
            rewriter.replace(op, (), (op.input,))
        elif isinstance(inner, nn.ReshapeOp):
            _replace_keeping_name(op, nn.ReshapeOp(inner.input, shape), rewriter)
        elif isinstance(inner, nn.ConstantOp) and not _per_axis(op.input):
            array = inner.array().reshape(shape)
            constant = nn.ConstantOp(array, element_type_of(op.result))
            _replace_keeping_name(op, constant, rewriter)


def _replace_keeping_name(
    op: Operation, new: Operation, rewriter: PatternRewriter
) -> None:
    for key in (TENSOR, PERMUTATION):
        if key in op.attributes:
            new.attributes[key] = op.attributes[key]
    carry_over(op, [new])
    rewriter.replace(op, new)


def _erase_unused(module: ModuleOp) -> None:
    """Dead transposes and what fed only them."""
    for op in reversed(list(module.walk())):
        removable = isinstance(op, nn.TransposeOp | nn.ReshapeOp | nn.ConstantOp)
        if removable and not any(True for _ in op.results[0].uses):
            op.detach()
            op.erase()


@dataclass(frozen=True)
class ToChannelsLastPass(ModulePass):
    """Moves every spatial op to NHWC and cancels the transposes between them."""

    name = "to-channels-last"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        patterns: list[RewritePattern] = [
            SpatialToChannelsLast(),
            ComposeTransposes(),
            TransposeToReshape(),
            TransposeConstant(),
            ComposeReshapes(),
            SinkThroughElementwise(),
            SinkThroughAxes(),
        ]
        walker = PatternRewriteWalker(GreedyRewritePatternApplier(patterns))
        walker.rewrite_module(op)
        _erase_unused(op)


__all__ = ["PERMUTATION", "ToChannelsLastPass"]
