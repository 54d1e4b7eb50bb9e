"""Data movement between casts of different types: requantize, then move."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.ir import Operation, SSAValue

from qcc.dialects import nn
from qcc.dialects.quant import ClampOp, RequantizeOp
from qcc.dialects.reference import numbers
from qcc.dialects.types import shape_of, tensor
from qcc.passes.lower_to_quant.base import Wrapped, int8_or_constant, lowers
from qcc.passes.quantizable import activations
from qcc.passes.rewriting import clone_with, quantized_type

_MOVEMENT: tuple[type[Operation], ...] = (
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


def lower_movement(op: Operation, wrapped: Wrapped) -> Sequence[Operation] | None:
    """
    concat(dcast(a), dcast(b)) -> concat(requantize(a), requantize(b))

    Operands of one type are moved as they are, and requantized afterwards.
    """
    ops: list[Operation] = []
    operands = list(op.operands)
    sources: list[SSAValue] = []
    for index in activations(op):
        source = int8_or_constant(operands[index], ops)
        if source is None:
            return None
        operands[index] = source
        sources.append(source)
    kinds = {quantized_type(source) for source in sources}
    for kind in kinds:
        numbers.requantization_multiplier(kind.scale, wrapped.kind.scale)
    if len(kinds) > 1:
        for index in activations(op):
            operands[index] = _requantized(operands[index], wrapped, ops)
    kind = quantized_type(operands[activations(op)[0]])
    moved = clone_with(op, operands, tensor(kind, shape_of(op.results[0])))
    return [*ops, moved, *_finished(moved.results[0], wrapped)]


def _requantized(value: SSAValue, wrapped: Wrapped, ops: list[Operation]) -> SSAValue:
    if quantized_type(value) == wrapped.kind:
        return value
    new = RequantizeOp(value, wrapped.kind)
    ops.append(new)
    return new.result


def _finished(moved: SSAValue, wrapped: Wrapped) -> list[Operation]:
    """The ops that bring moved elements to the type and bounds of the result."""
    bounds = {"minimum": wrapped.minimum, "maximum": wrapped.maximum}
    if quantized_type(moved) != wrapped.kind:
        return [RequantizeOp(moved, wrapped.kind, **bounds)]
    return [ClampOp(moved, **bounds)] if wrapped.is_clamped else []


lowers(*_MOVEMENT)(lower_movement)
