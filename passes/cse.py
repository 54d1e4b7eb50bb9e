"""
Merges ops that compute the same value.

xDSL's pass of this name compares all attributes, so that two ops with different
`tensor` names would never be equal.
"""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Attribute, Block, Operation, SSAValue
from xdsl.passes import ModulePass
from xdsl.rewriter import Rewriter
from xdsl.traits import is_side_effect_free

from qcc.dialects.naming import TENSOR

_Key = tuple[
    str,
    tuple[SSAValue, ...],
    frozenset[tuple[str, Attribute]],
    frozenset[tuple[str, Attribute]],
    tuple[Attribute, ...],
]


@dataclass(frozen=True)
class CsePass(ModulePass):
    """Replaces every op without effects by an earlier equal one; names may differ."""

    name = "cse"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        cse(op)


def cse(module: ModuleOp) -> None:
    """Merges equal ops of `module`."""
    for region in module.regions:
        for block in region.blocks:
            _merge_equal_ops(block)


def _merge_equal_ops(block: Block) -> None:
    known: dict[_Key, Operation] = {}
    for op in list(block.ops):
        for region in op.regions:
            for inner in region.blocks:
                _merge_equal_ops(inner)
        if op.regions or not op.results or not is_side_effect_free(op):
            continue
        first = known.setdefault(_key(op), op)
        if first is op:
            continue
        if TENSOR in op.attributes:
            first.attributes.setdefault(TENSOR, op.attributes[TENSOR])
        for old, new in zip(op.results, first.results, strict=True):
            old.replace_all_uses_with(new)
        Rewriter.erase_op(op)


def _key(op: Operation) -> _Key:
    """What two ops must have in common to be merged: everything but their names."""
    attributes = {k: v for k, v in op.attributes.items() if k != TENSOR}
    return (
        op.name,
        tuple(op.operands),
        frozenset(op.properties.items()),
        frozenset(attributes.items()),
        tuple(result.type for result in op.results),
    )
