/*
 * Tables of int8 with SSE4.1: 16 rows of 16 entries, each searched by pshufb, which gives 0 where the index's sign bit
 * is set. Rows hold the exclusive or with the row before, so that the results of all rows up to the right one make its
 * entry.
 */
#ifndef QCC_SSE41_ELEMENTWISE_S8_H
#define QCC_SSE41_ELEMENTWISE_S8_H

#include "../portable/elementwise_s8.h"

#if defined(__x86_64__)
#include <smmintrin.h>

/* Shorter tensors do not pay for the rows. */
#define QCC_LOOKUP_SHORTEST_SSE41 128

QCC_INLINE QCC_TARGET_SSE41 void qcc_lookup_rows__sse41(const int8_t *table, __m128i *rows) {
    __m128i before = _mm_setzero_si128();
    for (int32_t row = 0; row < 16; ++row) {
        const __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)(table + 16 * row));
        rows[row] = row % 8 == 0 ? bytes : _mm_xor_si128(bytes, before);
        before = bytes;
    }
}

QCC_INLINE QCC_TARGET_SSE41 void qcc_lookup_s8__sse41(const qcc_lookup_args a, const int8_t *QCC_RESTRICT input,
                                                      const int8_t *QCC_RESTRICT table, int8_t *QCC_RESTRICT output) {
    const int64_t vectors = a.length < QCC_LOOKUP_SHORTEST_SSE41 ? 0 : a.length - a.length % 32;
    const __m128i step = _mm_set1_epi8(16);
    __m128i rows[16];
    if (vectors != 0)
        qcc_lookup_rows__sse41(table, rows);
    for (int64_t i = 0; i < vectors; i += 32) {
        __m128i high[2], low[2], result[2];
        QCC_UNROLL
        for (int32_t k = 0; k < 2; ++k) {
            high[k] = _mm_loadu_si128((const __m128i *)(const void *)(input + i + 16 * k));
            low[k] = _mm_xor_si128(high[k], _mm_set1_epi8(-128));
            result[k] = _mm_setzero_si128();
        }
        QCC_UNROLL
        for (int32_t row = 0; row < 8; ++row) {
            QCC_UNROLL
            for (int32_t k = 0; k < 2; ++k) {
                const __m128i below = _mm_shuffle_epi8(rows[row], low[k]);
                result[k] = _mm_xor_si128(result[k], _mm_xor_si128(below, _mm_shuffle_epi8(rows[row + 8], high[k])));
                low[k] = _mm_subs_epi8(low[k], step);
                high[k] = _mm_subs_epi8(high[k], step);
            }
        }
        QCC_UNROLL
        for (int32_t k = 0; k < 2; ++k)
            _mm_storeu_si128((__m128i *)(void *)(output + i + 16 * k), result[k]);
    }
    for (int64_t i = vectors; i < a.length; ++i)
        output[i] = table[input[i] + 128];
}

#endif
#endif
