"""Softmax and layer normalization (`docs/numerics.md`): integers only."""

from __future__ import annotations

from math import prod

import numpy as np
from numpy.typing import NDArray

from qcc.dialects import quant
from qcc.dialects.quant.base import require_activation
from qcc.dialects.reference.numbers import (
    centre,
    integer_sqrt,
    layer_norm_parameters,
    rne_div,
    rne_shift,
    saturate,
    softmax_inverse,
    softmax_table,
)
from qcc.dialects.reference.registry import reference
from qcc.dialects.types import Array


@reference(quant.SoftmaxOp)
def softmax(op: quant.SoftmaxOp, input: Array) -> Array:
    source = require_activation(op.input, "input")
    target = require_activation(op.result, "result")
    q = input.astype(np.int32)
    distance = q.max(axis=op.axis_value, keepdims=True) - q
    powers = softmax_table(source.scale).astype(np.int64)[distance]
    total = powers.sum(axis=op.axis_value, keepdims=True)
    y = rne_div(powers * softmax_inverse(target.scale), total * 256)
    return saturate(y + target.zero_point)


def _normalize(
    variance: NDArray[np.int64], root_bits: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Multiplies by 4 until at least 2^60; `root_bits` and how often, added."""
    bits = np.full_like(variance, root_bits)
    while True:
        small = variance < 2**60
        if not small.any():
            return variance, bits
        variance = np.where(small, variance << 2, variance)
        bits += small


@reference(quant.LayerNormOp)
def layer_norm(
    op: quant.LayerNormOp, input: Array, scale: Array | None, bias: Array | None
) -> Array:
    source = require_activation(op.input, "input")
    target = require_activation(op.result, "result")
    n = prod(input.shape[op.axis_value :])
    numbers = layer_norm_parameters(
        source.scale,
        target.scale,
        op.epsilon_value,
        np.ones(n, np.float32) if scale is None else scale.reshape(n),
        np.zeros(n, np.float32) if bias is None else bias.reshape(n),
    )
    v = centre(input, source).reshape(-1, n).astype(np.int64)
    total: NDArray[np.int64] = v.sum(axis=1, keepdims=True)
    squares: NDArray[np.int64] = (v * v).sum(axis=1, keepdims=True)
    deviation = n * squares - total * total
    # A row that is not constant has a deviation of at least 1; the others are all 0.
    variance = (deviation << numbers.fraction_bits) + numbers.epsilon
    variance = np.maximum(variance, np.int64(1 << numbers.fraction_bits))
    variance, root_bits = _normalize(variance, numbers.fraction_bits // 2)
    inverse = rne_div(np.full_like(variance, 2**61), integer_sqrt(variance))
    normalized = rne_shift((n * v - total) * inverse, 41 - root_bits)
    y = rne_shift(normalized * numbers.multipliers + numbers.offsets, numbers.shift)
    return saturate(y + target.zero_point).reshape(input.shape)
