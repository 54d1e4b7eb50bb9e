"""
What calibration looks at: an `Observer` says what to fetch and what it means.

An observer adds nodes to the exported graph so that little is fetched of each tensor:
a few scalars, or some of its elements, which are dropped after each sample. A further
method is a class here or elsewhere, and a line in `methods.py`.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

from numpy.typing import NDArray
from xdsl.dialects.builtin import ModuleOp

from qcc.compiler.calibration.samples import Sample
from qcc.compiler.onnx_export.graph import GraphBuilder
from qcc.dialects.errors import QccError
from qcc.passes.statistics import Range, Statistics

Array = NDArray[Any]


class Observer(ABC):
    """One run of one calibration method over all samples."""

    passes: ClassVar[int] = 1
    """How often the samples are run; each pass exports the model anew."""

    kept_samples: ClassVar[int] = 0
    """How many samples, spread evenly over all, `refine` gets at the most."""

    @abstractmethod
    def fetches(self, graph: GraphBuilder, value: str, size: int) -> Sequence[str]:
        """
        The names of the ONNX values to fetch for `value`, for each sample.

        `value` is the ONNX name of a float32 tensor with `size` > 0 elements. Nodes may
        be added to `graph`.
        """

    @abstractmethod
    def observe(self, tensor: str, fetched: Sequence[Array]) -> None:
        """
        Takes what was fetched for `tensor`, in the order of the samples.

        QccError where the values cannot be used, naming the tensor.
        """

    @abstractmethod
    def end_pass(self, statistics: Statistics) -> None:
        """Adds what was learned; called after each pass with the same `statistics`."""

    def refine(
        self,
        module: ModuleOp,
        samples: Sequence[Sample],
        statistics: Statistics,
        threads: int,
    ) -> None:
        """Corrects the statistics after the last pass, with the kept samples."""


def fetch_bounds(graph: GraphBuilder, value: str) -> list[str]:
    """The smallest and the largest element, and the sum, as ONNX scalars."""
    # ReduceMin and ReduceMax of onnxruntime lose NaN, a sum does not.
    kinds = ("ReduceMin", "ReduceMax", "ReduceSum")
    return [graph.add(kind, [value], keepdims=0) for kind in kinds]


def checked_bounds(tensor: str, fetched: Sequence[Array]) -> tuple[float, float]:
    """Minimum and maximum of what `fetch_bounds` gives; QccError unless finite."""
    low, high, total = map(float, fetched)
    # A finite sum may overflow: only NaN in it says something about the values.
    if math.isnan(total) or not (math.isfinite(low) and math.isfinite(high)):
        raise _unusable(tensor, low, high, has_nan=math.isnan(total))
    return low, high


class MinMax(Observer):
    """The smallest and the largest value of all samples, reduced inside the graph."""

    def __init__(self) -> None:
        self._ranges: dict[str, tuple[float, float]] = {}

    def fetches(self, graph: GraphBuilder, value: str, size: int) -> Sequence[str]:
        return fetch_bounds(graph, value)

    def observe(self, tensor: str, fetched: Sequence[Array]) -> None:
        low, high = checked_bounds(tensor, fetched)
        known = self._ranges.get(tensor, (low, high))
        self._ranges[tensor] = (min(low, known[0]), max(high, known[1]))

    def end_pass(self, statistics: Statistics) -> None:
        for tensor, (low, high) in self._ranges.items():
            statistics.add(tensor, Range(low, high))


class MovingAverage(Observer):
    """
    The mean of the samples' minima, and that of their maxima.

    All samples weigh the same (a cumulative moving average): the order of the samples
    does not matter beyond the last bit.
    """

    def __init__(self) -> None:
        self._means: dict[str, tuple[int, float, float]] = {}

    def fetches(self, graph: GraphBuilder, value: str, size: int) -> Sequence[str]:
        return fetch_bounds(graph, value)

    def observe(self, tensor: str, fetched: Sequence[Array]) -> None:
        low, high = checked_bounds(tensor, fetched)
        count, lows, highs = self._means.get(tensor, (0, 0.0, 0.0))
        count += 1
        lows, highs = lows + (low - lows) / count, highs + (high - highs) / count
        self._means[tensor] = count, lows, highs

    def end_pass(self, statistics: Statistics) -> None:
        for tensor, (_, low, high) in self._means.items():
            statistics.add(tensor, Range(low, high))


def _unusable(tensor: str, low: float, high: float, *, has_nan: bool) -> QccError:
    found = "NaN" if has_nan else f"values from {low} to {high}"
    return QccError(
        f"the tensor {tensor!r} cannot be calibrated",
        tensor=tensor,
        why=f"a sample gives {found}",
        remedy="check the samples and the model: its float form fails on them",
    )
