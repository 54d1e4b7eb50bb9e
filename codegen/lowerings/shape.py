"""Lowerings of ops that move elements, of any type; and of constants."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from xdsl.ir import SSAValue

from qcc.codegen.lowerings.common import element_bytes, uniform
from qcc.codegen.select_kernels import KernelBuilder, lowering
from qcc.codegen.strides import (
    broadcast_strides,
    merge_axes,
    row_major_strides,
    six_axes,
)
from qcc.dialects import nn, quant
from qcc.dialects.quant.types import UniformType
from qcc.dialects.reference.nn_shape import pad_fill
from qcc.dialects.types import element_type_of, shape_of, size_of


@lowering(nn.ConstantOp)
def constant(op: nn.ConstantOp, build: KernelBuilder) -> None:
    """The stored elements are the buffer."""
    build.bind(op.result, build.constant(op.array()))


@lowering(nn.ReshapeOp)
def reshape(op: nn.ReshapeOp, build: KernelBuilder) -> None:
    """The same bytes."""
    build.alias(op.result, op.input)


def copy(
    build: KernelBuilder,
    source: SSAValue,
    destination: SSAValue,
    size: int,
    dims: Sequence[int],
    strides: tuple[Sequence[int], Sequence[int]],
    offsets: tuple[int, int] = (0, 0),
) -> None:
    """
    Copies between buffers, elements of `size` bytes.

    `strides` and `offsets` (elements) are those of the source and the destination.
    """
    if 0 in dims:
        return
    dims, (source_strides, destination_strides) = six_axes(dims, *strides)
    build.call(
        build.kernel(f"qcc_copy_nd_{size}"),
        arguments={
            "dims": dims,
            "input_strides": source_strides,
            "output_strides": destination_strides,
            "input_offset": offsets[0],
            "output_offset": offsets[1],
        },
        inputs=[source],
        outputs=[destination],
    )


def _result_strides(op: nn.TransposeOp) -> list[int]:
    """Strides of the input, walked in the order of the result's axes."""
    strides = row_major_strides(shape_of(op.input))
    return [strides[axis] for axis in op.permutation_values]


def matrices(op: nn.TransposeOp) -> dict[str, int] | None:
    """`batch`, `rows` and `columns` where it transposes matrices side by side."""
    dims, (merged,) = merge_axes(shape_of(op.result), _result_strides(op))
    if len(dims) not in (2, 3) or merged[-2:] != [1, dims[-2]]:
        return None
    batch = dims[0] if len(dims) == 3 else 1
    if size_of(op.result) == 0 or merged[0] not in (1, dims[-1] * dims[-2]):
        return None
    return {"batch": batch, "rows": dims[-1], "columns": dims[-2]}


def quantizes_transposed(op: quant.QuantizeCastOp) -> nn.TransposeOp | None:
    """The transpose of a few channels that alone reads `op`: one kernel does both."""
    uses = list(op.result.uses)
    user = uses[0].operation if len(uses) == 1 else None
    kind = element_type_of(op.result)
    if not isinstance(user, nn.TransposeOp) or not isinstance(kind, UniformType):
        return None
    if kind.axis is not None or kind.storage.width.data != 8:
        return None
    sizes = matrices(user)
    return user if sizes is not None and sizes["rows"] <= 4 else None


@lowering(nn.TransposeOp)
def transpose(op: nn.TransposeOp, build: KernelBuilder) -> None:
    """Nothing if only axes of size 1 move; tiled if it swaps two runs of axes."""
    strides, shape = _result_strides(op), shape_of(op.result)
    size = element_bytes(op.input)
    dims, (merged,) = merge_axes(shape, strides)
    if merged == list(row_major_strides(dims)) or size_of(op.result) == 0:
        build.alias(op.result, op.input)
        return
    sizes = matrices(op)
    cast = op.input.owner
    if isinstance(cast, quant.QuantizeCastOp) and quantizes_transposed(cast) is op:
        _quantize_transposed(op, cast, build)
    elif sizes is not None and size in (1, 4):
        build.call(
            build.kernel(f"qcc_transpose_{size}"),
            arguments=sizes,
            inputs=[build.buffer(op.input)],
            outputs=[build.result(op.result)],
        )
    else:
        source, destination = build.buffer(op.input), build.result(op.result)
        both = (strides, row_major_strides(shape))
        copy(build, source, destination, size, shape, both)


