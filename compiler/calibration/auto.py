"""
The method `auto`: for each tensor the range with which the next layers err least.

One pass over the samples takes histograms. Then, on a few samples that lie evenly among
all, each tensor alone is rounded to ranges from all that was seen down to a quarter of
it, and the error of what the next two layers make of it is measured (`probe.py`).

The error of a candidate is the root mean square error of each sample, relative to the
standard deviation of the exact values, averaged over the samples. Roots are averaged so
that one sample with an outlier does not decide for all, nor all to spoil it.
A range that cuts something off is only taken where that clearly pays, and where it does
not enlarge the rounding error of the tensor itself over all samples: the few that are
probed may not show what others lose. With few samples nothing is cut off at all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
from onnx import helper
from xdsl.dialects.builtin import ModuleOp
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.ir import BlockArgument, Operation, SSAValue

from qcc.compiler.calibration.choices import Floats, rounding_error
from qcc.compiler.calibration.histogram_observer import HistogramObserver
from qcc.compiler.calibration.observers import Array
from qcc.compiler.calibration.probe import Probe, cone_of
from qcc.compiler.calibration.samples import Sample
from qcc.compiler.onnx_export.exporter import export_function
from qcc.compiler.onnx_session import OnnxSession
from qcc.dialects import nn
from qcc.dialects.naming import model_function, tensor_name
from qcc.passes.histogram import Histogram
from qcc.passes.quantizable import Form, form_of
from qcc.passes.quantization_plan import is_chained
from qcc.passes.ranges import Range as Bounds
from qcc.passes.ranges import widened
from qcc.passes.statistics import Range, Statistics

KEPT_SAMPLES = 32
FEWEST_SAMPLES = 4

FEWEST_THAT_CUT = 32
"""
Of fewer samples all ranges are kept: what they show once, others will exceed.

The smallest power of two with which no model of the zoo loses more than 0.1 dB on
calibration samples that were held out (`python -m benchmarks.accuracy.few_samples`,
docs/calibration.md).
"""

WORK = 2 * 10**11
"""Multiply-accumulates to spend, about; large models are probed with fewer samples."""

FACTORS: Floats = np.exp2(-np.arange(9) / 4)
"""What each end is multiplied with: from 1 down to 1/4."""

MOST_CUT = 1e-3
"""No range cuts off a larger share of a tensor's elements."""

WORTHWHILE = 0.97
"""A range that cuts something off must bring the error below this part."""

_FIXED = (nn.SigmoidOp, nn.SoftmaxOp, nn.TanhOp)
"""Ops whose results have a type of their own, whatever was seen."""

_PASSING = (Form.CLAMP, Form.FUNCTION, Form.MOVEMENT, Form.INDEX)


def seen(histogram: Histogram) -> Bounds:
    """The range of all elements."""
    return histogram.minimum, histogram.maximum


