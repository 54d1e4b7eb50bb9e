"""Reductions over axes; `axes` became an input in version 13 (ReduceSum) or 18."""

from __future__ import annotations

from collections.abc import Callable

from xdsl.dialects.builtin import f32
from xdsl.ir import Operation, SSAValue

from qcc.compiler.onnx_import.known_data import per_tensor, reshape
from qcc.compiler.onnx_import.node import Node
from qcc.compiler.onnx_import.registry import onnx_op
from qcc.compiler.onnx_import.tensors import Tensor
from qcc.dialects import nn
from qcc.dialects.types import element_type_of, shape_of

_AXES_INPUT_SINCE = 18

Reduce = Callable[[Node, SSAValue, tuple[int, ...]], SSAValue]
"""Reduces the axes of a value to size 1."""


def _simple(make: Callable[..., Operation]) -> Reduce:
    def reduce(node: Node, value: SSAValue, axes: tuple[int, ...]) -> SSAValue:
        return node.emit(make(value, axes=axes))

    return reduce


def _log_sum(node: Node, value: SSAValue, axes: tuple[int, ...]) -> SSAValue:
    return node.emit(nn.LogOp(node.emit(nn.ReduceSumOp(value, axes=axes))))


def _log_sum_exp(node: Node, value: SSAValue, axes: tuple[int, ...]) -> SSAValue:
    maximum = node.emit(nn.ReduceMaxOp(value, axes=axes))
    shifted = node.emit(nn.ExpOp(node.emit(nn.SubOp(value, maximum))))
    return node.emit(nn.AddOp(_log_sum(node, shifted, axes), maximum))


def _l1(node: Node, value: SSAValue, axes: tuple[int, ...]) -> SSAValue:
    return node.emit(nn.ReduceSumOp(node.emit(nn.AbsOp(value)), axes=axes))


def _l2(node: Node, value: SSAValue, axes: tuple[int, ...]) -> SSAValue:
    return node.emit(nn.SqrtOp(node.emit(nn.ReduceSumSquareOp(value, axes=axes))))


_REDUCTIONS: dict[str, Reduce] = {
    "ReduceMean": _simple(nn.ReduceMeanOp),
    "ReduceSum": _simple(nn.ReduceSumOp),
    "ReduceProd": _simple(nn.ReduceProdOp),
    "ReduceSumSquare": _simple(nn.ReduceSumSquareOp),
    "ReduceL1": _l1,
    "ReduceL2": _l2,
    "ReduceLogSum": _log_sum,
    "ReduceLogSumExp": _log_sum_exp,
}

_COMPARING: dict[str, Reduce] = {
    "ReduceMax": _simple(nn.ReduceMaxOp),
    "ReduceMin": _simple(nn.ReduceMinOp),
}

_FLOAT_ONLY = {"ReduceMean", "ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp"}


def _register(op_type: str, reduce: Reduce) -> None:
    axes_input_since = 13 if op_type == "ReduceSum" else _AXES_INPUT_SINCE

    @onnx_op(op_type, since=1, until=axes_input_since)
    def convert_attribute(node: Node) -> Tensor:  # pyright: ignore[reportUnusedFunction]
        return _reduced(node, reduce, node.integers("axes") or ())

    @onnx_op(op_type, since=axes_input_since)
    def convert_input(node: Node) -> Tensor:  # pyright: ignore[reportUnusedFunction]
        axes = node.constant_integers(1, "list of axes") if node.has(1) else ()
        if not axes and node.integer("noop_with_empty_axes", 0):
            return _elementwise(node, reduce)
        return _reduced(node, reduce, axes)


def _elementwise(node: Node, reduce: Reduce) -> Tensor:
    """The reduction over no axis at all, which still squares or takes logarithms."""
    if node.op_type in _COMPARING:
        return node.tensor(0)
    return reduce(node, _operand(node), ())


def _operand(node: Node) -> SSAValue:
    if node.op_type in _COMPARING:
        return per_tensor(node, node.movable(0), node.is_unsigned(0))
    value = node.value(0)
    if node.op_type in _FLOAT_ONLY and element_type_of(value) != f32:
        raise node.error("only float32 is supported here")
    return value


def _reduced(node: Node, reduce: Reduce, axes: tuple[int, ...]) -> Tensor:
    value = _operand(node)
    rank = len(shape_of(value))
    chosen = tuple(sorted(node.normalized_axes(axes or range(rank), rank)))
    result = reduce(node, value, chosen)
    if node.integer("keepdims", 1):
        return result
    shape = [
        size for axis, size in enumerate(shape_of(value)) if axis not in set(chosen)
    ]
    return reshape(node, result, shape)


for _op_type, _reduce in (_REDUCTIONS | _COMPARING).items():
    _register(_op_type, _reduce)
