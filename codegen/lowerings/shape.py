"""Lowerings of ops that move elements, of any type; and of constants."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from xdsl.ir import SSAValue

from qcc.codegen.lowerings.common import element_bytes
from qcc.codegen.select_kernels import KernelBuilder, lowering
from qcc.codegen.strides import (
    broadcast_strides,
    merge_axes,
    row_major_strides,
    six_axes,
)
from qcc.dialects import nn
from qcc.dialects.reference.nn_shape import pad_fill
from qcc.dialects.types import shape_of, size_of


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


@lowering(nn.TransposeOp)
def transpose(op: nn.TransposeOp, build: KernelBuilder) -> None:
    """Nothing if only axes of size 1 move; tiled if it swaps two runs of axes."""
    input_strides = row_major_strides(shape_of(op.input))
    shape = shape_of(op.result)
    strides = [input_strides[axis] for axis in op.permutation_values]
    size = element_bytes(op.input)
    dims, (merged,) = merge_axes(shape, strides)
    if merged == list(row_major_strides(dims)) or size_of(op.result) == 0:
        build.alias(op.result, op.input)
        return
    batch, columns, rows = [1, *dims] if len(dims) == 2 else [*dims, 0][:3]
    if merged[-2:] == [1, columns] and len(dims) <= 3 and size in (1, 4):
        build.call(
            build.kernel(f"qcc_transpose_{size}"),
            arguments={"batch": batch, "rows": rows, "columns": columns},
            inputs=[build.buffer(op.input)],
            outputs=[build.result(op.result)],
        )
        return
    source, destination = build.buffer(op.input), build.result(op.result)
    both = (strides, row_major_strides(shape))
    copy(build, source, destination, size, shape, both)


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
