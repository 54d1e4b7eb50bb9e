"""
What calibration decides about single contractions, beside ranges: kinds of summary.

`ChannelScaling` makes channels of an activation alike (`equalize-channels`,
`smooth-activations`), `WeightRounding` says how weights become int8 (`round-weights`),
`BiasCorrection` what is added to a bias (`correct-bias`). All are decisions, not
measurements: the passes that apply them compute next to nothing, so a file gives the
same bytes on every host. Each has a digest of the weights that it was made for, and
says nothing about others.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, cast

import numpy as np
from numpy.typing import NDArray

from qcc.passes.statistics import shortest, summary_kind

DIGEST_LENGTH = 16


def weights_digest(weights: NDArray[Any]) -> str:
    """A short digest of element type, shape and elements."""
    data = weights.astype(weights.dtype.newbyteorder("<"), copy=False)
    digest = hashlib.sha256(f"{data.dtype.str}{data.shape}".encode())
    digest.update(np.ascontiguousarray(data).tobytes())
    return digest.hexdigest()[:DIGEST_LENGTH]


def _checked_digest(digest: object) -> str:
    if not isinstance(digest, str) or len(digest) != DIGEST_LENGTH:
        raise ValueError("no digest of weights")
    return digest


def _checked_floats(values: object, *, positive: bool = False) -> tuple[float, ...]:
    """Float32 values from a list of numbers; ValueError or TypeError otherwise."""
    if not isinstance(values, list):
        raise TypeError("not a list of numbers")
    numbers = cast("list[object]", values)
    if not all(type(value) in (int, float) for value in numbers):
        raise TypeError("not a list of numbers")
    with np.errstate(over="ignore"):
        rounded = tuple(float(np.float32(cast("float", value))) for value in numbers)
    if not all(map(math.isfinite, rounded)) or (positive and min(rounded) <= 0):
        raise ValueError("a number is out of range")
    return rounded


@summary_kind
@dataclass(frozen=True)
class WeightRounding:
    """
    The scales of a contraction's weights and, where rounding is not to nearest, its
    integers; keyed by the tensor that the float contraction computes.
    """

    kind: ClassVar[str] = "weight-rounding"
    digest: str
    """Of the float32 weights."""
    scales: tuple[float, ...]
    """One float32 per output channel (`weight_axis`)."""
    integers: bytes | None = None
    """The int8 of all weights in row-major order; None for rounding to nearest."""

    def merge(self, other: WeightRounding) -> WeightRounding:
        """One of both: decisions do not mix."""
        return max(self, other, key=WeightRounding._order)

    def _order(self) -> tuple[str, tuple[float, ...], bytes]:
        return self.digest, self.scales, self.integers or b""

    def to_json(self) -> object:
        content: list[object] = [self.digest, [shortest(s) for s in self.scales]]
        if self.integers is not None:
            content.append(base64.b64encode(self.integers).decode())
        return content

    @classmethod
    def from_json(cls, data: Any) -> WeightRounding:
        digest, scales, *rest = data
        integers = None
        if rest:
            try:
                (text,) = rest
                integers = base64.b64decode(text, validate=True)
            except binascii.Error as error:
                raise ValueError("the integers are not base64") from error
        scales = _checked_floats(scales, positive=True)
        return cls(_checked_digest(digest), scales, integers)


@summary_kind
@dataclass(frozen=True)
class BiasCorrection:
    """
    What is to be added to the bias of a contraction, in real units.

    Keyed by the tensor that the float contraction computes.
    """

    kind: ClassVar[str] = "bias-correction"
    digest: str
    """Of the int8 weights."""
    values: tuple[float, ...]
    """One float32 per output channel."""

    def merge(self, other: BiasCorrection) -> BiasCorrection:
        """One of both: decisions do not mix."""
        return max(self, other, key=lambda one: (one.digest, one.values))

    def to_json(self) -> object:
        return [self.digest, [shortest(value) for value in self.values]]

    @classmethod
    def from_json(cls, data: Any) -> BiasCorrection:
        digest, values = data
        return cls(_checked_digest(digest), _checked_floats(values))


@summary_kind
@dataclass(frozen=True)
class ChannelScaling:
    """
    What the channels of a tensor are multiplied with before they are rounded.

    Keyed by the tensor that is rounded, by the name that it has without scaling.
    """

    kind: ClassVar[str] = "channel-scaling"
    digest: str
    """Of the float32 weights that compute the channels."""
    factors: tuple[float, ...]
    """One float32 per channel, at least 1."""

    def merge(self, other: ChannelScaling) -> ChannelScaling:
        """One of both: decisions do not mix."""
        return max(self, other, key=lambda one: (one.digest, one.factors))

    def to_json(self) -> object:
        return [self.digest, [shortest(factor) for factor in self.factors]]

    @classmethod
    def from_json(cls, data: Any) -> ChannelScaling:
        digest, factors = data
        factors = _checked_floats(factors, positive=True)
        if min(factors) < 1:
            raise ValueError("a factor is less than 1")
        return cls(_checked_digest(digest), factors)


def float32_values(values: Sequence[float] | NDArray[Any]) -> tuple[float, ...]:
    """Python floats that a float32 holds exactly, as summaries keep them."""
    # Adding 0.0 turns -0.0 into 0.0.
    return tuple(float(v) + 0.0 for v in np.asarray(values, np.float32))
