"""Scores of the zoo's float models in mode dynamic: no calibration data at all."""

from __future__ import annotations

from collections.abc import Iterator

import qcc
from benchmarks.acceptance.accuracy import score
from benchmarks.acceptance.models import BUILD, zoo_cases
from benchmarks.acceptance.registry import Row, check
from qcc.compiler.api import Options, compile_with

_POINTS = {
    "resnet8_cifar10": 1.5,
    "kws_dscnn": 1.5,
    "mnist_cntk": 1.5,
    "vww_mobilenetv1_025_96": 1.5,
    "mobilenet_v2_100_224_qat_float": 3.0,
    "mobilenet_v1_100_224_qat_float": 3.0,
    "mobilenet_v1_025_224": 6.0,
}
"""Allowed drop from float, in points."""


@check("accuracy of dynamic int8")
def dynamic() -> Iterator[Row]:
    """Compiled for this processor with nothing but the model: defaults."""
    BUILD.mkdir(parents=True, exist_ok=True)
    for name, allowed in _POINTS.items():
        case = zoo_cases()[name]
        output = BUILD / f"{name}.dynamic.so"
        report = compile_with(case.model, output, Options())
        assert ("mode", "dynamic") in report.rows
        measured = score(case, qcc.InferenceSession(output))
        drop = 100 * (case.float_score - measured)
        yield Row(
            name,
            f"{measured:.4f}, drop {drop:.2f} points",
            f"≤ {allowed} points",
            drop <= allowed + 1e-9,
        )
