"""Arithmetic on tensors whose scales are known at run time only."""

from __future__ import annotations

from abc import ABC
from collections.abc import Sequence
from math import inf, prod

from xdsl.dialects.builtin import StringAttr, UnitAttr, f32, i8
from xdsl.ir import Attribute
from xdsl.irdl import (
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    prop_def,
    result_def,
)

from qcc.dialects.nn.base import ASSEMBLY, INTS, TENSOR
from qcc.dialects.nn.inference import (
    broadcast_shape,
    pool2d_shape,
    reduced_shape,
)
from qcc.dialects.nn.pool import PoolOp
from qcc.dialects.quant.base import QuantOperation, operand_shape
from qcc.dialects.quant.dynamic_base import (
    PARAMETERS,
    DynamicOperation,
    clip_properties,
    require_dynamic,
)
from qcc.dialects.quant.pool import require_summable
from qcc.dialects.types import (
    Operand,
    Shape,
    int_array,
    ints,
    shape_of,
    tensor,
)


class DynamicBinaryOp(DynamicOperation, ABC):
    """Two dynamically quantized tensors, broadcast; the result has its own range."""

    lhs = operand_def(TENSOR)
    lhs_parameters = operand_def(TENSOR)
    rhs = operand_def(TENSOR)
    rhs_parameters = operand_def(TENSOR)

    def __init__(
        self,
        lhs: Operand,
        lhs_parameters: Operand,
        rhs: Operand,
        rhs_parameters: Operand,
        *,
        minimum: float = -inf,
        maximum: float = inf,
    ):
        shape = broadcast_shape(shape_of(lhs), shape_of(rhs))
        super().__init__(
            operands=[lhs, lhs_parameters, rhs, rhs_parameters],
            result_types=[tensor(i8, shape), PARAMETERS],
            properties=clip_properties(minimum, maximum),
        )

    def expected_shape(self) -> Shape:
        require_dynamic(self.lhs, self.lhs_parameters, "lhs")
        require_dynamic(self.rhs, self.rhs_parameters, "rhs")
        return broadcast_shape(
            operand_shape(self.lhs, "lhs"), operand_shape(self.rhs, "rhs")
        )


@irdl_op_definition
class DynamicAddOp(DynamicBinaryOp):
    """`%r, %s = quant.dynamic_add %a, %p, %b, %q : (..) -> (tensor<..>, ..)`"""

    name = "quant.dynamic_add"
    assembly_format = ASSEMBLY


@irdl_op_definition
class DynamicSubOp(DynamicBinaryOp):
    """`%r, %s = quant.dynamic_sub %a, %p, %b, %q : (..) -> (tensor<..>, ..)`"""

    name = "quant.dynamic_sub"
    assembly_format = ASSEMBLY


@irdl_op_definition
class DynamicMulOp(DynamicBinaryOp):
    """`%r, %s = quant.dynamic_mul %a, %p, %b, %q : (..) -> (tensor<..>, ..)`"""

    name = "quant.dynamic_mul"
    assembly_format = ASSEMBLY


@irdl_op_definition
class DynamicReduceMeanOp(QuantOperation):
    """
    Integer sums over `axes`, which stay with size 1; the result is float.

    `%r = quant.dynamic_reduce_mean %q, %p {axes = array<i64: 2, 3>} : (..) -> ..`
    """

    name = "quant.dynamic_reduce_mean"
    input = operand_def(TENSOR)
    parameters = operand_def(TENSOR)
    axes = prop_def(INTS)
    result = result_def(TENSOR)
    assembly_format = ASSEMBLY

    def __init__(self, input: Operand, parameters: Operand, *, axes: Sequence[int]):
        shape = reduced_shape(shape_of(input), axes)
        super().__init__(
            operands=[input, parameters],
            result_types=[tensor(f32, shape)],
            properties={"axes": int_array(axes)},
        )

    @property
    def axis_values(self) -> tuple[int, ...]:
        """The reduced axes, sorted."""
        return ints(self.axes)

    @property
    def count(self) -> int:
        """How many elements are reduced to one."""
        shape = shape_of(self.input)
        return prod(shape[axis] for axis in self.axis_values)

    def expected_element(self) -> Attribute:
        return f32

    def expected_shape(self) -> Shape:
        require_dynamic(self.input, self.parameters, "input")
        shape = reduced_shape(operand_shape(self.input, "input"), self.axis_values)
        require_summable(self.count)
        return shape


@irdl_op_definition
class DynamicAvgPool2dOp(PoolOp, QuantOperation):
    """
    Integer sums over windows; the result is float.

    `%r = quant.dynamic_avg_pool2d %q, %p {kernel = array<i64: 3, 3>} : (..) -> ..`
    """

    name = "quant.dynamic_avg_pool2d"
    input = operand_def(TENSOR)
    parameters = operand_def(TENSOR)
    count_include_pad = opt_prop_def(UnitAttr)
    assembly_format = ASSEMBLY

    def __init__(
        self,
        input: Operand,
        parameters: Operand,
        *,
        kernel: Sequence[int],
        strides: Sequence[int] = (1, 1),
        pads: Sequence[int] = (0, 0, 0, 0),
        count_include_pad: bool = False,
        layout: str = "NCHW",
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
            operands=[input, parameters],
            result_types=[tensor(f32, shape)],
            properties={
                "kernel": int_array(kernel),
                "strides": int_array(strides),
                "pads": int_array(pads),
                "count_include_pad": UnitAttr() if count_include_pad else None,
                "layout": StringAttr(layout),
            },
        )

    @property
    def counts_padding(self) -> bool:
        """Whether the divisor is always the size of the window."""
        return self.count_include_pad is not None

    def expected_element(self) -> Attribute:
        return f32

    def expected_shape(self) -> Shape:
        require_dynamic(self.input, self.parameters, "input")
        require_summable(prod(self.kernel_values))
        return pool2d_shape(
            operand_shape(self.input, "input"),
            kernel=self.kernel_values,
            strides=self.stride_values,
            pads=self.pad_values,
            dilations=(1, 1),
            layout=self.layout_value,
        )
