"""Lowerings of resizing; coordinates become tables at compile time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qcc.codegen.lowerings.common import (
    element_bytes,
    scale_and_zero_point,
    type_suffix,
    unsupported,
)
from qcc.codegen.select_kernels import KernelBuilder, lowering
from qcc.dialects import nn, quant
from qcc.dialects.reference.nn_resize import linear_taps, nearest_indices
from qcc.dialects.reference.numbers import resize_multiplier, resize_taps
from qcc.dialects.types import shape_of


def _size_arguments(op: nn.ResizeOp | quant.ResizeOp) -> dict[str, int]:
    assert op.layout.data == "NHWC", "to-channels-last has not run"
    batch, height, width, channels = shape_of(op.input)
    return {
        "batch": batch,
        "input_height": height,
        "input_width": width,
        "output_height": op.size_values[0],
        "output_width": op.size_values[1],
        "channels": channels,
    }


def _table(*parts: NDArray[np.generic]) -> NDArray[np.int32]:
    return np.concatenate(parts).astype(np.int32)


@lowering(nn.ResizeOp)
def resize(op: nn.ResizeOp, build: KernelBuilder) -> None:
    """Nearest moves any element; linear interpolates float32."""
    if op.mode_value == "linear":
        _linear(op, build)
        return
    rows, columns = (
        nearest_indices(
            shape_of(op.input)[1 + axis],
            op.size_values[axis],
            op.scale_values[axis],
            op.coordinates.data,
            op.nearest_mode.data,
        )
        for axis in range(2)
    )
    build.call(
        build.kernel(f"qcc_resize_nearest_{element_bytes(op.input)}"),
        arguments=_size_arguments(op),
        inputs=[
            build.buffer(op.input),
            build.constant(_table(rows)),
            build.constant(_table(columns)),
        ],
        outputs=[build.result(op.result)],
    )


def _linear(op: nn.ResizeOp, build: KernelBuilder) -> None:
    if type_suffix(op, op.input) != "f32":
        raise unsupported(op, "the kernel takes float32 only")
    rows, columns = (
        linear_taps(
            shape_of(op.input)[1 + axis],
            op.size_values[axis],
            op.scale_values[axis],
            op.coordinates.data,
        )
        for axis in range(2)
    )
    build.call(
        build.kernel("qcc_resize_linear_f32"),
        arguments=_size_arguments(op),
        inputs=[
            build.buffer(op.input),
            build.constant(_table(*rows[:2])),
            build.constant(_table(*columns[:2])),
            build.constant(rows[2]),
            build.constant(columns[2]),
        ],
        outputs=[build.result(op.result)],
    )


@lowering(quant.ResizeOp)
def resize_s8(op: quant.ResizeOp, build: KernelBuilder) -> None:
    """Weights of 11 bits per axis and one requantization."""
    input_scale, input_zero_point = scale_and_zero_point(op.input)
    scale, zero_point = scale_and_zero_point(op.result)
    rows, columns = (
        resize_taps(
            shape_of(op.input)[1 + axis],
            op.size_values[axis],
            op.scale_values[axis],
            op.coordinates.data,
        )
        for axis in range(2)
    )
    multiplier, shift = resize_multiplier(input_scale, scale)
    build.call(
        build.kernel("qcc_resize_linear_s8"),
        arguments=_size_arguments(op)
        | {
            "input_zero_point": input_zero_point,
            "multiplier": multiplier,
            "shift": shift,
            "zero_point": zero_point,
        },
        inputs=[
            build.buffer(op.input),
            build.constant(_table(rows.low, rows.high)),
            build.constant(_table(columns.low, columns.high)),
            build.constant(rows.weight),
            build.constant(columns.weight),
        ],
        outputs=[build.result(op.result)],
    )