class Auto(HistogramObserver):
    """All that was seen, but for what probing shows is better cut off."""

    kept_samples = KEPT_SAMPLES

    def __init__(self) -> None:
        super().__init__(seen)
        self._samples = Counter[str]()

    def observe(self, tensor: str, fetched: Sequence[Array]) -> None:
        super().observe(tensor, fetched)
        self._samples[tensor] += 1

    def refine(
        self,
        module: ModuleOp,
        samples: Sequence[Sample],
        statistics: Statistics,
        threads: int,
    ) -> None:
        if max(self._samples.values(), default=0) < FEWEST_THAT_CUT:
            return
        func = model_function(module)
        searches = _searches(func, statistics)
        if not searches:
            return
        prober = _Prober(func, [search.probe for search in searches], threads)
        cost = sum(2 * len(FACTORS) * search.probe.cone.cost for search in searches)
        count = min(max(WORK // cost, FEWEST_SAMPLES), len(samples))
        used = [samples[i * len(samples) // count] for i in range(count)]
        prober.measure(searches, used)
        for search in searches:
            search.move_single_ends()
        prober.measure(searches, used)
        for search in searches:
            statistics.replace(search.tensor, Range(*search.best()))


def _searches(func: FuncOp, statistics: Statistics) -> list[_Search]:
    """The tensors whose range is open to choice, in the order of the model."""
    values = [*func.args, *(r for op in func.body.block.ops for r in op.results)]
    searches: list[_Search] = []
    for value in values:
        tensor = tensor_name(value)
        histogram = tensor and statistics.get(Histogram, tensor)
        if not tensor or not histogram or not _is_open(value):
            continue
        cone = cone_of(value)
        if cone is not None:
            searches.append(_Search(tensor, histogram, Probe(func, cone)))
    return searches


def _is_open(value: SSAValue) -> bool:
    """
    Whether something may be cut off a value.

    Not of the model's inputs: what users feed may go beyond the samples' extremes. Nor
    of what becomes an output without a further sum: the largest score of all decides.
    """
    producer = value.owner
    if not isinstance(producer, Operation) or isinstance(producer, _FIXED):
        return False
    moves = form_of(producer) == Form.MOVEMENT and not isinstance(producer, nn.SliceOp)
    return not moves and not is_chained(producer) and not _becomes_output(value)


def _becomes_output(value: SSAValue) -> bool:
    for use in value.uses:
        op = use.operation
        if isinstance(op, ReturnOp):
            return True
        passes = form_of(op) in _PASSING or isinstance(op, nn.SoftmaxOp | nn.ResizeOp)
        if passes and any(map(_becomes_output, op.results)):
            return True
    return False


_Measured = tuple[Floats, list[tuple[float, Floats]]]
"""What `Probe.errors` and `Probe.moments` give for one sample."""


def _variance(moments: Sequence[tuple[float, Floats]]) -> float:
    """
    The mean variance of the channels, from the `moments` of a tensor on each sample.

    0 where it is no more than the rounding of the float model.
    """
    square = sum(square for square, _ in moments) / len(moments)
    means: Floats = np.stack([channels for _, channels in moments]).mean(axis=0)
    variance = square - float(np.mean(np.square(means)))
    return variance if variance > 1e-9 * square else 0.0


@dataclass
class _Search:
    """The candidates for one tensor and their errors."""

    tensor: str
    histogram: Histogram
    probe: Probe
    errors: dict[Bounds, float] = field(default_factory=dict[Bounds, float])
    pending: list[Bounds] = field(default_factory=list[Bounds])
    """Candidates that are to be measured."""

    def __post_init__(self) -> None:
        low, high = self._all = widened(*seen(self.histogram))
        self._propose((low * factor, high * factor) for factor in FACTORS.tolist())

    def _propose(self, candidates: Iterable[Bounds]) -> None:
        for bounds in candidates:
            bounds = widened(*bounds)
            known = bounds in self.errors or bounds in self.pending
            if bounds == self._all or not (known or self._loses(bounds)):
                self.pending.append(bounds)

    def _loses(self, bounds: Bounds) -> bool:
        """Whether too much lies beyond these bounds, by number or by size."""
        if self._cut(bounds) > MOST_CUT:
            return True
        usual = rounding_error(self.histogram, self._all)
        return rounding_error(self.histogram, bounds) > usual

    def _cut(self, bounds: Bounds) -> float:
        """The share of the elements beyond these bounds."""
        centers = (self.histogram.edges()[:-1] + self.histogram.edges()[1:]) / 2
        beyond = (centers < bounds[0]) | (centers > bounds[1])
        return float(np.sum(beyond * np.array(self.histogram.counts))) / max(
            self.histogram.total, 1
        )

    def take(self, measured: Sequence[_Measured]) -> None:
        """Notes what was measured of the pending candidates, on each sample."""
        samples = [moments for _, moments in measured]
        variances = np.array([_variance(m) for m in zip(*samples, strict=True)])
        errors = np.array([errors for errors, _ in measured])
        varying = variances > 0
        relative = np.sum(errors[:, :, varying] / variances[varying], axis=2)
        totals = np.mean(np.sqrt(relative), axis=0)
        self.errors.update(zip(self.pending, map(float, totals), strict=True))
        self.pending.clear()

    def move_single_ends(self) -> None:
        """Proposes ranges that differ from the best one in one end."""
        low, high = self.best()
        if self._all[0] < 0 < self._all[1]:
            factors = FACTORS.tolist()
            self._propose((self._all[0] * factor, high) for factor in factors)
            self._propose((low, self._all[1] * factor) for factor in factors)

    def best(self) -> Bounds:
        """The range with the least error; all that was seen where that is as good."""
        best = min(self.errors, key=lambda bounds: self.errors[bounds])
        worthwhile = self.errors[best] < WORTHWHILE * self.errors[self._all]
        return best if worthwhile else self._all


class _Prober:
    """The float model and all probes of it."""

    def __init__(self, func: FuncOp, probes: Sequence[Probe], threads: int) -> None:
        export = export_function(func)
        values = dict.fromkeys(value for probe in probes for value in probe.reads)
        self._values = [v for v in values if not isinstance(v, BlockArgument)]
        self._arguments = list(zip(func.args, _input_names(func), strict=True))
        export.outputs[:] = [
            helper.make_empty_tensor_value_info(export.graph.name(value))
            for value in self._values
        ]
        self._session = OnnxSession(export.model())
        self._threads = threads

    def measure(self, searches: Sequence[_Search], samples: Sequence[Sample]) -> None:
        """Measures all pending candidates."""
        waiting = [search for search in searches if search.pending]

        def of_sample(sample: Sample) -> list[_Measured]:
            exact = self._run(sample)
            probes = [search.probe for search in waiting]
            moments = [probe.moments(exact) for probe in probes]
            errors = [s.probe.errors(exact, s.pending) for s in waiting]
            return list(zip(errors, moments, strict=True))

        with ThreadPoolExecutor(self._threads) as pool:
            measured = list(pool.map(of_sample, samples))
        for search, rows in zip(waiting, zip(*measured, strict=True), strict=True):
            search.take(rows)

    def _run(self, sample: Sample) -> dict[SSAValue, Array]:
        """The exact values that the probes read."""
        results = zip(self._values, self._session.run(sample), strict=True)
        arguments = ((value, sample[name]) for value, name in self._arguments)
        return {**dict(results), **dict(arguments)}


def _input_names(func: FuncOp) -> list[str]:
    names = [tensor_name(argument) for argument in func.args]
    return [name for name in names if name is not None]
