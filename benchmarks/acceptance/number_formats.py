"""Modes weights and round, int4 weights, power-of-two scales: sizes and scores."""

from __future__ import annotations

import subprocess
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.acceptance.accuracy import score
from benchmarks.acceptance.models import BUILD, SHARED, zoo_cases
from benchmarks.acceptance.registry import Row, check
from qcc.compiler.api import Options, compile_with
from qcc.compiler.onnx_import import import_model
from qcc.compiler.pipeline import float_passes, run_pipeline
from qcc.passes.coarse_weights import has_few_levels
from qcc.passes.float_weights import float_weights
from qcc.runtime.session import InferenceSession

_FORMATS: dict[str, dict[str, Any]] = {
    "float": {"mode": "float"},
    "round": {"mode": "round"},
    "weights": {"mode": "weights"},
    "int4": {"mode": "weights", "weights": "int4"},
}

_SIZED = (
    "mobilenet_v1_025_224",
    "mobilenet_v1_100_224_qat_float",
    "mobilenet_v2_100_224_qat_float",
    "magika_v2_1",
    "dtln_model_2",
    "ultraface_rfb320",
    "deeplabv3_mnv2_dm05_pascal_qat_float",
)
"""Float models above 1 MB."""

_SCORED = (
    "resnet8_cifar10",
    "kws_dscnn",
    "vww_mobilenetv1_025_96",
    "mnist_cntk",
    "magika_v2_1",
    "mobilenet_v1_025_224",
    "mobilenet_v2_100_224_qat_float",
)

_POINTS = 0.2
"""The drop that mode weights may have."""

_SAMPLES = 32
"""Calibration samples, for the biases."""


def _resnet50() -> Path:
    folder = BUILD / "models"
    path = folder / "resnet50_224.onnx"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        maker = SHARED / "bench" / "make_models.py"
        command = [sys.executable, str(maker), str(folder), "--only", path.stem]
        subprocess.run(command, check=True, capture_output=True)
    return path


def _library(model: Path, name: str, format: str, **options: Any) -> Path:
    # A path of its own: the loader takes libraries of one path for the same.
    output = BUILD / f"{name}.{format}.so"
    compile_with(model, output, Options(**_FORMATS[format], **options))
    return output


def _deflated(path: Path) -> int:
    """Bytes of the file in a zip of the usual level."""
    return len(zlib.compress(path.read_bytes(), 6))


def _levels(model: Path) -> tuple[int, bool]:
    """Most distinct values of a weight tensor; whether most weights have few levels."""
    module = import_model(model)
    run_pipeline(module, float_passes())
    arrays = [weight.array for weight in float_weights(module)]
    few = sum(array.size for array in arrays if has_few_levels(array))
    most = max(np.unique(array).size for array in arrays)
    return most, few > sum(array.size for array in arrays) / 2


def _rounded(name: str, model: Path, whole: Path) -> Row:
    """
    The zip of mode round beside the zip of mode float, and beside its library.

    Where a float model was trained on 256 levels, its own zip is already as small, and
    a share of it says nothing: there the zip is compared with the library itself.
    """
    zipped = _deflated(_library(model, name, "round"))
    of_zip, of_library = zipped / _deflated(whole), zipped / whole.stat().st_size
    values, is_on_grid = _levels(model)
    text = (
        f"zip {of_zip:.3f} of the float library's zip, {of_library:.3f} of the float "
        f"library, whose weight tensors have up to {values} values"
    )
    if is_on_grid:
        required = "≤ 0.35 of the library (its zip is that of 256 levels already)"
        return Row(f"{name}, round", text, required, of_library <= 0.35)
    return Row(f"{name}, round", text, "≤ 0.35 of the zip", of_zip <= 0.35)


@check("sizes of formats")
def sizes() -> Iterator[Row]:
    """Libraries and their zips beside those of mode float."""
    models = {name: zoo_cases()[name].model for name in _SIZED}
    for name, model in {**models, "resnet50_224": _resnet50()}.items():
        whole = _library(model, name, "float")
        size = whole.stat().st_size
        yield _rounded(name, model, whole)
        for format, limit in (("weights", 0.27), ("int4", 0.14)):
            ratio = _library(model, name, format).stat().st_size / size
            text = f"{ratio:.4f} of the float library"
            yield Row(f"{name}, {format}", text, f"≤ {limit}", ratio <= limit)


@check("accuracy of formats")
def accuracy() -> Iterator[Row]:
    """Scores with biases corrected from samples, and without any."""
    for name in _SCORED:
        case = zoo_cases()[name]
        for format in ("weights", "round", "int4"):
            samples = case.calibration(_SAMPLES)
            path = _library(case.model, f"{name}.samples", format, calibration=samples)
            drop = 100 * (case.float_score - score(case, InferenceSession(path)))
            path = _library(case.model, name, format)
            alone = 100 * (case.float_score - score(case, InferenceSession(path)))
            text = f"drop {drop:.2f} points, without samples {alone:.2f}"
            if format != "weights":
                yield Row(f"{name}, {format}", text, "", passed=True)
                continue
            allowed = max(_POINTS, 100 / case.samples)
            required = f"≤ {allowed:.2f} points with samples"
            yield Row(f"{name}, {format}", text, required, drop <= allowed + 1e-9)


@check("accuracy of power-of-two scales")
def power_of_two() -> Iterator[Row]:
    """Static int8 with scales that are powers of two beside all scales."""
    for name in _SCORED:
        case = zoo_cases()[name]
        drops: list[float] = []
        for scales in ("float", "pow2"):
            samples = case.calibration(100)
            path = BUILD / f"{name}.{scales}.so"
            options = Options(calibration=samples, scales=scales)
            compile_with(case.model, path, options)
            measured = score(case, InferenceSession(path))
            drops.append(100 * (case.float_score - measured))
        text = f"drop {drops[1]:.2f} points, {drops[0]:.2f} with all scales"
        yield Row(name, text, "", passed=True)
