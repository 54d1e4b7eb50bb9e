"""
Weights of 8 or 4 bits under float arithmetic: `conv2d(x, dcast(constant))` and alike.

The dcast is no step of its own: the kernels of its users read the stored integers and
dequantize them on the fly. The lowerings of the float ops ask here first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from xdsl.ir import Operation, SSAValue

from qcc.codegen.lowerings.common import outer_axis_inner, uniform
from qcc.codegen.lowerings.contraction import constant_array, fully_connected
from qcc.codegen.lowerings.convolution import Geometry
from qcc.codegen.packing import pack_int4, pack_int4_rows
from qcc.codegen.select_kernels import KernelBuilder
from qcc.dialects import nn, quant
from qcc.dialects.quant.types import UniformType
from qcc.dialects.reference.numbers import dequantize_from, output_scales
from qcc.dialects.types import Array, rank_of, size_of

_BLOCK = 16
"""Output channels that kernels handle together."""

_RUN_BYTES = 8 * _BLOCK * 64
"""Of the taps that kernels dequantize at once (QCC_STORED_TAPS), in double."""


@dataclass(frozen=True)
class StoredWeights:
    """Constant int8 elements with zero point 0, and their scales."""

    array: Array
    kind: UniformType

    @property
    def has_short_scales(self) -> bool:
        """Whether bfloat16 holds all scales."""
        bits = np.array(self.kind.scales, np.float32).view(np.uint32)
        return not np.any(bits & 0xFFFF)

    @property
    def suffix(self) -> str:
        """The element type as kernels spell it: s4 where all values fit."""
        fits = self.kind.minimum >= -8 and self.kind.maximum <= 7
        return "s4" if fits else "s8"

    def packed(self, groups: int) -> Array:
        """
        Weights [O, C/groups, KH, KW] as the bytes that a kernel reads, flat.

        Runs of 16 channels, [group][ceil(O/16)][KH][KW][C/groups][16].
        """
        outputs, channels, height, width = self.array.shape
        per_group = outputs // groups
        blocks = -(-per_group // _BLOCK)
        split = self.array.reshape(groups, per_group, channels, height, width)
        padding = [(0, 0)] * 5
        padding[1] = (0, blocks * _BLOCK - per_group)
        padded = np.pad(split, padding)
        padded = padded.reshape(groups, blocks, _BLOCK, channels, height, width)
        runs = np.ascontiguousarray(padded.transpose(0, 1, 4, 5, 3, 2)).reshape(-1)
        return pack_int4(runs, _BLOCK) if self.suffix == "s4" else runs

    def scales(self, outputs: int, groups: int) -> Array:
        """
        int32 [groups, half the outputs of a group rounded up to 16]: two bfloat16 each.

        Those of padding are 0.
        """
        per_group = outputs // groups
        padded = np.zeros((groups, -(-per_group // _BLOCK) * _BLOCK), np.uint16)
        bits = output_scales(self.kind, outputs).view(np.uint32) >> 16
        padded[:, :per_group] = bits.reshape(groups, per_group)
        return padded.view(np.int32)


def _held(value: SSAValue) -> StoredWeights | None:
    """What `dcast(constant)` stores, if kernels can read it."""
    if not isinstance(value.owner, quant.DequantizeCastOp):
        return None
    source = value.owner.input
    if not isinstance(source.owner, nn.ConstantOp):
        return None
    array, kind = source.owner.array(), uniform(source)
    if array.dtype != np.int8 or any(kind.zero_points):
        return None
    return StoredWeights(array, kind)


_WEIGHTS: dict[type[Operation], int] = {
    nn.Conv2dOp: 1,
    nn.ConvTranspose2dOp: 1,
    nn.MatMulOp: 1,
    nn.GatherOp: 0,
}


def stored_weights(op: Operation, index: int) -> StoredWeights | None:
    """
    The weights that the kernel of `op` dequantizes itself, if operand `index` is that.

    None for other operands, for scales on another axis than that of the outputs (of the
    rows, for a table) or of more bits than bfloat16 has, for zero points, and for
    products of more than one matrix.
    """
    if _WEIGHTS.get(type(op)) != index:
        return None
    if isinstance(op, nn.MatMulOp) and rank_of(op.rhs) != 2:
        return None
    held = _held(op.operands[index])
    if held is None or held.kind.axis not in (None, _axis(op)):
        return None
    # Gathered scales are float32.
    return held if isinstance(op, nn.GatherOp) or held.has_short_scales else None


def _axis(op: Operation) -> int:
    if isinstance(op, nn.GatherOp):
        return op.axis_value
    return 0 if isinstance(op, nn.Conv2dOp) else 1


def is_read_as_stored(op: quant.DequantizeCastOp) -> bool:
    """Whether kernels dequantize for every user of this dcast."""
    uses = list(op.result.uses)
    return bool(uses) and all(
        stored_weights(use.operation, use.index) is not None for use in uses
    )


def float_weights(op: Operation, value: SSAValue, what: str) -> Array:
    """The float elements of a constant or of dcast(constant). QccError for others."""
    if isinstance(value.owner, quant.DequantizeCastOp):
        source = value.owner.input
        return dequantize_from(constant_array(op, source, what), uniform(source))
    return constant_array(op, value, what)


def _bias(
    build: KernelBuilder, bias: SSAValue | None
) -> tuple[SSAValue | None, dict[str, int]]:
    """
    The buffer of an optional float32 bias, and the argument that says how it is stored.

    As bfloat16 where that holds all its values.
    """
    if bias is None:
        return None, {}
    if isinstance(bias.owner, nn.ConstantOp):
        bits = np.ascontiguousarray(bias.owner.array()).view(np.uint32)
        if not np.any(bits & 0xFFFF):
            halves = (bits >> 16).astype(np.uint16).view(np.int16)
            return build.constant(halves), {"short_bias": 1}
    return build.buffer(bias), {}


def convolve_stored(
    build: KernelBuilder,
    geometry: Geometry,
    weights: StoredWeights,
    operands: tuple[SSAValue, SSAValue | None],
    output: SSAValue,
) -> None:
    """
    A convolution whose weights [O, C/groups, KH, KW] are stored; one call.

    `operands` are the buffer of the input and the optional bias of the op.
    """
    input = operands[0]
    bias, about_bias = _bias(build, operands[1])
    if geometry.is_depthwise:
        stem = f"qcc_depthwise_f32{weights.suffix}"
        geometry = geometry.as_depthwise()
        taps = geometry.kernel[0] * geometry.kernel[1]
        scratch = 8 * _BLOCK * taps
    else:
        stem = f"qcc_conv2d_f32{weights.suffix}"
        geometry = geometry.flattened()
        # Prepared elements are double; `scratch_bytes` counts with int16.
        accumulators = 8 * _BLOCK * geometry.column_block(1)
        scratch = _RUN_BYTES + accumulators + 4 * geometry.scratch_bytes(1)
    build.call(
        build.kernel(stem),
        arguments=geometry.arguments(1) | about_bias,
        inputs=[
            input,
            build.constant(weights.packed(geometry.groups)),
            build.constant(weights.scales(geometry.outputs, geometry.groups)),
            bias,
        ],
        outputs=[output, build.scratch(scratch)],
    )


def multiply_stored(
    build: KernelBuilder, op: nn.MatMulOp, weights: StoredWeights
) -> None:
    """A product with a stored matrix [K, N], as a convolution of height 1."""
    matrix = np.ascontiguousarray(weights.array.T)[:, :, None, None]
    convolve_stored(
        build,
        fully_connected(op.lhs, op.rhs),
        StoredWeights(matrix, weights.kind),
        (build.buffer(op.lhs), op.bias),
        build.result(op.result),
    )


def convolve_transposed_stored(
    build: KernelBuilder,
    geometry: Geometry,
    weights: StoredWeights,
    operands: tuple[SSAValue, SSAValue | None],
    output: SSAValue,
) -> None:
    """As `convolve_stored`, transposed: weights are [C, O/groups, KH, KW]."""
    groups = geometry.groups
    # As those of a convolution: [groups * (O/groups), C/groups, KH, KW].
    split = weights.array.reshape(groups, geometry.channels, -1, *geometry.kernel)
    outputs = split.transpose(0, 2, 1, 3, 4)
    outputs = outputs.reshape(geometry.outputs, geometry.channels, *geometry.kernel)
    moved = StoredWeights(outputs, weights.kind)
    input = operands[0]
    bias, about_bias = _bias(build, operands[1])
    build.call(
        build.kernel(f"qcc_conv_transpose2d_f32{weights.suffix}"),
        arguments=geometry.arguments(1) | about_bias,
        inputs=[
            input,
            build.constant(moved.packed(groups)),
            build.constant(moved.scales(geometry.outputs, groups)),
            bias,
        ],
        outputs=[output],
    )


def gather_stored(
    build: KernelBuilder,
    op: nn.GatherOp,
    weights: StoredWeights,
    by: tuple[str, SSAValue],
) -> None:
    """
    Gathers stored rows and their scales, and dequantizes what was gathered.

    `by` is the stem of the gather for the type of the indices, and their buffer.
    """
    outer, size, inner = outer_axis_inner(op.data, op.axis_value)
    count = size_of(op.indices)
    stem, indices = by

    def gather(elements: Array, blocks: int, row_bytes: int) -> SSAValue:
        gathered = build.scratch(blocks * count * row_bytes)
        build.call(
            build.kernel(stem),
            arguments={
                "outer": blocks,
                "axis_size": size,
                "inner_bytes": row_bytes,
                "count": count,
            },
            inputs=[build.constant(elements), indices],
            outputs=[gathered],
        )
        return gathered

    rows = outer * count
    if weights.suffix == "s4":
        row_bytes = -(-inner // 2)
        packed = pack_int4_rows(weights.array.reshape(-1, inner))
        integers = build.scratch(rows * inner)
        build.call(
            build.kernel("qcc_unpack_s4"),
            arguments={"rows": rows, "columns": inner, "row_bytes": row_bytes},
            inputs=[gather(packed.reshape(-1), outer, row_bytes)],
            outputs=[integers],
        )
    else:
        integers = gather(weights.array.reshape(-1), outer, inner)
    build.call(
        build.kernel("qcc_dequantize_channels_s8_f32"),
        arguments={"outer": outer, "channels": count, "inner": inner},
        inputs=[
            integers,
            gather(output_scales(weights.kind, size), 1, 4),
            build.constant(np.zeros(count, np.int32)),
        ],
        outputs=[build.result(op.result)],
    )
