"""
`fuse-residual`: an add whose operand is a convolution becomes its last step.

The convolution is rounded to its own type first, as it was, and then added: the bits
stay the same, but the rows are added while they are in the cache.
"""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import SSAValue
from xdsl.passes import ModulePass
from xdsl.pattern_rewriter import (
    PatternRewriter,
    RewritePattern,
    op_type_rewrite_pattern,
)

from qcc.dialects import nn, quant
from qcc.dialects.types import ints, shape_of
from qcc.passes.fuse_activations import bounds_of
from qcc.passes.quantizable import single_user
from qcc.passes.rewriting import quantized_type, rewrite


class FuseResidual(RewritePattern):
    """add(conv2d(x), r) -> conv2d(x, residual = r) {conv_type}"""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: quant.AddOp, rewriter: PatternRewriter, /):
        pairs = [(op.lhs, op.rhs), (op.rhs, op.lhs)]
        candidates = [
            (value.owner, residual)
            for value, residual in pairs
            if isinstance(value.owner, quant.Conv2dOp) and _can_fuse(value, residual)
        ]
        if not candidates:
            return
        # The convolution that comes last is next to the add already.
        conv, residual = candidates[0]
        for other, other_residual in candidates[1:]:
            if conv.is_before_in_block(other):
                conv, residual = other, other_residual
        minimum, maximum = bounds_of(op)
        fused = quant.Conv2dOp(
            conv.input,
            conv.weight,
            conv.bias,
            residual,
            result_type=op.result.type,
            strides=ints(conv.strides),
            pads=ints(conv.pads),
            dilations=ints(conv.dilations),
            groups=conv.groups.value.data,
            layout=conv.layout.data,
            minimum=minimum,
            maximum=maximum,
            raw=conv.raw is not None,
            conv_type=quantized_type(conv.result),
            requantization=conv.requantization.data,
        )
        # The result is that of the add; the work is that of the convolution.
        fused.attributes.update(op.attributes)
        fused.location = conv.location
        rewriter.replace(op, fused)
        rewriter.erase(conv)


def _can_fuse(value: SSAValue, residual: SSAValue) -> bool:
    """Whether `value`, a convolution, can add `residual` as it is."""
    conv = value.owner
    assert isinstance(conv, quant.Conv2dOp)
    return (
        single_user(value) is not None
        and conv.residual is None
        and bounds_of(conv) == (-128, 127)
        and shape_of(value) == shape_of(residual)
        and not isinstance(residual.owner, nn.ConstantOp)
    )


@dataclass(frozen=True)
class FuseResidualPass(ModulePass):
    """Fuses quant.add into a convolution that only it reads; shapes must be equal."""

    name = "fuse-residual"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        rewrite(ctx, op, [FuseResidual()], recursively=False)
