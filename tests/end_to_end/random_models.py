"""
Random ONNX models, node by node, each node tried out in onnxruntime as it is added.

So no shape has to be computed here. Every choice is an integer from `Choose`: from
hypothesis, which shrinks a failing model, or from a generator of random numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import helper, numpy_helper

Array = NDArray[np.float32]
T = TypeVar("T")

Choose = Callable[[int, int], int]
"""An integer between two numbers, both included."""

OPSET = 20
LARGEST = 6000
"""Elements of a tensor; larger ones are not used again."""


def run_onnx(model: onnx.ModelProto, feeds: Mapping[str, Array]) -> dict[str, Array]:
    """Every output of `model`, by name, from unoptimized onnxruntime."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.graph_optimization_level = (
        onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    )
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    names = [output.name for output in model.graph.output]
    return dict(zip(names, session.run(names, dict(feeds)), strict=True))


def _model(
    nodes: Sequence[onnx.NodeProto],
    inputs: Mapping[str, Array],
    outputs: Sequence[str],
    initializers: Sequence[onnx.TensorProto],
) -> onnx.ModelProto:
    graph = helper.make_graph(
        nodes,
        "random",
        [
            helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, array.shape)
            for name, array in inputs.items()
        ],
        [onnx.ValueInfoProto(name=name) for name in outputs],
        initializers,
    )
    opset = [helper.make_opsetid("", OPSET)]
    return helper.make_model(graph, opset_imports=opset, ir_version=9)


@dataclass
class RandomModel:
    """A model that grows; `values` are its tensors for one sample."""

    choose: Choose
    nodes: list[onnx.NodeProto] = field(default_factory=list[onnx.NodeProto])
    initializers: dict[str, onnx.TensorProto] = field(
        default_factory=dict[str, onnx.TensorProto]
    )
    inputs: dict[str, Array] = field(default_factory=dict[str, Array])
    values: dict[str, Array] = field(default_factory=dict[str, Array])

    def __post_init__(self) -> None:
        self.random = np.random.default_rng(self.integer(0, 999))
        self.scale = self.choice([1.0, 1.0, 0.05, 30.0])

    def integer(self, low: int, high: int) -> int:
        return self.choose(low, high)

    def integers(self, count: int, low: int, high: int) -> list[int]:
        return [self.integer(low, high) for _ in range(count)]

    def boolean(self) -> bool:
        return self.choose(0, 1) == 1

    def choice(self, options: Sequence[T]) -> T:
        return options[self.choose(0, len(options) - 1)]

    def add_input(self, *shape: int) -> str:
        name = f"input{len(self.inputs)}"
        self.inputs[name] = self.values[name] = self.sample(shape)
        return name

    def sample(self, shape: Sequence[int]) -> Array:
        """Normally distributed values, sometimes far from zero."""
        values = self.random.normal(size=tuple(shape)) * self.scale
        return values.astype(np.float32)

    def pick(self, *ranks: int) -> str | None:
        """One of the last values of these ranks."""
        fitting = [
            name
            for name, array in self.floats().items()
            if array.ndim in ranks and array.size <= LARGEST
        ]
        if not fitting:
            return None
        return fitting[-1 - self.integer(0, min(3, len(fitting) - 1))]

    def floats(self) -> dict[str, Array]:
        """All values but indices."""
        return {n: v for n, v in self.values.items() if v.dtype == np.float32}

    def shape(self, name: str) -> tuple[int, ...]:
        return self.values[name].shape

    def constant(self, values: Any, dtype: Any = np.float32) -> str:
        name = f"constant{len(self.initializers)}"
        array = np.asarray(values, dtype)
        self.initializers[name] = numpy_helper.from_array(array, name)
        return name

    def weight(self, *shape: int, inputs: int = 1) -> str:
        """Random weights for sums of `inputs` products."""
        values = self.random.normal(size=shape) / np.sqrt(inputs)
        if self.integer(0, 5) == 0:
            values = values * self.random.uniform(0, 3, size=shape)
        return self.constant(values)

    def node(self, op: str, inputs: Sequence[str | None], **attributes: Any) -> str:
        """Adds a node that onnxruntime accepts; returns its output."""
        name = f"{op.lower()}{len(self.nodes)}"
        read = [each or "" for each in inputs]
        node = helper.make_node(op, read, [name], name=f"node of {name}", **attributes)
        feeds = {each: self.values[each] for each in read if each in self.values}
        weights = [self.initializers[n] for n in read if n in self.initializers]
        self.values[name] = run_onnx(_model([node], feeds, [name], weights), feeds)[
            name
        ]
        self.nodes.append(node)
        return name

    def inferred_shape(self, name: str) -> tuple[int, ...]:
        """The shape that ONNX infers for the result of the last node."""
        node = self.nodes[-1]
        feeds = {n: self.values[n] for n in node.input if n in self.values}
        outputs = onnx.shape_inference.infer_shapes(_model([node], feeds, [name], []))
        shape = outputs.graph.output[0].type.tensor_type.shape
        return tuple(dim.dim_value for dim in shape.dim)

    def undo(self) -> None:
        """Takes the last node away."""
        del self.values[self.nodes.pop().output[0]]

    def lines(self) -> list[str]:
        """The model as text."""
        known = self.values | {
            name: numpy_helper.to_array(each)
            for name, each in self.initializers.items()
        }
        return [
            f"{node.output[0]}{list(known[node.output[0]].shape)} = {node.op_type}("
            + ", ".join(f"{n}{list(known[n].shape)}" if n else "-" for n in node.input)
            + f") { ({a.name: helper.get_attribute_value(a) for a in node.attribute}) }"
            for node in self.nodes
        ]

    def proto(self) -> onnx.ModelProto:
        """The model; its outputs are the last value and sometimes an earlier one."""
        made = [node.output[0] for node in self.nodes]
        outputs = dict.fromkeys([made[-1], made[-1 - self.integer(0, len(made) - 1)]])
        return _model(
            self.nodes, self.inputs, list(outputs), list(self.initializers.values())
        )

    def samples(self, count: int) -> list[dict[str, Array]]:
        """Random inputs; the first are those of `values`."""
        rest = [
            {name: self.sample(array.shape) for name, array in self.inputs.items()}
            for _ in range(count - 1)
        ]
        return [dict(self.inputs), *rest]


def divisors(number: int) -> list[int]:
    """All divisors, in order."""
    return [d for d in range(1, number + 1) if number % d == 0]


Step = Callable[[RandomModel], str | None]


def build(choose: Choose, steps: Sequence[Step], most: int = 8) -> RandomModel:
    """A model of at most `most` random steps, which may be several nodes each."""
    model = RandomModel(choose)
    channels = model.choice([1, 2, 3, 4, 6, 8, 12, 16, 17, 33])
    height, width = model.integer(1, 9), model.integer(1, 9)
    model.add_input(model.choice([1, 1, 1, 2]), channels, height, width)
    if model.integer(0, 4) == 0:
        model.add_input(1, channels, 1, 1)
    for _ in range(model.integer(1, most)):
        model.choice(steps)(model)
    if not model.nodes:
        model.node("Relu", ["input0"])
    return model
