"""Resize and Upsample: any two axes, brought to the end and back."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from xdsl.ir import SSAValue

from qcc.compiler.onnx_import.known_data import per_tensor
from qcc.compiler.onnx_import.node import Node
from qcc.compiler.onnx_import.registry import onnx_op
from qcc.compiler.onnx_import.tensors import Tensor
from qcc.dialects import nn
from qcc.dialects.types import element_type_of, is_quantized, shape_of


@dataclass(frozen=True)
class _Resize:
    """What to do: output size and scale of every axis, and how."""

    sizes: tuple[int, ...]
    scales: tuple[float, ...]
    mode: str
    coordinates: str
    nearest_mode: str


def _emit(node: Node, resize: _Resize) -> Tensor:
    if resize.mode not in ("nearest", "linear"):
        raise node.error(f"its mode is {resize.mode!r}, not nearest or linear")
    if len(resize.sizes) != len(node.shape(0)) or min(resize.sizes, default=1) < 1:
        raise node.error(
            f"its input is {list(node.shape(0))} and its output {list(resize.sizes)}"
        )
    changed = {
        axis
        for axis, size in enumerate(node.shape(0))
        if resize.sizes[axis] != size or resize.scales[axis] != 1.0
    }
    if not changed:
        return node.tensor(0)
    if len(changed) > 2:
        raise node.error(f"it resizes {len(changed)} axes; two are supported")
    value = per_tensor(node, node.movable(0), node.is_unsigned(0))
    if resize.mode == "linear" and is_quantized(element_type_of(value)):
        value = node.floating(0)
    return _resized_axes(node, value, resize, changed)


def _resized_axes(
    node: Node, value: SSAValue, resize: _Resize, changed: set[int]
) -> SSAValue:
    """Makes the changed axes height and width of an image, and undoes it."""
    rank = len(shape_of(value))
    spatial = sorted(changed)
    for axis in reversed(range(rank)):
        if len(spatial) < 2 and axis not in changed:
            spatial = sorted([*spatial, axis])
    kept = [axis for axis in range(rank) if axis not in spatial]
    order = [*kept, *spatial]
    if order != list(range(rank)):
        value = node.emit(nn.TransposeOp(value, permutation=order))
    ordered = shape_of(value)
    if rank != 4:
        planes = math.prod(ordered[: len(kept)])
        image = (1, planes, *(1,) * (2 - len(spatial)), *ordered[len(kept) :])
        value = node.emit(nn.ReshapeOp(value, image))
    missing = 2 - len(spatial)
    value = node.emit(
        nn.ResizeOp(
            value,
            sizes=[1] * missing + [resize.sizes[axis] for axis in spatial],
            scales=[1.0] * missing + [resize.scales[axis] for axis in spatial],
            mode=resize.mode,
            coordinates=resize.coordinates,
            nearest_mode=resize.nearest_mode,
        )
    )
    if rank != 4:
        value = node.emit(nn.ReshapeOp(value, [resize.sizes[axis] for axis in order]))
    if order != list(range(rank)):
        back = [order.index(axis) for axis in range(rank)]
        value = node.emit(nn.TransposeOp(value, permutation=back))
    return value


def _by_scales(node: Node, scales: Sequence[float]) -> tuple[int, ...]:
    shape = node.shape(0)
    if len(scales) != len(shape) or not all(
        math.isfinite(scale) and scale > 0 for scale in scales
    ):
        raise node.error(f"its scales {list(scales)} do not fit {list(shape)}")
    # As float32, like the runtimes: 2.0999999 * 10 must not become 20.
    exact = [np.float32(n) * np.float32(s) for n, s in zip(shape, scales, strict=True)]
    return tuple(math.floor(size) for size in exact)


def _upsampled(node: Node, scales: Sequence[float]) -> Tensor:
    mode = node.text("mode", "nearest")
    # Upsample calls it linear, some exporters bilinear.
    mode = "linear" if mode == "bilinear" else mode
    sizes = _by_scales(node, scales)
    return _emit(node, _Resize(sizes, tuple(scales), mode, "asymmetric", "floor"))


def _constant_scales(node: Node, index: int) -> tuple[float, ...]:
    scales = node.constant(index, "list of scales")
    if scales.dtype != np.float32:
        raise node.error("its scales are not float32")
    return tuple(float(scale) for scale in scales.reshape(-1))


@onnx_op("Upsample", since=7, until=9)
def upsample_attribute(node: Node) -> Tensor:
    """Scales as an attribute."""
    return _upsampled(node, node.reals("scales") or ())


@onnx_op("Upsample", since=9)
def upsample(node: Node) -> Tensor:
    """Scales as an input."""
    return _upsampled(node, _constant_scales(node, 1))


@onnx_op("Resize", since=10, until=11)
def resize_scales(node: Node) -> Tensor:
    """Version 10, which is Upsample that may also shrink."""
    return _upsampled(node, _constant_scales(node, 1))


@onnx_op("Resize", since=11)
def resize(node: Node) -> Tensor:
    """By scales or to sizes, with coordinate and rounding modes."""
    mode = node.text("mode", "nearest")
    if mode not in ("nearest", "linear"):
        raise node.error(f"its mode is {mode!r}, not nearest or linear")
    sizes, scales = _sizes_and_scales(node)
    coordinates = node.text("coordinate_transformation_mode", "half_pixel")
    if coordinates not in (
        "half_pixel",
        "asymmetric",
        "align_corners",
        "pytorch_half_pixel",
    ):
        raise node.error(f"its coordinate mode is {coordinates!r}")
    if node.integer("antialias", 0) and min(scales) < 1 and mode == "linear":
        raise node.error("it shrinks with antialiasing")
    nearest_mode = node.text("nearest_mode", "round_prefer_floor")
    return _emit(node, _Resize(sizes, scales, mode, coordinates, nearest_mode))


def _sizes_and_scales(node: Node) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """Of every axis; inputs and attributes may speak of some axes only."""
    shape = node.shape(0)
    rank = len(shape)
    axes = node.normalized_axes(node.integers("axes") or range(rank), rank)
    sizes, scales = list(shape), [1.0] * rank
    if node.has(2) and node.constant(2, "list of scales").size:
        given = _constant_scales(node, 2)
        if len(given) != len(axes):
            raise node.error(f"it has {len(given)} scales for {len(axes)} axes")
        for axis, scale in zip(axes, given, strict=True):
            scales[axis] = scale
        return _by_scales(node, scales), tuple(scales)
    wanted = node.constant_integers(3, "list of sizes")
    if len(wanted) != len(axes) or min(wanted, default=0) < 1:
        raise node.error(f"its sizes {list(wanted)} do not fit {len(axes)} axes")
    policy = node.text("keep_aspect_ratio_policy", "stretch")
    ratios = [size / shape[axis] for size, axis in zip(wanted, axes, strict=True)]
    if policy in ("not_larger", "not_smaller"):
        ratio = min(ratios) if policy == "not_larger" else max(ratios)
        ratios = [ratio] * len(axes)
        wanted = tuple(math.floor(ratio * shape[axis] + 0.5) for axis in axes)
    elif policy != "stretch":
        raise node.error(f"its keep_aspect_ratio_policy is {policy!r}")
    for axis, size, ratio in zip(axes, wanted, ratios, strict=True):
        sizes[axis], scales[axis] = size, ratio
    return tuple(sizes), tuple(scales)
