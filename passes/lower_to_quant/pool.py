"""Averages, sums and interpolation: integers with one rounding."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.ir import Operation

from qcc.dialects import nn, quant
from qcc.dialects.reference import numbers
from qcc.dialects.types import floats, ints
from qcc.passes.lower_to_quant.base import Wrapped, int8_operand, lowers, with_clamp
from qcc.passes.lower_to_quant.movement import lower_movement
from qcc.passes.rewriting import quantized_type


@lowers(nn.AvgPool2dOp)
def lower_avg_pool2d(
    op: nn.AvgPool2dOp, wrapped: Wrapped
) -> Sequence[Operation] | None:
    """avg_pool2d(dcast(x)) -> quant.avg_pool2d(x)"""
    input = int8_operand(op.input)
    if input is None:
        return None
    numbers.pooling_multipliers(quantized_type(input).scale, wrapped.kind.scale, [1])
    return [
        quant.AvgPool2dOp(
            input,
            result_type=wrapped.result_type,
            kernel=op.kernel_values,
            strides=op.stride_values,
            pads=op.pad_values,
            count_include_pad=op.counts_padding,
            layout=op.layout_value,
            minimum=wrapped.minimum,
            maximum=wrapped.maximum,
        )
    ]


@lowers(nn.ReduceMeanOp, nn.ReduceSumOp)
def lower_reduction(
    op: nn.ReduceMeanOp | nn.ReduceSumOp, wrapped: Wrapped
) -> Sequence[Operation] | None:
    """reduce_mean(dcast(x)) -> quant.reduce_mean(x); the same for reduce_sum"""
    input = int8_operand(op.input)
    if input is None:
        return None
    numbers.pooling_multipliers(quantized_type(input).scale, wrapped.kind.scale, [1])
    is_mean = isinstance(op, nn.ReduceMeanOp)
    form = quant.ReduceMeanOp if is_mean else quant.ReduceSumOp
    return [
        form(
            input,
            wrapped.result_type,
            axes=ints(op.axes),
            minimum=wrapped.minimum,
            maximum=wrapped.maximum,
        )
    ]


@lowers(nn.ResizeOp)
def lower_resize(op: nn.ResizeOp, wrapped: Wrapped) -> Sequence[Operation] | None:
    """resize(dcast(x)) {mode = "linear"} -> quant.resize(x)"""
    input = int8_operand(op.input)
    if op.mode.data != "linear":
        return lower_movement(op, wrapped)
    if input is None:
        return None
    numbers.resize_multiplier(quantized_type(input).scale, wrapped.kind.scale)
    new = quant.ResizeOp(
        input,
        wrapped.result_type,
        sizes=ints(op.sizes),
        scales=floats(op.scales),
        coordinates=op.coordinates.data,
        layout=op.layout.data,
    )
    return with_clamp(new, wrapped)
