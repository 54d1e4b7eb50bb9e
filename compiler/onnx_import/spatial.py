"""Windows over spatial axes: strides, pads, dilations, auto_pad; 1-D seen as 2-D."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.ir import SSAValue

from qcc.compiler.onnx_import.node import Node
from qcc.dialects import nn
from qcc.dialects.types import shape_of


@dataclass(frozen=True)
class Window:
    """One number per spatial axis; `pads` has all begins, then all ends."""

    kernel: tuple[int, ...]
    strides: tuple[int, ...]
    pads: tuple[int, ...]
    dilations: tuple[int, ...]

    def reach(self, axis: int) -> int:
        """How many positions the dilated kernel spans."""
        return (self.kernel[axis] - 1) * self.dilations[axis] + 1


def window_of(node: Node, sizes: Sequence[int], kernel: Sequence[int]) -> Window:
    """
    The window of a Conv or pool node over axes of `sizes`.

    Raises QccError for attributes of the wrong length or value.
    """
    rank = len(sizes)
    given = node.integers("kernel_shape")
    if given is not None and given != tuple(kernel):
        raise node.error(
            f"its kernel_shape is {list(given)}, but its weight is {list(kernel)}"
        )
    strides = _positive(node, "strides", rank)
    dilations = _positive(node, "dilations", rank)
    pads = node.integers("pads") or (0,) * (2 * rank)
    if len(pads) != 2 * rank or min(pads) < 0:
        raise node.error(f"its attribute pads is {list(pads)}")
    window = Window(tuple(kernel), strides, pads, dilations)
    auto_pad = node.text("auto_pad", "NOTSET")
    if auto_pad == "VALID":
        pads = (0,) * (2 * rank)
    elif auto_pad in ("SAME_UPPER", "SAME_LOWER"):
        pads = _same_pads(window, sizes, upper=auto_pad == "SAME_UPPER")
    elif auto_pad not in ("NOTSET", ""):
        raise node.error(f"its attribute auto_pad is {auto_pad!r}")
    return Window(tuple(kernel), strides, pads, dilations)


def _positive(node: Node, name: str, rank: int) -> tuple[int, ...]:
    values = node.integers(name) or (1,) * rank
    if len(values) != rank or min(values) < 1:
        raise node.error(f"its attribute {name} is {list(values)}")
    return values


def _same_pads(window: Window, sizes: Sequence[int], upper: bool) -> tuple[int, ...]:
    begins: list[int] = []
    ends: list[int] = []
    for axis, size in enumerate(sizes):
        stride = window.strides[axis]
        outputs = -(-size // stride)
        total = max((outputs - 1) * stride + window.reach(axis) - size, 0)
        begin = total // 2 if upper else total - total // 2
        begins.append(begin)
        ends.append(total - begin)
    return (*begins, *ends)


def two_dimensional(window: Window) -> Window:
    """A 1-D window as one of height 1."""
    if len(window.kernel) == 2:
        return window
    return Window(
        (1, *window.kernel),
        (1, *window.strides),
        (0, window.pads[0], 0, window.pads[1]),
        (1, *window.dilations),
    )


def with_height(node: Node, value: SSAValue) -> SSAValue:
    """[N, C, L] as [N, C, 1, L]; four axes stay as they are."""
    shape = shape_of(value)
    if len(shape) == 4:
        return value
    return node.emit(nn.ReshapeOp(value, (*shape[:2], 1, shape[2])))


def drop_height(node: Node, value: SSAValue) -> SSAValue:
    """[N, C, 1, L] as [N, C, L]."""
    shape = shape_of(value)
    return node.emit(nn.ReshapeOp(value, (*shape[:2], shape[3])))
