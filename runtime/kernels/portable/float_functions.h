/*
 * exp, log, tanh, sigmoid, erf, pow and sqrt of float32 in 64-bit integer arithmetic: no libm, the same bits
 * everywhere. The line-by-line twin of dialects/reference/float_functions.py, which explains the algorithms. A number
 * written x_q48 is an integer with 48 fraction bits; right shifts of negative numbers are arithmetic.
 */
#ifndef QCC_KERNELS_PORTABLE_FLOAT_FUNCTIONS_H
#define QCC_KERNELS_PORTABLE_FLOAT_FUNCTIONS_H

#include "float_constants.h"
#include "qcc_runtime.h"

#define QCC_INFINITY_BITS INT64_C(0x7F800000)
#define QCC_NAN_BITS INT64_C(0x7FC00000)
#define QCC_ONE_BITS INT64_C(0x3F800000)
#define QCC_SIGN_BIT INT64_C(0x80000000)
/* Biased exponent of 128, beyond the range of exp. */
#define QCC_LIMIT_EXPONENT 134
#define QCC_SIXTEENTH_BITS ((int64_t)(127 - 4) << 23)

QCC_INLINE int64_t qcc_float_bits(float x) {
    uint32_t bits;
    __builtin_memcpy(&bits, &x, sizeof bits);
    return (int64_t)bits;
}

QCC_INLINE float qcc_float_from_bits(int64_t bits) {
    const uint32_t low = (uint32_t)bits;
    float x;
    __builtin_memcpy(&x, &low, sizeof x);
    return x;
}

QCC_INLINE int64_t qcc_min_i64(int64_t a, int64_t b) { return a < b ? a : b; }
QCC_INLINE int64_t qcc_max_i64(int64_t a, int64_t b) { return a > b ? a : b; }
QCC_INLINE int64_t qcc_clip_i64(int64_t x, int64_t low, int64_t high) { return qcc_min_i64(qcc_max_i64(x, low), high); }

/* Number of bits of a non-negative integer; 0 for 0. */
QCC_INLINE int64_t qcc_bit_length(int64_t value) { return value == 0 ? 0 : 64 - __builtin_clzll((uint64_t)value); }

/* Bits of the float32 nearest to value / 2^fraction_bits, halves to even; 0 <= value < 2^62. */
QCC_INLINE int64_t qcc_round_to_float(int64_t value, int64_t fraction_bits) {
    /* The unit of the result: 24 significant bits, but at least 2^-149. */
    const int64_t shift = qcc_max_i64(qcc_bit_length(value) - 24, fraction_bits - 149);
    int64_t rounded = 0;
    if (shift <= 0)
        rounded = value << -shift;
    else if (shift <= 62)
        rounded = qcc_rne_shift64(value, (int32_t)shift);
    const int64_t bits = (shift - fraction_bits + 150) * (INT64_C(1) << 23) + rounded - (INT64_C(1) << 23);
    return value == 0 ? 0 : qcc_min_i64(bits, QCC_INFINITY_BITS);
}

/* The bits of |x| as significand 2^exponent. */
QCC_INLINE int64_t qcc_significand(int64_t magnitude) {
    const int64_t fraction = magnitude & 0x7FFFFF;
    return magnitude >> 23 == 0 ? fraction : fraction | 0x800000;
}

QCC_INLINE int64_t qcc_exponent(int64_t magnitude) { return qcc_max_i64(magnitude >> 23, 1) - 150; }

/* |x| with `fraction_bits` fraction bits, halves up; |x| 2^fraction_bits < 2^63. */
QCC_INLINE int64_t qcc_to_fixed(int64_t magnitude, int32_t fraction_bits) {
    const int64_t significand = qcc_significand(magnitude);
    const int64_t shift = qcc_exponent(magnitude) + fraction_bits;
    if (shift >= 0)
        return significand << shift;
    const int64_t right = qcc_min_i64(-shift, 62);
    return (significand + (INT64_C(1) << (right - 1))) >> right;
}

/* e^x is value 2^(exponent - 48). */
typedef struct {
    int64_t value;
    int64_t exponent;
} qcc_power;

/* x = k ln2/64 + r; e^r is a polynomial, 2^(k/64) a table and a shift. |x| < 2^7. */
QCC_INLINE qcc_power qcc_exp_fixed(int64_t x_q48) {
    static const int64_t table[64] = QCC_EXP_TABLE_Q48;
    static const int64_t coefficients[3] = QCC_EXP_POLYNOMIAL_Q36;
    const int64_t step = ((x_q48 >> 24) * QCC_EXP_INVERSE_STEP_Q25 + (INT64_C(1) << 48)) >> 49;
    const int64_t r = (x_q48 * 64 - step * QCC_EXP_STEP_Q54 + (INT64_C(1) << 17)) >> 18;
    int64_t polynomial = ((r * coefficients[2]) >> 36) + coefficients[1];
    polynomial = ((r * polynomial) >> 36) + coefficients[0];
    polynomial = r + ((((r * r) >> 36) * polynomial) >> 36);
    const int64_t table_q48 = table[step & 63];
    const int64_t value = table_q48 + (((table_q48 >> 16) * polynomial) >> 20);
    const qcc_power result = {value, step >> 6};
    return result;
}

