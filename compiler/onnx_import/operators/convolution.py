"""Conv and ConvTranspose; one-dimensional ones become two-dimensional of height 1."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.ir import SSAValue

from qcc.compiler.onnx_import.known_data import reshape, reshaped_value
from qcc.compiler.onnx_import.node import Node
from qcc.compiler.onnx_import.registry import onnx_op
from qcc.compiler.onnx_import.spatial import (
    Window,
    drop_height,
    two_dimensional,
    window_of,
    with_height,
)
from qcc.compiler.onnx_import.tensors import Tensor, tensor_shape
from qcc.dialects import nn
from qcc.dialects.types import shape_of


@dataclass(frozen=True)
class ConvolutionInputs:
    """What all convolutions read, already in two spatial dimensions."""

    input: SSAValue
    weight: Tensor
    window: Window
    groups: int
    flat: bool
    """Whether the node is one-dimensional and its result must lose its height."""


def convolution_inputs(
    node: Node, input: SSAValue, weight: Tensor
) -> ConvolutionInputs:
    """Reads the attributes of a Conv-like node; errors for 3-D and wrong shapes."""
    rank = len(shape_of(input))
    if rank not in (3, 4) or len(tensor_shape(weight)) != rank:
        raise node.error(
            f"its input has shape {list(shape_of(input))} and its weight "
            f"{list(tensor_shape(weight))}; only 1-D and 2-D convolution is supported"
        )
    groups = node.integer("group", 1)
    if groups < 1:
        raise node.error(f"its attribute group is {groups}")
    window = window_of(node, shape_of(input)[2:], tensor_shape(weight)[2:])
    weight_shape = tensor_shape(weight)
    if rank == 3:
        weight_shape = (*weight_shape[:2], 1, weight_shape[2])
    return ConvolutionInputs(
        with_height(node, input),
        reshape(node, weight, weight_shape),
        two_dimensional(window),
        groups,
        rank == 3,
    )


def emit_convolution(
    node: Node, input: SSAValue, weight: Tensor, bias: SSAValue | None
) -> SSAValue:
    """`nn.conv2d` for a Conv-like node with float operands."""
    read = convolution_inputs(node, input, weight)
    result = node.emit(
        nn.Conv2dOp(
            read.input,
            node.as_value(read.weight),
            bias,
            strides=read.window.strides,
            pads=read.window.pads,
            dilations=read.window.dilations,
            groups=read.groups,
        )
    )
    return drop_height(node, result) if read.flat else result


@onnx_op("Conv")
def conv(node: Node) -> SSAValue:
    """Conv: 1-D and 2-D, any auto_pad and group."""
    weight = node.tensor(1)
    if len(tensor_shape(weight)) == 4:
        # Kept under its own name.
        weight = node.floating(1)
    return emit_convolution(node, node.floating(0), weight, _bias(node))


@onnx_op("ConvTranspose")
def conv_transpose(node: Node) -> SSAValue:
    """ConvTranspose: 1-D and 2-D, any auto_pad, output_shape, output_padding."""
    input, weight = node.floating(0), node.tensor(1)
    read = convolution_inputs(node, input, weight)
    window, output_padding = _transposed_window(node, shape_of(input)[2:], read)
    result = node.emit(
        nn.ConvTranspose2dOp(
            read.input,
            node.as_value(read.weight),
            _bias(node),
            strides=window.strides,
            pads=window.pads,
            dilations=window.dilations,
            groups=read.groups,
            output_padding=output_padding,
        )
    )
    return drop_height(node, result) if read.flat else result


def _bias(node: Node) -> SSAValue | None:
    if not node.has(2):
        return None
    bias = node.floating(2)
    return reshaped_value(node, bias, (shape_of(bias)[0],)) if shape_of(bias) else bias


def _transposed_window(
    node: Node, sizes: tuple[int, ...], read: ConvolutionInputs
) -> tuple[Window, tuple[int, int]]:
    """Pads (which crop the result) and output padding from all that can define them."""
    window = read.window
    extra = node.integers("output_padding") or (0,) * len(sizes)
    wanted = node.integers("output_shape")
    auto_pad = node.text("auto_pad", "NOTSET")
    if len(extra) != len(sizes):
        raise node.error("its attribute output_padding has the wrong length")
    if read.flat:
        sizes, extra = (1, *sizes), (0, *extra)
        wanted = None if wanted is None else (1, wanted[-1])
    if wanted is None and auto_pad.startswith("SAME"):
        wanted = tuple(s * n for s, n in zip(window.strides, sizes, strict=True))
    if wanted is None:
        return window, (extra[0], extra[1])
    if len(wanted) < 2:
        raise node.error("its attribute output_shape has the wrong length")
    begins: list[int] = []
    ends: list[int] = []
    paddings: list[int] = []
    for axis, size in enumerate(wanted[-2:]):
        full = (
            window.strides[axis] * (sizes[axis] - 1)
            + extra[axis]
            + (window.kernel[axis] - 1) * window.dilations[axis]
            + 1
        )
        total = max(full - size, 0)
        paddings.append(extra[axis] + max(size - full, 0))
        begin = total // 2 if auto_pad == "SAME_UPPER" else total - total // 2
        begins.append(begin)
        ends.append(total - begin)
    pads = (*begins, *ends)
    fixed = Window(window.kernel, window.strides, pads, window.dilations)
    return fixed, (paddings[0], paddings[1])
