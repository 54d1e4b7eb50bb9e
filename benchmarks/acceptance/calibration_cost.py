"""Time and memory of calibration, by method, beside a mere run of the float model."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator

from benchmarks.acceptance.models import ROOT
from benchmarks.acceptance.registry import Row, check
from qcc.compiler.calibration.methods import calibration_methods

_MODEL = "mobilenet_v2_100_224_qat_float"

_IMAGES = 500

_GIGABYTES = 1.5

_TIMES_FLOAT = 4.0
"""What methods without histograms may take, in runs of the float model."""

_SECONDS = 90.0
"""What the others may take."""

_WITHOUT_HISTOGRAMS = ("minmax", "moving-average")

_CALIBRATE = """
import json, resource, sys, time
import onnxruntime
from benchmarks.acceptance.models import float_module, zoo_cases
from qcc.compiler.calibration import calibrate
name, images, method = sys.argv[1:]
case = zoo_cases()[name]
samples = list(case.calibration(int(images)))
assert len(samples) == int(images)
module = float_module(name)
providers = ["CPUExecutionProvider"]
session = onnxruntime.InferenceSession(case.model, providers=providers)
runs = []
for _ in range(2):
    started = time.monotonic()
    for feeds in samples:
        session.run(None, feeds)
    runs.append(time.monotonic() - started)
del session
started = time.monotonic()
calibrate(module, samples, method, progress=False)
seconds = time.monotonic() - started
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps([min(runs), seconds, peak * 1024 / 1e9]))
"""


@check("cost of calibration")
def calibration_cost() -> Iterator[Row]:
    """
    500 images in memory; a process for each method.

    The peak is that of the whole process, images and onnxruntime's own run included.
    """
    measured: dict[str, tuple[float, float, float]] = {}
    for method in calibration_methods():
        command = [sys.executable, "-c", _CALIBRATE, _MODEL, str(_IMAGES), method]
        done = subprocess.run(
            command, capture_output=True, text=True, check=True, cwd=ROOT
        )
        measured[method] = json.loads(done.stdout)
    # The least of them: what else the machine did makes others longer.
    float_run = min(seconds for seconds, _, _ in measured.values())
    for method, (_, seconds, gigabytes) in measured.items():
        ratio = seconds / float_run
        text = (
            f"{seconds:.1f} s, {ratio:.1f} x the float model's {float_run:.1f} s; "
            f"peak {gigabytes:.2f} GB"
        )
        if method in _WITHOUT_HISTOGRAMS:
            required, passed = f"≤ {_TIMES_FLOAT:.0f} x", ratio <= _TIMES_FLOAT
        else:
            required, passed = f"≤ {_SECONDS:.0f} s", seconds <= _SECONDS
        passed = passed and gigabytes <= _GIGABYTES
        yield Row(method, text, f"{required}, ≤ {_GIGABYTES} GB", passed)
