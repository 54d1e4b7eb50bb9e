"""
`Histogram`: how the elements of a tensor are distributed, as calibration saw them.

Bins are 2^exponent wide and have an edge at 0; `BINS` of them lie on either side. A
value that does not fit doubles the width, which joins bins pairwise. So no range needs
to be known beforehand, and the result is the same in whatever order samples come and
histograms merge. Exact zeros, which every int8 type represents, are counted apart.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar, cast

import numpy as np
from numpy.typing import NDArray

from qcc.passes.statistics import shortest, summary_kind

BINS = 2048
"""Bins on either side of 0."""

SMALLEST_EXPONENT = -127
"""The reciprocal of anything narrower is no float32."""

Counts = NDArray[np.int64]
"""Elements in each of the 2 · BINS bins; bin 0 is at index BINS."""


def no_counts() -> Counts:
    """The counts of an empty histogram."""
    return np.zeros(2 * BINS, np.int64)


def exponent_for(minimum: float, maximum: float) -> int:
    """The least exponent with -BINS · 2^e <= minimum and maximum < BINS · 2^e."""
    exponent = SMALLEST_EXPONENT
    bits = BINS.bit_length() - 1
    if maximum > 0:
        exponent = max(exponent, math.frexp(maximum)[1] - bits)
    if minimum < 0:
        mantissa, power = math.frexp(-minimum)
        exponent = max(exponent, power - bits - int(mantissa == 0.5))
    return exponent


def coarsened(counts: Counts, steps: int) -> Counts:
    """The counts with bins 2^steps times as wide."""
    for _ in range(steps):
        joined = counts.reshape(-1, 2).sum(axis=1)
        counts = no_counts()
        counts[BINS // 2 : BINS // 2 + BINS] = joined
    return counts


@summary_kind
@dataclass(frozen=True)
class Histogram:
    """
    Elements by value; bin `i` holds [i · width, (i + 1) · width) without 0 itself.

    `counts` begins at bin `first` and has no empty bin at its ends. `minimum` and
    `maximum` are of all elements, while the counts may be of some.
    """

    kind: ClassVar[str] = "histogram"
    exponent: int
    first: int
    counts: tuple[int, ...]
    zeros: int
    minimum: float
    maximum: float

    def __post_init__(self) -> None:
        end = self.first + len(self.counts)
        negative = self.zeros < 0 or min(self.counts, default=0) < 0
        trimmed = not self.counts or (self.counts[0] > 0 and self.counts[-1] > 0)
        if negative or not trimmed or not -BINS <= self.first <= end <= BINS:
            raise ValueError("the counts are not those of a histogram")
        for name in ("minimum", "maximum"):
            with np.errstate(over="ignore"):
                value = float(np.float32(getattr(self, name)))
            # -0.0 + 0.0 is 0.0: the order of merging must not show in saved files.
            object.__setattr__(self, name, value + 0.0)
        if not -math.inf < self.minimum <= self.maximum < math.inf:
            raise ValueError("the bounds are not those of a histogram")
        if self.exponent != exponent_for(self.minimum, self.maximum):
            raise ValueError("the exponent does not fit the bounds")

    @classmethod
    def of_counts(
        cls, counts: Counts, zeros: int, minimum: float, maximum: float
    ) -> Histogram:
        """From the counts of all bins, whose width is the least for these bounds."""
        used = np.flatnonzero(counts)
        start, end = (int(used[0]), int(used[-1]) + 1) if used.size else (BINS, BINS)
        numbers = tuple(cast("list[int]", counts[start:end].tolist()))
        exponent = exponent_for(minimum, maximum)
        return cls(exponent, start - BINS, numbers, zeros, minimum, maximum)

    @property
    def width(self) -> float:
        """The width of a bin, a power of 2."""
        return math.ldexp(1.0, self.exponent)

    @property
    def total(self) -> int:
        """The number of elements counted."""
        return sum(self.counts) + self.zeros

    def edges(self) -> NDArray[np.float64]:
        """The edges of the bins of `counts`, one more than there are bins."""
        numbers = np.arange(self.first, self.first + len(self.counts) + 1)
        return numbers.astype(np.float64) * self.width

    def all_counts(self) -> Counts:
        """The counts of all 2 · BINS bins."""
        counts = no_counts()
        start = self.first + BINS
        counts[start : start + len(self.counts)] = self.counts
        return counts

    def merge(self, other: Histogram) -> Histogram:
        exponent = max(self.exponent, other.exponent)
        counts = sum(
            (coarsened(h.all_counts(), exponent - h.exponent) for h in (self, other)),
            start=no_counts(),
        )
        return Histogram.of_counts(
            counts,
            self.zeros + other.zeros,
            min(self.minimum, other.minimum),
            max(self.maximum, other.maximum),
        )

    def to_json(self) -> object:
        return {
            "exponent": self.exponent,
            "first": self.first,
            "zeros": self.zeros,
            "bounds": [shortest(self.minimum), shortest(self.maximum)],
            "counts": self.counts,
        }

    @classmethod
    def from_json(cls, data: Any) -> Histogram:
        minimum, maximum = map(float, np.array(data["bounds"], np.float64))
        numbers = [data["exponent"], data["first"], data["zeros"], *data["counts"]]
        if not all(type(number) is int for number in numbers):
            raise TypeError("a number is not an integer")
        exponent, first, zeros, *counts = cast("list[int]", numbers)
        return cls(exponent, first, tuple(counts), zeros, minimum, maximum)
