"""Elementwise functions of one tensor (with parameters)."""

from __future__ import annotations

import math
from collections.abc import Callable

from xdsl.dialects.builtin import f32
from xdsl.ir import Operation, SSAValue

from qcc.compiler.onnx_import.node import Node
from qcc.compiler.onnx_import.registry import onnx_op
from qcc.compiler.onnx_import.tensors import Tensor
from qcc.dialects import nn
from qcc.dialects.types import element_type_of

_UNARY: dict[str, Callable[[SSAValue], Operation]] = {
    "Relu": nn.ReluOp,
    "Sigmoid": nn.SigmoidOp,
    "HardSwish": nn.HardSwishOp,
    "Softplus": nn.SoftplusOp,
    "Tanh": nn.TanhOp,
    "Erf": nn.ErfOp,
    "Sqrt": nn.SqrtOp,
    "Exp": nn.ExpOp,
    "Log": nn.LogOp,
    "Reciprocal": nn.ReciprocalOp,
    "Neg": nn.NegOp,
    "Abs": nn.AbsOp,
}


def _register(op_type: str, make: Callable[[SSAValue], Operation]) -> None:
    @onnx_op(op_type)
    def convert(node: Node) -> SSAValue:  # pyright: ignore[reportUnusedFunction]
        return node.emit(make(node.floating(0)))


for _op_type, _make in _UNARY.items():
    _register(_op_type, _make)


@onnx_op("LeakyRelu")
def leaky_relu(node: Node) -> SSAValue:
    """x if positive, else alpha x."""
    return node.emit(
        nn.LeakyReluOp(node.floating(0), alpha=_finite(node, "alpha", 0.01))
    )


@onnx_op("Elu")
def elu(node: Node) -> SSAValue:
    """x if positive, else alpha (exp(x) - 1)."""
    return node.emit(nn.EluOp(node.floating(0), alpha=_finite(node, "alpha", 1.0)))


@onnx_op("HardSigmoid")
def hard_sigmoid(node: Node) -> SSAValue:
    """clip(alpha x + beta, 0, 1)."""
    alpha, beta = _finite(node, "alpha", 0.2), _finite(node, "beta", 0.5)
    return node.emit(nn.HardSigmoidOp(node.floating(0), alpha=alpha, beta=beta))


@onnx_op("Gelu")
def gelu(node: Node) -> SSAValue:
    """GELU, exact or by tanh."""
    approximate = node.text("approximate", "none")
    return node.emit(nn.GeluOp(node.floating(0), approximate=approximate))


@onnx_op("Swish")
def swish(node: Node) -> SSAValue:
    """x sigmoid(alpha x)."""
    input, alpha = node.floating(0), _finite(node, "alpha", 1.0)
    if alpha == 1.0:
        return node.emit(nn.SiluOp(input))
    scaled = node.emit(nn.MulOp(input, node.scalar(alpha)))
    gate = node.emit(nn.SigmoidOp(scaled))
    return node.emit(nn.MulOp(input, gate))


def _finite(node: Node, name: str, default: float) -> float:
    value = node.real(name, default)
    if not math.isfinite(value):
        raise node.error(f"its attribute {name} is infinite")
    return value


@onnx_op("PRelu")
def prelu(node: Node) -> SSAValue:
    """x if positive, else slope x; the slope broadcasts."""
    return node.emit(nn.PReluOp(node.floating(0), node.floating(1)))


@onnx_op("Clip", since=1, until=11)
def clip_attributes(node: Node) -> SSAValue:
    """Clip with its bounds as attributes."""
    low, high = node.real("min", -math.inf), node.real("max", math.inf)
    return node.emit(nn.ClipOp(node.floating(0), min=low, max=high))


@onnx_op("Clip", since=11)
def clip(node: Node) -> Tensor:
    """Clip with its bounds as optional inputs."""
    constant = all(not node.has(i) or node.known(i) is not None for i in (1, 2))
    value = node.value(0)
    if constant and element_type_of(value) == f32:
        low = node.constant_scalar(1, "minimum") if node.has(1) else -math.inf
        high = node.constant_scalar(2, "maximum") if node.has(2) else math.inf
        return node.emit(nn.ClipOp(value, min=low, max=high))
    if node.has(1):
        value = node.emit(nn.MaxOp(value, node.value(1, infinite=True)))
    if node.has(2):
        value = node.emit(nn.MinOp(value, node.value(2, infinite=True)))
    return value
