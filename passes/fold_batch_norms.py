"""
Folds batch normalization, and scales and biases per channel, into constant weights.

contraction -> affine becomes one contraction; affine -> contraction too, where padding
allows it. A batch_norm that stays becomes mul and add. Weights are new constants: other
users of the old ones do not notice. Weights that come from a cast (models trained with
quantization) keep their integers, only their scales change: rounding them again would
change the model.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation, SSAValue
from xdsl.passes import ModulePass
from xdsl.pattern_rewriter import (
    PatternRewriter,
    RewritePattern,
    op_type_rewrite_pattern,
)

from qcc.dialects import nn
from qcc.dialects.types import rank_of, shape_of
from qcc.passes.affine import (
    Doubles,
    affine_of,
    channel_axis_after_reshape,
    float_constant,
    parameter,
)
from qcc.passes.rewriting import replace_value, rewrite
from qcc.passes.scaled_weights import scaled_weights

Contraction = nn.Conv2dOp | nn.ConvTranspose2dOp | nn.MatMulOp


@dataclass(frozen=True)
class FoldBatchNormsPass(ModulePass):
    """Folds affine functions per channel into convolutions and matmuls."""

    name = "fold-batch-norms"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        rewrite(ctx, op, [FoldIntoProducer()])
        rewrite(ctx, op, [FoldIntoUser(), FoldIntoProducer()])
        rewrite(ctx, op, [ExpandBatchNorm()])


class FoldIntoProducer(RewritePattern):
    """conv(x, w, b) * s + o  ->  conv(x, w * s, b * s + o), also behind a reshape"""

    def match_and_rewrite(self, op: Operation, rewriter: PatternRewriter, /) -> None:
        affine = affine_of(op)
        if affine is None or not affine.input.has_one_use():
            return
        reshape, value = None, affine.input
        if isinstance(value.owner, nn.ReshapeOp):
            reshape, value = value.owner, value.owner.input
        producer = value.owner
        if not isinstance(producer, Contraction) or not value.has_one_use():
            return
        axis = _output_axis(producer)
        channels = shape_of(value)[axis]
        if reshape is not None:
            moved = channel_axis_after_reshape(reshape, axis)
            if moved is None:
                return
            axis = moved
        parts = affine.along(axis, channels)
        if parts is None:
            return
        new_ops = _scaled(producer, *parts)
        if new_ops is None:
            return
        if reshape is not None:
            new_ops.append(nn.ReshapeOp(new_ops[-1], shape_of(reshape.result)))
            new_ops[-1].location = reshape.location
        replace_value(rewriter, op, new_ops, new_ops[-1].results[0])


class FoldIntoUser(RewritePattern):
    """conv(x * s + o, w, b)  ->  conv(x, w * s, b + sum(w * o)), without padding"""

    def match_and_rewrite(self, op: Operation, rewriter: PatternRewriter, /) -> None:
        if not isinstance(op, nn.Conv2dOp | nn.MatMulOp):
            return
        if not op.operands[0].has_one_use():
            return
        producer = op.operands[0].owner
        if not isinstance(producer, Operation):
            return
        affine = affine_of(producer)
        weight = float_constant(op.operands[1])
        if affine is None or weight is None:
            return
        if isinstance(op, nn.MatMulOp) and weight.ndim != 2:
            return
        axis = _input_axis(op)
        parts = affine.along(axis, shape_of(op.operands[0])[axis])
        if parts is None:
            return
        scale, offset = parts
        if isinstance(op, nn.Conv2dOp) and any(op.pad_values) and offset.any():
            return
        weight, added = _absorb_input(op, weight, scale, offset)
        bias = _bias(op, np.ones(len(added)), added)
        if bias is None:
            return
        new_ops = _rebuilt(op, affine.input, weight, bias)
        if new_ops is not None:
            replace_value(rewriter, op, new_ops, new_ops[-1].results[0])


class ExpandBatchNorm(RewritePattern):
    """batch_norm(x)  ->  x * s + o"""

    @op_type_rewrite_pattern
    def match_and_rewrite(
        self, op: nn.BatchNormOp, rewriter: PatternRewriter, /
    ) -> None:
        affine = affine_of(op)
        if affine is None:
            return
        shape = (-1, *[1] * (rank_of(op.input) - 2))
        scale = nn.ConstantOp(affine.scale.astype(np.float32).reshape(shape))
        offset = nn.ConstantOp(affine.offset.astype(np.float32).reshape(shape))
        product = nn.MulOp(op.input, scale)
        total = nn.AddOp(product, offset)
        new_ops = [scale, offset, product, total]
        replace_value(rewriter, op, new_ops, total.result)


def _output_axis(op: Contraction) -> int:
    """The axis of the result along which output channels lie."""
    if isinstance(op, nn.MatMulOp) or op.layout_value == "NHWC":
        return rank_of(op.result) - 1
    return 1


def _input_axis(op: nn.Conv2dOp | nn.MatMulOp) -> int:
    """The axis of the input along which input channels lie."""
    if isinstance(op, nn.MatMulOp) or op.layout_value == "NHWC":
        return rank_of(op.operands[0]) - 1
    return 1


def _bias(op: Contraction, scale: Doubles, offset: Doubles) -> Doubles | None:
    """The bias times `scale` plus `offset`; None when the bias is not constant."""
    if op.bias is None:
        return offset
    bias = parameter(op.bias)
    return None if bias is None else bias * scale + offset


def _scaled(op: Contraction, scale: Doubles, offset: Doubles) -> list[Operation] | None:
    """The contraction whose result is `scale` times that of `op`, plus `offset`."""
    bias = _bias(op, scale, offset)
    if bias is None:
        return None
    if (scale == 1).all():
        return _rebuilt(op, op.operands[0], None, bias)
    weight = float_constant(op.operands[1])
    if weight is None:
        return _scaled_integers(op, scale, bias)
    if isinstance(op, nn.ConvTranspose2dOp):
        # Channel c of group g is column c of the rows of input channels of g.
        grouped = weight.reshape(op.group_count, -1, *weight.shape[1:])
        factors = scale.reshape(op.group_count, 1, -1, 1, 1)
        weight = (grouped * factors).reshape(weight.shape)
    elif isinstance(op, nn.Conv2dOp):
        weight = weight * scale.reshape(-1, 1, 1, 1)
    else:
        weight = weight * scale
    return _rebuilt(op, op.operands[0], weight, bias)


def _scaled_integers(
    op: Contraction, scale: Doubles, bias: Doubles
) -> list[Operation] | None:
    axis = 0 if isinstance(op, nn.Conv2dOp) else rank_of(op.operands[1]) - 1
    if isinstance(op, nn.ConvTranspose2dOp):
        axis = 1
        by_group = scale.reshape(op.group_count, -1)
        if (by_group != by_group[0]).any():
            return None  # groups share their scales
        scale = by_group[0]
    weights = scaled_weights(op.operands[1], scale, axis)
    new_ops = _rebuilt(op, op.operands[0], None, bias)
    if weights is None or new_ops is None:
        return None
    new_ops[-1].operands[1] = weights[-1].results[0]
    return [*weights, *new_ops]


def _absorb_input(
    op: nn.Conv2dOp | nn.MatMulOp, weight: Doubles, scale: Doubles, offset: Doubles
) -> tuple[Doubles, Doubles]:
    """The weights for an input before `* scale + offset`, and what is to be added."""
    if isinstance(op, nn.MatMulOp):
        return weight * scale[:, None], offset @ weight
    groups, outputs = op.group_count, weight.shape[0]
    grouped = weight.reshape(groups, outputs // groups, *weight.shape[1:])
    by_input = (groups, 1, -1, 1, 1)
    added = (grouped * offset.reshape(by_input)).sum(axis=(2, 3, 4)).reshape(-1)
    return (grouped * scale.reshape(by_input)).reshape(weight.shape), added


def _rebuilt(
    op: Contraction, input: SSAValue, weight: Doubles | None, bias: Doubles
) -> list[Operation] | None:
    """`op` with new constants, after them; None when they do not fit float32."""
    operands: list[SSAValue] = [input, op.operands[1]]
    constants: list[nn.ConstantOp] = []
    if weight is not None:
        constants.append(_constant(weight))
        operands[1] = constants[-1].results[0]
    if op.bias is not None or bias.any():
        constants.append(_constant(bias))
        operands.append(constants[-1].results[0])
    if not all(np.isfinite(c.array()).all() for c in constants):
        return None
    new = type(op).create(
        operands=operands,
        properties=dict(op.properties),
        result_types=[op.result.type],
    )
    new.location = op.location
    return [*constants, new]


def _constant(array: Doubles) -> nn.ConstantOp:
    with np.errstate(over="ignore"):
        return nn.ConstantOp(array.astype(np.float32))
