"""Convolutions and matrix multiplication: int32 accumulators, proven to fit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from xdsl.ir import Operation, SSAValue

from qcc.dialects import nn, quant
from qcc.dialects.blob import Array
from qcc.dialects.quant import UniformType
from qcc.dialects.reference import numbers
from qcc.dialects.types import shape_of
from qcc.passes.lower_to_quant.base import (
    StaysFloat,
    Wrapped,
    float_parameter,
    int8_operand,
    lowers,
)
from qcc.passes.notes import add_note
from qcc.passes.quantizable import constant_array, is_parameter, quantized_constant
from qcc.passes.rewriting import quantized_type

INT8_SPAN = 255
"""The most that a stored int8 activation is away from its zero point."""


@lowers(nn.Conv2dOp)
def lower_conv2d(op: nn.Conv2dOp, wrapped: Wrapped) -> Sequence[Operation] | None:
    """conv2d(dcast(x), dcast(w), b) -> quant.conv2d(x, w, b)"""
    input, weight = int8_operand(op.input), _weights(op.weight, 0)
    if input is None or weight is None or not is_parameter(op.bias):
        return None
    scales = quantized_type(weight).scales
    rows = _centred(weight).reshape(shape_of(weight)[0], -1)
    bias = _bias(op, op.bias, input, scales, rows, wrapped)
    new = quant.Conv2dOp(
        input,
        weight,
        bias,
        result_type=wrapped.result_type,
        strides=op.stride_values,
        pads=op.pad_values,
        dilations=op.dilation_values,
        groups=op.group_count,
        layout=op.layout_value,
        minimum=wrapped.minimum,
        maximum=wrapped.maximum,
    )
    return [new] if bias is None else [bias, new]


@lowers(nn.ConvTranspose2dOp)
def lower_conv_transpose2d(
    op: nn.ConvTranspose2dOp, wrapped: Wrapped
) -> Sequence[Operation] | None:
    """conv_transpose2d(dcast(x), dcast(w), b) -> quant.conv_transpose2d(x, w, b)"""
    input, weight = int8_operand(op.input), _weights(op.weight, 1)
    if input is None or weight is None or not is_parameter(op.bias):
        return None
    channels, outputs, *_ = shape_of(weight)
    groups = op.group_count
    # Output channel g * outputs + i sums over the input channels of group g only.
    grouped = _centred(weight).reshape(groups, channels // groups, outputs, -1)
    rows = grouped.transpose(0, 2, 1, 3).reshape(groups * outputs, -1)
    scales = quantized_type(weight).scales
    if len(scales) > 1:
        scales = scales * groups
    bias = _bias(op, op.bias, input, scales, rows, wrapped)
    new = quant.ConvTranspose2dOp(
        input,
        weight,
        bias,
        result_type=wrapped.result_type,
        strides=op.stride_values,
        pads=op.pad_values,
        dilations=op.dilation_values,
        groups=groups,
        output_padding=op.output_padding_values,
        layout=op.layout_value,
        minimum=wrapped.minimum,
        maximum=wrapped.maximum,
    )
    return [new] if bias is None else [bias, new]


@lowers(nn.MatMulOp)
def lower_matmul(op: nn.MatMulOp, wrapped: Wrapped) -> Sequence[Operation] | None:
    """matmul(dcast(a), dcast(b), bias) -> quant.matmul(a, b, bias)"""
    lhs = int8_operand(op.lhs)
    rhs = _weights(op.rhs, len(shape_of(op.rhs)) - 1)
    is_constant = rhs is not None
    if rhs is None:
        rhs = int8_operand(op.rhs)
    if lhs is None or rhs is None or not is_parameter(op.bias):
        return None
    scales = quantized_type(rhs).scales
    *_, depth, outputs = shape_of(rhs)
    if is_constant:
        matrices = _centred(rhs).reshape(-1, depth, outputs)
        rows = matrices.transpose(0, 2, 1).reshape(-1, depth)
    else:
        rows = np.full((outputs, depth), INT8_SPAN)
    bias = _bias(op, op.bias, lhs, scales, rows, wrapped)
    new = quant.MatMulOp(
        lhs,
        rhs,
        bias,
        result_type=wrapped.result_type,
        minimum=wrapped.minimum,
        maximum=wrapped.maximum,
    )
    return [new] if bias is None else [bias, new]


def _weights(value: SSAValue, axis: int) -> SSAValue | None:
    """The int8 constant behind dequantized weights, per tensor or per `axis`."""
    source = quantized_constant(value)
    if source is None:
        return None
    kind = quantized_type(source)
    if kind.storage.width.data != 8 or kind.axis not in (None, axis):
        return None
    return source


def _centred(weight: SSAValue) -> Array:
    """Stored integers minus their zero points, int64."""
    kind, stored = quantized_type(weight), constant_array(weight)
    assert stored is not None
    shape = [1] * stored.ndim
    if kind.axis is not None:
        shape[kind.axis] = -1
    return stored.astype(np.int64) - np.array(kind.zero_points).reshape(shape)


def _bias(
    op: Operation,
    value: SSAValue | None,
    input: SSAValue,
    weight_scales: Sequence[float],
    rows: Array,
    wrapped: Wrapped,
) -> nn.ConstantOp | None:
    """
    The int32 bias at scale s_x * s_w[c], after proving that no accumulator overflows.

    `rows` are the centred weights that each output channel sums, [channels, taps].
    """
    kind = quantized_type(input)
    numbers.requantization_multipliers(kind.scale, weight_scales, wrapped.kind.scale)
    bias = None if value is None else _bias_integers(op, value, kind, weight_scales)
    per_row = None
    folded = -kind.zero_point * rows.sum(axis=1)
    if bias is not None:
        per_row = np.tile(bias, len(rows) // len(bias)).astype(np.int64)
        folded = folded + per_row
    # The bound must also hold when fold-zero-points moves the zero point to the bias.
    bounds = (
        numbers.accumulator_bound(
            rows, 0, 0, input_zero_point=kind.zero_point, bias=per_row
        ),
        numbers.accumulator_bound(rows, 0, 0, bias=folded, raw=True),
    )
    if not all(map(numbers.fits_int32, bounds)):
        raise StaysFloat(f"its accumulator can reach {max(bounds)}, beyond int32")
    return None if bias is None else nn.ConstantOp(bias)


def _bias_integers(
    op: Operation,
    value: SSAValue,
    input: UniformType,
    weight_scales: Sequence[float],
) -> Array:
    source = quantized_constant(value)
    if source is None:
        reals = float_parameter(value)
        assert reals is not None
        return numbers.quantize_bias(reals, input.scale, weight_scales)
    kind, stored = quantized_type(source), constant_array(source)
    assert stored is not None
    expected = np.array(weight_scales, np.float64) * input.scale
    # Exporters round the product of the scales to float32.
    same = np.allclose(np.array(kind.scales), expected, rtol=1e-6, atol=0)
    if same and not any(kind.zero_points):
        return stored.astype(np.int32)
    add_note(op, "its bias had a scale of its own and was requantized")
    scales = np.array(kind.scales, np.float64)
    reals = (stored.astype(np.float64) - np.array(kind.zero_points)) * scales
    return numbers.quantize_bias(reals, input.scale, weight_scales)
