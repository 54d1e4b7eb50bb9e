"""Softmax and layer normalization: integers only."""

from __future__ import annotations

from xdsl.dialects.builtin import FloatAttr, IntegerAttr, TensorType
from xdsl.ir import Attribute
from xdsl.irdl import (
    AttrSizedOperandSegments,
    IRDLOperation,
    irdl_op_definition,
    operand_def,
    opt_operand_def,
    prop_def,
    result_def,
    traits_def,
)
from xdsl.traits import Pure

from qcc.dialects.quant.base import (
    ASSEMBLY,
    PROPERTIES_IN_DICTIONARY,
    TrailingOptionalOperands,
    Value,
    properties,
    result_tensor,
    shape_of,
)


@irdl_op_definition
class SoftmaxOp(IRDLOperation):
    """`%r = quant.softmax %x {axis = 1 : i64} : (tensor<..>) -> tensor<..>`."""

    name = "quant.softmax"
    input = operand_def(TensorType)
    result = result_def(TensorType)
    axis = prop_def(IntegerAttr)
    traits = traits_def(Pure())
    irdl_options = PROPERTIES_IN_DICTIONARY
    assembly_format = ASSEMBLY

    def __init__(self, input: Value, result_type: Attribute, *, axis: int):
        super().__init__(
            operands=[input],
            result_types=[result_tensor(result_type, shape_of(input))],
            properties=properties(axis=axis),
        )


@irdl_op_definition
class LayerNormOp(TrailingOptionalOperands):
    """
    Normalization over all axes from `axis`; scale and bias are f32 constants.

    `%r = quant.layer_norm %x, %s, %b {axis = 2 : i64, epsilon = 1.0e-05 : f32} : (..)
    -> tensor<..>`
    """

    name = "quant.layer_norm"
    input = operand_def(TensorType)
    scale = opt_operand_def(TensorType)
    bias = opt_operand_def(TensorType)
    result = result_def(TensorType)
    axis = prop_def(IntegerAttr)
    epsilon = prop_def(FloatAttr)
    traits = traits_def(Pure())
    irdl_options = (
        *PROPERTIES_IN_DICTIONARY,
        AttrSizedOperandSegments(as_property=True),
    )

    def __init__(
        self,
        input: Value,
        scale: Value | None = None,
        bias: Value | None = None,
        *,
        result_type: Attribute,
        axis: int,
        epsilon: float = 1e-5,
    ):
        super().__init__(
            operands=[input, scale, bias],
            result_types=[result_tensor(result_type, shape_of(input))],
            properties=properties(axis=axis, epsilon=float(epsilon)),
        )
