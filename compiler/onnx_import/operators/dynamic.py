"""Integer products without requantization, and quantization by a measured range."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.ir import SSAValue

from qcc.compiler.onnx_import.known_data import reshaped_value
from qcc.compiler.onnx_import.node import Node
from qcc.compiler.onnx_import.operators.convolution import convolution_inputs
from qcc.compiler.onnx_import.registry import onnx_op
from qcc.compiler.onnx_import.spatial import drop_height
from qcc.dialects import nn, quant
from qcc.dialects.types import shape_of


@onnx_op("DynamicQuantizeLinear", since=11)
def dynamic_quantize_linear(node: Node) -> Sequence[SSAValue]:
    """uint8 with the scale and zero point of the input's own range."""
    op = quant.DynamicQuantizeOp(node.floating(0))
    node.emit(op)
    return op.results


@onnx_op("ConvInteger", since=10)
def conv_integer(node: Node) -> SSAValue:
    """Convolution of 8-bit integers to int32."""
    read = convolution_inputs(node, node.value(0), node.value(1))
    result = node.emit(
        quant.Conv2dIntegerOp(
            read.input,
            node.as_value(read.weight),
            node.optional(2),
            node.optional(3),
            strides=read.window.strides,
            pads=read.window.pads,
            dilations=read.window.dilations,
            groups=read.groups,
        )
    )
    return drop_height(node, result) if read.flat else result


@onnx_op("MatMulInteger", since=10)
def matmul_integer(node: Node) -> SSAValue:
    """Matrix product of 8-bit integers to int32."""
    lhs, rhs = node.shape(0), node.shape(1)
    left, right = node.value(0), node.value(1)
    if len(lhs) == 1:
        left = reshaped_value(node, left, (1, *lhs))
    if len(rhs) == 1:
        right = reshaped_value(node, right, (*rhs, 1))
    result = node.emit(
        quant.MatMulIntegerOp(left, right, node.optional(2), node.optional(3))
    )
    shape = list(shape_of(result))
    if len(rhs) == 1:
        del shape[-1]
    if len(lhs) == 1:
        del shape[-1 if len(rhs) == 1 else -2]
    if len(shape) == len(shape_of(result)):
        return result
    return node.emit(nn.ReshapeOp(result, shape))
