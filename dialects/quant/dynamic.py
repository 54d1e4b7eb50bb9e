"""Ops whose input range is taken at run time, and the plain integer products of ONNX."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import (
    DenseArrayBase,
    IntegerAttr,
    StringAttr,
    TensorType,
    f32,
    i32,
)
from xdsl.irdl import (
    AttrSizedOperandSegments,
    IRDLOperation,
    irdl_op_definition,
    operand_def,
    opt_operand_def,
    prop_def,
    result_def,
    traits_def,
)
from xdsl.traits import Pure

from qcc.dialects.blob import ui8
from qcc.dialects.quant.base import (
    ASSEMBLY,
    PROPERTIES_IN_DICTIONARY,
    TrailingOptionalOperands,
    Value,
    conv2d_shape,
    integer,
    ints,
    matmul_shape,
    properties,
    shape_of,
)


@irdl_op_definition
class DynamicConv2dOp(IRDLOperation):
    """
    Float convolution computed in int8: the input's range is taken at run time.

    `%r = quant.dynamic_conv2d %x, %w, %b {pads = array<i64: 1, 1, 1, 1>} : (..) -> ..`
    """

    name = "quant.dynamic_conv2d"
    input = operand_def(TensorType)
    weight = operand_def(TensorType)
    bias = opt_operand_def(TensorType)
    result = result_def(TensorType)
    strides = prop_def(DenseArrayBase, default_value=ints((1, 1)))
    pads = prop_def(DenseArrayBase, default_value=ints((0, 0, 0, 0)))
    dilations = prop_def(DenseArrayBase, default_value=ints((1, 1)))
    groups = prop_def(IntegerAttr, default_value=integer(1))
    layout = prop_def(StringAttr, default_value=StringAttr("NCHW"))
    traits = traits_def(Pure())
    irdl_options = PROPERTIES_IN_DICTIONARY
    assembly_format = ASSEMBLY

    def __init__(
        self,
        input: Value,
        weight: Value,
        bias: Value | None = None,
        *,
        strides: Sequence[int] = (1, 1),
        pads: Sequence[int] = (0, 0, 0, 0),
        dilations: Sequence[int] = (1, 1),
        groups: int = 1,
        layout: str = "NCHW",
    ):
        shape = conv2d_shape(
            shape_of(input), shape_of(weight), strides, pads, dilations, layout
        )
        super().__init__(
            operands=[input, weight, bias],
            result_types=[TensorType(f32, shape)],
            properties=properties(
                strides=strides,
                pads=pads,
                dilations=dilations,
                groups=groups,
                layout=layout,
            ),
        )


@irdl_op_definition
class DynamicMatMulOp(IRDLOperation):
    """
    Float matrix product computed in int8: the range of lhs is taken at run time.

    `%r = quant.dynamic_matmul %x, %w, %b : (tensor<..>, tensor<..>, tensor<..>) -> ..`
    """

    name = "quant.dynamic_matmul"
    lhs = operand_def(TensorType)
    rhs = operand_def(TensorType)
    bias = opt_operand_def(TensorType)
    result = result_def(TensorType)
    traits = traits_def(Pure())
    irdl_options = PROPERTIES_IN_DICTIONARY
    assembly_format = ASSEMBLY

    def __init__(self, lhs: Value, rhs: Value, bias: Value | None = None):
        shape = matmul_shape(shape_of(lhs), shape_of(rhs))
        super().__init__(
            operands=[lhs, rhs, bias], result_types=[TensorType(f32, shape)]
        )


@irdl_op_definition
class DynamicQuantizeOp(IRDLOperation):
    """
    ONNX DynamicQuantizeLinear: a ui8 tensor, its f32 scale and its ui8 zero point.

    `%q, %s, %z = quant.dynamic_quantize %x : (tensor<4xf32>) ->
    (tensor<4xui8>, tensor<f32>, tensor<ui8>)`
    """

    name = "quant.dynamic_quantize"
    input = operand_def(TensorType)
    result = result_def(TensorType)
    scale = result_def(TensorType)
    zero_point = result_def(TensorType)
    traits = traits_def(Pure())
    irdl_options = PROPERTIES_IN_DICTIONARY
    assembly_format = ASSEMBLY

    def __init__(self, input: Value):
        super().__init__(
            operands=[input],
            result_types=[
                TensorType(ui8, shape_of(input)),
                TensorType(f32, ()),
                TensorType(ui8, ()),
            ],
        )


@irdl_op_definition
class Conv2dIntegerOp(TrailingOptionalOperands):
    """
    ONNX ConvInteger: i8 or ui8 by i8 or ui8, result i32; no requantization.

    `%r = quant.conv2d_integer %x, %w, %zx, %zw : (tensor<..>, ..) -> tensor<..xi32>`
    """

    name = "quant.conv2d_integer"
    input = operand_def(TensorType)
    weight = operand_def(TensorType)
    input_zero_point = opt_operand_def(TensorType)
    weight_zero_point = opt_operand_def(TensorType)
    result = result_def(TensorType)
    strides = prop_def(DenseArrayBase, default_value=ints((1, 1)))
    pads = prop_def(DenseArrayBase, default_value=ints((0, 0, 0, 0)))
    dilations = prop_def(DenseArrayBase, default_value=ints((1, 1)))
    groups = prop_def(IntegerAttr, default_value=integer(1))
    layout = prop_def(StringAttr, default_value=StringAttr("NCHW"))
    traits = traits_def(Pure())
    irdl_options = (
        *PROPERTIES_IN_DICTIONARY,
        AttrSizedOperandSegments(as_property=True),
    )

    def __init__(
        self,
        input: Value,
        weight: Value,
        input_zero_point: Value | None = None,
        weight_zero_point: Value | None = None,
        *,
        strides: Sequence[int] = (1, 1),
        pads: Sequence[int] = (0, 0, 0, 0),
        dilations: Sequence[int] = (1, 1),
        groups: int = 1,
        layout: str = "NCHW",
    ):
        shape = conv2d_shape(
            shape_of(input), shape_of(weight), strides, pads, dilations, layout
        )
        super().__init__(
            operands=[input, weight, input_zero_point, weight_zero_point],
            result_types=[TensorType(i32, shape)],
            properties=properties(
                strides=strides,
                pads=pads,
                dilations=dilations,
                groups=groups,
                layout=layout,
            ),
        )


@irdl_op_definition
class MatMulIntegerOp(TrailingOptionalOperands):
    """
    ONNX MatMulInteger: i8 or ui8 by i8 or ui8, result i32; no requantization.

    `%r = quant.matmul_integer %a, %b, %za, %zb : (tensor<..>, ..) -> tensor<..xi32>`
    """

    name = "quant.matmul_integer"
    lhs = operand_def(TensorType)
    rhs = operand_def(TensorType)
    lhs_zero_point = opt_operand_def(TensorType)
    rhs_zero_point = opt_operand_def(TensorType)
    result = result_def(TensorType)
    traits = traits_def(Pure())
    irdl_options = (
        *PROPERTIES_IN_DICTIONARY,
        AttrSizedOperandSegments(as_property=True),
    )

    def __init__(
        self,
        lhs: Value,
        rhs: Value,
        lhs_zero_point: Value | None = None,
        rhs_zero_point: Value | None = None,
    ):
        shape = matmul_shape(shape_of(lhs), shape_of(rhs))
        super().__init__(
            operands=[lhs, rhs, lhs_zero_point, rhs_zero_point],
            result_types=[TensorType(i32, shape)],
        )
