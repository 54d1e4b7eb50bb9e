"""How the passes of mode `dynamic` make casts whose scale is taken at run time."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import NamedTuple

from xdsl.ir import Block, SSAValue
from xdsl.pattern_rewriter import PatternRewriter
from xdsl.rewriter import InsertPoint

from qcc.dialects import nn, quant
from qcc.dialects.naming import carry_over


@dataclass(frozen=True)
class Clip:
    """Real bounds of a tensor."""

    minimum: float = -inf
    maximum: float = inf

    @property
    def is_trivial(self) -> bool:
        """Whether nothing is clipped."""
        return self == Clip()

    @property
    def holds_zero(self) -> bool:
        """Whether ops that measure a range can clip to it."""
        return self.minimum <= 0 <= self.maximum

    def after(self, first: Clip) -> Clip:
        """`first`, then this one; both hold 0."""
        return Clip(max(self.minimum, first.minimum), min(self.maximum, first.maximum))

    @staticmethod
    def of(op: nn.ReluOp | nn.ClipOp | quant.DynamicOperation) -> Clip:
        """What an op clips its result to."""
        if isinstance(op, nn.ReluOp):
            return Clip(0.0)
        if isinstance(op, nn.ClipOp):
            return Clip(op.min_value, op.max_value)
        return Clip(op.minimum_value, op.maximum_value)


class Quantized(NamedTuple):
    """A dynamically quantized tensor."""

    elements: SSAValue
    parameters: SSAValue


def after_definition(value: SSAValue) -> InsertPoint:
    """Behind what computes `value`, so that all of its users may read what is there."""
    owner = value.owner
    if isinstance(owner, Block):
        return InsertPoint.at_start(owner)
    return InsertPoint.after(owner)


def cast_of(
    rewriter: PatternRewriter, value: SSAValue, clip: Clip | None = None
) -> quant.DynamicQuantizeCastOp:
    """The cast of a float value that there is, or a new one."""
    clip = clip or Clip()
    for use in value.uses:
        user = use.operation
        if isinstance(user, quant.DynamicQuantizeCastOp) and Clip.of(user) == clip:
            return user
    cast = quant.DynamicQuantizeCastOp(
        value, minimum=clip.minimum, maximum=clip.maximum
    )
    if not isinstance(value.owner, Block):
        carry_over(value.owner, [cast])
    rewriter.insert(cast, after_definition(value))
    return cast
