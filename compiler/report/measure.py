"""What has to be run for a report: errors by layer, histograms, times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import Float32Type, ModuleOp
from xdsl.passes import ModulePass

from qcc.codegen.targets import Target, runs_here
from qcc.compiler.accuracy.simulation import native_session
from qcc.compiler.calibration.samples import Sample
from qcc.compiler.onnx_export import export_model
from qcc.compiler.onnx_session import OnnxSession
from qcc.compiler.pipeline import run_pipeline
from qcc.compiler.timing import ModelTimer, random_feeds
from qcc.compiler.verification import Comparison, compare_with
from qcc.dialects.naming import model_function, node_name, tensor_name
from qcc.dialects.quant import QuantizeCastOp
from qcc.dialects.types import element_type_of
from qcc.passes.histogram import Histogram
from qcc.passes.ranges import RANGE, range_of, representable
from qcc.passes.rewriting import quantized_type
from qcc.passes.statistics import Statistics, use
from qcc.runtime.session import InferenceSession

Array = NDArray[Any]

MOST_SAMPLES = 16
"""Samples that a report runs, at the most."""

BINS = 80

RUNS = 200


@dataclass(frozen=True)
class Distribution:
    """How the elements of a tensor are distributed, and the range that it was given."""

    tensor: str
    low: float
    high: float
    """The reals of the least and the largest int8."""
    scale: float
    zero_point: int
    edges: Sequence[float] = ()
    counts: Sequence[float] = ()
    """Of the bins between edges; empty where no sample was seen."""


def layer_errors(
    float_module: ModuleOp, quant_module: ModuleOp, samples: Sequence[Sample]
) -> Comparison:
    """
    Errors of every tensor that both models have, on the compiled integers.

    QccError without a C compiler. The modules stay as they are.
    """
    nodes = {
        tensor_name(op.results[0]): (node_name(op) or "", op.name)
        for op in model_function(float_module).body.walk()
        if op.results
    }
    with native_session(quant_module.clone(), keep_tensors=True) as session:
        known = [info.name for info in session.get_tensors() if info.name in nodes]
        float_model = export_model(float_module.clone(), extra_outputs=known)
        names = [output.name for output in float_model.graph.output]
        reference = OnnxSession(float_model)
        return compare_with(
            session,
            lambda sample: dict(zip(names, reference.run(sample), strict=True)),
            names,
            {name: node for name, node in nodes.items() if name is not None},
            samples,
        )


def distributions(
    float_module: ModuleOp,
    passes: Sequence[ModulePass],
    statistics: Statistics,
    samples: Sequence[Sample],
) -> list[Distribution]:
    """The values that become int8, in order; `passes` are those to the QDQ form."""
    module = float_module.clone()
    names = [each.name for each in passes]
    chosen = names.index("unify-scales") + 1
    with use(statistics):
        run_pipeline(module, passes[:chosen])
    casts = {
        tensor_name(op.result) or "": op
        for op in module.walk()
        if isinstance(op, QuantizeCastOp)
        and RANGE in op.attributes
        and range_of(op.result) is not None
    }
    arrays = _float_values(float_module, list(casts), samples)
    found: list[Distribution] = []
    for tensor, op in casts.items():
        kind = quantized_type(op.result)
        low, high = representable(kind)
        edges, counts = _histogram(tensor, arrays, statistics)
        found.append(
            Distribution(tensor, low, high, kind.scale, kind.zero_point, edges, counts)
        )
    return found


def _float_values(
    module: ModuleOp, tensors: Sequence[str], samples: Sequence[Sample]
) -> Mapping[str, list[Array]]:
    """The values of those tensors that the float model has, one array per sample."""
    func = model_function(module)
    names = {
        tensor_name(value)
        for value in [*func.args, *(r for op in func.body.walk() for r in op.results)]
        if isinstance(element_type_of(value), Float32Type)
    }
    arguments = {tensor_name(argument) for argument in func.args}
    wanted = [t for t in tensors if t in names and t not in arguments]
    found: dict[str, list[Array]] = {}
    if not samples:
        return found
    model = export_model(module.clone(), extra_outputs=wanted)
    outputs = [output.name for output in model.graph.output]
    session = OnnxSession(model)
    for sample in samples:
        results = {**sample, **dict(zip(outputs, session.run(sample), strict=True))}
        for tensor in tensors:
            if tensor in results:
                found.setdefault(tensor, []).append(np.ravel(results[tensor]))
    return found


def _histogram(
    tensor: str, arrays: Mapping[str, list[Array]], statistics: Statistics
) -> tuple[Sequence[float], Sequence[float]]:
    if tensor in arrays:
        values = np.concatenate(arrays[tensor])
        counts, edges = np.histogram(values[np.isfinite(values)], BINS)
        return edges.tolist(), counts.tolist()
    known = statistics.get(Histogram, tensor)
    if known is None or not known.counts:
        return (), ()
    return known.edges().tolist(), list(map(float, known.counts))


def step_times(
    quant_module: ModuleOp, target: Target, library: Path | None
) -> list[float] | None:
    """
    Median microseconds of each step on `target`; None where it cannot run here.

    `library` is the product if it is a shared library; else one is compiled.
    """
    if not runs_here(target):
        return None
    if library is not None:
        return _times(InferenceSession(library, target=target.name))
    with native_session(quant_module.clone(), target=target) as session:
        return _times(session)


def _times(session: InferenceSession) -> list[float]:
    timer = ModelTimer(session, random_feeds(session))
    once = max(float(timer.time_runs(3).min()), 1.0)
    runs = max(5, min(RUNS, int(1e9 / once)))
    steps = timer.time_steps(runs)
    return (np.median(steps.nanoseconds, axis=0) / 1e3).tolist()
