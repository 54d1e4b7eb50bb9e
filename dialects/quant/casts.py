"""Casts: float to quantized and back, quantized to its bits, one grid to another."""

from __future__ import annotations

from xdsl.dialects.builtin import f32, i8, i32
from xdsl.ir import Attribute
from xdsl.irdl import irdl_op_definition, operand_def, result_def

from qcc.dialects.blob import ui8
from qcc.dialects.nn.base import ASSEMBLY, TENSOR
from qcc.dialects.quant.base import (
    ClampingOperation,
    QuantOperation,
    operand_shape,
    require_activation,
    require_elements,
    require_uniform,
    result_tensor,
)
from qcc.dialects.types import (
    Operand,
    Shape,
    element_type_of,
    int_attr,
    is_quantized,
    shape_of,
    tensor,
)


@irdl_op_definition
class QuantizeCastOp(QuantOperation):
    """
    Float to quantized: `sat(rne(x / scale) + zero_point)`.

    `%q = quant.qcast %x : (tensor<4xf32>) -> tensor<4x!quant.uniform<i8:f32, 0.5:0>>`
    """

    name = "quant.qcast"
    input = operand_def(TENSOR)
    result = result_def(TENSOR)
    assembly_format = ASSEMBLY

    def __init__(self, input: Operand, result_type: Attribute):
        result = result_tensor(result_type, shape_of(input))
        super().__init__(operands=[input], result_types=[result])

    def expected_element(self) -> Attribute:
        return require_uniform(self.result, "result")

    def expected_shape(self) -> Shape:
        require_elements(self.input, "input", f32)
        return operand_shape(self.input, "input")


@irdl_op_definition
class DequantizeCastOp(QuantOperation):
    """
    Quantized to float: `(float)(q - zero_point) * scale`.

    `%x = quant.dcast %q : (tensor<4x!quant.uniform<i8:f32, 0.5:0>>) -> tensor<4xf32>`
    """

    name = "quant.dcast"
    input = operand_def(TENSOR)
    result = result_def(TENSOR)
    assembly_format = ASSEMBLY

    def __init__(self, input: Operand):
        super().__init__(operands=[input], result_types=[tensor(f32, shape_of(input))])

    def expected_element(self) -> Attribute:
        return f32

    def expected_shape(self) -> Shape:
        require_uniform(self.input, "input")
        return operand_shape(self.input, "input")


@irdl_op_definition
class StorageCastOp(QuantOperation):
    """
    Quantized elements as their storage integers, or back; ui8 is i8 xor 0x80.

    `%i = quant.scast %q : (tensor<4x!quant.uniform<i8:f32, 0.5:0>>) -> tensor<4xi8>`
    """

    name = "quant.scast"
    input = operand_def(TENSOR)
    result = result_def(TENSOR)
    assembly_format = ASSEMBLY

    def __init__(self, input: Operand, result_type: Attribute):
        result = result_tensor(result_type, shape_of(input))
        super().__init__(operands=[input], result_types=[result])

    def expected_element(self) -> Attribute:
        quantized, plain = self.input, self.result
        if not is_quantized(element_type_of(quantized)):
            quantized, plain = plain, quantized
        kind = require_uniform(quantized, "input or result")
        allowed = (i32,) if kind.storage == i32 else (i8, ui8)
        require_elements(plain, "the storage side", *allowed)
        return element_type_of(self.result)

    def expected_shape(self) -> Shape:
        return operand_shape(self.input, "input")


@irdl_op_definition
class RequantizeOp(ClampingOperation):
    """
    From one quantized type to another, clamped to stored [minimum, maximum].

    `%r = quant.requantize %q : (tensor<4x!quant.uniform<i8:f32, 0.5:0>>) ->
    tensor<4x!quant.uniform<i8:f32, 0.25:3>>`
    """

    name = "quant.requantize"
    input = operand_def(TENSOR)
    result = result_def(TENSOR)
    assembly_format = ASSEMBLY

    def __init__(
        self,
        input: Operand,
        result_type: Attribute,
        *,
        minimum: int = -128,
        maximum: int = 127,
    ):
        super().__init__(
            operands=[input],
            result_types=[result_tensor(result_type, shape_of(input))],
            properties={"minimum": int_attr(minimum), "maximum": int_attr(maximum)},
        )

    def expected_shape(self) -> Shape:
        require_activation(self.input, "input")
        return operand_shape(self.input, "input")
