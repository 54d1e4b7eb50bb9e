"""Steps in parts for several threads: the same bits on every target, and no races."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from execution import (
    SANITIZERS,
    Machine,
    Result,
    assert_same_bits,
    execute,
    reference,
)
from numpy.typing import NDArray
from onnx import ModelProto, helper
from random_models import build
from random_steps import STEPS, layer_normalization, matrix_product, softmax
from small_models import model
from xdsl.dialects.builtin import ModuleOp

from qcc.codegen import call_parts
from qcc.codegen.c_printer import PrintedModel
from qcc.codegen.lowerings import bands
from qcc.codegen.targets import TARGETS, Target
from qcc.compiler.api import Options, generate
from qcc.compiler.calibration import calibrate
from qcc.compiler.onnx_import import import_model
from qcc.compiler.pipeline import float_passes, quantization_passes, run_pipeline
from qcc.passes.statistics import use

SHAPE = (1, 3, 23, 21)


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Layers of a test are too small to be worth it."""
    monkeypatch.setattr(bands, "_WORK", 1e-3)
    monkeypatch.setattr(call_parts, "_WORK", 1e-3)
    monkeypatch.setattr(call_parts, "_RUN", 3)


def _input(seed: int) -> NDArray[np.float32]:
    return np.random.default_rng(seed).standard_normal(SHAPE).astype(np.float32)


def _network() -> ModelProto:
    """Dense, pointwise, strided and depthwise layers, parts of a concatenation."""
    rng = np.random.default_rng(0)
    shapes = {
        "a": (32, 3, 3, 3),
        "b": (70, 32, 1, 1),
        "c": (70, 1, 3, 3),
        "d": (100, 70, 3, 3),
        "e": (48, 100, 1, 1),
        "f": (64, 100, 3, 3),
        "g": (64, 112, 3, 3),
        "h": (70, 64, 1, 1),
        "i": (101, 70, 1, 1),
    }
    weights: dict[str, NDArray[Any]] = {
        name: (rng.standard_normal(shape) / np.sqrt(np.prod(shape[1:]))).astype(
            np.float32
        )
        for name, shape in shapes.items()
    }

    def conv(source: str, weight: str, result: str, **attributes: Any) -> Any:
        inputs = [source, weight]
        return helper.make_node("Conv", inputs, [result], result, **attributes)

    same: dict[str, Any] = {"pads": [1, 1, 1, 1]}
    nodes = [
        conv("x", "a", "p", **same),
        helper.make_node("Relu", ["p"], ["q"]),
        helper.make_node(
            "MaxPool", ["q"], ["q2"], kernel_shape=[3, 3], strides=[1, 1], **same
        ),
        conv("q2", "b", "r"),
        helper.make_node("Sigmoid", ["r"], ["r1"]),
        helper.make_node("Mul", ["r", "r1"], ["r2"]),
        conv("r2", "c", "s", group=70, **same),
        conv("s", "d", "t", strides=[2, 2], **same),
        conv("t", "e", "u"),
        conv("t", "f", "v", **same),
        helper.make_node("Concat", ["u", "v"], ["w"], axis=1),
        conv("w", "g", "w2", **same),
        conv("w2", "h", "z"),
        conv("z", "i", "z1"),
        helper.make_node("GlobalAveragePool", ["z"], ["m"]),
        conv("m", "i", "y"),
    ]
    return model(nodes, weights, {"x": SHAPE}, ["y", "z1"])


@cache
def _compiled() -> ModuleOp:
    module = import_model(_network())
    run_pipeline(module, float_passes())
    with use(calibrate(module, [{"x": _input(seed)} for seed in range(2)])):
        run_pipeline(module, quantization_passes("static"))
    return module


@cache
def _expected() -> Result:
    return Result(reference(_compiled(), [_input(7)]).outputs, {})


def _print(
    target: Target, threads: int, module: ModuleOp | None = None
) -> PrintedModel:
    options = Options(threads=threads)
    return generate((module or _compiled()).clone(), [target], "model", options)


