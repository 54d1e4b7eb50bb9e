"""Softmax and layer normalization."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np
from xdsl.ir import Operation, SSAValue

from qcc.dialects import nn, quant
from qcc.dialects.blob import Array
from qcc.dialects.reference import numbers
from qcc.dialects.types import Shape, shape_of
from qcc.passes.lower_to_quant.base import (
    Wrapped,
    float_parameter,
    int8_operand,
    lowers,
    with_clamp,
)
from qcc.passes.quantizable import is_parameter
from qcc.passes.rewriting import quantized_type


@lowers(nn.SoftmaxOp)
def lower_softmax(op: nn.SoftmaxOp, wrapped: Wrapped) -> Sequence[Operation] | None:
    """softmax(dcast(x)) -> quant.softmax(x)"""
    input = int8_operand(op.input)
    if input is None:
        return None
    numbers.softmax_inverse(wrapped.kind.scale)
    axis = op.axis.value.data
    return with_clamp(quant.SoftmaxOp(input, wrapped.result_type, axis=axis), wrapped)


@lowers(nn.LayerNormOp)
def lower_layer_norm(
    op: nn.LayerNormOp, wrapped: Wrapped
) -> Sequence[Operation] | None:
    """layer_norm(dcast(x), s, b) -> quant.layer_norm(x, s, b)"""
    input = int8_operand(op.input)
    if input is None or not is_parameter(op.scale) or not is_parameter(op.bias):
        return None
    axis, epsilon = op.axis.value.data, op.epsilon.value.data
    normalized = shape_of(op.input)[axis:]
    numbers.layer_norm_parameters(
        quantized_type(input).scale,
        wrapped.kind.scale,
        epsilon,
        _flat(op.scale, normalized, 1.0),
        _flat(op.bias, normalized, 0.0),
    )
    ops: list[Operation] = []
    new = quant.LayerNormOp(
        input,
        _float_constant(op.scale, ops),
        _float_constant(op.bias, ops),
        result_type=wrapped.result_type,
        axis=axis,
        epsilon=epsilon,
    )
    return [*ops, *with_clamp(new, wrapped)]


def _flat(value: SSAValue | None, shape: Shape, default: float) -> Array:
    """A parameter of each element of a row, float32."""
    array = float_parameter(value)
    if array is None:
        return np.full(prod(shape), default, np.float32)
    return np.broadcast_to(array, shape).ravel()


def _float_constant(value: SSAValue | None, ops: list[Operation]) -> SSAValue | None:
    """`value` itself, or the dequantized constant, appended to `ops`."""
    if value is None or isinstance(value.owner, nn.ConstantOp):
        return value
    array = float_parameter(value)
    assert array is not None
    constant = nn.ConstantOp(array)
    ops.append(constant)
    return constant.result
