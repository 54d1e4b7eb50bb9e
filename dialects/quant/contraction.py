"""Convolution and matrix multiplication on integers, with their requantization."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import (
    DenseArrayBase,
    IntegerAttr,
    StringAttr,
    TensorType,
    UnitAttr,
)
from xdsl.ir import Attribute
from xdsl.irdl import (
    AttrSizedOperandSegments,
    IRDLOperation,
    irdl_op_definition,
    operand_def,
    opt_operand_def,
    opt_prop_def,
    prop_def,
    result_def,
    traits_def,
)
from xdsl.traits import Pure

from qcc.dialects.quant.base import (
    ASSEMBLY,
    PROPERTIES_IN_DICTIONARY,
    TrailingOptionalOperands,
    Value,
    integer,
    ints,
    properties,
)
from qcc.dialects.quant.types import UniformType


@irdl_op_definition
class Conv2dOp(TrailingOptionalOperands):
    """
    Convolution of int8 by int8 weights, bias i32, optional residual added at the end.

    `%r = quant.conv2d %x, %w, %b {strides = array<i64: 2, 2>} : (..) -> tensor<..>`

    weight is [O, C/groups, KH, KW] in both layouts, per axis 0 or per tensor. `raw`: the
    input's zero point is already in the bias, products use the stored integers. With
    a residual, `conv_type` is the type of the sum before the residual is added.
    """

    name = "quant.conv2d"
    input = operand_def(TensorType)
    weight = operand_def(TensorType)
    bias = opt_operand_def(TensorType)
    residual = opt_operand_def(TensorType)
    result = result_def(TensorType)
    strides = prop_def(DenseArrayBase, default_value=ints((1, 1)))
    pads = prop_def(DenseArrayBase, default_value=ints((0, 0, 0, 0)))
    dilations = prop_def(DenseArrayBase, default_value=ints((1, 1)))
    groups = prop_def(IntegerAttr, default_value=integer(1))
    layout = prop_def(StringAttr, default_value=StringAttr("NCHW"))
    minimum = prop_def(IntegerAttr, default_value=integer(-128))
    maximum = prop_def(IntegerAttr, default_value=integer(127))
    raw = opt_prop_def(UnitAttr)
    conv_type = opt_prop_def(UniformType)
    requantization = prop_def(StringAttr, default_value=StringAttr("float"))
    traits = traits_def(Pure())
    irdl_options = (
        *PROPERTIES_IN_DICTIONARY,
        AttrSizedOperandSegments(as_property=True),
    )

    def __init__(
        self,
        input: Value,
        weight: Value,
        bias: Value | None = None,
        residual: Value | None = None,
        *,
        result_type: Attribute,
        strides: Sequence[int] = (1, 1),
        pads: Sequence[int] = (0, 0, 0, 0),
        dilations: Sequence[int] = (1, 1),
        groups: int = 1,
        layout: str = "NCHW",
        minimum: int = -128,
        maximum: int = 127,
        raw: bool = False,
        conv_type: UniformType | None = None,
        requantization: str = "float",
    ):
        super().__init__(
            operands=[input, weight, bias, residual],
            result_types=[result_type],
            properties=properties(
                strides=strides,
                pads=pads,
                dilations=dilations,
                groups=groups,
                layout=layout,
                minimum=minimum,
                maximum=maximum,
                raw=raw,
                conv_type=conv_type,
                requantization=requantization,
            ),
        )


@irdl_op_definition
class ConvTranspose2dOp(IRDLOperation):
    """
    Transposed convolution; weight is [C, O/groups, KH, KW].

    `%r = quant.conv_transpose2d %x, %w, %b {strides = array<i64: 2, 2>} : (..) -> ..`
    """

    name = "quant.conv_transpose2d"
    input = operand_def(TensorType)
    weight = operand_def(TensorType)
    bias = opt_operand_def(TensorType)
    result = result_def(TensorType)
    strides = prop_def(DenseArrayBase, default_value=ints((1, 1)))
    pads = prop_def(DenseArrayBase, default_value=ints((0, 0, 0, 0)))
    dilations = prop_def(DenseArrayBase, default_value=ints((1, 1)))
    groups = prop_def(IntegerAttr, default_value=integer(1))
    output_padding = prop_def(DenseArrayBase, default_value=ints((0, 0)))
    layout = prop_def(StringAttr, default_value=StringAttr("NCHW"))
    minimum = prop_def(IntegerAttr, default_value=integer(-128))
    maximum = prop_def(IntegerAttr, default_value=integer(127))
    requantization = prop_def(StringAttr, default_value=StringAttr("float"))
    traits = traits_def(Pure())
    irdl_options = PROPERTIES_IN_DICTIONARY
    assembly_format = ASSEMBLY

    def __init__(
        self,
        input: Value,
        weight: Value,
        bias: Value | None = None,
        *,
        result_type: Attribute,
        strides: Sequence[int] = (1, 1),
        pads: Sequence[int] = (0, 0, 0, 0),
        dilations: Sequence[int] = (1, 1),
        groups: int = 1,
        output_padding: Sequence[int] = (0, 0),
        layout: str = "NCHW",
        minimum: int = -128,
        maximum: int = 127,
        requantization: str = "float",
    ):
        super().__init__(
            operands=[input, weight, bias],
            result_types=[result_type],
            properties=properties(
                strides=strides,
                pads=pads,
                dilations=dilations,
                groups=groups,
                output_padding=output_padding,
                layout=layout,
                minimum=minimum,
                maximum=maximum,
                requantization=requantization,
            ),
        )


@irdl_op_definition
class MatMulOp(IRDLOperation):
    """
    `numpy.matmul` on integers; rhs per tensor, or per its last axis.

    `%r = quant.matmul %a, %w, %b : (tensor<..>, tensor<..>, tensor<..>) -> tensor<..>`
    """

    name = "quant.matmul"
    lhs = operand_def(TensorType)
    rhs = operand_def(TensorType)
    bias = opt_operand_def(TensorType)
    result = result_def(TensorType)
    minimum = prop_def(IntegerAttr, default_value=integer(-128))
    maximum = prop_def(IntegerAttr, default_value=integer(127))
    raw = opt_prop_def(UnitAttr)
    requantization = prop_def(StringAttr, default_value=StringAttr("float"))
    traits = traits_def(Pure())
    irdl_options = PROPERTIES_IN_DICTIONARY
    assembly_format = ASSEMBLY

    def __init__(
        self,
        lhs: Value,
        rhs: Value,
        bias: Value | None = None,
        *,
        result_type: Attribute,
        minimum: int = -128,
        maximum: int = 127,
        raw: bool = False,
        requantization: str = "float",
    ):
        super().__init__(
            operands=[lhs, rhs, bias],
            result_types=[result_type],
            properties=properties(
                minimum=minimum,
                maximum=maximum,
                raw=raw,
                requantization=requantization,
            ),
        )
