"""Lowerings of transposed convolution."""

from __future__ import annotations

import numpy as np

from qcc.codegen.lowerings.common import uniform
from qcc.codegen.lowerings.contraction import check_requantization, constant_array
from qcc.codegen.lowerings.convolution import Geometry
from qcc.codegen.lowerings.float_contraction import optional_buffer, require_float32
from qcc.codegen.lowerings.stored_weights import (
    convolve_transposed_stored,
    float_weights,
    stored_weights,
)
from qcc.codegen.select_kernels import KernelBuilder, lowering
from qcc.dialects import nn, quant
from qcc.dialects.reference.numbers import (
    centre,
    output_scales,
    requantization_multipliers,
)
from qcc.dialects.types import Array, shape_of


def _geometry(op: nn.ConvTranspose2dOp | quant.ConvTranspose2dOp) -> Geometry:
    assert op.layout_value == "NHWC", "to-channels-last comes before select-kernels"
    batch, height, width, channels = shape_of(op.input)
    _, output_height, output_width, outputs = shape_of(op.result)
    _, _, kernel_height, kernel_width = shape_of(op.weight)
    return Geometry(
        batch=batch,
        input=(height, width),
        channels=channels // op.group_count,
        output=(output_height, output_width),
        outputs=outputs,
        groups=op.group_count,
        kernel=(kernel_height, kernel_width),
        strides=(op.stride_values[0], op.stride_values[1]),
        pads=(op.pad_values[0], op.pad_values[1]),
        dilations=(op.dilation_values[0], op.dilation_values[1]),
    )


def _reorder(weight: Array, groups: int) -> Array:
    """[C, O/groups, KH, KW] to [group][KH][KW][C/groups][O/groups], flat."""
    split = weight.reshape(groups, -1, *weight.shape[1:])
    return np.ascontiguousarray(split.transpose(0, 3, 4, 1, 2)).reshape(-1)


@lowering(nn.ConvTranspose2dOp)
def float_conv_transpose2d(op: nn.ConvTranspose2dOp, build: KernelBuilder) -> None:
    """One call; an output pixel gathers its taps."""
    require_float32(op)
    geometry = _geometry(op)
    if (stored := stored_weights(op, 1)) is not None:
        operands = build.buffer(op.input), op.bias
        output = build.result(op.result)
        convolve_transposed_stored(build, geometry, stored, operands, output)
        return
    weight = float_weights(op, op.weight, "the weight of a convolution")
    build.call(
        build.kernel("qcc_conv_transpose2d_f32"),
        arguments=geometry.arguments(1),
        inputs=[
            build.buffer(op.input),
            build.constant(_reorder(weight, geometry.groups)),
            optional_buffer(build, op.bias),
        ],
        outputs=[
            build.result(op.result),
            build.scratch(8 * geometry.outputs // geometry.groups),
        ],
    )


@lowering(quant.ConvTranspose2dOp)
def conv_transpose2d(op: quant.ConvTranspose2dOp, build: KernelBuilder) -> None:
    """One call; weights are stored as int16 less their zero points."""
    check_requantization(op)
    geometry = _geometry(op)
    stored = constant_array(op, op.weight, "the weight of a convolution")
    weight_type, input_type = uniform(op.weight), uniform(op.input)
    result = uniform(op.result)
    weight = centre(stored, weight_type).astype(np.int16)
    if op.bias is None:
        bias = np.zeros(geometry.outputs, np.int32)
    else:
        bias = constant_array(op, op.bias, "the bias of a convolution")
    multipliers = requantization_multipliers(
        input_type.scale, output_scales(weight_type, geometry.outputs), result.scale
    )
    build.call(
        build.kernel("qcc_conv_transpose2d_s8s16"),
        arguments=geometry.arguments(1)
        | {
            "input_zero_point": input_type.zero_point,
            "zero_point": result.zero_point,
            "minimum": op.minimum_value,
            "maximum": op.maximum_value,
        },
        inputs=[
            build.buffer(op.input),
            build.constant(_reorder(weight, geometry.groups)),
            build.constant(bias),
            build.constant(multipliers),
        ],
        outputs=[
            build.result(op.result),
            build.scratch(4 * geometry.outputs // geometry.groups),
        ],
    )
