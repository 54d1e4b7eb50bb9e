"""Real models, one sample each: C for several targets equals the reference."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from execution import (
    SANITIZERS,
    Array,
    Machine,
    Result,
    assert_same_bits,
    execute,
    need_zoo,
    print_for,
    reference,
)
from xdsl.dialects.builtin import ModuleOp

from qcc.codegen.targets import native_target
from qcc.compiler.calibration import calibrate
from qcc.compiler.onnx_import import import_model
from qcc.compiler.pipeline import float_passes, quantization_passes, run_pipeline
from qcc.passes.statistics import Statistics, use

SMALL = (
    "resnet8_cifar10",
    "kws_dscnn",
    "sww_streaming",
    "mnist_cntk",
    "vww_mobilenetv1_025_96",
)
QUANTIZED = (
    "resnet8_cifar10_int8_qdq",
    "kws_dscnn_tflite_int8_qdq",
    "vww_person_detect_96_int8_qdq",
    "mobilenet_v1_025_128_qat_qdq",
)


@cache
def compiled(name: str, mode: str) -> tuple[ModuleOp, list[Array], Result]:
    """The module before code generation, a sample, and what it must give."""
    zoo = need_zoo()
    case = zoo.cases()[name]
    module = import_model(case.model)
    run_pipeline(module, float_passes())
    statistics = Statistics()
    if mode == "static" and name not in QUANTIZED:
        statistics = calibrate(module, list(case.calibration(4)))
    with use(statistics):
        run_pipeline(module, quantization_passes(mode))
    feeds, _ = next(iter(case.evaluation()))
    inputs = [np.asarray(array) for array in feeds.values()]
    return module, inputs, reference(module, inputs)


def check(name: str, mode: str, target: str, *flags: str) -> None:
    need_zoo()
    machine = Machine.of(target)
    module, inputs, expected = compiled(name, mode)
    printed = print_for(module, machine.target)
    assert_same_bits(execute(printed, machine, inputs, flags), expected)


@pytest.mark.parametrize("target", ["portable", "x86-64-v3", "armv8"])
@pytest.mark.parametrize("name", [*SMALL, *QUANTIZED])
def test_static(name: str, target: str):
    check(name, "static", target)


@pytest.mark.parametrize("name", ["resnet8_cifar10", "vww_person_detect_96_int8_qdq"])
def test_best_instructions_of_this_processor(name: str):
    check(name, "static", native_target().name)


@pytest.mark.parametrize("name", ["mnist_cntk", "kws_dscnn"])
@pytest.mark.parametrize("target", ["portable", "x86-64", "armv8"])
def test_dynamic(name: str, target: str):
    check(name, "dynamic", target)


@pytest.mark.parametrize("name", ["sww_streaming", "dtln_model_2"])
def test_float(name: str):
    check(name, "float", "portable")


def test_larger_model():
    check("ultraface_rfb320", "static", native_target().name)


@pytest.mark.parametrize(
    ("name", "target"),
    [("resnet8_cifar10", "portable"), ("kws_dscnn_tflite_int8_qdq", "x86-64-v3")],
)
def test_sanitizers(name: str, target: str):
    check(name, "static", target, *SANITIZERS)
