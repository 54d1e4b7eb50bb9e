"""Casts to, from and between scales that are known at run time only."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from xdsl.dialects.builtin import f32, i8
from xdsl.ir import Attribute
from xdsl.irdl import (
    IRDLOperation,
    ParsePropInAttrDict,
    irdl_op_definition,
    operand_def,
    prop_def,
    result_def,
    traits_def,
    var_operand_def,
)
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException

from qcc.dialects.nn.base import ASSEMBLY, FLOAT, TENSOR
from qcc.dialects.nn.inference import require
from qcc.dialects.quant.base import (
    QuantOperation,
    operand_shape,
    require_elements,
)
from qcc.dialects.quant.dynamic_base import (
    PARAMETERS,
    DynamicOperation,
    clip_properties,
    require_dynamic,
    require_parameters,
)
from qcc.dialects.types import Operand, Shape, float_attr, shape_of, tensor


@irdl_op_definition
class DynamicQuantizeCastOp(DynamicOperation):
    """
    Float to int8 by the range that the tensor has, clipped to [minimum, maximum].

    `%q, %p = quant.dynamic_qcast %x {minimum = 0.0 : f32} : (tensor<4xf32>) ->
    (tensor<4xi8>, tensor<2xf32>)`
    """

    name = "quant.dynamic_qcast"
    input = operand_def(TENSOR)
    assembly_format = ASSEMBLY

    def __init__(self, input: Operand, *, minimum: float = -inf, maximum: float = inf):
        super().__init__(
            operands=[input],
            result_types=[tensor(i8, shape_of(input)), PARAMETERS],
            properties=clip_properties(minimum, maximum),
        )

    def expected_shape(self) -> Shape:
        require_elements(self.input, "input", f32)
        return operand_shape(self.input, "input")


@irdl_op_definition
class DynamicDequantizeCastOp(QuantOperation):
    """
    Back to float: `(float)(q - zero_point) * scale`.

    `%x = quant.dynamic_dcast %q, %p : (tensor<4xi8>, tensor<2xf32>) -> tensor<4xf32>`
    """

    name = "quant.dynamic_dcast"
    input = operand_def(TENSOR)
    parameters = operand_def(TENSOR)
    result = result_def(TENSOR)
    assembly_format = ASSEMBLY

    def __init__(self, input: Operand, parameters: Operand):
        super().__init__(
            operands=[input, parameters],
            result_types=[tensor(f32, shape_of(input))],
        )

    def expected_element(self) -> Attribute:
        return f32

    def expected_shape(self) -> Shape:
        require_dynamic(self.input, self.parameters, "input")
        return operand_shape(self.input, "input")


@irdl_op_definition
class DynamicRequantizeOp(QuantOperation):
    """
    From parameters to other ones.

    `%r = quant.dynamic_requantize %q, %p, %to : (tensor<4xi8>, tensor<2xf32>,
    tensor<2xf32>) -> tensor<4xi8>`
    """

    name = "quant.dynamic_requantize"
    input = operand_def(TENSOR)
    parameters = operand_def(TENSOR)
    target = operand_def(TENSOR)
    result = result_def(TENSOR)
    assembly_format = ASSEMBLY

    def __init__(self, input: Operand, parameters: Operand, target: Operand):
        super().__init__(
            operands=[input, parameters, target],
            result_types=[tensor(i8, shape_of(input))],
        )

    def expected_element(self) -> Attribute:
        return i8

    def expected_shape(self) -> Shape:
        require_dynamic(self.input, self.parameters, "input")
        require_parameters(self.target, "target")
        return operand_shape(self.input, "input")


@irdl_op_definition
class DynamicClipOp(QuantOperation):
    """
    Clipped to the real numbers [minimum, maximum]; the parameters stay.

    `%r = quant.dynamic_clip %q, %p {minimum = 0.0 : f32, maximum = 6.0 : f32} : (..)
    -> tensor<4xi8>`
    """

    name = "quant.dynamic_clip"
    input = operand_def(TENSOR)
    parameters = operand_def(TENSOR)
    minimum = prop_def(FLOAT, default_value=float_attr(-inf))
    maximum = prop_def(FLOAT, default_value=float_attr(inf))
    result = result_def(TENSOR)
    assembly_format = ASSEMBLY

    def __init__(
        self,
        input: Operand,
        parameters: Operand,
        *,
        minimum: float = -inf,
        maximum: float = inf,
    ):
        super().__init__(
            operands=[input, parameters],
            result_types=[tensor(i8, shape_of(input))],
            properties=clip_properties(minimum, maximum),
        )

    @property
    def minimum_value(self) -> float:
        """The least real number of the result."""
        return self.minimum.value.data

    @property
    def maximum_value(self) -> float:
        """The greatest real number of the result."""
        return self.maximum.value.data

    def expected_element(self) -> Attribute:
        low, high = self.minimum_value, self.maximum_value
        require(low <= high, f"the clip [{low}, {high}] is empty")
        return i8

    def expected_shape(self) -> Shape:
        require_dynamic(self.input, self.parameters, "input")
        return operand_shape(self.input, "input")


@irdl_op_definition
class DynamicUnionOp(IRDLOperation):
    """
    Parameters whose range holds those of all operands: what a concatenation needs.

    `%p = quant.dynamic_union %a, %b : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>`
    """

    name = "quant.dynamic_union"
    inputs = var_operand_def(TENSOR)
    result = result_def(TENSOR)
    traits = traits_def(Pure())
    irdl_options = (ParsePropInAttrDict(),)
    assembly_format = ASSEMBLY

    def __init__(self, inputs: Sequence[Operand]):
        super().__init__(operands=[inputs], result_types=[PARAMETERS])

    def verify_(self) -> None:
        if not self.inputs:
            raise VerifyException(f"{self.name}: takes at least one operand")
        for value in (*self.inputs, self.result):
            require_parameters(value, "each operand and the result")
