"""Data movement: shapes, parts, joins, padding, resizing."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from qcc.training.onnx_writer import Ref, Writer
from qcc.training.operators.registry import operation
from qcc.training.tracing import TensorInfo


@operation(torch.flatten, torch.reshape, torch.squeeze, torch.unsqueeze)
@operation("flatten", "reshape", "view", "squeeze", "unsqueeze")
def reshape(writer: Writer, info: TensorInfo, x: Ref, *_: Any, **unused: Any) -> Ref:
    """Reshape to the shape that torch has found"""
    if info.shape == x.shape:
        return x
    shape = writer.constant(info.shape, np.int64)
    return writer.add("Reshape", [x, shape], info.shape, dtype=info.dtype)


@operation(torch.permute, "permute")
def permute(writer: Writer, info: TensorInfo, x: Ref, *dims: Any) -> Ref:
    """Transpose"""
    order = dims if isinstance(dims[0], int) else dims[0]
    order = [axis % len(x.shape) for axis in order]
    return writer.add("Transpose", [x], info.shape, perm=order)


@operation(torch.transpose, "transpose")
def transpose(writer: Writer, info: TensorInfo, x: Ref, dim0: int, dim1: int) -> Ref:
    """Transpose of two axes"""
    order = list(range(len(x.shape)))
    order[dim0], order[dim1] = order[dim1], order[dim0]
    return writer.add("Transpose", [x], info.shape, perm=order)


@operation(torch.cat, torch.concat)
def concat(
    writer: Writer, info: TensorInfo, tensors: Sequence[Ref], dim: int = 0
) -> Ref:
    """Concat"""
    return writer.add("Concat", list(tensors), info.shape, axis=dim % len(info.shape))


@operation(torch.chunk, torch.split, "chunk", "split")
def split(
    writer: Writer, info: Sequence[TensorInfo], x: Ref, _: Any, dim: int = 0
) -> tuple[Ref, ...]:
    """A Slice per part"""
    axis, start = dim % len(x.shape), 0
    parts: list[Ref] = []
    for index, part in enumerate(info):
        stop = start + part.shape[axis]
        bounds = [writer.constant([v], np.int64) for v in (start, stop, axis)]
        ref = Ref("", part.shape, x.dtype)
        parts.append(writer.part(index, ref, "Slice", [writer.read(x), *bounds]))
        start = stop
    return tuple(parts)


@operation(operator.getitem)
def getitem(writer: Writer, info: TensorInfo, x: Any, index: Any) -> Ref:
    """A part of several results, or a Slice with numbers and slices"""
    if not isinstance(x, Ref):
        return x[index]
    indices = list(index) if isinstance(index, tuple) else [index]
    if Ellipsis in indices:
        at = indices.index(Ellipsis)
        missing = len(x.shape) - len(indices) + 1
        indices[at : at + 1] = [slice(None)] * missing
    starts: list[int] = []
    stops: list[int] = []
    steps: list[int] = []
    for size, part in zip(x.shape, indices, strict=False):
        if isinstance(part, int):
            part = slice(part % size, part % size + 1)
        if not isinstance(part, slice):
            raise writer.error(f"its index is {part!r}", "use numbers and slices")
        start, stop, step = part.indices(size)
        starts, stops, steps = [*starts, start], [*stops, stop], [*steps, step]
    constants = [
        writer.constant(values, np.int64)
        for values in (starts, stops, list(range(len(starts))), steps)
    ]
    sizes = [len(range(*b)) for b in zip(starts, stops, steps, strict=True)]
    shape = (*sizes, *x.shape[len(sizes) :])
    if shape == info.shape:
        return writer.add("Slice", [x, *constants], shape)
    sliced = writer.add("Slice", [x, *constants], shape, last=False)
    return reshape(writer, info, sliced)


@operation(functional.pad)
def pad(
    writer: Writer,
    info: TensorInfo,
    x: Ref,
    pad: Sequence[int],
    mode: str = "constant",
    value: float | None = None,
) -> Ref:
    """Pad; torch counts from the last axis"""
    if mode not in ("constant", "reflect", "replicate"):
        raise writer.error(f"its mode is {mode!r}", "use constant, reflect, replicate")
    rank = len(x.shape)
    before, after = [0] * rank, [0] * rank
    for index in range(len(pad) // 2):
        before[rank - 1 - index] = pad[2 * index]
        after[rank - 1 - index] = pad[2 * index + 1]
    inputs: list[Ref | str] = [x, writer.constant([*before, *after], np.int64)]
    if mode == "constant":
        inputs.append(writer.constant(value or 0.0, np.float32))
    names = {"replicate": "edge"}
    return writer.add("Pad", inputs, info.shape, mode=names.get(mode, mode))


@operation(functional.interpolate)
def interpolate(
    writer: Writer,
    info: TensorInfo,
    input: Ref,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    **unused: Any,
) -> Ref:
    """Resize to the sizes that torch has found"""
    if mode not in ("nearest", "bilinear"):
        raise writer.error(f"its mode is {mode!r}", "use nearest or bilinear")
    sizes = writer.constant(info.shape, np.int64)
    if mode == "nearest":
        coordinates, rounding = "asymmetric", "floor"
    else:
        rounding = None
        coordinates = "align_corners" if align_corners else "half_pixel"
    return writer.add(
        "Resize",
        [input, "", "", sizes],
        info.shape,
        mode="nearest" if mode == "nearest" else "linear",
        nearest_mode=rounding,
        coordinate_transformation_mode=coordinates,
    )