QCC_INLINE float qcc_exp_f32(float x) {
    const int64_t bits = qcc_float_bits(x);
    const int64_t magnitude = bits & 0x7FFFFFFF;
    const int32_t negative = bits >= QCC_SIGN_BIT;
    if (magnitude > QCC_INFINITY_BITS)
        return qcc_float_from_bits(QCC_NAN_BITS);
    if (magnitude >= (int64_t)QCC_LIMIT_EXPONENT << 23)
        return qcc_float_from_bits(negative ? 0 : QCC_INFINITY_BITS);
    const int64_t x_q48 = qcc_to_fixed(magnitude, 48);
    const qcc_power power = qcc_exp_fixed(negative ? -x_q48 : x_q48);
    return qcc_float_from_bits(qcc_round_to_float(power.value, 48 - power.exponent));
}

QCC_INLINE float qcc_sigmoid_f32(float x) {
    const int64_t bits = qcc_float_bits(x);
    const int64_t magnitude = bits & 0x7FFFFFFF;
    const int32_t negative = bits >= QCC_SIGN_BIT;
    if (magnitude > QCC_INFINITY_BITS)
        return qcc_float_from_bits(QCC_NAN_BITS);
    if (magnitude >= (int64_t)QCC_LIMIT_EXPONENT << 23)
        return qcc_float_from_bits(negative ? 0 : QCC_ONE_BITS);
    const qcc_power power = qcc_exp_fixed(-qcc_to_fixed(magnitude, 48));
    const int64_t denominator_q30 = (INT64_C(1) << 30) + (power.value >> qcc_min_i64(18 - power.exponent, 62));
    if (negative)
        return qcc_float_from_bits(qcc_round_to_float((power.value << 13) / denominator_q30, 31 - power.exponent));
    return qcc_float_from_bits(qcc_round_to_float((INT64_C(1) << 62) / denominator_q30, 32));
}

/* Bits of |x| (c0 + c1 x^2 + c2 x^4 + c3 x^6); |x| < 1/16. */
QCC_INLINE int64_t qcc_odd_polynomial(int64_t magnitude, const int64_t *coefficients_q36) {
    const int64_t x_q34 = qcc_to_fixed(magnitude, 34);
    const int64_t square = (x_q34 * x_q34) >> 32;
    int64_t factor = coefficients_q36[3];
    for (int32_t i = 2; i >= 0; --i)
        factor = ((factor * square) >> 36) + coefficients_q36[i];
    return qcc_round_to_float(qcc_significand(magnitude) * factor, 36 - qcc_exponent(magnitude));
}

/* tanh of |x| as bits: (1 - e^-2|x|) / (1 + e^-2|x|), a polynomial below 1/16. */
QCC_INLINE int64_t qcc_tanh_magnitude(int64_t magnitude) {
    static const int64_t coefficients[4] = QCC_TANH_POLYNOMIAL_Q36;
    if (magnitude >= (int64_t)(QCC_LIMIT_EXPONENT - 1) << 23)
        return QCC_ONE_BITS;
    if (magnitude < QCC_SIXTEENTH_BITS)
        return qcc_odd_polynomial(magnitude, coefficients);
    const qcc_power power = qcc_exp_fixed(-qcc_to_fixed(magnitude, 49));
    const int64_t power_q48 = power.value >> qcc_min_i64(-power.exponent, 62);
    const int64_t numerator = (INT64_C(1) << 48) - power_q48;
    const int64_t shift = 62 - qcc_bit_length(numerator);
    const int64_t quotient = (numerator << shift) / (((INT64_C(1) << 48) + power_q48) >> 17);
    return qcc_round_to_float(quotient, 17 + shift);
}

QCC_INLINE float qcc_tanh_f32(float x) {
    const int64_t bits = qcc_float_bits(x);
    const int64_t magnitude = bits & 0x7FFFFFFF;
    if (magnitude > QCC_INFINITY_BITS)
        return qcc_float_from_bits(QCC_NAN_BITS);
    return qcc_float_from_bits(qcc_tanh_magnitude(magnitude) | (bits & QCC_SIGN_BIT));
}

