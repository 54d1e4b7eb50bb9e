"""Convolutions write their channels into a concatenation, without a copy."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from execution import (
    SANITIZERS,
    Machine,
    Result,
    assert_same_bits,
    execute,
    print_for,
    reference,
)
from numpy.typing import NDArray
from onnx import helper
from small_models import model
from xdsl.dialects.builtin import ModuleOp

from qcc.codegen.targets import TARGETS
from qcc.compiler.api import Options, generate
from qcc.compiler.calibration import calibrate
from qcc.compiler.onnx_import import import_model
from qcc.compiler.pipeline import float_passes, quantization_passes, run_pipeline
from qcc.passes.statistics import use

SHAPE = (1, 6, 21, 23)


def _input(seed: int) -> NDArray[np.float32]:
    return np.random.default_rng(seed).standard_normal(SHAPE).astype(np.float32)


@cache
def _compiled() -> ModuleOp:
    """
    An inception block before code generation.

    Of the parts two are read by nothing else, a third is pooled, and the fourth is
    an output of the model too.
    """
    rng = np.random.default_rng(0)
    shapes = {"a": (19, 6, 1, 1), "b": (33, 6, 3, 3), "c": (8, 6, 3, 3)}
    shapes["d"] = (12, 66, 1, 1)
    weights = {
        name: rng.standard_normal(shape).astype(np.float32)
        for name, shape in shapes.items()
    }
    same = {"pads": [1, 1, 1, 1]}
    nodes = [
        helper.make_node("Conv", ["x", "a"], ["p"], "point"),
        helper.make_node("Conv", ["x", "b"], ["q"], "square", **same),
        helper.make_node(
            "MaxPool", ["x"], ["r"], "pool", kernel_shape=[3, 3], strides=[1, 1], **same
        ),
        helper.make_node("Conv", ["x", "c"], ["z"], "shared", **same),
        helper.make_node("Concat", ["p", "q", "r", "z"], ["t"], "join", axis=1),
        helper.make_node("Conv", ["t", "d"], ["y"], "last"),
    ]
    module = import_model(model(nodes, weights, {"x": SHAPE}, ["y", "z"]))
    run_pipeline(module, float_passes())
    with use(calibrate(module, [{"x": _input(seed)} for seed in range(3)])):
        run_pipeline(module, quantization_passes("static"))
    return module


@pytest.mark.parametrize("name", TARGETS)
def test_equal_bits(name: str) -> None:
    machine, inputs = Machine.of(name), [_input(7)]
    printed = print_for(_compiled(), machine.target, keep=False)
    outputs = reference(_compiled(), inputs).outputs
    assert_same_bits(execute(printed, machine, inputs), Result(outputs, {}))


def test_sanitizers() -> None:
    machine, inputs = Machine.of("portable"), [_input(8)]
    printed = print_for(_compiled(), machine.target, keep=False)
    outputs = reference(_compiled(), inputs).outputs
    assert_same_bits(execute(printed, machine, inputs, SANITIZERS), Result(outputs, {}))


@pytest.mark.parametrize("threads", [1, 3])
def test_only_parts_that_others_read_are_copied(threads: int) -> None:
    options, targets = Options(threads=threads), [TARGETS["portable"]]
    printed = generate(_compiled().clone(), targets, "model", options)
    kernels = [step["kernel"] for step in printed.description["steps"]]
    assert len([kernel for kernel in kernels if "copy" in kernel]) == 2


def test_parts_of_parts_that_threads_share() -> None:
    """Two images side by side, then channels: the threads' views are views of views."""
    rng = np.random.default_rng(0)
    shape = (1, 16, 40, 40)
    weights = {
        "a": rng.standard_normal((24, 16, 3, 3)).astype(np.float32),
        "b": rng.standard_normal((20, 24, 1, 1)).astype(np.float32),
        "c": rng.standard_normal((12, 16, 3, 3)).astype(np.float32),
        "d": rng.standard_normal((8, 32, 1, 1)).astype(np.float32),
    }
    same = {"pads": [1, 1, 1, 1]}
    nodes = [
        helper.make_node("Conv", ["x", "a"], ["p"], "left", **same),
        helper.make_node("Conv", ["u", "a"], ["q"], "right", **same),
        helper.make_node("Concat", ["p", "q"], ["both"], "images", axis=0),
        helper.make_node("Conv", ["both", "b"], ["r"], "point"),
        helper.make_node("Conv", ["x", "c"], ["s"], "upper", **same),
        helper.make_node("Conv", ["u", "c"], ["t"], "lower", **same),
        helper.make_node("Concat", ["s", "t"], ["more"], "others", axis=0),
        helper.make_node("Concat", ["r", "more"], ["z"], "channels", axis=1),
        helper.make_node("Conv", ["z", "d"], ["y"], "last"),
    ]
    inputs = {"x": shape, "u": shape}
    module = import_model(model(nodes, weights, inputs, ["y"]))
    run_pipeline(module, float_passes())
    feeds = {name: rng.standard_normal(shape).astype(np.float32) for name in inputs}
    with use(calibrate(module, [feeds])):
        run_pipeline(module, quantization_passes("static"))
    machine = Machine.of("portable")
    options = Options(threads=3)
    printed = generate(module.clone(), [machine.target], "model", options)
    expected = reference(module, list(feeds.values())).outputs
    result = execute(printed, machine, list(feeds.values()))
    assert_same_bits(result, Result(expected, {}))
