"""Lowerings of elementwise functions of one operand."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from qcc.codegen.lowerings.common import length, type_suffix, unsupported
from qcc.codegen.select_kernels import KernelBuilder, lowering
from qcc.dialects import nn

UNARY_OPERATIONS = (
    "relu",
    "clip",
    "leaky_relu",
    "elu",
    "sigmoid",
    "hard_sigmoid",
    "hard_swish",
    "silu",
    "softplus",
    "gelu",
    "gelu_tanh",
    "tanh",
    "erf",
    "exp",
    "log",
    "sqrt",
    "reciprocal",
    "neg",
    "abs",
)
"""The enumeration in `runtime/kernels/portable/unary.h`, without its prefix."""


def emit_unary(
    op: nn.UnaryOp, build: KernelBuilder, name: str, alpha: float = 0, beta: float = 0
) -> None:
    """One call of `qcc_unary_<type>`; integers know neg and abs only."""
    suffix = type_suffix(op, op.input)
    if suffix == "u8":
        raise unsupported(op, "unsigned elements have no kernel")
    build.call(
        build.kernel(f"qcc_unary_{suffix}"),
        arguments=length(op.input)
        | {
            "operation": UNARY_OPERATIONS.index(name),
            "alpha": float(alpha),
            "beta": float(beta),
        },
        inputs=[build.buffer(op.input)],
        outputs=[build.result(op.result)],
    )


_WITHOUT_PARAMETERS: Mapping[type[nn.UnaryOp], str] = {
    nn.ReluOp: "relu",
    nn.SigmoidOp: "sigmoid",
    nn.SiluOp: "silu",
    nn.SoftplusOp: "softplus",
    nn.TanhOp: "tanh",
    nn.ErfOp: "erf",
    nn.ExpOp: "exp",
    nn.LogOp: "log",
    nn.SqrtOp: "sqrt",
    nn.ReciprocalOp: "reciprocal",
    nn.NegOp: "neg",
    nn.AbsOp: "abs",
}


def _plain(name: str) -> Callable[[nn.UnaryOp, KernelBuilder], None]:
    def lower(op: nn.UnaryOp, build: KernelBuilder) -> None:
        emit_unary(op, build, name)

    return lower


for _op, _name in _WITHOUT_PARAMETERS.items():
    lowering(_op)(_plain(_name))


@lowering(nn.ClipOp)
def clip(op: nn.ClipOp, build: KernelBuilder) -> None:
    emit_unary(op, build, "clip", op.min_value, op.max_value)


@lowering(nn.LeakyReluOp)
def leaky_relu(op: nn.LeakyReluOp, build: KernelBuilder) -> None:
    emit_unary(op, build, "leaky_relu", op.alpha_value)


@lowering(nn.EluOp)
def elu(op: nn.EluOp, build: KernelBuilder) -> None:
    emit_unary(op, build, "elu", op.alpha_value)


@lowering(nn.HardSigmoidOp)
def hard_sigmoid(op: nn.HardSigmoidOp, build: KernelBuilder) -> None:
    emit_unary(op, build, "hard_sigmoid", op.alpha_value, op.beta_value)


@lowering(nn.HardSwishOp)
def hard_swish(op: nn.HardSwishOp, build: KernelBuilder) -> None:
    emit_unary(op, build, "hard_swish", 1 / 6)


@lowering(nn.GeluOp)
def gelu(op: nn.GeluOp, build: KernelBuilder) -> None:
    with_tanh = op.approximate.data == "tanh"
    emit_unary(op, build, "gelu_tanh" if with_tanh else "gelu")
