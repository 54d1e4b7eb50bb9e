"""
Static shapes: every symbolic size of the inputs becomes a number.

Axis 0 is taken for the batch and becomes 1; all other symbols need a number from the
user. Any axis can be given as `INPUT:AXIS`, which goes before its symbol.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import onnx

from qcc.compiler.onnx_import.loading import LARGEST_TENSOR
from qcc.compiler.onnx_import.structure import unknown_name_error
from qcc.dialects.errors import QccError


def bind_symbols(
    values: Sequence[onnx.ValueInfoProto], dimensions: Mapping[str, int]
) -> dict[str, int]:
    """
    Sizes by symbol: those of `dimensions`, and 1 for a symbol on an axis 0.

    Raises QccError for sizes below 1 and for names that no input uses.
    """
    known: dict[str, None] = {}
    for value in values:
        for axis, dim in enumerate(value.type.tensor_type.shape.dim):
            if not _is_static(dim):
                known[f"{value.name}:{axis}"] = None
                if dim.dim_param:
                    known[dim.dim_param] = None
    for name, size in dimensions.items():
        if name not in known:
            raise unknown_name_error("symbolic dimension", name, known)
        if size < 1:
            raise QccError(
                f"the dimension {name} cannot be {size}",
                why="sizes are at least 1",
                remedy=f"give --dim {name}=N with N of 1 or more",
            )
    bound = dict(dimensions)
    for value in values:
        for dim in value.type.tensor_type.shape.dim[:1]:
            if dim.dim_param and not _is_static(dim):
                bound.setdefault(dim.dim_param, 1)
    return bound


def pin_shapes(values: Iterable[onnx.ValueInfoProto], bound: Mapping[str, int]) -> None:
    """Writes the sizes of `bound` into the shapes of `values`, where they are known."""
    for value in values:
        for axis, dim in enumerate(value.type.tensor_type.shape.dim):
            if _is_static(dim):
                continue
            names = (f"{value.name}:{axis}", dim.dim_param)
            sizes = [bound[name] for name in names if name in bound]
            if sizes or axis == 0:
                dim.dim_value = sizes[0] if sizes else 1


def static_shape(value: onnx.ValueInfoProto) -> tuple[int, ...]:
    """
    The shape of an input.

    Raises QccError where a size is unknown or not positive, naming input and axis.
    """
    tensor_type = value.type.tensor_type
    kind = value.type.WhichOneof("value")
    if kind not in (None, "tensor_type"):
        raise QccError(
            f"the input {value.name!r} is not a tensor",
            tensor=value.name,
            why=f"it is of kind {kind.removesuffix('_type')}",
            remedy="cut the graph after it with --inputs",
        )
    if kind is None or not tensor_type.HasField("shape"):
        raise QccError(
            f"the input {value.name!r} has no known shape",
            tensor=value.name,
            why="the model does not declare one and it cannot be inferred",
            remedy="export the model with input shapes, or cut at another tensor",
        )
    shape: list[int] = []
    for axis, dim in enumerate(tensor_type.shape.dim):
        if not _is_static(dim):
            name = dim.dim_param or f"{value.name}:{axis}"
            raise QccError(
                f"the input {value.name!r} has the symbolic dimension {name}",
                tensor=value.name,
                why=f"the size of axis {axis} must be known when compiling",
                remedy=f"give it with --dim {name}=N",
            )
        shape.append(dim.dim_value)
    if 0 in shape or math.prod(shape) > LARGEST_TENSOR:
        raise QccError(
            f"the input {value.name!r} has the impossible shape {shape}",
            tensor=value.name,
            why="it has no elements" if 0 in shape else "it has too many elements",
            remedy="export the model with its real input shape",
        )
    return tuple(shape)


def _is_static(dim: onnx.TensorShapeProto.Dimension) -> bool:
    # Some exporters write -1 for an unknown size.
    return dim.HasField("dim_value") and dim.dim_value >= 0
