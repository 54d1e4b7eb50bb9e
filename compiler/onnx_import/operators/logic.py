"""
Comparisons and logic, in terms of max, equal and where.

a >= b exactly if max(a, b) = a; this holds for all numbers but NaN.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from xdsl.ir import SSAValue

from qcc.compiler.onnx_import.node import Node
from qcc.compiler.onnx_import.registry import onnx_op
from qcc.dialects import nn
from qcc.dialects.types import Array

_FALSE: Array = np.zeros((), np.bool_)
_TRUE: Array = np.ones((), np.bool_)

Logic = Callable[[Node, SSAValue, SSAValue], SSAValue]


def _not(node: Node, value: SSAValue) -> SSAValue:
    no = node.constant_value(_FALSE)
    return node.emit(nn.WhereOp(value, no, node.constant_value(_TRUE)))


def _greater_or_equal(node: Node, lhs: SSAValue, rhs: SSAValue) -> SSAValue:
    return node.emit(nn.EqualOp(node.emit(nn.MaxOp(lhs, rhs)), lhs))


def _less_or_equal(node: Node, lhs: SSAValue, rhs: SSAValue) -> SSAValue:
    return _greater_or_equal(node, rhs, lhs)


def _greater(node: Node, lhs: SSAValue, rhs: SSAValue) -> SSAValue:
    return _not(node, _greater_or_equal(node, rhs, lhs))


def _less(node: Node, lhs: SSAValue, rhs: SSAValue) -> SSAValue:
    return _not(node, _greater_or_equal(node, lhs, rhs))


def _and(node: Node, lhs: SSAValue, rhs: SSAValue) -> SSAValue:
    return node.emit(nn.WhereOp(lhs, rhs, node.constant_value(_FALSE)))


def _or(node: Node, lhs: SSAValue, rhs: SSAValue) -> SSAValue:
    return node.emit(nn.WhereOp(lhs, node.constant_value(_TRUE), rhs))


def _xor(node: Node, lhs: SSAValue, rhs: SSAValue) -> SSAValue:
    return node.emit(nn.WhereOp(lhs, _not(node, rhs), rhs))


_BINARY: dict[str, Logic] = {
    "GreaterOrEqual": _greater_or_equal,
    "LessOrEqual": _less_or_equal,
    "Greater": _greater,
    "Less": _less,
    "And": _and,
    "Or": _or,
    "Xor": _xor,
}


def _register(op_type: str, make: Logic) -> None:
    @onnx_op(op_type, since=7)
    def convert(node: Node) -> SSAValue:  # pyright: ignore[reportUnusedFunction]
        return make(node, node.value(0, infinite=True), node.value(1, infinite=True))


for _op_type, _make in _BINARY.items():
    _register(_op_type, _make)


@onnx_op("Not")
def logical_not(node: Node) -> SSAValue:
    """True where the input is false."""
    return _not(node, node.value(0))
