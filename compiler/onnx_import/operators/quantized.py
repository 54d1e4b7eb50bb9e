"""
QuantizeLinear, DequantizeLinear and the QLinear operators.

uint8 becomes int8: 128 is taken from the stored integers and from the zero point.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx
from xdsl.dialects.builtin import f32, i8, i32
from xdsl.ir import SSAValue

from qcc.compiler.onnx_import.known_data import reshaped_value
from qcc.compiler.onnx_import.node import Node
from qcc.compiler.onnx_import.operators.convolution import emit_convolution
from qcc.compiler.onnx_import.registry import onnx_op
from qcc.compiler.onnx_import.tensors import Array, QuantizedConstant, Tensor
from qcc.dialects import nn, quant
from qcc.dialects.errors import QccError
from qcc.dialects.quant import UniformType
from qcc.dialects.types import (
    element_type_of,
    is_quantized,
    shape_of,
    storage_dtype,
)

_SHIFT = 128
"""What the uint8 and int8 forms of the same number differ by."""

_STORED = (np.dtype(np.int8), np.dtype(np.uint8), np.dtype(np.int32))


def _unsupported(node: Node, why: str) -> QccError:
    return node.error(
        why, "quantize the model to int8 or uint8, per tensor or per axis"
    )


def _type(
    node: Node,
    scale_index: int,
    dtype: np.dtype[np.generic],
    shape: Sequence[int],
    axis: int,
) -> UniformType:
    """
    The type for the scale and zero point at `scale_index` and after it.

    `dtype` is that of the integers in ONNX; `axis` counts if there are many scales.
    """
    scales = node.constant(scale_index, "scale")
    if scales.dtype != np.float32:
        raise _unsupported(node, f"its scale is of type {scales.dtype}, not float32")
    if dtype not in _STORED:
        raise _unsupported(node, f"it stores integers of type {dtype}")
    if node.integer("block_size", 0) or scales.ndim > 1:
        raise _unsupported(node, "it is quantized in blocks")
    if not np.isfinite(scales).all() or not (scales > 0).all():
        raise _unsupported(node, "its scale is not positive and finite")
    zero_points = np.zeros(scales.shape, dtype)
    if node.has(scale_index + 1):
        zero_points = node.constant(scale_index + 1, "zero point")
    if zero_points.size != scales.size or zero_points.dtype != dtype:
        raise _unsupported(node, "its zero point does not fit its scale and integers")
    shift = _SHIFT if dtype == np.uint8 else 0
    zeros = [int(zero) - shift for zero in zero_points.reshape(-1)]
    values = [float(scale) for scale in scales.reshape(-1)]
    storage = i32 if dtype == np.int32 else i8
    if scales.size == 1:
        return UniformType.per_tensor(values[0], zeros[0], storage=storage)
    axis = node.normalized_axis(axis, len(shape))
    if shape[axis] != scales.size:
        raise _unsupported(
            node, f"it has {scales.size} scales for axis {axis} of {list(shape)}"
        )
    return UniformType.per_axis(values, axis, zeros, storage=storage)


def _output_dtype(node: Node, scale_index: int) -> np.dtype[np.generic]:
    """The integers that a node quantizes to: those of its zero point, else uint8."""
    zero_point = node.known(scale_index + 1)
    if zero_point is not None:
        return zero_point.dtype
    if node.has(scale_index + 1):
        node.constant(scale_index + 1, "zero point")
    output_type = node.integer("output_dtype", 0)
    if output_type:
        return onnx.helper.tensor_dtype_to_np_dtype(output_type)
    return np.dtype(np.uint8)


def _integers(node: Node, index: int) -> np.dtype[np.generic]:
    """The integer type of input `index` in the ONNX model."""
    tensor = node.tensor(index)
    if isinstance(tensor, QuantizedConstant):
        raise node.error("its input is already dequantized")
    if not isinstance(tensor, SSAValue):
        return tensor.dtype
    element = element_type_of(tensor)
    if is_quantized(element):
        return np.dtype(np.uint8 if node.is_unsigned(index) else np.int8)
    return storage_dtype(element)


def _dequantized(node: Node, index: int, scale_index: int, axis: int) -> Tensor:
    """Input `index` as real numbers; constants keep their integers."""
    tensor, shape = node.tensor(index), node.shape(index)
    dtype = _integers(node, index)
    kind = _type(node, scale_index, dtype, shape, axis)
    if isinstance(tensor, SSAValue):
        if dtype == np.int32:
            return _dequantized_i32(node, tensor, kind)
        if element_type_of(tensor) != kind:
            # Read with other parameters than it was written with: same bits.
            stored = node.value(index)
            tensor = node.emit(quant.StorageCastOp(stored, kind))
        return node.emit(quant.DequantizeCastOp(tensor))
    assert not isinstance(tensor, QuantizedConstant)
    if tensor.size == 0:
        raise node.error("its constant input has no elements")
    return QuantizedConstant(_signed(tensor), kind, node.proto.input[index])


def _signed(array: Array) -> Array:
    if array.dtype != np.uint8:
        return array
    return (array.astype(np.int16) - _SHIFT).astype(np.int8)


def _dequantized_i32(node: Node, value: SSAValue, kind: UniformType) -> SSAValue:
    """Sums of products, as MatMulInteger makes them, times their scale."""
    if any(kind.zero_points):
        raise _unsupported(node, "its int32 input has a zero point")
    scales = np.asarray(kind.scales, np.float32)
    if kind.axis is None:
        scales = scales.reshape(())
    else:
        scales = scales.reshape(-1, *(1,) * (len(shape_of(value)) - 1 - kind.axis))
    floats = node.emit(nn.CastOp(value, f32))
    return node.emit(nn.MulOp(floats, node.constant_value(scales)))


@onnx_op("DequantizeLinear", since=10)
def dequantize_linear(node: Node) -> Tensor:
    """(integer - zero point) * scale, per tensor or per axis."""
    return _dequantized(node, 0, 1, node.integer("axis", 1))


@onnx_op("QuantizeLinear", since=10)
def quantize_linear(node: Node) -> SSAValue:
    """round(x / scale) + zero point, saturated; per tensor or per axis."""
    value = node.floating(0)
    return _quantized(node, value, 1, node.integer("axis", 1))


def _quantized(node: Node, value: SSAValue, scale_index: int, axis: int) -> SSAValue:
    dtype = _output_dtype(node, scale_index)
    if dtype == np.int32:
        raise _unsupported(node, "it quantizes to int32")
    kind = _type(node, scale_index, dtype, shape_of(value), axis)
    result = node.emit(quant.QuantizeCastOp(value, kind))
    if dtype == np.uint8:
        node.builder.mark_unsigned(result)
    return result


@onnx_op("QLinearConv", since=10)
def qlinear_conv(node: Node) -> SSAValue:
    """dequantize, convolve, quantize; the bias keeps its int32."""
    input = node.as_value(_dequantized(node, 0, 1, 1))
    weight = _dequantized(node, 3, 4, 0)
    bias = None
    if node.has(8):
        bias = node.as_value(_bias(node, weight))
    return _quantized(node, emit_convolution(node, input, weight, bias), 6, 1)


def _bias(node: Node, weight: Tensor) -> Tensor:
    """The int32 bias, whose scale is that of the input times that of the weight."""
    scales = np.float32(node.constant(1, "scale").reshape(())) * node.constant(
        4, "weight scale"
    ).reshape(-1)
    bias = node.tensor(8)
    if isinstance(bias, SSAValue):
        floats = node.emit(nn.CastOp(bias, f32))
        return node.emit(nn.MulOp(floats, node.constant_value(scales)))
    assert not isinstance(bias, QuantizedConstant)
    values = [float(scale) for scale in scales]
    if len(values) == 1:
        kind = UniformType.per_tensor(values[0], storage=i32)
    else:
        kind = UniformType.per_axis(values, 0, storage=i32)
    return QuantizedConstant(bias, kind, node.proto.input[8])


@onnx_op("QLinearMatMul", since=10)
def qlinear_matmul(node: Node) -> SSAValue:
    """dequantize, multiply, quantize; scales per tensor, or per column of b."""
    left = _dequantized(node, 0, 1, -2)
    right = _dequantized(node, 3, 4, -1)
    product = nn.MatMulOp(
        _matrix(node, left, row=True), _matrix(node, right, row=False)
    )
    result = node.emit(product)
    lhs, rhs = node.shape(0), node.shape(3)
    if len(lhs) == 1 or len(rhs) == 1:
        shape = list(shape_of(result))
        if len(rhs) == 1:
            del shape[-1]
        if len(lhs) == 1:
            del shape[-1 if len(rhs) == 1 else -2]
        result = node.emit(nn.ReshapeOp(result, shape))
    return _quantized(node, result, 6, -1)


def _matrix(node: Node, tensor: Tensor, row: bool) -> SSAValue:
    shape = tensor.shape if not isinstance(tensor, SSAValue) else shape_of(tensor)
    if len(shape) != 1:
        return node.as_value(tensor)
    return reshaped_value(node, tensor, (1, *shape) if row else (*shape, 1))