@pytest.mark.parametrize("threads", [2, 3, 4])
@pytest.mark.parametrize("name", TARGETS)
def test_equal_bits(name: str, threads: int) -> None:
    machine = Machine.of(name)
    printed = _print(machine.target, threads)
    assert_same_bits(execute(printed, machine, [_input(7)]), _expected())


_RACES = ("-g", "-fsanitize=thread")


@pytest.mark.parametrize(
    ("name", "flags"),
    [
        ("portable", SANITIZERS),
        ("portable", _RACES),
        ("x86-64-v3", _RACES),
        ("avx512vnni", _RACES),
        ("amx", _RACES),
    ],
)
def test_threads_do_not_race(name: str, flags: tuple[str, ...]) -> None:
    machine = Machine.of(name)
    printed = _print(machine.target, 3)
    flags = (*flags, "-pthread", "-DRUNNER_THREADS=3")
    actual = execute(printed, machine, [_input(7)], flags)
    assert_same_bits(actual, _expected())


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_pool_under_strict_warnings(compiler: str) -> None:
    machine = Machine.of("portable", compiler)
    flags = ("-std=c11", "-Wshadow", "-pthread", "-DRUNNER_THREADS=2")
    actual = execute(_print(machine.target, 2), machine, [_input(7)], flags)
    assert_same_bits(actual, _expected())


@pytest.mark.parametrize("seed", range(24))
def test_random_models(seed: int) -> None:
    rng = np.random.default_rng(seed)
    steps = [matrix_product, softmax, layer_normalization] if seed % 3 == 0 else []
    network = build(
        lambda low, high: int(rng.integers(low, high, endpoint=True)),
        [*STEPS, *steps * 8],
    )
    samples = network.samples(2)
    module = import_model(network.proto())
    run_pipeline(module, float_passes())
    mode = ("static", "static", "float")[seed % 3 if seed % 2 else 0]
    with use(calibrate(module, samples)):
        run_pipeline(module, quantization_passes(mode))
    inputs = list(samples[-1].values())
    expected = Result(reference(module, inputs).outputs, {})
    machine = Machine.of(("portable", "x86-64-v3", "avx512vnni", "amx")[seed % 4])
    printed = _print(machine.target, 2 + seed % 3, module)
    flags = ("-pthread", "-DRUNNER_THREADS=3")
    actual = execute(printed, machine, inputs, (*flags, "-fsanitize=thread"))
    assert_same_bits(actual, expected)


@pytest.mark.parametrize("mode", ["static", "float"])
@pytest.mark.parametrize("name", ["portable", "x86-64-v3", "avx512vnni", "amx"])
def test_attention(name: str, mode: str) -> None:
    """Products of activations by heads, each with scratch of its own, and softmax."""
    shape = (1, 5, 17, 24)
    nodes = [
        helper.make_node("Transpose", ["x"], ["k"], perm=[0, 1, 3, 2]),
        helper.make_node("MatMul", ["x", "k"], ["s"]),
        helper.make_node("Softmax", ["s"], ["p"], axis=-1),
        helper.make_node("MatMul", ["p", "x"], ["y"]),
    ]
    rng = np.random.default_rng(3)
    samples = [{"x": rng.standard_normal(shape).astype(np.float32)} for _ in range(2)]
    module = import_model(model(nodes, {}, {"x": shape}))
    run_pipeline(module, float_passes())
    with use(calibrate(module, samples)):
        run_pipeline(module, quantization_passes(mode))
    machine = Machine.of(name)
    printed = _print(machine.target, 3, module)
    assert printed.source.count("case 2:") >= 3  # both products and softmax
    inputs = [samples[0]["x"]]
    flags = ("-pthread", "-DRUNNER_THREADS=3", "-fsanitize=thread")
    expected = Result(reference(module, inputs).outputs, {})
    assert_same_bits(execute(printed, machine, inputs, flags), expected)
