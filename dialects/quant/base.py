"""What the ops of `quant` share: result types, clamps, checks of element types."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import cast

from xdsl.dialects.builtin import StringAttr, TensorType, f32, i8, i32
from xdsl.ir import Attribute
from xdsl.irdl import prop_def
from xdsl.utils.exceptions import VerifyException

from qcc.dialects.nn.base import INT, NNOperation
from qcc.dialects.nn.inference import require, static_shape
from qcc.dialects.quant.types import UniformType
from qcc.dialects.types import (
    Operand,
    Shape,
    int_array,
    int_attr,
    tensor,
    tensor_type,
)

Kind = TensorType[Attribute]


def result_tensor(result_type: Attribute, shape: Shape) -> Kind:
    """`result_type` if it is a tensor type, else a tensor of such elements."""
    if isinstance(result_type, TensorType):
        return cast(Kind, result_type)
    return tensor(result_type, shape)


def operand_shape(value: Operand, what: str) -> Shape:
    """The static shape of an operand, `what` in messages."""
    return static_shape(tensor_type(value), what)


def require_uniform(value: Operand, what: str) -> UniformType:
    """The quantized element type of a value, whose axis must fit its shape."""
    kind = tensor_type(value)
    element = kind.element_type
    if not isinstance(element, UniformType):
        raise VerifyException(f"{what} must have quantized elements, got {element}")
    if element.axis is not None:
        shape = static_shape(kind, what)
        require(
            element.axis < len(shape) and shape[element.axis] == len(element.scales),
            f"{what} has {len(element.scales)} scales on axis {element.axis}, "
            f"which does not fit its shape {list(shape)}",
        )
    return element


def require_int8(value: Operand, what: str) -> UniformType:
    """Elements quantized to i8, per tensor or per axis."""
    element = require_uniform(value, what)
    require(element.storage == i8, f"{what} must be stored in i8, got {element}")
    return element


def require_activation(value: Operand, what: str) -> UniformType:
    """Elements quantized to i8 per tensor."""
    element = require_int8(value, what)
    require(element.axis is None, f"{what} must be quantized per tensor, got {element}")
    return element


def require_weight(value: Operand, what: str, axes: tuple[int, ...]) -> UniformType:
    """Elements quantized to i8 per tensor, or per one of `axes`."""
    element = require_int8(value, what)
    require(
        element.axis is None or element.axis in axes,
        f"{what} must be quantized per tensor or along axis "
        f"{' or '.join(map(str, axes))}, got axis {element.axis}",
    )
    return element


def require_elements(value: Operand, what: str, *elements: Attribute) -> None:
    """Elements must be of one of the given types."""
    actual = tensor_type(value).element_type
    require(
        actual in elements,
        f"{what} must have elements {' or '.join(map(str, elements))}, got {actual}",
    )


def require_int32_bias(bias: Operand | None, outputs: int) -> None:
    """A bias, if any, must be i32 with one element per output channel."""
    require_bias(bias, outputs, i32)


def require_float_bias(bias: Operand | None, outputs: int) -> None:
    """A bias, if any, must be f32 with one element per output channel."""
    require_bias(bias, outputs, f32)


def require_bias(bias: Operand | None, outputs: int, element: Attribute) -> None:
    """A bias, if any, must have `outputs` elements of this type."""
    if bias is None:
        return
    require_elements(bias, "bias", element)
    shape = operand_shape(bias, "bias")
    require(shape == (outputs,), f"bias must have shape {[outputs]}, got {list(shape)}")


def convolution_properties(
    strides: Sequence[int],
    pads: Sequence[int],
    dilations: Sequence[int],
    groups: int,
    layout: str,
) -> dict[str, Attribute]:
    """What convolutions have in common, as attributes."""
    return {
        "strides": int_array(strides),
        "pads": int_array(pads),
        "dilations": int_array(dilations),
        "groups": int_attr(groups),
        "layout": StringAttr(layout),
    }


class QuantOperation(NNOperation, ABC):
    """An op with one result, whose shape follows and whose element type is chosen."""

    @abstractmethod
    def expected_shape(self) -> Shape:
        """The result shape; VerifyException when operands or properties are wrong."""

    def expected_element(self) -> Attribute:
        """The element type of the result: any that is quantized to i8 per tensor."""
        return require_activation(self.results[0], "result")

    def expected_type(self) -> Kind:
        shape = self.expected_shape()
        return tensor(self.expected_element(), shape)


class ClampingOperation(QuantOperation, ABC):
    """An op whose result is clamped to the stored integers [minimum, maximum]."""

    minimum = prop_def(INT, default_value=int_attr(-128))
    maximum = prop_def(INT, default_value=int_attr(127))

    @property
    def minimum_value(self) -> int:
        """The least stored integer of the result."""
        return self.minimum.value.data

    @property
    def maximum_value(self) -> int:
        """The greatest stored integer of the result."""
        return self.maximum.value.data

    def expected_element(self) -> Attribute:
        element = require_activation(self.results[0], "result")
        low, high = self.minimum_value, self.maximum_value
        require(
            -128 <= low <= high <= 127,
            f"clamp [{low}, {high}] is empty or outside of [-128, 127]",
        )
        return element
