/* Lookup tables of int8 with AVX-512: as with AVX2, with all rows of the table in registers. */
#ifndef QCC_AVX512VNNI_ELEMENTWISE_S8_H
#define QCC_AVX512VNNI_ELEMENTWISE_S8_H

#include "../avx2/elementwise_s8.h"

#if defined(__x86_64__)

QCC_INLINE QCC_TARGET_AVX512VNNI __m512i qcc_lookup_64__avx512vnni(__m512i high, const __m512i *rows) {
    __m512i low = _mm512_xor_si512(high, _mm512_set1_epi8(-128));
    __m512i result = _mm512_setzero_si512();
    QCC_UNROLL
    for (int32_t row = 0; row < 8; ++row) {
        const __m512i below = _mm512_shuffle_epi8(rows[row], low), above = _mm512_shuffle_epi8(rows[row + 8], high);
        result = _mm512_ternarylogic_epi32(result, below, above, 0x96); /* xor of three */
        low = _mm512_subs_epi8(low, _mm512_set1_epi8(16));
        high = _mm512_subs_epi8(high, _mm512_set1_epi8(16));
    }
    return result;
}

QCC_INLINE QCC_TARGET_AVX512VNNI void qcc_lookup_s8__avx512vnni(const qcc_lookup_args a,
                                                                const int8_t *QCC_RESTRICT input,
                                                                const int8_t *QCC_RESTRICT table,
                                                                int8_t *QCC_RESTRICT output) {
    if (a.length < QCC_LOOKUP_SHORTEST) {
        qcc_lookup_s8__portable(a, input, table, output);
        return;
    }
    __m128i parts[16];
    __m512i rows[16];
    qcc_lookup_rows__avx2(table, parts);
    QCC_UNROLL
    for (int32_t row = 0; row < 16; ++row)
        rows[row] = _mm512_broadcast_i32x4(parts[row]);
    int64_t i = 0;
    for (; i + 64 <= a.length; i += 64)
        _mm512_storeu_si512(output + i, qcc_lookup_64__avx512vnni(_mm512_loadu_si512(input + i), rows));
    if (i < a.length) {
        const __mmask64 mask = ((__mmask64)1 << (a.length - i)) - 1;
        const __m512i bytes = qcc_lookup_64__avx512vnni(_mm512_maskz_loadu_epi8(mask, input + i), rows);
        _mm512_mask_storeu_epi8(output + i, mask, bytes);
    }
}

#endif
#endif
