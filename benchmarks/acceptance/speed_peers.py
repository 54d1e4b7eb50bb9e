"""
Time of one inference beside the peers' (`python -m benchmarks`), one thread, medians of
paired ratios of CPU times, which other work on the machine disturbs least.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

from benchmarks.acceptance.registry import Row, check
from benchmarks.models import BUILD, ROOT
from benchmarks.report import Result, geometric_mean, read_json

_CLOCK = "cpu"

_MOBILE = ("mobilenet_v1_1.0_224", "mobilenet_v1_0.25_128", "mobilenet_v2_1.0_224")
_SMALL = ("resnet8_cifar", "dscnn_kws")
_RESNETS = ("resnet18_224", "resnet50_224")
_CONVOLUTIONAL = (
    *_MOBILE,
    *_RESNETS,
    "squeezenet1.1_224",
    "efficientnet_lite0_224",
    *_SMALL,
)


def _contest(isa: str | None) -> dict[str, Result]:
    """The contest, the peers held to `isa`; what is measured already is kept."""
    hold = () if isa is None else ("--isa", isa)
    command = (sys.executable, "-m", "benchmarks", "--resume", "--clock", _CLOCK, *hold)
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    path = BUILD / (f"results-{isa}.json" if isa else "results.json")
    return {result.model: result for result in read_json(path)}


def _row(result: Result, peer: str, limit: float, subject: str = "") -> Row:
    """Our time over the peer's, at most `limit`."""
    times = result.milliseconds[_CLOCK]
    [(ours, ratio)] = result.ratios[_CLOCK].items()
    if peer not in times:
        why = result.failures.get(peer, "not installed")
        return Row(subject or result.model, f"{peer}: {why}", "measured", False)
    if peer != result.best_peer[_CLOCK]:
        ratio = times[ours] / times[peer]
    text = f"{ours} {times[ours]:.4g} ms, {peer} {times[peer]:.4g} ms: {ratio:.2f} ×"
    return Row(subject or result.model, text, f"≤ {limit} ×", ratio <= limit)


def _beside_best(results: dict[str, Result], limits: dict[str, float]) -> Iterator[Row]:
    for name, limit in limits.items():
        result = results[name]
        yield _row(result, result.best_peer[_CLOCK], limit)


@check("speed beside peers")
def beside_peers() -> Iterator[Row]:
    """Everything as this processor has it."""
    results = _contest(None)
    yield from _beside_best(results, dict.fromkeys(_CONVOLUTIONAL, 0.9))
    ratios = [next(iter(results[n].ratios[_CLOCK].values())) for n in _CONVOLUTIONAL]
    mean = geometric_mean(ratios)
    yield Row("geometric mean of them", f"{mean:.2f} ×", "≤ 0.7 ×", mean <= 0.7)
    yield _row(results["ad_mlp"], "litert int8", 1.0)
    yield from _beside_best(results, {"bert_4l_312_s128": 1.0})
    for name in ("resnet50_224", "mobilenet_v1_1.0_224"):
        yield _row(results[name], "ort f32", 0.25, f"{name} beside float32")


@check("speed beside peers, AVX512-VNNI")
def beside_peers_vnni() -> Iterator[Row]:
    """Peers and we held to AVX512-VNNI."""
    results = _contest("avx512vnni")
    yield from _beside_best(results, dict.fromkeys(_CONVOLUTIONAL, 0.9))


@check("speed beside peers, AVX2")
def beside_peers_avx2() -> Iterator[Row]:
    """Peers and we held to AVX2."""
    limits = dict.fromkeys((*_MOBILE, *_SMALL), 0.9) | dict.fromkeys(_RESNETS, 1.15)
    yield from _beside_best(_contest("avx2"), limits)
