"""
`keep-float`: marks ops that stay float, before anything is decided about integers.

The attribute `keep_float` on an `nn` op says that it has no int8 form (`form_of`) and
why. It is set once, for all targets of a library, by the user (`--keep-float`), by the
accuracy budget or by the cost model; every later pass reads it there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, StringAttr
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.ir import Operation
from xdsl.passes import ModulePass

from qcc.dialects import nn
from qcc.dialects.errors import QccError
from qcc.dialects.naming import model_function, node_name, tensor_name
from qcc.passes.layers import chain_of
from qcc.passes.notes import add_note
from qcc.passes.quantizable import KEEP_FLOAT


@dataclass(frozen=True)
class KeepFloatPass(ModulePass):
    """
    Marks the ops of some names, and the activations that are fused with them.

    A name is that of a tensor, or of an ONNX node. QccError for one that no op has.
    """

    name = "keep-float"

    names: tuple[str, ...] = ()

    reason: str = "asked for"
    """Why, for notes."""

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        func = model_function(op)
        chains = [chain_of(each) for name in self.names for each in named(func, name)]
        # All chains are found before the first mark, which would end them.
        for chain in chains:
            mark(chain, self.reason)


def named(func: FuncOp, name: str) -> list[Operation]:
    """The ops that compute the tensor `name`, or come from the node `name`."""
    ops = [
        op
        for op in func.body.walk()
        if op.results and not isinstance(op, nn.ConstantOp | ReturnOp)
    ]
    found = [op for op in ops if tensor_name(op.results[0]) == name]
    found = found or [op for op in ops if node_name(op) == name]
    if not found:
        known = {n for op in ops if (n := node_name(op) or tensor_name(op.results[0]))}
        close = get_close_matches(name, sorted(known)) or sorted(known)[:5]
        raise QccError(
            f"there is no operation {name!r} to keep in float",
            why="neither a node nor a tensor of the simplified model is called that",
            remedy=f"for example: {', '.join(close)}",
        )
    return found


def mark(chain: Sequence[Operation], reason: str) -> None:
    """Keeps the ops of a chain in float; the first one is noted."""
    if KEEP_FLOAT in chain[0].attributes:
        return
    for op in chain:
        op.attributes[KEEP_FLOAT] = StringAttr(reason)
    add_note(chain[0], f"stays float: {reason}")
