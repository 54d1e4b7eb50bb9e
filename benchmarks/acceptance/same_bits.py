"""Reference = portable C = every SIMD target, in every byte, on the zoo's models."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from numpy.typing import NDArray
from xdsl.dialects.builtin import ModuleOp

from benchmarks.acceptance.models import (
    QUANTIZED,
    ROOT,
    STATIC,
    quant_module,
    zoo_cases,
)
from benchmarks.acceptance.registry import Row, check
from benchmarks.models import Model, all_models
from qcc.compiler.calibration import calibrate
from qcc.compiler.onnx_import import import_model
from qcc.compiler.pipeline import float_passes, quantization_passes, run_pipeline
from qcc.passes.statistics import use

sys.path.append(str(ROOT / "tests" / "end_to_end"))

from execution import (
    Machine,
    Result,
    assert_same_bits,
    execute,
    print_for,
    reference,
)

_FEW = {"deeplabv3_mnv2_dm05_pascal_qat_float", "super_resolution_10"}

_VARIANTS: dict[str, tuple[str, ...]] = {
    "portable": (),
    "x86-64": (),
    "x86-64-v2": (),
    "x86-64-v3": (),
    "avxvnni": (),
    "avx512vnni": (),
    "amx": (),
    "armv7": (),
    "armv8": (),
    "armv8+dotprod": (),
    "armv8+i8mm": (),
    "portable -O3 -ffp-contract=fast": (
        "-O3",
        "-march=native",
        "-ffp-contract=fast",
    ),
}


@check("bits")
def same_bits() -> Iterator[Row]:
    """3 samples of every model (1 of the largest two) on every target."""
    for name in (*STATIC, *QUANTIZED):
        samples = 1 if name in _FEW else 3
        inputs = [
            list(feeds.values()) for feeds, _ in zoo_cases()[name].evaluation(samples)
        ]
        yield from _rows(name, quant_module(name), inputs, keep=True)


@check("bits of synthetic models")
def same_bits_of_synthetic_models() -> Iterator[Row]:
    """One sample of every untrained model on every target, memory reused."""
    for model in all_models():
        if not model.is_quantized:
            inputs = list(model.samples(3)[-1].values())
            yield from _rows(model.name, _static(model), [inputs], keep=False)


def _static(model: Model) -> ModuleOp:
    module = import_model(model.path)
    run_pipeline(module, float_passes())
    with use(calibrate(module, model.samples(2))):
        run_pipeline(module, quantization_passes("static"))
    return module


def _rows(
    name: str, module: ModuleOp, inputs: Sequence[Sequence[NDArray[Any]]], *, keep: bool
) -> Iterator[Row]:
    """One row per variant; `keep`: all tensors are compared, not only outputs."""
    expected = [reference(module, values) for values in inputs]
    if not keep:
        expected = [Result(result.outputs, {}) for result in expected]
    for variant, flags in _VARIANTS.items():
        target = variant.split()[0]
        try:
            machine = Machine.of(target)
        except pytest.skip.Exception as reason:
            yield Row(f"{name}, {variant}", f"not run: {reason}", "equal", False)
            continue
        printed = print_for(module, machine.target, keep=keep)
        try:
            for values, want in zip(inputs, expected, strict=True):
                result = execute(printed, machine, values, flags)
                assert_same_bits(result, want)
        except AssertionError as error:
            text = " ".join(str(error).split())[:80]
            yield Row(f"{name}, {variant}", text, "equal", False)
            continue
        count = len(printed.description["tensors"]) if keep else "no inner"
        text = f"equal: {count} tensors, {len(inputs)} samples"
        yield Row(f"{name}, {variant}", text, "equal", True)
