"""The bundled model in every mode, on every target, with every compiler: one result."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from command_line import DIGITS
from execution import (
    SANITIZERS,
    Array,
    Machine,
    Result,
    assert_same_bits,
    execute,
    print_for,
    reference,
)
from xdsl.dialects.builtin import ModuleOp

from qcc.codegen.targets import TARGETS, host_architecture
from qcc.compiler.calibration import calibrate
from qcc.compiler.onnx_import import import_model
from qcc.compiler.pipeline import (
    MODES,
    PipelineOptions,
    float_passes,
    quantization_passes,
    run_pipeline,
)
from qcc.dialects.reference.interpreter import run
from qcc.passes.statistics import use

FAST = ("-O3", "-march=native", "-ffp-contract=fast")


def images() -> Array:
    """Float images 0..1 (rows, 1, 1, 8, 8) that the model has not seen."""
    with np.load(DIGITS / "test.npz") as archive:
        return archive["image"][:, None]


@cache
def compiled(mode: str, io: str = "float") -> ModuleOp:
    """The module before code generation."""
    module = import_model(DIGITS / "digits.onnx")
    run_pipeline(module, float_passes())
    with np.load(DIGITS / "calibration.npz") as archive:
        samples = [{"image": image[None]} for image in archive["image"]]
    with use(calibrate(module, samples)):
        options = PipelineOptions(io=io, int8_only=mode == "static")
        run_pipeline(module, quantization_passes(mode, options))
    return module


@cache
def expected(mode: str) -> Result:
    """The reference for the first image."""
    return reference(compiled(mode), [images()[0]])


def check(mode: str, machine: Machine, *flags: str) -> None:
    printed = print_for(compiled(mode), machine.target)
    assert_same_bits(execute(printed, machine, [images()[0]], flags), expected(mode))


@pytest.mark.parametrize("mode", MODES)
def test_layout_does_not_change_the_result(mode: str):
    [result] = run(compiled(mode), [images()[0]])
    assert result.tobytes() == expected(mode).outputs[0].tobytes()


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("mode", MODES)
def test_target(mode: str, target: str):
    check(mode, Machine.of(target))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("compiler", ["clang", "zig"])
def test_compiler(compiler: str, mode: str):
    hosts = (None, host_architecture())
    names = [name for name in TARGETS if TARGETS[name].architecture in hosts]
    for target in names if mode == "static" else ["portable"]:
        check(mode, Machine.of(target, compiler))


@pytest.mark.parametrize("mode", MODES)
def test_sanitizers(mode: str):
    check(mode, Machine.of("portable"), *SANITIZERS)


def test_sanitizers_with_simd():
    check("static", Machine.of("x86-64-v3"), *SANITIZERS)


def test_sanitizers_of_clang():
    check("static", Machine.of("portable", "clang"), *SANITIZERS)


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_contraction_and_native_instructions_change_nothing(compiler: str):
    for mode in MODES:
        check(mode, Machine.of("portable", compiler), *FAST)
    check("static", Machine.of("x86-64-v3", compiler), *FAST)


def test_contraction_changes_nothing_on_arm():
    for mode in MODES:
        check(mode, Machine.of("armv8"), "-O3", "-ffp-contract=fast")


def test_fast_math_is_refused():
    machine = Machine.of("portable")
    printed = print_for(compiled("static"), machine.target)
    with pytest.raises(subprocess.CalledProcessError):
        execute(printed, machine, [images()[0]], ["-ffast-math"])


@pytest.mark.parametrize("io", ["int8", "uint8"])
def test_integer_inputs_and_outputs(io: str):
    """What goes in and comes out are the stored integers of the float interface."""
    module = compiled("static", io)
    machine = Machine.of("x86-64-v3")
    printed = print_for(module, machine.target)
    [entry], [leaving] = printed.description["inputs"], printed.description["outputs"]
    assert (entry["type"], leaving["type"]) == (io, io)
    image = images()[0]
    low = 0 if io == "uint8" else -128
    real = np.round(image / np.float32(entry["scale"])) + entry["zero_point"]
    stored = np.clip(real, low, low + 255).astype(io)
    result = execute(printed, machine, [stored])
    assert_same_bits(result, reference(module, [stored]))
    [output] = result.outputs
    probabilities = (output.astype(np.int32) - leaving["zero_point"]) * np.float32(
        leaving["scale"]
    )
    np.testing.assert_array_equal(probabilities, expected("static").outputs[0])


COMPILE_ALL = """
import sys, numpy, qcc
from pathlib import Path
model, data, folder, *names = sys.argv[1:]
with numpy.load(data) as archive:
    samples = [{"image": image[None]} for image in archive["image"]]
for mode in ("static", "dynamic", "float"):
    for target in names:
        output = Path(folder) / f"{mode}_{target.replace('+', '_')}.c"
        given = samples if mode == "static" else None
        qcc.compile(model, output, calibration=given, mode=mode, target=target)
qcc.compile(model, Path(folder) / "m.mlir", calibration=samples)
qcc.compile(model, Path(folder) / "m.onnx", calibration=samples)
"""


def test_two_processes_write_the_same_bytes(tmp_path: Path):
    found: list[dict[str, bytes]] = []
    paths = (str(DIGITS / "digits.onnx"), str(DIGITS / "calibration.npz"))
    for seed in ("1", "2"):
        folder = tmp_path / seed
        folder.mkdir()
        command = (sys.executable, "-c", COMPILE_ALL, *paths, str(folder), *TARGETS)
        environment = os.environ | {"PYTHONHASHSEED": seed}
        subprocess.run(command, check=True, env=environment)
        found.append({path.name: path.read_bytes() for path in folder.iterdir()})
    assert len(found[0]) >= 2 * 3 * len(TARGETS) + 2
    assert found[0] == found[1]
