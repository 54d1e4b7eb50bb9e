"""
Result shapes, as functions of shapes and plain numbers.

Each raises VerifyException with a message that names what is wrong. The quantized ops
use the same functions, so that an op and its quantized form agree.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from xdsl.dialects.builtin import AnyFloat, IntegerType, TensorType
from xdsl.ir import Attribute
from xdsl.utils.exceptions import VerifyException

from qcc.dialects.types import Shape

LAYOUTS = ("NCHW", "NHWC")


def require(condition: bool, message: str) -> None:
    """VerifyException with `message` unless `condition` holds."""
    if not condition:
        raise VerifyException(message)


def static_shape(kind: TensorType[Attribute], what: str) -> Shape:
    """The shape of a tensor type, whose sizes must all be known."""
    shape = tuple(kind.get_shape())
    require(all(size >= 0 for size in shape), f"{what} must have a static shape")
    return shape


def require_float(kind: TensorType[Attribute], what: str) -> None:
    """Elements must be floats."""
    require(
        isinstance(kind.element_type, AnyFloat),
        f"{what} must have float elements, got {kind.element_type}",
    )


def require_number(kind: TensorType[Attribute], what: str) -> None:
    """Elements must be floats or integers, not quantized ones."""
    require(
        isinstance(kind.element_type, AnyFloat | IntegerType),
        f"{what} must have float or integer elements, got {kind.element_type}",
    )


def require_same_elements(
    first: TensorType[Attribute], second: TensorType[Attribute], what: str
) -> None:
    """Two tensors must have the same element type."""
    require(
        first.element_type == second.element_type,
        f"{what} must have equal element types, "
        f"got {first.element_type} and {second.element_type}",
    )


def require_rank(shape: Shape, rank: int, what: str) -> None:
    """A shape must have `rank` axes."""
    require(len(shape) == rank, f"{what} must have rank {rank}, got {list(shape)}")


def require_axis(axis: int, rank: int, what: str = "axis") -> None:
    """An axis must be non-negative and below the rank."""
    require(0 <= axis < rank, f"{what} {axis} is out of range for rank {rank}")


def require_length(values: Sequence[object], length: int, what: str) -> None:
    """An array property must have `length` entries."""
    require(
        len(values) == length,
        f"{what} must have {length} entries, got {list(values)}",
    )


def require_positive(values: Sequence[float], what: str) -> None:
    """All entries must be above 0."""
    require(all(v > 0 for v in values), f"{what} must be > 0, got {list(values)}")


def require_non_negative(values: Sequence[float], what: str) -> None:
    """All entries must be at least 0."""
    require(all(v >= 0 for v in values), f"{what} must be >= 0, got {list(values)}")


def require_layout(layout: str) -> None:
    """The layout must be a known one."""
    require(layout in LAYOUTS, f'layout must be "NCHW" or "NHWC", got "{layout}"')


def split_layout(shape: Shape, layout: str) -> tuple[int, int, int, int]:
    """Batch, channels, height and width of an activation's shape."""
    require_layout(layout)
    require_rank(shape, 4, "input")
    if layout == "NHWC":
        return shape[0], shape[3], shape[1], shape[2]
    return shape[0], shape[1], shape[2], shape[3]


def join_layout(
    batch: int, channels: int, height: int, width: int, layout: str
) -> Shape:
    """The inverse of `split_layout`."""
    if layout == "NHWC":
        return (batch, height, width, channels)
    return (batch, channels, height, width)


def require_window(
    strides: Sequence[int], pads: Sequence[int], dilations: Sequence[int]
) -> None:
    """What convolutions and pooling ask of their window properties."""
    require_length(strides, 2, "strides")
    require_length(pads, 4, "pads")
    require_length(dilations, 2, "dilations")
    require_positive(strides, "strides")
    require_positive(dilations, "dilations")
    require_non_negative(pads, "pads")


def window_size(
    size: int, kernel: int, stride: int, before: int, after: int, dilation: int
) -> int:
    """How many windows fit along one axis."""
    extent = dilation * (kernel - 1) + 1
    padded = size + before + after
    require(
        padded >= extent,
        f"a window of {extent} does not fit in {size} + padding ({before}, {after})",
    )
    return (padded - extent) // stride + 1


def conv2d_shape(
    input: Shape,
    weight: Shape,
    *,
    strides: Sequence[int],
    pads: Sequence[int],
    dilations: Sequence[int],
    groups: int,
    layout: str,
) -> Shape:
    """Shape of a convolution; `weight` is O, C/groups, KH, KW in both layouts."""
    batch, channels, height, width = split_layout(input, layout)
    require_rank(weight, 4, "weight")
    require_window(strides, pads, dilations)
    outputs, group_channels, kernel_height, kernel_width = weight
    require(groups > 0, f"groups must be > 0, got {groups}")
    require(
        channels % groups == 0 and outputs % groups == 0,
        f"groups {groups} must divide the {channels} input and {outputs} output "
        "channels",
    )
    require(
        group_channels == channels // groups,
        f"weight must have {channels} / {groups} = {channels // groups} input "
        f"channels, got {group_channels}",
    )
    top, left, bottom, right = pads
    return join_layout(
        batch,
        outputs,
        window_size(height, kernel_height, strides[0], top, bottom, dilations[0]),
        window_size(width, kernel_width, strides[1], left, right, dilations[1]),
        layout,
    )