/* erf of |x| as bits: Taylor polynomials in 64 intervals of [0, 4). */
QCC_INLINE int64_t qcc_erf_magnitude(int64_t magnitude) {
    static const int64_t coefficients[4] = QCC_ERF_POLYNOMIAL_Q36;
    static const int64_t table[64 * 6] = QCC_ERF_TABLE_Q36;
    if (magnitude >= (int64_t)(127 + 2) << 23)
        return QCC_ONE_BITS;
    if (magnitude < QCC_SIXTEENTH_BITS)
        return qcc_odd_polynomial(magnitude, coefficients);
    const int64_t x_q31 = qcc_to_fixed(magnitude, 31);
    const int64_t interval = x_q31 >> 27;
    const int64_t t = x_q31 - interval * (INT64_C(1) << 27) - (INT64_C(1) << 26);
    const int64_t *row = table + 6 * interval;
    int64_t value = row[5];
    for (int32_t degree = 4; degree >= 0; --degree)
        value = ((value * t) >> 31) + row[degree];
    return qcc_round_to_float(value, 36);
}

QCC_INLINE float qcc_erf_f32(float x) {
    const int64_t bits = qcc_float_bits(x);
    const int64_t magnitude = bits & 0x7FFFFFFF;
    if (magnitude > QCC_INFINITY_BITS)
        return qcc_float_from_bits(QCC_NAN_BITS);
    return qcc_float_from_bits(qcc_erf_magnitude(magnitude) | (bits & QCC_SIGN_BIT));
}

/* ln x is value / 2^fraction_bits. */
typedef struct {
    int64_t value;
    int64_t fraction_bits;
} qcc_logarithm;

/*
 * For the bits of a positive finite x = 2^e m, with c about 1/m from a table: ln x = e ln2 - ln c + ln(1 + r),
 * r = m c - 1. Beside 1 only the last term is there, and fraction_bits is 69 to keep its relative precision.
 */
QCC_INLINE qcc_logarithm qcc_log_fixed(int64_t magnitude) {
    static const int64_t reciprocals[129] = QCC_LOG_RECIPROCAL_Q8;
    static const int64_t logarithms[129] = QCC_LOG_TABLE_Q55;
    static const int64_t coefficients[6] = QCC_LOG_POLYNOMIAL_Q37;
    int64_t significand = qcc_significand(magnitude);
    const int64_t normalize = 24 - qcc_bit_length(significand);
    significand <<= normalize;
    const int64_t index = (significand - (INT64_C(1) << 23) + (INT64_C(1) << 15)) >> 16;
    const int32_t low = index >= QCC_LOG_SPLIT;
    const int64_t exponent = qcc_exponent(magnitude) - normalize + 23 + low;
    const int64_t product_q31 = significand * reciprocals[index];
    const int64_t r = (low ? product_q31 : product_q31 << 1) - (INT64_C(1) << 32);
    int64_t factor = coefficients[5];
    for (int32_t i = 4; i >= 0; --i)
        factor = ((factor * r) >> 32) + coefficients[i];
    const int64_t product_q69 = r * factor;
    const int64_t total_q55 = exponent * QCC_LOG_LN2_Q55 + logarithms[index] + (product_q69 >> 14);
    const int32_t beside_one = exponent == 0 && logarithms[index] == 0;
    const qcc_logarithm result = {beside_one ? product_q69 : total_q55, beside_one ? 69 : 55};
    return result;
}

QCC_INLINE float qcc_log_f32(float x) {
    const int64_t bits = qcc_float_bits(x);
    if ((bits & 0x7FFFFFFF) == 0)
        return qcc_float_from_bits(QCC_INFINITY_BITS | QCC_SIGN_BIT);
    if (bits >= QCC_INFINITY_BITS)
        return qcc_float_from_bits(bits == QCC_INFINITY_BITS ? QCC_INFINITY_BITS : QCC_NAN_BITS);
    const qcc_logarithm log = qcc_log_fixed(bits);
    const int64_t magnitude = log.value < 0 ? -log.value : log.value;
    return qcc_float_from_bits(qcc_round_to_float(magnitude, log.fraction_bits) | (log.value < 0 ? QCC_SIGN_BIT : 0));
}

/* The IEEE square root, digit by digit: 25 bits of root and the remainder round it. */
QCC_INLINE float qcc_sqrt_f32(float x) {
    const int64_t bits = qcc_float_bits(x);
    if ((bits & 0x7FFFFFFF) == 0 || bits == QCC_INFINITY_BITS)
        return x;
    if (bits > QCC_INFINITY_BITS)
        return qcc_float_from_bits(QCC_NAN_BITS);
    int64_t significand = qcc_significand(bits);
    int64_t exponent = qcc_exponent(bits);
    int64_t shift = 50 - qcc_bit_length(significand);
    shift -= (exponent - shift) & 1;
    significand <<= shift;
    exponent -= shift;
    int64_t root = 0;
    int64_t rest = significand;
    for (int64_t bit = INT64_C(1) << 48; bit > 0; bit >>= 2) {
        const int64_t trial = root + bit;
        const int32_t fits = rest >= trial;
        rest -= fits ? trial : 0;
        root = (root >> 1) + (fits ? bit : 0);
    }
    /* One sticky bit below the root: no float lies between it and the next integer. */
    return qcc_float_from_bits(qcc_round_to_float(root * 2 + (rest > 0), 1 - exponent / 2));
}

