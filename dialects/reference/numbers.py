"""
The arithmetic of int8: rounding, casts, requantization (`docs/numerics.md`).

The reference functions compute with these, and the lowerings of codegen take from
here every number that they hand to C. Fixed-point parameters of single ops (shared
shifts, tables, layer normalization, resize) are in `fixed_point.py`, which this
module re-exports.

Scalars in and out are Python ints and floats; arrays are numpy. "float32" values are
Python floats or numpy scalars that a float32 holds exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from qcc.dialects.errors import QccError
from qcc.dialects.quant.types import UniformType
from qcc.dialects.reference.fixed_point import (
    LayerNormParameters,
    ResizeTaps,
    integer_sqrt,
    layer_norm_parameters,
    pooling_multipliers,
    resize_multiplier,
    resize_taps,
    rne_div,
    rne_shift,
    shared_multipliers,
    softmax_inverse,
    softmax_table,
    window_counts,
)

__all__ = [
    "LayerNormParameters",
    "ResizeTaps",
    "accumulator_bound",
    "centre",
    "dequantize",
    "dequantize_from",
    "dynamic_bias",
    "dynamic_parameters_uint8",
    "fits_int32",
    "integer_sqrt",
    "layer_norm_parameters",
    "lookup_table",
    "output_scales",
    "pooling_multipliers",
    "quantize",
    "quantize_bias",
    "quantize_to",
    "requantization_multiplier",
    "requantization_multipliers",
    "requantize",
    "resize_multiplier",
    "resize_taps",
    "rne_div",
    "rne_shift",
    "round_half_even",
    "saturate",
    "shared_multipliers",
    "softmax_inverse",
    "softmax_table",
    "window_counts",
]

Integers: TypeAlias = NDArray[Any]
Floats: TypeAlias = NDArray[np.float32]
Numbers: TypeAlias = "float | Sequence[float] | NDArray[Any]"

INT8_MINIMUM, INT8_MAXIMUM = -128, 127


def round_half_even(x: NDArray[Any] | float) -> NDArray[np.int64]:
    """The nearest integers, ties to even; `x` is finite and below 2^63."""
    return np.rint(x).astype(np.int64)


def saturate(
    values: Integers, minimum: int = INT8_MINIMUM, maximum: int = INT8_MAXIMUM
) -> NDArray[np.int8]:
    """Integers clamped to [minimum, maximum], as int8."""
    return np.clip(values, minimum, maximum).astype(np.int8)


def _round_clamped(
    x: Floats, zero_point: Integers | int, minimum: int, maximum: int
) -> Floats:
    """rne(clamp(x, minimum - zero_point, maximum - zero_point)) + zero_point."""
    # All of these are integers below 2^24: float32 arithmetic on them is exact.
    zero_points = np.asarray(zero_point, np.float32)
    result = np.maximum(x, np.float32(minimum) - zero_points)
    result = np.minimum(result, np.float32(maximum) - zero_points)
    return np.rint(result) + zero_points


def quantize(
    x: NDArray[Any],
    scale: Numbers,
    zero_point: Integers | int,
    minimum: int = INT8_MINIMUM,
    maximum: int = INT8_MAXIMUM,
) -> NDArray[np.int64]:
    """
    Formula "quantize": a float32 division, clamped before it is rounded half to even.

    `scale` and `zero_point` broadcast against `x` (float32). NaN gives the zero point,
    infinities saturate. Returns stored integers as int64.
    """
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        ratio = np.asarray(x, np.float32) / np.asarray(scale, np.float32)
    ratio = np.where(np.isnan(ratio), np.float32(0), ratio)
    return _round_clamped(ratio, zero_point, minimum, maximum).astype(np.int64)


def dequantize(q: Integers, scale: Numbers, zero_point: Integers | int) -> Floats:
    """Formula "dequantize": one float32 multiplication per stored integer."""
    centred = np.asarray(q, np.int64) - np.asarray(zero_point, np.int64)
    with np.errstate(over="ignore", under="ignore"):
        return centred.astype(np.float32) * np.asarray(scale, np.float32)


def _along_axis(kind: UniformType, rank: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Scales and zero points shaped to broadcast against a tensor of `rank` axes."""
    shape = [1] * rank
    if kind.axis is not None:
        shape[kind.axis] = -1
    elif rank == 0:
        shape = []
    scales = np.array(kind.scales, np.float32).reshape(shape)
    return scales, np.array(kind.zero_points, np.int64).reshape(shape)


