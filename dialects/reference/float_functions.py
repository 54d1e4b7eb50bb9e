"""
exp, log, tanh, sigmoid, erf, pow and sqrt of float32 in integer arithmetic.

Neither numpy's nor C's mathematical functions give the same bits on every host. These
do: they use 64-bit integers only, and `runtime/kernels/portable/float_functions.h` is
their line-by-line twin. A number written `x_q48` is an integer with 48 fraction bits.
Every function takes and returns float32 arrays of the same shape; a NaN result is the
quiet NaN 0x7FC00000.

Measured largest errors, in units in the last place, over the dense samples of
`tests/kernels/test_float_functions.py`: exp 0.501, log 0.501, sigmoid 0.516, tanh
0.516, erf 0.502, pow 0.509; sqrt is correctly rounded.
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from qcc.dialects.reference import float_constants as c

Floats: TypeAlias = NDArray[np.float32]
Integers: TypeAlias = NDArray[np.int64]
Mask: TypeAlias = NDArray[np.bool_]

_INFINITY_BITS = 0x7F800000
_NAN_BITS = 0x7FC00000
_ONE_BITS = 0x3F800000
_SIGN_BIT = 0x80000000
_LIMIT_EXPONENT = 134  # biased exponent of 128, beyond exp's range

_EXP_TABLE_Q48 = np.array(c.EXP_TABLE_Q48, np.int64)
_LOG_RECIPROCAL_Q8 = np.array(c.LOG_RECIPROCAL_Q8, np.int64)
_LOG_TABLE_Q55 = np.array(c.LOG_TABLE_Q55, np.int64)
_ERF_TABLE_Q36 = np.array(c.ERF_TABLE_Q36, np.int64).reshape(-1, 6)


def _bits(x: Floats) -> Integers:
    return np.asarray(x, np.float32).view(np.uint32).astype(np.int64)


def _from_bits(bits: Integers) -> Floats:
    return bits.astype(np.uint32).view(np.float32)


def _bit_length(value: Integers) -> Integers:
    """Number of bits of non-negative integers; 0 for 0."""
    # The conversion to float64 may round up to the next power of two.
    length = np.frexp(value.astype(np.float64))[1].astype(np.int64)
    return np.where(
        (length > 0) & (value >> np.maximum(length - 1, 0) == 0), length - 1, length
    )


def _shift_right_to_even(value: Integers, shift: Integers) -> Integers:
    """value / 2^shift, halves to even; 1 <= shift <= 62, 0 <= value < 2^62."""
    half = np.int64(1) << (shift - 1)
    return (value + half - 1 + ((value >> shift) & 1)) >> shift


def _round_to_float(value: Integers, fraction_bits: Integers) -> Integers:
    """Bits of the float32 nearest to value / 2^fraction_bits, 0 <= value < 2^62."""
    # The unit of the result: 24 significant bits, but at least 2^-149.
    shift = np.maximum(_bit_length(value) - 24, fraction_bits - 149)
    rounded = np.where(
        shift > 0,
        _shift_right_to_even(value, np.clip(shift, 1, 62)),
        value << np.clip(-shift, 0, 24),
    )
    rounded = np.where(shift > 62, 0, rounded)
    bits = ((shift - fraction_bits + 150) << 23) + rounded - (1 << 23)
    return np.where(value == 0, 0, np.minimum(bits, _INFINITY_BITS))


def _split(magnitude: Integers) -> tuple[Integers, Integers]:
    """Significand (24 bits with the hidden one) and exponent: m 2^e, denormals too."""
    exponent = magnitude >> 23
    fraction = magnitude & 0x7FFFFF
    significand = np.where(exponent == 0, fraction, fraction | 0x800000)
    return significand, np.maximum(exponent, 1) - 150


def _to_fixed(magnitude: Integers, fraction_bits: int) -> Integers:
    """|x| with `fraction_bits` fraction bits, halves up; |x| 2^fraction_bits < 2^63."""
    significand, exponent = _split(magnitude)
    shift = exponent + fraction_bits
    right = np.clip(-shift, 1, 62)
    return np.where(
        shift >= 0,
        significand << np.clip(shift, 0, 39),
        (significand + (np.int64(1) << (right - 1))) >> right,
    )


def _exp_fixed(x_q48: Integers) -> tuple[Integers, Integers]:
    """
    e^x as (m, k): m 2^(k - 48) with m in about [2^48, 2^49); |x| < 2^7.

    x = k ln2/64 + r; e^r is a polynomial, 2^(k/64) a table and a shift.
    """
    step = ((x_q48 >> 24) * c.EXP_INVERSE_STEP_Q25 + (1 << 48)) >> 49
    r = ((x_q48 << 6) - step * c.EXP_STEP_Q54 + (1 << 17)) >> 18  # Q36
    half, sixth, twenty_fourth = c.EXP_POLYNOMIAL_Q36
    polynomial = ((r * twenty_fourth) >> 36) + sixth
    polynomial = ((r * polynomial) >> 36) + half
    polynomial = r + ((((r * r) >> 36) * polynomial) >> 36)
    table_q48 = _EXP_TABLE_Q48[step & 63]
    value = table_q48 + (((table_q48 >> 16) * polynomial) >> 20)
    return value, step >> 6


def exp_f32(x: Floats) -> Floats:
    """e^x; +Inf above 88.72, denormal and then 0 below -87.34."""
    bits = _bits(x)
    magnitude = bits & 0x7FFFFFFF
    negative = bits >= _SIGN_BIT
    beyond = magnitude >= _LIMIT_EXPONENT << 23
    x_q48 = _to_fixed(np.where(beyond, 0, magnitude), 48)
    value, k = _exp_fixed(np.where(negative, -x_q48, x_q48))
    result = _round_to_float(value, 48 - k)
    result = np.where(beyond, np.where(negative, 0, _INFINITY_BITS), result)
    return _from_bits(np.where(magnitude > _INFINITY_BITS, _NAN_BITS, result))


def sigmoid_f32(x: Floats) -> Floats:
    """1 / (1 + e^-x)."""
    bits = _bits(x)
    magnitude = bits & 0x7FFFFFFF
    negative = bits >= _SIGN_BIT
    beyond = magnitude >= _LIMIT_EXPONENT << 23
    value, k = _exp_fixed(-_to_fixed(np.where(beyond, 0, magnitude), 48))
    denominator_q30 = (1 << 30) + (value >> np.minimum(18 - k, 62))
    positive_q32 = (1 << 62) // denominator_q30
    negative_q31 = (value << 13) // denominator_q30
    result = np.where(
        negative,
        _round_to_float(negative_q31, 31 - k),
        _round_to_float(positive_q32, np.full_like(k, 32)),
    )
    result = np.where(beyond, np.where(negative, 0, _ONE_BITS), result)
    return _from_bits(np.where(magnitude > _INFINITY_BITS, _NAN_BITS, result))


def _odd_polynomial(magnitude: Integers, coefficients: tuple[int, ...]) -> Integers:
    """Bits of |x| (c0 + c1 x^2 + c2 x^4 + c3 x^6), coefficients Q36; |x| < 1/16."""
    x_q34 = _to_fixed(magnitude, 34)
    square = (x_q34 * x_q34) >> 32
    factor = np.full_like(magnitude, coefficients[3])
    for coefficient in coefficients[2::-1]:
        factor = ((factor * square) >> 36) + coefficient
    significand, exponent = _split(magnitude)
    return _round_to_float(significand * factor, 36 - exponent)


_SIXTEENTH_BITS = (127 - 4) << 23


def tanh_f32(x: Floats) -> Floats:
    """tanh(x) = (1 - e^-2|x|) / (1 + e^-2|x|), a polynomial below 1/16; odd."""
    bits = _bits(x)
    magnitude = bits & 0x7FFFFFFF
    beyond = magnitude >= (_LIMIT_EXPONENT - 1) << 23
    near_zero = magnitude < _SIXTEENTH_BITS
    value, k = _exp_fixed(-_to_fixed(np.where(beyond, 0, magnitude), 49))
    power_q48 = value >> np.minimum(-k, 62)
    numerator = (1 << 48) - power_q48
    shift = 62 - _bit_length(numerator)
    quotient = (numerator << shift) // (((1 << 48) + power_q48) >> 17)
    result = _round_to_float(quotient, 17 + shift)
    small = np.where(near_zero, magnitude, 0)
    result = np.where(
        near_zero, _odd_polynomial(small, tuple(c.TANH_POLYNOMIAL_Q36)), result
    )
    result = np.where(beyond, _ONE_BITS, result) | (bits & _SIGN_BIT)
    return _from_bits(np.where(magnitude > _INFINITY_BITS, _NAN_BITS, result))


def erf_f32(x: Floats) -> Floats:
    """The error function: Taylor polynomials in 64 intervals of [0, 4); odd."""
    bits = _bits(x)
    magnitude = bits & 0x7FFFFFFF
    beyond = magnitude >= (127 + 2) << 23
    near_zero = magnitude < _SIXTEENTH_BITS
    x_q31 = _to_fixed(np.where(beyond, 0, magnitude), 31)
    interval = x_q31 >> 27
    t = x_q31 - (interval << 27) - (1 << 26)
    rows = _ERF_TABLE_Q36[interval]
    value = rows[..., 5]
    for degree in (4, 3, 2, 1, 0):
        value = ((value * t) >> 31) + rows[..., degree]
    result = _round_to_float(value, np.full_like(value, 36))
    small = np.where(near_zero, magnitude, 0)
    result = np.where(
        near_zero, _odd_polynomial(small, tuple(c.ERF_POLYNOMIAL_Q36)), result
    )
    result = np.where(beyond, _ONE_BITS, result) | (bits & _SIGN_BIT)
    return _from_bits(np.where(magnitude > _INFINITY_BITS, _NAN_BITS, result))


def _log_fixed(magnitude: Integers) -> tuple[Integers, Integers]:
    """
    ln(x) as (v, n): v / 2^n, for the bits of positive finite values.

    x = 2^e m, c about 1/m from a table: ln x = e ln2 - ln c + ln(1 + r), r = m c - 1.
    Beside 1 only the last term is there, and n is 69 to keep its relative precision.
    """
    significand, exponent = _split(magnitude)
    normalize = 24 - _bit_length(significand)
    significand = significand << normalize
    exponent = exponent - normalize + 23
    index = (significand - (1 << 23) + (1 << 15)) >> 16
    low = index >= c.LOG_SPLIT
    exponent = exponent + low
    r = significand * _LOG_RECIPROCAL_Q8[index]
    r = np.where(low, r, r << 1) - (np.int64(1) << 32)  # Q32
    factor = np.full_like(r, c.LOG_POLYNOMIAL_Q37[5])
    for coefficient in c.LOG_POLYNOMIAL_Q37[4::-1]:
        factor = ((factor * r) >> 32) + coefficient
    product_q69 = r * factor
    total_q55 = exponent * c.LOG_LN2_Q55 + _LOG_TABLE_Q55[index] + (product_q69 >> 14)
    beside_one = (exponent == 0) & (_LOG_TABLE_Q55[index] == 0)
    return np.where(beside_one, product_q69, total_q55), np.where(beside_one, 69, 55)


def log_f32(x: Floats) -> Floats:
    """The natural logarithm; -Inf for 0, NaN below 0."""
    bits = _bits(x)
    magnitude = bits & 0x7FFFFFFF
    finite = (bits > 0) & (bits < _INFINITY_BITS)
    value, fraction_bits = _log_fixed(np.where(finite, bits, _ONE_BITS))
    result = _round_to_float(np.abs(value), fraction_bits)
    result = np.where(value < 0, result | _SIGN_BIT, result)
    special = np.where(bits == _INFINITY_BITS, _INFINITY_BITS, _NAN_BITS)
    special = np.where(magnitude == 0, _INFINITY_BITS | _SIGN_BIT, special)
    return _from_bits(np.where(finite, result, special))


def sqrt_f32(x: Floats) -> Floats:
    """The IEEE square root."""
    x = np.asarray(x, np.float32)
    with np.errstate(invalid="ignore"):
        root = np.sqrt(x)
    return np.where(np.isnan(root), _from_bits(np.full(x.shape, _NAN_BITS)), root)


def _power_magnitude(x: Integers, y: Integers, y_negative: Mask) -> Integers:
    """Bits of x^(+-y) for the bits of positive finite x and y: e^(y ln x)."""
    log, fraction_bits = _log_fixed(x)
    log_magnitude = np.abs(log)
    # The product must fit 63 bits: 24 of y, 39 of the logarithm.
    drop = np.maximum(_bit_length(log_magnitude) - 38, 0)
    log_magnitude = (log_magnitude + ((np.int64(1) << drop) >> 1)) >> drop
    significand, exponent = _split(y)
    product = significand * log_magnitude
    shift = 48 - (fraction_bits - drop - exponent)  # to Q48
    beyond = (product > 0) & (_bit_length(product) + shift > 55)
    right = np.clip(-shift, 1, 62)
    power_q48 = np.where(
        shift >= 0,
        product << np.clip(shift, 0, 62),
        (product + (np.int64(1) << (right - 1))) >> right,
    )
    power_q48 = np.where(beyond | (shift < -62), 0, power_q48)
    negative = (log < 0) ^ y_negative
    value, k = _exp_fixed(np.where(negative, -power_q48, power_q48))
    result = _round_to_float(value, 48 - k)
    return np.where(beyond, np.where(negative, 0, _INFINITY_BITS), result)


def _square(magnitude: Integers) -> Integers:
    """Bits of x^2, correctly rounded, for the bits of finite |x|."""
    significand, exponent = _split(magnitude)
    return _round_to_float(significand * significand, -2 * exponent)


def _is_integer_and_odd(y: Integers) -> tuple[Mask, Mask]:
    """Whether the values with these bits (finite) are integers, and odd ones."""
    significand, exponent = _split(y)
    places = np.clip(-exponent, 0, 62)
    integer = ((significand >> places) << places == significand) | (y == 0)
    odd = integer & (exponent <= 0) & ((significand >> places) & 1 == 1)
    return integer, odd


def pow_f32(x: Floats, y: Floats) -> Floats:
    """
    x^y of float32 arrays that broadcast, with the special cases of IEEE 754 pow.

    The exponents 0.5, 1, 2 and -1 are one correctly rounded operation (0.5 where x is
    not negative). A negative base with an exponent that is no integer gives NaN.
    """
    x, y = np.broadcast_arrays(np.asarray(x, np.float32), np.asarray(y, np.float32))
    x_bits, y_bits = _bits(x), _bits(y)
    x_magnitude, y_magnitude = x_bits & 0x7FFFFFFF, y_bits & 0x7FFFFFFF
    y_negative = y_bits >= _SIGN_BIT
    y_finite = y_magnitude < _INFINITY_BITS
    x_finite = (x_magnitude > 0) & (x_magnitude < _INFINITY_BITS)
    result = _power_magnitude(
        np.where(x_finite, x_magnitude, _ONE_BITS),
        np.where(y_finite, y_magnitude, 0),
        y_negative,
    )
    result = np.where(y_bits == _ONE_BITS, x_magnitude, result)
    result = np.where(y == 2, _square(np.where(x_finite, x_magnitude, 0)), result)
    root = _bits(sqrt_f32(_from_bits(x_magnitude)))
    result = np.where(y == 0.5, root, result)
    with np.errstate(divide="ignore", over="ignore"):
        inverse = _bits(np.float32(1) / _from_bits(np.where(x_finite, x_magnitude, 0)))
    result = np.where(y == -1, inverse, result)
    # Where one of the two is zero or infinite, the result is 0, 1 or infinite.
    grows = (x_magnitude > _ONE_BITS) ^ y_negative
    extreme = np.where(grows, _INFINITY_BITS, 0)
    extreme = np.where(
        (x_magnitude == _ONE_BITS) | (y_magnitude == 0), _ONE_BITS, extreme
    )
    result = np.where(x_finite & y_finite, result, extreme)
    integer, odd = _is_integer_and_odd(np.where(y_finite, y_magnitude, 0))
    x_negative = x_bits >= _SIGN_BIT
    result = np.where(x_negative & y_finite & odd, result | _SIGN_BIT, result)
    invalid = x_negative & x_finite & y_finite & ~integer
    invalid |= (x_magnitude > _INFINITY_BITS) | (y_magnitude > _INFINITY_BITS)
    result = np.where(invalid, _NAN_BITS, result)
    return _from_bits(
        np.where((x_bits == _ONE_BITS) | (y_magnitude == 0), _ONE_BITS, result)
    )
