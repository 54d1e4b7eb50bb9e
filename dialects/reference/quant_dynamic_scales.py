"""Casts and arithmetic whose scales are taken at run time (`docs/numerics.md`)."""

from __future__ import annotations

import numpy as np

from qcc.dialects import quant
from qcc.dialects.reference.dynamic_scales import (
    centre_by,
    pair_multipliers,
    parameters_of,
    quantize_by,
    requantize_by,
    requantize_integers,
    union_of,
)
from qcc.dialects.reference.nn_contraction import from_channels_last
from qcc.dialects.reference.quant_pool import window_sums
from qcc.dialects.reference.registry import reference
from qcc.dialects.types import Array


@reference(quant.DynamicQuantizeCastOp)
def dynamic_qcast(op: quant.DynamicQuantizeCastOp, input: Array) -> tuple[Array, Array]:
    parameters = parameters_of(input, op.minimum_value, op.maximum_value)
    return quantize_by(input, parameters), parameters


@reference(quant.DynamicDequantizeCastOp)
def dynamic_dcast(
    op: quant.DynamicDequantizeCastOp, input: Array, parameters: Array
) -> Array:
    return centre_by(input, parameters).astype(np.float32) * parameters[0]


@reference(quant.DynamicRequantizeOp)
def dynamic_requantize(
    op: quant.DynamicRequantizeOp, input: Array, parameters: Array, target: Array
) -> Array:
    return requantize_by(input, parameters, target)


@reference(quant.DynamicClipOp)
def dynamic_clip(op: quant.DynamicClipOp, input: Array, parameters: Array) -> Array:
    bounds = np.array([op.minimum_value, op.maximum_value], np.float32)
    low, high = quantize_by(bounds, parameters)
    return np.clip(input, low, high)


@reference(quant.DynamicUnionOp)
def dynamic_union(op: quant.DynamicUnionOp, *inputs: Array) -> Array:
    return union_of(inputs)


def _add(
    op: quant.DynamicAddOp | quant.DynamicSubOp,
    lhs: tuple[Array, Array],
    rhs: tuple[Array, Array],
    sign: int,
) -> tuple[Array, Array]:
    left, right, scale = pair_multipliers(lhs[1][0], rhs[1][0])
    total = centre_by(*lhs) * np.int32(left) + centre_by(*rhs) * np.int32(sign * right)
    return requantize_integers(total, scale, op.minimum_value, op.maximum_value)


@reference(quant.DynamicAddOp)
def dynamic_add(
    op: quant.DynamicAddOp,
    lhs: Array,
    lhs_parameters: Array,
    rhs: Array,
    rhs_parameters: Array,
) -> tuple[Array, Array]:
    return _add(op, (lhs, lhs_parameters), (rhs, rhs_parameters), 1)


@reference(quant.DynamicSubOp)
def dynamic_sub(
    op: quant.DynamicSubOp,
    lhs: Array,
    lhs_parameters: Array,
    rhs: Array,
    rhs_parameters: Array,
) -> tuple[Array, Array]:
    return _add(op, (lhs, lhs_parameters), (rhs, rhs_parameters), -1)


@reference(quant.DynamicMulOp)
def dynamic_mul(
    op: quant.DynamicMulOp,
    lhs: Array,
    lhs_parameters: Array,
    rhs: Array,
    rhs_parameters: Array,
) -> tuple[Array, Array]:
    products = centre_by(lhs, lhs_parameters) * centre_by(rhs, rhs_parameters)
    scale = lhs_parameters[0] * rhs_parameters[0]
    return requantize_integers(products, scale, op.minimum_value, op.maximum_value)


@reference(quant.DynamicReduceMeanOp)
def dynamic_reduce_mean(
    op: quant.DynamicReduceMeanOp, input: Array, parameters: Array
) -> Array:
    sums = centre_by(input, parameters).sum(axis=op.axis_values, keepdims=True)
    factor = parameters[0] / np.float32(op.count)
    return sums.astype(np.float32) * factor


@reference(quant.DynamicAvgPool2dOp)
def dynamic_avg_pool2d(
    op: quant.DynamicAvgPool2dOp, input: Array, parameters: Array
) -> Array:
    sums, counts = window_sums(op, centre_by(input, parameters))
    factors = parameters[0] / counts.astype(np.float32)
    return from_channels_last(
        sums.astype(np.float32) * factors[..., None], op.layout_value
    )
