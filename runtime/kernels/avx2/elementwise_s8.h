/* Addition and multiplication of int8 with AVX2: 16 elements at a time along the last axis, tails as portable C. */
#ifndef QCC_AVX2_ELEMENTWISE_S8_H
#define QCC_AVX2_ELEMENTWISE_S8_H

#include "../portable/elementwise_s8.h"
#include "casts.h"

#if defined(__x86_64__)

/* Sixteen elements of a row as int16; a stride of 0 repeats its one element. */
QCC_INLINE QCC_TARGET_AVX2 __m256i qcc_load_row__avx2(const int8_t *row, int64_t i, int64_t stride) {
    if (stride == 0)
        return _mm256_set1_epi16(*row);
    return _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(const void *)(row + i)));
}

/*
 * The rounded sum of eight pairs. pmaddwd multiplies both sides at once by 12 low and then by the high bits of their
 * multipliers; `constant` is the sum for stored integers of 0.
 */
QCC_INLINE QCC_TARGET_AVX2 __m256i qcc_scaled_sum__avx2(const qcc_add_args *a, __m256i pairs) {
    const __m256i low =
        _mm256_set1_epi32((a->lhs_multiplier & 0xFFF) | (int32_t)((uint32_t)(a->rhs_multiplier & 0xFFF) << 16));
    const __m256i high = _mm256_set1_epi32(
        (int32_t)(((uint32_t)(a->lhs_multiplier >> 12) & 0xFFFF) | ((uint32_t)(a->rhs_multiplier >> 12) << 16)));
    const __m256i constant =
        _mm256_set1_epi32(-a->lhs_zero_point * a->lhs_multiplier - a->rhs_zero_point * a->rhs_multiplier);
    const __m256i upper = _mm256_slli_epi32(_mm256_madd_epi16(pairs, high), 12);
    const __m256i sum = _mm256_add_epi32(_mm256_add_epi32(_mm256_madd_epi16(pairs, low), upper), constant);
    const __m256i odd = _mm256_and_si256(_mm256_srai_epi32(sum, a->shift), _mm256_set1_epi32(1));
    const __m256i half = _mm256_set1_epi32(((int32_t)1 << (a->shift - 1)) - 1);
    return _mm256_srai_epi32(_mm256_add_epi32(_mm256_add_epi32(sum, half), odd), a->shift);
}

QCC_INLINE QCC_TARGET_AVX2 void qcc_add_row__avx2(const qcc_add_args *a, const int8_t *lhs, const int8_t *rhs,
                                                  int8_t *output) {
    const int64_t length = a->dims[QCC_RANK - 1];
    const int64_t lhs_stride = a->lhs_strides[QCC_RANK - 1];
    const int64_t rhs_stride = a->rhs_strides[QCC_RANK - 1];
    const __m256i zero_point = _mm256_set1_epi16((int16_t)a->zero_point);
    const __m128i minimum = _mm_set1_epi8((int8_t)a->minimum);
    const __m128i maximum = _mm_set1_epi8((int8_t)a->maximum);
    /* Other strides (both operands broadcast in turn) go element by element. */
    const int32_t regular = (lhs_stride & ~INT64_C(1)) == 0 && (rhs_stride & ~INT64_C(1)) == 0;
    const int64_t vectors = regular ? length - length % 16 : 0;
    for (int64_t i = 0; i < vectors; i += 16) {
        const __m256i l = qcc_load_row__avx2(lhs, i, lhs_stride);
        const __m256i r = qcc_load_row__avx2(rhs, i, rhs_stride);
        const __m256i first = qcc_scaled_sum__avx2(a, _mm256_unpacklo_epi16(l, r));
        const __m256i second = qcc_scaled_sum__avx2(a, _mm256_unpackhi_epi16(l, r));
        /* Saturated sums stay outside of int8, so that clamping them later gives the same. */
        const __m256i words = _mm256_adds_epi16(_mm256_packs_epi32(first, second), zero_point);
        const __m128i bytes = _mm_packs_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
        _mm_storeu_si128((__m128i *)(void *)(output + i), _mm_min_epi8(_mm_max_epi8(bytes, minimum), maximum));
    }
    for (int64_t i = vectors; i < length; ++i)
        output[i] = qcc_add_element(a, lhs[i * lhs_stride], rhs[i * rhs_stride]);
}

QCC_INLINE QCC_TARGET_AVX2 void qcc_add_s8__avx2(const qcc_add_args a, const int8_t *QCC_RESTRICT lhs,
                                                 const int8_t *QCC_RESTRICT rhs, int8_t *QCC_RESTRICT output) {
    int64_t index[QCC_RANK - 1] = {0};
    for (int64_t rows = qcc_nd_rows(a.dims); rows > 0; --rows, output += a.dims[QCC_RANK - 1]) {
        qcc_add_row__avx2(&a, lhs + qcc_nd_offset(index, a.lhs_strides), rhs + qcc_nd_offset(index, a.rhs_strides),
                          output);
        qcc_nd_advance(index, a.dims);
    }
}

