"""
`insert-quantize`: dcast(qcast(x)) around every op that has an int8 form.

Afterwards a float model looks like an imported QDQ model: each op that will run on
integers reads dequantized values and gives one that is rounded at once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Block, Operation, SSAValue, Use
from xdsl.passes import ModulePass
from xdsl.rewriter import InsertPoint, Rewriter

from qcc.dialects import nn
from qcc.dialects.blob import Array
from qcc.dialects.naming import (
    carry_over,
    model_function,
    set_tensor_name,
    tensor_name,
)
from qcc.dialects.quant import DequantizeCastOp, QuantizeCastOp, UniformType
from qcc.dialects.types import element_type_of, float_array
from qcc.passes.quantizable import (
    Form,
    activations,
    constant_array,
    form_of,
    weight_axis,
    weight_operand,
)
from qcc.passes.quantization_plan import QuantizationPlan
from qcc.passes.ranges import (
    RANGE,
    SYMMETRIC_UNIT_INTERVAL,
    UNIT_INTERVAL,
    activation_type,
    range_of,
)
from qcc.passes.weights import weight_type

_FIXED: dict[type[Operation | Block], UniformType] = {
    nn.SoftmaxOp: UNIT_INTERVAL,
    nn.SigmoidOp: UNIT_INTERVAL,
    nn.TanhOp: SYMMETRIC_UNIT_INTERVAL,
}


@dataclass(frozen=True)
class InsertQuantizePass(ModulePass):
    """
    Rounds the operands and results of every op with an int8 form, given their `range`.

    Activations: asymmetric int8 per tensor. Constant weights: symmetric int8 per
    output channel. Biases stay float until `lower-to-quant`. What the model quantizes
    itself is left as it is, and ops that lack a range stay float.
    """

    name = "insert-quantize"

    float_outputs: bool = False
    """Leave additions and products in float that compute nothing but outputs."""

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        func = model_function(op)
        plan = QuantizationPlan(
            func,
            lambda value: range_of(value) is not None,
            float_outputs=self.float_outputs,
        )
        for value in plan.values():
            _round_value(value, plan)
        for inner in list(func.body.walk()):
            if inner in plan.integer_ops and form_of(inner) == Form.CONTRACTION:
                _round_weights(inner)


def value_type(value: SSAValue) -> UniformType:
    """The type of an activation: fixed by what computes it, or from its range."""
    fixed = _FIXED.get(type(value.owner))
    if fixed is not None:
        return fixed
    bounds = range_of(value)
    assert bounds is not None, f"no range of {value}"
    return activation_type(bounds)


def _round_value(value: SSAValue, plan: QuantizationPlan) -> None:
    """Inserts dcast(qcast(value)) where integer ops read or compute it."""
    everywhere = plan.is_integer_value(value)
    quantize = QuantizeCastOp(value, value_type(value))
    dequantize = DequantizeCastOp(quantize.result)

    def is_rounded_use(use: Use) -> bool:
        user = use.operation
        if user is quantize:
            return False
        reads_integers = user in plan.integer_ops and use.index in activations(user)
        return everywhere or reads_integers

    value.replace_uses_with_if(dequantize.result, is_rounded_use)
    producer = value.owner
    if isinstance(producer, Block):
        point = InsertPoint.at_start(producer)
    else:
        point = InsertPoint.after(producer)
        carry_over(producer, [quantize, dequantize])
    Rewriter.insert_op([quantize, dequantize], point)
    name, bounds = tensor_name(value), range_of(value)
    assert bounds is not None
    if name is not None:
        set_tensor_name(quantize, name)
    quantize.attributes[RANGE] = float_array(bounds)


def _round_weights(op: Operation) -> None:
    """Inserts dcast(qcast(weights)) with one scale per output channel."""
    index = weight_operand(op)
    weights = None if index is None else constant_array(op.operands[index])
    if index is None or weights is None:
        return
    axis = weight_axis(op)
    kind = weight_type(weights, axis, *_bias_and_scale(op, weights.shape[axis]))
    quantize = QuantizeCastOp(op.operands[index], kind)
    dequantize = DequantizeCastOp(quantize.result)
    carry_over(op, [quantize, dequantize])
    name = tensor_name(op.operands[index])
    if name is not None:
        set_tensor_name(quantize, name)
    Rewriter.insert_op([quantize, dequantize], InsertPoint.before(op))
    op.operands[index] = dequantize.result


def _bias_and_scale(op: Operation, channels: int) -> tuple[Array | None, float]:
    """The largest float bias per weight scale, and the scale of the input."""
    dequantize = op.operands[0].owner
    assert isinstance(dequantize, DequantizeCastOp)
    kind = element_type_of(dequantize.input)
    assert isinstance(kind, UniformType)
    bias = constant_array(op.operands[2]) if len(op.operands) > 2 else None
    if bias is None:
        return None, kind.scale
    # Groups of a transposed convolution share their scales.
    return np.abs(bias).reshape(-1, channels).max(axis=0), kind.scale
