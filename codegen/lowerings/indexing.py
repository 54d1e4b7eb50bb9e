"""Lowerings of gather, one_hot and arg_max."""

from __future__ import annotations

import numpy as np
from xdsl.ir import Operation, SSAValue

from qcc.codegen.lowerings.cast import cast_buffer
from qcc.codegen.lowerings.common import (
    element_bytes,
    outer_axis_inner,
    type_suffix,
    unsupported,
)
from qcc.codegen.lowerings.stored_weights import gather_stored, stored_weights
from qcc.codegen.select_kernels import KernelBuilder, lowering
from qcc.dialects import nn
from qcc.dialects.types import element_type_of, size_of, storage_dtype


def _int64_indices(op: Operation, build: KernelBuilder, indices: SSAValue) -> SSAValue:
    """The indices as int64, converted into scratch where they are not."""
    suffix = type_suffix(op, indices)
    if suffix == "s64":
        return build.buffer(indices)
    wide = build.scratch(8 * size_of(indices))
    cast_buffer(build, suffix, "s64", size_of(indices), build.buffer(indices), wide)
    return wide


@lowering(nn.GatherOp)
def gather(op: nn.GatherOp, build: KernelBuilder) -> None:
    """Copies runs of elements; indices are clamped at run time."""
    outer, size, inner = outer_axis_inner(op.data, op.axis_value)
    suffix = type_suffix(op, op.indices)
    if suffix == "s32":
        indices = build.buffer(op.indices)
    else:
        suffix, indices = "s64", _int64_indices(op, build, op.indices)
    if (stored := stored_weights(op, 0)) is not None:
        gather_stored(build, op, stored, (f"qcc_gather_{suffix}", indices))
        return
    build.call(
        build.kernel(f"qcc_gather_{suffix}"),
        arguments={
            "outer": outer,
            "axis_size": size,
            "inner_bytes": inner * element_bytes(op.data),
            "count": size_of(op.indices),
        },
        inputs=[build.buffer(op.data), indices],
        outputs=[build.result(op.result)],
    )


def _bits(value: float, dtype: np.dtype[np.generic]) -> int:
    """The bytes of a float32 value, cast to `dtype`, as an integer."""
    element = np.array([value], np.float32).astype(dtype)
    return int.from_bytes(element.tobytes(), "little", signed=True)


@lowering(nn.OneHotOp)
def one_hot(op: nn.OneHotOp, build: KernelBuilder) -> None:
    """Compares every index with every place."""
    size = element_bytes(op.result)
    if size not in (1, 4, 8):
        raise unsupported(op, f"no kernel takes elements of {size} bytes")
    dtype = storage_dtype(element_type_of(op.result))
    indices = _int64_indices(op, build, op.indices)
    outer, depth, inner = outer_axis_inner(op.result, op.axis_value)
    build.call(
        build.kernel(f"qcc_one_hot_{size}"),
        arguments={
            "outer": outer,
            "depth": depth,
            "inner": inner,
            "on": _bits(op.on_value, dtype),
            "off": _bits(op.off_value, dtype),
        },
        inputs=[indices],
        outputs=[build.result(op.result)],
    )


@lowering(nn.ArgMaxOp)
def arg_max(op: nn.ArgMaxOp, build: KernelBuilder) -> None:
    """Compares stored elements along one axis."""
    outer, length, inner = outer_axis_inner(op.input, op.axis_value)
    build.call(
        build.kernel(f"qcc_arg_max_{type_suffix(op, op.input)}"),
        arguments={
            "outer": outer,
            "length": length,
            "inner": inner,
            "select_last": int(op.selects_last),
        },
        inputs=[build.buffer(op.input)],
        outputs=[build.result(op.result)],
    )
