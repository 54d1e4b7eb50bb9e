"""The constant of `nn`."""

from __future__ import annotations

from xdsl.dialects.builtin import DenseIntOrFPElementsAttr, TensorType
from xdsl.ir import Attribute
from xdsl.irdl import irdl_op_definition, prop_def, result_def, traits_def
from xdsl.traits import ConstantLike
from xdsl.utils.exceptions import VerifyException

from qcc.dialects.blob import (
    BlobAttr,
    ConstantAttr,
    array_of,
    constant_attr,
    element_type_of_dtype,
)
from qcc.dialects.nn.base import TENSOR, NNOperation
from qcc.dialects.nn.inference import require
from qcc.dialects.types import Array, is_quantized, storage_dtype, tensor, tensor_type


@irdl_op_definition
class ConstantOp(NNOperation):
    """
    `%c = nn.constant dense<0.0> : tensor<4xf32> -> tensor<4xf32>`

    A quantized constant holds its stored integers.
    """

    name = "nn.constant"
    value = prop_def(BlobAttr | DenseIntOrFPElementsAttr)
    result = result_def(TENSOR)
    traits = traits_def(ConstantLike())
    assembly_format = "$value attr-dict `->` type($result)"

    def __init__(
        self, value: Array | ConstantAttr, element_type: Attribute | None = None
    ):
        """
        A constant of the elements of `value`; their type is that of the array.

        For a quantized `element_type`, `value` holds the stored integers.
        """
        if not isinstance(value, BlobAttr | DenseIntOrFPElementsAttr):
            value = constant_attr(value)
        if element_type is None:
            element_type = value.type.element_type
        kind = tensor(element_type, value.type.get_shape())
        super().__init__(properties={"value": value}, result_types=[kind])

    def array(self) -> Array:
        """The elements, read-only, in their storage dtype; KeyError without blob."""
        return array_of(self.value)

    def expected_type(self) -> TensorType[Attribute]:
        kind = tensor_type(self.result)
        element = kind.element_type
        stored = self.value.type.element_type
        try:
            storage = element_type_of_dtype(storage_dtype(element))
        except KeyError:
            raise VerifyException(f"no storage for elements of {element}") from None
        require(
            stored == (storage if is_quantized(element) else element),
            f"{self.name}: value has elements of {stored}, the result of {element}",
        )
        return tensor(element, self.value.type.get_shape())
