/* Softmax and layer normalization of int8 with AVX2: equal to the portable ones in every bit. */
#ifndef QCC_AVX2_NORMALIZATION_S8_H
#define QCC_AVX2_NORMALIZATION_S8_H

#include "../portable/normalization_s8.h"
#include "casts.h"
#include "rne_shift64.h"

#if defined(__x86_64__)

/* Longer rows, and columns, are left to portable C. A lane sums an eighth of a row: 2^8 numbers up to 2^23. */
#define QCC_SOFTMAX_LONGEST 2048

QCC_INLINE QCC_TARGET_AVX2 int32_t qcc_greatest__avx2(const int8_t *from, int64_t length) {
    __m256i greatest = _mm256_set1_epi8(-128);
    int64_t i = 0;
    for (; i + 32 <= length; i += 32)
        greatest = _mm256_max_epi8(greatest, _mm256_loadu_si256((const __m256i *)(const void *)(from + i)));
    int8_t lanes[32];
    int32_t result = -128;
    _mm256_storeu_si256((__m256i *)(void *)lanes, greatest);
    for (int32_t lane = 0; lane < 32; ++lane)
        result = qcc_max_i32(result, lanes[lane]);
    for (; i < length; ++i)
        result = qcc_max_i32(result, from[i]);
    return result;
}

/* powers[i] = table[greatest - from[i]]; returns their sum. */
QCC_INLINE QCC_TARGET_AVX2 int64_t qcc_softmax_powers__avx2(const int8_t *from, int64_t length, int32_t greatest,
                                                            const uint32_t *table, float *powers) {
    __m256i sums = _mm256_setzero_si256();
    int64_t i = 0;
    for (; i + 8 <= length; i += 8) {
        const __m256i x = _mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)(from + i)));
        const __m256i place = _mm256_sub_epi32(_mm256_set1_epi32(greatest), x);
        const __m256i power = _mm256_i32gather_epi32((const int *)(const void *)table, place, 4);
        sums = _mm256_add_epi32(sums, power);
        _mm256_storeu_ps(powers + i, _mm256_cvtepi32_ps(power));
    }
    uint32_t lanes[8];
    int64_t sum = 0;
    _mm256_storeu_si256((__m256i *)(void *)lanes, sums);
    for (int32_t lane = 0; lane < 8; ++lane)
        sum += lanes[lane];
    for (; i < length; ++i) {
        const uint32_t power = table[greatest - from[i]];
        powers[i] = (float)power;
        sum += power;
    }
    return sum;
}

QCC_INLINE int32_t qcc_softmax_exactly(const qcc_softmax_s8_args *a, float power, int64_t sum) {
    return (int32_t)qcc_rne_div((int64_t)power * a->inverse_scale, sum * 256);
}

/*
 * Eight quotients before the zero point. The float quotient of less than 300 is off by less than 2^-14; where it comes
 * that close to a half, the integers decide. Quotients of 300 and more saturate in any case.
 */
QCC_INLINE QCC_TARGET_AVX2 __m256i qcc_softmax_quotients__avx2(const qcc_softmax_s8_args *a, const float *powers,
                                                               float factor, int64_t sum) {
    const __m256 power = _mm256_loadu_ps(powers);
    const __m256 quotient = _mm256_min_ps(_mm256_mul_ps(power, _mm256_set1_ps(factor)), _mm256_set1_ps(300.0f));
    const __m256i rounded = _mm256_cvtps_epi32(quotient);
    const __m256 rest = _mm256_sub_ps(quotient, _mm256_cvtepi32_ps(rounded));
    const __m256 distance = _mm256_andnot_ps(_mm256_set1_ps(-0.0f), rest);
    const int close = _mm256_movemask_ps(_mm256_cmp_ps(distance, _mm256_set1_ps(0.4998f), _CMP_GT_OQ));
    if (__builtin_expect(close == 0, 1))
        return rounded;
    int32_t lanes[8];
    _mm256_storeu_si256((__m256i *)(void *)lanes, rounded);
    for (int32_t lane = 0; lane < 8; ++lane)
        if (close & (1 << lane))
            lanes[lane] = qcc_softmax_exactly(a, powers[lane], sum);
    return _mm256_loadu_si256((const __m256i *)(const void *)lanes);
}

