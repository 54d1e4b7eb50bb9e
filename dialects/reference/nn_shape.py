"""Ops that move elements, and cast."""

from __future__ import annotations

import numpy as np

from qcc.dialects import nn
from qcc.dialects.quant.types import UniformType
from qcc.dialects.reference.numbers import quantize_to
from qcc.dialects.reference.registry import reference
from qcc.dialects.types import Array, element_type_of, shape_of, storage_dtype


@reference(nn.ConstantOp)
def constant(op: nn.ConstantOp) -> Array:
    return op.array()


@reference(nn.ReshapeOp)
def reshape(op: nn.ReshapeOp, input: Array) -> Array:
    return input.reshape(shape_of(op.result))


@reference(nn.TransposeOp)
def transpose(op: nn.TransposeOp, input: Array) -> Array:
    return input.transpose(op.permutation_values)


@reference(nn.ConcatOp)
def concat(op: nn.ConcatOp, *inputs: Array) -> Array:
    return np.concatenate(inputs, axis=op.axis_value)


@reference(nn.SliceOp)
def slice_(op: nn.SliceOp, input: Array) -> Array:
    result = input
    sizes = shape_of(op.result)
    for axis, (start, step) in enumerate(
        zip(op.start_values, op.step_values, strict=True)
    ):
        result = result.take(start + step * np.arange(sizes[axis]), axis=axis)
    return result


@reference(nn.PadOp)
def pad(op: nn.PadOp, input: Array) -> Array:
    widths = list(zip(op.before_values, op.after_values, strict=True))
    mode = op.mode_value
    if mode == "reflect":
        return np.pad(input, widths, mode="reflect")
    if mode == "edge":
        return np.pad(input, widths, mode="edge")
    fill = pad_fill(op)
    return np.pad(input, widths, mode="constant", constant_values=fill)


def pad_fill(op: nn.PadOp) -> Array:
    """What a constant padding writes, in the storage dtype; a scalar array."""
    element = element_type_of(op.input)
    value = np.float32(op.fill_value)
    if isinstance(element, UniformType):
        return quantize_to(np.asarray(value), element)
    return value.astype(storage_dtype(element))


@reference(nn.ExpandOp)
def expand(op: nn.ExpandOp, input: Array) -> Array:
    return np.broadcast_to(input, shape_of(op.result))


@reference(nn.CastOp)
def cast(op: nn.CastOp, input: Array) -> Array:
    """Floats are truncated to integers and saturate; NaN gives 0."""
    dtype = storage_dtype(element_type_of(op.result))
    if not np.issubdtype(dtype, np.integer) or not np.issubdtype(
        input.dtype, np.floating
    ):
        return input.astype(dtype)
    limits = np.iinfo(dtype)
    truncated = np.trunc(np.nan_to_num(input.astype(np.float64), nan=0.0))
    result = np.clip(truncated, float(limits.min), float(limits.max)).astype(dtype)
    # float(max) of 64-bit integers lies above the range.
    return np.where(truncated >= float(limits.max), limits.max, result).astype(dtype)
