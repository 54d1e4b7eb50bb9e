"""Lowerings of softmax and normalizations, of floats and of int8."""

from __future__ import annotations

from math import prod

import numpy as np
from xdsl.ir import Operation, SSAValue

from qcc.codegen.lowerings.common import (
    outer_axis_inner,
    scale_and_zero_point,
    type_suffix,
    unsupported,
)
from qcc.codegen.select_kernels import KernelBuilder, lowering
from qcc.dialects import nn, quant
from qcc.dialects.reference.numbers import (
    layer_norm_parameters,
    softmax_inverse,
    softmax_table,
)
from qcc.dialects.types import Array, shape_of


def _require_f32(op: Operation, value: SSAValue) -> None:
    if type_suffix(op, value) != "f32":
        raise unsupported(op, "the kernel takes float32 only")


def _optional(build: KernelBuilder, value: SSAValue | None) -> SSAValue | None:
    return None if value is None else build.buffer(value)


@lowering(nn.SoftmaxOp)
def softmax(op: nn.SoftmaxOp, build: KernelBuilder) -> None:
    """Two passes per row."""
    _require_f32(op, op.input)
    outer, length, inner = outer_axis_inner(op.input, op.axis_value)
    build.call(
        build.kernel("qcc_softmax_f32"),
        arguments={"outer": outer, "length": length, "inner": inner},
        inputs=[build.buffer(op.input)],
        outputs=[build.result(op.result)],
    )


@lowering(nn.LayerNormOp)
def layer_norm(op: nn.LayerNormOp, build: KernelBuilder) -> None:
    """Three passes per row; scale and bias may be missing."""
    _require_f32(op, op.input)
    shape = shape_of(op.input)
    build.call(
        build.kernel("qcc_layer_norm_f32"),
        arguments={
            "outer": prod(shape[: op.axis_value]),
            "length": prod(shape[op.axis_value :]),
            "epsilon": op.epsilon_value,
        },
        inputs=[
            build.buffer(op.input),
            _optional(build, op.scale),
            _optional(build, op.bias),
        ],
        outputs=[build.result(op.result)],
    )


@lowering(nn.BatchNormOp)
def batch_norm(op: nn.BatchNormOp, build: KernelBuilder) -> None:
    """Only what fold-batch-norms left."""
    _require_f32(op, op.input)
    outer, channels, inner = outer_axis_inner(op.input, 1)
    build.call(
        build.kernel("qcc_batch_norm_f32"),
        arguments={
            "outer": outer,
            "channels": channels,
            "inner": inner,
            "epsilon": op.epsilon_value,
        },
        inputs=[build.buffer(value) for value in op.operands],
        outputs=[build.result(op.result)],
    )


@lowering(quant.SoftmaxOp)
def softmax_s8(op: quant.SoftmaxOp, build: KernelBuilder) -> None:
    """A table of exp and one integer division per element."""
    input_scale, _ = scale_and_zero_point(op.input)
    scale, zero_point = scale_and_zero_point(op.result)
    outer, length, inner = outer_axis_inner(op.input, op.axis_value)
    build.call(
        build.kernel("qcc_softmax_s8"),
        arguments={
            "outer": outer,
            "length": length,
            "inner": inner,
            "inverse_scale": softmax_inverse(scale),
            "zero_point": zero_point,
        },
        inputs=[build.buffer(op.input), build.constant(softmax_table(input_scale))],
        outputs=[build.result(op.result)],
    )


def _row_constant(op: Operation, value: SSAValue | None, default: Array) -> Array:
    """The elements of a constant operand, flat."""
    if value is None:
        return default
    if not isinstance(value.owner, nn.ConstantOp):
        raise unsupported(op, "its scale and bias must be constants")
    return value.owner.array().reshape(-1)


@lowering(quant.LayerNormOp)
def layer_norm_s8(op: quant.LayerNormOp, build: KernelBuilder) -> None:
    """Integer moments and an integer square root per row."""
    shape = shape_of(op.input)
    length = prod(shape[op.axis_value :])
    input_scale, input_zero_point = scale_and_zero_point(op.input)
    output_scale, zero_point = scale_and_zero_point(op.result)
    numbers = layer_norm_parameters(
        input_scale,
        output_scale,
        op.epsilon_value,
        _row_constant(op, op.scale, np.ones(length, np.float32)),
        _row_constant(op, op.bias, np.zeros(length, np.float32)),
    )
    build.call(
        build.kernel("qcc_layer_norm_s8"),
        arguments={
            "outer": prod(shape[: op.axis_value]),
            "length": length,
            "epsilon": numbers.epsilon,
            "fraction_bits": numbers.fraction_bits,
            "shift": numbers.shift,
            "input_zero_point": input_zero_point,
            "zero_point": zero_point,
        },
        inputs=[
            build.buffer(op.input),
            build.constant(numbers.multipliers),
            build.constant(numbers.offsets),
        ],
        outputs=[build.result(op.result)],
    )
