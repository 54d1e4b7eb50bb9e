"""The arithmetic of int8: ties, extremes, and that rounding is unbiased."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from xdsl.dialects.builtin import i32

from qcc.dialects.errors import QccError
from qcc.dialects.quant import UniformType
from qcc.dialects.reference import numbers

INT32 = st.integers(-(2**31), 2**31 - 1)


def nearest_even(value: Fraction) -> int:
    """Python's exact rounding of a fraction, halves to even."""
    return round(value)


@given(st.lists(st.integers(-(2**29), 2**29), min_size=1), st.integers(1, 30))
def test_rne_shift_int32_is_exact(values: list[int], shift: int) -> None:
    array = np.array(values, np.int32)
    result = numbers.rne_shift(array, shift)
    assert result.dtype == np.int32
    assert result.tolist() == [nearest_even(Fraction(v, 2**shift)) for v in values]


@given(st.lists(st.integers(-(2**61), 2**61), min_size=1), st.integers(1, 62))
def test_rne_shift_int64_is_exact(values: list[int], shift: int) -> None:
    result = numbers.rne_shift(np.array(values, np.int64), shift)
    assert result.tolist() == [nearest_even(Fraction(v, 2**shift)) for v in values]


def test_rne_shift_ties() -> None:
    values = np.array([-5, -3, -1, 1, 3, 5], np.int32)
    assert numbers.rne_shift(values, 1).tolist() == [-2, -2, 0, 0, 2, 2]


@given(st.integers(-(2**62), 2**62), st.integers(1, 2**61))
def test_rne_div_is_exact(dividend: int, divisor: int) -> None:
    result = numbers.rne_div(np.array([dividend]), np.array([divisor]))
    assert result.tolist() == [nearest_even(Fraction(dividend, divisor))]


def test_rne_div_ties() -> None:
    result = numbers.rne_div(np.array([1, 3, 5, -1, -3]), np.array([2] * 5))
    assert result.tolist() == [0, 2, 2, 0, -2]


@given(st.integers(0, 2**62))
def test_integer_sqrt_is_exact(value: int) -> None:
    assert numbers.integer_sqrt(np.array([value])).tolist() == [math.isqrt(value)]


@given(st.integers(1, 2**31 - 1), st.integers(-1, 1))
def test_integer_sqrt_beside_squares(root: int, step: int) -> None:
    value = root * root + step
    assert numbers.integer_sqrt(np.array([value])).tolist() == [math.isqrt(value)]


def test_quantize_rounds_ties_to_even_and_saturates() -> None:
    x = np.array([0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 1e30, -1e30], np.float32)
    q = numbers.quantize(x, 1.0, 3)
    assert q.tolist() == [3, 5, 5, 3, 1, 1, 127, -128]


@pytest.mark.parametrize("zero_point", [-128, -1, 0, 127])
def test_quantize_of_what_is_not_finite(zero_point: int) -> None:
    x = np.array([np.nan, -np.nan, np.inf, -np.inf, 0.0, -0.0], np.float32)
    q = numbers.quantize(x, 0.1, zero_point)
    assert q.tolist() == [zero_point, zero_point, 127, -128, zero_point, zero_point]


def test_quantize_is_a_float32_division() -> None:
    # 0.35f / 0.1f is a tie in float32 (3.5), above one when divided in double.
    assert numbers.quantize(np.array([0.35], np.float32), 0.1, 0).tolist() == [
        round(float(np.float32(0.35) / np.float32(0.1)))
    ]


@given(
    st.lists(st.floats(width=32), min_size=1),
    st.floats(2.0**-126, 2.0**100, width=32),
    st.integers(-128, 127),
)
def test_quantize_equals_exact_formula(
    xs: list[float], scale: float, zero_point: int
) -> None:
    q = numbers.quantize(np.array(xs, np.float32), scale, zero_point)
    for x, actual in zip(xs, q.tolist(), strict=True):
        with np.errstate(all="ignore"):
            ratio = float(np.float32(x) / np.float32(scale))
        if math.isnan(ratio):
            expected = zero_point
        elif math.isinf(ratio):
            expected = 127 if ratio > 0 else -128
        else:
            expected = max(-128, min(127, round(Fraction(ratio)) + zero_point))
        assert actual == expected


