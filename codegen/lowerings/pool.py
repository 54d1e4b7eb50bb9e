"""Lowerings of pooling over NHWC windows."""

from __future__ import annotations

import numpy as np

from qcc.codegen.lowerings.common import (
    scale_and_zero_point,
    type_suffix,
    unsupported,
)
from qcc.codegen.select_kernels import KernelBuilder, lowering
from qcc.dialects import nn, quant
from qcc.dialects.reference.numbers import pooling_multipliers, window_counts
from qcc.dialects.types import shape_of

PoolOp = nn.MaxPool2dOp | nn.AvgPool2dOp | quant.AvgPool2dOp | quant.DynamicAvgPool2dOp


def window_arguments(op: PoolOp, dilations: tuple[int, ...] = (1, 1)) -> dict[str, int]:
    """The members of `qcc_pool2d_args` that say which elements a window holds."""
    assert op.layout.data == "NHWC", "to-channels-last has not run"
    batch, height, width, channels = shape_of(op.input)
    _, output_height, output_width, _ = shape_of(op.result)
    return {
        "batch": batch,
        "input_height": height,
        "input_width": width,
        "channels": channels,
        "output_height": output_height,
        "output_width": output_width,
        "kernel_height": op.kernel_values[0],
        "kernel_width": op.kernel_values[1],
        "stride_height": op.stride_values[0],
        "stride_width": op.stride_values[1],
        "pad_top": op.pad_values[0],
        "pad_left": op.pad_values[1],
        "dilation_height": dilations[0],
        "dilation_width": dilations[1],
    }


@lowering(nn.MaxPool2dOp)
def max_pool2d(op: nn.MaxPool2dOp, build: KernelBuilder) -> None:
    """Compares stored elements."""
    build.call(
        build.kernel(f"qcc_max_pool2d_{type_suffix(op, op.input)}"),
        arguments=window_arguments(op, op.dilation_values),
        inputs=[build.buffer(op.input)],
        outputs=[build.result(op.result)],
    )


@lowering(nn.AvgPool2dOp)
def avg_pool2d(op: nn.AvgPool2dOp, build: KernelBuilder) -> None:
    """Double sums."""
    if type_suffix(op, op.input) != "f32":
        raise unsupported(op, "the kernel takes float32 only")
    build.call(
        build.kernel("qcc_avg_pool2d_f32"),
        arguments=window_arguments(op) | {"count_include_pad": int(op.counts_padding)},
        inputs=[build.buffer(op.input)],
        outputs=[build.result(op.result)],
    )


@lowering(quant.AvgPool2dOp)
def avg_pool2d_s8(op: quant.AvgPool2dOp, build: KernelBuilder) -> None:
    """Integer sums; a multiplier for each divisor that occurs."""
    input_scale, input_zero_point = scale_and_zero_point(op.input)
    scale, zero_point = scale_and_zero_point(op.result)
    arguments = window_arguments(op)
    kernel_height, kernel_width = op.kernel_values
    counts = {kernel_height * kernel_width}
    if not op.counts_padding:
        rows, columns = (
            window_counts(
                arguments[f"input_{side}"],
                arguments[f"output_{side}"],
                arguments[f"kernel_{side}"],
                arguments[f"stride_{side}"],
                arguments[pad],
            )
            for side, pad in (("height", "pad_top"), ("width", "pad_left"))
        )
        counts = {int(count) for count in np.unique(rows[:, None] * columns)}
    multipliers, shift = pooling_multipliers(input_scale, scale, sorted(counts))
    table = np.zeros(kernel_height * kernel_width + 1, np.int32)
    for count, multiplier in multipliers.items():
        table[count] = multiplier
    build.call(
        build.kernel("qcc_avg_pool2d_s8"),
        arguments=arguments
        | {
            "count_include_pad": int(op.counts_padding),
            "input_zero_point": input_zero_point,
            "shift": shift,
            "zero_point": zero_point,
            "minimum": op.minimum_value,
            "maximum": op.maximum_value,
        },
        inputs=[build.buffer(op.input), build.constant(table)],
        outputs=[build.result(op.result)],
    )
