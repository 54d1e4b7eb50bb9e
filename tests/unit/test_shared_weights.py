"""A library for several targets of one family holds every weight once."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import helper as h
from onnx import numpy_helper

from qcc.codegen.targets import TARGETS
from qcc.compiler.api import generate
from qcc.compiler.onnx_import import import_model
from qcc.compiler.pipeline import float_passes, quantization_passes, run_pipeline

X86 = ("avxvnni", "avx512vnni", "x86-64-v2", "x86-64")
ARM = ("armv8+i8mm", "armv8+dotprod", "armv8")


def _model() -> onnx.ModelProto:
    generator = np.random.default_rng(3)
    shapes = {"first": (24, 3, 3, 3), "next": (40, 24, 1, 1), "last": (12, 40, 3, 3)}
    constants = [
        numpy_helper.from_array(generator.standard_normal(shape).astype("f4"), name)
        for name, shape in shapes.items()
    ]
    nodes = [
        h.make_node("Conv", ["x", "first"], ["a"], pads=[1, 1, 1, 1]),
        h.make_node("Conv", ["a", "next"], ["b"]),
        h.make_node("Conv", ["b", "last"], ["y"], pads=[1, 1, 1, 1]),
    ]
    x = h.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1, 3, 9, 9])
    y = h.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [1, 12, 9, 9])
    graph = h.make_graph(nodes, "shared", [x], [y], constants)
    return h.make_model(graph, opset_imports=[h.make_opsetid("", 17)], ir_version=8)


def _weight_bytes(*targets: str) -> int:
    module = import_model(_model())
    run_pipeline(module, float_passes())
    run_pipeline(module, quantization_passes("dynamic"))
    printed = generate(module, [TARGETS[name] for name in targets], "shared")
    return len(printed.weights)


def test_arm_targets_read_the_same_packed_weights():
    assert _weight_bytes(*ARM) == _weight_bytes("armv8+dotprod")
    assert _weight_bytes(*ARM[1:]) == _weight_bytes("armv8+dotprod")


def test_x86_targets_read_the_same_packed_weights():
    alone = _weight_bytes("avx512vnni")
    assert _weight_bytes("x86-64") == alone
    assert _weight_bytes(*X86) == alone
