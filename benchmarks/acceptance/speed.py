"""Time of one inference, one thread, against onnxruntime float32: paired, medians."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import onnxruntime

import qcc
from benchmarks.acceptance.models import library, zoo_cases
from benchmarks.acceptance.registry import Row, check

_PAIRS = 200


def paired(first: Callable[[], Any], second: Callable[[], Any]) -> tuple[float, ...]:
    """Median ms of each, and the median of the ratios first/second, in turn."""
    times: list[tuple[float, float]] = []
    for _ in range(_PAIRS):
        start = time.perf_counter()
        first()
        middle = time.perf_counter()
        second()
        times.append((middle - start, time.perf_counter() - middle))
    values = np.array(times[_PAIRS // 10 :])
    ratio = float(np.median(values[:, 0] / values[:, 1]))
    return (*(1000 * np.median(values, axis=0)).tolist(), ratio)


@check("speed floor")
def floor() -> Iterator[Row]:
    """Static int8 for this processor against onnxruntime float32."""
    for name in ("resnet8_cifar10", "mobilenet_v2_100_224_qat_float"):
        case = zoo_cases()[name]
        path, _ = library(name)
        session = qcc.InferenceSession(path)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        peer = onnxruntime.InferenceSession(
            case.model, options, providers=["CPUExecutionProvider"]
        )
        feeds, _ = next(iter(case.evaluation(1)))
        ours, theirs, ratio = paired(
            lambda s=session, f=feeds: s.run(None, f),
            lambda p=peer, f=feeds: p.run(None, f),
        )
        text = f"{ours:.3f} ms, onnxruntime float32 {theirs:.3f} ms: {ratio:.2f} ×"
        yield Row(name, text, "≤ 1.5 ×", ratio <= 1.5)
