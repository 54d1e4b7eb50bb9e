"""Reductions over axes; the reduced axes stay, with size 1."""

from __future__ import annotations

from abc import ABC
from collections.abc import Sequence

from xdsl.dialects.builtin import TensorType
from xdsl.ir import Attribute
from xdsl.irdl import irdl_op_definition, operand_def, prop_def, result_def

from qcc.dialects.nn.base import ASSEMBLY, INTS, TENSOR, NNOperation
from qcc.dialects.nn.inference import (
    reduced_shape,
    require,
    require_float,
    require_number,
    static_shape,
)
from qcc.dialects.types import Operand, int_array, ints, tensor, tensor_type


class ReduceOp(NNOperation, ABC):
    """`%y = nn.reduce_sum %x {axes = array<i64: 2, 3>} : (...) -> tensor<...>`"""

    input = operand_def(TENSOR)
    axes = prop_def(INTS)
    result = result_def(TENSOR)

    def __init__(self, input: Operand, *, axes: Sequence[int]):
        kind = self._infer(tensor_type(input), axes)
        super().__init__(
            operands=[input],
            properties={"axes": int_array(axes)},
            result_types=[kind],
        )

    @property
    def axis_values(self) -> tuple[int, ...]:
        """The reduced axes, sorted and non-negative."""
        return ints(self.axes)

    @staticmethod
    def _infer(
        input: TensorType[Attribute], axes: Sequence[int]
    ) -> TensorType[Attribute]:
        shape = reduced_shape(static_shape(input, "input"), axes)
        return tensor(input.element_type, shape)

    def expected_type(self) -> TensorType[Attribute]:
        self.check_elements(tensor_type(self.input))
        return self._infer(tensor_type(self.input), self.axis_values)

    def check_elements(self, kind: TensorType[Attribute]) -> None:
        """Element types that are not a number cannot be summed."""
        require_number(kind, "input")


@irdl_op_definition
class ReduceMeanOp(ReduceOp):
    """The mean over the axes, of floats."""

    name = "nn.reduce_mean"
    assembly_format = ASSEMBLY

    def check_elements(self, kind: TensorType[Attribute]) -> None:
        require_float(kind, "input")


@irdl_op_definition
class ReduceSumOp(ReduceOp):
    """The sum over the axes."""

    name = "nn.reduce_sum"
    assembly_format = ASSEMBLY


@irdl_op_definition
class ReduceProdOp(ReduceOp):
    """The product over the axes."""

    name = "nn.reduce_prod"
    assembly_format = ASSEMBLY


@irdl_op_definition
class ReduceSumSquareOp(ReduceOp):
    """The sum of squares over the axes."""

    name = "nn.reduce_sum_square"
    assembly_format = ASSEMBLY


class ReduceCompareOp(ReduceOp, ABC):
    """Reductions that only compare, and so take quantized elements too."""

    def check_elements(self, kind: TensorType[Attribute]) -> None:
        shape = kind.get_shape()
        empty = any(shape[axis] == 0 for axis in self.axis_values if axis < len(shape))
        require(not empty, f"cannot compare no elements: {list(shape)}")


@irdl_op_definition
class ReduceMaxOp(ReduceCompareOp):
    """The greatest element over the axes, of any element type."""

    name = "nn.reduce_max"
    assembly_format = ASSEMBLY


@irdl_op_definition
class ReduceMinOp(ReduceCompareOp):
    """The least element over the axes, of any element type."""

    name = "nn.reduce_min"
    assembly_format = ASSEMBLY
