"""Binary ops, and relu or clip on their own."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.ir import Operation

from qcc.dialects import nn, quant
from qcc.dialects.quant import ClampOp, DequantizeCastOp, RequantizeOp
from qcc.dialects.reference import numbers
from qcc.passes.lower_to_quant.base import (
    Wrapped,
    int8_or_constant,
    lowers,
)
from qcc.passes.quantizable import function_operand
from qcc.passes.rewriting import int8_type, quantized_type

_INTEGER_FORM: dict[type[Operation], type[quant.AddOp | quant.SubOp | quant.MulOp]] = {
    nn.AddOp: quant.AddOp,
    nn.SubOp: quant.SubOp,
    nn.MulOp: quant.MulOp,
}


@lowers(nn.AddOp, nn.SubOp, nn.MulOp)
def lower_binary(
    op: nn.AddOp | nn.SubOp | nn.MulOp, wrapped: Wrapped
) -> Sequence[Operation] | None:
    """add(dcast(a), dcast(b)) -> quant.add(a, b); the same for sub and mul"""
    if function_operand(op) is not None:
        return None
    ops: list[Operation] = []
    lhs, rhs = int8_or_constant(op.lhs, ops), int8_or_constant(op.rhs, ops)
    if lhs is None or rhs is None:
        return None
    scales = [quantized_type(operand).scale for operand in (lhs, rhs)]
    if isinstance(op, nn.MulOp):
        numbers.requantization_multiplier(scales[0], wrapped.kind.scale, scales[1])
    else:
        numbers.shared_multipliers(scales, wrapped.kind.scale)
    new = _INTEGER_FORM[type(op)](
        lhs,
        rhs,
        wrapped.result_type,
        minimum=wrapped.minimum,
        maximum=wrapped.maximum,
    )
    return [*ops, new]


@lowers(DequantizeCastOp)
def lower_clamp(op: DequantizeCastOp, wrapped: Wrapped) -> Sequence[Operation] | None:
    """clip(dcast(x)) -> quant.clamp(x), or quant.requantize between two types"""
    source = int8_type(op.input)
    if source is None:
        return None
    if source == wrapped.kind:
        if not wrapped.is_clamped:
            return None  # cancel-casts removes it
        bounds = {"minimum": wrapped.minimum, "maximum": wrapped.maximum}
        return [ClampOp(op.input, **bounds)]
    numbers.requantization_multiplier(source.scale, wrapped.kind.scale)
    return [
        RequantizeOp(
            op.input,
            wrapped.result_type,
            minimum=wrapped.minimum,
            maximum=wrapped.maximum,
        )
    ]