def test_quantize_is_unbiased() -> None:
    # Halves occur often on this grid; rounding them all up would show at once.
    random = np.random.default_rng(0)
    scale = np.float32(0.25)
    x = (random.integers(-400, 400, 100_000) * 0.125).astype(np.float32)
    x = x[np.abs(x) < 31]
    error = numbers.dequantize(numbers.quantize(x, scale, 0), scale, 0) - x
    sigma = error.std() / math.sqrt(error.size)
    assert error.std() > 0.05
    assert abs(error.mean()) <= 3 * sigma
    away = np.floor(x / scale + np.float32(0.5)) * scale - x
    assert abs(away.mean()) > 3 * sigma


def test_requantize_is_unbiased() -> None:
    acc = np.random.default_rng(1).integers(-200, 200, 100_000)
    error = numbers.requantize(acc, 0.5, 0).astype(np.float64) - acc * 0.5
    assert abs(error.mean()) <= 3 * error.std() / math.sqrt(error.size)


@given(INT32, st.floats(2.0**-40, 4.0, width=32), st.integers(-128, 127))
def test_requantize_equals_exact_formula(
    acc: int, multiplier: float, zero_point: int
) -> None:
    scaled = np.float32(acc) * np.float32(multiplier)
    expected = max(-128, min(127, round(float(scaled)) + zero_point))
    result = numbers.requantize(np.array([acc]), multiplier, zero_point)
    assert result.dtype == np.int8
    assert result.tolist() == [expected]


def test_requantize_clamps_to_stored_bounds() -> None:
    acc = np.array([-1000, -3, 0, 3, 1000])
    assert numbers.requantize(acc, 1.0, 5, 3, 7).tolist() == [3, 3, 5, 7, 7]


def test_multipliers_are_rounded_once() -> None:
    scales = (0.1, 0.3, 0.7)
    s_x, s_w, s_y = (float(np.float32(scale)) for scale in scales)
    expected = np.float32(s_x * s_w / s_y)
    assert numbers.requantization_multipliers(s_x, [s_w], s_y)[0] == expected


def test_multiplier_must_be_finite() -> None:
    with pytest.raises(QccError, match="too far apart"):
        numbers.requantization_multiplier(1e30, 1e-30)


@given(
    st.floats(2.0**-20, 2.0**20, width=32),
    st.floats(2.0**-20, 2.0**20, width=32),
    st.floats(2.0**-20, 2.0**20, width=32),
)
def test_shared_multipliers_fit_and_are_close(a: float, b: float, y: float) -> None:
    if max(a, b) / y > 2**19:
        return
    multipliers, shift = numbers.shared_multipliers((a, b), y)
    assert 1 <= shift <= 30
    assert max(multipliers) < 2**21
    assert shift == 30 or max(multipliers) >= 2**20 - 1
    for scale, multiplier in zip((a, b), multipliers, strict=True):
        assert abs(multiplier - Fraction(scale) / Fraction(y) * 2**shift) <= 0.51


def test_shared_multipliers_refuse_large_ratios() -> None:
    with pytest.raises(QccError, match="too far apart"):
        numbers.shared_multipliers((2.0**21, 1.0), 1.0)


def test_shared_multipliers_below_two_to_the_21() -> None:
    # rne(r * 2^21) is 2^21 here: the shift must be one less.
    ratio = float(np.float32(1) - np.float32(2**-24))
    multipliers, shift = numbers.shared_multipliers((ratio, ratio), 1.0)
    assert shift == 20
    assert multipliers == [2**20, 2**20]


