"""
What calibration looks at: an `Observer` says what to fetch and what it means.

An observer adds nodes to the exported graph so that little is fetched of each tensor,
ideally a few scalars; a method that needs elements fetches the tensor itself, which is
dropped after each sample. A method that needs ranges first (histograms) has two passes.
A further method is a class here or elsewhere, and a line in `_METHODS`.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from numpy.typing import NDArray

from qcc.compiler.onnx_export.graph import GraphBuilder
from qcc.dialects.errors import QccError
from qcc.passes.statistics import Range, Statistics

Array = NDArray[Any]


class Observer(ABC):
    """One run of one calibration method over all samples."""

    passes: ClassVar[int] = 1
    """How often the samples are run; each pass exports the model anew."""

    @abstractmethod
    def fetches(self, graph: GraphBuilder, value: str) -> Sequence[str]:
        """
        The names of the ONNX values to fetch for `value`, for each sample.

        `value` is the ONNX name of a float32 tensor with at least one element. Nodes
        may be added to `graph`.
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


class MinMax(Observer):
    """The smallest and the largest value of all samples, reduced inside the graph."""

    def __init__(self) -> None:
        self._ranges: dict[str, tuple[float, float]] = {}

    def fetches(self, graph: GraphBuilder, value: str) -> Sequence[str]:
        # ReduceMin and ReduceMax of onnxruntime lose NaN, a sum does not.
        kinds = ("ReduceMin", "ReduceMax", "ReduceSum")
        return [graph.add(kind, [value], keepdims=0) for kind in kinds]

    def observe(self, tensor: str, fetched: Sequence[Array]) -> None:
        low, high, total = map(float, fetched)
        # A finite sum may overflow: only NaN in it says something about the values.
        if math.isnan(total) or not (math.isfinite(low) and math.isfinite(high)):
            raise _unusable(tensor, low, high, has_nan=math.isnan(total))
        known = self._ranges.get(tensor, (low, high))
        self._ranges[tensor] = (min(low, known[0]), max(high, known[1]))

    def end_pass(self, statistics: Statistics) -> None:
        for tensor, (low, high) in self._ranges.items():
            statistics.add(tensor, Range(low, high))


def _unusable(tensor: str, low: float, high: float, *, has_nan: bool) -> QccError:
    found = "NaN" if has_nan else f"values from {low} to {high}"
    return QccError(
        f"the tensor {tensor!r} cannot be calibrated",
        tensor=tensor,
        why=f"a sample gives {found}",
        remedy="check the samples and the model: its float form fails on them",
    )


_METHODS: dict[str, Callable[[], Observer]] = {
    "minmax": MinMax,
}


def calibration_methods() -> list[str]:
    """The names that `create_observer` knows."""
    return sorted(_METHODS)


def create_observer(method: str) -> Observer:
    """A fresh observer of this method; QccError for an unknown name."""
    if method not in _METHODS:
        raise QccError(
            f"there is no calibration method {method!r}",
            remedy="use one of " + ", ".join(calibration_methods()),
        )
    return _METHODS[method]()
