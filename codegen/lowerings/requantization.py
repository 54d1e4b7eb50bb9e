"""What the compiler proves about a requantization, so that kernels may do less."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import numpy as np

from qcc.dialects.kernel import Literal
from qcc.dialects.types import Array


def largest_scaled(weights: Array, bias: Array, multipliers: Array) -> float:
    """
    A bound of |accumulator * multiplier| for every int8 input.

    `weights` [O, ...] have zero point 0 and `bias` [O] has the input's zero point in
    it, so that a sum is at most |bias| + 128 Σ|w|.
    """
    magnitudes = np.abs(weights.astype(np.int64)).reshape(len(weights), -1)
    sums = np.abs(bias.astype(np.int64)) + 128 * magnitudes.sum(axis=1)
    return _scaled(sums, multipliers)


def _scaled(sums: Array, multipliers: Array) -> float:
    scaled = sums.astype(np.float64) * np.abs(multipliers.astype(np.float64))
    return float(scaled.max(initial=0) * (1 + 2.0**-20))  # two roundings


def cannot_overflow(weights: Array, bias: Array, multipliers: Array) -> bool:
    """Whether |accumulator * multiplier| < 2^31 for every int8 input."""
    return largest_scaled(weights, bias, multipliers) < 2.0**31


def product_cannot_overflow(depth: int, bias: Array, multipliers: Array) -> bool:
    """The same for a product of two activations, whose differences are below 256."""
    sums = np.abs(bias.astype(np.int64)) + depth * 255 * 255
    return _scaled(sums, multipliers) < 2.0**31


def has_ties(arguments: Mapping[str, Literal]) -> bool:
    """Whether the residual add of docs/numerics.md has a tie for any two int8."""

    def member(name: str) -> int:
        return cast("int", arguments[name])

    stored = np.arange(-128, 128, dtype=np.int64)
    lhs = (stored - member("zero_point")) * member("conv_multiplier")
    rhs = (stored - member("residual_zero_point")) * member("residual_multiplier")
    below = (1 << member("residual_shift")) - 1
    sums = lhs[:, None] + rhs + (below + 1) // 2
    return bool((sums & below == 0).any())


def requantization_facts(
    arguments: Mapping[str, Literal], weights: Array, bias: Array, multipliers: Array
) -> dict[str, Literal]:
    """The members of qcc_conv2d_args that say what cannot happen."""
    largest = largest_scaled(weights, bias, multipliers)
    facts: dict[str, Literal] = {
        "no_overflow": int(largest < 2.0**31),
        "fits_int16": int(largest < 2.0**15 - 256),
    }
    if "residual_shift" in arguments:
        facts["ties"] = int(has_ties(arguments))
    return facts


__all__ = [
    "cannot_overflow",
    "has_ties",
    "largest_scaled",
    "product_cannot_overflow",
    "requantization_facts",
]
