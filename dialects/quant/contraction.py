"""Convolution and matrix multiplication on integers, with their requantization."""

from __future__ import annotations

from abc import ABC
from collections.abc import Sequence

from xdsl.dialects.builtin import StringAttr, UnitAttr
from xdsl.ir import Attribute
from xdsl.irdl import (
    AttrSizedOperandSegments,
    irdl_op_definition,
    operand_def,
    opt_operand_def,
    opt_prop_def,
    prop_def,
    result_def,
)

from qcc.dialects.assembly import TrailingOptionalOperands
from qcc.dialects.nn.base import ASSEMBLY, INTS, TENSOR
from qcc.dialects.nn.contraction import ConvolutionOp
from qcc.dialects.nn.inference import (
    conv2d_shape,
    conv_transpose2d_shape,
    matmul_shape,
    require,
)
from qcc.dialects.quant.base import (
    ClampingOperation,
    operand_shape,
    require_activation,
    require_int32_bias,
    require_weight,
    result_tensor,
)
from qcc.dialects.quant.types import UniformType
from qcc.dialects.types import Operand, Shape, int_array, int_attr, ints, shape_of

REQUANTIZATIONS = ("float",)


class RequantizingOperation(ClampingOperation, ABC):
    """An op that requantizes int32 accumulators, in the mode `requantization`."""

    requantization = prop_def(StringAttr, default_value=StringAttr("float"))

    def check_requantization(self) -> None:
        """The mode must be one that is implemented."""
        mode = self.requantization.data
        require(
            mode in REQUANTIZATIONS,
            f'unknown requantization "{mode}", expected one of {REQUANTIZATIONS}',
        )


def _check_raw(raw: bool, input: UniformType, bias: Operand | None) -> None:
    require(
        not raw or bias is not None or input.zero_point == 0,
        "raw products need a bias that holds the input's zero point",
    )


@irdl_op_definition
class Conv2dOp(ConvolutionOp, RequantizingOperation, TrailingOptionalOperands):
    """
    Convolution of int8 by int8 weights, bias i32, optional residual added at the end.

    `%r = quant.conv2d %x, %w, %b {strides = array<i64: 2, 2>} : (..) -> tensor<..>`

    weight is [O, C/groups, KH, KW] in both layouts, per axis 0 or per tensor. `raw`:
    the input's zero point is already in the bias, products use the stored integers.
    With a residual, `conv_type` is the type of the sum before the residual is added.
    """

    name = "quant.conv2d"
    # Operands of this class come before inherited ones: all are named, in order.
    input = operand_def(TENSOR)
    weight = operand_def(TENSOR)
    bias = opt_operand_def(TENSOR)
    residual = opt_operand_def(TENSOR)
    raw = opt_prop_def(UnitAttr)
    conv_type = opt_prop_def(UniformType)
    irdl_options = (AttrSizedOperandSegments(as_property=True),)

    def __init__(
        self,
        input: Operand,
        weight: Operand,
        bias: Operand | None = None,
        residual: Operand | None = None,
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
            operands=[input, weight, bias, residual],
            result_types=[result_tensor(result_type, shape)],
            properties={
                "strides": int_array(strides),
                "pads": int_array(pads),
                "dilations": int_array(dilations),
                "groups": int_attr(groups),
                "layout": StringAttr(layout),
                "minimum": int_attr(minimum),
                "maximum": int_attr(maximum),
                "raw": UnitAttr() if raw else None,
                "conv_type": conv_type,
                "requantization": StringAttr(requantization),
            },
        )

    @property
    def is_raw(self) -> bool:
        """Whether products use the stored integers of the input."""
        return self.raw is not None

    def expected_shape(self) -> Shape:
        shape = conv2d_shape(
            operand_shape(self.input, "input"),
            operand_shape(self.weight, "weight"),
            strides=self.stride_values,
            pads=self.pad_values,
            dilations=self.dilation_values,
            groups=self.group_count,
            layout=self.layout_value,
        )
        input = require_activation(self.input, "input")
        require_weight(self.weight, "weight", (0,))
        require_int32_bias(self.bias, operand_shape(self.weight, "weight")[0])
        _check_raw(self.is_raw, input, self.bias)
        self.check_requantization()
        self._check_residual(shape)
        return shape

    def _check_residual(self, shape: Shape) -> None:
        require(
            (self.residual is None) == (self.conv_type is None),
            "conv_type must be there if and only if there is a residual",
        )
        if self.residual is None or self.conv_type is None:
            return
        require_activation(self.residual, "residual")
        actual = operand_shape(self.residual, "residual")
        require(
            actual == shape,
            f"residual must have shape {list(shape)}, got {list(actual)}",
        )
        require(
            self.conv_type.axis is None and self.conv_type.storage.width.data == 8,
            f"conv_type must be i8 per tensor, got {self.conv_type}",
        )


