"""The zoo's models compiled once, with and without all tensors kept."""

from __future__ import annotations

import sys
import time
from functools import cache
from pathlib import Path
from typing import Any

from xdsl.dialects.builtin import ModuleOp

from qcc.compiler.api import Options, Report, compile_with
from qcc.compiler.onnx_import import import_model
from qcc.compiler.pipeline import (
    PipelineOptions,
    float_passes,
    quantization_passes,
    run_pipeline,
)
from qcc.passes.statistics import Statistics, use

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared"
BUILD = ROOT / "build" / "acceptance"

CALIBRATION_SAMPLES = 100

STATIC = (
    "resnet8_cifar10",
    "vww_mobilenetv1_025_96",
    "kws_dscnn",
    "sww_streaming",
    "mnist_cntk",
    "mobilenet_v1_025_224",
    "mobilenet_v2_100_224_qat_float",
    "magika_v2_1",
    "ultraface_rfb320",
    "deeplabv3_mnv2_dm05_pascal_qat_float",
    "super_resolution_10",
)

QUANTIZED = (
    "resnet8_cifar10_int8_qdq",
    "kws_dscnn_tflite_int8_qdq",
    "vww_person_detect_96_int8_qdq",
    "mobilenet_v1_025_128_qat_qdq",
    "mobilenet_v2_100_224_qat_qdq",
    "mobilenet_v2_100_224_ptq_qdq",
)


@cache
def zoo_cases() -> dict[str, Any]:
    """The cases of ../shared/zoo. SystemExit where it is absent."""
    folder = SHARED / "zoo"
    if not (folder / "zoo.py").is_file():
        sys.exit("../shared/zoo is not here: nothing to measure")
    sys.path.append(str(folder))
    import zoo

    return zoo.cases()


def ranges_of(name: str) -> Path | None:
    """The statistics of a float model over its calibration samples, made once."""
    if name.endswith("_qdq"):
        return None
    path = BUILD / f"{name}.statistics.json"
    if not path.exists():
        BUILD.mkdir(parents=True, exist_ok=True)
        case = zoo_cases()[name]
        samples = case.calibration(CALIBRATION_SAMPLES)
        options = Options(calibration=samples, save_ranges=path)
        compile_with(case.model, BUILD / f"{name}.mlir", options)
    return path


def float_module(name: str) -> ModuleOp:
    """The rewritten float model."""
    module = import_model(zoo_cases()[name].model)
    run_pipeline(module, float_passes())
    return module


def quant_module(name: str) -> ModuleOp:
    """The static int8 form of a model."""
    module = float_module(name)
    path = ranges_of(name)
    with use(Statistics.load(path) if path else Statistics()):
        options = PipelineOptions(float_outputs=True)
        run_pipeline(module, quantization_passes("static", options))
    return module


def library(name: str, target: str = "native", **options: Any) -> tuple[Path, Report]:
    """Compiles a zoo model to a `.so` and reports; `time` is in the report's rows."""
    BUILD.mkdir(parents=True, exist_ok=True)
    output = BUILD / f"{name}.so"
    settings = Options(target=target, ranges=ranges_of(name), **options)
    started = time.monotonic()
    report = compile_with(zoo_cases()[name].model, output, settings)
    report.rows.append(("seconds", f"{time.monotonic() - started:.3f}"))
    return output, report
