"""
Removes ops that do nothing and ops whose results nobody uses.

What does nothing is listed in `rules/identities.rules`. The function keeps its
arguments and results.
"""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass
from xdsl.transforms.dead_code_elimination import dce

from qcc.passes.apply_rules import apply_rules
from qcc.passes.rules.library import built_in_rules


@dataclass(frozen=True)
class StripUnusedPass(ModulePass):
    """Removes reshapes to the same shape, slices of everything …, and dead ops."""

    name = "strip-unused"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        dce(op)
        apply_rules(op, [built_in_rules("identities")], merge_equal=False)
