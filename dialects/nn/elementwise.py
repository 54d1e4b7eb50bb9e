"""Elementwise functions of several operands, with numpy's broadcasting."""

from __future__ import annotations

from abc import ABC

from xdsl.dialects.builtin import TensorType, i1
from xdsl.ir import Attribute
from xdsl.irdl import irdl_op_definition, operand_def, result_def

from qcc.dialects.nn.base import ASSEMBLY, TENSOR, NNOperation
from qcc.dialects.nn.inference import (
    broadcast_shape,
    require,
    require_float,
    require_number,
    require_same_elements,
    static_shape,
)
from qcc.dialects.types import Operand, tensor, tensor_type

Kind = TensorType[Attribute]


class BinaryOp(NNOperation, ABC):
    """`%y = nn.add %a, %b : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>`"""

    lhs = operand_def(TENSOR)
    rhs = operand_def(TENSOR)
    result = result_def(TENSOR)

    def __init__(self, lhs: Operand, rhs: Operand):
        result = self._infer(tensor_type(lhs), tensor_type(rhs))
        super().__init__(operands=[lhs, rhs], result_types=[result])

    @staticmethod
    def _infer(lhs: Kind, rhs: Kind) -> Kind:
        require_number(lhs, "lhs")
        require_same_elements(lhs, rhs, "lhs and rhs")
        shape = broadcast_shape(static_shape(lhs, "lhs"), static_shape(rhs, "rhs"))
        return tensor(lhs.element_type, shape)

    def expected_type(self) -> Kind:
        return self._infer(tensor_type(self.lhs), tensor_type(self.rhs))


@irdl_op_definition
class AddOp(BinaryOp):
    """lhs + rhs."""

    name = "nn.add"
    assembly_format = ASSEMBLY


@irdl_op_definition
class SubOp(BinaryOp):
    """lhs - rhs."""

    name = "nn.sub"
    assembly_format = ASSEMBLY


@irdl_op_definition
class MulOp(BinaryOp):
    """lhs * rhs."""

    name = "nn.mul"
    assembly_format = ASSEMBLY


@irdl_op_definition
class DivOp(BinaryOp):
    """lhs / rhs; integers round towards zero, and x / 0 is 0."""

    name = "nn.div"
    assembly_format = ASSEMBLY


@irdl_op_definition
class PowOp(BinaryOp):
    """lhs to the power of rhs."""

    name = "nn.pow"
    assembly_format = ASSEMBLY


@irdl_op_definition
class MinOp(BinaryOp):
    """The lesser of lhs and rhs; NaN where one is NaN."""

    name = "nn.min"
    assembly_format = ASSEMBLY


@irdl_op_definition
class MaxOp(BinaryOp):
    """The greater of lhs and rhs; NaN where one is NaN."""

    name = "nn.max"
    assembly_format = ASSEMBLY


@irdl_op_definition
class EqualOp(NNOperation):
    """`%y = nn.equal %a, %b : (tensor<4xi64>, tensor<4xi64>) -> tensor<4xi1>`"""

    name = "nn.equal"
    lhs = operand_def(TENSOR)
    rhs = operand_def(TENSOR)
    result = result_def(TENSOR)
    assembly_format = ASSEMBLY

    def __init__(self, lhs: Operand, rhs: Operand):
        result = self._infer(tensor_type(lhs), tensor_type(rhs))
        super().__init__(operands=[lhs, rhs], result_types=[result])

    @staticmethod
    def _infer(lhs: Kind, rhs: Kind) -> Kind:
        require_number(lhs, "lhs")
        require_same_elements(lhs, rhs, "lhs and rhs")
        shape = broadcast_shape(static_shape(lhs, "lhs"), static_shape(rhs, "rhs"))
        return tensor(i1, shape)

    def expected_type(self) -> Kind:
        return self._infer(tensor_type(self.lhs), tensor_type(self.rhs))


@irdl_op_definition
class WhereOp(NNOperation):
    """`%y = nn.where %c, %a, %b : (tensor<4xi1>, ...) -> tensor<4xf32>`"""

    name = "nn.where"
    condition = operand_def(TENSOR)
    lhs = operand_def(TENSOR)
    rhs = operand_def(TENSOR)
    result = result_def(TENSOR)
    assembly_format = ASSEMBLY

    def __init__(self, condition: Operand, lhs: Operand, rhs: Operand):
        operands = [condition, lhs, rhs]
        result = self._infer(*(tensor_type(operand) for operand in operands))
        super().__init__(operands=operands, result_types=[result])

    @staticmethod
    def _infer(condition: Kind, lhs: Kind, rhs: Kind) -> Kind:
        require(
            condition.element_type == i1,
            f"condition must have i1 elements, got {condition.element_type}",
        )
        require_same_elements(lhs, rhs, "lhs and rhs")
        shape = broadcast_shape(
            static_shape(condition, "condition"),
            static_shape(lhs, "lhs"),
            static_shape(rhs, "rhs"),
        )
        return tensor(lhs.element_type, shape)

    def expected_type(self) -> Kind:
        return self._infer(*(tensor_type(operand) for operand in self.operands))


@irdl_op_definition
class PReluOp(NNOperation):
    """`%y = nn.prelu %x, %slope : (...) -> ...`: slope * x where x < 0, else x."""

    name = "nn.prelu"
    input = operand_def(TENSOR)
    slope = operand_def(TENSOR)
    result = result_def(TENSOR)
    assembly_format = ASSEMBLY

    def __init__(self, input: Operand, slope: Operand):
        result = self._infer(tensor_type(input), tensor_type(slope))
        super().__init__(operands=[input, slope], result_types=[result])

    @staticmethod
    def _infer(input: Kind, slope: Kind) -> Kind:
        require_float(input, "input")
        require_same_elements(input, slope, "input and slope")
        shape = static_shape(input, "input")
        slopes = static_shape(slope, "slope")
        require(
            broadcast_shape(shape, slopes) == shape,
            f"slope {list(slopes)} must broadcast to the input {list(shape)}",
        )
        return input

    def expected_type(self) -> Kind:
        return self._infer(tensor_type(self.input), tensor_type(self.slope))
