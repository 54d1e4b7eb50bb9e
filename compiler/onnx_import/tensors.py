"""
What an ONNX tensor name can stand for while a graph is imported, and its types.

A tensor is a numpy array when its value is known (weights, shapes), a
`QuantizedConstant` when it is a known array of integers seen through a
DequantizeLinear, and an SSA value of the IR otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnx
from xdsl.dialects.builtin import f32, i1, i8, i32, i64
from xdsl.ir import Attribute, SSAValue

from qcc.dialects.blob import ui8
from qcc.dialects.quant import UniformType
from qcc.dialects.types import Array, element_type_of, shape_of

ELEMENT_TYPES: dict[int, Attribute] = {
    onnx.TensorProto.FLOAT: f32,
    onnx.TensorProto.INT64: i64,
    onnx.TensorProto.INT32: i32,
    onnx.TensorProto.BOOL: i1,
    onnx.TensorProto.INT8: i8,
    onnx.TensorProto.UINT8: ui8,
}
"""Element types that values may have at run time, by ONNX data type."""

_ONNX_TYPES = {element: kind for kind, element in ELEMENT_TYPES.items()}


def onnx_type_name(data_type: int) -> str:
    """`FLOAT16` and the like; the number itself for types that onnx does not know."""
    try:
        return onnx.TensorProto.DataType.Name(data_type)
    except ValueError:
        return str(data_type)


@dataclass(frozen=True)
class QuantizedConstant:
    """Constant integers (storage form: i8 or i32) and how they map to real numbers."""

    stored: Array
    element_type: UniformType
    source: str
    """Name of the ONNX tensor that holds the integers."""

    @property
    def shape(self) -> tuple[int, ...]:
        return self.stored.shape

    def real(self) -> Array:
        """The float32 values: scale * (stored - zero_point)."""
        kind = self.element_type
        scales = np.asarray(kind.scales, np.float32)
        zero_points = np.asarray(kind.zero_points, np.int64)
        if kind.axis is not None:
            broadcast = [1] * self.stored.ndim
            broadcast[kind.axis] = -1
            scales = scales.reshape(broadcast)
            zero_points = zero_points.reshape(broadcast)
        return (self.stored - zero_points).astype(np.float32) * scales

    def scaled(self, factor: float) -> QuantizedConstant:
        """The real numbers times `factor` > 0; the integers stay."""
        kind = self.element_type
        scales = [scale * factor for scale in kind.scales]
        if kind.axis is None:
            scaled = UniformType.per_tensor(
                scales[0], kind.zero_point, storage=kind.storage
            )
        else:
            scaled = UniformType.per_axis(
                scales, kind.axis, kind.zero_points, storage=kind.storage
            )
        return QuantizedConstant(self.stored, scaled, self.source)

    def transposed(self, permutation: Sequence[int]) -> QuantizedConstant:
        """The same numbers with permuted axes."""
        axis = self.element_type.axis
        return QuantizedConstant(
            np.ascontiguousarray(self.stored.transpose(permutation)),
            self.element_type.with_axis(
                None if axis is None else list(permutation).index(axis)
            ),
            self.source,
        )

    def reshaped(self, shape: Sequence[int]) -> QuantizedConstant | None:
        """The same numbers in another shape; None if the scales' axis is lost."""
        axis = self.element_type.axis
        stored = self.stored.reshape(shape)
        if axis is None:
            return QuantizedConstant(stored, self.element_type, self.source)
        leading, size = int(np.prod(self.shape[:axis])), self.shape[axis]
        for new_axis in range(stored.ndim):
            same_leading = int(np.prod(stored.shape[:new_axis])) == leading
            if same_leading and stored.shape[new_axis] == size:
                return QuantizedConstant(
                    stored, self.element_type.with_axis(new_axis), self.source
                )
        return None


Tensor = Array | QuantizedConstant | SSAValue


def tensor_shape(tensor: Tensor) -> tuple[int, ...]:
    """The static shape of any kind of tensor."""
    return shape_of(tensor) if isinstance(tensor, SSAValue) else tensor.shape


def onnx_type_of(tensor: Tensor, unsigned: bool = False) -> onnx.TypeProto:
    """
    The ONNX type of a tensor, shape included.

    `unsigned`: quantized values were uint8 in the ONNX model.
    """
    if isinstance(tensor, QuantizedConstant):
        kind = onnx.TensorProto.FLOAT
    elif isinstance(tensor, SSAValue):
        element = element_type_of(tensor)
        if isinstance(element, UniformType):
            kind = onnx.TensorProto.UINT8 if unsigned else onnx.TensorProto.INT8
        else:
            kind = _ONNX_TYPES[element]
    else:
        kind = onnx.helper.np_dtype_to_tensor_dtype(tensor.dtype)
    return onnx.helper.make_tensor_type_proto(kind, tensor_shape(tensor))
