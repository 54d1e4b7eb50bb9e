"""How near to the core's peak, how much two threads help, and never behind float32."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import numpy as np

from benchmarks.acceptance.registry import Row, check
from benchmarks.models import BUILD, ROOT, Model, all_models
from benchmarks.ours import library as bench_library
from benchmarks.report import read_json
from benchmarks.roofline.__main__ import layers
from benchmarks.roofline.peaks import measure
from qcc.codegen.targets import find_target, runs_here
from qcc.compiler.timing import ModelTimer
from qcc.runtime.session import InferenceSession

_CLOCK = "cpu"
"""Other work on the machine disturbs CPU times least."""

_RUNS = 12
"""Two threads come to speed in about ten runs: each core first fetches its part."""


def _model(name: str) -> Model:
    return next(model for model in all_models() if model.name == name)


@check("share of the peak")
def share_of_peak() -> Iterator[Row]:
    """ResNet-50 as a whole against one core's measured peak."""
    peaks = measure()
    for target, peak, share in (
        ("amx", "amx", 0.35),
        ("avx512vnni", "avx512vnni", 0.65),
    ):
        subject, required = f"resnet50_224, {target}", f"≥ {100 * share:.0f} %"
        if not runs_here(find_target(target)):
            yield Row(subject, "this processor lacks it", required, False)
            continue
        found = layers(_model("resnet50_224"), target, peaks[peak])
        spent = sum(layer.microseconds for layer in found)
        reached = sum(layer.macs for layer in found) / spent / 1e3 / peaks[peak]
        text = (
            f"{spent / 1e3:.2f} ms: {100 * reached:.0f} % of {peaks[peak]:.0f} GMAC/s"
        )
        yield Row(subject, text, required, reached >= share)


@check("two threads")
def two_threads() -> Iterator[Row]:
    """Wall time; needs two free cores."""
    for name in ("resnet50_224", "mobilenet_v1_1.0_224"):
        model = _model(name)
        session = InferenceSession(bench_library(model, "native", threads=2))
        one, two = (ModelTimer(session, model.feeds(), threads=n) for n in (1, 2))
        ratios = [
            one.time_runs(_RUNS).min() / two.time_runs(_RUNS).min() for _ in range(15)
        ]
        gain = float(np.median(ratios))
        yield Row(name, f"{gain:.2f} × faster", "≥ 1.7 ×", gain >= 1.7)


@check("never slower than float32")
def never_slower() -> Iterator[Row]:
    """Every zoo model that compiles, against onnxruntime on the same file."""
    command = (
        sys.executable,
        "-m",
        "benchmarks",
        "--zoo",
        "--resume",
        "--seconds",
        "4",
    )
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    for result in read_json(BUILD / "results-zoo.json"):
        times, peer = result.milliseconds[_CLOCK], result.best_peer[_CLOCK]
        [(ours, ratio)] = result.ratios[_CLOCK].items()
        text = f"{times[ours]:.4g} ms, {peer} {times[peer]:.4g} ms: {ratio:.2f} ×"
        yield Row(result.model, text, "≤ 1 ×", ratio <= 1)
