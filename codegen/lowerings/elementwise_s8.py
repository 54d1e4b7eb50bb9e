"""Lowerings of elementwise int8 ops."""

from __future__ import annotations

import numpy as np

from qcc.codegen.lowerings.common import (
    broadcast_arguments,
    length,
    scale_and_zero_point,
)
from qcc.codegen.select_kernels import KernelBuilder, lowering
from qcc.dialects import quant
from qcc.dialects.reference.numbers import (
    requantization_multiplier,
    shared_multipliers,
)


def _add(op: quant.AddOp | quant.SubOp, build: KernelBuilder, sign_of_rhs: int) -> None:
    lhs_scale, lhs_zero_point = scale_and_zero_point(op.lhs)
    rhs_scale, rhs_zero_point = scale_and_zero_point(op.rhs)
    scale, zero_point = scale_and_zero_point(op.result)
    (lhs_multiplier, rhs_multiplier), shift = shared_multipliers(
        [lhs_scale, rhs_scale], scale
    )
    build.call(
        build.kernel("qcc_add_s8"),
        arguments=broadcast_arguments(op.result, lhs=op.lhs, rhs=op.rhs)
        | {
            "lhs_zero_point": lhs_zero_point,
            "rhs_zero_point": rhs_zero_point,
            "lhs_multiplier": lhs_multiplier,
            "rhs_multiplier": sign_of_rhs * rhs_multiplier,
            "shift": shift,
            "zero_point": zero_point,
            "minimum": op.minimum_value,
            "maximum": op.maximum_value,
        },
        inputs=[build.buffer(op.lhs), build.buffer(op.rhs)],
        outputs=[build.result(op.result)],
    )


@lowering(quant.AddOp)
def add(op: quant.AddOp, build: KernelBuilder) -> None:
    """Two multipliers with one shift."""
    _add(op, build, 1)


@lowering(quant.SubOp)
def sub(op: quant.SubOp, build: KernelBuilder) -> None:
    """An addition with a negative multiplier."""
    _add(op, build, -1)


@lowering(quant.MulOp)
def mul(op: quant.MulOp, build: KernelBuilder) -> None:
    """An integer product, requantized."""
    lhs_scale, lhs_zero_point = scale_and_zero_point(op.lhs)
    rhs_scale, rhs_zero_point = scale_and_zero_point(op.rhs)
    scale, zero_point = scale_and_zero_point(op.result)
    build.call(
        build.kernel("qcc_mul_s8"),
        arguments=broadcast_arguments(op.result, lhs=op.lhs, rhs=op.rhs)
        | {
            "lhs_zero_point": lhs_zero_point,
            "rhs_zero_point": rhs_zero_point,
            "multiplier": requantization_multiplier(lhs_scale, scale, rhs_scale),
            "zero_point": zero_point,
            "minimum": op.minimum_value,
            "maximum": op.maximum_value,
        },
        inputs=[build.buffer(op.lhs), build.buffer(op.rhs)],
        outputs=[build.result(op.result)],
    )


@lowering(quant.ClampOp)
def clamp(op: quant.ClampOp, build: KernelBuilder) -> None:
    """One pass."""
    build.call(
        build.kernel("qcc_clamp_s8"),
        arguments=length(op.input)
        | {"minimum": op.minimum_value, "maximum": op.maximum_value},
        inputs=[build.buffer(op.input)],
        outputs=[build.result(op.result)],
    )


@lowering(quant.LookupOp)
def lookup(op: quant.LookupOp, build: KernelBuilder) -> None:
    """
    The table is a constant of 256 bytes.

    A table that changes no byte (a scale alone, as in attention) is only a new type.
    """
    if (op.array() == np.arange(-128, 128)).all():
        build.alias(op.result, op.input)
        return
    build.call(
        build.kernel("qcc_lookup_s8"),
        arguments=length(op.input),
        inputs=[build.buffer(op.input), build.constant(op.array())],
        outputs=[build.result(op.result)],
    )
