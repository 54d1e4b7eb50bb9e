"""Elementwise functions of two or more tensors, with numpy's broadcasting."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from xdsl.dialects.builtin import f32
from xdsl.ir import Operation, SSAValue

from qcc.compiler.onnx_import.node import Node
from qcc.compiler.onnx_import.registry import onnx_op
from qcc.compiler.onnx_import.tensors import Tensor
from qcc.dialects import nn
from qcc.dialects.types import element_type_of

Binary = Callable[[SSAValue, SSAValue], Operation]

_BINARY: dict[str, Binary] = {
    "Add": nn.AddOp,
    "Sub": nn.SubOp,
    "Mul": nn.MulOp,
    "Div": nn.DivOp,
    "Equal": nn.EqualOp,
}

_VARIADIC: dict[str, Binary] = {"Min": nn.MinOp, "Max": nn.MaxOp, "Sum": nn.AddOp}


_TAKES_INFINITY = {"Add", "Equal", "Min", "Max"}
"""Where masks of attention hold -Inf."""


def _register_binary(op_type: str, make: Binary) -> None:
    infinite = op_type in _TAKES_INFINITY

    @onnx_op(op_type, since=7)
    def convert(node: Node) -> SSAValue:  # pyright: ignore[reportUnusedFunction]
        return node.emit(make(node.value(0, infinite), node.value(1, infinite)))


def _register_variadic(op_type: str, make: Binary) -> None:
    @onnx_op(op_type)
    def convert(node: Node) -> SSAValue:  # pyright: ignore[reportUnusedFunction]
        return _accumulated(node, make, infinite=op_type in _TAKES_INFINITY)


def _accumulated(node: Node, make: Binary, infinite: bool = False) -> SSAValue:
    value = node.value(0, infinite)
    for index in range(1, len(node.proto.input)):
        value = node.emit(make(value, node.value(index, infinite)))
    return value


for _op_type, _make in _BINARY.items():
    _register_binary(_op_type, _make)
for _op_type, _make in _VARIADIC.items():
    _register_variadic(_op_type, _make)


@onnx_op("Mean")
def mean(node: Node) -> SSAValue:
    """The elementwise mean of any number of tensors."""
    total = _accumulated(node, nn.AddOp)
    if element_type_of(total) != f32:
        raise node.error("only float32 is supported here")
    return node.emit(nn.MulOp(total, node.scalar(1.0 / len(node.proto.input))))


@onnx_op("Pow", since=7)
def power(node: Node) -> Tensor:
    """Pow; the exponent may have another type than the base."""
    base = node.value(0)
    exponent = node.known(1)
    if exponent is not None and element_type_of(base) == f32:
        converted = exponent.astype(np.float32)
        if exponent.dtype != np.float32:
            return node.emit(nn.PowOp(base, node.constant_value(converted)))
    value = node.value(1)
    if element_type_of(value) != element_type_of(base):
        value = node.emit(nn.CastOp(value, element_type_of(base)))
    return node.emit(nn.PowOp(base, value))


@onnx_op("Where")
def where(node: Node) -> SSAValue:
    """Elements of the second input where the first is true, else of the third."""
    return node.emit(
        nn.WhereOp(
            node.value(0), node.value(1, infinite=True), node.value(2, infinite=True)
        )
    )
