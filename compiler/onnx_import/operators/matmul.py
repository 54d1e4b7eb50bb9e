"""MatMul and Gemm: both become `nn.matmul`."""

from __future__ import annotations

import numpy as np
from xdsl.ir import SSAValue

from qcc.compiler.onnx_import.known_data import reshape, reshaped_value, transpose
from qcc.compiler.onnx_import.node import Node
from qcc.compiler.onnx_import.registry import onnx_op
from qcc.compiler.onnx_import.tensors import QuantizedConstant, Tensor, tensor_shape
from qcc.dialects import nn
from qcc.dialects.types import shape_of


@onnx_op("MatMul")
def matmul(node: Node) -> Tensor:
    """numpy.matmul; 1-D operands get an axis of size 1 that the result loses."""
    lhs, rhs = node.shape(0), node.shape(1)
    if not lhs or not rhs:
        raise node.error("an operand is a scalar")
    left = node.floating(0)
    if len(lhs) == 1:
        left = reshaped_value(node, left, (1, *lhs))
    if len(rhs) == 1:
        right = reshaped_value(node, node.tensor(1), (*rhs, 1))
    else:
        right = node.floating(1)
    result = node.emit(nn.MatMulOp(left, right))
    shape = list(shape_of(result))
    if len(rhs) == 1:
        del shape[-1]
    if len(lhs) == 1:
        del shape[-1 if len(rhs) == 1 else -2]
    return reshape(node, result, shape)


@onnx_op("Gemm", since=7)
def gemm(node: Node) -> SSAValue:
    """alpha A' B' + beta C, with constants transposed and scaled now."""
    alpha, beta = node.real("alpha", 1.0), node.real("beta", 1.0)
    if len(node.shape(0)) != 2 or len(node.shape(1)) != 2:
        raise node.error("its operands are not matrices")
    left = node.floating(0)
    if node.integer("transA", 0):
        left = node.as_value(transpose(node, left, (1, 0)))
    right, alpha = _scaled(node.tensor(1), alpha)
    if node.integer("transB", 0):
        right = transpose(node, right, (1, 0))
    if right is node.tensor(1):
        right = node.floating(1)
    addend, beta = (node.tensor(2), beta) if node.has(2) else (None, 0.0)
    bias = None
    if addend is not None and beta != 0.0 and alpha == 1.0:
        bias = _bias(node, addend, beta, tensor_shape(right)[1])
    result = node.emit(nn.MatMulOp(left, node.as_value(right), bias))
    result = _times(node, result, alpha)
    if addend is None or bias is not None or beta == 0.0:
        return result
    return node.emit(nn.AddOp(result, _times(node, node.floating(2), beta)))


def _scaled(weight: Tensor, alpha: float) -> tuple[Tensor, float]:
    """alpha * weight if that is known now, and the factor that remains."""
    if alpha == 1.0 or isinstance(weight, SSAValue):
        return weight, alpha
    if isinstance(weight, QuantizedConstant):
        return (weight.scaled(alpha), 1.0) if alpha > 0 else (weight, alpha)
    return (weight * np.float32(alpha)).astype(weight.dtype), 1.0


def _bias(node: Node, addend: Tensor, beta: float, outputs: int) -> SSAValue | None:
    """`beta * addend` as a vector of `outputs`, None if it is not one."""
    shape = tensor_shape(addend)
    if isinstance(addend, SSAValue) or (
        isinstance(addend, QuantizedConstant) and beta != 1.0
    ):
        return None
    if shape == (outputs,):
        if beta == 1.0:
            return node.floating(2)
    elif shape in ((1, outputs), (1,), (1, 1), ()):
        if isinstance(addend, QuantizedConstant):
            if shape != (1, outputs):
                return None
            return reshaped_value(node, addend, (outputs,))
        addend = np.broadcast_to(addend.reshape(-1), (outputs,))
    else:
        return None
    assert not isinstance(addend, QuantizedConstant)
    return node.constant_value((addend * np.float32(beta)).astype(addend.dtype))


def _times(node: Node, value: SSAValue, factor: float) -> SSAValue:
    if factor == 1.0:
        return value
    return node.emit(nn.MulOp(value, node.scalar(factor)))
