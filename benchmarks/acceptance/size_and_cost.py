"""Sizes of libraries, time and memory of the compiler."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.acceptance.models import (
    BUILD,
    QUANTIZED,
    ROOT,
    SHARED,
    STATIC,
    library,
    quant_module,
    zoo_cases,
)
from benchmarks.acceptance.registry import Row, check
from qcc.dialects import nn, quant
from qcc.dialects.types import element_type_of, shape_of

_COMPILE = """
import json, resource, sys, time
from pathlib import Path
started = time.monotonic()
from qcc.compiler.api import Options, compile_with
compile_with(Path(sys.argv[1]), Path(sys.argv[2]), Options())
seconds = time.monotonic() - started
peak = max(
    resource.getrusage(who).ru_maxrss
    for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
)
print(json.dumps([seconds, peak / 1e6]))
"""


def _python(script: str, *arguments: str) -> object:
    command = [sys.executable, "-c", script, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def weight_bytes(name: str) -> tuple[int, int]:
    """Bytes of int8 weights, and output channels of the ops that hold them."""
    weights = channels = 0
    for op in quant_module(name).walk():
        if isinstance(op, quant.Conv2dOp | quant.ConvTranspose2dOp | quant.MatMulOp):
            constant = op.operands[1].owner
            if isinstance(constant, nn.ConstantOp):
                weights += int(np.prod(shape_of(op.operands[1])))
                element = element_type_of(op.operands[1])
                assert isinstance(element, quant.UniformType)
                channels += len(element.scales)
    return weights, channels


_RATIO_TARGET = "x86-64-v3"
"""
Where libraries are compared with float models: `native` may have AVX-512 and AMX, whose
kernels add code (which the check of code bounds by itself).
"""


@check("size")
def size() -> Iterator[Row]:
    """Library against its int8 weights and against the float model."""
    for name in (*STATIC, *QUANTIZED):
        path, _ = library(name)
        weights, channels = weight_bytes(name)
        actual, limit = path.stat().st_size, 1.15 * (weights + 8 * channels) + 128e3
        text = f"{actual / 1e3:.0f} kB for {weights / 1e3:.0f} kB of weights"
        yield Row(name, text, f"≤ {limit / 1e3:.0f} kB", actual <= limit)
        model = zoo_cases()[name].model.stat().st_size
        if name in STATIC and model > 1e6:
            path, _ = library(name, _RATIO_TARGET)
            ratio = path.stat().st_size / model
            text = f"{ratio:.3f} (native: {actual / model:.3f})"
            yield Row(f"{name} / float, {_RATIO_TARGET}", text, "≤ 0.3", ratio <= 0.3)


def resident_growth(library_path: Path) -> int:
    """Bytes by which the resident set of a C program grows when it loads a library."""
    program = BUILD / "loader"
    source = Path(__file__).with_name("loader.c")
    runtime = ROOT / "runtime" / "include"
    command = ["cc", "-O2", f"-I{runtime}", str(source), "-o", str(program), "-ldl"]
    subprocess.run(command, check=True)
    # Around a page that is touched Linux maps others that its cache holds. That differs
    # from time to time and costs nothing: the fewest bytes are those that it takes.
    growth: list[int] = []
    for _ in range(9):
        command = [str(program), str(library_path)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        growth.append(int(done.stdout))
    return min(growth)


@check("resident memory")
def resident() -> Iterator[Row]:
    """Growth of the resident set by loading a library and init, before any run."""
    for name in STATIC:
        weights, _ = weight_bytes(name)
        if weights < 100_000:
            continue  # a page or two of the loader's own is more than a tenth
        path, _ = library(name)
        grown = resident_growth(path)
        text = f"{grown / 1e3:.0f} kB of {weights / 1e3:.0f} kB"
        yield Row(name, text, "< 10 % of the weights", grown < 0.1 * weights)


@check("compile cost")
def cost() -> Iterator[Row]:
    """Wall time and peak memory of a whole compilation, without calibration."""
    folder = BUILD / "models"
    folder.mkdir(parents=True, exist_ok=True)
    resnet50 = folder / "resnet50_224.onnx"
    if not resnet50.exists():
        maker = SHARED / "bench" / "make_models.py"
        command = [sys.executable, str(maker), str(folder), "--only", "resnet50_224"]
        subprocess.run(command, check=True, capture_output=True)
    zoo: dict[Path, float] = {
        zoo_cases()["resnet8_cifar10"].model: 6.0,
        zoo_cases()["mobilenet_v2_100_224_qat_float"].model: 20.0,
        zoo_cases()["mobilenet_v2_100_224_qat_qdq"].model: 20.0,
        resnet50: 40.0,
    }
    for model, limit in zoo.items():
        measured = _python(_COMPILE, str(model), str(folder / "cost.so"))
        assert isinstance(measured, list)
        seconds, gigabytes = measured
        text = f"{seconds:.1f} s, {gigabytes:.2f} GB"
        passed = seconds <= limit and gigabytes <= 1.0
        yield Row(model.stem, text, f"≤ {limit:.0f} s, ≤ 1 GB", passed)