def _quantize_transposed(
    op: nn.TransposeOp, cast: quant.QuantizeCastOp, build: KernelBuilder
) -> None:
    kind, sizes = uniform(cast.result), matrices(op)
    assert sizes is not None
    build.call(
        build.kernel("qcc_quantize_transposed_f32_s8"),
        arguments=sizes
        | {
            "plane": sizes["columns"],
            "scale": kind.scales[0],
            "zero_point": kind.zero_points[0],
            "minimum": kind.minimum,
            "maximum": kind.maximum,
        },
        inputs=[build.buffer(cast.input)],
        outputs=[build.result(op.result)],
    )


@lowering(nn.ExpandOp)
def expand(op: nn.ExpandOp, build: KernelBuilder) -> None:
    """A copy whose source stands still along the new axes."""
    shape = shape_of(op.result)
    strides = (broadcast_strides(shape_of(op.input), shape), row_major_strides(shape))
    source, destination = build.buffer(op.input), build.result(op.result)
    copy(build, source, destination, element_bytes(op.input), shape, strides)


@lowering(nn.SliceOp)
def slice_(op: nn.SliceOp, build: KernelBuilder) -> None:
    """A strided copy from an offset."""
    own = row_major_strides(shape_of(op.input))
    shape = shape_of(op.result)
    steps = [stride * step for stride, step in zip(own, op.step_values, strict=True)]
    starts = zip(own, op.start_values, strict=True)
    offset = sum(stride * start for stride, start in starts)
    both = (steps, row_major_strides(shape))
    source, destination = build.buffer(op.input), build.result(op.result)
    size = element_bytes(op.input)
    copy(build, source, destination, size, shape, both, (offset, 0))


@lowering(nn.ConcatOp)
def concat(op: nn.ConcatOp, build: KernelBuilder) -> None:
    """Each input is copied to its place."""
    sources = [build.buffer(value) for value in op.inputs]
    destination = build.result(op.result)
    strides = row_major_strides(shape_of(op.result))
    offset = 0
    for value, source in zip(op.inputs, sources, strict=True):
        shape = shape_of(value)
        both = (row_major_strides(shape), strides)
        size = element_bytes(value)
        copy(build, source, destination, size, shape, both, (0, offset))
        offset += shape[op.axis_value] * strides[op.axis_value]


@lowering(nn.PadOp)
def pad(op: nn.PadOp, build: KernelBuilder) -> None:
    """The result is filled, then the input copied into it; or axes are gathered."""
    if op.mode_value != "constant":
        _pad_by_index(op, build)
        return
    size = element_bytes(op.input)
    bits = int.from_bytes(pad_fill(op).tobytes(), "little", signed=True)
    source, destination = build.buffer(op.input), build.result(op.result)
    build.call(
        build.kernel(f"qcc_fill_{size}"),
        arguments={"length": size_of(op.result), "value": bits},
        inputs=[],
        outputs=[destination],
    )
    shape = shape_of(op.input)
    strides = row_major_strides(shape_of(op.result))
    before = zip(strides, op.before_values, strict=True)
    offset = sum(stride * amount for stride, amount in before)
    both = (row_major_strides(shape), strides)
    copy(build, source, destination, size, shape, both, (0, offset))


def _pad_by_index(op: nn.PadOp, build: KernelBuilder) -> None:
    """One axis after the other is gathered by a table of its padded indices."""
    shape = list(shape_of(op.input))
    size = element_bytes(op.input)
    padded = [
        axis
        for axis in range(len(shape))
        if op.before_values[axis] or op.after_values[axis]
    ]
    source = build.buffer(op.input)
    if not padded:
        build.alias(op.result, op.input)
        return
    for axis in padded:
        amounts = (op.before_values[axis], op.after_values[axis])
        places = np.arange(shape[axis], dtype=np.int32)
        if op.mode_value == "reflect":
            indices = np.pad(places, amounts, mode="reflect")
        else:
            indices = np.pad(places, amounts, mode="edge")
        outer = int(np.prod(shape[:axis], dtype=np.int64))
        inner = int(np.prod(shape[axis + 1 :], dtype=np.int64))
        arguments = {
            "outer": outer,
            "axis_size": shape[axis],
            "inner_bytes": inner * size,
            "count": len(indices),
        }
        shape[axis] = len(indices)
        last = axis == padded[-1]
        bytes_ = int(np.prod(shape, dtype=np.int64)) * size
        destination = build.result(op.result) if last else build.scratch(bytes_)
        build.call(
            build.kernel("qcc_gather_s32"),
            arguments=arguments,
            inputs=[source, build.constant(indices)],
            outputs=[destination],
        )
        source = destination
