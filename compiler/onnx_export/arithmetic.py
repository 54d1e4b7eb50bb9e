"""Elementwise ops, reductions and normalizations as ONNX nodes."""

from __future__ import annotations

import math

import numpy as np
from xdsl.irdl import IRDLOperation

from qcc.compiler.onnx_export.graph import GraphBuilder
from qcc.compiler.onnx_export.registry import exports
from qcc.dialects import nn
from qcc.dialects.types import element_type_of, ints, shape_of, storage_dtype

_SAME_MEANING: dict[type[IRDLOperation], str] = {
    nn.ReluOp: "Relu",
    nn.SigmoidOp: "Sigmoid",
    nn.HardSwishOp: "HardSwish",
    nn.SoftplusOp: "Softplus",
    nn.TanhOp: "Tanh",
    nn.ErfOp: "Erf",
    nn.SqrtOp: "Sqrt",
    nn.ExpOp: "Exp",
    nn.LogOp: "Log",
    nn.ReciprocalOp: "Reciprocal",
    nn.NegOp: "Neg",
    nn.AbsOp: "Abs",
    nn.AddOp: "Add",
    nn.SubOp: "Sub",
    nn.MulOp: "Mul",
    nn.DivOp: "Div",
    nn.PowOp: "Pow",
    nn.MinOp: "Min",
    nn.MaxOp: "Max",
    nn.EqualOp: "Equal",
    nn.WhereOp: "Where",
    nn.PReluOp: "PRelu",
}

_REDUCTIONS: dict[type[nn.ReduceOp], str] = {
    nn.ReduceMeanOp: "ReduceMean",
    nn.ReduceSumOp: "ReduceSum",
    nn.ReduceMaxOp: "ReduceMax",
    nn.ReduceMinOp: "ReduceMin",
    nn.ReduceProdOp: "ReduceProd",
    nn.ReduceSumSquareOp: "ReduceSumSquare",
}


@exports(*_SAME_MEANING)
def same_meaning(graph: GraphBuilder, op: IRDLOperation) -> None:
    kind = _SAME_MEANING[type(op)]
    graph.add(kind, graph.names_of(op.operands), graph.name(op.results[0]))


@exports(*_REDUCTIONS)
def reduction(graph: GraphBuilder, op: nn.ReduceOp) -> None:
    source, result = graph.name(op.input), graph.name(op.result)
    axes = ints(op.axes)
    if axes:
        names = [source, graph.integers(axes, "axes")]
        graph.add(_REDUCTIONS[type(op)], names, result, keepdims=1)
    elif isinstance(op, nn.ReduceSumSquareOp):
        graph.add("Mul", [source, source], result)
    else:
        graph.add("Identity", [source], result)


@exports(nn.SiluOp)
def silu(graph: GraphBuilder, op: nn.SiluOp) -> None:
    source = graph.name(op.input)
    gate = graph.add("Sigmoid", [source])
    graph.add("Mul", [source, gate], graph.name(op.result))


@exports(nn.ClipOp)
def clip(graph: GraphBuilder, op: nn.ClipOp) -> None:
    dtype = storage_dtype(element_type_of(op.input))
    bounds = [
        "" if math.isinf(bound) else graph.constant(np.array(bound, dtype), "bound")
        for bound in (op.min.value.data, op.max.value.data)
    ]
    graph.add("Clip", [graph.name(op.input), *bounds], graph.name(op.result))


@exports(nn.LeakyReluOp, nn.EluOp)
def with_alpha(graph: GraphBuilder, op: nn.LeakyReluOp | nn.EluOp) -> None:
    kind = "LeakyRelu" if isinstance(op, nn.LeakyReluOp) else "Elu"
    source, result = graph.name(op.input), graph.name(op.result)
    graph.add(kind, [source], result, alpha=op.alpha.value.data)


@exports(nn.HardSigmoidOp)
def hard_sigmoid(graph: GraphBuilder, op: nn.HardSigmoidOp) -> None:
    graph.add(
        "HardSigmoid",
        [graph.name(op.input)],
        graph.name(op.result),
        alpha=op.alpha.value.data,
        beta=op.beta.value.data,
    )


@exports(nn.GeluOp)
def gelu(graph: GraphBuilder, op: nn.GeluOp) -> None:
    source, result = graph.name(op.input), graph.name(op.result)
    graph.add("Gelu", [source], result, approximate=op.approximate.data)


@exports(nn.SoftmaxOp)
def softmax(graph: GraphBuilder, op: nn.SoftmaxOp) -> None:
    source, result = graph.name(op.input), graph.name(op.result)
    graph.add("Softmax", [source], result, axis=op.axis.value.data)


@exports(nn.LayerNormOp)
def layer_norm(graph: GraphBuilder, op: nn.LayerNormOp) -> None:
    axis = op.axis.value.data
    if op.scale is None:
        # ONNX requires a scale.
        ones = np.ones(shape_of(op.input)[axis:], np.float32)
        scale = graph.constant(ones, "scale")
    else:
        scale = graph.name(op.scale)
    graph.add(
        "LayerNormalization",
        [graph.name(op.input), scale, "" if op.bias is None else graph.name(op.bias)],
        graph.name(op.result),
        axis=axis,
        epsilon=op.epsilon.value.data,
    )


@exports(nn.BatchNormOp)
def batch_norm(graph: GraphBuilder, op: nn.BatchNormOp) -> None:
    graph.add(
        "BatchNormalization",
        graph.names_of(op.operands),
        graph.name(op.result),
        epsilon=op.epsilon.value.data,
    )
