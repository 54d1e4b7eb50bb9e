"""Lowerings of convolution and matrix products that stay in float."""

from __future__ import annotations

import numpy as np
from xdsl.ir import SSAValue

from qcc.codegen.kernel_row import KernelRow
from qcc.codegen.lowerings.common import unsupported
from qcc.codegen.lowerings.contraction import batch_arguments
from qcc.codegen.lowerings.convolution import Geometry, geometry_of
from qcc.codegen.lowerings.stored_weights import (
    convolve_stored,
    float_weights,
    multiply_stored,
    stored_weights,
)
from qcc.codegen.packing import pack_conv2d
from qcc.codegen.select_kernels import KernelBuilder, lowering
from qcc.dialects import nn
from qcc.dialects.types import Array, element_type_of, shape_of, storage_dtype

_BYTES_PER_PREPARED_ELEMENT = 4
"""Of double, in units of the int16 that `Geometry.scratch_bytes` counts with."""

_ROWS, _COLUMNS = 24, 16
"""Of a matrix product in scratch, the rows as double: QCC_MATMUL_F32_ROWS."""


def require_float32(op: nn.Conv2dOp | nn.ConvTranspose2dOp | nn.MatMulOp) -> None:
    """QccError for a contraction of another element type."""
    element = element_type_of(op.result)
    if storage_dtype(element) != np.float32:
        raise unsupported(op, f"no kernel takes elements of type {element}")


def optional_buffer(build: KernelBuilder, value: SSAValue | None) -> SSAValue | None:
    """The buffer of an optional operand, None for NULL."""
    return None if value is None else build.buffer(value)


def _choose(
    build: KernelBuilder, geometry: Geometry, weight: Array
) -> tuple[KernelRow, Geometry, Array, int]:
    """Kernel, geometry, packed weights, bytes of scratch."""
    if geometry.is_depthwise:
        packed = np.ascontiguousarray(weight[:, 0].transpose(1, 2, 0)).reshape(-1)
        row = build.kernel("qcc_depthwise_f32")
        taps = geometry.kernel[0] * geometry.kernel[1]
        return row, geometry.as_depthwise(), packed, 8 * taps + 4 * geometry.outputs
    row = build.kernel("qcc_conv2d_f32")
    assert row.tile is not None
    tile = row.packing(geometry.outputs // geometry.groups)
    packed = pack_conv2d(weight, tile, geometry.groups)
    flat = geometry.flattened()
    scratch = _BYTES_PER_PREPARED_ELEMENT * flat.scratch_bytes(row.tile[0])
    return row, flat, packed, scratch


@lowering(nn.Conv2dOp)
def conv2d(op: nn.Conv2dOp, build: KernelBuilder) -> None:
    """One call with packed weights."""
    require_float32(op)
    if (stored := stored_weights(op, 1)) is not None:
        operands = build.buffer(op.input), op.bias
        output = build.result(op.result)
        convolve_stored(build, geometry_of(op), stored, operands, output)
        return
    weight = float_weights(op, op.weight, "the weight of a convolution")
    row, geometry, packed, scratch = _choose(build, geometry_of(op), weight)
    build.call(
        row,
        arguments=geometry.arguments(1),
        inputs=[
            build.buffer(op.input),
            build.constant(packed),
            optional_buffer(build, op.bias),
        ],
        outputs=[build.result(op.result), build.scratch(scratch)],
    )


@lowering(nn.MatMulOp)
def matmul(op: nn.MatMulOp, build: KernelBuilder) -> None:
    """One call; rows of the left operand are converted to double in scratch."""
    require_float32(op)
    if (stored := stored_weights(op, 1)) is not None:
        multiply_stored(build, op, stored)
        return
    lhs, rhs = shape_of(op.lhs), shape_of(op.rhs)
    scratch = lhs[-1] * (8 * min(lhs[-2], _ROWS) + 4 * _COLUMNS)
    build.call(
        build.kernel("qcc_matmul_f32"),
        arguments=batch_arguments(lhs, rhs, shape_of(op.result))
        | {"rows": lhs[-2], "depth": lhs[-1], "columns": rhs[-1]},
        inputs=[
            build.buffer(op.lhs),
            build.buffer(op.rhs),
            optional_buffer(build, op.bias),
        ],
        outputs=[build.result(op.result), build.scratch(scratch)],
    )
