/*
 * Sums of int8 tensors whose scales are known at run time, with AVX2. Where both sides are walked in one row, the
 * multipliers (at most 2^20) are split into 12 low bits and the rest, so that pmaddwd multiplies both sides at once.
 */
#ifndef QCC_AVX2_DYNAMIC_ARITHMETIC_H
#define QCC_AVX2_DYNAMIC_ARITHMETIC_H

#include "../portable/dynamic_arithmetic.h"
#include "conv2d.h"
#include "dynamic.h"

#if defined(__x86_64__)

typedef struct {
    __m256i low, high, constant;
} qcc_dynamic_sums;

QCC_INLINE QCC_TARGET_AVX2 qcc_dynamic_sums qcc_dynamic_split__avx2(const qcc_dynamic_pair *p) {
    const int32_t left = p->lhs_multiplier, right = p->rhs_multiplier;
    qcc_dynamic_sums s;
    s.low = _mm256_set1_epi32((left & 0xfff) | (int32_t)((uint32_t)(right & 0xfff) << 16));
    s.high = _mm256_set1_epi32((left >> 12 & 0xffff) | (int32_t)((uint32_t)(right >> 12) << 16));
    s.constant = _mm256_set1_epi32(-p->lhs_zero_point * left - p->rhs_zero_point * right);
    return s;
}

QCC_INLINE QCC_TARGET_AVX2 __m256i qcc_dynamic_pairs__avx2(const qcc_dynamic_sums *s, __m256i pairs) {
    const __m256i upper = _mm256_slli_epi32(_mm256_madd_epi16(pairs, s->high), 12);
    return _mm256_add_epi32(_mm256_add_epi32(_mm256_madd_epi16(pairs, s->low), upper), s->constant);
}

/* Sixteen sums: elements 0-3 and 8-11 in the first, 4-7 and 12-15 in the second. */
QCC_INLINE QCC_TARGET_AVX2 void qcc_dynamic_sums_16__avx2(const qcc_dynamic_sums *s, const int8_t *lhs,
                                                          const int8_t *rhs, __m256i *first, __m256i *second) {
    const __m256i l = qcc_load_i8_as_i16__avx2(lhs), r = qcc_load_i8_as_i16__avx2(rhs);
    *first = qcc_dynamic_pairs__avx2(s, _mm256_unpacklo_epi16(l, r));
    *second = qcc_dynamic_pairs__avx2(s, _mm256_unpackhi_epi16(l, r));
}

QCC_INLINE QCC_TARGET_AVX2 void qcc_dynamic_scan__avx2(const qcc_dynamic_sums *s, int64_t vectors, const int8_t *lhs,
                                                       const int8_t *rhs, int32_t *least, int32_t *most) {
    __m256i low = _mm256_setzero_si256(), high = low, first, second;
    int32_t lows[8], highs[8];
    for (int64_t i = 0; i < vectors; i += 16) {
        qcc_dynamic_sums_16__avx2(s, lhs + i, rhs + i, &first, &second);
        low = _mm256_min_epi32(low, _mm256_min_epi32(first, second));
        high = _mm256_max_epi32(high, _mm256_max_epi32(first, second));
    }
    _mm256_storeu_si256((__m256i *)(void *)lows, low);
    _mm256_storeu_si256((__m256i *)(void *)highs, high);
    for (int32_t lane = 0; lane < 8; ++lane) {
        *least = qcc_min_i32(*least, lows[lane]);
        *most = qcc_max_i32(*most, highs[lane]);
    }
}

QCC_INLINE QCC_TARGET_AVX2 __m256i qcc_dynamic_scale__avx2(__m256i sums, float multiplier, float zero_point) {
    const __m256 scaled = _mm256_mul_ps(_mm256_cvtepi32_ps(sums), _mm256_set1_ps(multiplier));
    return qcc_round_clamped__avx2(scaled, -128.0f - zero_point, 127.0f - zero_point);
}

QCC_INLINE QCC_TARGET_AVX2 void qcc_dynamic_store__avx2(const qcc_dynamic_sums *s, int64_t vectors, const int8_t *lhs,
                                                        const int8_t *rhs, float multiplier, float zero_point,
                                                        int8_t *output) {
    const __m256i offset = _mm256_set1_epi16((int16_t)zero_point);
    __m256i first, second;
    for (int64_t i = 0; i < vectors; i += 16) {
        qcc_dynamic_sums_16__avx2(s, lhs + i, rhs + i, &first, &second);
        const __m256i words = _mm256_packs_epi32(qcc_dynamic_scale__avx2(first, multiplier, zero_point),
                                                 qcc_dynamic_scale__avx2(second, multiplier, zero_point));
        const __m256i moved = _mm256_add_epi16(words, offset);
        const __m128i bytes = _mm_packs_epi16(_mm256_castsi256_si128(moved), _mm256_extracti128_si256(moved, 1));
        _mm_storeu_si128((__m128i *)(void *)(output + i), bytes);
    }
}

QCC_INLINE QCC_TARGET_AVX2 void
qcc_dynamic_add_s8__avx2(const qcc_dynamic_binary_args a, const int8_t *QCC_RESTRICT lhs,
                         const qcc_dynamic *QCC_RESTRICT lhs_parameters, const int8_t *QCC_RESTRICT rhs,
                         const qcc_dynamic *QCC_RESTRICT rhs_parameters, int8_t *QCC_RESTRICT output,
                         qcc_dynamic *QCC_RESTRICT parameters) {
    if (qcc_nd_rows(a.dims) != 1 || a.lhs_strides[QCC_RANK - 1] != 1 || a.rhs_strides[QCC_RANK - 1] != 1) {
        qcc_dynamic_add_s8__portable(a, lhs, lhs_parameters, rhs, rhs_parameters, output, parameters);
        return;
    }
    const int64_t length = a.dims[QCC_RANK - 1], vectors = length - length % 16;
    const qcc_dynamic_pair p = qcc_dynamic_pair_of_sum(lhs_parameters, rhs_parameters, a.subtract);
    const qcc_dynamic_sums s = qcc_dynamic_split__avx2(&p);
    int32_t least = 0, most = 0;
    qcc_dynamic_scan__avx2(&s, vectors, lhs, rhs, &least, &most);
    for (int64_t i = vectors; i < length; ++i) {
        const int32_t sum = qcc_dynamic_sum(&p, lhs[i], rhs[i]);
        least = qcc_min_i32(least, sum);
        most = qcc_max_i32(most, sum);
    }
    const qcc_dynamic own = qcc_dynamic_of_range((float)least * p.scale, (float)most * p.scale, a.minimum, a.maximum);
    const float multiplier = qcc_dynamic_ratio(p.scale, own.scale);
    qcc_dynamic_store__avx2(&s, vectors, lhs, rhs, multiplier, own.zero_point, output);
    for (int64_t i = vectors; i < length; ++i) {
        const int32_t sum = qcc_dynamic_sum(&p, lhs[i], rhs[i]);
        output[i] = qcc_requantize(sum, multiplier, (int32_t)own.zero_point, -128, 127);
    }
    *parameters = own;
}

#endif
#endif
