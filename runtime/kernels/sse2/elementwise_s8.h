/* Addition and multiplication of int8 with SSE2: 8 elements at a time along the last axis, tails as portable C. */
#ifndef QCC_SSE2_ELEMENTWISE_S8_H
#define QCC_SSE2_ELEMENTWISE_S8_H

#include "../portable/elementwise_s8.h"
#include "casts.h"

#if defined(__x86_64__)

/* Eight elements of a row as int16; a stride of 0 repeats its one element. */
QCC_INLINE QCC_TARGET_SSE2 __m128i qcc_load_row__sse2(const int8_t *row, int64_t i, int64_t stride) {
    return stride == 0 ? _mm_set1_epi16(*row) : qcc_load_words__sse2(row + i);
}

/*
 * The rounded sum of four pairs. pmaddwd multiplies both sides at once by 12 low and then by the high bits of their
 * multipliers; `constant` is the sum for stored integers of 0.
 */
QCC_INLINE QCC_TARGET_SSE2 __m128i qcc_scaled_sum__sse2(const qcc_add_args *a, __m128i pairs) {
    const __m128i low =
        _mm_set1_epi32((a->lhs_multiplier & 0xFFF) | (int32_t)((uint32_t)(a->rhs_multiplier & 0xFFF) << 16));
    const __m128i high = _mm_set1_epi32(
        (int32_t)(((uint32_t)(a->lhs_multiplier >> 12) & 0xFFFF) | ((uint32_t)(a->rhs_multiplier >> 12) << 16)));
    const __m128i constant =
        _mm_set1_epi32(-a->lhs_zero_point * a->lhs_multiplier - a->rhs_zero_point * a->rhs_multiplier);
    const __m128i upper = _mm_slli_epi32(_mm_madd_epi16(pairs, high), 12);
    const __m128i sum = _mm_add_epi32(_mm_add_epi32(_mm_madd_epi16(pairs, low), upper), constant);
    const __m128i odd = _mm_and_si128(_mm_srai_epi32(sum, a->shift), _mm_set1_epi32(1));
    const __m128i half = _mm_set1_epi32(((int32_t)1 << (a->shift - 1)) - 1);
    return _mm_srai_epi32(_mm_add_epi32(_mm_add_epi32(sum, half), odd), a->shift);
}

QCC_INLINE QCC_TARGET_SSE2 void qcc_add_row__sse2(const qcc_add_args *a, const int8_t *lhs, const int8_t *rhs,
                                                  int8_t *output) {
    const int64_t length = a->dims[QCC_RANK - 1];
    const int64_t lhs_stride = a->lhs_strides[QCC_RANK - 1];
    const int64_t rhs_stride = a->rhs_strides[QCC_RANK - 1];
    const __m128i zero_point = _mm_set1_epi16((int16_t)a->zero_point);
    const __m128i minimum = _mm_set1_epi16((int16_t)a->minimum);
    const __m128i maximum = _mm_set1_epi16((int16_t)a->maximum);
    /* Other strides (both operands broadcast in turn) go element by element. */
    const int32_t regular = (lhs_stride & ~INT64_C(1)) == 0 && (rhs_stride & ~INT64_C(1)) == 0;
    const int64_t vectors = regular ? length - length % 8 : 0;
    for (int64_t i = 0; i < vectors; i += 8) {
        const __m128i l = qcc_load_row__sse2(lhs, i, lhs_stride);
        const __m128i r = qcc_load_row__sse2(rhs, i, rhs_stride);
        const __m128i first = qcc_scaled_sum__sse2(a, _mm_unpacklo_epi16(l, r));
        const __m128i second = qcc_scaled_sum__sse2(a, _mm_unpackhi_epi16(l, r));
        /* Saturated sums stay outside of int8, so that clamping them later gives the same. */
        const __m128i sums = _mm_adds_epi16(_mm_packs_epi32(first, second), zero_point);
        const __m128i words = _mm_min_epi16(_mm_max_epi16(sums, minimum), maximum);
        _mm_storel_epi64((__m128i *)(void *)(output + i), _mm_packs_epi16(words, words));
    }
    for (int64_t i = vectors; i < length; ++i)
        output[i] = qcc_add_element(a, lhs[i * lhs_stride], rhs[i * rhs_stride]);
}

QCC_INLINE QCC_TARGET_SSE2 void qcc_add_s8__sse2(const qcc_add_args a, const int8_t *QCC_RESTRICT lhs,
                                                 const int8_t *QCC_RESTRICT rhs, int8_t *QCC_RESTRICT output) {
    int64_t index[QCC_RANK - 1] = {0};
    for (int64_t rows = qcc_nd_rows(a.dims); rows > 0; --rows, output += a.dims[QCC_RANK - 1]) {
        qcc_add_row__sse2(&a, lhs + qcc_nd_offset(index, a.lhs_strides), rhs + qcc_nd_offset(index, a.rhs_strides),
                          output);
        qcc_nd_advance(index, a.dims);
    }
}

QCC_INLINE QCC_TARGET_SSE2 void qcc_mul_row__sse2(const qcc_mul_args *a, const int8_t *lhs, const int8_t *rhs,
                                                  int8_t *output) {
    const int64_t length = a->dims[QCC_RANK - 1];
    const int64_t lhs_stride = a->lhs_strides[QCC_RANK - 1];
    const int64_t rhs_stride = a->rhs_strides[QCC_RANK - 1];
    /* Other strides (both operands broadcast in turn) go element by element. */
    const int32_t regular = (lhs_stride & ~INT64_C(1)) == 0 && (rhs_stride & ~INT64_C(1)) == 0;
    const int64_t vectors = regular ? length - length % 8 : 0;
    for (int64_t i = 0; i < vectors; i += 8) {
        const __m128i l =
            _mm_sub_epi16(qcc_load_row__sse2(lhs, i, lhs_stride), _mm_set1_epi16((int16_t)a->lhs_zero_point));
        const __m128i r =
            _mm_sub_epi16(qcc_load_row__sse2(rhs, i, rhs_stride), _mm_set1_epi16((int16_t)a->rhs_zero_point));
        const __m128i bottom = _mm_mullo_epi16(l, r);
        const __m128i top = _mm_mulhi_epi16(l, r);
        const __m128i words =
            qcc_requantize_words__sse2(_mm_unpacklo_epi16(bottom, top), _mm_unpackhi_epi16(bottom, top), a->multiplier,
                                       a->zero_point, a->minimum, a->maximum);
        _mm_storel_epi64((__m128i *)(void *)(output + i), _mm_packs_epi16(words, words));
    }
    for (int64_t i = vectors; i < length; ++i)
        output[i] = qcc_mul_element(a, lhs[i * lhs_stride], rhs[i * rhs_stride]);
}

QCC_INLINE QCC_TARGET_SSE2 void qcc_mul_s8__sse2(const qcc_mul_args a, const int8_t *QCC_RESTRICT lhs,
                                                 const int8_t *QCC_RESTRICT rhs, int8_t *QCC_RESTRICT output) {
    int64_t index[QCC_RANK - 1] = {0};
    for (int64_t rows = qcc_nd_rows(a.dims); rows > 0; --rows, output += a.dims[QCC_RANK - 1]) {
        qcc_mul_row__sse2(&a, lhs + qcc_nd_offset(index, a.lhs_strides), rhs + qcc_nd_offset(index, a.rhs_strides),
                          output);
        qcc_nd_advance(index, a.dims);
    }
}

#endif
#endif
