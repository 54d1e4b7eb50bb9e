"""
Writes an ONNX chain of Gemm, BatchNormalization and Relu as an int8 .tflite file.

No converter is needed for so little; weights are symmetric per channel, activations
asymmetric, as TensorFlow's own converter makes them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
import onnx
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray
from onnx import numpy_helper

from benchmarks.contest import CannotEnter
from benchmarks.models import Feeds

Array = NDArray[Any]


@dataclass
class _Layer:
    weight: Array
    """[outputs, inputs]"""
    bias: Array
    relu: bool = False


def write_mlp(path: Path, calibration: list[Feeds]) -> bytes:
    """The file's content. CannotEnter where the model is something else."""
    layers = _layers(onnx.load(str(path)).graph)
    values = np.concatenate([next(iter(feeds.values())) for feeds in calibration])
    ranges = [_scale_and_zero_point(values)]
    for layer in layers:
        values = values @ layer.weight.T + layer.bias
        values = np.maximum(values, 0) if layer.relu else values
        ranges.append(_scale_and_zero_point(values))
    return _pack(_model(layers, ranges))


def _layers(graph: onnx.GraphProto) -> list[_Layer]:
    constants = {c.name: numpy_helper.to_array(c) for c in graph.initializer}
    layers: list[_Layer] = []
    for node in graph.node:
        operands = [constants[name] for name in node.input if name in constants]
        if node.op_type == "Gemm":
            layers.append(_Layer(operands[0], operands[1]))
        elif node.op_type == "BatchNormalization":
            gamma, beta, mean, variance = operands
            factor = gamma / np.sqrt(variance + node.attribute[0].f)
            last = layers[-1]
            last.weight = last.weight * factor[:, np.newaxis]
            last.bias = (last.bias - mean) * factor + beta
        elif node.op_type == "Relu":
            layers[-1].relu = True
        else:
            raise CannotEnter(f"{node.op_type} is more than this can write")
    return layers


def _scale_and_zero_point(values: Array) -> tuple[float, int]:
    low, high = min(float(values.min()), 0.0), max(float(values.max()), 0.0)
    scale = (high - low) / 255
    return scale, round(-128 - low / scale)


def _model(layers: list[_Layer], ranges: list[tuple[float, int]]) -> Any:
    model = schema.ModelT()
    model.version = 3
    model.description = b"int8"
    model.buffers = [schema.BufferT()]
    code = schema.OperatorCodeT()
    code.builtinCode = schema.BuiltinOperator.FULLY_CONNECTED
    code.deprecatedBuiltinCode = code.builtinCode
    code.version = 4
    model.operatorCodes = [code]
    graph = schema.SubGraphT()
    graph.tensors, graph.operators = [], []
    model.subgraphs = [graph]
    kinds = schema.TensorType
    sizes = [layers[0].weight.shape[1], *(len(layer.weight) for layer in layers)]
    for number, (size, (scale, zero_point)) in enumerate(
        zip(sizes, ranges, strict=True)
    ):
        name = f"value{number}"
        tensor = _tensor(name, (1, size), kinds.INT8, np.array([scale]), zero_point)
        graph.tensors.append(tensor)
    for number, layer in enumerate(layers):
        scales = np.abs(layer.weight).max(axis=1) / 127
        stored = np.rint(layer.weight / scales[:, np.newaxis]).astype(np.int8)
        products = scales * ranges[number][0]
        bias = np.rint(layer.bias / products).astype(np.int32)
        first = len(graph.tensors)
        graph.tensors.append(
            _tensor(f"weight{number}", stored.shape, kinds.INT8, scales)
        )
        graph.tensors.append(
            _tensor(f"bias{number}", bias.shape, kinds.INT32, products)
        )
        for offset, array in enumerate((stored, bias)):
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(array.tobytes(), np.uint8)
            graph.tensors[first + offset].buffer = len(model.buffers)
            model.buffers.append(buffer)
        inputs = [number, first, first + 1]
        graph.operators.append(_fully_connected(inputs, number + 1, layer.relu))
    graph.inputs, graph.outputs = [0], [len(layers)]
    return model


def _tensor(
    name: str, shape: tuple[int, ...], kind: int, scales: Array, zero_point: int = 0
) -> Any:
    tensor = schema.TensorT()
    tensor.name = name.encode()
    tensor.shape = list(shape)
    tensor.type = kind
    tensor.buffer = 0
    quantization = schema.QuantizationParametersT()
    quantization.scale = scales.astype(np.float32)
    quantization.zeroPoint = np.full(len(scales), zero_point, np.int64)
    tensor.quantization = quantization
    return tensor


def _fully_connected(inputs: list[int], output: int, relu: bool) -> Any:
    options = schema.FullyConnectedOptionsT()
    functions = schema.ActivationFunctionType
    options.fusedActivationFunction = functions.RELU if relu else functions.NONE
    operator = schema.OperatorT()
    operator.opcodeIndex = 0
    operator.inputs, operator.outputs = inputs, [output]
    operator.builtinOptionsType = schema.BuiltinOptions.FullyConnectedOptions
    operator.builtinOptions = options
    return operator


def _pack(model: Any) -> bytes:
    builder = flatbuffers.Builder(1 << 20)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())
