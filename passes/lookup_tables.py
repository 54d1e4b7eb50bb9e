"""
`lookup-tables`: elementwise functions of one int8 value become tables of 256 entries.

A chain of functions between a dcast and a qcast is one table. A table swallows the
clamps, requantizations and tables around it, where nothing else reads what is between;
so do additions and products of functions of one value.
Every entry is computed by the reference functions of the ops that it replaces.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, StringAttr
from xdsl.ir import Operation, SSAValue
from xdsl.passes import ModulePass
from xdsl.pattern_rewriter import (
    PatternRewriter,
    RewritePattern,
    op_type_rewrite_pattern,
)

from qcc.dialects.blob import Array
from qcc.dialects.naming import TENSOR, carry_over, tensor_name
from qcc.dialects.quant import (
    AddOp,
    ClampOp,
    DequantizeCastOp,
    LookupOp,
    MulOp,
    QuantizeCastOp,
    RequantizeOp,
    SubOp,
)
from qcc.dialects.reference import numbers
from qcc.dialects.reference.registry import reference_function
from qcc.passes.quantizable import (
    Form,
    form_of,
    function_operand,
    scalar_of,
    single_user,
)
from qcc.passes.quantization_plan import goes_to_quantize
from qcc.passes.rewriting import int8_type, rewrite

Function = Callable[[Array], Array]


class TabulateChain(RewritePattern):
    """qcast(f(g(dcast(x)))) -> lookup(x)"""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: QuantizeCastOp, rewriter: PatternRewriter, /):
        kind = int8_type(op.result)
        chain = chain_to_dequantize(op.input)
        if kind is None or not chain or not goes_to_quantize(op.input):
            return
        source = chain[0].operands[_operand(chain[0])].owner
        assert isinstance(source, DequantizeCastOp)
        input_type = int8_type(source.input)
        if input_type is None:
            return
        table = numbers.lookup_table(_composed(chain), input_type, kind)
        new = LookupOp(source.input, table, op.result.type)
        name = tensor_name(op.result) or tensor_name(op.input)
        if name is not None:
            new.attributes[TENSOR] = StringAttr(name)
        carry_over(chain[-1], [new])
        rewriter.replace(op, new)


def chain_to_dequantize(value: SSAValue) -> list[Operation]:
    """
    The elementwise functions from a dcast to `value`, in the order of evaluation.

    Empty if there are none, or if a value in between has other uses.
    """
    chain: list[Operation] = []
    while isinstance(owner := value.owner, Operation):
        if isinstance(owner, DequantizeCastOp):
            return chain[::-1]
        if form_of(owner) not in (Form.FUNCTION, Form.CLAMP):
            return []
        if chain and single_user(value) is None:
            return []
        chain.append(owner)
        value = owner.operands[_operand(owner)]
    return []


def _operand(op: Operation) -> int:
    return function_operand(op) or 0


def as_function(op: Operation) -> Function:
    """An elementwise op as a function of float32 arrays of any shape."""
    function = reference_function(type(op))
    assert function is not None, f"{op.name} has no reference function"
    varying = _operand(op)
    scalars = [
        None if index == varying else scalar_of(operand)
        for index, operand in enumerate(op.operands)
    ]

    def apply(x: Array) -> Array:
        return function(
            op, *(x if index == varying else s for index, s in enumerate(scalars))
        )

    return apply


def _composed(chain: list[Operation]) -> Function:
    functions = [as_function(op) for op in chain]

    def apply(x: Array) -> Array:
        for function in functions:
            x = function(x)
        return x

    return apply


ALL_INT8 = np.arange(-128, 128, dtype=np.int8)


def table_of(op: Operation) -> Array | None:
    """What an int8 elementwise op makes of each stored integer; None for other ops."""
    if isinstance(op, LookupOp):
        return op.array()
    if not isinstance(op, ClampOp | RequantizeOp):
        return None
    function = reference_function(type(op))
    assert function is not None
    return function(op, ALL_INT8)


class MergeTables(RewritePattern):
    """g(f(x)) -> lookup(x), one of f and g a lookup, the other elementwise too"""

    def match_and_rewrite(self, op: Operation, rewriter: PatternRewriter, /):
        if not isinstance(op, LookupOp | ClampOp | RequantizeOp):
            return
        inner = op.input.owner
        if not isinstance(inner, LookupOp | ClampOp | RequantizeOp):
            return
        if not isinstance(op, LookupOp) and not isinstance(inner, LookupOp):
            return
        if single_user(op.input) is None:
            return
        first, second = table_of(inner), table_of(op)
        assert first is not None
        assert second is not None
        merged = second[first.astype(np.int64) + 128]
        new = LookupOp(inner.input, merged, op.result.type)
        new.attributes.update(op.attributes)
        new.location = op.location
        rewriter.replace(op, new)
        rewriter.erase(inner)


class MergeOperands(RewritePattern):
    """mul(x, lookup(x)) -> lookup(x); add and sub, too"""

    def match_and_rewrite(self, op: Operation, rewriter: PatternRewriter, /):
        if not isinstance(op, AddOp | SubOp | MulOp):
            return
        tables: list[Array] = []
        sources: list[SSAValue] = []
        inner: list[LookupOp] = []
        for operand in (op.lhs, op.rhs):
            owner = operand.owner
            if isinstance(owner, LookupOp) and single_user(operand) is op:
                inner.append(owner)
                sources.append(owner.input)
                tables.append(owner.array())
            else:
                sources.append(operand)
                tables.append(ALL_INT8)
        if not inner or sources[0] is not sources[1]:
            return
        function = reference_function(type(op))
        assert function is not None
        new = LookupOp(sources[0], function(op, *tables), op.result.type)
        new.attributes.update(op.attributes)
        new.location = op.location
        rewriter.replace(op, new)
        for lookup in inner:
            rewriter.erase(lookup)


@dataclass(frozen=True)
class LookupTablesPass(ModulePass):
    """Turns elementwise functions between casts into tables, and merges tables."""

    name = "lookup-tables"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        rewrite(ctx, op, [TabulateChain(), MergeTables(), MergeOperands()])
