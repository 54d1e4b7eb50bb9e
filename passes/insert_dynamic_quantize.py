"""
`insert-dynamic-quantize`: contractions with constant weights, on int8 without ranges.

Weights are int8 per output channel; the input is quantized by the range that it has at
run time, and the result is float. Everything else stays float: this alone is the form
per op; `hoist-dynamic-casts` makes the tensors between these ops int8, too. Needs no
calibration.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, StringAttr
from xdsl.ir import Operation, SSAValue
from xdsl.passes import ModulePass
from xdsl.pattern_rewriter import (
    PatternRewriter,
    RewritePattern,
    op_type_rewrite_pattern,
)

from qcc.dialects import nn, quant
from qcc.dialects.blob import Array
from qcc.dialects.naming import TENSOR, replace, tensor_name
from qcc.dialects.reference import numbers
from qcc.dialects.types import rank_of
from qcc.passes.dynamic_casts import cast_of
from qcc.passes.notes import add_note
from qcc.passes.quantizable import (
    KEEP_FLOAT,
    constant_array,
    quantized_constant,
    weight_axis,
)
from qcc.passes.rewriting import quantized_type, rewrite
from qcc.passes.weights import BIAS_LIMIT, weight_type


def fits(stored: Array, axis: int) -> bool:
    """Whether 255 Σ|q_w| and a bias of ±2^30 fit int32."""
    bound = numbers.accumulator_bound(stored, 0, axis, input_zero_point=-128)
    return numbers.fits_int32(bound + BIAS_LIMIT)


def int8_weights(
    op: Operation, value: SSAValue, new: list[Operation]
) -> SSAValue | None:
    """Weights as a quantized constant, appended to `new` if made here."""
    if KEEP_FLOAT in op.attributes:
        return None
    axis = weight_axis(op)
    held = quantized_constant(value)
    if held is not None:
        kind, stored = quantized_type(held), constant_array(held)
        assert stored is not None
        if any(kind.zero_points) or kind.axis not in (None, axis):
            return None
        if kind.storage.width.data != 8:
            return None
        source = held
    else:
        reals = constant_array(value)
        if reals is None or reals.dtype != np.float32:
            return None
        kind = weight_type(reals, axis)
        stored = numbers.quantize_to(reals, kind)
        constant = nn.ConstantOp(stored, kind)
        name = tensor_name(value)
        if name is not None:
            constant.attributes[TENSOR] = StringAttr(name)
        new.append(constant)
        source = constant.result
    if not fits(stored, axis):
        add_note(op, "stays float: its accumulator could overflow int32")
        return None
    return source


class DynamicConvolution(RewritePattern):
    """conv2d(x, constant w, b) -> dynamic_conv2d(dynamic_qcast(x), w, b)"""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: nn.Conv2dOp, rewriter: PatternRewriter, /):
        new: list[Operation] = []
        weight = int8_weights(op, op.weight, new)
        if weight is None:
            return
        cast = cast_of(rewriter, op.input)
        dynamic = quant.DynamicConv2dOp(
            cast.result,
            cast.result_parameters,
            weight,
            op.bias,
            strides=op.stride_values,
            pads=op.pad_values,
            dilations=op.dilation_values,
            groups=op.group_count,
            layout=op.layout_value,
        )
        replace(rewriter, op, [*new, dynamic])


class DynamicMatMul(RewritePattern):
    """matmul(x, constant matrix w, b) -> dynamic_matmul(dynamic_qcast(x), w, b)"""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: nn.MatMulOp, rewriter: PatternRewriter, /):
        if rank_of(op.rhs) != 2:
            return
        new: list[Operation] = []
        weight = int8_weights(op, op.rhs, new)
        if weight is None:
            return
        cast = cast_of(rewriter, op.lhs)
        dynamic = quant.DynamicMatMulOp(
            cast.result, cast.result_parameters, weight, op.bias
        )
        replace(rewriter, op, [*new, dynamic])


@dataclass(frozen=True)
class InsertDynamicQuantizePass(ModulePass):
    """
    Makes conv2d and matmul with constant weights dynamic.

    Ops whose data the model quantizes itself (a dcast) are left to `lower-to-quant`.
    """

    name = "insert-dynamic-quantize"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        rewrite(ctx, op, [DynamicConvolution(), DynamicMatMul()], recursively=False)
