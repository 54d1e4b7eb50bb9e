"""Pooling over windows; global pooling is a reduction."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import StringAttr, TensorType, UnitAttr
from xdsl.ir import Attribute
from xdsl.irdl import (
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    prop_def,
    result_def,
)

from qcc.dialects.nn.base import ASSEMBLY, INTS, TENSOR, NNOperation
from qcc.dialects.nn.inference import pool2d_shape, require_float, static_shape
from qcc.dialects.types import Operand, int_array, ints, tensor, tensor_type


class PoolOp(NNOperation):
    """What the poolings share."""

    input = operand_def(TENSOR)
    kernel = prop_def(INTS)
    strides = prop_def(INTS, default_value=int_array((1, 1)))
    pads = prop_def(INTS, default_value=int_array((0, 0, 0, 0)))
    layout = prop_def(StringAttr, default_value=StringAttr("NCHW"))
    result = result_def(TENSOR)

    @property
    def kernel_values(self) -> tuple[int, ...]:
        """Height and width of the window."""
        return ints(self.kernel)

    @property
    def stride_values(self) -> tuple[int, ...]:
        """Strides along height and width."""
        return ints(self.strides)

    @property
    def pad_values(self) -> tuple[int, ...]:
        """Padding at top, left, bottom and right."""
        return ints(self.pads)

    @property
    def layout_value(self) -> str:
        """`NCHW` or `NHWC`."""
        return self.layout.data


def _pooled(
    input: TensorType[Attribute],
    kernel: Sequence[int],
    strides: Sequence[int],
    pads: Sequence[int],
    dilations: Sequence[int],
    layout: str,
) -> TensorType[Attribute]:
    shape = pool2d_shape(
        static_shape(input, "input"),
        kernel=kernel,
        strides=strides,
        pads=pads,
        dilations=dilations,
        layout=layout,
    )
    return tensor(input.element_type, shape)


@irdl_op_definition
class MaxPool2dOp(PoolOp):
    """
    `%y = nn.max_pool2d %x {kernel = array<i64: 3, 3>} : (tensor<...>) -> tensor<...>`

    Padding never wins. Any element type; quantized elements compare as integers.
    """

    name = "nn.max_pool2d"
    dilations = prop_def(INTS, default_value=int_array((1, 1)))
    assembly_format = ASSEMBLY

    def __init__(
        self,
        input: Operand,
        *,
        kernel: Sequence[int],
        strides: Sequence[int] = (1, 1),
        pads: Sequence[int] = (0, 0, 0, 0),
        dilations: Sequence[int] = (1, 1),
        layout: str = "NCHW",
    ):
        kind = _pooled(tensor_type(input), kernel, strides, pads, dilations, layout)
        super().__init__(
            operands=[input],
            properties={
                "kernel": int_array(kernel),
                "strides": int_array(strides),
                "pads": int_array(pads),
                "dilations": int_array(dilations),
                "layout": StringAttr(layout),
            },
            result_types=[kind],
        )

    @property
    def dilation_values(self) -> tuple[int, ...]:
        """Dilations along height and width."""
        return ints(self.dilations)

    def expected_type(self) -> TensorType[Attribute]:
        return _pooled(
            tensor_type(self.input),
            self.kernel_values,
            self.stride_values,
            self.pad_values,
            self.dilation_values,
            self.layout_value,
        )


@irdl_op_definition
class AvgPool2dOp(PoolOp):
    """
    `%y = nn.avg_pool2d %x {kernel = array<i64: 3, 3>, count_include_pad} : ...`

    The mean over the window's elements inside of the input, or, with
    `count_include_pad`, their sum over the size of the window.
    """

    name = "nn.avg_pool2d"
    count_include_pad = opt_prop_def(UnitAttr)
    assembly_format = ASSEMBLY

    def __init__(
        self,
        input: Operand,
        *,
        kernel: Sequence[int],
        strides: Sequence[int] = (1, 1),
        pads: Sequence[int] = (0, 0, 0, 0),
        count_include_pad: bool = False,
        layout: str = "NCHW",
    ):
        kind = _pooled(tensor_type(input), kernel, strides, pads, (1, 1), layout)
        super().__init__(
            operands=[input],
            properties={
                "kernel": int_array(kernel),
                "strides": int_array(strides),
                "pads": int_array(pads),
                "count_include_pad": UnitAttr() if count_include_pad else None,
                "layout": StringAttr(layout),
            },
            result_types=[kind],
        )

    @property
    def counts_padding(self) -> bool:
        """Whether the divisor is always the size of the window."""
        return self.count_include_pad is not None

    def expected_type(self) -> TensorType[Attribute]:
        kind = tensor_type(self.input)
        require_float(kind, "input")
        return _pooled(
            kind,
            self.kernel_values,
            self.stride_values,
            self.pad_values,
            (1, 1),
            self.layout_value,
        )
