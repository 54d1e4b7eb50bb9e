"""Pooling, reductions and linear resize: integers only."""

from __future__ import annotations

from abc import ABC
from collections.abc import Sequence
from math import prod

from xdsl.dialects.builtin import StringAttr, UnitAttr
from xdsl.ir import Attribute
from xdsl.irdl import (
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    prop_def,
    result_def,
)

from qcc.dialects.nn.base import ASSEMBLY, FLOATS, INTS, TENSOR
from qcc.dialects.nn.inference import pool2d_shape, reduced_shape, require
from qcc.dialects.nn.pool import PoolOp
from qcc.dialects.nn.resize import resize_shape
from qcc.dialects.quant.base import (
    ClampingOperation,
    QuantOperation,
    operand_shape,
    require_activation,
    result_tensor,
)
from qcc.dialects.types import (
    Operand,
    Shape,
    float_array,
    floats,
    int_array,
    int_attr,
    ints,
    shape_of,
)

LARGEST_SUM = 2**23
"""The most elements of int8, less a zero point, whose sum surely fits int32."""


@irdl_op_definition
class AvgPool2dOp(PoolOp, ClampingOperation):
    """
    Average over windows; the divisor counts in-bounds elements, or all of them.

    `%r = quant.avg_pool2d %x {kernel = array<i64: 3, 3>} : (tensor<..>) -> tensor<..>`
    """

    name = "quant.avg_pool2d"
    count_include_pad = opt_prop_def(UnitAttr)
    assembly_format = ASSEMBLY

    def __init__(
        self,
        input: Operand,
        *,
        result_type: Attribute,
        kernel: Sequence[int],
        strides: Sequence[int] = (1, 1),
        pads: Sequence[int] = (0, 0, 0, 0),
        count_include_pad: bool = False,
        layout: str = "NCHW",
        minimum: int = -128,
        maximum: int = 127,
    ):
        shape = pool2d_shape(
            shape_of(input),
            kernel=kernel,
            strides=strides,
            pads=pads,
            dilations=(1, 1),
            layout=layout,
        )
        super().__init__(
            operands=[input],
            result_types=[result_tensor(result_type, shape)],
            properties={
                "kernel": int_array(kernel),
                "strides": int_array(strides),
                "pads": int_array(pads),
                "count_include_pad": UnitAttr() if count_include_pad else None,
                "layout": StringAttr(layout),
                "minimum": int_attr(minimum),
                "maximum": int_attr(maximum),
            },
        )

    @property
    def counts_padding(self) -> bool:
        """Whether the divisor is always the size of the window."""
        return self.count_include_pad is not None

    def expected_shape(self) -> Shape:
        require_activation(self.input, "input")
        require_summable(prod(self.kernel_values))
        return pool2d_shape(
            operand_shape(self.input, "input"),
            kernel=self.kernel_values,
            strides=self.stride_values,
            pads=self.pad_values,
            dilations=(1, 1),
            layout=self.layout_value,
        )


def require_summable(count: int) -> None:
    """VerifyException where a sum of so many elements may overflow."""
    require(
        count <= LARGEST_SUM,
        f"a sum of {count} elements may overflow int32, at most {LARGEST_SUM} fit",
    )


class ReduceOp(ClampingOperation, ABC):
    """A reduction over `axes` (sorted), which stay with size 1."""

    input = operand_def(TENSOR)
    axes = prop_def(INTS)
    result = result_def(TENSOR)

    def __init__(
        self,
        input: Operand,
        result_type: Attribute,
        *,
        axes: Sequence[int],
        minimum: int = -128,
        maximum: int = 127,
    ):
        shape = reduced_shape(shape_of(input), axes)
        super().__init__(
            operands=[input],
            result_types=[result_tensor(result_type, shape)],
            properties={
                "axes": int_array(axes),
                "minimum": int_attr(minimum),
                "maximum": int_attr(maximum),
            },
        )

    @property
    def axis_values(self) -> tuple[int, ...]:
        """The reduced axes, sorted and non-negative."""
        return ints(self.axes)

    def expected_shape(self) -> Shape:
        require_activation(self.input, "input")
        shape = operand_shape(self.input, "input")
        result = reduced_shape(shape, self.axis_values)
        require_summable(prod(shape[axis] for axis in self.axis_values))
        return result


@irdl_op_definition
class ReduceMeanOp(ReduceOp):
    """`%r = quant.reduce_mean %x {axes = array<i64: 2, 3>} : (tensor<..>) -> ..`"""

    name = "quant.reduce_mean"
    assembly_format = ASSEMBLY


@irdl_op_definition
class ReduceSumOp(ReduceOp):
    """`%r = quant.reduce_sum %x {axes = array<i64: 1>} : (tensor<..>) -> ..`"""

    name = "quant.reduce_sum"
    assembly_format = ASSEMBLY


@irdl_op_definition
class ResizeOp(QuantOperation):
    """
    Linear interpolation of the two spatial axes (nearest stays `nn.resize`).

    `%r = quant.resize %x {sizes = array<i64: 65, 65>, scales = array<f32: 2.0, 2.0>} :
    (tensor<..>) -> tensor<..>`
    """

    name = "quant.resize"
    input = operand_def(TENSOR)
    sizes = prop_def(INTS)
    scales = prop_def(FLOATS)
    mode = prop_def(StringAttr, default_value=StringAttr("linear"))
    coordinates = prop_def(StringAttr, default_value=StringAttr("half_pixel"))
    layout = prop_def(StringAttr, default_value=StringAttr("NCHW"))
    result = result_def(TENSOR)
    assembly_format = ASSEMBLY

    def __init__(
        self,
        input: Operand,
        result_type: Attribute,
        *,
        sizes: Sequence[int],
        scales: Sequence[float],
        mode: str = "linear",
        coordinates: str = "half_pixel",
        layout: str = "NCHW",
    ):
        shape = _resized(shape_of(input), sizes, scales, mode, coordinates, layout)
        super().__init__(
            operands=[input],
            result_types=[result_tensor(result_type, shape)],
            properties={
                "sizes": int_array(sizes),
                "scales": float_array(scales),
                "mode": StringAttr(mode),
                "coordinates": StringAttr(coordinates),
                "layout": StringAttr(layout),
            },
        )

    @property
    def size_values(self) -> tuple[int, ...]:
        """Height and width of the output."""
        return ints(self.sizes)

    @property
    def scale_values(self) -> tuple[float, ...]:
        """Output per input size along height and width, float32 values."""
        return floats(self.scales)

    @property
    def layout_value(self) -> str:
        """`NCHW` or `NHWC`."""
        return self.layout.data

    def expected_shape(self) -> Shape:
        require_activation(self.input, "input")
        require(self.mode.data == "linear", "a quantized resize must be linear")
        return _resized(
            operand_shape(self.input, "input"),
            self.size_values,
            self.scale_values,
            self.mode.data,
            self.coordinates.data,
            self.layout_value,
        )


def _resized(
    input: Shape,
    sizes: Sequence[int],
    scales: Sequence[float],
    mode: str,
    coordinates: str,
    layout: str,
) -> Shape:
    return resize_shape(
        input,
        sizes=sizes,
        scales=scales,
        mode=mode,
        coordinates=coordinates,
        nearest_mode="floor",
        layout=layout,
    )
