"""
The formulas of scales that are taken at run time (`docs/numerics.md`, "Dynamic").

A dynamically quantized tensor is int8 with its parameters beside it: float32 [2], the
scale and the zero point. Every step here is a single float32 operation, in the order in
which the kernels do them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float32]
Integers: TypeAlias = NDArray[Any]

SMALLEST_NORMAL = np.float32(2.0**-126)
LARGEST = np.finfo(np.float32).max
ZERO, STEPS = np.float32(0), np.float32(255)
LEAST, MOST = np.float32(-128), np.float32(127)

PAIR_SCALE = np.float32(2.0**-20)
"""Of the multipliers of an addition, which are at most 2^20."""


def _finite(x: np.float32) -> np.float32:
    return x if np.isfinite(x) else ZERO


def parameters_of_range(
    low: np.float32,
    high: np.float32,
    minimum: float = -np.inf,
    maximum: float = np.inf,
) -> Floats:
    """
    Scale and zero point of a measured range, clipped to [minimum, maximum].

    The range is widened to hold 0. A scale that is not a normal number is 1.
    """
    low = np.minimum(ZERO, np.maximum(_finite(low), np.float32(minimum)))
    high = np.maximum(ZERO, np.minimum(_finite(high), np.float32(maximum)))
    with np.errstate(over="ignore", under="ignore"):
        scale = np.float32(high - low) / STEPS
        if not (scale >= SMALLEST_NORMAL and np.isfinite(scale)):
            scale = np.float32(1)
        zero_point = np.rint(np.clip(LEAST - low / scale, LEAST, MOST))
    # An integer: there is no -0.
    return np.array([scale, zero_point + ZERO], np.float32)


def parameters_of(
    x: Floats, minimum: float = -np.inf, maximum: float = np.inf
) -> Floats:
    """Scale and zero point of the finite elements of a float32 tensor."""
    finite = np.where(np.isfinite(x), x, ZERO)
    low, high = finite.min(initial=0), finite.max(initial=0)
    return parameters_of_range(low, high, minimum, maximum)


def quantize_by(x: Floats, parameters: Floats) -> NDArray[np.int8]:
    """Formula "dynamic_qcast": a multiplication by 1 / scale; NaN gives zero_point."""
    scale, zero_point = parameters
    with np.errstate(all="ignore"):
        steps = np.asarray(x, np.float32) * (np.float32(1) / scale)
    steps = np.where(np.isnan(steps), ZERO, steps)
    return _round_clamped(steps, zero_point)


def _round_clamped(steps: Floats, zero_point: np.float32) -> NDArray[np.int8]:
    # All of these are integers below 2^24: float32 arithmetic on them is exact.
    clamped = np.clip(steps, LEAST - zero_point, MOST - zero_point)
    return (np.rint(clamped) + zero_point).astype(np.int8)


def centre_by(q: Integers, parameters: Floats) -> NDArray[np.int32]:
    """q - zero_point."""
    return q.astype(np.int32) - np.int32(parameters[1])


def _ratio(numerator: np.float32, denominator: np.float32) -> np.float32:
    """A multiplier: a quotient that is at most the largest float32."""
    with np.errstate(over="ignore", under="ignore"):
        return np.minimum(numerator / denominator, LARGEST)


def scale_integers(
    integers: Integers, multiplier: np.float32, zero_point: np.float32
) -> NDArray[np.int8]:
    """requantize(integer, multiplier) of the static formulas, all of int8."""
    with np.errstate(over="ignore", under="ignore"):
        steps = integers.astype(np.float32) * multiplier
    return _round_clamped(steps, zero_point)


def requantize_by(q: Integers, source: Floats, target: Floats) -> NDArray[np.int8]:
    """From one pair of parameters to another."""
    multiplier = _ratio(source[0], target[0])
    return scale_integers(centre_by(q, source), multiplier, target[1])


def requantize_integers(
    integers: Integers, scale: np.float32, minimum: float, maximum: float
) -> tuple[NDArray[np.int8], Floats]:
    """int32 numbers at `scale`, quantized to their own range."""
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        low = np.float32(integers.min(initial=0)) * scale
        high = np.float32(integers.max(initial=0)) * scale
    parameters = parameters_of_range(low, high, minimum, maximum)
    multiplier = _ratio(scale, parameters[0])
    return scale_integers(integers, multiplier, parameters[1]), parameters


def pair_multipliers(lhs: np.float32, rhs: np.float32) -> tuple[int, int, np.float32]:
    """
    For a sum of two scales: what each side is multiplied by, and the sum's scale.

    The larger scale's multiplier is 2^20.
    """
    larger = np.maximum(lhs, rhs)
    numbers = [np.rint(scale / larger / PAIR_SCALE) for scale in (lhs, rhs)]
    return int(numbers[0]), int(numbers[1]), np.float32(larger * PAIR_SCALE)


def union_of(parameters: Sequence[Floats]) -> Floats:
    """Parameters whose range holds all that the given ones can express."""
    with np.errstate(over="ignore", under="ignore"):
        lows = [(LEAST - zero_point) * scale for scale, zero_point in parameters]
        highs = [(MOST - zero_point) * scale for scale, zero_point in parameters]
    return parameters_of_range(
        np.min([_finite(low) for low in lows]),
        np.max([_finite(high) for high in highs]),
    )
