"""Small ONNX models, good and bad, for tests of the command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

Array = NDArray[Any]

SHAPE = (1, 2, 4, 4)


def model(
    nodes: Sequence[onnx.NodeProto],
    constants: Mapping[str, Array] | None = None,
    inputs: Mapping[str, Sequence[int | str]] | None = None,
    outputs: Sequence[str] = ("y",),
    element_type: int = TensorProto.FLOAT,
) -> onnx.ModelProto:
    """A model of `nodes`, from the input x of shape `SHAPE` to the output y."""
    graph = helper.make_graph(
        nodes,
        "graph",
        [
            helper.make_tensor_value_info(name, element_type, shape)
            for name, shape in (inputs or {"x": SHAPE}).items()
        ],
        [onnx.ValueInfoProto(name=name) for name in outputs],
        [numpy_helper.from_array(a, name) for name, a in (constants or {}).items()],
    )
    opsets = [helper.make_opsetid("", 17)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8)


def weight(value: float = 0.5) -> Array:
    """Weights of a convolution of two channels to three."""
    array = np.linspace(-1, 1, 3 * 2 * 3 * 3, dtype=np.float32).reshape(3, 2, 3, 3)
    array[0, 0, 0, 0] = value
    return array


def convolution(
    input: str = "x", weights: str = "w", output: str = "y", node: str = "conv"
) -> onnx.ModelProto:
    """A convolution and a relu, with any names."""
    inner = f"{output} before relu"
    nodes = [
        helper.make_node("Conv", [input, weights], [inner], node, pads=[1, 1, 1, 1]),
        helper.make_node("Relu", [inner], [output], f"{node} relu"),
    ]
    return model(nodes, {weights: weight()}, {input: SHAPE}, [output])


def unsupported_head() -> onnx.ModelProto:
    """Detections chosen by an operator that is not supported, after a convolution."""
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["features"], "conv"),
        helper.make_node("Det", ["features"], ["y"], "head"),
    ]
    return model(nodes, {"w": weight()})


def samples(count: int = 3, seed: int = 0) -> Array:
    """Inputs of `convolution`, the first axis counts them."""
    shape = (count, *SHAPE)
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)
