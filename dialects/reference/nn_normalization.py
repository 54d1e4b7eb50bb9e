"""Softmax, layer and batch normalization of floats."""

from __future__ import annotations

import numpy as np

from qcc.dialects import nn
from qcc.dialects.reference.float_functions import exp_f32
from qcc.dialects.reference.lanes import sum_in_lanes
from qcc.dialects.reference.registry import reference
from qcc.dialects.types import Array


@reference(nn.SoftmaxOp)
def softmax(op: nn.SoftmaxOp, input: Array) -> Array:
    """exp(x - max), divided in double by the sum of these, which runs in 16 lanes."""
    x = np.moveaxis(input.astype(np.float32), op.axis_value, -1)
    powers = exp_f32(x - x.max(axis=-1, keepdims=True))
    total = sum_in_lanes(powers)[..., None]
    result = powers.astype(np.float64) / total
    return np.moveaxis(result, -1, op.axis_value).astype(input.dtype)


@reference(nn.LayerNormOp)
def layer_norm(
    op: nn.LayerNormOp, input: Array, scale: Array | None, bias: Array | None
) -> Array:
    """
    n = (x - mean) * r with float32 mean and r = 1 / sqrt(variance + epsilon).

    Mean and variance are double sums in 16 lanes over n; then n * scale + bias.
    """
    outer = input.shape[: op.axis_value]
    x = input.astype(np.float32).reshape(*outer, -1)
    count = np.float64(x.shape[-1])
    mean = (sum_in_lanes(x) / count).astype(np.float32)[..., None]
    centred = x - mean
    wide = centred.astype(np.float64)
    variance = sum_in_lanes(wide * wide) / count
    factor = (1.0 / np.sqrt(variance + op.epsilon_value)).astype(np.float32)
    result = (centred * factor[..., None]).astype(np.float64)
    if scale is not None:
        result = result * scale.astype(np.float64).reshape(-1)
    if bias is not None:
        result = result + bias.astype(np.float64).reshape(-1)
    return result.astype(input.dtype).reshape(input.shape)


@reference(nn.BatchNormOp)
def batch_norm(
    op: nn.BatchNormOp,
    input: Array,
    scale: Array,
    bias: Array,
    mean: Array,
    variance: Array,
) -> Array:
    """(x - mean) * f + bias with float32 f = scale / sqrt(variance + epsilon)."""
    shape = (1, -1) + (1,) * (input.ndim - 2)
    deviation = np.sqrt(variance.astype(np.float64) + op.epsilon_value)
    factor = (scale.astype(np.float64) / deviation).astype(np.float32)
    centred = (input - mean.reshape(shape)).astype(np.float64)
    result = centred * factor.astype(np.float64).reshape(shape)
    result = result + bias.astype(np.float64).reshape(shape)
    return result.astype(input.dtype)
