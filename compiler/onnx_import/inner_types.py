"""
Types of tensors inside of a graph, for cutting it there.

Uses onnx's shape inference over the whole model. That is C++ code which can crash on an
invalid model (and the part that is cut away may well be invalid), so it runs in a
process of its own.
"""

from __future__ import annotations

import subprocess
import sys

import onnx
from google.protobuf.message import DecodeError

_LARGE = 1024
"""Initializers of more bytes are sent without their data; they are no shapes."""

_TIMEOUT_SECONDS = 120

_PROGRAM = """
import sys
import onnx
model = onnx.ModelProto.FromString(sys.stdin.buffer.read())
model = onnx.shape_inference.infer_shapes(model, data_prop=True)
sys.stdout.buffer.write(model.SerializeToString())
"""


def inner_types(model: onnx.ModelProto) -> dict[str, onnx.ValueInfoProto]:
    """By name, the types that the model declares or that onnx can infer."""
    graph = (_inferred(_without_weights(model)) or model).graph
    return {value.name: value for value in (*graph.value_info, *graph.output)}


def _without_weights(model: onnx.ModelProto) -> onnx.ModelProto:
    result = onnx.ModelProto()
    result.CopyFrom(model)
    for tensor in result.graph.initializer:
        if len(tensor.raw_data) > _LARGE:
            tensor.ClearField("raw_data")
    return result


def _inferred(model: onnx.ModelProto) -> onnx.ModelProto | None:
    """The model with inferred types, None where inference fails."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", _PROGRAM],
            input=model.SerializeToString(),
            capture_output=True,
            timeout=_TIMEOUT_SECONDS,
            check=False,
        )
        if done.returncode != 0:
            return None
        return onnx.ModelProto.FromString(done.stdout)
    except (OSError, subprocess.TimeoutExpired, DecodeError):
        return None