/* Bits of x^(+-y) for the bits of positive finite x and y: e^(y ln x). */
QCC_INLINE int64_t qcc_power_magnitude(int64_t x, int64_t y, int32_t y_negative) {
    const qcc_logarithm log = qcc_log_fixed(x);
    int64_t log_magnitude = log.value < 0 ? -log.value : log.value;
    const int32_t negative = (log.value < 0) ^ y_negative;
    /* The product must fit 63 bits: 24 of y, 39 of the logarithm. */
    const int64_t drop = qcc_max_i64(qcc_bit_length(log_magnitude) - 38, 0);
    log_magnitude = (log_magnitude + ((INT64_C(1) << drop) >> 1)) >> drop;
    const int64_t product = qcc_significand(y) * log_magnitude;
    const int64_t shift = 48 - (log.fraction_bits - drop - qcc_exponent(y));
    if (product > 0 && qcc_bit_length(product) + shift > 55)
        return negative ? 0 : QCC_INFINITY_BITS;
    int64_t power_q48 = 0;
    if (shift >= 0)
        power_q48 = product == 0 ? 0 : product << shift;
    else if (shift >= -62)
        power_q48 = (product + (INT64_C(1) << (-shift - 1))) >> -shift;
    const qcc_power power = qcc_exp_fixed(negative ? -power_q48 : power_q48);
    return qcc_round_to_float(power.value, 48 - power.exponent);
}

/* |x|^y for finite |x| > 0 and finite y: the exponents 1, 2, 0.5 and -1 are one correctly rounded operation. */
QCC_INLINE int64_t qcc_finite_power(int64_t x_magnitude, float y) {
    const int64_t y_bits = qcc_float_bits(y);
    if (y_bits == QCC_ONE_BITS)
        return x_magnitude;
    if (y == 2.0f) {
        const int64_t significand = qcc_significand(x_magnitude);
        return qcc_round_to_float(significand * significand, -2 * qcc_exponent(x_magnitude));
    }
    if (y == 0.5f)
        return qcc_float_bits(qcc_sqrt_f32(qcc_float_from_bits(x_magnitude)));
    if (y == -1.0f)
        return qcc_float_bits(1.0f / qcc_float_from_bits(x_magnitude));
    return qcc_power_magnitude(x_magnitude, y_bits & 0x7FFFFFFF, y_bits >= QCC_SIGN_BIT);
}

/* x^y with the special cases of IEEE 754 pow. */
QCC_INLINE float qcc_pow_f32(float x, float y) {
    const int64_t x_bits = qcc_float_bits(x);
    const int64_t y_bits = qcc_float_bits(y);
    const int64_t x_magnitude = x_bits & 0x7FFFFFFF;
    const int64_t y_magnitude = y_bits & 0x7FFFFFFF;
    if (x_bits == QCC_ONE_BITS || y_magnitude == 0)
        return 1.0f;
    if (x_magnitude > QCC_INFINITY_BITS || y_magnitude > QCC_INFINITY_BITS)
        return qcc_float_from_bits(QCC_NAN_BITS);
    const int32_t y_finite = y_magnitude < QCC_INFINITY_BITS;
    const int32_t x_finite = x_magnitude > 0 && x_magnitude < QCC_INFINITY_BITS;
    const int32_t x_negative = x_bits >= QCC_SIGN_BIT;
    const int64_t places = qcc_clip_i64(-qcc_exponent(y_magnitude), 0, 62);
    const int64_t whole = qcc_significand(y_magnitude) >> places;
    const int32_t integer = whole << places == qcc_significand(y_magnitude);
    const int32_t odd = integer && qcc_exponent(y_magnitude) <= 0 && (whole & 1) == 1;
    if (x_negative && x_finite && y_finite && !integer)
        return qcc_float_from_bits(QCC_NAN_BITS);
    int64_t result;
    if (x_finite && y_finite) {
        result = qcc_finite_power(x_magnitude, y);
    } else {
        /* One of the two is zero or infinite: the result is 0, 1 or infinite. */
        const int32_t grows = (x_magnitude > QCC_ONE_BITS) ^ (y_bits >= QCC_SIGN_BIT);
        result = x_magnitude == QCC_ONE_BITS ? QCC_ONE_BITS : grows ? QCC_INFINITY_BITS : 0;
    }
    return qcc_float_from_bits(x_negative && y_finite && odd ? result | QCC_SIGN_BIT : result);
}

#endif
