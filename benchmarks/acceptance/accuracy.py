"""Scores of the zoo's models: float against static int8, QDQ against onnxruntime."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

import qcc
from benchmarks.acceptance.models import QUANTIZED, STATIC, library, zoo_cases
from benchmarks.acceptance.registry import Row, check

Array = NDArray[Any]

_POINTS = {"mobilenet_v1_025_224": 6.0}
_SAMPLE = {"sww_streaming": 1, "magika_v2_1": 1, "vww_person_detect_96_int8_qdq": 1}
"""Allowed drop in samples instead of points, for small evaluation sets."""

_FLOORS = {"face_f1": 0.95, "foreground": 0.90, "sqnr_db": 25.0}


def score(case: Any, session: qcc.InferenceSession) -> float:
    """The case's score of a compiled model on its whole evaluation set."""
    outputs: list[list[Array]] = []
    for feeds, _ in case.evaluation():
        outputs.append(session.run(None, feeds))
    return case.score(outputs)


@check("accuracy of static int8")
def static() -> Iterator[Row]:
    """Every float model with 100 calibration samples, compiled for this processor."""
    for name in STATIC:
        case = zoo_cases()[name]
        path, report = library(name)
        measured = score(case, qcc.InferenceSession(path))
        in_float = [note for note in report.notes if "stays" in note]
        detail = f", {len(in_float)} notes of float ops" if in_float else ""
        if case.metric == "top1":
            drop = case.float_score - measured
            allowed = _SAMPLE[name] / case.samples if name in _SAMPLE else None
            allowed = allowed or _POINTS.get(name, 1.5) / 100
            yield Row(
                name,
                f"{measured:.4f}, drop {100 * drop:.2f} points{detail}",
                f"≤ {100 * allowed:.2f} points",
                drop <= allowed + 1e-9,
            )
        else:
            floor = _FLOORS[case.metric]
            text = f"{case.metric} {measured:.3f}{detail}"
            yield Row(name, text, f"≥ {floor}", measured >= floor)


@check("accuracy of quantized models")
def quantized() -> Iterator[Row]:
    """QDQ models against onnxruntime without graph optimizations."""
    for name in QUANTIZED:
        case = zoo_cases()[name]
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 2
        options.graph_optimization_level = (
            onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        )
        peer = onnxruntime.InferenceSession(
            case.model, options, providers=["CPUExecutionProvider"]
        )
        outputs = [peer.run(None, feeds) for feeds, _ in case.evaluation()]
        expected = case.score(outputs)
        path, _ = library(name)
        measured = score(case, qcc.InferenceSession(path))
        allowed = _SAMPLE[name] / case.samples if name in _SAMPLE else 0.005
        yield Row(
            name,
            f"{measured:.4f}, onnxruntime {expected:.4f}",
            f"within {100 * allowed:.2f} points",
            bool(np.abs(measured - expected) <= allowed + 1e-9),
        )
