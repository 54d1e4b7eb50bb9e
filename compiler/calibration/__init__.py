"""Calibration: samples of the inputs in, statistics of every float value out."""

from qcc.compiler.calibration.methods import DEFAULT_METHOD, calibration_methods
from qcc.compiler.calibration.run import calibrate, input_specs
from qcc.compiler.calibration.samples import (
    InputSpec,
    Samples,
    check_samples,
    load_samples,
)

__all__ = [
    "DEFAULT_METHOD",
    "InputSpec",
    "Samples",
    "calibrate",
    "calibration_methods",
    "check_samples",
    "input_specs",
    "load_samples",
]
