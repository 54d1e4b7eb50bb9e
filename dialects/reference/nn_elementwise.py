"""
Elementwise functions of several operands.

One IEEE operation per element; integers wrap around, divide towards zero, and give 0
where they are divided by 0.
"""

from __future__ import annotations

import numpy as np

from qcc.dialects import nn
from qcc.dialects.reference import float_functions
from qcc.dialects.reference.comparison import greater, lesser
from qcc.dialects.reference.registry import reference
from qcc.dialects.types import Array


def _is_float(array: Array) -> bool:
    return bool(np.issubdtype(array.dtype, np.floating))


@reference(nn.AddOp)
def add(op: nn.AddOp, lhs: Array, rhs: Array) -> Array:
    return np.asarray(lhs + rhs)


@reference(nn.SubOp)
def sub(op: nn.SubOp, lhs: Array, rhs: Array) -> Array:
    return np.asarray(lhs - rhs)


@reference(nn.MulOp)
def mul(op: nn.MulOp, lhs: Array, rhs: Array) -> Array:
    return np.asarray(lhs * rhs)


@reference(nn.DivOp)
def div(op: nn.DivOp, lhs: Array, rhs: Array) -> Array:
    if _is_float(lhs):
        return np.asarray(lhs / rhs)
    divisor = np.where(rhs == 0, 1, rhs).astype(rhs.dtype)
    # C's integer division: the remainder has the sign of the dividend.
    quotient = (lhs - np.fmod(lhs, divisor)) // divisor
    return np.where(rhs == 0, 0, quotient).astype(lhs.dtype)


@reference(nn.PowOp)
def power(op: nn.PowOp, lhs: Array, rhs: Array) -> Array:
    lhs, rhs = np.broadcast_arrays(lhs, rhs)
    if _is_float(lhs):
        base, exponent = lhs.astype(np.float32), rhs.astype(np.float32)
        return float_functions.pow_f32(base, exponent).astype(lhs.dtype)
    result = np.power(lhs, np.maximum(rhs, 0))
    sign = np.where(rhs % 2 == 0, 1, lhs)
    inverse = np.where(np.abs(lhs) == 1, sign, 0)
    return np.where(rhs < 0, inverse, result).astype(lhs.dtype)


@reference(nn.MinOp)
def minimum(op: nn.MinOp, lhs: Array, rhs: Array) -> Array:
    return lesser(lhs, rhs)


@reference(nn.MaxOp)
def maximum(op: nn.MaxOp, lhs: Array, rhs: Array) -> Array:
    return greater(lhs, rhs)


@reference(nn.EqualOp)
def equal(op: nn.EqualOp, lhs: Array, rhs: Array) -> Array:
    return np.asarray(lhs == rhs)


@reference(nn.WhereOp)
def where(op: nn.WhereOp, condition: Array, lhs: Array, rhs: Array) -> Array:
    return np.where(condition, lhs, rhs)


@reference(nn.PReluOp)
def prelu(op: nn.PReluOp, input: Array, slope: Array) -> Array:
    return np.where(input < 0, slope * input, input)
