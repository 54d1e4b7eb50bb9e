"""Ops whose operands or results are indices."""

from __future__ import annotations

import numpy as np

from qcc.dialects import nn
from qcc.dialects.reference.registry import reference
from qcc.dialects.types import Array, element_type_of, storage_dtype


@reference(nn.GatherOp)
def gather(op: nn.GatherOp, data: Array, indices: Array) -> Array:
    """Negative indices count from the end; then they are clamped into range."""
    size = data.shape[op.axis_value]
    wide = indices.astype(np.int64)
    chosen = np.clip(np.where(wide < 0, wide + size, wide), 0, max(size - 1, 0))
    return data.take(chosen, axis=op.axis_value)


@reference(nn.OneHotOp)
def one_hot(op: nn.OneHotOp, indices: Array) -> Array:
    depth = op.depth_value
    chosen = np.expand_dims(indices.astype(np.int64), op.axis_value)
    chosen = np.where(chosen < 0, chosen + depth, chosen)
    shape = [-1 if i == op.axis_value else 1 for i in range(chosen.ndim)]
    dtype = storage_dtype(element_type_of(op.result))
    on, off = np.asarray(op.on_value), np.asarray(op.off_value)
    hits = chosen == np.arange(depth).reshape(shape)
    return np.where(hits, on.astype(dtype), off.astype(dtype))


@reference(nn.ArgMaxOp)
def arg_max(op: nn.ArgMaxOp, input: Array) -> Array:
    axis = op.axis_value
    if not op.selects_last:
        return np.expand_dims(input.argmax(axis=axis), axis).astype(np.int64)
    from_end = np.flip(input, axis).argmax(axis=axis)
    last = input.shape[axis] - 1 - from_end
    return np.expand_dims(last, axis).astype(np.int64)
