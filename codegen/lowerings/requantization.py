"""What the compiler proves about a requantization, so that kernels may do less."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import numpy as np

from qcc.dialects.kernel import Literal
from qcc.dialects.types import Array


def cannot_overflow(weights: Array, bias: Array, multipliers: Array) -> bool:
    """
    Whether |accumulator * multiplier| < 2^31 for every int8 input.

    `weights` [O, ...] have zero point 0 and `bias` [O] has the input's zero point in
    it, so that a sum is at most |bias| + 128 Σ|w|.
    """
    magnitudes = np.abs(weights.astype(np.int64)).reshape(len(weights), -1)
    return _fits(np.abs(bias.astype(np.int64)) + 128 * magnitudes.sum(1), multipliers)


def product_cannot_overflow(depth: int, bias: Array, multipliers: Array) -> bool:
    """The same for a product of two activations, whose differences are below 256."""
    return _fits(np.abs(bias.astype(np.int64)) + depth * 255 * 255, multipliers)


def _fits(sums: Array, multipliers: Array) -> bool:
    scaled = sums.astype(np.float64) * np.abs(multipliers.astype(np.float64))
    return bool(scaled.max(initial=0) < 2.0**31 * (1 - 2.0**-20))  # two roundings


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
    facts: dict[str, Literal] = {
        "no_overflow": int(cannot_overflow(weights, bias, multipliers))
    }
    if "residual_shift" in arguments:
        facts["ties"] = int(has_ties(arguments))
    return facts


__all__ = [
    "cannot_overflow",
    "has_ties",
    "product_cannot_overflow",
    "requantization_facts",
]
