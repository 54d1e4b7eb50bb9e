"""
What ops on dynamically quantized tensors share.

Such a tensor is two values: int8 elements (plain `i8`) and `tensor<2xf32>`, its scale
and zero point, known at run time. Ops that move elements take the former alone.
"""

from __future__ import annotations

from abc import ABC
from math import inf

from xdsl.dialects.builtin import f32, i8
from xdsl.ir import Attribute
from xdsl.irdl import prop_def, result_def
from xdsl.utils.exceptions import VerifyException

from qcc.dialects.nn.base import FLOAT, TENSOR
from qcc.dialects.nn.inference import require
from qcc.dialects.quant.base import QuantOperation, require_elements
from qcc.dialects.types import Operand, float_attr, tensor, tensor_type

PARAMETERS = tensor(f32, (2,))
"""The type of scale and zero point."""


def require_parameters(value: Operand, what: str) -> None:
    """VerifyException unless `value` holds a scale and a zero point."""
    kind = tensor_type(value)
    require(kind == PARAMETERS, f"{what} must be {PARAMETERS}, got {kind}")


def require_dynamic(value: Operand, parameters: Operand, what: str) -> None:
    """VerifyException unless the two are a dynamically quantized tensor."""
    require_elements(value, what, i8)
    require_parameters(parameters, f"parameters of {what}")


class DynamicOperation(QuantOperation, ABC):
    """
    An op that measures its result's range: int8 elements and their parameters.

    The range is clipped to the real numbers [minimum, maximum], which hold 0: relu and
    clip, fused.
    """

    minimum = prop_def(FLOAT, default_value=float_attr(-inf))
    maximum = prop_def(FLOAT, default_value=float_attr(inf))
    result = result_def(TENSOR)
    result_parameters = result_def(TENSOR)

    @property
    def minimum_value(self) -> float:
        """The least real number of the result, at most 0."""
        return self.minimum.value.data

    @property
    def maximum_value(self) -> float:
        """The greatest real number of the result, at least 0."""
        return self.maximum.value.data

    def expected_element(self) -> Attribute:
        low, high = self.minimum_value, self.maximum_value
        require(low <= 0 <= high, f"the clip [{low}, {high}] does not hold 0")
        return i8

    def verify_(self) -> None:
        super().verify_()
        actual = self.results[1].type
        if actual != PARAMETERS:
            raise VerifyException(
                f"{self.name}: second result is {actual}, expected {PARAMETERS}"
            )


def clip_properties(minimum: float, maximum: float) -> dict[str, Attribute]:
    """The properties of a `DynamicOperation`."""
    return {"minimum": float_attr(minimum), "maximum": float_attr(maximum)}
