"""Elementwise integer ops."""

from __future__ import annotations

from abc import ABC

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import TensorType, i8
from xdsl.ir import Attribute
from xdsl.irdl import irdl_op_definition, operand_def, prop_def, result_def

from qcc.dialects.blob import ConstantAttr, array_of, constant_attr
from qcc.dialects.nn.base import ASSEMBLY, TENSOR
from qcc.dialects.nn.inference import broadcast_shape, require
from qcc.dialects.quant.base import (
    ClampingOperation,
    QuantOperation,
    operand_shape,
    require_activation,
    result_tensor,
)
from qcc.dialects.types import Operand, Shape, int_attr, shape_of, tensor_type


class BinaryOp(ClampingOperation, ABC):
    """A broadcasting binary op; its result is clamped to stored [minimum, maximum]."""

    lhs = operand_def(TENSOR)
    rhs = operand_def(TENSOR)
    result = result_def(TENSOR)

    def __init__(
        self,
        lhs: Operand,
        rhs: Operand,
        result_type: Attribute,
        *,
        minimum: int = -128,
        maximum: int = 127,
    ):
        shape = broadcast_shape(shape_of(lhs), shape_of(rhs))
        super().__init__(
            operands=[lhs, rhs],
            result_types=[result_tensor(result_type, shape)],
            properties={"minimum": int_attr(minimum), "maximum": int_attr(maximum)},
        )

    def expected_shape(self) -> Shape:
        require_activation(self.lhs, "lhs")
        require_activation(self.rhs, "rhs")
        return broadcast_shape(
            operand_shape(self.lhs, "lhs"), operand_shape(self.rhs, "rhs")
        )


@irdl_op_definition
class AddOp(BinaryOp):
    """`%r = quant.add %a, %b {minimum = 0 : i64} : (tensor<..>, tensor<..>) -> ..`"""

    name = "quant.add"
    assembly_format = ASSEMBLY


@irdl_op_definition
class SubOp(BinaryOp):
    """`%r = quant.sub %a, %b : (tensor<..>, tensor<..>) -> tensor<..>`"""

    name = "quant.sub"
    assembly_format = ASSEMBLY


@irdl_op_definition
class MulOp(BinaryOp):
    """`%r = quant.mul %a, %b : (tensor<..>, tensor<..>) -> tensor<..>`"""

    name = "quant.mul"
    assembly_format = ASSEMBLY


@irdl_op_definition
class ClampOp(ClampingOperation):
    """
    Stored integers clamped to [minimum, maximum]; one type in and out.

    `%r = quant.clamp %q {minimum = 0 : i64} : (tensor<..>) -> tensor<..>`
    """

    name = "quant.clamp"
    input = operand_def(TENSOR)
    result = result_def(TENSOR)
    assembly_format = ASSEMBLY

    def __init__(self, input: Operand, *, minimum: int = -128, maximum: int = 127):
        super().__init__(
            operands=[input],
            result_types=[tensor_type(input)],
            properties={"minimum": int_attr(minimum), "maximum": int_attr(maximum)},
        )

    def expected_shape(self) -> Shape:
        kind = require_activation(self.input, "input")
        result = require_activation(self.result, "result")
        require(
            kind == result,
            f"input and result must have one element type, got {kind} and {result}",
        )
        return operand_shape(self.input, "input")


@irdl_op_definition
class LookupOp(QuantOperation):
    """
    Any function of one int8 element: `table[q + 128]`.

    `%r = quant.lookup %q {table = #blob.array<..>} : (tensor<..>) -> tensor<..>`
    """

    name = "quant.lookup"
    input = operand_def(TENSOR)
    table = prop_def(ConstantAttr)
    result = result_def(TENSOR)
    assembly_format = ASSEMBLY

    def __init__(
        self,
        input: Operand,
        table: ConstantAttr | NDArray[np.int8],
        result_type: Attribute,
    ):
        if isinstance(table, np.ndarray):
            table = constant_attr(table)
        super().__init__(
            operands=[input],
            result_types=[result_tensor(result_type, shape_of(input))],
            properties={"table": table},
        )

    def array(self) -> NDArray[np.int8]:
        """The 256 entries; entry q + 128 is the result of q."""
        return array_of(self.table)

    def expected_shape(self) -> Shape:
        require_activation(self.input, "input")
        kind = self.table.type
        require(
            kind == TensorType(i8, [256]), f"table must be tensor<256xi8>, got {kind}"
        )
        return operand_shape(self.input, "input")
