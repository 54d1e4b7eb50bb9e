"""Lowerings of elementwise functions of several operands, which broadcast."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from xdsl.dialects.builtin import i1

from qcc.codegen.lowerings.common import (
    broadcast_arguments,
    element_bytes,
    type_suffix,
    unsupported,
)
from qcc.codegen.select_kernels import KernelBuilder, lowering
from qcc.dialects import nn
from qcc.dialects.types import element_type_of

BINARY_OPERATIONS = ("add", "sub", "mul", "div", "pow", "min", "max", "prelu")
"""The enumeration in `runtime/kernels/portable/binary.h`, without its prefix."""

_ARITHMETIC: Mapping[type[nn.BinaryOp], str] = {
    nn.AddOp: "add",
    nn.SubOp: "sub",
    nn.MulOp: "mul",
    nn.DivOp: "div",
    nn.PowOp: "pow",
    nn.MinOp: "min",
    nn.MaxOp: "max",
}


def _arithmetic(name: str) -> Callable[[nn.BinaryOp, KernelBuilder], None]:
    def lower(op: nn.BinaryOp, build: KernelBuilder) -> None:
        if element_type_of(op.lhs) == i1 and name not in ("min", "max"):
            raise unsupported(op, "booleans are not numbers")
        build.call(
            build.kernel(f"qcc_binary_{type_suffix(op, op.lhs)}"),
            arguments=broadcast_arguments(op.result, lhs=op.lhs, rhs=op.rhs)
            | {"operation": BINARY_OPERATIONS.index(name)},
            inputs=[build.buffer(op.lhs), build.buffer(op.rhs)],
            outputs=[build.result(op.result)],
        )

    return lower


for _op, _name in _ARITHMETIC.items():
    lowering(_op)(_arithmetic(_name))


@lowering(nn.PReluOp)
def prelu(op: nn.PReluOp, build: KernelBuilder) -> None:
    """The slope broadcasts against the input."""
    if type_suffix(op, op.input) != "f32":
        raise unsupported(op, "the kernel takes float32 only")
    build.call(
        build.kernel("qcc_binary_f32"),
        arguments=broadcast_arguments(op.result, lhs=op.input, rhs=op.slope)
        | {"operation": BINARY_OPERATIONS.index("prelu")},
        inputs=[build.buffer(op.input), build.buffer(op.slope)],
        outputs=[build.result(op.result)],
    )


@lowering(nn.EqualOp)
def equal(op: nn.EqualOp, build: KernelBuilder) -> None:
    """Booleans are bytes of 0 and 1."""
    build.call(
        build.kernel(f"qcc_equal_{type_suffix(op, op.lhs)}"),
        arguments=broadcast_arguments(op.result, lhs=op.lhs, rhs=op.rhs)
        | {"operation": 0},
        inputs=[build.buffer(op.lhs), build.buffer(op.rhs)],
        outputs=[build.result(op.result)],
    )


@lowering(nn.WhereOp)
def where(op: nn.WhereOp, build: KernelBuilder) -> None:
    """Elements are moved whatever they mean."""
    build.call(
        build.kernel(f"qcc_where_{element_bytes(op.result)}"),
        arguments=broadcast_arguments(
            op.result, condition=op.condition, lhs=op.lhs, rhs=op.rhs
        ),
        inputs=[build.buffer(v) for v in (op.condition, op.lhs, op.rhs)],
        outputs=[build.result(op.result)],
    )
