"""Lowerings of contractions whose input has a scale known at run time only."""

from __future__ import annotations

import numpy as np
from xdsl.ir import SSAValue

from qcc.codegen.lowerings.common import length, uniform, unsupported
from qcc.codegen.lowerings.contraction import (
    constant_array,
    fully_connected,
    matrix_weights,
)
from qcc.codegen.lowerings.convolution import geometry_of
from qcc.codegen.lowerings.float_contraction import optional_buffer
from qcc.codegen.lowerings.packed_convolution import PackedConvolution, Weights
from qcc.codegen.select_kernels import KernelBuilder, lowering
from qcc.dialects import quant
from qcc.dialects.reference.numbers import output_scales
from qcc.dialects.types import shape_of


def _convolution(
    build: KernelBuilder,
    convolution: PackedConvolution,
    weight: SSAValue,
    input: tuple[SSAValue, SSAValue],
    bias: SSAValue | None,
    result: SSAValue,
) -> None:
    """Folded bias and factors, then float output; `input`: a tensor and parameters."""
    outputs = convolution.geometry.outputs
    parameters = build.buffer(input[1])
    folded, factors = build.scratch(4 * outputs), build.scratch(4 * outputs)
    build.call(
        build.kernel("qcc_dynamic_bias_f32"),
        arguments={
            "channels": outputs,
            "activation_offset": convolution.activation_offset,
        },
        inputs=[
            parameters,
            build.constant(convolution.weights.sums().astype(np.int32)),
            build.constant(output_scales(uniform(weight), outputs)),
            optional_buffer(build, bias),
        ],
        outputs=[folded, factors],
    )
    convolution.call(
        build,
        input=build.buffer(input[0], padded=convolution.row.reads_past_input),
        bias=folded,
        multipliers=factors,
        dynamic=parameters,
        output=build.result(result),
        arguments={"float_output": 1},
    )


@lowering(quant.DynamicConv2dOp)
def dynamic_conv2d(op: quant.DynamicConv2dOp, build: KernelBuilder) -> None:
    """The int8 convolution with float output."""
    stored = constant_array(op, op.weight, "the weight of a convolution")
    weights = Weights.of(stored, uniform(op.weight))
    convolution = PackedConvolution.choose(
        build, geometry_of(op), weights, dynamic=True
    )
    source = (op.input, op.parameters)
    _convolution(build, convolution, op.weight, source, op.bias, op.result)


@lowering(quant.DynamicMatMulOp)
def dynamic_matmul(op: quant.DynamicMatMulOp, build: KernelBuilder) -> None:
    """The int8 convolution of height 1 with float output."""
    if len(shape_of(op.rhs)) != 2:
        raise unsupported(op, "the constant of a product must be one matrix")
    convolution = PackedConvolution.choose(
        build,
        fully_connected(op.lhs, op.rhs),
        matrix_weights(op, op.rhs),
        dynamic=True,
    )
    source = (op.lhs, op.parameters)
    _convolution(build, convolution, op.rhs, source, op.bias, op.result)


@lowering(quant.DynamicQuantizeOp)
def dynamic_quantize(op: quant.DynamicQuantizeOp, build: KernelBuilder) -> None:
    """One call with three results."""
    results = (op.result, op.scale, op.zero_point)
    build.call(
        build.kernel("qcc_dynamic_quantize_f32_u8"),
        arguments=length(op.input),
        inputs=[build.buffer(op.input)],
        outputs=[build.result(value) for value in results],
    )
