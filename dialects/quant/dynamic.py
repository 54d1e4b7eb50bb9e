"""Contractions of inputs whose scale is known at run time only; ONNX's dynamic op."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import f32
from xdsl.ir import Attribute
from xdsl.irdl import (
    IRDLOperation,
    ParsePropInAttrDict,
    irdl_op_definition,
    operand_def,
    opt_operand_def,
    result_def,
    traits_def,
)
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException

from qcc.dialects.blob import ui8
from qcc.dialects.nn.base import ASSEMBLY, TENSOR
from qcc.dialects.nn.contraction import ConvolutionOp
from qcc.dialects.nn.inference import conv2d_shape, matmul_shape
from qcc.dialects.quant.base import (
    QuantOperation,
    convolution_properties,
    operand_shape,
    require_elements,
    require_float_bias,
    require_weight,
)
from qcc.dialects.quant.dynamic_base import require_dynamic
from qcc.dialects.types import Operand, Shape, shape_of, tensor


@irdl_op_definition
class DynamicConv2dOp(ConvolutionOp, QuantOperation):
    """
    Convolution of a dynamically quantized input; the result is float.

    `%r = quant.dynamic_conv2d %q, %p, %w, %b {pads = array<i64: 1, 1, 1, 1>} : (..)
    -> tensor<..xf32>`
    """

    name = "quant.dynamic_conv2d"
    input = operand_def(TENSOR)
    parameters = operand_def(TENSOR)
    weight = operand_def(TENSOR)
    bias = opt_operand_def(TENSOR)
    assembly_format = ASSEMBLY

    def __init__(
        self,
        input: Operand,
        parameters: Operand,
        weight: Operand,
        bias: Operand | None = None,
        *,
        strides: Sequence[int] = (1, 1),
        pads: Sequence[int] = (0, 0, 0, 0),
        dilations: Sequence[int] = (1, 1),
        groups: int = 1,
        layout: str = "NCHW",
    ):
        shape = conv2d_shape(
            shape_of(input),
            shape_of(weight),
            strides=strides,
            pads=pads,
            dilations=dilations,
            groups=groups,
            layout=layout,
        )
        super().__init__(
            operands=[input, parameters, weight, bias],
            result_types=[tensor(f32, shape)],
            properties=convolution_properties(strides, pads, dilations, groups, layout),
        )

    def expected_element(self) -> Attribute:
        return f32

    def expected_shape(self) -> Shape:
        require_dynamic(self.input, self.parameters, "input")
        require_weight(self.weight, "weight", (0,))
        weight = operand_shape(self.weight, "weight")
        require_float_bias(self.bias, weight[0])
        return conv2d_shape(
            operand_shape(self.input, "input"),
            weight,
            strides=self.stride_values,
            pads=self.pad_values,
            dilations=self.dilation_values,
            groups=self.group_count,
            layout=self.layout_value,
        )


@irdl_op_definition
class DynamicMatMulOp(QuantOperation):
    """
    Product of a dynamically quantized tensor with a matrix; the result is float.

    `%r = quant.dynamic_matmul %q, %p, %w, %b : (..) -> tensor<..xf32>`
    """

    name = "quant.dynamic_matmul"
    lhs = operand_def(TENSOR)
    parameters = operand_def(TENSOR)
    rhs = operand_def(TENSOR)
    bias = opt_operand_def(TENSOR)
    result = result_def(TENSOR)
    assembly_format = ASSEMBLY

    def __init__(
        self,
        lhs: Operand,
        parameters: Operand,
        rhs: Operand,
        bias: Operand | None = None,
    ):
        shape = matmul_shape(shape_of(lhs), shape_of(rhs))
        super().__init__(
            operands=[lhs, parameters, rhs, bias],
            result_types=[tensor(f32, shape)],
        )

    def expected_element(self) -> Attribute:
        return f32

    def expected_shape(self) -> Shape:
        require_dynamic(self.lhs, self.parameters, "lhs")
        rhs = operand_shape(self.rhs, "rhs")
        shape = matmul_shape(operand_shape(self.lhs, "lhs"), rhs)
        require_weight(self.rhs, "rhs", (len(rhs) - 1,))
        require_float_bias(self.bias, rhs[-1])
        return shape


@irdl_op_definition
class DynamicQuantizeOp(IRDLOperation):
    """
    ONNX DynamicQuantizeLinear: a ui8 tensor, its f32 scale and its ui8 zero point.

    `%q, %s, %z = quant.dynamic_quantize %x : (tensor<4xf32>) ->
    (tensor<4xui8>, tensor<f32>, tensor<ui8>)`
    """

    name = "quant.dynamic_quantize"
    input = operand_def(TENSOR)
    result = result_def(TENSOR)
    scale = result_def(TENSOR)
    zero_point = result_def(TENSOR)
    traits = traits_def(Pure())
    irdl_options = (ParsePropInAttrDict(),)
    assembly_format = ASSEMBLY

    def __init__(self, input: Operand):
        types = [tensor(ui8, shape_of(input)), tensor(f32, ()), tensor(ui8, ())]
        super().__init__(operands=[input], result_types=types)

    def verify_(self) -> None:
        require_elements(self.input, "input", f32)
        shape = operand_shape(self.input, "input")
        expected = (tensor(ui8, shape), tensor(f32, ()), tensor(ui8, ()))
        for result, kind in zip(self.results, expected, strict=True):
            if result.type != kind:
                raise VerifyException(
                    f"{self.name}: result type is {result.type}, expected {kind}"
                )
