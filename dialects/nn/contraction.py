"""Convolutions and matrix multiplication."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import StringAttr, TensorType
from xdsl.ir import Attribute
from xdsl.irdl import (
    irdl_op_definition,
    operand_def,
    opt_operand_def,
    prop_def,
    result_def,
)

from qcc.dialects.nn.base import ASSEMBLY, INT, INTS, TENSOR, NNOperation
from qcc.dialects.nn.inference import (
    conv2d_shape,
    conv_transpose2d_shape,
    matmul_shape,
    require,
    require_float,
    require_same_elements,
    static_shape,
)
from qcc.dialects.types import (
    Operand,
    int_array,
    int_attr,
    ints,
    tensor,
    tensor_type,
)

Kind = TensorType[Attribute]


def _check_operands(input: Kind, weight: Kind, bias: Kind | None, outputs: int) -> None:
    require_float(input, "input")
    require_same_elements(input, weight, "input and weight")
    if bias is not None:
        require_same_elements(input, bias, "input and bias")
        shape = static_shape(bias, "bias")
        require(
            shape == (outputs,), f"bias must have shape {[outputs]}, got {list(shape)}"
        )


def _type(value: Operand | None) -> Kind | None:
    return None if value is None else tensor_type(value)


class ConvolutionOp(NNOperation):
    """What convolution and transposed convolution share."""

    input = operand_def(TENSOR)
    weight = operand_def(TENSOR)
    bias = opt_operand_def(TENSOR)
    strides = prop_def(INTS, default_value=int_array((1, 1)))
    pads = prop_def(INTS, default_value=int_array((0, 0, 0, 0)))
    dilations = prop_def(INTS, default_value=int_array((1, 1)))
    groups = prop_def(INT, default_value=int_attr(1))
    layout = prop_def(StringAttr, default_value=StringAttr("NCHW"))
    result = result_def(TENSOR)

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


@irdl_op_definition
class Conv2dOp(ConvolutionOp):
    """
    `%y = nn.conv2d %x, %w, %b {strides = array<i64: 2, 2>} : (...) -> tensor<...>`

    Weight is O, C/groups, KH, KW in both layouts, bias O.
    """

    name = "nn.conv2d"
    assembly_format = ASSEMBLY

    def __init__(
        self,
        input: Operand,
        weight: Operand,
        bias: Operand | None = None,
        *,
        strides: Sequence[int] = (1, 1),
        pads: Sequence[int] = (0, 0, 0, 0),
        dilations: Sequence[int] = (1, 1),
        groups: int = 1,
        layout: str = "NCHW",
    ):
        result = self._infer(
            tensor_type(input),
            tensor_type(weight),
            _type(bias),
            strides=strides,
            pads=pads,
            dilations=dilations,
            groups=groups,
            layout=layout,
        )
        super().__init__(
            operands=[input, weight, bias],
            properties={
                "strides": int_array(strides),
                "pads": int_array(pads),
                "dilations": int_array(dilations),
                "groups": int_attr(groups),
                "layout": StringAttr(layout),
            },
            result_types=[result],
        )

    @staticmethod
    def _infer(
        input: Kind,
        weight: Kind,
        bias: Kind | None,
        *,
        strides: Sequence[int],
        pads: Sequence[int],
        dilations: Sequence[int],
        groups: int,
        layout: str,
    ) -> Kind:
        weight_shape = static_shape(weight, "weight")
        shape = conv2d_shape(
            static_shape(input, "input"),
            weight_shape,
            strides=strides,
            pads=pads,
            dilations=dilations,
            groups=groups,
            layout=layout,
        )
        _check_operands(input, weight, bias, weight_shape[0])
        return tensor(input.element_type, shape)

    def expected_type(self) -> Kind:
        return self._infer(
            tensor_type(self.input),
            tensor_type(self.weight),
            _type(self.bias),
            strides=self.stride_values,
            pads=self.pad_values,
            dilations=self.dilation_values,
            groups=self.group_count,
            layout=self.layout_value,
        )


@irdl_op_definition
class ConvTranspose2dOp(ConvolutionOp):
    """
    `%y = nn.conv_transpose2d %x, %w {strides = array<i64: 2, 2>} : (...) -> ...`

    Weight is C, O/groups, KH, KW in both layouts, bias O.
    """

    name = "nn.conv_transpose2d"
    output_padding = prop_def(INTS, default_value=int_array((0, 0)))
    assembly_format = ASSEMBLY

    def __init__(
        self,
        input: Operand,
        weight: Operand,
        bias: Operand | None = None,
        *,
        strides: Sequence[int] = (1, 1),
        pads: Sequence[int] = (0, 0, 0, 0),
        dilations: Sequence[int] = (1, 1),
        groups: int = 1,
        output_padding: Sequence[int] = (0, 0),
        layout: str = "NCHW",
    ):
        result = self._infer(
            tensor_type(input),
            tensor_type(weight),
            _type(bias),
            strides=strides,
            pads=pads,
            dilations=dilations,
            groups=groups,
            output_padding=output_padding,
            layout=layout,
        )
        super().__init__(
            operands=[input, weight, bias],
            properties={
                "strides": int_array(strides),
                "pads": int_array(pads),
                "dilations": int_array(dilations),
                "groups": int_attr(groups),
                "output_padding": int_array(output_padding),
                "layout": StringAttr(layout),
            },
            result_types=[result],
        )

    @property
    def output_padding_values(self) -> tuple[int, ...]:
        """Rows and columns added at the bottom and the right of the output."""
        return ints(self.output_padding)

    @staticmethod
    def _infer(
        input: Kind,
        weight: Kind,
        bias: Kind | None,
        *,
        strides: Sequence[int],
        pads: Sequence[int],
        dilations: Sequence[int],
        groups: int,
        output_padding: Sequence[int],
        layout: str,
    ) -> Kind:
        weight_shape = static_shape(weight, "weight")
        shape = conv_transpose2d_shape(
            static_shape(input, "input"),
            weight_shape,
            strides=strides,
            pads=pads,
            dilations=dilations,
            groups=groups,
            output_padding=output_padding,
            layout=layout,
        )
        _check_operands(input, weight, bias, weight_shape[1] * groups)
        return tensor(input.element_type, shape)

    def expected_type(self) -> Kind:
        return self._infer(
            tensor_type(self.input),
            tensor_type(self.weight),
            _type(self.bias),
            strides=self.stride_values,
            pads=self.pad_values,
            dilations=self.dilation_values,
            groups=self.group_count,
            output_padding=self.output_padding_values,
            layout=self.layout_value,
        )


@irdl_op_definition
class MatMulOp(NNOperation):
    """
    `%y = nn.matmul %a, %b, %bias : (tensor<2x3xf32>, ...) -> tensor<2x4xf32>`

    numpy.matmul; a bias of shape [N] is added to the last axis.
    """

    name = "nn.matmul"
    lhs = operand_def(TENSOR)
    rhs = operand_def(TENSOR)
    bias = opt_operand_def(TENSOR)
    result = result_def(TENSOR)
    assembly_format = ASSEMBLY

    def __init__(self, lhs: Operand, rhs: Operand, bias: Operand | None = None):
        result = self._infer(tensor_type(lhs), tensor_type(rhs), _type(bias))
        super().__init__(operands=[lhs, rhs, bias], result_types=[result])

    @staticmethod
    def _infer(lhs: Kind, rhs: Kind, bias: Kind | None) -> Kind:
        shape = matmul_shape(static_shape(lhs, "lhs"), static_shape(rhs, "rhs"))
        _check_operands(lhs, rhs, bias, shape[-1])
        return tensor(lhs.element_type, shape)

    def expected_type(self) -> Kind:
        return self._infer(
            tensor_type(self.lhs),
            tensor_type(self.rhs),
            None if self.bias is None else tensor_type(self.bias),
        )
