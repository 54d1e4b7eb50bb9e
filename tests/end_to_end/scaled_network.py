"""A trained classifier of digits in which one channel is far larger than the others."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from sklearn.datasets import load_digits

Array = NDArray[Any]

FACTOR = 1000.0

LAYER, CONSUMER = "scaled", "undone"
"""The nodes between which one channel is `FACTOR` times larger than it need be."""


@dataclass(frozen=True)
class Digits:
    """Images 0..1 [samples, 64], float32, and their classes."""

    images: Array
    labels: Array


@cache
def digits() -> tuple[Digits, Digits]:
    """For training, and for evaluation (400)."""
    data: Any = load_digits()
    order = np.random.default_rng(0).permutation(len(data.target))
    images = (data.data[order] / 16).astype(np.float32)
    labels = data.target[order]
    return Digits(images[:-400], labels[:-400]), Digits(images[-400:], labels[-400:])


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


@cache
def trained() -> list[Array]:
    """Weights and biases: 64 → 32, sigmoid, 32 → 24, relu, 24 → 10, by Adam."""
    generator = np.random.default_rng(1)
    sizes = [(64, 32), (32, 24), (24, 10)]
    parameters: list[Array] = []
    for inputs, outputs in sizes:
        parameters.append(generator.normal(0, inputs**-0.5, (inputs, outputs)))
        parameters.append(np.zeros(outputs))
    first = [np.zeros_like(p) for p in parameters]
    second = [np.zeros_like(p) for p in parameters]
    train, _ = digits()
    for step in range(1, 1201):
        chosen = generator.integers(0, len(train.labels), 128)
        gradients = _gradients(parameters, train.images[chosen], train.labels[chosen])
        for i, gradient in enumerate(gradients):
            first[i] = 0.9 * first[i] + 0.1 * gradient
            second[i] = 0.999 * second[i] + 0.001 * gradient**2
            mean, square = first[i] / (1 - 0.9**step), second[i] / (1 - 0.999**step)
            parameters[i] = parameters[i] - 0.01 * mean / (np.sqrt(square) + 1e-8)
    return parameters


def _gradients(parameters: list[Array], x: Array, labels: Array) -> list[Array]:
    w1, b1, w2, b2, w3, b3 = parameters
    gate = sigmoid(x @ w1 + b1)
    hidden = np.maximum(gate @ w2 + b2, 0)
    logits = hidden @ w3 + b3
    error = np.exp(logits - logits.max(axis=1, keepdims=True))
    error /= error.sum(axis=1, keepdims=True)
    error[np.arange(len(labels)), labels] -= 1
    error /= len(labels)
    behind = (error @ w3.T) * (hidden > 0)
    before = (behind @ w2.T) * gate * (1 - gate)
    return [
        *(x.T @ before, before.sum(axis=0)),
        *(gate.T @ behind, behind.sum(axis=0)),
        *(hidden.T @ error, error.sum(axis=0)),
    ]


def busiest_channel() -> int:
    """The hidden channel with the largest values."""
    w1, b1, w2, b2, *_ = trained()
    hidden = sigmoid(digits()[0].images @ w1 + b1) @ w2 + b2
    return int(np.argmax(np.maximum(hidden, 0).max(axis=0)))


def model(factor: float = FACTOR) -> onnx.ModelProto:
    """The classifier; behind the sigmoid one channel is `factor` times larger."""
    w1, b1, w2, b2, w3, b3 = trained()
    scale = np.ones(24)
    scale[busiest_channel()] = factor
    constants = {
        **{"w1": w1, "b1": b1, "w2": w2 * scale, "b2": b2 * scale},
        **{"w3": w3 / scale[:, None], "b3": b3},
    }
    nodes = [
        helper.make_node("Gemm", ["image", "w1", "b1"], ["before"], "first"),
        helper.make_node("Sigmoid", ["before"], ["gate"], "gate"),
        helper.make_node("Gemm", ["gate", "w2", "b2"], ["wide"], LAYER),
        helper.make_node("Relu", ["wide"], ["hidden"], "relu"),
        helper.make_node("Gemm", ["hidden", "w3", "b3"], ["logits"], CONSUMER),
    ]
    graph = helper.make_graph(
        nodes,
        "digits",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 64])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, 10])],
        [
            numpy_helper.from_array(array.astype(np.float32), name)
            for name, array in constants.items()
        ],
    )
    opsets = [helper.make_opsetid("", 17)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8)
