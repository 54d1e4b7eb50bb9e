"""
Histograms of all tensors in one pass over the samples.

Elements are fetched and counted here. Of a large tensor every n-th one is, the same for
every sample; its minimum and maximum are of all elements.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import gcd

import numpy as np

from qcc.compiler.calibration.choices import Choice
from qcc.compiler.calibration.observers import (
    Array,
    Observer,
    checked_bounds,
    fetch_bounds,
)
from qcc.compiler.onnx_export.graph import GraphBuilder
from qcc.passes.histogram import (
    BINS,
    SMALLEST_EXPONENT,
    Histogram,
    coarsened,
    exponent_for,
    no_counts,
)
from qcc.passes.statistics import Range, Statistics

MOST_ELEMENTS = 1 << 15
"""Elements of a tensor that are counted of each sample, at the most."""


def stride(size: int) -> int:
    """
    The least step that leaves at most `MOST_ELEMENTS` of `size` elements.

    It has no factor in common with `size`, so that it is in phase with no axis: all
    channels and columns are visited.
    """
    step = -(-size // MOST_ELEMENTS)
    while gcd(step, size) > 1:
        step += 1
    return step


class Accumulator:
    """A histogram in the making."""

    def __init__(self) -> None:
        self._exponent = SMALLEST_EXPONENT
        self._counts = no_counts()
        self._zeros = 0
        self._low, self._high = np.inf, -np.inf

    def add(self, values: Array, low: float, high: float) -> None:
        """Counts finite float32 `values`, which lie in [low, high]."""
        self._low, self._high = min(self._low, low), max(self._high, high)
        exponent = exponent_for(self._low, self._high)
        self._counts = coarsened(self._counts, exponent - self._exponent)
        self._exponent = exponent
        # A power of 2: the products are exact.
        bins = np.floor(values * np.float32(2.0**-exponent)).astype(np.int32)
        bins += BINS
        counts = np.bincount(bins, minlength=2 * BINS)
        zeros = values.size - int(np.count_nonzero(values))
        counts[BINS] -= zeros
        self._counts += counts
        self._zeros += zeros

    def histogram(self) -> Histogram:
        """What was counted until now."""
        return Histogram.of_counts(self._counts, self._zeros, self._low, self._high)


class HistogramObserver(Observer):
    """Counts elements; at the end `choice` makes a range of each histogram."""

    def __init__(self, choice: Choice) -> None:
        self._choice = choice
        self._accumulators: dict[str, Accumulator] = {}

    def fetches(self, graph: GraphBuilder, value: str, size: int) -> Sequence[str]:
        flat = graph.add("Reshape", [value, graph.integers([-1], "shape")])
        step = stride(size)
        if step > 1:
            bounds = [graph.integers([n], "slice") for n in (0, size, 0, step)]
            flat = graph.add("Slice", [flat, *bounds])
        return [*fetch_bounds(graph, value), flat]

    def observe(self, tensor: str, fetched: Sequence[Array]) -> None:
        *scalars, elements = fetched
        low, high = checked_bounds(tensor, scalars)
        self._accumulators.setdefault(tensor, Accumulator()).add(elements, low, high)

    def end_pass(self, statistics: Statistics) -> None:
        for tensor, accumulator in self._accumulators.items():
            statistics.add(tensor, accumulator.histogram())
        choose_ranges(statistics, self._choice)


def choose_ranges(statistics: Statistics, choice: Choice) -> None:
    """
    Gives every tensor that has a histogram the range that `choice` makes of it.

    For statistics merged from parts: their histograms merge exactly, their ranges only
    to the union.
    """
    for tensor in list(statistics.tensors(Histogram)):
        histogram = statistics.get(Histogram, tensor)
        assert histogram is not None
        statistics.replace(tensor, Range(*choice(histogram)))
