"""
`lower-to-quant`: qcast(op(dcast(x), ...)) becomes an integer op of `quant`.

One lowering per float op, in one file per family. relu and clip between the op and its
qcast become the bounds of the result: rounding is monotone, so qcast(relu(x)) =
clamp(qcast(x)). Elementwise functions wait for `lookup-tables`.
"""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, StringAttr
from xdsl.passes import ModulePass
from xdsl.pattern_rewriter import (
    PatternRewriter,
    RewritePattern,
    op_type_rewrite_pattern,
)

from qcc.dialects.errors import QccError
from qcc.dialects.naming import TENSOR, carry_over, tensor_name
from qcc.dialects.quant import QuantizeCastOp
from qcc.passes.lower_to_quant import (
    contraction,
    elementwise,
    movement,
    normalization,
    pool,
)
from qcc.passes.lower_to_quant.base import LOWERINGS, StaysFloat, unwrap
from qcc.passes.notes import NOTE, add_note
from qcc.passes.quantizable import KEEP_FLOAT
from qcc.passes.rewriting import replace_value, rewrite

__all__ = [
    "LowerToQuantPass",
    "contraction",
    "elementwise",
    "movement",
    "normalization",
    "pool",
]


class LowerWrapped(RewritePattern):
    """qcast(op(dcast(x), ...)) -> quant.op(x, ...)"""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: QuantizeCastOp, rewriter: PatternRewriter, /):
        wrapped = unwrap(op)
        if wrapped is None or KEEP_FLOAT in wrapped.op.attributes:
            return
        lowering = LOWERINGS.get(type(wrapped.op))
        if lowering is None:
            return
        try:
            new_ops = lowering(wrapped.op, wrapped)
        except StaysFloat as reason:
            add_note(wrapped.op, f"stays float: {reason}")
            return
        except QccError as error:
            add_note(wrapped.op, f"stays float: {error.why or error.what}")
            return
        if new_ops is None:
            return
        result = new_ops[-1].results[0]
        name = tensor_name(op.result) or tensor_name(op.input)
        if name is not None:
            op.attributes.pop(TENSOR, None)
            for new in new_ops:
                new.attributes.pop(TENSOR, None)
            new_ops[-1].attributes[TENSOR] = StringAttr(name)
        if NOTE in wrapped.op.attributes:
            new_ops[-1].attributes[NOTE] = wrapped.op.attributes[NOTE]
        carry_over(wrapped.op, new_ops)
        replace_value(rewriter, op, new_ops, result)


@dataclass(frozen=True)
class LowerToQuantPass(ModulePass):
    """
    Replaces every float op that is fully wrapped in casts by its integer form.

    Ops whose accumulator could overflow int32, or whose scales are too far apart for
    integer arithmetic, stay float with a note.
    """

    name = "lower-to-quant"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        rewrite(ctx, op, [LowerWrapped()], recursively=False)
