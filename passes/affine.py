"""
Ops that are `x * scale + offset` per channel, with constants: what they have in common.

batch_norm, and add, sub, mul, div with a constant. All numbers here are doubles: they
are rounded to float32 once, when they have become weights. A constant may be a
dequantized one.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import f32
from xdsl.ir import Operation, SSAValue

from qcc.dialects import nn
from qcc.dialects.blob import Array
from qcc.dialects.quant import DequantizeCastOp, QuantizeCastOp, UniformType
from qcc.dialects.reference import numbers
from qcc.dialects.types import element_type_of, shape_of
from qcc.passes.quantizable import constant_array
from qcc.passes.rewriting import quantized_type

Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class Affine:
    """`input * scale + offset`; both are scalars, or vectors along `axis` of input."""

    input: SSAValue
    scale: Doubles
    offset: Doubles

    axis: int | None
    """Counted from 0; None when scale and offset are scalars."""

    def along(self, axis: int, channels: int) -> tuple[Doubles, Doubles] | None:
        """Scale and offset as vectors along `axis`; None if they lie along another."""
        if self.axis not in (None, axis):
            return None
        shape = (channels,)
        scale, offset = (
            np.broadcast_to(part, shape) for part in (self.scale, self.offset)
        )
        return scale, offset


def float_constant(value: SSAValue | None) -> Doubles | None:
    """The elements of an f32 constant as doubles."""
    if value is None or not isinstance(value.owner, nn.ConstantOp):
        return None
    if element_type_of(value) != f32:
        return None
    return value.owner.array().astype(np.float64)


def stored_constant(value: SSAValue | None) -> tuple[Array, UniformType] | None:
    """Integers and type behind dcast(constant) or dcast(qcast(constant))."""
    if value is None or not isinstance(value.owner, DequantizeCastOp):
        return None
    source = value.owner.input
    kind = quantized_type(source)
    if isinstance(source.owner, QuantizeCastOp):
        reals = constant_array(source.owner.input)
        return None if reals is None else (numbers.quantize_to(reals, kind), kind)
    stored = constant_array(source)
    return None if stored is None else (stored, kind)


def parameter(value: SSAValue | None) -> Doubles | None:
    """The reals of a float constant, or of a dequantized one."""
    found = stored_constant(value)
    if found is None:
        return float_constant(value)
    stored, kind = found
    shape = [1] * stored.ndim
    if kind.axis is not None:
        shape[kind.axis] = -1
    scales = np.array(kind.scales, np.float64).reshape(shape if stored.ndim else ())
    zeros = np.array(kind.zero_points).reshape(scales.shape)
    return (stored.astype(np.float64) - zeros) * scales


def affine_of(op: Operation) -> Affine | None:
    """What `op` computes, if it is an affine function per channel of one operand."""
    if isinstance(op, nn.BatchNormOp):
        return _batch_norm(op)
    if not isinstance(op, nn.AddOp | nn.SubOp | nn.MulOp | nn.DivOp):
        return None
    if (constant := parameter(op.rhs)) is not None:
        return _constant_on_the_right(op, constant)
    if (constant := parameter(op.lhs)) is not None:
        return _constant_on_the_left(op, constant)
    return None


def _batch_norm(op: nn.BatchNormOp) -> Affine | None:
    parameters = [parameter(value) for value in op.operands[1:]]
    scale, bias, mean, variance = parameters
    if scale is None or bias is None or mean is None or variance is None:
        return None
    with np.errstate(all="ignore"):
        factor = scale / np.sqrt(variance + op.epsilon_value)
        offset = bias - mean * factor
    if not (np.isfinite(factor).all() and np.isfinite(offset).all()):
        return None
    return Affine(op.input, factor, offset, 1)


def _constant_on_the_right(op: Operation, constant: Doubles) -> Affine | None:
    one, zero = np.float64(1), np.float64(0)
    with np.errstate(all="ignore"):
        match op:
            case nn.AddOp():
                return _affine(op, 0, one, constant)
            case nn.SubOp():
                return _affine(op, 0, one, -constant)
            case nn.MulOp():
                return _affine(op, 0, constant, zero)
            case _:
                return _affine(op, 0, 1 / constant, zero)


def _constant_on_the_left(op: Operation, constant: Doubles) -> Affine | None:
    match op:
        case nn.AddOp():
            return _affine(op, 1, np.float64(1), constant)
        case nn.SubOp():
            return _affine(op, 1, np.float64(-1), constant)
        case nn.MulOp():
            return _affine(op, 1, constant, np.float64(0))
        case _:
            return None


def _affine(
    op: Operation,
    operand: int,
    scale: Doubles | np.float64,
    offset: Doubles | np.float64,
) -> Affine | None:
    """None when the constant varies along several axes, or enlarges the operand."""
    value = op.operands[operand]
    if value.type != op.results[0].type:
        return None
    parts = np.asarray(scale), np.asarray(offset)
    if not all(np.isfinite(part).all() for part in parts):
        return None
    rank = len(shape_of(value))
    axes = {
        axis + rank - part.ndim
        for part in parts
        for axis, size in enumerate(part.shape)
        if size != 1
    }
    if len(axes) > 1:
        return None
    flat = [part.reshape(-1) if part.size > 1 else part.reshape(()) for part in parts]
    return Affine(value, flat[0], flat[1], next(iter(axes), None))


def channel_axis_after_reshape(reshape: nn.ReshapeOp, axis: int) -> int | None:
    """Where `axis` of the input stands in the result, if it is one axis there too."""
    before, after = shape_of(reshape.input), shape_of(reshape.result)
    outer = prod(before[:axis])
    for index, size in enumerate(after):
        if size == before[axis] and prod(after[:index]) == outer:
            return index
    return None
