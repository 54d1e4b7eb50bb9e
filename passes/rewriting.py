"""Small helpers of the rewriting passes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.pattern_rewriter import (
    GreedyRewritePatternApplier,
    PatternRewriter,
    PatternRewriteWalker,
    RewritePattern,
)
from xdsl.transforms.dead_code_elimination import DeadCodeElimination

from qcc.dialects.naming import TENSOR, replace
from qcc.dialects.quant import UniformType
from qcc.dialects.types import element_type_of


def rewrite(
    ctx: Context,
    module: ModuleOp,
    patterns: Sequence[RewritePattern],
    *,
    recursively: bool = True,
) -> None:
    """Applies `patterns` (until nothing changes, or once), then drops dead ops."""
    PatternRewriteWalker(
        GreedyRewritePatternApplier(list(patterns)), apply_recursively=recursively
    ).rewrite_module(module)
    DeadCodeElimination().apply(ctx, module)


def quantized_type(value: SSAValue) -> UniformType:
    """The element type of a value that is known to be quantized."""
    kind = element_type_of(value)
    assert isinstance(kind, UniformType), f"expected quantized elements, got {kind}"
    return kind


def int8_type(value: SSAValue) -> UniformType | None:
    """The element type of a value if it is int8 with one scale."""
    kind = element_type_of(value)
    if not isinstance(kind, UniformType) or kind.axis is not None:
        return None
    return kind if kind.storage.width.data == 8 else None


def replace_value(
    rewriter: PatternRewriter,
    old: Operation,
    new_ops: Sequence[Operation],
    result: SSAValue,
) -> None:
    """
    Replaces `old` by `result` of the last of `new_ops`; keeps location and names.

    Where `result` existed before and has no name, it takes the name of `old`.
    """
    owner = result.owner
    if owner not in new_ops and isinstance(owner, Operation):
        name = old.attributes.get(TENSOR)
        if name is not None and TENSOR not in owner.attributes:
            owner.attributes[TENSOR] = name
    replace(rewriter, old, new_ops, [result])


def clone_with(
    op: Operation,
    operands: Sequence[SSAValue],
    result_type: Attribute,
    properties: Mapping[str, Attribute] | None = None,
) -> Operation:
    """The same op on other operands: same properties, location and tensor name."""
    attributes = {k: v for k, v in op.attributes.items() if k == TENSOR}
    new = type(op).create(
        operands=operands,
        result_types=[result_type],
        properties={**op.properties, **(properties or {})},
        attributes=attributes,
    )
    new.location = op.location
    return new
