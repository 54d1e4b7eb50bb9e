"""Constants, and ops that move, choose or index elements, as ONNX nodes."""

from __future__ import annotations

import numpy as np
from onnx import TensorProto

from qcc.compiler.onnx_export.contraction import require_channels_first
from qcc.compiler.onnx_export.graph import GraphBuilder, onnx_element_type
from qcc.compiler.onnx_export.registry import exports
from qcc.dialects import nn
from qcc.dialects.quant import UniformType
from qcc.dialects.reference.numbers import quantize_to
from qcc.dialects.types import (
    element_type_of,
    floats,
    ints,
    shape_of,
    storage_dtype,
)


@exports(nn.ConstantOp)
def constant(graph: GraphBuilder, op: nn.ConstantOp) -> None:
    graph.initializer(op.array(), graph.name(op.result))


@exports(nn.ReshapeOp)
def reshape(graph: GraphBuilder, op: nn.ReshapeOp) -> None:
    shape = shape_of(op.result)
    names = [graph.name(op.input), graph.integers(shape, "shape")]
    # Without `allowzero` a 0 means "as in the input".
    allow_zero = 1 if 0 in shape else None
    graph.add("Reshape", names, graph.name(op.result), allowzero=allow_zero)


@exports(nn.ExpandOp)
def expand(graph: GraphBuilder, op: nn.ExpandOp) -> None:
    shape = graph.integers(shape_of(op.result), "shape")
    graph.add("Expand", [graph.name(op.input), shape], graph.name(op.result))


@exports(nn.TransposeOp)
def transpose(graph: GraphBuilder, op: nn.TransposeOp) -> None:
    source, result = graph.name(op.input), graph.name(op.result)
    graph.add("Transpose", [source], result, perm=ints(op.permutation))


@exports(nn.ConcatOp)
def concat(graph: GraphBuilder, op: nn.ConcatOp) -> None:
    sources, result = graph.names_of(op.operands), graph.name(op.result)
    graph.add("Concat", sources, result, axis=op.axis.value.data)


@exports(nn.SliceOp)
def slice_(graph: GraphBuilder, op: nn.SliceOp) -> None:
    starts, steps = ints(op.starts), ints(op.steps)
    shape = shape_of(op.input)
    ends: list[int] = []
    for start, step, size, length in zip(
        starts, steps, shape_of(op.result), shape, strict=True
    ):
        end = start + size * step
        # A negative end counts from the back; -length - 1 is clamped to before 0.
        ends.append(end if end >= 0 else -length - 1)
    names = [
        graph.name(op.input),
        graph.integers(starts, "starts"),
        graph.integers(ends, "ends"),
        graph.integers(range(len(shape)), "axes"),
        graph.integers(steps, "steps"),
    ]
    graph.add("Slice", names, graph.name(op.result))


@exports(nn.GatherOp)
def gather(graph: GraphBuilder, op: nn.GatherOp) -> None:
    sources, result = graph.names_of(op.operands), graph.name(op.result)
    graph.add("Gather", sources, result, axis=op.axis.value.data)


@exports(nn.PadOp)
def pad(graph: GraphBuilder, op: nn.PadOp) -> None:
    pads = [*ints(op.before), *ints(op.after)]
    names = [graph.name(op.input), graph.integers(pads, "pads")]
    if op.mode.data == "constant":
        element = element_type_of(op.input)
        value = np.array(op.value.value.data, np.float32)
        if isinstance(element, UniformType):
            value = quantize_to(value, element)
        names.append(graph.constant(value.astype(storage_dtype(element)), "padding"))
    graph.add("Pad", names, graph.name(op.result), mode=op.mode.data)


@exports(nn.ResizeOp)
def resize(graph: GraphBuilder, op: nn.ResizeOp) -> None:
    require_channels_first(op)
    sizes = shape_of(op.result)
    ratios = np.array(sizes[2:], np.float32) / np.array(shape_of(op.input)[2:])
    scales = np.array(floats(op.scales), np.float32)
    names = [graph.name(op.input), "", "", ""]
    # ONNX takes one or the other; sizes imply their ratio as scales.
    if np.array_equal(ratios.astype(np.float32), scales):
        names[3] = graph.integers(sizes, "sizes")
    else:
        names[2] = graph.constant(np.append(np.ones(2, np.float32), scales), "scales")
    graph.add(
        "Resize",
        names,
        graph.name(op.result),
        mode=op.mode.data,
        coordinate_transformation_mode=op.coordinates.data,
        nearest_mode=op.nearest_mode.data,
    )


@exports(nn.CastOp)
def cast(graph: GraphBuilder, op: nn.CastOp) -> None:
    target = onnx_element_type(element_type_of(op.result))
    graph.add("Cast", [graph.name(op.input)], graph.name(op.result), to=target)


@exports(nn.OneHotOp)
def one_hot(graph: GraphBuilder, op: nn.OneHotOp) -> None:
    # onnxruntime has int64 indices with float32 and int64 values only.
    dtype = storage_dtype(element_type_of(op.result))
    through = np.int64 if dtype == np.int64 else np.float32
    values = np.array([op.off.value.data, op.on.value.data]).astype(through)
    depth = np.array(op.depth.value.data, np.int64)
    names = [
        graph.add("Cast", [graph.name(op.indices)], to=TensorProto.INT64),
        graph.constant(depth, "depth"),
        graph.constant(values, "off_on"),
    ]
    axis, result = op.axis.value.data, graph.name(op.result)
    if dtype == through:
        graph.add("OneHot", names, result, axis=axis)
    else:
        chosen = graph.add("OneHot", names, axis=axis)
        target = onnx_element_type(element_type_of(op.result))
        graph.add("Cast", [chosen], result, to=target)


@exports(nn.ArgMaxOp)
def arg_max(graph: GraphBuilder, op: nn.ArgMaxOp) -> None:
    graph.add(
        "ArgMax",
        [graph.name(op.input)],
        graph.name(op.result),
        axis=op.axis.value.data,
        keepdims=1,
        select_last_index=int(op.select_last_index is not None),
    )
