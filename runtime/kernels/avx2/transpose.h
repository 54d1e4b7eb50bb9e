/* Transposition of bytes with AVX2's 128-bit half: tiles of 16 by 16 in four rounds of interleaving. */
#ifndef QCC_AVX2_TRANSPOSE_H
#define QCC_AVX2_TRANSPOSE_H

#include "../portable/copy_nd.h"

#if defined(__x86_64__)
#include <immintrin.h>

/* One round: rows i and i + 8 alternate, byte by byte. Four rounds exchange rows and columns. */
QCC_INLINE QCC_TARGET_AVX2 void qcc_transpose_round__avx2(const __m128i *from, __m128i *to) {
    QCC_UNROLL
    for (int32_t i = 0; i < 8; ++i) {
        to[2 * i] = _mm_unpacklo_epi8(from[i], from[i + 8]);
        to[2 * i + 1] = _mm_unpackhi_epi8(from[i], from[i + 8]);
    }
}

/* to[column][row] = from[row][column] of 16 by 16 bytes */
QCC_INLINE QCC_TARGET_AVX2 void qcc_transpose_tile__avx2(const uint8_t *from, int64_t from_step, uint8_t *to,
                                                         int64_t to_step) {
    __m128i a[16], b[16];
    QCC_UNROLL
    for (int32_t i = 0; i < 16; ++i)
        a[i] = _mm_loadu_si128((const void *)(from + i * from_step));
    qcc_transpose_round__avx2(a, b);
    qcc_transpose_round__avx2(b, a);
    qcc_transpose_round__avx2(a, b);
    qcc_transpose_round__avx2(b, a);
    QCC_UNROLL
    for (int32_t i = 0; i < 16; ++i)
        _mm_storeu_si128((void *)(to + i * to_step), a[i]);
}

/* Rows and columns that fill no tile are taken with those before them, once more. */
QCC_INLINE QCC_TARGET_AVX2 void qcc_transpose_1__avx2(const qcc_transpose_args a, const void *QCC_RESTRICT input,
                                                      void *QCC_RESTRICT output) {
    if (a.rows < 16 || a.columns < 16) {
        qcc_transpose_1__portable(a, input, output);
        return;
    }
    const int64_t plane = a.rows * a.columns;
    for (int64_t batch = 0; batch < a.batch; ++batch) {
        const uint8_t *const from = (const uint8_t *)input + batch * plane;
        uint8_t *const to = (uint8_t *)output + batch * plane;
        for (int64_t r = 0; r < a.rows; r += 16) {
            const int64_t row = r + 16 <= a.rows ? r : a.rows - 16;
            for (int64_t c = 0; c < a.columns; c += 16) {
                const int64_t column = c + 16 <= a.columns ? c : a.columns - 16;
                qcc_transpose_tile__avx2(from + row * a.columns + column, a.columns, to + column * a.rows + row,
                                         a.rows);
            }
        }
    }
}

#endif
#endif
