"""Pooling, reductions and linear resize: integers only."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import (
    DenseArrayBase,
    IntegerAttr,
    StringAttr,
    TensorType,
    UnitAttr,
    f32,
)
from xdsl.ir import Attribute
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    operand_def,
    opt_prop_def,
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
    ints,
    properties,
    result_tensor,
    shape_of,
)


@irdl_op_definition
class AvgPool2dOp(IRDLOperation):
    """
    Average over windows; the divisor counts in-bounds elements, or all of them.

    `%r = quant.avg_pool2d %x {kernel = array<i64: 3, 3>} : (tensor<..>) -> tensor<..>`
    """

    name = "quant.avg_pool2d"
    input = operand_def(TensorType)
    result = result_def(TensorType)
    kernel = prop_def(DenseArrayBase)
    strides = prop_def(DenseArrayBase, default_value=ints((1, 1)))
    pads = prop_def(DenseArrayBase, default_value=ints((0, 0, 0, 0)))
    count_include_pad = opt_prop_def(UnitAttr)
    layout = prop_def(StringAttr, default_value=StringAttr("NCHW"))
    minimum = prop_def(IntegerAttr, default_value=integer(-128))
    maximum = prop_def(IntegerAttr, default_value=integer(127))
    traits = traits_def(Pure())
    irdl_options = PROPERTIES_IN_DICTIONARY
    assembly_format = ASSEMBLY

    def __init__(
        self,
        input: Value,
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
        super().__init__(
            operands=[input],
            result_types=[result_type],
            properties=properties(
                kernel=kernel,
                strides=strides,
                pads=pads,
                count_include_pad=count_include_pad,
                layout=layout,
                minimum=minimum,
                maximum=maximum,
            ),
        )


class ReduceOp(IRDLOperation):
    """A reduction over `axes` (sorted), which stay with size 1."""

    input = operand_def(TensorType)
    result = result_def(TensorType)
    axes = prop_def(DenseArrayBase)
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
        axes: Sequence[int],
        minimum: int = -128,
        maximum: int = 127,
    ):
        shape = tuple(
            1 if axis in axes else size for axis, size in enumerate(shape_of(input))
        )
        super().__init__(
            operands=[input],
            result_types=[result_tensor(result_type, shape)],
            properties=properties(axes=axes, minimum=minimum, maximum=maximum),
        )


@irdl_op_definition
class ReduceMeanOp(ReduceOp):
    """`%r = quant.reduce_mean %x {axes = array<i64: 2, 3>} : (tensor<..>) -> ..`."""

    name = "quant.reduce_mean"


@irdl_op_definition
class ReduceSumOp(ReduceOp):
    """`%r = quant.reduce_sum %x {axes = array<i64: 1>} : (tensor<..>) -> ..`."""

    name = "quant.reduce_sum"


@irdl_op_definition
class ResizeOp(IRDLOperation):
    """
    Linear interpolation of the two spatial axes (nearest stays `nn.resize`).

    `%r = quant.resize %x {sizes = array<i64: 65, 65>, scales = array<f32: 2.0, 2.0>} :
    (tensor<..>) -> tensor<..>`
    """

    name = "quant.resize"
    input = operand_def(TensorType)
    result = result_def(TensorType)
    sizes = prop_def(DenseArrayBase)
    scales = prop_def(DenseArrayBase)
    mode = prop_def(StringAttr, default_value=StringAttr("linear"))
    coordinates = prop_def(StringAttr, default_value=StringAttr("half_pixel"))
    layout = prop_def(StringAttr, default_value=StringAttr("NCHW"))
    traits = traits_def(Pure())
    irdl_options = PROPERTIES_IN_DICTIONARY
    assembly_format = ASSEMBLY

    def __init__(
        self,
        input: Value,
        result_type: Attribute,
        *,
        sizes: Sequence[int],
        scales: Sequence[float],
        coordinates: str = "half_pixel",
        layout: str = "NCHW",
    ):
        shape = list(shape_of(input))
        first = 1 if layout == "NHWC" else 2
        shape[first : first + 2] = sizes
        super().__init__(
            operands=[input],
            result_types=[result_tensor(result_type, tuple(shape))],
            properties=properties(
                sizes=sizes,
                scales=DenseArrayBase.from_list(f32, list(scales)),
                coordinates=coordinates,
                layout=layout,
            ),
        )
