"""Scores of the zoo's models: float against static int8, QDQ against onnxruntime."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

import qcc
from benchmarks.acceptance.models import STATIC, library, zoo_cases
from benchmarks.acceptance.registry import Row, check
from qcc.compiler.diagnostics import QccError

Array = NDArray[Any]

_POINTS = {"mobilenet_v1_025_224": 6.0}
_SAMPLE = {"sww_streaming": 1, "magika_v2_1": 1}
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
    """
    QDQ models, compiled fully int8, against onnxruntime without graph optimizations.

    Their difference may be 0.3 points and one standard error, that of the mean of the
    samples' differences.
    """
    for name in (n for n in zoo_cases() if n.endswith("_qdq")):
        case = zoo_cases()[name]
        assert case.metric == "top1"
        try:
            path, _ = library(name, int8_only=True)
        except QccError as error:
            yield Row(name, f"not fully int8: {error.why}", "fully int8", False)
            continue
        session, peer = qcc.InferenceSession(path), _unoptimized(case.model)
        hits: list[tuple[bool, bool]] = []
        for feeds, label in case.evaluation():
            results = session.run(None, feeds)[0], np.asarray(peer.run(None, feeds)[0])
            ours, theirs = (bool(result.argmax() == label) for result in results)
            hits.append((ours, theirs))
        ours, theirs = np.array(hits, np.float64).T
        error = float((ours - theirs).std() / np.sqrt(len(hits)))
        difference = abs(float((ours - theirs).mean()))
        yield Row(
            name,
            f"{ours.mean():.4f} fully int8, onnxruntime {theirs.mean():.4f}",
            f"within 0.30 + {100 * error:.2f} points",
            difference <= 0.003 + error + 1e-9,
        )


def _unoptimized(model: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.graph_optimization_level = level
    return onnxruntime.InferenceSession(
        model, options, providers=["CPUExecutionProvider"]
    )