QCC_INLINE QCC_TARGET_AVX2 void qcc_softmax_s8__avx2(const qcc_softmax_s8_args a, const int8_t *QCC_RESTRICT input,
                                                     const uint32_t *QCC_RESTRICT table, int8_t *QCC_RESTRICT output) {
    if (a.inner != 1 || a.length > QCC_SOFTMAX_LONGEST) {
        qcc_softmax_s8__portable(a, input, table, output);
        return;
    }
    float powers[QCC_SOFTMAX_LONGEST];
    for (int64_t row = 0; row < a.outer; ++row, input += a.length, output += a.length) {
        const int64_t sum =
            qcc_softmax_powers__avx2(input, a.length, qcc_greatest__avx2(input, a.length), table, powers);
        const float factor = (float)((double)a.inverse_scale / ((double)sum * 256.0));
        int64_t i = 0;
        for (; i + 16 <= a.length; i += 16)
            qcc_store_s8__avx2(output + i, qcc_softmax_quotients__avx2(&a, powers + i, factor, sum),
                               qcc_softmax_quotients__avx2(&a, powers + i + 8, factor, sum), a.zero_point);
        for (; i < a.length; ++i)
            output[i] = qcc_saturate_s8(qcc_softmax_exactly(&a, powers[i], sum) + a.zero_point);
    }
}

/* What is the same for all elements of a row: round(centred * inverse / 2^shift) normalizes. */
typedef struct {
    int32_t sum, inverse, shift;
} qcc_layer_norm_row;

QCC_INLINE QCC_TARGET_AVX2 int32_t qcc_add_lanes__avx2(__m256i v) {
    const __m128i four = _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
    const __m128i two = _mm_add_epi32(four, _mm_unpackhi_epi64(four, four));
    return _mm_cvtsi128_si32(_mm_add_epi32(two, _mm_shuffle_epi32(two, 1)));
}

/* floor(sqrt(x)), 2^60 <= x < 2^62: the square root of doubles is off by less than one. */
QCC_INLINE QCC_TARGET_AVX2 int64_t qcc_integer_sqrt__avx2(int64_t x) {
    const __m128d wide = _mm_cvtsi64_sd(_mm_setzero_pd(), x);
    const int64_t root = _mm_cvttsd_si64(_mm_sqrt_sd(wide, wide));
    const int64_t low = root * root > x ? root - 1 : root;
    return (low + 1) * (low + 1) <= x ? low + 1 : low;
}

/* The sums of at most 2^15 elements and of their squares fit in int32. */
QCC_INLINE QCC_TARGET_AVX2 qcc_layer_norm_row qcc_layer_norm_moments__avx2(const qcc_layer_norm_s8_args *a,
                                                                           const int8_t *input) {
    const __m256i zero_point = _mm256_set1_epi16((int16_t)a->input_zero_point);
    __m256i sums = _mm256_setzero_si256(), products = sums;
    int64_t i = 0;
    for (; i + 16 <= a->length; i += 16) {
        const __m256i x = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(const void *)(input + i)));
        const __m256i v = _mm256_sub_epi16(x, zero_point);
        sums = _mm256_add_epi32(sums, _mm256_madd_epi16(v, _mm256_set1_epi16(1)));
        products = _mm256_add_epi32(products, _mm256_madd_epi16(v, v));
    }
    int64_t sum = qcc_add_lanes__avx2(sums);
    int64_t squares = (uint32_t)qcc_add_lanes__avx2(products);
    for (; i < a->length; ++i) {
        const int32_t v = input[i] - a->input_zero_point;
        sum += v;
        squares += v * v;
    }
    int32_t root_bits;
    const int64_t variance = qcc_layer_norm_variance(a, sum, squares, &root_bits);
    const int64_t inverse = qcc_rne_div(INT64_C(1) << 61, qcc_integer_sqrt__avx2(variance));
    /* 2^31 is halved to fit; the shift of at least 11 bits is then one less. */
    const int32_t halved = inverse == INT64_C(1) << 31;
    const qcc_layer_norm_row row = {(int32_t)sum, (int32_t)(inverse >> halved), 41 - root_bits - halved};
    return row;
}

