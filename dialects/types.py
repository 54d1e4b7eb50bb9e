"""Shapes and element types of values, and the attributes that ops keep numbers in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import prod
from typing import Any, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import (
    DenseArrayBase,
    Float32Type,
    FloatAttr,
    IntegerAttr,
    IntegerType,
    TensorType,
    f32,
    i64,
)
from xdsl.ir import Attribute, Operation, SSAValue

from qcc.dialects.blob import dtype_of_element_type

Array: TypeAlias = NDArray[Any]

Operand: TypeAlias = SSAValue | Operation
"""What a constructor takes: a value, or an operation with one result."""

Shape: TypeAlias = tuple[int, ...]


def tensor_type(value: Operand) -> TensorType[Attribute]:
    """The type of a value that is known to be a tensor."""
    kind = SSAValue.get(value).type
    assert isinstance(kind, TensorType), f"expected a tensor, got {kind}"
    return cast(TensorType[Attribute], kind)


def shape_of(value: Operand) -> Shape:
    """The shape of a tensor value."""
    return tuple(tensor_type(value).get_shape())


def rank_of(value: Operand) -> int:
    """How many axes a tensor value has."""
    return len(shape_of(value))


def size_of(value: Operand) -> int:
    """How many elements a tensor value has."""
    return prod(shape_of(value))


def element_type_of(value: Operand) -> Attribute:
    """The element type of a tensor value; a `!quant.uniform` for quantized ones."""
    return tensor_type(value).element_type


def tensor(element: Attribute, shape: Iterable[int]) -> TensorType[Attribute]:
    """The tensor type of this element type and shape."""
    return TensorType(element, list(shape))


def is_quantized(element: Attribute) -> bool:
    """Whether an element type is a `!quant.uniform`."""
    # The quant dialect builds on this module.
    from qcc.dialects.quant.types import UniformType

    return isinstance(element, UniformType)


def storage_dtype(element: Attribute) -> np.dtype[Any]:
    """
    The numpy dtype that holds elements of this type; KeyError if there is none.

    A quantized element is held by its stored integers.
    """
    from qcc.dialects.quant.types import UniformType

    storage = element.storage if isinstance(element, UniformType) else element
    return dtype_of_element_type(storage)


def int_array(values: Sequence[int]) -> DenseArrayBase[IntegerType]:
    """`array<i64: ...>`"""
    return DenseArrayBase.from_list(i64, [int(value) for value in values])


def float_array(values: Sequence[float]) -> DenseArrayBase[Float32Type]:
    """`array<f32: ...>`"""
    return DenseArrayBase.from_list(f32, [float(value) for value in values])


def int_attr(value: int) -> IntegerAttr[IntegerType]:
    """`value : i64`"""
    return IntegerAttr(int(value), i64)


def float_attr(value: float) -> FloatAttr[Float32Type]:
    """`value : f32`; the value is rounded to float32."""
    return FloatAttr(float(value), f32)


def ints(attribute: DenseArrayBase[IntegerType]) -> tuple[int, ...]:
    """The numbers of `array<i64: ...>`."""
    return tuple(attribute.iter_values())


def floats(attribute: DenseArrayBase[Float32Type]) -> tuple[float, ...]:
    """The numbers of `array<f32: ...>`."""
    return tuple(attribute.iter_values())
