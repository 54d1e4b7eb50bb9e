"""Casts: float to quantized and back, quantized to its bits, one grid to another."""

from __future__ import annotations

from xdsl.dialects.builtin import IntegerAttr, TensorType, f32
from xdsl.ir import Attribute
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    operand_def,
    prop_def,
    result_def,
    traits_def,
)
from xdsl.traits import Pure

from qcc.dialects.quant.base import (
    ASSEMBLY,
    PROPERTIES_IN_DICTIONARY,
    Value,
    integer,
    properties,
    result_tensor,
    shape_of,
)


@irdl_op_definition
class QuantizeCastOp(IRDLOperation):
    """
    Float to quantized: `sat(rne(x / scale) + zero_point)`.

    `%q = quant.qcast %x : (tensor<4xf32>) -> tensor<4x!quant.uniform<i8:f32, 0.5:0>>`
    """

    name = "quant.qcast"
    input = operand_def(TensorType)
    result = result_def(TensorType)
    traits = traits_def(Pure())
    irdl_options = PROPERTIES_IN_DICTIONARY
    assembly_format = ASSEMBLY

    def __init__(self, input: Value, result_type: Attribute):
        result = result_tensor(result_type, shape_of(input))
        super().__init__(operands=[input], result_types=[result])


@irdl_op_definition
class DequantizeCastOp(IRDLOperation):
    """
    Quantized to float: `(float)(q − zero_point) * scale`.

    `%x = quant.dcast %q : (tensor<4x!quant.uniform<i8:f32, 0.5:0>>) -> tensor<4xf32>`
    """

    name = "quant.dcast"
    input = operand_def(TensorType)
    result = result_def(TensorType)
    traits = traits_def(Pure())
    irdl_options = PROPERTIES_IN_DICTIONARY
    assembly_format = ASSEMBLY

    def __init__(self, input: Value):
        super().__init__(
            operands=[input], result_types=[TensorType(f32, shape_of(input))]
        )


@irdl_op_definition
class StorageCastOp(IRDLOperation):
    """
    Quantized elements as their storage integers, or back; ui8 is i8 xor 0x80.

    `%i = quant.scast %q : (tensor<4x!quant.uniform<i8:f32, 0.5:0>>) -> tensor<4xi8>`
    """

    name = "quant.scast"
    input = operand_def(TensorType)
    result = result_def(TensorType)
    traits = traits_def(Pure())
    irdl_options = PROPERTIES_IN_DICTIONARY
    assembly_format = ASSEMBLY

    def __init__(self, input: Value, result_type: Attribute):
        result = result_tensor(result_type, shape_of(input))
        super().__init__(operands=[input], result_types=[result])


@irdl_op_definition
class RequantizeOp(IRDLOperation):
    """
    From one quantized type to another, clamped to stored [minimum, maximum].

    `%r = quant.requantize %q : (tensor<4x!quant.uniform<i8:f32, 0.5:0>>) ->
    tensor<4x!quant.uniform<i8:f32, 0.25:3>>`
    """

    name = "quant.requantize"
    input = operand_def(TensorType)
    result = result_def(TensorType)
    minimum = prop_def(IntegerAttr, default_value=integer(-128))
    maximum = prop_def(IntegerAttr, default_value=integer(127))
    traits = traits_def(Pure())
    irdl_options = PROPERTIES_IN_DICTIONARY
    assembly_format = ASSEMBLY

    def __init__(
        self,
        input: Value,
        result_type: Attribute,
        *,
        minimum: int = -128,
        maximum: int = 127,
    ):
        super().__init__(
            operands=[input],
            result_types=[result_tensor(result_type, shape_of(input))],
            properties=properties(minimum=minimum, maximum=maximum),
        )