def quantize_to(x: NDArray[Any], kind: UniformType) -> Integers:
    """`quantize` with the parameters of a type, in its storage dtype (int8, int32)."""
    scales, zero_points = _along_axis(kind, np.ndim(x))
    if kind.storage.width.data == 32:
        return _quantize_int32(x, scales, zero_points, kind)
    stored = quantize(x, scales, zero_points, kind.minimum, kind.maximum)
    return stored.astype(np.int8)


def _quantize_int32(
    x: NDArray[Any], scales: Integers, zero_points: Integers, kind: UniformType
) -> NDArray[np.int32]:
    # The bounds of int32 are no float32 values: compile-time constants only, in double.
    ratio = np.asarray(x, np.float64) / scales.astype(np.float64)
    ratio = np.nan_to_num(ratio, nan=0.0, posinf=2.0**40, neginf=-(2.0**40))
    rounded = np.rint(np.clip(ratio, -(2.0**40), 2.0**40)) + zero_points
    return np.clip(rounded, kind.minimum, kind.maximum).astype(np.int32)


def dequantize_from(q: Integers, kind: UniformType) -> Floats:
    """`dequantize` with the parameters of a type."""
    return dequantize(q, *_along_axis(kind, np.ndim(q)))


def centre(q: Integers, kind: UniformType) -> NDArray[np.int32]:
    """q - zero_point of stored int8, with the zero points of a type."""
    return np.asarray(q, np.int32) - _along_axis(kind, np.ndim(q))[1].astype(np.int32)


def output_scales(kind: UniformType, outputs: int) -> NDArray[np.float32]:
    """
    The scale of the weight of each output channel.

    A transposed convolution has one scale per channel of a group, the same for each.
    """
    return np.resize(np.array(kind.scales, np.float32), outputs)


def quantize_bias(
    bias: NDArray[Any],
    input_scale: float,
    weight_scales: Sequence[float] | NDArray[Any],
) -> NDArray[np.int32]:
    """
    A float bias at scale `input_scale * weight_scales[c]`: rne(b / scale), in double.

    `weight_scales` has one element or one per element of `bias`. Clamped to ±2^30, so
    that an absurd bias saturates instead of overflowing the accumulator.
    """
    scales = np.array(weight_scales, np.float64) * float(input_scale)
    ratio = np.nan_to_num(np.asarray(bias, np.float64) / scales)
    return np.rint(np.clip(ratio, -(2.0**30), 2.0**30)).astype(np.int32)


def requantization_multipliers(
    input_scale: float,
    weight_scales: Sequence[float] | NDArray[Any],
    output_scale: float,
) -> NDArray[np.float32]:
    """
    m[c] = (float)(((double)s_x * s_w[c]) / s_y), formula "Contractions".

    Raises QccError when a multiplier is not a finite float32.
    """
    weights = np.array(weight_scales, np.float64)
    with np.errstate(over="ignore", under="ignore"):
        exact = (float(input_scale) * weights) / float(output_scale)
        multipliers = exact.astype(np.float32)
    if not np.all(np.isfinite(multipliers)):
        raise QccError(
            "the scales of an integer op are too far apart",
            why=f"{input_scale} * {max(weight_scales)} / {output_scale} is no float32",
            remedy="give a wider range to the result, or leave the op in float",
        )
    return multipliers


def requantization_multiplier(
    input_scale: float, output_scale: float, other_scale: float = 1.0
) -> float:
    """m = (float)(((double)s_a * s_b) / s_y); without `other_scale`, s_in / s_out."""
    return float(
        requantization_multipliers(input_scale, [other_scale], output_scale)[0]
    )


