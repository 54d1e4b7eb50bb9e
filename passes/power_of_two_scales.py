"""
`power-of-two-scales`: scales that we chose become powers of two (`--scales pow2`).

Every multiplier of a requantization is then a power of two: for processors where a
shift is cheap and a multiplication is not. It runs twice: on activations before casts
are cancelled, and on the weights whose scales `round-weights` may have replaced. The
model's own types (`quant.qcast` without `range`) are never changed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation
from xdsl.passes import ModulePass
from xdsl.rewriter import InsertPoint, Rewriter
from xdsl.transforms.dead_code_elimination import DeadCodeElimination

from qcc.dialects import nn
from qcc.dialects.blob import Array
from qcc.dialects.naming import TENSOR, carry_over, model_function
from qcc.dialects.quant import DequantizeCastOp, QuantizeCastOp, UniformType
from qcc.dialects.reference import numbers
from qcc.dialects.types import shape_of, tensor
from qcc.passes.quantizable import Form, constant_array, form_of, single_user
from qcc.passes.quantization_plan import goes_to_quantize
from qcc.passes.ranges import RANGE, activation_type, representable, widened
from qcc.passes.rewriting import int8_type, quantized_type
from qcc.passes.round_weights import weight_cast
from qcc.passes.weights import channel_maxima

LARGEST_EXPONENT = 127
"""Of a float32."""


def at_least(scale: float) -> float:
    """The smallest power of two that is not below a positive normal float32."""
    mantissa, exponent = math.frexp(scale)
    return math.ldexp(1.0, min(exponent - (mantissa == 0.5), LARGEST_EXPONENT))


def is_power_of_two(kind: UniformType) -> bool:
    """Whether all scales of a type are powers of two."""
    return all(math.frexp(scale)[0] == 0.5 for scale in kind.scales)


def power_of_two_type(kind: UniformType) -> UniformType:
    """A per-tensor type of a power of two that represents the range of `kind`."""
    if is_power_of_two(kind):
        return kind
    low, _ = representable(kind)
    scale = at_least(kind.scale)
    zero_point = int(np.rint(kind.minimum - low / scale))
    zero_point = min(max(zero_point, kind.minimum), kind.maximum)
    return UniformType.per_tensor(
        scale, zero_point, minimum=kind.minimum, maximum=kind.maximum
    )


def _squared_errors(weights: Array, kind: UniformType) -> Array:
    """Of each channel, float64."""
    assert kind.axis is not None
    stored = numbers.quantize_to(weights, kind)
    error = numbers.dequantize_from(stored, kind).astype(np.float64) - weights
    others = tuple(a for a in range(weights.ndim) if a != kind.axis)
    return np.square(error).sum(axis=others)


def power_of_two_weights(weights: Array, kind: UniformType) -> UniformType:
    """
    The type of weights with the power of two above or below each scale.

    Below where that clips and the squared error of the channel is less all the same.
    """
    assert kind.axis is not None

    def with_scales(scales: Array) -> UniformType:
        return UniformType.per_axis(
            scales, kind.axis or 0, minimum=kind.minimum, maximum=kind.maximum
        )

    above = np.array([at_least(scale) for scale in kind.scales])
    # A scale that does not clip when halved was raised for a large bias.
    clips = channel_maxima(weights, kind.axis) > kind.maximum * above / 2
    # The least normal float32 has no normal half.
    below = np.where(clips & (above / 2 >= np.finfo(np.float32).tiny), above / 2, above)
    errors = [_squared_errors(weights, with_scales(s)) for s in (above, below)]
    return with_scales(np.where(errors[1] < errors[0], below, above))


@dataclass(frozen=True)
class PowerOfTwoScalesPass(ModulePass):
    """Rounds scales up to powers of two; those of weights to the better one."""

    name = "power-of-two-scales"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for inner in list(model_function(op).body.walk()):
            if isinstance(inner, QuantizeCastOp) and RANGE in inner.attributes:
                kind = int8_type(inner.result)
                assert kind is not None, "activations are int8, per tensor"
                new = tensor(power_of_two_type(kind), shape_of(inner.result))
                Rewriter.replace_value_with_new_type(inner.result, new)
            elif isinstance(inner, nn.AddOp | nn.SubOp | nn.MulOp):
                _round_constants(inner)
            elif (quantize := weight_cast(inner)) is not None:
                _round_weights(inner, quantize)
        DeadCodeElimination().apply(ctx, op)


def _round_weights(op: Operation, quantize: QuantizeCastOp) -> None:
    weights, kind = constant_array(quantize.input), quantized_type(quantize.result)
    assert weights is not None
    if kind.axis is None or is_power_of_two(kind):
        return
    new = QuantizeCastOp(quantize.input, power_of_two_weights(weights, kind))
    dequantize = DequantizeCastOp(new.result)
    carry_over(quantize, [new, dequantize])
    if TENSOR in quantize.attributes:
        new.attributes[TENSOR] = quantize.attributes[TENSOR]
    Rewriter.insert_op([new, dequantize], InsertPoint.before(op))
    op.operands[1] = dequantize.result


def _round_constants(op: nn.AddOp | nn.SubOp | nn.MulOp) -> None:
    """What `lower-to-quant` would give a type from its data."""
    reads_integers = any(isinstance(v.owner, DequantizeCastOp) for v in op.operands)
    if form_of(op) != Form.ARITHMETIC or not reads_integers:
        return
    value = op.result
    while isinstance(user := single_user(value), nn.ReluOp | nn.ClipOp):
        value = user.results[0]
    if not goes_to_quantize(value):
        return
    for index, operand in enumerate(op.operands):
        array = constant_array(operand)
        if array is None or array.dtype != np.float32:
            continue
        finite = array[np.isfinite(array)]
        bounds = widened(finite.min(initial=0), finite.max(initial=0))
        quantize = QuantizeCastOp(operand, power_of_two_type(activation_type(bounds)))
        dequantize = DequantizeCastOp(quantize.result)
        carry_over(op, [quantize, dequantize])
        Rewriter.insert_op([quantize, dequantize], InsertPoint.before(op))
        op.operands[index] = dequantize.result