@irdl_op_definition
class ConvTranspose2dOp(ConvolutionOp, RequantizingOperation):
    """
    Transposed convolution; weight is [C, O/groups, KH, KW].

    `%r = quant.conv_transpose2d %x, %w, %b {strides = array<i64: 2, 2>} : (..) -> ..`

    A weight is quantized per tensor, per axis 1 (channel o of every group has scale o),
    or, where each group has one input and one output channel, per axis 0.
    """

    name = "quant.conv_transpose2d"
    output_padding = prop_def(INTS, default_value=int_array((0, 0)))
    assembly_format = ASSEMBLY

    def __init__(
        self,
        input: Operand,
        weight: Operand,
        bias: Operand | None = None,
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
        shape = conv_transpose2d_shape(
            shape_of(input),
            shape_of(weight),
            strides=strides,
            pads=pads,
            dilations=dilations,
            groups=groups,
            output_padding=output_padding,
            layout=layout,
        )
        super().__init__(
            operands=[input, weight, bias],
            result_types=[result_tensor(result_type, shape)],
            properties={
                "strides": int_array(strides),
                "pads": int_array(pads),
                "dilations": int_array(dilations),
                "groups": int_attr(groups),
                "output_padding": int_array(output_padding),
                "layout": StringAttr(layout),
                "minimum": int_attr(minimum),
                "maximum": int_attr(maximum),
                "requantization": StringAttr(requantization),
            },
        )

    @property
    def output_padding_values(self) -> tuple[int, ...]:
        """Rows and columns added at the bottom and the right of the output."""
        return ints(self.output_padding)

    def expected_shape(self) -> Shape:
        weight = operand_shape(self.weight, "weight")
        shape = conv_transpose2d_shape(
            operand_shape(self.input, "input"),
            weight,
            strides=self.stride_values,
            pads=self.pad_values,
            dilations=self.dilation_values,
            groups=self.group_count,
            output_padding=self.output_padding_values,
            layout=self.layout_value,
        )
        require_activation(self.input, "input")
        depthwise = weight[1] == 1 and weight[0] == self.group_count
        require_weight(self.weight, "weight", (0, 1) if depthwise else (1,))
        require_int32_bias(self.bias, weight[1] * self.group_count)
        self.check_requantization()
        return shape


@irdl_op_definition
class MatMulOp(RequantizingOperation):
    """
    `numpy.matmul` on integers; rhs per tensor, or per its last axis.

    `%r = quant.matmul %a, %w, %b : (tensor<..>, tensor<..>, tensor<..>) -> tensor<..>`
    """

    name = "quant.matmul"
    lhs = operand_def(TENSOR)
    rhs = operand_def(TENSOR)
    bias = opt_operand_def(TENSOR)
    raw = opt_prop_def(UnitAttr)
    result = result_def(TENSOR)
    assembly_format = ASSEMBLY

    def __init__(
        self,
        lhs: Operand,
        rhs: Operand,
        bias: Operand | None = None,
        *,
        result_type: Attribute,
        minimum: int = -128,
        maximum: int = 127,
        raw: bool = False,
        requantization: str = "float",
    ):
        shape = matmul_shape(shape_of(lhs), shape_of(rhs))
        super().__init__(
            operands=[lhs, rhs, bias],
            result_types=[result_tensor(result_type, shape)],
            properties={
                "minimum": int_attr(minimum),
                "maximum": int_attr(maximum),
                "raw": UnitAttr() if raw else None,
                "requantization": StringAttr(requantization),
            },
        )

    @property
    def is_raw(self) -> bool:
        """Whether products use the stored integers of lhs."""
        return self.raw is not None

    def expected_shape(self) -> Shape:
        rhs = operand_shape(self.rhs, "rhs")
        shape = matmul_shape(operand_shape(self.lhs, "lhs"), rhs)
        lhs = require_activation(self.lhs, "lhs")
        require_weight(self.rhs, "rhs", (len(rhs) - 1,))
        require_int32_bias(self.bias, rhs[-1])
        _check_raw(self.is_raw, lhs, self.bias)
        self.check_requantization()
        return shape
