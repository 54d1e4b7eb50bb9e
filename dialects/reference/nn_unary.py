"""
Elementwise functions of one operand.

One IEEE operation where the function is one. In compositions every product that is
added to something is one of float32 values widened to double, so that a fused
multiply-add gives the same bits.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from qcc.dialects import nn
from qcc.dialects.reference import float_functions
from qcc.dialects.reference.registry import reference
from qcc.dialects.types import Array

_SQRT_HALF = np.float32(0.7071067811865476)
_SQRT_2_OVER_PI = np.float32(0.7978845608028654)
_GELU_CUBIC = np.float32(0.044715)


def through_float32(function: Callable[[Array], Array], x: Array) -> Array:
    """A function of float32 arrays, applied to floats of any width."""
    return function(x.astype(np.float32)).astype(x.dtype)


def _wide(value: Array | float | np.float32) -> Array:
    """float32 values as doubles."""
    return np.asarray(value, np.float32).astype(np.float64)


def _multiply_add(x: Array, factor: float, offset: float) -> Array:
    """factor * x + offset, rounded once."""
    return (_wide(x) * _wide(factor) + _wide(offset)).astype(np.float32)


def _unit_clamp(x: Array) -> Array:
    """x clamped to [0, 1]; NaN stays."""
    low = np.where(x < 0, np.float32(0), x)
    return np.where(low > 1, np.float32(1), low)


@reference(nn.ReluOp)
def relu(op: nn.ReluOp, x: Array) -> Array:
    return np.where(x < 0, x.dtype.type(0), x)


@reference(nn.ClipOp)
def clip(op: nn.ClipOp, x: Array) -> Array:
    kind = x.dtype.type
    raised = np.where(x < op.min_value, kind(op.min_value), x)
    return np.where(raised > op.max_value, kind(op.max_value), raised)


@reference(nn.LeakyReluOp)
def leaky_relu(op: nn.LeakyReluOp, x: Array) -> Array:
    return np.where(x < 0, x.dtype.type(op.alpha_value) * x, x)


@reference(nn.EluOp)
def elu(op: nn.EluOp, x: Array) -> Array:
    grown = _wide(op.alpha_value) * (_wide(float_functions.exp_f32(_f32(x))) - 1.0)
    return np.where(x < 0, grown.astype(x.dtype), x)


def _f32(x: Array) -> Array:
    return x.astype(np.float32)


@reference(nn.SigmoidOp)
def sigmoid(op: nn.SigmoidOp, x: Array) -> Array:
    return through_float32(float_functions.sigmoid_f32, x)


@reference(nn.HardSigmoidOp)
def hard_sigmoid(op: nn.HardSigmoidOp, x: Array) -> Array:
    line = _multiply_add(x, op.alpha_value, op.beta_value)
    return _unit_clamp(line).astype(x.dtype)


@reference(nn.HardSwishOp)
def hard_swish(op: nn.HardSwishOp, x: Array) -> Array:
    gate = _unit_clamp(_multiply_add(x, 1 / 6, 0.5))
    return (_f32(x) * gate).astype(x.dtype)


@reference(nn.SiluOp)
def silu(op: nn.SiluOp, x: Array) -> Array:
    return (_f32(x) * float_functions.sigmoid_f32(_f32(x))).astype(x.dtype)


@reference(nn.SoftplusOp)
def softplus(op: nn.SoftplusOp, x: Array) -> Array:
    x32 = _f32(x)
    e = float_functions.exp_f32(-np.abs(x32))
    log = float_functions.log_f32((1.0 + _wide(e)).astype(np.float32))
    return np.where(x32 < 0, log, x32 + log).astype(x.dtype)


@reference(nn.GeluOp)
def gelu(op: nn.GeluOp, x: Array) -> Array:
    x32 = _f32(x)
    if op.approximate.data == "tanh":
        cube = x32 * x32 * x32
        inner = (_wide(x32) + _wide(_GELU_CUBIC) * _wide(cube)).astype(np.float32)
        gate = float_functions.tanh_f32(inner * _SQRT_2_OVER_PI)
    else:
        gate = float_functions.erf_f32(x32 * _SQRT_HALF)
    return ((_wide(x32) * 0.5) * (1.0 + _wide(gate))).astype(x.dtype)


@reference(nn.TanhOp)
def tanh(op: nn.TanhOp, x: Array) -> Array:
    return through_float32(float_functions.tanh_f32, x)


@reference(nn.ErfOp)
def erf(op: nn.ErfOp, x: Array) -> Array:
    return through_float32(float_functions.erf_f32, x)


@reference(nn.ExpOp)
def exp(op: nn.ExpOp, x: Array) -> Array:
    return through_float32(float_functions.exp_f32, x)


@reference(nn.LogOp)
def log(op: nn.LogOp, x: Array) -> Array:
    return through_float32(float_functions.log_f32, x)


@reference(nn.SqrtOp)
def sqrt(op: nn.SqrtOp, x: Array) -> Array:
    if x.dtype == np.float64:
        return np.sqrt(x)
    return through_float32(float_functions.sqrt_f32, x)


@reference(nn.ReciprocalOp)
def reciprocal(op: nn.ReciprocalOp, x: Array) -> Array:
    return x.dtype.type(1) / x


@reference(nn.NegOp)
def neg(op: nn.NegOp, x: Array) -> Array:
    return -x


@reference(nn.AbsOp)
def absolute(op: nn.AbsOp, x: Array) -> Array:
    return np.abs(x)
