/* Softmax and layer normalization of int8, in integers only; the twin of dialects/reference/quant_normalization.py. */
#ifndef QCC_KERNELS_PORTABLE_NORMALIZATION_S8_H
#define QCC_KERNELS_PORTABLE_NORMALIZATION_S8_H

#include "qcc_runtime.h"

/* The normalized axis has `length` elements, `inner` elements apart. */
typedef struct {
    int64_t outer;
    int64_t length;
    int64_t inner;
    int64_t inverse_scale;
    int32_t zero_point;
} qcc_softmax_s8_args;

typedef struct {
    int64_t outer;
    int64_t length;
    int64_t epsilon;
    int32_t fraction_bits;
    int32_t shift;
    int32_t input_zero_point;
    int32_t zero_point;
} qcc_layer_norm_s8_args;

/* Half to even; divisor > 0, 2 * divisor fits. */
QCC_INLINE int64_t qcc_rne_div(int64_t dividend, int64_t divisor) {
    int64_t quotient = dividend / divisor;
    if (dividend % divisor < 0)
        --quotient;
    const int64_t twice = 2 * (dividend - quotient * divisor);
    return quotient + (twice > divisor || (twice == divisor && (quotient & 1) == 1));
}

QCC_INLINE int8_t qcc_saturate_s8(int64_t x) {
    const int64_t low = x > -128 ? x : -128;
    return (int8_t)(low < 127 ? low : 127);
}

/* floor(sqrt(x)), 0 <= x < 2^62, digit by digit. */
QCC_INLINE int64_t qcc_integer_sqrt(int64_t x) {
    int64_t root = 0;
    for (int64_t bit = INT64_C(1) << 60; bit > 0; bit >>= 2) {
        const int64_t trial = root + bit;
        const int32_t fits = x >= trial;
        x -= fits ? trial : 0;
        root = (root >> 1) + (fits ? bit : 0);
    }
    return root;
}

/* table: exp(-d scale) with 23 fraction bits for d from 0 to 255 */
QCC_INLINE void qcc_softmax_s8__portable(const qcc_softmax_s8_args a, const int8_t *QCC_RESTRICT input,
                                         const uint32_t *QCC_RESTRICT table, int8_t *QCC_RESTRICT output) {
    for (int64_t row = 0; row < a.outer * a.inner; ++row) {
        const int64_t first = row / a.inner * a.length * a.inner + row % a.inner;
        const int8_t *from = input + first;
        int32_t greatest = -128;
        for (int64_t i = 0; i < a.length; ++i)
            greatest = qcc_max_i32(greatest, from[i * a.inner]);
        int64_t sum = 0;
        for (int64_t i = 0; i < a.length; ++i)
            sum += table[greatest - from[i * a.inner]];
        for (int64_t i = 0; i < a.length; ++i) {
            const int64_t power = table[greatest - from[i * a.inner]];
            output[first + i * a.inner] =
                qcc_saturate_s8(qcc_rne_div(power * a.inverse_scale, sum * 256) + a.zero_point);
        }
    }
}

/* The variance of a row times powers of 4, in [2^60, 2^62), from its sums; *root_bits: half of the exponent. */
QCC_INLINE int64_t qcc_layer_norm_variance(const qcc_layer_norm_s8_args *a, int64_t sum, int64_t squares,
                                           int32_t *root_bits) {
    const int64_t least = INT64_C(1) << a->fraction_bits;
    int64_t variance = (a->length * squares - sum * sum) * least + a->epsilon;
    variance = variance > least ? variance : least;
    *root_bits = a->fraction_bits / 2;
    for (; variance < INT64_C(1) << 60; ++*root_bits)
        variance *= 4;
    return variance;
}

/* multipliers and offsets: length elements each */
QCC_INLINE void qcc_layer_norm_s8__portable(const qcc_layer_norm_s8_args a, const int8_t *QCC_RESTRICT input,
                                            const int32_t *QCC_RESTRICT multipliers,
                                            const int64_t *QCC_RESTRICT offsets, int8_t *QCC_RESTRICT output) {
    for (int64_t row = 0; row < a.outer; ++row, input += a.length, output += a.length) {
        int64_t sum = 0;
        int64_t squares = 0;
        for (int64_t i = 0; i < a.length; ++i) {
            const int32_t v = input[i] - a.input_zero_point;
            sum += v;
            squares += v * v;
        }
        int32_t root_bits;
        const int64_t variance = qcc_layer_norm_variance(&a, sum, squares, &root_bits);
        const int64_t inverse = qcc_rne_div(INT64_C(1) << 61, qcc_integer_sqrt(variance));
        for (int64_t i = 0; i < a.length; ++i) {
            const int64_t centred = a.length * (input[i] - a.input_zero_point) - sum;
            const int64_t normalized = qcc_rne_shift64(centred * inverse, 41 - root_bits);
            const int64_t scaled = qcc_rne_shift64(normalized * multipliers[i] + offsets[i], a.shift);
            output[i] = qcc_saturate_s8(scaled + a.zero_point);
        }
    }
}

#endif
