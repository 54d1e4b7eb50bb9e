"""Softmax and layer normalization: integers only."""

from __future__ import annotations

from math import prod

from xdsl.dialects.builtin import f32
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
from qcc.dialects.nn.base import ASSEMBLY, FLOAT, INT, TENSOR
from qcc.dialects.nn.inference import require, require_axis
from qcc.dialects.quant.base import (
    QuantOperation,
    operand_shape,
    require_activation,
    require_elements,
    result_tensor,
)
from qcc.dialects.types import Operand, Shape, float_attr, int_attr, shape_of

LARGEST_LAYER_NORM = 2**15
"""The most elements that one row of an integer layer normalization may have."""


@irdl_op_definition
class SoftmaxOp(QuantOperation):
    """`%r = quant.softmax %x {axis = 1 : i64} : (tensor<..>) -> tensor<..>`"""

    name = "quant.softmax"
    input = operand_def(TENSOR)
    axis = prop_def(INT)
    result = result_def(TENSOR)
    assembly_format = ASSEMBLY

    def __init__(self, input: Operand, result_type: Attribute, *, axis: int):
        super().__init__(
            operands=[input],
            result_types=[result_tensor(result_type, shape_of(input))],
            properties={"axis": int_attr(axis)},
        )

    @property
    def axis_value(self) -> int:
        """The axis along which the results sum to 1."""
        return self.axis.value.data

    def expected_shape(self) -> Shape:
        require_activation(self.input, "input")
        shape = operand_shape(self.input, "input")
        require_axis(self.axis_value, len(shape))
        return shape


@irdl_op_definition
class LayerNormOp(QuantOperation, TrailingOptionalOperands):
    """
    Normalization over all axes from `axis`; scale and bias are f32 constants.

    `%r = quant.layer_norm %x, %s, %b {axis = 2 : i64, epsilon = 1.0e-05 : f32} : (..)
    -> tensor<..>`
    """

    name = "quant.layer_norm"
    input = operand_def(TENSOR)
    scale = opt_operand_def(TENSOR)
    bias = opt_operand_def(TENSOR)
    axis = prop_def(INT)
    epsilon = prop_def(FLOAT)
    result = result_def(TENSOR)
    irdl_options = (AttrSizedOperandSegments(as_property=True),)

    def __init__(
        self,
        input: Operand,
        scale: Operand | None = None,
        bias: Operand | None = None,
        *,
        result_type: Attribute,
        axis: int,
        epsilon: float,
    ):
        super().__init__(
            operands=[input, scale, bias],
            result_types=[result_tensor(result_type, shape_of(input))],
            properties={"axis": int_attr(axis), "epsilon": float_attr(epsilon)},
        )

    @property
    def axis_value(self) -> int:
        """The first of the normalized axes."""
        return self.axis.value.data

    @property
    def epsilon_value(self) -> float:
        """What is added to the variance, a float32 value."""
        return self.epsilon.value.data

    def expected_shape(self) -> Shape:
        require_activation(self.input, "input")
        shape = operand_shape(self.input, "input")
        require_axis(self.axis_value, len(shape))
        require(
            self.epsilon_value >= 0, f"epsilon must be >= 0, got {self.epsilon_value}"
        )
        row = shape[self.axis_value :]
        require(
            prod(row) <= LARGEST_LAYER_NORM,
            f"rows of {prod(row)} elements may overflow int64, "
            f"at most {LARGEST_LAYER_NORM} fit",
        )
        for operand, what in ((self.scale, "scale"), (self.bias, "bias")):
            if operand is None:
                continue
            require_elements(operand, what, f32)
            actual = operand_shape(operand, what)
            require(
                actual == row, f"{what} must have shape {list(row)}, got {list(actual)}"
            )
        return shape
