"""What static int8 may cost with the defaults, model by model."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.acceptance.models import CALIBRATION_SAMPLES
from benchmarks.acceptance.registry import Row, check
from benchmarks.accuracy.measure import Measured, measure
from benchmarks.accuracy.subjects import subject
from benchmarks.accuracy.tools import OURS, TOOLS, float_model

_POINTS = {
    "resnet8_cifar10": 0.4,
    "vww_mobilenetv1_025_96": 0.8,
    "kws_dscnn": 0.25,
    "sww_streaming": 3.4,
    "mnist_cntk": 0.1,
    "mobilenet_v1_025_224": 2.0,
    "mobilenet_v1_100_224_qat_float": 0.5,
    "mobilenet_v2_100_224_qat_float": 0.5,
    "magika_v2_1": 1.8,
    "ultraface_rfb320": 3.0,
    "deeplabv3_mnv2_dm05_pascal_qat_float": 5.0,
}
"""The largest drop of the score; one standard error more counts as met."""

_DECIBELS = {"super_resolution_10": 30.0}
"""The least signal to noise ratio."""


def _of(name: str) -> Measured:
    model = subject(name)
    run = TOOLS[OURS].prepare(model, model.calibration(CALIBRATION_SAMPLES))
    return measure(model, float_model(model), {OURS: run})[OURS]


@check("limits of static int8")
def limits() -> Iterator[Row]:
    """Every float model with 100 calibration samples and no option."""
    for name, most in _POINTS.items():
        found = _of(name)
        assert found.drop is not None
        assert found.error is not None
        text = f"drop {found.drop:.2f} ± {found.error:.2f} points"
        met = found.drop <= most + found.error + 1e-9
        yield Row(name, text, f"≤ {most:.2f} points + 1 ±", met)
    for name, least in _DECIBELS.items():
        ratio = _of(name).decibels
        yield Row(name, f"{ratio:.1f} dB", f"≥ {least:.0f} dB", ratio >= least)
