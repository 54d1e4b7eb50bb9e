"""
Where an op comes from and what its result is called in the ONNX model.

Two things travel with every op: its location, a `NameLoc` of the ONNX node, which every
message prints; and the attribute `tensor`, the ONNX name of its first result, by which
statistics and dumps are keyed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from xdsl.dialects.builtin import ArrayAttr, ModuleOp, NameLoc, NoneAttr, StringAttr
from xdsl.dialects.func import FuncOp
from xdsl.ir import Attribute, BlockArgument, Operation, OpResult, SSAValue
from xdsl.pattern_rewriter import PatternRewriter

TENSOR = "tensor"
"""The discardable attribute with the ONNX name of an op's first result."""


def node_name(op: Operation) -> str | None:
    """The name of the ONNX node that `op` comes from, if known."""
    location = op.location
    return location.desc.data if isinstance(location, NameLoc) else None


def set_node_name(op: Operation, name: str) -> None:
    """Sets the location of `op` to the ONNX node `name`."""
    op.location = NameLoc(StringAttr(name), NoneAttr())


def describe(op: Operation) -> str:
    """How messages name an op: its kind and the ONNX node it comes from."""
    name = node_name(op)
    return op.name if name is None else f'{op.name} (node "{name}")'


def tensor_name(value: SSAValue) -> str | None:
    """
    The ONNX name of a value, if it has one.

    Arguments of a function are named by its `input_names`; results of an op beyond the
    first by that of the first and their index.
    """
    if isinstance(value, BlockArgument):
        func = value.block.parent_op()
        names = func.attributes.get("input_names") if func is not None else None
        if not isinstance(names, ArrayAttr):
            return None
        known = cast(ArrayAttr[Attribute], names).data
        name = known[value.index] if value.index < len(known) else None
        return name.data if isinstance(name, StringAttr) else None
    assert isinstance(value, OpResult)
    name = value.op.attributes.get(TENSOR)
    if not isinstance(name, StringAttr):
        return None
    return name.data if value.index == 0 else f"{name.data}#{value.index}"


def set_tensor_name(op: Operation, name: str) -> None:
    """Names the first result of `op`."""
    op.attributes[TENSOR] = StringAttr(name)


def carry_over(old: Operation, new_ops: Sequence[Operation]) -> None:
    """Gives the location of `old` to those of `new_ops` that have none."""
    if not isinstance(old.location, NameLoc):
        return
    for op in new_ops:
        if not isinstance(op.location, NameLoc):
            op.location = old.location


def replace(
    rewriter: PatternRewriter,
    old: Operation,
    new_ops: Operation | Sequence[Operation],
    new_results: Sequence[SSAValue | None] | None = None,
) -> None:
    """
    Replaces `old` like `PatternRewriter.replace`, keeping its location and names.

    The new ops get the location of `old`, and the one whose result stands for the first
    result of `old` gets its `tensor` name, unless they have their own.
    """
    new_ops = [new_ops] if isinstance(new_ops, Operation) else list(new_ops)
    carry_over(old, new_ops)
    if new_results is None:
        results: Sequence[SSAValue | None] = new_ops[-1].results if new_ops else ()
    else:
        results = new_results
    first = results[0] if results else None
    name = old.attributes.get(TENSOR)
    if isinstance(first, OpResult) and first.op in new_ops and first.index == 0:
        if name is not None and TENSOR not in first.op.attributes:
            first.op.attributes[TENSOR] = name
    rewriter.replace(old, new_ops, new_results)


def model_function(module: ModuleOp | FuncOp) -> FuncOp:
    """The one function of a module."""
    if isinstance(module, FuncOp):
        return module
    functions = [op for op in module.ops if isinstance(op, FuncOp)]
    assert len(functions) == 1, f"expected one function, got {len(functions)}"
    return functions[0]


def name_values(func: FuncOp) -> dict[SSAValue, str]:
    """
    Names every unnamed value of `func`; returns the names of all of them.

    A name is that of the ONNX node, else of the op, with a counter where it is taken:
    the same function always gets the same names.
    """
    names: dict[SSAValue, str] = {}
    values = [*func.args, *(r for op in func.body.walk() for r in op.results)]
    for value in values:
        name = tensor_name(value)
        if name is not None:
            names[value] = name
    taken = set(names.values())
    counters: dict[str, int] = {}
    for value in values:
        if isinstance(value, BlockArgument):
            names.setdefault(value, f"argument_{value.index}")
            continue
        assert isinstance(value, OpResult)
        if value in names:
            continue
        base = node_name(value.op) or value.op.name.split(".")[-1]
        if value.index > 0:
            names[value] = f"{names[value.op.results[0]]}#{value.index}"
            continue
        name = base
        while name in taken or name == value.op.name.split(".")[-1]:
            name = f"{base}_{counters.setdefault(base, 0)}"
            counters[base] += 1
        taken.add(name)
        set_tensor_name(value.op, name)
        names[value] = name
    return {value: names[value] for value in values}
