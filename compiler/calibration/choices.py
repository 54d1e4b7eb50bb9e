"""
From a histogram to a range: the rules of the methods percentile, mse and entropy.

Every rule keeps 0 where it is and moves the two ends towards it, never beyond what was
seen. Exact zeros cost nothing at any scale, so mse and entropy do not look at them.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from qcc.passes.histogram import Histogram
from qcc.passes.ranges import Range, activation_type, widened

Floats = NDArray[np.float64]

Choice = Callable[[Histogram], Range]

PERCENTILE = 99.99
"""Percent of the elements that `percentile` keeps; as many are cut off at each end."""

FACTORS: Floats = np.exp2(-np.arange(65) / 16)
"""What `mse` and `entropy` try: each end times these, from 1 down to 1/16."""

ROUNDS = 8
"""How often `mse` looks for a better minimum, then a better maximum, at the most."""

LEVELS = 255
"""Steps of an int8 range."""


def percentile(histogram: Histogram) -> Range:
    """The bins that hold the middle `PERCENTILE` percent of the elements."""
    counts = histogram.all_counts()
    counts[len(counts) // 2] += histogram.zeros
    cumulated = np.cumsum(counts)
    cut = histogram.total * (100 - PERCENTILE) / 200
    # The first bins from either end that do not lie in the part cut off.
    first = int(np.searchsorted(cumulated, cut, side="right"))
    last = int(np.searchsorted(cumulated, histogram.total - cut, side="left"))
    middle = len(counts) // 2
    low, high = (
        (index - middle) * histogram.width for index in (first, max(first, last) + 1)
    )
    return widened(max(low, histogram.minimum), min(high, histogram.maximum))


def rounding_error(histogram: Histogram, bounds: Range) -> float:
    """
    The expected squared error of an element rounded to the int8 type of `bounds`.

    Elements are taken to be spread evenly over their bin; the integral of the squared
    error over a bin is exact. 0 for a histogram of zeros only.
    """
    return float(_errors(histogram, np.array([bounds[0]]), np.array([bounds[1]]))[0])


def _errors(histogram: Histogram, lows: Floats, highs: Floats) -> Floats:
    """`rounding_error` of each pair of bounds."""
    if not histogram.counts:
        return np.zeros(len(lows))
    pairs = zip(lows.tolist(), highs.tolist(), strict=True)
    kinds = [activation_type(bounds) for bounds in pairs]
    scales = np.array([kind.scale for kind in kinds])[:, None]
    points = np.array([kind.zero_point for kind in kinds])[:, None]
    x = histogram.edges()[None] / scales
    # In steps: the squared distance to the level k, integrated from 0. Beyond the ends
    # k stays what it is there, which makes it the error of saturation.
    k = np.clip(np.floor(x + 0.5), -128 - points, 127 - points)
    integral = k / 12 + (x - k) ** 3 / 3
    means = np.diff(integral, axis=1) * scales**3 / histogram.width
    return means @ np.array(histogram.counts) / histogram.total


def mse(histogram: Histogram) -> Range:
    """The range with the least mean squared error; both ends move on their own."""
    low, high = widened(histogram.minimum, histogram.maximum)
    ends = low * FACTORS, high * FACTORS
    chosen = [0, 0]
    for _ in range(ROUNDS):
        before = list(chosen)
        for end in (0, 1):
            bounds = [np.full(len(FACTORS), ends[i][chosen[i]]) for i in (0, 1)]
            bounds[end] = ends[end]
            chosen[end] = int(np.argmin(_errors(histogram, *bounds)))
        if chosen == before:
            break
    return widened(*(float(ends[i][chosen[i]]) for i in (0, 1)))


def entropy(histogram: Histogram) -> Range:
    """
    The range whose int8 histogram diverges least (Kullback-Leibler) from the original.

    Ranges are [max(minimum, -t), min(maximum, t)], of at least 255 bins. What they cut
    off counts as elements of the last bin in the original; in the int8 histogram each
    level spreads its elements evenly over those of its bins that are not empty.
    """
    low, high = widened(histogram.minimum, histogram.maximum)
    best, least = (low, high), np.inf
    for t in max(-low, high) * FACTORS:
        bounds = max(low, -t), min(high, t)
        if bounds[1] - bounds[0] < LEVELS * histogram.width:
            break
        divergence = _divergence(histogram, bounds)
        if divergence < least:
            best, least = bounds, divergence
    return widened(*best)


def _divergence(histogram: Histogram, bounds: Range) -> float:
    """The Kullback-Leibler divergence of what int8 makes of the bins from them."""
    counts = np.array(histogram.counts, np.float64)
    if not counts.size:
        return 0.0
    centers = (histogram.edges()[:-1] + histogram.edges()[1:]) / 2
    edges = np.clip(np.round(np.array(bounds) / histogram.width), *_span(histogram))
    first, end = (int(edge) - histogram.first for edge in edges)
    if first >= end:
        return np.inf
    kept = counts[first:end]
    levels = np.rint(centers[first:end] * LEVELS / (bounds[1] - bounds[0]))
    index = (levels - levels[0]).astype(np.int64)
    elements = np.bincount(index, kept)
    bins = np.bincount(index, kept > 0)
    spread = np.where(kept > 0, (elements / np.maximum(bins, 1))[index], 0.0)
    original = kept.copy()
    original[0] += counts[:first].sum()
    original[-1] += counts[end:].sum()
    if not spread.any():
        return np.inf
    # A bin that only saturation fills has no element in the int8 histogram: half a one
    # stands for none, so that the divergence is finite.
    p, q = original, np.maximum(spread, 0.5)
    seen = p > 0
    p, q = p[seen] / p.sum(), q[seen] / q[seen].sum()
    return float(np.sum(p * np.log(p / q)))


def _span(histogram: Histogram) -> tuple[int, int]:
    return histogram.first, histogram.first + len(histogram.counts)
