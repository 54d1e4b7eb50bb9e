"""ONNX's plain products of 8-bit integers, without requantization."""

from __future__ import annotations

from abc import ABC
from collections.abc import Sequence

from xdsl.dialects.builtin import StringAttr, i8, i32
from xdsl.ir import Attribute
from xdsl.irdl import (
    AttrSizedOperandSegments,
    irdl_op_definition,
    operand_def,
    opt_operand_def,
    prop_def,
    result_def,
)

from qcc.dialects.assembly import TrailingOptionalOperands
from qcc.dialects.blob import ui8
from qcc.dialects.nn.base import INT, INTS, TENSOR
from qcc.dialects.nn.inference import conv2d_shape, matmul_shape, require
from qcc.dialects.quant.base import (
    QuantOperation,
    convolution_properties,
    operand_shape,
    require_elements,
)
from qcc.dialects.types import (
    Operand,
    Shape,
    element_type_of,
    int_array,
    int_attr,
    ints,
    shape_of,
    size_of,
    tensor,
)


class IntegerProductOp(QuantOperation, TrailingOptionalOperands, ABC):
    """A product of 8-bit integers, signed or not, without requantization."""

    def expected_element(self) -> Attribute:
        return i32

    def check_zero_point(
        self, value: Operand, zero_point: Operand | None, axis_size: int, what: str
    ) -> None:
        """A zero point has its tensor's element type, and 1 or `axis_size` elements."""
        require_elements(value, what, i8, ui8)
        if zero_point is None:
            return
        require_elements(zero_point, f"zero point of {what}", element_type_of(value))
        size = size_of(zero_point)
        require(
            size in (1, axis_size),
            f"zero point of {what} must have 1 or {axis_size} elements, got {size}",
        )


@irdl_op_definition
class Conv2dIntegerOp(IntegerProductOp):
    """
    ONNX ConvInteger: i8 or ui8 by i8 or ui8, result i32; no requantization.

    `%r = quant.conv2d_integer %x, %w, %zx, %zw : (tensor<..>, ..) -> tensor<..xi32>`

    The zero point of the input is one number; that of the weight is one number or one
    per output channel.
    """

    name = "quant.conv2d_integer"
    input = operand_def(TENSOR)
    weight = operand_def(TENSOR)
    input_zero_point = opt_operand_def(TENSOR)
    weight_zero_point = opt_operand_def(TENSOR)
    strides = prop_def(INTS, default_value=int_array((1, 1)))
    pads = prop_def(INTS, default_value=int_array((0, 0, 0, 0)))
    dilations = prop_def(INTS, default_value=int_array((1, 1)))
    groups = prop_def(INT, default_value=int_attr(1))
    layout = prop_def(StringAttr, default_value=StringAttr("NCHW"))
    result = result_def(TENSOR)
    irdl_options = (AttrSizedOperandSegments(as_property=True),)

    def __init__(
        self,
        input: Operand,
        weight: Operand,
        input_zero_point: Operand | None = None,
        weight_zero_point: Operand | None = None,
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
            operands=[input, weight, input_zero_point, weight_zero_point],
            result_types=[tensor(i32, shape)],
            properties=convolution_properties(strides, pads, dilations, groups, layout),
        )

    @property
    def stride_values(self) -> tuple[int, ...]:
        """Strides along height and width."""
        return ints(self.strides)

    @property
    def pad_values(self) -> tuple[int, ...]:
        """Padding at top, left, bottom and right."""
        return ints(self.pads)

    @property
    def dilation_values(self) -> tuple[int, ...]:
        """Dilations along height and width."""
        return ints(self.dilations)

    @property
    def group_count(self) -> int:
        """Number of groups."""
        return self.groups.value.data

    @property
    def layout_value(self) -> str:
        """`NCHW` or `NHWC`."""
        return self.layout.data

    def expected_shape(self) -> Shape:
        weight = operand_shape(self.weight, "weight")
        shape = conv2d_shape(
            operand_shape(self.input, "input"),
            weight,
            strides=self.stride_values,
            pads=self.pad_values,
            dilations=self.dilation_values,
            groups=self.group_count,
            layout=self.layout_value,
        )
        self.check_zero_point(self.input, self.input_zero_point, 1, "input")
        self.check_zero_point(self.weight, self.weight_zero_point, weight[0], "weight")
        return shape


@irdl_op_definition
class MatMulIntegerOp(IntegerProductOp):
    """
    ONNX MatMulInteger: i8 or ui8 by i8 or ui8, result i32; no requantization.

    `%r = quant.matmul_integer %a, %b, %za, %zb : (tensor<..>, ..) -> tensor<..xi32>`

    A zero point of lhs is one number or one per row, of rhs one number or one per
    column.
    """

    name = "quant.matmul_integer"
    lhs = operand_def(TENSOR)
    rhs = operand_def(TENSOR)
    lhs_zero_point = opt_operand_def(TENSOR)
    rhs_zero_point = opt_operand_def(TENSOR)
    result = result_def(TENSOR)
    irdl_options = (AttrSizedOperandSegments(as_property=True),)

    def __init__(
        self,
        lhs: Operand,
        rhs: Operand,
        lhs_zero_point: Operand | None = None,
        rhs_zero_point: Operand | None = None,
    ):
        shape = matmul_shape(shape_of(lhs), shape_of(rhs))
        super().__init__(
            operands=[lhs, rhs, lhs_zero_point, rhs_zero_point],
            result_types=[tensor(i32, shape)],
        )

    def expected_shape(self) -> Shape:
        lhs = operand_shape(self.lhs, "lhs")
        rhs = operand_shape(self.rhs, "rhs")
        shape = matmul_shape(lhs, rhs)
        self.check_zero_point(self.lhs, self.lhs_zero_point, lhs[-2], "lhs")
        self.check_zero_point(self.rhs, self.rhs_zero_point, rhs[-1], "rhs")
        return shape
