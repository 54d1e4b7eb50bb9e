"""Max and average pooling; global pooling is a reduction."""

from __future__ import annotations

from xdsl.ir import SSAValue

from qcc.compiler.onnx_import.node import Node
from qcc.compiler.onnx_import.registry import onnx_op
from qcc.compiler.onnx_import.spatial import (
    Window,
    drop_height,
    two_dimensional,
    window_of,
    with_height,
)
from qcc.dialects import nn
from qcc.dialects.types import shape_of


def _pool_window(node: Node, sizes: tuple[int, ...]) -> tuple[Window, tuple[int, ...]]:
    """The window and how much `ceil_mode` adds to the ends."""
    if len(sizes) not in (1, 2):
        raise node.error(f"only 1-D and 2-D pooling is supported, not {len(sizes)}-D")
    kernel = node.integers("kernel_shape")
    if kernel is None or len(kernel) != len(sizes) or min(kernel) < 1:
        raise node.error("its attribute kernel_shape is missing or wrong")
    window = window_of(node, sizes, kernel)
    extra = [0] * len(sizes)
    if node.integer("ceil_mode", 0):
        for axis, size in enumerate(sizes):
            begin, end = window.pads[axis], window.pads[axis + len(sizes)]
            stride = window.strides[axis]
            span = size + begin + end - window.reach(axis)
            outputs = -(-span // stride) + 1
            # A last window that would start in the end padding does not count.
            if (outputs - 1) * stride >= size + begin:
                outputs -= 1
            extra[axis] = max((outputs - 1) * stride - span, 0)
    if len(sizes) == 1:
        extra = [0, *extra]
    return two_dimensional(window), tuple(extra)


def _extended(pads: tuple[int, ...], extra: tuple[int, ...]) -> tuple[int, ...]:
    return (*pads[:2], pads[2] + extra[0], pads[3] + extra[1])


@onnx_op("MaxPool")
def max_pool(node: Node) -> SSAValue:
    """MaxPool without the Indices output."""
    if node.has_output(1):
        raise node.error("its second output, the indices of the maxima, is used")
    input = node.movable(0)
    sizes = shape_of(input)[2:]
    window, extra = _pool_window(node, sizes)
    result = node.emit(
        nn.MaxPool2dOp(
            with_height(node, input),
            kernel=window.kernel,
            strides=window.strides,
            pads=_extended(window.pads, extra),
            dilations=window.dilations,
        )
    )
    return drop_height(node, result) if len(sizes) == 1 else result


@onnx_op("AveragePool")
def average_pool(node: Node) -> SSAValue:
    """AveragePool without dilations."""
    input = node.floating(0)
    sizes = shape_of(input)[2:]
    window, extra = _pool_window(node, sizes)
    if set(window.dilations) != {1}:
        raise node.error("dilated average pooling is not supported")
    include_pad = bool(node.integer("count_include_pad", 0))
    value, pads = with_height(node, input), window.pads
    if include_pad and any(extra):
        # Declared padding counts and what ceil_mode adds does not: pad with real zeros.
        before, after = (0, 0, *pads[:2]), (0, 0, *pads[2:])
        value = node.emit(nn.PadOp(value, before=before, after=after))
        pads, include_pad = (0, 0, 0, 0), False
    result = node.emit(
        nn.AvgPool2dOp(
            value,
            kernel=window.kernel,
            strides=window.strides,
            pads=_extended(pads, extra),
            count_include_pad=include_pad,
        )
    )
    return drop_height(node, result) if len(sizes) == 1 else result


def _spatial_axes(node: Node) -> tuple[int, ...]:
    rank = len(node.shape(0))
    if rank < 3:
        raise node.error(f"its input has {rank} axes, none of them spatial")
    return tuple(range(2, rank))


@onnx_op("GlobalAveragePool")
def global_average_pool(node: Node) -> SSAValue:
    """The mean over all spatial axes."""
    return node.emit(nn.ReduceMeanOp(node.floating(0), axes=_spatial_axes(node)))


@onnx_op("GlobalMaxPool")
def global_max_pool(node: Node) -> SSAValue:
    """The maximum over all spatial axes."""
    return node.emit(nn.ReduceMaxOp(node.movable(0), axes=_spatial_axes(node)))