def conv_transpose2d_shape(
    input: Shape,
    weight: Shape,
    *,
    strides: Sequence[int],
    pads: Sequence[int],
    dilations: Sequence[int],
    groups: int,
    output_padding: Sequence[int],
    layout: str,
) -> Shape:
    """Shape of a transposed convolution; `weight` is C, O/groups, KH, KW."""
    batch, channels, height, width = split_layout(input, layout)
    require_rank(weight, 4, "weight")
    require_window(strides, pads, dilations)
    require_length(output_padding, 2, "output_padding")
    require_non_negative(output_padding, "output_padding")
    weight_channels, group_outputs, kernel_height, kernel_width = weight
    require(groups > 0, f"groups must be > 0, got {groups}")
    require(
        channels % groups == 0,
        f"groups {groups} must divide the {channels} input channels",
    )
    require(
        weight_channels == channels,
        f"weight must have {channels} input channels, got {weight_channels}",
    )
    sizes: list[int] = []
    for axis, (size, kernel) in enumerate(
        ((height, kernel_height), (width, kernel_width))
    ):
        full = (size - 1) * strides[axis] + dilations[axis] * (kernel - 1) + 1
        size = full - pads[axis] - pads[axis + 2] + output_padding[axis]
        require(size > 0, f"the padding {list(pads)} leaves no output")
        sizes.append(size)
    channels = group_outputs * groups
    return join_layout(batch, channels, sizes[0], sizes[1], layout)


def pool2d_shape(
    input: Shape,
    *,
    kernel: Sequence[int],
    strides: Sequence[int],
    pads: Sequence[int],
    dilations: Sequence[int],
    layout: str,
) -> Shape:
    """Shape of a pooling; every window must hold an element of the input."""
    batch, channels, height, width = split_layout(input, layout)
    require_length(kernel, 2, "kernel")
    require_positive(kernel, "kernel")
    require_window(strides, pads, dilations)
    for axis in range(2):
        extent = dilations[axis] * (kernel[axis] - 1) + 1
        require(
            max(pads[axis], pads[axis + 2]) < extent,
            f"pads {list(pads)} must be smaller than the window of {extent}",
        )
    top, left, bottom, right = pads
    return join_layout(
        batch,
        channels,
        window_size(height, kernel[0], strides[0], top, bottom, dilations[0]),
        window_size(width, kernel[1], strides[1], left, right, dilations[1]),
        layout,
    )


def broadcast_shape(*shapes: Shape) -> Shape:
    """numpy's broadcasting."""
    try:
        return tuple(np.broadcast_shapes(*shapes))
    except ValueError:
        text = " and ".join(str(list(shape)) for shape in shapes)
        raise VerifyException(f"shapes {text} do not broadcast") from None


def matmul_shape(lhs: Shape, rhs: Shape) -> Shape:
    """numpy.matmul for operands of rank 2 and more."""
    for shape in (lhs, rhs):
        require(len(shape) >= 2, f"operands must have rank >= 2, got {list(shape)}")
    *lhs_batch, rows, depth = lhs
    *rhs_batch, rhs_depth, columns = rhs
    require(
        depth == rhs_depth, f"inner sizes of {list(lhs)} and {list(rhs)} must be equal"
    )
    batch = broadcast_shape(tuple(lhs_batch), tuple(rhs_batch))
    return (*batch, rows, columns)


def reduced_shape(input: Shape, axes: Sequence[int]) -> Shape:
    """The shape with `axes` (sorted, non-negative, no repeats) set to 1."""
    for axis in axes:
        require_axis(axis, len(input), "axes:")
    require(list(axes) == sorted(set(axes)), f"axes must be sorted, got {list(axes)}")
    return tuple(1 if axis in axes else size for axis, size in enumerate(input))


def slice_shape_check(
    input: Shape, sizes: Shape, starts: Sequence[int], steps: Sequence[int]
) -> None:
    """Every element that a slice takes must be inside of the input."""
    rank = len(input)
    require_length(sizes, rank, "sizes")
    require_length(starts, rank, "starts")
    require_length(steps, rank, "steps")
    for axis, (size, start, step) in enumerate(zip(sizes, starts, steps, strict=True)):
        require(step != 0, "steps must not be 0")
        if size == 0:
            continue
        last = start + (size - 1) * step
        require(
            0 <= start < input[axis] and 0 <= last < input[axis],
            f"slice from {start} to {last} leaves axis {axis} of size {input[axis]}",
        )
