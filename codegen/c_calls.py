"""
The C of one `kernel.call`: a wrapper that is not inlined around the micro-kernel.

The argument struct's members are literals in the wrapper, so that the C compiler
specialises the kernel; equal calls share one wrapper. Where many calls differ only
in members that the kernel lists as `run_time`, those in which they differ come from a
constant table and the calls share one wrapper too, which keeps the libraries of deep
networks small.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import cast

from xdsl.dialects.builtin import (
    ArrayAttr,
    DenseArrayBase,
    FloatAttr,
    IntegerAttr,
    StringAttr,
)
from xdsl.ir import Attribute

from qcc.codegen.c_names import c_float, c_identifier, c_int
from qcc.codegen.targets import Target
from qcc.dialects import kernel

SHARE_FROM = 8
"""
So many different calls share a wrapper with run-time arguments. A wrapper of its own,
where tails and sizes are known, is about an eighth as large (1 against 7 kB for the
AVX2 convolution) and at most a few percent faster.
"""

_VALUES = {
    *("input_zero_point", "lhs_zero_point", "zero_point", "residual_zero_point"),
    *("sum_zero_point", "conv_multiplier", "residual_multiplier"),
}
"""Members that no loop depends on: two calls that differ in these only share one."""


@dataclass(frozen=True)
class CallText:
    """The C of a call: a wrapper, and the table that it reads, if any."""

    wrapper: str
    """With `@NAME@` for its name; equal calls have equal texts."""
    table: str | None
    """The definition of the argument table, with `@NAME@` for its name."""


def call_texts(ops: Sequence[kernel.CallOp], target: Target) -> list[CallText]:
    """The C of every call of a model, in order."""
    own = [_wrapper(op, target, []) for op in ops]
    alike: dict[str, dict[str, kernel.CallOp]] = {}
    shared = [_wrapper(op, target, _run_time(op)) for op in ops]
    for op, one, many in zip(ops, own, shared, strict=True):
        alike.setdefault(many, {})[one] = op
    texts: list[CallText] = []
    for op, one, many in zip(ops, own, shared, strict=True):
        others = list(alike[many].values())
        if len(others) >= (2 if _differing(op, others) <= _VALUES else SHARE_FROM):
            texts.append(_with_table(op, others, target))
        else:
            texts.append(CallText(one, None))
    return texts


def _differing(op: kernel.CallOp, alike: Sequence[kernel.CallOp]) -> set[str]:
    """The run-time members in which calls that are alike differ."""
    names = _run_time(op)
    return {name for name in names if len({o.integer(name) for o in alike}) > 1}


def _with_table(
    op: kernel.CallOp, alike: Sequence[kernel.CallOp], target: Target
) -> CallText:
    """A call whose table holds the members in which the calls `alike` differ."""
    differing = _differing(op, alike)
    names = [name for name in _run_time(op) if name in differing]
    largest = max(abs(other.integer(name)) for other in alike for name in names)
    # Of the struct they are int32.
    element = "int16_t" if largest < 2**15 else "int32_t"
    values = ", ".join(c_int(op.integer(name)) for name in names)
    table = f"static const {element} @NAME@[] = {{{values}}};\n"
    return CallText(_wrapper(op, target, names, element), table)


def _literal(attribute: Attribute) -> str:
    if isinstance(attribute, IntegerAttr):
        return c_int(attribute.value.data)
    if isinstance(attribute, FloatAttr):
        return c_float(attribute.value.data)
    assert isinstance(attribute, DenseArrayBase)
    values = cast("Sequence[int | float]", attribute.get_values())
    texts = (c_int(v) if isinstance(v, int) else c_float(v) for v in values)
    return "{" + ", ".join(texts) + "}"


def _members(op: kernel.CallOp, names: Iterable[str], separator: str) -> str:
    texts = {
        name: f".{c_identifier(name)} = {_literal(value)}"
        for name, value in op.arguments.data.items()
    }
    return separator.join(texts[name] for name in names)


def _run_time(op: kernel.CallOp) -> list[str]:
    """Members that the wrapper reads from a table; the same order for equal calls."""
    if op.run_time is None:
        return []
    names = cast("ArrayAttr[StringAttr]", op.run_time)
    return [name.data for name in names if name.data in op.arguments.data]


def _wrapper(
    op: kernel.CallOp, target: Target, run_time: Sequence[str], element: str = ""
) -> str:
    """`run_time` members come from a table of integers of the C type `element`."""
    literal = [name for name in op.arguments.data if name not in run_time]
    reads = len(op.read_buffers)
    struct, function = op.struct.data, op.function.data
    parameters = [f"const {element} *table"] if run_time else []
    passed: list[str] = []
    for index, buffer in enumerate(op.buffers):
        if isinstance(buffer.owner, kernel.NullOp):
            passed.append("NULL")
            continue
        const = "const " if index < reads else ""
        parameters.append(f"{const}void *b{index}")
        passed.append(f"b{index}")
    arguments = f"({struct}){{{_members(op, literal, ', ')}}}"
    copies = ""
    if run_time:
        # Members that nothing sets must stay literal zeros.
        copies = f"  {struct} a = {arguments};\n"
        copies += "".join(
            f"  a.{name} = table[{index}];\n" for index, name in enumerate(run_time)
        )
        arguments = "a"
    return (
        f"static QCC_NOINLINE {_target_attribute(target)}"
        f"void @NAME@({', '.join(parameters)}) {{\n{copies}"
        f"  {function}({arguments}, {', '.join(passed)});\n}}\n"
    )


def _target_attribute(target: Target) -> str:
    """Wrappers of portable kernels too get the target's instructions."""
    isa = target.isas[0]
    return "" if isa == "portable" else f"QCC_TARGET_{isa.upper()} "