QCC_INLINE QCC_TARGET_AVX2 void qcc_mul_row__avx2(const qcc_mul_args *a, const int8_t *lhs, const int8_t *rhs,
                                                  int8_t *output) {
    const int64_t length = a->dims[QCC_RANK - 1];
    const int64_t lhs_stride = a->lhs_strides[QCC_RANK - 1];
    const int64_t rhs_stride = a->rhs_strides[QCC_RANK - 1];
    const float low = (float)(a->minimum - a->zero_point);
    const float high = (float)(a->maximum - a->zero_point);
    const __m256 multiplier = _mm256_set1_ps(a->multiplier);
    /* Other strides (both operands broadcast in turn) go element by element. */
    const int32_t regular = (lhs_stride & ~INT64_C(1)) == 0 && (rhs_stride & ~INT64_C(1)) == 0;
    const int64_t vectors = regular ? length - length % 16 : 0;
    for (int64_t i = 0; i < vectors; i += 16) {
        const __m256i l =
            _mm256_sub_epi16(qcc_load_row__avx2(lhs, i, lhs_stride), _mm256_set1_epi16((int16_t)a->lhs_zero_point));
        const __m256i r =
            _mm256_sub_epi16(qcc_load_row__avx2(rhs, i, rhs_stride), _mm256_set1_epi16((int16_t)a->rhs_zero_point));
        const __m256i bottom = _mm256_mullo_epi16(l, r);
        const __m256i top = _mm256_mulhi_epi16(l, r);
        const __m256 first = _mm256_cvtepi32_ps(_mm256_unpacklo_epi16(bottom, top));
        const __m256 second = _mm256_cvtepi32_ps(_mm256_unpackhi_epi16(bottom, top));
        const __m256i words = _mm256_packs_epi32(qcc_round_clamped__avx2(_mm256_mul_ps(first, multiplier), low, high),
                                                 qcc_round_clamped__avx2(_mm256_mul_ps(second, multiplier), low, high));
        const __m256i sums = _mm256_add_epi16(words, _mm256_set1_epi16((int16_t)a->zero_point));
        const __m128i bytes = _mm_packs_epi16(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1));
        _mm_storeu_si128((__m128i *)(void *)(output + i), bytes);
    }
    for (int64_t i = vectors; i < length; ++i)
        output[i] = qcc_mul_element(a, lhs[i * lhs_stride], rhs[i * rhs_stride]);
}

QCC_INLINE QCC_TARGET_AVX2 void qcc_mul_s8__avx2(const qcc_mul_args a, const int8_t *QCC_RESTRICT lhs,
                                                 const int8_t *QCC_RESTRICT rhs, int8_t *QCC_RESTRICT output) {
    int64_t index[QCC_RANK - 1] = {0};
    for (int64_t rows = qcc_nd_rows(a.dims); rows > 0; --rows, output += a.dims[QCC_RANK - 1]) {
        qcc_mul_row__avx2(&a, lhs + qcc_nd_offset(index, a.lhs_strides), rhs + qcc_nd_offset(index, a.rhs_strides),
                          output);
        qcc_nd_advance(index, a.dims);
    }
}

/*
 * A table of 256 bytes as 16 rows of 16, each the difference (xor) to the one before: a byte takes in all rows up to
 * its own, as pshufb gives 0 once subtraction with saturation has made it negative. Rows 0 to 7 serve negative bytes,
 * whose sign is flipped, 8 to 15 the others.
 */
QCC_INLINE QCC_TARGET_AVX2 void qcc_lookup_rows__avx2(const int8_t *table, __m128i *rows) {
    __m128i before = _mm_setzero_si128();
    for (int32_t row = 0; row < 16; ++row) {
        const __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)(table + 16 * row));
        rows[row] = row % 8 == 0 ? bytes : _mm_xor_si128(bytes, before);
        before = bytes;
    }
}

/* Shorter tensors do not pay for the rows. */
#define QCC_LOOKUP_SHORTEST 128

QCC_INLINE QCC_TARGET_AVX2 void qcc_lookup_s8__avx2(const qcc_lookup_args a, const int8_t *QCC_RESTRICT input,
                                                    const int8_t *QCC_RESTRICT table, int8_t *QCC_RESTRICT output) {
    const int64_t vectors = a.length < QCC_LOOKUP_SHORTEST ? 0 : a.length - a.length % 64;
    __m128i rows[16];
    if (vectors != 0)
        qcc_lookup_rows__avx2(table, rows);
    for (int64_t i = 0; i < vectors; i += 64) {
        __m256i high[2], low[2], result[2];
        QCC_UNROLL
        for (int32_t k = 0; k < 2; ++k) {
            high[k] = _mm256_loadu_si256((const __m256i *)(const void *)(input + i + 32 * k));
            low[k] = _mm256_xor_si256(high[k], _mm256_set1_epi8(-128));
            result[k] = _mm256_setzero_si256();
        }
        QCC_UNROLL
        for (int32_t row = 0; row < 8; ++row) {
            const __m256i below = _mm256_broadcastsi128_si256(rows[row]);
            const __m256i above = _mm256_broadcastsi128_si256(rows[row + 8]);
            QCC_UNROLL
            for (int32_t k = 0; k < 2; ++k) {
                const __m256i both =
                    _mm256_xor_si256(_mm256_shuffle_epi8(below, low[k]), _mm256_shuffle_epi8(above, high[k]));
                result[k] = _mm256_xor_si256(result[k], both);
                low[k] = _mm256_subs_epi8(low[k], _mm256_set1_epi8(16));
                high[k] = _mm256_subs_epi8(high[k], _mm256_set1_epi8(16));
            }
        }
        QCC_UNROLL
        for (int32_t k = 0; k < 2; ++k)
            _mm256_storeu_si256((__m256i *)(void *)(output + i + 32 * k), result[k]);
    }
    for (int64_t i = vectors; i < a.length; ++i)
        output[i] = table[input[i] + 128];
}

#endif
#endif
