"""
Computes at compile time what depends on constants only.

Ops are evaluated by their reference functions, so the result is what the op would give.
A `quant.dcast` of constant weights stays: it says that the model wants them quantized.
"""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation
from xdsl.passes import ModulePass
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern

from qcc.dialects import nn
from qcc.dialects.blob import SMALL
from qcc.dialects.reference.registry import (
    evaluate,
    operand_values,
    reference_function,
)
from qcc.dialects.types import element_type_of, size_of
from qcc.passes.rewriting import replace_value, rewrite

GROWTH_LIMIT = 2
"""A result of more elements than this times its operands' stays to be computed."""


@dataclass(frozen=True)
class FoldConstantsPass(ModulePass):
    """Replaces `nn` ops of constants by constants, unless these would be large."""

    name = "fold-constants"

    growth_limit: int = GROWTH_LIMIT

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        rewrite(ctx, op, [FoldConstant(self.growth_limit)])


@dataclass
class FoldConstant(RewritePattern):
    """op(constant, ...)  ->  constant"""

    growth_limit: int

    def match_and_rewrite(self, op: Operation, rewriter: PatternRewriter, /) -> None:
        if not op.name.startswith("nn.") or isinstance(op, nn.ConstantOp):
            return
        operands = operand_values(op)
        present = [value for value in operands if value is not None]
        if not all(isinstance(value.owner, nn.ConstantOp) for value in present):
            return
        if reference_function(type(op)) is None:
            return
        result = op.results[0]
        given = sum(size_of(value) for value in present)
        if size_of(result) > max(SMALL, self.growth_limit * given):
            return
        arrays = [
            value.owner.array()
            if value is not None and isinstance(value.owner, nn.ConstantOp)
            else None
            for value in operands
        ]
        (array,) = evaluate(op, arrays)
        constant = nn.ConstantOp(array, element_type_of(result))
        replace_value(rewriter, op, [constant], constant.result)
