"""
Reshape and transpose of any tensor: what is known is changed now, else by an op.

Weights so keep being constants (and quantized weights keep their integers) when an
importer function wants them in another shape or order.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from xdsl.ir import SSAValue

from qcc.compiler.onnx_import.node import Node
from qcc.compiler.onnx_import.tensors import QuantizedConstant, Tensor, tensor_shape
from qcc.dialects import nn, quant
from qcc.dialects.types import element_type_of, is_quantized


def per_tensor(node: Node, value: SSAValue, unsigned: bool) -> SSAValue:
    """`value`, as storage integers if its scales belong to an axis that would move."""
    kind = element_type_of(value)
    if isinstance(kind, quant.UniformType) and kind.axis is not None:
        return node.to_storage(value, unsigned)
    return value


def reshape(node: Node, tensor: Tensor, shape: Sequence[int]) -> Tensor:
    """`tensor` in another shape of as many elements."""
    shape = tuple(shape)
    if tensor_shape(tensor) == shape:
        return tensor
    if isinstance(tensor, QuantizedConstant):
        known = tensor.reshaped(shape)
        if known is not None:
            return known
    elif not isinstance(tensor, SSAValue):
        return tensor.reshape(shape)
    return node.emit(nn.ReshapeOp(node.as_value(tensor), shape))


def transpose(node: Node, tensor: Tensor, permutation: Sequence[int]) -> Tensor:
    """`tensor` with its axes in another order."""
    if list(permutation) == list(range(len(permutation))):
        return tensor
    if isinstance(tensor, QuantizedConstant):
        return tensor.transposed(permutation)
    if not isinstance(tensor, SSAValue):
        return np.ascontiguousarray(tensor.transpose(permutation))
    return node.emit(nn.TransposeOp(tensor, permutation=tuple(permutation)))


def reshaped_value(node: Node, tensor: Tensor, shape: Sequence[int]) -> SSAValue:
    """`reshape` as a value."""
    return node.as_value(reshape(node, tensor, shape))


def is_quantized_value(tensor: Tensor) -> bool:
    """Whether `tensor` is a run-time value of quantized elements."""
    return isinstance(tensor, SSAValue) and is_quantized(element_type_of(tensor))
