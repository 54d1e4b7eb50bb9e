"""
What rounding one tensor does to the layers after it, measured on samples.

A `Probe` is the part of the float model from a tensor to its frontier: the results of
the second contraction after it, or the model's outputs where they come first. It runs
that part with the tensor rounded to a given range and compares the frontier with the
exact one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, helper
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.ir import BlockArgument, Operation, SSAValue

from qcc.compiler.onnx_export.exporter import Export, export_op
from qcc.compiler.onnx_export.graph import GraphBuilder, value_info
from qcc.compiler.onnx_session import OnnxSession
from qcc.dialects import nn
from qcc.dialects.naming import name_values
from qcc.dialects.types import shape_of, size_of
from qcc.passes.quantizable import Form, form_of, is_float
from qcc.passes.ranges import Range, activation_type

Array = NDArray[Any]
Floats = NDArray[np.float64]

DEPTH = 2
"""
Contractions between a tensor and its frontier.

Errors of one sign add up in the sums of the next layers, which one layer hides. With
more than two, tensors that matter little begin to decide.
"""

_ELEMENT_COST = 16
"""What computing an element costs beside the products, in multiply-accumulates."""


@dataclass(frozen=True)
class Cone:
    """The ops from a value to its frontier."""

    value: SSAValue
    ops: tuple[Operation, ...]
    frontier: tuple[SSAValue, ...]

    @property
    def sides(self) -> list[SSAValue]:
        """What the ops read beside `value`, each other's results and constants."""
        inside = {self.value, *(result for op in self.ops for result in op.results)}
        read = (operand for op in self.ops for operand in op.operands)
        return [v for v in dict.fromkeys(read) if v not in inside and not _constant(v)]

    @property
    def cost(self) -> int:
        """About the multiply-accumulates of one run."""
        return sum(map(_cost, self.ops))


def _constant(value: SSAValue) -> bool:
    return isinstance(value.owner, nn.ConstantOp)


def _cost(op: Operation) -> int:
    elements = sum(map(size_of, op.results))
    products = 0
    if isinstance(op, nn.Conv2dOp | nn.ConvTranspose2dOp):
        products = math.prod(shape_of(op.weight)[1:])
    elif isinstance(op, nn.MatMulOp):
        products = shape_of(op.lhs)[-1]
    return elements * (products + _ELEMENT_COST)


def cone_of(value: SSAValue) -> Cone | None:
    """
    The cone of a value; None where no layer or output comes after it.

    None, too, where the model itself rounds values (`quant` casts) on the way.
    """
    frontier: dict[SSAValue, None] = {}
    # The contractions that are left on the longest way on which an op was reached.
    left: dict[Operation, int] = {}
    waiting = [(value, DEPTH)]
    while waiting:
        source, depth = waiting.pop()
        for use in source.uses:
            op = use.operation
            if isinstance(op, ReturnOp):
                frontier[source] = None
                continue
            remaining = depth - (form_of(op) == Form.CONTRACTION)
            if left.get(op, -1) >= remaining:
                continue
            left[op] = remaining
            if not isinstance(op, nn.NNOperation):
                return None
            if not all(map(is_float, op.results)) or _is_final_softmax(op):
                # Indices say too little, and probabilities hide what a confident model
                # gets wrong: what they are taken of says more.
                frontier[source] = None
            elif remaining == 0:
                frontier.update(dict.fromkeys(op.results))
            else:
                waiting += [(result, remaining) for result in op.results]
    frontier.pop(value, None)
    if not frontier:
        return None
    return Cone(value, _between(value, frontier, left), tuple(frontier))


def _is_final_softmax(op: Operation) -> bool:
    if not isinstance(op, nn.SoftmaxOp):
        return False
    return any(isinstance(use.operation, ReturnOp) for use in op.result.uses)