def requantize(
    acc: NDArray[Any],
    multiplier: Numbers,
    zero_point: int,
    minimum: int = INT8_MINIMUM,
    maximum: int = INT8_MAXIMUM,
) -> NDArray[np.int8]:
    """
    Formula "requantize(acc, m)": clamped in float, rounded half to even, int8.

    `acc` holds integers (any dtype that holds them exactly); `multiplier` broadcasts.
    """
    with np.errstate(over="ignore", under="ignore"):
        scaled = acc.astype(np.float32) * np.asarray(multiplier, np.float32)
    return _round_clamped(scaled, zero_point, minimum, maximum).astype(np.int8)


def lookup_table(
    function: Callable[[Floats], NDArray[Any]],
    input_type: UniformType,
    output_type: UniformType,
) -> NDArray[np.int8]:
    """
    The table of formula "lookup": entry q + 128 is quantize(f(dequantize(q))).

    `function` maps the 256 float32 values to as many values, rounded to float32 here.
    """
    q = np.arange(INT8_MINIMUM, INT8_MAXIMUM + 1)
    with np.errstate(all="ignore"):
        values = np.asarray(function(dequantize_from(q, input_type)))
        values = values.astype(np.float32)
    return quantize_to(values, output_type).astype(np.int8)


def _dynamic_range(x: Floats) -> tuple[np.float32, np.float32, np.float32]:
    """lo, hi of the finite elements, widened to hold 0, and (hi - lo) / 255."""
    finite = np.where(np.isfinite(x), x, np.float32(0))
    low = np.minimum(np.float32(0), finite.min(initial=0))
    high = np.maximum(np.float32(0), finite.max(initial=0))
    with np.errstate(over="ignore", under="ignore"):
        scale = np.float32(high - low) / np.float32(255)
    if scale == 0 or not np.isfinite(scale):
        scale = np.float32(1)
    return low, high, scale


def dynamic_parameters_uint8(x: Floats) -> tuple[float, int]:
    """ONNX DynamicQuantizeLinear: zp = rne(clamp(0 - lo / s, 0, 255)) for uint8."""
    low, _, scale = _dynamic_range(x)
    zero_point = np.float32(0) - low / scale
    return float(scale), int(np.rint(np.clip(zero_point, 0, 255)))


def dynamic_bias(bias: Floats, factors: Floats) -> NDArray[np.int64]:
    """rne(bias / f) as integers, clamped to ±2^30; NaN gives 0. All float32."""
    with np.errstate(all="ignore"):
        ratio = np.asarray(bias, np.float32) / np.asarray(factors, np.float32)
    ratio = np.where(np.isnan(ratio), np.float32(0), ratio)
    return round_half_even(np.clip(ratio, np.float32(-(2**30)), np.float32(2**30)))


def accumulator_bound(
    weight: Integers,
    weight_zero_points: Integers | int,
    output_axis: int,
    *,
    input_zero_point: int = 0,
    bias: Integers | None = None,
    raw: bool = False,
) -> int:
    """
    The largest magnitude of any partial sum of a contraction, for every int8 input.

    `weight` holds stored integers, and `weight_zero_points` broadcasts against it; all
    axes but `output_axis` are summed: |bias[c]| + max|q_x - zp_x| Σ|q_w - zp_w|, where
    `raw` makes it max|q_x| = 128. It bounds the sum in any order, also in SIMD lanes.
    """
    centred = np.asarray(weight, np.int64) - np.asarray(weight_zero_points, np.int64)
    axis = output_axis % centred.ndim
    others = tuple(index for index in range(centred.ndim) if index != axis)
    sums = np.abs(centred).sum(axis=others)
    low, high = INT8_MINIMUM - input_zero_point, INT8_MAXIMUM - input_zero_point
    largest = -INT8_MINIMUM if raw else max(-low, high)
    bounds = sums * largest
    if bias is not None:
        bounds = bounds + np.abs(np.asarray(bias, np.int64))
    return int(bounds.max(initial=0))


def fits_int32(bound: int) -> bool:
    """Whether an accumulator of this bound fits int32."""
    return bound < 2**31
