"""
`dequantize-weights`: coarse weights become float constants again (mode `round`).

What `quantize-weights{type="coarse"}` rounded is stored and read as float32: only its
values are few. The biases were corrected in between.
"""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass
from xdsl.pattern_rewriter import (
    PatternRewriter,
    RewritePattern,
    op_type_rewrite_pattern,
)

from qcc.dialects import nn
from qcc.dialects.naming import set_tensor_name, tensor_name
from qcc.dialects.quant import DequantizeCastOp
from qcc.dialects.reference import numbers
from qcc.passes.coarse_weights import is_coarse
from qcc.passes.quantizable import constant_array
from qcc.passes.rewriting import quantized_type, replace_value, rewrite


class DequantizeCoarse(RewritePattern):
    """dcast(constant of a coarse type) -> constant"""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: DequantizeCastOp, rewriter: PatternRewriter, /):
        stored, kind = constant_array(op.input), quantized_type(op.input)
        if stored is None or not is_coarse(kind):
            return
        constant = nn.ConstantOp(numbers.dequantize_from(stored, kind))
        name = tensor_name(op.input)
        if name is not None:
            set_tensor_name(constant, name)
        replace_value(rewriter, op, [constant], constant.result)


@dataclass(frozen=True)
class DequantizeWeightsPass(ModulePass):
    """Evaluates the casts of coarse weights."""

    name = "dequantize-weights"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        rewrite(ctx, op, [DequantizeCoarse()])