def _between(
    value: SSAValue, frontier: Mapping[SSAValue, None], reached: Mapping[Operation, int]
) -> tuple[Operation, ...]:
    """The ops reached that the frontier needs, in the order of the block."""
    needed: set[Operation] = set()
    waiting = list(frontier)
    while waiting:
        source = waiting.pop()
        op = source.owner
        if source is value or op not in reached or op in needed:
            continue
        assert isinstance(op, Operation)
        needed.add(op)
        waiting += op.operands
    block = value.owner if isinstance(value, BlockArgument) else value.owner.parent
    assert block is not None
    return tuple(op for op in block.ops if op in needed)


class Probe:
    """A cone, ready to run; `errors` may be called from several threads."""

    def __init__(self, func: FuncOp, cone: Cone) -> None:
        self.cone = cone
        self.reads = [cone.value, *cone.sides, *cone.frontier]
        """The values that `errors` needs, of a run of the float model."""
        tensors = name_values(func)
        graph = GraphBuilder([], tensors.values())
        inputs = [graph.fresh("input") for _ in self.reads]
        self._names = dict(zip(self.reads, inputs, strict=True))
        declared = [value_info(value, name) for value, name in self._names.items()]
        self._scalars = [graph.fresh(name) for name in ("scale", "minimum", "maximum")]
        declared += [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, [])
            for name in self._scalars
        ]
        self._round(graph, tensors[cone.value])
        for side in cone.sides:
            graph.bind_unique(side, tensors[side])
            graph.add("Identity", [self._names[side]], graph.name(side))
        for operand in dict.fromkeys(o for op in cone.ops for o in op.operands):
            if isinstance(operand.owner, nn.ConstantOp):
                export_op(graph, operand.owner, tensors)
        for op in cone.ops:
            export_op(graph, op, tensors)
        outputs = [self._squares(graph, value) for value in cone.frontier]
        ends = [helper.make_empty_tensor_value_info(name) for name in outputs]
        self._session = OnnxSession(Export(graph, declared, ends, tensors).model())

    def _round(self, graph: GraphBuilder, hint: str) -> None:
        """The value as int8 makes it, in float ops that no optimizer fuses."""
        scale, minimum, maximum = self._scalars
        graph.node_name = "round"
        graph.bind_unique(self.cone.value, hint)
        steps = graph.add("Div", [self._names[self.cone.value], scale])
        rounded = graph.add("Round", [steps])
        clipped = graph.add("Clip", [rounded, minimum, maximum])
        graph.add("Mul", [clipped, scale], graph.name(self.cone.value))

    def _squares(self, graph: GraphBuilder, value: SSAValue) -> str:
        graph.node_name = "error"
        difference = graph.add("Sub", [graph.name(value), self._names[value]])
        return graph.add("ReduceSumSquare", [difference], keepdims=0)

    def moments(self, exact: Mapping[SSAValue, Array]) -> list[tuple[float, Floats]]:
        """The mean square, and the mean of each channel, of the frontier's tensors."""
        return [_moments(exact[value]) for value in self.cone.frontier]

    def errors(
        self, exact: Mapping[SSAValue, Array], candidates: Sequence[Range]
    ) -> Floats:
        """
        Mean squared errors, shape [candidates, tensors of the frontier].

        `exact` holds the values of `reads` for one sample.
        """
        feeds = {self._names[value]: exact[value] for value in self.reads}
        rows: list[list[float]] = []
        for bounds in candidates:
            kind = activation_type(bounds)
            numbers = kind.scale, -128 - kind.zero_point, 127 - kind.zero_point
            scalars = map(np.float32, numbers)
            feeds.update(zip(self._scalars, map(np.asarray, scalars), strict=True))
            rows.append([float(squares) for squares in self._session.run(feeds)])
        sizes = [size_of(value) for value in self.cone.frontier]
        return np.array(rows) / np.array(sizes)


def _moments(x: Array) -> tuple[float, Floats]:
    rows = x.reshape(-1, x.shape[-1]) if x.ndim < 4 else np.moveaxis(x, 1, -1)
    means = np.mean(rows, axis=tuple(range(rows.ndim - 1)), dtype=np.float64)
    return float(np.vdot(x, x)) / x.size, np.asarray(means)
