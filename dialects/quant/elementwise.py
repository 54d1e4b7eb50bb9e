"""Elementwise integer ops."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import IntegerAttr, TensorType
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    operand_def,
    prop_def,
    result_def,
    traits_def,
)
from xdsl.traits import Pure

from qcc.dialects.blob import ConstantAttr, array_of, constant_attr
from qcc.dialects.quant.base import (
    ASSEMBLY,
    PROPERTIES_IN_DICTIONARY,
    Value,
    integer,
    properties,
    result_tensor,
    shape_of,
)


class BinaryOp(IRDLOperation):
    """A broadcasting binary op; its result is clamped to stored [minimum, maximum]."""

    lhs = operand_def(TensorType)
    rhs = operand_def(TensorType)
    result = result_def(TensorType)
    minimum = prop_def(IntegerAttr, default_value=integer(-128))
    maximum = prop_def(IntegerAttr, default_value=integer(127))
    traits = traits_def(Pure())
    irdl_options = PROPERTIES_IN_DICTIONARY
    assembly_format = ASSEMBLY

    def __init__(
        self,
        lhs: Value,
        rhs: Value,
        result_type: Attribute,
        *,
        minimum: int = -128,
        maximum: int = 127,
    ):
        shape = np.broadcast_shapes(shape_of(lhs), shape_of(rhs))
        super().__init__(
            operands=[lhs, rhs],
            result_types=[result_tensor(result_type, shape)],
            properties=properties(minimum=minimum, maximum=maximum),
        )


@irdl_op_definition
class AddOp(BinaryOp):
    """`%r = quant.add %a, %b {minimum = 0 : i64} : (tensor<..>, tensor<..>) -> ..`."""

    name = "quant.add"


@irdl_op_definition
class SubOp(BinaryOp):
    """`%r = quant.sub %a, %b : (tensor<..>, tensor<..>) -> tensor<..>`."""

    name = "quant.sub"


@irdl_op_definition
class MulOp(BinaryOp):
    """`%r = quant.mul %a, %b : (tensor<..>, tensor<..>) -> tensor<..>`."""

    name = "quant.mul"


@irdl_op_definition
class ClampOp(IRDLOperation):
    """
    Stored integers clamped to [minimum, maximum]; one type in and out.

    `%r = quant.clamp %q {minimum = 0 : i64} : (tensor<..>) -> tensor<..>`
    """

    name = "quant.clamp"
    input = operand_def(TensorType)
    result = result_def(TensorType)
    minimum = prop_def(IntegerAttr, default_value=integer(-128))
    maximum = prop_def(IntegerAttr, default_value=integer(127))
    traits = traits_def(Pure())
    irdl_options = PROPERTIES_IN_DICTIONARY
    assembly_format = ASSEMBLY

    def __init__(self, input: Value, *, minimum: int = -128, maximum: int = 127):
        super().__init__(
            operands=[input],
            result_types=[SSAValue.get(input).type],
            properties=properties(minimum=minimum, maximum=maximum),
        )


@irdl_op_definition
class LookupOp(IRDLOperation):
    """
    Any function of one int8 element: `table[q + 128]`.

    `%r = quant.lookup %q {table = #blob.array<..>} : (tensor<..>) -> tensor<..>`
    """

    name = "quant.lookup"
    input = operand_def(TensorType)
    result = result_def(TensorType)
    table = prop_def(ConstantAttr)
    traits = traits_def(Pure())
    irdl_options = PROPERTIES_IN_DICTIONARY
    assembly_format = ASSEMBLY

    def __init__(
        self,
        input: Value,
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
