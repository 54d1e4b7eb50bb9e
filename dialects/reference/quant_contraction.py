"""Contractions (`docs/numerics.md`, "Contractions")."""

from __future__ import annotations

from qcc.dialects import quant
from qcc.dialects.quant.base import require_activation, require_int8
from qcc.dialects.quant.types import UniformType
from qcc.dialects.reference.integer_products import (
    Exact,
    convolve,
    convolve_transposed,
    multiply,
)
from qcc.dialects.reference.nn_contraction import (
    from_channels_last,
    to_channels_last,
    to_channels_last_shape,
)
from qcc.dialects.reference.numbers import (
    centre,
    output_scales,
    requantization_multipliers,
    requantize,
)
from qcc.dialects.reference.quant_elementwise import add_quantized
from qcc.dialects.reference.registry import reference
from qcc.dialects.types import Array, shape_of


def _requantize_to(
    result: UniformType,
    acc: Exact,
    input: UniformType,
    weight: UniformType,
    minimum: int,
    maximum: int,
) -> Array:
    """requantize(acc, m[c]); the last axis of `acc` is the output channel."""
    multipliers = requantization_multipliers(
        input.scale, output_scales(weight, acc.shape[-1]), result.scale
    )
    return requantize(acc, multipliers, result.zero_point, minimum, maximum)


@reference(quant.Conv2dOp)
def conv2d(
    op: quant.Conv2dOp,
    input: Array,
    weight: Array,
    bias: Array | None,
    residual: Array | None,
) -> Array:
    input_type = require_activation(op.input, "input")
    weight_type = require_int8(op.weight, "weight")
    result_type = require_activation(op.result, "result")
    acc = convolve(
        to_channels_last(
            input if op.is_raw else centre(input, input_type), op.layout_value
        ),
        centre(weight, weight_type),
        bias,
        strides=op.stride_values,
        pads=op.pad_values,
        dilations=op.dilation_values,
        groups=op.group_count,
        pad_value=input_type.zero_point if op.is_raw else 0,
    )
    bounds = (op.minimum_value, op.maximum_value)
    if residual is None or op.residual is None or op.conv_type is None:
        y = _requantize_to(result_type, acc, input_type, weight_type, *bounds)
        return from_channels_last(y, op.layout_value)
    y = _requantize_to(op.conv_type, acc, input_type, weight_type, -128, 127)
    return add_quantized(
        (
            (from_channels_last(y, op.layout_value), op.conv_type),
            (residual, require_activation(op.residual, "residual")),
        ),
        result_type,
        *bounds,
    )


@reference(quant.ConvTranspose2dOp)
def conv_transpose2d(
    op: quant.ConvTranspose2dOp, input: Array, weight: Array, bias: Array | None
) -> Array:
    input_type = require_activation(op.input, "input")
    weight_type = require_int8(op.weight, "weight")
    acc = convolve_transposed(
        to_channels_last(centre(input, input_type), op.layout_value),
        centre(weight, weight_type),
        bias,
        strides=op.stride_values,
        pads=op.pad_values,
        dilations=op.dilation_values,
        groups=op.group_count,
        output_size=to_channels_last_shape(shape_of(op.result), op.layout_value),
    )
    y = _requantize_to(
        require_activation(op.result, "result"),
        acc,
        input_type,
        weight_type,
        op.minimum_value,
        op.maximum_value,
    )
    return from_channels_last(y, op.layout_value)


@reference(quant.MatMulOp)
def matmul(op: quant.MatMulOp, lhs: Array, rhs: Array, bias: Array | None) -> Array:
    lhs_type = require_activation(op.lhs, "lhs")
    rhs_type = require_int8(op.rhs, "rhs")
    acc = multiply(
        lhs if op.is_raw else centre(lhs, lhs_type), centre(rhs, rhs_type), bias
    )
    return _requantize_to(
        require_activation(op.result, "result"),
        acc,
        lhs_type,
        rhs_type,
        op.minimum_value,
        op.maximum_value,
    )
