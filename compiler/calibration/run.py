"""Runs the float model on samples, observing every float value."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from operator import length_hint
from typing import Any

from numpy.typing import NDArray
from onnx import helper
from xdsl.dialects.builtin import Float32Type, ModuleOp
from xdsl.ir import Operation, SSAValue

from qcc.compiler.calibration.methods import DEFAULT_METHOD, create_observer
from qcc.compiler.calibration.observers import Observer
from qcc.compiler.calibration.samples import (
    InputSpec,
    Sample,
    Samples,
    check_samples,
)
from qcc.compiler.onnx_export.exporter import export_function
from qcc.compiler.onnx_session import OnnxSession
from qcc.compiler.progress import track
from qcc.dialects import nn
from qcc.dialects.errors import QccError
from qcc.dialects.naming import model_function, tensor_name
from qcc.dialects.types import (
    element_type_of,
    shape_of,
    size_of,
    storage_dtype,
)
from qcc.passes.quantization_plan import is_chained
from qcc.passes.statistics import Range, Statistics

Array = NDArray[Any]

_SAME_ELEMENTS = (nn.ReshapeOp, nn.TransposeOp, nn.ExpandOp)
"""Ops whose result has the elements of their operand, hence its range."""


def input_specs(module: ModuleOp) -> list[InputSpec]:
    """Names, shapes and element types of the model's inputs."""
    specs: list[InputSpec] = []
    for argument in model_function(module).args:
        name = tensor_name(argument)
        assert name is not None
        dtype = storage_dtype(element_type_of(argument))
        specs.append(InputSpec(name, shape_of(argument), dtype))
    return specs


def calibrate(
    module: ModuleOp,
    samples: Iterable[Mapping[str, Array]],
    method: str = DEFAULT_METHOD,
    *,
    progress: bool | None = None,
    threads: int | None = None,
) -> Statistics:
    """
    Ranges of the float values of `module` (an `nn` module), by a calibration method.

    Values that are never rounded on their own, such as the one between a convolution
    and its relu, are left out.

    `samples` are those of `load_samples`, or any iterable of dictionaries. As many are
    in memory as run at a time, one on each of `threads` (all processors when None), so
    memory does not grow with their number, and the result does not depend on `threads`.
    The method `auto` keeps up to 32 samples besides.
    Values without a `tensor` name get one. `progress` None shows a bar where stderr is
    a terminal. QccError for bad samples or methods, no samples, and for tensors with
    NaN, infinity or no elements.
    """
    observer = create_observer(method)
    if not isinstance(samples, Samples):
        if observer.passes > 1 and isinstance(samples, Iterator):
            raise QccError(
                f"the samples can be read only once, {method} needs them twice",
                remedy="give a list of samples instead of a generator",
            )
        samples = check_samples(samples, input_specs(module))
    threads = threads or os.cpu_count() or 1
    statistics = Statistics()
    for number in range(observer.passes):
        run = _Run.of(module, observer, threads)
        title = "calibrating"
        if observer.passes > 1:
            title += f" ({number + 1} of {observer.passes})"
        total = length_hint(samples, 0) or None
        spread = SpreadSamples(samples, observer.kept_samples)
        for fetched in track(run.results(spread), title, total, show=progress):
            run.observe(observer, fetched)
        observer.end_pass(statistics)
        if number == observer.passes - 1:
            observer.refine(module, spread.kept, statistics, threads)
        run.copy_ranges(statistics)
    return statistics


class SpreadSamples:
    """
    Hands samples on and keeps `most` of them, spread evenly over all seen so far.

    Their numbers are the multiples of a power of 2, the least that will do: which ones
    are kept depends on the number of samples only.
    """

    def __init__(self, samples: Iterable[Sample], most: int) -> None:
        self.kept: list[Sample] = []
        self._samples = samples
        self._most = most

    def __iter__(self) -> Iterator[Sample]:
        step = 1
        for number, sample in enumerate(self._samples):
            if self._most and number % step == 0:
                if len(self.kept) == self._most:
                    del self.kept[1::2]
                    step *= 2
                if number % step == 0:
                    # Copies: a program may fill the same arrays again and again.
                    self.kept.append({n: x.copy() for n, x in sample.items()})
            yield sample


@dataclass
class _Run:
    """The exported model with what an observer fetches as its only outputs."""

    session: OnnxSession
    threads: int
    fetches: list[tuple[str, int]]
    """The `tensor` name of each observed value, and how many arrays it fetches."""
    same: list[tuple[str, str]]
    """Tensor names of results and of the operands with the same elements."""

    @classmethod
    def of(cls, module: ModuleOp, observer: Observer, threads: int) -> _Run:
        export = export_function(model_function(module))
        graph = export.graph
        export.outputs.clear()
        fetches: list[tuple[str, int]] = []
        names: list[str] = []
        same: list[tuple[str, str]] = []
        for value, tensor in export.tensors.items():
            source = _source(value)
            if source is None:
                continue
            if source is not value:
                same.append((tensor, export.tensors[source]))
                continue
            graph.node_name = f"{tensor}_range"
            fetched = observer.fetches(graph, graph.name(value), size_of(value))
            fetches.append((tensor, len(fetched)))
            names += fetched
        export.outputs += [helper.make_empty_tensor_value_info(name) for name in names]
        return cls(OnnxSession(export.model()), threads, fetches, same)

    def results(self, samples: Iterable[Sample]) -> Iterator[Sequence[Array]]:
        """What is fetched for each sample, in order; `threads` of them at a time."""
        pending: deque[Future[Sequence[Array]]] = deque()
        with ThreadPoolExecutor(self.threads) as pool:
            try:
                for sample in samples:
                    # One more than there are threads keeps all of them busy.
                    if len(pending) > self.threads:
                        yield pending.popleft().result()
                    pending.append(pool.submit(self.session.run, sample))
                while pending:
                    yield pending.popleft().result()
            finally:
                pool.shutdown(cancel_futures=True)

    def observe(self, observer: Observer, fetched: Sequence[Array]) -> None:
        """Deals what one sample fetched out to the tensors."""
        start = 0
        for tensor, count in self.fetches:
            observer.observe(tensor, fetched[start : start + count])
            start += count

    def copy_ranges(self, statistics: Statistics) -> None:
        """Gives moved elements the range that they had before."""
        for tensor, source in self.same:
            known = statistics.get(Range, source)
            if known is not None:
                statistics.replace(tensor, known)


def _source(value: SSAValue) -> SSAValue | None:
    """
    The value to observe for `value`: itself, or where its elements come from.

    None where no range will be needed: for constants, for values that are not float32,
    and between an op and the activation that is fused with it (which onnxruntime can
    then fuse as well). QccError for a tensor without elements.
    """
    if not isinstance(element_type_of(value), Float32Type):
        return None
    if isinstance(value.owner, Operation) and is_chained(value.owner):
        return None
    source = value
    while isinstance(source.owner, _SAME_ELEMENTS):
        source = source.owner.input
    if isinstance(source.owner, nn.ConstantOp):
        return None
    if size_of(source) == 0:
        raise QccError(
            "a tensor without elements has no range",
            tensor=tensor_name(source),
            why=f"its shape is {list(shape_of(source))}",
        )
    return source
