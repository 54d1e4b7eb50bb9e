"""
Reductions: the reduced elements, in row-major order, become the last axis.

Sums of floats run in 16 lanes of doubles and are rounded once; products are
of doubles, in order. Integers wrap around.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod

import numpy as np

from qcc.dialects import nn
from qcc.dialects.reference.comparison import greater, lesser
from qcc.dialects.reference.lanes import sum_in_lanes
from qcc.dialects.reference.registry import reference
from qcc.dialects.types import Array, shape_of


def _gathered(op: nn.ReduceOp, input: Array) -> Array:
    """[kept sizes..., number of reduced elements]"""
    axes = op.axis_values
    kept = [axis for axis in range(input.ndim) if axis not in axes]
    moved = input.transpose(*kept, *axes)
    return moved.reshape(
        *(input.shape[axis] for axis in kept), prod(input.shape[axis] for axis in axes)
    )


def _finished(op: nn.ReduceOp, result: Array, input: Array) -> Array:
    return np.asarray(result).astype(input.dtype).reshape(shape_of(op.result))


def _is_float(array: Array) -> bool:
    return bool(np.issubdtype(array.dtype, np.floating))


@reference(nn.ReduceSumOp)
def reduce_sum(op: nn.ReduceSumOp, input: Array) -> Array:
    values = _gathered(op, input)
    total = sum_in_lanes(values) if _is_float(input) else values.sum(axis=-1)
    return _finished(op, total, input)


@reference(nn.ReduceMeanOp)
def reduce_mean(op: nn.ReduceMeanOp, input: Array) -> Array:
    values = _gathered(op, input)
    mean = sum_in_lanes(values) / np.float64(values.shape[-1])
    return _finished(op, mean, input)


@reference(nn.ReduceSumSquareOp)
def reduce_sum_square(op: nn.ReduceSumSquareOp, input: Array) -> Array:
    values = _gathered(op, input)
    if _is_float(input):
        wide = values.astype(np.float64)
        return _finished(op, sum_in_lanes(wide * wide), input)
    return _finished(op, (values * values).sum(axis=-1), input)


@reference(nn.ReduceProdOp)
def reduce_prod(op: nn.ReduceProdOp, input: Array) -> Array:
    values = _gathered(op, input)
    wide = values.astype(np.float64) if _is_float(input) else values
    result = np.ones(wide.shape[:-1], wide.dtype)
    for index in range(wide.shape[-1]):
        result = result * wide[..., index]
    return _finished(op, result, input)


def _extreme(
    op: nn.ReduceOp, input: Array, choose: Callable[[Array, Array], Array]
) -> Array:
    """Element by element in order, since only this says which of two zeros is left."""
    values = _gathered(op, input)
    result = values[..., 0]
    for index in range(1, values.shape[-1]):
        result = choose(result, values[..., index])
    return _finished(op, result, input)


@reference(nn.ReduceMaxOp)
def reduce_max(op: nn.ReduceMaxOp, input: Array) -> Array:
    if _is_float(input):
        return _extreme(op, input, greater)
    return input.max(axis=op.axis_values, keepdims=True)


@reference(nn.ReduceMinOp)
def reduce_min(op: nn.ReduceMinOp, input: Array) -> Array:
    if _is_float(input):
        return _extreme(op, input, lesser)
    return input.min(axis=op.axis_values, keepdims=True)