def test_pooling_multipliers_use_the_smallest_count() -> None:
    table, shift = numbers.pooling_multipliers(0.5, 0.25, [9, 4, 6])
    assert 2**30 <= table[4] < 2**31
    for count, multiplier in table.items():
        assert abs(multiplier / 2**shift - 2 / count) < 2 / count * 2**-29


def test_softmax_table() -> None:
    table = numbers.softmax_table(0.125)
    assert table[0] == 2**23
    expected = [round(2**23 * math.exp(-d * 0.125)) for d in range(256)]
    assert table.tolist() == expected
    assert not numbers.softmax_table(1e30)[1:].any()


def test_softmax_inverse_limits() -> None:
    assert numbers.softmax_inverse(1 / 256) == 65536
    with pytest.raises(QccError, match="too small"):
        numbers.softmax_inverse(2.0**-32)


def test_lookup_table_is_quantize_after_dequantize() -> None:
    source = UniformType.per_tensor(0.05, -3)
    target = UniformType.per_tensor(1 / 128)
    table = numbers.lookup_table(np.tanh, source, target)
    x = numbers.dequantize_from(np.arange(-128, 128), source)
    assert table.dtype == np.int8
    assert np.array_equal(table, numbers.quantize_to(np.tanh(x), target))


def test_quantize_to_narrowed_range_and_axis() -> None:
    kind = UniformType.per_axis([1.0, 2.0], 1, [0, 5], minimum=-127)
    x = np.array([[-200, -200], [3.0, 3.0]], np.float32)
    q = numbers.quantize_to(x, kind)
    assert q.tolist() == [[-127, -95], [3, 7]]
    back = numbers.dequantize_from(q, kind)
    assert back.tolist() == [[-127.0, -200.0], [3.0, 4.0]]


def test_int32_types_quantize_in_double() -> None:
    kind = UniformType.per_tensor(1e-7, storage=i32)
    x = np.array([200.0, 1e30, -np.inf, np.nan], np.float32)
    expected = round(200.0 / float(np.float32(1e-7)))
    assert numbers.quantize_to(x, kind).tolist() == [
        expected,
        2**31 - 1,
        -(2**31),
        0,
    ]


def test_dynamic_parameters_uint8() -> None:
    x = np.array([-1.0, 3.0, np.nan, np.inf], np.float32)
    scale = float(np.float32(4) / np.float32(255))
    assert numbers.dynamic_parameters_uint8(x) == (scale, 64)


def test_dynamic_bias() -> None:
    bias = np.array([1.0, 1e30, -1e30, 0.0, np.nan], np.float32)
    factors = np.array([0.4, 1e-30, 1e-30, 0.0, 1.0], np.float32)
    expected = [2, 2**30, -(2**30), 0, 0]
    assert numbers.dynamic_bias(bias, factors).tolist() == expected


def test_accumulator_bound_is_reached() -> None:
    weight = np.array([[[[127, -127]]], [[[1, 2]]]], np.int8)
    bias = np.array([-7, 5], np.int32)
    bound = numbers.accumulator_bound(weight, 0, 0, input_zero_point=-128, bias=bias)
    assert bound == 255 * 254 + 7
    assert numbers.accumulator_bound(weight, 1, 0, raw=True) == 128 * (126 + 128)
    assert numbers.fits_int32(2**31 - 1)
    assert not numbers.fits_int32(2**31)


def test_window_counts() -> None:
    assert numbers.window_counts(5, 3, 3, 2, 1).tolist() == [2, 3, 2]


def test_quantize_bias() -> None:
    result = numbers.quantize_bias(np.array([1.0, -1e30]), 0.5, [0.25, 0.25])
    assert result.tolist() == [8, -(2**30)]


def test_resize_taps_stay_inside() -> None:
    taps = numbers.resize_taps(3, 7, 7 / 3, "half_pixel")
    assert taps.low.min() == 0
    assert taps.high.max() == 2
    assert taps.weight.min() >= 0
    assert taps.weight.max() <= 2048
