"""Casts (`docs/numerics.md`, "Casts")."""

from __future__ import annotations

import numpy as np

from qcc.dialects import quant
from qcc.dialects.blob import ui8
from qcc.dialects.quant.base import require_activation, require_uniform
from qcc.dialects.reference.numbers import (
    centre,
    dequantize_from,
    quantize_to,
    requantization_multiplier,
    requantize,
)
from qcc.dialects.reference.registry import reference
from qcc.dialects.types import Array, element_type_of


@reference(quant.QuantizeCastOp)
def qcast(op: quant.QuantizeCastOp, input: Array) -> Array:
    return quantize_to(input, require_uniform(op.result, "result"))


@reference(quant.DequantizeCastOp)
def dcast(op: quant.DequantizeCastOp, input: Array) -> Array:
    return dequantize_from(input, require_uniform(op.input, "input"))


@reference(quant.StorageCastOp)
def scast(op: quant.StorageCastOp, input: Array) -> Array:
    if element_type_of(op.input) == ui8:
        return (input ^ np.uint8(0x80)).view(np.int8)
    if element_type_of(op.result) == ui8:
        return input.view(np.uint8) ^ np.uint8(0x80)
    return input


@reference(quant.RequantizeOp)
def requantize_op(op: quant.RequantizeOp, input: Array) -> Array:
    source = require_activation(op.input, "input")
    target = require_activation(op.result, "result")
    return requantize(
        centre(input, source),
        requantization_multiplier(source.scale, target.scale),
        target.zero_point,
        op.minimum_value,
        op.maximum_value,
    )
