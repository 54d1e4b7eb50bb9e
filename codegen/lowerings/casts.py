"""Lowerings of casts between float, quantized and plain elements."""

from __future__ import annotations

import numpy as np
from xdsl.ir import SSAValue

from qcc.codegen.lowerings.common import (
    length,
    outer_axis_inner,
    scale_and_zero_point,
    type_suffix,
    uniform,
    unsupported,
)
from qcc.codegen.lowerings.shape import quantizes_transposed
from qcc.codegen.lowerings.stored_weights import is_read_as_stored
from qcc.codegen.select_kernels import KernelBuilder, lowering
from qcc.dialects import quant
from qcc.dialects.blob import ui8
from qcc.dialects.quant.types import UniformType
from qcc.dialects.reference.numbers import requantization_multiplier
from qcc.dialects.types import element_type_of


def _per_channel(
    build: KernelBuilder, stem: str, kind: UniformType, source: SSAValue, to: SSAValue
) -> None:
    assert kind.axis is not None
    outer, channels, inner = outer_axis_inner(source, kind.axis)
    arguments = {"outer": outer, "channels": channels, "inner": inner}
    if "quantize_channels_f32" in stem:
        arguments |= {"minimum": kind.minimum, "maximum": kind.maximum}
    build.call(
        build.kernel(stem),
        arguments=arguments,
        inputs=[
            build.buffer(source),
            build.constant(np.array(kind.scales, np.float32)),
            build.constant(np.array(kind.zero_points, np.int32)),
        ],
        outputs=[build.result(to)],
    )


@lowering(quant.QuantizeCastOp)
def qcast(op: quant.QuantizeCastOp, build: KernelBuilder) -> None:
    """
    One pass, per tensor or per channel; int32 storage is for constants only.

    Nothing where the transpose that follows quantizes, too.
    """
    kind = uniform(op.result)
    if kind.storage.width.data != 8:
        raise unsupported(op, "only constants are quantized to int32")
    if kind.axis is not None:
        stem = "qcc_quantize_channels_f32_s8"
        _per_channel(build, stem, kind, op.input, op.result)
        return
    if quantizes_transposed(op) is not None:
        return
    build.call(
        build.kernel("qcc_quantize_f32_s8"),
        arguments=length(op.input)
        | {
            "scale": kind.scales[0],
            "zero_point": kind.zero_points[0],
            "minimum": kind.minimum,
            "maximum": kind.maximum,
        },
        inputs=[build.buffer(op.input)],
        outputs=[build.result(op.result)],
    )


@lowering(quant.DequantizeCastOp)
def dcast(op: quant.DequantizeCastOp, build: KernelBuilder) -> None:
    """
    One pass, per tensor or per channel.

    Nothing where it is weights that the kernels of all users dequantize themselves.
    """
    if is_read_as_stored(op):
        return
    kind = uniform(op.input)
    suffix = type_suffix(op, op.input)
    if kind.axis is not None:
        stem = f"qcc_dequantize_channels_{suffix}_f32"
        _per_channel(build, stem, kind, op.input, op.result)
        return
    build.call(
        build.kernel(f"qcc_dequantize_{suffix}_f32"),
        arguments=length(op.input)
        | {"scale": kind.scales[0], "zero_point": kind.zero_points[0]},
        inputs=[build.buffer(op.input)],
        outputs=[build.result(op.result)],
    )


@lowering(quant.StorageCastOp)
def scast(op: quant.StorageCastOp, build: KernelBuilder) -> None:
    """The same bytes; ui8 differs in the sign bit."""
    if ui8 not in (element_type_of(op.input), element_type_of(op.result)):
        build.alias(op.result, op.input)
        return
    build.call(
        build.kernel("qcc_flip_sign_8"),
        arguments=length(op.input),
        inputs=[build.buffer(op.input)],
        outputs=[build.result(op.result)],
    )


@lowering(quant.RequantizeOp)
def requantize(op: quant.RequantizeOp, build: KernelBuilder) -> None:
    """One float multiplication per element."""
    input_scale, input_zero_point = scale_and_zero_point(op.input)
    output_scale, zero_point = scale_and_zero_point(op.result)
    build.call(
        build.kernel("qcc_requantize_s8"),
        arguments=length(op.input)
        | {
            "input_zero_point": input_zero_point,
            "multiplier": requantization_multiplier(input_scale, output_scale),
            "zero_point": zero_point,
            "minimum": op.minimum_value,
            "maximum": op.maximum_value,
        },
        inputs=[build.buffer(op.input)],
        outputs=[build.result(op.result)],
    )
