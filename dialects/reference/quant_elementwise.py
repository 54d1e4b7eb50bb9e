"""Elementwise integer ops (`docs/numerics.md`, "Elementwise and pooling")."""

from __future__ import annotations

import numpy as np

from qcc.dialects import quant
from qcc.dialects.quant.base import require_activation
from qcc.dialects.quant.types import UniformType
from qcc.dialects.reference.numbers import (
    centre,
    requantization_multiplier,
    requantize,
    rne_shift,
    saturate,
    shared_multipliers,
)
from qcc.dialects.reference.registry import reference
from qcc.dialects.types import Array


def add_quantized(
    operands: tuple[tuple[Array, UniformType], tuple[Array, UniformType]],
    result: UniformType,
    minimum: int,
    maximum: int,
    sign: int = 1,
) -> Array:
    """Formula "add, sub" on stored integers; `sign` is -1 to subtract."""
    (lhs, lhs_type), (rhs, rhs_type) = operands
    multipliers, shift = shared_multipliers(
        (lhs_type.scale, rhs_type.scale), result.scale
    )
    acc = centre(lhs, lhs_type) * np.int32(multipliers[0])
    acc = acc + centre(rhs, rhs_type) * np.int32(sign * multipliers[1])
    return saturate(rne_shift(acc, shift) + result.zero_point, minimum, maximum)


def _add(op: quant.AddOp | quant.SubOp, lhs: Array, rhs: Array, sign: int) -> Array:
    return add_quantized(
        (
            (lhs, require_activation(op.lhs, "lhs")),
            (rhs, require_activation(op.rhs, "rhs")),
        ),
        require_activation(op.result, "result"),
        op.minimum_value,
        op.maximum_value,
        sign,
    )


@reference(quant.AddOp)
def add(op: quant.AddOp, lhs: Array, rhs: Array) -> Array:
    return _add(op, lhs, rhs, 1)


@reference(quant.SubOp)
def sub(op: quant.SubOp, lhs: Array, rhs: Array) -> Array:
    return _add(op, lhs, rhs, -1)


@reference(quant.MulOp)
def mul(op: quant.MulOp, lhs: Array, rhs: Array) -> Array:
    lhs_type = require_activation(op.lhs, "lhs")
    rhs_type = require_activation(op.rhs, "rhs")
    result = require_activation(op.result, "result")
    return requantize(
        centre(lhs, lhs_type) * centre(rhs, rhs_type),
        requantization_multiplier(lhs_type.scale, result.scale, rhs_type.scale),
        result.zero_point,
        op.minimum_value,
        op.maximum_value,
    )


@reference(quant.ClampOp)
def clamp(op: quant.ClampOp, input: Array) -> Array:
    return saturate(input, op.minimum_value, op.maximum_value)


@reference(quant.LookupOp)
def lookup(op: quant.LookupOp, input: Array) -> Array:
    return op.array()[input.astype(np.int32) + 128]
