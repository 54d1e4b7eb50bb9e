"""
`fold-zero-points`: the input's zero point goes into the bias of a contraction.

Σ (q_x − zp_x)(q_w − zp_w) = Σ q_x (q_w − zp_w) − zp_x Σ (q_w − zp_w), and the last term
is known. Kernels then multiply stored integers; padding reads as the zero point.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from xdsl.context import Context
from xdsl.dialects.builtin import DenseArrayBase, ModuleOp, UnitAttr, i32
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.passes import ModulePass
from xdsl.pattern_rewriter import (
    PatternRewriter,
    RewritePattern,
    op_type_rewrite_pattern,
)
from xdsl.rewriter import InsertPoint

from qcc.dialects import nn, quant
from qcc.dialects.blob import Array
from qcc.dialects.naming import carry_over
from qcc.dialects.reference import numbers
from qcc.passes.quantizable import constant_array
from qcc.passes.rewriting import clone_with, quantized_type, rewrite


class FoldConvolution(RewritePattern):
    """conv2d(x, w, b) -> conv2d(x, w, b - zp_x Σ(w - zp_w)) {raw}"""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: quant.Conv2dOp, rewriter: PatternRewriter, /):
        if op.raw is not None:
            return
        if constant_array(op.weight) is None:
            return
        rows = centred_rows(op.weight, 0)
        bias = folded_bias(op.input, rows, op.bias)
        if bias is None:
            return
        constant = insert_bias(op, bias, rewriter)
        residual = [] if op.residual is None else [op.residual]
        segments = DenseArrayBase.from_list(i32, [1, 1, 1, len(residual)])
        make_raw(
            op,
            [op.input, op.weight, constant.result, *residual],
            {"operandSegmentSizes": segments},
            rewriter,
        )


class FoldMatMul(RewritePattern):
    """matmul(x, w, b) -> matmul(x, w, b - zp_x Σ(w - zp_w)) {raw}, constant w"""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: quant.MatMulOp, rewriter: PatternRewriter, /):
        stored = constant_array(op.rhs)
        # Matrices of a batch would need one bias each.
        if op.raw is not None or stored is None or np.prod(stored.shape[:-2]) != 1:
            return
        rows = centred_rows(op.rhs, stored.ndim - 1)
        bias = folded_bias(op.lhs, rows, op.bias)
        if bias is None:
            return
        constant = insert_bias(op, bias, rewriter)
        make_raw(op, [op.lhs, op.rhs, constant.result], {}, rewriter)


def centred_rows(weight: SSAValue, axis: int) -> Array:
    """Stored integers minus zero points, [channels, taps], int64."""
    kind, stored = quantized_type(weight), constant_array(weight)
    assert stored is not None
    rows = np.moveaxis(stored, axis, 0).reshape(stored.shape[axis], -1)
    return rows.astype(np.int64) - np.array(kind.zero_points).reshape(-1, 1)


def folded_bias(input: SSAValue, rows: Array, bias: SSAValue | None) -> Array | None:
    """The int32 bias with the zero point in it; None where something could overflow."""
    result = -quantized_type(input).zero_point * rows.sum(axis=1)
    if bias is not None:
        held = constant_array(bias)
        if held is None:
            return None
        result = result + held
    bound = numbers.accumulator_bound(rows, 0, 0, bias=result, raw=True)
    return result.astype(np.int32) if numbers.fits_int32(bound) else None


def insert_bias(op: Operation, bias: Array, rewriter: PatternRewriter) -> nn.ConstantOp:
    """A constant in front of `op`."""
    constant = nn.ConstantOp(bias)
    carry_over(op, [constant])
    rewriter.insert(constant, InsertPoint.before(op))
    return constant


def make_raw(
    op: Operation,
    operands: Sequence[SSAValue],
    properties: Mapping[str, Attribute],
    rewriter: PatternRewriter,
) -> None:
    """Replaces `op` by a raw one on other operands."""
    kind = op.results[0].type
    new = clone_with(op, operands, kind, {**properties, "raw": UnitAttr()})
    new.attributes.update(op.attributes)
    rewriter.replace(op, new)


@dataclass(frozen=True)
class FoldZeroPointsPass(ModulePass):
    """
    Sets `raw` on convolutions and on matrix products with constant weights.

    Left as they are where the int32 accumulator is not proven to fit.
    """

    name = "fold-zero-points"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        rewrite(ctx, op, [FoldConvolution(), FoldMatMul()], recursively=False)
