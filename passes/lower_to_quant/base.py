"""What the lowerings share: the float op between its casts, operands, the registry."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

import numpy as np
from xdsl.dialects.builtin import TensorType
from xdsl.ir import Attribute, Operation, SSAValue

from qcc.dialects import nn
from qcc.dialects.blob import Array
from qcc.dialects.quant import (
    ClampOp,
    DequantizeCastOp,
    QuantizeCastOp,
    UniformType,
)
from qcc.dialects.reference import numbers
from qcc.dialects.types import tensor_type
from qcc.passes.quantizable import constant_array, quantized_constant, single_user
from qcc.passes.quantization_plan import goes_to_quantize
from qcc.passes.ranges import activation_type, widened
from qcc.passes.rewriting import int8_type, quantized_type


class StaysFloat(Exception):
    """Why an op that is fully wrapped in casts cannot run on integers."""


@dataclass(frozen=True)
class Wrapped:
    """
    qcast(clip(op(dcast(...)))): a float op that is rounded at once.

    `minimum` and `maximum` are the bounds of the clip, if any, in stored integers.
    """

    op: Operation
    result_type: TensorType[Attribute]
    minimum: int
    maximum: int

    @property
    def kind(self) -> UniformType:
        """The type of the elements of the result."""
        kind = self.result_type.element_type
        assert isinstance(kind, UniformType)
        return kind

    @property
    def is_clamped(self) -> bool:
        """Whether the bounds exclude any stored integer."""
        return (self.minimum, self.maximum) != (-128, 127)


Lowering: TypeAlias = Callable[[Any, Wrapped], Sequence[Operation] | None]
"""
Makes the integer ops of a wrapped op; the result is that of the last one.

None when the op is not fully wrapped; StaysFloat or QccError when integers cannot do
it.
"""

OpT = TypeVar("OpT", bound=Operation)

LOWERINGS: dict[type[Operation], Lowering] = {}


def lowers(
    *op_classes: type[OpT],
) -> Callable[
    [Callable[[OpT, Wrapped], Sequence[Operation] | None]],
    Callable[[OpT, Wrapped], Sequence[Operation] | None],
]:
    """Registers the lowering of ops of these classes."""

    def register(
        function: Callable[[OpT, Wrapped], Sequence[Operation] | None],
    ) -> Callable[[OpT, Wrapped], Sequence[Operation] | None]:
        for op_class in op_classes:
            assert op_class not in LOWERINGS, op_class.name
            LOWERINGS[op_class] = function
        return function

    return register


def unwrap(quantize: QuantizeCastOp) -> Wrapped | None:
    """
    The op that computes what a qcast rounds, looking through relu and clip.

    None where a float value on the way has other uses, or the qcast is not to int8.
    """
    kind = int8_type(quantize.result)
    if kind is None:
        return None
    low, high = -math.inf, math.inf
    value = quantize.input
    is_free = goes_to_quantize(value)
    while isinstance(owner := value.owner, nn.ReluOp | nn.ClipOp):
        if not is_free:
            return None
        inner_low, inner_high = _bounds(owner)
        # What the outer clip makes of the bounds of the inner one.
        low, high = (
            min(max(inner_low, low), high),
            min(max(inner_high, low), high),
        )
        value = owner.operands[0]
        is_free = single_user(value) is not None
    if not isinstance(owner, Operation):
        return None
    if not is_free and not isinstance(owner, DequantizeCastOp):
        return None
    bounds = numbers.quantize_to(np.array([low, high], np.float32), kind)
    minimum, maximum = (int(bound) for bound in bounds)
    return Wrapped(owner, tensor_type(quantize.result), minimum, maximum)


def _bounds(op: nn.ReluOp | nn.ClipOp) -> tuple[float, float]:
    if isinstance(op, nn.ReluOp):
        return 0.0, math.inf
    # nn.clip takes the maximum where its bounds cross.
    return min(op.min_value, op.max_value), op.max_value


def int8_operand(value: SSAValue | None) -> SSAValue | None:
    """x where `value` is dcast(x) of an int8 activation; else None."""
    if value is None or not isinstance(value.owner, DequantizeCastOp):
        return None
    source = value.owner.input
    return source if int8_type(source) is not None else None


def int8_or_constant(value: SSAValue, ops: list[Operation]) -> SSAValue | None:
    """
    `int8_operand`, or a float constant quantized per tensor from its data.

    A new constant is appended to `ops`.
    """
    source = int8_operand(value)
    if source is not None:
        return source
    array = constant_array(value)
    if array is None or array.dtype != np.float32:
        return None
    finite = array[np.isfinite(array)]
    kind = activation_type(widened(finite.min(initial=0), finite.max(initial=0)))
    constant = nn.ConstantOp(numbers.quantize_to(array, kind), kind)
    ops.append(constant)
    return constant.result


def float_parameter(value: SSAValue | None) -> Array | None:
    """The reals of a parameter, float32: of a float or a dequantized constant."""
    if value is None:
        return None
    array = constant_array(value)
    if array is not None:
        return array
    source = quantized_constant(value)
    stored = constant_array(source)
    assert source is not None
    assert stored is not None, "not a parameter"
    return numbers.dequantize_from(stored, quantized_type(source))


def with_clamp(op: Operation, wrapped: Wrapped) -> list[Operation]:
    """`op`, which has no bounds of its own, and the clamp that it needs."""
    if not wrapped.is_clamped:
        return [op]
    return [op, ClampOp(op, minimum=wrapped.minimum, maximum=wrapped.maximum)]
