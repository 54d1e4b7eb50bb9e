"""Weights that need nine bits once their zero point is taken off."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from execution import Machine, Result, assert_same_bits, execute, print_for, reference
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, helper
from small_models import model
from xdsl.dialects.builtin import ModuleOp

from qcc.codegen.targets import TARGETS
from qcc.compiler.api import Options, generate
from qcc.compiler.onnx_import import import_model
from qcc.compiler.pipeline import float_passes, quantization_passes, run_pipeline

SHAPE = (1, 16, 13, 11)
POINT = 150
"""The zero point of a whole tensor of weights."""


def _input(seed: int) -> NDArray[np.float32]:
    return np.random.default_rng(seed).standard_normal(SHAPE).astype(np.float32)


def _weights(seed: int, *shape: int, wide: tuple[int, ...]) -> NDArray[np.uint8]:
    """Near the zero point but for one weight of each of the channels `wide`."""
    rng = np.random.default_rng(seed)
    weights = rng.integers(POINT - 120, 256, shape, np.uint8)
    for channel in wide:
        weights[channel].reshape(-1)[rng.integers(weights[channel].size)] = 3
    return weights


def _network() -> ModelProto:
    """Dense, strided, depthwise and fully connected layers, a residual, a concat."""
    constants: dict[str, NDArray[Any]] = {
        "scale": np.array(0.04, np.float32),
        "zero": np.array(3, np.int8),
        "weight_scale": np.array(0.002, np.float32),
        "weight_zero": np.array(POINT, np.uint8),
        "a": _weights(1, 48, 16, 1, 1, wide=(5,)),
        "b": _weights(2, 70, 48, 3, 3, wide=(0, 1, 69)),
        "c": _weights(3, 70, 1, 3, 3, wide=(7,)),
        "d": _weights(4, 70, 70, 1, 1, wide=(40,)),
        "e": _weights(5, 40, 70, 1, 1, wide=(39,)),
        "f": _weights(6, 24, 70, 1, 1, wide=()),
        "g": _weights(7, 100, 64, 1, 1, wide=(17, 30, 31)),
    }
    nodes = list[NodeProto]()

    def quantized(name: str) -> str:
        for op, source, target in (
            ("QuantizeLinear", name, f"{name}_q"),
            ("DequantizeLinear", f"{name}_q", f"{name}_f"),
        ):
            nodes.append(helper.make_node(op, [source, "scale", "zero"], [target]))
        return f"{name}_f"

    def conv(source: str, weight: str, result: str, **attributes: Any) -> str:
        names = [weight, "weight_scale", "weight_zero"]
        nodes.append(helper.make_node("DequantizeLinear", names, [f"{weight}_f"]))
        inputs = [source, f"{weight}_f"]
        nodes.append(helper.make_node("Conv", inputs, [result], result, **attributes))
        return quantized(result)

    same = {"pads": [1, 1, 1, 1]}
    p = conv(quantized("x"), "a", "p")
    q = conv(p, "b", "q", strides=[2, 2], **same)
    r = conv(q, "c", "r", group=70, **same)
    conv(r, "d", "s")
    nodes.append(helper.make_node("Add", ["s_f", q], ["t"], "sum"))
    t = quantized("t")
    parts = [conv(t, "e", "u"), conv(t, "f", "v")]
    nodes.append(helper.make_node("Concat", parts, ["w"], "join", axis=1))
    nodes.append(helper.make_node("GlobalAveragePool", [quantized("w")], ["m"]))
    y = conv(quantized("m"), "g", "y")
    nodes.append(helper.make_node("Identity", [y], ["z"]))
    return model(nodes, constants, {"x": SHAPE}, ["z"])


@cache
def _compiled() -> ModuleOp:
    module = import_model(_network())
    run_pipeline(module, float_passes())
    run_pipeline(module, quantization_passes("static"))
    return module


def _steps(target: str, threads: int = 1) -> list[str]:
    options = Options(threads=threads)
    printed = generate(_compiled().clone(), [TARGETS[target]], "model", options)
    return [step["kernel"] for step in printed.description["steps"]]


@pytest.mark.parametrize("name", TARGETS)
def test_equal_bits(name: str) -> None:
    machine, inputs = Machine.of(name), [_input(7)]
    printed = print_for(_compiled(), machine.target, keep=False)
    outputs = reference(_compiled(), inputs).outputs
    assert_same_bits(execute(printed, machine, inputs), Result(outputs, {}))


def test_threads() -> None:
    machine, inputs = Machine.of("portable"), [_input(8)]
    options = Options(threads=3)
    printed = generate(_compiled().clone(), [machine.target], "model", options)
    outputs = reference(_compiled(), inputs).outputs
    assert_same_bits(execute(printed, machine, inputs), Result(outputs, {}))


def test_only_wide_channels_are_computed_with_zero_points() -> None:
    """Again for every run of them; a depthwise layer and a residual are one call."""
    kernels = [kernel for kernel in _steps("avx512vnni") if "conv2d" in kernel]
    assert [("symmetric" in kernel) for kernel in kernels] == [
        *(True, False),  # a
        *(True, False, False),  # b
        *(False,),  # d
        *(True, False),  # e
        *(True,),  # f
        *(True, False, False),  # g
    ]


def test_they_are_written_into_a_concatenation() -> None:
    assert not [kernel for kernel in _steps("avx512vnni") if "copy" in kernel]
