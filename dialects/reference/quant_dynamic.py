"""Contractions of dynamically quantized inputs, and ONNX's integer ops."""

from __future__ import annotations

import numpy as np

from qcc.dialects import quant
from qcc.dialects.quant.base import require_int8
from qcc.dialects.reference.dynamic_scales import centre_by
from qcc.dialects.reference.integer_products import convolve, multiply
from qcc.dialects.reference.nn_contraction import (
    from_channels_last,
    to_channels_last,
)
from qcc.dialects.reference.numbers import (
    centre,
    dynamic_bias,
    dynamic_parameters_uint8,
    output_scales,
    quantize,
)
from qcc.dialects.reference.registry import reference
from qcc.dialects.types import Array


@reference(quant.DynamicConv2dOp)
def dynamic_conv2d(
    op: quant.DynamicConv2dOp,
    input: Array,
    parameters: Array,
    weight: Array,
    bias: Array | None,
) -> Array:
    weight_type = require_int8(op.weight, "weight")
    factors = parameters[0] * output_scales(weight_type, weight.shape[0])
    acc = convolve(
        to_channels_last(centre_by(input, parameters), op.layout_value),
        centre(weight, weight_type),
        None if bias is None else dynamic_bias(bias, factors),
        strides=op.stride_values,
        pads=op.pad_values,
        dilations=op.dilation_values,
        groups=op.group_count,
    )
    return from_channels_last(acc.astype(np.float32) * factors, op.layout_value)


@reference(quant.DynamicMatMulOp)
def dynamic_matmul(
    op: quant.DynamicMatMulOp,
    lhs: Array,
    parameters: Array,
    rhs: Array,
    bias: Array | None,
) -> Array:
    rhs_type = require_int8(op.rhs, "rhs")
    factors = parameters[0] * output_scales(rhs_type, rhs.shape[-1])
    acc = multiply(
        centre_by(lhs, parameters),
        centre(rhs, rhs_type),
        None if bias is None else dynamic_bias(bias, factors),
    )
    return acc.astype(np.float32) * factors


@reference(quant.DynamicQuantizeOp)
def dynamic_quantize(
    op: quant.DynamicQuantizeOp, input: Array
) -> tuple[Array, Array, Array]:
    scale, zero_point = dynamic_parameters_uint8(input)
    q = quantize(input, scale, zero_point, 0, 255).astype(np.uint8)
    return q, np.array(scale, np.float32), np.array(zero_point, np.uint8)


def _less_zero_point(
    q: Array, zero_point: Array | None, shape: tuple[int, ...]
) -> Array:
    """q - zero_point; a zero point of several elements is broadcast as `shape`."""
    if zero_point is None:
        return q.astype(np.int32)
    numbers = zero_point.astype(np.int32)
    return q.astype(np.int32) - numbers.reshape(shape if numbers.size > 1 else ())


@reference(quant.Conv2dIntegerOp)
def conv2d_integer(
    op: quant.Conv2dIntegerOp,
    input: Array,
    weight: Array,
    input_zero_point: Array | None,
    weight_zero_point: Array | None,
) -> Array:
    x = _less_zero_point(input, input_zero_point, ())
    acc = convolve(
        to_channels_last(x, op.layout_value),
        _less_zero_point(weight, weight_zero_point, (-1, 1, 1, 1)),
        None,
        strides=op.stride_values,
        pads=op.pad_values,
        dilations=op.dilation_values,
        groups=op.group_count,
    )
    return from_channels_last(acc, op.layout_value).astype(np.int32)


@reference(quant.MatMulIntegerOp)
def matmul_integer(
    op: quant.MatMulIntegerOp,
    lhs: Array,
    rhs: Array,
    lhs_zero_point: Array | None,
    rhs_zero_point: Array | None,
) -> Array:
    left = _less_zero_point(lhs, lhs_zero_point, (-1, 1))
    right = _less_zero_point(rhs, rhs_zero_point, (-1,))
    return multiply(left, right, None).astype(np.int32)
