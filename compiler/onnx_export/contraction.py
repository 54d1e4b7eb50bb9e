"""Convolution, matrix multiplication and pooling as ONNX nodes."""

from __future__ import annotations

import numpy as np

from qcc.compiler.onnx_export.graph import GraphBuilder
from qcc.compiler.onnx_export.registry import exports
from qcc.dialects import nn
from qcc.dialects.errors import QccError
from qcc.dialects.naming import node_name
from qcc.dialects.types import (
    element_type_of,
    ints,
    rank_of,
    shape_of,
    storage_dtype,
)

_Spatial = nn.Conv2dOp | nn.ConvTranspose2dOp | nn.MaxPool2dOp | nn.AvgPool2dOp


def require_channels_first(op: _Spatial | nn.ResizeOp) -> None:
    """QccError unless the op has ONNX axis order."""
    if op.layout.data != "NCHW":
        raise QccError(
            f"{op.name} in layout {op.layout.data} cannot be written as ONNX",
            node=node_name(op),
            op=op.name,
            remedy="export before the pass to-channels-last",
        )


@exports(nn.Conv2dOp)
def conv2d(graph: GraphBuilder, op: nn.Conv2dOp) -> None:
    require_channels_first(op)
    graph.add(
        "Conv",
        graph.names_of(op.operands),
        graph.name(op.result),
        kernel_shape=shape_of(op.weight)[2:],
        strides=ints(op.strides),
        pads=ints(op.pads),
        dilations=ints(op.dilations),
        group=op.groups.value.data,
    )


@exports(nn.ConvTranspose2dOp)
def conv_transpose2d(graph: GraphBuilder, op: nn.ConvTranspose2dOp) -> None:
    require_channels_first(op)
    graph.add(
        "ConvTranspose",
        graph.names_of(op.operands),
        graph.name(op.result),
        kernel_shape=shape_of(op.weight)[2:],
        strides=ints(op.strides),
        pads=ints(op.pads),
        dilations=ints(op.dilations),
        output_padding=ints(op.output_padding),
        group=op.groups.value.data,
    )


@exports(nn.MatMulOp)
def matmul(graph: GraphBuilder, op: nn.MatMulOp) -> None:
    result = graph.name(op.result)
    if op.bias is None:
        graph.add("MatMul", graph.names_of(op.operands), result)
    elif rank_of(op.lhs) == rank_of(op.rhs) == 2:
        graph.add("Gemm", graph.names_of(op.operands), result)
    else:
        product = graph.add("MatMul", graph.names_of((op.lhs, op.rhs)))
        graph.add("Add", [product, graph.name(op.bias)], result)


@exports(nn.MaxPool2dOp)
def max_pool2d(graph: GraphBuilder, op: nn.MaxPool2dOp) -> None:
    require_channels_first(op)
    source, kernel, pads = graph.name(op.input), ints(op.kernel), ints(op.pads)
    # onnxruntime wants pads smaller than the kernel, even if that is dilated.
    if any(pad >= size for pad, size in zip(pads, (*kernel, *kernel), strict=True)):
        source = _padded_with_lowest(graph, op, pads)
        pads = (0, 0, 0, 0)
    graph.add(
        "MaxPool",
        [source],
        graph.name(op.result),
        kernel_shape=kernel,
        strides=ints(op.strides),
        pads=pads,
        dilations=ints(op.dilations),
    )


def _padded_with_lowest(
    graph: GraphBuilder, op: nn.MaxPool2dOp, pads: tuple[int, ...]
) -> str:
    dtype = storage_dtype(element_type_of(op.input))
    lowest = -np.inf if dtype.kind == "f" else np.iinfo(dtype).min
    amounts = graph.integers((0, 0, *pads[:2], 0, 0, *pads[2:]), "pads")
    value = graph.constant(np.array(lowest, dtype), "lowest")
    return graph.add("Pad", [graph.name(op.input), amounts, value])


@exports(nn.AvgPool2dOp)
def avg_pool2d(graph: GraphBuilder, op: nn.AvgPool2dOp) -> None:
    require_channels_first(op)
    graph.add(
        "AveragePool",
        graph.names_of(op.operands),
        graph.name(op.result),
        kernel_shape=ints(op.kernel),
        strides=ints(op.strides),
        pads=ints(op.pads),
        count_include_pad=int(op.count_include_pad is not None),
    )
