"""The description's multiply-accumulates are those of a count by hand."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import helper as h
from onnx import numpy_helper

from qcc.codegen.targets import TARGETS
from qcc.compiler.api import generate
from qcc.compiler.onnx_import import import_model
from qcc.compiler.pipeline import float_passes, quantization_passes, run_pipeline

EXPECTED = {
    "conv": 5 * 5 * 8 * 3 * 3 * 3,
    "depthwise": 5 * 5 * 8 * 3 * 3,
    "grouped": 5 * 5 * 12 * 3 * 1 * 4,
    "product": 12 * 25 * 12,
    "dense": 12 * 12 * 7,
}


def _model() -> onnx.ModelProto:
    generator = np.random.default_rng(3)
    weights = {
        "w0": (8, 3, 3, 3),
        "w1": (8, 1, 3, 3),
        "w2": (12, 4, 3, 1),
        "w3": (12, 7),
    }
    shape = numpy_helper.from_array(np.array([12, 25]), "shape")
    constants = [shape] + [
        numpy_helper.from_array(
            generator.standard_normal(sizes).astype(np.float32), name
        )
        for name, sizes in weights.items()
    ]
    pads = [1, 1, 1, 1]
    nodes = [
        h.make_node("Conv", ["x", "w0"], ["a"], "conv", strides=[2, 2], pads=pads),
        h.make_node("Conv", ["a", "w1"], ["b"], "depthwise", group=8, pads=pads),
        h.make_node("Conv", ["b", "w2"], ["c"], "grouped", group=2, pads=[1, 0, 1, 0]),
        h.make_node("Reshape", ["c", "shape"], ["d"]),
        h.make_node("Transpose", ["d"], ["e"], perm=[1, 0]),
        h.make_node("MatMul", ["d", "e"], ["f"], "product"),
        h.make_node("MatMul", ["f", "w3"], ["y"], "dense"),
    ]
    x = h.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1, 3, 9, 9])
    y = h.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [12, 7])
    graph = h.make_graph(nodes, "costs", [x], [y], constants)
    return h.make_model(graph, opset_imports=[h.make_opsetid("", 17)], ir_version=8)


@pytest.mark.parametrize("mode", ["float", "dynamic"])
@pytest.mark.parametrize("target", ["portable", "x86-64-v3", "armv8"])
def test_counts_of_every_contraction(mode: str, target: str):
    module = import_model(_model())
    run_pipeline(module, float_passes())
    if mode == "dynamic":
        run_pipeline(module, quantization_passes("dynamic"))
    steps = generate(module, [TARGETS[target]], "costs").description["steps"]
    counts: dict[str, int] = {}
    for step in steps:
        if "macs" in step:
            assert step["node"] not in counts
            counts[step["node"]] = step["macs"]
    assert counts == EXPECTED