/* Four results before the zero point, as int64. */
QCC_INLINE QCC_TARGET_AVX2 __m256i qcc_layer_norm_4__avx2(const qcc_layer_norm_s8_args *a, qcc_layer_norm_row row,
                                                          const int8_t *from, const int32_t *multipliers,
                                                          const int64_t *offsets) {
    int32_t bytes;
    __builtin_memcpy(&bytes, from, 4);
    const __m128i v = _mm_sub_epi32(_mm_cvtepi8_epi32(_mm_cvtsi32_si128(bytes)), _mm_set1_epi32(a->input_zero_point));
    const __m128i centred =
        _mm_sub_epi32(_mm_mullo_epi32(v, _mm_set1_epi32((int32_t)a->length)), _mm_set1_epi32(row.sum));
    const __m256i product = _mm256_mul_epi32(_mm256_cvtepi32_epi64(centred), _mm256_set1_epi64x(row.inverse));
    const __m256i normalized = qcc_rne_shift64__avx2(product, row.shift);
    const __m256i factors = _mm256_cvtepi32_epi64(_mm_loadu_si128((const __m128i *)(const void *)multipliers));
    const __m256i scaled = _mm256_add_epi64(_mm256_mul_epi32(normalized, factors),
                                            _mm256_loadu_si256((const __m256i *)(const void *)offsets));
    return qcc_rne_shift64__avx2(scaled, a->shift);
}

/* Eight results; their low halves are the numbers, as the shift leaves less than 2^30. */
QCC_INLINE QCC_TARGET_AVX2 __m256i qcc_layer_norm_8__avx2(const qcc_layer_norm_s8_args *a, qcc_layer_norm_row row,
                                                          const int8_t *from, const int32_t *multipliers,
                                                          const int64_t *offsets) {
    const __m256i first = qcc_layer_norm_4__avx2(a, row, from, multipliers, offsets);
    const __m256i second = qcc_layer_norm_4__avx2(a, row, from + 4, multipliers + 4, offsets + 4);
    const __m256 halves = _mm256_shuffle_ps(_mm256_castsi256_ps(first), _mm256_castsi256_ps(second), 0x88);
    const __m256i numbers = _mm256_permute4x64_epi64(_mm256_castps_si256(halves), 0xD8);
    /* Saturated to 16 bits, less the zero point, when packed. */
    const __m256i low = _mm256_max_epi32(numbers, _mm256_set1_epi32(-512));
    return _mm256_min_epi32(low, _mm256_set1_epi32(512));
}

QCC_INLINE QCC_TARGET_AVX2 void qcc_layer_norm_s8__avx2(const qcc_layer_norm_s8_args a,
                                                        const int8_t *QCC_RESTRICT input,
                                                        const int32_t *QCC_RESTRICT multipliers,
                                                        const int64_t *QCC_RESTRICT offsets,
                                                        int8_t *QCC_RESTRICT output) {
    const int64_t vectors = a.shift < 32 ? 0 : a.length - a.length % 16;
    for (int64_t line = 0; line < a.outer; ++line, input += a.length, output += a.length) {
        const qcc_layer_norm_row row = qcc_layer_norm_moments__avx2(&a, input);
        for (int64_t i = 0; i < vectors; i += 16)
            qcc_store_s8__avx2(output + i, qcc_layer_norm_8__avx2(&a, row, input + i, multipliers + i, offsets + i),
                               qcc_layer_norm_8__avx2(&a, row, input + i + 8, multipliers + i + 8, offsets + i + 8),
                               a.zero_point);
        for (int64_t i = vectors; i < a.length; ++i) {
            const int64_t centred = a.length * (input[i] - a.input_zero_point) - row.sum;
            const int64_t normalized = qcc_rne_shift64(centred * row.inverse, row.shift);
            const int64_t scaled = qcc_rne_shift64(normalized * multipliers[i] + offsets[i], a.shift);
            output[i] = qcc_saturate_s8(scaled + a.zero_point);
        }
    }
}

#endif
#endif
