"""
Fixed-point parameters of the ops that are integers only (`docs/numerics.md`).

Everything here is computed at compile time, in double or exactly, and handed to C as
integers; the proofs that nothing overflows stand beside the choice of each shift.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcc.dialects.errors import QccError
from qcc.dialects.quant.normalization import LARGEST_LAYER_NORM
from qcc.dialects.reference.nn_resize import linear_taps

Int64s = NDArray[np.int64]


def rne_shift(values: NDArray[Any], shift: int | NDArray[Any]) -> NDArray[Any]:
    """values / 2^shift, ties to even; int32 or int64 arrays, 1 ≤ shift, same dtype."""
    one = np.ones((), values.dtype)
    shifts = np.asarray(shift, values.dtype)
    odd = (values >> shifts) & one
    return (values + ((one << (shifts - one)) - one) + odd) >> shifts


def rne_div(dividend: Int64s, divisor: Int64s) -> Int64s:
    """Integer division rounded half to even; int64, divisor > 0, 2 * divisor fits."""
    quotient = dividend // divisor
    twice = 2 * (dividend - quotient * divisor)
    up = (twice > divisor) | ((twice == divisor) & ((quotient & 1) == 1))
    return quotient + up


def integer_sqrt(values: Int64s) -> Int64s:
    """floor(sqrt(v)) of int64 values in [0, 2^62]."""
    root = np.sqrt(values.astype(np.float64)).astype(np.int64)
    root -= root * root > values
    root += (root + 1) * (root + 1) <= values
    return root


def _rne(value: float) -> int:
    """The nearest integer of a double, ties to even."""
    return round(value)


def _largest_shift(ratio: float, bits: int, limit: int) -> int:
    """The largest shift ≤ limit with rne(ratio * 2^shift) < 2^bits."""
    shift = min(limit, bits - math.frexp(ratio)[1])
    if _rne(math.ldexp(ratio, shift)) >= 2**bits:
        shift -= 1
    if shift < 1:
        raise QccError(
            "the scales of an integer op are too far apart",
            why=f"one step of an input is {ratio} steps of the result",
            remedy="give a wider range to the result, or leave the op in float",
        )
    return shift


def shared_multipliers(
    input_scales: Sequence[float], output_scale: float
) -> tuple[list[int], int]:
    """
    Formula "add, sub": int32 multipliers M_i of at most 21 bits, and their one shift.

    |Σ (q_i - zp_i) M_i| < 2 · 2^8 · 2^21 = 2^30 for two inputs, and rounding adds at
    most 2^29, so int32 is enough. QccError where a ratio of scales is above 2^20.
    """
    ratios = [float(scale) / float(output_scale) for scale in input_scales]
    shift = _largest_shift(max(ratios), 21, 30)
    return [_rne(math.ldexp(ratio, shift)) for ratio in ratios], shift


def pooling_multipliers(
    input_scale: float, output_scale: float, counts: Iterable[int]
) -> tuple[dict[int, int], int]:
    """
    Formula "avg_pool2d": the multiplier M_n of each divisor n, and their one shift.

    M_n < 2^31 and |acc| < 2^31, so the product is below 2^62 and rounding adds at most
    2^61. QccError where the ratio of scales is above 2^30.
    """
    ratio = float(input_scale) / float(output_scale)
    ratios = {count: ratio / count for count in counts}
    shift = _largest_shift(max(ratios.values()), 31, 62)
    return {n: _rne(math.ldexp(r, shift)) for n, r in ratios.items()}, shift


def resize_multiplier(input_scale: float, output_scale: float) -> tuple[int, int]:
    """Formula "linear resize": M < 2^31 and shift for s_x / (s_y · 2^22)."""
    ratio = float(input_scale) / (float(output_scale) * 2.0**22)
    shift = _largest_shift(ratio, 31, 62)
    return _rne(math.ldexp(ratio, shift)), shift


def softmax_table(input_scale: float) -> NDArray[np.uint32]:
    """
    T[d] = rne(2^23 · exp(-d · s_x)), 256 entries, formula "softmax".

    Evaluated in decimal arithmetic: the same table on every host.
    """
    table = np.zeros(256, np.uint32)
    with localcontext() as context:
        context.prec = 50
        for d in range(256):
            if d * float(input_scale) > 40:
                break
            value = (Decimal(-d) * Decimal(float(input_scale))).exp() * 2**23
            table[d] = int(value.to_integral_value(ROUND_HALF_EVEN))
    return table


def softmax_inverse(output_scale: float) -> int:
    """inv = rne(2^8 / s_y), formula "softmax"; QccError where it reaches 2^39."""
    inverse = _rne(2.0**8 / float(output_scale))
    if inverse >= 2**39:
        raise QccError(
            "the scale of a softmax is too small",
            why=f"its result is in [0, 1], and one step of it is {output_scale}",
        )
    return inverse


@dataclass(frozen=True)
class LayerNormParameters:
    """
    The integers of formula "layer_norm" for rows of n elements.

    `fraction_bits` f and `epsilon` E are those of the variance, `multipliers` G (int32,
    n elements), `offsets` B (int64, n elements) and `shift` those of the result.
    """

    fraction_bits: int
    epsilon: int
    multipliers: NDArray[np.int32]
    offsets: Int64s
    shift: int


def layer_norm_parameters(
    input_scale: float,
    output_scale: float,
    epsilon: float,
    scale: NDArray[np.float32],
    bias: NDArray[np.float32],
) -> LayerNormParameters:
    """
    Formula "layer_norm"; `scale` and `bias` have the n elements of one row, flat.

    QccError where n is above 2^15 or numbers are too far apart for int64.
    """
    n = scale.size
    if n > LARGEST_LAYER_NORM:
        raise QccError(
            f"a layer normalization over {n} elements is too large for integers",
            why=f"at most {LARGEST_LAYER_NORM} are proven not to overflow",
            remedy="leave the op in float",
        )
    exact = float(epsilon) / float(input_scale) ** 2 * n * n
    # D ≤ n² · 127.5² < 2^44, so (D << f) + E stays below 2^61.
    largest = max(n * n * 2.0**14, exact)
    fraction_bits = next((f for f in range(20, -1, -2) if largest * 2**f < 2**60), None)
    if fraction_bits is None:
        raise _layer_norm_error(f"epsilon is {exact} squared steps of the input")
    gains = scale.astype(np.float64) / float(output_scale)
    offsets = bias.astype(np.float64) / float(output_scale)
    # |T| < 2^28, |T·G| < 2^58, |B| < 2^61 and rounding adds at most 2^59.
    largest = max(float(np.abs(gains).max()), float(np.abs(offsets).max()) / 2.0**11)
    if not largest < 2.0**48:
        raise _layer_norm_error(f"scale or bias is {largest} steps of the result")
    bits = 40 if largest == 0 else min(40, 30 - math.frexp(largest)[1])
    return LayerNormParameters(
        fraction_bits,
        _rne(exact * 2**fraction_bits),
        np.rint(np.ldexp(gains, bits)).astype(np.int32),
        np.rint(np.ldexp(offsets, bits + 20)).astype(np.int64),
        bits + 20,
    )


def _layer_norm_error(why: str) -> QccError:
    return QccError(
        "the scales of a layer normalization are too far apart",
        why=why,
        remedy="leave the op in float",
    )


@dataclass(frozen=True)
class ResizeTaps:
    """
    Linear interpolation along one axis, per output index.

    The result reads `low` and `high` (int32 input indices) with the weights
    2048 - `weight` and `weight` (int32).
    """

    low: NDArray[np.int32]
    high: NDArray[np.int32]
    weight: NDArray[np.int32]


def resize_taps(
    input_size: int, output_size: int, scale: float, coordinates: str
) -> ResizeTaps:
    """
    Formula "linear resize": indices and weights of one axis.

    The source coordinates are those of `nn.resize`; fractions are rounded to 11 bits.
    """
    low, high, fraction = linear_taps(input_size, output_size, scale, coordinates)
    weight = np.rint(fraction * np.float32(2048))
    return ResizeTaps(
        low.astype(np.int32), high.astype(np.int32), weight.astype(np.int32)
    )


def window_counts(
    input_size: int, output_size: int, kernel: int, stride: int, before: int
) -> NDArray[np.int64]:
    """
    How many elements of each pooling window are in bounds, along one axis.

    The divisor of a 2-D window is the product of the counts of its two axes.
    """
    start = np.arange(output_size) * stride - before
    end = np.minimum(start + kernel, input_size)
    return (end - np.maximum(start, 0)).astype(np.int64)
