"""
Which float ops have an int8 form, and what role each of their operands plays in it.

Shared by `analyze-ranges`, `insert-quantize` and the lowerings, so that they agree.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum, auto

from xdsl.dialects.builtin import Float32Type
from xdsl.ir import Operation, SSAValue

from qcc.dialects import nn, quant
from qcc.dialects.blob import Array
from qcc.dialects.types import element_type_of, shape_of


class Form(Enum):
    """What becomes of a float op between a dcast and a qcast."""

    CONTRACTION = auto()
    """An int32 accumulator, requantized; takes any result type and a clamp."""
    ARITHMETIC = auto()
    """Integers with one rounding; takes any result type."""
    CLAMP = auto()
    """relu and clip: bounds of what computes their operand."""
    FUNCTION = auto()
    """An elementwise function of one value: a table, alone or as a chain."""
    MOVEMENT = auto()
    """Moves or compares elements: one type in and out."""
    INDEX = auto()
    """Reads quantized elements, its result are indices."""


KEEP_FLOAT = "keep_float"
"""The attribute of an op that stays float; its text says why (`keep-float` sets it)."""

_CONTRACTIONS = (nn.Conv2dOp, nn.ConvTranspose2dOp, nn.MatMulOp)
_BINARY = (nn.AddOp, nn.SubOp, nn.MulOp)
_ARITHMETIC = (
    nn.AvgPool2dOp,
    nn.ReduceMeanOp,
    nn.ReduceSumOp,
    nn.SoftmaxOp,
    nn.LayerNormOp,
)
_FUNCTIONS = (
    nn.SigmoidOp,
    nn.HardSwishOp,
    nn.SiluOp,
    nn.SoftplusOp,
    nn.TanhOp,
    nn.ErfOp,
    nn.SqrtOp,
    nn.ExpOp,
    nn.LogOp,
    nn.ReciprocalOp,
    nn.NegOp,
    nn.AbsOp,
    nn.LeakyReluOp,
    nn.EluOp,
    nn.HardSigmoidOp,
    nn.GeluOp,
)
_FUNCTIONS_OF_TWO = (
    nn.AddOp,
    nn.SubOp,
    nn.MulOp,
    nn.DivOp,
    nn.PowOp,
    nn.MinOp,
    nn.MaxOp,
    nn.PReluOp,
)
_MOVEMENT = (
    nn.MaxPool2dOp,
    nn.ReduceMaxOp,
    nn.ReduceMinOp,
    nn.ReshapeOp,
    nn.TransposeOp,
    nn.ConcatOp,
    nn.SliceOp,
    nn.GatherOp,
    nn.PadOp,
    nn.ExpandOp,
)


def constant_array(value: SSAValue | None) -> Array | None:
    """The stored elements if `value` is a constant."""
    if value is not None and isinstance(value.owner, nn.ConstantOp):
        return value.owner.array()
    return None


def quantized_constant(value: SSAValue) -> SSAValue | None:
    """The quantized constant x if `value` is `dcast(x)`."""
    if not isinstance(value.owner, quant.DequantizeCastOp):
        return None
    source = value.owner.input
    return source if isinstance(source.owner, nn.ConstantOp) else None


def is_parameter(value: SSAValue | None) -> bool:
    """Whether `value` is known at compile time: absent, float or dequantized."""
    return (
        value is None
        or constant_array(value) is not None
        or quantized_constant(value) is not None
    )


def scalar_of(value: SSAValue) -> Array | None:
    """The element of a float constant that has just one."""
    array = constant_array(value)
    return array.reshape(()) if array is not None and array.size == 1 else None


def is_float(value: SSAValue) -> bool:
    """Whether the elements of a tensor are f32."""
    return isinstance(element_type_of(value), Float32Type)


def is_linear_resize(op: Operation) -> bool:
    """Whether `op` is a resize that interpolates."""
    return isinstance(op, nn.ResizeOp) and op.mode.data == "linear"


def function_operand(op: Operation) -> int | None:
    """The index of x in an elementwise function f(x); None for other ops."""
    if isinstance(op, _FUNCTIONS):
        return 0
    if not isinstance(op, _FUNCTIONS_OF_TWO) or not is_float(op.results[0]):
        return None
    lhs, rhs = op.operands
    for index, (value, other) in enumerate(((lhs, rhs), (rhs, lhs))):
        if scalar_of(other) is None or scalar_of(value) is not None:
            continue
        if shape_of(value) == shape_of(op.results[0]):
            is_slope = isinstance(op, nn.PReluOp) and index == 1
            return None if is_slope else index
    return None


def form_of(op: Operation) -> Form | None:
    """The int8 form of `op`; None if it has none, or none is wanted: it stays float."""
    if KEEP_FLOAT in op.attributes:
        return None
    if isinstance(op, nn.ArgMaxOp):
        return Form.INDEX if is_float(op.input) else None
    if len(op.results) != 1 or not is_float(op.results[0]):
        return None
    if isinstance(op, nn.ReluOp | nn.ClipOp):
        return Form.CLAMP
    if function_operand(op) is not None:
        return Form.FUNCTION
    if isinstance(op, _MOVEMENT):
        return Form.MOVEMENT
    if isinstance(op, nn.ResizeOp):
        return Form.ARITHMETIC if is_linear_resize(op) else Form.MOVEMENT
    if isinstance(op, _CONTRACTIONS):
        return Form.CONTRACTION if _has_constant_parameters(op) else None
    if isinstance(op, nn.LayerNormOp):
        constant = is_parameter(op.scale) and is_parameter(op.bias)
        return Form.ARITHMETIC if constant else None
    return Form.ARITHMETIC if isinstance(op, _BINARY + _ARITHMETIC) else None


def _has_constant_parameters(op: Operation) -> bool:
    if isinstance(op, nn.MatMulOp):
        return is_parameter(op.bias)
    assert isinstance(op, nn.Conv2dOp | nn.ConvTranspose2dOp)
    return is_parameter(op.weight) and is_parameter(op.bias)


def weight_operand(op: Operation) -> int | None:
    """The index of the operand that holds constant weights, per channel."""
    if isinstance(op, nn.Conv2dOp | nn.ConvTranspose2dOp):
        return 1 if is_parameter(op.weight) else None
    if isinstance(op, nn.MatMulOp):
        both = is_parameter(op.lhs) and is_parameter(op.rhs)
        return 1 if is_parameter(op.rhs) and not both else None
    return None


def weight_axis(op: Operation) -> int:
    """
    The axis of the weights that has one scale per index.

    The output channels. Groups of a transposed convolution share the scales of axis 1:
    output channel g · (O / groups) + i has the scale of i.
    """
    if isinstance(op, nn.Conv2dOp):
        return 0
    if isinstance(op, nn.ConvTranspose2dOp):
        return 1
    assert isinstance(op, nn.MatMulOp)
    return len(shape_of(op.rhs)) - 1


def activations(op: Operation) -> Sequence[int]:
    """The indices of the operands of an op with an int8 form that must be int8."""
    function = function_operand(op)
    if function is not None:
        return (function,)
    if isinstance(op, nn.ConcatOp):
        return range(len(op.operands))
    if isinstance(op, nn.MatMulOp):
        return (0,) if weight_operand(op) == 1 else (0, 1)
    if isinstance(op, _BINARY):
        return (0, 1)
    return (0,)


def single_user(value: SSAValue) -> Operation | None:
    """The op that is the only use of `value`."""
    uses = list(value.uses)
    return uses[0].operation if len(uses) == 1 else None
